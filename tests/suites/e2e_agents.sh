#!/bin/bash
# What agents and shims do with real processes: adoption, moving, leases, restarts, limits, the owner's
# pause, and damage to what they keep.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154,SC2016,SC2119
. "$(dirname "$0")/../e2e/lib.sh"

status_of() { assignments 'select(.spec.session == "'"$1"'" and .metadata.deletionTimestamp == null) | .status'"$2"; }
shim_of() { parent_of "$(leader_of "$1")"; }
message_of() { session "$1" '.status.conditions[]? | select(.type == "Converged") | .message'; }
message_has() { message_of "$1" | grep -Eq -e "$2" || { message_of "$1" && return 1; }; }
runs_on_one() { [ "$(where_runs "$1" | wc -w)" -eq 1 ]; }
beat() { # a run of exclusive work says that it is there, and when
  printf 'while :; do read -r up _ </proc/uptime; echo "$up $FOG_RUN.$$" >>%s/beats-%s; sleep 0.05; done' "$T" "$1"
}

# Nobody is seen again after a successor, and between two there is no beat in the same instant.
never_twice() { # SESSION
  awk '$2 != last { if ($2 in seen) { print $2 " is seen again after " last; bad = 1 }
         seen[$2] = 1; last = $2 } END { exit bad }' "$T/beats-$1"
}
runs_seen() { awk '{ print $2 }' "$T/beats-$1" 2>/dev/null | sort -u | wc -l; }

