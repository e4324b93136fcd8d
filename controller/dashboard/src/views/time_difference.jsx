// What differs between two revisions: what was declared, and what became of it.
import { useMemo } from 'preact/hooks'
import { setParams } from '../lib/route.js'
import { between, objectName } from '../model/changes.js'
import { differences } from '../model/differences.js'
import { kindOf } from '../lib/fleet.js'
import { dayTime } from '../lib/time.js'
import { Changes as Fields } from '../ui.jsx'

const WORDS = { create: 'is new', update: 'differs', delete: 'is gone' }
const OBJECTS_MAX = 100 // of which the status is compared

export function Difference({ past, changes, a, b, object }) {
  past.version.value // read, so that it is drawn again when something was told
  const { replay } = past
  const items = past.items.value
  const [from, to] = [a, b].map((revision) => replay.indexAtRevision(revision))
  const declared = useMemo(() => between(items, a, b), [items, a, b])
  const became = useMemo(() => statusBetween(replay, from, to, object), [replay, from + replay.dropped, to + replay.dropped, object?.name])
  const at = (revision) => changes.find((change) => change.first <= revision && revision <= change.last)?.at
  const words = (revision) => `revision ${revision}${at(revision) ? ` (${dayTime(at(revision))})` : ''}`
  return (
    <section class="difference" aria-label="Comparison">
      <div class="titled">
        <h2>
          From {words(a)} to {words(b)}
        </h2>
        <button onClick={() => setParams({ a: '', b: '' })}>Close</button>
      </div>
      {a < past.since.value && <p role="note">What was changed before revision {past.since.value + 1} is not known here, and not compared.</p>}
      {declared.length === 0 && <p class="quiet">nothing that was declared differs</p>}
      {declared.map((one) => (
        <div class="one">
          <p>
            <strong>{objectName(one)}</strong> {WORDS[one.verb]}
          </p>
          <Fields changes={one.changes} />
        </div>
      ))}
      {became.length > 0 && (
        <details>
          <summary>
            what became of it: the status of {became.length} {became.length === 1 ? 'object' : 'objects'}
            {a < replay.begins.revision && `, since ${dayTime(replay.begins.time)}`}
          </summary>
          {became.slice(0, OBJECTS_MAX).map((one) => (
            <div class="one">
              <p>
                <strong>{objectName(one)}</strong>
              </p>
              <Fields changes={one.changes} />
            </div>
          ))}
          {became.length > OBJECTS_MAX && <p class="quiet">and {became.length - OBJECTS_MAX} more</p>}
        </details>
      )}
    </section>
  )
}

// Of what was there at both positions.
function statusBetween(replay, from, to, object) {
  return replay
    .between(from, to)
    .filter(({ plural, name, before, after }) => before && after && (!object || (object.plural === plural && object.name === name)))
    .map(({ plural, name, before, after }) => ({ kind: kindOf(plural), name, changes: differences(before.status, after.status) }))
    .filter((one) => one.changes.length > 0)
}
