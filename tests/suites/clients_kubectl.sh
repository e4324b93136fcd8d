#!/bin/bash
# Debian's kubectl as it is shipped, against a live fleet: every verb that can reach kinds that are not its own
# (docs/CLIENTS.md).  KUBECTL=/usr/bin/kubectl runs the same with another one.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

KUBECTL=$(realpath -s "${KUBECTL:-build/clients/kubectl/kubectl}")
export KUBECONFIG=$T/kubeconfig TMPDIR=$T/tmp
mkdir -p "$TMPDIR"
k() { "$KUBECTL" --cache-dir="$T/cache" "$@"; }

# A session that runs nothing and is as declared at once.
rest() { ses "$1" 'exec sleep 1000' 'replicas: 0' "${@:2}"; } # NAME [LINE…]
labelled() { sed "s|^metadata: {name: \(.*\)}|metadata: {name: \1, labels: {$1}}|"; } # KEY: VALUE
make_rests() { for name in "$@"; do rest "$name"; done | expect 0 fogctl apply -f -; } # NAME…
session_code() { code_of "http://$API$objects/harvestsessions/$1"; }
newest() { api "$objects/history?limit=1" | jq -r '.items[0].revision'; } # change that was declared
watches() { [ "$(api /metrics | awk '$1 == "fog_watches" { print $2 }')" -eq "$1" ]; } # that are open
managers() { session "$1" '.metadata.managedFields[] | "\(.manager) \(.operation)"'; } # SESSION

debians_kubectl_is_here() {
  [ -x "$KUBECTL" ] && return
  miss "no $KUBECTL: tests/clients/fetch build/clients gets it"
  echo "not ok ${FUNCNAME[0]}"
  exit 1
}

# --- what there is --------------------------------------------------------------------------------

it_is_pointed_at_fog_by_what_fogctl_prints() {
  start_fleet edge-1 edge-2 || return
  fogctl kubeconfig --user ann >"$KUBECONFIG" || miss "fogctl kubeconfig exited with $?"
  expect 0 k config current-context
  is context "$out" fog
}

version_tells_of_both_sides() {
  expect 0 k version
  says "$out" '^Client Version: ' '^Server Version: .*\+fog-'
}

api_resources_lists_every_kind_with_its_short_name() {
  expect 0 k api-resources
  says "$out" '^NAME +SHORTNAMES +API' '^harvestsessions +hs +fog/v1 +false +HarvestSession$' \
    '^harvestpolicies +hp +fog/v1 +false +HarvestPolicy$' '^agents +ag ' '^assignments +asg ' '^events +ev +v1 +true +Event$'
  expect 0 k api-resources --api-group=fog --verbs=create,delete -o name
  says "$out" '^harvestsessions.fog$'
  says_not "$out" '^assignments.fog$' '^events$'
}

api_versions_lists_both() {
  expect 0 k api-versions
  says "$out" '^fog/v1$' '^v1$'
}

what_does_not_exist_is_said() {
  expect 1 k get hs nobody
  is "what it said" "$err" 'Error from server (NotFound): harvestsessions.fog "nobody" not found'
  expect 1 k get pods
  says "$err" "doesn't have a resource type \"pods\""
  expect 0 k get hs
  says "$err" '^No resources found'
}

explain_tells_of_fields() {
  expect 0 k explain hs
  says "$out" '^KIND: +HarvestSession' '^VERSION: +(fog/)?v1' 'spec' 'status'
  expect 0 k explain hs.spec.workload.restart
  says "$out" 'FIELD: +restart' '<(string|enum)>'
  expect 0 k explain hs.spec --recursive
  says "$out" 'replicas' 'workload' 'command' 'cores'
  expect 0 k explain agents --api-version=fog/v1
  expect 1 k explain hs.spec.nothing
  says "$err" '"nothing" does not exist'
}

