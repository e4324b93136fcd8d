// Pages of strangers, open in the browser of somebody who may reach the controller: none of them reads from it, writes to it, or
// gets its own name taken for the controller's.
import { createServer } from 'node:http'
import { assert } from './lib.mjs'

const GROUP = '/apis/fog/v1'
const POLICY = JSON.stringify({ apiVersion: 'fog/v1', kind: 'HarvestPolicy', metadata: { name: 'stranger' }, spec: {} })

// A page of another port of this machine: for a browser it is of the same site, and of another origin.
async function strange(page, visit) {
  const server = createServer((request, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>strange</title>'))
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    return await visit()
  } finally {
    server.close()
  }
}

// Within such a page: what a browser sends without asking first, and what it asks; which of it could be read, as words.
async function attempt({ url, path, body }) {
  const read = []
  const ask = (what, init) => fetch(`${url}${path}`, init).then((response) => response.type === 'opaque' || read.push(what), () => {})
  await ask('a list')
  await ask('a write of JSON', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
  await ask('a deletion', { method: 'DELETE' })
  for (const content of [body, new TextEncoder().encode(body), new Blob([body])]) await ask('a plain write', { method: 'POST', mode: 'no-cors', body: content })
  navigator.sendBeacon(`${url}${path}`, new Blob([body]))
  await new Promise((done) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}?watch=true`)
    socket.onopen = () => (read.push('a watch'), done())
    socket.onerror = done
  })
  return read
}

// A form whose text is JSON, but for a field that nobody knows.
function post({ url, path, body }) {
  const form = Object.assign(document.createElement('form'), { method: 'post', enctype: 'text/plain', action: `${url}${path}` })
  const [before, after] = body.split('"spec"')
  form.append(Object.assign(document.createElement('input'), { name: `${before}"spec":{},"x`, value: `":${after.slice(1)}` }))
  document.body.append(form)
  form.submit()
}

const isThere = async (fleet) => (await fleet.api(`${GROUP}/harvestpolicies/stranger`)).code !== 404

export const tests = {
  async a_page_of_another_port_reads_nothing_and_writes_nothing({ page, fleet }) {
    const what = { url: fleet.url, path: `${GROUP}/harvestpolicies`, body: POLICY }
    await strange(page, async () => {
      assert.deepEqual(await page.evaluate(attempt, what), [])
      const [response] = await Promise.all([page.waitForResponse(`${fleet.url}/**`), page.evaluate(post, what)])
      assert.equal(response.status(), 403)
    })
    assert.equal(await isThere(fleet), false)
  },

  async a_name_that_a_stranger_led_here_is_not_ours({ page, fleet }) {
    for (const name of ['stranger.example', 'stranger']) { // both lead to 127.0.0.1 in this browser (lib.mjs)
      const response = await page.goto(fleet.url.replace('127.0.0.1', name) + '/ui/')
      assert.equal(response.status(), 403)
      const written = await page.evaluate(async ([path, body]) => (await fetch(path, { method: 'POST', body })).status, [`${GROUP}/harvestpolicies`, POLICY])
      assert.equal(written, 403)
    }
    assert.equal(await isThere(fleet), false)
  },
}
