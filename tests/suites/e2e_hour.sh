#!/bin/bash
# An hour at the desk of who runs a fleet, by docs/OPERATIONS.md alone, one thing after the other on the same machines: a
# drain, a rollout that goes back by itself, a file and a person who disagree, a full disk, a restore, an upgrade.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

folder=$T/fleet
SMALL= # pid of who keeps the mount namespace in which the controller's state is on a disk of its own

# The disk is there for as long as somebody is in the namespace, whichever controllers come and go.
a_small_disk() {
  local in=(unshare -m)
  "${in[@]}" true 2>/dev/null || in=(unshare -rm)
  "${in[@]}" true 2>/dev/null || { miss "no mount namespace can be made here" && return 1; }
  mkdir -m 700 "$T/controller"
  "${in[@]}" sh -c 'mount -t tmpfs -o size=48m,mode=0700 small "$1" && : >"$1/mounted" && exec sleep 1000' sh "$T/controller" &
  SMALL=$!
  disown "$SMALL" # ended with all that has our home
  STATE=/proc/$SMALL/root$T/controller
  await 5 "the disk is mounted" test -e "$STATE/mounted"
}

there() { nsenter -t "$SMALL" -m -- "$@"; }

start() { # the service: where its operator has put it
  [ -n "$API" ] || pick_addresses || return
  nsenter -t "$SMALL" -m -- "$BIN/fog-controller" --state "$T/controller" --listen "$API" --agents-listen "$LINK" --config-dir "$folder" \
    --heartbeat-min "$HEARTBEAT" >>"$T/controller.log" 2>&1 &
  CONTROLLER=$!
  await 20 "the controller answers" eval 'curl -fs --max-time 2 "http://$API/readyz"'
}

shop() { # COMMAND: what the fleet is for; those who change it say what
  ses shop "$1" 'replicas: 3' 'workload.restart: always' \
    'rollout: {maxUnavailable: 1, progressDeadline: 3s, healthyAfter: 500ms, onFailure: revert}'
}

