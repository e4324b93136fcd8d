#!/bin/bash
# Is what is done what the plan showed?  As in plan_executed_test, for 10,000 fleets that no day's run has seen.  Hardly any may differ:
# room that several want at once may be another's by the time that all agents have spoken.
#
#   FOG_PLANS=10000 tests/nightly/planned.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/tests/unit/controller/plan_executed_test
count=${FOG_PLANS:-10000}
from=$(($(date +%s) / 86400 * count))

differ=$(FOG_PLANS=$count FOG_PLANS_FROM=$from "$program" 2>&1 | tee /dev/stderr | grep -c ' differs: ')
if [ "$differ" -le $((count / 1000)) ]; then
  echo "ok what was done is what the plan showed, but for $differ of $count"
else
  echo "not ok what was done is what the plan showed: $differ of $count differ, from $from on"
  exit 1
fi
