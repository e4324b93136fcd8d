// Going back: what for, what would change and what the agents would do, then the deed, then the way back from that.
import { useEffect, useState } from 'preact/hooks'
import { Failure, GROUP, MANAGER, send } from '../lib/api.js'
import { kinds } from '../lib/fleet.js'
import { deed, laterThan, objectName, sentence } from '../model/changes.js'
import { differences } from '../model/plan.js'
import { user, setUser } from '../lib/settings.js'
import { Changes as Fields, Dialog, Refusal, useIsShown } from '../ui.jsx'
import { Plan } from './planned.jsx'

const LINES_MAX = 12
const FIELDS_MAX = 8
const RESULTS = { created: 'comes back', configured: 'changes', deleted: 'goes', deleting: 'goes' }

// `wanted`: {undo: spec of a rollback, change: its revision} or {toRevision, object, items: the objects of that revision}
export function Back({ wanted, changes, onBack, onClose }) {
  const [scope, setScope] = useState(wanted.object ? 'object' : 'all')
  const [prune, setPrune] = useState(false)
  const [done, setDone] = useState(null)
  const spec = wanted.undo ?? { toRevision: String(wanted.toRevision), prune, ...scopeOf(scope, wanted) }
  const undone = wanted.undo && changes.find(({ last }) => last === wanted.change)
  const title = undone ? `Undo: ${sentence(undone)}` : wanted.undo ? 'Undo' : `Back to revision ${wanted.toRevision}`
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="back">
        {undone && <Later changes={laterThan(changes, undone)} />}
        {!wanted.undo && !done && <Scope wanted={wanted} scope={scope} prune={prune} onScope={setScope} onPrune={setPrune} />}
        {done ? <Done done={done} onBack={onBack} onClose={onClose} /> : <Question key={JSON.stringify(spec)} spec={spec} cause={causeOf(wanted, undone)} onDone={setDone} onClose={onClose} />}
      </div>
    </Dialog>
  )
}

function scopeOf(scope, { object, items }) {
  if (scope === 'all') return {}
  if (scope === 'these') return { objects: items.map(({ kind, name }) => ({ kind, name })) }
  return scope === 'object' ? { kind: object.kind, name: object.name } : { kind: scope }
}

function causeOf(wanted, undone) {
  if (undone) return `undo of revision ${undone.last}: ${deed(undone)}`
  return wanted.undo ? (wanted.why ?? 'undo') : `back to revision ${wanted.toRevision}`
}

function Later({ changes }) {
  if (changes.length === 0) return null
  return (
    <div class="also">
      <p>
        {changes.length === 1 ? 'This was' : 'These were'} done later to the same, and {changes.length === 1 ? 'goes' : 'go'} back with it:
      </p>
      <ul>
        {changes.slice(0, LINES_MAX).map((change) => (
          <li>{sentence(change)}</li>
        ))}
        {changes.length > LINES_MAX && <li class="quiet">and {changes.length - LINES_MAX} more</li>}
      </ul>
    </div>
  )
}

const these = (items) => (items.length === 1 ? objectName(items[0]) : `these ${items.length} objects`)

