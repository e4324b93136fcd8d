import { pauseOf, PAUSE_MS, SMALL } from '../../../controller/dashboard/src/model/pace.js'
import { Readings } from '../../../controller/dashboard/src/model/readings.js'
import { assert, check } from './check.mjs'

const columns = ['Name', 'Battery', 'Age', 'Load'].map((name) => ({ name }))
const page = (...rows) => ({ columns, rows: rows.map((cells) => ({ cells })) })

await check({
  only_those_that_read_otherwise_are_told() {
    const readings = new Readings()
    assert.deepEqual(readings.take(page(['a', '41%', '3s', '0.5'], ['b', '-', '3s', '1'])), ['a', 'b'])
    const kept = readings.get('a')
    assert.deepEqual(kept, { battery: 41, load: 0.5 })
    assert.equal(readings.get('b').battery, '-')
    assert.deepEqual(readings.take(page(['a', '41%', '9s', '0.5'], ['b', '7%', '9s', '1'])), ['b'])
    assert.equal(readings.get('a'), kept)
  },
  who_is_on_no_page_of_a_round_is_forgotten_after_it() {
    const readings = new Readings()
    for (const rows of [[['a', '1%', '', '1']], [['b', '2%', '', '2']]]) readings.take(page(...rows))
    readings.end()
    assert.equal(readings.size, 2)
    readings.take(page(['b', '2%', '', '2']))
    assert.equal(readings.size, 2)
    readings.end()
    assert.deepEqual([readings.get('a'), readings.size], [undefined, 1])
  },
  a_small_fleet_is_never_late_and_a_large_one_a_little() {
    assert.equal(pauseOf(SMALL, 1000, 1000), 0)
    assert.equal(pauseOf(SMALL + 1, 1000, 1000), PAUSE_MS)
    assert.equal(pauseOf(SMALL + 1, 1000, 1050), PAUSE_MS - 50)
    assert.equal(pauseOf(SMALL + 1, 1000, 9000), 0)
  },
})
