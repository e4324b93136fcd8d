#!/bin/bash
# The pages that show what to type are typed, as they stand, against a fleet like that of `make up`.
#
# An indented block is a script; lines of it that begin with "# " are what the commands before them print, "…" being
# anything.  What prints nothing of which the page tells must only not fail, nor be refused.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

PATH=$PWD/build/clients/kubectl:$BIN:$PATH

# Writes each block of a page as a script, LINE.sh, in pieces: PIECE.got is what it printed, PIECE.wanted what the page shows.
blocks() { # PAGE FOLDER
  awk -v dir="$2" '
    function piece() { n++; printf "{\n%s} >%s/%d.got\n", (shown == "" ? "must=1\n" : "must=\n") text, substr(file, 1, length(file) - 3), n > file
      if (shown != "") printf "%s", shown > (substr(file, 1, length(file) - 3) "/" n ".wanted")
      text = shown = "" }
    function finish() { if (file == "") return; if (text != "") piece(); close(file); file = "" }
    /^```/ { fenced = !fenced }
    fenced || !/^    / { if (/[^ ]/ || fenced) finish(); else if (file != "") text = text "\n"; was_text = /[^ ]/; next }
    file == "" { if (was_text) next; file = dir "/" NR ".sh"; n = 0; system("mkdir -p " dir "/" NR) }
    { line = substr($0, 5) }
    line ~ /^#( |$)/ { shown = shown substr(line, 3) "\n"; next }
    { if (shown != "") piece(); text = text line "\n" }
    END { finish() }' "$1"
}

# As a pattern: all of it is meant, but "…" is anything.
pattern() { sed 's/[][*?\\]/\\&/g; s/…/*/g'; }

replay() { # PAGE LINE: what is exported and written lasts until the end of the page
  local dir=$T/pages/$2 wanted got
  cat - "$T/pages/$2.sh" <(echo "export -p >$T/pages/exported") >"$dir/script" <<EOF
set -e -o pipefail
cd $T/pages/here
. $T/pages/exported
F=http://$API
curl() { command curl \${must:+--fail-with-body} "\$@"; } # a refusal that the page does not show is none it knows of
EOF
  FOGCTL_SERVER=http://$API timeout 30 bash "$dir/script" >"$dir/said" 2>&1 ||
    { miss "$1:$2 ends with $?" && tail -n 20 "$dir/said" "$dir"/*.got | sed 's/^/#   /'; }
  for wanted in "$dir"/*.wanted; do
    [ -e "$wanted" ] || continue
    got=$(cat "${wanted%.wanted}.got")
    # shellcheck disable=SC2053
    [[ $got == $(pattern <"$wanted") ]] && continue
    miss "$1:$2 prints something else (<) than what the page shows (>)"
    diff <(echo "$got") "$wanted" | sed 's/^/#   /'
  done
}

the_fleet_of_the_pages_is_up() {
  start_controller || return
  start_agent edge-1 --label site=north
  start_agent edge-2 --label site=north
  start_agent edge-3 --label site=south
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name"; done
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "all converges" converged counter beacon keeper
}

every_block_of_a_page_prints_what_it_shows() { # PAGE BLOCKS: at least
  local block count=0
  rm -rf "$T/pages" && mkdir -p "$T/pages/here" && : >"$T/pages/exported"
  blocks "$1" "$T/pages"
  for block in $(find "$T/pages" -name '*.sh' | sort -V); do
    replay "$1" "$(basename "$block" .sh)"
    count=$((count + 1))
  done
  [ "$count" -ge "$2" ] || miss "$1 has only $count blocks"
}
docs_API_does_what_it_shows() { every_block_of_a_page_prints_what_it_shows docs/API.md 10; }
docs_CLIENTS_does_what_it_shows() {
  [ -x build/clients/kubectl/kubectl ] || { miss "no kubectl: tests/clients/fetch build/clients gets it" && return; }
  every_block_of_a_page_prints_what_it_shows docs/CLIENTS.md 3
}

all_of_it_left_the_programs_whole() {
  stop_controller
  nothing_is_broken
}

it the_fleet_of_the_pages_is_up docs_API_does_what_it_shows docs_CLIENTS_does_what_it_shows all_of_it_left_the_programs_whole
