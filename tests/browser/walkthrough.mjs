// The walk-through of docs/DASHBOARD.md: somebody who has never seen Fog, the page's address, and what the page says.
// Nothing but its words leads on: no address is typed but the first, and no mouse is there.
import { assert, await_ } from './lib.mjs'

const COUNTER = '/apis/fog/v1/harvestsessions/counter'
const replicas = async (fleet) => (await fleet.api(COUNTER)).spec.replicas

// The demo's fleet (examples/quickstart.yaml is applied), with guests on every machine, an empty battery, and a
// colleague who has just changed something.
function prepare(fleet) {
  fleet.sh('fogctl apply -f examples/harvest.yaml')
  fleet.sh('set_machine "$T/edge-1.machine" battery 12')
  fleet.sh('FOGCTL_USER=ann fogctl scale hs counter --replicas 5 --change-cause "the report is due"')
}

async function begin(page, fleet) {
  await page.goto(fleet.url)
  await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
}

export const tests = {
  async the_page_alone_tells_which_agent_is_suspended_and_why({ page, fleet }) {
    prepare(fleet)
    await begin(page, fleet)
    await page.getByRole('button', { name: '1 suspended' }).waitFor()
    const card = page.getByRole('link', { name: /^edge-1 suspended/ })
    await card.filter({ hasText: 'BatteryLow' }).filter({ hasText: 'OnBattery' }).waitFor()
    await page.getByText('Open an agent to see why').waitFor()
    await card.press('Enter')
    await page.getByRole('heading', { name: 'edge-1 suspended' }).waitFor()
    const why = page.getByRole('region', { name: 'Why' })
    await why.getByText('runs on its battery; goes on when it is plugged in').first().waitFor()
    await why.getByText('battery 12 % is below 50 %; goes on at 60 %').first().waitFor()
    await why.getByText('What would help: plug the machine in').waitFor()
  },

  async the_page_alone_tells_what_an_apply_would_do({ page, fleet }) {
    await begin(page, fleet)
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Plan' }).press('Enter')
    await page.getByText('Nothing is changed before you apply it.').waitFor()
    await page.getByRole('button', { name: 'An example' }).press('Enter')
    const plan = page.getByRole('region', { name: 'Plan', exact: true })
    await plan.getByText(/^2 start/).waitFor()
    assert.equal(await plan.getByText(/hello\/\d starts/).count(), 2)
    await page.getByText('HarvestSession/hello would be created').waitFor()
    assert.equal((await fleet.api('/apis/fog/v1/harvestsessions/hello')).code, 404)
    await page.getByRole('button', { name: 'Apply' }).press('Enter')
    await page.getByRole('dialog', { name: 'Apply it as it was shown?' }).getByRole('button', { name: 'Not now' }).press('Enter')
    assert.equal((await fleet.api('/apis/fog/v1/harvestsessions/hello')).code, 404)
  },

  async the_page_alone_tells_what_changed_in_the_last_ten_minutes_and_undoes_it({ page, fleet }) {
    await begin(page, fleet)
    await page.getByRole('link', { name: 'Time' }).press('Enter')
    await page.getByRole('button', { name: '10 minutes' }).press('Enter')
    const change = page.getByRole('region', { name: 'What changed' }).getByRole('listitem').filter({ hasText: 'the report is due' })
    await change.filter({ hasText: 'ann changed harvestsession/counter' }).waitFor()
    assert.match(await change.innerText(), /spec\.replicas\s+3\s+→\s+5/)
    await change.getByRole('button', { name: 'Undo' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: /^Undo: ann changed harvestsession\/counter/ })
    await dialog.getByText('What the agents would do').waitFor()
    await dialog.getByText(/^2 stop/).waitFor()
    assert.equal(await replicas(fleet), 5)
    await dialog.getByRole('button', { name: 'Go back' }).press('Enter')
    await dialog.getByText('It is done').waitFor()
    await await_('counter has three replicas again', async () => (await replicas(fleet)) === 3)
    await dialog.getByRole('button', { name: 'Undo this' }).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).press('Enter')
    await page.getByRole('listitem').filter({ hasText: 'undo of revision' }).waitFor()
  },

  async what_the_walk_took_is_put_back({ fleet }) {
    fleet.sh('set_machine "$T/edge-1.machine" charging 90')
    fleet.sh('fogctl delete -f examples/harvest.yaml')
  },
}
