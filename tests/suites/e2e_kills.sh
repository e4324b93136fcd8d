#!/bin/bash
# A few rounds of kills; tests/nightly has more.
exec bash "$(dirname "$0")/../e2e/kills.sh" 3
