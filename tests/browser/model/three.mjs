import { leaves, ROWS_MAX, shownRows, threeStates } from '../../../controller/dashboard/src/model/three.js'
import { heldBack, sessionState } from '../../../controller/dashboard/src/model/states.js'
import { assert, check } from './check.mjs'

const assignment = (slot, phase, converged = 'True', template = 'blake2b:0123456789abcdef') => ({
  metadata: { name: `s-${slot}` },
  spec: { slot, agent: `edge-${slot}`, session: 's', template },
  status: { phase, reason: phase === 'Suspended' ? 'BatteryLow' : '', conditions: [{ type: 'Converged', status: converged, reason: phase, message: `is ${phase}` }] },
})
const session = (status) => ({ spec: { replicas: 2 }, status: { observedGeneration: 1, ...status } })
const differing = (rows) => rows.filter(({ differs }) => differs).map(({ field }) => field)

await check({
  nothing_differs_where_all_is_as_declared() {
    const rows = threeStates('HarvestSession', session({ desired: 2, ready: 2, updated: 2 }), [assignment('0', 'Running'), assignment('1', 'Running')])
    assert.deepEqual(differing(rows), [])
    assert.deepEqual(rows.map(({ field }) => field), ['replicas', 'form', 'replica 0', 'replica 1'])
    assert.deepEqual(rows.slice(2).map(({ current, name }) => [current, name]), [['Running', 's-0'], ['Running', 's-1']])
  },
  a_session_of_which_all_is_held_back_is_suspended_and_one_of_which_a_part_is_says_how_much() {
    const converged = { status: { conditions: [{ type: 'Converged', status: 'True', reason: 'AsDeclared' }] } }
    const [held, running] = [assignment('0', 'Suspended'), assignment('1', 'Running')]
    assert.deepEqual([[], [running], [held, running], [held, held]].map((work) => [sessionState(converged, work).state, heldBack(work)]), [['converged', 0], ['converged', 0], ['converged', 1], ['suspended', 2]])
  },
  of_very_many_rows_those_are_told_in_which_something_differs() {
    const work = Array.from({ length: 5000 }, (_, i) => assignment(String(i), i % 100 === 99 ? 'Suspended' : 'Running'))
    const { rows, more } = shownRows(threeStates('HarvestSession', session({ desired: 5000, ready: 5000, updated: 5000 }), work))
    assert.deepEqual([rows.length, more, differing(rows).length], [ROWS_MAX, 5002 - ROWS_MAX, 50])
    assert.deepEqual([rows[0].field, rows.at(-1).field], ['replicas', 'replica 4999'])
  },
  what_is_not_as_declared_is_marked_where_it_is() {
    const rows = threeStates('HarvestSession', session({ desired: 2, ready: 1, updated: 1 }), [assignment('0', 'Suspended'), assignment('1', 'Starting', 'False', 'blake2b:ff')])
    assert.deepEqual(differing(rows), ['replicas', 'form', 'replica 0', 'replica 1'])
    assert.equal(rows[1].applicable, '2 forms: 0123456789, ff')
    assert.equal(rows[2].current, 'Suspended, BatteryLow')
  },
  an_agent_that_is_away_differs_in_its_connection() {
    const agent = { spec: { unschedulable: false }, status: { conditions: [{ type: 'Ready', status: 'False', reason: 'AgentAway', message: 'gone' }] } }
    assert.deepEqual(differing(threeStates('Agent', agent, [])), ['connection'])
  },
  a_kind_that_is_not_known_is_shown_by_its_fields() {
    const rows = threeStates('Newer', { spec: { size: 3, list: [1] }, status: { size: 2, seen: true, conditions: [{ type: 'Ready', status: 'True' }] } }, [])
    assert.deepEqual(rows.map(({ field, desired, current, differs }) => [field, desired, current, differs]), [
      ['size', 3, 2, true],
      ['list', [1], undefined, false],
      ['seen', '', true, false],
    ])
  },
  leaves_of_lists_are_named_by_what_names_their_items() {
    assert.deepEqual(leaves({ a: [{ name: 'x', v: 1 }], b: [1, 2], c: {} }), [['a[x].name', 'x'], ['a[x].v', 1], ['b', [1, 2]]])
  },
})
