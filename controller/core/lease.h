/* Leases of exclusive work: until when may it run, as far as we granted?
 *
 * The agent counts a lease from sending its renewal, we count from receiving it, so ours ends
 * later. Renewals are not stored: after a start every exclusive assignment may run for one full
 * lease.  A grant lasts longer for us than for the agent, because the shim needs a moment to kill
 * and clocks drift.
 *
 * An agent counts with the length that it was told last.  When a session asks for a shorter lease,
 * the assignment carries the longer one in an annotation until the agent has reported that it knows
 * of the change.  A lease that was granted before it knew may go on after that; so after a start
 * the longer one counts whatever was reported. */
#pragma once

#include "controller/core/model.h"

/* The longest lease that its agent may still count with. */
#define LEASE_BEFORE_ANNOTATION "fog/lease-before-ms"

bool assignment_is_exclusive(const struct assignment_entry *assignment);
/* How long the agent may take a grant of now to last. */
int64_t lease_length_ms(const struct model *model, const struct assignment_entry *assignment);
/* From now on for one lease.  Never moves the end closer. */
void lease_grant(const struct model *model, struct assignment_entry *assignment, struct mono now);
/* After a start: it may have been granted just before, also to what has no lease any more since its
 * session stopped being exclusive.  Nothing for what never had one. */
void lease_assume(const struct model *model, struct assignment_entry *assignment, struct mono now);
/* What the annotation has to say when the length becomes `next_ms`; 0: nothing. */
int64_t lease_before_ms(const struct model *model, const struct assignment_entry *assignment,
                        int64_t next_ms, struct mono now);
/* True for what was never granted: it waits for its first lease, and will not get one. */
bool lease_is_over(const struct assignment_entry *assignment, struct mono now);
/* May this agent have this lease?  Not once it was told to end, nor in the name of another epoch.
 */
bool lease_may_renew(const struct assignment_entry *assignment, const struct agent_entry *agent,
                     int64_t lease_epoch);
/* It is granted one after it had none: its replica's other copies know under which epoch. */
void lease_outrank(const struct assignment_entry *assignment);
/* May another copy of the same replica, or of one of a deleted session of the same name, still run
 * under a lease?  Asked when a copy that holds none wants its first. */
bool lease_is_contested(const struct model *model, const struct assignment_entry *assignment,
                        struct mono now);
/* Was it granted one that is not over, so far as we know ourselves? */
bool lease_is_held(const struct assignment_entry *assignment, struct mono now);
