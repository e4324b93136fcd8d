#!/bin/bash
# The store of blobs as a process and over HTTP: what comes in is what goes out, whole, in parts, and after every end
# of the controller; what is wrong never becomes visible; what is needed stays, and what is not goes.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

QUOTA=24Mi
digest_of() { echo "blake2b:$(b2sum "$1" | cut -c1-64)"; } # FILE
url() { echo "http://$API/blobs/v1/$1"; }
code() { curl -s -o "$T/answer" -w '%{http_code}' "$@"; } # CURL-WORD…
listed() { curl -s "http://$API/blobs/v1" | jq -r '.items[].metadata.name'; }
is_listed() { listed | grep -qx "$1"; } # DIGEST
upload_offset() { curl -sI "$(url "$1")" | tr -d '\r' | sed -n 's/^Upload-Offset: //p'; }
file_of() { echo "$T/controller/blobs/${1:8:2}/${1:10}"; } # DIGEST
bytes() { head -c "$1" /dev/urandom; }
start_blobs() { start_controller --blob-quota "$QUOTA" "$@"; }
left_over() { find "$T/controller/blobs/incoming" -type f; }

what_goes_in_comes_out() {
  start_blobs || return
  bytes 3000000 >"$T/a" && : >"$T/empty"
  A=$(digest_of "$T/a") EMPTY=$(digest_of "$T/empty")
  is "unknown" "$(code -I "$(url "$A")")" 404
  is "first" "$(code -T "$T/a" "$(url "$A")")" 201
  is "again" "$(code -T "$T/a" "$(url "$A")")" 200
  is "nothing at all" "$(code -T "$T/empty" "$(url "$EMPTY")")" 201
  is "read" "$(code "$(url "$A")")" 200 && cmp "$T/answer" "$T/a" || miss "other bytes"
  is "the list" "$(listed | sort | xargs)" "$(printf '%s\n' "$A" "$EMPTY" | sort | xargs)"
  is "a page of it" "$(curl -s "http://$API/blobs/v1?limit=1" | jq '.metadata.remainingItemCount')" 1
  is "mode" "$(stat -c %a "$(file_of "$A")" "$T/controller/blobs" | xargs)" "600 700"
}

a_part_can_be_asked_for() {
  is "a part" "$(code -r 1000-1999 "$(url "$A")")" 206
  cmp -s "$T/answer" <(tail -c +1001 "$T/a" | head -c 1000) || miss "other bytes"
  is "the end" "$(code -r -7 "$(url "$A")")" 206
  cmp -s "$T/answer" <(tail -c 7 "$T/a") || miss "other bytes"
  is "beyond" "$(code -r 3000000- "$(url "$A")")" 416
  is "several" "$(code -r 0-1,5-6 "$(url "$A")")" 200
  is "unchanged" "$(code -H "If-None-Match: \"$A\"" "$(url "$A")")" 304
  says "$(curl -sI "$(url "$A")" | tr -d '\r')" '^Accept-Ranges: bytes$' "^ETag: \"$A\"$" '^Content-Length: 3000000$'
}

an_upload_can_be_taken_up_again() {
  bytes 2000000 >"$T/b"
  B=$(digest_of "$T/b")
  # The client says 2,000,000 and goes after 700,000.
  timeout 10 bash -c "exec 3<>/dev/tcp/${API/:/\/}; printf 'PUT /blobs/v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n' $B >&3
    head -c 700000 '$T/b' >&3"
  await 10 "what came is there" eval '[ "$(upload_offset "$B")" = 700000 ]'
  is "not there" "$(code "$(url "$B")")" 404
  is "from elsewhere" "$(code -X PUT -d x -H 'Content-Range: bytes 5-5/2000000' "$(url "$B")")" 409
  tail -c +700001 "$T/b" | head -c 300000 >"$T/part"
  is "a part more" "$(code -X PUT --data-binary "@$T/part" -H 'Content-Range: bytes 700000-999999/2000000' "$(url "$B")")" 202
  is "now" "$(upload_offset "$B")" 1000000
  tail -c +1000001 "$T/b" >"$T/part"
  is "the rest" "$(code -X PUT --data-binary "@$T/part" -H 'Content-Range: bytes 1000000-1999999/2000000' "$(url "$B")")" 201
  is "whole" "$(code "$(url "$B")")" 200 && cmp "$T/answer" "$T/b" || miss "other bytes"
}

