#!/bin/bash
# The tools of live chaos do what they are there for: the preloaded faults fail and lie on demand, the workload leaves the
# trace that the checker reads.  And an agent whose disk does not keep what it writes takes on nothing new.
#
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

FAULTS=$BIN/libfogfault.so
RUNS=$T/runs.jsonl

# --- the preloaded faults ---------------------------------------------------------------------------

synced() { LD_PRELOAD=$FAULTS FOG_FSYNC_FAIL=$T/fail sync "$@" 2>/dev/null; }

a_sync_fails_while_the_switch_is_there() {
  echo x >"$T/kept"
  synced "$T/kept" || miss "it fails without reason"
  touch "$T/fail"
  synced "$T/kept" && miss "it did not fail"
  echo 1 >"$T/fail"
  synced "$T/kept" "$T/kept" && miss "the second did not fail"
  synced "$T/kept" || miss "the first failed"
  rm "$T/fail"
  synced "$T/kept" || miss "it goes on failing"
}

only_syncs_below_the_prefix_fail() {
  local real
  real=$(realpath "$T")
  mkdir "$T/inside" && echo x >"$T/inside/file" && touch "$T/fail"
  FOG_FSYNC_PREFIX=$real/inside synced "$T/inside/file" && miss "it did not fail inside"
  FOG_FSYNC_PREFIX=$real/inside synced "$T/kept" || miss "it failed outside"
  rm "$T/fail"
}

offset() { # MILLISECONDS, below 2^31: in place
  local hex
  printf -v hex '%016x' "$1"
  for i in 7 6 5 4 3 2 1 0; do printf '%b' "\\x${hex:$((i * 2)):2}"; done | dd of="$T/offset" conv=notrunc status=none
}

# Of one process: the clock as it is while the file says so.
# shellcheck disable=SC2016
the_wall_clock_is_as_wrong_as_the_file_says() {
  local shown
  offset 0
  shown=$(
    export T
    export -f offset
    FOG_CLOCK_OFFSET=$T/offset LD_PRELOAD=$FAULTS bash -c '
      start=$EPOCHSECONDS; offset 3600000; later=$EPOCHSECONDS; offset -315360000000; early=$EPOCHSECONDS; offset 0
      echo $((later - start)) $((early - start)) $((EPOCHSECONDS - start)) $(($(date +%s) - start))'
  )
  says "$shown" '^360[0-5] -31535999[5-9]|-315360000 [0-5] [0-5]$'
  says "$(FOG_CLOCK_OFFSET=$T/nothing LD_PRELOAD=$FAULTS date 2>&1)" 'is no file'
}

# --- the workload -----------------------------------------------------------------------------------

work() {
  FOG_SESSION=s FOG_SLOT=0 FOG_ASSIGNMENT=u FOG_RUN=3 FOG_LEASE_EPOCH=7 "$BIN/fog-chaos-work" --runs "$RUNS" --beat 20 "$@"
}
events() { jq -r .event "$RUNS" | uniq | xargs; }
has_event() { grep -q "\"$1\"" "$RUNS"; }

# Sends TERM after a beat.
terminated() { # OPTION…
  FOG_SESSION=s "$BIN/fog-chaos-work" --runs "$RUNS" --beat 20 "$@" &
  await 5 "it beats" has_event beat
  kill -TERM $!
}

a_workload_tells_of_its_life() {
  rm -f "$RUNS"
  expect 4 work --for 60 --code 4 --value v1
  is "what it tells" "$(events)" "start beat end"
  is "who it is" "$(jq -r '[.session, .replica, .uid, .run, .epoch, .value] | join(" ")' "$RUNS" | sort -u)" "s 0 u 3 7 v1"
  is "how it ends" "$(tail -n 1 "$RUNS" | jq -c .code)" 4
  jq -s -e 'map(.t) | . == sort' "$RUNS" >/dev/null || miss "time goes back"
  rm -f "$RUNS"
  expect 137 work --crash 40
  is "what is told of a crash" "$(events)" "start beat"
}

a_workload_ends_as_it_was_made_to() {
  rm -f "$RUNS"
  terminated --late 200
  wait $! || miss "exit $?"
  is "beats after it was told to end" "$(($(grep -c beat "$RUNS") > 3))" 1
  is "what it tells" "$(events)" "start beat end"
  rm -f "$RUNS"
  terminated --ignore-term --for 300 --code 5
  wait $!
  is "exit" $? 5
}

# --- an agent whose disk keeps nothing --------------------------------------------------------------

# Between env and the agent nothing else sees the sanitizers' library.
start_unsure_agent() {
  local preload=$FAULTS
  nm -D "$BIN/fog-agent" 2>/dev/null | grep -q __asan_init && preload=$(gcc -print-file-name=libasan.so):$FAULTS
  mkdir -p -m 700 "$T/edge-1"
  env LD_PRELOAD="$preload" FOG_FSYNC_FAIL="$T/fail" FOG_FSYNC_PREFIX="$(realpath "$T")/edge-1" \
    "$BIN/fog-agent" --controller "ws://$LINK" --name edge-1 --state "$T/edge-1" --cores 2 --memory 2Gi --disk 4Gi \
    >>"$T/edge-1.log" 2>&1 &
  AGENTS[edge-1]=$!
}

says_that_it_cannot_save() { grep -q 'cannot sync' "$T/edge-1.log"; }

an_agent_takes_on_nothing_that_its_disk_does_not_keep() {
  start_controller && start_unsure_agent || return
  await 20 "edge-1 is ready" agent_ready edge-1
  ses first 'exec sleep 1000' | apply
  await 10 "first runs" equals edge-1 where_runs first
  touch "$T/fail"
  ses second 'exec sleep 1000' | apply
  await 10 "the agent says why it does nothing" says_that_it_cannot_save
  is "where first runs" "$(where_runs first)" edge-1
  is "where second runs" "$(where_runs second)" ""
  grep -q '"second' "$T/edge-1/state.json" && miss "it is in a file that the disk did not keep"
  kill_agent edge-1
  rm "$T/fail"
  start_unsure_agent
  await 20 "all converges" converged first second
  is "where second runs" "$(where_runs second)" edge-1
  grep -q '"second' "$T/edge-1/state.json" || miss "it is not found in the file even now"
  is "restarts of first" "$(assignments 'select(.spec.session == "first") | .status.restarts')" 0
  nothing_is_broken
}

it a_sync_fails_while_the_switch_is_there only_syncs_below_the_prefix_fail the_wall_clock_is_as_wrong_as_the_file_says \
  a_workload_tells_of_its_life a_workload_ends_as_it_was_made_to an_agent_takes_on_nothing_that_its_disk_does_not_keep
