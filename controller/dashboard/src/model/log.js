// A log as it comes, piece by piece: of what it says the end is kept, and nothing of it steers a terminal.  Pure.

export const KEPT_MAX = 200_000 // characters
const LINE_MAX = 20_000 // of a line that does not end
const STEERING = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-OQ-WYZ\\\x60-~])/g
const UNFINISHED = /\x1b[^\n]{0,100}$/ // the rest of it is in the next piece
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

// {text: what can be shown, rest: the last line, as it came, dropped: something was said before, lines: how many have ended}
export const begin = () => ({ text: '', rest: '', dropped: false, lines: 0 })

// A line as a terminal would leave it: colours go, and what a carriage return went back over.
function clean(line) {
  const plain = line.replace(STEERING, '').replace(/\r+$/, '')
  return plain.slice(plain.lastIndexOf('\r') + 1).replace(CONTROL, '')
}

export function add(log, piece) {
  const lines = (log.rest + piece).split('\n')
  let rest = lines.pop()
  if (rest.length > LINE_MAX) {
    lines.push(rest)
    rest = ''
  }
  const text = log.text + lines.map((line) => `${clean(line)}\n`).join('')
  const whole = { text, rest, dropped: log.dropped, lines: log.lines + lines.length }
  if (text.length <= KEPT_MAX) return whole
  const from = text.indexOf('\n', text.length - KEPT_MAX) + 1
  return { ...whole, text: text.slice(from), dropped: true }
}

export const shown = ({ text, rest }) => text + clean(rest.replace(STEERING, '').replace(UNFINISHED, ''))