what_is_wrong_never_becomes_visible() {
  local other=blake2b:0000000000000000000000000000000000000000000000000000000000000001
  is "other bytes" "$(code -T "$T/a" "$(url "$other")")" 422
  is "kept of it" "$(upload_offset "$other") $(left_over)" "0 "
  is "no digest" "$(code -T "$T/a" "$(url blake2b:00)")" 400
  is "a way out" "$(code --path-as-is -T "$T/a" "$(url ../../lock)")" 404
  is "no length" "$(code -T - "$(url "$other")" <"$T/a")" 411
  is "another method" "$(code -d x "$(url "$A")")" 405
  is "too large" "$(code -X PUT -H 'Content-Length: 5000000000' "$(url "$other")")" 413
  is_listed "$other" && miss "it is listed"
  return 0
}

the_quota_holds() {
  bytes 21000000 >"$T/c"
  is "too much" "$(code -T "$T/c" "$(url "$(digest_of "$T/c")")")" 507
  says "$(cat "$T/answer")" '"reason":"InsufficientStorage"' 'of 25165824 are used'
  is "left over" "$(left_over)" ""
}

kill_9_in_the_middle_of_an_upload_leaves_nothing() {
  local round
  bytes 8000000 >"$T/d"
  D=$(digest_of "$T/d")
  for round in 1 2 3; do
    exec 5<>"/dev/tcp/${API/:/\/}" # a client that has more to send, and waits
    { printf 'PUT /blobs/v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n' "$D" && head -c $((round * 1000000)) "$T/d"; } >&5
    await 10 "some of it came" eval '[ -n "$(find "$T/controller/blobs/incoming" -type f -size +$((round * 500))k)" ]'
    kill_controller
    exec 5>&-
    start_blobs || return
    is "round $round" "$(code -I "$(url "$D")") $(upload_offset "$D") $(left_over)" "404 0 "
  done
  is "what was there" "$(listed | sort | xargs)" "$(printf '%s\n' "$A" "$B" "$EMPTY" | sort | xargs)"
  is "at last" "$(code -T "$T/d" "$(url "$D")")" 201
  kill_controller
  start_blobs || return
  is "after one more" "$(code "$(url "$D")")" 200 && cmp "$T/answer" "$T/d" || miss "other bytes"
}

a_file_that_cannot_be_opened_is_kept() {
  mv "$(file_of "$D")" "$T/aside" && ln -s "$T/aside" "$(file_of "$D")" # no link is followed
  is "not now" "$(code "$(url "$D")")" 500
  is "asked once more" "$(code "$(url "$D")")" 500
  mv "$T/aside" "$(file_of "$D")" || miss "its file is gone"
  is "later" "$(code "$(url "$D")")" 200 && cmp "$T/answer" "$T/d" || miss "other bytes"
}

what_was_lost_is_not_said_to_be_there() {
  truncate -s 100 "$(file_of "$D")"
  is "sent again" "$(code -T "$T/d" "$(url "$D")")" 503
  await 5 "the rest of it is gone" not is_listed "$D"
  is "and again" "$(code -T "$T/d" "$(url "$D")")" 201
}

