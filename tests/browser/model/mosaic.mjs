import { lookOf, LOOKS, Mosaic, NOTHING, partsOf } from '../../../controller/dashboard/src/model/mosaic.js'
import { STATES } from '../../../controller/dashboard/src/model/states.js'
import { layOut, seen } from '../../../controller/dashboard/src/model/tiles.js'
import { assert, check, dice } from './check.mjs'

const SIZE = { width: 20, height: 20, gap: 3, heading: 34 }

// A canvas: what is where after it was told what to draw.  Of a square at its edge it has a part, and goes on to have it.
class Canvas {
  #at = new Map() // "x y" → {look, from, to: which lines of the square are there}

  paint({ isWhole, shift, tiles }, height) {
    const before = isWhole ? [] : [...this.#at]
    this.#at.clear()
    for (const [key, part] of before) {
      const [x, y] = key.split(' ').map(Number)
      this.#put(x, y + shift, part, height)
    }
    for (const { x, y, look } of tiles) this.#put(x, y, { look, from: 0, to: SIZE.height }, height)
    return tiles.length
  }

  #put(x, y, { look, from, to }, height) {
    const part = { look, from: Math.max(from, -y), to: Math.min(to, height - y) }
    if (look === NOTHING || part.from >= part.to) this.#at.delete(`${x} ${y}`)
    else this.#at.set(`${x} ${y}`, part)
  }

  get shown() {
    return Object.fromEntries([...this.#at].sort())
  }
}

await check({
  a_look_says_what_it_was_made_of() {
    const found = new Set()
    for (const state of Object.keys(STATES)) {
      for (const battery of [undefined, 0, 19, 20, 100]) {
        for (const isFocused of [false, true]) {
          const look = lookOf(state, battery, isFocused)
          const parts = partsOf(look)
          assert.deepEqual([parts.state, parts.isLow, parts.isFocused], [state, battery < 20, isFocused])
          assert.ok(look >= 0 && look < LOOKS && (battery === undefined) === (parts.battery === undefined))
          found.add(look)
        }
      }
    }
    assert.equal(found.size, 7 * 5 * 2)
    assert.equal(lookOf('idle', 50.9, false), lookOf('idle', 50, false))
  },
  one_that_looks_otherwise_is_drawn_and_no_other() {
    const names = Array.from({ length: 1000 }, (_, i) => `a${i}`)
    const looks = new Map(names.map((name) => [name, 1]))
    const look = (name) => looks.get(name) ?? NOTHING
    const { rows, columns } = layOut([{ title: '', names }], SIZE, 230)
    const mosaic = new Mosaic()
    const wanted = { rows, columns, form: '', top: 0, end: 5000 }
    assert.equal(mosaic.lay(wanted, look).tiles.length, 1000)
    assert.equal(mosaic.lay(wanted, look).tiles.length, 0)
    looks.set('a17', 2)
    assert.deepEqual(mosaic.change(['a16', 'a17', 'nobody'], look), { isWhole: false, shift: 0, tiles: [{ x: 7, y: 23, look: 2 }] })
    assert.equal(mosaic.change(names, look).tiles.length, 0)
    assert.equal(mosaic.lay({ ...wanted, form: 'dark' }, look).tiles.length, 1000)
  },
  names_that_move_are_drawn_where_the_place_looks_otherwise() {
    const looks = new Map([['a', 1], ['b', 1], ['c', 2], ['d', 2]])
    const look = (name) => looks.get(name)
    const mosaic = new Mosaic()
    const lay = (names) => mosaic.lay({ ...layOut([{ title: '', names }], SIZE, 230), form: '', top: 0, end: 100 }, look)
    lay(['a', 'c'])
    assert.deepEqual(lay(['a', 'b', 'c', 'd']).tiles, [{ x: 1, y: 0, look: 1 }, { x: 2, y: 0, look: 2 }, { x: 3, y: 0, look: 2 }])
    assert.deepEqual(lay(['b', 'c']).tiles, [{ x: 1, y: 0, look: 2 }, { x: 2, y: 0, look: NOTHING }, { x: 3, y: 0, look: NOTHING }])
  },
  whatever_happens_the_picture_is_as_if_it_were_drawn_anew() {
    const roll = dice(5)
    const [canvas, mosaic, looks] = [new Canvas(), new Mosaic(), new Map()]
    const look = (name) => looks.get(name) ?? NOTHING
    let [names, top, height, groups, drawn, whole] = [[], 0, 300, 1, 0, 0]
    for (let i = 0; i < 2000; i++) {
      const what = roll(6)
      if (what === 0 || (what === 1 && roll(2) === 0)) names = Array.from({ length: roll(300) }, (_, n) => `a${n + roll(3)}`).filter((name, n, all) => all.indexOf(name) === n)
      if (what === 1) top = roll(4) * 50
      if (what === 2 && roll(5) === 0) height = 200 + roll(2) * 100
      if (what === 3 && roll(5) === 0) groups = 1 + roll(2)
      const changed = names.filter(() => roll(20) === 0)
      for (const name of changed) looks.set(name, roll(3))
      for (const name of names) if (!looks.has(name)) looks.set(name, 0)
      const half = groups === 2 ? Math.floor(names.length / 2) : names.length
      const parts = [{ title: groups === 2 ? 'x' : '', names: names.slice(0, half) }, { title: 'y', names: names.slice(half) }]
      const layout = layOut(parts.slice(0, groups), SIZE, 230)
      const wanted = { rows: seen(layout.rows, top, top + height).filter((row) => row.names), columns: layout.columns, form: `${height}`, top, end: top + height }
      const told = what > 3 && i > 0 ? mosaic.change(changed, look) : mosaic.lay(wanted, look)
      if (what > 3) mosaic.lay(wanted, look).tiles.forEach((tile) => assert.fail(JSON.stringify(tile)))
      drawn += canvas.paint(told, height)
      whole += told.isWhole ? 1 : 0
      const anew = new Canvas()
      anew.paint(new Mosaic().lay(wanted, look), height)
      assert.deepEqual(canvas.shown, anew.shown, `step ${i}`)
    }
    assert.ok(whole > 20 && whole < 1000 && drawn < 100_000, `${drawn} drawn, ${whole} times as a whole`)
  },
})
