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
