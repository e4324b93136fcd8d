#!/bin/bash
# Every verb of fogctl and its conventions, against a live fleet of three.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

revision() { api $objects/harvestsessions | jq -r .metadata.resourceVersion; }
ledger() { api "$objects/history?limit=1" | jq -r '.items[0].revision'; } # newest change that was declared

fleet_manifest() {
  ses hello 'echo "hello from $FOG_SLOT"; exec sleep 1000' 'replicas: 2' 'workload.restart: always'
  ses everywhere 'exec sleep 1000' 'everyAgent: true'
}

three_agents_connect() {
  start_fleet edge-1 edge-2 edge-3 || return
  expect 0 fogctl get agents
  says "$out" '^NAME +READY +CORES' '^edge-1 +True' '^edge-2 +True' '^edge-3 +True'
}

nothing_found_is_no_error() {
  expect 0 fogctl get hs
  is "standard output" "$out" ""
  is "standard error" "$err" "No resources found"
}

diff_says_what_would_happen_and_exits_with_1() {
  fleet_manifest >"$T/m/fleet.yaml"
  expect 1 fogctl diff -f "$T/m/fleet.yaml"
  says "$out" '^--- live/HarvestSession.hello' '^\+  replicas: 2' '^Plan: 5 to start, 0 to restart' \
    '\+ +start +everywhere/edge-2 on edge-2' '--check-revision [0-9]+$'
  expect 0 fogctl get hs
  is "what a diff made" "$out" ""
  expect 1 fogctl diff -f "$T/m/fleet.yaml" --no-plan
  says_not "$out" '^Plan:'
  FOGCTL_EXTERNAL_DIFF="diff -r -q" expect 1 fogctl diff -f "$T/m/fleet.yaml"
  says "$out" '^Only in /tmp/'
  expect 2 fogctl diff -f "$T/m/none.yaml"
  says "$err" 'none.yaml: .*No such file'
}

a_dry_run_changes_nothing() {
  local before
  before=$(revision)
  expect 0 fogctl apply -f "$T/m/fleet.yaml" --dry-run
  says "$out" '^harvestsession.fog/hello created \(server dry run\)$'
  expect 0 fogctl apply -f "$T/m/fleet.yaml" --dry-run=client
  says "$out" '^harvestsession.fog/hello valid \(dry run\)$'
  expect 2 fogctl apply -f "$T/m/fleet.yaml" --dry-run=perhaps
  is revision "$(revision)" "$before"
}

apply_creates_then_changes_then_leaves_alone() {
  expect 2 fogctl apply -f "$T/m/fleet.yaml" --detailed-exitcode --user ann --change-cause "first of all"
  is "what it said" "$out" "harvestsession.fog/hello created
harvestsession.fog/everywhere created"
  await 20 "it converges" converged hello everywhere || return
  is "hello runs on" "$(where_runs hello | wc -w)" 2
  is "everywhere runs on" "$(where_runs everywhere)" "edge-1 edge-2 edge-3"
  expect 0 fogctl diff -f "$T/m/fleet.yaml"
  is "the diff after" "$out" ""
  sed -i 's/replicas: 2/replicas: 3/' "$T/m/fleet.yaml"
  expect 2 fogctl apply -f "$T/m/fleet.yaml" --detailed-exitcode --change-cause "one more"
  is "what it said" "$out" "harvestsession.fog/hello configured
harvestsession.fog/everywhere unchanged"
  await 20 "it converges" converged hello
}

an_identical_apply_makes_no_revision() {
  local before
  before=$(ledger)
  expect 0 fogctl apply -f "$T/m/fleet.yaml" --detailed-exitcode
  says_not "$out" created configured
  is "the newest change" "$(ledger)" "$before"
}

a_plan_is_carried_out_exactly_or_not_at_all() {
  local at
  sed 's/replicas: 3/replicas: 1/' "$T/m/fleet.yaml" >"$T/m/fewer.yaml"
  expect 1 fogctl diff -f "$T/m/fewer.yaml"
  at=$(sed -n 's/.*--check-revision //p' <<<"$out")
  ses meanwhile 'exec sleep 1000' 'replicas: 0' | apply
  expect 1 fogctl apply -f "$T/m/fewer.yaml" --check-revision "$at"
  says "$err" '^error: '
  is "replicas after the refusal" "$(session hello .spec.replicas)" 3
  expect 1 fogctl diff -f "$T/m/fewer.yaml"
  at=$(sed -n 's/.*--check-revision //p' <<<"$out")
  expect 0 fogctl apply -f "$T/m/fewer.yaml" --check-revision "$at"
  await 20 "two have ended" equals 1 eval 'where_runs hello | wc -w'
  await 20 "that is told" converged hello
}

