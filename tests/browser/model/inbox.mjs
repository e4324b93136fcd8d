import { Inbox, LATE_MS, SHARE_LATE_MS, SHARE_MS } from '../../../controller/dashboard/src/model/inbox.js'
import { assert, check, dice } from './check.mjs'

const FRAME_MS = 17

// Frames in which things come that take `cost` ms each: [{handled, took, oldest}]
function play(frames, come, cost) {
  const inbox = new Inbox()
  const told = []
  const handled = []
  let [now, count] = [0, 0]
  for (let i = 0; i < frames; i++) {
    const begun = (now = Math.max(now, i * FRAME_MS))
    const before = handled.length
    inbox.begin()
    inbox.work(() => now)
    for (let n = come(i); n > 0; n--) {
      const number = count++
      const at = now
      inbox.put(() => {
        handled.push({ number, late: now - at })
        now += cost
      }, now)
      inbox.work(() => now)
    }
    told.push({ count: handled.length - before, took: now - begun, waiting: inbox.count })
  }
  return { told, handled, count }
}

await check({
  what_comes_is_handled_at_once_while_there_is_time() {
    const { told, handled } = play(20, () => 4, 1)
    assert.ok(told.every(({ count, waiting }) => count === 4 && waiting === 0))
    assert.ok(handled.every(({ late }) => late === 0))
  },
  a_burst_takes_a_share_of_each_frame_and_is_all_handled_in_order() {
    const { told, handled, count } = play(60, (frame) => (frame === 3 ? 25 : 0), 1)
    assert.deepEqual(handled.map(({ number }) => number), Array.from({ length: count }, (_, i) => i))
    assert.equal(told[3].count, SHARE_MS)
    assert.ok(told.every(({ took }) => took <= SHARE_MS))
    assert.equal(told.at(-1).waiting, 0)
  },
  what_has_waited_long_is_caught_up_with_in_larger_shares() {
    const { told, handled } = play(200, (frame) => (frame === 0 ? 600 : 0), 1)
    assert.ok(told.every(({ took }) => took <= SHARE_LATE_MS + 1))
    assert.ok(told.some(({ took }) => took >= SHARE_LATE_MS))
    assert.equal(handled.length, 600)
    const { handled: steady } = play(400, () => 12, 1)
    assert.ok(Math.max(...steady.map(({ late }) => late)) < 2 * LATE_MS)
  },
  one_that_throws_takes_no_other_with_it() {
    const inbox = new Inbox()
    const handled = []
    const works = () => {
      try {
        inbox.work(() => 0)
      } catch {
        handled.push('thrown')
      }
    }
    for (const name of ['a', 'bad', 'b']) inbox.put(() => (name === 'bad' ? JSON.parse('{') : handled.push(name)), 0)
    works()
    works()
    assert.deepEqual(handled, ['a', 'thrown', 'b'])
  },
  nothing_is_lost_whenever_it_comes() {
    const roll = dice(9)
    const inbox = new Inbox()
    const handled = []
    let [now, count] = [0, 0]
    for (let i = 0; i < 5000; i++) {
      for (let n = roll(8); n > 0; n--) {
        const number = count++
        inbox.put(() => (handled.push(number), (now += roll(3))), now)
      }
      if (roll(3) === 0) inbox.begin()
      if (roll(500) === 0) inbox.workAll()
      else inbox.work(() => now)
      assert.equal(handled.length + inbox.count, count)
    }
    inbox.workAll()
    assert.deepEqual(handled, Array.from({ length: count }, (_, i) => i))
  },
})
