import { Roster } from '../../../controller/dashboard/src/model/roster.js'
import { agentState } from '../../../controller/dashboard/src/model/states.js'
import { assert, check, dice } from './check.mjs'

const agent = (name, ready) => ({ metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: 'Away' }] } })
const assignment = (name, on, phase) => ({
  metadata: { name },
  spec: { agent: on },
  status: { phase, reason: 'BatteryLow', conditions: [{ type: 'Converged', status: phase === 'Pending' ? 'False' : 'True', reason: phase }] },
})

// The same from nothing.
function anew(agents, assignments) {
  const states = new Map()
  for (const [name, one] of agents) states.set(name, agentState(one, [...assignments.values()].filter((other) => other.spec.agent === name)))
  return states
}

function isAsAnew(roster, agents, assignments) {
  const wanted = anew(agents, assignments)
  assert.deepEqual([...roster.entries.keys()].sort(), [...wanted.keys()].sort())
  const counts = {}
  for (const [name, state] of wanted) {
    assert.equal(roster.entries.get(name).state.state, state.state, name)
    counts[state.state] = (counts[state.state] ?? 0) + 1
  }
  for (const [state, count] of Object.entries(roster.counts)) assert.equal(count, counts[state] ?? 0, state)
  const keys = {}
  for (const { metadata } of agents.values()) for (const key of Object.keys(metadata.labels ?? {})) keys[key] = (keys[key] ?? 0) + 1
  assert.deepEqual(Object.fromEntries(roster.keys), keys)
}

const labelled = (object, labels) => ({ ...object, metadata: { ...object.metadata, labels } })

await check({
  states_follow_changes_as_if_all_were_looked_at_anew() {
    const roll = dice(7)
    const roster = new Roster()
    const [agents, assignments] = [new Map(), new Map()]
    const change = (all, tell, name, object) => {
      const before = all.get(name)
      object ? all.set(name, object) : all.delete(name)
      if (object || before) tell.call(roster, { type: object ? 'put' : 'remove', object, before }, all)
    }
    for (let i = 0; i < 3000; i++) {
      const name = `a${roll(8)}`
      const kind = roll(10)
      if (kind < 3) change(agents, roster.changeAgent, name, labelled(agent(name, roll(4) > 0), [undefined, { site: 'a' }, { site: 'b', old: '' }][roll(3)]))
      else if (kind === 3) change(agents, roster.changeAgent, name)
      else if (kind === 4) change(assignments, roster.changeAssignment, `w${roll(20)}`)
      else if (kind === 5 && roll(20) === 0) roster.changeAgent({ type: 'replace' }, agents)
      else if (kind === 5 && roll(20) === 1) roster.changeAssignment({ type: 'replace' }, assignments)
      else {
        const work = `w${roll(20)}`
        change(assignments, roster.changeAssignment, work, assignment(work, name, ['Pending', 'Running', 'Suspended'][roll(3)]))
      }
      isAsAnew(roster, agents, assignments)
    }
  },
  who_may_have_changed_is_told_once_and_who_is_gone_is_not() {
    const roster = new Roster()
    roster.changeAgent({ type: 'put', object: agent('a', true) })
    roster.changeAgent({ type: 'put', object: agent('b', true) })
    assert.deepEqual([...roster.takeTouched()], ['a', 'b'])
    roster.changeAssignment({ type: 'put', object: assignment('w', 'b', 'Running') })
    roster.changeAssignment({ type: 'put', object: assignment('v', 'nobody', 'Running') })
    assert.deepEqual([...roster.takeTouched()], ['b'])
    roster.changeAgent({ type: 'put', object: agent('a', false), before: agent('a', true) })
    roster.changeAgent({ type: 'remove', before: agent('a', false) })
    assert.deepEqual([...roster.takeTouched()], [])
  },
  other_labels_are_another_generation_and_other_readings_are_not() {
    const roster = new Roster()
    const bare = agent('a', true)
    const north = labelled(bare, { site: 'north' })
    const told = (before, object) => {
      const was = roster.generation
      roster.changeAgent({ type: 'put', object, before })
      return roster.generation !== was
    }
    assert.deepEqual([told(undefined, bare), told(bare, agent('a', false)), told(bare, north), told(north, north)], [true, false, true, false])
  },
})
