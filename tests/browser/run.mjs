// node tests/browser/run.mjs URL ASKED ANSWERED FILE…: the pipes lead to the suite's shell (tests/suites/browser.sh)
import { run } from './lib.mjs'
await run()
