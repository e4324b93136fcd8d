#!/bin/bash
# The whole two hundred strips, and many kills, with the programs that users get.
export FOG_OUT=build/release RENDER_TASKS=200 RENDER_ROUNDS=25
exec bash "$(dirname "$0")/../suites/render.sh"
