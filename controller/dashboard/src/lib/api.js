// The public API of the controller, and nothing else: requests, streams, and what went wrong.

export const GROUP = '/apis/fog/v1'
export const MANAGER = 'fog-dashboard' // the owner of the fields that are written here

const LIST_PAGE = 500 // objects: what neither the controller nor this page has long to do with

const BROKE_OFF = 'the answer of the controller broke off'
const AGAIN_MS = 1000
const AGAIN_MAX = 20 // times that a write is sent again when nobody answered

// A refusal, with the Status object that the controller answered; `code` 0: nobody answered.
export class Failure extends Error {
  constructor(status) {
    super(status.message || 'the controller refused it')
    this.status = status
    this.code = status.code ?? 0
    this.causes = status.details?.causes ?? []
  }
}

// How far the controller's clock is ahead of this one, in milliseconds: ages are told by its clock.
let skew = 0
export const now = () => Date.now() + skew

export function url(path, params = {}) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value)
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

// "harvestsessions" → where these are; events are of the core group, as in Kubernetes.
export const collectionPath = (plural) => (plural === 'events' ? '/api/v1/events' : `${GROUP}/${plural}`)
export const objectPath = (plural, name) => `${collectionPath(plural)}/${encodeURIComponent(name)}`

async function failureOf(response) {
  const text = await response.text().catch(() => '')
  try {
    return new Failure(JSON.parse(text))
  } catch {
    return new Failure({ code: response.status, message: text || response.statusText })
  }
}

// The response, when it is a good one.
export async function open(path, { params, signal, ...init } = {}) {
  let response
  try {
    response = await fetch(url(path, params), { signal, cache: 'no-store', ...init })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Failure({ code: 0, message: 'the controller does not answer' })
  }
  const date = Date.parse(response.headers.get('date'))
  if (Math.abs(date - now()) > 2000) skew = date - Date.now()
  if (!response.ok) throw await failureOf(response)
  return response
}

// What an answer says; one that breaks off is none.
export async function bodyOf(response, signal, read = (one) => one.json()) {
  try {
    return await read(response)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Failure({ code: 0, message: BROKE_OFF })
  }
}

export const get = async (path, params, signal) => bodyOf(await open(path, { params, signal }), signal)

// The answer with what the controller warns of ("the status of 3 objects … has been compacted").
export async function getWarned(path, params, signal) {
  const response = await open(path, { params, signal })
  return { value: await bodyOf(response, signal), warning: warningOf(response) }
}
export const warningOf = (response) => response.headers.get('warning')?.replace(/^299 - "|"$/g, '') ?? ''

// A Table: {columns: [{name, priority, …}], rows: [{cells, object}], revision}
export async function table(path, params, signal) {
  const value = await get(path, { as: 'Table', ...params }, signal)
  return { columns: value.columnDefinitions, rows: value.rows ?? [], revision: value.metadata.resourceVersion, next: value.metadata.continue }
}

// Every page of a list, one after the other: {items, revision}
export async function list(path, params, signal) {
  const items = []
  let next, revision
  do {
    const page = await get(path, { limit: LIST_PAGE, ...params, continue: next }, signal)
    items.push(...page.items)
    revision ??= page.metadata.resourceVersion // what changed while pages came is told by a watch from the first
    next = page.metadata.continue
  } while (next)
  return { items, revision }
}

// What changes something.  `cause` goes into history, `user` is who; both are texts of a person.  A write that nobody answers, for
// the controller starts anew, is sent again as long as `isWanted()`: its key makes sure that it is carried out once.
export async function send(method, path, body, { params = {}, type = 'application/json', cause, user, signal, isWanted = () => true } = {}) {
  const headers = { 'Content-Type': type }
  if (cause) headers['Fog-Change-Cause'] = encodeHeader(cause)
  if (user) headers['Fog-User'] = encodeHeader(user)
  if (!params.dryRun) headers['Idempotency-Key'] = newKey()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  for (let again = params.dryRun ? 0 : AGAIN_MAX; ; again--) {
    try {
      return await bodyOf(await open(path, { method, headers, body: text, params, signal }), signal)
    } catch (failure) {
      if (signal?.aborted || failure.code !== 0) throw failure
      if (again > 0) await new Promise((done) => setTimeout(done, AGAIN_MS))
      if (again > 0 && isWanted()) continue
      throw params.dryRun ? failure : new Failure({ message: `${failure.message}: whether it was done is not known before it does` })
    }
  }
}

const newKey = () => `ui-${[...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-')}`

// Headers carry bytes: UTF-8, each byte as a character.
const encodeHeader = (text) => String.fromCharCode(...new TextEncoder().encode(text.replace(/[\s\x00-\x1f\x7f]+/g, ' ').trim()))

async function readOn(reader) {
  try {
    return await reader.read()
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Failure({ code: 0, message: BROKE_OFF })
  }
}

// Pieces of text as they come, of a response that open() gave.
export async function* pieces(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { value, done } = await readOn(reader)
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

// A stream of lines, each a JSON document.
export async function* documents(response) {
  let rest = ''
  for await (const piece of pieces(response)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()
    for (const line of lines) if (line) yield JSON.parse(line)
  }
  if (rest) yield JSON.parse(rest)
}
