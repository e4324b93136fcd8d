// The fleet as it was: a state to begin with and every step since, each with the object before and after it,
// so that a cursor goes either way in as many moves as there are steps between, and what differs
// between two moments is found without any state at all.
//
// Steps of one kind come in order; those of different kinds come as they like and are put in order of
// their revisions.  No step says when it was: what does (conditions, a history with times, a look at which
// revision was the newest at some time) bounds it from both sides, and times never go back.
import { share } from './differences.js'

export const STEPS_MAX = 50_000 // more of them push out the oldest: what is known begins later then

const LEAP = 2000 // of more steps at once nobody is told one by one
const NEAR_MS = 1000 // times are told in seconds

// What the controller adds to an agent when it answers: it is of now, not of then.
const OF_NOW = ['assignments', 'lastSeen', 'reputation', 'sensors']

function asStored(object) {
  const { managedFields, ...metadata } = object.metadata
  const stored = { ...object, metadata }
  if (object.kind !== 'Agent' || !object.status) return stored
  stored.status = { ...object.status }
  for (const name of OF_NOW) delete stored.status[name]
  return stored
}

// The newest moment that an object tells of itself, by the controller's clock; texts of one form, so they compare.
function stampOf({ metadata, status }) {
  let newest = metadata.deletionTimestamp ?? metadata.creationTimestamp ?? ''
  for (const { lastTransitionTime = '' } of status?.conditions ?? []) if (lastTransitionTime > newest) newest = lastTransitionTime
  return newest
}

// When a step was, as far as it tells that itself; 0: it does not.
function tellsOf({ before, after, at }) {
  if (at) return at
  const stamp = after ? stampOf(after) : ''
  return stamp === '' || (before && stampOf(before) === stamp) ? 0 : Date.parse(stamp)
}

// How many of `all` come before the first that is not.
function countWhile(all, isBefore) {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(all[middle])) low = middle + 1
    else high = middle
  }
  return low
}

export class Replay {
  steps = [] // {plural, name, revision, time, isKnown, before, after}; before or after is undefined where it was not there
  objects = new Map() // plural → Map(name → object), at the cursor
  position = 0 // of the cursor: so many steps are done
  dropped = 0
  #newest = new Map() // plural/name → the object after the last step
  #pending = []
  #anchors = [] // {revision, earliest, latest, exact}: what is up to there was done by `earliest`, what is later not before `latest`
  #looks = new Set() // times of anchors that somebody looked for
  #timed = 0 // steps that have their time

  // `objects`: [plural, object] for each that was there at the beginning; told(plural, change) hears each move of
  // the cursor as the listener of a collection does; of a leap only {type: 'replace', all}, for each kind.
  constructor({ revision, time, objects = [], told = () => {}, max = STEPS_MAX, leap = LEAP }) {
    this.begins = { revision: Number(revision), time }
    this.told = told
    this.max = max
    this.leap = leap
    for (const [plural, object] of objects) {
      const stored = asStored(object)
      this.#kind(plural).set(stored.metadata.name, stored)
      this.#newest.set(`${plural}/${stored.metadata.name}`, stored)
    }
  }

  // A change as a watch tells it; `at` when it came as it happened.  It counts after settle().
  add({ plural, object, revision = object.metadata.resourceVersion, isGone = false, at }) {
    const { name } = object.metadata
    const key = `${plural}/${name}`
    const before = this.#newest.get(key)
    if (isGone && before === undefined) return
    const after = isGone ? undefined : share(before, asStored(object))
    if (isGone) this.#newest.delete(key)
    else this.#newest.set(key, after)
    this.#pending.push({ plural, name, revision: Number(revision), before, after, at, time: 0 })
  }

