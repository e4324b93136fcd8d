#!/bin/bash
# Kills: tests/e2e/kills.sh ROUNDS [SEED]     (FOG_OUT=build/release for many rounds)
#
# Three agents, ten sessions.  Each round applies two changed manifests at the same time and, in the
# middle, kills the controller and two of the agents with -9; all are started again, some at once,
# some late enough for their work to be placed elsewhere.  Now and then the third agent is frozen, some
# times for longer than a lease.  After each round:
#
#   1. both applies were acknowledged, each object's change is in history exactly once, and the fleet
#      declares what was applied;
#   2. everything converges, and what runs on this machine is what is declared: how many, where, and of
#      the newest form; no process without a shim, no shim without a process;
#   3. no exclusive session ran twice at once: each run appends its number to one file per slot ten times
#      a second, and no run may be seen again after its successor;
#   4. controller and agents hold no more descriptors than they need.
#
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${1:-6}
SEED=${2:-$((10#$(date +%N) % 32768))}
RANDOM=$SEED
NAMES=(edge-1 edge-2 edge-3)
DESCRIPTORS_MAX=120 # far above what ten sessions take, far below what a leak takes in 200 rounds
acknowledged=0 interrupted=0 moved=0 frozen=0 descriptors=0 kills=0

declare -A count=() form=() # of each session: replicas (0: every agent), and the newest form

# Beats of a run of exclusive work: what is seen again after its successor ran at the same time.
# shellcheck disable=SC2016
beat() { printf 'while :; do echo "$FOG_LEASE_EPOCH.$FOG_RUN.$$" >>%s/beats-$FOG_SESSION-$FOG_SLOT; sleep 0.1; done' "$T"; }

describe_session() { # NUMBER: the manifest of session-NUMBER
  local name=session-$1 command='exec sleep 100000' line=()
  case $1 in
    [0-3]) line=("replicas: ${count[$1]}") ;;
    [45]) line=('everyAgent: true') ;;
    [6-9]) line=("replicas: ${count[$1]}" 'exclusive: true' 'leaseDuration: 3s') && command=$(beat) ;;
  esac
  ses "$name" "$command" "${line[@]}" 'replaceAfter: 2s' 'retries: 0' 'rollout: {maxUnavailable: 3}' \
    'workload.restart: always' "workload.resources: {cores: 10m}" "workload.environment: {FORM: \"${form[$1]}\"}"
}

# About half of the sessions become something else.
change_some() {
  local i
  for i in {0..9}; do
    case $((RANDOM % 4)) in
      0) form[$i]=$((form[$i] + 1)) ;;
      1)
        case $i in
          [0-3]) count[$i]=$((RANDOM % 4)) ;;
          [6-8]) count[$i]=$((RANDOM % 8 > 0)) ;;
          9) count[$i]=$((1 + RANDOM % 2)) ;;
        esac
        ;;
    esac
  done
}

write_manifests() { # ROUND
  local i half
  for half in a b; do : >"$T/m/$half.yaml"; done
  for i in {0..9}; do
    if [ $((i % 2)) -eq 0 ]; then half=a; else half=b; fi
    describe_session "$i" >>"$T/m/$half.yaml"
  done
}

apply_half() { # HALF ROUND
  fogctl apply -f "$T/m/$1.yaml" --change-cause "round-$2-$1" >"$T/apply-$1.out" 2>"$T/apply-$1.err"
  echo $? >"$T/apply-$1.code"
}

doze() { sleep "$(printf '0.%03d' "$1")"; } # MILLISECONDS below 1000

# --- one round ------------------------------------------------------------------------------------

kill_in_the_middle() { # leaves the two agents in $victims
  local i spare=$((RANDOM % 3)) order=$((RANDOM % 5)) at=$((RANDOM % 25))
  victims=()
  for i in 0 1 2; do [ "$i" -eq "$spare" ] || victims+=("${NAMES[$i]}"); done
  freeze_sometimes "${NAMES[$spare]}"
  doze "$at"
  [ "$order" -le 2 ] && kill_controller
  kill_agent "${victims[0]}"
  doze $((RANDOM % 40))
  [ "$order" -eq 3 ] && kill_controller
  kill_agent "${victims[1]}"
  doze $((RANDOM % 40))
  [ "$order" -eq 4 ] && kill_controller
  kills=$((kills + 3))
}

placed_on() { # AGENT: work that could be elsewhere
  assignments 'select(.spec.agent == "'"$1"'" and .metadata.deletionTimestamp == null) | .metadata.name' |
    grep -v 'session-[45]-'
}

freeze_sometimes() { # AGENT: its thawing is $thaw
  thaw=
  [ $((RANDOM % 4)) -eq 0 ] || return
  frozen=$((frozen + 1))
  kill -STOP "${AGENTS[$1]}"
  { sleep "$((RANDOM % 5)).5" && kill -CONT "${AGENTS[$1]}"; } &
  thaw=$!
}

start_again() {
  local late=$((RANDOM % 4)) pause=$((RANDOM % 300))
  if [ $((RANDOM % 2)) -eq 0 ]; then
    doze "$pause"
    start_controller
    start_agent "${victims[0]}"
  else
    start_agent "${victims[0]}"
    doze "$pause"
    start_controller
  fi
  if [ "$late" -eq 0 ]; then # late enough for its work to be placed elsewhere
    moved=$((moved + 1))
    await 30 "the work of ${victims[1]} is placed elsewhere" equals "" placed_on "${victims[1]}"
  fi
  start_agent "${victims[1]}"
}

