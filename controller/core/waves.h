/* Waves: what takes down a replica that is well waits until few enough are down
 * (controller/core/plan.h).  Pure. */
#pragma once

#include "controller/core/plan.h"

/* Gives each step its wave.  `costs`, beside the steps: takes down what is well and counts;
 * `unavailable` replicas are down already. */
void waves_spread(struct plan *plan, const bool *costs, const struct harvest_session_spec *spec,
                  size_t unavailable);
/* Steps of later waves leave their replicas as they are: not starting, but waiting. */
void waves_wait(struct arena *arena, struct plan *plan, const struct harvest_session_spec *spec);
