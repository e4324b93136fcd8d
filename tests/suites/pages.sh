#!/bin/bash
# The pages that show what to type are typed, as they stand, against a fleet like that of `make up`.
#
# An indented block is a script; lines of it that begin with "# " are what the commands before them print, "…" being
# anything.  What prints nothing of which the page tells must only not fail, nor be refused.
#
# docs/FOGCTL.md is a tour: of its blocks those count that begin with a prompt, "$ "; what follows a command is what it prints.
# Of that the words count: moments, ages, revisions and made-up names are other ones each time.  tests/e2e/tour.sh sets the stage.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"
# shellcheck source=tools/machines
. tools/machines

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

# --- the tour -------------------------------------------------------------------------------------

# Each block as LINE.sh, which types its commands one after the other.
tour() { # PAGE FOLDER
  awk -v dir="$2" -v q="'" '
    function shell(text) { gsub(q, q "\\" q q, text); return q text q }
    function finish() { if (file != "") close(file); file = "" }
    !/^    / && /[^ ]/ { finish(); was_text = 1; next }
    !/^    \$ / && file == "" { next }
    file == "" { file = dir "/" NR ".sh"; n = 0; system("mkdir -p " dir "/" NR) }
    /^    \$ / { n++; print "type " n " " shell(substr($0, 7)) > file; next }
    { print substr($0, 5) > (dir "/" substr(file, length(dir) + 2, length(file) - length(dir) - 4) "/" n ".wanted") }
    END { finish() }' "$1"
}

# What is another one each time.
normal() {
  perl -0777 -pe 's/\r//g; s/(\[y\/N\] )y\n/$1/g; s/^y\n//; s/\b\d{4}-\d\d-\d\dT[\d:.]+Z/TIME/g; s/\b\d\d:\d\d:\d\dZ/TIME/g;
    s/\b(\d+(\.\d+)?(ms|µs|s|m|h|d))+\b/AGE/g; s/\b\d+(\.\d+)?(Ki|Mi|Gi)\b/SIZE/g; s/-(\d+|edge-\d)-[0-9a-z]{5}\b/-$1-ID/g;
    s/(revision) #?\d+/$1 N/g; s/blake2b:[0-9a-f]+(?:…)?/blake2b:HEX/g; s/\b\d+ (out )?of \d+/N of N/g; s/^\d+(?=  )/N/mg; s/@@ .* @@/@@ @@/g; s/frame \d+/frame N/g; s/ +/ /g; s/ +$//mg; s/^…\n/…/mg;
    s/^(N (?:Succeeded|Failed|Running) edge)-\d/$1-N/mg'
}

play() { # PAGE LINE
  local dir=$T/pages/$2 wanted got
  cat >"$dir/script" <<EOF
cd $T/pages/here
export FOGCTL_SERVER=http://$API API=$API T=$T
. $T/pages/exported
. $PWD/tests/e2e/tour.sh
type() { # NUMBER COMMAND
  is_untyped "\$2" && { rm -f "$dir/\$1.wanted" && return; }
  before "\$2" >"$dir/\$1.before" 2>&1 || { echo "what comes before: \$2" && cat "$dir/\$1.before"; }
  as_typed "\$2" >"$dir/\$1.typed"
  if grep -q '\[y/N\] y\$' "$dir/\$1.wanted" 2>/dev/null; then
    echo y | TERM=dumb script -qec "\$(<"$dir/\$1.typed")" /dev/null >"$dir/\$1.got" 2>&1
  else
    . "$dir/\$1.typed" >"$dir/\$1.got" 2>&1
  fi || [ -e "$dir/\$1.wanted" ] || { echo "\$2: ends with \$?" && cat "$dir/\$1.got"; }
}
$(<"$T/pages/$2.sh")
export -p >$T/pages/exported
EOF
  timeout 60 bash -u "$dir/script" >"$dir/said" 2>&1 </dev/null
  [ ! -s "$dir/said" ] || { miss "$1:$2" && sed 's/^/#   /' "$dir/said"; }
  for wanted in "$dir"/*.wanted; do
    [ -e "${wanted%.wanted}.got" ] || continue
    got=$(normal <"${wanted%.wanted}.got")
    # shellcheck disable=SC2053
    [[ $got == $(normal <"$wanted" | pattern) ]] && continue
    miss "$1:$2 prints something else (<) than what the page shows (>): $(<"${wanted%.wanted}.typed")"
    diff "${wanted%.wanted}.got" "$wanted" | sed 's/^/#   /'
  done
}

docs_FOGCTL_does_what_it_shows() {
  local block count=0
  rm -rf "$T/pages" && mkdir -p "$T/pages/here" && : >"$T/pages/exported"
  expect 0 fogctl delete hs,hp --all
  tour docs/FOGCTL.md "$T/pages"
  for block in $(find "$T/pages" -name '*.sh' | sort -V); do
    play docs/FOGCTL.md "$(basename "$block" .sh)"
    count=$((count + 1))
  done
  [ "$count" -ge 30 ] || miss "docs/FOGCTL.md has only $count blocks"
}

# --- the fleet ------------------------------------------------------------------------------------

the_fleet_of_the_pages_is_up() {
  start_controller || return
  local name
  for name in edge-1 edge-2 edge-3; do
    make_machine "$T/$name.machine"
    mkdir -p "$T/$name.machine/proc"
    echo "0.$((7 * ${name#edge-} % 10))0 0.20 0.30 1/100 1000" >"$T/$name.machine/proc/loadavg"
    start_agent "$name" --sensor-root "$T/$name.machine" --label "site=$([ $name = edge-3 ] && echo south || echo north)"
  done
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name"; done
  expect 0 fogctl apply -f examples/quickstart.yaml
  await 20 "all converges" converged counter beacon keeper
  await 20 "all of it runs, and waits for no first readings" equals 7 running
}
running() { assignments 'select(.status.phase == "Running") | .metadata.name' | wc -l; }

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

it the_fleet_of_the_pages_is_up docs_API_does_what_it_shows docs_CLIENTS_does_what_it_shows \
  docs_FOGCTL_does_what_it_shows all_of_it_left_the_programs_whole