# Everything on that machine is gone at once, as after a power cut.
cut_power() { # AGENT
  local pid
  { kill -KILL "${AGENTS[$1]}" && wait "${AGENTS[$1]}"; } 2>/dev/null
  for pid in $(shims); do
    case "$(readlink "/proc/$pid/cwd")" in "$T/$1"/*) kill -KILL "$pid" ;; esac
  done
  for pid in $(workloads | awk -v agent="$1" '$2 == agent { print $1 }'); do kill -KILL "$pid" 2>/dev/null; done
  unset "AGENTS[$1]"
}

# --- what takes its time is begun first -----------------------------------------------------------

the_fleet_is_up() {
  start_controller || return
  start_agent edge-1 --label site=north
  start_agent edge-2 --label site=north
  start_agent edge-3 --label site=south
  local name
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name"; done
  { # loops stays on the agent that no test kills
    ses stay 'exec sleep 1000' 'everyAgent: true' 'workload.restart: always'
    ses only "$(beat only)" 'exclusive: true' 'leaseDuration: 3s' 'replaceAfter: 1s' 'workload.restart: always'
    ses missing 'true' | sed 's|/bin/sh, -c, .*|/no/such/program]|'
    ses loops 'read -r up _ </proc/uptime; echo "$up" >>'"$T"'/loops; exit 1' 'retries: 0' \
      'selector: {matchLabels: {reported/site: south}}'
    ses gives-up 'echo "no luck" >&2; exit 3' 'retries: 2'
    ses eats 'for i in 1 2 3 4 5 6 7 8; do (x=$(head -c 8000000 /dev/zero | tr "\0" x); sleep 100; :) & done; wait' \
      'workload.resources: {memory: 48Mi}' 'workload.restart: never'
    ses writes 'yes "a line of a workload that has much to say" | head -c 4000000; echo; echo "the end"; exec sleep 1000'
    ses sees 'pwd; env; ulimit -c; grep NoNewPrivs /proc/self/status; read -r line || echo "nothing to read"' \
      'workload.restart: never' 'workload.environment: {COLOUR: blue}'
  } >"$T/m/all.yaml"
  expect 0 fogctl apply -f "$T/m/all.yaml"
  await 20 "stay and only run" converged stay only
}

# --- adoption -------------------------------------------------------------------------------------

a_killed_agent_leaves_its_work_alone_and_adopts_it() {
  local pid shim
  pid=$(on_agent stay edge-1) shim=$(parent_of "$pid")
  kill_agent edge-1
  await 10 "its loss is noticed" agent_lost edge-1
  is "the workload's shim" "$(parent_of "$pid")" "$shim"
  start_agent edge-1
  await 20 "it is back" agent_ready edge-1
  await 20 "it converges" converged stay
  is "the workload" "$(on_agent stay edge-1)" "$pid"
  is "restarts in all" "$(status_of stay .restarts | sort -u)" 0
}

an_agent_that_is_told_to_end_leaves_its_work_too() {
  local pid
  pid=$(on_agent stay edge-2)
  stop_agent edge-2
  is_gone "$pid" && miss "the workload ended with its agent"
  start_agent edge-2
  await 20 "it is back" agent_ready edge-2
  await 20 "it converges" converged stay
  is "the workload" "$(on_agent stay edge-2)" "$pid"
}

# What an agent that is killed in the middle of starting a shim leaves: a child that still has its lock.
an_agent_waits_for_the_lock_of_one_that_was_just_killed() {
  local pid
  pid=$(on_agent stay edge-2)
  kill_agent edge-2
  exec 5>>"$T/edge-2/lock" && flock 5
  start_agent edge-2 5>&-
  sleep 0.4
  exec 5>&-
  await 20 "it is back" agent_ready edge-2
  await 20 "it converges" converged stay
  is "the workload" "$(on_agent stay edge-2)" "$pid"
}

# --- restarts -------------------------------------------------------------------------------------

a_killed_workload_is_started_again() {
  local pid
  pid=$(on_agent stay edge-3)
  kill -KILL "$pid"
  await 10 "another runs" eval 'p=$(on_agent stay edge-3); [ -n "$p" ] && [ "$p" != '"$pid"' ]'
  await 10 "the restart is counted" eval 'status_of stay .restarts | grep -qx 1'
}

what_a_killed_shim_leaves_is_cleared_and_replaced() {
  local pid
  pid=$(on_agent stay edge-3)
  kill -KILL "$(parent_of "$pid")"
  await 10 "the workload is gone, too" is_gone "$pid"
  await 15 "another runs" eval 'p=$(on_agent stay edge-3); [ -n "$p" ] && [ "$p" != '"$pid"' ]'
  check_orphans
}

# --- moving ---------------------------------------------------------------------------------------

work_of_a_lost_agent_is_placed_elsewhere_and_not_twice() {
  local from to
  ses mover 'exec sleep 1000' 'replaceAfter: 1s' | apply
  await 15 "it runs" converged mover || return
  from=$(where_runs mover)
  kill_agent "$from"
  await 15 "it runs elsewhere" eval 'where_runs mover | tr " " "\n" | grep -vqx '"$from" || return
  to=$(where_runs mover | tr ' ' '\n' | grep -vx "$from")
  await 15 "its replacement is well" equals "$to Running" eval \
    'assignments "select(.spec.session == \"mover\" and .metadata.deletionTimestamp == null) | .spec.agent + \" \" + .status.phase"'
  start_agent "$from"
  await 20 "it is back" agent_ready "$from"
  await 10 "only one is left" runs_on_one mover
  is "where it runs" "$(where_runs mover)" "$to"
  await 10 "it converges" converged mover
  expect 0 fogctl delete hs/mover
}

a_frozen_agent_stops_when_it_thaws_and_is_waited_for() {
  local name
  ses frozen 'exec sleep 1000' | apply
  await 15 "it runs" converged frozen || return
  name=$(where_runs frozen)
  kill -STOP "${AGENTS[$name]}"
  expect 1 fogctl delete hs/frozen --timeout 300ms
  says "$err" 'timed out'
  kill -CONT "${AGENTS[$name]}"
  await 15 "it ends" equals "" leaders frozen
  await 15 "it is forgotten" equals "" status_of frozen .phase
  await 15 "$name is ready" agent_ready "$name"
}

# --- leases ---------------------------------------------------------------------------------------

an_agent_that_is_cut_off_loses_its_lease_and_its_shim_ends_the_work() {
  local from pid
  await 10 "only runs" runs_on_one only || return
  from=$(where_runs only) pid=$(leader_of only)
  kill -STOP "${AGENTS[$from]}" # longer than its lease
  await 15 "its shim ends it" is_gone "$pid"
  await 15 "it runs elsewhere" eval 'w=$(where_runs only); [ -n "$w" ] && [ "$w" != '"$from"' ]'
  kill -CONT "${AGENTS[$from]}"
  await 15 "$from is ready" agent_ready "$from"
  await 15 "it converges" converged only
  is "how many run" "$(where_runs only | wc -w)" 1
  never_twice only >"$T/twice" || miss "$(cat "$T/twice")"
}

a_machine_that_loses_its_power_gives_up_its_lease() {
  local from before
  from=$(where_runs only) before=$(runs_seen only)
  cut_power "$from"
  await 20 "it runs elsewhere" eval '[ "$(runs_seen only)" -gt '"$before"' ] && runs_on_one only'
  [ "$(where_runs only)" = "$from" ] && miss "it runs where there is no agent"
  start_agent "$from"
  await 20 "$from is ready" agent_ready "$from"
  await 15 "it converges" converged only stay
  is "how many run" "$(where_runs only | wc -w)" 1
  never_twice only >"$T/twice" || miss "$(cat "$T/twice")"
}

# --- ends -----------------------------------------------------------------------------------------

what_ignores_term_is_killed_after_its_grace_and_not_before() {
  local pid began
  ses stubborn 'trap "" TERM; echo >'"$T"'/deaf; while :; do sleep 0.1; done' | apply
  await 15 "it runs" converged stubborn || return
  await 15 "it does not hear" test -s "$T/deaf"
  pid=$(leader_of stubborn) began=$(now_ms)
  expect 0 fogctl delete hs/stubborn --no-wait
  await 10 "it is killed" is_gone "$pid"
  [ $(($(now_ms) - began)) -ge 900 ] || miss "killed after $(($(now_ms) - began)) ms, before its grace of 1 s"
}

what_cannot_start_is_not_tried_again_and_says_why() {
  await 15 "it is given up" equals Failed status_of missing .phase
  await 10 "the reason is told" message_has missing '/no/such/program|No such file'
  expect 1 fogctl why hs/missing
  says "$out" 'No such file' 'what would help: '
  is "restarts" "$(status_of missing .restarts)" 0
}

what_crashes_again_and_again_is_tried_ever_more_rarely() {
  await 20 "it ran four times" eval '[ "$(wc -l <"$T/loops")" -ge 4 ]'
  # At least half of 1, 2, 4 … seconds lie between two starts.
  awk 'NR > 1 && NR <= 4 && $1 - last < 0.5 * 2 ^ (NR - 2) - 0.05 { print "only " $1 - last " s before start " NR; bad = 1 }
    { last = $1 } END { exit bad }' "$T/loops" >"$T/early" || miss "$(cat "$T/early")"
  why_not() { ! fogctl why hs/loops >"$T/why" && grep -q 'code 1' "$T/why"; } # between two starts: while it runs it is as declared
  await 10 "it is said why it does not run" why_not
  says "$(cat "$T/why")" 'is not as declared' 'code 1'
  expect 0 fogctl delete hs/loops
}

what_fails_too_often_is_given_up_with_its_reason() {
  await 20 "it is given up" equals 1 session gives-up .status.failed
  expect 1 fogctl why hs/gives-up
  says "$out" 'GivenUp' 'code 3' 'what would help: '
  expect 0 fogctl logs hs/gives-up
  says "$out" '^no luck$'
}

what_takes_too_much_memory_is_ended() {
  await 20 "its end is told" message_has eats 'MemoryLimit: its processes hold [0-9]+Mi of 48Mi'
  expect 0 fogctl delete hs/eats
}

logs_are_bounded_and_keep_the_newest() {
  local bytes
  await 15 "it has written all" eval 'fogctl logs hs/writes --tail 1 | grep -qx "the end"'
  bytes=$(cat "$T"/edge-*/work/*/log "$T"/edge-*/work/*/log.1 2>/dev/null | wc -c)
  [ "$bytes" -le $((3 << 20)) ] || miss "$bytes bytes of logs"
  expect 0 fogctl delete hs/writes
}

a_workload_gets_its_own_folder_and_environment_and_nothing_else() {
  await 15 "it is done" equals 1 session sees .status.succeeded || return
  expect 0 fogctl logs hs/sees
  says "$out" "^$T/edge-./work/.*/files\$" '^COLOUR=blue$' '^FOG_SESSION=sees$' '^FOG_SLOT=0$' '^HOME=/.*/files$' \
    '^0$' 'NoNewPrivs:.*1' '^nothing to read$'
  says_not "$out" '^ASAN_OPTIONS' '^FOGCTL' '^NO_COLOR'
}

