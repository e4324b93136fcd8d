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

void replicas_list(struct arena *arena, const struct plan_input *input,
                   const struct resources *needs, struct replicas *ret_replicas);

/* No copy of it is well. */
bool replica_is_down(const struct replica *replica);

/* The controller has just started, and its agent may yet come back. */
bool agent_is_awaited(const struct plan_input *input, const struct agent_entry *agent);
