#!/bin/bash
# The dashboard in a real browser (Debian's Chromium, by playwright-core), against a live controller and agents: the tests
# are in tests/browser, a file for each view, and reach the functions of tests/e2e/lib.sh through two pipes.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

CLIENTS=$(realpath "${FOG_CLIENTS:-build/clients}")
TESTS=(frame.mjs) # in this order, in one fleet

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
  start_fleet edge-1 edge-2 edge-3 || return
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "all of it runs" converged counter beacon keeper
  mkfifo "$T/asked" "$T/answered"
  FOG_CLIENTS=$CLIENTS node tests/browser/run.mjs "http://$API" "$T/asked" "$T/answered" "${TESTS[@]/#/tests/browser/}" >"$T/browser" 2>&1 &
  serve "$T/asked" "$T/answered"
  wait $! || miss "the browser's tests ended with $?"
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