get_prints_what_is_asked_for() {
  expect 0 fogctl get hs
  says "$out" '^NAME +DESIRED +READY +UPDATED +DONE +CONVERGED +REASON +AGE' '^hello +1 +1 +1 +True +AsDeclared'
  expect 0 fogctl get hs -o wide
  says "$out" '^NAME.*POLICY +EXCLUSIVE.*MESSAGE' '1 replica is as declared'
  expect 0 fogctl get hs hello -o yaml
  says "$out" '^kind: HarvestSession' '^  name: hello' '^  replicas: 1'
  expect 0 fogctl get hs/hello -o json
  is "name in JSON" "$(jq -r .metadata.name <<<"$out")" hello
  expect 0 fogctl get hs -o json
  is "items in JSON" "$(jq -r '.items | length' <<<"$out")" 3
  expect 0 fogctl get hs -o name
  is names "$(sort <<<"$out" | xargs)" "harvestsession.fog/everywhere harvestsession.fog/hello harvestsession.fog/meanwhile"
  expect 0 fogctl get all
  says "$out" '^agent.fog/edge-1' '^harvestsession.fog/hello' '^assignment.fog/everywhere-edge-1-'
  expect 0 fogctl get hs --no-headers
  says_not "$out" '^NAME'
  expect 1 fogctl get hs nobody
  says "$err" '^error: harvestsessions.fog "nobody" not found'
  expect 2 fogctl get harvestsesions
  says "$err" '^error: there is no kind "harvestsesions"' 'did you mean "harvestsessions"'
  expect 2 fogctl get
  fogctl get hs -o pdf >"$T/out" 2>"$T/err" && miss "an output form nobody knows was taken"
}

get_selects() {
  expect 0 fogctl get assignments -l fog/session=everywhere -o name
  is "with the label" "$(wc -l <<<"$out")" 3
  expect 0 fogctl get assignments -l 'fog/session in (everywhere,hello)' -o name
  is "with one of two labels" "$(wc -l <<<"$out")" 4
  expect 0 fogctl get assignments -l 'fog/session!=everywhere' -o name
  is "without the label" "$(wc -l <<<"$out")" 1
  expect 0 fogctl get assignments --field-selector spec.agent=edge-2,spec.session=everywhere -o name
  says "$out" '^assignment.fog/everywhere-edge-2-[a-z0-9]+$'
  expect 1 fogctl get assignments --field-selector spec.nothing=1
  says "$err" 'spec.nothing'
}

get_watches() {
  FOGCTL_SERVER=http://$API "$BIN/fogctl" get hs -w >"$T/watch" 2>&1 &
  local watch=$!
  await 10 "the table stands" grep -q '^hello ' "$T/watch"
  ses later 'exec sleep 1000' | apply
  await 15 "the new session's row comes" grep -Eq '^later .*AsDeclared' "$T/watch"
  expect 0 fogctl delete hs/later
  await 10 "rows were added while it watched" eval '[ "$(grep -c ^later "$T/watch")" -ge 2 ]'
  end_hard "$watch"
  is "heads of the table" "$(grep -c ^NAME "$T/watch")" 1
}

describe_tells_everything_of_one() {
  expect 0 fogctl describe hs/hello
  says "$out" '^Name: +hello' '^Spec:' '^Conditions:' 'AsDeclared' '^Assignments:' '^  hello-0-' '^Events:' 'Converged'
  expect 0 fogctl describe agent edge-1
  says "$out" '^Kind: +Agent' 'everywhere-edge-1-'
  expect 1 fogctl describe hs/nobody
}

why_names_what_lacks() {
  ses hungry 'exec sleep 1000' 'replicas: 1' 'workload.resources: {memory: 64Gi}' >"$T/m/hungry.yaml"
  expect 0 fogctl apply -f "$T/m/hungry.yaml"
  await 10 "it is pending" reason_is hungry NoAgent
  expect 1 fogctl why hs/hungry
  says "$out" 'harvestsession.fog/hungry is not as declared' '3 agents match' '64Gi' 'edge-1' 'memory' \
    '^  in the way: NoAgent of harvestsession/hungry' '^  what would help: connect'
  expect 1 fogctl why hs/hungry -o json
  is "the first in the way" "$(jq -r '.chain[0] | "\(.object) \(.reason) \(.remedy | length > 0)"' <<<"$out")" \
    "harvestsession/hungry NoAgent true"
  expect 0 fogctl why hs/hello
  says "$out" 'harvestsession.fog/hello is as declared'
  expect 1 fogctl diff -f <(sed 's/hungry/hungrier/' "$T/m/hungry.yaml")
  says "$out" 'pending  hungrier/0: .*64Gi'
}

