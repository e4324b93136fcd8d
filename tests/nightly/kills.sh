#!/bin/bash
# Two hundred rounds of kills, with the programs that users get.
export FOG_OUT=build/release
exec bash "$(dirname "$0")/../e2e/kills.sh" 200
