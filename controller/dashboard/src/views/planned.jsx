// A plan as a picture: waves from left to right, agents from top to bottom, a sign for each step;
// and what waits, with the reason.  Used wherever something is asked before it is done.
import { ACTIONS, cutInWords, differences, drawn, inWords } from '../model/plan.js'
import { Changes } from '../ui.jsx'
import './planned.css'

export function Plan({ plan }) {
  const { waves, rows, more } = drawn(plan)
  return (
    <section class="planned" aria-label="Plan">
      <p class="words">{inWords(plan.summary)}</p>
      {plan.cut && <p role="note">{cutInWords(plan)}</p>}
      {rows.length > 0 && (
        <div class="scrolled">
          <table>
            <thead>
              <tr>
                <th scope="col">agent</th>
                {waves.map((wave) => (
                  <th scope="col">wave {wave}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ agent, cells }) => (
                <tr>
                  <th scope="row" title={agent}>
                    {agent}
                  </th>
                  {cells.map((steps) => (
                    <td>
                      {steps.map((step) => (
                        <Step step={step} />
                      ))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(more.agents > 0 || more.waves > 0) && (
        <p class="quiet">
          and {more.agents} more agents, {more.waves} more waves
        </p>
      )}
      {plan.pending.length > 0 && (
        <>
          <h3>stays pending</h3>
          <ul>
            {plan.pending.slice(0, 50).map(({ session, slot, reason, message }) => (
              <li>
                <strong>
                  {session}/{slot}
                </strong>{' '}
                {reason} {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Step({ step }) {
  const { action, session, slot, from, reason, held, afterWaits } = step
  const { mark, says } = ACTIONS[action] ?? { mark: '?', says: action }
  const why = held ? `${reason}; held there now: ${held.reason}, ${held.message}` : reason
  return (
    <span class={`step ${action} ${held ? 'held' : ''}`} title={why}>
      <span aria-hidden="true">{mark}</span> {session}/{slot} {says}
      {from && <> from {from}</>}
      {afterWaits && <em> after what waits</em>}
      {held && <em> {held.reason}</em>}
    </span>
  )
}

const RESULTS_SHOWN = 100
const WOULD = { created: 'would be created', configured: 'would change', unchanged: 'stays as it is', deleted: 'would be deleted', deleting: 'would be deleted' }

// What would become of each object of a change set, field by field.
export function Results({ results }) {
  return (
    <section class="results" aria-label="Objects">
      {results.slice(0, RESULTS_SHOWN).map(({ kind, name, result, before, object }) => {
        const changes = differences(before, result.startsWith('delet') ? undefined : object)
        return (
          <details open={changes.length <= 12 && result !== 'created'}>
            <summary>
              <strong>
                {kind}/{name}
              </strong>{' '}
              {WOULD[result] ?? result}
            </summary>
            {changes.length > 0 && <Changes changes={changes} />}
          </details>
        )
      })}
      {results.length > RESULTS_SHOWN && <p class="quiet">and {results.length - RESULTS_SHOWN} more objects</p>}
    </section>
  )
}
