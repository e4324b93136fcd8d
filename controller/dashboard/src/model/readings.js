// What agents' sensors told last, page by page: which of them read otherwise than before.  Pure.

const KEPT = ['battery', 'temperature', 'load', 'cores', 'charging'] // of the columns: what is shown

function read(cell) {
  const number = Number.parseFloat(cell)
  return Number.isNaN(number) ? cell : number
}

export class Readings {
  #told = new Map() // name → {battery, temperature, …}: numbers, or words where there is none
  #seen = new Set() // in this round

  get(name) {
    return this.#told.get(name)
  }

  get size() {
    return this.#told.size
  }

  // A page of a Table; gives the names of those that have changed.
  take({ columns, rows }) {
    const places = KEPT.map((title) => [title, columns.findIndex(({ name }) => name.toLowerCase() === title)]).filter(([, at]) => at !== -1)
    const changed = []
    for (const { cells } of rows) {
      const [name] = cells
      const before = this.#told.get(name)
      this.#seen.add(name)
      const now = Object.fromEntries(places.map(([title, at]) => [title, read(cells[at])]))
      if (before !== undefined && places.every(([title]) => before[title] === now[title])) continue
      this.#told.set(name, now)
      changed.push(name)
    }
    return changed
  }

  // All pages were told: whoever was on none of them is forgotten.
  end() {
    if (this.#seen.size < this.#told.size) for (const name of this.#told.keys()) if (!this.#seen.has(name)) this.#told.delete(name)
    this.#seen.clear()
  }
}
