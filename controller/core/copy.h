/* An assignment seen as a copy of a replica: how is it, and may it go?  Pure questions. */
#pragma once

#include "controller/core/model.h"

/* Annotation of an assignment: how often its replica failed in a row before, on any agent. */
#define ATTEMPT_ANNOTATION   "fog/failures-before"
/* Annotation of an assignment: how often in a row its task was moved because it was held back, and
 * had not even begun where it was. */
#define MOVES_ANNOTATION     "fog/moves-before"
/* Annotation of an assignment: its result is compared with others, also if its agent is trusted. */
#define REPLICATE_ANNOTATION "fog/replicate"
/* Annotation of an assignment that was given up: the generation of its session then (0: what failed
 * was of an earlier one), a blank, and why.  It is not in its agent's set any more; it stays as
 * evidence until the session changes or somebody deletes it. */
#define GIVEN_UP_ANNOTATION  "fog/given-up"

/* Connected, and as declared: runs, is done, or is suspended, in its present generation. */
bool copy_is_ok(const struct assignment_entry *copy);
/* Done for good: what it was to run has ended as it should. */
bool copy_is_done(const struct assignment_entry *copy);
/* Failed for good on its agent. */
bool copy_has_failed(const struct assignment_entry *copy);
/* Of a session on every agent, on one that is not there and was there since the start of the
 * controller, or had until `awaited_until` to come: what it said last is no more than that, for no
 * replica is wanted there now. */
bool copy_is_idle(const struct assignment_entry *copy, struct mono now, struct mono awaited_until);
/* Held back by its policy or by the owner, and there is nothing of it in memory: it was evicted, or
 * has not begun. */
bool copy_is_evicted(const struct assignment_entry *copy);
/* Notes since when that is so; or anew, from this moment on. */
void copy_note_held(struct assignment_entry *copy, struct mono now);
void copy_note_held_anew(struct assignment_entry *copy, struct mono now);
/* For how long it is held back before it goes to another agent that would run it: as long as a lost
 * one is waited for, and twice as long after each move that helped nothing. */
int64_t copy_held_ms(const struct assignment_entry *copy, int64_t replace_after_ms);
/* Of the copy that takes its place then: MOVES_ANNOTATION. */
unsigned copy_moves(const struct assignment_entry *copy);
/* Is its agent drained, and has it something to go on with elsewhere?  A task that has begun ends
 * where it is unless that is forced, or its form has changed. */
bool copy_is_to_leave(const struct assignment_entry *copy, bool is_task, bool is_current);
/* Was given up: NULL when not, else why; *ret_generation is the session's of that time. */
const char *copy_given_up(const struct assignment_entry *copy, int64_t *ret_generation);
/* The agent says that it ended because it was told to. */
bool copy_says_stopped(const struct assignment_status *status);
/* Is certain not to run: may it be removed, or its place be filled? */
bool copy_may_go(const struct model *model, const struct assignment_entry *copy, struct mono now);
/* When copy_may_go() becomes true without anything happening, if it was told to end, or is now. */
struct mono copy_may_go_at(const struct model *model, const struct assignment_entry *copy,
                           struct mono now);
/* When a copy that was given up counts as gone though its agent, which is connected, says nothing
 * of it: it was installed anew, or told so before a copy of the store was put back. */
struct mono copy_forgotten_at(const struct model *model, const struct assignment_entry *copy);
/* Failures in a row of its replica, this copy's own included, at least 1; a long run forgets
 * earlier ones. */
unsigned copy_failures(const struct assignment_entry *copy);
/* Those before this copy, as it was made: ATTEMPT_ANNOTATION. */
unsigned copy_failures_before(const struct assignment_entry *copy);

/* Does it run as a task?  What a session ran before it had tasks does not. */
bool copy_is_task(const struct model *model, const struct assignment_entry *copy);

/* Does what runs stay as it is, governed by another policy from now on?  An agent that was never
 * told of a policy may be too old to know how, and restarts it. */
bool copy_changes_in_place(const struct model *model, const struct assignment_entry *copy,
                           const struct template_entry *next);
