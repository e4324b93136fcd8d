// What the page knows of the fleet: a collection for each kind that is looked at, and whether the controller answers.
import { signal, computed } from '@preact/signals'
import { Collection } from './collection.js'
import { get, now, open } from './api.js'

const HEART_MS = 3000
const RETRY_MS = 500 // while it does not answer
const STALE_MS = 8000

const collections = new Map()

// The collection of a kind, by its plural; the first who asks starts it.
export function collection(plural) {
  if (!collections.has(plural)) collections.set(plural, new Collection(plural, beat))
  return collections.get(plural).start()
}

// Its objects, now and whenever they change; for components.
export function objects(plural) {
  const kind = collection(plural)
  kind.version.value // read, so that who draws it draws it again
  return kind.objects
}

// --- is anybody there? ---------------------------------------------------------------------------

export const clock = signal(now()) // once a second, by the controller's clock
setInterval(() => (clock.value = now()), 1000)

export const heardAt = signal(now())
const isAnswered = signal(true) // the last time that it was asked
export const isStale = computed(() => !isAnswered.value || clock.value - heardAt.value > STALE_MS)
let nextBeat = 0

// Asks, and asks again later; true when it answered.
export async function beat() {
  clearTimeout(nextBeat)
  nextBeat = setTimeout(beat, HEART_MS)
  try {
    await open('/healthz', { signal: AbortSignal.timeout(HEART_MS) })
    const wasStale = isStale.peek()
    clock.value = heardAt.value = now()
    isAnswered.value = true
    if (wasStale) discover() // it may be another one now
    for (const kind of collections.values()) if (wasStale) kind.hear()
    return true
  } catch {
    isAnswered.value = false
    clearTimeout(nextBeat)
    nextBeat = setTimeout(beat, RETRY_MS)
    return false
  }
}

// --- kinds ---------------------------------------------------------------------------------------

// What there is, as discovery tells: [{plural, kind, verbs, subresources, shortNames}]
export const kinds = signal([])

async function discover() {
  try {
    const { resources } = await get('/apis/fog/v1')
    kinds.value = resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, verbs, shortNames = [] }) => ({
        plural: name,
        kind,
        verbs,
        shortNames,
        subresources: resources.filter((other) => other.name.startsWith(`${name}/`)).map((other) => other.name.slice(name.length + 1)),
      }))
  } catch {
    setTimeout(discover, 1000)
  }
}
export const pluralOf = (kind) => (kind === 'Event' ? 'events' : (kinds.value.find((one) => one.kind === kind)?.plural ?? `${kind.toLowerCase()}s`))
export const isKind = (plural) => plural === 'events' || kinds.value.some((one) => one.plural === plural)
export const kindOf = (plural) => (plural === 'events' ? 'Event' : (kinds.value.find((one) => one.plural === plural)?.kind ?? plural))

export function startFleet() {
  discover()
  beat()
}
