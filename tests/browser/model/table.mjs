import { pressed, sorted } from '../../../controller/dashboard/src/model/table.js'
import { assert, check } from './check.mjs'

const COLUMNS = [{ name: 'Name' }, { name: 'Value' }]
const order = (values, sort = 'Value') => sorted(values.map((value, i) => ({ cells: [`n${i}`, value] })), COLUMNS, sort).map(({ cells }) => cells[1])

await check({
  numbers_ages_and_percents_are_in_the_order_of_what_they_mean() {
    assert.deepEqual(order([10, 9, 100]), [9, 10, 100])
    assert.deepEqual(order(['2h', '90s', '500ms', '1d', '3m20s', '3m']), ['500ms', '90s', '3m', '3m20s', '2h', '1d'])
    assert.deepEqual(order(['90%', '9%', '-1%']), ['-1%', '9%', '90%'])
    assert.deepEqual(order(['edge-10', 'edge-9', 'edge-1']), ['edge-1', 'edge-9', 'edge-10'])
  },
  what_says_nothing_is_last_both_ways() {
    assert.deepEqual(order(['b', '', 'a', null, '-']), ['a', 'b', '', null, '-'])
    assert.deepEqual(order(['b', '', 'a', null], '-Value'), ['b', 'a', '', null])
  },
  a_column_that_there_is_not_changes_nothing() {
    assert.deepEqual(order(['b', 'a'], 'Nope'), ['b', 'a'])
    assert.deepEqual(order(['b', 'a'], undefined), ['a', 'b'])
    assert.deepEqual(order(['b', 'a'], ''), ['b', 'a'])
  },
  a_title_is_pressed_up_down_and_off() {
    const steps = ['', 'Age', '-Age']
    assert.deepEqual(steps.map((sort) => pressed(sort, 'Age')), ['Age', '-Age', ''])
    assert.equal(pressed('Name', 'Age'), 'Age')
  },
})
