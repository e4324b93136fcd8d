#!/bin/bash
# Do the tests bite?  Programs with one seeded mistake each must fail under the same tests, for the right reason.
cd "$(dirname "$0")/../.." || exit 2
out=${FOG_OUT:-build/asan}
for target in mutants-store mutants-agent mutants-sim; do
  # The third mutant of the simulator takes a thousand seeds: it is for `make mutants`.
  if make -s VARIANT="$(basename "$out")" OUT="$out" $target MUTANTS_SIM="SYNC_NORMAL ANSWER_EARLY" MUTANT_SEEDS=300; then
    echo "ok - $target"
  else
    echo "not ok - $target"
  fi
done
