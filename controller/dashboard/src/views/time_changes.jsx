// What was changed: when, by whom, why, what, and the way back.  The newest first.
import { useState } from 'preact/hooks'
import { clockTime, fullTime } from '../lib/time.js'
import { objectHref, setParams } from '../lib/route.js'
import { pluralOf } from '../lib/fleet.js'
import { deed, isArrival, isByAgent, objectName, undoOf, whoDid, whyOf } from '../model/changes.js'
import { Age, Changes as Fields } from '../ui.jsx'

const SHOWN = 100 // more of them when asked for
const FIELDS_MAX = 4 // of one change without asking
const OBJECTS_MAX = 6
const OBJECTS_SHOWN = 100 // when asked for

export function Changes({ title, changes, all, query, newest, moment, compared, object, onBack }) {
  const [shown, setShown] = useState(SHOWN)
  const others = all.length - changes.length
  return (
    <>
      <div class="titled">
        <h2>{title}</h2>
        <input type="search" aria-label="Search" placeholder="who, what or why" value={query} onInput={(event) => setParams({ q: event.target.value })} />
      </div>
      <Chosen compared={compared} changes={all} />
      {changes.length === 0 && <p class="quiet">{query ? 'no change says that' : `nobody changed anything in this time${others > 0 ? ': look further back' : ''}`}</p>}
      <ol class="list" reversed>
        {changes.slice(0, shown).map((change) => (
          <Change
            key={change.last}
            change={change}
            isShown={change.last === newest}
            isLater={change.last > newest}
            compared={compared}
            object={object}
            onBack={onBack}
            onGo={() => (moment.value = change.at)}
          />
        ))}
      </ol>
      {changes.length > shown && <button onClick={() => setShown(shown + SHOWN)}>show more of {changes.length}</button>}
    </>
  )
}

// Two changes are compared once two are chosen.
function Chosen({ compared, changes }) {
  if (compared.length !== 1 || changes.length === 0) return null
  return (
    <p class="chosen" role="status">
      revision {compared[0]} is chosen: choose another one to compare with, or{' '}
      <button onClick={() => setParams({ b: String(changes[0].last) })} disabled={changes[0].last === compared[0]}>
        compare with now
      </button>
    </p>
  )
}

function compare(compared, revision) {
  const rest = compared.includes(revision) ? compared.filter((one) => one !== revision) : [...compared, revision].slice(-2)
  setParams({ a: rest[0] ? String(rest[0]) : '', b: rest[1] ? String(rest[1]) : '' })
}

function Change({ change, isShown, isLater, compared, object, onBack, onGo }) {
  const { items, last, manager } = change
  const why = whyOf(change)
  const deedId = `deed-${last}` // says of which change a button is, to whom it is read aloud
  return (
    <li class={`${isLater ? 'later' : ''} ${isShown ? 'shown' : ''}`} aria-current={isShown ? 'time' : undefined}>
      <div class="head">
        <button class="link when" onClick={onGo} title={`${fullTime(change.at)}: the fleet at that moment`}>
          {clockTime(change.at)}
        </button>
        <span class="deed" id={deedId}>
          <strong>{whoDid(change)}</strong> <Deed change={change} />
          {why && <> <q>{why}</q></>}
        </span>
        <span class="quiet age">
          <Age at={change.at} /> ago
        </span>
      </div>
      <What items={items} />
      <div class="ways">
        {!isByAgent(change) && (
          <button class="undo" aria-describedby={deedId} onClick={() => onBack({ undo: undoOf(change), change: last })}>
            Undo …
          </button>
        )}
        <button
          aria-describedby={deedId}
          onClick={() => onBack({ toRevision: last, object, items: items.map(({ kind, name }) => ({ kind, name })) })}
          title="everything as it was right after this"
        >
          Back to here …
        </button>
        <label>
          <input type="checkbox" aria-describedby={deedId} checked={compared.includes(last)} onChange={() => compare(compared, last)} /> compare
        </label>
        <span class="quiet">
          revision {last}
          {manager && `, with ${manager}`}
        </span>
      </div>
    </li>
  )
}

// A name that leads to what happened to this object alone.
export const Only = ({ plural, name, words }) => (
  <button class="link" onClick={() => setParams({ object: `${plural}/${name}`, a: '', b: '' })} title={`only what happened to ${name}`}>
    {words}
  </button>
)

function Deed({ change }) {
  if (change.items.length > 1 || isArrival(change.items)) return deed(change)
  const [item] = change.items
  const [verb] = deed(change).split(' ')
  return (
    <>
      {verb} <a href={objectHref(pluralOf(item.kind), item.name)}>{objectName(item)}</a>
    </>
  )
}

// A few fields are shown; of many, and of what is all new or all gone, only how many there are.
function Brief({ item }) {
  const { changes, verb } = item
  if (changes.length === 0) return null
  if (verb === 'update' && changes.length <= FIELDS_MAX) return <Fields changes={changes} />
  return (
    <details>
      <summary>{changes.length} {changes.length === 1 ? 'field' : 'fields'}</summary>
      <Fields changes={changes} />
    </details>
  )
}

function What({ items }) {
  if (items.length === 1) return <Brief item={items[0]} />
  if (items.length <= OBJECTS_MAX) return <Objects items={items} />
  return (
    <details>
      <summary>{items.length} objects</summary>
      <Objects items={items.slice(-OBJECTS_SHOWN)} />
      {items.length > OBJECTS_SHOWN && <p class="quiet">and {items.length - OBJECTS_SHOWN} more</p>}
    </details>
  )
}

function Objects({ items }) {
  return (
    <ul class="parts">
      {[...items].reverse().map((item) => (
        <li>
          <Only plural={pluralOf(item.kind)} name={item.name} words={objectName(item)} />
          <Brief item={item} />
        </li>
      ))}
    </ul>
  )
}
