#!/bin/bash
# A few rounds of kills, always the same; tests/nightly has more, and others every night.
exec bash "$(dirname "$0")/../e2e/kills.sh" 3 7
