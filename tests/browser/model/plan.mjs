import { differences, drawn, inWords, SHOWN } from '../../../controller/dashboard/src/model/plan.js'
import { assert, check } from './check.mjs'

const step = (action, agent, wave, slot = '0') => ({ action, session: 's', slot, agent, wave, reason: '' })

await check({
  steps_stand_at_their_agent_and_wave() {
    const { waves, rows } = drawn({ changes: [step('start', 'b', 1), step('stop', 'a', 3), step('start', 'a', 1), step('start', 'a', 1, '1')] })
    assert.deepEqual(waves, [1, 3])
    assert.deepEqual(rows.map(({ agent, cells }) => [agent, cells.map((steps) => steps.length)]), [['a', [2, 1]], ['b', [1, 0]]])
  },
  what_is_too_much_to_draw_is_counted() {
    const changes = Array.from({ length: 100 }, (_, i) => step('start', `a${i}`, i))
    const { rows, waves, more } = drawn({ changes })
    assert.deepEqual([rows.length, waves.length], [SHOWN.agents, SHOWN.waves])
    assert.deepEqual(more, { agents: 100 - SHOWN.agents, waves: 100 - SHOWN.waves })
  },
  a_summary_is_said_in_words() {
    assert.equal(inWords({ start: 2, stop: 1, restart: 0, unchanged: 1 }), '2 start, 1 stops, 1 stays as it is')
    assert.equal(inWords({ start: 0 }), 'nothing runs, and nothing will')
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