# --- damage ---------------------------------------------------------------------------------------

deleted_and_edited_state_heals() {
  rm "$T/edge-1/state.json"
  await 10 "it is written again" test -s "$T/edge-1/state.json"
  echo 'not {json' >"$T/edge-1/state.json"
  await 10 "it is written again" eval 'tail -n +2 "$T/edge-1/state.json" | jq -e .storeId'
}

an_agent_with_a_broken_state_starts_over_without_running_anything_twice() {
  kill_agent edge-1
  echo 'not {json' >"$T/edge-1/state.json"
  start_agent edge-1
  await 20 "it is back" agent_ready edge-1
  await 20 "it converges" converged stay
  await 10 "one copy runs" equals 1 eval 'on_agent stay edge-1 | wc -l'
  [ -e "$T/edge-1/state.json.broken" ] || miss "the broken state was not kept for a person to look at"
  check_orphans
}

# --- the owner ------------------------------------------------------------------------------------

goes_on() { ! is_frozen "$1" && [ "$(process_state "$1")" = S ]; }

the_owner_pauses_and_resumes() {
  local pid
  pid=$(on_agent stay edge-3)
  expect 0 "$BIN/fog-agent" pause --state "$T/edge-3"
  await 10 "the work is frozen" is_frozen "$pid"
  await 10 "it is seen" eval 'fogctl get agents | grep -Eq "^edge-3 .* true "'
  await 10 "the assignment says so" eval 'assignments "select(.spec.agent == \"edge-3\" and .spec.session == \"stay\") | .status.phase" | grep -qx Suspended'
  expect 1 fogctl why assignments
  says "$out" '^  assignment/stay-.* Suspended on edge-3 +OwnerPaused +for ' '^  what would help: its owner'
  expect 1 fogctl why agent/edge-3
  says "$out" '^  agent/edge-3 +paused by its owner +OwnerPaused' '^  in the way: OwnerPaused of agent/edge-3'
  kill_agent edge-3
  start_agent edge-3
  await 20 "it is back" agent_ready edge-3
  await 10 "and still frozen" is_frozen "$pid"
  is "paused" "$(api $objects/agents/edge-3 | jq .status.paused)" true
  expect 0 "$BIN/fog-agent" resume --state "$T/edge-3"
  await 10 "it goes on" goes_on "$pid"
  await 10 "it converges" converged stay
  expect 0 "$BIN/fog-agent" status --state "$T/edge-3" -o json
  is "name in its status" "$(jq -r .name <<<"$out")" edge-3
  expect 0 "$BIN/fog-agent" status --state "$T/edge-3"
  says "$out" '^agent +edge-3$' '^paused +no$' '^stay-[^ ]* +stay +Running '
  expect 1 "$BIN/fog-agent" status --state "$T/nobody"
}

