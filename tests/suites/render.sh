#!/bin/bash
# A real job, on machines that are not there for it: examples/render, its picture in strips on four agents whose
# batteries empty, whose users come back, and of which everything is killed with -9 now and then, the controller too.
# The picture is, byte for byte, that of a single machine.  RENDER_TASKS, RENDER_ROUNDS: for a longer run.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"
. tools/machines

TASKS=${RENDER_TASKS:-36}
ROUNDS=${RENDER_ROUNDS:-3}
NAMES=(hill-1 hill-2 hill-3 hill-4)

# The example's own files; only the scene is smaller, and the policy's waits are short.
prepare() {
  mkdir -p "$T/render"
  cp examples/render/render.py "$T/render/"
  sed -e 's/"width": [0-9]*/"width": 48/; s/"height": [0-9]*/"height": '"$TASKS"'/; s/"rays": [0-9]*/"rays": 120/' \
    examples/render/scene.json >"$T/render/scene.json"
  expect 0 fogctl blob put "$T/render/render.py" "$T/render/scene.json" || return
  local program scene
  { read -r program && read -r scene; } <<<"$out"
  says "$(cat examples/render/render.yaml)" "$program" # what the example names is what lies beside it
  expect 0 fogctl blob put examples/render/scene.json || return
  says "$(cat examples/render/render.yaml)" "$out"
  sed -e "s/$out/$scene/; s/count: [0-9]*/count: $TASKS/; s/parallelism: [0-9]*/parallelism: 6/; s/retries: [0-9]*/retries: 50/" \
    -e 's/startAfterIdle: [0-9a-z]*/startAfterIdle: 2s/; s/continueAfterIdle: [0-9a-z]*/continueAfterIdle: 1s/' \
    -e 's/^  policy: guests/&\n  replaceAfter: 2s/' examples/render/render.yaml >"$T/m/render.yaml"
}

a_fleet_of_guests_is_up() {
  local name
  start_controller || return
  for name in "${NAMES[@]}"; do
    make_machine "$T/machine-$name"
    start_agent "$name" --sensor-root "$T/machine-$name"
  done
  for name in "${NAMES[@]}"; do await 20 "$name is ready" agent_ready "$name"; done
}

field() { fogctl get hs/render -o json | jq -r "$1"; }
done_count() { fogctl get hs/render -o json | jq -r '.status.tasks.done // "0/"' | cut -d/ -f1; }
has_done() { [ "$(done_count)" -ge "$1" ]; }

# All that runs on this machine for it: the agents, the shims, the strips, the controller.
kill_everything() {
  local name pid
  kill_controller
  for name in "${NAMES[@]}"; do [ -n "${AGENTS[$name]:-}" ] && kill_agent "$name"; done
  for pid in $(shims) $(leaders render | cut -d' ' -f1); do kill -KILL "$pid" 2>/dev/null; done
  start_controller || return
  for name in "${NAMES[@]}"; do start_agent "$name"; done
}

is_empty() { ! assignments 'select(.spec.session == "render" and (.status.phase == "Running")) | .spec.agent' | grep -qx "$1"; }

a_picture_is_begun() {
  prepare || return
  expect 0 fogctl apply -f "$T/m/render.yaml"
  await 30 "the first strips are done" has_done 2
}

runs_of() { grep -c ' starting "' "$T/$1.log"; }

machines_are_somebodys() {
  local begun
  set_machine "$T/machine-hill-1" battery 38
  await 10 "hill-1 has seen it" eval '"$BIN/fog-agent" status --state "$T/hill-1" | grep -q "battery 38 %"'
  await 10 "an empty battery is spared" is_empty hill-1
  begun=$(runs_of hill-1)
  await 10 "who came back has the machine" eval 'set_machine "$T/machine-hill-2" user && is_empty hill-2'
  await 30 "the others go on" has_done $(($(done_count) + 3))
  is "strips that began on an empty battery" $(($(runs_of hill-1) - begun)) 0
}

all_is_killed_again_and_again() {
  local i reached free=$((TASKS - 6)) # what is held on the empty machine waits there
  for ((i = 0; i < ROUNDS; i++)); do
    has_done "$free" && break
    kill_everything || return
    reached=$(done_count)
    [ "$reached" -ge "$free" ] || await 30 "it goes on" has_done $((reached + 1))
  done
  [ "$i" -gt 0 ] || miss "nothing was killed before it was done"
  set_machine "$T/machine-hill-1" charging 80
}

the_picture_is_that_of_one_machine() {
  await 300 "all strips are done" has_done "$TASKS" || return
  expect 0 fogctl wait hs/render --for=condition=Complete --timeout 20s
  is "what failed" "$(field '.status.tasks.failedIndexes')" ""
  expect 0 fogctl results render --to "$T/strips"
  expect 0 "$T/render/render.py" join "$T"/strips/*/strip -o "$T/many.png"
  expect 0 "$T/render/render.py" whole "$T/render/scene.json" "$TASKS" -o "$T/one.png"
  expect 0 cmp "$T/many.png" "$T/one.png"
}

nothing_is_left() {
  await 10 "no strip runs" not grep -q . <(workloads)
  check_orphans
  nothing_is_broken
}

it a_fleet_of_guests_is_up a_picture_is_begun machines_are_somebodys all_is_killed_again_and_again \
  the_picture_is_that_of_one_machine nothing_is_left
