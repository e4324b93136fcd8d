#!/bin/bash
# What an operator does by hand, day by day, against a live fleet of three.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

three_agents_connect() { start_fleet edge-1 edge-2 edge-3; }

a_cordoned_agent_gets_nothing_new_and_keeps_what_it_has() {
  ses old 'exec sleep 1000' 'replicas: 3' | apply
  await 20 "it converges" converged old || return
  expect 0 fogctl cordon edge-1 agent/edge-2
  is "what it said" "$out" "agent.fog/edge-1 cordoned
agent.fog/edge-2 cordoned"
  expect 0 fogctl cordon edge-1
  is "what it said again" "$out" "agent.fog/edge-1 already cordoned"
  expect 0 fogctl get agents
  says "$out" '^edge-1 +True,SchedulingDisabled ' '^edge-3 +True '
  ses new 'exec sleep 1000' 'replicas: 2' | apply
  await 20 "it converges" converged new || return
  is "the new session runs on" "$(where_runs new)" "edge-3 edge-3"
  is "the old one runs on" "$(where_runs old)" "edge-1 edge-2 edge-3"
}

why_says_that_all_who_match_are_cordoned() {
  expect 0 fogctl cordon edge-3
  ses late 'exec sleep 1000' | apply
  await 20 "nobody may take it" reason_is late NoAgent || return
  expect 1 fogctl why hs/late
  says "$out" '3 agents match; 3 are cordoned' 'what would help: connect, uncordon or free up'
  expect 0 fogctl why agent/edge-3
  says "$out" 'connected, cordoned'
  expect 0 fogctl events
  says "$out" 'Cordoned +agent/edge-3'
}

uncordon_by_label_lets_them_have_it() {
  expect 0 fogctl uncordon edge-3 --dry-run
  says "$out" '^agent.fog/edge-3 uncordoned \(server dry run\)$' '^Plan: 1 to start' 'late/0 on edge-3'
  expect 0 fogctl uncordon edge-1 edge-2 edge-3
  await 20 "it converges" converged late || return
  expect 0 fogctl uncordon -l no=where
  is "standard error" "$err" "No resources found"
  expect 1 fogctl cordon nobody
  says "$err" '^error: .*"nobody" not found'
  expect 2 fogctl cordon
  expect 2 fogctl cordon hs/late
}

a_drain_shows_its_plan_and_empties_the_agent() {
  ses spread 'exec sleep 1000' 'replicas: 3' 'workload.restart: always' | apply
  ses every 'exec sleep 1000' 'everyAgent: true' | apply
  await 20 "they converge" converged spread every || return
  expect 0 fogctl drain edge-2 --dry-run
  says "$out" '^Plan: .* [2-9] to move' ' move +spread/[0-2] from edge-2 to edge-[13]  \(edge-2 is being drained\)' 'stop +every/edge-2'
  is "what a dry run does" "$(api $objects/agents/edge-2 | jq -r .spec.drain)" never
  expect 0 fogctl drain edge-2 --timeout 30s
  says "$out" '^Plan: ' '^agent.fog/edge-2 draining$' '^assignment.fog/spread-.* has left edge-2$' '^agent.fog/edge-2 drained$'
  is "what is left there" "$(workloads | awk '$2 == "edge-2"')" ""
  await 20 "they converge" converged spread every old || return
  expect 0 fogctl wait agent/edge-2 --for=condition=Drained
  expect 0 fogctl why agent/edge-2
  expect 0 fogctl get agents
  says "$out" '^edge-2 +True,SchedulingDisabled '
  expect 0 fogctl uncordon edge-2
  await 20 "it has work again" equals "edge-1 edge-2 edge-3" where_runs every
}

a_drain_that_cannot_says_why_and_goes_on_later() {
  ses here 'exec sleep 1000' 'selector: {matchLabels: {place: here}}' | apply
  expect 0 fogctl label agent/edge-3 place=here
  await 20 "it converges" converged here || return
  expect 1 fogctl drain edge-3 --timeout 1s
  says "$out" '^  pending  here/0: edge-3 is being drained; '
  says "$err" '^harvestsession/here waits: replica 0: edge-3 is being drained; 1 agent matches; 1 is cordoned' \
    '^error: timed out while 1 of 1 agents'
  is "it runs on" "$(where_runs here)" edge-3
  expect 1 fogctl why agent/edge-3
  says "$out" 'being drained +Draining' 'harvestsession/here +has work there +NoAgent'
  expect 0 fogctl label agent/edge-1 place=here
  await 20 "it has gone on" equals edge-1 where_runs here
  expect 0 fogctl wait agent/edge-3 --for=condition=Drained --timeout 20s
  expect 0 fogctl uncordon edge-3
}

