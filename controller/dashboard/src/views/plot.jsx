// A plot over time: uPlot, in the colours of the style sheet, as wide as there is room, with the cursor of the plots beside it.
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { clockTime } from '../lib/time.js'
import { readColours } from './squares.js'

const AXIS_PX = 56 // of numbers, so that plots above each other have one line of time
const MINUTE_MS = 60_000
const FONT = '12px system-ui, sans-serif'
const AIR = 0.008 // to the right of now
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]
const scheme = matchMedia('(prefers-color-scheme: dark)')

// Read when it is drawn: the scheme may have changed.
export const colour = (name) => () => readColours()[name]

// Light enough that what is written and drawn beside it counts more.
const AREA_SHARE = 0.55
export function pale(name) {
  const [mine, paper] = [name, 'paper'].map((one) => readColours()[one].match(/[\d.]+/g).map(Number))
  return `rgb(${mine.slice(0, 3).map((value, i) => Math.round(value * AREA_SHARE + paper[i] * (1 - AREA_SHARE)))})`
}

const timeWords = (_, splits, axis, space, step) => splits.map((time) => clockTime(time).slice(0, step < MINUTE_MS ? undefined : -3))

const GRID = { stroke: colour('line'), width: 1 }
const axisOf = (given) => ({ font: FONT, stroke: colour('quiet'), grid: GRID, ticks: { show: false }, ...given })

function optionsOf({ height, series, y, yAxis, hasTimes, onCursor, onDraw }) {
  return {
    height,
    ms: 1,
    padding: [8, 18, hasTimes ? null : 4, null],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: 'fog' } },
    scales: { x: { time: true }, y },
    axes: [
      axisOf(hasTimes ? { values: timeWords, size: 28, space: 110 } : { values: (_, splits) => splits.map(() => ''), size: 4, space: 110 }),
      axisOf({ size: AXIS_PX, incrs: COUNTS, space: 30, ...yAxis }),
    ],
    series: [{}, ...series],
    hooks: { setCursor: [onCursor], draw: [onDraw] },
  }
}

// `data` as uPlot has it, times in ms; `onCursor` and `onDraw` get the plot, and are asked by their newest form.
export function Plot({ label, data, from, to, height, onCursor, onDraw, ...given }) {
  const box = useRef()
  const plot = useRef(null)
  const newest = useRef({})
  newest.current = { onCursor, onDraw }
  useEffect(() => {
    const hooks = { onCursor: (made) => newest.current.onCursor?.(made), onDraw: (made) => newest.current.onDraw?.(made) }
    const element = box.current // what is observed may be told of once more when this is gone
    const made = new uPlot({ width: element.clientWidth, ...optionsOf({ height, ...given, ...hooks }) }, data, element)
    plot.current = made
    const fit = new ResizeObserver(() => element.isConnected && made.setSize({ width: element.clientWidth, height }))
    const redraw = () => made.redraw()
    fit.observe(element)
    scheme.addEventListener('change', redraw)
    return () => {
      fit.disconnect()
      scheme.removeEventListener('change', redraw)
      made.destroy()
    }
  }, [])
  useEffect(() => {
    plot.current.batch(() => {
      plot.current.setData(data, false)
      plot.current.setScale('x', { min: from, max: to + (to - from) * AIR })
    })
  }, [data, from, to])
  return <div class="plot" ref={box} role="img" aria-label={label} style={{ height: `${height}px` }} />
}

// Lines that go on level until the next change.
export const steps = (name) => ({ stroke: colour(name), width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } })

// What the scales shall know of, and a hook draws.
export const unseen = { paths: () => null, points: { show: false } }

// Dots alone: `isFilled` or a ring.
export const dots = (name, { isFilled = false, size = 9 } = {}) => ({
  stroke: colour(name),
  paths: () => null,
  points: { show: true, size, width: 2, stroke: colour(name), fill: colour(isFilled ? name : 'paper') },
})
