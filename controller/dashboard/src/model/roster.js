// Agents with the work that is on them and the state that follows, kept change by change:
// what is computed depends on what changed, not on the size of the fleet.  Pure.
import { agentState, STATES } from './states.js'

const NOTHING = new Map()
const labels = ({ metadata }) => JSON.stringify(metadata.labels)

export class Roster {
  entries = new Map() // name → {agent, state}; the state is another object each time that it is judged
  counts = Object.fromEntries(Object.keys(STATES).map((state) => [state, 0]))
  generation = 0 // rises when an agent comes or goes, or has other labels
  keys = new Map() // key of a label → how many agents have it
  #touched = new Set() // names of those that may be otherwise since somebody asked
  #work = new Map() // agent's name → Map of assignments; also of agents that are not there yet

  changeAgent({ type, object, before }, all) {
    if (type === 'replace') {
      this.entries.clear()
      this.keys.clear()
      for (const state of Object.keys(this.counts)) this.counts[state] = 0
      for (const agent of all.values()) this.#put(agent)
      this.generation++
    } else if (type === 'put') {
      if (!before || labels(before) !== labels(object)) this.generation++
      this.#put(object)
    } else if (before) {
      this.#forget(before.metadata.name)
    }
  }

  changeAssignment({ type, object, before }, all) {
    if (type === 'replace') {
      this.#work.clear()
      for (const one of all.values()) this.#workOf(one.spec.agent).set(one.metadata.name, one)
      for (const name of this.entries.keys()) this.#judge(name)
      return
    }
    if (before && before.spec.agent !== object?.spec.agent) {
      this.#workOf(before.spec.agent).delete(before.metadata.name)
      if (this.workOn(before.spec.agent).size === 0) this.#work.delete(before.spec.agent)
      this.#judge(before.spec.agent)
    }
    if (type === 'put') {
      this.#workOf(object.spec.agent).set(object.metadata.name, object)
      this.#judge(object.spec.agent)
    }
  }

  workOn(name) {
    return this.#work.get(name) ?? NOTHING
  }

  // The names of agents that have come or may have changed since this was asked.
  takeTouched() {
    const names = this.#touched
    this.#touched = new Set()
    return names
  }

  #count({ metadata }, by) {
    for (const key of Object.keys(metadata.labels ?? {})) {
      const count = (this.keys.get(key) ?? 0) + by
      count === 0 ? this.keys.delete(key) : this.keys.set(key, count)
    }
  }

  #workOf(name) {
    if (!this.#work.has(name)) this.#work.set(name, new Map())
    return this.#work.get(name)
  }

  #put(agent) {
    const name = agent.metadata.name
    const entry = this.entries.get(name)
    if (entry) this.#count(entry.agent, -1)
    this.#count(agent, 1)
    if (entry) entry.agent = agent
    else this.entries.set(name, { agent, state: null })
    this.#judge(name)
  }

  #forget(name) {
    const entry = this.entries.get(name)
    if (entry === undefined) return
    this.counts[entry.state.state]--
    this.#count(entry.agent, -1)
    this.entries.delete(name)
    this.#touched.delete(name)
    this.generation++
  }

  #judge(name) {
    const entry = this.entries.get(name)
    if (entry === undefined) return
    if (entry.state) this.counts[entry.state.state]--
    entry.state = agentState(entry.agent, [...this.workOn(name).values()])
    this.counts[entry.state.state]++
    this.#touched.add(name)
  }
}
