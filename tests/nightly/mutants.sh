#!/bin/bash
# Every seeded mistake must be found, by a check that has to do with it.  Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if make -s mutants >"$log" 2>&1; then echo "ok every mutant is found"; else echo "not ok every mutant is found"; fi
cat "$log"
for mutant in PAUSE_IGNORED RESUME_AT_MINIMUM POLICY_ONLINE_ONLY; do
  if ! build/mutants/fog-sim --day --devices 8 --seed 4 --mutant "$mutant" >"$log" 2>&1 &&
    grep -q '^seed 4 failed after .* policy: ' "$log"; then
    echo "ok a day of a fleet finds $mutant"
  else
    tail -n 20 "$log"
    echo "not ok a day of a fleet finds $mutant"
  fi
done
