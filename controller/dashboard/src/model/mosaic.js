// Squares by their looks: which of those that are seen have to be drawn again, so that drawing costs what has changed.
// A look is a number: the state, how full the battery is, and whether it is the one that is meant.  Pure.
import { STATES } from './states.js'

const NAMES = Object.keys(STATES)
const STEP_PERCENT = 5 // of a battery; LOW_PERCENT is one of them
const LOW_PERCENT = 20
const STEPS = 100 / STEP_PERCENT + 2 // full too, and none
export const LOOKS = NAMES.length * STEPS * 2
export const NOTHING = -1
const UNKNOWN = -2 // a part of a square, at the edge of the window

export function lookOf(state, battery, isFocused) {
  const step = typeof battery === 'number' ? 1 + Math.floor(Math.max(0, Math.min(100, battery)) / STEP_PERCENT) : 0
  return (NAMES.indexOf(state) * STEPS + step) * 2 + (isFocused ? 1 : 0)
}

// What a look says: {state, battery (undefined: none), isLow, isFocused}
export function partsOf(look) {
  const step = Math.floor(look / 2) % STEPS
  const battery = step === 0 ? undefined : (step - 1) * STEP_PERCENT
  return { state: NAMES[Math.floor(look / 2 / STEPS)], battery, isLow: battery < LOW_PERCENT, isFocused: look % 2 === 1 }
}

// What is seen of a picture that is higher than the screen: a window from `top` on, which moves along.
export class Mosaic {
  #form = null // of another one nothing of before is left
  #window = { top: 0, end: 0 }
  #rows = new Map() // top → {height, looks}
  #places = new Map() // name → {top, x}

  // Other names, names in other places, or another window.  `rows`: [{top, height, names}]; `form` names whatever else the picture
  // hangs on; look(name) is a look or NOTHING.  Gives what to do, in this order: isWhole: begin with an empty one; shift: move what
  // is there down by so many pixels, with nothing above and below it; tiles: draw [{x (a column), y (in the window), look}].
  lay({ rows, columns, form, top, end }, look) {
    const key = `${form} ${columns}`
    const before = this.#window
    const kept = key === this.#form ? this.#keptIn({ top, end }, rows) : null
    this.#form = key
    this.#window = { top, end }
    this.#rows = kept ?? new Map()
    this.#places.clear()
    const tiles = []
    for (const { top: at, height, names } of rows) {
      if (!this.#rows.has(at)) this.#rows.set(at, { height, looks: [] })
      const { looks } = this.#rows.get(at)
      for (let x = 0; x < columns; x++) {
        if (names[x] !== undefined) this.#places.set(names[x], { top: at, x })
        this.#put(at, looks, x, names[x] === undefined ? NOTHING : look(names[x]), tiles)
      }
    }
    return { isWhole: kept === null, shift: kept === null ? 0 : before.top - top, tiles }
  }

  // The same names, some of which may look otherwise.
  change(names, look) {
    const tiles = []
    for (const name of names) {
      const place = this.#places.get(name)
      if (place) this.#put(place.top, this.#rows.get(place.top).looks, place.x, look(name), tiles)
    }
    return { isWhole: false, shift: 0, tiles }
  }

  // The rows that are in both windows, those that are cut as unknown; null where one that was seen there is no more, or all are
  // elsewhere.
  #keptIn(next, rows) {
    const before = this.#window
    const isSame = next.top === before.top && next.end === before.end
    const [top, end] = [Math.max(next.top, before.top), Math.min(next.end, before.end)]
    const tops = new Set(rows.map((row) => row.top))
    const [kept, cut] = [new Map(), new Map()]
    for (const [at, row] of this.#rows) {
      const isSeen = at < end && at + row.height > top
      if (isSeen && !tops.has(at)) return null
      if (isSame || (at >= top && at + row.height <= end)) kept.set(at, row)
      else if (isSeen) cut.set(at, { ...row, looks: row.looks.map(() => UNKNOWN) })
    }
    return kept.size > 0 ? new Map([...kept, ...cut]) : null
  }

  #put(top, looks, x, look, tiles) {
    if ((looks[x] ?? NOTHING) === look) return
    looks[x] = look
    tiles.push({ x, y: top - this.#window.top, look })
  }
}