wait_waits_for_any_of_several() {
  expect 0 fogctl wait hs/hello --for=condition=Converged
  says "$out" '^harvestsession.fog/hello condition met$'
  expect 0 fogctl wait hs/hungry --for=condition=Converged --for=condition=Converged=False
  expect 0 fogctl wait hs/hello --for='jsonpath={.status.ready}=1'
  expect 1 fogctl wait hs/hungry --for=condition=Converged --timeout 300ms
  says "$err" '^error: timed out waiting for the condition on harvestsession.fog/hungry' 'fogctl why'
  expect 0 fogctl delete hs/hungry --no-wait
  expect 0 fogctl wait hs/hungry --for=delete --timeout 10s
  expect 2 fogctl wait hs/hello
}

logs_come_from_the_agent() {
  local name
  name=$(assignments 'select(.spec.session == "hello") | .metadata.name')
  await 10 "the log has its line" eval 'fogctl logs hs/hello | grep -qx "hello from 0"'
  expect 0 fogctl logs "$name"
  is "the log" "$out" "hello from 0"
  expect 0 fogctl logs "assignment/$name" --tail 1
  is "its last line" "$out" "hello from 0"
  expect 1 fogctl logs nothing-0-abcde
  says "$err" '^error: '
}

logs_are_followed() {
  local follower
  ses ticker 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done' | apply
  await 15 "it runs" converged ticker || return
  FOGCTL_SERVER=http://$API "$BIN/fogctl" logs -f \
    "$(assignments 'select(.spec.session == "ticker") | .metadata.name')" >"$T/follow" 2>&1 &
  follower=$!
  await 10 "lines come" grep -qx 'tick 1' "$T/follow"
  await 10 "more lines come" eval '[ "$(wc -l <"$T/follow")" -ge 15 ]'
  is "lines out of order or missing" "$(awk '$2 != NR' "$T/follow" | wc -l)" 0
  end_hard "$follower"
  expect 0 fogctl delete hs/ticker
}

logs_of_what_has_ended_are_kept() {
  ses once 'echo "all done"' 'workload.restart: never' | apply
  await 15 "it is done" equals 1 session once .status.succeeded || return
  is "its phase" "$(assignments 'select(.spec.session == "once") | .status.phase')" Succeeded
  expect 0 fogctl logs hs/once
  is "its log" "$out" "all done"
}

events_tell_in_words() {
  expect 0 fogctl events
  says "$out" 'Scheduled' 'Converged'
  expect 0 fogctl events --for hs/hello
  says "$out" 'harvestsession/hello'
  says_not "$out" 'harvestsession/everywhere'
}

history_tells_who_what_and_why() {
  expect 0 fogctl history
  says "$out" '^REVISION +TIME +WHO +OBJECT +CHANGE +CHANGE-CAUSE' 'ann +harvestsession.fog/hello +create +first of all' \
    'harvestsession.fog/hello +spec.replicas: 2 => 3 +one more'
  expect 0 fogctl history hs/hello
  says_not "$out" everywhere
  is "changes of it" "$(grep -c hello <<<"$out")" 3
  expect 0 fogctl history hs/hello --limit 1
  is "the newest of them" "$(grep -c hello <<<"$out")" 1
}

rollback_shows_its_plan_and_goes_back() {
  local first
  first=$(fogctl history hs/hello | awk '/one more/ { print $1 }')
  expect 0 fogctl rollback hs/hello --to-revision "$first" --dry-run
  says "$out" '^-  replicas: 1' '^\+  replicas: 3' '^Plan: 2 to start'
  is "replicas after a dry run" "$(session hello .spec.replicas)" 1
  expect 1 fogctl rollback hs/hello --to-revision "$first" </dev/null
  says "$err" '--yes'
  expect 0 fogctl rollback hs/hello --to-revision "$first" --yes
  says "$out" '^Plan: 2 to start' '^harvestsession.fog/hello configured'
  expect 0 fogctl history hs/hello --limit 1
  says "$out" "back to revision $first\$"
  await 20 "three run again" equals 3 eval 'where_runs hello | wc -w'
  expect 0 fogctl rollback hs/hello --to-revision "$first" --yes
  says "$out" 'nothing differs'
  expect 2 fogctl rollback hs/hello
}

what_is_there_already_is_not_created() {
  expect 1 fogctl create hs hello -- /bin/true
  says "$err" '^error: harvestsessions.fog "hello" already exists'
  says_not "$err" 'command line'
}

