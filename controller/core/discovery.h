/* What there is: the answers that clients build their knowledge of kinds on. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/target.h"

/* Answers discovery, version and health; false when the target is none of these. */
bool discovery_answer(struct ctl *ctl, uint64_t id, const struct target *target);
