/* What all work on a machine may have together, held against what it has:
 *
 *     policy        for each percentage that a policy or a machine's owner allows, what may have
 *                   so much or less has no more together, of processors and of memory, for longer
 *                   than it takes to see that and to act; and only then a run ends for it
 *
 * Percentages come from the agent's saved state and from the machine's owner; sums from the shims
 * themselves. */
#pragma once

#include <stdbool.h>

struct machine;
struct shim;

/* At each look; `is_in_charge`: its agent could have acted on what is so. */
void check_shares(struct machine *machine, bool is_in_charge, int look_ms);
/* After a step: what it ended because all together hold too much memory.  An agent acts by the set
 * that it has just heard, and saves it last: what counts is the file as the step leaves it.  While
 * it cannot save, nobody else knows what it heard. */
void check_overruns(struct machine *machine);
