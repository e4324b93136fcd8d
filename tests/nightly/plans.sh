#!/bin/bash
# Every single fault at every effect of every workload, and pairs of them, in the release build: prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if timeout 3000 build/release/fog-sim --plans all --pairs 1000 >"$log" 2>&1; then
  echo "ok every workload goes well whatever single thing goes wrong, and wherever"
else
  echo "not ok every workload goes well whatever single thing goes wrong, and wherever"
fi
tail -n 60 "$log"
