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

has_lines() { [ "$(wc -l <"$T/watched")" -ge "$1" ]; } # COUNT
proxy_does() { # JSON: a command of tests/chaos/proxy.h
  echo "$1" >&7
  await 5 "the proxy has done $1" grep -q . "$T/proxied" && : >"$T/proxied"
}

# Nothing is reset and nothing ends: the connection only brings nothing any more.
a_watch_that_hangs_connects_anew_and_tells_nothing_twice() {
  local proxy watch port=$((${API##*:} + 2))
  [ -x "$BIN/fog-proxy" ] || { miss "no fog-proxy: make VARIANT=$(basename "$BIN") chaos-judge" && return; }
  start_controller || return
  expect 0 fogctl delete hp --all
  make_policy one
  mkfifo "$T/orders"
  "$BIN/fog-proxy" --seed 7 <"$T/orders" >"$T/proxied" 2>"$T/proxy.log" &
  proxy=$!
  exec 7>"$T/orders"
  proxy_does "{\"do\": \"link\", \"name\": \"api\", \"listen\": \"127.0.0.1:$port\", \"to\": \"$API\"}"
  "$BIN/fogctl" -s "http://127.0.0.1:$port" get hp -w -o name --stale-after 1s >"$T/watched" 2>"$T/said" &
  watch=$!
  await 10 "it tells what there is" has_lines 1 || return
  make_policy two
  await 10 "it tells what is new" has_lines 2 || return
  proxy_does '{"do": "fault", "link": "api", "class": "blackhole", "way": "both"}'
  make_policy three
  await 10 "the silence is noticed" grep -q '^nothing has come from the controller for 1s' "$T/said" || return
  proxy_does '{"do": "heal", "link": "api"}'
  await 10 "it goes on" has_lines 3
  make_policy four
  await 10 "it goes on and on" has_lines 4
  await 10 "it says so" grep -qx 'the controller answers again' "$T/said"
  end_hard "$watch"
  is "what it told" "$(xargs <"$T/watched")" "$(printf 'harvestpolicy.fog/%s ' one two three four | xargs)"
  exec 7>&-
  await 10 "the proxy ends" is_gone "$proxy"
  stop_controller
}

all_of_it_left_the_programs_whole() { nothing_is_broken; }

it a_websocket_tells_what_chunks_tell_event_by_event \
  a_table_on_a_terminal_is_stale_without_the_controller_and_goes_on_with_it \
  a_watch_that_hangs_connects_anew_and_tells_nothing_twice all_of_it_left_the_programs_whole
