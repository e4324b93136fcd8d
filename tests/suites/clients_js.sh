#!/bin/bash
# The JavaScript client of Kubernetes (@kubernetes/client-node), unmodified, against a live controller: each call once
# (tests/clients/js/calls.mjs), and an informer through restarts and compaction.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

JS=$(realpath "${FOG_CLIENTS:-build/clients}")/js # beside its node_modules, as Node looks for these there
export KUBECONFIG=$T/kubeconfig
script() { exec node "$JS/$1.mjs"; }
heard() { grep -Eqx "$1" "$T/informer"; }
lists() { grep -c '^list ' "$T/informer"; }
retries() { # SESSION NUMBER
  expect 0 api "$objects/harvestsessions/$1" -f -X PATCH -H 'Content-Type: application/merge-patch+json' -d "{\"spec\": {\"retries\": $2}}"
}
make() { expect 0 fogctl apply -f - <<<"$(ses "$1" 'exec sleep 1000' 'replicas: 0')"; } # SESSION
knows() { # SESSION:RETRIES…; asked at each look, and answered by the next
  kill -USR2 "$INFORMER" && equals "knows $1" eval "grep '^knows' '$T/informer' | tail -n 1"
}

the_client_is_here() {
  [ -d "$JS/node_modules/@kubernetes/client-node" ] && command -v node >/dev/null && cp tests/clients/js/*.mjs "$JS" && return
  echo "# no node, or no $JS/node_modules: tests/clients/fetch build/clients gets it"
  echo "not ok ${FUNCNAME[0]}"
  exit 1
}

every_call_is_answered_as_it_expects() {
  start_fleet edge-1 || return
  fogctl kubeconfig --user ann --plain-url >"$KUBECONFIG" || miss "fogctl kubeconfig exited with $?"
  (script calls) >"$T/calls" 2>&1 || miss "node exited with $?"
  cat "$T/calls"
  [ "$(grep -c '^ok ' "$T/calls")" -ge 19 ] || miss "only $(grep -c '^ok ' "$T/calls") calls passed"
}

an_informer_hears_of_everything_once() {
  expect 0 fogctl delete hs --all
  make first
  (script informer) >"$T/informer" 2>&1 &
  INFORMER=$!
  await 10 "it has listed" heard 'add first 5' || return
  make second
  await 10 "it is told of what is new" heard 'add second 5'
  retries second 6
  await 10 "it is told of a change" heard 'update second 6'
  expect 0 fogctl delete hs first
  await 10 "it is told of an end" heard 'delete first 5'
  is "how often it heard that second is there" "$(grep -c '^add second' "$T/informer")" 1
}

it_goes_on_after_a_restart_without_a_list() {
  kill_controller
  await 10 "it notices" heard 'error .*'
  start_controller
  retries second 7
  await 10 "it goes on" heard 'update second 7'
  stop_controller
  start_controller
  retries second 8
  await 10 "it goes on" heard 'update second 8'
  is "how often it listed" "$(lists)" 1
}

compacted_beyond() { [ "$(api /metrics | awk '/^fog_history_compacted_revision / { print $2 }')" -gt "$1" ]; }

it_lists_again_when_what_it_missed_is_compacted() {
  local since
  since=$(api $objects/harvestsessions | jq -r .metadata.resourceVersion)
  kill -STOP "$INFORMER"
  kill_controller
  start_controller --history-keep 1s --history-keep-min 1s || return
  make third
  expect 0 fogctl delete hs second
  await 20 "what it would need is gone" compacted_beyond "$since"
  kill -CONT "$INFORMER"
  await 10 "it knows what is there" heard 'add third 5'
  await 10 "it knows what is not" heard 'delete second 8'
  is "how often it listed" "$(lists)" 2
  retries third 9
  await 10 "it goes on from there" heard 'update third 9'
  await 10 "it has all, and nothing else" knows third:9
}

all_of_it_left_the_programs_whole() {
  end_hard "$INFORMER"
  stop_agent edge-1
  stop_controller
  nothing_is_broken
}

the_client_is_here
it every_call_is_answered_as_it_expects an_informer_hears_of_everything_once it_goes_on_after_a_restart_without_a_list \
  it_lists_again_when_what_it_missed_is_compacted all_of_it_left_the_programs_whole
