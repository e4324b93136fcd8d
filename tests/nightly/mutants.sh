#!/bin/bash
# Every seeded mistake must be found, by a check that has to do with it.  Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if make -s mutants >"$log" 2>&1; then echo "ok every mutant is found"; else echo "not ok every mutant is found"; fi
cat "$log"
