// Manifests as they are typed: what they say, what is wrong with the YAML, and at which line a field
// stands that the controller refuses.  Pure; `yaml` is the library of that name.

// "a.b[0].c" → ['a', 'b', 0, 'c']; a segment in brackets that is no number is the key of a list's item: [name=x].
function segments(path) {
  return (path.match(/[^.[\]]+|\[[^\]]*\]/g) ?? []).map((one) => {
    if (one[0] !== '[') return one
    const inner = one.slice(1, -1)
    return /^\d+$/.test(inner) ? Number(inner) : inner
  })
}

// The deepest node of the path that is there: a field that is missing is told at what should have it.
function nodeAt({ isAlias, isCollection, isPair }, document, path) {
  let node = document.contents
  let key = null
  for (const segment of segments(path)) {
    if (!isCollection(node)) break
    const pair = node.items.find((item) => isPair(item) && item.key?.value === segment)
    const next = pair ? pair.value : typeof segment === 'number' ? node.items[segment] : undefined
    if (pair) key = pair.key
    if (next === undefined || next === null) break
    node = isAlias(next) ? (next.resolve(document) ?? next) : next
    if (!pair) key = null
  }
  return key ?? node
}

const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

// A text → {changes: [{verb: 'apply', object}], whole: which of them could be read, problems: [{line, column, message}],
// place(index in whole, field)}
export function readManifest(yaml, text) {
  const lines = new yaml.LineCounter()
  const documents = yaml.parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })
  const placeOf = (offset) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const filled = [...documents].filter(({ contents, errors }) => errors.length > 0 || (contents !== null && contents.value !== null))
  const problems = filled.flatMap(({ errors }) => errors.map((error) => ({ ...placeOf(error.pos[0]), message: error.message.split(/ at line \d+/)[0] })))
  const objects = filled.map((document) => {
    if (document.errors.length > 0) return null
    try {
      return document.toJS()
    } catch (error) { // an alias of nothing, or aliases that would fill the memory
      problems.push({ ...placeOf(document.contents.range[0]), message: error.message })
      return null
    }
  })
  filled.forEach(({ contents }, at) => {
    if (objects[at] !== null && !isMap(objects[at])) {
      problems.push({ ...placeOf(contents.range[0]), message: 'a manifest is a map with apiVersion, kind and metadata' })
    }
  })
  const whole = objects.flatMap((object, at) => (isMap(object) ? [at] : []))
  return {
    changes: objects.map((object) => ({ verb: 'apply', object })),
    whole,
    problems,
    place(change, field) {
      const document = filled[whole[change] ?? 0]
      const node = document && nodeAt(yaml, document, field ?? '')
      return placeOf(node?.range?.[0] ?? 0)
    },
  }
}

// What the controller says of a set of changes, at its lines.
export function placed(manifest, told) {
  return inOrder(told.filter(({ message }) => message).map((one) => ({ ...manifest.place(one.change ?? 0, one.field), field: one.field, message: one.message })))
}

export const inOrder = (problems) => problems.sort((a, b) => a.line - b.line || a.column - b.column)

// A refusal without causes names its place in words: "changes[1].object.kind: there is no kind …".
export function causesOf(failure) {
  if (failure.causes.length > 0) return failure.causes
  const found = /^changes\[(\d+)\](?:\.object)?\.?([^:]*): ([^]*)$/.exec(failure.message)
  return found ? [{ change: Number(found[1]), field: found[2], message: found[3] }] : []
}
