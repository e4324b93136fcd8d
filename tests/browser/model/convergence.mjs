import { bucketOf, by, parse, sum } from '../../../controller/dashboard/src/model/metrics.js'
import {
  CLASSES,
  convergence,
  divergenceOf,
  driftBetween,
  namesOf,
  quantile,
  tookWords,
  valueAt,
} from '../../../controller/dashboard/src/model/convergence.js'
import { changesOf, withMoments } from '../../../controller/dashboard/src/model/changes.js'
import { Replay } from '../../../controller/dashboard/src/model/replay.js'
import { learnClasses } from '../../../controller/dashboard/src/model/states.js'
import { assert, check, dice } from './check.mjs'

const BEGAN = Date.parse('2026-11-22T10:00:00Z')
const at = (seconds) => BEGAN + seconds * 1000
const stamp = (seconds) => new Date(at(seconds)).toISOString().replace('.000Z', 'Z')

learnClasses({ AgentAway: 'Network' })

function session(name, generation, { of = generation, status = 'False', since = 0, reason = 'Starting', uid = name, ...more } = {}) {
  const told = { reason, message: 'words', ...more }
  const condition = { type: 'Converged', status, observedGeneration: of, lastTransitionTime: stamp(since), ...told }
  return { kind: 'HarvestSession', metadata: { name, uid, generation }, status: of ? { conditions: [condition] } : undefined }
}

const agent = (name, status, reason = 'Connected') => ({
  kind: 'Agent',
  metadata: { name, uid: name, generation: 1 },
  status: { conditions: [{ type: 'Ready', status, reason, message: 'words' }] },
})

const spec = { session: 's', agent: 'a', slot: '0' }
const assignment = (name, drift, uid = name) => ({ metadata: { name, uid }, spec, status: { drift } })

// Steps as replay.js makes them, out of [seconds, plural, object or name of what goes]; `isSeen`: somebody looked as it happened.
function stepsOf(versions, begin, isSeen = false) {
  const known = new Map(Object.entries(begin).flatMap(([plural, all]) => [...all].map(([name, object]) => [`${plural}/${name}`, object])))
  return versions.map(([seconds, plural, version], i) => {
    const after = typeof version === 'string' ? undefined : version
    const name = after?.metadata.name ?? version
    const before = known.get(`${plural}/${name}`)
    known.set(`${plural}/${name}`, after)
    return { plural, name, revision: i + 1, time: at(seconds), at: isSeen ? at(seconds) : undefined, before, after }
  })
}

const told = (versions, { from = -60, to = 60, begin = {}, changes, isSeen } = {}) =>
  convergence({ begin, steps: stepsOf(versions, begin, isSeen), from: at(from), to: at(to), changes })

const HS = 'harvestsessions'

const METRICS = `# HELP t_seconds Time.
# TYPE t_seconds histogram
t_seconds_bucket{cause="change",le="0.1"} 50
t_seconds_bucket{cause="change",le="1"} 98
t_seconds_bucket{cause="change",le="60"} 99
t_seconds_bucket{cause="change",le="+Inf"} 100
t_seconds_bucket{cause="other",le="0.1"} 0
t_seconds_bucket{cause="other",le="+Inf"} 0
odd{a="x\\"y,}",b="\\\\n"} 1e3 1795320679
plain 7
n_total{class="A"} 1
n_total{class="B"} 2`

