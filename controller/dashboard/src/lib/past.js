// The past of the fleet, as far as this page holds it: the state at some moment, every change since by a watch
// of each kind, and what people did.  It goes on as long as somebody looks, so that its end is now.
import { batch, signal } from '@preact/signals'
import { collectionPath, documents, Failure, get, GROUP, now, objectPath, open, warningOf } from './api.js'
import { Collection } from './collection.js'
import { beat, pluralOf } from './fleet.js'
import { withMoments } from '../model/changes.js'
import { Replay } from '../model/replay.js'

export const ITEMS_MAX = 5000 // of history, the newest
const PAGE = 1000
const PAGE_NEW = 50
const LOOKS = 12 // at once, for when something was that does not tell it itself
const ROUNDS = 10
const DOUBT_MS = 3000
const FRAME_MS = 16
const READING_MS = 500 // between two drawings while it is read: nobody looks at half a past
const PAUSE_MS = 200 // between two looks at history, however much changes
const RETRY_MS = 2000
const LOST_MS = 500

// What the controller says of a past that is gone: "… the oldest one that is kept is 120 of 2026-11-22T10:00:00Z"
const oldestOf = ({ message }) => /oldest one that is kept is (\d+)(?: of (\S+Z))?/.exec(message)?.slice(1) ?? []

export class Past {
  replay = null
  phase = signal('asking') // then 'reading', 'whole', or 'failed'
  failure = signal(null)
  version = signal(0) // rises once per frame for all that was told
  items = signal([]) // of history, the newest first, with their moments
  since = signal(null) // a revision: of all that was done later `items` tells; null: not yet known
  begins = signal(null) // {time, why}: nothing is known of before, and why not
  warning = signal('')
  #kinds = []
  #end = new AbortController()
  #frame = 0
  #look = 0
  #isAnchoring = false
  #lost = 0

  // `from`: where it shall begin, in ms; `plurals`: of the kinds that are looked at; `told` hears each move of the cursor,
  // `onLost` that it has to be read again.
  constructor({ from, plurals, object, told, onLost }) {
    Object.assign(this, { from, plurals, object, told, onLost })
    this.#open()
  }

  close() {
    this.#end.abort()
    clearTimeout(this.#look)
    clearTimeout(this.#lost)
    clearTimeout(this.#frame)
    for (const kind of this.#kinds) kind.stop()
  }

  async #open() {
    const newest = this.#page() // meanwhile
    newest.catch(() => {}) // told below
    try {
      const { head, objects, warning } = await this.#begin()
      if (this.#end.signal.aborted) return
      this.#start(head, objects)
      batch(() => {
        this.warning.value = warning
        this.phase.value = 'reading'
      })
      this.#onCaughtUp() // of a fleet in which nothing ever was there is nothing to tell
      await this.#readHistory(await newest)
    } catch (error) {
      if (this.#end.signal.aborted) return
      if (!(error instanceof Failure)) throw error
      if (error.code === 0) return this.#lose() // nobody is there, as in the middle of a restart
      batch(() => {
        this.failure.value = error
        this.phase.value = 'failed'
      })
    }
  }

  // The state at the beginning, or at the oldest revision that is kept.
  async #begin() {
    try {
      const found = await this.#state({ atTime: new Date(this.from).toISOString() })
      return found.head.resourceVersion === '0' ? await this.#first(found) : found
    } catch (error) {
      const [revision, time] = error instanceof Failure && error.code === 410 ? oldestOf(error) : []
      if (revision === undefined) throw error
      this.from = time ? Date.parse(time) : this.from
      this.begins.value = { time: this.from, why: 'older history has been compacted' }
      return this.#state({ atRevision: revision })
    }
  }

  // A watch from 0 would tell what there is now: the past of a fleet begins with its first revision.
  async #first(nothing) {
    try {
      const found = await this.#state({ atRevision: 1 })
      const [, object] = found.objects[0] ?? []
      if (object) this.from = Date.parse(object.metadata.creationTimestamp)
      this.begins.value = { time: this.from, why: 'the fleet is no older' }
      return found
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 400) throw error
      return nothing
    }
  }

  async #state(params) {
    const response = await open(`${GROUP}/state`, { params, signal: this.#end.signal })
    let head = null
    let last = ''
    const objects = []
    for await (const line of documents(response)) {
      last = line.kind
      if (head === null) head = line.metadata
      else if (this.plurals.includes(pluralOf(line.kind))) objects.push([pluralOf(line.kind), line])
    }
    if (head?.endsWith && last !== head.endsWith) throw new Failure({ code: 0, message: 'the state of then broke off' })
    return { head, objects, warning: warningOf(response) }
  }

  #start(head, objects) {
    this.replay = new Replay({ revision: head.resourceVersion, time: this.from, objects, told: this.told })
    for (const plural of this.plurals) {
      const kind = new Collection(plural, beat)
      const items = objects.filter(([other]) => other === plural).map(([, object]) => object)
      kind.startFrom(items, head.resourceVersion)
      kind.listen((change) => this.#hear(kind, change))
      kind.isCaughtUp.subscribe(() => this.#onCaughtUp())
      this.#kinds.push(kind)
      if (head.resourceVersion === '0') kind.isCaughtUp.value = true
    }
    for (const [plural, object] of objects) this.told(plural, { type: 'put', object })
  }

  // Once at the beginning, and again whenever watches were away: what they told then was of before.
  #onCaughtUp() {
    if (this.#kinds.length < this.plurals.length || !this.#kinds.every((kind) => kind.isCaughtUp.peek())) return
    if (this.phase.peek() === 'reading') {
      this.phase.value = 'whole'
      this.#lookSoon()
    }
    this.#settle()
    this.#anchor()
  }

  #hear(kind, { type, object, before }) {
    if (type === 'replace') return this.#lose()
    const at = kind.isCaughtUp.peek() ? now() : undefined
    this.replay.add({ plural: kind.plural, object: object ?? before, revision: kind.revision, isGone: type === 'remove', at })
    if (this.phase.peek() === 'whole' && isDeclaration(object, before)) this.#lookSoon()
    this.#frame ||= setTimeout(() => { // also where nobody looks: what is not settled has no bound
      this.#frame = 0
      this.#settle()
    }, this.phase.peek() === 'whole' ? FRAME_MS : READING_MS)
  }

  // A watch was away for longer than history is kept, and listed anew: what is here has a hole, so all is read again.
  #lose() {
    this.#lost ||= setTimeout(() => this.onLost(), LOST_MS)
  }