function Scope({ wanted: { object, items }, scope, prune, onScope, onPrune }) {
  const all = [
    ...(object ? [['object', `only ${objectName(object)}`]] : []),
    ['all', 'everything'],
    ...(items && !object ? [['these', `only ${these(items)}`]] : []),
    ...kinds.value.filter(({ verbs }) => verbs.includes('create')).map(({ kind }) => [kind, `all of ${kind}`]),
  ]
  return (
    <p class="scope">
      <label>
        what goes back:{' '}
        <select value={scope} onChange={(event) => onScope(event.target.value)}>
          {all.map(([value, words]) => (
            <option value={value}>{words}</option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" checked={prune} onChange={(event) => onPrune(event.target.checked)} /> what was created since goes, too
      </label>
    </p>
  )
}

const roll = (spec, options) => send('POST', `${GROUP}/rollbacks`, { kind: 'Rollback', apiVersion: 'fog/v1', spec }, options)

function Question({ spec, cause, onDone, onClose }) {
  const [{ status, failure }, setState] = useState({})
  const [why, setWhy] = useState(cause)
  const [isSent, setSent] = useState(false)
  const isShown = useIsShown()
  const foresee = async () => {
    setState({})
    try {
      const { status: found } = await roll(spec, { params: { dryRun: 'All', fieldManager: MANAGER } })
      setState({ status: found })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setState({ failure: error })
    }
  }
  useEffect(() => void foresee(), [])
  const carryOut = async (event) => {
    event.preventDefault()
    setSent(true)
    try {
      const how = { params: { fieldManager: MANAGER }, cause: why, user: user.peek(), isWanted: isShown }
      const { status: answer } = await roll({ ...spec, revision: status.revision }, how)
      onDone({ before: status, answer, why })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setState({ status, failure: error })
    }
    setSent(false)
  }
  const changing = (status?.results ?? []).filter(({ result }) => result !== 'unchanged')
  if (!status && !failure) return <p class="quiet">asking what would happen …</p>
  return (
    <form onSubmit={carryOut}>
      <Refusal failure={failure} />
      {failure && (
        <button type="button" onClick={foresee}>
          look again
        </button>
      )}
      {status && <Foreseen status={status} changing={changing} />}
      {changing.length > 0 && (
        <p class="said">
          <label>
            why <input name="why" value={why} onInput={(event) => setWhy(event.target.value)} />
          </label>
          <label>
            your name <input name="who" value={user.value} placeholder="goes into history" onInput={(event) => setUser(event.target.value)} />
          </label>
        </p>
      )}
      <p class="buttons">
        {changing.length > 0 && (
          <button class="main" disabled={isSent}>
            Go back
          </button>
        )}
        <button type="button" onClick={onClose}>
          {changing.length > 0 ? 'Cancel' : 'Close'}
        </button>
      </p>
    </form>
  )
}

function Foreseen({ status, changing }) {
  if (changing.length === 0) return <p>Nothing would change: it is already so.</p>
  return (
    <>
      <ul class="results">
        {changing.slice(0, LINES_MAX).map((one) => (
          <Result one={one} />
        ))}
        {changing.length > LINES_MAX && <li class="quiet">and {changing.length - LINES_MAX} objects more</li>}
      </ul>
      <h3>What the agents would do</h3>
      <Plan plan={status.plan} />
      {status.warnings.map(({ message }) => (
        <p class="quiet">{message}</p>
      ))}
    </>
  )
}

function Result({ one }) {
  const fields = one.result === 'configured' ? differences(one.before, one.object) : []
  return (
    <li>
      <strong>{objectName(one)}</strong> {RESULTS[one.result] ?? one.result}
      {one.result === 'configured' && fields.length === 0 && <span class="quiet">: only who owns which of its fields</span>}
      {fields.length > 0 && <Fields changes={fields.slice(0, FIELDS_MAX)} />}
      {fields.length > FIELDS_MAX && <p class="quiet">and {fields.length - FIELDS_MAX} fields more</p>}
    </li>
  )
}

function Done({ done, onBack, onClose }) {
  const { before, answer, why } = done
  const objects = answer.results.filter(({ result }) => result !== 'unchanged').map(({ kind, name }) => ({ kind, name }))
  const prune = answer.results.some(({ result }) => result === 'created')
  const undo = { toRevision: before.revision, objects, prune }
  return (
    <>
      <p role="status">
        It is done, as revision {answer.revision}: {objects.map(objectName).slice(0, LINES_MAX).join(', ')}
        {objects.length > LINES_MAX && ` and ${objects.length - LINES_MAX} more`}.
      </p>
      <p class="buttons">
        <button class="main" onClick={onClose}>
          Close
        </button>
        <button onClick={() => onBack({ undo, why: `undo of revision ${answer.revision}: ${why}` })}>Undo this …</button>
      </p>
    </>
  )
}
