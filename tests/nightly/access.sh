#!/bin/bash
# Is every control of the dashboard reached and named, and does every view fit a phone?  It looks at all of them several times.
FOG_BROWSER_TESTS=access.mjs exec bash "$(dirname "$0")/../suites/browser.sh"
