// How far a session is with what was declared last: a square for each replica, and ways to pause it,
// to go on, and to take it back.
import { useState } from 'preact/hooks'
import { Failure, get, GROUP, MANAGER, objectPath, send } from '../lib/api.js'
import { objects } from '../lib/fleet.js'
import { objectHref } from '../lib/route.js'
import { user } from '../lib/settings.js'
import { assignmentState, sessionState } from '../model/states.js'
import { progress } from '../model/rollout.js'
import { Dialog, Refusal, SessionState } from '../ui.jsx'
import { Plan } from './planned.jsx'
import './rollout.css'

const REPLICAS_SHOWN = 400

async function pause(name, isPaused) {
  await send('PATCH', objectPath('harvestsessions', name), { spec: { rollout: { pause: isPaused } } }, {
    type: 'application/merge-patch+json', user: user.value, cause: isPaused ? 'paused on the dashboard' : 'resumed on the dashboard', params: { fieldManager: MANAGER },
  })
}

// The rollback to the form that was run before the newest: nothing else of the session changes.
async function wayBack(session) {
  const { name, uid } = session.metadata
  const { items } = await get(`${objectPath('harvestsessions', name)}/history`, { limit: 1000 })
  const forms = items.filter((item) => item.newForm && item.uid === uid)
  if (forms.length < 2) throw new Failure({ message: `there was no other workload before this one, so there is no rollout to undo; what else was changed is in the history of ${name}` })
  return { toRevision: forms[1].revision, kind: 'HarvestSession', name, formOnly: true }
}

const rollBack = (spec, { isDry }) =>
  send('POST', `${GROUP}/rollbacks`, { spec }, {
    user: user.value, cause: `back to the form of revision ${spec.toRevision}`, params: { fieldManager: MANAGER, dryRun: isDry ? 'All' : '' },
  })

// What going back would do, before it is done.
function Undo({ way, onClose, onUndo }) {
  return (
    <Dialog title={`Back to the form of revision ${way.spec.toRevision}?`} onClose={onClose}>
      <Plan plan={way.plan} />
      <p class="actions">
        <button class="main" onClick={onUndo}>
          Go back
        </button>
        <button onClick={onClose}>Not now</button>
      </p>
    </Dialog>
  )
}

// `isUndoneElsewhere`: beside a way that takes back more than the form.
export function Rollout({ name, isUndoneElsewhere = false }) {
  const [failure, setFailure] = useState(null)
  const [isBusy, setBusy] = useState(false)
  const [way, setWay] = useState(null)
  const session = objects('harvestsessions').get(name)
  const work = [...objects('assignments').values()].filter(({ spec }) => spec.session === name)
  if (session === undefined) return <p class="quiet">there is no session "{name}"</p>
  const { desired, ready, updated, replicas } = progress(session, work)
  const isPaused = session.spec.rollout?.pause === true
  const act = async (what) => {
    if (isBusy) return // a button that is disabled would lose the focus
    setBusy(true)
    setFailure(null)
    try {
      await what()
    } catch (error) {
      setFailure(error)
    }
    setBusy(false)
  }
  const ask = async () => {
    const spec = await wayBack(session)
    const { status } = await rollBack(spec, { isDry: true })
    setWay({ spec, plan: status.plan })
  }
  const undo = () => {
    setWay(null)
    act(() => rollBack(way.spec, { isDry: false }))
  }
  const { message } = sessionState(session, work)
  return (
    <section class="rollout" aria-label={`Rollout of ${name}`}>
      <h2>
        <a href={objectHref('harvestsessions', name)}>{name}</a> <SessionState session={session} work={work} /> <span class="quiet">{message}</span>
      </h2>
      <p role="status" aria-label={`Progress of ${name}`}>
        {updated} of {desired} have the newest form, {ready} ready{isPaused ? ', paused' : ''}
      </p>
      <div class="track" aria-hidden="true">
        <span style={{ width: `${(100 * updated) / Math.max(1, desired)}%` }} />
      </div>
      <ul class="replicas" aria-label="Replicas">
        {replicas.slice(0, REPLICAS_SHOWN).map(({ assignment, isNewest }) => (
          <Replica key={assignment.metadata.name} assignment={assignment} isNewest={isNewest} />
        ))}
      </ul>
      {replicas.length > REPLICAS_SHOWN && <p class="quiet">and {replicas.length - REPLICAS_SHOWN} more</p>}
      <p class="actions">
        <button aria-disabled={isBusy} onClick={() => act(() => pause(name, !isPaused))}>
          {isPaused ? 'Resume' : 'Pause'}
        </button>
        {!isUndoneElsewhere && (
          <button aria-disabled={isBusy} class="danger" onClick={() => act(ask)}>
            Undo the rollout …
          </button>
        )}
      </p>
      <Refusal failure={failure} />
      {way && <Undo way={way} onClose={() => setWay(null)} onUndo={undo} />}
    </section>
  )
}

function Replica({ assignment, isNewest }) {
  const { state, reason } = assignmentState(assignment)
  const { slot, agent } = assignment.spec
  return (
    <li class={`replica ${state} ${isNewest ? 'newest' : 'older'}`} title={`${slot} on ${agent}: ${state} ${reason}${isNewest ? '' : ', the form of before'}`}>
      <a href={objectHref('assignments', assignment.metadata.name)}>
        {slot}
        <span class="unseen">
          {' '}
          on {agent} {state} {isNewest ? '' : 'older form'}
        </span>
      </a>
    </li>
  )
}
