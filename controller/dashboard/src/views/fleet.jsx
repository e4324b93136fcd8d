// Every agent as a tile: a few as cards that can be read, thousands as squares that can be seen.
// Of either, only what is on the screen is drawn.
import { effect } from '@preact/signals'
import { Component } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { readings, readingsVersion, takeTouchedReadings, watchReadings } from '../lib/readings.js'
import { useRoster } from '../lib/roster.js'
import { go, objectHref, setParams } from '../lib/route.js'
import { oncePerFrame } from '../model/pace.js'
import { STATES } from '../model/states.js'
import { choose, fitted, labelKeys, layOut, neighbour, seen, resorted, tileAt } from '../model/tiles.js'
import { Bar, Search, State } from '../ui.jsx'
import { Picture, watchLook } from './squares.js'
import './fleet.css'

const CARDS_MAX = 400 // more agents than these are squares, unless somebody wants cards
const SIZES = {
  cards: { widthMin: 190, widthMax: 380, height: 92, gap: 10, heading: 34 },
  squares: { width: 20, height: 20, gap: 3, heading: 34 },
}
const BEYOND = 300 // pixels above and below the screen that are drawn, too
const STEP = 150 // what is drawn moves and grows by these: within one, a scrolling browser moves a picture that it has

export function Fleet({ params }) {
  const { roster, counts, paced, generation, isListed } = useRoster()
  useEffect(watchReadings, [])
  const made = generation.value
  const looked = params.q || params.state ? paced.value : 0 // what is chosen may hang on states
  const sorted = useRef([])
  const names = useMemo(() => (sorted.current = resorted(sorted.current, roster.entries)), [made, isListed.value])
  const keys = useMemo(() => labelKeys(roster.keys), [made, isListed.value])
  const chosen = useMemo(() => choose(names, roster.entries, params), [looked, names, JSON.stringify(params)])
  const count = chosen.groups.reduce((sum, group) => sum + group.names.length, 0)
  const size = Object.hasOwn(SIZES, params.size ?? '') ? params.size : count > CARDS_MAX ? 'squares' : 'cards'
  return (
    <>
      <h1 class="unseen">Fleet</h1>
      <Summary counts={counts} params={params} />
      <Filters keys={keys} params={params} size={size} problem={chosen.problem} />
      {!isListed.value ? (
        <p class="quiet">asking for the agents …</p>
      ) : count === 0 ? (
        <p class="quiet">{names.length === 0 ? 'No agent has dialled in yet: fog-agent --controller ws://… --name NAME --state DIR' : 'No agent matches.'}</p>
      ) : (
        <Tiles key={size} groups={chosen.groups} roster={roster} size={size} />
      )}
    </>
  )
}

// How many are in which state; each is a filter.
function Summary({ counts: { value: counts }, params }) {
  const wanted = new Set(params.state ? params.state.split(',') : [])
  const toggle = (state) => {
    wanted.has(state) ? wanted.delete(state) : wanted.add(state)
    setParams({ state: [...wanted].join(',') })
  }
  return (
    <div class="summary" role="group" aria-label="States">
      {Object.keys(STATES).map((state) => (
        <button class={counts[state] === 0 && !wanted.has(state) ? 'none' : ''} aria-pressed={wanted.has(state)} onClick={() => toggle(state)} title={STATES[state].says}>
          <strong>{counts[state]}</strong> <State state={state} />
        </button>
      ))}
    </div>
  )
}

