#!/bin/bash
# The dashboard before a crowd: FOG_CROWD (1,000) simulated agents of fogload, a real controller, a real browser.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
# shellcheck source=tests/browser/harness.sh
. "$(dirname "$0")/../e2e/lib.sh"
. tests/browser/harness.sh

export FOG_CROWD=${FOG_CROWD:-1000}
CROWD= # pid

start_crowd() { # COUNT: one session on each of them, and then they stay; move_crowd lets them report, and rest again
  "$BIN/fogload" --state "$T/controller" --agents "$1" --sessions 1 --quiet 3600 --timeout 900 --owners 100 --readings 300 \
    >"$T/fogload.log" 2>&1 3>&- &
  CROWD=$!
}

move_crowd() { kill -USR1 "$CROWD"; }

a_crowd_is_shown_in_a_browser() {
  start_controller || return
  browse crowd.mjs
  end_hard "$CROWD"
}

the_crowd_left_the_controller_whole() {
  stop_controller
  nothing_is_broken
}

the_browser_is_here
it a_crowd_is_shown_in_a_browser the_crowd_left_the_controller_whole
