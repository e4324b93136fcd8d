// Agents as squares on a canvas: colour and a small form for the state, a line for the battery.
import { STATES } from '../model/states.js'

let colours = null
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', () => (colours = null))

// The style sheet's own colours, as the canvas wants them.
export function readColours() {
  if (colours) return colours
  const probe = document.body.appendChild(document.createElement('i'))
  const read = (name) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  colours = Object.fromEntries([...Object.keys(STATES), 'ink', 'paper', 'line', 'quiet', 'link'].map((name) => [name, read(name)]))
  probe.remove()
  return colours
}

// What tells states apart without colour: how much of the square is filled, and a sign in it.
const FILLED = { converged: 1, idle: 0.25, suspended: 0.55, cordoned: 0.4, converging: 0.75, diverged: 1, silent: 0 }
const SIGNS = { suspended: '‖', cordoned: '⊘', diverged: '!', converging: '◐', silent: '' }

function drawOne(context, x, y, size, state, isFocused, battery) {
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
    context.fillStyle = battery < 20 ? colours.diverged : colours.ink
    context.globalAlpha = 0.55
    context.fillRect(x + 2, y + size - 4, ((size - 4) * battery) / 100, 2)
    context.globalAlpha = 1
  }
}

export function drawSquares(canvas, { rows, shape, roster, told, top, width, height, focused }) {
  const scale = devicePixelRatio
  const pixels = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels
  const context = canvas.getContext('2d')
  readColours()
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = `${shape.width - 8}px system-ui, sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const row of rows) {
    row.names?.forEach((name, column) => {
      const entry = roster.entries.get(name)
      if (entry === undefined) return
      const battery = told.get(name)?.battery
      const x = column * (shape.width + shape.gap)
      drawOne(context, x, row.top - top, shape.width, entry.state.state, name === focused, typeof battery === 'number' ? battery : undefined)
    })
  }
}
