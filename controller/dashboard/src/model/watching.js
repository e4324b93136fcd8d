// How a collection is kept as the controller has it: list, watch from there, resume, list again when
// the past is gone.  A pure machine: step(state, event) → {state, effects}; the shell is lib/collection.js.
//
// Events   {type: 'start'}, {type: 'listed', items, revision}, {type: 'opened'},
//          {type: 'told', event} (one of a watch), {type: 'failed', code} (of a request),
//          {type: 'closed', wasOpen, isThere} (does the controller answer other requests?),
//          {type: 'waited'}, {type: 'heard'} (the controller answers again)
// Effects  {type: 'list'}, {type: 'watch', revision, over: 'websocket' | 'http'}, {type: 'wait', ms},
//          {type: 'replace', items}, {type: 'put', object}, {type: 'remove', name},
//          {type: 'caughtUp'} (all up to the revision was told)

export const RETRY_MS = [250, 500, 1000, 2000, 4000]
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

// A socket that does not open while all else is answered is what something between here and there does.
function closed(state, { wasOpen, isThere }) {
  const sockets = wasOpen ? 0 : state.sockets + (isThere ? 1 : 0)
  const over = sockets >= SOCKETS_TRIED_MAX ? 'http' : state.over
  if (state.revision === null) return state.phase === 'live' ? list(state) : wait(state)
  return wait({ ...state, sockets, over })
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
      if (state.phase !== 'waiting') return { state, effects: [] }
      return state.revision === null ? list(state) : watch(state)
    case 'waited':
      return state.phase !== 'waiting' ? { state, effects: [] } : state.revision === null ? list(state) : watch(state)
    default:
      throw new Error(`no event "${event.type}"`)
  }
}
