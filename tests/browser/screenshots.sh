#!/bin/bash
# make screenshots: pictures of each view, of a fleet in which something happens, into docs/images.  Not a test.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
# shellcheck source=tests/browser/harness.sh
FOG_IMAGES=$(realpath "${1:-docs/images}")
export FOG_IMAGES
. "$(dirname "$0")/../e2e/lib.sh"
. tests/browser/harness.sh

as() { # PERSON COMMAND…
  FOGCTL_USER=$1 expect 0 fogctl "${@:2}"
}

render() { # FRAME: work that takes some seconds to end
  ses render "trap \"\" TERM; while :; do echo \"strip \$FOG_SLOT of frame $1\"; sleep 1; done" 'replicas: 6' 'grace: 10s' \
    'policy: gentle' 'rollout: {maxUnavailable: 2, healthyAfter: 1s}' 'workload.restart: always' 'workload.resources: {cores: 100m, memory: 32Mi}'
}
updated() { [ "$(session render .status.updated)" -ge "$1" ]; }

eleven_agents_of_two_sites() {
  local i
  start_controller || return
  for i in 1 2 3 4 5 6 7 8 9 10 11; do
    make_machine "$T/edge-$i.machine"
    set_machine "$T/edge-$i.machine" charging $((97 - i * 13 % 37))
    set_machine "$T/edge-$i.machine" temperature $((31 + i * 7 % 13))
    start_agent "edge-$i" --sensor-root "$T/edge-$i.machine" --label "site=$([ "$i" -gt 6 ] && echo south || echo north)"
  done
  for i in 1 2 3 4 5 6 7 8 9 10 11; do await 20 "edge-$i is ready" agent_ready "edge-$i"; done
}

somebody_has_been_at_work() {
  as ann apply -f examples/quickstart.yaml --change-cause "the first of it"
  as ann apply -f examples/harvest.yaml --change-cause "guests, where nobody works"
  as ann apply -f - --change-cause "frame 1" < <(render 1)
  await 30 "all of it runs" converged counter beacon keeper sweep render
  as bob cordon edge-6 --change-cause "a new disk"
  as bob scale hs counter --replicas 5 --change-cause "the report is due"
  kill_agent edge-8
  await 20 "edge-8 is missed" agent_lost edge-8
  await 30 "its work is elsewhere" converged render
  as ann apply -f - --change-cause "frame 2" < <(render 2)
  await 30 "a part of it has the new form" updated 2
  set_machine "$T/edge-3.machine" battery 12
}

each_view_has_its_picture() { browse screenshots.mjs; }

the_browser_is_here
it eleven_agents_of_two_sites somebody_has_been_at_work each_view_has_its_picture