all_that_is_deleted_are_sessions_with_what_they_run() {
  expect 0 fogctl delete all --all --dry-run
  says "$out" '^harvestsession.fog/hello ' '^Plan: .* 7 to stop'
  says_not "$out" '^agent' '^assignment'
}

delete_waits_until_the_work_has_ended() {
  ses slow 'trap "" TERM; while :; do sleep 0.2; done' 'grace: 1500ms' | apply
  await 15 "it runs" converged slow || return
  expect 0 fogctl delete hs/slow --dry-run
  says "$out" 'harvestsession.fog/slow deleted \(server dry run\)' '- +stop +slow/0'
  expect 0 fogctl delete hs/slow
  is "its processes afterwards" "$(leaders slow | wc -l)" 0
  expect 1 fogctl delete hs/slow
  expect 0 fogctl delete hs/slow --ignore-not-found
  expect 2 fogctl delete hs
  says "$err" '--all or -l'
}

version_names_both_sides() {
  expect 0 fogctl version
  says "$out" '^fogctl +[0-9]+\.[0-9]+\.[0-9]+' '^controller +[0-9]+\.[0-9]+\.[0-9]+ \(store [0-9a-f-]+\)'
}

contexts_come_from_file_and_environment() {
  mkdir -p "$HOME/.config/fog"
  cat >"$HOME/.config/fog/config.yaml" <<END
currentContext: nowhere
contexts:
  - {name: nowhere, server: "http://127.0.0.1:1"}
  - {name: here, server: "http://$API", user: carol}
END
  FOGCTL_SERVER='' expect 1 fogctl get hs
  says "$err" '^error: the controller at http://127.0.0.1:1 cannot be reached' '--server, FOGCTL_SERVER'
  FOGCTL_SERVER='' expect 0 fogctl get hs --context here
  FOGCTL_SERVER='' FOGCTL_CONTEXT=here expect 0 fogctl get hs
  FOGCTL_SERVER='' expect 0 fogctl get hs --server "$API"
  expect 0 fogctl get hs
  FOGCTL_SERVER='' FOGCTL_CONTEXT=there expect 1 fogctl get hs
  says "$err" 'no context "there"'
  cp "$HOME/.config/fog/config.yaml" "$T/m/other"
  rm "$HOME/.config/fog/config.yaml"
  ses by-carol 'true' 'replicas: 0' >"$T/m/carol.yaml"
  FOGCTL_SERVER='' FOGCTL_CONFIG=$T/m/other FOGCTL_CONTEXT=here expect 0 fogctl apply -f "$T/m/carol.yaml"
  expect 0 fogctl history hs/by-carol
  says "$out" 'carol'
}

every_mistake_is_said_at_its_place_and_nothing_changes() {
  local before
  before=$(ledger)
  cat >"$T/m/wrong.yaml" <<'END'
apiVersion: fog/v1
kind: HarvestSession
metadata:
  name: Wrong_Name
spec:
  replicaz: 2
  replicas: -1
  workload:
    command: []
---
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: fine}
spec:
  grace: ages
  workload: {command: [/bin/true]}
END
  expect 1 fogctl apply -f "$T/m/wrong.yaml"
  says "$err" 'wrong.yaml:4:[0-9]+: error: metadata.name: ' 'wrong.yaml:6:[0-9]+: error: .*replicaz.*did you mean .?replicas' \
    'wrong.yaml:7:[0-9]+: error: spec.replicas: ' 'wrong.yaml:9:[0-9]+: error: spec.workload.command: ' \
    'wrong.yaml:15:[0-9]+: error: spec.grace: ' '^[0-9]+ errors; nothing was changed'
  printf 'a: [1\nb: 2\n' >"$T/m/broken.yaml"
  expect 1 fogctl apply -f "$T/m/broken.yaml"
  says "$err" 'broken.yaml:[12]:[0-9]+: error: '
  printf '{"a": 1, "a": 2}' >"$T/m/twice.json"
  expect 1 fogctl apply -f "$T/m/twice.json"
  says "$err" 'twice.json:1:[0-9]+: error: '
  { ses good 'true' && ses orphan 'true' 'policy: nowhere'; } >"$T/m/reference.yaml"
  expect 1 fogctl apply -f "$T/m/reference.yaml"
  says "$err" 'reference.yaml:[0-9]+:[0-9]+: error: spec.policy: .*nowhere'
  is "the newest change" "$(ledger)" "$before"
}

