// Which agents are shown, in which groups, and where each tile lies.  Pure.
import { parse } from './selector.js'

const byName = new Intl.Collator('en', { numeric: true }).compare

export const sortedNames = (entries) => [...entries.keys()].sort(byName)

// The same, from the names of before in their order: only those that are new are sorted, and put in between.
export function resorted(before, entries) {
  const kept = before.filter((name) => entries.has(name))
  if (kept.length === entries.size) return kept
  const known = new Set(kept)
  const fresh = [...entries.keys()].filter((name) => !known.has(name)).sort(byName)
  const names = []
  let at = 0
  for (const name of fresh) {
    const end = placeOf(kept, name, at)
    while (at < end) names.push(kept[at++])
    names.push(name)
  }
  while (at < kept.length) names.push(kept[at++])
  return names
}

// Where the first name is, from `low` on, that comes behind this one.
function placeOf(names, name, low) {
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (byName(names[middle], name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

// Keys of labels that a fleet can be grouped by, most common first; of Map(key → how many have it).
export function labelKeys(counts) {
  return [...counts].sort((a, b) => b[1] - a[1] || byName(a[0], b[0])).map(([key]) => key)
}

// Those that are asked for: [{title, names}], and what is wrong with the selector.
// `wanted`: {q, labels, state, group}; `state` is a list of words, "suspended,silent".
export function choose(names, entries, wanted) {
  const query = (wanted.q ?? '').toLowerCase()
  const states = wanted.state ? new Set(wanted.state.split(',')) : null
  const { matches, problem } = parse(wanted.labels)
  const groups = new Map()
  for (const name of names) {
    const entry = entries.get(name)
    if (entry === undefined) continue // gone since names were sorted
    const { agent, state } = entry
    const labels = agent.metadata.labels ?? {}
    const says = query === '' || name.toLowerCase().includes(query) || state.reason.toLowerCase().includes(query)
    if (!says || (states && !states.has(state.state)) || !matches(labels)) continue
    const title = wanted.group ? (labels[wanted.group] ?? '') : ''
    if (!groups.has(title)) groups.set(title, [])
    groups.get(title).push(name)
  }
  const sorted = [...groups].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : byName(a, b)))
  return { groups: sorted.map(([title, members]) => ({ title, names: members })), problem }
}

// A size whose tiles fill the width, none narrower than `widthMin` where there is room, nor wider than `widthMax`.
export function fitted(size, width) {
  const { widthMin, widthMax, gap } = size
  if (widthMin === undefined) return size
  const columns = Math.max(1, Math.floor((width + gap) / (widthMin + gap)))
  return { ...size, width: Math.min(widthMax, Math.floor((width - gap * (columns - 1)) / columns)) }
}

// Rows from top to bottom: [{top, height, title} | {top, height, names}], and the height of all.
// `size`: {width, height, gap, heading} of a tile in pixels; `heading` is that of a group's title.
export function layOut(groups, size, width) {
  const columns = Math.max(1, Math.floor((width + size.gap) / (size.width + size.gap)))
  const rows = []
  let top = 0
  for (const { title, names } of groups) {
    if (groups.length > 1 || title !== '') {
      rows.push({ top, height: size.heading, title, count: names.length })
      top += size.heading
    }
    for (let at = 0; at < names.length; at += columns) {
      rows.push({ top, height: size.height, names: names.slice(at, at + columns) })
      top += size.height + size.gap
    }
  }
  return { rows, columns, height: top }
}

// The rows that are seen between two heights; rows are in order, so that few are looked at.
export function seen(rows, from, to) {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle].top + rows[middle].height < from) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < rows.length && rows[end].top <= to) end++
  return rows.slice(low, end)
}

const WAYS = new Set(['Home', 'End', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'])

// Where the next tile is, by an arrow key, and which is meant by a point; names or null.
export function neighbour(layout, name, key) {
  if (!WAYS.has(key)) return null
  const rows = layout.rows.filter((row) => row.names)
  if (key === 'Home') return rows[0].names[0]
  if (key === 'End') return rows.at(-1).names.at(-1)
  const y = rows.findIndex((row) => row.names.includes(name))
  if (y === -1) return rows[0]?.names[0] ?? null
  const x = rows[y].names.indexOf(name)
  const row = (at) => rows[Math.max(0, Math.min(rows.length - 1, at))].names
  switch (key) {
    case 'ArrowLeft':
      return x > 0 ? rows[y].names[x - 1] : y > 0 ? row(y - 1).at(-1) : name
    case 'ArrowRight':
      return x + 1 < rows[y].names.length ? rows[y].names[x + 1] : y + 1 < rows.length ? row(y + 1)[0] : name
    default: {
      const names = row(y + (key === 'ArrowUp' ? -1 : 1))
      return names[Math.min(x, names.length - 1)]
    }
  }
}

export function tileAt(layout, size, x, y) {
  const [row] = seen(layout.rows, y, y)
  if (!row?.names || y < row.top || y > row.top + row.height) return null
  const column = Math.floor(x / (size.width + size.gap))
  return x - column * (size.width + size.gap) <= size.width ? (row.names[column] ?? null) : null
}
