/* Rows grow only, so the difference between two reports is what happened between them, however many
 * were lost or came twice.  An agent that lost its state counts anew: then what is open, and was
 * found at another moment, is news all the same. */
#include "controller/core/drifted.h"

#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/scalar.h"

#include <string.h>

enum {
    NEWS_MAX = 1000,        /* an agent may claim any number */
    DETAIL_BYTES_MAX = 256, /* of one replica, in the message of its session */
};

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

static const char *detail_of(const struct drift_row *row)
{
    return row == NULL || !row->open ? "" : str_is_empty(row->detail) ? row->sort : row->detail;
}

bool drifted_is_news(const drift_t *before, const drift_t *after)
{
    return !str_eq(detail_of(newest_of(before)), detail_of(newest_of(after)));
}

/* Named the same whatever the order in which they came. */
static bool comes_first(const struct assignment_entry *a, const struct assignment_entry *b)
{
    int order = b == NULL ? -1 : strcmp(assignment_spec(a)->slot, assignment_spec(b)->slot);

    return order < 0 || (order == 0 && strcmp(a->object->meta.name, b->object->meta.name) < 0);
}

/* As much of it as a session's status has room for. */
static const char *short_detail(struct ctl *ctl, const struct assignment_entry *assignment)
{
    const char *detail = detail_of(newest_of(&assignment_status(assignment)->drift));
    size_t length = strlen(detail);

    return length <= DETAIL_BYTES_MAX
               ? detail
               : arena_printf(&ctl->arena, "%.*s…", (int)utf8_valid_bytes(detail, DETAIL_BYTES_MAX),
                              detail);
}

/* NULL: none of its replicas is drifted now. */
static const char *session_words(struct ctl *ctl, const struct session_entry *session)
{
    const struct assignment_entry *first = NULL;
    const char *words;
    size_t count = 0;

    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        if (drifted_is_left(assignment_status(it)) && !object_is_deleting(it->object)) {
            first = comes_first(it, first) ? it : first;
            count++;
        }
    }
    if (first == NULL) {
        return NULL;
    }
    words = arena_printf(&ctl->arena, "replica %s on %s: %s", assignment_spec(first)->slot,
                         assignment_spec(first)->agent, short_detail(ctl, first));
    return count == 1 ? words : arena_printf(&ctl->arena, "%s; and %zu more", words, count - 1);
}

bool drifted_session_is_stated(struct ctl *ctl, const struct session_entry *session)
{
    const struct harvest_session_status *status = &harvest_session_of(session->object)->status;
    const struct condition *condition = condition_find(&status->conditions, "Drifted");
    const char *words = session_words(ctl, session);

    if (words == NULL) {
        return condition == NULL || condition->status == CONDITION_FALSE;
    }
    return condition != NULL && condition->status == CONDITION_TRUE &&
           str_eq(condition->message, words);
}

void drifted_session_state(struct ctl *ctl, struct object *next,
                           const struct session_entry *session)
{
    conditions_t *conditions = &((struct harvest_session *)next->body)->status.conditions;
    const char *words = session_words(ctl, session);

    if (words != NULL || condition_find(conditions, "Drifted") != NULL) {
        MARK("a session says that a replica is drifted, or no more");
        condition_set(next, conditions, "Drifted", words != NULL ? CONDITION_TRUE : CONDITION_FALSE,
                      words != NULL ? "Drifted" : "NoDrift",
                      words != NULL ? words : "all replicas are what they were told to be",
                      next->meta.generation, ctl->wall);
    }
}
