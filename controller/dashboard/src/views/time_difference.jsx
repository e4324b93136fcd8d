// What differs between two revisions: what was declared, and what became of it.
import { useMemo } from 'preact/hooks'
import { setParams } from '../lib/route.js'
import { between, objectName } from '../model/changes.js'
import { differences } from '../model/differences.js'
import { kindOf } from '../lib/fleet.js'
import { clockTime } from '../lib/time.js'
import { Changes as Fields } from '../ui.jsx'

const WORDS = { create: 'is new', update: 'differs', delete: 'is gone' }
const OBJECTS_MAX = 100 // of which the status is compared

export function Difference({ past, changes, a, b, object }) {
  const version = past.version.value
  const items = past.items.value
  const declared = useMemo(() => between(items, a, b), [items, a, b])
  const became = useMemo(() => statusBetween(past.replay, a, b, object), [past, version, a, b, object?.name])
  const at = (revision) => changes.find((change) => change.first <= revision && revision <= change.last)?.at
  const words = (revision) => `revision ${revision}${at(revision) ? ` (${clockTime(at(revision))})` : ''}`
  return (
    <section class="difference" aria-label="Comparison">
      <div class="titled">
        <h2>
          From {words(a)} to {words(b)}
        </h2>
        <button onClick={() => setParams({ a: '', b: '' })}>Close</button>
      </div>
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

// Of what was there at both moments.
function statusBetween(replay, a, b, object) {
  return replay
    .between(replay.indexAtRevision(a), replay.indexAtRevision(b))
    .filter(({ plural, name, before, after }) => before && after && (!object || (object.plural === plural && object.name === name)))
    .map(({ plural, name, before, after }) => ({ kind: kindOf(plural), name, changes: differences(before.status, after.status) }))
    .filter((one) => one.changes.length > 0)
}
