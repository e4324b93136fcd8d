#!/bin/bash
# Every manifest in examples/, applied to a live fleet like that of `make up`: it becomes what its comment
# says, and applying it again changes nothing.
#
# shellcheck source=tests/e2e/lib.sh disable=SC2154
. "$(dirname "$0")/../e2e/lib.sh"

files() { find examples -maxdepth 1 -type f | sort; } # a folder has a suite of its own

# What a file promises: "Converged", or "pending, REASON"; without a comment it is the former.
promise() {
  local said
  said=$(sed -n 's/^# Afterwards: //p' "$1")
  echo "${said:-Converged}"
}

sessions_of() { fogctl apply -f "$1" --dry-run=client | sed -n 's|^harvestsession.fog/\([^ ]*\) .*|\1|p'; }

a_fleet_is_up() {
  local name
  start_controller --alerts-after 0s || return
  start_agent edge-1 --label site=north
  start_agent edge-2 --label site=north
  start_agent edge-3 --label site=south
  for name in edge-1 edge-2 edge-3; do await 20 "$name is ready" agent_ready "$name"; done
}

all_are_valid_together() {
  local file
  expect 0 fogctl apply -f examples --dry-run
  for file in $(files); do
    case $file in
    *.yaml | *.json) ;;
    *) miss "$file is no manifest" ;;
    esac
    [ -n "$(sessions_of "$file")" ] || grep -q '^kind: AlertRule' "$file" || miss "$file has no session"
  done
}

# Whoever tries one after the other keeps what the first one declared.
none_changes_what_another_declares() {
  local file names=""
  while read -r file; do
    expect 0 fogctl apply -f "$file" --dry-run=client
    says "$out" ' valid \(dry run\)$'
    names+=$(cut -d' ' -f1 <<<"$out")$'\n'
  done < <(find examples \( -name '*.yaml' -o -name '*.json' \) ! -name scene.json)
  is "what two examples declare" "$(sort <<<"$names" | sed '/^$/d' | uniq -d)" ""
}

each_is_applied() {
  local file
  for file in $(files); do
    expect 0 fogctl apply -f "$file"
    says_not "$out" unchanged
  done
}

each_becomes_what_it_promises() {
  local file name wanted
  for file in $(files); do
    wanted=$(promise "$file")
    for name in $(sessions_of "$file"); do
      case $wanted in
      Converged) await 20 "$file: $name converges" converged "$name" ;;
      pending,*) await 20 "$file: $name is ${wanted}" reason_is "$name" "${wanted#pending, }" ;;
      *) miss "$file promises \"$wanted\", which nobody knows" ;;
      esac
    done
  done
}

applying_all_again_changes_nothing() {
  expect 0 fogctl diff -f examples
  is "the diff" "$out" ""
  expect 0 fogctl apply -f examples --detailed-exitcode
}

# What their comments tell to try.
the_batch_has_its_results() {
  expect 0 fogctl logs hs/batch
  says "$out" '\] part 0: 5050$' '\] part 1: 15050$' '\] part 2: 25050$'
}

