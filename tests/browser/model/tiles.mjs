import { choose, fitted, layOut, neighbour, resorted, seen, sortedNames, tileAt } from '../../../controller/dashboard/src/model/tiles.js'
import { assert, check, dice } from './check.mjs'

const entries = new Map(
  Array.from({ length: 25 }, (_, i) => [
    `edge-${i}`,
    { agent: { metadata: { labels: i % 3 ? { site: i % 2 ? 'north' : 'south' } : {} } }, state: { state: i % 5 ? 'converged' : 'silent', reason: i % 5 ? '' : 'AgentAway' } },
  ]),
)
const names = sortedNames(entries)
const size = { width: 20, height: 20, gap: 4, heading: 30 }
const shown = (wanted) => choose(names, entries, wanted).groups.flatMap((group) => group.names)

await check({
  names_that_come_are_put_in_their_place_and_names_that_go_leave_it() {
    const roll = dice(3)
    const fleet = new Map()
    let names = []
    for (let i = 0; i < 400; i++) {
      for (let n = roll(6); n >= 0; n--) {
        const name = `a${roll(40)}-${roll(12)}`
        fleet.has(name) ? fleet.delete(name) : fleet.set(name, {})
      }
      names = resorted(names, fleet)
      assert.deepEqual(names, sortedNames(fleet))
    }
  },
  names_are_in_the_order_of_their_numbers() {
    assert.deepEqual(names.slice(8, 12), ['edge-8', 'edge-9', 'edge-10', 'edge-11'])
  },
  what_is_asked_for_is_shown() {
    assert.equal(shown({}).length, 25)
    assert.deepEqual(shown({ q: 'EDGE-2', state: 'silent' }), ['edge-20'])
    assert.deepEqual(shown({ q: 'away' }), ['edge-0', 'edge-5', 'edge-10', 'edge-15', 'edge-20'])
    assert.ok(shown({ labels: 'site=north' }).every((name) => Number(name.slice(5)) % 2 === 1))
  },
  who_went_since_names_were_sorted_is_left_out() {
    const { groups } = choose(['edge-1', 'gone', 'edge-2'], entries, {})
    assert.deepEqual(groups, [{ title: '', names: ['edge-1', 'edge-2'] }])
  },
  groups_are_by_name_and_those_without_the_label_are_last() {
    const { groups } = choose(names, entries, { group: 'site' })
    assert.deepEqual(groups.map(({ title }) => title), ['north', 'south', ''])
  },
  tiles_fill_the_width_and_one_that_of_a_phone() {
    const cards = { widthMin: 190, widthMax: 380, height: 92, gap: 10, heading: 34 }
    for (let width = 1; width < 2000; width += 7) {
      const shape = fitted(cards, width)
      const { columns } = layOut([{ title: '', names }], shape, width)
      assert.ok(shape.width <= 380 && columns * (shape.width + 10) - 10 <= Math.max(width, shape.width), `${width}`)
      if (width > 600) assert.ok(columns * (shape.width + 10) + 10 > width, `${width}`)
    }
    assert.equal(fitted(cards, 370).width, 370)
    assert.equal(fitted(size, 370), size)
  },
  every_tile_lies_where_a_point_finds_it_and_none_lies_on_another() {
    const layout = layOut(choose(names, entries, { group: 'site' }).groups, size, 100)
    const found = new Set()
    assert.equal(layout.columns, 4)
    for (const row of layout.rows) {
      row.names?.forEach((name, column) => {
        assert.equal(tileAt(layout, size, column * 24 + 10, row.top + 10), name)
        assert.equal(tileAt(layout, size, column * 24 + 22, row.top + 10), null)
        found.add(name)
      })
    }
    assert.equal(found.size, 25)
  },
  only_rows_that_are_seen_are_given() {
    const layout = layOut([{ title: '', names: Array.from({ length: 10000 }, (_, i) => `a${i}`) }], size, 100)
    const rows = seen(layout.rows, 5000, 5100)
    assert.ok(rows.length <= 6 && rows[0].top + 20 >= 5000 && rows.at(-1).top <= 5100)
  },
  arrow_keys_reach_every_tile() {
    const layout = layOut(choose(names, entries, { group: 'site' }).groups, size, 100)
    const visited = []
    for (let name = neighbour(layout, null, 'ArrowRight'); visited.at(-1) !== name; name = neighbour(layout, name, 'ArrowRight')) visited.push(name)
    assert.equal(new Set(visited).size, 25)
    assert.equal(neighbour(layout, visited[0], 'End'), visited.at(-1))
    assert.equal(neighbour(layout, visited.at(-1), 'ArrowDown'), visited.at(-1))
    assert.equal(neighbour(layout, 'nobody', 'ArrowUp'), visited[0])
  },
  a_key_that_leads_nowhere_is_left_to_the_browser() {
    const layout = layOut([{ title: '', names }], size, 100)
    for (const name of [null, 'nobody', 'edge-1']) for (const key of ['Tab', 'x', 'F5', ' ']) assert.equal(neighbour(layout, name, key), null)
  },
})
