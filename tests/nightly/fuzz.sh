#!/bin/bash
# What parses bytes of others, with ASan and UBSan: each for five minutes of processor time, as it was used and not as the
# clock went by.  FOG_FUZZ_SECONDS=N, FOG_FUZZ="NAME …" for less.  Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
seconds=${FOG_FUZZ_SECONDS:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%U %S'

centis() { # "12.345 0.678": hundredths of a second
  awk '{ printf "%d", ($1 + $2) * 100 }' "$1"
}

fuzz() { # NAME
  local name=$1 used=0 status=0 left
  mkdir -p "$work/$name"
  make -s "build/fuzz/${name}_fuzz" || { echo "not ok the fuzzer of $name is built" && return; }
  while [ "$used" -lt $((seconds * 100)) ] && [ "$status" -eq 0 ]; do
    left=$(((seconds * 100 - used) / 100 + 1))
    { time "build/fuzz/${name}_fuzz" -max_total_time="$left" -artifact_prefix="$work/" "$work/$name" "tests/fuzz/corpus/$name" \
      >"$work/log" 2>&1; status=$?; } 2>"$work/time"
    used=$((used + $(centis "$work/time")))
    echo "# $name: $(grep -aE '^Done' "$work/log")"
  done
  if [ "$status" -eq 0 ]; then
    echo "ok $name is fuzzed for $seconds s of processor time ($((used / 100)) s)"
  else
    echo "not ok $name is fuzzed for $seconds s of processor time ($((used / 100)) s)"
    grep -aE 'ERROR|SUMMARY|runtime error|Base64' "$work/log" | cut -c1-400 | sed 's/^/# /'
  fi
}

for name in ${FOG_FUZZ:-$(basename -s _fuzz.c tests/fuzz/*_fuzz.c)}; do
  fuzz "$name"
done
