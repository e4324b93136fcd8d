#!/bin/bash
# The dashboard in a real browser, against a live controller and agents: the tests are in tests/browser, a file for each view.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
# shellcheck source=tests/browser/harness.sh
. "$(dirname "$0")/../e2e/lib.sh"
. tests/browser/harness.sh

# In this order, in one fleet; FOG_BROWSER_TESTS="plan.mjs" runs others, as tests/nightly/access.sh does.
read -ra TESTS <<<"${FOG_BROWSER_TESTS:-frame.mjs walkthrough.mjs fleet.mjs object.mjs plan.mjs hostile.mjs strangers.mjs time.mjs convergence.mjs}"

every_view_works_in_a_browser() {
  local name
  start_controller || return
  for name in edge-1 edge-2 edge-3; do
    make_machine "$T/$name.machine"
    start_agent "$name" --sensor-root "$T/$name.machine" --label "site=$([ $name = edge-3 ] && echo south || echo north)"
  done
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "all of it runs" converged counter beacon keeper
  browse "${TESTS[@]}"
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
