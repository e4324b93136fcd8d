// A plan in words: what the agents would do, as the controller foresees it.  Pure.

const ACTIONS = ['start', 'stop', 'restart', 'move', 'replace', 'update']
const times = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`

export const replicaName = ({ session, slot }) => `${session}/${slot}`

// "starts 2, stops 1; 3 go on as they are"
export function planSummary({ summary }) {
  const deeds = ACTIONS.filter((action) => summary[action] > 0).map((action) => times(summary[action], action))
  const rest = summary.unchanged > 0 ? `${summary.unchanged} ${summary.unchanged === 1 ? 'goes on as it is' : 'go on as they are'}` : ''
  const waits = summary.wait > 0 ? `${summary.wait} ${summary.wait === 1 ? 'waits' : 'wait'}` : ''
  const words = [deeds.join(', ') || 'no agent has anything to do', waits, rest].filter(Boolean)
  return words.join('; ')
}

function place({ agent, from }) {
  if (from) return `from ${from} to ${agent}`
  return agent ? `on ${agent}` : ''
}

// [{words, reason, held}] in the order in which it would happen
export const planLines = ({ changes, pending }) => [
  ...changes.map((change) => ({
    words: `${change.action} ${replicaName(change)} ${place(change)}`.trim(),
    reason: change.reason ?? '',
    held: change.held?.message ?? '',
  })),
  ...pending.map((one) => ({ words: `${replicaName(one)} waits`, reason: one.reason || one.why || '', held: '' })),
]