doctor_tells_what_a_machine_can_do() {
  expect 0 "$BIN/fog-agent" doctor --state "$T/edge-3" --controller "ws://$LINK" \
    --sensor-root "$PWD/tests/fixtures/sensors/laptop"
  says "$out" '^  ok  battery +82 %' 'edge-3, an agent runs on it$' '^  ok  controller +reachable'
  expect 1 "$BIN/fog-agent" doctor --state "$T/edge-3" --controller ws://127.0.0.1:1 -o json
  is "ok" "$(jq .ok <<<"$out")" false
  is "unreachable" "$(jq -r '.findings[] | select(.name == "controller").state' <<<"$out")" missing
  # What it was not given here is the running agent's: its name, and its controller.
  FOG_AGENT_CONTROLLER=ws://127.0.0.1:1 expect 0 "$BIN/fog-agent" doctor --state "$T/edge-3"
  says "$out" '^fog-agent .*, edge-3$' "^  ok  options +running +those of the agent that runs here\$" "^  ok  controller +reachable +ws://$LINK"
  expect 0 "$BIN/fog-agent" doctor --state "$T/nobody" --name other --controller "ws://$LINK"
  says "$out" '^fog-agent .*, other$' "^  ok  options +own +no agent runs here"
}

an_owners_file_that_is_wrong_is_refused_whole() {
  printf '%s\n' 'hours = 22:00-07:00' 'battery-mim = 40' 'cores = many' >"$T/owner.conf"
  expect 2 "$BIN/fog-agent" --config "$T/owner.conf" --name edge-9 --state "$T/edge-9"
  says "$err" 'owner.conf:2:1: error: .*did you mean battery-min' 'owner.conf:3:9: error: cores: "many"'
  expect 0 "$BIN/fog-agent" status --config "$T/owner.conf" --state "$T/edge-3"
}

