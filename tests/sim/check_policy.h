/* Policies, held against what happens:
 *
 *     policy        nothing runs for longer than a sampling interval while its policy, or the
 * owner, forbids it; nothing keeps its memory, suspended, for longer than maxSuspend
 *
 * A small reference of its own: what the machine's sensors tell at this moment, a policy as it
 * stands in the agent's saved state, and plain comparisons.  It knows which rule has held work
 * back, until its other threshold was met for its dwell.  While an agent is down, stands still or
 * cannot save nobody can ask more of it. */
#pragma once

#include "schema/tree.h"

#include <stdbool.h>

struct machine;
struct shim;
struct sim;

/* The list of what is in the agent's saved state; NULL: none. */
const struct node *check_known_works(struct machine *machine);
/* What the agent's saved state says of it; NULL: nothing. */
const struct node *check_known_work(struct machine *machine, const char *uid);
void check_policies(struct sim *sim); /* looks now, and from then on twice a second */
/* Could the policy of what this runs, as its agent knows it, have asked to end it? */
bool check_may_evict(const struct shim *shim);
/* Does it forbid to run it right now, by what the machine's sensors tell? */
bool check_is_forbidden(struct machine *machine, const struct node *policy);
/* Or does it forbid that work begins? */
bool check_may_not_begin(struct machine *machine, const struct node *policy);
