// The frame of the page: what it is served with, the way through it, and how it lives through a restart.
import { assert, await_ } from './lib.mjs'

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

  async licences_of_what_it_is_made_with_are_a_link_away({ page }) {
    await page.view('fleet')
    await page.getByRole('link', { name: 'Licences' }).click()
    const text = await page.locator('body').innerText()
    for (const library of ['preact', '@preact/signals', 'uplot', 'yaml', 'Copyright (c)']) assert.ok(text.includes(library), library)
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

  async a_table_goes_on_where_nothing_changes_but_readings({ page, fleet }) {
    await page.clock.install()
    await page.view('kinds/agents')
    const row = page.getByRole('row').filter({ hasText: 'edge-3' })
    await row.filter({ hasText: '90%' }).waitFor()
    fleet.sh('set_machine "$T/edge-3.machine" charging 77')
    await await_('the controller knows', async () => (await fleet.api('/apis/fog/v1/agents/edge-3')).status.sensors.battery === 77)
    await page.clock.fastForward(6000)
    await row.filter({ hasText: '77%' }).waitFor()
    fleet.sh('set_machine "$T/edge-3.machine" charging 90')
  },

  async a_table_is_sorted_by_the_title_that_is_pressed({ page }) {
    await page.view('kinds/agents')
    const title = page.getByRole('columnheader', { name: 'Name', exact: true })
    await title.getByRole('button').press('Enter')
    await title.getByRole('button').press('Enter')
    assert.equal(await title.getAttribute('aria-sort'), 'descending')
    await page.locator('tbody tr').first().filter({ hasText: 'edge-3' }).waitFor()
    await page.reload()
    await page.locator('tbody tr').first().filter({ hasText: 'edge-3' }).waitFor()
  },

  async an_address_that_nobody_wrote_here_breaks_nothing({ page }) {
    for (const address of ['o/agents/%', 'fleet?size=huge', 'fleet?size=constructor']) {
      await page.view(address)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.goto('about:blank')
    }
    await page.view('nonsense')
    await page.getByRole('heading', { name: 'There is no such view' }).waitFor()
    for (const address of ['o', 'o/nonsense/x', 'kinds/..%2f..%2fmetrics']) {
      await page.view(address)
      await page.getByText('There is no kind').waitFor()
    }
  },

  async the_focus_goes_to_what_is_shown_and_back_to_where_it_was({ page }) {
    const focused = (words) => page.waitForFunction((text) => document.activeElement.textContent.includes(text), words)
    await page.view('fleet')
    await page.getByRole('link', { name: /^edge-2/ }).press('Enter')
    await page.locator('h1:focus').filter({ hasText: 'edge-2' }).waitFor()
    await page.getByRole('link', { name: 'beacon/edge-2' }).press('Enter')
    await page.locator('h1:focus').filter({ hasText: 'beacon-edge-2' }).waitFor()
    await page.goBack()
    await focused('beacon/edge-2')
    await page.goBack()
    await page.locator('a:focus').filter({ hasText: 'edge-2' }).waitFor()
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Objects' }).press('Enter')
    await page.locator('h1:focus').filter({ hasText: 'Objects' }).waitFor()
    await page.getByRole('link', { name: 'HarvestSession' }).press('Enter')
    await page.getByRole('link', { name: 'counter' }).waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'HarvestSession') // it is still there
  },

  async a_table_of_what_never_rests_is_shown_all_the_same({ page, fleet }) {
    let asked = 0
    await page.route('**/harvestpolicies?as=Table*', async (route) => {
      asked++
      await new Promise((done) => setTimeout(done, 300)) // a fault: answers that take longer than the time between two changes
      await route.continue().catch(() => {}) // the page is gone
    })
    await page.view('kinds/harvestpolicies')
    let isOver = false
    const change = async () => {
      for (let i = 0; !isOver; i++) await fleet.api('/apis/fog/v1/harvestpolicies/restless?fieldManager=test', { method: 'PATCH', type: 'application/merge-patch+json', body: { metadata: { labels: { step: `${i}` } } } })
    }
    fleet.apply('apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: restless}\n')
    const changing = change()
    await page.getByRole('link', { name: 'restless' }).waitFor()
    assert.ok(asked < 20, `asked ${asked} times`)
    isOver = true
    await changing
    fleet.sh('fogctl delete hp restless')
  },

  async an_answer_that_breaks_off_is_asked_for_again({ page, fleet }) {
    await page.addInitScript(() => {
      const { fetch } = globalThis
      let broken = 0
      globalThis.fetch = async (path, how) => { // a fault: the connection ends within an answer
        const response = await fetch(path, how)
        if (!/harvestpolicies\?limit/.test(path) || ++broken > 2) return response
        return new Response(new ReadableStream({ start: (body) => body.error(new TypeError('network error')) }), response)
      }
    })
    await page.view('kinds/harvestpolicies')
    fleet.apply('apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: in-the-end}\n')
    await page.getByRole('link', { name: 'in-the-end' }).waitFor()
    fleet.sh('fogctl delete hp in-the-end')
    await page.getByRole('link', { name: 'in-the-end' }).waitFor({ state: 'detached' })
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

  async where_no_websocket_passes_it_watches_over_http_until_one_does({ page, fleet }) {
    await page.clock.install()
    await page.addInitScript(() => {
      const { WebSocket } = globalThis
      globalThis.sockets = 0
      globalThis.WebSocket = function (address) { // a fault: what a proxy that knows no upgrade does
        if (globalThis.isMended) {
          const socket = new WebSocket(address)
          socket.addEventListener('message', () => globalThis.sockets++)
          return socket
        }
        this.close = () => {}
        setTimeout(() => this.onclose())
      }
    })
    await page.view('kinds/harvestpolicies')
    fleet.apply('apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: over-http}\n')
    await page.getByRole('link', { name: 'over-http' }).waitFor()
    await page.evaluate(() => (globalThis.isMended = true))
    await page.clock.fastForward(61000)
    fleet.sh('fogctl delete hp over-http')
    await page.getByRole('link', { name: 'over-http' }).waitFor({ state: 'detached' })
    await page.waitForFunction(() => globalThis.sockets > 0)
  },
}
