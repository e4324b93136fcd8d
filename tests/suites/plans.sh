#!/bin/bash
# Every single fault at every effect of one workload, and the plans that are kept: prints "ok …" and
# "not ok …".
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/fog-sim
workload=${PLANS:-first}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Forks are many, and each has to copy what it touches: memory that was freed is used again, and the way to where it was
# allocated is not kept whole.  Other suites look for what that hides.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=2"
failed=0

check() { # SENTENCE STATUS LOG
  if [ "$2" -eq 0 ]; then
    echo "ok $1"
  else
    echo "not ok $1"
    tail -n 60 "$3"
    failed=1
  fi
}

"$program" --plans "$workload" --out "$dir" >"$dir/log" 2>&1
check "$workload goes well whatever single thing goes wrong, and wherever" $? "$dir/log"
tail -n 3 "$dir/log"

for plan in tests/plans/*.plan; do
  "$program" --plan "$plan" >"$dir/log" 2>&1
  check "the plan $(basename "$plan" .plan) ends well" $? "$dir/log"
done

printf 'workload create\ncrash controller before commit 999 restart-after 1s\n' >"$dir/never.plan"
! "$program" --plan "$dir/never.plan" >"$dir/log" 2>&1 && grep -q 'of its 1 blows came' "$dir/log"
check "a plan whose blow never comes is reported" $? "$dir/log"
exit $failed
