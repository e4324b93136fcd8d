// Hostile words wherever the API takes words: they are shown as they are, and nothing of them becomes an element or an
// attribute, or runs.  What the page's policy forbids fails a test as well (lib.mjs).
import { assert, await_ } from './lib.mjs'

const GROUP = '/apis/fog/v1'
const ATTEMPTS = [
  `<img src=x onerror="isHurt=1">`,
  `<svg onload=isHurt=1>`,
  `<script>isHurt=1</script>`,
  `"><b onmouseover=isHurt=1>`,
  `' onfocus='isHurt=1' autofocus='`,
  `</textarea></title></style><iframe srcdoc="<script>parent.isHurt=1</script>">`,
  'javascript:isHurt=1',
  `{{constructor.constructor('isHurt=1')()}}`,
  '${isHurt=1}',
  '<%= isHurt=1 %>',
  '__proto__',
]
const EVIL = ATTEMPTS.join(' ')
const SHORT = ATTEMPTS[0]
const evil = (where) => `${where}: ${EVIL}`

const session = (name, command, rest = {}) => ({
  apiVersion: 'fog/v1',
  kind: 'HarvestSession',
  metadata: { name, annotations: { note: evil('annotation') } },
  spec: { replicas: 1, retries: 1, workload: { command, environment: { EVIL: evil('environment') }, resources: { cores: '10m' }, restart: 'always' }, ...rest },
})
const OBJECTS = [
  ['harvestsessions', session('hostile', ['/bin/sh', '-c', 'while :; do echo "$1"; sleep 1; done', 'sh', evil('log')])],
  ['harvestsessions', session('hostile-start', [`/nowhere/program ${SHORT}`])],
  ['harvestsessions', session('hostile-place', ['/bin/true'], { where: `name == 'where: ${SHORT}'` })],
  ['alertrules', { apiVersion: 'fog/v1', kind: 'AlertRule', metadata: { name: 'hostile' }, spec: { expr: 'fog_agents.away >= 0', summary: evil('summary') } }],
  ['harvestpolicies', { apiVersion: 'fog/v1', kind: 'HarvestPolicy', metadata: { name: 'hostile', annotations: { note: evil('policy') } }, spec: {} }],
]

const send = (fleet, path, method, body, type = 'application/json') =>
  fetch(fleet.url + path, {
    method,
    body: JSON.stringify(body),
    headers: { 'Content-Type': type, 'Fog-User': `user: ${SHORT}`, 'Fog-Change-Cause': evil('cause') },
  })

async function declare(fleet) {
  const manager = encodeURIComponent(`manager: ${SHORT}`)
  for (const [plural, object] of OBJECTS) {
    const response = await send(fleet, `${GROUP}/${plural}?fieldManager=${manager}`, 'POST', object)
    assert.equal(response.status, 201, await response.text())
  }
  const patch = { metadata: { annotations: { note: evil('agent') } }, spec: { unschedulable: true } }
  const response = await send(fleet, `${GROUP}/agents/edge-2?fieldManager=${manager}`, 'PATCH', patch, 'application/merge-patch+json')
  assert.equal(response.status, 200, await response.text())
}

// What the document has that our own page never has; and what it says, with what is hidden behind a summary or in a field.
function look() {
  const found = 'isHurt' in window ? ['something ran'] : []
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName
    const isOurs = name === 'script' ? element.getAttribute('src') === 'boot.js' : name === 'img' ? element.getAttribute('src') === 'icon.svg' : true
    if (!isOurs || ['iframe', 'object', 'embed', 'base', 'style', 'b'].includes(name)) found.push(element.outerHTML.slice(0, 200))
    for (const { name: attribute, value } of element.attributes) {
      const isAddress = ['href', 'src', 'action', 'formaction'].includes(attribute)
      if (attribute.startsWith('on') || attribute === 'srcdoc' || (isAddress && /^\s*(javascript|data):/i.test(value))) {
        found.push(`${name} ${attribute}="${value.slice(0, 100)}"`)
      }
    }
  }
  return { found, text: [document.title, document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map(({ value }) => value)].join('\n') }
}

// Goes there within the page, waits for words, looks.
async function visit(page, path, words = '') {
  await page.evaluate((hash) => (location.hash = hash), `#/${path}`)
  await page.waitForFunction((text) => document.body.textContent.includes(text), words).catch(() => assert.fail(`${path} does not say "${words}"`))
  const { found, text } = await page.evaluate(look)
  assert.deepEqual(found, [], path)
  return text
}

