// How the fleet comes to be as declared: how long each change took, what stood in the way, drift, and agents that come
// and go, as plots over one line of time.
import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { now } from '../lib/api.js'
import { clock, heardAt, isStale, kinds } from '../lib/fleet.js'
import { useMetrics } from '../lib/metrics.js'
import { Past } from '../lib/past.js'
import { span } from '../lib/time.js'
import { changesOf } from '../model/changes.js'
import { convergence, tookWords } from '../model/convergence.js'
import { Refusal } from '../ui.jsx'
import { Lists } from './convergence_lists.jsx'
import { Plots } from './convergence_plots.jsx'
import { Totals } from './convergence_totals.jsx'
import { Notes, spanOf, Spans } from './spans.jsx'
import './convergence.css'

const PLURALS = ['agents', 'harvestsessions', 'assignments']
const DRAW_MS = 250 // between two drawings, however much changes
const LINE_MIN_MS = 60_000 // the line of time begins with the fleet, if that is younger than the period; it is no shorter than this
const DRAW_SHARE = 8 // and so many times as long as the last one took: it is a small part of the time

// The past since the period's beginning, by the loader of the Time view; its cursor stays at the beginning.
// It is asked for once the controller has answered: what time it is, it says.
function usePast(period, attempt, onLost) {
  const [past, setPast] = useState(null)
  const isAnswered = kinds.value.length > 0
  useEffect(() => {
    if (!isAnswered) return
    const made = new Past({ from: now() - period.ms, plurals: PLURALS, told: () => {}, onLost })
    setPast(made)
    return () => (made.close(), setPast(null))
  }, [period, attempt, isAnswered])
  return past
}

function rebuild({ replay, items, begins }, period) {
  const to = Math.max(isStale.peek() ? heardAt.peek() : clock.peek(), replay.steps.at(-1)?.time ?? 0)
  const begin = { agents: replay.kind('agents'), harvestsessions: replay.kind('harvestsessions') }
  const from = Math.max(to - period.ms, (begins.peek()?.time ?? 0) - 1) // what was in the first second is in it
  return { ...convergence({ begin, steps: replay.steps, from, to, changes: changesOf(items.peek()) }), begins: Math.max(to - period.ms, Math.min(from, to - LINE_MIN_MS)) }
}

// Worked out anew when something was told, and as time goes on.
function useSeries(past, period) {
  const series = useSignal(null)
  useEffect(() => {
    let timer = 0
    let pause = DRAW_MS
    const draw = () => {
      timer = 0
      if (past.phase.peek() !== 'whole') return
      const began = performance.now()
      series.value = rebuild(past, period)
      pause = Math.max(DRAW_MS, DRAW_SHARE * (performance.now() - began))
    }
    const soon = () => (timer ||= setTimeout(draw, pause))
    const ends = [past.version, past.items, past.phase, clock].map((one) => one.subscribe(soon))
    draw()
    return () => (clearTimeout(timer), ends.forEach((end) => end()))
  }, [past, period])
  return series.value
}

export function Convergence({ params }) {
  const period = spanOf(params.last)
  const [attempt, setAttempt] = useState(0)
  const again = () => setAttempt((count) => count + 1)
  const past = usePast(period, attempt, again)
  const metrics = useMetrics()
  return (
    <div class="convergence">
      <h1 class="unseen">Convergence</h1>
      <div class="looked">
        <Spans chosen={period} />
        {past && <Notes past={past} />}
      </div>
      {past && <Looked key={period.name + attempt} past={past} period={period} onAgain={again} />}
      <Totals metrics={metrics.value} />
    </div>
  )
}

function Looked({ past, period, onAgain }) {
  const series = useSeries(past, period)
  if (past.phase.value === 'failed') {
    return (
      <>
        <Refusal failure={past.failure.value} />
        <button onClick={onAgain}>Look again</button>
      </>
    )
  }
  return (
    <>
      <Numbers numbers={series?.numbers} />
      {series ? <Plots series={series} period={period} /> : <div class="awaited" aria-hidden="true" />}
      {series && <Lists series={series} period={period} />}
    </>
  )
}

const NOTHING = { applies: '–', open: '–' }

function Numbers({ numbers = NOTHING }) {
  const { applies, arrived = 0, open, p50, p99, isRough } = numbers
  const words = (value) => (value === undefined ? '–' : tookWords(value, isRough, span))
  const told = useMemo(
    () => [
      { title: 'half converged within (p50)', value: words(p50) },
      { title: arrived < 100 ? 'the slowest' : '99 of 100 within (p99)', value: words(p99) },
      { title: applies === 1 ? 'change' : 'changes', value: applies },
      { title: 'not converged yet', value: open, level: open > 0 ? 'open' : '' },
    ],
    [numbers],
  )
  return (
    <dl class="numbers">
      {told.map(({ title, value, level = '' }) => (
        <div class={level}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