  #settle() {
    const { dropped } = this.replay
    if (!this.replay.settle(now())) return
    batch(() => {
      if (this.replay.dropped > dropped) this.begins.value = { time: this.replay.begins.time, why: `this page holds ${this.replay.max} changes at the most` }
      this.version.value++
    })
  }

  // --- when what was ----------------------------------------------------------------------------

  // Looks at which revision was the newest, where that tells when something was.
  async #anchor() {
    if (this.#isAnchoring) return
    this.#isAnchoring = true
    for (let round = 0; round < ROUNDS; round++) {
      const looks = this.replay.doubts(now(), DOUBT_MS, LOOKS)
      if (looks.length === 0) break
      await Promise.all(looks.map((time) => this.#anchorAt(time)))
      this.#settle()
    }
    this.#isAnchoring = false
  }

  async #anchorAt(time) {
    const params = { atTime: new Date(time).toISOString(), limit: 1 }
    try {
      const { metadata } = await get(collectionPath('harvestpolicies'), params, this.#end.signal)
      this.replay.anchor(metadata.resourceVersion, time)
    } catch (error) {
      if (!(error instanceof Failure) && !this.#end.signal.aborted) throw error // then it stays in doubt
    }
  }

  // --- what people did --------------------------------------------------------------------------

  get #historyPath() {
    return this.object ? `${objectPath(this.object.plural, this.object.name)}/history` : `${GROUP}/history`
  }

  // From the newest to the beginning, page by page.
  async #readHistory(newest) {
    let page = newest
    for (;;) {
      this.#take(page.items)
      const rest = page.items.length === PAGE ? Number(page.items.at(-1).revision) - 1 : 0
      this.since.value = Math.max(rest, page.compacted)
      if (rest <= this.replay.begins.revision || this.items.peek().length >= ITEMS_MAX) return
      page = await this.#page(rest)
    }
  }

  // {items, compacted: the revision after which history is whole}
  async #page(atRevision, limit = PAGE) {
    const { items, metadata } = await get(this.#historyPath, { limit, atRevision }, this.#end.signal)
    return { items, compacted: Number(metadata?.compactedRevision ?? 0) }
  }

  #take(items) {
    const known = new Set(this.items.peek().map(({ revision }) => revision))
    const fresh = items.filter(({ revision }) => !known.has(revision))
    if (fresh.length === 0) return
    const all = withMoments([...fresh, ...this.items.peek()].sort((a, b) => b.revision - a.revision).slice(0, ITEMS_MAX))
    for (const { revision, at } of all) {
      if (!known.has(revision) && Number(revision) > this.replay.begins.revision) this.replay.anchor(revision, at, true)
    }
    if (all.length === ITEMS_MAX) this.since.value = Math.max(this.since.peek(), Number(all.at(-1).revision) - 1)
    this.items.value = all
    this.#settle()
  }

  // What is new in history, and nothing else of it.
  #lookSoon(pause = PAUSE_MS) {
    this.#look ||= setTimeout(async () => {
      this.#look = 0
      try {
        await this.#lookAtNewest()
      } catch (error) {
        if (this.#end.signal.aborted) return
        if (!(error instanceof Failure)) throw error
        this.#lookSoon(RETRY_MS)
      }
    }, pause)
  }

  async #lookAtNewest() {
    const newest = Number(this.items.peek()[0]?.revision ?? 0)
    const fresh = []
    let page
    do {
      page = (await this.#page(fresh.length > 0 ? Number(fresh.at(-1).revision) - 1 : undefined, PAGE_NEW)).items
      fresh.push(...page.filter(({ revision }) => Number(revision) > newest))
    } while (page.length === PAGE_NEW && Number(page.at(-1).revision) > newest + 1 && fresh.length < ITEMS_MAX)
    this.#take(fresh)
  }
}

// Did somebody declare something?  A status is none, and assignments are the reconciler's.
const words = (object) => object && JSON.stringify([object.metadata.uid, object.metadata.generation, object.metadata.labels, object.metadata.annotations])
const isDeclaration = (object, before) => (object ?? before).kind !== 'Assignment' && words(object) !== words(before)
