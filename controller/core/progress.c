/* How far tasks are, and what of it is their ordinary life. */
#include "controller/core/progress.h"

#include "controller/core/copy.h"
#include "controller/core/tasks.h"
#include "schema/remedy.h"

#include <inttypes.h>

enum { EXAMPLES_MAX = 3 };

/* --- gaps ------------------------------------------------------------------------------------- */

/* Somebody has to do something before it starts. */
static bool waits_for_a_person(const struct assignment_entry *copy)
{
    const struct remedy *remedy =
        copy == NULL ? NULL : remedy_find(assignment_status(copy)->reason);

    return remedy != NULL && remedy->kind == REMEDY_ACT;
}

static bool is_ordinary(const struct plan_gap *gap)
{
    switch (gap->why) {
    case WHY_STARTING:
        return gap->is_of_step || !waits_for_a_person(gap->copy);
    case WHY_BACK_OFF: /* tasks.retries allows for it */
    case WHY_STOPPING:
        return true;
    case WHY_POLICY_MISSING:
    case WHY_GIVEN_UP:
    case WHY_FAILED:
    case WHY_NO_AGENT:
    case WHY_ROLLOUT_PAUSED:
    case WHY_DRIFTED:
    case WHY_GANG_TIMED_OUT:
    case WHY_GANG_WAITS:
    case WHY_AGENT_AWAY:
    case WHY_LEASED:
    case WHY_FAILING:
    case WHY_UPDATING:
    case WHY_COUNT:
        break;
    }
    return false;
}

void progress_drop(struct arena *arena, const struct session_entry *session,
                   const struct plan *plan, struct plan *ret_plan)
{
    struct plan_gap *gaps;
    size_t count = 0;

    *ret_plan = *plan;
    if (plan->tasks == NULL || object_is_deleting(session->object)) {
        return;
    }
    gaps = arena_array(arena, plan->gap_count + 1, sizeof(struct plan_gap));
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (!is_ordinary(&plan->gaps[i])) {
            gaps[count++] = plan->gaps[i];
        }
    }
    ret_plan->gaps = gaps;
    ret_plan->gap_count = count;
}

bool progress_is_open(const struct plan *plan, const struct harvest_session_spec *spec)
{
    return plan->tasks != NULL && !tasks_are_complete(plan->tasks, spec);
}

/* --- words ------------------------------------------------------------------------------------ */

struct tally_of { /* copies of one sort */
    size_t count;
    struct str examples; /* "BatteryLow on lark, UserActive on wren" */
};

static void add(struct tally_of *tally, const struct assignment_entry *copy)
{
    const char *reason = assignment_status(copy)->reason;
    struct str example = STR_EMPTY;

    tally->count++;
    if (str_is_empty(reason)) {
        return;
    }
    str_addf(&example, "%s on %s", reason, assignment_spec(copy)->agent);
    if (tally->count <= EXAMPLES_MAX) {
        str_addf(&tally->examples, "%s%s", tally->examples.length > 0 ? ", " : "", example.data);
    } else if (tally->count == EXAMPLES_MAX + 1) {
        str_add(&tally->examples, ", …");
    }
    str_fini(&example);
}

struct sorts {
    struct tally_of running, starting, held, failed, away;
};

static struct tally_of *sort_of(struct sorts *sorts, const struct assignment_entry *copy)
{
    if (copy->agent == NULL || copy->agent->link == NULL) {
        return &sorts->away;
    }
    switch (assignment_status(copy)->phase) {
    case PHASE_PENDING:
    case PHASE_STARTING:
        return &sorts->starting;
    case PHASE_RUNNING:
        return &sorts->running;
    case PHASE_SUSPENDED:
        return &sorts->held;
    case PHASE_FAILED:
        return &sorts->failed;
    }
    return NULL; /* it ends, or has ended and is about to be counted */
}

static void put(struct str *to, struct tally_of *tally, const char *what)
{
    if (tally->count > 0) {
        str_addf(to, ", %zu %s", tally->count, what);
    }
    if (tally->examples.length > 0) {
        str_addf(to, " (%s)", tally->examples.data);
    }
    str_fini(&tally->examples);
}

const char *progress_words(struct arena *arena, const struct session_entry *session)
{
    const struct harvest_session *body = harvest_session_of(session->object);
    const struct condition *complete = condition_find(&body->status.conditions, "Complete");
    struct sorts sorts = {0};
    struct str text = STR_EMPTY;
    const char *copy, *undecided;

    if (!harvest_session_has_tasks(&body->spec) || complete == NULL ||
        complete->status == CONDITION_TRUE) {
        return NULL;
    }
    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        struct tally_of *tally = it->is_in_set ? sort_of(&sorts, it) : NULL;

        if (tally != NULL) {
            add(tally, it);
        }
    }
    str_addf(&text, "in progress: %" PRId64 " of %" PRId64 " done", body->status.succeeded,
             body->spec.tasks.count);
    if (body->status.failed > 0) {
        str_addf(&text, ", %" PRId64 " failed for good", body->status.failed);
    }
    put(&text, &sorts.running, "running");
    put(&text, &sorts.starting, "starting");
    put(&text, &sorts.held, "held back");
    put(&text, &sorts.failed, "to be tried again");
    put(&text, &sorts.away, "on agents that are away");
    undecided =
        quorum_words(arena, body->status.tasks.opinions.items, body->status.tasks.opinions.count);
    if (undecided != NULL) {
        str_addf(&text, "; %s", undecided);
    }
    copy = arena_strdup(arena, text.data);
    str_fini(&text);
    return copy;
}
