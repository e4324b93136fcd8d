#!/bin/bash
# Every single fault at every effect of every workload, and pairs of them, in the release build: prints "ok …" and "not ok …",
# and a line for each workload as it is done.
cd "$(dirname "$0")/../.." || exit 2
set -o pipefail
program=build/release/fog-sim
dir=build/plans

if timeout 3300 "$program" --plans all --pairs 1000 --out "$dir" | sed -u 's/^/# /'; then
  echo "ok every workload goes well whatever single thing goes wrong, and wherever"
else
  echo "not ok every workload goes well whatever single thing goes wrong, and wherever (plans that fail: $dir)"
fi
