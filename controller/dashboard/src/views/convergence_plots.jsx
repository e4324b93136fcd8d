// The four plots, one line of time.
import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { go } from '../lib/route.js'
import { clockTime, span } from '../lib/time.js'
import { CLASSES, namesOf, tookWords, valueAt } from '../model/convergence.js'
import { dots, pale, Plot, steps, unseen } from './plot.jsx'
import { lastOf } from './spans.jsx'
import { readColours } from './squares.js'

const NEAR_PX = 14 // a dot so close to the pointer is meant
const TIMES = [0.01, 0.1, 1, 10, 60, 600, 3600, 21_600].map((seconds) => seconds * 1000)
const TIME_WORDS = ['10 ms', '100 ms', '1 s', '10 s', '1 m', '10 m', '1 h', '6 h']
const ROUGH_MS = 500 // where "under 1 s" is drawn
const COLOURS = { Configuration: 'converging', Network: 'silent', Resources: 'suspended', Software: 'diverged' }
const CLASS_WORDS = {
  Configuration: 'it has not caught up with what was declared, or differs',
  Network: 'somebody cannot be reached',
  Resources: 'something is lacking',
  Software: 'it does not run as it should',
}
const ZERO_MAX = 20 // lines of counts up to here begin at 0

function Figure({ title, says, legend, children }) {
  return (
    <figure>
      <figcaption>
        <span class="title">
          {title} <span class="quiet">{says}</span>
        </span>
        {legend.map(({ name, colour, form = '', value, title: about }) => (
          <span class={`key ${colour} ${form}`} title={about}>
            {name} {value !== undefined && <strong>{value}</strong>}
          </span>
        ))}
      </figcaption>
      {children}
    </figure>
  )
}

export function Plots({ series, period }) {
  const cursor = useSignal(null) // the moment under the pointer: the numbers are of it then, else of now
  const onCursor = (plot) => {
    const { left } = plot.cursor
    cursor.value = left >= 0 ? { time: plot.posToVal(left, 'x'), left: left + plot.over.offsetLeft } : null
  }
  const shared = { series, from: series.begins, to: series.to, time: cursor.value?.time ?? null, onCursor }
  return (
    <div class="plots">
      <Applies {...shared} period={period} />
      <Diverged {...shared} />
      <Drift {...shared} />
      <Agents {...shared} />
      {cursor.value && (
        <p class="moment" style={{ left: `${cursor.value.left}px` }} aria-hidden="true">
          {clockTime(cursor.value.time)}
        </p>
      )}
    </div>
  )
}

const heightOf = ({ took, isRough }) => Math.max(took, isRough ? ROUGH_MS : 1)

const isEnded = (state) => state === 'replaced' || state === 'deleted' // before it converged

function applyData(applies) {
  const all = [...applies].reverse()
  const only = (isMeant) => all.map((one) => (isMeant(one.state) ? heightOf(one) : null))
  return [all.map(({ time }) => time), only(isEnded), only((state) => state === 'converged'), only((state) => state === 'open')]
}

const APPLY_SERIES = [dots('silent', { size: 6 }), dots('converged', { isFilled: true }), dots('converging')]
const topOf = (most) => TIMES.find((time) => time >= 10_000 && time > most * 1.2) ?? most * 1.2
const bottomOf = (least) => TIMES.findLast((time) => time <= 100 && time < least / 1.2) ?? least / 1.2
const APPLY_SCALE = { distr: 3, range: (_, least, most) => [bottomOf(least ?? 500), topOf(most ?? 0)] }
const APPLY_AXIS = {
  incrs: TIMES,
  splits: ({ scales }) => TIMES.filter((time) => time >= scales.y.min && time <= scales.y.max),
  values: (_, splits) => splits.map((time) => TIME_WORDS[TIMES.indexOf(time)]),
  filter: (_, splits) => splits,
}

const STATE_WORDS = {
  converged: 'as declared in',
  open: 'not as declared for',
  replaced: 'replaced by a newer one after',
  deleted: 'deleted after',
}
export const applyWords = (one) => `${STATE_WORDS[one.state]} ${tookWords(one.took, one.isRough, span)}`

