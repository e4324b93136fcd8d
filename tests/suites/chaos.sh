#!/bin/bash
# Live chaos, short: the real programs, three agents, faults from a fixed seed (docs/CHAOS.md).  And that nothing of it is
# left afterwards, even when the runner itself is killed.
cd "$(dirname "$0")/../.." || exit 2
out=$(cd "${FOG_OUT:-build/asan}" && pwd) || exit 2
T=$(mktemp -d /tmp/fog-chaos-suite.XXXXXX) || exit 2
trap 'rm -rf "$T"' EXIT

what_is_left() { pgrep -af "$T/"; } # each program of a run has its folder among its words

# Without those after which a connection has to be given up first, which takes ten seconds.
faults=kill-controller,kill-agent,kill-shim,kill-workload,kill-starting-controller,kill-starting-agent,kill-every-agent
faults+=,restart-controller,restart-agent,power-cut-controller,power-cut-agent,freeze-controller,freeze-agent,freeze-machine
faults+=,cut,cut-up,cut-every-agent,cut-flapping,loss,reorder-and-double,link-chop,link-refuse,link-reset,link-throttle
faults+=,disk-full-controller,disk-full-agent,sync-fails-controller,sync-fails-agent,damage-page,damage-wal,damage-owner
faults+=,damage-agent-state,damage-agent-key,clock-hour,clock-decade,garbage-api,garbage-link

begin=$SECONDS
if timeout 100 "$out/fog-chaos" --seconds 17 --seed 7 --agents 3 --step-ms 900 --only "$faults" \
  --keep "$T/run" >"$T/log" 2>&1; then
  echo "ok the fleet survives chaos ($((SECONDS - begin)) s)"
else
  echo "not ok the fleet survives chaos"
  tail -n 4 "$T"/run/{controller,edge-1,edge-2,edge-3,proxy,load}.log
fi
sed 's/^/# /' "$T/log" | grep -v ' 0        0$'

if what_is_left; then
  echo "not ok nothing is left of a run"
else
  echo "ok nothing is left of a run"
fi

# Its namespaces end with it, and with them all that is in them.  Control groups are in none, so this one goes without.
FOG_AGENT_CGROUP=none "$out/fog-chaos" --seconds 60 --keep "$T/killed" >"$T/killed.log" 2>&1 &
for ((i = 0; i < 1000; i++)); do
  grep -q 'agents are ready' "$T/killed.log" && break
  sleep 0.05
done
grep -q 'agents are ready' "$T/killed.log" || { echo "not ok a second run starts" && cat "$T/killed.log"; }
kill -KILL $! && wait $! 2>/dev/null
if grep -q 'namespaces and a cable' "$T/killed.log"; then
  for ((i = 0; i < 600; i++)); do
    what_is_left >"$T/left" || break
    sleep 0.05
  done
  if [ -s "$T/left" ]; then
    echo "not ok nothing is left when the runner is killed" && sed 's/^/# /' "$T/left"
  else
    echo "ok nothing is left when the runner is killed"
  fi
else # a run on the machine's own network has to end what it started
  pkill -KILL -f "$T/killed"
fi