a_gentle_drain_lets_tasks_end_and_a_forced_one_does_not() {
  expect 0 fogctl cordon edge-3
  ses batch "until [ -e $T/go ]; do sleep 0.05; done" 'selector: {matchLabels: {place: here}}' \
    'tasks: {count: 1, parallelism: 1}' | apply
  await 20 "it runs" equals edge-1 where_runs batch || return
  expect 0 fogctl uncordon edge-3
  expect 0 fogctl drain edge-1 --dry-run
  says "$out" '^  stays    batch/0 on edge-1 till it ends; --force'
  expect 0 fogctl drain edge-1 --no-wait
  is "the task runs on" "$(where_runs batch)" edge-1
  expect 0 fogctl drain edge-1 --force --timeout 20s
  says "$out" ' move +batch/0 from edge-1 to edge-3'
  await 20 "it begins anew" equals edge-3 where_runs batch || return
  : >"$T/go"
  expect 0 fogctl uncordon edge-1 edge-3
  await 20 "it is done" equals AllSucceeded session batch '.status.conditions[]? | select(.type == "Complete") | .reason'
  expect 0 fogctl delete hs/batch hs/here
}

labels_are_set_kept_and_taken_away() {
  expect 0 fogctl label agents edge-1 edge-2 site=north tier=gold
  is "what it said" "$out" "agent.fog/edge-1 labeled
agent.fog/edge-2 labeled"
  expect 0 fogctl label agents -l site=north tier=gold
  says "$out" '^agent.fog/edge-1 not labeled$'
  expect 1 fogctl label agent/edge-1 agent/edge-3 tier=silver
  says "$err" 'agent.fog/edge-1: tier already has a value \(gold\), and --overwrite is not given'
  is "edge-3 is not labeled either" "$(fogctl get agents -l tier=silver -o name)" ""
  expect 0 fogctl label agent/edge-1 tier=silver --overwrite --list
  says "$out" '^tier=silver$' '^site=north$'
  expect 0 fogctl label agents --all site-
  says "$out" '^agent.fog/edge-3 not labeled$' '^agent.fog/edge-2 labeled$'
  says "$err" '^label "site" not found.$'
  expect 1 fogctl label agent/edge-1 'a b=c'
  expect 2 fogctl label agent/edge-1
  expect 2 fogctl label agents site=x
  expect 2 fogctl label agent/edge-1 a=b edge-2
}

a_condition_says_which_machines() {
  expect 0 fogctl get agents --where 'tier in (silver, gold) && capacity.cores > 0 && conditions.Ready' -o name
  is "who matches" "$out" "agent.fog/edge-1
agent.fog/edge-2"
  expect 0 fogctl get agents --where '!(tier == gold) && !exists labels["no/such"]' -o name
  is "who matches" "$out" "agent.fog/edge-1
agent.fog/edge-3"
  expect 1 fogctl get agents --where 'tier == gold || sensors.batery > 4'
  says "$err" 'column 17: there is no "sensors.batery"; did you mean sensors.battery'
  ses picky 'exec sleep 1000' 'where: tier == gold' | apply
  await 20 "it converges" converged picky || return
  is "it runs on" "$(where_runs picky)" edge-2
  expect 0 fogctl delete hs/picky
}