// The dot under the pointer.
function nearest(plot, applies) {
  const { left, top } = plot.cursor
  const { offsetLeft, offsetTop, clientWidth } = plot.over
  let found = null
  let least = NEAR_PX
  for (const one of left >= 0 ? applies : []) {
    const [x, y] = [plot.valToPos(one.time, 'x'), plot.valToPos(heightOf(one), 'y')]
    const distance = Math.hypot(x - left, y - top)
    if (distance >= least) continue
    least = distance
    found = { one, left: x + offsetLeft, top: y + offsetTop, isRight: x > clientWidth / 2 }
  }
  return found
}

// One session, or the fleet when several were changed.
const addressOf = ({ sessions, time }, period) =>
  sessions.length === 1
    ? [['o', 'harvestsessions', sessions[0].name]]
    : [['time'], { last: lastOf(period), at: new Date(time).toISOString() }]

function Applies({ series, from, to, onCursor, period }) {
  const { applies, numbers } = series
  const meant = useSignal(null)
  const data = useMemo(() => applyData(applies), [series])
  const count = (isMeant) => applies.filter(({ state }) => isMeant(state)).length
  const legend = [
    { name: 'as declared', colour: 'converged', form: 'dot', value: count((state) => state === 'converged') },
    { name: 'not yet', colour: 'converging', form: 'ring', value: numbers.open },
    { name: 'replaced or deleted', colour: 'silent', form: 'ring', value: count(isEnded) },
  ]
  const hear = (plot) => {
    onCursor(plot)
    const isHere = plot.over.matches(':hover')
    meant.value = isHere ? nearest(plot, applies) : null
  }
  const open = () => meant.value && go(...addressOf(meant.value.one, period))
  return (
    <Figure title="Time from change to converged" says="a dot for each change, until its sessions were as declared" legend={legend}>
      <div class={`applies ${meant.value ? 'meant' : ''}`} onClick={open}>
        <Plot
          label={`${applies.length} changes, listed below`}
          {...{ data, from, to }}
          height={190}
          series={APPLY_SERIES}
          y={APPLY_SCALE}
          yAxis={APPLY_AXIS}
          onCursor={hear}
        />
        {applies.length === 0 && <p class="none quiet">nothing was changed</p>}
        {meant.value && <Tip {...meant.value} />}
      </div>
    </Figure>
  )
}

function Tip({ one, left, top, isRight }) {
  return (
    <div class={`tip ${isRight ? 'right' : ''}`} style={{ left: `${left}px`, top: `${top}px` }}>
      <strong>{namesOf(one.sessions)}</strong> <span class="quiet">revision {one.revision}</span>
      <br />
      {applyWords(one)}
      <br />
      <span class="quiet">
        {clockTime(one.time)}
        {one.who && `, by ${one.who}`}
        {one.why && `: ${one.why}`}
      </span>
      {one.state === 'open' && <br />}
      {one.state === 'open' && one.message}
    </div>
  )
}

const COUNT_SCALE = { range: (_, least, most) => [0, Math.max(1, most ?? 0) * 1.15] }

const STACK_SERIES = [unseen]
const LEAST_PX = 2 // what was over at once is seen, too

// Areas on top of each other, from one change to the next.
function drawStack(plot, { times, series }) {
  const { ctx } = plot
  const least = LEAST_PX * devicePixelRatio
  for (let i = 0; i + 1 < times.length; i++) {
    const [left, right] = [times[i], times[i + 1]].map((time) => Math.round(plot.valToPos(time, 'x', true))) // whole pixels: no seams
    const width = Math.max(least, right - left)
    let sum = 0
    for (const name of CLASSES) {
      const count = series[name][i]
      if (count === 0) continue
      const [bottom, top] = [sum, sum + count].map((value) => plot.valToPos(value, 'y', true))
      sum += count
      ctx.fillStyle = pale(COLOURS[name])
      ctx.fillRect(left, top, width, bottom - top)
      ctx.fillStyle = readColours()[COLOURS[name]]
      ctx.fillRect(left, top, width, least)
    }
  }
}

const sums = ({ times, series }) => [times, times.map((_, i) => CLASSES.reduce((sum, name) => sum + series[name][i], 0))]

