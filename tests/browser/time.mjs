// Time: who changed what, the fleet before it, what differs, and the way back.
import { assert, await_ } from './lib.mjs'

const COUNTER = '/apis/fog/v1/harvestsessions/counter'
const WHY = 'two <img src=x onerror="window.isHurt=1"> will do'

const replicas = async (fleet) => (await fleet.api(COUNTER)).spec.replicas

function scale(fleet, count, who, why) {
  const words = Buffer.from(JSON.stringify({ spec: { replicas: count } })).toString('base64')
  const cause = Buffer.from(why).toString('base64')
  fleet.sh(
    `curl -sf -X PATCH "http://$API${COUNTER}" -H "Content-Type: application/merge-patch+json" -H "Fog-User: ${who}"` +
      ` -H "Fog-Change-Cause: $(base64 -d <<<${cause})" -d "$(base64 -d <<<${words})" >"$T/scaled"`,
  )
}

const change = (page, words) => page.locator('.list > li').filter({ hasText: words })
const session = (page, name) => page.locator('.sessions tr').filter({ hasText: name })
const moment = (page) => page.getByRole('slider', { name: 'Moment' })
const metric = (name) => `curl -sf http://$API/metrics | awk '/^${name} / { print $2 }'`

export const tests = {
  async what_somebody_changes_shows_up_with_who_and_why_as_it_happens({ page, fleet }) {
    await page.view('time')
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
    scale(fleet, 2, 'ann', WHY)
    const one = change(page, 'two <img')
    await one.filter({ hasText: 'ann changed harvestsession/counter' }).waitFor()
    assert.match(await one.innerText(), /spec\.replicas\s+3\s+→\s+2/)
    await session(page, 'counter').filter({ hasText: '2 of 2' }).waitFor()
    assert.equal(await page.evaluate(() => window.isHurt), undefined)
  },

  async the_scrubber_goes_from_change_to_change_and_shows_the_fleet_before_it({ page }) {
    await page.view('time')
    await change(page, 'two <img').waitFor()
    await page.getByText('reading history').waitFor({ state: 'detached' })
    await moment(page).press('PageDown')
    await moment(page).press('ArrowLeft')
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
    assert.match(await moment(page).getAttribute('aria-valuetext'), /ago, after \S/)
    await page.locator('.list > li.later').filter({ hasText: 'two <img' }).waitFor()
    await page.waitForURL(/at=[^&]*\.(?!000)\d+Z/) // of the last key, a little before the whole second of the change
    await page.reload()
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
    await moment(page).press('PageUp')
    await page.locator('.list > li.shown').filter({ hasText: 'two <img' }).waitFor()
    await moment(page).press('End')
    await session(page, 'counter').filter({ hasText: '2 of 2' }).waitFor()
  },

  async the_past_is_played_until_it_is_now({ page }) {
    await page.view('time')
    await change(page, 'two <img').waitFor()
    await moment(page).press('Home')
    await page.locator('.list > li.later').filter({ hasText: 'two <img' }).waitFor()
    await page.getByRole('button', { name: 'Play' }).click()
    await page.locator('.list > li.shown').filter({ hasText: 'two <img' }).waitFor()
    await page.getByRole('heading', { name: 'The fleet now' }).waitFor()
    await page.getByRole('button', { name: 'Play' }).waitFor()
  },

  async any_two_revisions_are_compared_field_by_field({ page, fleet }) {
    await page.view('time')
    await change(page, 'created 4 objects').getByLabel('compare').check()
    await change(page, 'two <img').getByLabel('compare').check()
    const told = page.getByRole('region', { name: 'Comparison' })
    await told.filter({ hasText: 'harvestsession/counter differs' }).waitFor()
    assert.match(await told.innerText(), /spec\.replicas\s+3\s+→\s+2/)
    await told.getByText('what became of it').click()
    await told.getByText('conditions.Converged.message').first().waitFor()
    await told.getByRole('button', { name: 'Close' }).click()
    await told.waitFor({ state: 'detached' })
    await page.view('time?object=harvestsessions/beacon')
    await page.getByText('only harvestsession/beacon').waitFor()
    await page.getByText('command:').waitFor()
    assert.equal(await change(page, 'two <img').count(), 0)
    assert.equal(await replicas(fleet), 2)
  },

  async a_change_is_undone_once_its_plan_was_seen_and_the_undo_can_be_undone({ page, fleet }) {
    await page.view('time?last=10m')
    await change(page, 'two <img').getByRole('button', { name: 'Undo' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('1 start').waitFor()
    assert.match(await dialog.innerText(), /spec\.replicas\s+2\s+→\s+3/)
    assert.match(await dialog.getByRole('region', { name: 'Plan' }).innerText(), /edge-\d\s+▶ counter\/\d/)
    assert.equal(await replicas(fleet), 2)
    await dialog.getByLabel('your name').fill('bob')
    await dialog.getByLabel('why').fill('three it was')
    await dialog.getByRole('button', { name: 'Go back' }).click()
    await dialog.getByText('It is done').waitFor()
    assert.equal(await replicas(fleet), 3)
    await change(page, 'three it was').filter({ hasText: 'bob' }).waitFor()
    await dialog.getByRole('button', { name: 'Undo this' }).click()
    await dialog.getByText('1 stop').waitFor()
    await dialog.getByRole('button', { name: 'Go back' }).click()
    await dialog.getByText('It is done').waitFor()
    await await_('the undo is undone', async () => (await replicas(fleet)) === 2)
  },

  async all_of_it_goes_back_to_where_the_scrubber_is({ page, fleet }) {
    fleet.sh('fogctl delete hs keeper')
    await page.view('time')
    await change(page, 'deleted harvestsession/keeper').waitFor()
    await change(page, 'created 4 objects').getByRole('button', { name: 'Back to here' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('harvestsession/keeper comes back').waitFor()
    await dialog.getByLabel('what goes back').selectOption('only these 4 objects')
    await dialog.getByText('harvestsession/keeper comes back').waitFor()
    await dialog.getByLabel('what goes back').selectOption('HarvestPolicy')
    await dialog.getByText('Nothing would change').waitFor()
    await dialog.getByLabel('what goes back').selectOption('everything')
    await dialog.getByText('keeper/0').waitFor()
    await dialog.getByRole('button', { name: 'Go back' }).click()
    await dialog.getByText('It is done').waitFor()
    assert.equal(await replicas(fleet), 3)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await session(page, 'keeper').filter({ hasText: '1 of 1' }).waitFor()
  },

  async it_goes_on_over_a_restart_and_a_moment_that_was_compacted_is_where_history_begins({ page, fleet }) {
    await page.view('time')
    await page.evaluate(() => (window.isTheSame = true))
    fleet.sh('kill_controller || true')
    fleet.sh('start_controller --history-keep 1s --history-keep-min 1s')
    const revision = Number(fleet.sh(metric('fog_revision')))
    scale(fleet, 2, 'ann', 'it is gone soon')
    await await_('old history goes', async () => Number(fleet.sh(metric('fog_history_compacted_revision'))) >= revision)
    fleet.sh('kill_controller || true')
    fleet.sh('start_controller')
    scale(fleet, 3, 'ann', 'and all of them again')
    await change(page, 'and all of them again').waitFor()
    assert.equal(await page.evaluate(() => window.isTheSame), true)
    await page.view('time?last=10m&at=2026-01-01T00:00:00Z')
    await page.getByText(/history begins at .*: older history has been compacted/).waitFor()
    await page.getByRole('heading', { name: 'The fleet then' }).waitFor()
    await moment(page).press('End')
    await change(page, 'and all of them again').waitFor()
    assert.equal(await change(page, 'two <img').count(), 0)
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
  },

  async a_page_that_is_opened_while_nobody_answers_the_past_reads_it_later({ page, fleet }) {
    await page.view('fleet')
    fleet.sh('kill_controller || true')
    await page.getByRole('link', { name: 'Time' }).click()
    await page.getByText('reading history').waitFor()
    fleet.sh('start_controller')
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
  },

  async where_no_websocket_passes_the_past_is_read_once_and_goes_on({ page, fleet }) {
    await page.addInitScript(() => {
      globalThis.WebSocket = class { // a fault: what a proxy that knows no upgrade does
        constructor() {
          setTimeout(() => this.onclose())
        }
        close() {}
      }
    })
    let isReadAgain = false
    await page.view('time')
    await session(page, 'counter').filter({ hasText: '3 of 3' }).waitFor()
    await page.getByText('reading history').waitFor({ state: 'detached' })
    page.on('request', (request) => (isReadAgain ||= request.url().includes('/state?')))
    scale(fleet, 2, 'ann', 'in turns')
    await change(page, 'in turns').waitFor()
    await session(page, 'counter').filter({ hasText: '2 of 2' }).waitFor()
    assert.ok(!isReadAgain)
  },

  async the_past_of_a_fleet_in_which_nothing_ever_was_begins_with_its_first_change({ page, fleet }) {
    const address = fleet.sh(
      '"$BIN/fog-controller" --state "$T/new" --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 >"$T/new.log" 2>&1 & NEW=$!;' +
        ' await 20 "another one listens" test -s "$T/new/api.addr" && cat "$T/new/api.addr"',
    )
    await page.goto(`http://${address}/ui/#/time`)
    await page.getByText('no agent has dialled in').waitFor()
    fleet.sh(`fogctl --server http://${address} create hs first -- /bin/true`)
    await change(page, 'created harvestsession/first').waitFor()
    await session(page, 'first').filter({ hasText: '0 of 1' }).waitFor()
    fleet.sh('end_softly new "$NEW"')
  },
}
