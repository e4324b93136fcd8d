import { parse } from '../../../controller/dashboard/src/model/selector.js'
import { assert, check } from './check.mjs'

const labels = { site: 'north', tier: 'gold', 'reported/os': 'linux', empty: '' }
const CASES = {
  '': true,
  'site=north': true,
  'site==north,tier=gold': true,
  'site=south': false,
  'site!=south': true,
  'none!=south': true,
  'reported/os': true,
  '!reported/os': false,
  '!old': true,
  'tier in (gold, silver)': true,
  'tier in (silver),site=north': false,
  'tier notin (silver,bronze)': true,
  'old notin (silver)': true,
  'old in (silver)': false,
  'empty=': true,
  constructor: false,
  '!constructor': true,
  'constructor notin (a)': true,
}

await check({
  selectors_mean_what_they_mean_in_the_api() {
    for (const [text, wanted] of Object.entries(CASES)) {
      const { matches, problem } = parse(text)
      assert.equal(problem, '', text)
      assert.equal(matches(labels), wanted, text)
    }
  },
  what_cannot_be_read_hides_nothing_and_is_said() {
    for (const text of ['=', 'tier in', 'tier in (a', '!a=b', 'a b', 'ok,=']) {
      const { matches, problem } = parse(text)
      assert.notEqual(problem, '', text)
      assert.equal(matches({}), true)
    }
  },
})
