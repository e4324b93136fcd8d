#!/bin/bash
# Does the store stop growing?  Two controllers get the same changes at the same pace, one keeps all of its history and one keeps
# a part of it.  The sizes become docs/images/growth.svg when FOG_GROWTH_PICTURE names that file.  Prints "ok …" and "not ok …".
#
#   FOG_GROWTH_SECONDS=100 FOG_GROWTH_PICTURE=docs/images/growth.svg tests/nightly/growth.sh
# shellcheck disable=SC2317 # what check and await call
set -u
cd "$(dirname "$0")/../.." || exit 2
program=$PWD/${FOG_OUT:-build/release}/fog-controller
seconds=${FOG_GROWTH_SECONDS:-300}
pace=${FOG_GROWTH_PACE:-150} # changes a second
keep=$((seconds / 8))
dir=$(mktemp -d)
declare -A pids=()
failed=0

cleanup() {
  kill "${pids[@]}" 2>/dev/null
  wait
  rm -rf "$dir"
}
trap cleanup EXIT

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@"; then
    echo "ok $sentence"
  else
    echo "not ok $sentence"
    tail -n 5 "$dir"/*.log | sed 's/^/# /'
    failed=1
  fi
}

await() { # COMMAND… within half a minute
  for _ in $(seq 600); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.05
  done
  return 1
}

start() { # NAME OPTION…
  local name=$1
  shift
  "$program" --state "$dir/$name" --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 --history-keep-min 1s "$@" 2>"$dir/$name.log" &
  pids[$name]=$!
  await test -s "$dir/$name/api.addr" && await curl -sf "http://$(cat "$dir/$name/api.addr")/readyz"
}

# The same sessions again and again, each time a little different; every eighth runs something else.
changes() { # NAME
  local url
  url=http://$(cat "$dir/$1/api.addr")/apis/fog/v1/harvestsessions
  awk -v url="$url" -v count=$((seconds * pace)) 'BEGIN {
    for (i = 0; i < 50; i++) note = note "a line of words. "
    for (i = 0; i < count; i++) {
      s = "s-" i % 8
      if (i > 0) print "next"
      printf "request = PATCH\nurl = \"%s/%s?fieldManager=load\"\n", url, s
      print "header = \"Content-Type: application/apply-patch+yaml\""
      printf "data = \"{\\\"metadata\\\":{\\\"name\\\":\\\"%s\\\",\\\"annotations\\\":{\\\"n\\\":\\\"%d, %s\\\"}},\\\"spec\\\":{\\\"replicas\\\":%d,", s, i, note, 1 + i % 5
      printf "\\\"workload\\\":{\\\"command\\\":[\\\"/bin/work\\\",\\\"%d\\\"]}}}\"\n", int(i / 64)
      print "output = /dev/null\nsilent"
    }
  }'
}

value() { # NAME METRIC
  curl -sf "http://$(cat "$dir/$1/api.addr")/metrics" | awk -v name="$2" '$1 == name { printf "%d", $2 }'
}

commits() { # NAME: how long one took, the wait included
  curl -sf "http://$(cat "$dir/$1/api.addr")/metrics" | awk -v name="$1" '/^fog_commit_duration_seconds_(sum|count) / { v[$1] = $2 }
    /^fog_commit_duration_seconds_bucket/ { split($1, word, "\""); le[++n] = word[2]; under[n] = $2 }
    END {
      count = v["fog_commit_duration_seconds_count"]
      for (i = 1; i < n && under[i] < 0.999 * count; i++) {}
      printf "# %s: %d commits, %.2f ms on average, 99.9 of 100 within %s s\n", name, count, 1000 * v["fog_commit_duration_seconds_sum"] / count, le[i]
    }'
}

load() { # NAME
  changes "$1" >"$dir/$1.changes"
  timeout "$seconds" curl --rate "$pace/s" -K "$dir/$1.changes" >/dev/null 2>"$dir/$1.load"
}

sample() { # until the time is over; lines of seconds and, for both, size and what is in use
  local begin=$SECONDS
  while [ $((SECONDS - begin)) -lt "$seconds" ]; do
    echo $((SECONDS - begin)) "$(value all fog_store_size_bytes)" "$(value all fog_store_used_bytes)" \
      "$(value some fog_store_size_bytes)" "$(value some fog_store_used_bytes)" \
      "$(value all fog_revision)" "$(value some fog_revision)"
    sleep 1
  done
}

# Two lines each: what it takes on the disk, journal included (full), and what of it is in use (dashed).
draw() {
  awk -v keep="$keep" -v pace="$pace" '
    function path(column, colour, dash,   i, d) {
      for (i = 1; i <= n; i++) d = d sprintf("%s%.1f,%.1f", i == 1 ? "M" : " L", left + x[i] * (width - left - right) / last, bottom - v[i, column] * (bottom - top) / most)
      printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", d, colour, dash ? " stroke-dasharray=\"5 4\"" : ""
    }
    function text(x, y, anchor, words) { printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words }
    BEGIN { width = 760; height = 340; left = 62; right = 150; top = 44; bottom = 290 }
    { n++; x[n] = $1; last = $1; for (c = 2; c <= 5; c++) { v[n, c] = $c / 1048576; if (v[n, c] > most) most = v[n, c] } }
    END {
      step = most > 200 ? 50 : most > 80 ? 20 : most > 30 ? 10 : most > 12 ? 4 : 1
      most = step * int(most / step + 1)
      printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n", width, height
      printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height
      printf "<text x=\"%d\" y=\"22\" font-size=\"14\">Size of a store under %d changes a second</text>\n", left, pace
      for (y = 0; y <= most; y += step) {
        at = bottom - y * (bottom - top) / most
        printf "<path d=\"M%d,%.1f H%d\" stroke=\"#ddd\"/>\n", left, at, width - right
        text(left - 8, at + 4, "end", y " MiB")
      }
      for (i = 0; i <= 5; i++) text(left + i * (width - left - right) / 5, bottom + 18, "middle", int(last * i / 5 + 0.5) " s")
      path(2, "#c8352b", 0); path(3, "#c8352b", 1); path(4, "#1b4f9c", 0); path(5, "#1b4f9c", 1)
      label(2, "all of it is kept"); label(4, "history-keep = " keep "s")
      text(left, height - 10, "start", "full: fog.db and its journal; dashed: what of fog.db is in use")
      print "</svg>"
    }
    function label(column, words) { text(width - right + 8, bottom - v[n, column] * (bottom - top) / most + 4, "start", words) }
  ' "$dir/samples"
}

at() { awk -v row="$1" -v column="$2" '{ v[NR] = $column } END { print v[int(NR * row / 100 + 0.5)] }' "$dir/samples"; } # PERCENT COLUMN

# From the middle of the time to its end: of what is on the disk.
grows_on() { [ "$(at 100 2)" -gt $(($(at 50 2) * 12 / 10)) ]; }
stops() { [ "$(at 100 4)" -le $(($(at 50 4) * 105 / 100)) ]; }
both_worked() { [ "$(at 100 6)" -gt $((seconds * 5)) ] && [ "$(at 100 7)" -gt $(($(at 100 6) / 2)) ]; }
sound() {
  kill -TERM "${pids[some]}" && wait "${pids[some]}"
  unset "pids[some]"
  "$program" check --state "$dir/some" >"$dir/checked.log" 2>&1 && grep -q '^ok: nothing is wrong' "$dir/checked.log"
}

check "a controller starts that keeps all" start all --history-keep 0s --history-max 0
check "a controller starts that keeps ${keep}s" start some --history-keep "${keep}s" --history-max 0
load all &
loads=$!
load some &
loads+=" $!"
sample >"$dir/samples"
# shellcheck disable=SC2086 # two pids
wait $loads
commits all
commits some
check "both had the same to do" both_worked
check "the one that keeps all grows on" grows_on
check "the other one has stopped growing" stops
check "a check finds nothing wrong with it" sound
[ -z "${FOG_GROWTH_PICTURE:-}" ] || draw >"$FOG_GROWTH_PICTURE"
awk 'END { printf "# after %d s: all %.1f MiB (%.1f in use, revision %d), some %.1f MiB (%.1f in use, revision %d)\n", $1, $2 / 1048576, $3 / 1048576, $6, $4 / 1048576, $5 / 1048576, $7 }' "$dir/samples"
exit "$failed"
