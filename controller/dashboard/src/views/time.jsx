// The fleet at any moment: a scrubber over what happened, the fleet as it was then, who changed what, and the way back.
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { clock, kinds, kindOf } from '../lib/fleet.js'
import { ITEMS_MAX, Past } from '../lib/past.js'
import { setParams } from '../lib/route.js'
import { clockTime } from '../lib/time.js'
import { changesOf, matching, newestAt, objectName } from '../model/changes.js'
import { Roster } from '../model/roster.js'
import { Refusal } from '../ui.jsx'
import { Back } from './time_back.jsx'
import { Changes } from './time_changes.jsx'
import { Difference } from './time_difference.jsx'
import { Scrubber } from './time_scrubber.jsx'
import { Then } from './time_then.jsx'
import './time.css'

const MINUTE_MS = 60_000
export const SPANS = [
  { name: '10m', title: '10 minutes', ms: 10 * MINUTE_MS },
  { name: '1h', title: 'hour', ms: 60 * MINUTE_MS },
  { name: '6h', title: '6 hours', ms: 360 * MINUTE_MS },
  { name: '24h', title: 'day', ms: 1440 * MINUTE_MS },
]
const WRITE_MS = 300 // after the last move the address says the moment

const spanOf = (name) => SPANS.find((span) => span.name === name) ?? SPANS[1]

function objectOf(text = '') {
  const [plural, name] = text.split('/')
  return name ? { plural, name, kind: kindOf(plural) } : null
}

// The past that is looked at, from `from` on; another one when the question is another.
function usePast(from, plurals, object) {
  const [held, setHeld] = useState(null)
  const [attempt, setAttempt] = useState(0)
  const key = JSON.stringify([from, plurals, object, attempt])
  useEffect(() => {
    if (plurals.length === 0) return
    const roster = new Roster()
    const told = (plural, change) => {
      if (plural === 'agents') roster.changeAgent(change)
      if (plural === 'assignments') roster.changeAssignment(change)
    }
    const again = () => setAttempt(attempt + 1)
    const past = new Past({ from, plurals, object, told, onLost: again })
    setHeld({ past, roster, key, again })
    return () => past.close()
  }, [key])
  return held?.key === key ? held : null
}

// The moment that is shown, in ms, and in the address once it rests; null: now, as it goes on.
function useMoment(at, to) {
  const moment = useSignal(Date.parse(at) || Date.parse(to) || null)
  const written = useRef(at)
  useEffect(() => {
    if ((at ?? '') === (written.current ?? '')) return
    written.current = at
    moment.value = Date.parse(at) || Date.parse(to) || null
  }, [at])
  useEffect(() => {
    let timer = 0
    const end = moment.subscribe((value) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        const text = value === null ? '' : new Date(value).toISOString()
        if (text === (written.current ?? '')) return
        written.current = text
        setParams({ at: text })
      }, WRITE_MS)
    })
    return () => (clearTimeout(timer), end())
  }, [])
  return moment
}

export function Time({ params }) {
  const span = spanOf(params.last)
  const plurals = kinds.value.filter(({ verbs }) => verbs.includes('watch')).map(({ plural }) => plural)
  // Asked for once: the beginning stands still while the end goes on.
  const from = useMemo(() => Date.parse(params.from) || clock.peek() - span.ms, [span, params.from])
  const object = objectOf(params.object)
  const held = usePast(from, plurals, object)
  const moment = useMoment(params.at, params.to)
  return (
    <div class="time">
      <h1 class="unseen">Time</h1>
      <Head span={span} isOwn={Boolean(params.from)} object={object} held={held} />
      {held && <Looked key={held.key} held={held} span={span} moment={moment} params={params} object={object} />}
    </div>
  )
}

function Head({ span, isOwn, object, held }) {
  return (
    <div class="asked">
      <div class="spans" role="group" aria-label="How far back">
        <span class="quiet">the last</span>
        {SPANS.map(({ name, title }) => (
          <button aria-pressed={span.name === name && !isOwn} onClick={() => setParams({ last: name === '1h' ? '' : name, from: '', to: '', at: '' })}>
            {title}
          </button>
        ))}
      </div>
      {object && (
        <p class="only">
          only <code>{objectName(object)}</code> <button onClick={() => setParams({ object: '', a: '', b: '' })}>show all of the fleet</button>
        </p>
      )}
      {held && <Notes past={held.past} />}
    </div>
  )
}

// What is not as one would expect: still reading, a past that is gone, a limit.
export function Notes({ past }) {
  const begins = past.begins.value
  const phase = past.phase.value
  return (
    <p class="notes quiet" role="note">
      {(phase === 'asking' || phase === 'reading') && 'reading history … '}
      {begins && `history begins at ${clockTime(begins.time)}: ${begins.why}. `}
      {past.warning.value && `${past.warning.value}. `}
      {past.items.value.length >= ITEMS_MAX && `Only the newest ${ITEMS_MAX} changes are listed.`}
    </p>
  )
}

// The ends of the line, in ms.  While the page stays open its beginning goes on in tenths of the whole, the end all the time.
function useRange(past, span, { from, to }) {
  return useComputed(() => {
    const end = Date.parse(to) || clock.value
    const part = span.ms / 10
    const passed = from ? 0 : Math.max(0, Math.floor((end - span.ms - past.from) / part) * part)
    const start = Math.max(past.from + passed, past.begins.value?.time ?? 0)
    return { from: start, to: Math.max(end, start + 1000), isOpen: !to }
  })
}

function Looked({ held, span, moment, params, object }) {
  const { past } = held
  const [back, setBack] = useState(null)
  const changes = useComputed(() => changesOf(past.items.value))
  const range = useRange(past, span, params)
  const from = useComputed(() => range.value.from)
  const inRange = useComputed(() => changes.value.filter(({ at }) => at >= from.value - 1000))
  const newest = useComputed(() => newestAt(changes.value, moment.value ?? Infinity)?.last ?? 0)
  if (past.phase.value === 'failed') {
    return (
      <>
        <Refusal failure={past.failure.value} />
        <button onClick={held.again}>Look again</button>
      </>
    )
  }
  if (past.phase.value === 'asking') return null
  const title = params.from ? `What changed since ${clockTime(past.from)}` : `What changed in the last ${span.title}`
  const compared = [params.a, params.b].map(Number).filter((revision) => revision > 0)
  return (
    <>
      <Scrubber past={past} all={changes} changes={inRange} range={range} moment={moment} />
      <div class="halves">
        <section class="happened" aria-label="What changed">
          {compared.length === 2 && <Difference past={past} changes={changes.value} a={Math.min(...compared)} b={Math.max(...compared)} object={object} />}
          <Changes title={title} changes={matching(inRange.value, params.q ?? '')} all={changes.value} query={params.q ?? ''} newest={newest.value} moment={moment} compared={compared} object={object} onBack={setBack} />
        </section>
        <Then held={held} moment={moment} object={object} onBack={setBack} changes={changes} />
      </div>
      {back && <Back key={JSON.stringify(back)} wanted={back} changes={changes.value} onBack={setBack} onClose={() => setBack(null)} />}
    </>
  )
}
