#!/bin/bash
# A fixed budget of simulated worlds, and one that must fail: prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/fog-sim
seeds=${SIM_SEEDS:-500}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
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

"$program" --quiet --from 1 --seeds $((seeds / 2)) >"$dir/first" 2>&1 &
first=$!
"$program" --quiet --from $((seeds / 2 + 1)) --seeds $((seeds - seeds / 2)) >"$dir/second" 2>&1
check "the second half of $seeds seeds converges, loses nothing, runs nothing twice" $? "$dir/second"
wait $first
check "the first half of $seeds seeds converges, loses nothing, runs nothing twice" $? "$dir/first"
tail -n 7 "$dir/second"

! "$program" --quiet --seed 1 --canary >"$dir/canary" 2>&1
check "a check that fails is reported" $? "$dir/canary"
grep -q '^seed 1 failed: canary' "$dir/canary" && grep -q '^again: .* --seed 1' "$dir/canary"
check "a failure names its seed and how to see it again" $? "$dir/canary"
exit $failed
