#!/bin/bash
# What workloads need comes to them: artifacts, fetched, verified and put in place before the start, whatever happens on
# the way.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

phase() { session_assignments "$1" | jq -r '[.status.phase, .status.reason] | map(. // "") | join(" ")'; } # SESSION
session_assignments() { api "$objects/assignments?fieldSelector=spec.session%3D$1" | jq -c '.items[]'; }
is_phase() { [ "$(phase "$1")" = "$2" ]; }
put() { fogctl blob put "$1"; } # FILE
# The session prints what it finds; its artifacts are "PATH DIGEST" each.
needs() { # NAME COMMAND PATH DIGEST [PATH DIGEST…]
  local name=$1 command=$2 list=
  shift 2
  while [ $# -gt 0 ]; do list+="{path: $1, digest: \"$2\"}, " && shift 2; done
  ses "$name" "$command" 'replicas: 1' 'workload.restart: never' "workload.artifacts: [$list]" | apply
}
log_of() { fogctl logs "hs/$1"; }
cached() { echo "$T/edge-1/blobs/${1:8:2}/${1:10}"; } # DIGEST

artifacts_are_in_place_when_it_starts() {
  start_fleet edge-1 || return
  head -c 3000000 /dev/urandom >"$T/input"
  printf '#!/bin/sh\necho it runs\n' >"$T/tool"
  INPUT=$(put "$T/input") TOOL=$(put "$T/tool")
  needs first 'b2sum <data/deep/input | cut -c1-64; bin/tool; echo mine >>data/deep/input' \
    data/deep/input "$INPUT" bin/tool "$TOOL"
  await 15 "it ends well" is_phase first "Succeeded Completed"
  says "$(log_of first)" "^${INPUT#blake2b:}$" '^it runs$'
  says "$(b2sum "$(cached "$INPUT")")" "^${INPUT#blake2b:}" # what it wrote was its own copy
}

what_is_cached_is_not_fetched_again_and_what_is_damaged_is() {
  local seen
  seen=$(stat -c %i "$(cached "$INPUT")")
  needs second 'b2sum <in | cut -c1-64' in "$INPUT"
  await 15 "it ends well" is_phase second "Succeeded Completed"
  says "$(log_of second)" "^${INPUT#blake2b:}$"
  is "the file" "$(stat -c %i "$(cached "$INPUT")")" "$seen"
  printf 'not these' | dd of="$(cached "$INPUT")" bs=1 seek=5 conv=notrunc 2>/dev/null
  needs third 'b2sum <in | cut -c1-64' in "$INPUT"
  await 15 "it ends well" is_phase third "Succeeded Completed"
  says "$(log_of third)" "^${INPUT#blake2b:}$"
  rm -rf "$T/edge-1/blobs"/??
  needs fourth 'b2sum <in | cut -c1-64' in "$INPUT"
  await 15 "it ends well" is_phase fourth "Succeeded Completed"
  says "$(log_of fourth)" "^${INPUT#blake2b:}$"
}

what_is_missing_is_said_and_awaited() {
  printf 'late' >"$T/late"
  local late
  late=blake2b:$(b2sum "$T/late" | cut -c1-64)
  needs waits 'cat in' in "$late"
  await 15 "it says what is missing" is_phase waits "Starting ArtifactMissing"
  says "$(session_assignments waits | jq -r .status.message)" "^$late: the controller does not have it"
  is "put" "$(put "$T/late")" "$late"
  await 30 "it ends well" is_phase waits "Succeeded Completed"
  is "log" "$(log_of waits)" late
}

a_fetch_outlives_the_agent_and_the_controller() {
  head -c 20000000 /dev/urandom >"$T/large"
  local large
  large=$(put "$T/large")
  kill_agent edge-1
  needs large 'b2sum <in | cut -c1-64' in "$large"
  start_agent edge-1
  await 20 "the fetch began" eval 'ls "$T"/edge-1/blobs/incoming | grep -q . || [ -f "$(cached "$large")" ]'
  kill_agent edge-1
  kill_controller
  start_controller || return
  start_agent edge-1
  await 30 "it ends well" is_phase large "Succeeded Completed"
  says "$(log_of large)" "^${large#blake2b:}$"
  is "left over" "$(find "$T/edge-1/blobs/incoming" "$T"/edge-1/work/*/inputs 2>/dev/null | grep -v 'incoming$')" ""
}

made_by() { session_assignments "$1" | jq -r '.status.outputs[]? | [.path, .digest] | join(" ")' | sort | xargs; } # SESSION
makes() { # NAME COMMAND PATH…: an assignment that ends, and has outputs
  local name=$1 command=$2 list=
  shift 2
  for path in "$@"; do list+="{path: $path}, "; done
  ses "$name" "$command" 'replicas: 1' 'workload.restart: never' "workload.outputs: [$list]" | apply
}
b2() { printf '%s' "$1" | b2sum | cut -c1-64; } # TEXT

outputs_are_stored_before_it_has_succeeded() {
  makes made 'mkdir -p a/b; printf one >a/b/c; printf two >d' a/b/c d
  await 20 "it ends well" is_phase made "Succeeded Completed"
  is "outputs" "$(made_by made)" "a/b/c blake2b:$(b2 one) d blake2b:$(b2 two)"
  is "bytes" "$(fogctl blob get "blake2b:$(b2 two)" -O -)" two
  says "$(fogctl blob list)" "$(b2 one) +3 .*Assignment/made-0-"
  await 10 "the run's folder goes" eval '[ -z "$(find "$T/edge-1/work" -name d)" ]'
}

an_output_that_is_missing_or_no_file_is_a_failure() {
  makes missing 'printf one >there' there missing
  makes sly 'ln -s /etc/passwd link' link
  makes pipe 'mkfifo pipe' pipe
  local name
  for name in missing sly pipe; do
    await 20 "$name fails" is_phase "$name" "Failed OutputMissing"
  done
  says "$(session_assignments missing | jq -r .status.message)" '"missing" is not there'
}

outputs_outlive_everything() {
  # Nothing can be stored while the controller is away; then its agent dies, too.
  makes late 'while [ ! -e '"$T"'/go ]; do sleep 0.05; done; head -c 5000000 /dev/zero >large' large
  await 20 "it runs" is_phase late "Running "
  kill_controller
  touch "$T/go"
  await 20 "the agent tries" grep -q 'outputs of' "$T/edge-1.log"
  kill_agent edge-1
  start_agent edge-1
  start_controller || return
  await 30 "it ends well" is_phase late "Succeeded Completed"
  expect 0 fogctl blob get "$(made_by late | cut -d' ' -f2)" -O "$T/got"
  cmp "$T/got" <(head -c 5000000 /dev/zero) || miss "other bytes"
}

removed_work_leaves_nothing() {
  local none=blake2b:0000000000000000000000000000000000000000000000000000000000000009
  needs gone 'cat in' in "$none"
  await 15 "it says what is missing" is_phase gone "Starting ArtifactMissing"
  expect 0 fogctl delete hs/gone
  is "left" "$(find "$T"/edge-1/work/*/inputs 2>/dev/null)" ""
  stop_agent edge-1
  stop_controller
  nothing_is_broken
}

it artifacts_are_in_place_when_it_starts what_is_cached_is_not_fetched_again_and_what_is_damaged_is \
  what_is_missing_is_said_and_awaited a_fetch_outlives_the_agent_and_the_controller \
  outputs_are_stored_before_it_has_succeeded an_output_that_is_missing_or_no_file_is_a_failure outputs_outlive_everything \
  removed_work_leaves_nothing
