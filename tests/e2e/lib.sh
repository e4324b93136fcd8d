# What the end-to-end tests share: a fleet of real programs on this machine, and ways to wait for it.
#
# A suite sources this file, defines tests (functions whose names are sentences) and runs each with
# `it`.  Everything a suite makes is below $T, a folder of its own; everything it started is ended,
# by pid, when it ends.  Nothing waits for a fixed time: `await` polls a condition until a deadline.
#
# shellcheck shell=bash
set -u
# Nothing that is started here may hold on to what the caller has open, a lock for one.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
BIN=$(cd "${FOG_OUT:-build/asan}" && pwd) || exit 2
T=$(mktemp -d /tmp/fog-e2e.XXXXXX) || exit 2
export HOME=$T/home NO_COLOR=1 LC_ALL=C
mkdir -p "$T/home" "$T/m" "$T/bare/proc"
: >"$T/agent.conf"
: >"$T/controller.conf"
export FOG_AGENT_CONFIG=$T/agent.conf FOG_CONTROLLER_CONFIG=$T/controller.conf # not this machine's owner's
unset FOGCTL_SERVER FOGCTL_CONFIG FOGCTL_CONTEXT FOGCTL_USER FOGCTL_EXTERNAL_DIFF

HEARTBEAT=500ms       # how soon a silent peer is noticed: three of these
CONTROLLER=           # pid
declare -A AGENTS=()  # name -> pid
declare -A OPTIONS=() # name -> what it was first started with
API=                  # host:port of the HTTP API
LINK=                 # host:port of the agents' listener

# --- results --------------------------------------------------------------------------------------

# A test goes on after a miss, so that one run tells as much as it can; `|| return` ends it.
miss() {
  echo "$*" >>"$T/misses" # a file, as tests have pipes
  echo "# MISS ${FUNCNAME[2]:-}:${BASH_LINENO[1]:-}: $*"
}

# This machine cannot do what the test is about: said aloud, and it passes.
unmeasured() { # WHY
  echo "# NOT MEASURED HERE: ${FUNCNAME[1]:-}: $*"
  echo "$*" >"$T/unmeasured"
}

