// For everybody: without a mouse, read aloud, on a phone, and without motion.
import { assert } from './lib.mjs'

const PHONE = { width: 390, height: 844 }
const VIEWS = [
  ['fleet', 'edge-1'],
  ['fleet?size=squares', 'point at a square'],
  ['o/agents/edge-1', 'desired'],
  ['o/harvestsessions/counter', 'newest form'],
  ['o/harvestsessions/counter?tab=fields', 'spec.replicas'],
  ['o/harvestsessions/counter?tab=history', 'revision'],
  ['o/harvestsessions/counter?tab=log', 'step'],
  ['plan', 'Nothing is changed'],
  ['time?last=10m', 'What changed in the last 10 minutes'],
  ['convergence', 'hour'],
  ['kinds/agents?wide=1', 'edge-1'],
  ['kinds/events?wide=1', 'counter'],
]

async function go(page, path, words) {
  await page.evaluate((hash) => (location.hash = hash), `#/${path}`)
  await page.locator('main').filter({ hasText: words }).waitFor()
}

// Controls that can be reached, as they are there now.
const CONTROLS = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex="0"]'

// Those that nobody could name: neither by a label nor by words within.
function nameless(selector) {
  const words = (element) => {
    const copy = element.cloneNode(true)
    for (const hidden of copy.querySelectorAll('[aria-hidden="true"]')) hidden.remove()
    return copy.textContent.trim()
  }
  const name = (element) => element.getAttribute('aria-label') || words(element) || [...(element.labels ?? [])].map(words).join(' ').trim() || element.title
  return [...document.querySelectorAll(selector)].filter((element) => !name(element)).map((element) => element.outerHTML.slice(0, 120))
}

// What has the focus: is it seen that it has?  Of a field that is hidden, by its label.
function focused() {
  const element = document.activeElement
  const isSeen = (one) => one && getComputedStyle(one).outlineStyle !== 'none' && Number.parseFloat(getComputedStyle(one).outlineWidth) >= 1
  const isHeld = element.dataset.reached === 'yes' // Tab led nowhere, or back
  element.dataset.reached = 'yes'
  const isRound = element === document.body || (isHeld && element.matches('.skip'))
  return { isRound, isHeld, isSeen: isSeen(element) || isSeen(element.closest('label')), words: element.outerHTML.slice(0, 120) }
}

async function tabThrough(page) {
  const frame = () => page.evaluate(() => new Promise(requestAnimationFrame))
  for (let i = 0; i < 4; i++) await frame() // another view takes the focus
  await page.evaluate(() => {
    for (const one of document.querySelectorAll('[data-reached]')) delete one.dataset.reached // in another view
    document.querySelector('.skip').focus()
  })
  await page.keyboard.press('Shift+Tab')
  const count = await page.locator(CONTROLS).count()
  for (let i = 0; i < count + 20; i++) {
    await page.keyboard.press('Tab')
    const { isRound, isHeld, isSeen, words } = await page.evaluate(focused)
    if (isRound) break
    assert.ok(!isHeld, `the focus is held by ${words}`)
    assert.ok(isSeen, `the focus is not seen on ${words}`)
  }
  const missed = await page.evaluate((selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility() && !one.dataset.reached).map((one) => one.outerHTML.slice(0, 120)), CONTROLS)
  assert.deepEqual(missed, [])
}

export const tests = {
  async no_view_is_wider_than_a_phone({ page }) {
    await page.setViewportSize(PHONE)
    await page.view('fleet')
    for (const [path, words] of VIEWS) {
      await go(page, path, words)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      assert.ok(width <= PHONE.width, `${path} is ${width} pixels wide`)
    }
    await go(page, 'plan', 'Nothing is changed')
    await page.getByRole('button', { name: 'An example' }).click()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByRole('dialog').getByLabel('why').waitFor()
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= PHONE.width, 'a plan')
  },

  async every_control_of_every_view_has_a_name({ page }) {
    await page.view('fleet')
    for (const [path, words] of VIEWS) {
      await go(page, path, words)
      assert.deepEqual(await page.evaluate(nameless, CONTROLS), [], path)
    }
  },

  async every_control_is_reached_by_tab_and_the_focus_is_seen({ page }) {
    await page.view('fleet')
    for (const [path, words] of [VIEWS[0], VIEWS[1], VIEWS[3], VIEWS[7]]) {
      await go(page, path, words)
      await tabThrough(page)
    }
  },

  async the_first_tab_leads_past_the_frame_and_escape_leaves_a_question({ page }) {
    await page.view('plan')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
    await page.getByRole('button', { name: 'An example' }).press('Enter')
    await page.getByRole('button', { name: 'Apply' }).press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  },

  async nothing_moves_where_less_motion_is_wanted({ page }) {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.view('fleet')
    await page.evaluate(() => document.querySelector('.state').classList.add('converging'))
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await page.waitForFunction(() => document.getAnimations().length > 0)
  },
}
