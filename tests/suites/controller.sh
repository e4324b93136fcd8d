#!/bin/bash
# fog-controller as a process: what it refuses, what survives its end in every manner, what it does on a failing disk.
# Waits on conditions, never for a time.  Prints "ok …" and "not ok …".
set -u
cd "$(dirname "$0")/../.." || exit 2
program=$PWD/${FOG_OUT:-build/asan}/fog-controller
dir=$(mktemp -d)
state=$dir/state
pid=
preload=
failed=0

cleanup() {
  [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
  rm -rf "$dir"
}
trap cleanup EXIT

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@"; then
    echo "ok $sentence"
  else
    echo "not ok $sentence"
    tail -n 5 "$dir/log" | sed 's/^/# /'
    failed=1
  fi
}

await() { # COMMAND… within half a minute
  for _ in $(seq 600); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.05
  done
  return 1
}

start() {
  rm -f "$state/api.addr"
  LD_PRELOAD=$preload FOG_DISK_FULL=$dir/full FOG_DISK_BALLAST=$state/ballast FOG_FSYNC_FAIL=$dir/sync \
    "$program" --state "$state" --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 "$@" \
    2>>"$dir/log" &
  pid=$!
  await test -s "$state/api.addr" || return 1
  api=http://$(cat "$state/api.addr")
  await curl -sf "$api/healthz"
}

ended_with() { # STATUS
  wait "$pid"
  local got=$?
  pid=
  [ "$got" -eq "$1" ]
}

policies=apis/fog/v1/harvestpolicies
policy() { echo "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"$1\"},\"spec\":{}}"; }
create() { # NAME: prints the status code
  policy "$1" | curl -s -o "$dir/answer" -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @- "$api/$policies"
}
creates() { [ "$(create "$1")" = "$2" ]; } # NAME STATUS
has() { curl -sf -o /dev/null "$api/$policies/$1"; }
is_refused() { # STATUS WORDS ARGUMENTS…
  local status=$1 words=$2
  shift 2
  "$program" "$@" 2>"$dir/refused"
  [ $? -eq "$status" ] && grep -qF -- "$words" "$dir/refused"
}

# --- refusals ---
check "no state directory is a wrong usage" is_refused 2 "--state"
check "an open address needs --insecure" is_refused 2 "--insecure" --state "$state" --listen 0.0.0.0:0
check "agents are not listened to in the open either" is_refused 2 "--insecure" --state "$state" --agents-listen '[::]:0'
check "it starts on free ports and writes them down" start
check "the addresses are loopback" grep -qE '^127\.0\.0\.1:[0-9]+$' "$state/api.addr" "$state/agents.addr"
check "a second controller is refused and told of the first" is_refused 1 "pid $pid" --state "$state"
check "the state directory is ours alone" test "$(stat -c %a "$state")" = 700
check "nothing in it can be read by others" test -z "$(find "$state" -type f -perm /077)"
taken=$(cut -d: -f2 "$state/api.addr")
check "a port in use is refused" is_refused 1 "cannot listen on 127.0.0.1:$taken" --state "$dir/other" --listen "127.0.0.1:$taken"
check "a state directory of others is refused" is_refused 1 "chmod 700" --state /tmp