auth_can_i_answers() {
  expect 0 k auth can-i create harvestsessions.fog
  says "$out" '^yes$'
  expect 0 k auth can-i get hs/hello
  expect 0 k auth can-i get /healthz
  expect 0 k auth can-i create hs --subresource=plan
  expect 0 k auth can-i get harvestsessions --subresource=history
  expect 0 k auth can-i get assignments.fog --subresource=status
  expect 1 k auth can-i get agents --subresource=scale
  says "$out" '^no - agents have no subresource "scale"'
  expect 0 k auth can-i post /apis/fog/v1/changesets
  expect 0 k auth can-i --list
  says "$out" 'Resources +Non-Resource' '^harvestsessions\.fog/history ' '^changesets\.fog '
}

# --- writing --------------------------------------------------------------------------------------

create_makes_what_is_not_there() {
  rest made >"$T/m/made.yaml"
  expect 0 k create -f "$T/m/made.yaml"
  is "what it said" "$out" "harvestsession.fog/made created"
  expect 1 k create -f "$T/m/made.yaml"
  says "$err" '^Error from server \(AlreadyExists\): .*harvestsessions.fog "made" already exists$'
  expect 0 k create -f - -o jsonpath='{.metadata.name}' <<<'{"apiVersion": "fog/v1", "kind": "HarvestPolicy",
    "metadata": {"generateName": "made-", "namespace": "lab"}}'
  says "$out" '^made-[a-z0-9]{5}$'
  expect 0 k delete hp "$out"
}

create_dry_runs_make_nothing() {
  rest dry >"$T/m/dry.yaml"
  expect 0 k create -f "$T/m/dry.yaml" --dry-run=server -o jsonpath='{.spec.workload.restart}'
  says "$out" '^[a-zA-Z]+$'
  expect 0 k create -f "$T/m/dry.yaml" --dry-run=client
  is "what it said" "$out" "harvestsession.fog/dry created (dry run)"
  is "what there is of it" "$(session_code dry)" 404
}

what_is_wrong_is_told_field_by_field() {
  expect 1 k create -f - <<<'{"apiVersion": "fog/v1", "kind": "HarvestSession", "metadata": {"name": "wrong"},
    "spec": {"replicas": -1, "workload": {"command": []}}}'
  says "$err" '^The HarvestSession "wrong" is invalid: ?$' '^\* spec.replicas: ' '^\* spec.workload.command: '
}

it_finds_nothing_wrong_with_the_examples() {
  expect 0 k apply -f examples --dry-run=client
  says "$out" '^harvestsession.fog/counter created \(dry run\)$' '^alertrule.fog/machines-away ' '^harvestpolicy.fog/gentle '
  sed 's/replicas: 0/replicas: [1]/' "$T/m/made.yaml" >"$T/m/typed.yaml"
  expect 1 k apply -f "$T/m/typed.yaml" --dry-run=server
  rest numbers 'workload.resources: {cores: 2, memory: 1073741824}' >"$T/m/numbers.yaml"
  expect 0 k apply -f "$T/m/numbers.yaml" --dry-run=server -o jsonpath='{.spec.workload.resources}'
  says "$out" 'cores":"?2"?[,}]' 'memory":"1Gi"'
}

amounts_written_in_another_way_are_no_change() {
  local before
  expect 0 k apply -f "$T/m/numbers.yaml"
  await 10 "it rests" converged numbers
  before=$(session numbers .metadata.resourceVersion)
  expect 0 k apply -f "$T/m/numbers.yaml" # kubectl itself compares the texts, and may say "configured"
  is "its version" "$(session numbers .metadata.resourceVersion)" "$before"
  expect 0 k delete hs numbers
}

unknown_fields_are_refused_or_warned_about() {
  rest odd 'bogus: 1' >"$T/m/odd.yaml"
  expect 1 k create -f "$T/m/odd.yaml"
  says "$err" 'bogus'
  expect 0 k create -f "$T/m/odd.yaml" --validate=false
  expect 0 k delete hs odd
}

