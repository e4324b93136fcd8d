#!/bin/bash
# A machine without Node, without a network, or with libraries of yesterday: what is built there, what it says, and how the page
# comes back.  In a copy of the tree, with a PATH that has all programs but Node's.  Prints "ok …" and "not ok …".
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

SOURCE=$PWD
TREE=$T/tree
BARE= # a PATH without the programs of Node

make_tree() {
  mkdir "$TREE" && git ls-files -z | tar -c --null -T - | tar -x -C "$TREE" && cd "$TREE" && BIN=$TREE/build/release
}

# A folder that has Node is one of links to all else that is in it.
make_path() {
  local folder like
  while read -r -d : folder; do
    like=$folder
    if [ -e "$folder/node" ] || [ -e "$folder/npm" ]; then
      like=$T/path$folder
      mkdir -p "$like"
      find "$folder/" -maxdepth 1 ! -type d ! -name node ! -name npm -exec ln -s -t "$like" {} +
    fi
    BARE=$BARE${BARE:+:}$like
  done <<<"$PATH:"
  ! PATH=$BARE command -v node
}
page() { stat -c %y build/dashboard/files.c; }
# As a person types it: nothing of the make that runs this test.
makes() { expect 0 env -u MAKEFLAGS -u MAKELEVEL "${@:2}" PATH="$1" make -s -j"$(nproc)" $WHAT; }
WHAT="build/release/fog-controller build/release/fogctl"

without_node_the_controller_is_built_and_says_at_build_at_start_and_at_ui_that_it_has_no_page() {
  makes "$BARE" || return
  says "$out" 'the dashboard is left out, for there is no Node here: "make deps"' || return
  start_controller || return
  says "$(cat "$T/controller.log")" 'built without the dashboard: /ui/ says how to get it'
  api /ui/ -i >"$T/answer"
  says "$(cat "$T/answer")" '^HTTP/1.1 404 ' '^Content-Type: text/plain' '"make deps" gets what the page is built with'
  expect 0 fogctl get agents
  stop_controller
}

it_is_said_again_and_nothing_is_linked_anew() {
  local before
  before=$(page && stat -c %y build/release/fog-controller)
  makes "$BARE" || return
  says "$out" 'the dashboard is left out'
  is "what was built" "$(page && stat -c %y build/release/fog-controller)" "$before"
}

# What it would fetch from is no registry: nothing listens there.
a_download_that_breaks_off_is_said_and_stops_nothing() {
  expect 0 env NPM_CONFIG_REGISTRY=http://127.0.0.1:9/ NPM_CONFIG_USERCONFIG=/dev/null controller/dashboard/fetch build/dashboard/npm
  says "$out" 'cannot get what the dashboard is built with; the controller will be without it'
  makes "$PATH" || return
  says "$out" 'the dashboard is left out, for its libraries were not fetched'
}

what_was_fetched_needs_no_network_and_the_page_is_there_with_the_next_make() {
  rm -rf build/dashboard/npm && cp -a "$SOURCE/build/dashboard/npm" build/dashboard/npm || return
  expect 0 env NPM_CONFIG_REGISTRY=http://127.0.0.1:9/ controller/dashboard/fetch build/dashboard/npm
  is "what fetching says" "$out" ""
  makes "$PATH" || return
  says_not "$out" 'left out'
  start_controller || return
  says_not "$(tail -n 3 "$T/controller.log")" 'without the dashboard'
  api /ui/ -i --compressed >"$T/answer"
  says "$(cat "$T/answer")" '^HTTP/1.1 200 ' '^Content-Security-Policy: default-src .none.;' 'src="boot.js"'
  api /ui/licences.txt --compressed >"$T/licences"
  is "licences of" "$(grep -cE '^(@preact/signals|@preact/signals-core|preact|uplot|yaml)$' "$T/licences")" 5
  stop_controller
}

# `sudo make install` has another PATH than who built it.
a_page_that_is_there_is_installed_where_there_is_no_node() {
  local before
  before=$(page)
  WHAT="install DESTDIR=$T/dest prefix=/usr" makes "$BARE" || return
  is "the page" "$(page)" "$before"
  cmp "$T/licences" "$T/dest/usr/share/doc/fog-controller/licences.txt" || miss "other licences are installed"
}

libraries_of_other_versions_are_not_built_with() {
  echo >>controller/dashboard/package-lock.json
  makes "$PATH" || return
  says "$out" 'left out, for its libraries are of other versions than package-lock.json names'
  WHAT="install DESTDIR=$T/bare prefix=/usr" makes "$PATH" || return
  [ ! -e "$T/bare/usr/share/doc/fog-controller" ] || miss "licences of what is not in it are installed"
  truncate -s -1 controller/dashboard/package-lock.json
  makes "$PATH" || return
  says_not "$out" 'left out'
}

make_clean_leaves_what_was_fetched() {
  WHAT=clean makes "$PATH" || return
  is "what is left" "$(find build -mindepth 1 -maxdepth 2 | xargs)" "build/dashboard build/dashboard/cache build/dashboard/npm"
  [ -e build/dashboard/npm/node_modules/complete ] || miss "the libraries are gone"
  WHAT=distclean makes "$PATH"
  [ ! -e build ] || miss "distclean left something"
}

make_tree && make_path || exit 2
it without_node_the_controller_is_built_and_says_at_build_at_start_and_at_ui_that_it_has_no_page it_is_said_again_and_nothing_is_linked_anew \
  a_download_that_breaks_off_is_said_and_stops_nothing what_was_fetched_needs_no_network_and_the_page_is_there_with_the_next_make \
  a_page_that_is_there_is_installed_where_there_is_no_node libraries_of_other_versions_are_not_built_with make_clean_leaves_what_was_fetched
