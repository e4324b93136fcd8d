#!/bin/bash
# The cores decide from their events alone: under a filter that allows memory, writing and ending, the same seeds take
# the same course whatever the layout of memory, its content, the time zone, the locale and the seed of hashes.
# Prints "ok …" and "not ok …".
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/release
seeds=${FOG_PURE_SEEDS:-15}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@"; then
    echo "ok $sentence"
  else
    echo "not ok $sentence"
    failed=1
  fi
}

if ! make -s -j"$(nproc)" OUT=$out $out/fog-pure; then
  echo "not ok fog-pure is built"
  exit 1
fi
program=$PWD/$out/fog-pure

bites() {
  local said
  said=$("$program" 1 0 reach)
  [ $? -eq 3 ] && [ "$said" = "pure: system call 257" ]
}

first() {
  env -i "$program" "$seeds" 0 >"$dir/first" || { tail -n 3 "$dir/first" | sed 's/^/# /'; return 1; }
  [ "$(wc -l <"$dir/first")" -eq "$seeds" ]
}

same() { # COMMAND… prints what the first run did
  "$@" >"$dir/again" || { tail -n 3 "$dir/again" | sed 's/^/# /'; return 1; }
  cmp "$dir/first" "$dir/again"
}

seeds_differ() { [ "$(cut -d' ' -f2 "$dir/first" | sort -u | wc -l)" -eq "$seeds" ]; }

locale=$(locale -a 2>/dev/null | grep -vE '^(C|C\.utf8|POSIX)$' | head -n 1)

if [ "$(uname -m)" = x86_64 ]; then # where openat has that number
  check "the filter stops a core that opens a file" bites
fi
check "seeds run behind closed doors" first
check "each seed takes its own course" seeds_differ
check "again, at other addresses" same env -i "$program" "$seeds" 0
check "with addresses that are not random" same env -i setarch -R "$program" "$seeds" 0
check "in another time zone" same env -i TZ=Pacific/Chatham "$program" "$seeds" 0
check "in a time zone of half hours" same env -i TZ=EST-5:30EDT,M3.1.0,M10.1.0 "$program" "$seeds" 0
check "in another locale (${locale:-C.UTF-8})" same env -i LC_ALL="${locale:-C.UTF-8}" "$program" "$seeds" 0
check "with another seed of hashes" same env -i "$program" "$seeds" 1
check "with a third seed of hashes" same env -i "$program" "$seeds" 18446744073709551557
check "compiled another way, with sanitizers" same "${FOG_OUT:-build/asan}/fog-sim" --quiet --seeds "$seeds" --hash
check "in memory that is not empty" same env -i MALLOC_PERTURB_=165 "$program" "$seeds" 7
check "with a large environment" same env -i PAD="$(head -c 50000 /dev/zero | tr '\0' x)" "$program" "$seeds" 7
exit $failed
