// The roster of the fleet as it is now, fed by the watches of agents and assignments.
import { computed, effect, signal } from '@preact/signals'
import { collection } from './fleet.js'
import { pauseOf } from '../model/pace.js'
import { Roster } from '../model/roster.js'

let kept = null

// A signal with the value of another, so often as a fleet of that size bears it; the last value always comes.
function paced(source, count) {
  const value = signal(source.peek())
  let last = 0
  let timer = 0
  const follow = () => {
    timer = 0
    last = performance.now()
    value.value = source.peek()
  }
  effect(() => {
    if (source.value === value.peek() || timer !== 0) return
    const pause = pauseOf(count(), last, performance.now())
    if (pause === 0) follow()
    else timer = setTimeout(follow, pause)
  })
  return value
}

// {roster, isListed, and signals: `version` rises once per frame in which something changed, `counts` has how many agents are in
// each state, `paced` is the version and `generation` that of the roster, both as often as a fleet of its size bears it}
export function useRoster() {
  if (kept) return kept
  const roster = new Roster()
  const agents = collection('agents')
  const assignments = collection('assignments')
  agents.listen((change) => roster.changeAgent(change, agents.objects))
  assignments.listen((change) => roster.changeAssignment(change, assignments.objects))
  roster.changeAssignment({ type: 'replace' }, assignments.objects)
  roster.changeAgent({ type: 'replace' }, agents.objects)
  const version = computed(() => agents.version.value + assignments.version.value)
  const count = () => roster.entries.size
  const words = computed(() => (version.value, JSON.stringify(roster.counts))) // another text, other counts
  kept = {
    roster,
    version,
    counts: computed(() => JSON.parse(words.value)),
    paced: paced(version, count),
    generation: paced(computed(() => (version.value, roster.generation)), count),
    isListed: computed(() => agents.isListed.value && assignments.isListed.value),
  }
  return kept
}
