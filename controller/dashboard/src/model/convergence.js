// How the fleet came to be as declared, out of the versions of its objects: each apply with the time that it took, and
// counts over time of what was not as declared, of drift, and of agents.  Pure.
//
// Steps are those of replay.js, in order.  Times of what was before somebody looked are told in seconds.
import { classOf, condition } from './states.js'

export const CLASSES = ['Configuration', 'Network', 'Resources', 'Software']

const uid = (object) => object?.metadata.uid
const isConverged = (session) => condition(session, 'Converged')?.status === 'True'
const isReady = (agent) => agent !== undefined && condition(agent, 'Ready')?.status === 'True'

// The class of what stands in the way of a session; undefined: nothing does.
export function divergenceOf(session) {
  if (session === undefined || isConverged(session)) return undefined
  const { class: told, reason } = condition(session, 'Converged') ?? {}
  const found = told ?? classOf(reason)
  return CLASSES.includes(found) ? found : 'Configuration'
}

// A count over time: a point where it changes, and one at either end.
class Counts {
  times = []
  rows = []

  constructor(from, names) {
    this.from = from
    this.names = names
    this.now = Object.fromEntries(names.map((name) => [name, 0]))
  }

  add(time, name, by) {
    this.now[name] += by
    if (time > this.from) this.#put(time)
  }

  #put(time) {
    if (this.times.length === 0) this.#push(this.from, this.before)
    if (this.times.at(-1) === time) this.rows[this.rows.length - 1] = { ...this.now }
    else this.#push(time, { ...this.now })
  }

  #push(time, row) {
    this.times.push(time)
    this.rows.push(row)
  }

  // What comes before any step of the period is what it begins with.
  begin() {
    this.before ??= { ...this.now }
  }

  done(to) {
    this.begin()
    this.#put(Math.max(to, this.from + 1))
    const { times, rows, names, now } = this
    return { times, now, series: Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])) }
  }
}

// A change of what was declared, not of what became of it; one that only takes the session away is none.
const isChange = ({ before, after }) =>
  after !== undefined &&
  after.metadata.deletionTimestamp === undefined &&
  (uid(before) !== uid(after) || before.metadata.generation !== after.metadata.generation)

const isArrived = (session, { uid: wanted, generation }) =>
  uid(session) === wanted && isConverged(session) && (condition(session, 'Converged').observedGeneration ?? 0) >= generation

const took = (from, to) => {
  const isExact = from.at !== undefined && to.at !== undefined
  return { took: Math.max(0, isExact ? to.at - from.at : to.time - from.time), isRough: !isExact }
}

class Applies {
  all = []
  #open = new Map() // name → the one that is on its way

  step(step) {
    const { name, after } = step
    const open = this.#open.get(name)
    if (open && uid(after) !== open.uid) this.#end(open, step, 'deleted')
    if (isChange(step)) this.#begin(step)
    else if (open && after?.metadata.deletionTimestamp) this.#end(open, step, 'deleted')
    const one = this.#open.get(name)
    if (!one || after === undefined) return
    if (isArrived(after, one)) return this.#end(one, step, 'converged')
    const { reason, message } = condition(after, 'Converged') ?? {}
    Object.assign(one, { reason, message, class: divergenceOf(after) })
  }

  #begin(step) {
    const { name, revision, time, after } = step
    const open = this.#open.get(name)
    if (open) this.#end(open, step, 'replaced')
    const one = { name, uid: uid(after), generation: after.metadata.generation, revision, time, step, state: 'open' }
    this.#open.set(name, one)
    this.all.push(one)
  }

  #end(one, step, state) {
    Object.assign(one, { state, ...took(one.step, step) })
    this.#open.delete(one.name)
  }

  done(from, to) {
    return this.all
      .filter(({ time }) => time >= from && time <= to)
      .map(({ step, ...one }) => {
        if (one.state === 'open') Object.assign(one, { took: Math.max(0, to - (step.at ?? step.time)), isRough: step.at === undefined })
        return one
      })
  }
}

const RANKS = ['deleted', 'replaced', 'converged', 'open']
const laterFirst = (a, b) => RANKS.indexOf(b.state) - RANKS.indexOf(a.state) || b.took - a.took

// Sessions that were changed in one step, as history tells, are one apply.  It is told as the one of them is that it waits
// for, or waited for longest.  The newest first.
function together(sessions, changes) {
  const changeOf = new Map(changes.flatMap((change) => change.items.map(({ revision }) => [Number(revision), change])))
  const groups = new Map()
  for (const one of sessions) {
    const key = changeOf.get(one.revision) ?? one
    if (!groups.has(key)) groups.set(key, [])
    groups.get(key).push(one)
  }
  return [...groups].reverse().map(([{ last, who = '', why = '' }, all]) => {
    const [latest] = [...all].sort(laterFirst)
    return { ...latest, revision: last ?? latest.revision, who, why, isRough: all.some(({ isRough }) => isRough), sessions: all }
  })
}

const driftOf = (assignment) => new Map((assignment?.status?.drift ?? []).map((one) => [one.sort, one]))

