// One object: what was declared, what was decided, what is; why, in words; what happened; what it says.
import { useState } from 'preact/hooks'
import { get, objectPath } from '../lib/api.js'
import { useAsked } from '../lib/asked.js'
import { useSchemas } from '../lib/fields.js'
import { clock, collection, isKind, kindOf, kinds, objects } from '../lib/fleet.js'
import { href, objectHref } from '../lib/route.js'
import { VERBS } from '../model/changes.js'
import { conditionMeanings, meaning } from '../model/fields.js'
import { agentState, assignmentState } from '../model/states.js'
import { leaves, shownRows, threeStates } from '../model/three.js'
import { Age, Changes, NoKind, Refusal, SessionState, State, word } from '../ui.jsx'
import { Logs } from './log.jsx'
import { Rollout } from './rollout.jsx'
import './object.css'

const EVENTS_SHOWN = 50
const LINKS_SHOWN = 12 // of a chain, before somebody wants more
const READINGS_MS = 10_000 // between two looks at why, when nothing has changed
const TABS = ['state', 'fields', 'history', 'log']

export function ObjectView({ path: [plural = '', name = ''], params }) {
  if (kinds.value.length === 0) return null // not yet told
  return isKind(plural) ? <One key={`${plural}/${name}`} {...{ plural, name, params }} /> : <NoKind plural={plural} />
}

function One({ plural, name, params }) {
  const kind = kindOf(plural)
  const all = objects(plural)
  const isListed = collection(plural).isListed.value
  const object = all.get(name)
  const work = workOf(kind, name)
  const tabs = TABS.filter((tab) => (tab !== 'history' || hasHistory(plural)) && (tab !== 'log' || hasLog(plural) || work.length > 0))
  const tab = tabs.includes(params.tab) ? params.tab : 'state'
  return (
    <>
      <nav class="crumbs" aria-label="Above">
        {kind === 'Agent' ? <a href={href(['fleet'])}>Fleet</a> : <a href={href(['kinds'])}>Objects</a>} › <a href={href(['kinds', plural])}>{kind}</a>
      </nav>
      <h1>
        {name} {object && <StateOf kind={kind} object={object} work={work} />}
      </h1>
      {isListed && object === undefined ? (
        <p role="status">
          There is no {kind} "{name}" now. {hasHistory(plural) && <a href={href(['time'], { object: `${plural}/${name}` })}>What became of it?</a>}
        </p>
      ) : (
        <>
          <nav class="tabs" aria-label="Parts">
            {tabs.map((one) => (
              <a href={objectHref(plural, name, { tab: one })} aria-current={one === tab ? 'page' : undefined}>
                {one}
              </a>
            ))}
          </nav>
          {object && <Part {...{ tab, plural, kind, name, object, work, params }} />}
        </>
      )}
    </>
  )
}

const toldOf = (plural) => kinds.value.find((one) => one.plural === plural)
const hasHistory = (plural) => toldOf(plural)?.verbs.includes('update') ?? false
const hasLog = (plural) => toldOf(plural)?.subresources.includes('log') ?? false

// The assignments of a session, or on an agent.
function workOf(kind, name) {
  if (kind !== 'HarvestSession' && kind !== 'Agent') return []
  const field = kind === 'Agent' ? 'agent' : 'session'
  return [...objects('assignments').values()].filter(({ spec }) => spec[field] === name)
}

function StateOf({ kind, object, work }) {
  if (kind === 'Agent') return <State state={agentState(object, work).state} />
  if (kind === 'Assignment') return <State state={assignmentState(object).state} />
  return object.status?.conditions?.some(({ type }) => type === 'Converged') ? <SessionState session={object} work={work} /> : null
}

