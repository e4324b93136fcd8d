/* What the core counts, and what it is asked for: GET /metrics.
 *
 * Work is counted where it is done; what there is now is looked at when somebody asks.  Moments and
 * durations come with events, as everywhere: what the shell measures, it tells with each event. */
#pragma once

#include "controller/core/core.h"

/* All that the core knows of itself, as of now. */
void metrics_gather(struct ctl *ctl, struct metrics *ret_metrics);
void metrics_answer(struct ctl *ctl, uint64_t id);

/* A committed change of a session: how long until it was as declared? */
void metrics_session(struct ctl *ctl, struct session_entry *session, const struct change *change);
