import { begin, RETRY_MS, step } from '../../../controller/dashboard/src/model/watching.js'
import { assert, check, dice } from './check.mjs'

function play(...events) {
  let state = begin()
  const effects = []
  for (const event of events) {
    const next = step(state, event)
    state = next.state
    effects.push(...next.effects)
  }
  return { state, effects }
}
const listed = { type: 'listed', items: [], revision: '7' }
const told = (revision, type = 'MODIFIED') => ({ type: 'told', event: { type, object: { metadata: { name: 'a', resourceVersion: revision } } } })

await check({
  a_watch_that_ends_goes_on_from_the_last_that_was_told() {
    const { effects } = play({ type: 'start' }, listed, { type: 'opened' }, told('9'), { type: 'closed', wasOpen: true, isThere: false }, { type: 'waited' })
    assert.deepEqual(effects.at(-1), { type: 'watch', revision: '9', over: 'websocket' })
  },
  a_past_that_is_gone_is_listed_anew() {
    const { effects } = play({ type: 'start' }, listed, { type: 'opened' }, { type: 'told', event: { type: 'ERROR', object: { code: 410 } } }, { type: 'closed', wasOpen: true })
    assert.deepEqual(effects.at(-1), { type: 'list' })
  },
  waits_grow_to_a_bound_and_are_short_again_after_a_success() {
    const failed = { type: 'failed', code: 0 }
    const again = Array.from({ length: 8 }, () => [failed, { type: 'waited' }]).flat()
    const { state, effects } = play({ type: 'start' }, ...again)
    assert.deepEqual(effects.filter(({ type }) => type === 'wait').map(({ ms }) => ms), [...RETRY_MS, ...Array(3).fill(RETRY_MS.at(-1))])
    assert.equal(step(state, listed).state.retries, 0)
  },
  a_socket_that_never_opens_is_given_up_for_http() {
    const closed = (isThere) => [{ type: 'closed', wasOpen: false, isThere }, { type: 'waited' }]
    const away = play({ type: 'start' }, listed, ...closed(false), ...closed(false), ...closed(false))
    assert.equal(away.effects.at(-1).over, 'websocket')
    const { effects } = play({ type: 'start' }, listed, ...closed(true), ...closed(true))
    assert.equal(effects.at(-1).over, 'http')
  },
  whatever_happens_it_never_stops_for_good() {
    const roll = dice(11)
    let { state } = play({ type: 'start' })
    let pending = 'list'
    for (let i = 0; i < 20000; i++) {
      const events = {
        list: [listed, { type: 'failed', code: 0 }, { type: 'failed', code: 410 }],
        watch: [{ type: 'opened' }, told(String(i)), told(String(i), 'ERROR'), { type: 'closed', wasOpen: roll(2) === 1 }, { type: 'failed', code: 410 }],
        wait: [{ type: 'waited' }, { type: 'heard' }],
      }[pending]
      const next = step(state, events[roll(events.length)])
      state = next.state
      pending = next.effects.map(({ type }) => type).find((type) => ['list', 'watch', 'wait'].includes(type)) ?? pending
      assert.ok(state.phase !== 'idle')
    }
  },
})
