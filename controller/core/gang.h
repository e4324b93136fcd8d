/* Gangs: sessions whose replicas only make sense together, such as a burst on many machines.
 *
 *     waits (its turn, room, or a pause) → placed, all in one batch → complete: all ran at once
 *
 * All members are placed in one batch or none is.  A gang that is not complete within its deadline,
 * one of whose members would have to be replaced or moved, or that lacks one, is taken back as a
 * whole, and placed again after a pause.  At most bursts_max gangs are placed and not yet complete;
 * of those that wait for their turn the oldest is next.
 *
 * Deciding is pure, and works on what the plan of the replicas says; what came of it is noted once
 * it is carried out. */
#pragma once

#include "controller/core/plan.h"

/* Makes of a plan of single replicas one of the whole.  Nothing for a session that is no gang. */
void gang_decide(struct arena *arena, const struct plan_input *input, struct plan *plan);

/* The plan was carried out. */
void gang_note(struct ctl *ctl, struct session_entry *session, const struct plan *plan);

/* What was noted goes into the session's status, and comes back from there after a start: a
 * deadline goes on, by the wall clock, while nobody counts it.  It does not end before the agents
 * had time to come back. */
bool gang_is_stated(const struct session_entry *session);
void gang_state(struct object *object, const struct session_entry *session);
void gang_begin(struct ctl *ctl, struct session_entry *session);

/* So many from now on; 0: BURSTS_MAX.  What waits for its turn is looked at again. */
void gang_set_bursts(struct ctl *ctl, size_t bursts_max);
