// The fleet at any moment: a scrubber over what happened, the fleet as it was then, who changed what, and the way back.
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { now } from '../lib/api.js'
import { clock, heardAt, isStale, kinds, kindOf } from '../lib/fleet.js'
import { Past } from '../lib/past.js'
import { setParams } from '../lib/route.js'
import { dayTime } from '../lib/time.js'
import { changesOf, matching, newestAt, objectName } from '../model/changes.js'
import { isOn, lineOf } from '../model/line.js'
import { Roster } from '../model/roster.js'
import { Refusal } from '../ui.jsx'
import { Notes, spanOf, Spans } from './spans.jsx'
import { Back } from './time_back.jsx'
import { Changes } from './time_changes.jsx'
import { Difference } from './time_difference.jsx'
import { Scrubber } from './time_scrubber.jsx'
import { Then } from './time_then.jsx'
import './time.css'

const SECOND_MS = 1000
const WRITE_MS = 300 // after the last move the address says the moment

function objectOf(text = '') {
  const [plural, name] = text.split('/')
  return name ? { plural, name, kind: kindOf(plural) } : null
}

// The line of time that is looked at; another one when the span is another, or the address says a moment that is not on it.
// Its beginning stands still while the end goes on.
function useLine(span, at) {
  const { current } = useRef({})
  if (current.span !== span || !isOn(current.line, Date.parse(at))) {
    Object.assign(current, { span, line: lineOf(span.ms, Date.parse(at), now()) })
  }
  return current.line
}

// The past of a line; another one when the question is another.
function usePast({ from }, plurals, object) {
  const [held, setHeld] = useState(null)
  const [attempt, setAttempt] = useState(0)
  const key = JSON.stringify([from, plurals, object, attempt])
  useEffect(() => {
    const roster = new Roster()
    const told = (plural, change) => {
      if (plural === 'agents') roster.changeAgent(change, change.all)
      if (plural === 'assignments') roster.changeAssignment(change, change.all)
    }
    const again = () => setAttempt(attempt + 1)
    const past = new Past({ from, plurals, object, told, onLost: again })
    setHeld({ past, roster, key, again })
    return () => past.close()
  }, [key])
  return held?.key === key ? held : null
}

// What an address says: a moment in ms, or null for now, as it goes on.
function momentOf(at) {
  const time = Date.parse(at)
  return time < now() ? time : null
}

// The moment that is shown, and in the address once it rests.
function useMoment(at) {
  const moment = useSignal(momentOf(at))
  const written = useRef(at)
  useEffect(() => {
    if ((at ?? '') === (written.current ?? '')) return
    written.current = at
    moment.value = momentOf(at)
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
  const plurals = kinds.value.filter(({ verbs }) => verbs.includes('watch')).map(({ plural }) => plural)
  return (
    <div class="time">
      <h1 class="unseen">Time</h1>
      {plurals.length > 0 && <Asked plurals={plurals} params={params} />}
    </div>
  )
}

// Once the controller has answered: what time it is, it says.
function Asked({ plurals, params }) {
  const span = spanOf(params.last)
  const line = useLine(span, params.at)
  const object = objectOf(params.object)
  const held = usePast(line, plurals, object)
  const moment = useMoment(params.at)
  return (
    <>
      <Head span={span} isOpen={line.to === undefined} object={object} held={held} />
      {held && <Looked key={held.key} {...{ held, span, line, moment, params, object }} />}
    </>
  )
}

function Head({ span, isOpen, object, held }) {
  return (
    <div class="looked">
      <Spans chosen={isOpen ? span : null} />
      {object && (
        <p class="only">
          only <code>{objectName(object)}</code> <button onClick={() => setParams({ object: '', a: '', b: '' })}>show all of the fleet</button>
        </p>
      )}
      {held && <Notes past={held.past} />}
    </div>
  )
}

// The ends of the line as it is drawn, in ms.  While the page stays open its beginning goes on in tenths of the whole, but
// never past the moment that is looked at; the end goes on as long as somebody tells what happens.
function useRange(past, span, { to }, moment) {
  const end = useComputed(() => to ?? (isStale.value ? heardAt.value : clock.value))
  const from = useComputed(() => {
    const part = span.ms / 10
    const passed = Math.max(0, Math.floor((end.value - span.ms - past.from) / part) * part)
    return Math.max(Math.min(past.from + passed, moment.value ?? Infinity), past.begins.value?.time ?? 0)
  })
  return useComputed(() => ({ from: from.value, to: Math.max(end.value, from.value + 1000), isOpen: to === undefined }))
}

function Looked({ held, span, line, moment, params, object }) {
  const { past } = held
  const [back, setBack] = useState(null)
  const changes = useComputed(() => changesOf(past.items.value))
  const range = useRange(past, span, line, moment)
  const from = useComputed(() => range.value.from)
  const begins = past.begins.value?.time
  useEffect(() => {
    if (moment.peek() !== null && moment.peek() < begins) setParams({ at: new Date(begins).toISOString() }) // of before nothing is known
  }, [begins])
  const inRange = useComputed(() => changes.value.filter(({ at }) => at >= from.value - SECOND_MS && at <= (line.to ?? Infinity)))
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
  const title = line.to === undefined ? `What changed in the last ${span.title}` : `What changed around ${dayTime((line.from + line.to) / 2)}`
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