await check({
  a_change_took_until_its_own_generation_was_as_declared() {
    const { applies, numbers } = told([
      [1, HS, session('a', 1, { of: 0 })],
      [1, HS, session('a', 1)],
      [4, HS, session('a', 1, { status: 'True', since: 4 })],
      [10, HS, session('a', 2, { of: 1, status: 'True', since: 4 })], // what is said is still of the first
      [30, HS, session('a', 2, { status: 'True', since: 4 })],
    ])
    assert.deepEqual(applies.map(({ revision, state, took, generation }) => [revision, state, took, generation]), [
      [4, 'converged', 20_000, 2],
      [1, 'converged', 3000, 1],
    ])
    assert.deepEqual(numbers, { applies: 2, arrived: 2, open: 0, p50: 3000, p99: 20_000, isRough: true })
  },
  what_is_on_its_way_says_what_stands_in_the_way_and_how_long_it_has() {
    const [one] = told([[1, HS, session('a', 1, { reason: 'AgentAway' })]], { to: 31 }).applies
    assert.deepEqual([one.state, one.took, one.class, one.reason, one.message], ['open', 30_000, 'Network', 'AgentAway', 'words'])
  },
  a_change_that_another_replaced_or_a_deletion_ended_never_converged() {
    const { applies, numbers } = told([
      [1, HS, session('a', 1)],
      [3, HS, session('a', 2, { of: 1 })],
      [8, HS, 'a'],
      [9, HS, session('a', 1, { uid: 'another' })],
      [10, HS, { kind: 'HarvestSession', metadata: { name: 'a', uid: 'another', generation: 2, deletionTimestamp: stamp(10) } }],
    ])
    assert.deepEqual(applies.map(({ state, took }) => [state, took]), [['deleted', 1000], ['deleted', 5000], ['replaced', 2000]])
    assert.deepEqual(numbers, { applies: 3, arrived: 0, open: 0, p50: undefined, p99: undefined, isRough: false })
  },
  who_changed_it_is_taken_from_history_and_changes_before_the_period_are_left_out() {
    const versions = [
      [-100, HS, session('old', 1)],
      [1, HS, session('a', 1)],
    ]
    const items = [{ revision: '2', who: 'ann', why: 'so' }, { revision: '1', who: 'bob' }]
    const { applies } = told(versions, { changes: items.map((one) => ({ ...one, last: Number(one.revision), items: [one] })) })
    assert.deepEqual(applies.map(({ name, who, why }) => [name, who, why]), [['a', 'ann', 'so']])
  },
  sessions_that_were_changed_in_one_step_are_one_apply_that_waits_for_the_last_of_them() {
    const item = (revision, name, kind = 'HarvestSession') => ({ revision: `${revision}`, time: stamp(1), verb: 'create', kind, name, who: 'ann', why: 'all', manager: 'm', changes: [] })
    const items = [item(4, 'c'), item(3, 'p', 'HarvestPolicy'), item(2, 'b'), item(1, 'a')]
    const versions = [
      [1, HS, session('a', 1, { of: 0 })],
      [1, HS, session('b', 1, { of: 0 })],
      [1, 'harvestpolicies', { kind: 'HarvestPolicy', metadata: { name: 'p', uid: 'p' } }],
      [1, HS, session('c', 1, { of: 0 })],
      [3, HS, session('c', 1, { status: 'True' })],
      [4, HS, session('b', 2)], // another change, of b alone
      [9, HS, session('a', 1, { status: 'True' })],
    ]
    const changes = changesOf(withMoments(items))
    const words = ({ applies }) => applies.map(({ revision, who, state, took, name, sessions }) => [revision, who, state, took, name, namesOf(sessions)])
    assert.deepEqual(words(told(versions, { to: 10, changes })), [
      [6, '', 'open', 6000, 'b', 'b'],
      [4, 'ann', 'converged', 8000, 'a', 'a, b and c'],
    ])
    assert.deepEqual(words(told(versions.slice(0, 6), { to: 5, changes }))[1], [4, 'ann', 'open', 4000, 'a', 'a, b and c'])
    assert.equal(namesOf(['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }))), 'a, b, c and 2 more')
  },
  what_was_seen_as_it_happened_is_known_to_the_millisecond_and_the_rest_to_the_second() {
    const versions = [
      [1, HS, session('a', 1)],
      [1.153, HS, session('a', 1, { status: 'True' })],
    ]
    const [seen] = told(versions, { isSeen: true }).applies
    const [later] = told(versions).applies
    const words = ({ took, isRough }) => tookWords(took, isRough, (value) => `${value} ms`)
    assert.equal(words(seen), '153 ms')
    assert.equal(words(later), 'under 1 s')
    assert.deepEqual([1000, 3000].map((took) => tookWords(took, true, String)), ['under 2 s', 'about 3 s'])
    assert.equal(tookWords(90_000, true, String), '90000')
  },
  sessions_not_as_declared_are_counted_by_class_over_time() {
    const begin = { harvestsessions: new Map([['z', session('z', 1, { class: 'Software' })]]) }
    const { diverged } = told(
      [
        [-70, HS, session('a', 1, { reason: 'AgentAway' })],
        [5, HS, session('a', 1, { status: 'True', since: 5 })],
        [9, HS, session('b', 1, { of: 0 })],
        [12, HS, 'b'],
      ],
      { begin },
    )
    assert.deepEqual(diverged.times, [at(-60), at(5), at(9), at(12), at(60)])
    assert.deepEqual(diverged.series.Network, [1, 0, 0, 0, 0])
    assert.deepEqual(diverged.series.Configuration, [0, 0, 1, 0, 0])
    assert.deepEqual(diverged.series.Software, [1, 1, 1, 1, 1])
    assert.deepEqual(diverged.list.map(({ name, is, isGone }) => [name, is, isGone]), [
      ['b', undefined, true],
      ['b', 'Configuration', false],
      ['a', undefined, false],
    ])
  },
  the_class_that_is_told_counts_and_an_unknown_one_is_of_the_configuration() {
    assert.equal(divergenceOf(session('a', 1, { class: 'Resources', reason: 'AgentAway' })), 'Resources')
    assert.equal(divergenceOf(session('a', 1, { class: 'Martian' })), 'Configuration')
    assert.equal(divergenceOf(session('a', 1, { status: 'True' })), undefined)
  },
  drift_is_the_difference_between_what_two_versions_tell() {
    const once = { sort: 'Stopped', found: 1, healed: 0, detail: 'words' }
    const { drift } = told([
      [1, 'assignments', assignment('x', [once])],
      [3, 'assignments', assignment('x', [{ ...once, healed: 1 }])],
      [4, 'assignments', assignment('x', [{ ...once, healed: 1 }])],
      [9, 'assignments', assignment('x', [{ ...once, found: 4, healed: 1 }, { sort: 'Files', found: 1 }])],
      [20, 'assignments', 'x'],
    ])
    assert.deepEqual(drift.times, [at(-60), at(1), at(3), at(9), at(60)])
    assert.deepEqual(drift.series, { found: [0, 1, 1, 5, 5], healed: [0, 0, 1, 1, 1] })
    const words = drift.list.map(({ sort, found, healed }) => `${sort} ${found} ${healed}`)
    assert.deepEqual(words, ['Files 1 0', 'Stopped 3 0', 'Stopped 0 1', 'Stopped 1 0'])
    assert.deepEqual(driftBetween(assignment('x', [{ ...once, found: 9 }], 'older'), assignment('x', [once])), [once])
  },
  agents_join_and_leave_when_they_are_ready_cease_to_be_or_are_removed() {
    const { agents } = told([
      [1, 'agents', agent('a', 'True')],
      [2, 'agents', agent('b', 'True')],
      [3, 'agents', agent('a', 'True', 'Again')],
      [5, 'agents', agent('a', 'False', 'Silent')],
      [8, 'agents', 'b'],
      [9, 'agents', agent('a', 'True')],
    ])
    const words = agents.list.map(({ name, what, reason }) => `${name} ${what} ${reason}`)
    assert.deepEqual(words, ['a joined Connected', 'b left Removed', 'a left Silent', 'b joined Connected', 'a joined Connected'])
    assert.deepEqual(agents.series.connected, [0, 1, 2, 1, 0, 1, 1])
    assert.deepEqual(agents.now, { connected: 1, known: 1 })
  },
  a_quiet_period_is_a_level_line_from_one_end_to_the_other() {
    const { agents, drift, applies } = told([], { begin: { agents: new Map([['a', agent('a', 'True')]]) } })
    assert.deepEqual([agents.times, agents.series.connected], [[at(-60), at(60)], [1, 1]])
    assert.deepEqual([drift.series.found, applies], [[0, 0], []])
  },
  a_fleet_that_began_in_the_period_has_joined_and_been_declared_from_nothing() {
    const first = { ...agent('a', 'True'), metadata: { name: 'a', uid: 'a', creationTimestamp: stamp(0), resourceVersion: '1' } }
    const declared = session('s', 1, { of: 0 })
    Object.assign(declared.metadata, { creationTimestamp: stamp(0), resourceVersion: '1' })
    const begin = { agents: new Map([['a', first]]), harvestsessions: new Map([['s', declared]]) }
    const { agents, applies } = told([], { begin, from: 0 })
    assert.deepEqual([agents.series.connected, agents.list.length], [[0, 1, 1], 1])
    assert.deepEqual(applies.map(({ name, revision, state }) => [name, revision, state]), [['s', 1, 'open']])
    const { agents: later, applies: none } = told([], { begin, from: 20 })
    assert.deepEqual([later.series.connected, later.list.length, none.length], [[1, 1], 0, 0])
  },
  what_is_on_its_way_from_before_the_first_step_is_no_change_of_this_period() {
    const begin = { harvestsessions: new Map([['a', session('a', 3)]]) }
    const { applies, diverged } = told([[5, HS, session('a', 3, { status: 'True' })]], { begin })
    assert.deepEqual(applies, [])
    assert.deepEqual([diverged.times.length, diverged.series.Configuration], [3, [1, 0, 0]])
  },
  quantiles_are_values_that_were() {
    assert.equal(quantile([], 0.5), undefined)
    assert.equal(quantile([7], 0.99), 7)
    const all = Array.from({ length: 100 }, (_, i) => 100 - i)
    assert.deepEqual([0.5, 0.99, 1].map((share) => quantile(all, share)), [50, 99, 100])
  },
  counts_of_random_fleets_are_what_counting_anew_at_any_moment_gives() {
    for (let seed = 1; seed <= 30; seed++) {
      const roll = dice(seed)
      const versions = []
      const states = [] // after each step, by counting all there is
      const now = new Map()
      for (let i = 0; i < 200; i++) {
        const [plural, name] = [roll(2) ? 'agents' : HS, `n${roll(5)}`]
        const status = roll(2) ? 'True' : 'False'
        const made = plural === 'agents' ? agent(name, status) : session(name, 1 + roll(3), { status, class: CLASSES[roll(4)] })
        const version = now.has(plural + name) && roll(5) === 0 ? name : made
        if (version === name) now.delete(plural + name)
        else now.set(plural + name, version)
        versions.push([i, plural, version])
        const all = [...now.values()]
        const count = (wanted) => all.filter((one) => one.kind === 'HarvestSession' && divergenceOf(one) === wanted).length
        const connected = all.filter((one) => one.kind === 'Agent' && one.status.conditions[0].status === 'True').length
        states.push({ connected, ...Object.fromEntries(CLASSES.map((one) => [one, count(one)])) })
      }
      const from = roll(100)
      const { agents, diverged, applies } = told(versions, { from, to: 200 })
      for (let i = from; i < 200; i++) {
        assert.equal(valueAt(agents, 'connected', at(i)), states[i].connected, `seed ${seed} at ${i}`)
        for (const name of CLASSES) assert.equal(valueAt(diverged, name, at(i)), states[i][name], `seed ${seed} at ${i}, ${name}`)
      }
      const open = applies.filter(({ state }) => state === 'open').map(({ name }) => name)
      assert.equal(new Set(open).size, open.length, 'a session has one change on its way at most')
    }
  },
  a_replay_is_understood_as_it_is() {
    const replay = new Replay({ revision: 1, time: at(0), objects: [['agents', agent('a', 'True')]] })
    const add = (revision, plural, { metadata, ...rest }, more) =>
      replay.add({ plural, object: { ...rest, metadata: { ...metadata, creationTimestamp: stamp(5) } }, revision, ...more })
    add(2, HS, session('s', 1, { of: 0 }))
    add(3, HS, session('s', 1, { status: 'True', since: 7 }))
    add(4, 'agents', agent('a', 'False'), { at: at(9) })
    replay.settle(at(10))
    const begin = { agents: replay.kind('agents'), harvestsessions: replay.kind(HS) }
    const { applies, agents } = convergence({ begin, steps: replay.steps, from: at(0), to: at(10) })
    assert.deepEqual(applies.map(({ took, state }) => [took, state]), [[2000, 'converged']])
    assert.deepEqual([agents.times, agents.series.connected], [[at(0), at(9), at(10)], [1, 0, 0]])
  },
  metrics_are_read_with_their_labels() {
    const metrics = parse(METRICS)
    assert.equal(sum(metrics, 'plain'), 7)
    assert.deepEqual(metrics.get('odd'), [{ labels: { a: 'x"y,}', b: '\\n' }, value: 1000 }])
    assert.deepEqual(by(metrics, 'n_total', 'class'), { A: 1, B: 2 })
    assert.equal(sum(metrics, 'n_total'), 3)
    assert.equal(sum(metrics, 'n_total', { class: 'B' }), 2)
    assert.equal(sum(metrics, 'nothing'), 0)
  },
  a_histogram_tells_in_which_bucket_a_quantile_lies() {
    const metrics = parse(METRICS)
    const of = (share, cause = 'change') => bucketOf(metrics, 't_seconds', { cause }, share)
    assert.deepEqual(of(0.5), { over: 0, upTo: 0.1 })
    assert.deepEqual(of(0.51), { over: 0.1, upTo: 1 })
    assert.deepEqual(of(0.99), { over: 1, upTo: 60 })
    assert.deepEqual(of(1), { over: 60, upTo: Infinity })
    assert.equal(of(0.5, 'other'), undefined)
  },
})
