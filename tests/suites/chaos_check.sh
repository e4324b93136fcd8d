#!/bin/bash
# The judge of live chaos bites: the evidence of a short, honest run passes; with each kind of lie in it, it does not.
#
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

check() { "$BIN/fog-chaos-check" "$@"; }

a_short_run_is_honest() {
  start_fleet edge-1 edge-2 || return
  expect 0 "$BIN/fog-chaos-load" --url "http://$API" --log "$T/ops.jsonl" --runs "$T/runs.jsonl" --work "$BIN/fog-chaos-work" \
    --sessions 4 --policies 1 --agents 2 --operators 4 --pause-ms 3 --operations 60 --seed 3
  says "$out" 'ok=[0-9]{2,} .*unknown=0 '
  expect 0 check "$T" --url "http://$API"
  says "$out" 'converged after' ' 0 violations'
}

# --- lies -------------------------------------------------------------------------------------------

# A copy of the evidence to doctor.
fresh() {
  rm -rf "$T/lie" && mkdir "$T/lie" && cp "$T/ops.jsonl" "$T/runs.jsonl" "$T/lie/" && cp -r "$T/controller" "$T/lie/"
}
ops() { # FILTER over the list of all lines, which must change it
  jq -s -c "$1 | .[]" "$T/ops.jsonl" >"$T/lie/ops.jsonl" || miss "the filter fails"
  cmp -s "$T/ops.jsonl" "$T/lie/ops.jsonl" && miss "nothing to doctor was found"
}
runs() { jq -s -c "$1 | .[]" "$T/runs.jsonl" >>"$T/lie/runs.jsonl" || miss "the filter fails"; }
sql() { sqlite3 "$T/lie/controller/fog.db" "$1" >/dev/null || miss "$1"; }
found() { # RULE [WORD]
  expect 1 check "$T/lie" || return
  says "$out" "VIOLATION $1: .*${2:-}"
}

# One operation's two lines are brought to another time: LAST of all, or FIRST.
moved='def moved($op; $t): map(if .op == $op then .t = $t + (if .type == "invoke" then 0 else 1 end) else . end);
  def done($verb): map(select(.verb == $verb and .type == "ok" and .rv)); def last_t: map(.t) | max + 1000;
  def first_t: map(.t) | min - 1000; def write: done("apply");'

