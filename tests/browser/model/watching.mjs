import { begin, PROBE_MS, RETRY_MS, step } from '../../../controller/dashboard/src/model/watching.js'
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
  one_that_looks_in_turns_goes_on_from_where_it_was_and_stays_live() {
    const { state, effects } = play({ type: 'start' }, listed, { type: 'opened' }, told('9'), told('12', 'BOOKMARK'), { type: 'rested' })
    assert.equal(effects.at(-1).revision, '12')
    assert.equal(state.phase, 'live')
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
  a_socket_is_tried_again_now_and_then_and_taken_when_it_opens() {
    const closed = { type: 'closed', wasOpen: false, isThere: true }
    const over = (...events) => play({ type: 'start' }, listed, closed, { type: 'waited' }, closed, { type: 'waited' }, { type: 'opened' }, ...events)
    assert.deepEqual(over().effects.filter(({ type }) => type === 'probeLater'), [{ type: 'probeLater', ms: PROBE_MS }])
    assert.deepEqual(over(told('9'), { type: 'due' }).effects.at(-1), { type: 'probe', revision: '9' })
    const blocked = over({ type: 'due' }, { type: 'probed', isOpen: false })
    assert.deepEqual([blocked.state.over, blocked.state.phase, blocked.effects.at(-1).type], ['http', 'live', 'probeLater'])
    const open = over(told('9'), { type: 'due' }, told('10'), { type: 'probed', isOpen: true })
    assert.deepEqual(open.effects.at(-1), { type: 'watch', revision: '10', over: 'websocket' })
    assert.deepEqual(step(open.state, { type: 'due' }).effects, [])
    assert.deepEqual(step(step(open.state, { type: 'closed', wasOpen: false, isThere: true }).state, { type: 'waited' }).effects.at(-1).over, 'websocket')
  },
  a_socket_is_tried_again_when_the_controller_came_back() {
    const closed = { type: 'closed', wasOpen: false, isThere: true }
    const start = [{ type: 'start' }, listed, closed, { type: 'waited' }, closed, { type: 'waited' }, { type: 'opened' }]
    const { effects } = play(...start, { type: 'closed', wasOpen: true, isThere: false }, { type: 'heard' })
    assert.deepEqual(effects.slice(-2), [{ type: 'watch', revision: '7', over: 'http' }, { type: 'probe', revision: '7' }])
    assert.deepEqual(play({ type: 'start' }, listed, { type: 'opened' }, { type: 'heard' }).effects.at(-1).type, 'watch')
  },
  a_probe_that_opens_while_nothing_is_watched_is_for_the_next_watch() {
    const closed = { type: 'closed', wasOpen: false, isThere: true }
    const { state, effects } = play({ type: 'start' }, listed, closed, { type: 'waited' }, closed, { type: 'probed', isOpen: true })
    assert.equal(effects.at(-1).type, 'probeLater')
    assert.equal(step(state, { type: 'waited' }).effects.at(-1).over, 'websocket')
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
      const any = [{ type: 'due' }, { type: 'probed', isOpen: roll(2) === 1 }]
      const next = step(state, roll(8) === 0 ? any[roll(2)] : events[roll(events.length)])
      state = next.state
      pending = next.effects.map(({ type }) => type).find((type) => ['list', 'watch', 'wait'].includes(type)) ?? pending
      assert.ok(state.phase !== 'idle')
    }
  },
})
