// How far back the past is looked at, and what is not as one would expect of it: for every view of the past.
import { ITEMS_MAX } from '../lib/past.js'
import { setParams } from '../lib/route.js'
import { dayTime } from '../lib/time.js'
import './spans.css'

const MINUTE_MS = 60_000
const SPANS = [
  { name: '10m', title: '10 minutes', ms: 10 * MINUTE_MS },
  { name: '1h', title: 'hour', ms: 60 * MINUTE_MS },
  { name: '6h', title: '6 hours', ms: 360 * MINUTE_MS },
  { name: '24h', title: 'day', ms: 1440 * MINUTE_MS },
]
const USUAL = SPANS[1]

export const spanOf = (name) => SPANS.find((span) => span.name === name) ?? USUAL

// As an address has it.
export const lastOf = (span) => (span === USUAL ? '' : span.name)

export function Spans({ chosen }) {
  return (
    <div class="spans" role="group" aria-label="How far back">
      <span class="quiet">the last</span>
      {SPANS.map((span) => (
        <button aria-pressed={span === chosen} onClick={() => setParams({ last: lastOf(span), at: '' })}>
          {span.title}
        </button>
      ))}
    </div>
  )
}

// Still reading, a past that is gone, a limit.
export function Notes({ past }) {
  const begins = past.begins.value
  const phase = past.phase.value
  return (
    <p class="notes quiet" role="note">
      {(phase === 'asking' || phase === 'reading') && 'reading history … '}
      {begins && `history begins at ${dayTime(begins.time)}: ${begins.why}. `}
      {past.warning.value && `${past.warning.value}. `}
      {past.items.value.length >= ITEMS_MAX && `Only the newest ${ITEMS_MAX} changes are listed.`}
    </p>
  )
}
