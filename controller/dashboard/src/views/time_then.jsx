// The fleet as it was at the moment: how many agents were in which state, which they were, and what the sessions had.
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { stringify } from 'yaml'
import { dayTime } from '../lib/time.js'
import { condition, sessionState, STATES } from '../model/states.js'
import { newestAt } from '../model/changes.js'
import { State } from '../ui.jsx'
import { readColours, watchLook } from './squares.js'
import { Only } from './time_changes.jsx'

const CHIPS_MAX = 80 // more agents than these are dots
const NAMED_MAX = 12 // of those that are not well, by name beside the dots
const SESSIONS_MAX = 60
const DOT = 9
const DOTS_HEIGHT_MAX = 320

export function Then({ held, moment, object, onBack, changes }) {
  const { past, roster } = held
  past.version.value // read, so that what is told is drawn
  if (past.phase.value !== 'whole') return <section class="then" aria-label="The fleet then" />
  past.replay.moveTo(moment.value === null ? past.replay.steps.length : past.replay.indexAt(moment.value))
  const newest = newestAt(changes.value, moment.value ?? Infinity)
  return (
    <section class="then" aria-label="The fleet then">
      <div class="titled">
        <h2>{moment.value === null ? 'The fleet now' : <>The fleet then <span class="quiet">{dayTime(moment.value)}</span></>}</h2>
        {moment.value !== null && newest && <button onClick={() => onBack({ toRevision: newest.last, object })}>Back to this moment …</button>}
      </div>
      <Counts counts={roster.counts} none={moment.value === null ? 'no agent has dialled in' : 'no agent had dialled in'} />
      {roster.entries.size > CHIPS_MAX ? <Dots entries={roster.entries} generation={roster.generation} /> : <Chips entries={roster.entries} />}
      <Sessions sessions={past.replay.kind('harvestsessions')} object={object} />
      {object && <Form one={past.replay.kind(object.plural).get(object.name)} />}
    </section>
  )
}

function Counts({ counts, none }) {
  return (
    <p class="counts">
      {Object.keys(STATES)
        .filter((state) => counts[state] > 0)
        .map((state) => (
          <span>
            <strong>{counts[state]}</strong> <State state={state} />
          </span>
        ))}
      {Object.values(counts).every((count) => count === 0) && <span class="quiet">{none}</span>}
    </p>
  )
}

const byName = new Intl.Collator('en', { numeric: true }).compare
const sorted = (names) => [...names].sort(byName)

function Chip({ name, state }) {
  return (
    <li title={`${name}: ${state.state}${state.message ? `, ${state.message}` : ''}`}>
      <State state={state.state} short /> <Only plural="agents" name={name} words={name} />
      {state.reason && state.state !== 'converged' && state.state !== 'idle' && <span class="quiet"> {state.reason}</span>}
    </li>
  )
}

function Chips({ entries }) {
  return (
    <ul class="chips" aria-label="Agents">
      {sorted(entries.keys()).map((name) => (
        <Chip key={name} name={name} state={entries.get(name).state} />
      ))}
    </ul>
  )
}

function Dots({ entries, generation }) {
  const canvas = useRef()
  const names = useMemo(() => sorted(entries.keys()), [entries, generation])
  const draw = useRef()
  draw.current = () => drawDots(canvas.current, names, entries)
  useEffect(() => draw.current())
  useEffect(() => {
    const again = () => draw.current()
    const end = watchLook(again)
    addEventListener('resize', again)
    return () => (end(), removeEventListener('resize', again))
  }, [])
  const unwell = names.filter((name) => ['diverged', 'silent', 'suspended'].includes(entries.get(name).state.state))
  return (
    <>
      <canvas ref={canvas} class="dots" aria-hidden="true" />
      <ul class="chips" aria-label="Agents that are not well">
        {unwell.slice(0, NAMED_MAX).map((name) => (
          <Chip key={name} name={name} state={entries.get(name).state} />
        ))}
        {unwell.length > NAMED_MAX && <li class="quiet">and {unwell.length - NAMED_MAX} more</li>}
      </ul>
    </>
  )
}

// Smaller and smaller, until all of them are there.
function drawDots(canvas, names, entries) {
  const width = canvas.clientWidth
  let size = DOT
  while (size > 2 && Math.ceil(names.length / Math.floor(width / size)) * size > DOTS_HEIGHT_MAX) size--
  const columns = Math.floor(width / size)
  const height = Math.ceil(names.length / columns) * size
  canvas.style.height = `${height}px`
  canvas.width = width * devicePixelRatio
  canvas.height = height * devicePixelRatio
  const context = canvas.getContext('2d')
  const colours = readColours()
  context.scale(devicePixelRatio, devicePixelRatio)
  names.forEach((name, i) => {
    const { state } = entries.get(name).state
    context.fillStyle = context.strokeStyle = colours[state]
    const [x, y, side] = [(i % columns) * size, Math.floor(i / columns) * size, size > 3 ? size - 2 : size - 1]
    if (state === 'silent') context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1)
    else context.fillRect(x, y, side, side)
  })
}

const ready = ({ status = {} }) => (status.desired === undefined ? '' : `${status.ready ?? 0} of ${status.desired}`)

function Sessions({ sessions, object }) {
  const names = sorted(sessions.keys())
  return (
    <div class="scrolled">
      <table class="objects sessions">
        <thead>
          <tr>
            <th scope="col">session</th>
            <th scope="col">ready</th>
            <th scope="col">state</th>
          </tr>
        </thead>
        <tbody>
          {names.slice(0, SESSIONS_MAX).map((name) => (
            <Session key={name} session={sessions.get(name)} isMeant={object?.plural === 'harvestsessions' && object.name === name} />
          ))}
        </tbody>
      </table>
      {names.length === 0 && <p class="quiet">no session was declared</p>}
      {names.length > SESSIONS_MAX && <p class="quiet">and {names.length - SESSIONS_MAX} more</p>}
    </div>
  )
}

function Session({ session, isMeant }) {
  const { name } = session.metadata
  const { state, reason, message } = sessionState(session)
  return (
    <tr class={isMeant ? 'meant' : ''}>
      <td>
        <Only plural="harvestsessions" name={name} words={name} />
      </td>
      <td>{ready(session)}</td>
      <td>
        <State state={state} /> <span class="quiet">{condition(session, 'Converged') && (message || reason)}</span>
      </td>
    </tr>
  )
}

// An object as it was, in the form in which it would be declared.
function Form({ one }) {
  if (!one) return <p class="quiet">it was not there then</p>
  const { name, labels, annotations } = one.metadata
  return <pre class="form">{stringify({ kind: one.kind, metadata: { name, labels, annotations }, spec: one.spec, status: one.status })}</pre>
}
