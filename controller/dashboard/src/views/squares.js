// Agents as squares on a canvas: colour and a small form for the state, a line for the battery.  Each look is drawn once, on a
// sheet that is not seen, and copied from there to where an agent looks so; where nothing has changed nothing is drawn.
import { lookOf, LOOKS, Mosaic, NOTHING, partsOf } from '../model/mosaic.js'
import { STATES } from '../model/states.js'
import { readings } from '../lib/readings.js'

let colours = null
let coloursRead = 0 // how often: a picture in other colours is another one
const scheme = matchMedia('(prefers-color-scheme: dark)')
scheme.addEventListener('change', () => (colours = null))

// Hears when a picture shall be drawn again though nothing in it has changed: in other colours, or in other pixels, as on another
// screen.  Gives what ends it.
export function watchLook(draw) {
  const end = new AbortController()
  const { signal } = end
  const watchPixels = () => {
    const again = () => (watchPixels(), draw())
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', again, { once: true, signal })
  }
  scheme.addEventListener('change', draw, { signal })
  watchPixels()
  return () => end.abort()
}

// The style sheet's own colours, as the canvas wants them.
export function readColours() {
  if (colours) return colours
  const probe = document.body.appendChild(document.createElement('i'))
  const read = (name) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  colours = Object.fromEntries([...Object.keys(STATES), 'ink', 'paper', 'line', 'quiet', 'link'].map((name) => [name, read(name)]))
  coloursRead++
  probe.remove()
  return colours
}

// What tells states apart without colour: how much of the square is filled, and a sign in it.
const FILLED = { converged: 1, idle: 0.25, suspended: 0.55, cordoned: 0.4, converging: 0.75, diverged: 1, silent: 0 }
const SIGNS = { suspended: '‖', cordoned: '⊘', diverged: '!', converging: '◐', silent: '' }

function drawOne(context, x, y, size, { state, battery, isLow, isFocused }) {
  context.globalAlpha = FILLED[state]
  context.fillStyle = colours[state]
  context.fillRect(x, y, size, size)
  context.globalAlpha = 1
  context.strokeStyle = isFocused ? colours.ink : colours[state]
  context.lineWidth = isFocused ? 3 : 1
  context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1)
  if (SIGNS[state]) {
    context.fillStyle = FILLED[state] > 0.6 ? colours.paper : colours.ink
    context.fillText(SIGNS[state], x + size / 2, y + size / 2 + 1)
  }
  if (battery !== undefined) {
    context.fillStyle = isLow ? colours.diverged : colours.ink
    context.globalAlpha = 0.55
    context.fillRect(x + 2, y + size - 4, Math.max(1, ((size - 4) * battery) / 100), 2)
    context.globalAlpha = 1
  }
}

const MARGIN = 1 // the frame of the one that is meant is as wide as that beyond its square
const SHEET_COLUMNS = 22

// Every look there is, side by side, in the pixels of the screen.
class Sheet {
  constructor(size, scale) {
    this.cell = Math.ceil((size + 2 * MARGIN) * scale)
    const canvas = new OffscreenCanvas(SHEET_COLUMNS * this.cell, Math.ceil(LOOKS / SHEET_COLUMNS) * this.cell)
    const context = canvas.getContext('2d')
    context.font = `${size - 8}px system-ui, sans-serif`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    for (let look = 0; look < LOOKS; look++) {
      const [x, y] = this.#placeOf(look)
      context.setTransform(scale, 0, 0, scale, x, y)
      drawOne(context, MARGIN, MARGIN, size, partsOf(look))
    }
    this.image = canvas.transferToImageBitmap() // copied from faster than a canvas
  }

  #placeOf(look) {
    return [(look % SHEET_COLUMNS) * this.cell, Math.floor(look / SHEET_COLUMNS) * this.cell]
  }

  copy(context, look, x, y) {
    const { cell } = this
    if (look !== NOTHING) context.drawImage(this.image, ...this.#placeOf(look), cell, cell, x, y, cell, cell)
  }
}

// A canvas, and what is on it.
export class Picture {
  #mosaic = new Mosaic()
  #sheet = null
  #scale = 0 // pixels of the screen to one of the page
  #form = '' // of the picture: its size, and
  #copied = '' // that of the sheet
  #laid = null

  // `wanted`: what shall be seen; the same object as before when only those named in the sets of `touched` may look otherwise.
  draw(canvas, wanted, touched) {
    const { rows, columns, shape, roster, top, width, height, focused } = wanted
    const look = (name) => {
      const entry = roster.entries.get(name)
      return entry === undefined ? NOTHING : lookOf(entry.state.state, readings.get(name)?.battery, name === focused)
    }
    const isNew = wanted !== this.#laid || colours === null || devicePixelRatio !== this.#scale
    if (isNew) {
      this.#fit(canvas, shape, width, height)
      this.#laid = wanted
    }
    const squares = () => ({ rows: rows.filter(({ names }) => names), columns, form: `${this.#form} ${(top * this.#scale) % 1}`, top, end: top + height })
    this.#paint(canvas, shape, isNew ? this.#mosaic.lay(squares(), look) : this.#mosaic.change([...touched[0], ...touched[1]], look))
  }

  // Another size, and other colours, are another picture.
  #fit(canvas, shape, width, height) {
    const scale = (this.#scale = devicePixelRatio)
    const size = [Math.round(width * scale), Math.round(height * scale)]
    readColours()
    const copied = [scale, shape.width, coloursRead].join(' ')
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size
    if (copied !== this.#copied) this.#sheet = new Sheet(shape.width, scale)
    this.#copied = copied
    this.#form = `${size.join(' ')} ${copied}`
  }

  #paint(canvas, shape, { isWhole, shift, tiles }) {
    const context = canvas.getContext('2d')
    if (isWhole) context.clearRect(0, 0, canvas.width, canvas.height)
    if (shift !== 0) {
      context.globalCompositeOperation = 'copy' // and nothing where nothing came from
      context.drawImage(canvas, 0, shift * this.#scale)
      context.globalCompositeOperation = 'source-over'
    }
    const at = (pixels) => Math.round((pixels - MARGIN) * this.#scale)
    for (const { x, y, look } of tiles) {
      const [left, above] = [at(x * (shape.width + shape.gap)), at(y)]
      if (!isWhole) context.clearRect(left, above, this.#sheet.cell, this.#sheet.cell)
      this.#sheet.copy(context, look, left, above)
    }
  }
}