applies_were_acknowledged() { # ROUND
  local half
  for half in a b; do
    if [ "$(cat "$T/apply-$half.code")" -ne 0 ]; then
      miss "an apply was not acknowledged: $(cat "$T/apply-$half.err")"
      return 1
    fi
    acknowledged=$((acknowledged + 1))
    grep -q 'trying again' "$T/apply-$half.err" && interrupted=$((interrupted + 1))
    expect 0 fogctl diff -f "$T/m/$half.yaml" || return 1
    api "$objects/history?limit=100" | jq -r --arg why "round-$1-$half" \
      '.items[] | select(.why == $why) | .name' | sort >"$T/in-history"
    sed -nE 's,^harvestsession.fog/(.*) (created|configured)$,\1,p' "$T/apply-$half.out" | sort >"$T/told"
    diff "$T/told" "$T/in-history" >"$T/lost" && continue
    miss "what was acknowledged (<) and what is in history (>) differ"
    cat "$T/lost"
    return 1
  done
}

what_should_run() { # lines "SESSION COUNT FORM"
  local i
  for i in {0..9}; do
    case $i in [45]) echo "session-$i 3 ${form[$i]}" ;; *) echo "session-$i ${count[$i]} ${form[$i]}" ;; esac
  done | grep -v ' 0 [0-9]*$'
}

what_runs() {
  local pid session
  leaders | while read -r pid _ _ _ session _; do
    echo "$session $(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^FORM=//p')"
  done 2>/dev/null | sort | uniq -c | awk '{ print $2, $1, $3 }'
}

machine_is_as_declared() {
  diff <(what_should_run) <(what_runs) || return 1
  [ "$(shims | wc -l)" -eq "$(leaders | wc -l)" ] || { echo "shims and workloads differ in number" && return 1; }
}

all_converged() { converged session-{0..9}; }

nothing_ran_twice_at_once() {
  local file
  for file in "$T"/beats-*; do
    [ -e "$file" ] || continue
    awk '$1 != last { if ($1 in seen) { print FILENAME ": " $1 " is seen again after " last; bad = 1 }
           seen[$1] = 1; last = $1 } END { exit bad }' "$file" || return 1
  done
}

count_descriptors() {
  local pid n
  for pid in "$CONTROLLER" "${AGENTS[@]}"; do
    n=$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)
    [ "$n" -gt "$descriptors" ] && descriptors=$n
    [ "$n" -le "$DESCRIPTORS_MAX" ] || miss "process $pid holds $n descriptors"
  done
}

lap() { # WHAT: how long it took since the last
  laps="$laps, $1 $(($(now_ms) - lap_began))"
  lap_began=$(now_ms)
}

one_round() { # NUMBER
  local appliers
  laps='' lap_began=$(now_ms)
  change_some
  write_manifests "$1"
  apply_half a "$1" &
  appliers=$!
  apply_half b "$1" &
  appliers="$appliers $!"
  kill_in_the_middle
  lap kill
  start_again
  lap start
  # shellcheck disable=SC2086
  wait $appliers $thaw
  lap apply
  applies_were_acknowledged "$1" || return
  await 60 "it converges" all_converged || return
  await 20 "what runs is what is declared" machine_is_as_declared || return
  lap converge
  check_orphans
  nothing_ran_twice_at_once >"$T/twice" || miss "exclusive work ran twice at once: $(head -n 3 "$T/twice")"
  count_descriptors
}

# --- all ------------------------------------------------------------------------------------------

the_fleet_is_up() {
  local i
  for i in {0..9}; do count[$i]=$((i < 4 ? i : 1)) form[$i]=1; done
  start_fleet "${NAMES[@]}"
}

what_is_killed_in_the_middle_of_an_apply_loses_nothing() {
  local round begin
  for ((round = 1; round <= ROUNDS; round++)); do
    begin=$(now_ms)
    one_round "$round"
    if [ -s "$T/misses" ]; then
      echo "# round $round of seed $SEED went wrong; kept: $T"
      E2E_KEEP=1
      return
    fi
    echo "# round $round: $(($(now_ms) - begin)) ms$laps"
  done
}

the_sessions_end_and_nothing_is_left() {
  expect 0 fogctl delete hs --all --timeout 60s
  await 20 "no shim is left" equals "" shims
  is "processes of workloads" "$(workloads | wc -l)" 0
  for name in "${NAMES[@]}"; do stop_agent "$name"; done
  stop_controller
  nothing_is_broken
}

echo "# seed $SEED, $ROUNDS rounds, programs of $BIN"
began=$(now_ms)
it the_fleet_is_up what_is_killed_in_the_middle_of_an_apply_loses_nothing
[ -s "$T/misses" ] && exit 1
beats=$(cat "$T"/beats-* | wc -l) runs=$(cat "$T"/beats-* | sort -u | wc -l)
it the_sessions_end_and_nothing_is_left
echo "# $ROUNDS rounds in $((($(now_ms) - began) / 1000)) s: $kills kills, $acknowledged applies acknowledged and none lost," \
  "$interrupted of them interrupted," \
  "$moved agents that came back late, $frozen that were frozen, $runs runs of exclusive work with $beats beats and none twice at once," \
  "$descriptors descriptors at most in one process"
