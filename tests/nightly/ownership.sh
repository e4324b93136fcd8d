#!/bin/bash
# Server-side apply and field ownership against the reference model (tests/support/owner_model.h), compared after each step:
# 100,000 sequences of random writes over every kind as pure functions, and 100,000 of requests to the controller's core.
# Prints "ok …" and "not ok …".
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@" >"$log" 2>&1; then
    echo "ok $sentence"
  else
    echo "not ok $sentence"
  fi
  grep '^#\|^ERROR' "$log" | cut -c1-400
}

pure=build/release/tests/unit/schema/apply_model_test
api=build/release/tests/unit/controller/ownership_model_test
make -s VARIANT=release "$pure" "$api" || exit 2
check "100000 sequences of writes make no difference to the reference model" \
  env CMOCKA_MESSAGE_OUTPUT=TAP FOG_TESTS=tests FOG_FIRST=100001 FOG_SEQUENCES=100000 timeout 1500 "$pure"
check "100000 sequences of requests make no difference to the reference model" \
  env CMOCKA_MESSAGE_OUTPUT=TAP FOG_TESTS=tests FOG_FIRST=100000 FOG_SEQUENCES=100000 timeout 6000 "$api"
