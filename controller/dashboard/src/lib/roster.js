// The roster of the fleet as it is now, fed by the watches of agents and assignments.
import { computed } from '@preact/signals'
import { collection } from './fleet.js'
import { Roster } from '../model/roster.js'

let kept = null

// {roster, version: a signal that rises once per frame in which something changed, isListed}
export function useRoster() {
  if (kept) return kept
  const roster = new Roster()
  const agents = collection('agents')
  const assignments = collection('assignments')
  agents.listen((change) => roster.changeAgent(change, agents.objects))
  assignments.listen((change) => roster.changeAssignment(change, assignments.objects))
  roster.changeAssignment({ type: 'replace' }, assignments.objects)
  roster.changeAgent({ type: 'replace' }, agents.objects)
  kept = {
    roster,
    version: computed(() => agents.version.value + assignments.version.value),
    isListed: computed(() => agents.isListed.value && assignments.isListed.value),
  }
  return kept
}
