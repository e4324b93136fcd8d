#!/bin/bash
# The dashboard in a real browser (Debian's Chromium, by playwright-core), against a live controller and agents: the tests
# are in tests/browser, a file for each view, and reach the functions of tests/e2e/lib.sh through two pipes.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
# shellcheck source=tools/machines
. "$(dirname "$0")/../e2e/lib.sh"

. tools/machines

CLIENTS=$(realpath "${FOG_CLIENTS:-build/clients}")
TESTS=(frame.mjs fleet.mjs object.mjs plan.mjs time.mjs) # in this order, in one fleet

the_browser_is_here() {
  [ -d "$CLIENTS/browser/node_modules/playwright-core" ] && command -v node chromium >/dev/null && return
  echo "# no chromium, no node, or no playwright-core in $CLIENTS/browser: \"make deps-test\" gets them"
  echo "not ok ${FUNCNAME[0]}"
  exit 1
}

# Carries out what the tests ask for, here, where the fleet was started; ends when they do.
serve() { # ASKED ANSWERED
  local line status
  exec 4<"$1" 5>"$2"
  while read -r line <&4; do
    eval "$line" >"$T/said" 2>&1 4<&- 5>&- </dev/null
    status=$?
    { printf '%s ' "$status" && cat "$T/said" && printf '\004'; } >&5
  done
  exec 4<&- 5>&-
}

every_view_works_in_a_browser() {
  local name browser
  start_controller || return
  for name in edge-1 edge-2 edge-3; do
    make_machine "$T/$name.machine"
    start_agent "$name" --sensor-root "$T/$name.machine" --label "site=$([ $name = edge-3 ] && echo south || echo north)"
  done
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "all of it runs" converged counter beacon keeper
  mkfifo "$T/asked" "$T/answered"
  FOG_CLIENTS=$CLIENTS node tests/browser/run.mjs "http://$API" "$T/asked" "$T/answered" "${TESTS[@]/#/tests/browser/}" >"$T/browser" 2>&1 &
  browser=$! # what the tests start here has other numbers
  serve "$T/asked" "$T/answered"
  wait "$browser" || miss "the browser's tests ended with $?"
  cat "$T/browser"
}

all_of_it_left_the_programs_whole() {
  stop_agent edge-1
  stop_agent edge-2
  stop_agent edge-3
  stop_controller
  nothing_is_broken
}

the_browser_is_here
it every_view_works_in_a_browser all_of_it_left_the_programs_whole