verbs_take_conditions_too() {
  expect 0 fogctl cordon --where 'tier == gold || capacity.cores > 1000'
  is "what it said" "$out" "agent.fog/edge-2 cordoned"
  expect 0 fogctl get agents --where unschedulable -o name
  expect 0 fogctl uncordon --where 'tier == gold'
  is "what it said" "$out" "agent.fog/edge-2 uncordoned"
  expect 0 fogctl annotate agents --where 'tier == gold' note=here
  is "what it said" "$out" "agent.fog/edge-2 annotated"
  expect 0 fogctl annotate agents --where 'tier == gold' note-
  expect 0 fogctl wait agents --where 'tier in (gold, silver)' --for=condition=Ready
  expect 0 fogctl top agents --once --where 'tier == gold'
  says "$out" '^edge-2 '
  says_not "$out" '^edge-[13] '
  expect 0 fogctl delete agents --where 'capacity.cores > 1000'
  expect 2 fogctl delete hs --where 'tier == gold'
  says "$err" '--where is for agents'
  expect 1 fogctl cordon --where 'teir =='
  expect 2 fogctl drain edge-1 --where 'tier == gold'
}

an_empty_selector_and_a_kind_alone_change_nothing() {
  local verb before
  before=$(api "$objects/agents" | jq -S '[.items[] | {spec, labels: .metadata.labels}]')
  for verb in cordon uncordon drain 'label agents x=y' 'annotate agents x=y' 'delete agents' 'delete hs' 'release hs' \
    'scale hs --replicas=9'; do
    # shellcheck disable=SC2086
    expect 2 fogctl $verb -l ''
    says "$err" '^error: -l is empty, which would select everything$'
  done
  expect 2 fogctl delete hs -l ' '
  expect 2 fogctl release hs
  says "$err" '^error: which harvestsessions\? name them'
  expect 2 fogctl release hs/old --all
  is "agents" "$(api "$objects/agents" | jq -S '[.items[] | {spec, labels: .metadata.labels}]')" "$before"
  expect 0 fogctl get agents -l '' -o name
  is "who looks may mean all" "$(wc -l <<<"$out")" 3
}

a_prune_says_what_it_leaves() {
  expect 0 fogctl label agent/edge-1 fog/applyset=few
  printf 'apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: few}\nspec: {}\n' >"$T/few.yaml"
  expect 0 fogctl apply -f "$T/few.yaml" --applyset few --prune
  says "$err" '^warning: agent "edge-1" stays: another source owns something of it$'
  expect 0 fogctl get agent/edge-1
  expect 0 fogctl label agent/edge-1 fog/applyset-
  expect 0 fogctl delete hp/few
}

annotations_too() {
  expect 0 fogctl annotate hs/old "note=as it was, = and all" --change-cause "why not"
  is "the annotation" "$(session old '.metadata.annotations.note')" "as it was, = and all"
  says "$(fogctl history hs/old)" 'metadata.annotations.note.*why not'
  expect 0 fogctl annotate hs/old note-
  is "the annotation" "$(session old '.metadata.annotations.note')" null
}

a_rollout_is_watched_held_and_taken_back() {
  ses shown 'exec sleep 1000' 'replicas: 2' 'workload.restart: always' | apply
  expect 0 fogctl rollout status hs/shown --timeout 20s
  says "$out" '^harvestsession.fog/shown successfully rolled out$'
  expect 0 fogctl rollout pause hs/shown
  ses shown 'exec sleep 2000' 'replicas: 2' 'rollout: {pause: true}' 'workload.restart: always' | apply
  await 20 "it is held" reason_is shown RolloutPaused || return
  expect 0 fogctl rollout status hs/shown --watch=false
  says "$out" 'it is paused, 0 out of 2 are updated'
  expect 1 fogctl rollout undo hs/shown
  says "$err" 'its rollout is paused'
  expect 0 fogctl rollout resume hs/shown
  expect 0 fogctl rollout status hs/shown --timeout 20s
  expect 0 fogctl scale hs/shown --replicas=3
  expect 0 fogctl rollout undo hs/shown --dry-run
  says "$out" '^Plan: ' 'restart +shown/0'
  expect 0 fogctl rollout undo hs/shown
  expect 0 fogctl rollout status hs/shown --timeout 20s
  says "$(session shown .spec.workload.command)" 'sleep 1000'
  is "its replicas" "$(session shown .spec.replicas)" 3
  expect 0 fogctl rollout history hs/shown
  is "forms in history" "$(grep -c '^[0-9]' <<<"$out")" 3
  expect 0 fogctl delete hs/shown
}

