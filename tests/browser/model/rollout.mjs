import { progress } from '../../../controller/dashboard/src/model/rollout.js'
import { assert, check } from './check.mjs'

const replica = (slot, template, generation) => ({ metadata: { name: `s-${slot}`, generation, creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { slot: String(slot), template } })
const newest = (updated, ...all) =>
  progress({ status: { desired: all.length, ready: 0, updated } }, all)
    .replicas.filter(({ isNewest }) => isNewest)
    .map(({ assignment }) => assignment.spec.slot)

await check({
  those_of_the_newest_form_are_known_at_every_step_of_a_rollout() {
    assert.deepEqual(newest(3, replica(0, 'a', 1), replica(1, 'a', 1), replica(2, 'a', 1)), ['0', '1', '2'])
    assert.deepEqual(newest(1, replica(0, 'b', 2), replica(1, 'a', 1), replica(2, 'a', 1)), ['0'])
    assert.deepEqual(newest(2, replica(0, 'b', 2), replica(1, 'b', 2), replica(2, 'a', 1)), ['0', '1'])
    assert.deepEqual(newest(1, replica(0, 'b', 2), replica(1, 'a', 1)), ['0'])
  },
  replicas_are_in_the_order_of_their_slots() {
    const { replicas } = progress({}, [replica(10, 'a', 1), replica(9, 'a', 1)])
    assert.deepEqual(replicas.map(({ assignment }) => assignment.spec.slot), ['9', '10'])
  },
})
