// A crowd: FOG_CROWD simulated agents dial in, work, and report, before a page that is open.  What is asserted is counted: how
// often it is drawn, how many squares, and how much of the fleet is looked at (lookups in maps).  Times are printed, beside
// those of the same page while nothing happens.
import { assert } from './lib.mjs'

const COUNT = Number(process.env.FOG_CROWD ?? 1000)
const ARRIVAL_MS = 60_000 + COUNT * 60
const FRAMES_IDLE = 60
const FRAMES_MOVED = COUNT < 10_000 ? 60 : 900
const NODES_MAX = 3000 // of the document, whatever the number of agents
const TILES_MAX = 5000 // that fit on a screen, and above and below it
const READINGS_PAGE = 500 // of agents whose readings are asked for at a time,
const READINGS_MS = 1000 // and the time between
const LOOKUPS_MAX = 50 // for a message, and for a drawing: whatever the number of agents

// Counts what the page does in each frame; nothing of it waits for it.
function instrument() {
  const told = (window.told = { frames: [], draws: 0, drawsMax: 0, tiles: 0, tilesMax: 0, messages: 0, lookups: 0 })
  let [before, drawn, tiles] = [0, 0, 0]
  requestAnimationFrame(function frame(time) {
    if (before) told.frames.push(time - before)
    before = time
    told.drawsMax = Math.max(told.drawsMax, drawn)
    told.tilesMax = Math.max(told.tilesMax, tiles)
    drawn = tiles = 0
    requestAnimationFrame(frame)
  })
  const ahead = (type, name, count) => {
    const original = type.prototype[name]
    type.prototype[name] = function (...words) {
      count()
      return original.apply(this, words)
    }
  }
  ahead(HTMLCanvasElement, 'getContext', () => (told.draws++, drawn++)) // of the picture: the looks are drawn elsewhere
  ahead(CanvasRenderingContext2D, 'drawImage', () => (told.tiles++, tiles++))
  ahead(Map, 'get', () => told.lookups++)
  ahead(Map, 'has', () => told.lookups++)
  const Socket = window.WebSocket
  window.WebSocket = class extends Socket {
    constructor(...words) {
      super(...words)
      this.addEventListener('message', () => told.messages++)
    }
  }
}

const begin = (page) => page.evaluate(() => Object.assign(told, { frames: [], draws: 0, drawsMax: 0, tiles: 0, tilesMax: 0, messages: 0, lookups: 0 }))
const end = (page) => page.evaluate(() => ({ ...told, nodes: document.querySelectorAll('*').length }))

function times(frames) {
  const sorted = [...frames].sort((a, b) => a - b)
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))]
  return { median: at(0.5), late: at(0.95) }
}

const figure = (what, { median, late }) => console.log(`# a frame ${what}: ${median.toFixed(1)} ms in the middle, ${late.toFixed(1)} ms of 95 in 100`)
const frames = (page, count) => page.waitForFunction((wanted) => told.frames.length >= wanted, count, { timeout: ARRIVAL_MS })
const all = (page, timeout) => page.getByRole('button', { name: `${COUNT} converged` }).waitFor({ timeout })

async function all_of_a_crowd_is_shown_as_it_comes_and_each_frame_draws_once({ page, fleet }) {
  await page.addInitScript(instrument)
  await page.view('fleet?size=squares')
  await begin(page)
  await frames(page, FRAMES_IDLE)
  const idle = await end(page)
  await begin(page)
  fleet.sh(`start_crowd ${COUNT}`)
  await all(page, ARRIVAL_MS)
  const busy = await end(page)
  const [calm, storm] = [times(idle.frames), times(busy.frames)]
  figure('of an idle page', calm)
  figure(`while ${COUNT} agents come`, storm)
  console.log(`# ${(storm.median / calm.median).toFixed(2)} times as long; ${busy.messages} messages, ${busy.draws} draws of ${busy.tiles} squares in ${busy.frames.length} frames, ${busy.nodes} elements`)
  assert.ok(busy.messages >= 2 * COUNT, `${busy.messages} messages`)
  assert.ok(busy.drawsMax <= 1, `${busy.drawsMax} draws in one frame`)
  assert.ok(busy.draws <= busy.frames.length + 1, `${busy.draws} draws in ${busy.frames.length} frames`)
  assert.ok(busy.tilesMax <= Math.min(COUNT, TILES_MAX), `${busy.tilesMax} tiles in a draw`)
  assert.ok(busy.nodes < NODES_MAX, `${busy.nodes} elements`)
}

