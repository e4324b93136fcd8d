// What came and waits for its turn: handled in the order in which it came, a part of each frame, so that the screen is
// drawn between.  Pure: it is told what time it is, in ms.

export const SHARE_MS = 5 // of a frame, which has 16.7
export const LATE_MS = 100 // what waits longer than this is caught up with
export const SHARE_LATE_MS = 25 // in fewer frames, and none of them long

const KEPT_MAX = 1000 // handled ones that are still in the list

export class Inbox {
  #items = [] // {handle, at}
  #next = 0
  #spent = 0

  get count() {
    return this.#items.length - this.#next
  }

  put(handle, now) {
    this.#items.push({ handle, at: now })
  }

  // Another frame, with a share of its own.
  begin() {
    this.#spent = 0
  }

  // Handles what there is time for, at least one in a frame.  One that throws is handled, and those behind it wait on.
  work(clock) {
    let now = clock()
    while (this.count > 0 && (this.#spent === 0 || this.#spent < this.#share(now))) {
      const { handle } = this.#take()
      try {
        handle()
      } finally {
        const before = now
        now = clock()
        this.#spent += Math.max(now - before, Number.MIN_VALUE)
      }
    }
  }

  // Handles all, for where nobody sees a frame.
  workAll() {
    while (this.count > 0) this.#take().handle()
  }

  #share(now) {
    return now - this.#items[this.#next].at > LATE_MS ? SHARE_LATE_MS : SHARE_MS
  }

  #take() {
    const item = this.#items[this.#next++]
    if (this.#next === this.#items.length || this.#next > KEPT_MAX) {
      this.#items.splice(0, this.#next)
      this.#next = 0
    }
    return item
  }
}