apply_creates_then_changes_then_leaves_alone() {
  local before
  rest hello 'retries: 3' >"$T/m/hello.yaml"
  expect 0 k apply -f "$T/m/hello.yaml"
  is "what it said" "$out" "harvestsession.fog/hello created"
  before=$(newest)
  expect 0 k apply -f "$T/m/hello.yaml"
  is "what it said" "$out" "harvestsession.fog/hello unchanged"
  is "the newest change" "$(newest)" "$before"
  sed -i '/retries: 3/d; s/replicas: 0/replicas: 2/' "$T/m/hello.yaml"
  expect 0 k apply -f - <"$T/m/hello.yaml"
  is "what it said" "$out" "harvestsession.fog/hello configured"
  is "retries, which it no longer names" "$(session hello .spec.retries)" 5
  await 20 "it runs" converged hello
  is "its replicas" "$(session hello .status.ready)" 2
  expect 0 k apply view-last-applied hs/hello
  says "$out" 'replicas: 2'
}

apply_dry_runs_change_nothing() {
  local before
  before=$(newest)
  sed 's/replicas: 2/replicas: 1/' "$T/m/hello.yaml" >"$T/m/less.yaml"
  expect 0 k apply -f "$T/m/less.yaml" --dry-run=server
  is "what it said" "$out" "harvestsession.fog/hello configured (server dry run)"
  expect 0 k apply -f "$T/m/less.yaml" --dry-run=client
  is "the newest change" "$(newest)" "$before"
}

apply_prunes_what_is_no_longer_declared() {
  local flag
  mkdir -p "$T/m/set"
  rest one | labelled "set: a" >"$T/m/set/one.yaml"
  rest two | labelled "set: a" >"$T/m/set/two.yaml"
  expect 0 k apply -f "$T/m/set" -l set=a
  rm "$T/m/set/two.yaml"
  flag=$(k apply --help | grep -oE -e '--prune-(white|allow)list' | head -n 1)
  expect 0 k apply -f "$T/m/set" -l set=a --prune "$flag=fog/v1/HarvestSession"
  says "$out" '^harvestsession.fog/one unchanged$' '^harvestsession.fog/two pruned$'
  is "what there is of two" "$(session_code two)" 404
}

diff_shows_what_would_change_and_exits_with_1() {
  expect 0 k diff -f "$T/m/hello.yaml"
  is "the diff" "$out" ""
  expect 1 k diff -f "$T/m/less.yaml"
  says "$out" '^-  replicas: 2$' '^\+  replicas: 1$'
  expect 1 k diff -f "$T/m/dry.yaml"
  says "$out" '^\+  name: dry$'
  expect 1 k diff -f "$T/m/dry.yaml" --server-side
  is "what there is of it" "$(session_code dry)" 404
}

server_side_apply_owns_what_it_names() {
  rest owned 'retries: 3' >"$T/m/owned.yaml"
  expect 0 k apply --server-side -f "$T/m/owned.yaml"
  is "what it said" "$out" "harvestsession.fog/owned serverside-applied"
  is "who manages it" "$(managers owned)" "kubectl Apply"
  sed -i '/retries/d' "$T/m/owned.yaml"
  expect 0 k apply --server-side -f "$T/m/owned.yaml"
  is "retries, which nobody names" "$(session owned .spec.retries)" 5
}

server_side_apply_tells_of_conflicts_and_can_force() {
  sed 's/replicas: 0/replicas: 1/' "$T/m/owned.yaml" >"$T/m/taken.yaml"
  expect 1 k apply --server-side --field-manager=scaler -f "$T/m/taken.yaml"
  says "$err" 'conflict' 'with "kubectl": .spec.replicas' 'force-conflicts'
  is "replicas after the refusal" "$(session owned .spec.replicas)" 0
  expect 0 k apply --server-side --field-manager=scaler --force-conflicts -f "$T/m/taken.yaml"
  is "replicas taken over" "$(session owned .spec.replicas)" 1
  says "$(managers owned)" '^kubectl Apply$' '^scaler Apply$'
  expect 0 k patch hs owned --type=merge -p '{"spec": {"replicas": 0}}'
}

