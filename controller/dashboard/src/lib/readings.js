// The readings of agents, which are asked for and not watched (a reading is no change of an object): a page of a table at a
// time, so that neither the controller nor this page has much to do at once, however many agents there are.
import { signal } from '@preact/signals'
import { Failure, GROUP, table } from './api.js'
import { Readings } from '../model/readings.js'

const READINGS_MS = 2000 // between two looks at a fleet that is one page
const PAGE = 500
const PAGE_MS = 1000 // between two pages: of 1,000 agents all are as new, of more of them asking costs no more
const FIRST_MS = 50 // between those of the first round

export const readings = new Readings()
export const readingsVersion = signal(0) // rises when some of them have changed
let isReading = false
let lookers = 0
let isFirst = true
let touched = new Set()

// The names of those whose readings have changed since this was asked.
export function takeTouchedReadings() {
  const names = touched
  touched = new Set()
  return names
}

async function readPage(next) {
  const page = await table(`${GROUP}/agents`, { includeObject: 'None', limit: PAGE, continue: next })
  const changed = readings.take(page)
  changed.forEach((name) => touched.add(name))
  if (changed.length > 0) readingsVersion.value++
  if (page.next) return page.next
  readings.end()
  isFirst = false
}

async function readOn(next) {
  if (lookers === 0 || document.hidden) {
    isFirst = true // who comes back has old ones
    return setTimeout(readOn, READINGS_MS)
  }
  let following
  try {
    following = await readPage(next)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    // the older ones stay; isStale says it
  }
  const pause = readings.size <= PAGE ? READINGS_MS : PAGE_MS
  setTimeout(readOn, isFirst && following ? FIRST_MS : pause, following)
}

// For views that show readings, an effect: they are asked for while somebody looks.
export function watchReadings() {
  lookers++
  if (!isReading) readOn()
  isReading = true
  return () => lookers--
}
