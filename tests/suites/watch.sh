#!/bin/bash
# What watches, in chunks and as a WebSocket, against the real controller.
. "$(dirname "$0")/../e2e/lib.sh"

a_websocket_tells_what_chunks_tell_event_by_event() {
  start_controller || return
  expect 0 python3 tests/e2e/watch.py "$API"
  stop_controller
}

it a_websocket_tells_what_chunks_tell_event_by_event
nothing_is_broken
