/* Tasks: a session that consists of many pieces of work, each of which ends once.  Pure.
 *
 * A task's index is the slot of its assignments.  While it is under way it is planned like any
 * replica; when it has ended, well or for good, its assignments go and what is left of it is its
 * index in the session's status.  That record is written before, or together with, the removal: so
 * a task is counted once, whatever is repeated, and is never started again.
 *
 * A task that failed and is to be tried again keeps its assignment, and its place among those that
 * may be under way, until another one takes over; the number of failures goes along in
 * ATTEMPT_ANNOTATION. */
#pragma once

#include "controller/core/ends.h"
#include "controller/core/plan.h"
#include "controller/core/quorum.h"
#include "schema/indexes.h"

struct replicas;

struct task_end {
    size_t index;
    bool has_failed;
    bool goes_on;                  /* it has not ended: its copy goes, and others are asked */
    struct assignment_entry *copy; /* borrowed: the one that ended */
    const char *words;             /* "task 7 succeeded on lark" */
};

struct tasks {                            /* of one plan, in its arena */
    struct indexes completed, failed;     /* with what ends in this plan */
    size_t completed_count, failed_count; /* of those that the session has now */
    struct task_failure *failures;        /* the newest first */
    size_t failure_count;
    struct task_result *results; /* as they ended */
    size_t result_count;
    size_t result_bytes;   /* that they take in a status, at most */
    size_t index_bytes;    /* that all lists of indexes take when all tasks have ended, at most */
    struct ends how_ended; /* all that have */
    struct task_end *ends; /* to be recorded by this plan */
    size_t end_count;
    size_t active;       /* are wanted now: under way, to be started, or between two attempts */
    size_t waiting;      /* of them: found no agent with room */
    const char *no_room; /* why not */
    bool is_cut_short;   /* one failed, and failFast ends the others */
    struct quorum quorum;
    bool has_remains; /* a copy that nobody wants may still run */
};

/* What the session's status says; NULL when it has no tasks. */
struct tasks *tasks_read(struct arena *arena, const struct plan_input *input);

/* Which tasks shall be under way now: their replicas, and those that nobody wants any more.
 * Notes what has ended.  `copies` are sorted by slot and rearranged. */
void tasks_list(struct tasks *tasks, struct arena *arena, const struct plan_input *input,
                struct assignment_entry **copies, size_t count, struct replicas *replicas);

/* Puts the session's counts into its plan, of which those under way are counted already. */
void tasks_count(const struct tasks *tasks, const struct harvest_session_spec *spec,
                 struct plan *plan);

/* Failed attempts of the task, this copy's included if it has failed.  A long run forgets none. */
unsigned tasks_failures(const struct assignment_entry *copy);

/* NULL where `tasks` is. */
static inline const struct quorum *tasks_quorum(const struct tasks *tasks)
{
    return tasks == NULL ? NULL : &tasks->quorum;
}

/* Every task has ended, or none goes on. */
bool tasks_are_complete(const struct tasks *tasks, const struct harvest_session_spec *spec);
/* "57 of 200 tasks have succeeded, 2 have failed". */
const char *tasks_words(struct arena *arena, const struct tasks *tasks,
                        const struct harvest_session_spec *spec);

/* Of a session's status (`tasks` NULL: it has none now). */
bool tasks_are_stated(const struct session_entry *session, const struct tasks *tasks);
void tasks_state(struct object *session, const struct tasks *tasks, struct wall now);
