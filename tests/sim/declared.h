/* What operators declared, apart from what the controller makes of it. */
#pragma once

#include "schema/base/str.h"
#include "schema/tree.h"
#include "tests/sim/sim.h"

enum { DECLARED_WORK = 2, DECLARED_ALL = 3 }; /* policies and sessions; agents too */

/* Of one object, as a manifest. */
struct node *declared_of(struct arena *arena, const struct node *object);
/* Everything, as the API tells it, in canonical form, one object a line. */
void declared_print(struct sim *sim, size_t count, struct str *to);
/* As above, of the agents alone, without the labels that they give themselves. */
void declared_print_agents(struct sim *sim, struct str *to);
/* Of each session that is as declared, and not on every agent: "s-1: 0, 1, 2, \n", the replicas
 * that are there. */
void declared_print_replicas(struct sim *sim, struct str *to);
