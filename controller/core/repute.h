/* What became of the work that an agent was given: its reputation (schema/reputation.h), kept
 * beside its object.
 *
 * What it is now is joined in when the object is read, and is what conditions ask for. What
 * is stored follows it in steps of REPUTE_STEP points, so that ten thousand results of an agent are
 * no ten thousand rows: a start of the controller forgets the outcomes since the last step. */
#pragma once

#include "controller/core/core.h"

struct plan_step;
struct quorum;

/* NULL: it is not there any more. */
void repute_note(struct ctl *ctl, struct agent_entry *agent, enum repute outcome);
/* A report that changed what is said of an assignment, before it is stored. */
void repute_report(struct ctl *ctl, struct agent_entry *agent,
                   const struct assignment_entry *assignment,
                   const struct assignment_status *after);
/* A step, just before it is carried out: work of the silent. */
void repute_step(struct ctl *ctl, const struct plan_step *step);
/* Results that were compared, together with the record of what came of it: a plan that is left off
 * for its size is made anew without them. */
void repute_votes(struct ctl *ctl, const struct quorum *quorum);

/* Whoever waits for a better one hears of it. */
void repute_tell(struct ctl *ctl, struct agent_entry *agent);
/* It has moved far from what is stored. */
bool repute_is_due(const struct agent_entry *agent);
/* As of now, into a status of the agent. */
void repute_write(const struct agent_entry *agent, struct agent_status *status);
/* A version of its object was put in place: the one in it counts, unless it is the one that
 * was there before. */
void repute_read(struct agent_entry *agent, const struct object *before);
