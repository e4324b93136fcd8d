/* Manifests as operators write them, drawn by chance: few names, so that they meet again. */
#pragma once

#include "schema/base/str.h"
#include "tests/sim/die.h"

enum { SESSION_NAMES = 5, POLICY_NAMES = 2 };

/* JSON of one object.  `version` goes into the workload's VERSION. */
void manifest_session(struct die *die, unsigned name, unsigned version, struct str *to);
void manifest_policy(struct die *die, unsigned name, struct str *to);