a_damaged_file_is_removed_when_it_is_read() {
  printf 'not these' | dd of="$(file_of "$D")" bs=1 seek=7999990 conv=notrunc 2>/dev/null
  curl -sf -o "$T/answer" "$(url "$D")" && miss "its reader was not told"
  await 5 "it is gone" not is_listed "$D"
  is "healed" "$(code -T "$T/d" "$(url "$D")")" 201
  rm "$(file_of "$D")"
  is "a missing file" "$(code "$(url "$D")")" 404
  await 5 "it is gone" not is_listed "$D"
}

what_is_needed_stays_and_what_is_not_goes() {
  ses needs 'true' 'replicas: 1' "workload.artifacts: [{path: in, digest: \"$A\"}, {path: again, digest: \"$A\"}]" | apply
  stop_controller
  start_blobs --blob-keep 1s --blob-keep-min 1s || return
  is "in use" "$(code -X DELETE "$(url "$A")")" 409
  says "$(cat "$T/answer")" 'HarvestSession needs refers to it'
  says "$(curl -s "http://$API/blobs/v1" | jq -c ".items[] | select(.metadata.name == \"$A\").status.referencedBy")" needs
  is "objects that refer to it" "$(curl -s "http://$API/blobs/v1" | jq ".items[] | select(.metadata.name == \"$A\").status.referenceCount")" 1
  await 10 "nothing but it is there" eval '[ "$(listed)" = "$A" ]'
  expect 0 fogctl delete hs/needs
  await 10 "it goes" eval '[ -z "$(listed)" ]'
  is "files" "$(find "$T/controller/blobs" -type f)" ""
  stop_controller
  start_blobs || return
  is "a dry run that puts" "$(code -T "$T/b" "$(url "$B")?dryRun=All") $(code "$(url "$B")")" "400 404"
  is "dry runs that delete" "$(code -T "$T/b" "$(url "$B")") $(code -X DELETE "$(url "$B")?dryRun=All") $(
    code -X DELETE "$(url "$B")?dryRun=some") $(code "$(url "$B")")" "201 200 400 200"
  is "as it was" "$(code "$(url "$B")?atRevision=1") $(code "http://$API/blobs/v1?atTime=1m")" "400 400"
  is "deleted and deleted again" "$(code -X DELETE "$(url "$B")") $(code -X DELETE "$(url "$B")")" "200 404"
  is "deleted by hand" "$(code -T "$T/b" "$(url "$B")") $(code -X DELETE "$(url "$B")") $(code -X DELETE "$(url "$B")")" "201 200 404"
}

fogctl_puts_lists_and_gets() {
  expect 0 fogctl blob put "$T/a" "$T/empty"
  is "digests" "$out" "$A
$EMPTY"
  expect 0 fogctl blob put "$T/a"
  is "digest" "$out" "$A"
  expect 0 fogctl blob list
  says "$out" '^DIGEST +SIZE +AGE +REFERENCED BY$' "^$A +3000000 +[0-9]+s$"
  expect 0 fogctl blob list -o name
  is "names" "$(sort <<<"$out")" "$(printf '%s\n' "$A" "$EMPTY" | sort)"
  expect 0 fogctl blob list -o json
  is "json" "$(jq '.items | length' <<<"$out")" 2
  expect 0 fogctl blob get "$A" -O "$T/got" && cmp "$T/got" "$T/a" || miss "other bytes"
  "$BIN/fogctl" --server "$API" blob get "$A" | cmp - "$T/a" || miss "other bytes"
  expect 0 fogctl blob get "$EMPTY" -O "$T/got" && cmp "$T/got" "$T/empty" || miss "other bytes"
  expect 1 fogctl blob get "${A%????}0000" -O "$T/none"
  says "$err" 'is not stored'
  is "left of it" "$(ls "$T"/none* 2>/dev/null)" ""
  expect 2 fogctl blob get "${A#blake2b:}"
  expect 2 fogctl blob
  expect 1 fogctl blob put "$T"
  expect 0 fogctl blob delete "$EMPTY"
  expect 1 fogctl blob delete "$EMPTY"
}

