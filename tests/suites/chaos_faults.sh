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

a_sync_takes_as_long_as_it_is_told() {
  local begin
  echo 120 >"$T/delay"
  begin=$(now_ms)
  FOG_FSYNC_DELAY=$T/delay synced "$T/kept" || miss "it fails"
  [ $(($(now_ms) - begin)) -ge 110 ] || miss "it was done at once"
  is "syncs that are told of" "$(cat "$T/delay.done")" "()"
}

only_syncs_below_the_prefix_fail() {
  local real
  real=$(realpath "$T")
  mkdir "$T/inside" && echo x >"$T/inside/file" && touch "$T/fail"
  FOG_FSYNC_PREFIX=$real/inside synced "$T/inside/file" && miss "it did not fail inside"
  FOG_FSYNC_PREFIX=$real/inside synced "$T/kept" || miss "it failed outside"
  rm "$T/fail"
}

noted() { # dd ARGUMENTS…: into the file of which notes are kept
  FOG_UNDO=$T/undo FOG_FSYNC_PREFIX=$(realpath "$T")/inside LD_PRELOAD=$FAULTS dd of="$T/inside/noted" status=none "$@"
}
notes() { tail -c "$1" "$T/undo/$(stat -c %i "$T/inside/noted")"; }

what_a_power_cut_would_take_is_kept() {
  mkdir "$T/undo" && echo before >"$T/inside/noted"
  noted conv=notrunc <<<later
  is "what is noted" "$(notes 6)" before
  noted conv=notrunc,fsync <<<later
  is "what is noted after a sync" "$(ls "$T/undo")" ""
  echo x | LD_PRELOAD=$FAULTS FOG_UNDO=$T/undo FOG_FSYNC_PREFIX=$(realpath "$T")/inside tee "$T/kept" >/dev/null
  is "what is noted of others" "$(ls "$T/undo")" ""
  touch "$T/fail"
  FOG_FSYNC_FAIL=$T/fail noted conv=notrunc,fsync <<<worse 2>/dev/null
  is "what is noted when a sync fails" "$(notes 6)" later
  rm -r "$T/fail" "$T/undo"
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
  expect 4 work --for 300 --code 4 --value v1
  is "what it tells" "$(events)" "start beat end"
  is "who it is" "$(jq -r '[.session, .replica, .uid, .run, .epoch, .value] | join(" ")' "$RUNS" | sort -u)" "s 0 u 3 7 v1"
  is "how it ends" "$(tail -n 1 "$RUNS" | jq -c .code)" 4
  jq -s -e 'map(.t) | . == sort' "$RUNS" >/dev/null || miss "time goes back"
  rm -f "$RUNS"
  expect 137 work --crash 300
  is "what is told of a crash" "$(events)" "start beat"
}

