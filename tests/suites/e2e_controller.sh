#!/bin/bash
# What the controller does when it is killed, started twice, out of space, or spoken to badly.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154,SC2016,SC2119,SC2120
. "$(dirname "$0")/../e2e/lib.sh"

sessions=$objects/harvestsessions

restart_controller() { start_controller "$@" || exit 1; }
changeset() { # NAME…: one that creates these sessions
  local name list=
  for name in "$@"; do
    list="$list${list:+,}"'{"verb":"create","object":{"apiVersion":"fog/v1","kind":"HarvestSession","metadata":{"name":"'$name'"},"spec":{"replicas":0,"workload":{"command":["/bin/true"]}}}}'
  done
  printf '{"apiVersion":"fog/v1","kind":"ChangeSet","spec":{"changes":[%s]}}' "$list"
}
post() { # KEY BODY: sends a change set; the code is printed, the answer is in $T/body
  code_of -X POST -H 'Content-Type: application/json' -H "Idempotency-Key: $1" -H "Fog-Change-Cause: $1" \
    --data-binary "$2" "http://$API$objects/changesets"
}
times_in_history() { api "$objects/history?limit=500" | jq --arg why "$1" '[.items[] | select(.why == $why)] | length'; }
merge() { # NAME JSON: the code of a merge patch
  code_of -X PATCH -H 'Content-Type: application/merge-patch+json' --data-binary "$2" "http://$API$sessions/$1"
}
pids() { leaders | cut -d' ' -f1 | sort -n | xargs; }

the_fleet_is_up() {
  start_fleet edge-1 edge-2 || return
  { ses steady 'exec sleep 1000' 'everyAgent: true' && ses two 'exec sleep 1000' 'replicas: 2'; } | apply
  await 15 "it converges" converged steady two
  pids >"$T/pids"
}

# --- being killed ---------------------------------------------------------------------------------

what_was_sent_when_it_was_killed_happens_exactly_once() {
  local round body key sender
  for round in 1 2 3 4; do
    key=key-$round body=$(changeset "once-$round-a" "once-$round-b" "once-$round-c")
    post "$key" "$body" >"$T/first" &
    sender=$!
    sleep "0.00$((RANDOM % 10))"
    kill_controller
    wait "$sender"
    restart_controller
    is "the answer to the same key" "$(post "$key" "$body")" 200
    is "how often it is in history" "$(times_in_history "$key")" 3
    cp "$T/body" "$T/answer"
    post "$key" "$body" >/dev/null
    cmp -s "$T/body" "$T/answer" || miss "the third answer differs from the second"
  done
  [ "$(post key-1 "$(changeset another)")" -ge 400 ] || miss "a used key was taken for something else"
}

agents_and_their_work_do_not_notice() {
  is "processes of workloads" "$(pids)" "$(cat "$T/pids")"
  await 15 "edge-1 is ready" agent_ready edge-1
  await 15 "edge-2 is ready" agent_ready edge-2
  await 15 "it converges" converged steady two
  is "processes of workloads" "$(pids)" "$(cat "$T/pids")"
  is "restarts" "$(assignments .status.restarts | sort -u)" 0
}

it_can_be_killed_while_it_starts() {
  local i
  kill_controller
  for i in 1 2 3 4 5 6; do
    "$BIN/fog-controller" --state "$T/controller" --listen "$API" --agents-listen "$LINK" >>"$T/controller.log" 2>&1 &
    CONTROLLER=$!
    sleep "0.0$((i * 2))"
    kill_controller
  done
  restart_controller
  is "sessions" "$(api $sessions | jq '.items | length')" 14
}

fogctl_waits_for_it_to_come_back() {
  local applier
  ses patient true 'replicas: 0' >"$T/m/patient.yaml"
  kill_controller
  FOGCTL_SERVER=http://$API "$BIN/fogctl" apply -f "$T/m/patient.yaml" >"$T/patient" 2>&1 &
  applier=$!
  await 10 "it says that it waits" grep -q 'does not answer .* trying again' "$T/patient"
  restart_controller
  wait "$applier" || miss "exit $?: $(cat "$T/patient")"
  grep -q 'patient created' "$T/patient" || miss "$(cat "$T/patient")"
}

# --- watching over restarts -----------------------------------------------------------------------

