/* Where the replicas of one plan go: its steps share the room there is, and agents are gathered
 * once, when the first replica needs one.  Pure. */
#pragma once

#include "controller/core/place.h"
#include "controller/core/plan.h"
#include "schema/base/map.h"

struct replica;
struct tasks;

struct finder {
    struct arena *arena; /* borrowed */
    const struct plan_input *in;
    const struct tasks *tasks; /* borrowed; NULL: the session has none */
    struct resources needs;    /* of one replica, in the session's newest form */
    struct candidates candidates;
    bool has_candidates;
    const char *no_agent; /* why nothing fits; NULL: not found out yet */
    struct map taken;     /* agent's name → struct resources: what steps so far will take there */
};

void finder_init(struct finder *finder, struct arena *arena, const struct plan_input *input,
                 const struct tasks *tasks);
void finder_fini(struct finder *finder);

/* Where the replica may run, taken off the room there is; NULL with the reason in words.  `avoid`
 * may be NULL. */
struct agent_entry *finder_pick(struct finder *finder, const struct replica *replica,
                                const struct agent_entry *avoid, const char **ret_why);
/* The same, for what is to replace this copy: elsewhere if there is room.  One that has failed runs
 * no more: its own room counts where it was. */
struct agent_entry *finder_pick_instead(struct finder *finder, const struct replica *replica,
                                        const struct assignment_entry *copy, const char **ret_why);
/* The same, but not where it is: nothing is taken off there. */
struct agent_entry *finder_pick_other(struct finder *finder, const struct replica *replica,
                                      struct agent_entry *from);
/* May the copy change to the newest form where it is?  What it takes more then is in *ret_more. */
enum place_refusal finder_judge_instead(const struct finder *finder,
                                        const struct assignment_entry *copy,
                                        struct resources *ret_more);
/* A step will take so much of the agent's room. */
void finder_take(struct finder *finder, const struct agent_entry *agent,
                 const struct resources *more);
