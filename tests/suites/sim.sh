#!/bin/bash
# A fixed budget of simulated worlds, and one that must fail, be replayed and be shrunk: prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/fog-sim
seeds=${SIM_SEEDS:-150}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

check() { # SENTENCE STATUS LOG
  if [ "$2" -eq 0 ]; then
    echo "ok $1"
  else
    echo "not ok $1"
    tail -n 100 "$3"
    failed=1
  fi
}

"$program" --quiet --from 1 --seeds "$seeds" >"$dir/seeds" 2>&1
check "$seeds seeds converge, lose nothing, run nothing twice" $? "$dir/seeds"
grep -v '^seed' "$dir/seeds" | tail -n 15

"$program" --day --devices 3 --seed 1 --picture "$dir/day.svg" >"$dir/day" 2>&1 && tail -n 1 "$dir/day.svg" | grep -q '^</svg>'
check "no second of a day of three laptops is spent against a policy" $? "$dir/day"
grep 'core-hours' "$dir/day"

! "$program" --quiet --seed 1 --canary --tape-out "$dir/canary.tape" >"$dir/canary" 2>&1
check "a check that fails is reported" $? "$dir/canary"
grep -q '^seed 1 failed: canary' "$dir/canary" && grep -q '^again: .* --seed 1' "$dir/canary" &&
  grep -q "^tape: .* --tape $dir/canary.tape" "$dir/canary"
check "a failure names its seed, its tape and how to see it again" $? "$dir/canary"

! "$program" --quiet --tape "$dir/canary.tape" >"$dir/replay" 2>&1 &&
  grep -q '^the tape failed: canary' "$dir/replay" && grep -q '^trace .*, as recorded' "$dir/replay"
check "a tape takes the same course without its seed" $? "$dir/replay"

# Of all that went wrong in this world one cut mattered; only that may be left.
! "$program" --quiet --seed 5 --faults all --canary=link-cut --shrink --tape-out "$dir/cut.tape" >"$dir/shrink" 2>&1 &&
  [ "$(grep -c ' happens: ' "$dir/shrink")" = 1 ] && grep -q ' happens: fault/link-cut/' "$dir/shrink" &&
  ! "$program" --quiet --tape "$dir/cut.tape.shrunk" >>"$dir/shrink" 2>&1 &&
  tail -n 1 "$dir/shrink" | grep -q '^trace .*, as recorded'
check "shrinking leaves nothing of a story but what it takes" $? "$dir/shrink"
exit $failed