progress_is() { equals "$2" session "$1" '.status.conditions[]? | select(.type == "Progressing") | .reason'; }

a_bad_rollout_reverts_itself_once() {
  local gate='rollout: {progressDeadline: 3s, healthyAfter: 500ms, onFailure: revert}'
  ses self 'exec sleep 1000' 'replicas: 2' "$gate" 'workload.restart: always' | apply
  expect 0 fogctl rollout status hs/self --timeout 20s
  says "$out" 'are ready, and have to stay so for 500ms' 'successfully rolled out$'
  expect 0 fogctl scale hs/self --replicas=3
  expect 0 fogctl rollout status hs/self --timeout 20s
  ses self 'exit 7' 'replicas: 3' "$gate" 'workload.restart: always' | apply --force-conflicts
  expect 1 fogctl rollout status hs/self --timeout 40s
  says "$out" '\(more by [0-9:.]*Z, or it is reverted\)' 'revert to '
  says "$err" '^error: harvestsession.fog/self was reverted: generation 3 failed: back to the form of revision [0-9]+$'
  says "$(session self .spec.workload.command)" 'sleep 1000'
  is "its replicas" "$(session self .spec.replicas)" 3
  await 20 "it converges" converged self || return
  expect 0 fogctl why hs/self
  says "$out" 'is as declared$' 'back +Reverted' 'generation 3 failed'
  says "$(fogctl rollout history hs/self | tail -n 1)" ' fog-controller +(no progress for 3s \([A-Za-z]+\)|its replicas were given up): back to the form of revision [0-9]+$'
  says "$(fogctl events)" '(ProgressDeadlineExceeded|RolloutFailed) +harvestsession/self ' 'Reverted +harvestsession/self '
  ses self 'exit 7' 'replicas: 3' "$gate" 'workload.restart: always' >"$T/bad.yaml"
  expect 1 fogctl apply -f "$T/bad.yaml"
  says "$err" 'fog-controller'
  ses self 'exec sleep 3000' 'replicas: 3' "$gate" 'workload.restart: always' | apply --force-conflicts
  expect 0 fogctl rollout status hs/self --timeout 20s
  is "events of reverts" "$(fogctl events | grep -c 'Reverted .*/self ')" 1
  expect 0 fogctl delete hs/self
}

scale_changes_replicas_and_nothing_else() {
  expect 0 fogctl scale hs/old --replicas=2 --dry-run
  says "$out" '^harvestsession.fog/old scaled \(server dry run\)$' '^Plan: .*1 to stop'
  expect 1 fogctl scale hs/old --replicas=2 --current-replicas=7
  says "$err" 'harvestsession.fog/old is to have 3 replicas now, not 7'
  expect 0 fogctl scale hs/old --replicas=2 --current-replicas=3
  is "what it said" "$out" "harvestsession.fog/old scaled"
  is "its replicas" "$(session old .spec.replicas)" 2
  await 20 "one has ended" equals 2 eval 'where_runs old | wc -w'
  ses every 'exec sleep 1000' 'everyAgent: true' | apply
  expect 1 fogctl scale hs/every --replicas=2
  says "$err" '^error: .*everyAgent'
  expect 2 fogctl scale hs/old
  expect 2 fogctl scale agent/edge-1 --replicas=2
}

