import { readFileSync } from 'node:fs'
import { agentState, assignmentState, learnClasses, sessionState, STATES } from '../../../controller/dashboard/src/model/states.js'
import { assert, check } from './check.mjs'

// The same cases as those of `fogctl top` (tests/unit/fogctl/scene_test.c): the page and the terminal say the same.
const cases = JSON.parse(readFileSync('tests/fixtures/states.json', 'utf8'))
learnClasses(JSON.parse(readFileSync('build/dashboard/reasons.json', 'utf8')))

const isAsWanted = ({ state, reason }, wanted) => {
  assert.equal(state, wanted.state, wanted.case)
  // A word that needs no reason has none in a row of the terminal.
  if (wanted.reason !== undefined && state !== 'converged') assert.equal(reason, wanted.reason, wanted.case)
}

await check({
  the_states_and_what_they_mean_are_those_of_the_terminal() {
    assert.deepEqual(Object.entries(STATES).map(([state, { says }]) => [state, says]), cases.states)
  },
  assignments_sessions_and_agents_are_in_the_states_that_the_terminal_says() {
    for (const one of cases.assignments) isAsWanted(assignmentState(one.assignment), one)
    for (const one of cases.sessions) isAsWanted(sessionState(one.session), one)
    for (const one of cases.agents) isAsWanted(agentState(one.agent, one.work.map((status) => ({ status }))), one)
  },
})