tails() {
  local log
  for log in "$T"/*.log; do
    [ -s "$log" ] && echo "# --- $(basename "$log")" && tail -n 5 "$log" | sed 's/^/#   /'
  done
}

it() { # TEST…
  local test begin
  for test in "$@"; do
    begin=$(now_ms)
    : >"$T/misses"
    : >"$T/unmeasured"
    "$test"
    if [ ! -s "$T/misses" ] && [ -s "$T/unmeasured" ]; then
      echo "ok $test (not measured: $(<"$T/unmeasured"))"
    elif [ ! -s "$T/misses" ]; then
      echo "ok $test ($(($(now_ms) - begin)) ms)"
    else
      tails
      echo "not ok $test ($(($(now_ms) - begin)) ms)"
    fi
  done
}

# Runs a command, which must exit with CODE; its output is in $out and $err.
expect() { # CODE COMMAND…
  local code=$1 got
  shift
  "$@" >"$T/out" 2>"$T/err"
  got=$?
  out=$(cat "$T/out")
  err=$(cat "$T/err")
  [ "$got" -eq "$code" ] && return 0
  miss "exit $got, not $code: $*"
  sed 's/^/#   /' "$T/out" "$T/err" | head -n 30
  return 1
}

says() { # TEXT WORD…: each word (an extended regular expression) is found in the text
  local text=$1 word
  shift
  for word in "$@"; do
    grep -Eq -e "$word" <<<"$text" && continue
    miss "no /$word/ in:"
    head -n 30 <<<"$text" | sed 's/^/#   /'
    return 1
  done
}

says_not() { # TEXT WORD…
  local text=$1 word
  shift
  for word in "$@"; do
    grep -Eq -e "$word" <<<"$text" || continue
    miss "/$word/ in:"
    head -n 30 <<<"$text" | sed 's/^/#   /'
    return 1
  done
}

is() { # WHAT GOT WANTED
  [ "$2" = "$3" ] || miss "$1 is \"$2\", not \"$3\""
}

# --- waiting --------------------------------------------------------------------------------------

now_ms() { # since boot, without a fork
  local up
  read -r up _ </proc/uptime
  up=${up/./}
  echo $((10#$up * 10))
}

# On a machine that is busy with something else a second is worth less: until a condition was looked at four times for each of
# its seconds, it is given up to three times as many more.
await() { # SECONDS WHAT COMMAND…
  local until=$(($(now_ms) + $1 * 1000)) last=$(($(now_ms) + $1 * 4000)) looks=$(($1 * 4)) what=$2 now
  shift 2
  while ! "$@" >"$T/await" 2>&1; do
    looks=$((looks - 1)) now=$(now_ms)
    if [ "$now" -ge "$last" ] || { [ "$now" -ge "$until" ] && [ "$looks" -le 0 ]; }; then
      miss "in vain: $what ($*)"
      head -n 12 "$T/await" | sed 's/^/#   /'
      return 1
    fi
    sleep 0.05
  done
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }
not() { ! "$@"; }
equals() { [ "$("${@:2}")" = "$1" ] || { echo "got: $("${@:2}" 2>&1), wanted: $1" && false; }; }

# --- the API --------------------------------------------------------------------------------------

# In the background "$BIN/fogctl" itself is to be started: of a function only the shell would be ended.
fogctl() { FOGCTL_SERVER=${FOGCTL_SERVER-http://$API} "$BIN/fogctl" "$@"; }
api() { curl -sS --max-time 10 "http://$API$1" "${@:2}"; } # PATH [curl's options]
code_of() { curl -sS -o "$T/body" -w '%{http_code}' --max-time 20 "$@" 2>/dev/null; }

objects=/apis/fog/v1
session() { api "$objects/harvestsessions/$1" | jq -r "${2:-.}"; }          # NAME [FILTER]
assignments() { api "$objects/assignments" | jq -r ".items[] | $1"; }       # FILTER
converged() { # SESSION…: of the newest generation
  local name
  for name in "$@"; do
    session "$name" 'if .metadata.generation == .status.observedGeneration
      then (.status.conditions[]? | select(.type == "Converged") | .status) else "not yet seen" end' |
      grep -qx True || { session "$name" '.status' && return 1; }
  done
}
reason_is() { equals "$2" session "$1" '.status.conditions[]? | select(.type == "Converged") | .reason'; }
agent_phase() { api "$objects/agents/$1" | jq -r '.status.conditions[]? | select(.type == "Ready") | .status'; }
agent_ready() { equals True agent_phase "$1"; }
agent_lost() { not agent_ready "$1"; }

# A HarvestSession as YAML.  Lines are fields of the spec, those that begin with "workload." of the
# workload; the times are short unless a line gives others.
ses() { # NAME SHELL-COMMAND [LINE…]
  local name=$1 command=$2 line
  shift 2
  printf -- '---\napiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n' "$name"
  for line in 'grace: 1s' 'replaceAfter: 2s' 'orphanAfter: 1m'; do
    printf '%s\n' "$@" | grep -q "^${line%%:*}:" || printf '  %s\n' "$line"
  done
  for line in "$@"; do [ "$line" = "${line#workload.}" ] && printf '  %s\n' "$line"; done
  printf "  workload:\n    command: [/bin/sh, -c, '%s']\n" "${command//\'/\'\'}"
  for line in "$@"; do [ "$line" = "${line#workload.}" ] || printf '    %s\n' "${line#workload.}"; done
}
apply() { expect 0 fogctl apply -f - "$@"; } # manifests on standard input

# --- the fleet ------------------------------------------------------------------------------------

controller_answers() {
  kill -0 "$CONTROLLER" 2>/dev/null || return 0 # dead: the caller sees it
  [ -s "$T/controller/api.addr" ] && [ -s "$T/controller/agents.addr" ] &&
    curl -fs --max-time 2 "http://$(cat "$T/controller/api.addr")/readyz" >/dev/null
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the ports that the kernel gives to clients: of those, an agent that dials while nobody listens
# may be given the very one that it dials, and so find itself.  Suites that run at the same time have other pids.
pick_addresses() {
  local port=$((20000 + $$ * 2 % 12000))
  for _ in 1 2 3 4 5 6 7 8; do
    if is_free "$port" && is_free $((port + 1)); then
      API=127.0.0.1:$port LINK=127.0.0.1:$((port + 1))
      return
    fi
    port=$((20000 + 10#$(date +%N) / 1000 % 12000))
  done
  miss "no free ports"
  return 1
}

# Each start takes the addresses of the first.
start_controller() { # [OPTION…]
  [ -n "$API" ] || pick_addresses || return
  mkdir -p "$T/controller" && chmod 700 "$T/controller"
  rm -f "$T/controller/api.addr" "$T/controller/agents.addr"
  "$BIN/fog-controller" --state "$T/controller" --listen "$API" \
    --agents-listen "$LINK" --heartbeat-min "$HEARTBEAT" "$@" >>"$T/controller.log" 2>&1 &
  CONTROLLER=$!
  await 20 "the controller answers" controller_answers || return
  kill -0 "$CONTROLLER" 2>/dev/null || { miss "the controller did not start" && return 1; }
  is "where it says that it listens" "$(cat "$T/controller/api.addr" "$T/controller/agents.addr" | xargs)" "$API $LINK"
}

start_agent() { # NAME [OPTION…]
  local name=$1
  shift
  [ -n "${OPTIONS[$name]:-}" ] || OPTIONS[$name]=$*
  mkdir -p "$T/$name" && chmod 700 "$T/$name"
  # Without an option that says otherwise it has no sensors: what policies say does not hang on the host's battery and users.
  # shellcheck disable=SC2086
  "$BIN/fog-agent" --controller "ws://$LINK" --name "$name" --state "$T/$name" --cores 2 --memory 2Gi \
    --disk 4Gi --sensor-root "$T/bare" ${OPTIONS[$name]} >>"$T/$name.log" 2>&1 &
  AGENTS[$name]=$!
}

start_fleet() { # NAME…: a controller and agents, all connected
  local name
  start_controller || return
  for name in "$@"; do start_agent "$name"; done
  for name in "$@"; do await 20 "$name is ready" agent_ready "$name"; done
}

# Ends by TERM and must exit with 0: leaks and other finds of the sanitizers are seen here.
end_softly() { # WHAT PID
  local code
  kill -TERM "$2" 2>/dev/null
  await 20 "$1 ends" is_gone "$2" || kill -KILL "$2"
  wait "$2" 2>/dev/null
  code=$?
  [ "$code" -eq 0 ] || { miss "$1 exited with $code" && tail -n 30 "$T/$1.log" | sed 's/^/#   /'; }
}

end_hard() { # PID
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

stop_controller() { end_softly controller "$CONTROLLER" && CONTROLLER=; }
kill_controller() { end_hard "$CONTROLLER" && CONTROLLER=; }
stop_agent() { end_softly "$1" "${AGENTS[$1]}" && unset "AGENTS[$1]"; }
kill_agent() { end_hard "${AGENTS[$1]}"; unset "AGENTS[$1]"; }

# --- processes on this machine --------------------------------------------------------------------

# Lines "PID AGENT UID RUN SESSION SLOT EPOCH" of every process of a workload of this fleet.
workloads() {
  local environ
  { grep -lsaF "HOME=$T/" /proc/[0-9]*/environ | while read -r environ; do
    tr '\0' '\n' 2>/dev/null <"$environ" | awk -F= -v pid="$(cut -d/ -f3 <<<"$environ")" -v t="$T/" '
      { value[$1] = substr($0, length($1) + 2) }
      END {
        if (!("FOG_ASSIGNMENT" in value)) exit
        agent = substr(value["HOME"], length(t) + 1); sub(/\/.*/, "", agent)
        print pid, agent, value["FOG_ASSIGNMENT"], value["FOG_RUN"], value["FOG_SESSION"], value["FOG_SLOT"],
          value["FOG_LEASE_EPOCH"]
      }'
  done; } 2>/dev/null
}

