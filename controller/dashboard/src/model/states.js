// The state of an agent, and of a session, at a glance: one word of few, why, and since when.
// Pure: objects in, words out.

// In the order of how much they ask for attention, least first; `mark` is told by form as well as by colour.
export const STATES = {
  converged: { mark: '●', says: 'what runs is what was declared' },
  idle: { mark: '·', says: 'nothing is placed there' },
  suspended: { mark: '❚❚', says: 'policy holds its work back' },
  cordoned: { mark: '⊘', says: 'it gets no new work' },
  converging: { mark: '◐', says: 'on its way' },
  diverged: { mark: '▲', says: 'something stands in the way' },
  silent: { mark: '○', says: 'nothing is heard of it' },
}

// Reasons by the class of what stands in the way, as the controller's own table has them; what is not in
// it is of the configuration: a change on its way.
let classes = {}
export const learnClasses = (table) => (classes = table)
export const classOf = (reason) => classes[reason] ?? 'Configuration'

export const condition = (object, type) => object.status?.conditions?.find((one) => one.type === type)
const is = (object, type, status) => condition(object, type)?.status === status
const say = (state, reason = '', message = '', since = undefined) => ({ state, reason, message, since })

// How far one assignment is from what it shall be.
export function assignmentState(assignment) {
  const { phase, failures = 0 } = assignment.status ?? {}
  const converged = condition(assignment, 'Converged')
  const { reason = '', message = '', lastTransitionTime } = converged ?? {}
  if (phase === 'Suspended') return say('suspended', assignment.status.reason ?? reason, message, lastTransitionTime)
  if (converged?.status === 'True') return say('converged', reason, message, lastTransitionTime)
  const isMoving = phase === undefined || phase === 'Pending' || phase === 'Starting' || phase === 'Stopping'
  return say(isMoving && failures === 0 ? 'converging' : 'diverged', reason, message, lastTransitionTime)
}

// Of an agent, with the assignments on it.
export function agentState(agent, assignments = []) {
  const ready = condition(agent, 'Ready')
  if (ready?.status !== 'True') {
    return say('silent', ready?.reason ?? 'NeverConnected', ready?.message ?? 'it has never dialled in', ready?.lastTransitionTime)
  }
  if (agent.status?.paused) return say('suspended', 'OwnerPaused', 'the owner of the machine lets nothing run', ready.lastTransitionTime)
  const states = assignments.map(assignmentState)
  for (const state of ['diverged', 'converging', 'suspended']) {
    const all = states.filter((one) => one.state === state)
    if (all.length > 0) return { ...all[0], reason: [...new Set(all.map(({ reason }) => reason))].join(', ') }
  }
  if (agent.spec?.unschedulable || is(agent, 'Schedulable', 'False')) {
    const held = condition(agent, 'Schedulable')
    return say('cordoned', held?.reason ?? 'Cordoned', held?.message ?? 'it gets no new work', held?.lastTransitionTime)
  }
  return states.length === 0 ? say('idle', 'Idle', 'nothing is placed there') : say('converged', 'AsDeclared', 'all of it is as declared')
}

// Did this change of an agent or an assignment stop something that went?
export function isSetback({ plural, before, after }) {
  if (!before || !after) return false
  if (plural === 'agents') return is(before, 'Ready', 'True') && !is(after, 'Ready', 'True')
  if (plural !== 'assignments') return false
  const [was, now] = [assignmentState(before).state, assignmentState(after).state]
  return was !== now && (now === 'suspended' || now === 'diverged')
}

// How many of these assignments a policy or an owner holds back: they are as declared, and yet do not run.
export const heldBack = (work) => work.filter((one) => assignmentState(one).state === 'suspended').length

// Of a session, or of anything that has a condition Converged; `work`: its assignments, where they are known.
export function sessionState(session, work = []) {
  const converged = condition(session, 'Converged')
  if (converged === undefined) return say('converging', 'New', 'not yet examined')
  const { reason, message, lastTransitionTime, status } = converged
  if (status === 'True') return say(work.length > 0 && heldBack(work) === work.length ? 'suspended' : 'converged', reason, message, lastTransitionTime)
  return say(classOf(reason) === 'Configuration' ? 'converging' : 'diverged', reason, message, lastTransitionTime)
}
