// The frame of the page: what it is served with, the way through it, and how it lives through a restart.
import { assert } from './lib.mjs'

export const tests = {
  async a_browser_that_asks_for_the_root_is_led_to_the_page({ page, fleet }) {
    await page.goto(fleet.url)
    assert.equal(new URL(page.url()).pathname, '/ui/')
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
  },

  async nothing_is_loaded_from_elsewhere_and_all_of_it_is_small({ page, fleet }) {
    const responses = []
    page.on('response', (response) => responses.push(response))
    await page.view('kinds/agents')
    await page.getByRole('link', { name: 'edge-1' }).waitFor()
    let bytes = 0
    for (const response of responses) {
      assert.equal(new URL(response.url()).host, new URL(fleet.url).host)
      if (response.url().includes('/ui/')) bytes += (await response.request().sizes()).responseBodySize
    }
    assert.ok(bytes > 1000 && bytes < 150_000, `${bytes} bytes`)
  },

  async every_kind_is_shown_by_its_own_columns({ page, fleet }) {
    await page.view('kinds')
    for (const { kind, name } of (await fleet.api('/apis/fog/v1')).resources.filter(({ name }) => !name.includes('/'))) {
      await page.getByRole('link', { name: kind, exact: true }).click()
      const { columnDefinitions } = await fleet.api(`/apis/fog/v1/${name}?as=Table`)
      for (const column of columnDefinitions.filter(({ priority }) => priority === 0)) {
        await page.getByRole('columnheader', { name: column.name, exact: true }).waitFor()
      }
    }
  },

  async it_goes_on_after_a_restart_of_the_controller_without_a_reload({ page, fleet }) {
    await page.view('kinds/harvestpolicies')
    await page.evaluate(() => (window.isTheSame = true))
    fleet.sh('kill_controller || true')
    await page.getByRole('status').filter({ hasText: 'stale' }).waitFor()
    fleet.sh('start_controller')
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
    fleet.apply('apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: after-restart}\n')
    await page.getByRole('link', { name: 'after-restart' }).waitFor()
    fleet.sh('fogctl delete hp after-restart')
    await page.getByRole('link', { name: 'after-restart' }).waitFor({ state: 'detached' })
    assert.equal(await page.evaluate(() => window.isTheSame), true)
  },

  async where_no_websocket_passes_it_watches_over_http({ page, fleet }) {
    await page.addInitScript(() => {
      globalThis.WebSocket = function () { // a fault: what a proxy that knows no upgrade does
        setTimeout(() => this.onclose())
      }
    })
    await page.view('kinds/harvestpolicies')
    fleet.apply('apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: over-http}\n')
    await page.getByRole('link', { name: 'over-http' }).waitFor()
    fleet.sh('fogctl delete hp over-http')
    await page.getByRole('link', { name: 'over-http' }).waitFor({ state: 'detached' })
  },
}