edit_takes_what_the_editor_left() {
  EDITOR="sed -i s/retries:.*/retries:\ 7/" expect 0 k edit hs/hello
  is "what it said" "$out" "harvestsession.fog/hello edited"
  is retries "$(session hello .spec.retries)" 7
  EDITOR=true expect 0 k edit hs/hello
  says "$out$err" '^Edit cancelled, no changes made'
}

edit_opens_again_with_what_is_wrong() {
  printf '#!/bin/sh\ncp "$1" "%s/seen"; exec sed -i "s/retries:.*/retries: -7/" "$1"\n' "$T" >"$T/editor"
  chmod +x "$T/editor"
  EDITOR=$T/editor expect 1 k edit hs/hello
  says "$err" 'HarvestSession|harvestsessions.fog "hello" is invalid' 'no valid changes were saved'
  says "$(<"$T/seen")" '^# \* spec.retries: .*-7'
  is "retries after a mistake" "$(session hello .spec.retries)" 7
}

patch_merges() {
  expect 0 k patch hs hello --type=merge -p '{"spec": {"retries": 4}, "metadata": {"labels": {"tier": "gold"}}}'
  is "what it said" "$out" "harvestsession.fog/hello patched"
  is "retries and tier" "$(session hello '"\(.spec.retries) \(.metadata.labels.tier)"')" "4 gold"
  expect 0 k patch hs hello --type=merge -p '{"spec": {"retries": 4}}'
  is "what it said" "$out" "harvestsession.fog/hello patched (no change)"
  expect 0 k patch hs hello --type=merge -p '{"spec": {"retries": 6}}' --dry-run=server
  is "retries after a dry run" "$(session hello .spec.retries)" 4
}

patch_takes_json_patches() {
  expect 0 k patch hs hello --type=json -p '[{"op": "test", "path": "/spec/retries", "value": 4},
    {"op": "replace", "path": "/spec/retries", "value": 3}, {"op": "add", "path": "/metadata/labels/odd~1key", "value": "x"}]'
  is "retries and label" "$(session hello '"\(.spec.retries) \(.metadata.labels["odd/key"])"')" "3 x"
  expect 1 k patch hs hello --type=json -p '[{"op": "test", "path": "/spec/retries", "value": 4}]'
  expect 0 k patch hs hello --type=json -p '[{"op": "remove", "path": "/metadata/labels/odd~1key"}]'
}

strategic_patches_are_refused_in_words() {
  expect 1 k patch hs hello -p '{"spec": {"retries": 6}}'
  says "$err" 'UnsupportedMediaType|is not supported' 'application/merge-patch\+json'
}

label_and_annotate_set_and_remove() {
  expect 0 k label hs hello site=north
  is "what it said" "$out" "harvestsession.fog/hello labeled"
  expect 1 k label hs hello site=south
  says "$err" "already has a value"
  expect 0 k label hs hello site=south --overwrite
  expect 1 k label hs hello site=west --overwrite --resource-version=1
  says "$err" 'Conflict|has been modified'
  is site "$(session hello .metadata.labels.site)" south
  expect 0 k label hs hello site-
  expect 0 k annotate hs hello note="two words"
  says "$out" '^harvestsession.fog/hello annotated?$' # 1.27 says it so
  is "note and site" "$(session hello '"\(.metadata.annotations.note) \(.metadata.labels.site)"')" "two words null"
  expect 0 k annotate hs hello note-
  expect 0 k label hs --all all=yes
  is "sessions without the label" "$(api "$objects/harvestsessions?labelSelector=all!=yes" | jq '.items | length')" 0
}

