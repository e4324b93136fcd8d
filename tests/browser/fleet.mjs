// The fleet: tiles that carry the state of their agents, found and grouped by what is in the address.
import { assert, await_ } from './lib.mjs'

const card = (page, name) => page.locator(`#agent-${name}`)
const set = (fleet, name, ...words) => fleet.sh(`set_machine "$T/${name}.machine" ${words.join(' ')}`)

export const tests = {
  async a_tile_tells_the_state_and_the_readings_of_its_agent({ page }) {
    await page.view('fleet')
    await card(page, 'edge-1').filter({ hasText: 'converged' }).waitFor()
    await card(page, 'edge-1').getByRole('img', { name: 'battery 90%' }).waitFor()
  },

  async a_battery_that_empties_suspends_before_the_eyes_and_says_why({ page, fleet }) {
    await page.view('fleet')
    await card(page, 'edge-2').filter({ hasText: 'converged' }).waitFor()
    set(fleet, 'edge-2', 'battery', 12)
    await card(page, 'edge-2').filter({ hasText: 'suspended' }).filter({ hasText: 'OnBattery' }).waitFor()
    await card(page, 'edge-2').getByRole('img', { name: 'battery 12%' }).waitFor()
    await page.getByRole('button', { name: '1 suspended' }).click()
    await card(page, 'edge-1').waitFor({ state: 'detached' })
    assert.match(page.url(), /state=suspended/)
    set(fleet, 'edge-2', 'charging', 90)
    await page.getByText('No agent matches.').waitFor()
    await page.getByRole('button', { name: '0 suspended' }).click()
    await card(page, 'edge-2').filter({ hasText: 'converged' }).waitFor()
  },

  async what_is_looked_for_is_in_the_address({ page }) {
    await page.view('fleet?labels=reported/site%3Dsouth')
    await card(page, 'edge-3').waitFor()
    assert.equal(await page.locator('.card').count(), 1)
    await page.getByLabel('Labels').fill('')
    await page.getByLabel('Search').fill('EDGE-1')
    await card(page, 'edge-1').waitFor()
    await card(page, 'edge-3').waitFor({ state: 'detached' })
    await page.reload()
    await card(page, 'edge-1').waitFor()
    assert.equal(await page.locator('.card').count(), 1)
    await page.getByLabel('Labels').fill('a b')
    await page.getByRole('alert').filter({ hasText: '"a b" is no condition on a label' }).waitFor()
  },

  async agents_are_grouped_by_a_label({ page }) {
    await page.view('fleet')
    await page.getByLabel('Group by label').selectOption('reported/site')
    await page.getByRole('heading', { name: 'north 2' }).waitFor()
    await page.getByRole('heading', { name: 'south 1' }).waitFor()
  },

  async an_agent_that_goes_is_silent_and_comes_back({ page, fleet }) {
    await page.view('fleet')
    fleet.sh('kill_agent edge-3 || true')
    await card(page, 'edge-3').filter({ hasText: 'silent' }).waitFor()
    fleet.sh('start_agent edge-3')
    await card(page, 'edge-3').filter({ hasText: 'converged' }).waitFor()
  },

  async cards_and_squares_are_walked_by_keyboard({ page }) {
    await page.view('fleet')
    await card(page, 'edge-1').focus()
    await page.keyboard.press('ArrowRight')
    await page.locator('#agent-edge-2:focus').waitFor()
    await page.getByRole('button', { name: 'as squares' }).click()
    await page.getByRole('application').focus()
    await page.keyboard.press('End')
    await page.getByRole('status', { name: 'Agent' }).filter({ hasText: 'edge-3' }).waitFor()
    await page.keyboard.press('Home')
    await page.getByRole('status', { name: 'Agent' }).filter({ hasText: 'edge-1' }).waitFor()
  },

  async keys_that_lead_nowhere_among_squares_are_the_browsers({ page }) {
    await page.view('fleet?size=squares')
    const focused = () => page.evaluate(() => document.activeElement.tagName)
    await page.getByRole('application').focus()
    await page.keyboard.press('Tab')
    assert.notEqual(await focused(), 'CANVAS')
    await page.getByRole('application').focus()
    await page.keyboard.press('Shift+Tab')
    assert.notEqual(await focused(), 'CANVAS')
    await page.getByRole('application').focus()
    await page.evaluate(() => addEventListener('keydown', (event) => (window.isTaken = event.defaultPrevented)))
    for (const [key, isTaken] of [['ArrowRight', true], ['Alt+ArrowRight', false], ['Control+Home', false]]) {
      await page.keyboard.press(key)
      assert.equal(await page.evaluate(() => window.isTaken), isTaken, key)
    }
  },

  async squares_of_a_fleet_at_rest_follow_the_colours_and_the_pixels_of_the_screen({ page, context }) {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.view('fleet?size=squares')
    await page.getByRole('button', { name: '3 converged' }).waitFor()
    const pixel = (at) => page.evaluate((x) => document.querySelector('canvas').getContext('2d').getImageData(x, x, 1, 1).data.join(), at)
    await await_('it is drawn', async () => (await pixel(5)) !== '0,0,0,0')
    const light = await pixel(5)
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setDeviceMetricsOverride', { width: 1280, height: 800, deviceScaleFactor: 2, mobile: false })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForFunction(() => document.querySelector('canvas').width === 2 * document.querySelector('canvas').clientWidth)
    assert.ok(![light, '0,0,0,0'].includes(await pixel(10)))
  },

  async what_a_square_is_stays_in_sight_while_the_controller_is_away({ page }) {
    await page.view('fleet?size=squares')
    const isInSight = () => page.evaluate(() => document.querySelector('.told').getBoundingClientRect().bottom === innerHeight)
    assert.ok(await isInSight())
    await page.evaluate(() => document.querySelector('main').classList.add('old'))
    assert.ok(await isInSight())
    assert.match(await page.evaluate(() => getComputedStyle(document.querySelector('canvas')).filter), /saturate/)
  },

  async readings_are_asked_for_while_somebody_looks({ page }) {
    let asked = 0
    page.on('request', (request) => (asked += request.url().includes('includeObject=None') ? 1 : 0))
    await page.clock.install()
    await page.view('fleet')
    await card(page, 'edge-1').getByRole('img', { name: 'battery' }).waitFor()
    await page.getByRole('link', { name: 'Plan' }).click()
    await page.getByLabel('Manifest in YAML').waitFor()
    const turns = async () => {
      for (let turn = 0; turn < 5; turn++) await Promise.all([page.waitForResponse('**/healthz'), page.clock.fastForward(4000)])
    }
    await turns() // one may have been on its way
    const before = asked
    await turns()
    assert.equal(asked, before)
    await page.getByRole('link', { name: 'Fleet' }).click()
    await Promise.all([page.waitForResponse(/includeObject=None/), page.clock.fastForward(4000)])
  },
}
