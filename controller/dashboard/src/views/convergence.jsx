// How the fleet comes to be as declared: how long each change took, what stood in the way, drift, and agents that come
// and go, as plots over one line of time.
import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { clock, heardAt, isStale } from '../lib/fleet.js'
import { useMetrics } from '../lib/metrics.js'
import { Past } from '../lib/past.js'
import { setParams } from '../lib/route.js'
import { span } from '../lib/time.js'
import { convergence, tookWords } from '../model/convergence.js'
import { Refusal } from '../ui.jsx'
import { Lists } from './convergence_lists.jsx'
import { Plots } from './convergence_plots.jsx'
import { Totals } from './convergence_totals.jsx'
import { Notes, SPANS } from './time.jsx'
import './convergence.css'

const PLURALS = ['agents', 'harvestsessions', 'assignments']
const PERIODS = SPANS.filter(({ name }) => name !== '24h')
const DRAW_MS = 250 // between two drawings, however much changes
const DRAW_SHARE = 8 // and so many times as long as the last one took: it is a small part of the time

const periodOf = (name) => PERIODS.find((period) => period.name === name) ?? PERIODS[1]

// The past since the period's beginning, by the loader of the Time view; its cursor stays at the beginning.
function usePast(period, attempt, onLost) {
  const [past, setPast] = useState(null)
  useEffect(() => {
    const made = new Past({ from: clock.peek() - period.ms, plurals: PLURALS, told: () => {}, onLost })
    setPast(made)
    return () => (made.close(), setPast(null))
  }, [period, attempt])
  return past
}

function rebuild({ replay, items, begins }, period) {
  const to = Math.max(isStale.peek() ? heardAt.peek() : clock.peek(), replay.steps.at(-1)?.time ?? 0)
  const begin = { agents: replay.kind('agents'), harvestsessions: replay.kind('harvestsessions') }
  const from = Math.max(to - period.ms, (begins.peek()?.time ?? 0) - 1) // what was in the first second is in it
  return { ...convergence({ begin, steps: replay.steps, from, to, items: items.peek() }), begins: to - period.ms }
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
  const period = periodOf(params.last)
  const [attempt, setAttempt] = useState(0)
  const again = () => setAttempt((count) => count + 1)
  const past = usePast(period, attempt, again)
  const metrics = useMetrics()
  return (
    <div class="convergence">
      <h1 class="unseen">Convergence</h1>
      <div class="asked">
        <div class="periods" role="group" aria-label="How far back">
          <span class="quiet">the last</span>
          {PERIODS.map(({ name, title }) => (
            <button aria-pressed={period.name === name} onClick={() => setParams({ last: name === '1h' ? '' : name })}>
              {title}
            </button>
          ))}
        </div>
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
  const { applies, open, p50, p99, isRough } = numbers
  const words = (value) => (value === undefined ? '–' : tookWords(value, isRough, span))
  const told = useMemo(
    () => [
      { title: 'half converged within (p50)', value: words(p50) },
      { title: '99 of 100 within (p99)', value: words(p99) },
      { title: applies === 1 ? 'change of a session' : 'changes of sessions', value: applies },
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