function Filters({ keys, params, size, problem }) {
  return (
    <Search params={params} placeholder="name or reason" problem={problem} isEager>
      <label>
        by{' '}
        <select aria-label="Group by label" value={params.group ?? ''} onChange={(event) => setParams({ group: event.target.value })}>
          <option value="">nothing</option>
          {[...new Set([...keys, params.group].filter(Boolean))].map((key) => (
            <option value={key}>{key}</option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => setParams({ size: size === 'cards' ? 'squares' : 'cards' })}>
        as {size === 'cards' ? 'squares' : 'cards'}
      </button>
      <span class="quiet">Open an agent to see why it is so, and what would help.</span>
      {problem && (
        <span role="alert" class="problem">
          {problem}
        </span>
      )}
    </Search>
  )
}

// What of an element is on the screen: {width, from, to}, in its own pixels.
function useWindow(ref) {
  const [seenPart, setSeen] = useState({ width: 0, from: 0, to: 0 })
  useLayoutEffect(() => {
    let frame = 0
    const look = () => {
      frame = 0
      const { top, width } = ref.current.getBoundingClientRect()
      const from = Math.max(0, -top)
      setSeen((old) => (old.width === width && old.from === from && old.to === from + innerHeight ? old : { width, from, to: from + innerHeight }))
    }
    const later = () => (frame ||= requestAnimationFrame(look))
    const watcher = new ResizeObserver(later)
    watcher.observe(ref.current)
    addEventListener('scroll', later, { passive: true })
    addEventListener('resize', later)
    look()
    return () => {
      cancelAnimationFrame(frame)
      watcher.disconnect()
      removeEventListener('scroll', later)
      removeEventListener('resize', later)
    }
  }, [])
  return seenPart
}

function Tiles({ groups, roster, size }) {
  const ref = useRef()
  const part = useWindow(ref)
  const shape = useMemo(() => fitted(SIZES[size], part.width || 1), [size, part.width])
  const layout = useMemo(() => layOut(groups, shape, part.width || 1), [groups, shape, part.width])
  const height = Math.min(Math.ceil(layout.height / STEP), Math.ceil((part.to - part.from + 2 * BEYOND) / STEP) + 1) * STEP
  const top = Math.max(0, Math.min(Math.floor((part.from - BEYOND) / STEP) * STEP, layout.height - height))
  const rows = useMemo(() => seen(layout.rows, top, top + height), [layout, top, height])
  const [focused, setFocused] = useState(null)
  const current = focused !== null && roster.entries.has(focused) ? focused : null
  return (
    <div class={`tiles ${size}`} ref={ref} style={{ height: `${layout.height}px` }}>
      {size === 'cards' ? (
        <Cards rows={rows} shape={shape} layout={layout} roster={roster} />
      ) : (
        <Squares {...{ rows, shape, layout, roster, part, top, height, focused: current, setFocused }} />
      )}
    </div>
  )
}

const Heading = ({ row }) => (
  <h2 class="group" style={{ top: `${row.top}px` }}>
    {row.title === '' ? 'without the label' : row.title} <span class="quiet">{row.count}</span>
  </h2>
)

// Where a key leads from a tile; with another one held down it is the browser's, as Alt and an arrow are.
const led = (event, layout, name) => (event.altKey || event.ctrlKey || event.metaKey ? null : neighbour(layout, name, event.key))

// Focus moves by arrow keys among cards that may not be drawn yet.
function move(event, layout, name) {
  const next = led(event, layout, name)
  if (next === null || next === name) return
  event.preventDefault()
  const row = layout.rows.find(({ names }) => names?.includes(next))
  const drawn = () => document.getElementById(`agent-${next}`)
  if (!drawn()) scrollBy(0, row.top - layout.rows.find(({ names }) => names?.includes(name)).top)
  requestAnimationFrame(() => requestAnimationFrame(() => drawn()?.focus()))
}

function Cards({ rows, shape, layout, roster }) {
  useRoster().version.value // read, so that what is told is drawn
  readingsVersion.value
  return rows.map((row) =>
    row.names ? (
      row.names.filter((name) => roster.entries.has(name)).map((name, column) => ( // one that went since it was laid out
        <a
          key={name}
          id={`agent-${name}`}
          class={`card ${roster.entries.get(name).state.state}`}
          href={objectHref('agents', name)}
          onKeyDown={(event) => move(event, layout, name)}
          style={{ top: `${row.top}px`, left: `${column * (shape.width + shape.gap)}px`, width: `${shape.width}px`, height: `${shape.height}px` }}
        >
          <Card name={name} state={roster.entries.get(name).state} work={roster.workOn(name).size} told={readings.get(name)} />
        </a>
      ))
    ) : (
      <Heading key={`group ${row.title}`} row={row} />
    ),
  )
}

const isWell = (state) => state === 'converged' || state === 'idle'
const isNumber = (value) => typeof value === 'number'

// Drawn again when something of it is another.
class Card extends Component {
  shouldComponentUpdate(next) {
    return ['name', 'state', 'work', 'told'].some((one) => next[one] !== this.props[one])
  }

  render({ name, state: { state, reason, message }, work, told }) {
    return (
      <>
        <span class="name">{name}</span>
        <State state={state} />
        <span class="reason">{isWell(state) ? `${work} assignment${work === 1 ? '' : 's'}` : reason}</span>
        <span class="reason" title={message}>
          {isWell(state) ? '' : message}
        </span>
        <span class="bars">{told && <Bars told={told} />}</span>
      </>
    )
  }
}

function Bars({ told }) {
  const { battery, temperature, load, cores, charging } = told
  return (
    <>
      {isNumber(battery) && (
        <Bar share={battery / 100} label={`${battery}%${charging === 'true' ? '⚡' : ''}`} title="battery" level={battery < 20 ? 'low' : ''} />
      )}
      {isNumber(temperature) && <Bar share={temperature / 100} label={`${Math.round(temperature)}°`} title="temperature" level={temperature > 80 ? 'high' : ''} />}
      {isNumber(load) && <Bar share={load / (isNumber(cores) ? cores : 1)} label={`${load}`} title="load" level={load > cores ? 'high' : ''} />}
    </>
  )
}

// Draws what of the picture is another: when it is laid out otherwise, when something was told of an agent in it, and when all of
// it shall look otherwise.
function useDrawing(ref, wanted) {
  const { version } = useRoster()
  const kept = useMemo(() => ({ draw: oncePerFrame(requestAnimationFrame), picture: new Picture() }), [])
  const draw = () => ref.current && kept.picture.draw(ref.current, kept.wanted, [wanted.roster.takeTouched(), takeTouchedReadings()])
  useLayoutEffect(() => {
    const isMoved = kept.wanted?.top !== wanted.top // the canvas has moved, and the picture on it moves in the same frame
    kept.wanted = wanted
    kept.draw(draw, isMoved)
  })
  useEffect(
    () =>
      effect(() => {
        version.value
        readingsVersion.value
        kept.draw(draw)
      }),
    [],
  )
  useEffect(() => watchLook(() => kept.draw(draw)), [])
}

// One canvas as large as the screen, moved along; it is focused as a whole, and arrow keys move within.
function Squares({ rows, shape, layout, roster, part, top, height, focused, setFocused }) {
  const ref = useRef()
  useDrawing(ref, { rows, shape, roster, columns: layout.columns, top, width: part.width, height, focused })
  const point = (event) => {
    const { left, top: above } = ref.current.getBoundingClientRect()
    return tileAt(layout, shape, event.clientX - left, event.clientY - above + top)
  }
  const keep = (name) => name !== focused && setFocused(name)
  const key = (event) => {
    if (event.key === 'Enter' && focused) return go(['o', 'agents', focused])
    const next = led(event, layout, focused)
    if (next === null) return
    event.preventDefault()
    keep(next)
    const row = layout.rows.find(({ names }) => names?.includes(next))
    if (row.top < part.from || row.top + row.height > part.to - 60) scrollBy(0, row.top - (part.from + part.to) / 2)
  }
  return (
    <>
      {rows.filter(({ names }) => !names).map((row) => <Heading key={row.title} row={row} />)}
      <canvas
        ref={ref}
        tabIndex="0"
        role="application"
        aria-label="Agents: arrow keys move, Enter opens"
        style={{ top: `${top}px`, width: `${part.width}px`, height: `${height}px` }}
        onPointerMove={(event) => keep(point(event))}
        onPointerLeave={() => keep(null)}
        onClick={(event) => point(event) && go(['o', 'agents', point(event)])}
        onKeyDown={key}
      />
      <Told roster={roster} name={focused} />
    </>
  )
}

// In words what the square is that is meant.
function Told({ roster, name }) {
  useRoster().version.value
  const entry = name && roster.entries.get(name)
  return (
    <p class="told" role="status" aria-live="polite" aria-label="Agent">
      {entry ? (
        <>
          <strong>{name}</strong> <State state={entry.state.state} /> {entry.state.reason} {entry.state.message}
        </>
      ) : (
        <span class="quiet">point at a square, or move with the arrow keys</span>
      )}
    </p>
  )
}
