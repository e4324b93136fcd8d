#!/bin/bash
# Configuration of real daemons: where a value comes from, what is refused and how, and a SIGHUP that is good, bad, or cannot
# take effect.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

said() { [ "$(grep -c -e "$3" "$T/$1.log")" -ge "$2" ]; } # LOG TIMES PATTERN
refusals=0
refuses() { # PID LOG PATTERN…: the signal changes nothing, and the log says why
  local pid=$1 log=$2 pattern
  shift 2
  refusals=$(($(grep -c 'the configuration stays as it was' "$T/$log.log") + 1))
  kill -HUP "$pid"
  await 5 "$log says that it stays" said "$log" "$refusals" 'the configuration stays as it was' || return
  for pattern in "$@"; do said "$log" 1 "$pattern" || miss "no $pattern in $log.log"; done
}
takes() { # PID LOG PATTERN: the signal is followed by that line
  kill -HUP "$1"
  await 5 "$2 says $3" said "$2" 1 "$3"
}

flags_outrank_the_environment_and_that_the_file() {
  printf '%s\n' 'name = of-the-file' 'bursts-max = 7' 'blob-keep = 60m' >"$T/controller.conf"
  FOG_CONTROLLER_NAME=of-the-environment expect 0 "$BIN/fog-controller" config show --state "$T/x" --blob-keep 2h
  says "$out" '^name +of-the-environment +FOG_CONTROLLER_NAME$' "^bursts-max +7 +$T/controller.conf:2$" \
    '^blob-keep +2h +--blob-keep$' '^blob-quota +16Gi +default$'
  expect 0 "$BIN/fog-controller" config check --state "$T/x"
  says "$out" "^ok: $T/controller.conf$"
}

all_mistakes_are_told_at_once_with_their_places() {
  printf '%s\n' 'bursts-max = many' '' '  blob-kep = 1h' 'state' >"$T/wrong.conf"
  expect 1 "$BIN/fog-controller" config check --config "$T/wrong.conf" --listen nowhere
  says "$err" 'wrong.conf:1:14: error: bursts-max: "many" is not a number from 1' \
    'wrong.conf:3:3: error: unknown option "blob-kep", did you mean blob-keep?' 'wrong.conf:4:1: error: "state" is not NAME = VALUE' \
    '^error: --listen: "nowhere" is not IP:PORT' '^fog-controller: 4 options cannot be'
  expect 2 "$BIN/fog-controller" --state "$T/never" --config "$T/wrong.conf"
  [ ! -e "$T/never" ] || miss "it began all the same"
  printf 'hours = 25:00-26:00\ncores = none\n' >"$T/wrong.conf"
  expect 1 "$BIN/fog-agent" config check --file "$T/wrong.conf" --name x
  says "$err" 'wrong.conf:1:9: error: hours: ' 'wrong.conf:2:9: error: cores: '
}

a_controller_reads_its_file_anew() {
  : >"$T/controller.conf"
  start_controller || return
  printf '%s\n' 'log-format = json' 'bursts-max = 9' 'blob-quota = 1Mi' >"$T/controller.conf"
  takes "$CONTROLLER" controller 'was read again: bursts-max, blob-quota, log-format'
  tail -n 1 "$T/controller.log" | jq -e '.level == "info" and .room == "controller/io/loop" and .fields.changed == "3"' >/dev/null ||
    miss "its last line is no such object"
  head -c 2000000 /dev/zero >"$T/large"
  expect 1 fogctl blob put "$T/large"
  says "$err" 'quota|room|507'
  printf '%s\n' 'log-format = text' 'blob-quota = 1Gi' >"$T/controller.conf"
  takes "$CONTROLLER" controller 'was read again: bursts-max, blob-quota, log-format changed=3'
  expect 0 fogctl blob put "$T/large"
}

a_controller_keeps_what_it_has_when_anything_is_wrong() {
  printf '%s\n' 'blob-quota = 1Mi' 'name = another' 'log-level = loud' >"$T/controller.conf"
  refuses "$CONTROLLER" controller 'controller.conf:3:13: log-level: "loud" is not' \
    'controller.conf:2:8: name: was "fog" and would be "another": that needs a restart'
  head -c 2000001 /dev/zero >"$T/larger"
  expect 0 fogctl blob put "$T/larger"
  : >"$T/controller.conf"
}

an_agent_obeys_its_owners_new_rules() {
  local root=$T/root
  cp -r tests/fixtures/sensors/laptop "$root" && touch -d '1 hour ago' "$root"/dev/input/* || return
  start_agent edge --sensor-root "$root" || return
  await 15 "it is there" agent_ready edge || return
  apply <<END
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: busy}
spec: {workload: {command: [/bin/sh, -c, "exec sleep 1000"]}}
END
  await 15 "it works" equals Running assignments .status.phase || return
  printf '%s\n' 'battery-min = 96' 'label = site=north' >"$T/agent.conf" # the laptop's battery has less
  takes "${AGENTS[edge]}" edge 'was read again: label, battery-min changed=2'
  await 10 "its owner's rule holds it" equals BatteryLow assignments .status.reason
  await 10 "its label is known" equals north eval "fogctl get agent edge -o json | jq -r '.metadata.labels[\"reported/site\"]'"
}

an_agent_keeps_the_rules_it_has_when_others_cannot_be() {
  printf '%s\n' 'battery-min = 5' 'blob-cache = 1Gi' >"$T/agent.conf"
  refuses "${AGENTS[edge]}" edge 'agent.conf:2:14: blob-cache: was "4Gi" and would be "1Gi": that needs a restart'
  printf '%s\n' 'battery-min = 500' 'nonsense' >"$T/agent.conf"
  refuses "${AGENTS[edge]}" edge 'agent.conf:1:15: battery-min: "500" is not' 'agent.conf:2:1: "nonsense" is not NAME = VALUE'
}

an_agent_rolls_back_what_cannot_take_effect() {
  mv "$T/root" "$T/root.away"
  printf '%s\n' 'battery-min = 5' 'exclusive-programs = blender' >"$T/agent.conf"
  refuses "${AGENTS[edge]}" edge 'the configuration cannot take effect: cannot look for programs' || return
  mv "$T/root.away" "$T/root"
  expect 0 "$BIN/fog-agent" status --state "$T/edge"
  says "$out" 'Suspended +BatteryLow'
  takes "${AGENTS[edge]}" edge 'was read again: label, battery-min, exclusive-programs'
  await 15 "it works again" equals Running assignments .status.phase
}

all_end_and_nothing_is_left() {
  expect 0 fogctl delete hs --all --no-wait
  await 20 "no workload is left" equals "" workloads
  stop_agent edge
  stop_controller
  nothing_is_broken
}

it flags_outrank_the_environment_and_that_the_file all_mistakes_are_told_at_once_with_their_places a_controller_reads_its_file_anew \
  a_controller_keeps_what_it_has_when_anything_is_wrong an_agent_obeys_its_owners_new_rules \
  an_agent_keeps_the_rules_it_has_when_others_cannot_be an_agent_rolls_back_what_cannot_take_effect \
  all_end_and_nothing_is_left