# The pid of each run's first process: whose parent is the shim.
leaders() { # [SESSION]
  local pid rest
  workloads | while read -r pid rest; do
    if [ -z "${1:-}" ] || [ "$(cut -d' ' -f4 <<<"$rest")" = "$1" ]; then
      is_shim "$(parent_of "$pid")" && echo "$pid $rest"
    fi
  done
}
leader_of() { leaders "$1" | head -n 1 | cut -d' ' -f1; }     # SESSION
where_runs() { leaders "$1" | cut -d' ' -f2 | sort | xargs; } # SESSION: names of agents
on_agent() { leaders "$1" | awk -v agent="$2" '$2 == agent { print $1 }'; } # SESSION AGENT: pids

process_state() { awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$1/stat"; }
group_file() { # PID CONTROLLER FILE: of its control group; version 2 has no controller's name
  local mount path
  mount=$(awk -v of="$2" 'of == "" ? $3 == "cgroup2" : $3 == "cgroup" && ("," $4 ",") ~ ("," of ",") { print $2; exit }' /proc/mounts)
  path=$(awk -F: -v of="$2" '("," $2 ",") ~ ("," of ",") { print $3; exit }' "/proc/$1/cgroup")
  [ -n "$mount$path" ] && cat "$mount$path/$3" 2>/dev/null
}
quota_of() { # PID: thousandths of a core that its control group gets; nothing when it has no quota
  { group_file "$1" "" cpu.max || echo "$(group_file "$1" cpu cpu.cfs_quota_us) $(group_file "$1" cpu cpu.cfs_period_us)"; } |
    awk '$1 + 0 > 0 { print $1 * 1000 / $2 }'
}
is_frozen() { # PID: by whatever this machine has for it
  [ "$(process_state "$1")" = T ] || [ "$(group_file "$1" "" cgroup.freeze)" = 1 ] || [ "$(group_file "$1" freezer freezer.state)" = FROZEN ]
}
parent_of() { awk '{ sub(/.*\) /, ""); print $2 }' "/proc/$1/stat" 2>/dev/null; }
is_shim() { [ -n "$1" ] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -q '^fog-agent shim '; }

shims() { # pids: their working directory is the run's folder
  local pid
  for pid in $(pgrep -f '^fog-agent shim '); do
    case "$(readlink "/proc/$pid/cwd")" in "$T"/*) echo "$pid" ;; esac
  done
}

# The control groups of this fleet's runs: .../fog-agent.PLACE/UID-RUN.
groups() {
  local dir uid
  awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts | sort -u | while read -r dir; do
    find "$dir" -type d -path '*/fog-agent.*/*-*' 2>/dev/null
  done | while read -r dir; do
    uid=${dir##*/}
    for uid in "$T"/*/work/"${uid%-*}"; do [ -d "$uid" ] && echo "$dir"; done
  done
}

no_orphan_groups() {
  local dir run runs
  runs=$(for run in $(shims); do readlink "/proc/$run/cwd"; done)
  groups | while read -r dir; do
    run=${dir##*/}
    grep -q "/work/${run%-*}/${run##*-}\$" <<<"$runs" || { [ -d "$dir" ] && echo "a group without a shim: $dir"; }
  done | grep . && return 1
  return 0
}

