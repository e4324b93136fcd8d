#!/bin/bash
# 100,000 changes for watchers that are cut off at random, with three seeds.  Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
program=${FOG_OUT:-build/asan}/tests/unit/controller/watch_random_test

for seed in 1 2 3; do
  if FOG_WATCH_CHANGES=100000 FOG_WATCH_SEED=$seed FOG_TESTS=tests timeout 3000 "$program" 2>&1 | sed -u 's/^/# /' &&
    [ "${PIPESTATUS[0]}" -eq 0 ]; then
    echo "ok nothing is missed, doubled or out of order over 100,000 changes with seed $seed"
  else
    echo "not ok nothing is missed, doubled or out of order over 100,000 changes with seed $seed"
  fi
done
