/* One planning of one session as it goes on, shared by the files that make up the planner: plan.c
 * has the replicas, plan_tend.c the copy of one that counts.  Nobody else includes it. */
#pragma once

#include "controller/core/finder.h"
#include "controller/core/plan.h"

struct planner {
    struct arena *arena;
    const struct plan_input *in;
    const struct harvest_session_spec *spec;
    struct plan *plan;
    struct finder finder;
    bool is_fresh;      /* the spec changed since the last plan: failures are forgotten */
    bool moves_held;    /* one that is held back moves already: one after the other */
    const char *leaves; /* of a gang: why some of it are to go elsewhere; NULL: none is */
    bool is_stuck;      /* not all of those would find room */
    size_t unavailable; /* replicas that are down already */
    bool *costs;        /* beside plan->steps: takes down what is well and counts */
};

/* When something may be due without anything happening. */
void planner_look_at(struct planner *p, struct mono moment);
/* `replica`: NULL for the session as a whole; `copy` may be NULL; the message is borrowed. */
void planner_gap(struct planner *p, enum why why, const struct replica *replica,
                 struct assignment_entry *copy, bool is_of_step, const char *message);
/* Good until the next one is added; `copy` may be NULL. */
struct plan_step *planner_step(struct planner *p, enum plan_action action,
                               const struct replica *replica, struct assignment_entry *copy,
                               const char *reason);
/* The copy ends, with nothing in its place. */
void planner_stop(struct planner *p, const struct replica *replica, struct assignment_entry *copy,
                  const char *reason);
/* A gang does not replace or move one of it: it goes as a whole. */
void planner_break_up(struct planner *p, const char *reason);
/* Is it what the session resolves to now? */
bool planner_has_newest_form(const struct planner *p, const struct assignment_entry *copy);

/* Decides for the copy of a replica that counts. */
void plan_tend(struct planner *p, const struct replica *replica, struct assignment_entry *copy);
