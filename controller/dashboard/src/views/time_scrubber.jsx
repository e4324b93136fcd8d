// The line of time: how much happened when, a mark for each change, a slider, and playback.
import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { clockTime, day, dayTime, duration } from '../lib/time.js'
import { isByAgent, lastBefore, marks, newestAt, nextAfter, sentence } from '../model/changes.js'
import { stepOf, ticks } from '../model/line.js'
import { isSetback } from '../model/states.js'

const MINUTE_MS = 60_000
const PLACES_MAX = 200 // on the line: what is in one is drawn as one
const TICKS_MAX = 8
const [START_SHARE, END_SHARE] = [0.02, 0.05] // of the line, where no word of a tick has room
const FRAME_MS_MAX = 250 // of time that goes by while nobody looks no more is played
const SPEEDS = [1, 10, 60, 300, 1500]
const KEY_STEPS = 200 // arrows go through the whole line in so many
const STEPS_LEAST = 24 // of so many in one place, or more, a bar has the whole height; on a scale of logarithms

export function Scrubber({ past, all, changes, range, moment }) {
  const isPlaying = useSignal(false)
  const speed = useSignal(60)
  usePlayback({ isPlaying, speed, range, moment })
  const go = (time) => {
    const { from, to } = range.peek()
    moment.value = time < to ? Math.max(from, time) : range.peek().isOpen ? null : to
  }
  const next = () => {
    const change = nextAfter(changes.peek(), moment.peek() ?? range.peek().to)
    go(change ? change.at : Infinity)
  }
  const previous = () => {
    const change = lastBefore(changes.peek(), moment.peek() ?? range.peek().to)
    go(change ? change.at : 0)
  }
  return (
    <section class="scrubber" aria-label="History">
      <Moment changes={all} moment={moment} isPlaying={isPlaying.value} />
      <div class="line">
        <Strip past={past} changes={changes} range={range} moment={moment} go={go} />
        <Slider changes={all} range={range} moment={moment} go={go} next={next} previous={previous} />
        <Scale range={range} />
      </div>
      <div class="controls">
        <button onClick={previous} title="to the previous change (Page Down)">
          ◀ previous change
        </button>
        <button class="play" onClick={() => (isPlaying.value = !isPlaying.value)} aria-pressed={isPlaying.value}>
          {isPlaying.value ? 'Pause' : 'Play'}
        </button>
        <label>
          <span class="unseen">Speed</span>
          <select value={speed.value} onChange={(event) => (speed.value = Number(event.target.value))}>
            {SPEEDS.map((one) => (
              <option value={one}>{one === 1 ? 'as it happened' : `${one} × as fast`}</option>
            ))}
          </select>
        </label>
        <button onClick={next} title="to the next change (Page Up)">
          next change ▶
        </button>
        <button onClick={() => go(Infinity)} disabled={moment.value === null}>
          {range.value.isOpen ? 'now' : 'end'}
        </button>
        <Legend />
      </div>
    </section>
  )
}

// Time goes on by itself while it plays; where it meets now, it goes on with it.
function usePlayback({ isPlaying, speed, range, moment }) {
  useEffect(() => {
    if (!isPlaying.value) return
    if (moment.peek() === null || moment.peek() >= range.peek().to) moment.value = range.peek().from
    let before = performance.now()
    let frame = requestAnimationFrame(function draw(time) {
      const next = moment.peek() === null ? Infinity : moment.peek() + Math.min(time - before, FRAME_MS_MAX) * speed.peek()
      before = time
      if (next >= range.peek().to) {
        moment.value = range.peek().isOpen ? null : range.peek().to
        isPlaying.value = false
        return
      }
      moment.value = next
      frame = requestAnimationFrame(draw)
    })
    return () => cancelAnimationFrame(frame)
  }, [isPlaying.value])
}

const words = (changes, time) => {
  const change = newestAt(changes, time ?? Infinity)
  return change ? `after ${sentence(change)}` : 'before the first change'
}

// What it is after is read aloud, where it does not pass by.
function Moment({ changes, moment, isPlaying }) {
  const time = moment.value
  return (
    <p class="moment">
      <strong>{time === null ? 'now' : dayTime(time)}</strong>
      <span class="quiet" aria-live={isPlaying ? 'off' : 'polite'}>
        {' '}
        {words(changes.value, time)}
      </span>
    </p>
  )
}