# Every process of a workload has a live shim above it, and so has every control group.
no_orphans() {
  no_orphan_groups || return
  local pid rest above
  workloads | while read -r pid rest; do
    above=$pid
    while ! is_shim "$above"; do
      above=$(parent_of "$above")
      if [ -z "$above" ] || [ "$above" -le 1 ]; then
        [ -d "/proc/$pid" ] && echo "an orphan: $pid $rest: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
        break
      fi
    done
  done | grep . && return 1
  return 0
}

check_orphans() { await 5 "every workload has a shim" no_orphans; }

nothing_is_broken() { # finds of the sanitizers, and asserts that did not hold
  local finds
  finds=$(grep -E -A 15 'AddressSanitizer|LeakSanitizer|runtime error:|Assertion' "$T"/*.log | head -n 60)
  [ -z "$finds" ] && return
  miss "the logs have finds"
  sed 's/^/#   /' <<<"$finds"
}

# --- the end --------------------------------------------------------------------------------------

# Programs that tests left running: nobody else has this home.
with_our_home() { grep -lsaF "HOME=$T/home" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | grep -vx "$$"; }

end_all() {
  local name pid
  trap - EXIT INT TERM
  for name in "${!AGENTS[@]}"; do kill -CONT "${AGENTS[$name]}" && end_hard "${AGENTS[$name]}"; done 2>/dev/null
  [ -n "$CONTROLLER" ] && kill -CONT "$CONTROLLER" 2>/dev/null && end_hard "$CONTROLLER"
  for pid in $(jobs -p) $(with_our_home); do kill -KILL "$pid" 2>/dev/null; done
  for pid in $(shims) $(workloads | cut -d' ' -f1); do kill -KILL "$pid" 2>/dev/null; done
  for pid in $(workloads | cut -d' ' -f1); do kill -KILL "$pid" 2>/dev/null; done
  groups | sort -r | while read -r name; do
    { echo THAWED >"$name/freezer.state"; } 2>/dev/null
    for _ in {1..50}; do rmdir "$name" 2>/dev/null || [ ! -d "$name" ] && break || sleep 0.05; done
    rmdir "${name%/*}" 2>/dev/null
  done
  if [ -n "${E2E_KEEP:-}" ]; then echo "# kept: $T"; else rm -rf "$T"; fi
}
trap end_all EXIT
trap 'exit 130' INT TERM