function Diverged({ series, from, to, time, onCursor }) {
  const { diverged } = series
  const data = useMemo(() => sums(diverged), [series])
  const legend = CLASSES.map((name) => ({
    name,
    colour: COLOURS[name],
    form: 'area',
    value: time === null ? diverged.now[name] : valueAt(diverged, name, time),
    title: CLASS_WORDS[name],
  }))
  const onDraw = (plot) => drawStack(plot, diverged)
  const words = CLASSES.map((name) => `${diverged.now[name]} ${name}`).join(', ')
  return (
    <Figure title="Sessions not as declared" says="how many, and what stood in the way" legend={legend}>
      <Plot
        label={`sessions not as declared now: ${words}`}
        {...{ data, from, to, onCursor, onDraw }}
        height={100}
        series={STACK_SERIES}
        y={COUNT_SCALE}
      />
    </Figure>
  )
}

const DRIFT_SERIES = [steps('diverged'), steps('converged')]

function Drift({ series, from, to, time, onCursor }) {
  const { drift } = series
  const data = useMemo(() => [drift.times, drift.series.found, drift.series.healed], [series])
  const value = (name) => (time === null ? drift.now[name] : valueAt(drift, name, time))
  const legend = [
    { name: 'found', colour: 'diverged', form: 'line', value: value('found') },
    { name: 'healed', colour: 'converged', form: 'line', value: value('healed') },
  ]
  const label = `in this period drift was found ${drift.now.found} times and healed ${drift.now.healed} times`
  return (
    <Figure title="Drift found and healed" says="work that was no longer as declared, and was put right" legend={legend}>
      <Plot {...{ label, data, from, to, onCursor }} height={100} series={DRIFT_SERIES} y={COUNT_SCALE} />
    </Figure>
  )
}

const AGENT_SERIES = [steps('link')]
const AGENT_SCALE = {
  range: (_, least, most) => {
    const pad = Math.max(1, ((most ?? 1) - (least ?? 0)) * 0.2)
    return (most ?? 0) <= ZERO_MAX ? [0, Math.max(1, most ?? 0) * 1.25] : [Math.max(0, least - pad), most + pad]
  },
}
const MARKS = { joined: { colour: 'converged', side: 1 }, left: { colour: 'diverged', side: -1 } }
const MARK_PX = 5

// A triangle on the line for each that came (up) or went (down); one for many in the same place.
function drawMarks(plot, agents, from) {
  const { ctx } = plot
  const size = MARK_PX * devicePixelRatio
  const drawn = new Set()
  for (const { time, what } of agents.list) {
    if (time < from) continue
    const { colour, side } = MARKS[what]
    const x = Math.round(plot.valToPos(time, 'x', true))
    if (drawn.has(`${x} ${what}`)) continue
    drawn.add(`${x} ${what}`)
    const y = plot.valToPos(valueAt(agents, 'connected', time), 'y', true)
    ctx.fillStyle = readColours()[colour]
    ctx.beginPath()
    ctx.moveTo(x, y - side * size)
    ctx.lineTo(x + size, y + side * size)
    ctx.lineTo(x - size, y + side * size)
    ctx.fill()
  }
}

function Agents({ series, from, to, time, onCursor }) {
  const { agents } = series
  const data = useMemo(() => [agents.times, agents.series.connected], [series])
  const count = (what) => agents.list.filter((one) => one.what === what).length
  const connected = time === null ? agents.now.connected : valueAt(agents, 'connected', time)
  const known = time === null ? agents.now.known : valueAt(agents, 'known', time)
  const legend = [
    { name: 'connected', colour: 'link', form: 'line', value: `${connected} of ${known}` },
    { name: 'joined', colour: 'converged', form: 'up', value: count('joined') },
    { name: 'left', colour: 'diverged', form: 'down', value: count('left') },
  ]
  const label = `${agents.now.connected} of ${agents.now.known} agents are connected; ${count('joined')} joined, ${count('left')} left`
  const onDraw = (plot) => drawMarks(plot, agents, from)
  return (
    <Figure title="Agents" says="how many are connected" legend={legend}>
      <Plot {...{ label, data, from, to, onCursor, onDraw }} height={128} hasTimes series={AGENT_SERIES} y={AGENT_SCALE} />
    </Figure>
  )
}