a_lost_write_is_found() {
  fresh
  ops "$moved write[0] as \$w | . + [\$w | .type = \"invoke\" | .op = \"ghost\" | .kind = \"HarvestPolicy\" | .name = \"chaos-p-0\"]
    + [\$w | .op = \"ghost\" | .rv = \"99999\"]"
  found lost-write 'ghost.*nothing'
  ops "$moved write[0].op as \$op | map(if .op == \$op and .type == \"ok\" then .value = \"other\" else . end)"
  found lost-write
  ops "$moved done(\"get\")[0].op as \$op | map(if .op == \$op then .verb = \"delete\" else . end)"
  found lost-write 'has no row'
}

a_write_with_another_outcome_is_found() {
  fresh
  ops "$moved write[0].op as \$op | map(if .op == \$op and .type == \"ok\" then .spec = \"other\" else . end)"
  found lost-write 'another spec'
  ops "map(if .verb == \"changeset\" and .type == \"ok\" then .items[0].result = \"unchanged\" else . end)"
  found lost-write 'changed nothing'
  ops "map(if .verb == \"changeset\" and .type == \"ok\" then del(.items[0]) else . end)"
  found lost-write 'objects. was told of'
  ops "map(if .verb == \"changeset\" and .type == \"ok\" then .items[0].result = \"deleted\" else . end)"
  found lost-write 'delete of'
}

what_was_refused_and_done_is_found() {
  fresh
  ops "$moved write[0].op as \$op | map(if .op == \$op and .type == \"ok\" then .type = \"fail\" else . end)"
  found refused
  ops "$moved write[0].op as \$op | map(if .op == \$op then .verb = \"dry-run\" else . end)"
  found refused 'no write'
}

# VERB NAME REASON: of a session, after all else.
refusal() {
  ops "$moved last_t as \$t | . + [{t: \$t, op: \"ghost\", type: \"invoke\", verb: \"$1\", kind: \"HarvestSession\", name: \"$2\"},
    {t: (\$t + 1), op: \"ghost\", type: \"fail\", code: 404, reason: \"$3\"}]"
}

a_refusal_without_a_reason_is_found() {
  local there
  there=$(sqlite3 "$T/controller/fog.db" "SELECT name FROM ledger GROUP BY kind, name HAVING max(revision) AND verb <> 2
    AND kind = 'HarvestSession' LIMIT 1")
  fresh
  refusal patch "$there" NotFound
  found refused 'was there'
  refusal delete "$there" NotFound
  found refused 'was there'
  refusal create "$there" AlreadyExists
  expect 0 check "$T/lie"
  refusal create chaos-s-none AlreadyExists
  found refused 'was not there'
}

a_write_nobody_asked_for_is_found() {
  fresh
  ops "$moved write[0].op as \$op | map(select(.op != \$op))"
  found unasked
  fresh
  sql "UPDATE body SET data = CAST(replace(data, '\"chaos/value\":\"', '\"chaos/value\":\"x') AS BLOB)"
  found unasked 'holds'
  fresh
  runs 'map(.uid = "elsewhere")'
  found unasked 'pid'
}

a_key_used_twice_is_found() {
  fresh
  ops "$moved (write | map(.op)) as \$done | map(if .type == \"invoke\" and (.op == \$done[0] or .op == \$done[1]) then .key = \"k\" else . end)"
  found twice 'key k'
  fresh
  sql "UPDATE ledger SET why = (SELECT why FROM ledger b WHERE b.revision = ledger.before)
    WHERE kind = 'HarvestPolicy' AND verb = 1"
  found twice 'again'
}

another_answer_to_the_same_request_is_found() {
  fresh
  ops "$moved . + [write[0] | .type = \"repeat\" | .body = \"0\"]"
  found same-answer
}

writes_out_of_order_are_found() {
  fresh
  ops "$moved moved(write[0].op; last_t)"
  found order
}

a_stale_read_is_found() {
  fresh
  ops "$moved moved((done(\"get\") | map(select(.rv)))[0].op; last_t)"
  found stale
  ops "$moved moved(done(\"list\")[0].op; last_t)"
  found stale lists
  ops "$moved (done(\"get\")[-1].op) as \$op | map(if .op == \$op and .type == \"ok\" then del(.rv, .value, .uid, .spec) | .code = 404 else . end) |
    moved(\$op; (map(select(.op == \$op and .type == \"invoke\"))[0].t))"
  found stale 'did not find'
}

a_read_from_the_future_is_found() {
  fresh
  ops "$moved moved(done(\"get\")[-1].op; first_t)"
  found future
  ops "$moved moved(done(\"list\")[-1].op; first_t)"
  found future lists
}

a_read_of_what_never_was_is_found() {
  fresh
  ops "$moved done(\"get\")[-1].op as \$op | map(if .op == \$op and .type == \"ok\" then .value = \"never\" else . end)"
  found read 'never'
  ops "$moved (done(\"list\") | map(select(.items | length > 1)))[-1].op as \$op |
    map(if .op == \$op and .type == \"ok\" then .items |= .[1:] else . end)"
  found read 'absent'
  ops "$moved done(\"get\")[-1].op as \$op | map(if .op == \$op and .type == \"ok\" then .spec = \"never\" else . end)"
  found read 'another spec'
}

# Sets of which two objects were written, each as [first row, second row].
sets='def sets: map(select(.verb == "changeset" and .type == "ok") | [.items[] | select(.rv and .result != "unchanged")] |
  select(length > 1) | sort_by(.rv | tonumber)); def rv: .rv | tonumber;'

half_a_change_set_is_found() {
  fresh
  ops "$moved $sets sets[0][0].rv as \$rv | done(\"list\")[-1].op as \$op |
    map(if .op == \$op and .type == \"ok\" then .rv = \$rv else . end)"
  found read 'in the midst'
  # Nobody was told anything, but of the first object as it was made by a set, and then of the second as it was before.
  ops "$moved $sets last_t as \$t | INDEX(.[] | select(.type == \"invoke\"); .op) as \$of |
    def get(\$op; \$t; \$of; \$told): {t: \$t, op: \$op, type: \"invoke\", verb: \"get\", kind: \$of.kind, name: \$of.name},
      (\$told | {t: (\$t + 1), op: \$op, type: \"ok\", code: 200, rv, uid, value, spec});
    def told: .verb as \$verb | \$of[.op].kind as \$kind | \$of[.op].name as \$name |
      if \$verb == \"list\" then .items[] + {kind: \$kind} elif \$verb == \"changeset\" then .items[]
      else select(\$verb | IN(\"apply\", \"create\", \"get\", \"patch\", \"replace\")) + {kind: \$kind, name: \$name} end;
    def before(\$b): [.[] | select(.type == \"ok\") | told | select(.spec and .kind == \$b.kind and .name == \$b.name and rv < (\$b | rv))]
      | max_by(rv);
    . as \$all | [sets[] | . as [\$a, \$b] | (\$all | before(\$b)) | select(.) | [\$a, \$b, .]][0] as [\$a, \$b, \$was] |
    map(if .type == \"ok\" or .type == \"fail\" then .type = \"unknown\" else . end) +
    [get(\"one\"; \$t; \$a; \$a), get(\"two\"; \$t + 2; \$b; \$was)]"
  found stale two
}

a_condition_that_was_not_kept_is_found() {
  fresh
  ops "$moved done(\"replace\")[0].op as \$op | map(if .op == \$op and .type == \"invoke\" then .ifRevision = \"1\" else . end)"
  found condition
}

a_rollback_to_something_else_is_found() {
  fresh
  sql "UPDATE body SET data = CAST(replace(data, 'chaos/value', 'chaos/valve') AS BLOB) WHERE id IN (SELECT body FROM ledger
    WHERE why IN ($(jq -r 'select(.verb == "rollback" and .type == "invoke") | "\u0027\(.op)\u0027"' "$T/ops.jsonl" | paste -sd,)))"
  found rollback 'differs'
}

# Another process under the name of each exclusive one, a millisecond later.
twins='[.[] | select(.session == "chaos-s-0" or .session == "chaos-s-3") | .pid += 1000000 | .t += 1000000]'

a_double_run_is_found() {
  fresh
  runs "$twins | map(.run += 1000)"
  found double-run 'exclusive chaos-s-'
  runs 'map(.t += 3600000000000 | .pid += 1)'
  found run-twice
}

a_stopped_process_does_not_run() {
  fresh
  jq -s -c "(map(.t) | min) as \$t | (map(.pid) | unique) as \$pids | . as \$all | (\$all | map(select(.event == \"start\"))) +
    (\$pids | map({t: \$t, event: \"stop\", pid: .})) + (\$all | map(select(.event != \"start\"))) +
    ($twins | map(.run += 1000)) | .[]" "$T/runs.jsonl" >"$T/lie/runs.jsonl"
  expect 0 check "$T/lie"
}

a_torn_line_is_found() {
  fresh
  printf '{"t":1,"event":"be' >>"$T/lie/runs.jsonl"
  found trace
}

a_changed_ledger_is_found() {
  fresh
  sql "UPDATE ledger SET who = 'nobody' WHERE seq = 2"
  found chain 'hash'
  fresh
  sql "UPDATE body SET data = CAST(replace(data, 'chaos', 'order') AS BLOB) WHERE id = (SELECT min(body) FROM ledger WHERE kind = 'HarvestPolicy')"
  found chain 'body'
  fresh
  sql "DELETE FROM ledger WHERE seq = 2"
  found chain 'gap'
  fresh
  sql "UPDATE ledger SET at = at + 3600000 WHERE seq = 2"
  found chain 'goes back'
}

a_life_without_birth_is_found() {
  local one="revision = (SELECT min(revision) FROM ledger WHERE verb = 1 AND kind LIKE 'Harvest%')"
  fresh
  sql "UPDATE ledger SET verb = 0 WHERE $one"
  found life makes
  fresh
  sql "UPDATE ledger SET uid = 'another' WHERE $one"
  found life 'uid another'
  fresh
  sql "DELETE FROM ledger WHERE verb = 0 AND kind = 'HarvestPolicy'"
  found life 'is not there'
}

what_does_not_agree_with_the_api_is_found() {
  fresh
  sql "UPDATE ledger SET who = 'nobody' WHERE kind LIKE 'Harvest%'"
  jq -s -c '.[0] | .event = "beat" | .uid = "elsewhere" | .t += 3600000000000' "$T/runs.jsonl" >>"$T/lie/runs.jsonl"
  expect 1 check "$T/lie" --url "http://$API" --wait 0
  says "$out" 'VIOLATION history: ' 'VIOLATION final: .*which is no more'
  fresh
  sql "UPDATE ledger SET kind = 'HarvestPolicy', name = 'chaos-p-9' WHERE revision = (SELECT min(revision) FROM ledger WHERE kind = 'Assignment')"
  expect 1 check "$T/lie" --url "http://$API" --wait 0
  says "$out" 'VIOLATION history: .*chaos-p-9.*, too'
  expect 0 fogctl delete hs/chaos-s-0 hs/chaos-s-1 hs/chaos-s-2 hs/chaos-s-3 --ignore-not-found --timeout 10s
  fresh
  sql "UPDATE ledger SET verb = 1 WHERE verb = 2 AND kind = 'HarvestSession'"
  expect 1 check "$T/lie" --url "http://$API" --wait 0
  says "$out" 'VIOLATION final: .*is not there'
  expect 1 check "$T/lie" --url "http://127.0.0.1:9" --wait 0
  says "$out" 'VIOLATION final: .*does not answer'
}

it a_short_run_is_honest a_lost_write_is_found a_write_with_another_outcome_is_found what_was_refused_and_done_is_found \
  a_refusal_without_a_reason_is_found a_write_nobody_asked_for_is_found a_key_used_twice_is_found \
  another_answer_to_the_same_request_is_found writes_out_of_order_are_found a_stale_read_is_found \
  a_read_from_the_future_is_found a_read_of_what_never_was_is_found half_a_change_set_is_found \
  a_condition_that_was_not_kept_is_found a_rollback_to_something_else_is_found a_double_run_is_found \
  a_stopped_process_does_not_run a_torn_line_is_found a_changed_ledger_is_found a_life_without_birth_is_found \
  what_does_not_agree_with_the_api_is_found