a_workload_ends_as_it_was_made_to() {
  rm -f "$RUNS"
  terminated --late 500
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

# --- the audit --------------------------------------------------------------------------------------

audit() { "$BIN/fog-chaos-audit" "${1:-$T}" --pids "$T/pids" --patience "${2:-0}" "${@:3}"; }
finds() { # RULE WORD [FOLDER]
  expect 1 audit "${3:-$T}" 0 --url "http://$API" || return
  says "$out" "^AUDIT $1: .*$2"
  is "other problems" "$(grep -v "^AUDIT $1:" <<<"$out")" ""
}

a_healthy_fleet_passes_the_audit() {
  printf 'controller %d\nedge-1 %d\n' "$CONTROLLER" "${AGENTS[edge-1]}" >"$T/pids"
  expect 0 audit "$T" 5000 --baseline --url "http://$API"
  expect 0 audit "$T" 5000 --url "http://$API"
}

# With a workload's marks, but started by us: UID PROGRAM…
stray() {
  FOG_ASSIGNMENT=$1 HOME=$(realpath "$T")/edge-1/work/$1/1/files "${@:2}" &
  stray=$!
}

the_audit_finds_orphans() {
  stray nobody sleep 100
  finds orphan 'edge-1 does not know assignment nobody'
  end_hard "$stray"
  stray "$(assignments .metadata.uid | head -n 1)" sleep 100
  finds orphan 'has no shim'
  end_hard "$stray"
  sh -c 'true & exec sleep 100' &
  stray=$!
  cp "$T/pids" "$T/pids.whole" && echo "parent $stray" >>"$T/pids"
  await 5 "its child is a zombie" eval "ps -o stat= --ppid $stray | grep -q Z"
  finds zombie 'parent does not wait'
  end_hard "$stray"
  mv "$T/pids.whole" "$T/pids"
}

the_audit_finds_leaks() {
  cp "$T/audit.json" "$T/audit.whole"
  jq '.controller.descriptors = -100' "$T/audit.whole" >"$T/audit.json"
  finds descriptors controller
  jq '."edge-1".memory = -1000000000000' "$T/audit.whole" >"$T/audit.json"
  finds memory edge-1
  mv "$T/audit.whole" "$T/audit.json"
}

the_audit_finds_secrets_and_alarms() {
  cp "$T/edge-1/identity.key" "$T/told.log"
  finds secret told.log
  sqlite3 "$T/controller/fog.db" "SELECT hex(value) FROM meta WHERE name = 'chain_key'" >"$T/told.log"
  finds secret told.log
  echo 'x.c:1: Assertion `false` failed.' >"$T/told.log"
  finds log Assertion
  rm "$T/told.log"
  echo hidden-words >"$T/secrets"
  ses third true 'replicas: 0' | apply --change-cause 'these are hidden-words'
  finds secret ledger
  rm "$T/secrets"
}

the_audit_finds_damage() {
  mkdir -p "$T/lie/edge-1" && cp -r "$T/controller" "$T/lie/"
  sed 's/revision/revisiom/' "$T/edge-1/state.json" >"$T/lie/edge-1/state.json"
  finds integrity 'state.json does not match' "$T/lie"
  rm -r "$T/lie/edge-1"
  sqlite3 "$T/lie/controller/fog.db" "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
  dd if=/dev/urandom of="$T/lie/controller/fog.db" bs=4096 seek=3 count=4 conv=notrunc status=none
  finds integrity 'fog.db|integrity_check' "$T/lie"
}

# --- no room for logs ---------------------------------------------------------------------------------

a_full_disk_for_logs_stops_nobody() {
  local first
  first=$(leader_of first)
  kill_agent edge-1
  stop_controller
  rm "$T/controller/api.addr"
  "$BIN/fog-controller" --state "$T/controller" --listen "$API" --agents-listen "$LINK" --heartbeat-min "$HEARTBEAT" >/dev/full 2>&1 &
  CONTROLLER=$!
  await 20 "the controller answers" controller_answers
  "$BIN/fog-agent" --controller "ws://$LINK" --name edge-1 --state "$T/edge-1" --cores 2 --memory 2Gi --disk 4Gi >/dev/full 2>&1 &
  AGENTS[edge-1]=$!
  await 20 "edge-1 is ready" agent_ready edge-1
  ses unlogged 'exec sleep 1000' | apply
  await 20 "all converges" converged first unlogged
  is "pid of first" "$(leader_of first)" "$first"
  stop_agent edge-1
  start_agent edge-1
  stop_controller
  start_controller && await 20 "edge-1 is back" agent_ready edge-1
}

# --- damage to a controller that has a fleet ----------------------------------------------------------

is_refused_as_old() { grep -q OldCopy "$T/edge-1.log"; }
says_why_not() { grep -Eq "not started: .*$1" "$T/controller.log"; }

# The controller is dead.  It must not start, and say why.
refuses() { # WORD
  : >"$T/controller.log"
  timeout 20 "$BIN/fog-controller" --state "$T/controller" --listen "$API" --agents-listen "$LINK" >>"$T/controller.log" 2>&1
  is "exit for $1" $? 1
  says_why_not "$1" || miss "it does not say \"$1\": $(cat "$T/controller.log")"
}
put_back() { rm -rf "$T/controller" && cp -a "$T/whole" "$T/controller"; }

# Work goes on meanwhile, and nothing is started twice afterwards.
a_controller_does_not_start_on_what_is_damaged() {
  local first
  first=$(leader_of first)
  kill_controller
  cp -a "$T/controller" "$T/whole"
  rm "$T/controller/fog.db"
  refuses 'there is no'
  put_back
  chown 12345 "$T/controller" 2>/dev/null && refuses 'somebody else'
  put_back
  start_controller && await 20 "edge-1 is back" agent_ready edge-1
  stop_controller # its journal is in its store now
  rm -rf "$T/whole" && cp -a "$T/controller" "$T/whole"
  dd if=/dev/urandom of="$T/controller/fog.db" bs=4096 seek=4 count=8 conv=notrunc status=none
  refuses 'fog.db'
  put_back
  start_controller && await 20 "edge-1 is back" agent_ready edge-1
  is "pid of first" "$(leader_of first)" "$first"
}

# Who reads keeps what is written from then on in the journal.
hold_reader() {
  mkfifo "$T/ask"
  sqlite3 "$T/controller/fog.db" <"$T/ask" >"$T/held" &
  reader=$!
  exec 9>"$T/ask"
  echo 'BEGIN; SELECT count(*) FROM meta;' >&9
  await 5 "somebody reads" test -s "$T/held"
}

# What is left is of a moment before: agents that know more do not obey it, and go on with what they have.
a_journal_that_was_cut_is_an_old_copy() {
  local first
  first=$(leader_of first)
  stop_controller && start_controller && await 20 "edge-1 is back" agent_ready edge-1 # the journal is in the store now
  hold_reader
  ses fourth 'exec sleep 1000' | apply
  await 20 "all converges" converged first second fourth
  kill_controller
  end_hard "$reader"
  exec 9>&-
  rm -rf "$T/whole" && cp -a "$T/controller" "$T/whole"
  truncate -s 0 "$T/controller/fog.db-wal"
  start_controller
  is "what is left of fourth" "$(code_of "http://$API$objects/harvestsessions/fourth")" 404
  await 20 "edge-1 does not obey it" is_refused_as_old
  for i in 1 2 3 4 5 6 7 8 9; do ses "later-$i" 'exec sleep 1000'; done | apply # now it has more revisions than the true one
  kill_agent edge-1
  : >"$T/edge-1.log"
  start_agent edge-1
  await 20 "nor when it was written to" is_refused_as_old
  is "where fourth and later-1 run" "$(where_runs fourth) $(where_runs later-1)" "edge-1 "
  kill_controller
  put_back
  start_controller && await 20 "edge-1 is back" agent_ready edge-1
  await 20 "all converges" converged first second fourth
  is "pid of first" "$(leader_of first)" "$first"
  is "restarts" "$(assignments .status.restarts | sort -u)" 0
  nothing_is_broken
}

it a_sync_fails_while_the_switch_is_there a_sync_takes_as_long_as_it_is_told \
  only_syncs_below_the_prefix_fail what_a_power_cut_would_take_is_kept the_wall_clock_is_as_wrong_as_the_file_says \
  a_workload_tells_of_its_life a_workload_ends_as_it_was_made_to an_agent_takes_on_nothing_that_its_disk_does_not_keep \
  a_healthy_fleet_passes_the_audit the_audit_finds_orphans the_audit_finds_leaks the_audit_finds_secrets_and_alarms \
  the_audit_finds_damage a_full_disk_for_logs_stops_nobody a_controller_does_not_start_on_what_is_damaged a_journal_that_was_cut_is_an_old_copy
