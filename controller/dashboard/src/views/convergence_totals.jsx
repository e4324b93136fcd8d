// What the controller itself has counted since it began; it goes further back than a period may.
import { clock } from '../lib/fleet.js'
import { duration, span } from '../lib/time.js'
import { bucketOf, by, sum } from '../model/metrics.js'

const CAUSES = { change: 'as declared after a change', disturbance: 'as declared again after a disturbance' }

const bound = (seconds) => (seconds >= 1 && seconds < 60 ? `${seconds} s` : span(seconds * 1000))

// "half of them within 250 ms"; nothing where nothing was counted.
function Within({ metrics, cause, share, words }) {
  const bucket = bucketOf(metrics, 'fog_convergence_seconds', { cause }, share)
  if (bucket === undefined) return null
  return `${words} ${bucket.upTo === Infinity ? `over ${bound(bucket.over)}` : `within ${bound(bucket.upTo)}`}`
}

const times = (count) => (count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`)

function Counted({ metrics, name, label }) {
  const counts = Object.entries(by(metrics, name, label)).filter(([, count]) => count > 0)
  return counts.map(([what, count]) => `${count} ${what}`).join(', ')
}

export function Totals({ metrics }) {
  if (metrics === null) return null
  const began = sum(metrics, 'process_start_time_seconds') * 1000
  return (
    <section aria-label="Since the controller began">
      <h2>
        Counted since the controller began <span class="quiet">{duration(clock.value - began)} ago</span>
      </h2>
      <table class="totals">
        <tbody>
          {Object.entries(CAUSES).map(([cause, title]) => (
            <tr>
              <th scope="row">sessions {title}</th>
              <td>{times(sum(metrics, 'fog_convergence_seconds_count', { cause }))}</td>
              <td>
                <Within metrics={metrics} cause={cause} share={0.5} words="half of them" />
              </td>
              <td>
                <Within metrics={metrics} cause={cause} share={0.99} words="99 of 100" />
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">sessions not as declared</th>
            <td>{times(sum(metrics, 'fog_session_divergences_total'))}</td>
            <td colSpan="2">
              <Counted metrics={metrics} name="fog_session_divergences_total" label="class" />
            </td>
          </tr>
          {['found', 'healed'].map((what) => (
            <tr>
              <th scope="row">drift {what}</th>
              <td>{times(sum(metrics, `fog_drift_${what}_total`))}</td>
              <td colSpan="2">
                <Counted metrics={metrics} name={`fog_drift_${what}_total`} label="sort" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
