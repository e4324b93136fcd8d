import { Replay } from '../../../controller/dashboard/src/model/replay.js'
import { assert, check, dice } from './check.mjs'

const KINDS = ['agents', 'harvestsessions', 'assignments']
const BEGAN = Date.parse('2026-11-22T10:00:00Z')
const text = (time) => new Date(Math.floor(time / 1000) * 1000).toISOString().replace('.000Z', 'Z')

// A store that anybody can check: each revision with the whole of what there was after it, and when that was.
class Oracle {
  constructor(roll) {
    this.roll = roll
    this.time = BEGAN
    this.now = new Map()
    this.log = [] // {revision, time, plural, object, isGone, all}
  }

  step() {
    const plural = KINDS[this.roll(KINDS.length)]
    const name = `n${this.roll(6)}`
    const key = `${plural}/${name}`
    const isGone = this.now.has(key) && this.roll(4) === 0
    this.time += this.roll(5) === 0 ? this.roll(60_000) : this.roll(50)
    const revision = this.log.length + 1
    const before = this.now.get(key)
    const object = isGone ? before : this.write(plural, name, revision, before)
    if (isGone) this.now.delete(key)
    else this.now.set(key, object)
    this.log.push({ revision, time: this.time, plural, object, isGone, all: new Map(this.now) })
  }

  // Now and then a condition changes, which tells the time; most changes tell nothing of it.
  write(plural, name, revision, before) {
    const created = before?.metadata.creationTimestamp ?? text(this.time)
    const since = before && this.roll(3) > 0 ? before.status.conditions[0].lastTransitionTime : text(this.time)
    return {
      kind: plural,
      metadata: { name, resourceVersion: String(revision), creationTimestamp: created, managedFields: [] },
      spec: { replicas: this.roll(5), labels: { a: 'b' } },
      status: { ready: this.roll(3), conditions: [{ type: 'Ready', lastTransitionTime: since }] },
    }
  }

  at(revision) {
    return this.log[revision - 1]?.all ?? new Map()
  }

  revisionAt(time) {
    return this.log.findLast((one) => one.time <= time)?.revision ?? 0
  }
}

// The same objects, whatever the replay left out of them.
function isAs(replay, all) {
  const found = new Map()
  for (const plural of KINDS) for (const [name, object] of replay.kind(plural)) found.set(`${plural}/${name}`, object.metadata.resourceVersion)
  assert.deepEqual([...found].sort(), [...all].map(([key, object]) => [key, object.metadata.resourceVersion]).sort())
}

// Kinds come in order, each for itself, in pieces of any size.
function tellInPieces(replay, oracle, from, roll, after = () => {}) {
  const queues = KINDS.map((plural) => oracle.log.filter((one) => one.plural === plural && one.revision > from))
  while (queues.some((queue) => queue.length > 0)) {
    const queue = queues[roll(queues.length)]
    const size = roll(roll(8) === 0 ? 120 : 9)
    for (const { plural, object, revision, isGone } of queue.splice(0, size)) replay.add({ plural, object: structuredClone(object), revision, isGone })
    if (roll(2) === 0) continue
    replay.settle(oracle.time)
    after()
  }
  replay.settle(oracle.time)
}

function made(seed, { steps = 300, from = 0, max } = {}) {
  const roll = dice(seed)
  const oracle = new Oracle(roll)
  for (let i = 0; i < steps; i++) oracle.step()
  const objects = [...oracle.at(from)].map(([key, object]) => [key.split('/')[0], structuredClone(object)])
  const replay = new Replay({ revision: from, time: from ? oracle.log[from - 1].time : BEGAN, objects, max })
  return { roll, oracle, replay }
}