an_edit_is_written_back_and_what_is_wrong_comes_back() {
  EDITOR="sed -i 's/replicas: 2/replicas: 1/'" expect 0 fogctl edit hs/old --change-cause "by hand"
  is "what it said" "$out" "harvestsession.fog/old edited"
  is "its replicas" "$(session old .spec.replicas)" 1
  EDITOR=true expect 0 fogctl edit hs/old
  is "standard error" "$err" "Edit cancelled, no changes made."
  # A mistake at first; then, with what is wrong on top, the right thing.
  EDITOR="sed -i -e '/^# spec.replicas: /,\$ s/replicas: many/replicas: 2/' -e 's/replicas: 1/replicas: many/'" \
    expect 0 fogctl edit hs old
  is "its replicas" "$(session old .spec.replicas)" 2
  EDITOR="sed -i 's/name: old/name: new/'" expect 1 fogctl edit hs/old
  says "$err" '^error: nothing that is valid was saved$' '^  kind and name of what is edited cannot be changed$' \
    '^  what you saved is kept in /tmp/fogctl-edit-.*yaml$'
  grep -q '^# kind and name' "$(sed -n 's/.*kept in //p' <<<"$err")" || miss "the file does not say what is wrong"
  rm -f "$(sed -n 's/.*kept in //p' <<<"$err")"
  printf '#!/bin/sh\ngrep -q nosuch "$1" || sed -i "s/^spec:/spec:\\n  policy: nosuch/" "$1"\n' >"$T/editor" && chmod +x "$T/editor"
  EDITOR=$T/editor expect 1 fogctl edit hs/old
  says "$err" '^error: nothing that is valid was saved$'
  grep -q '^# spec.policy: ' "$(sed -n 's/.*kept in //p' <<<"$err")" || miss "the file does not say what the controller said"
  rm -f "$(sed -n 's/.*kept in //p' <<<"$err")"
  FOGCTL=$BIN/fogctl FOGCTL_SERVER=http://$API EDITOR="$BIN/fogctl annotate hs/old by=another; sed -i 's/replicas: 2/replicas: 5/'" \
    expect 1 fogctl edit hs/old
  says "$err" 'Conflict' 'kept in '
  rm -f "$(sed -n 's/.*kept in //p' <<<"$err")"
  is "its replicas" "$(session old .spec.replicas)" 2
  expect 2 fogctl edit hs
}

paths_and_columns_say_what_is_asked_for() {
  expect 0 fogctl get agents -o jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
  is "standard output" "$out" "$(printf 'edge-1\tTrue\nedge-2\tTrue\nedge-3\tTrue')"
  expect 0 fogctl get hs old -o jsonpath='{.spec.replicas}'
  is "standard output" "$out" 2
  expect 0 fogctl get hs/old hs/new -o 'custom-columns=NAME:.metadata.name,WANTED:{.spec.replicas},NONE:.spec.nothing'
  is "standard output" "$out" "NAME   WANTED   NONE
old    2        <none>
new    2        <none>"
  printf 'NAME          WHERE\nmetadata.name .spec.agent\n' >"$T/columns"
  expect 0 fogctl get asg -l fog/session=every -o custom-columns-file="$T/columns" --no-headers
  says "$out" '^every-edge-2-.* +edge-2$'
  expect 2 fogctl get hs -o jsonpath='{.items[}'
  says "$err" '^error: -o jsonpath: column 9: a whole number is expected'
  expect 2 fogctl get hs -o jsonpath=
  says "$err" '^error: -o jsonpath: the template is empty'
  expect 2 fogctl get hs -o custom-columns=NAME
  says "$err" 'is not NAME:PATH'
  expect 0 fogctl wait agent/edge-1 --for=jsonpath='{.status.conditions[?(@.type=="Ready")].status}'=True
  expect 2 fogctl wait agent/edge-1 --for=jsonpath='{.status['
}

a_watch_says_what_was_added_modified_and_deleted_in_columns_too() {
  FOGCTL_SERVER=http://$API "$BIN/fogctl" get hs -w --output-watch-events -o custom-columns=N:.metadata.name,R:.spec.replicas >"$T/watched" 2>&1 &
  local watcher=$!
  await 10 "the table is there" grep -q '^ADDED *old *2$' "$T/watched" || return
  ses brief 'exec sleep 1000' 'replicas: 0' | apply
  expect 0 fogctl delete hs/brief
  await 10 "the end is seen" grep -q '^DELETED *brief *0$' "$T/watched"
  says "$(cat "$T/watched")" '^EVENT +N +R$' '^ADDED +brief +0$'
  kill "$watcher" && wait "$watcher" 2>/dev/null
}

top_prints_once_without_a_terminal() {
  expect 0 fogctl top agents
  says "$out" '^NAME +READY +CORES +LOAD .* RUNS +HELD +WORK$' '^edge-1 +True +2 .* every/edge-1'
  expect 0 fogctl top sessions --sort-by runs --no-headers
  says "$(head -n 1 <<<"$out")" '^(every|spread) +3 +3 .* edge-1/'
  expect 0 fogctl top agents -l no=where
  expect 2 fogctl top agents --sort-by luck
  expect 2 fogctl top assignments
}

