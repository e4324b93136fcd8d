// What differs between two values, field by field.  Pure.

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)

// `after`, with every part that is equal in `before` taken from there: what is equal is the same, and is held once.
export function share(before, after) {
  if (before === after || before === null || after === null || typeof before !== 'object' || typeof after !== 'object') return after
  if (Array.isArray(before) !== Array.isArray(after)) return after
  const keys = Object.keys(after)
  let isSame = keys.length === Object.keys(before).length
  for (const key of keys) {
    after[key] = share(before[key], after[key])
    isSame &&= after[key] === before[key]
  }
  return isSame ? before : after
}

export function isEqual(a, b) {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  const keys = Object.keys(a)
  return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length && keys.every((key) => key in b && isEqual(a[key], b[key]))
}

// Lists of things with a type are compared thing by thing, as conditions are; other lists as a whole.
const byType = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isMap(item) && typeof item.type === 'string')
    ? Object.fromEntries(value.map(({ type, ...rest }) => [type, rest]))
    : value

function collect(path, before, after, found) {
  const [a, b] = [byType(before), byType(after)]
  if (isEqual(a, b)) return
  const isOther = a !== undefined && b !== undefined && isMap(a) !== isMap(b)
  const keys = isOther ? new Set() : new Set([a, b].filter(isMap).flatMap(Object.keys))
  if (keys.size === 0) found.push({ path, before, after })
  for (const key of keys) collect(path ? `${path}.${key}` : key, a?.[key], b?.[key], found)
}

// [{path, before, after}]; what is missing is undefined.
export function differences(before, after, path = '') {
  const found = []
  collect(path, before, after, found)
  return found
}