replace_puts_and_refuses_what_is_stale() {
  local uid
  expect 0 k get hs made -o yaml
  sed '/^  managedFields:/,/^  [a-z]*: /{/^  managedFields:/d;/^  - /d;/^    /d}' <<<"$out" >"$T/m/stale.yaml"
  sed '/resourceVersion:/d; s/replicas: 0/replicas: 1/' "$T/m/stale.yaml" >"$T/m/replaced.yaml"
  expect 0 k replace -f "$T/m/replaced.yaml"
  is "what it said" "$out" "harvestsession.fog/made replaced"
  is replicas "$(session made .spec.replicas)" 1
  expect 1 k replace -f "$T/m/stale.yaml"
  says "$err" '^Error from server \(Conflict\): .*the object has been modified'
  uid=$(session made .metadata.uid)
  expect 0 k replace --force -f "$T/m/made.yaml"
  says "$out" '^harvestsession.fog "made" deleted$' '^harvestsession.fog/made replaced$'
  [ "$(session made .metadata.uid)" != "$uid" ] || miss "it has its uid of before"
}

scale_changes_replicas() {
  expect 0 k scale hs made --replicas=2
  is "what it said" "$out" "harvestsession.fog/made scaled"
  is replicas "$(session made .spec.replicas)" 2
  expect 1 k scale hs made --current-replicas=7 --replicas=1
  expect 0 k scale hs made --current-replicas=2 --replicas=0
  is replicas "$(session made .spec.replicas)" 0
}

dry_runs_of_all_that_write_change_nothing() {
  local before
  before=$(newest)
  expect 0 k label hs hello dry=run --dry-run=server
  expect 0 k annotate hs hello dry=run --dry-run=server
  expect 0 k patch hs hello --type=json -p '[{"op": "remove", "path": "/metadata/labels"}]' --dry-run=server
  expect 0 k replace -f "$T/m/made.yaml" --dry-run=server
  expect 0 k apply -f "$T/m/taken.yaml" --server-side --force-conflicts --dry-run=server
  is "the newest change" "$(newest)" "$before"
}

kustomize_and_the_proxy_of_kubectl_do_what_they_do() {
  local proxy
  mkdir -p "$T/m/overlay"
  rest based >"$T/m/overlay/based.yaml"
  echo '{resources: [based.yaml], namePrefix: north-, commonLabels: {site: north}}' >"$T/m/overlay/kustomization.yaml"
  expect 0 k apply -k "$T/m/overlay"
  is "what it said" "$out" "harvestsession.fog/north-based created"
  expect 0 k delete -k "$T/m/overlay"
  "$KUBECTL" --cache-dir="$T/cache" proxy --port=0 >"$T/proxy" 2>&1 &
  proxy=$!
  await 10 "the proxy listens" grep -q '^Starting to serve on 127' "$T/proxy"
  expect 0 curl -sf --max-time 10 "http://$(sed 's/.* on //' "$T/proxy")$objects/harvestsessions/hello"
  is "who came through it" "$(jq -r .metadata.name <<<"$out")" hello
  end_hard "$proxy"
}

raw_requests_are_passed_on() {
  expect 0 k get --raw /healthz
  is "what it said" "$out" ok
  expect 0 k get --raw "$objects/harvestsessions/hello/why"
  says "$out" '"converged"'
  echo '{"apiVersion": "fog/v1", "kind": "HarvestPolicy", "metadata": {"name": "raw"}}' >"$T/m/raw.json"
  expect 0 k create --raw "$objects/harvestpolicies" -f "$T/m/raw.json"
  says "$out" '"name":"raw"'
  expect 0 k replace --raw "$objects/harvestpolicies/raw" -f "$T/m/raw.json"
  expect 0 k delete --raw "$objects/harvestpolicies/raw"
}

# --- reading --------------------------------------------------------------------------------------

