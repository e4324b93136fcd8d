# A real browser (Debian's Chromium, by playwright-core) beside a fleet of tests/e2e/lib.sh: what the suites of the dashboard share.
# Sourced after that one.  The tests are in tests/browser, and reach the functions of the shell that started the fleet
# through two pipes.
#
# shellcheck shell=bash disable=SC2154
. tools/machines

CLIENTS=$(realpath "${FOG_CLIENTS:-build/clients}")

the_browser_is_here() {
  [ -d "$CLIENTS/browser/node_modules/playwright-core" ] && command -v node chromium >/dev/null && return
  echo "# no chromium, no node, or no playwright-core in $CLIENTS/browser: \"make deps-test\" gets them"
  echo "not ok ${FUNCNAME[0]}"
  exit 1
}

# Carries out what the tests ask for, here, where the fleet was started; ends when they do.
serve() { # ASKED ANSWERED
  local line status
  exec 4<"$1" 5>"$2"
  while read -r line <&4; do
    eval "$line" >"$T/said" 2>&1 4<&- 5>&- </dev/null
    status=$?
    { printf '%s ' "$status" && cat "$T/said" && printf '\004'; } >&5
  done
  exec 4<&- 5>&-
}

# Runs files of tests against the fleet that is up; says what they said.
browse() { # FILE…
  local browser
  rm -f "$T/asked" "$T/answered"
  mkfifo "$T/asked" "$T/answered"
  FOG_CLIENTS=$CLIENTS node tests/browser/run.mjs "http://$API" "$T/asked" "$T/answered" "${@/#/tests/browser/}" >"$T/browser" 2>&1 &
  browser=$! # what the tests start here has other numbers
  serve "$T/asked" "$T/answered"
  wait "$browser" || miss "the browser's tests ended with $?"
  cat "$T/browser"
}
