#!/bin/bash
# The pure modules of the dashboard, without a browser: tests/browser/model, a file for each.
cd "$(dirname "$0")/../.." || exit 2
command -v node >/dev/null || { echo "not ok node_is_here" && exit 1; }
status=0
for file in tests/browser/model/*.mjs; do
  [ "$(basename "$file")" = check.mjs ] || node "$file" || status=1
done
exit $status