function Strip({ past, changes, range, moment, go }) {
  const version = past.version.value
  const { from, to } = range.value
  const size = stepOf(to - from, PLACES_MAX)
  const share = (time) => `${((time - from) / (to - from)) * 100}%`
  const all = useMemo(() => marks(changes.value, from, to, size, dayTime), [changes.value, from, to])
  return (
    <div class="strip">
      <Pulse {...{ past, from, to, size, version }} />
      {all.map(({ at, changes: found, words: title }) => (
        <button class={`mark ${found.every(isByAgent) ? 'byAgent' : ''}`} tabIndex="-1" title={title} aria-label={title} style={{ left: share(at) }} onClick={() => go(at)} />
      ))}
      <span class="cursor" style={{ left: share(moment.value ?? to) }} />
    </div>
  )
}

// How many steps there were, place by place, and where they were setbacks.
function Pulse({ past, from, to, size, version }) {
  const bars = useMemo(() => past.replay.pulse(from, to, size, isKnownSetback), [past, from, to, version])
  const most = bars.reduce((found, { steps }) => Math.max(found, steps), STEPS_LEAST)
  return (
    <svg viewBox={`0 0 ${(to - from) / size} 1`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map(({ time, steps, meant }) => (
        <>
          <Bar at={(time - from) / size} count={steps} most={most} name="" />
          <Bar at={(time - from) / size} count={meant} most={most} name="worse" />
        </>
      ))}
    </svg>
  )
}

function Bar({ at, count, most, name }) {
  if (count === 0) return null
  const height = Math.log2(count + 1) / Math.log2(most + 1)
  return <rect class={name} x={at} y={1 - height} width="0.8" height={height} />
}

// Found out once for each step.
const isKnownSetback = (step) => (step.isSetback ??= isSetback(step))

function Slider({ changes, range, moment, go, next, previous }) {
  const { from, to } = range.value
  const time = moment.value ?? to
  // By how it is when the key is pressed: two may come before the next is drawn.
  const move = (steps) => {
    const { from: start, to: end } = range.peek()
    go((moment.peek() ?? end) + (steps * (end - start)) / KEY_STEPS)
  }
  const keys = {
    ArrowLeft: () => move(-1),
    ArrowDown: () => move(-1),
    ArrowRight: () => move(1),
    ArrowUp: () => move(1),
    PageDown: previous,
    PageUp: next,
    Home: () => go(0),
    End: () => go(Infinity),
  }
  const onKeyDown = (event) => {
    if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    keys[event.key]()
  }
  return (
    <input
      type="range"
      aria-label="Moment"
      aria-valuetext={`${moment.value === null ? 'now' : `${dayTime(time)}, ${duration(to - time)} ago`}, ${words(changes.value, moment.value)}`}
      min={0}
      max={Math.round(to - from)}
      step="any"
      value={time - from}
      onInput={(event) => go(from + Number(event.target.value))}
      onKeyDown={onKeyDown}
    />
  )
}

const label = (time, step) => {
  if (step >= MINUTE_MS && clockTime(time).startsWith('00:00')) return day(time)
  return clockTime(time).slice(0, step < MINUTE_MS ? undefined : -3)
}

function Scale({ range }) {
  const { from, to, isOpen } = range.value
  const { step, times } = ticks(from, to, TICKS_MAX)
  const seen = times.filter((time) => Math.min((time - from) / START_SHARE, (to - time) / END_SHARE) > to - from)
  return (
    <p class="scale quiet" aria-hidden="true">
      {seen.map((time) => (
        <span key={time} style={{ left: `${((time - from) / (to - from)) * 100}%` }}>
          {label(time, step)}
        </span>
      ))}
      <span class="now">{isOpen ? 'now' : clockTime(to)}</span>
    </p>
  )
}

const KEYS = [
  ['byPerson', 'a change'],
  ['byAgent', 'an agent joined'],
  ['followed', 'what followed'],
  ['worse', 'agents or work suspended, diverged or silent'],
]

const Legend = () => (
  <p class="legend quiet" aria-hidden="true">
    {KEYS.map(([name, says]) => (
      <span class={name}>{says}</span>
    ))}
  </p>
)
