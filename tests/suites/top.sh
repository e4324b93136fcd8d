#!/bin/bash
# The board of `fogctl top` on a terminal of its own (tests/e2e/terminal.py), against the real controller and agents.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

ROOT=$T/root
battery() { printf '%s\n' "$2" >"$ROOT/sys/class/power_supply/BAT0/$1"; } # FILE TEXT

open_terminal() { # COLUMNSxROWS COMMAND…: with LOCALE
  mkdir -p "$T/terminal" && rm -f "$T"/terminal/*
  mkfifo "$T/terminal/keys"
  env -u NO_COLOR TERM=xterm LC_ALL="${LOCALE:-C.UTF-8}" python3 tests/e2e/terminal.py "$T/terminal" "$@" >>"$T/terminal.log" 2>&1 &
  TERMINAL=$!
  exec 7<>"$T/terminal/keys"
}
open_board() { # COLUMNSxROWS [OPTION…]
  open_terminal "$1" "$BIN/fogctl" -s "http://$API" top --interval 300ms "${@:2}"
}
keys() { printf 'type %s\n' "$1" >&7; } # \e, \r and \t are keys
size() { printf 'size %s\n' "$1" >&7; }
on_screen() { grep -Eq -e "$1" "$T/terminal/screen"; } # WORDS
shows() { await 10 "the board shows /$1/" on_screen "$1" || { sed 's/^/#   | /' "$T/terminal/screen" && false; }; }
shows_no() { await 10 "the board shows /$1/ no more" not on_screen "$1" || { sed 's/^/#   | /' "$T/terminal/screen" && false; }; }
board_ends() { # WANTED: in which state it leaves the terminal
  await 10 "the board ends" is_gone "$TERMINAL" || return
  exec 7>&-
  wait "$TERMINAL"
  is "the terminal afterwards" "$(cat "$T/terminal/end")" "$1"
}
SANE="exit 0, its own screen, a cursor, as it was"

a_suspended_agent_is_seen_with_its_reason_and_why() {
  cp -r tests/fixtures/sensors/laptop "$ROOT" && touch -d '1 hour ago' "$ROOT"/dev/input/* || return
  start_controller && start_agent lap-1 --sensor-root "$ROOT" --label site=north && start_agent box-1 || return
  await 15 "both are there" eval 'agent_ready lap-1 && agent_ready box-1' || return
  apply <<END
apiVersion: fog/v1
kind: HarvestPolicy
metadata: {name: careful}
spec: {battery: {minPercent: 40, resumePercent: 41, requireCharging: false}, user: {startAfterIdle: 1s, continueAfterIdle: 1s}}
---
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: render}
spec: {policy: careful, everyAgent: true, workload: {command: [/bin/sleep, "1000"]}}
END
  open_board 110x24
  shows '^  lap-1 +● converged .* render' && shows '^> box-1 +● converged' || return
  shows '^2 agents   ● 2 converged$' && shows '^1 session   1 converged   2 Running$' || return
  battery capacity 12
  shows '^  lap-1 +‖ suspended BatteryLow .* 12%' && shows '^2 agents   ● 1 converged   ‖ 1 suspended$' || return
  keys 'j\r'
  shows '^agent.fog/lap-1 is as declared, and held back' && shows 'in the way: BatteryLow of assignment/render-lap-1' &&
    shows '‖ render/lap-1 on lap-1: Suspended, BatteryLow' && shows 'what would help: ' || return
  keys '\e'
  shows '^> lap-1 ' || return
  battery capacity 90
  shows '^> lap-1 +● converged' && shows '^2 agents   ● 2 converged$'
}

it_fits_the_size_that_the_terminal_has_now() {
  size 60x12
  await 10 "it is narrow" eval '[ "$(wc -l <"$T/terminal/screen")" -eq 12 ] && on_screen "^  NAME +STATE +BATTERY +HEAT$"' || return
  shows '/ search   \? help   q quit$'
  size 110x24
  shows 'LOAD +CORES +OTHERS +RUNS +WORK$'
}

agents_are_searched_for_and_selected() {
  keys '/north'
  shows '^> lap-1 ' && shows_no 'box-1 ' || return
  keys '\e'
  shows 'box-1 ' || return
  keys 'lreported/site=north\r'
  shows '^1 agent   ' && shows_no 'box-1 ' && shows 'labels reported/site=north' || return
  keys 'l,,=\r'
  shows 'label key "" is empty' && shows 'labels reported/site=north' || return # is refused: the one of before holds
  keys 'lx'; printf 'type \025\\r\n' >&7
  shows '^2 agents   ' || return
  keys 'wsensors.battery > 50\r'
  shows '^1 agent   ' && shows_no 'box-1 ' || return
  keys 'w'; printf 'type \025\\r\n' >&7
  shows '^2 agents   '
}

who_changed_what_is_in_the_log() {
  keys 4
  shows 'hs/render +[^ ]+ +create$' || return
  expect 0 fogctl --user ann label hs/render tier=gold --change-cause 'the good one'
  shows 'hs/render +ann .*\(the good one\)$' || return
  expect 0 fogctl --user ann label --overwrite hs/render tier=silver --change-cause 界界界界界界界界界 # two columns each: the line is full
  shows 'hs/render +ann .*\((界){9}\)$'
}

it_says_when_it_is_stale_and_outlives_a_restart() {
  keys 1
  shows '^> lap-1 ' || return
  stop_controller
  shows 'no word from the controller for [0-9]+ s' && shows '^> lap-1 ' || return
  start_controller || return
  shows_no 'no word from the controller' || return
  expect 0 fogctl cordon box-1
  shows '^  box-1 +⊘ cordoned' || return
  kill_agent box-1
  shows '^  box-1 +○ silent'
}

it_does_not_wait_for_a_controller_that_hangs() {
  kill -STOP "$CONTROLLER"
  shows 'no word from the controller for [1-9][0-9]* s' || return
  keys 2
  shows '^> render ' # keys are taken all the same
  keys 1
  shows '^> lap-1 ' || return
  kill -CONT "$CONTROLLER"
  shows_no 'no word from the controller'
}

q_leaves_the_terminal_as_it_was() {
  keys q
  board_ends "$SANE"
  [ -s "$T/terminal/screen" ] && says_not "$(cat "$T/terminal/screen")" lap-1
}

other_terminals_are_served_and_signals_leave_them_sane() {
  local pid
  LOCALE=C open_board 80x20 -l reported/site=north
  shows '^> lap-1 +\+ converged' && shows_no 'box-1 ' || return
  says_not "$(LC_ALL=C tr -d '\0-\177' <"$T/terminal/bytes" | head -c 20)" .
  says "$(cat "$T/terminal/bytes")" $'\e\\[32m' # a colour, for NO_COLOR is not set
  pid=$(pgrep -P "$TERMINAL")
  kill -TERM "$pid"
  board_ends "$SANE" || return
  expect 0 fogctl top --once
  says "$out" '^2 agents   \+ 1 converged   - 1 silent' '^  lap-1 ' '^  render '
  says_not "$out" $'\e'
  expect 0 fogctl top -o json
  is "the state of the one that is away" "$(jq -r '.agents.items[] | select(.name == "box-1") | .state' <<<"$out")" silent
}

# Leaks are looked for where it ends by itself: what looks for them does not bear signals.
in_its_shell() {
  open_terminal 110x24 env PS1='shell: ' ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" sh -i
  keys "$BIN/fogctl -s http://$API top --interval 300ms\r"
  shows '^> box-1 ' || return
  BOARD=$(pgrep -P "$(pgrep -P "$TERMINAL")")
}

ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
  in_its_shell || return
  printf 'type \032\n' >&7
  shows 'Stopped|Suspended' && shows_no '^> box-1 ' || return
  keys 'stty -a\r'
  shows '(^| )icanon ' && shows ' echo ' || return
  size 60x12
  keys 'fg\r'
  shows '^> box-1 ' && shows '^  NAME +STATE +BATTERY +HEAT$' || return
  kill -STOP "$BOARD" # without asking
  shows 'shell:$' || return
  keys 'fg\r'
  shows_no 'shell:' && shows '^> box-1 ' || return # drawn anew, all of it
  keys q
  shows 'shell:$' || return
  keys 'exit\r'
  board_ends "$SANE"
}

a_crash_leaves_the_terminal_sane_too() {
  in_its_shell || return
  kill -ABRT "$BOARD"
  shows 'Aborted' && shows_no '^> box-1 ' || return
  keys 'echo code $?\r'
  shows 'code 134' || return
  keys 'exit\r'
  board_ends "$SANE"
}

who_closes_the_terminal_ends_the_board() {
  in_its_shell || return
  kill -KILL "$TERMINAL" && wait "$TERMINAL" 2>/dev/null
  exec 7>&-
  await 10 "the board ends" is_gone "$BOARD"
}

all_end_and_nothing_is_left() {
  start_agent box-1 # what it ran is ended by it
  expect 0 fogctl delete hs --all --no-wait
  await 20 "no workload is left" equals "" workloads
  stop_agent lap-1
  stop_agent box-1
  stop_controller
  nothing_is_broken
}

it a_suspended_agent_is_seen_with_its_reason_and_why it_fits_the_size_that_the_terminal_has_now \
  agents_are_searched_for_and_selected who_changed_what_is_in_the_log it_says_when_it_is_stale_and_outlives_a_restart \
  it_does_not_wait_for_a_controller_that_hangs q_leaves_the_terminal_as_it_was other_terminals_are_served_and_signals_leave_them_sane \
  ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again a_crash_leaves_the_terminal_sane_too who_closes_the_terminal_ends_the_board \
  all_end_and_nothing_is_left
