/* Camera: a kind for tests alone, with a field of every form that ownership knows.
 *
 * spec: interval (duration, default 30s), retries (int, default 3), policy, environment (map),
 * tags (set), command (list), outputs (list-map on name: name, path, format with default "raw"),
 * battery (absent unless given: minPercent default 30, resumePercent default 60, mode).
 * status: phase, conditions (list-map on type). */
#pragma once

#include "schema/object.h"

extern const struct kind camera_kind;
