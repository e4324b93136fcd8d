// What people did, as history has it: items that belong together, what they are called, what differs
// between two of them, and how they are undone.  Pure.
import { isEqual } from './differences.js'

export const VERBS = { create: 'created', update: 'changed', delete: 'deleted' }
const MARK_WORDS_MAX = 5

export const objectName = ({ kind, name }) => `${kind.toLowerCase()}/${name}`

const isOneStep = (item, to) =>
  Number(to.revision) - Number(item.revision) === 1 && item.time === to.time && item.who === to.who && item.manager === to.manager && item.why === to.why

// What agents say of themselves is one when nobody else did anything between: a thousand of them may come at once.
const isOneArrival = (item, to) => isByAgent(item) && isByAgent(to) && item.verb === to.verb && item.why === to.why && item.time.slice(0, 16) === to.time.slice(0, 16)
const belongs = (item, to) => isOneStep(item, to) || isOneArrival(item, to)

// Items, the newest first, each with its moment in ms.  History tells whole seconds: what was done in the same one is put a
// millisecond apart, so that one can go from each to the next.
export function withMoments(items) {
  const found = []
  let last = 0
  for (const item of [...items].reverse()) {
    const second = Date.parse(item.time)
    last = Math.min(Math.max(second, last + 1), second + 999)
    found.push({ ...item, at: last })
  }
  return found.reverse()
}

// Items that have their moments → changes, the newest first as well: what was done in one step is one.
// {first, last (revisions), at (ms), who, manager, why, items}
export function changesOf(items) {
  const changes = []
  for (const item of items) {
    const newest = changes.at(-1)
    if (newest && belongs(item, newest.items.at(-1))) {
      newest.items.push(item)
      newest.first = Number(item.revision)
      continue
    }
    const { at, who, manager, why } = item
    changes.push({ first: Number(item.revision), last: Number(item.revision), at, who, manager, why, items: [item] })
  }
  return changes
}

// "changed harvestsession/counter", "created 4 objects", "joined"
export function deed({ items }) {
  if (isArrival(items)) return 'joined'
  const verbs = [...new Set(items.map(({ verb }) => VERBS[verb] ?? verb))]
  return `${verbs.join(' and ')} ${items.length === 1 ? objectName(items[0]) : `${items.length} objects`}`
}

export const isArrival = (items) => items.every((item) => isByAgent(item) && item.kind === 'Agent' && item.verb === 'create')

export function whoDid({ who, items }) {
  const count = new Set(items.map((item) => item.who)).size
  return count > 1 ? `${count} agents` : who || 'somebody'
}

// Why, in words of a person's: an agent that joins says hello each time.
export const whyOf = ({ why, items }) => (isArrival(items) ? '' : why)

export function sentence(change) {
  const why = whyOf(change)
  return `${whoDid(change)} ${deed(change)}${why ? `: ${why}` : ''}`
}

// Agents come by themselves; only what somebody declared can go back.
export const isByAgent = ({ who }) => who.startsWith('agent/')

// The spec of a rollback that undoes one change: its objects as they were before it.
export const undoOf = ({ first, items }) => ({
  toRevision: String(first - 1),
  objects: items.map(({ kind, name }) => ({ kind, name })),
  prune: items.some(({ verb }) => verb === 'create'),
})

// What was done later to any of these objects: that goes back with them.
export function laterThan(changes, { last, items }) {
  const objects = new Set(items.map(objectName))
  return changes.filter((change) => change.first > last && change.items.some((item) => objects.has(objectName(item))))
}

function startOf(item) {
  return { kind: item.kind, name: item.name, isThere: item.verb !== 'create', fields: new Map() }
}

// What differs between the fleet right after revision `a` and right after `b`, of all that is declared:
// [{kind, name, verb: 'create' | 'update' | 'delete', changes: [{path, before, after}]}]
export function between(items, a, b) {
  const [from, to] = [Math.min(a, b), Math.max(a, b)]
  const objects = new Map()
  const told = items.filter(({ revision }) => Number(revision) > from && Number(revision) <= to)
  for (const item of told.sort((x, y) => Number(x.revision) - Number(y.revision))) {
    const key = objectName(item)
    if (!objects.has(key)) objects.set(key, startOf(item))
    const one = objects.get(key)
    one.remains = item.verb !== 'delete'
    for (const { path, before, after } of item.changes) {
      if (one.fields.has(path)) one.fields.get(path).after = after
      else one.fields.set(path, { path, before, after })
    }
  }
  return [...objects.values()]
    .filter(({ isThere, remains }) => isThere || remains)
    .map(({ kind, name, isThere, remains, fields }) => ({
      kind,
      name,
      verb: !isThere ? 'create' : remains ? 'update' : 'delete',
      changes: [...fields.values()].filter(({ before, after }) => !isEqual(before, after)),
    }))
    .filter(({ verb, changes }) => verb !== 'update' || changes.length > 0)
    .sort((x, y) => objectName(x).localeCompare(objectName(y)))
}

// Those that say a text: who, what, why, or which fields.
export function matching(changes, text) {
  const query = text.trim().toLowerCase()
  const says = (words) => words.toLowerCase().includes(query)
  const isSaid = (item) => says(item.who) || says(objectName(item)) || item.changes.some(({ path }) => says(path))
  return query === '' ? changes : changes.filter((change) => says(sentence(change)) || change.items.some(isSaid))
}

// The newest change that was done at a moment; changes are the newest first.
export const newestAt = (changes, time) => changes.find(({ at }) => at <= time)

// The next one after a moment, or the last one before it: where the keys lead.
export const nextAfter = (changes, time) => changes.findLast(({ at }) => at > time)
export const lastBefore = (changes, time) => changes.find(({ at }) => at < time)

// Changes from `from` to `to`, those together that are in one place `size` long: [{at (of the newest), changes, words}];
// timeOf(ms) tells times.
export function marks(changes, from, to, size, timeOf) {
  const places = new Map()
  for (const change of changes) {
    if (change.at < from || change.at > to) continue
    const place = Math.floor(change.at / size)
    if (!places.has(place)) places.set(place, [])
    places.get(place).push(change)
  }
  return [...places.values()].map((found) => ({ at: found[0].at, changes: found, words: markWords(found, timeOf) }))
}

function markWords(found, timeOf) {
  const lines = found.slice(0, MARK_WORDS_MAX).map((change) => `${timeOf(change.at)} ${sentence(change)}`)
  return found.length > MARK_WORDS_MAX ? [...lines, `and ${found.length - MARK_WORDS_MAX} more`].join('\n') : lines.join('\n')
}
