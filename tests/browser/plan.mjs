// The plan: what is wrong is told at its line, and what was shown is done.  That nothing is done before: walkthrough.mjs.
import { assert, await_ } from './lib.mjs'

const session = (name, rest = 'replicas: 2', command = 'sleep 1000') => `apiVersion: fog/v1
kind: HarvestSession
metadata: {name: ${name}}
spec:
  ${rest}
  workload:
    command: [/bin/sh, -c, '${command}']
    restart: always
    resources: {cores: 50m, memory: 16Mi}
  grace: 100ms
  rollout: {healthyAfter: 1s}
`
const fill = (page, text) => page.getByLabel('Manifest in YAML').fill(text)
const alert = (page) => page.getByRole('alert')
const revision = async (fleet) => (await fleet.api('/apis/fog/v1/harvestsessions?limit=1')).metadata.resourceVersion

async function apply(page, cause) {
  await page.getByRole('button', { name: 'Apply', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('who').fill('ann')
  await dialog.getByLabel('why').fill(cause)
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await page.getByText(/Applied as revision/).waitFor()
}

export const tests = {
  async mistakes_are_told_at_their_lines_all_at_once({ page, fleet }) {
    const before = await revision(fleet)
    await page.view('plan')
    await fill(page, session('broken', 'replicas: many', 'x').replace('always', 'sometimes'))
    await alert(page).getByRole('button', { name: 'line 5:3' }).waitFor()
    await alert(page).getByRole('button', { name: 'line 8:5' }).click()
    assert.equal(await page.evaluate(() => getSelection().toString().trim()), 'restart: sometimes')
    await fill(page, `${session('broken', 'replicas: many', 'x')}---\nkind: [HarvestSession\n`)
    await alert(page).getByRole('button', { name: 'line 5:3' }).waitFor()
    await alert(page).getByRole('button', { name: 'line 14:1' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Apply', exact: true }).count(), 0)
    assert.equal(await revision(fleet), before)
  },

  async a_manifest_of_many_objects_is_pasted_and_planned({ page, context }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.view('plan')
    const one = (i) => `apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: many-${i}}\nspec: {battery: {minPercent: ${i % 60}}}\n---\n`
    const many = Array.from({ length: 300 }, (_, i) => one(i)).join('')
    await page.evaluate((text) => navigator.clipboard.writeText(text), many)
    await page.getByLabel('Manifest in YAML').press('Control+V')
    await page.getByText('and 200 more objects').waitFor()
    assert.equal(await page.getByLabel('Manifest in YAML').inputValue(), many)
    assert.match(await page.locator('.gutter').innerText(), /^1\n2\n3[^]*\n1501$/)
  },

  async what_was_shown_is_applied_watched_paused_and_undone({ page, fleet }) {
    await page.view('plan')
    await fill(page, session('rolled', 'replicas: 3'))
    await apply(page, 'because')
    const progress = page.getByRole('status', { name: 'Progress of rolled' })
    await progress.filter({ hasText: '3 of 3 have the newest form, 3 ready' }).waitFor()
    const [change] = (await fleet.api('/apis/fog/v1/harvestsessions/rolled/history')).items
    assert.deepEqual([change.who, change.why, change.manager], ['ann', 'because', 'fog-dashboard'])

    await fill(page, session('rolled', 'replicas: 3', 'sleep 2000'))
    await page.getByRole('region', { name: 'Plan' }).getByText(/^3 start anew/).waitFor()
    await apply(page, 'another form')
    await page.getByRole('button', { name: 'Pause' }).click()
    await progress.filter({ hasText: 'paused' }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await progress.filter({ hasText: '3 of 3 have the newest form, 3 ready' }).waitFor()
    await page.getByRole('link', { name: 'rolled', exact: true }).click()
    await page.getByRole('button', { name: 'Undo the rollout' }).click()
    await page.getByRole('dialog').getByText(/^3 start anew/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click()
    await await_('the form of before is back', async () => (await fleet.api('/apis/fog/v1/harvestsessions/rolled')).spec.workload.command[2] === 'sleep 1000')
    fleet.sh('fogctl delete hs rolled')
  },

  async what_was_made_is_undone_and_what_was_typed_stays_while_one_looks_elsewhere({ page, fleet }) {
    await page.view('plan')
    await fill(page, session('made'))
    await apply(page, 'to try it')
    await page.getByRole('link', { name: 'Fleet' }).click()
    await page.getByRole('heading', { name: 'Fleet' }).waitFor({ state: 'attached' })
    await page.getByRole('link', { name: 'Plan' }).click()
    assert.equal(await page.getByLabel('Manifest in YAML').inputValue(), session('made'))
    await page.getByRole('button', { name: 'Undo' }).press('Enter')
    await page.getByRole('dialog').getByText(/^2 stop/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click()
    await page.getByRole('dialog').getByText('It is done').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('button:focus').filter({ hasText: 'Undo' }).waitFor()
    await await_('it is gone', async () => (await fleet.api('/apis/fog/v1/harvestsessions/made')).code === 404)
  },

  async an_apply_whose_answer_is_lost_is_done_once({ page, fleet }) {
    let lost = 0
    await page.route('**/changesets?fieldManager=fog-dashboard', async (route) => { // a fault: it is done, and the connection ends
      const response = await route.fetch()
      return lost++ === 0 ? route.abort() : route.fulfill({ response })
    })
    await page.view('plan')
    await fill(page, session('once'))
    await apply(page, 'once')
    assert.equal(lost, 2)
    assert.equal((await fleet.api('/apis/fog/v1/harvestsessions/once/history')).items.length, 1)
    fleet.sh('fogctl delete hs once')
  },

  async an_apply_that_nobody_answers_is_given_up_with_its_question({ page, fleet }) {
    let sent = 0
    await page.route('**/changesets?fieldManager=fog-dashboard', (route) => (sent++, route.abort())) // a fault: nobody is there
    await page.view('plan')
    await fill(page, session('given-up'))
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click()
    await await_('it is sent again', () => sent > 1)
    await page.keyboard.press('Escape')
    await alert(page).filter({ hasText: 'whether it was done is not known' }).waitFor()
    assert.ok(sent < 10, `sent ${sent} times`)
    assert.equal((await fleet.api('/apis/fog/v1/harvestsessions/given-up')).code, 404)
  },

  async a_plan_that_nobody_answers_comes_when_somebody_does({ page }) {
    let isAway = true
    await page.route('**/changesets?*dryRun=All*', (route) => (isAway ? route.abort() : route.continue())) // a fault: nobody is there
    await page.view('plan')
    await fill(page, session('planned'))
    await alert(page).filter({ hasText: 'the controller does not answer' }).waitFor()
    isAway = false
    await page.getByRole('region', { name: 'Plan' }).getByText(/^2 start/).waitFor()
    assert.equal(await alert(page).count(), 0)
  },

  async a_file_that_was_written_anew_is_opened_again({ page }) {
    await page.view('plan')
    const file = page.locator('input[type=file]')
    for (const name of ['one', 'other']) {
      await file.setInputFiles({ name: 'm.yaml', mimeType: 'text/yaml', buffer: Buffer.from(session(name)) })
      await page.waitForFunction((text) => document.querySelector('textarea').value.includes(text), `name: ${name}`)
      assert.equal(await file.inputValue(), '') // what is chosen next is another choice, by whatever name
    }
  },

  async a_fleet_that_changed_meanwhile_is_looked_at_again({ page, fleet }) {
    await page.view('plan')
    await fill(page, session('late'))
    await page.getByRole('region', { name: 'Plan' }).waitFor()
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    fleet.apply(session('later', 'replicas: 1'))
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).press('Enter')
    await alert(page).filter({ hasText: /look at the plan again$/ }).waitFor()
    await page.locator('button:focus').filter({ hasText: 'Apply' }).waitFor()
    fleet.sh('fogctl delete hs later')
  },

  async fields_of_others_are_taken_over_only_when_it_is_said({ page, fleet }) {
    fleet.apply(session('owned', 'replicas: 1'))
    await page.view('plan')
    await fill(page, session('owned', 'replicas: 2'))
    await alert(page).getByText('conflict with "fogctl"').waitFor()
    await page.getByLabel('take fields over from their owners').check()
    await page.getByRole('region', { name: 'Plan' }).getByText(/^1 starts, /).waitFor()
    fleet.sh('fogctl delete hs owned')
  },
}
