/* Shared by the files of the judge: what is seen of the world at one moment, and how it is read.
 *
 *     judge_look.c    asking, and what there is
 *     judge_room.c    who could take a replica
 *     judge_held.c    what is held back, and why
 *     judge_drain.c   what is left on agents that are drained
 *     judge.c         is all well?
 *     judge_bound.c   how long that may take
 *     judge_show.c    the world, into the trace */
#pragma once

#include "schema/base/parse.h"
#include "tests/sim/judge.h"
#include "tests/sim/machine.h"

struct shim;

struct world {
    struct sim *sim;
    struct arena arena;
    const struct node *sessions, *assignments, *agents, *policies; /* lists */
    struct str *why;
};

/* All four as of one moment, or false. */
bool judge_look(struct world *world);
/* "I object": adds a reason, once; always false. */
bool judge_object(struct world *world, const char *format, ...) _printf_(2, 3);

/* --- words ------------------------------------------------------------------------------------ */

static inline const char *text_at(const struct node *object, const char *path)
{
    const char *text = node_text(node_find_path(object, path));

    return text == NULL ? "" : text;
}

static inline const char *name_of(const struct node *object)
{
    return text_at(object, "metadata.name");
}

static inline bool flag_at(const struct node *object, const char *path)
{
    const struct node *node = node_find_path(object, path);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

static inline int64_t int_at(const struct node *object, const char *path, int64_t fallback)
{
    const struct node *node = node_find_path(object, path);

    return node != NULL && node->type == NODE_INT ? node->integer : fallback;
}

static inline int64_t duration_at(const struct node *object, const char *path, int64_t fallback_ms)
{
    int64_t ms;

    return duration_from_str(text_at(object, path), &ms) ? ms : fallback_ms;
}

static inline const struct node *find_named(const struct node *list, const char *name)
{
    for (size_t i = 0; i < list->list.count; i++) {
        if (str_eq(name_of(list->list.items[i]), name)) {
            return list->list.items[i];
        }
    }
    return NULL;
}

static inline const struct node *condition_of(const struct node *object, const char *type)
{
    const struct node *conditions = node_find_path(object, "status.conditions");

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

/* --- what there is ---------------------------------------------------------------------------- */

static inline bool is_of(const struct node *assignment, const struct node *session)
{
    return str_eq(text_at(assignment, "spec.sessionUid"), text_at(session, "metadata.uid"));
}

static inline bool is_gang(const struct node *session)
{
    return node_find_path(session, "spec.gang") != NULL;
}

static inline bool is_leaving(const struct node *assignment)
{
    return text_at(assignment, "metadata.deletionTimestamp")[0] != '\0';
}

static inline struct machine *machine_of(struct world *world, const char *name)
{
    return machine_named(world->sim, name);
}

/* What runs of it; NULL: nothing. */
const struct shim *judge_process_of(struct world *world, const struct node *assignment);
/* Does it run what the session says now?  A policy that is missing changes nothing. */
bool judge_is_new_form(struct world *world, const struct shim *shim, const struct node *session);

static inline bool is_drained(const struct node *agent)
{
    const char *drain = text_at(agent, "spec.drain");

    return drain[0] != '\0' && !str_eq(drain, "never");
}

static inline bool takes_work(const struct node *agent)
{
    return !flag_at(agent, "spec.unschedulable") && !is_drained(agent);
}

/* Who is drained has nothing left that could go elsewhere, and says how far it is. */
bool judge_drains(struct world *world);

/* --- what is held back ------------------------------------------------------------------------ */

/* A rule is broken in truth, and the API names it. */
bool judge_is_held(struct world *world, const struct node *assignment);
/* Is a process frozen when a rule holds it, and only then? */
bool judge_stands_rightly(const struct shim *shim);
/* What is said of copies that are there agrees with that. */
bool judge_all_say_why(struct world *world);

/* --- who could take a replica ----------------------------------------------------------------- */

bool judge_is_healthy(const struct node *agent);
/* Is there room beside what is placed on it?  What each one needs is read off its session.  What is
 * not needed fits in any case. */
bool judge_has_room(struct world *world, const struct node *session, const struct node *agent);
/* The copy of a session on an agent; NULL when there is none. */
const struct node *judge_copy_on(struct world *world, const struct node *session,
                                 const struct node *agent);
/* What was placed there in an old form needs what nobody can read off its session.  A task of the
 * session to be placed that has failed there is in nobody's way: it is tried again. */
bool judge_is_held_back(struct world *world, const struct node *placed, const struct node *agent);
/* An agent that could take one more replica now, or, of a gang, the first of all; NULL when none.
 */
const struct node *judge_taker(struct world *world, const struct node *session);
/* Is there an agent that would run what another one holds back?  Whether it is its turn there is
 * not asked. */
bool judge_may_move(struct world *world, const struct node *session, const struct node *copy);
/* The copy of a task that failed, where it is tried again after a while: it says so by being there,
 * and nothing keeps it from beginning. */
bool judge_is_tried_again(struct world *world, const struct node *session, const struct node *copy);