metric() { curl -fsS --max-time 5 "http://$API/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
diverged() { curl -fsS --max-time 5 "http://$API/metrics" | awk '/^fog_sessions_diverged/ { n += $2 } END { print n + 0 }'; }
pids() { leaders "$1" | cut -d' ' -f1 | sort -n | xargs; }

it_begins_with_a_look() {
  local name
  mkdir -p "$folder"
  printf 'apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: guests}\nspec: {battery: {minPercent: 40}}\n' >"$folder/guests.yaml"
  a_small_disk && start || return
  for name in edge-1 edge-2 edge-3; do start_agent "$name"; done
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name"; done
  shop 'exec sleep 1001' >"$T/m/shop.yaml"
  expect 0 fogctl apply -f "$T/m/shop.yaml" --change-cause 'opened'
  expect 0 fogctl rollout status hs/shop --timeout 20s
  expect 0 fogctl get agents --where '!conditions.Ready'
  is "agents that are not ready" "$out" ""
  expect 0 fogctl get sources
  says "$out" '^directory .* True +InForce'
  await 10 "nothing is wrong" equals 0 diverged
  is "is the store full" "$(metric fog_store_full)" 0
  expect 0 fogctl why hs/shop
}

a_machine_is_given_a_rest() {
  local before
  before=$(where_runs shop)
  is "where it runs" "$before" "edge-1 edge-2 edge-3"
  expect 0 fogctl drain edge-2 --dry-run
  says "$out" '^Plan: .*1 to move' 'from edge-2 to edge-[13]'
  is "after a look" "$(where_runs shop)" "$before"
  expect 0 fogctl drain edge-2 --timeout 30s
  says "$out" '^agent.fog/edge-2 drained$'
  is "what is left there" "$(on_agent shop edge-2)" ""
  stop_agent edge-2
  start_agent edge-2
  await 20 "edge-2 is ready" agent_ready edge-2
  expect 0 fogctl uncordon edge-2
  await 20 "it converges" converged shop
}

a_bad_rollout_goes_back_by_itself() {
  local generation
  generation=$(session shop .metadata.generation)
  shop 'exit 3' >"$T/m/bad.yaml"
  expect 0 fogctl apply -f "$T/m/bad.yaml" --change-cause 'the bad one'
  expect 1 fogctl rollout status hs/shop --timeout 60s
  says "$err" '^error: harvestsession.fog/shop was reverted'
  await 20 "it converges" converged shop
  is "its command" "$(session shop '.spec.workload.command[2]')" "exec sleep 1001"
  is "generations since" "$(($(session shop .metadata.generation) - generation))" 2
  expect 0 fogctl rollout history hs/shop
  says "$out" ' the bad one$' ' fog-controller +(no progress for 3s|its replicas were given up)'
  expect 0 fogctl events
  says "$out" 'Reverted .*/shop '
  is "replicas that never went" "$(pids shop | wc -w)" 3
}

file_and_person_disagree() {
  printf '%s\n' 'apiVersion: fog/v1' 'kind: HarvestPolicy' 'metadata: {name: guests}' 'spec: {battery: {minPercent: 60}}' >"$T/m/guests.yaml"
  expect 0 fogctl apply -f "$T/m/guests.yaml"
  sed -i 's/40/30/' "$folder/guests.yaml"
  await 10 "the conflict" eval 'fogctl get conflicts | grep -Eq "minPercent +fogctl"'
  is "who won" "$(api "$objects/harvestpolicies/guests" | jq .spec.battery.minPercent)" 60
  expect 0 fogctl release hp/guests
  await 10 "the file counts again" equals 30 eval 'api "$objects/harvestpolicies/guests" | jq .spec.battery.minPercent'
  await 10 "no conflict is left" equals "" eval 'fogctl get conflicts -o name'
}

refused_as_full() { # a change that is new each time; what it says of itself
  printf 'apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: full}\nspec: {battery: {minPercent: %s}}\n' $((RANDOM % 90 + 5)) >"$T/m/full.yaml"
  ! fogctl apply -f "$T/m/full.yaml" --retry 0s >"$T/refused" 2>&1 && grep -Eq 'full|space' "$T/refused"
}
the_disk_is_full() {
  local before
  before=$(pids shop)
  dd if=/dev/zero of="$STATE/fill" bs=64k status=none 2>/dev/null
  await 30 "writes are refused" refused_as_full || return
  await 10 "it is known" eval 'refused_as_full && [ "$(metric fog_store_full)" = 1 ]'
  expect 0 fogctl get hs/shop
  is "what runs" "$(pids shop)" "$before"
  rm "$STATE/fill"
  await 30 "writes are taken again" fogctl label agent/edge-1 room=again --overwrite
  await 10 "it is known" equals 0 metric fog_store_full
}

what_was_deleted_is_put_back() {
  local before
  before=$(pids shop)
  touch "$T/night.backup.part" && chmod 0644 "$T/night.backup.part" # as of one that was ended
  expect 0 fogctl backup "$T/night.backup"
  is "who may read it" "$(stat -c %a "$T/night.backup")" 600
  says "$out" 'era 1, revision [0-9]+, [0-9]+ bytes'
  expect 0 fogctl delete hs/shop --timeout 20s
  await 10 "its work ends" equals "" pids shop
  stop_controller
  expect 0 there "$BIN/fog-controller" restore --state "$T/controller" --from "$T/night.backup"
  says "$out" 'restored: store .* its era is 2 now' 'what was here before is in '
  expect 0 there "$BIN/fog-controller" check --state "$T/controller"
  says "$out" '^era +2$' '^ok: nothing is wrong'
  start || return
  for name in edge-1 edge-2 edge-3; do await 30 "$name is ready" agent_ready "$name"; done
  await 30 "it runs again" eval '[ "$(pids shop | wc -w)" = 3 ] && converged shop' || return
  says_not "$(pids shop)" "^$before$"
  expect 0 fogctl history hs/shop
  says "$out" 'the bad one' 'opened'
}

an_upgrade_disturbs_no_work() {
  local before rows
  before=$(pids shop)
  rows=$(fogctl history hs/shop | wc -l)
  stop_controller
  start || return
  for name in edge-1 edge-2 edge-3; do stop_agent "$name" && start_agent "$name"; done
  for name in edge-1 edge-2 edge-3; do await 30 "$name is ready" agent_ready "$name"; done
  await 20 "it converges" converged shop
  is "what runs" "$(pids shop)" "$before"
  is "rows of history" "$(fogctl history hs/shop | wc -l)" "$rows"
  expect 0 fogctl delete hs --all --timeout 20s
  await 10 "no shim is left" equals "" shims
}

it it_begins_with_a_look a_machine_is_given_a_rest a_bad_rollout_goes_back_by_itself file_and_person_disagree the_disk_is_full \
  what_was_deleted_is_put_back an_upgrade_disturbs_no_work
