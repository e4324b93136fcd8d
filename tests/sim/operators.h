/* People and programs that write: each takes an action, repeats the request under one idempotency
 * key until it knows what became of it, thinks, and goes on. */
#pragma once

#include "tests/sim/http.h"
#include "tests/sim/sim.h"

struct operators *operators_new(struct sim *sim);
void operators_free(struct operators *operators);
void operators_begin(struct sim *sim);
void operators_end(struct sim *sim); /* nothing new is begun */
/* What was told after this revision is lost. */
void operators_restored(struct sim *sim, uint64_t revision);
bool operators_are_done(const struct sim *sim);
