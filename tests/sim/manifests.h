/* Manifests as operators write them, drawn by chance: few names, so that they meet again. */
#pragma once

#include "schema/base/rand.h"
#include "schema/base/str.h"

enum { SESSION_NAMES = 5, POLICY_NAMES = 2 };

/* JSON of one object.  `version` goes into the workload's VERSION. */
void manifest_session(struct rand *rand, unsigned name, unsigned version, struct str *to);
void manifest_policy(struct rand *rand, unsigned name, struct str *to);
