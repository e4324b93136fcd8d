#!/bin/bash
# A few hundred simulated agents against a real controller: all are welcomed, all work runs, then there is silence.
# The same with thousands, and what it costs: fogload by hand.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=${FOG_OUT:-build/asan}
dir=$(mktemp -d)
"$out/fog-controller" --state "$dir/state" --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 2>"$dir/log" &
pid=$!
trap 'kill -9 $pid 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 600); do
  [ -s "$dir/state/agents.addr" ] && break
  sleep 0.05
done

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@"; then echo "ok $sentence"; else
    echo "not ok $sentence"
    sed 's/^/# /' "$dir/result"
    tail -n 5 "$dir/log" | sed 's/^/# /'
  fi
}

"$out/fogload" --state "$dir/state" --agents 200 --sessions 3 --quiet 5 --timeout 120 >"$dir/result" 2>&1
check "200 agents are welcomed and 600 assignments run" test $? -eq 0
check "no link is lost and nothing is refused" grep -q "lost links=0 refusals=0" "$dir/result"
check "each agent hears of the three sessions in at most six messages" \
  test "$(grep -o ' assign=[0-9]*' "$dir/result" | cut -d= -f2)" -le 1200
check "a quiet fleet exchanges heartbeats alone" grep -q "heartbeats and 0 other messages" "$dir/result"
kill -TERM $pid
wait $pid
check "the controller ends well" test $? -eq 0