// How much more an assignment tells of drift than the version before: [{sort, found, healed, detail}]
export function driftBetween(before, after) {
  const known = uid(before) === uid(after) ? driftOf(before) : new Map()
  return [...driftOf(after).values()]
    .map(({ sort, found = 0, healed = 0, detail = '' }) => {
      const { found: foundBefore = 0, healed: healedBefore = 0 } = known.get(sort) ?? {}
      return { sort, detail, found: Math.max(0, found - foundBefore), healed: Math.max(0, healed - healedBefore) }
    })
    .filter(({ found, healed }) => found > 0 || healed > 0)
}

class Drift {
  list = []

  constructor(from) {
    this.from = from
    this.counts = new Counts(from, ['found', 'healed'])
    this.counts.begin()
  }

  step({ time, before, after }) {
    if (after === undefined || time <= this.from) return
    for (const { sort, detail, found, healed } of driftBetween(before, after)) {
      this.counts.add(time, 'found', found)
      this.counts.add(time, 'healed', healed)
      const { session, agent, slot } = after.spec
      this.list.push({ time, session, agent, slot, sort, detail, found, healed })
    }
  }
}

const CAME = { true: 'joined', false: 'left' }

class Agents {
  list = []

  constructor(from) {
    this.from = from
    this.counts = new Counts(from, ['connected', 'known'])
  }

  step({ time, name, before, after }) {
    if ((before === undefined) !== (after === undefined)) this.counts.add(time, 'known', after ? 1 : -1)
    if (isReady(before) === isReady(after)) return
    this.counts.add(time, 'connected', isReady(after) ? 1 : -1)
    const { reason = '', message = '' } = after ? (condition(after, 'Ready') ?? {}) : { reason: 'Removed', message: 'it was removed' }
    if (time > this.from) this.list.push({ time, name, what: CAME[isReady(after)], reason, message })
  }
}

class Divergence {
  list = []

  constructor(from) {
    this.from = from
    this.counts = new Counts(from, CLASSES)
  }

  step({ time, name, before, after }) {
    const [was, is] = [divergenceOf(before), divergenceOf(after)]
    if (was === is) return
    if (was) this.counts.add(time, was, -1)
    if (is) this.counts.add(time, is, 1)
    const { reason = '', message = '' } = (after && condition(after, 'Converged')) ?? {}
    if (time > this.from) this.list.push({ time, name, was, is, isGone: after === undefined, reason, message })
  }
}

const NAMES_MAX = 3

// "counter", "counter and sweep", "beacon, counter, keeper and 4 more"
export function namesOf(sessions) {
  const names = sessions.map(({ name }) => name)
  const more = names.length - NAMES_MAX
  const shown = more > 0 ? [...names.slice(0, NAMES_MAX), `${more} more`] : names
  return shown.length === 1 ? shown[0] : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

// The value below which a share of them lies (nearest rank); undefined: there is none.
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

export function numbersOf(applies) {
  const arrived = applies.filter(({ state }) => state === 'converged')
  const times = arrived.map((one) => one.took)
  return {
    applies: applies.length,
    arrived: arrived.length,
    open: applies.filter(({ state }) => state === 'open').length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    isRough: arrived.some(({ isRough }) => isRough),
  }
}

// What was there before the first step, as steps: before the period, or in it, where it was made as the fleet began.
function stepsBefore(begin, from) {
  const all = Object.entries(begin).flatMap(([plural, objects]) => [...objects].map(([name, after]) => ({ plural, name, after })))
  return all.map(({ plural, name, after }) => {
    const isNew = Date.parse(after.metadata.creationTimestamp) >= from
    return { plural, name, after, revision: Number(after.metadata.resourceVersion), time: isNew ? from + 1 : from - 1 }
  })
}

// `begin`: {agents, harvestsessions}: maps of the objects before the first step; `from` to `to`: the period; `changes` of changes.js.
export function convergence({ begin, steps, from, to, changes = [] }) {
  const applies = new Applies()
  const drift = new Drift(from)
  const agents = new Agents(from)
  const divergence = new Divergence(from)
  const counters = { agents: [agents], harvestsessions: [divergence, applies], assignments: [drift] }
  let isWithin = false
  const tell = (step) => {
    if (step.time > from && !isWithin) {
      isWithin = true
      agents.counts.begin()
      divergence.counts.begin()
    }
    for (const counter of counters[step.plural] ?? []) counter.step(step)
  }
  stepsBefore(begin, from)
    .sort((a, b) => a.time - b.time)
    .forEach(tell)
  for (const step of steps) {
    if (step.time > to) break
    tell(step)
  }
  const all = together(applies.done(from, to), changes)
  return {
    from,
    to,
    applies: all,
    numbers: numbersOf(all),
    diverged: { ...divergence.counts.done(to), list: divergence.list.reverse() },
    drift: { ...drift.counts.done(to), list: drift.list.reverse() },
    agents: { ...agents.counts.done(to), list: agents.list.reverse() },
  }
}

// Where a count stood at a moment.
export function valueAt({ times, series }, name, time) {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] <= time) low = middle + 1
    else high = middle
  }
  return series[name][Math.max(0, low - 1)] ?? 0
}

// How long something took, as far as it is known: two times that are told in seconds are a second nearer or farther apart.
export function tookWords(milliseconds, isRough, span) {
  if (!isRough || milliseconds >= 60_000) return span(milliseconds)
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 2 ? `under ${seconds + 1} s` : `about ${seconds} s`
}
