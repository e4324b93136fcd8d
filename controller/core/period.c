/* Accounting periods of agents: each is taken in once.
 *
 * The newest stays with the agent's status, in the row that says so: its number is what the next
 * one has to exceed, and the history of these rows has every one that was taken in.  A report that
 * comes again, or that a copy of the agent's machine makes under a number that was used, changes
 * nothing.  One that comes while the store is full is not taken in: its agent says it again. */
#include "controller/core/reconcile.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

/* No claim of an agent makes a sum larger than its field can hold. */
static int64_t sum_of(int64_t a, int64_t b, int64_t most)
{
    return a > most - b ? most : a + b;
}

static void copy_shares(struct object *object, struct period *to, const struct period *from)
{
    *to = *from;
    to->shares.items = arena_array(&object->arena, from->shares.count, sizeof(to->shares.items[0]));
    for (size_t i = 0; i < from->shares.count; i++) {
        to->shares.items[i] = from->shares.items[i];
        to->shares.items[i].session_uid = object_strdup(object, from->shares.items[i].session_uid);
    }
}

static void add_up(struct contribution *to, const struct period *period)
{
    const struct shape *shape = &contribution_shape;
    const int64_t most = DURATION_MAX_MS;

    for (size_t i = 0; i < period->shares.count; i++) {
        const struct period_share *share = &period->shares.items[i];

        shape_put(shape, to, cpu_ms, sum_of(to->cpu_ms, share->cpu_ms, most));
        shape_put(shape, to, wall_ms, sum_of(to->wall_ms, share->wall_ms, most));
        shape_put(shape, to, suspensions, sum_of(to->suspensions, share->suspensions, INT64_MAX));
    }
}

void reconcile_period(struct ctl *ctl, struct agent_entry *agent, const struct period *period)
{
    const struct write write = {ROW_STATUS,
                                arena_printf(&ctl->arena, "agent/%s", agent->object->meta.name),
                                "fog-agent", "a period of its accounts"};
    int64_t known = agent_status(agent)->period.number;
    struct object *next;
    struct agent *body;

    if (period->number <= known - MUTANT(PERIOD_TAKEN_TWICE)) {
        if (period->number > 0) {
            MARK("a period that was taken in comes again");
        }
        return;
    }
    if (ctl->store_is_full) {
        MARK("a period waits for room in the store");
        return;
    }
    if (BUGGIFY("period-later")) { /* as if there were none */
        return;
    }
    next = object_edit(agent->object);
    body = next->body;
    copy_shares(next, &body->status.period, period);
    shape_mark(&agent_status_shape, &body->status, &body->status.period);
    add_up(&body->status.contribution, period);
    shape_mark(&agent_status_shape, &body->status, &body->status.contribution);
    shape_mark(&agent_shape, body, &body->status);
    ctl_begin(ctl, false);
    (void)ctl_put(ctl, next, &write);
    ctl_commit(ctl);
}
