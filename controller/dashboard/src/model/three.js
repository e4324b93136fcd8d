// Desired, applicable, current: what was declared, what was decided from it, and what is reported,
// field by field.  Pure.
import { assignmentState, condition } from './states.js'

const number = new Intl.Collator('en', { numeric: true }).compare
const bySlot = (a, b) => number(a.spec.slot, b.spec.slot)
const short = (digest) => digest?.replace(/^[a-z0-9]+:/, '').slice(0, 10)

// A row: {field, desired, applicable, current, differs: the three do not say the same, why, name: of the assignment that it is about}
const row = (field, desired, applicable, current, differs = false, why = '') => ({ field, desired, applicable, current, differs, why })

// Leaves of a tree: [[path, value]]; a list of scalars is one leaf.
export function leaves(value, path = '') {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  const isTree = isMap || (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null))
  if (!isTree) return path === '' ? [] : [[path, value]]
  const entries = Array.isArray(value) ? value.map((item, i) => [`[${item.name ?? item.type ?? i}]`, item]) : Object.entries(value)
  return entries.flatMap(([key, item]) => leaves(item, key[0] === '[' ? path + key : path === '' ? key : `${path}.${key}`))
}

function ofSession({ spec, status = {} }, assignments) {
  const wanted = spec.everyAgent ? `every agent (${status.desired ?? 0})` : String(spec.replicas ?? status.desired ?? 1)
  const placed = assignments.filter((one) => !one.metadata.deletionTimestamp)
  const { desired = 0, ready = 0, updated = 0 } = status
  return [
    row('replicas', wanted, `${placed.length} placed`, `${ready} ready`, placed.length !== desired || ready !== desired),
    row('form', `generation ${status.observedGeneration ?? '?'}`, forms(placed), `${updated} of ${desired} run it`, updated !== desired),
    ...placed.sort(bySlot).map((one) => ofAssignment(`replica ${one.spec.slot}`, one)),
  ]
}

function forms(assignments) {
  const digests = [...new Set(assignments.map(({ spec }) => short(spec.template)))]
  return digests.length === 0 ? '-' : digests.length === 1 ? digests[0] : `${digests.length} forms: ${digests.join(', ')}`
}

function ofAssignment(field, { metadata, spec, status = {} }) {
  const { state, reason, message } = assignmentState({ spec, status })
  const words = [status.phase ?? 'not yet reported', reason].filter((word, at, all) => word && all.indexOf(word) === at)
  return { ...row(field, 'runs', `${spec.agent}, form ${short(spec.template)}`, words.join(', '), state !== 'converged', message), state, name: metadata?.name }
}

function ofAgent({ spec, status = {} }, assignments) {
  const ready = condition({ status }, 'Ready')
  const isReady = ready?.status === 'True'
  const drained = condition({ status }, 'Drained')
  const takes = spec.unschedulable ? 'not taken' : 'taken'
  return [
    row('connection', 'connected', '', isReady ? 'connected' : `${ready?.reason ?? 'never connected'}`, !isReady, ready?.message),
    row('new work', takes, `${assignments.length} assignments`, status.paused ? 'paused by its owner' : takes, status.paused === true && !spec.unschedulable),
    ...(spec.drain && spec.drain !== 'never'
      ? [row('drain', spec.drain, `${assignments.length} left`, drained?.status === 'True' ? 'drained' : 'draining', drained?.status !== 'True', drained?.message)]
      : []),
    ...assignments.sort(bySlot).map((one) => ofAssignment(`${one.spec.session}/${one.spec.slot}`, one)),
  ]
}

// Of any other kind: what its spec says, and what its status says of the same name.
function ofOthers({ spec = {}, status = {} }) {
  const current = new Map(leaves(status))
  const told = leaves(spec).map(([path, value]) => row(path, value, '', current.get(path), current.has(path) && JSON.stringify(current.get(path)) !== JSON.stringify(value)))
  const rest = [...current].filter(([path]) => !path.startsWith('conditions') && !told.some(({ field }) => field === path))
  return [...told, ...rest.map(([path, value]) => row(path, '', '', value))]
}

export const ROWS_MAX = 200

// Of more rows than can be read, those first in which something differs, in their order: {rows, more: how many are left out}
export function shownRows(rows) {
  if (rows.length <= ROWS_MAX) return { rows, more: 0 }
  const inTurn = [...new Set([...rows.filter(({ differs, name }) => differs || !name), ...rows])]
  const isTold = new Set(inTurn.slice(0, ROWS_MAX))
  return { rows: rows.filter((one) => isTold.has(one)), more: rows.length - isTold.size }
}

// `assignments`: those of the session, or on the agent.
export function threeStates(kind, object, assignments) {
  switch (kind) {
    case 'HarvestSession':
      return ofSession(object, assignments)
    case 'Agent':
      return ofAgent(object, assignments)
    case 'Assignment':
      return [{ ...ofAssignment('work', object), name: undefined }, ...ofOthers(object)]
    default:
      return ofOthers(object)
  }
}
