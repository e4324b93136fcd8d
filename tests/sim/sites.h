/* BUGGIFY sites of the production's code (schema/base/site.h): in a world with the condition
 * "buggify" some of them are armed, each with a rate of its own, and say yes by chance until the
 * faults end. */
#pragma once

#include "tests/sim/sim.h"

/* Arms the sites for this world; every question from now on is about it. */
void sites_begin_world(struct sim *sim);
/* No world asks any more. */
void sites_end_world(void);