# Follows one object, and after each end goes on from the last revision it has seen.
follow() { # NAME FILE
  local revision=0
  while [ ! -e "$T/enough" ]; do
    curl -sN --max-time 20 "http://$API$sessions?watch=true&resourceVersion=$revision&fieldSelector=metadata.name%3D$1" >>"$2"
    echo >>"$2" # what was cut off is no line
    revision=$(jq -rR 'fromjson? | .object.metadata.resourceVersion // empty' "$2" | tail -n 1)
    revision=${revision:-0}
  done
}
label_seen() { jq -rR 'fromjson? | .object.metadata.labels.n // empty' "$1" | grep -qx "$2"; }

a_watch_goes_on_over_restarts_without_loss_or_repetition() {
  local follower rows n
  ses watched true 'replicas: 0' | apply
  follow watched "$T/watch" &
  follower=$!
  FOGCTL_SERVER=http://$API "$BIN/fogctl" get hs watched -w >"$T/rows" 2>&1 &
  rows=$!
  for n in {1..24}; do
    is "code of change $n" "$(merge watched "{\"metadata\":{\"labels\":{\"n\":\"$n\"}}}")" 200
    if [ $((n % 8)) -eq 0 ]; then
      kill_controller
      restart_controller
    fi
  done
  await 15 "the last change is seen" label_seen "$T/watch" 24
  touch "$T/enough"
  # More changes end the watch that still waits.
  kill_controller
  restart_controller
  wait "$follower"
  jq -rR 'fromjson? | .object.metadata.resourceVersion // empty' "$T/watch" >"$T/revisions"
  sort -nu "$T/revisions" | cmp -s - "$T/revisions" || miss "revisions repeat or go back: $(xargs <"$T/revisions")"
  is "changes seen" "$(jq -rR 'fromjson? | .object.metadata.labels.n // empty' "$T/watch" | uniq | xargs)" "$(echo {1..24})"
  merge watched '{"metadata":{"labels":{"n":"25"}},"spec":{"retries":7}}' >/dev/null
  await 15 "fogctl's watch goes on, too" eval '[ "$(grep -c ^watched "$T/rows")" -ge 20 ]'
  is "heads of its table" "$(grep -c ^NAME "$T/rows")" 1
  end_hard "$rows"
}

a_revision_from_the_future_is_refused() {
  local code
  code=$(code_of "http://$API$sessions?watch=true&resourceVersion=99999999")
  [ "$code" -ge 400 ] || [ "$(jq -rR 'fromjson? | .type' "$T/body" | head -n 1)" = ERROR ] || miss "code $code"
}

# --- who may start --------------------------------------------------------------------------------

controller_is_refused() { # WORD OPTION…
  local word=$1
  shift
  expect 1 timeout 20 "$BIN/fog-controller" --listen 127.0.0.1:0 --agents-listen 127.0.0.1:0 "$@" || return
  says "$err" "$word"
}

a_second_controller_on_the_same_state_is_refused() { controller_is_refused 'in use|another|running' --state "$T/controller"; }

a_state_that_others_can_read_is_refused() {
  mkdir -m 755 "$T/open"
  controller_is_refused '0700|mode|others' --state "$T/open"
  mkdir -m 700 "$T/real" && ln -s "$T/real" "$T/link"
  controller_is_refused 'symlink|link|director' --state "$T/link"
  touch "$T/file" && chmod 600 "$T/file"
  controller_is_refused 'director' --state "$T/file"
}

addresses_beyond_loopback_are_refused() {
  local code
  for address in 0.0.0.0:0 '[::]:0' 192.0.2.1:7411; do
    "$BIN/fog-controller" --state "$T/never" --listen "$address" >"$T/out" 2>"$T/err"
    code=$?
    is "exit with --listen $address" "$code" 2
    says "$(cat "$T/err")" 'loopback' '--insecure'
    "$BIN/fog-controller" --state "$T/never" --agents-listen "$address" >"$T/out" 2>"$T/err"
    is "exit with --agents-listen $address" $? 2
  done
  [ -e "$T/never" ] && miss "a refused controller made its state directory"
}