the_tasks_have_all_ended() {
  expect 0 fogctl wait hs/primes --for=condition=Complete --timeout=20s
  expect 0 fogctl get hs/primes
  says "$out" '^primes +40 +40 +40 +40/40 +True +AsDeclared'
  expect 0 fogctl describe hs/primes
  says "$out" 'completedIndexes: "?0-39"?$'
  expect 0 fogctl results primes --to "$T/primes"
  awk '{ sum += $1 } END { print NR, sum }' "$T"/primes/*/* >"$T/sum"
  is "primes below 2002 in forty parts" "$(cat "$T/sum")" "40 303"
  expect 0 fogctl get asg -l fog/session=primes -o name
  is "what is left of them" "$out" ""
}

a_change_comes_in_waves_of_two() {
  sed 's/VERSION: "1"/VERSION: "2"/' examples/waves.yaml >"$T/m/waves.yaml"
  expect 1 fogctl diff -f "$T/m/waves.yaml"
  says "$out" '^Plan: 0 to start, 6 to restart' '^  wave 3$'
  says_not "$out" '^  wave 4$'
}

what_is_too_large_says_who_lacks_what() {
  expect 1 fogctl why hs/too-large
  says "$out" '3 lack .*edge-1 .*edge-2 .*edge-3 '
}

who_asked_for_a_quiet_machine_got_it() { is "where runs on" "$(where_runs where)" edge-3; }

# A receiver that is not well at first: an odd number of requests is refused.  Prints its port, and keeps what it hears.
hook() {
  exec python3 - "$T/heard" <<'END'
import http.server, sys
class Hook(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_POST(self):
        Hook.count += 1
        code = 503 if Hook.count % 2 == 1 else 204
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(sys.argv[1], "a") as heard:
            heard.write("%d %s %s %s\n" % (code, self.path, self.headers["Idempotency-Key"], body))
        self.send_response(code)
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
print(server.server_port, flush=True)
server.serve_forever()
END
}

is_delivered() { fogctl get "alertrule/$1" -o json | jq -e '.status.unsent == null and .status.conditions[0].reason == "Taken"'; }

a_rule_that_holds_is_told_in_the_log_and_to_a_webhook() {
  hook >"$T/port" 2>"$T/hook.err" &
  local hook=$!
  await 10 "the hook listens" test -s "$T/port" || return
  apply <<<"{apiVersion: fog/v1, kind: AlertRule, metadata: {name: agents-here}, spec: {expr: 'fog_agents.connected > 2',
    cooldown: 0s, receivers: [{log: {level: info}}, {webhook: {url: 'http://127.0.0.1:$(cat "$T/port")/hook?to=me'}}]}}"
  await 20 "the rule fires" grep -q 'alert "agents-here": .*"number":1,"state":"Firing"' "$T/controller.log"
  await 20 "the hook has taken it" grep -q '^204 /hook?to=me [^ ]* {.*"rule":"agents-here","number":1,"state":"Firing"' "$T/heard"
  await 10 "that is known" is_delivered agents-here
  is "ids it heard" "$(cut -d' ' -f3 "$T/heard" | sort -u | wc -l)" 1
  is "codes it gave" "$(cut -d' ' -f1 "$T/heard" | xargs)" "503 204"
  expect 0 fogctl get alertrules -o wide
  says "$out" ' FIRED +RESOLVED ' '^agents-here +Firing .* fog_agents.connected is 3 +1 '
  expect 1 fogctl why alertrule/agents-here
  says "$out" '^ +alertrule/agents-here +Firing ' '^ +alertrule/agents-here +everybody was told +Taken'
  expect 0 fogctl get events --field-selector involvedObject.kind=AlertRule
  says "$out" 'Firing +alertrule/agents-here +fog_agents.connected > 2: fog_agents.connected is 3'
  expect 0 fogctl history alertrule/agents-here
  says "$out" '^REVISION ' ' alertrule.fog/agents-here +create$'
  expect 1 fogctl apply -f - <<<'{apiVersion: fog/v1, kind: AlertRule, metadata: {name: x}, spec: {expr: fog_agents.gone > 2}}'
  says "$err" 'docs/METRICS.md has them'
  kill "$hook" && wait "$hook" 2>/dev/null
}

all_are_deleted_again() {
  expect 0 fogctl delete hs --all --timeout 20s
  expect 0 fogctl delete hp --all
  expect 0 fogctl delete alertrules --all
  stop_controller
  nothing_is_broken
}

it a_fleet_is_up all_are_valid_together none_changes_what_another_declares each_is_applied \
  each_becomes_what_it_promises applying_all_again_changes_nothing the_batch_has_its_results the_tasks_have_all_ended \
  a_change_comes_in_waves_of_two what_is_too_large_says_who_lacks_what \
  who_asked_for_a_quiet_machine_got_it a_rule_that_holds_is_told_in_the_log_and_to_a_webhook all_are_deleted_again
