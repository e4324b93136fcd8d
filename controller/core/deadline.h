/* Rollouts that have a deadline (spec.rollout.progressDeadline): is there progress, is the newest
 * form good, and back to the last good one when it is not.
 *
 *     a new generation → progress, by one more replica that is updated or ready → good: all are,
 * for healthyAfter in a row
 *
 * Without progress for the deadline, or when replicas of the newest form were given up on two
 * agents (or all that are wanted were), the rollout is late.  It stays where it is, or with
 * onFailure: revert its session goes back to the form that was good last, as a change of the
 * controller's own.  Once good a generation is never late.  A form is gone back from once: to what
 * is good already there is no way back, and what an operator wrote meanwhile stands. */
#pragma once

#include "controller/core/history.h"
#include "controller/core/plan.h"

/* The plan was carried out, with this template (NULL: there is none); asks for the past when it is
 * time to go back. */
void deadline_note(struct ctl *ctl, struct session_entry *session,
                   const struct template_entry *template, const struct plan *plan);
/* Its rollout has a deadline and is not good yet: what fails may be the form's fault. */
bool deadline_is_on_trial(const struct session_entry *session);
/* What was noted goes into the session's status, and comes back from there after a start. */
bool deadline_is_stated(const struct session_entry *session);
void deadline_state(struct ctl *ctl, struct object *object, const struct session_entry *session);
/* The past has been read. */
void deadline_read_done(struct ctl *ctl, struct rollback *rollback,
                        const struct read_result *result);
