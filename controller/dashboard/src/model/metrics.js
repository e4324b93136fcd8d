// GET /metrics, the text format of Prometheus, as far as a page needs it.  Pure.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
const ESCAPES = { '\\n': '\n', '\\"': '"', '\\\\': '\\' }

const labelsOf = (text = '') =>
  Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name, value.replace(/\\./g, (pair) => ESCAPES[pair] ?? pair)]))

// name → [{labels, value}]
export function parse(text) {
  const found = new Map()
  for (const line of text.split('\n')) {
    const [, name, labels, value] = LINE.exec(line) ?? []
    if (name === undefined) continue
    if (!found.has(name)) found.set(name, [])
    found.get(name).push({ labels: labelsOf(labels), value: value.endsWith('Inf') ? Infinity : Number(value) })
  }
  return found
}

const matches = (labels, wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value)

// All series of a name together, or those with certain labels.
export const sum = (metrics, name, wanted = {}) =>
  (metrics.get(name) ?? []).filter(({ labels }) => matches(labels, wanted)).reduce((total, { value }) => total + value, 0)

// {label's value: what it counts}
export const by = (metrics, name, label) => Object.fromEntries((metrics.get(name) ?? []).map(({ labels, value }) => [labels[label], value]))

// In which bucket of a histogram the quantile lies: {over, upTo}, in its unit; undefined: nothing was counted.
// More is not known, and a number between the two would only look as if it were.
export function bucketOf(metrics, name, wanted, quantile) {
  const buckets = (metrics.get(`${name}_bucket`) ?? [])
    .filter(({ labels }) => matches(labels, wanted))
    .map(({ labels, value }) => ({ upTo: labels.le === '+Inf' ? Infinity : Number(labels.le), count: value }))
    .sort((a, b) => a.upTo - b.upTo)
  const all = buckets.at(-1)?.count ?? 0
  if (all === 0) return undefined
  const at = buckets.findIndex(({ count }) => count >= Math.max(1, quantile * all))
  return { over: at > 0 ? buckets[at - 1].upTo : 0, upTo: buckets[at].upTo }
}
