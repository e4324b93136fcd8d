// What the tests of the page's pure modules share: a test is a function whose name is a sentence.
import { strict as assert } from 'node:assert'

export { assert }

export async function check(tests) {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test()
      console.log(`ok ${name}`)
    } catch (error) {
      console.log(String(error.stack).replace(/^/gm, '# '))
      console.log(`not ok ${name}`)
      process.exitCode = 1
    }
  }
}

// Numbers that look random and are the same each time: between 0 and `below`, without it (xorshift32, G. Marsaglia, 2003).
export function dice(seed) {
  let state = seed || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
