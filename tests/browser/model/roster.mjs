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
}

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
      if (kind < 3) change(agents, roster.changeAgent, name, agent(name, roll(4) > 0))
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
  other_labels_are_another_generation_and_other_readings_are_not() {
    const roster = new Roster()
    const [bare, labelled] = [agent('a', true), { ...agent('a', true), metadata: { name: 'a', labels: { site: 'north' } } }]
    const told = (before, object) => {
      const was = roster.generation
      roster.changeAgent({ type: 'put', object, before })
      return roster.generation !== was
    }
    assert.deepEqual([told(undefined, bare), told(bare, agent('a', false)), told(bare, labelled), told(labelled, labelled)], [true, false, true, false])
  },
})
