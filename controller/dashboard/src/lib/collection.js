// One kind of objects, kept as the controller has them (model/watching.js says how), told on in
// whole frames: `version` rises once for all that changed since the screen was drawn.
import { signal } from '@preact/signals'
import { collectionPath, documents, Failure, list, open, url } from './api.js'
import { soon, take } from './frames.js'
import { begin, step } from '../model/watching.js'

const STREAMS_MAX = 3
const TURN_MS = 2000 // between two looks of a kind that has no stream
let streams = 0 // of HTTP

const socketUrl = (path) => new URL(path, location.href).href.replace(/^http/, 'ws')

export class Collection {
  objects = new Map() // name → object; never written by others
  version = signal(0)
  phase = signal('idle') // of watching.js; 'live' is as good as it gets
  revision = null // the newest that was told
  isListed = signal(false) // it was whole once
  isCaughtUp = signal(false) // a watch from an old revision has told all that happened since
  #state = begin()
  #timer = null
  #listeners = new Set()
  #end = new AbortController()
  #watching = new AbortController() // what is open now, a socket or a stream; one that was ended tells nothing more
  #probe = null // a socket that is tried while a stream is open
  #probeTimer = null

  // `isThere` tells whether the controller answers other requests.
  constructor(plural, isThere) {
    this.plural = plural
    this.isThere = isThere
  }

  start() {
    if (this.#state.phase === 'idle') this.#happen({ type: 'start' })
    return this
  }

  // Goes on from what was there at a revision, and tells all that happened since.
  startFrom(items, revision) {
    this.#happen({ type: 'listed', items, revision })
    return this
  }

  // For good.
  stop() {
    this.#end.abort()
    this.#watching.abort()
    this.#probe?.close()
    clearTimeout(this.#timer)
    clearTimeout(this.#probeTimer)
    this.#listeners.clear()
  }

  // The controller answers: whoever waits need not wait longer.
  hear() {
    this.#happen({ type: 'heard' })
  }

  // Hears of each change at once: told({type: 'put', object, before} | {type: 'remove', before} | {type: 'replace'});
  // `revision` is then that of the change.
  listen(told) {
    this.#listeners.add(told)
    return () => this.#listeners.delete(told)
  }

  #happen(event) {
    if (this.#end.signal.aborted) return
    const { state, effects } = step(this.#state, event)
    this.#state = state
    this.revision = state.revision ?? this.revision
    if (this.phase.peek() !== state.phase) this.phase.value = state.phase
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect) {
    switch (effect.type) {
      case 'list':
        return this.#list()
      case 'watch':
        this.#watching.abort()
        this.#watching = new AbortController()
        return effect.over === 'websocket' ? this.#watchSocket(effect.revision) : this.#watchHttp(effect.revision)
      case 'probe':
        return this.#tryASocket(effect.revision)
      case 'probeLater':
        clearTimeout(this.#probeTimer)
        this.#probeTimer = setTimeout(() => this.#happen({ type: 'due' }), effect.ms)
        return
      case 'wait':
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#happen({ type: 'waited' }), effect.ms)
        return
      case 'caughtUp':
        this.isCaughtUp.value = true
        return
      case 'replace':
        this.objects = new Map(effect.items.map((object) => [object.metadata.name, object]))
        this.isListed.value = true
        return this.#tell({ type: 'replace' })
      case 'put': {
        const before = this.objects.get(effect.object.metadata.name)
        this.objects.set(effect.object.metadata.name, effect.object)
        return this.#tell({ type: 'put', object: effect.object, before })
      }
      case 'remove': {
        const before = this.objects.get(effect.name)
        this.objects.delete(effect.name)
        return this.#tell({ type: 'remove', before })
      }
    }
  }

  #rise = () => {
    this.version.value++
  }

  #tell(change) {
    for (const told of this.#listeners) told(change)
    soon(this.#rise)
  }

  async #list() {
    try {
      const { items, revision } = await list(collectionPath(this.plural))
      this.#happen({ type: 'listed', items, revision })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#happen({ type: 'failed', code: error.code })
    }
  }

  #path(revision) {
    return url(collectionPath(this.plural), { watch: true, resourceVersion: revision, allowWatchBookmarks: true })
  }

  #watchSocket(revision) {
    const socket = new WebSocket(socketUrl(this.#path(revision)))
    const { signal } = this.#watching
    let wasOpen = false
    const happen = (event) => signal.aborted || this.#happen(event)
    signal.addEventListener('abort', () => socket.close())
    socket.onopen = () => {
      wasOpen = true
      happen({ type: 'opened' })
    }
    socket.onmessage = ({ data }) => take(() => happen({ type: 'told', event: JSON.parse(data) }))
    socket.onclose = () => take(() => this.#closed(wasOpen, signal)) // behind what it told
  }

  // What happens until it is opened again is told late.
  async #closed(wasOpen, signal) {
    if (signal.aborted) return
    this.isCaughtUp.value = false
    const isThere = await this.isThere()
    if (!signal.aborted) this.#happen({ type: 'closed', wasOpen, isThere })
  }

  #tryASocket(revision) {
    if (this.#probe) return
    this.#probe = new WebSocket(socketUrl(this.#path(revision)))
    const answer = (isOpen) => () => {
      if (!this.#probe) return
      const probe = this.#probe
      this.#probe = null
      probe.close()
      this.#happen({ type: 'probed', isOpen })
    }
    this.#probe.onopen = answer(true)
    this.#probe.onclose = answer(false)
  }

  // A browser has six connections to a server, and streams keep theirs: kinds beyond a few look in turns.
  async #watchHttp(revision) {
    const { signal } = this.#watching
    const happen = (event) => signal.aborted || this.#happen(event)
    const isStream = streams < STREAMS_MAX
    let wasOpen = false
    if (isStream) streams++
    else this.isCaughtUp.value = false
    try {
      const response = await open(this.#path(revision), { signal })
      wasOpen = true
      happen({ type: 'opened' })
      for await (const event of documents(response)) {
        take(() => happen({ type: 'told', event }))
        if (!isStream && event.type === 'BOOKMARK') return take(() => setTimeout(() => happen({ type: 'rested' }), TURN_MS))
      }
    } catch {
      // told by #closed: a stream that ends is one that is begun again
    } finally {
      if (isStream) streams--
    }
    take(() => this.#closed(wasOpen, signal))
  }
}