a_damaged_store_is_refused_and_not_replaced() {
  local size
  stop_controller
  for damage in 'truncate -s 0' 'truncate -s 6000' garbage; do
    rm -rf "$T/damaged" && cp -a "$T/controller" "$T/damaged" && rm -f "$T"/damaged/*-wal "$T"/damaged/*-shm
    if [ "$damage" = garbage ]; then
      dd if=/dev/urandom of="$T/damaged/fog.db" bs=4096 seek=3 count=6 conv=notrunc status=none
    else
      $damage "$T/damaged/fog.db"
    fi
    size=$(stat -c %s "$T/damaged/fog.db")
    controller_is_refused 'fog.db' --state "$T/damaged" || miss "after $damage"
    is "size of what is left of the store after $damage" "$(stat -c %s "$T/damaged/fog.db")" "$size"
  done
  rm "$T/damaged/fog.db"
  controller_is_refused 'fog.db' --state "$T/damaged" || miss "without a store where one was"
  restart_controller
}

# --- no space -------------------------------------------------------------------------------------

# The controller in a mount namespace of its own, where its state is on a small disk.
start_on_small_disk() {
  local in=(unshare -m)
  "${in[@]}" true 2>/dev/null || in=(unshare -rm)
  "${in[@]}" true 2>/dev/null || { miss "no mount namespace can be made here: the full disk is not tested" && return 1; }
  rm -rf "$T/controller" && mkdir -m 700 "$T/controller"
  "${in[@]}" sh -c 'mount -t tmpfs -o size=40m,mode=0700 small "$1" && shift && exec "$@"' sh "$T/controller" \
    "$BIN/fog-controller" --state "$T/controller" --listen "$API" --agents-listen "$LINK" --heartbeat-min "$HEARTBEAT" \
    >>"$T/controller.log" 2>&1 &
  CONTROLLER=$!
  await 20 "the controller answers" eval 'curl -fs --max-time 2 "http://$API/readyz"'
  DISK=/proc/$CONTROLLER/root$T/controller
}

a_full_disk_stops_writes_but_not_stopping() {
  local name
  for name in edge-1 edge-2; do await 20 "$name is ready" agent_ready "$name"; done
  expect 0 fogctl delete hs --all --timeout 20s
  await 10 "no shim is left" equals "" shims
  for name in edge-1 edge-2; do stop_agent "$name" && rm -r "${T:?}/$name"; done
  stop_controller
  start_on_small_disk || return
  for name in edge-1 edge-2; do start_agent "$name" && await 20 "$name is ready" agent_ready "$name"; done
  { ses stays 'exec sleep 1000' && ses goes 'exec sleep 1000' && ses waits true 'replicas: 0'; } >"$T/m/small.yaml"
  expect 0 fogctl apply -f "$T/m/small.yaml"
  await 15 "it converges" converged stays goes
  dd if=/dev/zero of="$DISK/fill" bs=64k status=none 2>/dev/null
  # What is written now fills the last pages; then the door is closed, in words.
  printf '{"metadata":{"annotations":{"a":"%s"}}}' "$(head -c 3000 /dev/zero | tr '\0' x)" >"$T/object"
  await 20 "writes are refused" eval '[ "$(merge waits "${RANDOM:+$(sed "s/\"a\"/\"a$RANDOM\"/" "$T/object")}")" = 503 ] && grep -Eq "full|space" "$T/body"' || return
  is "code of a read" "$(code_of "http://$API$sessions/stays")" 200
  expect 0 fogctl delete hs/goes --timeout 20s
  await 10 "its work ends" equals stays eval "leaders | cut -d' ' -f5 | xargs"
  expect 1 fogctl apply -f "$T/m/small.yaml" --retry 0s
  rm "$DISK/fill"
  await 30 "writes are taken again" eval 'fogctl apply -f "$T/m/small.yaml" --retry 0s'
  await 15 "it converges" converged stays goes
  is_gone "$CONTROLLER" && miss "the controller has ended"
}

# --- being spoken to badly ------------------------------------------------------------------------

say() { # TEXT: as it is, to the API; prints the answer's first line
  { exec 3<>"/dev/tcp/${API%:*}/${API#*:}"; } 2>/dev/null || return
  printf '%b' "$1" >&3
  timeout 5 head -n 1 <&3 | tr -d '\r'
  exec 3>&- 3<&-
}

bad_http_is_refused_and_harms_nobody() {
  local big
  says "$(say 'nonsense\r\n\r\n')" '^HTTP/1.1 400'
  says "$(say 'GET / HTTP/1.1\r\n\r\n')" '^HTTP/1.1 400' # no Host
  says "$(say 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n')" '^HTTP/1.1 (400|505)'
  says "$(say 'POST /apis HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc')" '^HTTP/1.1 400'
  says "$(say 'POST /apis HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')" '^HTTP/1.1 400'
  says "$(say 'POST /apis HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n')" '^HTTP/1.1 400'
  says "$(say 'POST /apis HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')" '^HTTP/1.1 400'
  big=$(head -c 9000 /dev/zero | tr '\0' a)
  says "$(say "GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: $big\\r\\n\\r\\n")" '^HTTP/1.1 431'
  head -c 4000 /dev/urandom | timeout 1 curl -s "telnet://$API" >/dev/null 2>&1
  is "code afterwards" "$(code_of "http://$API/healthz")" 200
  is "code of an unknown path" "$(code_of "http://$API/apis/fog/v2/nothing")" 404
  is "code of broken JSON" "$(post k1 '{"a": [1, 2')" 400
  is "code of a wrong type" "$(code_of -X POST -H 'Content-Type: text/plain' --data x "http://$API$sessions")" 415
}

what_is_too_large_is_refused() {
  head -c $((33 << 20)) /dev/zero | tr '\0' ' ' >"$T/large"
  is "code of 33 MiB" "$(code_of -X POST -H 'Content-Type: application/json' --data-binary "@$T/large" "http://$API$objects/changesets")" 413
  is "code of 33 MiB in chunks" "$(code_of -X POST -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' \
    --data-binary "@$T/large" "http://$API$objects/changesets")" 413
  rm "$T/large"
  printf '{"metadata":{"annotations":{"a":"%s"}}}' "$(head -c 300000 /dev/zero | tr '\0' x)" >"$T/object"
  is "code of an object of 300 kB" "$(code_of -X PATCH -H 'Content-Type: application/merge-patch+json' --data-binary "@$T/object" \
    "http://$API$sessions/waits")" 422
}

a_reader_that_takes_nothing_is_closed_and_stops_nobody() {
  local n
  exec 4<>"/dev/tcp/${API%:*}/${API#*:}"
  printf 'GET %s?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n' "$sessions" >&4
  for n in {1..50}; do
    printf '{"metadata":{"annotations":{"a":"%s%s"}}}' "$n" "$(head -c 200000 /dev/zero | tr "\0" x)" >"$T/object"
    is "code of change $n" "$(code_of -X PATCH -H 'Content-Type: application/merge-patch+json' --data-binary "@$T/object" \
      "http://$API$sessions/waits")" 200
  done
  timeout 10 cat <&4 >"$T/slow" || miss "a reader far behind was not closed"
  exec 4>&- 4<&-
  merge waits '{"metadata":{"annotations":{"a":null}}}' >/dev/null
}

strangers_on_the_agents_listener_are_refused() {
  local upgrade=(-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' --http1.1 --max-time 3)
  local code
  code=$(code_of --max-time 3 "http://$LINK/")
  [ "$code" = 200 ] && miss "the agents' listener serves HTTP"
  code=$(code_of "${upgrade[@]}" "http://$LINK/")
  [ "$code" = 101 ] && miss "a link without subprotocol was taken"
  code=$(code_of "${upgrade[@]}" -H 'Sec-WebSocket-Protocol: fog.agent.v9' "http://$LINK/")
  [ "$code" = 101 ] && miss "a link with another subprotocol was taken"
  code=$(code_of "${upgrade[@]}" -H 'Sec-WebSocket-Protocol: fog.agent.v1' -H 'Origin: http://evil.example' "http://$LINK/")
  [ "$code" = 101 ] && miss "a link from a web page was taken"
  await 10 "edge-1 is ready" agent_ready edge-1
}

all_end_and_nothing_is_left() {
  local name
  expect 0 fogctl delete hs --all --timeout 20s
  await 10 "no shim is left" equals "" shims
  for name in edge-1 edge-2; do stop_agent "$name"; done
  stop_controller
  nothing_is_broken
}

it the_fleet_is_up what_was_sent_when_it_was_killed_happens_exactly_once agents_and_their_work_do_not_notice \
  it_can_be_killed_while_it_starts fogctl_waits_for_it_to_come_back \
  a_watch_goes_on_over_restarts_without_loss_or_repetition a_revision_from_the_future_is_refused \
  a_second_controller_on_the_same_state_is_refused a_state_that_others_can_read_is_refused \
  addresses_beyond_loopback_are_refused a_damaged_store_is_refused_and_not_replaced \
  a_full_disk_stops_writes_but_not_stopping bad_http_is_refused_and_harms_nobody what_is_too_large_is_refused \
  a_reader_that_takes_nothing_is_closed_and_stops_nobody strangers_on_the_agents_listener_are_refused \
  all_end_and_nothing_is_left