  // A revision and a moment at which it was the newest; `isExact`: it is of that moment.
  anchor(revision, time, isExact = false) {
    const number = Number(revision)
    const at = countWhile(this.#anchors, (one) => one.revision < number)
    if (this.#anchors[at]?.revision !== number) this.#anchors.splice(at, 0, { revision: number, earliest: time, latest: time })
    const one = this.#anchors[at]
    one.earliest = Math.min(one.earliest, time)
    one.latest = Math.max(one.latest, time)
    if (isExact) one.exact = time
    else this.#looks.add(time)
    this.#timed = Math.min(this.#timed, at > 0 ? this.indexAtRevision(this.#anchors[at - 1].revision) : 0)
  }

  // Puts in order what was added: true when anything changed.
  settle(now) {
    if (this.#pending.length === 0 && this.#timed === this.steps.length) return false
    this.#merge()
    this.#tellTimes(now)
    this.#drop(this.steps.length - this.max)
    return true
  }

  indexAt(time) {
    return countWhile(this.steps, (step) => step.time <= time)
  }

  indexAtRevision(revision) {
    return countWhile(this.steps, (step) => step.revision <= Number(revision))
  }

  // How many steps there were in each place that is `size` long, and how many of them say `isMeant`: [{time, steps, meant}].
  // Places begin at multiples of their size, so that a line that goes on changes none of them but the last.
  pulse(from, to, size, isMeant) {
    const places = []
    for (let i = this.indexAt(from - 1); i < this.steps.length && this.steps[i].time <= to; i++) {
      const time = Math.floor(this.steps[i].time / size) * size
      if (places.at(-1)?.time !== time) places.push({ time, steps: 0, meant: 0 })
      places.at(-1).steps++
      if (isMeant(this.steps[i])) places.at(-1).meant++
    }
    return places
  }

  // The cursor goes to where `position` steps are done.
  moveTo(position) {
    const goal = Math.max(0, Math.min(position, this.steps.length))
    const isLeap = Math.abs(goal - this.position) > this.leap
    const told = isLeap ? () => {} : this.told
    while (this.position < goal) this.#set(this.steps[this.position++], 'after', 'before', told)
    while (this.position > goal) this.#set(this.steps[--this.position], 'before', 'after', told)
    if (isLeap) for (const [plural, all] of this.objects) this.told(plural, { type: 'replace', all })
  }

  // What differs between two positions: [{plural, name, before, after}], each object once.
  between(from, to) {
    const found = new Map()
    for (const { plural, name, before, after } of this.steps.slice(Math.min(from, to), Math.max(from, to))) {
      const key = `${plural}/${name}`
      const one = found.get(key)
      if (one) one.after = after
      else found.set(key, { plural, name, before, after })
    }
    return [...found.values()].filter(({ before, after }) => before !== after)
  }

  kind(plural) {
    return this.#kind(plural)
  }

  #kind(plural) {
    if (!this.objects.has(plural)) this.objects.set(plural, new Map())
    return this.objects.get(plural)
  }

  #set(step, now, then, told = this.told) {
    const all = this.#kind(step.plural)
    if (step[now]) all.set(step.name, step[now])
    else all.delete(step.name)
    told(step.plural, { type: step[now] ? 'put' : 'remove', object: step[now], before: step[then] })
  }

  // What is added of an object is newer than all steps of it, so what lies behind the cursor can be done there
  // whatever else was done since.
  #merge() {
    const pending = this.#pending.sort((a, b) => a.revision - b.revision)
    this.#pending = []
    if (pending.length === 0) return
    const at = countWhile(this.steps, (step) => step.revision <= pending[0].revision)
    const reached = this.position > 0 ? this.steps[this.position - 1].revision : -1
    const rest = this.steps.splice(at)
    this.#timed = Math.min(this.#timed, at)
    let next = 0
    for (const step of pending) {
      while (next < rest.length && rest[next].revision <= step.revision) this.steps.push(rest[next++])
      this.steps.push(step)
      if (step.revision > reached) continue
      this.#set(step, 'after', 'before')
      this.position++
    }
    while (next < rest.length) this.steps.push(rest[next++])
  }

  // A step is as early as it can be.
  #tellTimes(now) {
    const anchors = this.#anchors
    const first = this.steps[this.#timed]?.revision ?? Infinity
    let above = countWhile(anchors, ({ revision }) => revision < first)
    let time = Math.max(this.#timed > 0 ? this.steps[this.#timed - 1].time : this.begins.time, above > 0 ? anchors[above - 1].latest : 0)
    for (let i = this.#timed; i < this.steps.length; i++) {
      const step = this.steps[i]
      while (anchors[above]?.revision < step.revision) time = Math.max(time, anchors[above++].latest)
      const bound = anchors[above]
      step.told ??= tellsOf(step)
      const exact = bound?.revision === step.revision ? bound.exact : undefined
      const told = exact ?? Math.min(step.told, bound?.earliest ?? now)
      step.isKnown = told >= time
      step.time = time = Math.max(time, told)
    }
    this.#timed = this.steps.length
  }

  // At most `count` moments at which the newest revision would tell most about when steps were whose time is in doubt by
  // more than `least`: close to either end of a doubt, where most were, and between.
  doubts(now, least, count) {
    const found = new Map()
    let above = this.#anchors.length - 1
    let latest = now
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const { revision, time, isKnown } = this.steps[i]
      for (; above >= 0 && this.#anchors[above].revision >= revision; above--) latest = Math.min(latest, this.#anchors[above].earliest)
      if (isKnown) latest = Math.min(latest, time)
      else if (latest - time > least) found.set(`${time} ${latest}`, [time, latest])
    }
    const widest = [...found.values()].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, count)
    return widest.flatMap((doubt) => this.#looksInto(doubt, Math.floor(count / widest.length)))
  }

  #looksInto([from, to], count) {
    const ends = [this.#looks.has(from) ? 0 : from + NEAR_MS, this.#looks.has(to) ? 0 : to - NEAR_MS].filter(Boolean).slice(0, count)
    const rest = count - ends.length
    return [...ends, ...Array.from({ length: rest }, (_, i) => Math.round(from + ((to - from) * (i + 1)) / (rest + 1)))]
  }

  #drop(count) {
    if (count <= 0) return
    if (this.position < count) this.moveTo(count)
    const { revision, time } = this.steps[count - 1]
    // What one kind tells late may be from before the beginning: as much of it goes as came.
    if (revision > this.begins.revision) this.begins = { revision, time }
    this.steps.splice(0, count)
    this.position -= count
    this.dropped += count
    this.#timed -= count
  }
}
