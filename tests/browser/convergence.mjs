// Convergence: how long changes took, what stood in the way, drift, and agents that come and go.
import { assert, await_ } from './lib.mjs'

const QUICK = `ses quick 'exec sleep 1000' 'selector: {matchLabels: {reported/site: north}}' | fogctl apply -f -`
const SOUTH = `ses south 'exec sleep 1000' 'replaceAfter: 5m' 'selector: {matchLabels: {reported/site: south}}' | fogctl apply -f -`
const SHORT = `ses short 'exec sleep 1000' | fogctl apply -f -`
const SWEEP_PX = 8

const change = (page, name) => page.getByRole('table', { name: 'Changes' }).getByRole('row').filter({ hasText: name })
const key = (page, title, words) => page.locator('figure').filter({ hasText: title }).locator('.key').filter({ hasText: words })

// Up and down where the newest dot must be, until the page says it is the one that is meant.
async function sweep(page, name) {
  const { x, y, width, height } = await page.locator('.applies .u-over').boundingBox()
  for (let down = 0; down < height; down += SWEEP_PX) {
    await page.mouse.move(x + width * 0.99 - 2, y + down)
    if ((await page.locator('.tip').filter({ hasText: name }).count()) > 0) return
  }
  throw new Error(`no dot says "${name}"`)
}

// How many dots of the canvas have a colour.
const pixels = (page, colour) =>
  page.locator('.applies canvas').evaluate((canvas, wanted) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let count = 0
    for (let i = 0; i < data.length; i += 4) if (data[i] === wanted[0] && data[i + 1] === wanted[1] && data[i + 2] === wanted[2]) count++
    return count
  }, colour)

export const tests = {
  async a_change_becomes_a_dot_that_says_how_long_it_took({ page, fleet }) {
    await page.view('convergence?last=10m')
    await page.locator('.plots').waitFor()
    fleet.sh(QUICK)
    const row = change(page, 'quick').filter({ hasText: '● as declared' })
    await row.waitFor()
    assert.match(await row.innerText(), /\b\d+ ms|\d\.\d s/)
    await sweep(page, 'quick')
    assert.match(await page.locator('.tip').innerText(), /quick revision \d+\nas declared in/)
    await page.mouse.down()
    await page.mouse.up()
    await page.waitForURL(/#\/o\/harvestsessions\/quick/)
  },

  async an_agent_that_is_killed_has_left_and_what_ran_there_is_of_the_network({ page, fleet }) {
    fleet.sh('kill -STOP "$(leader_of quick)"') // for the next test
    fleet.sh(SOUTH)
    await page.view('convergence?last=10m')
    await change(page, 'south').filter({ hasText: '● as declared' }).waitFor()
    fleet.sh('kill_agent edge-3 || true')
    await key(page, 'Sessions not as declared', 'Network 1').waitFor()
    await key(page, 'Agents', 'connected 2 of 3').waitFor()
    await page.getByText('Agents that joined and left').click()
    await page.getByRole('row').filter({ hasText: 'edge-3' }).filter({ hasText: 'left' }).first().waitFor()
    fleet.sh('start_agent edge-3')
    await key(page, 'Sessions not as declared', 'Network 0').waitFor()
    await key(page, 'Agents', 'connected 3 of 3').waitFor()
  },

  async drift_is_shown_as_found_and_healed_and_in_the_controllers_own_count({ page, fleet }) {
    await page.view('convergence?last=10m')
    await key(page, 'Drift found and healed', 'found 1').waitFor()
    await key(page, 'Drift found and healed', 'healed 1').waitFor()
    await page.locator('summary').filter({ hasText: 'Drift found and healed' }).click()
    await page.getByRole('row').filter({ hasText: 'quick' }).filter({ hasText: 'Stopped' }).filter({ hasText: 'healed' }).waitFor()
    const totals = page.getByRole('region', { name: 'Since the controller began' })
    await totals.getByRole('row').filter({ hasText: 'drift healed' }).filter({ hasText: '1 Stopped' }).waitFor()
    fleet.sh('fogctl delete hs/quick hs/south')
    await key(page, 'Sessions not as declared', 'Software 0').waitFor()
  },

  async what_happened_while_the_page_was_away_is_of_then_and_not_of_now({ page, fleet, context }) {
    await page.view('convergence?last=10m')
    await page.locator('.plots').waitFor()
    await context.setOffline(true)
    fleet.sh('kill_controller || true')
    fleet.sh('start_controller')
    fleet.sh(SHORT)
    fleet.sh('await 20 "it runs" converged short')
    await context.setOffline(false)
    const row = change(page, 'short').filter({ hasText: '● as declared' })
    await row.waitFor()
    assert.match(await row.innerText(), /(under|about) \d s/)
    fleet.sh('fogctl delete hs/short')
  },

  async a_moment_leads_to_the_fleet_as_it_was_then_by_the_controllers_clock_whatever_the_browsers_says({ page }) {
    await page.addInitScript(() => {
      const { now } = Date
      Date.now = () => now() + 3_600_000
    })
    await page.view('convergence?last=10m')
    await change(page, 'quick').getByRole('link').first().click()
    await page.waitForURL(/#\/time\?last=10m&at=/)
    await page.getByRole('heading', { name: 'The fleet then' }).waitFor()
    await page.locator('.list > li').first().getByText(/^\d+m?\d*s ago/).waitFor()
  },

  async colours_follow_the_scheme_and_it_says_where_history_begins({ page }) {
    await page.view('convergence?last=6h')
    await page.getByText(/history begins at .*: (older history has been compacted|the fleet is no older)/).waitFor()
    await page.locator('.plots').waitFor()
    await await_('the dots are green', async () => (await pixels(page, [26, 127, 67])) > 0)
    await page.emulateMedia({ colorScheme: 'dark' })
    await await_('they are light green in the dark', async () => (await pixels(page, [76, 195, 138])) > 0)
  },
}