function Part({ tab, plural, kind, name, object, work, params }) {
  switch (tab) {
    case 'fields':
      return <Fields kind={kind} object={object} />
    case 'history':
      return <History plural={plural} name={name} revision={object.metadata.resourceVersion} />
    case 'log':
      return <Logs work={hasLog(plural) ? [object] : work} chosen={params.of} />
    default:
      return (
        <>
          <Why plural={plural} name={name} revision={object.metadata.resourceVersion} work={work} />
          <Three kind={kind} object={object} work={work} />
          {kind === 'HarvestSession' && <Rollout key={name} name={name} />}
          <Conditions kind={kind} conditions={object.status?.conditions ?? []} />
          <Events kind={kind} object={object} />
        </>
      )
  }
}

// --- three states --------------------------------------------------------------------------------

const COLUMNS = { desired: 'what was declared', applicable: 'what the controller made of it', current: 'what is reported' }

function Three({ kind, object, work }) {
  const { rows, more } = shownRows(threeStates(kind, object, work))
  const columns = Object.entries(COLUMNS).filter(([name]) => rows.some((row) => word(row[name] ?? '') !== ''))
  const schemas = useSchemas()
  const isOther = rows.length > 0 && rows.every(({ name }) => name === undefined) // fields of the object: what they are is said with them
  return (
    <section aria-label="Three states">
      <div class="scrolled">
        <table class="three">
          <thead>
            <tr>
              <th />
              {columns.map(([name, says]) => (
                <th scope="col">
                  {name} <small>{says}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.field} row={row} columns={columns} says={isOther ? meaning(schemas, kind, `spec.${row.field}`) || meaning(schemas, kind, `status.${row.field}`) : ''} />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="quiet">and {more} more</p>}
      {work.length > 0 && <p class="quiet">A form is a workload with its policy: another form is another workload. ≠ is where the three do not agree.</p>}
    </section>
  )
}

function Row({ row, columns, says }) {
  const { field, differs, why, state, name } = row
  return (
    <tr class={differs ? `differs ${state ?? ''}` : ''}>
      <th scope="row">
        {differs && (
          <span class="mark" title="differs">
            ≠
          </span>
        )}{' '}
        {name ? <a href={objectHref('assignments', name)}>{field}</a> : field}
        {says && <small>{says}</small>}
      </th>
      {columns.map(([column]) => (
        <td data-column={column} class={row[column] === '' ? 'none' : ''}>
          {word(row[column])} {column === 'current' && differs && why && <span class="quiet">{why}</span>}
        </td>
      ))}
    </tr>
  )
}

function Conditions({ kind, conditions }) {
  const says = conditionMeanings(useSchemas(), kind)
  if (conditions.length === 0) return null
  return (
    <section aria-label="Conditions">
      <h2>conditions</h2>
      <table class="conditions">
        <tbody>
          {conditions.map(({ type, status, reason, message, lastTransitionTime }) => (
            <tr>
              <th scope="row">
                {type} {says[type] && says[type] !== message && <small>{says[type]}</small>}
              </th>
              <td>{status}</td>
              <td>{reason}</td>
              <td>
                <Age at={lastTransitionTime} />
              </td>
              <td class="quiet">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Fields({ kind, object }) {
  const { metadata, ...rest } = object
  const { managedFields, ...kept } = metadata
  const schemas = useSchemas()
  return (
    <table class="changes fields">
      <tbody>
        {leaves({ ...rest, metadata: kept }).map(([path, value]) => (
          <tr>
            <th scope="row">{path}</th>
            <td class="mono value">{word(value)}</td>
            <td class="quiet">{meaning(schemas, kind, path)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

// --- why -----------------------------------------------------------------------------------------

const useTold = (path, changed) => useAsked(path, changed, (signal) => get(path, {}, signal))

function Why({ plural, name, revision, work }) {
  const readAgain = Math.floor(clock.value / READINGS_MS) // a battery that empties is no change of an object
  const changed = [revision, ...work.map(({ metadata }) => metadata.resourceVersion), readAgain].join()
  const { value, failure } = useTold(`${objectPath(plural, name)}/why`, changed)
  if (failure?.code === 404) return null
  if (!value) return <Refusal failure={failure} />
  const { inTheWay } = value
  return (
    <section class="why" aria-label="Why">
      <h2>{titleOf(value)}</h2>
      {inTheWay && (
        <div class="way" role="status" aria-label="In the way">
          <p>
            <strong>{inTheWay.reason}</strong> {inTheWay.object && <>of {linked(inTheWay.object)}</>}, for <Age at={inTheWay.since} />
            {inTheWay.class && <span class="quiet"> ({inTheWay.class})</span>}
          </p>
          <p>{inTheWay.message}</p>
          {inTheWay.remedy && <p>What would help: {inTheWay.remedy}</p>}
          {inTheWay.actions?.map((line) => <Action line={line} />)}
        </div>
      )}
      <Chain links={value.chain.slice(0, LINKS_SHOWN)} />
      {value.chain.length > LINKS_SHOWN && (
        <details>
          <summary>and {value.chain.length - LINKS_SHOWN} more</summary>
          <Chain links={value.chain.slice(LINKS_SHOWN)} start={LINKS_SHOWN + 1} />
        </details>
      )}
    </section>
  )
}

const Chain = ({ links, start = 1 }) => (
  <ol class="chain" start={start}>
    {links.map((link) => (
      <li>
        {linked(link.object)} <strong>{link.is}</strong> {link.reason} <Age at={link.since} />
        <br />
        <span class="quiet">
          {link.message} {link.readings}
        </span>
      </li>
    ))}
  </ol>
)

// Something to do: a command for a shell, or words.
function Action({ line }) {
  const [isCopied, setCopied] = useState(false)
  const copy = () => navigator.clipboard.writeText(line).then(() => setCopied(true))
  return (
    <div class="command">
      <pre>{line}</pre>
      {navigator.clipboard && line.startsWith('fogctl ') && (
        <button onClick={copy} aria-live="polite">
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  )
}

// What a policy holds back is as declared, and yet does not run.
function titleOf({ inTheWay, converged }) {
  if (inTheWay) return converged ? 'what is held back, and why' : 'what stands in the way'
  return converged ? 'as declared' : 'why'
}

// "assignment/counter-0" → a way there
function linked(text) {
  const [singular, name] = text.split('/')
  const found = kinds.value.find(({ kind }) => kind.toLowerCase() === singular)
  return found ? <a href={objectHref(found.plural, name)}>{text}</a> : text
}

// --- what happened -------------------------------------------------------------------------------

function Events({ kind, object }) {
  const told = [...objects('events').values()]
    .filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === object.metadata.name)
    .sort((a, b) => (a.lastTimestamp < b.lastTimestamp ? 1 : -1))
  if (told.length === 0) return null
  return (
    <section aria-label="Events">
      <h2>events</h2>
      <table>
        <tbody>
          {told.slice(0, EVENTS_SHOWN).map(({ metadata, lastTimestamp, reason, message, count, type }) => (
            <tr key={metadata.name} class={type === 'Warning' ? 'warned' : ''}>
              <td>
                <Age at={lastTimestamp} />
              </td>
              <td>
                {reason}
                {count > 1 && ` ×${count}`}
              </td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function History({ plural, name, revision }) {
  const { value, failure } = useTold(`${objectPath(plural, name)}/history`, revision)
  return (
    <section aria-label="History">
      <Refusal failure={failure} />
      <p>
        <a href={href(['time'], { object: `${plural}/${name}`, last: '24h' })}>Go back to any of these, or undo one, in Time</a>
      </p>
      {value?.items.map((item) => (
        <article class="change">
          <h2>
            {item.who || 'somebody'} {VERBS[item.verb] ?? item.verb} it {item.why && <em>“{item.why}”</em>} <Age at={item.time} /> ago
            <span class="quiet">
              {' '}
              revision {item.revision}, by {item.manager || 'nobody'}
            </span>
          </h2>
          <Changes changes={item.changes ?? []} />
        </article>
      ))}
    </section>
  )
}
