// How a collection is kept as the controller has it: list, watch from there, resume, list again when
// the past is gone.  A pure machine: step(state, event) → {state, effects}; the shell is lib/collection.js.
//
// Events   {type: 'start'}, {type: 'listed', items, revision}, {type: 'opened'},
//          {type: 'told', event} (one of a watch), {type: 'failed', code} (of a request),
//          {type: 'closed', wasOpen, isThere} (does the controller answer other requests?),
//          {type: 'waited'}, {type: 'heard'} (the controller answers again),
//          {type: 'due'} (of 'probeLater'), {type: 'probed', isOpen},
//          {type: 'rested'} (a watch that was ended here, once it had told all, goes on)
// Effects  {type: 'list'}, {type: 'watch', revision, over: 'websocket' | 'http'} (what was open ends and tells nothing any more),
//          {type: 'wait', ms}, {type: 'replace', items}, {type: 'put', object}, {type: 'remove', name},
//          {type: 'caughtUp'} (all up to the revision was told),
//          {type: 'probeLater', ms}, {type: 'probe', revision} (does a socket open now? what is open stays)

export const RETRY_MS = [250, 500, 1000, 2000, 4000]
export const PROBE_MS = 60000
const SOCKETS_TRIED_MAX = 2 // that never opened, before the same is read as a stream of HTTP

export const begin = () => ({ phase: 'idle', revision: null, retries: 0, sockets: 0, over: 'websocket' })

const watch = (state) => ({
  state: { ...state, phase: 'opening' },
  effects: [{ type: 'watch', revision: state.revision, over: state.over }],
})
const list = (state) => ({ state: { ...state, phase: 'listing', revision: null }, effects: [{ type: 'list' }] })
const wait = (state) => ({
  state: { ...state, phase: 'waiting', retries: state.retries + 1 },
  effects: [{ type: 'wait', ms: RETRY_MS[Math.min(state.retries, RETRY_MS.length - 1)] }],
})

function told(state, { type, object }) {
  const next = { ...state, revision: object.metadata?.resourceVersion ?? state.revision }
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { state: next, effects: [{ type: 'put', object }] }
    case 'DELETED':
      return { state: next, effects: [{ type: 'remove', name: object.metadata.name }] }
    case 'BOOKMARK':
      return { state: next, effects: [{ type: 'caughtUp' }] }
    default: // ERROR: the revision is compacted, or of a store that is no more; the end follows
      return { state: { ...state, revision: null }, effects: [] }
  }
}

// A socket that does not open while all else is answered is what something between here and there does.  It may cease to: a
// laptop goes to another network, a proxy is mended.  So a socket is tried now and then.
function closed(state, { wasOpen, isThere }) {
  const sockets = wasOpen ? 0 : state.sockets + (isThere ? 1 : 0)
  if (state.revision === null) return state.phase === 'live' ? list(state) : wait(state)
  if (state.over === 'http' || sockets < SOCKETS_TRIED_MAX) return wait({ ...state, sockets })
  const waiting = wait({ ...state, sockets, over: 'http' })
  return { state: waiting.state, effects: [...waiting.effects, { type: 'probeLater', ms: PROBE_MS }] }
}

function due(state) {
  if (state.over === 'websocket') return { state, effects: [] }
  return { state, effects: [state.revision === null ? { type: 'probeLater', ms: PROBE_MS } : { type: 'probe', revision: state.revision }] }
}

function probed(state, { isOpen }) {
  if (state.over === 'websocket') return { state, effects: [] }
  if (!isOpen) return { state, effects: [{ type: 'probeLater', ms: PROBE_MS }] }
  const next = { ...state, over: 'websocket', sockets: 0 }
  const isWatched = state.revision !== null && (state.phase === 'live' || state.phase === 'opening')
  return isWatched ? watch(next) : { state: next, effects: [] }
}

// Whoever waits need not wait longer; and what came back may be reached in another way.
function heard(state) {
  const goOn = state.phase !== 'waiting' ? { state, effects: [] } : state.revision === null ? list(state) : watch(state)
  return { state: goOn.state, effects: [...goOn.effects, ...due(state).effects.filter(({ type }) => type === 'probe')] }
}

export function step(state, event) {
  switch (event.type) {
    case 'start':
      return list(state)
    case 'listed': {
      const listed = watch({ ...state, revision: event.revision, retries: 0 })
      return { state: listed.state, effects: [{ type: 'replace', items: event.items }, ...listed.effects] }
    }
    case 'opened':
      return { state: { ...state, phase: 'live', retries: 0, sockets: 0 }, effects: [] }
    case 'told':
      return told(state, event.event)
    case 'failed':
      return event.code === 410 ? list(state) : wait(state)
    case 'closed':
      return closed(state, event)
    case 'heard':
      return heard(state)
    case 'due':
      return due(state)
    case 'probed':
      return probed(state, event)
    case 'rested':
      return { state, effects: watch(state).effects }
    case 'waited':
      return state.phase !== 'waiting' ? { state, effects: [] } : state.revision === null ? list(state) : watch(state)
    default:
      throw new Error(`no event "${event.type}"`)
  }
}
