// Times as people read them; all take milliseconds, or the texts that the API has.
import { now } from './api.js'

const UNITS = [
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]

export const ms = (time) => (typeof time === 'string' ? Date.parse(time) : time)

// "3m20s", as Kubernetes writes ages: at most two units, the second only where it says something.
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const first = UNITS.findIndex(([, size]) => seconds >= size)
  if (first === -1) return '0s'
  const [unit, size] = UNITS[first]
  const count = Math.floor(seconds / size)
  const rest = UNITS[first + 1]
  const more = rest ? Math.floor((seconds % size) / rest[1]) : 0
  return count >= 10 || more === 0 ? `${count}${unit}` : `${count}${unit}${more}${rest[0]}`
}

// 950 → "950 ms", 1250 → "1.3 s", 75000 → "1m15s"
export function span(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  return milliseconds < 60000 ? `${(milliseconds / 1000).toFixed(1)} s` : duration(milliseconds)
}

const CLOCK = { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' }
const DAY = { month: 'short', day: 'numeric' }

export const clockTime = (time) => new Date(ms(time)).toLocaleTimeString(undefined, CLOCK)
export const day = (time) => new Date(ms(time)).toLocaleDateString(undefined, DAY)

// The same, with the day where that is not today's.
export function dayTime(time, today = now()) {
  const isToday = new Date(ms(time)).toDateString() === new Date(today).toDateString()
  return isToday ? clockTime(time) : `${day(time)}, ${clockTime(time)}`
}

export const fullTime = (time) => new Date(ms(time)).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
