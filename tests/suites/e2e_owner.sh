#!/bin/bash
# The owner's rules, with real processes: a machine that is a tree of files (tests/fixtures/sensors) falls below what its owner
# asked for, and busy work on it soon uses no more processor time, with a policy and without one.  (Two seconds on a machine that
# has nothing else to do.)
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

ROOT=$T/root
laptop() { printf '%s\n' "$2" >"$ROOT/$1"; } # FILE TEXT
battery() { laptop sys/class/power_supply/BAT0/"$1" "$2"; }

cpu_of() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
stands_still() { # PID…: busy as they are, they use nothing in a quarter of a second
  local before pid
  before=$(for pid in "$@"; do cpu_of "$pid"; done)
  sleep 0.25
  [ "$before" = "$(for pid in "$@"; do cpu_of "$pid"; done)" ]
}
works() { [ -n "$1" ] && not stands_still "$1"; } # PID
held_as() { # REASON: both pieces of work say so
  equals "$1 $1" eval 'assignments .status | jq -rs "[.[] | select(.phase == \"Suspended\") | .reason] | sort | join(\" \")"'
}
held_for() { # REASON
  await 5 "nothing is used any more, for $1" stands_still "$ruled" "$free"
  await 5 "both say $1" held_as "$1"
}
both_go_on() { await 10 "one goes on" works "$ruled" && await 10 "the other goes on" works "$free"; }

a_machine_works_by_its_owners_file() {
  cp -r tests/fixtures/sensors/laptop "$ROOT" && touch -d '1 hour ago' "$ROOT"/dev/input/* || return
  printf '%s\n' 'battery-min = 40' 'max-temperature = 80' 'exclusive-programs = blender, steam' >"$T/agent.conf"
  start_controller && start_agent edge --sensor-root "$ROOT" || return
  await 15 "it is there" agent_ready edge || return
  apply <<END
apiVersion: fog/v1
kind: HarvestPolicy
metadata: {name: bold}
spec:
  battery: {minPercent: 5, resumePercent: 6, requireCharging: false}
  thermal: {throttleCelsius: 100, suspendCelsius: 110, evictCelsius: 120, resumeCelsius: 99, dwell: 1s}
  user: {startAfterIdle: 1s, continueAfterIdle: 1s}
  session: {staleSensor: 5s}
---
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: ruled}
spec: {policy: bold, workload: {command: [/bin/sh, -c, "while :; do :; done"]}}
---
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: free}
spec: {workload: {command: [/bin/sh, -c, "while :; do :; done"]}}
END
  await 15 "it has both" eval '[ -n "$(leader_of ruled)" ] && [ -n "$(leader_of free)" ]' || return
  ruled=$(leader_of ruled) free=$(leader_of free)
  both_go_on
}

no_policy_lets_work_on_what_the_owner_forbids() {
  battery capacity 39
  held_for BatteryLow
  battery capacity 49
  stands_still "$ruled" "$free" || miss "it goes on below what it is charged to first"
  expect 0 "$BIN/fog-agent" status --state "$T/edge"
  says "$out" '^sensors +battery [34]9 %, charging plugged in, ' ' Suspended +BatteryLow ' \
    ": battery 39 % is below 40 %.*owner's$"
  battery capacity 50
  both_go_on
}

a_program_of_the_owners_has_the_machine_for_itself() {
  mkdir -p "$ROOT/proc/77" && laptop proc/77/comm steam
  await 8 "nothing is used any more" stands_still "$ruled" "$free"
  await 5 "both say so" held_as ExclusiveProgram
  rm -r "$ROOT/proc/77"
  both_go_on
}

a_policy_may_be_stricter_than_the_owner() {
  somebody_types() { touch "$ROOT/dev/input/event1"; }
  await 5 "somebody is there" eval 'somebody_types && stands_still "$ruled"'
  await 5 "what has no policy is not held by it" eval 'somebody_types && works "$free" && stands_still "$ruled"'
  both_go_on
}

# A reading counts for as long as staleSensor says.
a_battery_that_tells_nothing_is_not_a_full_one() {
  battery capacity nonsense
  await 20 "what has a policy is frozen" stands_still "$ruled"
  await 5 "it says so" eval 'assignments "select(.spec.session == \"ruled\") | .status.reason" | grep -qx StaleSensor'
}

# A hundredth of the memory, without control groups: the agent adds up what its shims tell.
holds() { # NAME BYTES [RESOURCES]: a session on the small machine
  cat <<END
---
apiVersion: fog/v1
kind: HarvestSession
metadata: {name: $1}
spec:
  selector: {matchLabels: {reported/size: small}}
  workload:
    command: [/bin/sh, -c, "{ head -c $2 /dev/zero; echo >full; sleep 1000; } | tail -c $2"]
    restart: never
    resources: {${3:-}}
END
}
memory_room() { # bytes that a test may fill: half of what is available, and of what a group of ours may have
  local room controllers group root file limit
  room=$(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) * 512))
  while IFS=: read -r _ controllers group; do
    case $controllers in
      "") root=/sys/fs/cgroup file=memory.max ;;
      memory) root=/sys/fs/cgroup/memory file=memory.limit_in_bytes ;;
      *) continue ;;
    esac
    while :; do # up to the top, which may be that of a container
      limit=$(cat "$root$group/$file" 2>/dev/null)
      [[ $limit =~ ^[0-9]+$ ]] && [ $((limit / 2)) -lt "$room" ] && room=$((limit / 2))
      [ -n "$group" ] || break
      group=${group%/*}
    done
  done </proc/self/cgroup
  echo "$room"
}
message_of() { assignments "select(.spec.session == \"$1\") | .status.message"; } # SESSION
the_memory_of_all_work_is_one() {
  local whole first message room
  whole=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) * 1024 / 100)) room=$(memory_room)
  if [ $((whole * 12 / 10)) -gt "$room" ]; then # an owner cannot give less than a hundredth
    unmeasured "1.2 % of this machine's memory are $((whole * 12 / 10 >> 20))Mi, and $((room >> 20))Mi may be filled"
    return
  fi
  start_agent small --cgroup none --cap-memory-percent 1 --label size=small || return
  await 15 "it is there" agent_ready small || return
  holds first $((whole / 2)) "memory: $((whole * 7 / 10 >> 20))Mi" | apply
  await 15 "the first holds half of it" eval 'compgen -G "$T/small/work/*/1/files/full"' || return
  first=$(leader_of first)
  holds second $((whole * 7 / 10)) | apply
  await 20 "the second has ended for it" eval 'message_of second | grep -q MemoryLimit' || return
  message=$(message_of second)
  says "$message" 'code 137: MemoryLimit: all that may have 1 % of the memory together holds [0-9]+[KMG]i of [0-9]+[KMG]i'
  [ "$(leader_of first)" = "$first" ] || miss "the first did not go on"
  expect 0 "$BIN/fog-agent" status --state "$T/small"
  says "$out" '^all work +holds [0-9]+Mi of memory, at most 1 % of the memory together'
  expect 0 fogctl delete hs first second --no-wait
}