a_limit_of_its_policy_reaches_what_runs() {
  local pid cores
  gentle() { # PERCENT
    printf '%s\n' 'apiVersion: fog/v1' 'kind: HarvestPolicy' 'metadata: {name: gentle}' 'spec:' \
      '  user: {startAfterIdle: 0s, continueAfterIdle: 0s}' '  network: {metered: true}' '  unknown: ignore' \
      "  foreignCpu: {suspendPercent: 100}" "  limits: {cpuPercent: $1}"
  }
  cores=$(($(nproc) * 1000))
  { gentle 50 && ses slowed 'while :; do sleep 0.1; done' 'policy: gentle'; } | apply
  await 15 "it runs" converged slowed || return
  pid=$(leader_of slowed)
  if grep -q ':[a-z,]*:.*/fog-agent\.' "/proc/$pid/cgroup" && [ -n "$(quota_of "$pid")" ]; then
    await 5 "it has half of the machine" equals $((cores / 2)) quota_of "$pid"
    gentle 20 | apply
    await 5 "it has a fifth of it" equals $((cores / 5)) quota_of "$pid"
    gentle 100 | apply
    await 5 "it has all of it" equals "" quota_of "$pid"
  else
    echo "# not seen here: a quota, for no control group keeps processors"
  fi
  is "its process" "$(leader_of slowed)" "$pid"
  expect 0 fogctl delete hs/slowed
  expect 0 fogctl delete harvestpolicy/gentle
}

# --- nobody comes back ----------------------------------------------------------------------------

work_without_an_agent_ends_after_orphan_after() {
  local name pid
  ses orphan 'exec sleep 1000' 'orphanAfter: 1s' 'replaceAfter: 1m' | apply
  await 15 "it runs" converged orphan || return
  name=$(where_runs orphan) pid=$(leader_of orphan)
  kill_agent "$name"
  await 10 "its shim ends it" is_gone "$pid"
  start_agent "$name"
  await 20 "it runs again" eval '[ -n "$(leader_of orphan)" ]'
  await 10 "it converges" converged orphan
  expect 0 fogctl delete hs/orphan
}

where_nothing_starts_nothing_more_is_placed() {
  local i
  for i in 1 2 3 4 5; do
    ses "bad-$i" true 'selector: {matchLabels: {reported/site: south}}' | sed 's|/bin/sh, -c, .*|/no/such/program]|'
  done | apply
  await 15 "the breaker opens" eval 'fogctl why agent/edge-3 | grep -q BreakerOpen'
  ses good 'exec sleep 1000' 'selector: {matchLabels: {reported/site: south}}' | apply
  await 10 "work waits for it" message_has good 'edge-3'
  expect 1 fogctl why hs/good
  says "$out" 'NoAgent|Breaker' 'start'
  is "what runs of it" "$(where_runs good)" ""
}