get_prints_the_servers_columns() {
  expect 0 k get hs
  says "$out" '^NAME +DESIRED +READY .*AGE' '^hello +2 +2 .* [0-9]+[sm]$'
  says_not "$out" 'MESSAGE'
  expect 0 k get hs -o wide
  says "$out" '^NAME.*MESSAGE' 'as declared'
  expect 0 k get hs hello --no-headers
  says "$out" '^hello +2 +2 '
  expect 0 k get hs,hp
  says "$out" '^harvestsession.fog/hello '
  expect 0 k get all
  says "$out" '^agent.fog/edge-1 ' '^assignment.fog/hello-0-'
  expect 0 k get fog -o name
  says "$out" '^agent.fog/edge-1$' '^harvestsession.fog/hello$'
  expect 0 k get hs -n lab hello
  expect 0 k get hs -A
  says "$out" '^hello '
}

get_prints_objects_in_every_form() {
  expect 0 k get hs/hello -o yaml
  says "$out" '^kind: HarvestSession' '^  replicas: 2$'
  expect 0 k get hs -o json
  is "a name in JSON" "$(jq -r '.items[] | select(.spec.replicas == 2) | .metadata.name' <<<"$out")" hello
  expect 0 k get hs hello made -o name
  is names "$out" "harvestsession.fog/hello
harvestsession.fog/made"
  expect 0 k get hs hello -o jsonpath='{.spec.replicas} {.status.conditions[?(@.type=="Converged")].status}'
  is "through a path" "$out" "2 True"
  expect 0 k get hs -o custom-columns=WHO:.metadata.name,HOW-OFTEN:.spec.replicas
  says "$out" '^WHO +HOW-OFTEN$' '^hello +2$'
  expect 0 k get -f "$T/m/hello.yaml" -o name
  is "by its manifest" "$out" "harvestsession.fog/hello"
}

get_sorts_selects_and_shows_labels() {
  expect 0 k get hs --sort-by=.spec.replicas --no-headers
  is "the last of them" "$(tail -n 1 <<<"$out" | cut -d' ' -f1)" hello
  expect 0 k get hs -l tier=gold -o name
  is "with the label" "$out" "harvestsession.fog/hello"
  expect 0 k get hs -l 'tier notin (gold)' -o name
  says_not "$out" hello
  expect 0 k get asg --field-selector spec.session=hello,spec.agent=edge-1 -o name
  says "$out" '^assignment.fog/hello-[01]-[a-z0-9]+$'
  expect 1 k get hs --field-selector spec.nothing=1
  says "$err" 'spec.nothing'
  expect 0 k get hs -L tier
  says "$out" '^NAME .* TIER$' '^hello .* gold *$'
  expect 0 k get hs --show-labels
  says "$out" ' LABELS$' '^hello .*tier=gold'
  expect 0 k get hs --chunk-size=1 -o name
  is "page by page" "$(wc -l <<<"$out")" "$(api $objects/harvestsessions | jq '.items | length')"
}

get_watches() {
  local all one matching events
  "$KUBECTL" --cache-dir="$T/cache" get hs -w >"$T/watch" 2>&1 &
  all=$!
  "$KUBECTL" --cache-dir="$T/cache" get hs hello -w -o jsonpath='{.spec.retries} ' >"$T/watch.one" 2>&1 &
  one=$!
  "$KUBECTL" --cache-dir="$T/cache" get hs -l stage=on -w -o name >"$T/watch.labelled" 2>&1 &
  matching=$!
  "$KUBECTL" --cache-dir="$T/cache" get hs --watch-only --output-watch-events >"$T/watch.events" 2>&1 &
  events=$!
  await 10 "all watch" watches 4
  await 10 "the table stands" grep -q '^hello ' "$T/watch"
  await 10 "the one stands" grep -q '^3 ' "$T/watch.one"
  expect 0 k patch hs hello --type=merge -p '{"metadata": {"labels": {"stage": "on"}}, "spec": {"retries": 9}}'
  await 10 "the change of the one comes" grep -q ' 9 ' "$T/watch.one"
  await 10 "what begins to match comes" grep -q '^harvestsession.fog/hello$' "$T/watch.labelled"
  make_rests later
  await 10 "a new row comes" grep -q '^later ' "$T/watch"
  await 10 "what is new comes as an event" grep -Eq '^ADDED +later ' "$T/watch.events"
  says_not "$(<"$T/watch.events")" '^ADDED +hello '
  is "heads of the table" "$(grep -c ^NAME "$T/watch")" 1
  says_not "$(<"$T/watch")" unknown
  for one in $all $one $matching $events; do end_hard "$one"; done
}

