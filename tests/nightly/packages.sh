#!/bin/bash
# The packages that users get, on a minimal Debian.
exec "$(dirname "$0")/../packages/run" release clean
