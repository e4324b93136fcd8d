// What the tests of the dashboard share: a real browser (Debian's Chromium), and the suite's fleet of real programs.
//
// A file of tests exports `tests`: {"a_sentence": async ({page, fleet}) => {…}}.  Each test gets a page of its own;
// what the page throws, and what its policy forbids, fails it.  Nothing waits for a fixed time: playwright's locators
// wait until what they look for is there, `await_` until a condition holds.
import { strict as assert } from 'node:assert'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const libraries = resolve(process.env.FOG_CLIENTS ?? 'build/clients', 'browser')
const { chromium } = createRequire(join(libraries, 'package.json'))('playwright-core')

export const WAIT_MS = 15000
const STRANGERS = '--host-resolver-rules=MAP stranger 127.0.0.1, MAP stranger.example 127.0.0.1' // for strangers.mjs
export { assert }

export async function await_(what, condition) {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const found = await condition()
    if (found) return found
    if (Date.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

// The suite's fleet.  `sh` runs a line of bash among the functions of tests/e2e/lib.sh, in the shell that
// started the fleet, and gives what it printed; a line that fails is thrown.
function fleetOf(url, asked, answered) {
  const ask = openSync(asked, 'w')
  const answer = openSync(answered, 'r')
  const read = () => {
    let text = ''
    const piece = Buffer.alloc(65536)
    while (!text.endsWith('\u0004')) text += piece.toString('utf8', 0, readSync(answer, piece))
    return text.slice(0, -1)
  }
  return {
    url,
    sh(line) {
      writeSync(ask, `${line.replaceAll('\n', ' ')}\n`)
      const [, status, text] = /^(\d+) ([^]*)$/.exec(read())
      if (status !== '0') throw new Error(`"${line}" ended with ${status}: ${text}`)
      return text.trim()
    },
    async api(path, { method = 'GET', body, type = 'application/json' } = {}) {
      const response = await fetch(url + path, { method, body: body && JSON.stringify(body), headers: body && { 'Content-Type': type } })
      return response.json()
    },
    // A folder of manifests in YAML: one change set.
    apply(manifest) {
      return this.sh(`fogctl apply -f - < <(printf %s ${Buffer.from(manifest).toString('base64')} | base64 -d)`)
    },
    end() {
      closeSync(ask)
    },
  }
}

// A page that tells what went wrong in it.
async function open(browser, fleet, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const wrong = []
  page.setDefaultTimeout(WAIT_MS)
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|TrustedHTML/.test(message.text())) wrong.push(message.text())
  })
  page.view = async (path) => {
    await page.goto(`${fleet.url}/ui/#/${path}`)
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
  }
  return { context, page, wrong }
}


export async function run() {
  const [url, asked, answered] = process.argv.slice(2)
  const fleet = fleetOf(url, asked, answered)
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', STRANGERS] })
  let failed = 0
  for (const file of process.argv.slice(5)) {
    const { tests, options } = await import(resolve(file))
    for (const [name, test] of Object.entries(tests)) {
      const { context, page, wrong } = await open(browser, fleet, options)
      const began = Date.now()
      try {
        await test({ page, fleet, browser, context })
        assert.deepEqual(wrong, [])
        console.log(`ok ${name} (${Date.now() - began} ms)`)
      } catch (error) {
        failed++
        console.log(String(error.stack).replace(/^/gm, '# '))
        if (process.env.KEEP) await page.screenshot({ path: join(process.env.KEEP, `${name}.png`) })
        console.log(`not ok ${name}`)
      }
      await context.close()
    }
  }
  await browser.close()
  fleet.end()
  process.exit(failed === 0 ? 0 : 1)
}
