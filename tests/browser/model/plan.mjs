import { cutInWords, differences, drawn, inWords, SHOWN } from '../../../controller/dashboard/src/model/plan.js'
import { assert, check } from './check.mjs'

const step = (action, agent, wave, slot = '0') => ({ action, session: 's', slot, agent, wave, reason: '' })

await check({
  steps_stand_at_their_agent_and_wave() {
    const { waves, rows } = drawn({ changes: [step('start', 'b', 1), step('stop', 'a', 3), step('start', 'a', 1), step('start', 'a', 1, '1')] })
    assert.deepEqual(waves, [1, 3])
    assert.deepEqual(rows.map(({ agent, cells }) => [agent, cells.map((steps) => steps.length)]), [['a', [2, 1]], ['b', [1, 0]]])
  },
  what_another_policy_makes_of_work_that_goes_on_is_drawn_with_the_rest() {
    const policy = [
      { session: 's', slot: '0', agent: 'a', wave: 1, is: 'Run', becomes: 'Evict', reason: 'Overheated', message: '70 °C' },
      { session: 's', slot: '1', agent: 'b', wave: 2, is: 'Suspend', becomes: 'Run', reason: 'BatteryLow', message: '' },
    ]
    const { waves, rows } = drawn({ changes: [step('start', 'a', 1, '2')], policy })
    assert.deepEqual(waves, [1, 2])
    assert.deepEqual(rows[0].cells[0].map(({ action, reason }) => [action, reason]), [['start', ''], ['suspend', 'Overheated: 70 °C']])
    assert.equal(rows[1].cells[1][0].action, 'resume')
    assert.equal(inWords({ suspend: 2, resume: 1 }), '2 are suspended, 1 goes on')
  },
  a_plan_that_was_cut_says_so() {
    assert.equal(cutInWords({}), '')
    assert.equal(
      cutInWords({ cut: { at: 'copies', bound: 60000, more: { start: 2000 }, notExamined: { sessions: 394, replicas: 3940000 } } }),
      'This is not all: 2000 more start, 394 sessions with 3940000 replicas not looked at.',
    )
  },
  what_is_too_much_to_draw_is_counted() {
    const changes = Array.from({ length: 100 }, (_, i) => step('start', `a${i}`, i))
    const { rows, waves, more } = drawn({ changes })
    assert.deepEqual([rows.length, waves.length], [SHOWN.agents, SHOWN.waves])
    assert.deepEqual(more, { agents: 100 - SHOWN.agents, waves: 100 - SHOWN.waves })
  },
  a_summary_is_said_in_words() {
    assert.equal(inWords({ start: 2, stop: 1, restart: 0, unchanged: 1 }), '2 start, 1 stops, 1 stays as it is')
    assert.equal(inWords({ start: 0 }), 'nothing starts, stops or moves')
  },
  fields_that_differ_are_told_and_those_of_the_server_are_not() {
    const before = { kind: 'S', metadata: { name: 'a', uid: '1', labels: { x: '1' } }, spec: { n: 1, list: [1, 2], same: {} }, status: { ready: 1 } }
    const after = { kind: 'S', metadata: { name: 'a', uid: '2' }, spec: { n: 2, list: [1, 3], same: {}, more: { deep: true } }, status: {} }
    assert.deepEqual(differences(before, after), [
      { path: 'spec.n', before: 1, after: 2 },
      { path: 'spec.list', before: [1, 2], after: [1, 3] },
      { path: 'spec.more.deep', before: undefined, after: true },
      { path: 'metadata.labels.x', before: '1', after: undefined },
    ])
    assert.deepEqual(differences(before, before), [])
  },
})
