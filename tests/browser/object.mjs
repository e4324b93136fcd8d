// One object: the three states side by side, why in words, its history, and its log as it comes.
import { assert } from './lib.mjs'

const differing = (page) => page.getByRole('region', { name: 'Three states' }).locator('tr.differs')

export const tests = {
  async who_is_suspended_and_why_is_told_with_what_would_help({ page, fleet }) {
    fleet.sh('set_machine "$T/edge-1.machine" battery 12')
    await page.view('o/agents/edge-1')
    const way = page.getByRole('status', { name: 'In the way' })
    await way.filter({ hasText: 'OnBattery' }).filter({ hasText: 'What would help: plug the machine in' }).waitFor()
    await differing(page).filter({ hasText: 'beacon/edge-1' }).filter({ hasText: 'Suspended' }).waitFor()
    await page.getByRole('heading', { name: 'what is held back, and why' }).waitFor()
    await way.getByRole('link').first().click()
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'suspended' }).waitFor()
    fleet.sh('set_machine "$T/edge-1.machine" charging 90')
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'converged' }).waitFor()
  },

  async three_states_of_a_session_differ_where_something_is_missing({ page, fleet }) {
    await page.view('o/harvestsessions/counter')
    await page.getByRole('region', { name: 'Three states' }).getByRole('row').filter({ hasText: '3 placed' }).waitFor()
    assert.equal(await differing(page).count(), 0)
    fleet.sh('fogctl scale hs counter --replicas 100')
    await differing(page).filter({ hasText: 'replicas' }).filter({ hasText: '100' }).waitFor()
    await page.getByRole('status', { name: 'In the way' }).filter({ hasText: 'NoAgent' }).waitFor()
    fleet.sh('fogctl scale hs counter --replicas 3')
    await differing(page).first().waitFor({ state: 'detached' })
  },

  async history_says_who_changed_what({ page }) {
    await page.view('o/harvestsessions/counter?tab=history')
    const change = page.getByRole('article').nth(1)
    await change.filter({ hasText: 'spec.replicas' }).filter({ hasText: '100' }).waitFor()
  },

  async a_log_follows_and_is_held_while_somebody_reads_it({ page, fleet }) {
    await page.view('o/harvestsessions/counter?tab=log')
    const log = page.getByRole('log')
    const grows = (text) => page.waitForFunction((length) => document.querySelector('.log').innerText.length > length, text.length)
    await log.filter({ hasText: /step \d+ of slot 0/ }).waitFor()
    await grows(await log.innerText())
    await page.getByLabel('follow').press('Space')
    const before = await log.innerText()
    await page.getByText(/ since$/).waitFor()
    assert.equal(await log.innerText(), before)
    await page.getByLabel('follow').press('Space')
    await grows(before)
    fleet.sh('stop_controller; start_controller')
    const [, step] = /(\d+) of slot 0\s*$/.exec(await log.innerText())
    await page.waitForFunction((least) => Number(/(\d+) of slot 0\s*$/.exec(document.querySelector('.log').innerText)?.[1]) > least + 1, Number(step))
  },

  async fields_and_conditions_are_explained_in_the_words_of_their_kind({ page }) {
    await page.view('o/agents/edge-1')
    await page.getByRole('row').filter({ hasText: 'Ready' }).filter({ hasText: 'connected and reporting' }).waitFor()
    await page.getByRole('link', { name: 'fields' }).click()
    await page.getByRole('row').filter({ hasText: 'spec.unschedulable' }).filter({ hasText: 'place no new work here' }).waitFor()
    await page.view('o/harvestpolicies/gentle')
    await page.getByRole('row').filter({ hasText: 'battery.minPercent' }).filter({ hasText: 'below this charge work is suspended' }).waitFor()
  },

  async what_is_not_there_is_said({ page }) {
    await page.view('o/harvestsessions/nobody')
    await page.getByText('There is no HarvestSession "nobody" now.').waitFor()
  },
}
