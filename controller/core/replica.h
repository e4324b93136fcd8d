/* The replicas of a session, each with its copies: the input of deciding.  Pure. */
#pragma once

#include "controller/core/plan.h"

struct replica {
    const char *name;                 /* its slot */
    struct assignment_entry **copies; /* those in force, older first, then those leaving */
    size_t copy_count, live_count;
    struct agent_entry *home; /* of a session that runs on every agent */
    const char *unwanted;     /* why it is not wanted; NULL: it is */
    bool is_idle;             /* its home is away: neither wanted nor ended */
};

struct replicas {          /* by number, then by name */
    struct replica *items; /* in the arena */
    size_t count;
};

/* `tasks` NULL: the session has none. */
void replicas_list(struct arena *arena, const struct plan_input *input,
                   const struct resources *needs, struct tasks *tasks,
                   struct replicas *ret_replicas);

/* For those who list: the pieces of that. */
struct replica *replicas_add(struct arena *arena, struct replicas *replicas, const char *name);
void replicas_sort(struct replicas *replicas);
/* Copies from `first` on that are of one slot, of those sorted. */
size_t replica_run_length(struct assignment_entry **first, size_t count);
void replica_give(struct replica *replica, struct assignment_entry **first, size_t count);
bool slot_number(const char *slot, int64_t *ret_number);

/* No copy of it is well. */
bool replica_is_down(const struct replica *replica);

/* The controller has just started, and its agent may yet come back. */
bool agent_is_awaited(const struct plan_input *input, const struct agent_entry *agent);
