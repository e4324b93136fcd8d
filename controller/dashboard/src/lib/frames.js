// One frame for all of the page: what comes from the controller is handled a part at a time (model/inbox.js), and what
// follows from it for the screen is told once a frame, together.
import { batch } from '@preact/signals'
import { Inbox } from '../model/inbox.js'

const FRAME_LOST_MS = 250 // without one, as in a window that is covered

const inbox = new Inbox()
const clock = () => performance.now()
let tells = new Set()
let frame = 0
let beganAt = 0

const schedule = () => (frame ||= requestAnimationFrame(onFrame))

function begin() {
  beganAt = clock()
  inbox.begin()
}

function work() {
  if (document.hidden) return inbox.workAll()
  inbox.work(clock)
}

function onFrame() {
  frame = 0
  begin()
  if (inbox.count > 0) schedule()
  try {
    work()
  } finally {
    tellAll()
  }
}

function tellAll() {
  const due = tells
  tells = new Set()
  batch(() => due.forEach((tell) => tell()))
}

// Handled in its turn: at once when there is time.
export function take(handle) {
  const now = clock()
  if (now - beganAt > FRAME_LOST_MS) begin()
  inbox.put(handle, now)
  work()
  if (inbox.count > 0) schedule()
}

// Called in the next frame, once, however often this is asked for.
export function soon(tell) {
  tells.add(tell)
  schedule()
}

document.addEventListener('visibilitychange', () => document.hidden && inbox.workAll())
