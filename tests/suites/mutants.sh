#!/bin/bash
# Do the tests bite?  Programs with one seeded mistake each must fail under the same tests, for the right reason.
cd "$(dirname "$0")/../.." || exit 2
out=${FOG_OUT:-build/asan}
for target in mutants-store mutants-agent mutants-sim; do
  if make -s VARIANT="$(basename "$out")" OUT="$out" $target; then
    echo "ok - $target"
  else
    echo "not ok - $target"
  fi
done
