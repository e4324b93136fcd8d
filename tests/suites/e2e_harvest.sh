#!/bin/bash
# Machines that are somebody's: what their sensors tell is made up (tools/machines), all else is real.  A battery falls below
# the policy, a machine heats up, a user comes back, an owner pauses: work is held, everybody can see why, and it goes on.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"
# shellcheck source=tools/machines
. tools/machines

start_on_machine() { # NAME
  make_machine "$T/$1.machine"
  start_agent "$1" --sensor-root "$T/$1.machine"
}

work_of() { assignments "select(.spec.agent == \"$1\" and .spec.session == \"sweep\") | $2"; } # AGENT FILTER
steps() { fogctl logs "asg/$(work_of "$1" .metadata.name)" --tail 1; }

three_machines_work() {
  local name
  start_controller || return
  for name in edge-1 edge-2 edge-3; do start_on_machine "$name"; done
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name" || return; done
  sed 's/AfterIdle: 4s/AfterIdle: 2s/g' examples/harvest.yaml | apply
  await 20 "every machine works" eval 'fogctl why hs/sweep && [ "$(where_runs sweep | wc -w)" = 3 ]'
  expect 0 fogctl why hs/sweep
  says "$out" '^harvestsession.fog/sweep is as declared$'
}

# What get, why and events show of work that is held; each is asked for until it does.
got() { fogctl get asg --no-headers | grep -Eq "^assignment.fog/sweep-$1-.* Suspended +.* $2 |^sweep-$1-.* Suspended +.* $2 "; }
explained() { fogctl why hs/sweep | grep -Eq "^  assignment/sweep-$1-.* Suspended on $1 +$2 "; }
told() { fogctl get events --field-selector "involvedObject.name=sweep,reason=$2" --no-headers | grep -q " on $1 is held back: "; }

is_held() { # AGENT REASON READING REMEDY: seen within a while, which is printed
  local began way
  began=$(now_ms)
  for way in got explained told; do
    await 20 "$1 shows $2: $way" "$way" "$1" "$2" || return
    echo "# $2: $way after $(($(now_ms) - began)) ms"
  done
  expect 1 fogctl why hs/sweep
  says "$out" '^harvestsession.fog/sweep is as declared, and held back$' "^      .*$3" \
    "^  in the way: $2 of assignment/sweep-$1-" "^  what would help: .*$4"
  expect 1 fogctl why "agent/$1" -o json
  is "what is in the way of $1" "$(jq -r '.inTheWay.reason' <<<"$out")" "$2"
  is "the others" "$(fogctl get asg --no-headers | grep -c Running)" 2
}

# It began to be so after the machine changed, and before we saw it.
is_held_since() { # AGENT SECONDS-SINCE-1970
  local since
  since=$(fogctl why hs/sweep -o json | jq -r '.inTheWay.since | fromdate')
  [ "$since" -ge "$2" ] && [ "$since" -le "$(date +%s)" ] || miss "held since $since, and the machine changed at $2"
}

goes_on_freely() { # AGENT
  local before
  await 30 "nothing is in the way of $1" fogctl why hs/sweep || return
  before=$(steps "$1")
  await 10 "it goes on working" eval "[ '$before' != \"\$(steps $1)\" ]"
  await 10 "it is told" eval "fogctl get events --field-selector involvedObject.name=sweep,reason=Resumed | grep -q ' on $1 runs again'"
}

battery_of() { api "$objects/agents/$1" | jq -r .status.sensors.battery; } # AGENT

