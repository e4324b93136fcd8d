// The order of a table by one of its columns, whose cells are what the controller shows: words, numbers, ages, percents.  Pure.

const byWords = new Intl.Collator('en', { numeric: true }).compare
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, y: 31536000 }

// "3m20s" → 200; undefined when it is no time.
function seconds(text) {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdy])/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined
  return parts.reduce((sum, [, count, unit]) => sum + count * SECONDS[unit], 0)
}

// What a cell counts as: nothing is behind everything, whichever way it is sorted.
const isNothing = (cell) => cell === null || cell === undefined || cell === '' || cell === '-'
const numberOf = (cell) => (typeof cell === 'number' ? cell : (seconds(cell) ?? (/^-?\d+(\.\d+)?%?$/.test(cell) ? Number.parseFloat(cell) : undefined)))

function compare(one, other) {
  const [a, b] = [numberOf(one), numberOf(other)]
  return a !== undefined && b !== undefined ? a - b : byWords(String(one), String(other))
}

// `sort`: the title of a column, with "-" before it the other way round.
export function sorted(rows, columns, sort = '') {
  const isDown = sort.startsWith('-')
  const at = columns.findIndex(({ name }) => name === (isDown ? sort.slice(1) : sort))
  if (at === -1) return rows
  return [...rows].sort(({ cells: a }, { cells: b }) => {
    if (isNothing(a[at]) || isNothing(b[at])) return isNothing(a[at]) - isNothing(b[at])
    return isDown ? compare(b[at], a[at]) : compare(a[at], b[at])
  })
}

// What a press on a title makes of it: up, down, as the controller has it.
export const pressed = (sort = '', name) => (sort === name ? `-${name}` : sort === `-${name}` ? '' : name)