await check({
  the_state_at_any_revision_is_as_it_was_however_the_cursor_moves_while_kinds_come_as_they_like() {
    for (let seed = 1; seed <= 20; seed++) {
      const { roll, oracle, replay } = made(seed, { from: seed % 2 ? 0 : 40 })
      tellInPieces(replay, oracle, replay.begins.revision, roll, () => replay.moveTo(roll(replay.steps.length + 1)))
      for (let i = 0; i < 60; i++) {
        const revision = replay.begins.revision + roll(oracle.log.length - replay.begins.revision + 1)
        replay.moveTo(replay.indexAtRevision(revision))
        isAs(replay, oracle.at(revision))
      }
    }
  },
  who_listens_to_the_cursor_knows_the_state_without_looking() {
    const { roll, oracle } = made(3)
    const known = new Map()
    const told = (plural, { type, object, before }) => {
      assert.equal(known.get(`${plural}/${(object ?? before).metadata.name}`), before)
      if (type === 'put') known.set(`${plural}/${object.metadata.name}`, object)
      else known.delete(`${plural}/${before.metadata.name}`)
    }
    const replay = new Replay({ revision: 0, time: BEGAN, told })
    tellInPieces(replay, oracle, 0, roll, () => replay.moveTo(roll(replay.steps.length + 1)))
    replay.moveTo(Infinity)
    isAs(replay, oracle.at(oracle.log.length))
    assert.equal(known.size, oracle.at(oracle.log.length).size)
  },
  what_differs_between_two_moments_is_what_two_whole_states_tell() {
    const { roll, oracle, replay } = made(5)
    tellInPieces(replay, oracle, 0, roll)
    for (let i = 0; i < 50; i++) {
      const [a, b] = [roll(300), roll(300)].sort((x, y) => x - y)
      const told = replay.between(replay.indexAtRevision(a), replay.indexAtRevision(b))
      const keys = new Set([...oracle.at(a).keys(), ...oracle.at(b).keys()])
      const wanted = [...keys].filter((key) => oracle.at(a).get(key)?.metadata.resourceVersion !== oracle.at(b).get(key)?.metadata.resourceVersion)
      assert.deepEqual(told.map(({ plural, name }) => `${plural}/${name}`).sort(), wanted.sort())
      for (const one of told) assert.equal(one.before?.metadata.resourceVersion, oracle.at(a).get(`${one.plural}/${one.name}`)?.metadata.resourceVersion)
    }
  },
  more_steps_than_are_held_push_out_the_oldest_and_it_says_where_it_begins_then() {
    for (let seed = 50; seed < 60; seed++) {
      const { roll, oracle, replay } = made(seed, { max: 50 })
      let began = 0
      tellInPieces(replay, oracle, 0, roll, () => {
        assert.ok(replay.begins.revision >= began && replay.steps.every(({ revision }) => revision > replay.begins.revision))
        began = replay.begins.revision
        replay.moveTo(roll(replay.steps.length + 1))
      })
      assert.ok(replay.steps.length <= 50 && replay.dropped + replay.steps.length === 300)
      assert.deepEqual(replay.steps.map(({ revision }) => revision), oracle.log.slice(replay.begins.revision).map(({ revision }) => revision))
      for (const position of [0, 7, Infinity]) {
        replay.moveTo(position)
        isAs(replay, oracle.at(replay.begins.revision + replay.position))
      }
    }
  },
  who_is_told_of_leaps_and_of_steps_knows_what_there_is() {
    const { roll, oracle } = made(12)
    const known = new Map(KINDS.map((plural) => [plural, new Map()]))
    const told = (plural, { type, object, before, all }) => {
      if (type === 'replace') known.set(plural, new Map(all))
      else if (type === 'put') known.get(plural).set(object.metadata.name, object)
      else known.get(plural).delete(before.metadata.name)
    }
    const replay = new Replay({ revision: 0, time: BEGAN, told, leap: 20 })
    tellInPieces(replay, oracle, 0, roll)
    for (let i = 0; i < 100; i++) {
      replay.moveTo(replay.position + roll(100) - 50)
      for (const plural of KINDS) assert.deepEqual(new Map([...known.get(plural)].sort()), new Map([...replay.kind(plural)].sort()))
    }
  },
  times_never_go_back_and_are_never_later_than_they_were() {
    const { roll, oracle, replay } = made(9)
    tellInPieces(replay, oracle, 0, roll)
    let before = 0
    for (const { time, revision } of replay.steps) {
      assert.ok(time >= before && time <= oracle.log[revision - 1].time, `${revision}`)
      before = time
    }
  },
  a_few_looks_at_the_newest_revision_tell_when_all_was() {
    for (let seed = 20; seed < 30; seed++) {
      const { roll, oracle, replay } = made(seed)
      tellInPieces(replay, oracle, 0, roll)
      let looks = 0
      for (let round = 0; round < 20; round++) {
        for (const time of replay.doubts(oracle.time, 2000, 12)) {
          replay.anchor(oracle.revisionAt(time), time)
          looks++
        }
        replay.settle(oracle.time)
      }
      assert.ok(looks < 250, `seed ${seed}: ${looks} looks`)
      const worst = Math.max(...replay.steps.map(({ time, revision }) => Math.abs(time - oracle.log[revision - 1].time)))
      assert.ok(worst <= 3000, `seed ${seed}: ${worst} ms`)
    }
  },
  what_comes_as_it_happens_is_of_that_moment_and_a_clock_that_is_ahead_is_not_believed() {
    const replay = new Replay({ revision: 0, time: BEGAN })
    const object = (revision, since) => ({ metadata: { name: 'a', resourceVersion: String(revision) }, status: { conditions: [{ type: 'Ready', lastTransitionTime: since }] } })
    replay.add({ plural: 'assignments', object: object(1, text(BEGAN + 3_600_000)) })
    replay.add({ plural: 'assignments', object: object(2, text(BEGAN + 3_600_000)), at: BEGAN + 9000 })
    replay.add({ plural: 'assignments', object: object(3, text(BEGAN)), isGone: true, at: BEGAN + 9500 })
    replay.add({ plural: 'agents', object: object(4, text(BEGAN)), isGone: true })
    replay.anchor(1, BEGAN + 5000)
    replay.settle(BEGAN + 10_000)
    assert.deepEqual(replay.steps.map(({ time }) => time - BEGAN), [5000, 9000, 9500])
  },
  a_revision_whose_time_is_known_is_at_that_time() {
    const { roll, oracle, replay } = made(31)
    tellInPieces(replay, oracle, 0, roll)
    for (const { revision, time } of oracle.log.filter((_, i) => i % 10 === 0)) replay.anchor(revision, Math.floor(time / 1000) * 1000, true)
    replay.settle(oracle.time)
    for (const { revision, time } of oracle.log.filter((_, i) => i % 10 === 0)) {
      assert.ok(Math.abs(replay.steps[revision - 1].time - time) <= 1000)
      assert.ok(replay.indexAt(time) >= revision)
    }
  },
  how_much_happened_when_is_counted_place_by_place() {
    const { roll, oracle, replay } = made(40)
    tellInPieces(replay, oracle, 0, roll)
    const [from, to] = [BEGAN, oracle.time]
    const size = Math.ceil((to - from) / 7)
    const places = replay.pulse(from, to, size, ({ revision }) => revision % 2 === 0)
    assert.equal(places.reduce((sum, { steps }) => sum + steps, 0), 300)
    assert.equal(places.reduce((sum, { meant }) => sum + meant, 0), 150)
    for (const { time, steps } of places) {
      assert.equal(time % size, 0)
      assert.equal(steps, replay.steps.filter((step) => step.time >= time && step.time < time + size).length)
    }
    assert.deepEqual(replay.pulse(from, to + 500, size, () => false).map(({ time, steps }) => [time, steps]), places.map(({ time, steps }) => [time, steps]))
    assert.deepEqual(replay.pulse(to + 1, to + 2, 3, () => true), [])
  },
  equal_parts_of_versions_are_held_once_and_readings_of_now_are_no_past() {
    const replay = new Replay({ revision: 0, time: 0 })
    const agent = (revision, ready) => ({
      kind: 'Agent',
      metadata: { name: 'a', resourceVersion: String(revision) },
      spec: { labels: { a: 1 } },
      status: { sensors: { battery: revision }, conditions: [{ type: 'Ready', status: ready }] },
    })
    replay.add({ plural: 'agents', object: agent(1, 'True') })
    replay.add({ plural: 'agents', object: agent(2, 'False') })
    replay.settle(0)
    const [{ after: first }, { after: second, before }] = replay.steps
    assert.equal(before, first)
    assert.equal(first.spec, second.spec)
    assert.deepEqual(second.status, { conditions: [{ type: 'Ready', status: 'False' }] })
  },
})
