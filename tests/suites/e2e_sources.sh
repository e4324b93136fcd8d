#!/bin/bash
# The config directory beside operators: files that appear, change, break and go, and who outranks whom.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

fleet=$T/fleet

policy() { # NAME PERCENT
  printf -- '---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: %s}\nspec: {battery: {minPercent: %s}}\n' "$@"
}

percent() { api "$objects/harvestpolicies/$1" | jq -r .spec.battery.minPercent; }
source_is() { equals "$1" eval "api $objects/sources/directory | jq -r '.status.conditions[0].reason'"; }
conflicts() { fogctl get cf -o json | jq -r '.items[].spec | "\(.object) \(.field) \(.owner) \(.refused)"'; }

the_directory_is_applied_as_it_is_found() {
  mkdir -p "$fleet/sites"
  policy night 40 >"$fleet/night.yaml"
  policy day 30 >"$fleet/sites/day.yml"
  policy hidden 30 >"$fleet/.hidden.yaml"
  echo 'no manifest' >"$fleet/README"
  start_controller --config-dir "$fleet" || return
  await 10 "it is in force" source_is InForce || return
  is "night" "$(percent night)" 40
  is "day" "$(percent day)" 30
  expect 0 fogctl get src
  says "$out" '^directory +2 +2 +0 +True +InForce'
  expect 0 fogctl get hp -o name
  is "what there is" "$(sort <<<"$out" | xargs)" "harvestpolicy.fog/day harvestpolicy.fog/night"
  expect 0 fogctl history hp/night
  says "$out" 'config-directory .*night.yaml'
}

a_change_is_noticed_and_a_mistake_changes_nothing() {
  policy night 45 >"$fleet/night.yaml"
  await 10 "the change" equals 45 percent night
  policy night 50 >"$fleet/night.yaml"
  policy day 300 >"$fleet/sites/day.yml"
  await 10 "it is refused" source_is Invalid
  is "night" "$(percent night)" 45
  expect 0 fogctl get src -o wide
  says "$out" 'sites/day.yml:5:30: error: spec.battery.minPercent: 300 is above 100'
  policy day 35 >"$fleet/sites/day.yml"
  await 10 "it is mended" equals 35 percent day
  is "night" "$(percent night)" 50
}

an_operator_wins_and_gives_back() {
  api "$objects/harvestpolicies/night?fieldManager=fogctl" -X PATCH -H 'Content-Type: application/merge-patch+json' \
    -d '{"spec": {"battery": {"minPercent": 42}}}' >/dev/null
  policy night 55 >"$fleet/night.yaml"
  await 10 "it is refused" eval 'fogctl get cf | grep -Eq "minPercent +fogctl"' || conflicts
  is "conflicts" "$(conflicts)" "harvestpolicy/night .spec.battery.minPercent fogctl directory"
  is "night" "$(percent night)" 42
  expect 0 fogctl release hp/night --field .spec.battery.minPercent --dry-run
  says "$out" '^\+    minPercent: 5[05]' 'night released \(server dry run\)'
  is "night" "$(percent night)" 42
  expect 0 fogctl release hp/night --field .spec.battery.minPercent
  is "what it said" "$out" "harvestpolicy.fog/night released"
  await 10 "it is given back" equals 55 percent night
  is "conflicts" "$(conflicts)" ""
  expect 1 fogctl release hp/night --field .spec.battery.minPercent
  says "$err" 'no manager of the API owns'
}

what_is_deleted_stays_deleted_until_it_is_released() {
  expect 0 fogctl delete hp/day --user ann
  is "conflicts" "$(conflicts)" "harvestpolicy/day (deleted) ann directory"
  stop_controller
  start_controller --config-dir "$fleet" || return
  policy night 60 >"$fleet/night.yaml"
  await 10 "the directory is read" equals 60 percent night
  expect 1 fogctl get hp/day
  expect 0 fogctl release hp/day
  is "day" "$(percent day)" 35
}

a_folder_behind_a_link_is_exchanged_as_a_whole() {
  local begin
  cp -r "$fleet" "$T/v1"
  cp -r "$fleet" "$T/v2"
  rm -r "$fleet"
  ln -s v1 "$fleet"
  policy night 57 >"$T/v2/night.yaml"
  await 10 "the link is followed" source_is InForce
  ln -s v2 "$T/new"
  begin=$(now_ms)
  mv -T "$T/new" "$fleet"
  await 8 "the other folder" equals 57 percent night
  [ $(($(now_ms) - begin)) -lt 8000 ] || miss "it took until the next look"
}

what_a_set_names_no_more_is_pruned() {
  mkdir "$T/web"
  policy web-1 40 >"$T/web/1.yaml"
  policy web-2 40 >"$T/web/2.yaml"
  expect 0 fogctl apply -f "$T/web" --applyset web
  policy other 40 | apply
  rm "$T/web/2.yaml"
  expect 1 fogctl diff -f "$T/web" --applyset web --prune
  says "$out" '^--- live/HarvestPolicy.web-2' '^-kind: HarvestPolicy'
  expect 0 fogctl apply -f "$T/web" --applyset web --prune --dry-run
  is "what it said" "$out" "harvestpolicy.fog/web-1 unchanged (server dry run)
harvestpolicy.fog/web-2 deleted (server dry run)"
  expect 0 fogctl apply -f "$T/web" --applyset web --prune
  expect 0 fogctl get hp -l fog/applyset -o name
  is "what is left of it" "$out" harvestpolicy.fog/web-1
  expect 0 fogctl get hp other
  expect 2 fogctl apply -f "$T/web" --prune
}

a_file_that_goes_takes_its_objects_along_but_not_all_at_once() {
  rm "$fleet"
  mv "$T/v2" "$fleet"
  rm "$fleet/sites/day.yml"
  await 10 "it is gone" not fogctl get hp/day
  rm "$fleet/night.yaml"
  await 10 "an empty folder says nothing" source_is Empty
  is "night" "$(percent night)" 57
  mv "$fleet" "$fleet.away"
  await 20 "nor does one that is not there" source_is Missing
  is "night" "$(percent night)" 57
  mkdir "$fleet"
  echo '# nothing' >"$fleet/none.yaml"
  await 20 "that it says" not fogctl get hp/night
}

all_end_and_nothing_is_left() {
  stop_controller
  nothing_is_broken
}

it the_directory_is_applied_as_it_is_found a_change_is_noticed_and_a_mistake_changes_nothing \
  an_operator_wins_and_gives_back what_is_deleted_stays_deleted_until_it_is_released \
  a_folder_behind_a_link_is_exchanged_as_a_whole what_a_set_names_no_more_is_pruned \
  a_file_that_goes_takes_its_objects_along_but_not_all_at_once all_end_and_nothing_is_left
