import { between, changesOf, deed, laterThan, lastBefore, marks, matching, newestAt, nextAfter, sentence, undoOf, withMoments } from '../../../controller/dashboard/src/model/changes.js'
import { differences, isEqual, share } from '../../../controller/dashboard/src/model/differences.js'
import { assert, check, dice } from './check.mjs'

const item = (revision, verb, name, changes = [], { who = 'ann', why = '', second = revision } = {}) => ({
  revision: String(revision),
  time: `2026-11-22T10:00:${String(second).padStart(2, '0')}Z`,
  verb,
  kind: 'HarvestSession',
  name,
  who,
  why,
  manager: 'fogctl',
  changes,
})
const replicas = (before, after) => [{ path: 'spec.replicas', before, after }]
const newestFirst = (...items) => withMoments(items.reverse())

// What was declared after each revision, from the items alone.
function played(items, upTo) {
  const all = new Map()
  for (const { revision, verb, name, changes } of [...items].reverse()) {
    if (Number(revision) > upTo) break
    const fields = all.get(name) ?? new Map()
    for (const { path, after } of changes) after === undefined ? fields.delete(path) : fields.set(path, after)
    verb === 'delete' ? all.delete(name) : all.set(name, fields)
  }
  return all
}

function randomItems(roll, count) {
  const items = []
  const now = new Map()
  for (let revision = 1; revision <= count; revision++) {
    const name = `s${roll(4)}`
    const before = now.get(name)
    const after = before && roll(4) === 0 ? undefined : { x: roll(3), y: roll(3) }
    if (before && after && isEqual(before, after)) continue
    items.unshift(item(revision, !before ? 'create' : after ? 'update' : 'delete', name, differences(before ?? {}, after ?? {}), { second: 0 }))
    if (after) now.set(name, after)
    else now.delete(name)
  }
  return items
}

