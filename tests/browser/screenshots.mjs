// Pictures of each view for docs/DASHBOARD.md and the README: tests/browser/screenshots.sh has made the fleet.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from './lib.mjs'
import { small } from './png.mjs'

const BYTES_MAX = 120_000
const DARK = { colorScheme: 'dark' }
const PHONE = { viewport: { width: 390, height: 844 } }
const MANIFEST = `apiVersion: fog/v1
kind: HarvestSession
metadata:
  name: counter
spec:
  policy: gentle
  replicas: 3
  workload:
    command: [/bin/sh, -c, 'while :; do date; sleep 2; done']
    restart: always
    resources: {cores: 200m, memory: 64Mi}
---
apiVersion: fog/v1
kind: HarvestSession
metadata:
  name: index
spec:
  replicas: 4
  selector:
    matchLabels: {reported/site: south}
  workload:
    command: [/bin/sh, -c, 'while :; do date; sleep 5; done']
    restart: always
    resources: {cores: 300m, memory: 128Mi}
`

async function picture(page, name) {
  const path = join(process.env.FOG_IMAGES, `dashboard-${name}.png`)
  await page.evaluate(() => document.activeElement?.blur())
  const bytes = small(await page.screenshot({ animations: 'disabled' }))
  assert.ok(bytes.length < BYTES_MAX, `${path} has ${bytes.length} bytes`)
  writeFileSync(path, bytes)
}

async function fleet(page, name) {
  await page.view('fleet?group=reported/site')
  await page.getByRole('link', { name: /^edge-3 .*suspended/ }).waitFor()
  await page.getByRole('img', { name: /^battery/ }).nth(8).waitFor()
  await picture(page, name)
}

async function why(page, name) {
  await page.view('o/agents/edge-3')
  await page.getByText('What would help').waitFor()
  await picture(page, name)
}

async function session(page, name) {
  await page.view('o/harvestsessions/render')
  await page.getByRole('region', { name: 'Rollout of render' }).scrollIntoViewIfNeeded()
  await picture(page, name)
}

async function plan(page, name) {
  await page.view('plan')
  await page.getByLabel('Manifest in YAML').fill(MANIFEST)
  await page.getByLabel('take fields over from their owners').check()
  await page.getByRole('region', { name: 'Plan', exact: true }).getByText(/4 start/).first().waitFor()
  await picture(page, name)
}

async function time(page, name) {
  await page.view('time?last=10m')
  await page.getByText('the report is due').first().waitFor()
  await page.getByText('reading history').waitFor({ state: 'detached' })
  await picture(page, name)
}

async function undo(page, name) {
  await page.view('time?last=10m')
  await page.getByRole('listitem').filter({ hasText: 'the report is due' }).getByRole('button', { name: 'Undo' }).click()
  await page.getByText('What the agents would do').waitFor()
  await picture(page, name)
}

async function convergence(page, name) {
  await page.view('convergence?last=10m')
  await page.locator('canvas').nth(1).waitFor()
  await picture(page, name)
}

// In this order, while the rollout is on its way.
const VIEWS = { session, fleet, why, plan, time, undo, convergence }
const shot = (view, name, options) => async ({ browser, fleet: { url } }) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options })
  page.view = async (path) => {
    await page.goto(`${url}/ui/#/${path}`)
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
  }
  await view(page, name)
  await page.close()
}

export const tests = {}
for (const [name, view] of Object.entries(VIEWS)) tests[name] = shot(view, name, {})
for (const [name, view] of Object.entries(VIEWS)) tests[`${name}_in_the_dark`] = shot(view, `${name}-dark`, DARK)
tests.fleet_on_a_phone = shot(fleet, 'fleet-phone', PHONE)
tests.why_on_a_phone = shot(why, 'why-phone', PHONE)