top_is_live_on_a_terminal_and_q_ends_it() {
  mkfifo "$T/keys"
  TERM=xterm script -qfec "$BIN/fogctl -s http://$API top agents --interval 200ms" /dev/null <"$T/keys" >"$T/screen" 2>&1 &
  local terminal=$!
  exec 7>"$T/keys"
  await 10 "the table is there" grep -q 'NAME *READY' "$T/screen" || return
  says_not "$(cat "$T/screen")" SchedulingDisabled
  expect 0 fogctl cordon edge-3
  await 10 "it is drawn anew" grep -q 'True,SchedulingDisabled' "$T/screen"
  grep -q "$(printf '\033\\[?1049l')" "$T/screen" && miss "the terminal has its screen back already"
  printf q >&7
  await 10 "it ends" is_gone "$terminal"
  exec 7>&-
  wait "$terminal"
  is "exit code" $? 0
  grep -q "$(printf '\033\\[?1049l')" "$T/screen" || miss "the terminal does not have its screen back"
  expect 0 fogctl uncordon edge-3
}

has_event() { fogctl get events --field-selector "reason=$1" --no-headers | grep -q "$2"; } # REASON WORDS
counts() { api /metrics | grep -qxF "$1"; }                                                 # LINE
in_state() { [ "$(process_state "$(leader_of "$1")")" = "$2" ]; }                           # SESSION STATE

what_somebody_ends_by_hand_is_left_where_it_is_to_be_reported() {
  ses hand 'exec sleep 1000' 'drift: report' 'workload.restart: always' | apply
  await 20 "it converges" converged hand || return
  kill -9 "$(leader_of hand)"
  await 10 "it is told" reason_is hand Drifted || return
  expect 1 fogctl why hs/hand
  says "$out" 'ended by signal 9 from outside' 'in the way: Drifted of ' 'what would help: .*set spec.drift to heal'
  await 10 "an event tells" has_event DriftFound 'replica 0 on edge-.: its process was ended by signal 9 from outside'
  await 10 "a metric counts it" counts 'fog_drift_found_total{sort="Ended"} 1'
  is "what runs" "$(leader_of hand)" ""
}

what_is_to_be_healed_goes_on() {
  ses hand 'exec sleep 1000' 'drift: heal' 'workload.restart: always' | apply
  await 20 "it runs again" converged hand || return
  await 5 "it sleeps" in_state hand S || return
  kill -STOP "$(leader_of hand)"
  await 15 "it goes on" eval 'has_event DriftHealed "stopped by a signal" && in_state hand S'
  await 10 "a metric counts it" counts 'fog_drift_healed_total{sort="Stopped"} 1'
  expect 0 fogctl why hs/hand
  expect 0 fogctl delete hs/hand
}

nothing_is_left_broken() {
  expect 0 fogctl delete hs --all
  check_orphans
  stop_agent edge-1 && stop_agent edge-2 && stop_agent edge-3
  stop_controller
  nothing_is_broken
}

it three_agents_connect a_cordoned_agent_gets_nothing_new_and_keeps_what_it_has \
  why_says_that_all_who_match_are_cordoned uncordon_by_label_lets_them_have_it \
  a_drain_shows_its_plan_and_empties_the_agent a_drain_that_cannot_says_why_and_goes_on_later \
  a_gentle_drain_lets_tasks_end_and_a_forced_one_does_not \
  labels_are_set_kept_and_taken_away a_condition_says_which_machines verbs_take_conditions_too \
  an_empty_selector_and_a_kind_alone_change_nothing a_prune_says_what_it_leaves annotations_too \
  a_rollout_is_watched_held_and_taken_back a_bad_rollout_reverts_itself_once scale_changes_replicas_and_nothing_else \
  an_edit_is_written_back_and_what_is_wrong_comes_back paths_and_columns_say_what_is_asked_for \
  a_watch_says_what_was_added_modified_and_deleted_in_columns_too \
  top_prints_once_without_a_terminal top_is_live_on_a_terminal_and_q_ends_it \
  what_somebody_ends_by_hand_is_left_where_it_is_to_be_reported what_is_to_be_healed_goes_on nothing_is_left_broken
