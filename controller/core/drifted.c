/* Rows grow only, so the difference between two reports is what happened between them, however many
 * were lost or came twice.  An agent that lost its state counts anew: then what is open, and was
 * found at another moment, is news all the same. */
#include "controller/core/drifted.h"

#include "schema/scalar.h"

enum { NEWS_MAX = 1000 }; /* an agent may claim any number */

static int64_t rise(int64_t before, int64_t after)
{
    return after <= before ? 0 : after - before > NEWS_MAX ? NEWS_MAX : after - before;
}

static void record(struct ctl *ctl, const struct agent_entry *agent,
                   const struct assignment_entry *assignment, const struct drift_row *row,
                   bool is_found)
{
    const struct object *about =
        assignment->session == NULL ? assignment->object : assignment->session->object;
    const char *slot = assignment_spec(assignment)->slot, *name = agent->object->meta.name;

    ctl_event_repeat(ctl, about, is_found ? "Warning" : "Normal",
                     is_found ? "DriftFound" : "DriftHealed",
                     arena_printf(&ctl->arena, "%s %s %s", name, slot, row->sort),
                     arena_printf(&ctl->arena, "replica %s on %s%s: %.1024s", slot, name,
                                  is_found ? "" : " is as declared again",
                                  str_is_empty(row->detail) ? row->sort : row->detail));
}

static void count(struct ctl *ctl, enum metric metric, const struct drift_row *row, int64_t times)
{
    int sort = words_index(drift_words, row->sort);

    if (sort >= 0 && times > 0) { /* what a newer agent sees has no row on the page */
        ctl->metrics.values[metric][sort] += times;
    }
}

void drifted_record(struct ctl *ctl, const struct agent_entry *agent,
                    const struct assignment_entry *assignment, const drift_t *drift)
{
    const drift_t *before = &assignment_status(assignment)->drift;

    for (size_t i = 0; i < drift->count; i++) {
        static const struct drift_row none = {.found = 0};
        const struct drift_row *row = &drift->items[i], *known = drift_row_find(before, row->sort);
        int64_t found, healed;

        known = known == NULL ? &none : known;
        found = rise(known->found, row->found);
        healed = rise(known->healed, row->healed);
        if (found == 0 && row->open && (!known->open || known->since.ms != row->since.ms)) {
            found = 1; /* told by an agent that forgot what it had told */
        }
        count(ctl, METRIC_DRIFT_FOUND, row, found);
        count(ctl, METRIC_DRIFT_HEALED, row, healed);
        if (found > 0) {
            record(ctl, agent, assignment, row, true);
        }
        if (healed > 0) {
            record(ctl, agent, assignment, row, false);
        }
    }
}

static const struct drift_row *newest_of(const drift_t *drift)
{
    const struct drift_row *newest = drift_open(drift);

    for (size_t i = 0; i < drift->count; i++) {
        const struct drift_row *row = &drift->items[i];

        if (newest == NULL || (row->open >= newest->open && row->since.ms > newest->since.ms)) {
            newest = row;
        }
    }
    return newest;
}

void drifted_state(struct ctl *ctl, struct object *next)
{
    struct assignment_status *status = &((struct assignment *)next->body)->status;
    const struct drift_row *row = newest_of(&status->drift);
    const char *detail;

    if (row == NULL) {
        return;
    }
    detail = str_is_empty(row->detail) ? row->sort : row->detail;
    condition_set(next, &status->conditions, "Drifted",
                  row->open ? CONDITION_TRUE : CONDITION_FALSE, row->open ? "Drifted" : "NoDrift",
                  row->open ? detail : arena_printf(&ctl->arena, "is so no more: %.1024s", detail),
                  status->observed_generation, ctl->wall);
    shape_mark(&assignment_status_shape, status, &status->conditions);
}

bool drifted_is_left(const struct assignment_status *status)
{
    const struct condition *condition = condition_find(&status->conditions, "Drifted");

    return condition != NULL && condition->status == CONDITION_TRUE;
}