describe_tells_of_one_with_its_events() {
  expect 0 k describe hs hello
  says "$out" '^Name: +hello' '^Kind: +HarvestSession' '^Spec:' '^Events:' 'Converged'
  says_not "$out" '<unknown>' '^Events: +<none>'
  expect 0 k describe agents
  says "$out" '^Name: +edge-1' '^Name: +edge-2'
}

get_events_is_a_table() {
  expect 0 k get events
  says "$out" '^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE' ' +Normal +Converged +harvestsession/hello +'
  expect 0 k get events --field-selector involvedObject.name=hello,type=Normal
  says_not "$out" 'harvestsession/made'
  expect 0 k get events -A
  says "$out" '^NAMESPACE' '^default '
}

newer_verbs_are_answered() { # by those that have them
  expect 0 k events --for hs/hello
  says "$out" '^LAST SEEN +TYPE +REASON +OBJECT' ' HarvestSession/hello '
  expect 0 k wait hs/hello --for=jsonpath='{.status.ready}'=2 --timeout=10s
  KUBE_FEATURE_WatchListClient=true expect 0 k wait hs/hello --for=condition=Converged --timeout=10s
  expect 0 k get hs hello --subresource=status
  says "$out" '^hello +2 +2 '
}

# --- waiting and deleting -------------------------------------------------------------------------

wait_waits_for_conditions() {
  expect 0 k wait hs/hello hs/made --for=condition=Converged --timeout=10s
  is "what it said" "$out" "harvestsession.fog/hello condition met
harvestsession.fog/made condition met"
  expect 0 k scale hs hello --replicas=1
  expect 0 k wait hs hello --for=condition=converged --timeout=20s
  ses never 'exec sleep 1000' 'workload.resources: {memory: 64Gi}' | apply
  expect 1 k wait hs/never --for=condition=Converged --timeout=1s
  says "$err" '^error: timed out waiting for the condition on harvestsessions/never'
  expect 1 k wait hs/nobody --for=condition=Converged --timeout=5s
  says "$err" 'NotFound'
}

wait_waits_for_the_end() {
  "$KUBECTL" --cache-dir="$T/cache" wait hs/never --for=delete --timeout=20s >"$T/waiter" 2>&1 &
  await 10 "it watches" watches 1
  expect 0 k delete hs never --wait=false
  wait $! || miss "it exited with $?"
  is "what it said" "$(<"$T/waiter")" "harvestsession.fog/never condition met"
}

delete_dry_runs_delete_nothing() {
  expect 0 k delete hs made --dry-run=server
  is "what it said" "$out" 'harvestsession.fog "made" deleted (server dry run)'
  expect 0 k delete hs made --dry-run=client
  is "what there is of it" "$(session_code made)" 200
}

delete_waits_until_it_is_gone() {
  expect 0 k delete -f "$T/m/made.yaml"
  is "what it said" "$out" 'harvestsession.fog "made" deleted'
  is "what there is of it" "$(session_code made)" 404
  expect 1 k delete hs made
  says "$err" '^Error from server \(NotFound\)'
  expect 0 k delete hs made --ignore-not-found
}

