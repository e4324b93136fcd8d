#!/bin/bash
# Is what is done what the plan showed?  As in plan_executed_test, for 10,000 fleets that no day's run has seen.
#
#   FOG_PLANS=10000 tests/nightly/planned.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/tests/unit/controller/plan_executed_test
count=${FOG_PLANS:-10000}
from=$(($(date +%s) / 86400 * count))

if FOG_PLANS=$count FOG_PLANS_FROM=$from "$program"; then
  echo "ok what was done is what the plan showed, $count times"
else
  echo "not ok what was done is what the plan showed, from $from on"
  exit 1
fi
