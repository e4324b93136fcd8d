#!/bin/bash
# What watches, in chunks, as a WebSocket and on a terminal, against the real controller.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

a_websocket_tells_what_chunks_tell_event_by_event() {
  start_controller || return
  expect 0 python3 tests/e2e/watch.py "$API"
}

make_policy() { # NAME
  expect 0 fogctl apply -f - <<<"{apiVersion: fog/v1, kind: HarvestPolicy, metadata: {name: $1}}"
}

on_screen() { tail -c "+$((seen + 1))" "$T/screen" | grep -Eq "$1"; } # WORDS: since $seen bytes
look_from_here() { seen=$(wc -c <"$T/screen"); }

a_table_on_a_terminal_is_stale_without_the_controller_and_goes_on_with_it() {
  local terminal seen=0
  make_policy middle
  mkfifo "$T/keys"
  TERM=xterm script -qfec "$BIN/fogctl -s http://$API get hp -w" /dev/null <"$T/keys" >"$T/screen" 2>&1 &
  terminal=$!
  exec 7>"$T/keys"
  await 10 "the table is there" on_screen '^middle ' || return
  make_policy first
  await 10 "what is new is drawn" on_screen '^first ' || return
  stop_controller
  await 10 "it is stale" on_screen 'stale since .*: the controller does not answer' || return
  look_from_here
  start_controller || return
  await 10 "it is as new as the controller" on_screen ';1H2 objects, revision' || return
  expect 0 fogctl delete hp middle
  await 10 "what was deleted has left" on_screen ';1H1 object, revision' || return
  printf '\003' >&7
  await 10 "Ctrl-C ends it" is_gone "$terminal"
  exec 7>&-
  wait "$terminal"
  is "exit code" $? 0
  is "rows left on the terminal" "$(sed '1,/\[?1049l/d' "$T/screen" | cut -d' ' -f1)" first
  stop_controller
}

all_of_it_left_the_programs_whole() { nothing_is_broken; }

it a_websocket_tells_what_chunks_tell_event_by_event \
  a_table_on_a_terminal_is_stale_without_the_controller_and_goes_on_with_it all_of_it_left_the_programs_whole
