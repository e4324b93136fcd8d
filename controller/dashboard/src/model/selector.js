// Label selectors, as the API reads them: "site=north, tier in (gold,silver), !old".  Pure.
//
// parse() gives {matches(labels), problem}: with a problem everything matches, for somebody is typing.

const TERM = /^\s*(!?)\s*([A-Za-z0-9_./-]+)\s*(?:(==|=|!=)\s*([A-Za-z0-9_.-]*)|\s(in|notin)\s*\(([^)]*)\))?\s*$/

// "a in (b,c),d" → ["a in (b,c)", "d"]
const split = (text) => text.match(/(?:[^,(]|\([^)]*\)?)+/g) ?? []

function term(text) {
  const found = TERM.exec(text)
  if (!found || (found[1] && (found[3] || found[5]))) return null
  const [, not, key, sign, value, word, list] = found
  if (not) return (labels) => !Object.hasOwn(labels, key)
  if (sign) return sign === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  if (!word) return (labels) => Object.hasOwn(labels, key)
  const values = new Set(list.split(',').map((one) => one.trim()))
  return word === 'in' ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key]) : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key])
}

export function parse(text = '') {
  if (text.trim() === '') return { matches: () => true, problem: '' }
  const terms = split(text).map((one) => [one, term(one)])
  const bad = terms.find(([, test]) => test === null)
  if (bad) return { matches: () => true, problem: `"${bad[0].trim()}" is no condition on a label` }
  return { matches: (labels = {}) => terms.every(([, test]) => test(labels)), problem: '' }
}