await check({
  what_was_done_in_one_step_is_one_change() {
    const set = { second: 1 }
    const changes = changesOf(newestFirst(item(4, 'create', 'a', [], set), item(5, 'create', 'b', [], set), item(6, 'update', 'a', [], { second: 2 }), item(9, 'update', 'b', [], { second: 2 })))
    assert.deepEqual(changes.map(({ first, last }) => [first, last]), [[9, 9], [6, 6], [4, 5]])
    assert.equal(deed(changes[2]), 'created 2 objects')
    const two = changesOf(newestFirst(item(4, 'update', 'a', [], { second: 1, why: 'x' }), item(5, 'update', 'b', [], { second: 1, why: 'y' })))
    assert.equal(two.length, 2)
    assert.equal(sentence({ ...changes[0], why: 'less heat' }), 'ann changed harvestsession/b: less heat')
  },
  agents_that_come_at_once_are_one_change() {
    const hello = (revision, name, second) => ({ ...item(revision, 'create', name, [], { who: `agent/${name}`, why: 'hello', second }), kind: 'Agent' })
    const changes = changesOf(newestFirst(hello(1, 'e1', 1), hello(4, 'e2', 2), item(6, 'create', 's'), hello(9, 'e3', 3)))
    assert.deepEqual(changes.map(sentence), ['agent/e3 joined', 'ann created harvestsession/s', '2 agents joined'])
    assert.deepEqual([changes[2].first, changes[2].last, changes[2].at], [1, 4, Date.parse('2026-11-22T10:00:02Z')])
  },
  changes_of_one_second_are_each_reached_in_their_order() {
    const at = { second: 1 }
    const changes = changesOf(newestFirst(item(1, 'create', 'a', [], at), item(3, 'update', 'a', [], at), item(5, 'update', 'a', [], at), item(7, 'delete', 'a', [], { second: 2 })))
    const second = Date.parse('2026-11-22T10:00:01Z')
    assert.deepEqual(changes.map((change) => change.at - second), [1000, 2, 1, 0])
    for (const change of changes) assert.equal(newestAt(changes, change.at), change)
    assert.equal(nextAfter(changes, changes[2].at), changes[1])
    const many = withMoments(Array.from({ length: 3000 }, (_, i) => item(3000 - i, 'update', 'a', [], at)))
    assert.ok(many.every((one, i) => one.at >= second && one.at < second + 1000 && (i === 0 || one.at <= many[i - 1].at)))
    const back = withMoments([item(2, 'update', 'a', [], { second: 1 }), item(1, 'update', 'a', [], { second: 9 })])
    assert.ok(back[0].at < second + 1000, 'a clock that went back is believed')
  },
  what_differs_between_two_revisions_is_what_two_whole_states_tell() {
    const roll = dice(4)
    for (let i = 0; i < 200; i++) {
      const items = randomItems(roll, 30)
      const [a, b] = [roll(31), roll(31)]
      const [then, later] = [played(items, Math.min(a, b)), played(items, Math.max(a, b))]
      const names = [...new Set([...then.keys(), ...later.keys()])].sort()
      const wanted = names
        .map((name) => [name, then.get(name), later.get(name)])
        .filter(([, x, y]) => !x || !y || differences(Object.fromEntries(x), Object.fromEntries(y)).length > 0)
        .map(([name, x, y]) => [name, !x ? 'create' : y ? 'update' : 'delete', differences(Object.fromEntries(x ?? []), Object.fromEntries(y ?? []))])
      const told = between(items, a, b).map(({ name, verb, changes }) => [name, verb, changes.sort((x, y) => (x.path < y.path ? -1 : 1))])
      assert.deepEqual(told, wanted)
    }
  },
  an_undo_is_of_the_objects_of_a_change_and_says_what_goes_back_with_them() {
    const changes = changesOf(newestFirst(item(1, 'create', 'a'), item(3, 'update', 'a', replicas(1, 2)), item(5, 'create', 'b'), item(7, 'update', 'a', replicas(2, 3))))
    assert.deepEqual(undoOf(changes[2]), { toRevision: '2', objects: [{ kind: 'HarvestSession', name: 'a' }], prune: false })
    assert.equal(undoOf(changes[1]).prune, true)
    assert.deepEqual(laterThan(changes, changes[2]).map(({ last }) => last), [7])
    assert.deepEqual(laterThan(changes, changes[0]), [])
  },
  changes_are_found_by_who_what_why_and_field() {
    const changes = changesOf(newestFirst(item(1, 'create', 'alpha'), item(3, 'update', 'beta', replicas(1, 2), { who: 'bob', why: 'Heat' })))
    const found = (text) => matching(changes, text).map(({ last }) => last)
    assert.deepEqual([found(''), found(' ALPHA '), found('bob'), found('heat'), found('spec.rep'), found('none')], [[3, 1], [1], [3], [3], [3], []])
  },
  keys_lead_from_change_to_change_and_marks_say_what_they_stand_for() {
    const changes = changesOf(newestFirst(item(1, 'create', 'a'), item(10, 'update', 'a', [], { why: 'more' }), item(12, 'delete', 'a')))
    const [third, second, first] = changes
    assert.equal(newestAt(changes, second.at + 500), second)
    assert.equal(nextAfter(changes, first.at), second)
    assert.equal(lastBefore(changes, third.at), second)
    assert.equal(lastBefore(changes, first.at), undefined)
    const all = marks(changes, first.at, first.at + 20_000, 1000, (ms) => `at ${ms - first.at}`)
    assert.deepEqual(all.map(({ at, changes: found }) => [at - first.at, found.length]), [[11_000, 1], [9000, 1], [0, 1]])
    assert.match(all[1].words, /^at 9000 ann changed harvestsession\/a: more$/)
    assert.deepEqual(marks(changes, first.at, first.at + 20_000, 60_000, String).map(({ at, changes: found }) => [at, found.length]), [[third.at, 3]])
    assert.equal(marks(changes, 0, 1, 1000, String).length, 0)
  },
  fields_that_differ_are_found_and_conditions_are_told_apart_by_their_type() {
    const [a, b] = [{ x: { y: 1, z: [1] }, gone: true, conditions: [{ type: 'Ready', status: 'True' }] }, { x: { y: 1, z: [2] }, conditions: [{ type: 'Ready', status: 'False' }] }]
    assert.deepEqual(differences(a, b), [
      { path: 'x.z', before: [1], after: [2] },
      { path: 'gone', before: true, after: undefined },
      { path: 'conditions.Ready.status', before: 'True', after: 'False' },
    ])
    assert.deepEqual(differences({ a: {}, b: 1 }, { b: { c: 2 } }), [
      { path: 'a', before: {}, after: undefined },
      { path: 'b', before: 1, after: { c: 2 } },
    ])
    assert.deepEqual(differences(undefined, { a: { b: 1 } }), [{ path: 'a.b', before: undefined, after: 1 }])
  },
  what_is_equal_is_shared_and_nothing_else_is_changed_by_that() {
    const roll = dice(6)
    const some = (depth) => (depth === 0 || roll(3) === 0 ? roll(3) : roll(4) === 0 ? [some(depth - 1), some(depth - 1)] : { a: some(depth - 1), [`k${roll(2)}`]: some(depth - 1) })
    for (let i = 0; i < 500; i++) {
      const [a, b] = [some(4), some(4)]
      const [wantedA, wantedB] = [JSON.stringify(a), JSON.stringify(b)]
      const shared = share(a, b)
      assert.equal(JSON.stringify(a), wantedA)
      assert.deepEqual(JSON.parse(JSON.stringify(shared)), JSON.parse(wantedB))
      assert.equal(isEqual(a, JSON.parse(wantedB)), shared === a)
    }
    assert.equal(isEqual(['x'], { 0: 'x' }), false)
  },
})