# Sends the first bytes of an upload, and goes.
begin_upload() { # DIGEST SIZE FILE BYTES
  timeout 10 bash -c "exec 3<>/dev/tcp/${API/:/\/}
    printf 'PUT /blobs/v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n' $1 $2 >&3; head -c $4 '$3' >&3"
  await 10 "what came is there" eval '[ "$(upload_offset "'"$1"'")" = '"$4"' ]'
}

fogctl_goes_on_where_it_was() {
  bytes 900000 >"$T/e" && E=$(digest_of "$T/e")
  begin_upload "$E" 900000 "$T/e" 500000
  expect 0 fogctl blob put "$T/e"
  is "digest" "$out" "$E"
  bytes 900000 >"$T/f" && F=$(digest_of "$T/f")
  begin_upload "$F" 900000 "$T/e" 500000 # of something else
  expect 0 fogctl blob put "$T/f"
  is "digest" "$out" "$F"
  # A part that is right, one that is wrong, one that is all of it.
  head -c 400000 "$T/e" >"$T/got.part" && rm -f "$T/got"
  expect 0 fogctl blob get "$E" -O "$T/got" && cmp "$T/got" "$T/e" || miss "other bytes"
  cp "$T/f" "$T/got.part"
  expect 0 fogctl blob get "$E" -O "$T/got" && cmp "$T/got" "$T/e" || miss "other bytes"
  cp "$T/e" "$T/got.part"
  expect 0 fogctl blob get "$E" -O "$T/got" && cmp "$T/got" "$T/e" || miss "other bytes"
  is "left over" "$(ls "$T"/*.part 2>/dev/null)" ""
}

fogctl_outlives_the_controller() {
  local reader writer
  bytes 8000000 >"$T/d" && D=$(digest_of "$T/d")
  kill_controller
  "$BIN/fogctl" --server "$API" blob put "$T/d" >"$T/put" 2>"$T/put.err" &
  writer=$!
  await 10 "it said that it goes on" grep -q 'trying again' "$T/put.err"
  start_blobs || return
  wait "$writer" || miss "put failed"
  is "put" "$(cat "$T/put")" "$D"
  # A reader that has had a little when the controller dies, and the rest from the next one.
  mkfifo "$T/pipe"
  "$BIN/fogctl" --server "$API" blob get "$D" -O - >"$T/pipe" 2>"$T/get.err" &
  reader=$!
  exec 4<"$T/pipe"
  head -c 100000 <&4 >"$T/got"
  kill_controller
  cat <&4 >>"$T/got" &
  local cat=$!
  await 10 "it said that it goes on" grep -q 'trying again' "$T/get.err"
  exec 4<&-
  start_blobs || return
  wait "$reader" || miss "get failed"
  wait "$cat"
  cmp "$T/got" "$T/d" || miss "other bytes"
}

a_slow_reader_holds_up_nobody() {
  is "there" "$(code -T "$T/d" "$(url "$D")")" 200
  curl -s --limit-rate 100k -o /dev/null "$(url "$D")" &
  local slow=$!
  is "meanwhile" "$(code --max-time 40 "$(url "$D")")" 200 && cmp "$T/answer" "$T/d" || miss "other bytes"
  kill $slow && wait $slow 2>/dev/null
  stop_controller # while the last one may still be under way
  nothing_is_broken
}

it what_goes_in_comes_out a_part_can_be_asked_for an_upload_can_be_taken_up_again what_is_wrong_never_becomes_visible \
  the_quota_holds kill_9_in_the_middle_of_an_upload_leaves_nothing a_file_that_cannot_be_opened_is_kept \
  what_was_lost_is_not_said_to_be_there a_damaged_file_is_removed_when_it_is_read \
  what_is_needed_stays_and_what_is_not_goes fogctl_puts_lists_and_gets fogctl_goes_on_where_it_was \
  fogctl_outlives_the_controller a_slow_reader_holds_up_nobody
