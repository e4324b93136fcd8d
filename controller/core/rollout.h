/* Carrying out a plan: the writes that its steps consist of.
 *
 * An assignment that may be running leaves in two writes: a version with a deletionTimestamp, which
 * is no longer in its agent's set, and a removal once copy_may_go(). */
#pragma once

#include "controller/core/core.h"
#include "controller/core/plan.h"

/* Within a transaction.  Its agent is told, and asks for its lease under the new one. */
void rollout_raise_epoch(struct ctl *ctl, struct assignment_entry *copy, const char *why);
/* After a restore exclusive copies get lease epochs of this era: those that the lost part gave out
 * must stay the lower ones.  False when the bound of a step was reached before all were done. */
bool rollout_grant_anew(struct ctl *ctl, struct session_entry *session);
/* Steps of waves up to `wave_max`, up to the bound of rows in a step; false when it stopped there.
 */
bool rollout_carry_out(struct ctl *ctl, struct session_entry *session,
                       struct template_entry *template, const struct plan *plan, unsigned wave_max);
/* Tells a person what was carried out, also of a plan that was left off, one event for each action.
 */
void rollout_record(struct ctl *ctl, struct session_entry *session, const struct plan *plan);
/* The session's status after the plan was carried out; written when it differs. */
void rollout_state(struct ctl *ctl, struct session_entry *session, const struct plan *plan);
/* Ends an assignment that nobody wants: true when it is gone at once. */
bool rollout_end(struct ctl *ctl, struct assignment_entry *copy, const char *why);
