import { add, begin, KEPT_MAX, shown } from '../../../controller/dashboard/src/model/log.js'
import { assert, check, dice } from './check.mjs'

const told = (...pieces) => pieces.reduce(add, begin())

await check({
  what_steers_a_terminal_is_left_out() {
    const text = '\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain\x1b]8;;http://x\x1b\\link\x1b(B\x1bM\x00\x9b1m\tend\n'
    assert.equal(shown(told(text)), 'red plainlink1m\tend\n')
    assert.equal(shown(told('10 %\r50 %\r100 %\r\nnext')), '100 %\nnext')
  },
  where_a_piece_ends_makes_no_difference() {
    const text = 'a\x1b[32mb\x1b[0m\r\nwide: äöü €\n\x1b[2Kc\rd\nthe last\x1b[1m one'
    const whole = shown(told(text))
    assert.equal(whole, 'ab\nwide: äöü €\nd\nthe last one')
    const roll = dice(5)
    for (let round = 0; round < 200; round++) {
      const cuts = [...Array(4)].map(() => roll(text.length)).sort((a, b) => a - b)
      assert.equal(shown(told(...[0, ...cuts].map((from, i) => text.slice(from, cuts[i])))), whole)
    }
    assert.equal(shown(told('half\x1b[3')), 'half')
  },
  the_end_of_a_huge_log_is_kept_from_the_beginning_of_a_line() {
    let log = begin()
    for (let i = 0; i < 5000; i++) log = add(log, `line ${i} ${'x'.repeat(90)}\n`)
    assert.ok(log.text.length <= KEPT_MAX && log.text.length > KEPT_MAX - 200)
    assert.match(log.text, /^line \d+ x/)
    assert.match(log.text, /line 4999 x+\n$/)
    assert.deepEqual([log.dropped, log.lines], [true, 5000])
  },
  a_line_that_never_ends_is_held_no_longer_than_the_rest() {
    let log = begin()
    for (let i = 0; i < 3000; i++) log = add(log, 'y'.repeat(1000))
    assert.ok(log.text.length + log.rest.length < KEPT_MAX + 30_000)
    assert.ok(shown(log).length > KEPT_MAX / 2)
  },
})
