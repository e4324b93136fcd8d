#!/bin/bash
# What the controller says of its kinds, /openapi, is well-formed, whole, and true of every example and of what it shows itself.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

documents() { ls "$T"/openapi-*.json; }
# shellcheck disable=SC2046
check() { tests/openapi-check "$1" $(documents); }

a_controller_and_an_agent_are_up() { start_fleet edge-1; }
something_runs() { curl -s "http://$API/apis/fog/v1/assignments" | jq -e 'any(.items[]; .status.phase == "Running")' >"$T/out"; }

every_listed_document_is_there() {
  local url n=0
  while read -r url; do
    n=$((n + 1))
    expect 0 curl -sf "http://$API$url" -o "$T/openapi-$n.json"
  done < <(curl -s "http://$API/openapi/v3" | jq -r '.paths[].serverRelativeURL')
  is "the number of documents" "$n" 5
}

all_of_it_is_well_formed() { expect 0 check form; }

every_kind_that_is_served_is_described() {
  local kind
  expect 0 check kinds
  for kind in $(fogctl api-resources -o json | jq -r '.resources[] | .groupVersion + ":" + .kind'); do
    says "$out" "^${kind%%:*} ${kind#*:}\$" "^${kind%%:*} ${kind#*:}List\$"
  done
}

# As they stand in the files: nothing was filled in.
every_example_agrees_with_it() {
  local file
  while read -r file; do
    expect 0 fogctl apply -f "$file" --dry-run=client -o json
    echo "$out"
  done < <(find examples \( -name '*.yaml' -o -name '*.json' \) ! -name scene.json) >"$T/manifests.json"
  jq -s '{kind: "List", items: map(.items? // [.] | .[])}' "$T/manifests.json" >"$T/all.json"
  [ "$(jq '.items | length' "$T/all.json")" -gt 20 ] || miss "there are few examples"
  expect 0 check objects <"$T/all.json"
}

# With defaults, metadata and status.
what_the_controller_shows_agrees_with_it() {
  local kind
  expect 0 fogctl create hs stays -- /bin/sleep 1000
  expect 0 fogctl apply -f examples
  await 20 "something runs" something_runs
  for kind in agents harvestpolicies harvestsessions alertrules assignments events sources conflicts; do
    fogctl get "$kind" -o json
  done | jq -s '{kind: "List", items: map(.items[])}' >"$T/all.json"
  says "$(jq -r '.items[].kind' "$T/all.json")" HarvestSession Agent Assignment Event AlertRule HarvestPolicy
  expect 0 check objects <"$T/all.json"
}

one_stays() {
  curl -s "http://$API/apis/fog/v1/assignments?fieldSelector=spec.session=stays,status.phase=Running" |
    jq -er '.items[0].metadata.name // empty' >"$T/out"
}

# A path that is described, of an object that is there.
declare -A NAMES=() # of an object of each kind, in small letters
asked() { # TEMPLATE
  local path=$1 plural=${1%%/\{name\}*}
  plural=${plural##*/}
  [[ $plural == *ies ]] && plural=${plural%ies}ys
  path=${path/"{name}"/${NAMES[${plural%s}]:-}} path=${path/"{namespace}"/default} path=${path/"{digest}"/$DIGEST}
  path=${path/"apis/{group}"/apis/fog}
  echo "${path/"{version}"/v1}"
}

all_that_is_read_is_answered_as_it_is_described() {
  local template path kind name n=0
  while read -r kind name; do
    NAMES[${kind,,}]=$name
  done < <(jq -r '.items[] | .kind + " " + .metadata.name' "$T/all.json")
  await 20 "one stays" one_stays
  NAMES[assignment]=$(<"$T/out")
  echo input >"$T/input"
  DIGEST=blake2b:$(b2sum "$T/input" | cut -c1-64)
  is "the answer to PUT /blobs/v1/{digest}" "$(curl -s -o "$T/out" -w '%{http_code}' -T "$T/input" "http://$API/blobs/v1/$DIGEST")" 201
  while read -r template; do
    path=$(asked "$template")
    [[ $path == */ || $path == *//* ]] && continue # there is none of that kind
    n=$((n + 1))
    printf 'url="http://%s%s?pretty=1"\noutput="%s"\n' "$API" "$path" "$T/answer-$n" >&4
    echo "get $template $T/answer-$n" >&5
  done 4>"$T/curl" 5>"$T/answers" < <(jq -r '.paths | to_entries[] | select(.value.get) | .key' "$T"/openapi-*.json)
  [ "$n" -gt 55 ] || miss "there are few paths: $n"
  is "the answers" "$(curl -s -K "$T/curl" -w '%{http_code} %{url_effective}\n' | grep -v '^200 ')" ''
  expect 0 check answers <"$T/answers"
}

# What docs/API.md says that there is.
every_path_that_is_described_is_documented() {
  local template documented
  documented=$(sed -n '/^## What there is/,/^## Reading/p' docs/API.md)
  while read -r template; do
    [[ $template == */"{name}"* || $template == /openapi/v3/* ]] || says "$documented" "${template/"{digest}"/DIGEST}[\`,]"
  done < <(jq -r '.paths | keys[]' "$T"/openapi-*.json | sed 's|{namespace}|ANY|')
}

# The controller and its description refuse the same.
what_is_wrong_is_wrong_for_both() {
  local change n=0
  while read -r change; do
    n=$((n + 1))
    jq -n "{apiVersion: \"fog/v1\", kind: \"HarvestSession\", metadata: {name: \"wrong-$n\"},
      spec: {workload: {command: [\"/bin/true\"]}}} | $change" | tee "$T/wrong.json" >>"$T/wrongs.json"
    is "the answer to $change" "$(curl -s -o "$T/out" -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
      "http://$API/apis/fog/v1/harvestsessions?fieldValidation=Strict&dryRun=All" -d @"$T/wrong.json" | sed 's/4[02][02]/4xx/')" 4xx
  done <<'END'
del(.spec.workload)
.spec.workload.command = []
.spec.workload.command = "/bin/true"
.spec.replicas = "three"
.spec.replicas = -1
.spec.replicas = 10001
.spec.repliccas = 1
.spec.drift = "ignore"
.spec.grace = "10 s"
.spec.policy = "Not_A_Name"
.spec.exclusive = "yes"
.spec.workload.resources.memory = "lots"
.spec.workload.resources.cores = "1.5m"
.spec.rollout.maxUnavailable = "101%"
.spec.rollout.maxUnavailable = "0%"
.spec.workload.artifacts = [{digest: "sha256:0", path: "a"}]
.spec.selector.matchLabels.a = "no blanks here"
.spec.tasks = {}
.metadata.labels = {a: 1}
END
  expect 1 check objects < <(jq -s '{kind: "List", items: .}' "$T/wrongs.json")
  is "how many of $n it names" "$(cut -d: -f1 <<<"$out" | cut -d. -f1 | sort -u | grep -c wrong)" "$n"
}

all_of_it_ends() {
  expect 0 fogctl delete hs --all --timeout 20s
  stop_agent edge-1
  stop_controller
  nothing_is_broken
}

it a_controller_and_an_agent_are_up every_listed_document_is_there all_of_it_is_well_formed every_kind_that_is_served_is_described \
  every_example_agrees_with_it what_the_controller_shows_agrees_with_it \
  all_that_is_read_is_answered_as_it_is_described every_path_that_is_described_is_documented what_is_wrong_is_wrong_for_both all_of_it_ends
