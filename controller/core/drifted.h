/* What agents tell of drift (schema/kinds/drift.h): an event of its session each time that some is
 * found or is over, two metrics, and the condition Drifted of the assignment. */
#pragma once

#include "controller/core/core.h"

/* Told in this report, and not by the one before.  Within a transaction. */
void drifted_record(struct ctl *ctl, const struct agent_entry *agent,
                    const struct assignment_entry *assignment, const drift_t *drift);
/* The condition, of a version that holds the newest rows; nothing while it never drifted. */
void drifted_state(struct ctl *ctl, struct object *next);

/* The condition of a session, of which some replica is drifted or was; nothing while none ever was.
 */
bool drifted_session_is_stated(struct ctl *ctl, const struct session_entry *session);
void drifted_session_state(struct ctl *ctl, struct object *next,
                           const struct session_entry *session);
/* Does that condition follow from other rows than before? */
bool drifted_is_news(const drift_t *before, const drift_t *after);

/* Somebody has to look after it: it drifted, and is not made as declared by itself. */
bool drifted_is_left(const struct assignment_status *status);
