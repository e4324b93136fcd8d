import { isOn, lineOf, stepOf, ticks } from '../../../controller/dashboard/src/model/line.js'
import { assert, check } from './check.mjs'

process.env.TZ = 'Europe/Berlin'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const at = (text) => Date.parse(text)
const clock = (time) => new Date(time).toTimeString().slice(0, 8)
const NOW = at('2026-11-22T10:00:07Z')

await check({
  the_line_is_the_last_of_a_span_and_goes_on() {
    assert.deepEqual(lineOf(HOUR, NaN, NOW), { from: NOW - HOUR })
    assert.deepEqual(lineOf(HOUR, NOW - MINUTE, NOW), { from: NOW - HOUR })
  },
  a_moment_that_is_older_has_a_line_around_it() {
    const then = NOW - 30 * HOUR
    const line = lineOf(HOUR, then, NOW)
    assert.deepEqual(line, { from: then - HOUR / 2, to: then + HOUR / 2 })
    assert.ok(isOn(line, then) && isOn(line, line.to) && !isOn(line, line.to + 1) && !isOn(line, line.from - 1))
    assert.ok(!isOn(line, NaN), 'no moment is now, and that is elsewhere')
    assert.ok(isOn(lineOf(HOUR, NaN, NOW), NaN) && isOn(lineOf(HOUR, NaN, NOW), NOW + MINUTE))
  },
  ticks_are_round_where_people_live_and_no_more_than_asked_for() {
    const { step, times } = ticks(NOW - HOUR, NOW, 8)
    assert.equal(step, 10 * MINUTE)
    assert.deepEqual(times.map(clock), ['10:10:00', '10:20:00', '10:30:00', '10:40:00', '10:50:00', '11:00:00'])
    const day = ticks(NOW - 24 * HOUR, NOW, 8)
    assert.deepEqual(day.times.map(clock), ['12:00:00', '15:00:00', '18:00:00', '21:00:00', '00:00:00', '03:00:00', '06:00:00', '09:00:00'])
    for (let length = 1000; length < 40 * 24 * HOUR; length *= 1.7) {
      const { times: all } = ticks(NOW - length, NOW, 8)
      assert.ok(all.length <= 9 && all.every((time) => time >= NOW - length && time <= NOW), `${length}`)
    }
  },
  ticks_are_round_on_the_day_on_which_clocks_are_changed() {
    const { times } = ticks(at('2026-10-25T05:00:00Z'), at('2026-10-25T11:00:00Z'), 8) // an hour was twice before
    assert.ok(times.every((time) => clock(time).endsWith(':00:00')))
  },
  a_step_is_the_shortest_that_is_long_enough() {
    assert.equal(stepOf(10 * MINUTE, 200), 5000)
    assert.equal(stepOf(100, 200), 1000)
    assert.equal(stepOf(1000 * 24 * HOUR, 10), 100 * 24 * HOUR)
  },
})
