// The line of time: from when to when it goes, and where it is marked.  Pure.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const STEPS = [1, 2, 5, 10, 15, 30].flatMap((count) => [count * SECOND, count * MINUTE])
const LONG_STEPS = [1, 2, 3, 6, 12, 24].map((count) => count * HOUR)
const ALL_STEPS = [...STEPS, ...LONG_STEPS].sort((a, b) => a - b)

// The shortest step with which no more than `most` of them are as long as the whole.
export const stepOf = (length, most) => ALL_STEPS.find((step) => length / step <= most) ?? length / most

// The last `length` and on; around a moment that is older, as much, with an end.
export function lineOf(length, at, now) {
  return at < now - length ? { from: at - length / 2, to: at + length / 2 } : { from: now - length }
}

// Is a moment on the line?  No moment is now.
export function isOn({ from, to }, at) {
  return Number.isNaN(at) ? to === undefined : at >= from && at <= (to ?? Infinity)
}

// Moments between two that are round where people live, `most` of them or fewer, and the step between them.
export function ticks(from, to, most) {
  const step = stepOf(to - from, most)
  const midnight = new Date(from).setHours(0, 0, 0, 0)
  const first = midnight + Math.ceil((from - midnight) / step) * step
  return { step, times: Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step) }
}
