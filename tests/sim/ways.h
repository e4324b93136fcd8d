/* Two ways to the same fleet, in worlds of a few machines in which nothing goes wrong.  A and B are
 * change sets that speak of the same policies and sessions:
 *
 *     fresh      A, and B a while later, lead to what B alone leads to in the second world; of each
 *                session that is as declared in both, the same replicas are there
 *     rollback   then back to A, with all that is newer taken away, leads to what A led to
 *
 * After each step the caller waits until the judge is content: wherever work is placed, on
 * whichever way it came there, it may be there, and what is not placed could not be. */
#pragma once

#include "tests/sim/sim.h"

struct ways;

struct ways *ways_new(void);
void ways_free(struct ways *ways);

/* In a world that has begun: A, and time for some of it to happen. */
void ways_first(struct sim *sim, struct ways *ways);
void ways_then(struct sim *sim, struct ways *ways); /* B */
/* Once B has come true: as in the other world, when there was one. */
void ways_compare(struct sim *sim, struct ways *ways);
void ways_back(struct sim *sim, const struct ways *ways); /* to A */
