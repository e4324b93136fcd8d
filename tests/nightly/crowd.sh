#!/bin/bash
# The dashboard before 10,000 agents.
FOG_CROWD=10000 FOG_OUT=build/release exec bash "$(dirname "$0")/../suites/browser_crowd.sh"
