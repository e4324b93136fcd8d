#!/bin/bash
# Do the tests bite?  The seeded mistakes that are found quickest; `make mutants` tries them all.
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if make -s -j"$(nproc)" VARIANT=mutants mutants-programs >"$log" 2>&1 &&
  MUTANT_SEEDS=100 tests/mutants HALF_A_SET DRY_RUN_WRITES KEYS_FORGOTTEN ROLLBACK_SKIPS WATCH_SKIPS SYNC_NORMAL \
    ROW_NOT_CHAINED ADOPTS_NOTHING REMOVED_RUNS_ON ONE_REPLICA_LESS >"$log" 2>&1; then
  echo "ok - the quickest ten mutants are found"
else
  cat "$log"
  echo "not ok - the quickest ten mutants are found"
fi

# What is wrong with how policies are kept shows within a simulated day.
for mutant in DWELL_IGNORED PAUSE_STAYS; do
  if ! build/mutants/fog-sim --day --devices 8 --seed 4 --hours 2 --mutant "$mutant" >"$log" 2>&1 &&
    grep -q '^seed 4 failed after .* policy: ' "$log"; then
    echo "ok - a day of a fleet finds $mutant"
  else
    tail -n 20 "$log"
    echo "not ok - a day of a fleet finds $mutant"
  fi
done