what_another_manager_owns_is_not_taken_silently() {
  ses owned 'true' 'replicas: 0' 'retries: 3' >"$T/m/owned.yaml"
  expect 0 fogctl apply -f "$T/m/owned.yaml" --field-manager pipeline
  expect 1 fogctl apply -f <(sed 's/retries: 3/retries: 4/' "$T/m/owned.yaml")
  says "$err" 'spec.retries' 'pipeline' '--force-conflicts'
  is "retries after the refusal" "$(session owned .spec.retries)" 3
  expect 0 fogctl apply -f <(sed 's/retries: 3/retries: 4/' "$T/m/owned.yaml") --force-conflicts
  is "retries when taken by force" "$(session owned .spec.retries)" 4
}

manifests_come_from_pipes_folders_and_json() {
  mkdir "$T/m/folder"
  ses in-yaml 'true' 'replicas: 0' >"$T/m/folder/1.yaml"
  cat >"$T/m/folder/2.json" <<'END'
{"apiVersion": "fog/v1", "kind": "HarvestSession", "metadata": {"name": "in-json"},
 "spec": {"replicas": 0, "workload": {"command": ["/bin/true"]}}}
END
  echo "not a manifest" >"$T/m/folder/README"
  expect 0 fogctl apply -f "$T/m/folder"
  is "what it said" "$out" "harvestsession.fog/in-yaml created
harvestsession.fog/in-json created"
  ses piped 'true' 'replicas: 0' | expect 0 fogctl apply -f - -f "$T/m/folder"
  expect 0 fogctl get hs piped
  mkdir "$T/m/empty"
  expect 1 fogctl apply -f "$T/m/empty"
  expect 0 fogctl delete -f "$T/m/folder" --timeout 10s
  says "$out" 'in-yaml deleted' 'in-json deleted'
}

every_verb_has_help_with_examples() {
  local verb
  expect 0 fogctl --help
  says "$out" '^Verbs:' '^Examples:'
  for verb in diff apply get why describe wait logs events history rollback delete version; do
    expect 0 fogctl "$verb" --help
    says "$out" "^fogctl $verb: " "^Usage: fogctl $verb" '^Examples:' "^  .*fogctl $verb"
  done
  expect 2 fogctl aply
  says "$err" 'did you mean "fogctl apply"'
  expect 2 fogctl get hs --otput yaml
  says "$err" 'did you mean --output'
}

the_example_in_the_readme_works() {
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "it converges" converged counter beacon keeper
  expect 0 fogctl diff -f examples/quickstart.yaml
}

logs_of_an_agent_that_is_lost_say_so() {
  local name agent
  read -r name agent <<<"$(assignments 'select(.spec.session == "beacon") | "\(.metadata.name) \(.spec.agent)"' | head -n 1)"
  kill -STOP "${AGENTS[$agent]}"
  expect 0 fogctl logs "$name"
  says "$out" '^error: the connection to the agent was lost'
  expect 1 fogctl logs "$name"
  says "$err" "agent \"$agent\" is not connected"
  kill -CONT "${AGENTS[$agent]}"
  await 20 "$agent is back" agent_ready "$agent"
}

deleting_all_leaves_nothing_behind() {
  expect 0 fogctl delete hs --all --timeout 20s
  await 10 "no assignment is left" equals 0 eval 'api $objects/assignments | jq ".items | length"'
  is "processes of workloads" "$(workloads | wc -l)" 0
  await 5 "no shim is left" equals "" shims
}

all_end_when_told() {
  local name
  for name in edge-1 edge-2 edge-3; do stop_agent "$name"; done
  stop_controller
  nothing_is_broken
}

it three_agents_connect nothing_found_is_no_error diff_says_what_would_happen_and_exits_with_1 a_dry_run_changes_nothing \
  apply_creates_then_changes_then_leaves_alone an_identical_apply_makes_no_revision \
  a_plan_is_carried_out_exactly_or_not_at_all get_prints_what_is_asked_for get_selects get_watches \
  describe_tells_everything_of_one why_names_what_lacks wait_waits_for_any_of_several logs_come_from_the_agent \
  logs_are_followed logs_of_what_has_ended_are_kept events_tell_in_words history_tells_who_what_and_why \
  rollback_shows_its_plan_and_goes_back what_is_there_already_is_not_created \
  all_that_is_deleted_are_sessions_with_what_they_run delete_waits_until_the_work_has_ended version_names_both_sides \
  contexts_come_from_file_and_environment every_mistake_is_said_at_its_place_and_nothing_changes \
  what_another_manager_owns_is_not_taken_silently manifests_come_from_pipes_folders_and_json \
  every_verb_has_help_with_examples the_example_in_the_readme_works logs_of_an_agent_that_is_lost_say_so deleting_all_leaves_nothing_behind all_end_when_told