delete_waits_for_finalizers() {
  make_rests held
  expect 0 k patch hs held --type=merge -p '{"metadata": {"finalizers": ["fog/test"]}}'
  expect 1 k delete hs held --timeout=1s
  says "$err" 'timed out waiting for the condition'
  says "$(session held .metadata.deletionTimestamp)" '^20'
  expect 0 k patch hs held --type=merge -p '{"metadata": {"finalizers": null}}'
  is "what there is of it" "$(session_code held)" 404
}

delete_selects_and_takes_all() {
  make_rests a b c
  expect 0 k label hs a b going=yes
  expect 0 k delete hs -l going=yes
  is "deleted by their label" "$out" 'harvestsession.fog "a" deleted
harvestsession.fog "b" deleted'
  is "what there is of c" "$(session_code c)" 200
  expect 0 k delete hs --all --wait
  expect 0 k get hs
  is "what is left" "$out" ""
}

delete_leaves_orphans_when_asked() {
  local uid
  make_rests parent
  uid=$(session parent .metadata.uid)
  for name in kept gone; do
    rest $name | sed "s|^metadata: {name: .*}|metadata: {name: $name, ownerReferences: [{apiVersion: fog/v1, kind: HarvestSession, name: parent, uid: $uid}]}|"
  done | expect 0 fogctl apply -f -
  expect 0 k delete hs parent --cascade=orphan
  is "what there is of what it owned" "$(session_code kept)" 200
  is "owners of what stays" "$(session kept '.metadata.ownerReferences | length')" 0
  expect 0 k delete hs kept gone
}

history_has_who_did_it() {
  expect 0 fogctl history hs/hello
  says "$out" ' ann +harvestsession.fog/hello +create *$' ' ann +harvestsession.fog/hello +.*spec.replicas: 0 => 2'
}

all_of_it_left_the_programs_whole() {
  stop_agent edge-1
  stop_agent edge-2
  stop_controller
  nothing_is_broken
}

debians_kubectl_is_here
NEWER=$(k events --help >/dev/null 2>&1 && echo newer_verbs_are_answered)
# shellcheck disable=SC2086
it it_is_pointed_at_fog_by_what_fogctl_prints version_tells_of_both_sides \
  api_resources_lists_every_kind_with_its_short_name api_versions_lists_both what_does_not_exist_is_said \
  explain_tells_of_fields auth_can_i_answers create_makes_what_is_not_there create_dry_runs_make_nothing \
  what_is_wrong_is_told_field_by_field it_finds_nothing_wrong_with_the_examples \
  amounts_written_in_another_way_are_no_change \
  unknown_fields_are_refused_or_warned_about apply_creates_then_changes_then_leaves_alone apply_dry_runs_change_nothing \
  apply_prunes_what_is_no_longer_declared diff_shows_what_would_change_and_exits_with_1 \
  server_side_apply_owns_what_it_names server_side_apply_tells_of_conflicts_and_can_force \
  edit_takes_what_the_editor_left edit_opens_again_with_what_is_wrong patch_merges patch_takes_json_patches \
  strategic_patches_are_refused_in_words label_and_annotate_set_and_remove replace_puts_and_refuses_what_is_stale \
  scale_changes_replicas raw_requests_are_passed_on dry_runs_of_all_that_write_change_nothing \
  kustomize_and_the_proxy_of_kubectl_do_what_they_do get_prints_the_servers_columns get_prints_objects_in_every_form \
  get_sorts_selects_and_shows_labels get_watches describe_tells_of_one_with_its_events get_events_is_a_table $NEWER \
  wait_waits_for_conditions wait_waits_for_the_end delete_dry_runs_delete_nothing delete_waits_until_it_is_gone \
  delete_waits_for_finalizers delete_selects_and_takes_all delete_leaves_orphans_when_asked history_has_who_did_it \
  all_of_it_left_the_programs_whole
