/* What there is: the answers that clients build their knowledge of kinds on. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/target.h"

/* `route` is one of discovery, version, health and metrics. */
void discovery_answer(struct ctl *ctl, uint64_t id, enum route_id route);