# Of work that would start, and of work that would be under another policy.
a_plan_foresees_it() {
  sed 's/name: sweep/name: another/; s/AfterIdle: 4s/AfterIdle: 2s/g' examples/harvest.yaml >"$T/m/another.yaml"
  await 10 "the reading came, too, with a heartbeat" equals 38 battery_of edge-1
  expect 1 fogctl diff -f "$T/m/another.yaml"
  is "what would be held" "$(grep -c 'would be' <<<"$out")" 1
  says "$out" '^        would be suspended: BatteryLow: battery 38 % is below 50 %; goes on at 60 %$'
  sed 's/minPercent: 50, resumePercent: 60/minPercent: 95, resumePercent: 96/' "$T/m/another.yaml" >"$T/m/strict.yaml"
  expect 1 fogctl diff -f "$T/m/strict.yaml"
  # All of the new session, and of sweep what is not held for that reason already.
  is "what a stricter policy would hold" "$(grep -c 'would be suspended: BatteryLow' <<<"$out")" 5
}

a_battery_falls_below_the_policy() {
  local before
  before=$(date +%s)
  set_machine "$T/edge-1.machine" battery 38
  is_held edge-1 BatteryLow '38 % is below 50 %' 'charge the machine'
  is_held_since edge-1 "$before"
  a_plan_foresees_it
  set_machine "$T/edge-1.machine" charging 64
  goes_on_freely edge-1
}

a_machine_heats_up() {
  local before
  before=$(date +%s)
  set_machine "$T/edge-2.machine" temperature 48
  await 20 "it is slowed down" eval 'fogctl why hs/sweep | grep -Eq "Running slowly on edge-2 +Overheated "'
  set_machine "$T/edge-2.machine" temperature 58
  is_held edge-2 Overheated '58 °C' 'cool down'
  is_held_since edge-2 "$before"
  set_machine "$T/edge-2.machine" temperature 40
  goes_on_freely edge-2
}

types_until_seen() { # AGENT
  : >"$T/typing"
  while [ -e "$T/typing" ]; do set_machine "$T/$1.machine" user && sleep 0.5; done
}

a_user_comes_back() {
  local before typist
  before=$(date +%s)
  types_until_seen edge-3 &
  typist=$!
  is_held edge-3 UserActive 'somebody used it' 'nobody has used the machine'
  is_held_since edge-3 "$before"
  rm "$T/typing"
  wait "$typist"
  goes_on_freely edge-3
}

an_owner_pauses() {
  local before
  before=$(date +%s)
  expect 0 "$BIN/fog-agent" pause --state "$T/edge-1"
  is_held edge-1 OwnerPaused owner 'fog-agent resume'
  is_held_since edge-1 "$before"
  expect 0 "$BIN/fog-agent" resume --state "$T/edge-1"
  goes_on_freely edge-1
}

# The events of one machine stand in the order in which things happened.
events_stand_in_their_order() {
  local order
  order=$(api "/api/v1/events?limit=500" | jq -r '[.items[] | select(.involvedObject.name == "sweep" and
    (.message | contains("is held back")) and (.reason | IN("BatteryLow", "Overheated", "UserActive", "OwnerPaused")))] | sort_by(.firstTimestamp) | [.[].reason] | join(" ")')
  is "what happened" "$order" "BatteryLow Overheated UserActive OwnerPaused"
}

# An agent that has no controller holds its work all the same, and says so when there is one again.
without_a_controller_it_is_the_same() {
  local pid
  pid=$(on_agent sweep edge-2)
  kill_controller
  set_machine "$T/edge-2.machine" battery 12
  await 10 "it is frozen" is_frozen "$pid"
  start_controller || return
  await 20 "it is back" agent_ready edge-2
  is_held edge-2 BatteryLow '12 % is below 50 %' 'charge the machine'
  set_machine "$T/edge-2.machine" charging 90
  goes_on_freely edge-2
}

all_ends() {
  local name
  expect 0 fogctl delete hs --all --timeout 20s
  for name in edge-1 edge-2 edge-3; do stop_agent "$name"; done
  stop_controller
  nothing_is_broken
}

it three_machines_work a_battery_falls_below_the_policy a_machine_heats_up a_user_comes_back an_owner_pauses \
  events_stand_in_their_order without_a_controller_it_is_the_same all_ends
