// A plan, as the controller tells it, made ready to be drawn: a column for each wave, a row for each
// agent.  Pure.
import { differences as fields } from './differences.js'

export const ACTIONS = {
  start: { mark: '▶', says: 'starts' },
  stop: { mark: '■', says: 'stops' },
  restart: { mark: '↻', says: 'starts anew' },
  move: { mark: '→', says: 'moves' },
  replace: { mark: '⇄', says: 'is replaced' },
  update: { mark: '✎', says: 'is told anew' },
  wait: { mark: '…', says: 'waits' },
  suspend: { mark: '❚❚', says: 'is suspended' },
  resume: { mark: '▷', says: 'goes on' },
  throttle: { mark: '◔', says: 'is slowed down' },
}

export const SHOWN = { agents: 40, waves: 24 } // beyond these, counts

// What another policy makes of work that goes on where it is, as steps beside the others.
const BECOMES = { Run: 'resume', Throttle: 'throttle', Suspend: 'suspend', Evict: 'suspend' }
const turns = (plan) => (plan.policy ?? []).map(({ becomes, reason, message, ...rest }) => ({ ...rest, action: BECOMES[becomes] ?? 'update', reason: `${reason}: ${message}` }))

// {waves: [number], rows: [{agent, cells: [[step]] by wave}], more: {agents, waves}}
export function drawn(plan) {
  const steps = [...plan.changes, ...turns(plan)]
  const waves = [...new Set(steps.map(({ wave }) => wave))].sort((a, b) => a - b)
  const shown = waves.slice(0, SHOWN.waves)
  const column = new Map(shown.map((wave, at) => [wave, at]))
  const rows = new Map()
  for (const step of steps) {
    const agent = step.agent ?? ''
    if (!rows.has(agent)) rows.set(agent, { agent, cells: shown.map(() => []) })
    const at = column.get(step.wave)
    if (at !== undefined) rows.get(agent).cells[at].push(step)
  }
  const all = [...rows.values()].sort((a, b) => a.agent.localeCompare(b.agent, 'en', { numeric: true }))
  return {
    waves: shown,
    rows: all.slice(0, SHOWN.agents),
    more: { agents: Math.max(0, all.length - SHOWN.agents), waves: waves.length - shown.length },
  }
}

// "3 start, 1 stops, 6 stay as they are": of a summary, what is not nothing.
export function inWords(summary) {
  const words = { start: ['starts', 'start'], stop: ['stops', 'stop'], restart: ['starts anew', 'start anew'], move: ['moves', 'move'],
    replace: ['is replaced', 'are replaced'], update: ['is told anew', 'are told anew'], wait: ['waits', 'wait'],
    suspend: ['is suspended', 'are suspended'], resume: ['goes on', 'go on'], unchanged: ['stays as it is', 'stay as they are'] }
  const parts = Object.entries(words)
    .filter(([action]) => summary[action] > 0)
    .map(([action, [one, many]]) => `${summary[action]} ${summary[action] === 1 ? one : many}`)
  return parts.length === 0 ? 'nothing starts, stops or moves' : parts.join(', ')
}

// A plan that has a bound says where it ended; '' when it is whole.
export function cutInWords({ cut }) {
  if (!cut) return ''
  const more = Object.entries(cut.more ?? {}).map(([action, count]) => `${count} more ${action}`)
  const { sessions, replicas } = cut.notExamined ?? {}
  if (sessions) more.push(`${sessions} session${sessions === 1 ? '' : 's'} with ${replicas} replicas not looked at`)
  return `This is not all: ${more.join(', ')}.`
}

// Fields of two objects that differ: [{path, before, after}]; status and what the server keeps are left out.
export const differences = (before, after) => fields(desired(before), desired(after))

function desired(object) {
  if (!object) return undefined
  const { metadata = {}, status, ...rest } = object
  const { labels, annotations, finalizers, name } = metadata
  return { ...rest, metadata: { name, labels, annotations, finalizers } }
}