# --- who is let in --------------------------------------------------------------------------------

an_agent_does_not_start_on_what_is_not_safely_its_own() {
  expect 1 "$BIN/fog-agent" --controller "ws://$LINK" --name edge-1 --state "$T/edge-1"
  says "$err" 'another agent|in use|lock|already'
  mkdir -m 755 "$T/open"
  expect 1 "$BIN/fog-agent" --controller "ws://$LINK" --name open --state "$T/open"
  says "$err" '0700|mode'
  ln -s "$T/edge-1" "$T/link"
  expect 1 "$BIN/fog-agent" --controller "ws://$LINK" --name link --state "$T/link"
  expect 1 "$BIN/fog-agent" --controller ws://192.0.2.1:7412 --name far --state "$T/far"
  says "$err" '--insecure'
  expect 2 "$BIN/fog-agent" --controler "ws://$LINK"
  says "$err" 'did you mean --controller'
}

a_name_belongs_to_its_first_key() {
  start_agent thief
  await 20 "it is ready" agent_ready thief
  cut_power thief
  rm -r "$T/thief"
  start_agent thief
  await 10 "it is refused in words" grep -Eqi 'refused|key' "$T/thief.log"
  await 10 "it does not count as there" agent_lost thief
  end_hard "${AGENTS[thief]}"
  unset 'AGENTS[thief]'
}

an_agent_that_is_told_so_takes_its_work_with_it() {
  local pid
  start_agent edge-4 --stop-workloads-on-exit
  await 20 "it is ready" agent_ready edge-4
  await 20 "it has work" eval '[ -n "$(on_agent stay edge-4)" ]' || return
  pid=$(on_agent stay edge-4)
  stop_agent edge-4
  is_gone "$pid" || miss "the workload is still there"
}

all_end_and_nothing_is_left() {
  local name
  expect 0 fogctl delete hs --all --no-wait
  await 20 "no workload is left" equals "" workloads
  await 10 "no shim is left" equals "" shims
  await 10 "no control group is left" equals "" groups
  for name in "${!AGENTS[@]}"; do stop_agent "$name"; done
  stop_controller
  nothing_is_broken
}

it the_fleet_is_up a_killed_agent_leaves_its_work_alone_and_adopts_it an_agent_that_is_told_to_end_leaves_its_work_too \
  an_agent_waits_for_the_lock_of_one_that_was_just_killed \
  a_killed_workload_is_started_again what_a_killed_shim_leaves_is_cleared_and_replaced \
  what_cannot_start_is_not_tried_again_and_says_why a_workload_gets_its_own_folder_and_environment_and_nothing_else \
  logs_are_bounded_and_keep_the_newest what_takes_too_much_memory_is_ended \
  work_of_a_lost_agent_is_placed_elsewhere_and_not_twice a_frozen_agent_stops_when_it_thaws_and_is_waited_for \
  an_agent_that_is_cut_off_loses_its_lease_and_its_shim_ends_the_work a_machine_that_loses_its_power_gives_up_its_lease \
  what_fails_too_often_is_given_up_with_its_reason what_crashes_again_and_again_is_tried_ever_more_rarely \
  what_ignores_term_is_killed_after_its_grace_and_not_before deleted_and_edited_state_heals \
  an_agent_with_a_broken_state_starts_over_without_running_anything_twice the_owner_pauses_and_resumes a_limit_of_its_policy_reaches_what_runs \
  doctor_tells_what_a_machine_can_do an_owners_file_that_is_wrong_is_refused_whole \
  work_without_an_agent_ends_after_orphan_after where_nothing_starts_nothing_more_is_placed \
  an_agent_does_not_start_on_what_is_not_safely_its_own a_name_belongs_to_its_first_key \
  an_agent_that_is_told_so_takes_its_work_with_it all_end_and_nothing_is_left
