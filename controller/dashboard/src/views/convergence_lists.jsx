// What the plots show, as tables: for who does not see them, and to go on from.
import { useState } from 'preact/hooks'
import { href, objectHref } from '../lib/route.js'
import { dayTime, span } from '../lib/time.js'
import { tookWords } from '../model/convergence.js'
import { lastOf } from './spans.jsx'

const ROWS = 20 // of each table before somebody asks for all

// The moment in the Time view, of the same period.
function When({ time, period }) {
  const params = { last: lastOf(period), at: new Date(time).toISOString() }
  return (
    <a href={href(['time'], params)} title="the fleet at that moment">
      {dayTime(time)}
    </a>
  )
}

const Session = ({ name }) => <a href={objectHref('harvestsessions', name)}>{name}</a>
const Agent = ({ name }) => <a href={objectHref('agents', name)}>{name}</a>

// `columns`: [[title, cell(row)]]
function List({ name, columns, rows }) {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? rows : rows.slice(0, ROWS)
  return (
    <div class="scrolled">
      <table class="objects" aria-label={name}>
        <thead>
          <tr>
            {columns.map(([title]) => (
              <th scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr>
              {columns.map(([title, draw]) => (
                <td data-title={title}>{draw(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length && <button onClick={() => setWhole(true)}>show all {rows.length}</button>}
    </div>
  )
}

const MARKS = { converged: '●', open: '○', replaced: '∘', deleted: '∘' }
const COLOURS = { converged: 'converged', open: 'converging', replaced: 'silent', deleted: 'silent' }
const BECAME = { converged: 'as declared', open: 'not yet', replaced: 'replaced by a newer one', deleted: 'deleted before' }

function Became({ one }) {
  return (
    <>
      <span class={`became ${COLOURS[one.state]}`}>
        <span aria-hidden="true">{MARKS[one.state]}</span> {BECAME[one.state]}
      </span>
      {one.state === 'open' && (
        <span class="quiet">
          {' '}
          {one.sessions.length > 1 && `${one.name}, `}
          {one.class && `${one.class}: `}
          {one.message}
        </span>
      )}
    </>
  )
}

const NAMES_MAX = 5 // of one change

const Sessions = ({ sessions }) => (
  <>
    {sessions.slice(0, NAMES_MAX).map(({ name }, i) => (
      <>
        {i > 0 && ', '}
        <Session name={name} />
      </>
    ))}
    {sessions.length > NAMES_MAX && ` and ${sessions.length - NAMES_MAX} more`}
  </>
)

const applyColumns = (period) => [
  ['when', (one) => <When time={one.time} period={period} />],
  ['sessions', (one) => <Sessions sessions={one.sessions} />],
  ['revision', (one) => one.revision],
  ['who', (one) => one.who],
  ['took', (one) => tookWords(one.took, one.isRough, span)],
  ['became', (one) => <Became one={one} />],
  ['why', (one) => one.why],
]

const divergedWords = ({ is, isGone, reason }) => (isGone ? 'removed' : is ? `${is}: ${reason}` : 'as declared')

const divergedColumns = (period) => [
  ['when', (one) => <When time={one.time} period={period} />],
  ['session', (one) => <Session name={one.name} />],
  ['became', divergedWords],
  ['why', ({ message }) => message],
]

const times = (count) => (count === 1 ? '' : ` ${count} times`)
const driftWords = ({ found, healed }) => [found && `found${times(found)}`, healed && `healed${times(healed)}`].filter(Boolean).join(', ')

const driftColumns = (period) => [
  ['when', (one) => <When time={one.time} period={period} />],
  ['session', (one) => <Session name={one.session} />],
  ['replica', ({ slot }) => slot],
  ['agent', (one) => <Agent name={one.agent} />],
  ['sort', ({ sort }) => sort],
  ['drift', driftWords],
  ['what', ({ detail }) => detail],
]

const agentColumns = (period) => [
  ['when', (one) => <When time={one.time} period={period} />],
  ['agent', (one) => <Agent name={one.name} />],
  ['became', ({ what }) => what],
  ['reason', ({ reason }) => reason],
  ['why', ({ message }) => message],
]

export function Lists({ series, period }) {
  const { applies, diverged, drift, agents } = series
  const others = [
    ['Sessions that ceased to be as declared, or were again', diverged.list, divergedColumns],
    ['Drift found and healed', drift.list, driftColumns],
    ['Agents that joined and left', agents.list, agentColumns],
  ]
  return (
    <>
      <section aria-label="Changes">
        <h2>Changes</h2>
        {applies.length > 0 && <List name="Changes" columns={applyColumns(period)} rows={applies} />}
        {applies.length === 0 && <p class="quiet">None in this period.</p>}
      </section>
      {others.map(([title, rows, columns]) => (
        <details>
          <summary>
            {title} <span class="quiet">{rows.length}</span>
          </summary>
          {rows.length > 0 && <List name={title} columns={columns(period)} rows={rows} />}
        </details>
      ))}
    </>
  )
}
