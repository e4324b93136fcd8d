/* What there is: the answers that clients build their knowledge of kinds on. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/target.h"

/* Is the target one of discovery, version and health? */
bool discovery_has(const struct target *target);
void discovery_answer(struct ctl *ctl, uint64_t id, const struct target *target);