// So many readings may have come meanwhile, each of which is looked up and may change a square.
const read = (told) => READINGS_PAGE * (1 + Math.floor(told.frames.reduce((sum, took) => sum + took, 0) / READINGS_MS))

// One agent changes, then back; each time one square is drawn.
async function change_one(page, fleet) {
  for (const unschedulable of [true, false]) {
    await begin(page)
    await fleet.api('/apis/fog/v1/agents/load-17?fieldManager=test', { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { unschedulable } } })
    await page.getByRole('button', { name: `${unschedulable ? 1 : 0} cordoned` }).waitFor()
    await page.waitForFunction(() => told.tiles > 0)
    const told = await end(page)
    assert.equal(told.tiles, 1)
    assert.ok(told.lookups <= told.messages * LOOKUPS_MAX + read(told), `${told.lookups} lookups`)
  }
}

async function of_a_fleet_at_rest_only_what_has_changed_is_drawn_and_the_rest_is_not_looked_at({ page, fleet }) {
  await page.addInitScript(instrument)
  await page.view('fleet?size=squares')
  await all(page)
  await begin(page)
  await frames(page, FRAMES_IDLE)
  const idle = await end(page)
  await change_one(page, fleet)
  fleet.sh('move_crowd')
  await page.getByRole('button', { name: /^[1-9]\d* suspended/ }).waitFor()
  await begin(page)
  await frames(page, FRAMES_MOVED)
  const busy = await end(page)
  fleet.sh('move_crowd')
  const [calm, moved] = [times(idle.frames), times(busy.frames)]
  figure(`while ${COUNT} agents report`, moved)
  console.log(`# ${(moved.median / calm.median).toFixed(2)} times as long; ${busy.messages} messages, ${busy.draws} draws of ${busy.tiles} squares in ${busy.frames.length} frames`)
  assert.ok(busy.messages > 0 && busy.drawsMax <= 1, `${busy.drawsMax} draws in one frame, ${busy.messages} messages`)
  assert.ok(busy.tiles <= busy.messages + read(busy), `${busy.tiles} squares for ${busy.messages} messages`)
  assert.ok(busy.lookups <= (busy.messages + busy.draws) * LOOKUPS_MAX + 3 * read(busy), `${busy.lookups} lookups for ${busy.messages} messages`)
  await all(page, ARRIVAL_MS)
}

async function a_reload_shows_all_of_them_again_and_squares_are_where_they_were({ page }) {
  await page.view('fleet')
  await all(page)
  await page.reload()
  await all(page)
  await page.getByRole('application').focus()
  await page.keyboard.press('End')
  await page.getByRole('status', { name: 'Agent' }).filter({ hasText: 'converged' }).waitFor()
}

async function as_cards_only_those_on_the_screen_are_elements({ page }) {
  await page.view('fleet?size=cards')
  await all(page)
  const count = await page.locator('.card').count()
  assert.ok(count > 10 && count < 200, `${count} cards`)
  await page.locator('.card').first().focus()
  await page.keyboard.press('End')
  await page.waitForFunction(() => scrollY > 1000)
  const { nodes } = await page.evaluate(() => ({ nodes: document.querySelectorAll('*').length }))
  assert.ok(nodes < NODES_MAX, `${nodes} elements`)
}

async function two_pages_at_once_show_the_same({ page, context, fleet }) {
  const other = await context.newPage()
  await Promise.all([page.goto(`${fleet.url}/ui/#/fleet`), other.goto(`${fleet.url}/ui/#/fleet`)])
  await Promise.all([all(page), all(other)])
}

async function where_no_websocket_passes_all_of_them_are_shown({ page }) {
  await page.addInitScript(() => {
    globalThis.WebSocket = function () { // a fault: what a proxy that knows no upgrade does
      this.close = () => {}
      setTimeout(() => this.onclose())
    }
  })
  await page.view('fleet')
  await all(page)
}

export const tests = {
  all_of_a_crowd_is_shown_as_it_comes_and_each_frame_draws_once,
  of_a_fleet_at_rest_only_what_has_changed_is_drawn_and_the_rest_is_not_looked_at,
  a_reload_shows_all_of_them_again_and_squares_are_where_they_were,
  as_cards_only_those_on_the_screen_are_elements,
  two_pages_at_once_show_the_same,
  where_no_websocket_passes_all_of_them_are_shown,
}
