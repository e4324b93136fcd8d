#!/bin/bash
# More simulated worlds than fit into every test run, in the release build.
# Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@" >"$log" 2>&1; then
    echo "ok $sentence"
  else
    echo "not ok $sentence"
    tail -n 40 "$log"
  fi
}

hashes() { "$1/fog-sim" --quiet --from 1001 --seeds 200 --hash; }
same_traces() { cmp <(hashes build/release) <(hashes build/asan); }

check "5000 seeds, in which every fault struck and every mark was passed" timeout 1500 \
  build/release/fog-sim --quiet --from 1001 --seeds 5000 --campaign --sites
cat "$log"
check "200 seeds take the same course in both builds" same_traces
check "500 seeds with eight agents" timeout 1500 build/release/fog-sim --quiet --from 6001 --seeds 500 --agents 8
check "20 days of a fleet in which no policy is broken" timeout 1200 build/release/fog-sim --day --quiet --from 101 --seeds 20
check "20 days with crashes and partitions" timeout 1200 build/release/fog-sim --day --quiet --from 201 --seeds 20 --faults