const IN_THE_ADDRESS = encodeURIComponent(EVIL)
const VIEWS = [
  ['fleet', 'edge-2'],
  ['fleet?size=squares', 'point at a square'],
  [`fleet?q=${IN_THE_ADDRESS}`, 'No agent matches'],
  [`fleet?labels=${IN_THE_ADDRESS}`, 'is no condition on a label'],
  [`fleet?group=${IN_THE_ADDRESS}&state=${IN_THE_ADDRESS}`, ''],
  ['o/agents/edge-2', 'cordoned'],
  ['o/agents/edge-2?tab=fields', 'agent: <img'],
  ['o/agents/edge-2?tab=history', 'cause: <img'],
  ['o/harvestsessions/hostile', 'converged'],
  ['o/harvestsessions/hostile?tab=fields', 'annotation: <img'],
  ['o/harvestsessions/hostile?tab=history', 'manager: <img'],
  ['o/harvestsessions/hostile?tab=log', 'log: <img'],
  ['o/harvestsessions/hostile-start', '/nowhere/program <img'],
  ['o/harvestsessions/hostile-place?tab=fields', 'where: <img'],
  ['o/harvestsessions/hostile-place', 'stands in the way'],
  ['o/alertrules/hostile', 'summary: <img'],
  ['o/harvestpolicies/hostile?tab=fields', 'policy: <img'],
  [`o/harvestsessions/${IN_THE_ADDRESS}`, 'There is no HarvestSession'],
  ['kinds/events?wide=1', '/nowhere/program <img'],
  ['kinds/alertrules?wide=1', 'hostile'],
  [`kinds/harvestsessions?wide=1&q=${IN_THE_ADDRESS}`, 'nothing of that kind'],
  [`kinds/harvestsessions?labels=${IN_THE_ADDRESS}`, ''],
  ['time?last=10m', 'cause: <img'],
  [`time?at=${IN_THE_ADDRESS}&from=${IN_THE_ADDRESS}&a=${IN_THE_ADDRESS}&q=${IN_THE_ADDRESS}`, ''],
  [`time?object=harvestsessions/${IN_THE_ADDRESS}`, 'only'],
  ['time?object=harvestsessions/hostile', 'command:'],
  ['convergence?last=10m', 'cause: <img'],
  [`convergence?last=${IN_THE_ADDRESS}`, ''],
  [`${IN_THE_ADDRESS}/${IN_THE_ADDRESS}?${IN_THE_ADDRESS}`, ''],
]

export const tests = {
  async names_and_labels_take_no_hostile_words({ fleet }) {
    for (const metadata of [{ name: SHORT }, { name: 'evil', labels: { site: SHORT } }, { name: 'evil', labels: { [SHORT]: 'x' } }]) {
      const response = await send(fleet, `${GROUP}/harvestpolicies`, 'POST', { apiVersion: 'fog/v1', kind: 'HarvestPolicy', metadata, spec: {} })
      assert.ok([400, 422].includes(response.status), `${response.status} for ${JSON.stringify(metadata)}`)
    }
  },

  async what_would_be_found_is_found({ page }) {
    await page.view('fleet')
    await page.evaluate(() => document.body.append(document.createElement('img'))) // its policy forbids worse
    assert.deepEqual((await page.evaluate(look)).found, ['<img>'])
  },

  async hostile_words_are_text_in_every_view({ page, fleet }) {
    await declare(fleet)
    await await_('the start has failed', async () => JSON.stringify(await fleet.api('/api/v1/events')).includes('/nowhere/program'))
    await page.view('fleet')
    let text = ''
    for (const [path, words] of VIEWS) text += await visit(page, path, words)
    for (const where of ['annotation', 'environment', 'log', 'where', 'summary', 'policy', 'user', 'manager', 'cause', 'agent']) {
      assert.ok(text.includes(`${where}: ${SHORT}`), `the words of ${where} are shown`)
    }
  },

  async hostile_words_are_text_in_what_is_asked_and_refused({ page }) {
    await page.view('plan')
    const manifest = page.getByLabel('Manifest in YAML')
    await manifest.fill(JSON.stringify({ ...OBJECTS[0][1], metadata: { name: SHORT, labels: { site: SHORT }, [SHORT]: SHORT } }))
    await page.getByRole('alert').first().waitFor()
    assert.deepEqual((await page.evaluate(look)).found, [])
    await manifest.fill(`${EVIL}: [`)
    await page.getByRole('alert').first().waitFor()
    assert.deepEqual((await page.evaluate(look)).found, [])
    await manifest.fill(JSON.stringify(session('planned', [evil('planned')])))
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await page.getByRole('dialog').getByLabel('why').fill(EVIL)
    assert.deepEqual((await page.evaluate(look)).found, [])
    await page.view('time?last=10m')
    await page.getByRole('listitem').filter({ hasText: 'harvestpolicy/hostile' }).getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('dialog').filter({ hasText: 'cause: <img' }).getByText('What the agents would do').waitFor()
    assert.deepEqual((await page.evaluate(look)).found, [])
  },

  async what_was_hostile_goes({ fleet }) {
    for (const [plural, { metadata }] of OBJECTS) await fleet.api(`${GROUP}/${plural}/${metadata.name}`, { method: 'DELETE' })
    fleet.sh('fogctl uncordon edge-2')
  },
}
