// One object: what was declared, what was decided, what is; why, in words; what happened; what it says.
import { useEffect, useRef, useState } from 'preact/hooks'
import { collectionPath, get, objectPath, open, pieces } from '../lib/api.js'
import { useAsked } from '../lib/asked.js'
import { collection, isKind, kindOf, kinds, objects } from '../lib/fleet.js'
import { href, objectHref, setParams } from '../lib/route.js'
import { agentState, assignmentState, sessionState } from '../model/states.js'
import { leaves, threeStates } from '../model/three.js'
import { Age, Changes, NoKind, Refusal, State, word } from '../ui.jsx'
import { Rollout } from './rollout.jsx'
import './object.css'

const LOG_LINES = 200
const LOG_RETRY_MS = 1000
const LOG_KEPT = 200_000 // characters of a log that are kept on the page
const EVENTS_SHOWN = 50
const TABS = ['state', 'fields', 'history', 'log']

export function ObjectView({ path: [plural = '', name = ''], params }) {
  if (kinds.value.length === 0) return null // not yet told
  return isKind(plural) ? <One {...{ plural, name, params }} /> : <NoKind plural={plural} />
}

function One({ plural, name, params }) {
  const kind = kindOf(plural)
  const all = objects(plural)
  const isListed = collection(plural).isListed.value
  const object = all.get(name)
  const work = workOf(kind, name)
  const tabs = TABS.filter((tab) => (tab !== 'history' || hasHistory(plural)) && (tab !== 'log' || kind === 'Assignment' || work.length > 0))
  const tab = tabs.includes(params.tab) ? params.tab : 'state'
  return (
    <>
      <p class="quiet">
        <a href={href(['kinds', plural])}>{kind}</a>
      </p>
      <h1>
        {name} {object && <StateOf kind={kind} object={object} work={work} />}
      </h1>
      {isListed && object === undefined ? (
        <p>
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

const hasHistory = (plural) => kinds.value.find((one) => one.plural === plural)?.verbs.includes('update') ?? false

// The assignments of a session, or on an agent.
function workOf(kind, name) {
  if (kind !== 'HarvestSession' && kind !== 'Agent') return []
  const field = kind === 'Agent' ? 'agent' : 'session'
  return [...objects('assignments').values()].filter(({ spec }) => spec[field] === name)
}

function StateOf({ kind, object, work }) {
  if (kind === 'Agent') return <State state={agentState(object, work).state} />
  if (kind === 'Assignment') return <State state={assignmentState(object).state} />
  return object.status?.conditions?.some(({ type }) => type === 'Converged') ? <State state={sessionState(object).state} /> : null
}

function Part({ tab, plural, kind, name, object, work, params }) {
  switch (tab) {
    case 'fields':
      return <Fields object={object} />
    case 'history':
      return <History plural={plural} name={name} revision={object.metadata.resourceVersion} />
    case 'log':
      return <Logs names={kind === 'Assignment' ? [name] : work.map(({ metadata }) => metadata.name)} chosen={params.of} />
    default:
      return (
        <>
          <Why plural={plural} name={name} revision={object.metadata.resourceVersion} work={work} />
          <Three kind={kind} object={object} work={work} />
          {kind === 'HarvestSession' && <Rollout key={name} name={name} />}
          <Conditions conditions={object.status?.conditions ?? []} />
          <Events kind={kind} object={object} />
        </>
      )
  }
}

// --- three states --------------------------------------------------------------------------------

function Three({ kind, object, work }) {
  const rows = threeStates(kind, object, work)
  return (
    <section aria-label="Three states">
      <div class="scrolled">
        <table class="three">
          <thead>
            <tr>
              <th />
              <th scope="col">desired</th>
              <th scope="col">applicable</th>
              <th scope="col">current</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ field, desired, applicable, current, differs, why, state }) => (
              <tr class={differs ? `differs ${state ?? ''}` : ''}>
                <th scope="row">
                  {differs && <span class="mark" title="differs">≠</span>} {field}
                </th>
                <td>{word(desired)}</td>
                <td>{word(applicable)}</td>
                <td>
                  {word(current)} {differs && why && <span class="quiet">{why}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Conditions({ conditions }) {
  if (conditions.length === 0) return null
  return (
    <section aria-label="Conditions">
      <h2>conditions</h2>
      <table>
        <tbody>
          {conditions.map(({ type, status, reason, message, lastTransitionTime }) => (
            <tr>
              <th scope="row">{type}</th>
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

function Fields({ object }) {
  const { metadata, ...rest } = object
  const { managedFields, ...kept } = metadata
  return (
    <table class="changes">
      <tbody>
        {leaves({ ...rest, metadata: kept }).map(([path, value]) => (
          <tr>
            <th scope="row">{path}</th>
            <td class="mono value">{word(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

// --- why -----------------------------------------------------------------------------------------

const useTold = (path, changed) => useAsked(path, changed, (signal) => get(path, {}, signal))

function Why({ plural, name, revision, work }) {
  const changed = [revision, ...work.map(({ metadata }) => metadata.resourceVersion)].join()
  const { value, failure } = useTold(`${objectPath(plural, name)}/why`, changed)
  if (failure?.code === 404) return null
  if (!value) return <Refusal failure={failure} />
  const { inTheWay } = value
  return (
    <section class="why" aria-label="Why">
      <h2>{inTheWay ? 'what stands in the way' : value.converged ? 'as declared' : 'why'}</h2>
      {inTheWay && (
        <div class="way" role="status" aria-label="In the way">
          <p>
            <strong>{inTheWay.reason}</strong> {inTheWay.object && <>of {linked(inTheWay.object)}</>}, for <Age at={inTheWay.since} />
            {inTheWay.class && <span class="quiet"> ({inTheWay.class})</span>}
          </p>
          <p>{inTheWay.message}</p>
          {inTheWay.remedy && <p>What would help: {inTheWay.remedy}</p>}
          {inTheWay.actions?.map((line) => <pre>{line}</pre>)}
        </div>
      )}
      <ol class="chain">
        {value.chain.map((link) => (
          <li>
            {linked(link.object)} <strong>{link.is}</strong> {link.reason} <Age at={link.since} />
            <br />
            <span class="quiet">
              {link.message} {link.readings}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
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
            {item.verb} by {item.who || 'somebody'} <span class="quiet">with {item.manager || 'no manager'}</span>, <Age at={item.time} /> ago
            <span class="quiet"> revision {item.revision}</span>
          </h2>
          {item.why && <p>{item.why}</p>}
          <Changes changes={item.changes ?? []} />
        </article>
      ))}
    </section>
  )
}

// --- logs ----------------------------------------------------------------------------------------

function Logs({ names, chosen }) {
  const name = names.includes(chosen) ? chosen : names[0]
  return (
    <section aria-label="Log">
      {names.length > 1 && (
        <label>
          of{' '}
          <select aria-label="Log of" value={name} onChange={(event) => setParams({ of: event.target.value })}>
            {names.map((one) => (
              <option value={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      {name ? <Log key={name} name={name} /> : <p class="quiet">nothing runs</p>}
    </section>
  )
}

function Log({ name }) {
  const [text, setText] = useState('')
  const [end, setEnd] = useState('')
  const box = useRef()
  useEffect(() => {
    const gone = new AbortController()
    const path = `${collectionPath('assignments')}/${encodeURIComponent(name)}/log`
    let timer = 0
    const follow = async () => {
      try {
        const response = await open(path, { params: { follow: true, tailLines: LOG_LINES }, signal: gone.signal })
        setText('') // told again, after it broke off
        setEnd('')
        for await (const piece of pieces(response)) setText((old) => (old + piece).slice(-LOG_KEPT))
        setEnd('the log has ended')
      } catch (failure) {
        if (gone.signal.aborted) return
        setEnd(failure.message)
        if (!failure.code) timer = setTimeout(follow, LOG_RETRY_MS)
      }
    }
    follow()
    return () => {
      gone.abort()
      clearTimeout(timer)
    }
  }, [name])
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = box.current
    if (scrollHeight - scrollTop - clientHeight < 200) box.current.scrollTop = scrollHeight
  }, [text])
  return (
    <>
      <pre class="log" ref={box} tabIndex="0" role="log" aria-label={`Log of ${name}`}>
        {text}
      </pre>
      {end && <p class="quiet">{end}</p>}
    </>
  )
}
