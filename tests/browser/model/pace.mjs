import { oncePerFrame, PAUSE_MS, pauseOf, SMALL } from '../../../controller/dashboard/src/model/pace.js'
import { assert, check, dice } from './check.mjs'

// Frames that are told when they come.
function frames() {
  let due = []
  return {
    next: (call) => due.push(call),
    come() {
      const now = due
      due = []
      now.forEach((call) => call())
    },
  }
}

await check({
  a_small_fleet_waits_for_nothing_and_a_large_one_until_its_pause_is_over() {
    assert.equal(pauseOf(SMALL, 1000, 1001), 0)
    assert.deepEqual([1000, 1050, 1000 + PAUSE_MS, 9000].map((now) => pauseOf(SMALL + 1, 1000, now)), [PAUSE_MS, PAUSE_MS - 50, 0, 0])
  },
  the_first_drawing_is_at_once_and_of_the_others_in_a_frame_the_last() {
    const { next, come } = frames()
    const drawn = []
    const draw = oncePerFrame(next)
    for (const name of ['a', 'b', 'c']) draw(() => drawn.push(name))
    assert.deepEqual(drawn, ['a'])
    come()
    assert.deepEqual(drawn, ['a', 'c'])
    come()
    come()
    assert.deepEqual(drawn, ['a', 'c'])
    draw(() => drawn.push('d'))
    assert.deepEqual(drawn, ['a', 'c', 'd'])
  },
  what_is_urgent_is_drawn_in_the_same_frame_and_what_waited_with_it() {
    const { next, come } = frames()
    const drawn = []
    const draw = oncePerFrame(next)
    draw(() => drawn.push('a'))
    draw(() => drawn.push('b'))
    draw(() => drawn.push('moved'), true)
    assert.deepEqual(drawn, ['a', 'moved'])
    come()
    come()
    assert.deepEqual(drawn, ['a', 'moved'])
  },
  whatever_comes_the_last_is_drawn_in_the_end() {
    const roll = dice(4)
    const { next, come } = frames()
    const draw = oncePerFrame(next)
    let [drawn, wanted] = [0, 0]
    for (let i = 0; i < 2000; i++) {
      for (let n = roll(4); n > 0; n--) {
        const number = ++wanted
        draw(() => (drawn = number), roll(5) === 0)
      }
      come()
      assert.equal(drawn, wanted)
    }
  },
})
