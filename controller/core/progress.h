/* How a session of tasks gets on.  Pure questions.
 *
 * Tasks begin, end and are tried again all the time: that is what was declared, and no task of a
 * session that gets on is "not yet as declared" for it.  What waits for a person is. */
#pragma once

#include "controller/core/plan.h"

/* The plan with only those gaps that stand in the way of what was declared: without those that are
 * the ordinary life of tasks.  Of a session without tasks, or one that is being deleted, all stay.
 * The rest is shared with `plan`. */
void progress_drop(struct arena *arena, const struct session_entry *session,
                   const struct plan *plan, struct plan *ret_plan);

/* Tasks are left to be done, and will be. */
bool progress_is_open(const struct plan *plan, const struct harvest_session_spec *spec);

/* "in progress: 37 of 200 done, 4 running, 1 held back (BatteryLow on lark); task 7 waits for a
 * second opinion", of the copies as they are now; NULL of a session without tasks, and of one whose
 * tasks have all ended. */
const char *progress_words(struct arena *arena, const struct session_entry *session);