# --- HTTP ---
chunked() { policy chunked | curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type:' -H 'Transfer-Encoding: chunked' \
  --data-binary @- "$api/$policies" | grep -q 201; }
check "a chunked body without a type is taken" chunked
both() { [ "$(curl -s -w '%{num_connects}\n' -o /dev/null "$api/version" -o /dev/null "$api/version" | tr '\n' ' ')" = "1 0 " ]; }
check "a connection is used again" both
large() { head -c 33554433 /dev/zero | curl -s -o "$dir/answer" -w '%{http_code}' --data-binary @- "$api/$policies" | grep -q 413; }
check "a body beyond 32 MiB is refused" large
check "after that it still answers" curl -sf -o /dev/null "$api/healthz"
who() { policy by-alice | curl -s -o /dev/null -u alice:x -H 'Fog-Change-Cause: tried' -H 'Content-Type: application/json' --data-binary @- "$api/$policies" &&
  curl -s "$api/apis/fog/v1/history?kind=HarvestPolicy&name=by-alice" | grep -q alice; }
check "history knows who wrote" who

# --- metrics ---
measured() { curl -sf "$api/metrics" >"$dir/metrics" && promtool check metrics <"$dir/metrics" >"$dir/promtool" 2>&1; }
counted() { grep -qE "^$1 [0-9.]*[1-9][0-9.]*\$" "$dir/metrics"; } # a series that is not 0
check "promtool has nothing to say against /metrics" measured
check "the metrics know of steps, answers, commits and the process" eval \
  "counted 'fog_steps_total.event=\"http\".' && counted 'fog_http_answers_total.code=\"2xx\".' &&
   counted fog_commit_duration_seconds_count && counted fog_step_duration_seconds_sum &&
   counted process_resident_memory_bytes && counted fog_store_size_bytes"

# --- ends ---
creates kept 201
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "it starts again after kill -9" start
check "what was acknowledged before kill -9 is there" has kept
revision=$(curl -s "$api/$policies" | grep -o '"resourceVersion":"[0-9]*"' | head -n 1 | grep -o '[0-9]*')
curl -sN "$api/$policies?watch=true&resourceVersion=$revision" >"$dir/watch" &
watch=$!
creates seen 201
check "a watch hears of a change" await grep -q '"seen"' "$dir/watch"
kill -TERM "$pid"
wait "$watch"
check "SIGTERM ends a watch as a whole stream" test $? -eq 0
check "SIGTERM ends it with 0 and without a leak" ended_with 0
check "it starts again after SIGTERM" start
watch_again() {
  curl -sN "$api/$policies?watch=true&resourceVersion=$revision" >"$dir/again" &
  local watch=$!
  await grep -q '"seen"' "$dir/again"
  local found=$?
  kill "$watch"
  return "$found"
}
check "a watch resumes across a restart" watch_again

writes() { # until refused; notes what was acknowledged
  local i=0
  while [ "$(create "w$i")" = 201 ]; do
    echo "w$i" >>"$dir/acknowledged"
    i=$((i + 1))
  done
}
all_there() { while read -r name; do has "$name" || return 1; done <"$dir/acknowledged"; }
writes &
writer=$!
await grep -q w20 "$dir/acknowledged"
kill -TERM "$pid"
check "SIGTERM amid writes ends it with 0" ended_with 0
wait "$writer"
start
check "every write acknowledged before SIGTERM is there" all_there

# --- a failing disk ---
kill -TERM "$pid"
ended_with 0
preload=$(dirname "$program")/libfogfault.so
if nm -D "$program" 2>/dev/null | grep -q __asan_init; then
  preload=$(gcc -print-file-name=libasan.so):$preload # which wants to be first
fi
start
curl -sN "$api/$policies?watch=true&resourceVersion=$revision" >"$dir/watch" &
watch=$!
await grep -q '"seen"' "$dir/watch"
touch "$dir/full"
check "a write on a full disk is answered with 503" creates full-1 503
wait "$watch"
check "the ballast is given back" await test ! -e "$state/ballast"
check "reads go on" has kept
check "further writes are refused at the door" creates full-2 503
refused_in_words() { grep -q "disk of the controller is full" "$dir/answer"; }
check "the refusal says why" refused_in_words
rm "$dir/full"
check "with room again writes are taken" await creates after-full 201
check "the ballast is back" test "$(stat -c %s "$state/ballast")" = 4194304
gone() { ! has full-1 && ! has full-2; }
check "what was refused is not there" gone
touch "$dir/sync"
create unsynced >/dev/null
check "a failed fsync ends the process with 3" ended_with 3
rm "$dir/sync"
start
check "after it all that was acknowledged is there" has after-full
kill -TERM "$pid"
check "in the end it ends well" ended_with 0

# --- a backup, and back ---
fogctl=$(dirname "$program")/fogctl
start
create before-backup >/dev/null
backs_up() { "$fogctl" --server "$api" backup "$dir/fog.backup" >"$dir/backed" 2>>"$dir/log"; }
check "a backup is made while it runs" backs_up
check "a backup tells what it is of" grep -q "era 1, revision" "$dir/backed"
refuses_again() { ! "$fogctl" --server "$api" backup "$dir/fog.backup" 2>/dev/null; }
check "a backup is not written over" refuses_again
create after-backup >/dev/null
lost=$(date -u +%FT%T.%3NZ) # of what comes after the copy
restores() { "$program" restore --state "$state" --from "$1" >>"$dir/log" 2>&1; }
refuses_restore() { ! restores "$1"; }
check "nothing is restored into what a controller uses" refuses_restore "$dir/fog.backup"
kill -TERM "$pid"
ended_with 0
sed 's/before-backup/before-garble/g' "$dir/fog.backup" >"$dir/damaged.backup"
check "a damaged backup is refused" refuses_restore "$dir/damaged.backup"
head -c 5000 "$dir/fog.backup" >"$dir/short.backup"
check "half a backup is refused" refuses_restore "$dir/short.backup"
start
check "what was refused changed nothing" has after-backup
kill -TERM "$pid"
ended_with 0
check "a backup is put back" restores "$dir/fog.backup"
check "what was there is kept aside" test -s "$state/before-1/fog.db"
start
as_of_backup() { has before-backup && ! has after-backup; }
check "the controller starts with what was in it" as_of_backup
era_is() { test "$(cat "$state/era")" = "$1"; }
check "its era has risen" era_is 2
warns() { curl -s -D "$dir/head" "$api/$1?atTime=$lost" >"$dir/then" && grep -qi '^warning: 299 - "what was written after revision .* was lost when a copy was put back' "$dir/head"; }
check "a list of a moment that was lost says so" warns "$policies"
as_of_copy() { jq -e '[.items[].metadata.name] | contains(["before-backup"]) and (contains(["after-backup"]) | not)' "$dir/then" >/dev/null; }
check "it is what the copy ended with" as_of_copy
check "the whole state says so, too" warns apis/fog/v1/state
fogctl_warns() { "$fogctl" --server "$api" "$@" 2>&1 >/dev/null | grep -q '^warning: what was written after revision .*, which began era 2'; }
check "fogctl get --at says so" fogctl_warns get hp --at "$lost"
check "fogctl state diff says so" fogctl_warns state diff "$lost"
kill -TERM "$pid"
ended_with 0

# --- the state, looked at from outside ---
examine() { "$program" check --state "$state" >"$dir/checked" 2>>"$dir/log"; }
check "a check finds nothing wrong" examine
tells_ok() { grep -q '^ok: nothing is wrong' "$dir/checked" && grep -q '^HarvestPolicy ' "$dir/checked"; }
check "a check tells what there is" tells_ok
nowhere() { ! "$program" check --state "$dir/nowhere" >/dev/null 2>&1 && test ! -e "$dir/nowhere"; }
check "a check of nothing makes nothing" nowhere

# --- old history goes ---
start --history-keep 1s --history-keep-min 1s
create stays >/dev/null
compacted() { [ "$(curl -sf "$api/metrics" | awk '/^fog_history_compacted_revision / { print $2 }')" -gt "$1" ]; }
newest=$(curl -sf "$api/$policies" | jq -r .metadata.resourceVersion)
check "what is old is compacted, up to the newest change" await compacted $((newest - 1))
says_gone() { # REVISION
  curl -s -X POST -H 'Content-Type: application/json' -d "{\"spec\":{\"toRevision\":\"$1\"}}" "$api/apis/fog/v1/rollbacks" >"$dir/answer"
  jq -e '.code == 410 and .reason == "Expired" and (.message | test("the oldest one that is kept is [0-9]+"))' "$dir/answer" >/dev/null
}
check "what is gone is told to be" says_gone 1
watch_is_told() { curl -s --max-time 10 "$api/$policies?watch=true&resourceVersion=1" | jq -e '.type == "ERROR" and .object.code == 410' >/dev/null; }
check "a watch from there, too" watch_is_told
still_there() { has stays && has before-backup; }
check "what is there stays" still_there
check "a backup of what is left is made" "$fogctl" --server "$api" backup "$dir/short-history.backup" >/dev/null
kill -TERM "$pid"
ended_with 0
check "a check finds nothing wrong with what is left" examine
begins_later() { awk '/^history begins after/ { exit !($4 > 0) }' "$dir/checked"; }
check "a check tells where history begins" begins_later
start
check "a start finds all that is there" still_there
kill -TERM "$pid"
ended_with 0
check "a backup without the oldest history is put back" restores "$dir/short-history.backup"
start
check "with all that was there" still_there
kill -TERM "$pid"
ended_with 0

leaks() { ! grep -q "LeakSanitizer\|AddressSanitizer\|runtime error" "$dir/log"; }
check "no sanitizer had anything to say" leaks
exit "$failed"