# Its shims wait for as long as staleSensor says, and what they did is told by the agent that wakes.
an_agent_that_hangs_watches_nothing() {
  battery capacity 60
  fogctl get hp/bold -o json | jq '{apiVersion, kind, metadata: {name: "brief"}, spec: (.spec | .session.staleSensor = "3s")}' | apply
  apply <<<'{apiVersion: fog/v1, kind: HarvestSession, metadata: {name: watched}, spec: {policy: brief,
    workload: {command: [/bin/sh, -c, "while :; do :; done"]}}}'
  await 15 "it is there" eval '[ -n "$(leader_of watched)" ]' || return
  watched=$(leader_of watched)
  kill -STOP "${AGENTS[edge]}"
  await 10 "nobody watches" stands_still "$watched"
  kill -CONT "${AGENTS[edge]}"
  await 10 "it is told" eval 'fogctl events --for hs/watched | grep -q StaleSensor'
}

all_end_and_nothing_is_left() {
  expect 0 fogctl delete hs --all --no-wait
  await 20 "no workload is left" equals "" workloads
  stop_agent edge
  [ -z "${AGENTS[small]:-}" ] || stop_agent small
  stop_controller
  nothing_is_broken
}

it a_machine_works_by_its_owners_file no_policy_lets_work_on_what_the_owner_forbids \
  a_program_of_the_owners_has_the_machine_for_itself a_policy_may_be_stricter_than_the_owner \
  a_battery_that_tells_nothing_is_not_a_full_one an_agent_that_hangs_watches_nothing the_memory_of_all_work_is_one \
  all_end_and_nothing_is_left
