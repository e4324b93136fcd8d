#include "controller/core/reconcile_log.h"

#include "controller/core/link.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct note *note_at(struct ctl *ctl, uint64_t number)
{
    return &ctl->reconcile_log->notes[number % RECONCILE_LOG_NOTES];
}

static struct note *current(struct ctl *ctl)
{
    return note_at(ctl, ctl->reconcile_log->count);
}

static void note_clear(struct note *note)
{
    for (size_t i = 0; i < RECONCILE_NOTE_NAMES; i++) {
        free(note->names[i]);
        free(note->taken[i]);
    }
    *note = (struct note){.took_us = -1};
}

void reconcile_log_fini(struct reconcile_log *log)
{
    for (size_t i = 0; i < RECONCILE_LOG_NOTES; i++) {
        note_clear(&log->notes[i]);
    }
}

/* --- taking notes ----------------------------------------------------------------------------- */

/* Whom or what the event was about.  A query may hold what is nobody's business. */
static void set_subject(const struct ctl *ctl, const struct ctl_event *event, struct note *note)
{
    const struct link *link;

    if (event->type == CTL_HTTP) {
        (void)snprintf(note->subject, sizeof(note->subject), "%s %.*s", event->http->method,
                       (int)strcspn(event->http->target, "?"), event->http->target);
    } else if (event->type == CTL_LINK_FRAME || event->type == CTL_LINK_DOWN) {
        link = link_find(ctl, event->id);
        if (link != NULL && link->agent != NULL) {
            (void)snprintf(note->subject, sizeof(note->subject), "agent/%s",
                           link->agent->object->meta.name);
        }
    }
}

/* How long the step before this one took, if that is the newest noted. */
static void take_duration(struct ctl *ctl, const struct metrics *told)
{
    struct note *newest =
        ctl->reconcile_log->count == 0 ? NULL : note_at(ctl, ctl->reconcile_log->count - 1);

    if (told != NULL && newest != NULL && newest->step + 1 == ctl->counters.steps) {
        newest->took_us = told->last_step_us;
    }
}

void reconcile_log_begin(struct ctl *ctl, const struct ctl_event *event)
{
    struct note *note = current(ctl);

    take_duration(ctl, event->told);
    note_clear(note);
    note->step = ctl->counters.steps;
    note->at = event->wall;
    note->event = (int)event->type;
    set_subject(ctl, event, note);
}

static void note_step(struct note *note, const struct session_entry *session,
                      const struct plan_step *step)
{
    const struct agent_entry *agent = step->agent != NULL  ? step->agent
                                      : step->copy != NULL ? step->copy->agent
                                                           : NULL;
    struct str text = STR_EMPTY;

    if (note->decisions++ >= RECONCILE_NOTE_NAMES) {
        return;
    }
    str_addf(&text, "%s %s/%s%s%s (%s)", plan_action_to_str(step->action),
             session->object->meta.name, step->slot, agent == NULL ? "" : " on ",
             agent == NULL ? "" : agent->object->meta.name, step->reason);
    note->taken[note->decisions - 1] = str_take(&text);
}

void reconcile_log_session(struct ctl *ctl, const struct session_entry *session,
                           const struct plan *plan)
{
    struct note *note = current(ctl);

    if (note->sessions++ < RECONCILE_NOTE_NAMES) {
        note->names[note->sessions - 1] = mem_strdup(session->object->meta.name);
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].wave == 1) {
            note_step(note, session, &plan->steps[i]);
        }
    }
    for (size_t i = 0; i < plan->gap_count; i++) {
        note->reasons[plan->gaps[i].why] = true;
    }
    for (size_t rule = 0; rule <= PLACE_RULES; rule++) {
        note->refused[rule] += plan->refused[rule];
    }
}

void reconcile_log_end(struct ctl *ctl, const struct ctl_event *event)
{
    struct note *note = current(ctl);

    if (note->sessions == 0) {
        return; /* the next step takes its place */
    }
    if (note->subject[0] == '\0') {
        set_subject(ctl, event, note); /* a hello: now its agent is known */
    }
    note->rows = ctl->effects->batch == NULL ? 0 : ctl->effects->batch->rows.count;
    note->effects = ctl->effects->count;
    ctl->reconcile_log->count++;
}

/* --- showing ---------------------------------------------------------------------------------- */

static struct node *texts_node(struct arena *arena, char *const *texts)
{
    struct node *list = node_list(arena);

    for (size_t i = 0; i < RECONCILE_NOTE_NAMES && texts[i] != NULL; i++) {
        node_add(arena, list, node_str(arena, texts[i]));
    }
    return list;
}

static struct node *reasons_node(struct arena *arena, const struct note *note)
{
    struct node *list = node_list(arena);

    for (enum why why = 0; why < WHY_COUNT; why++) {
        if (note->reasons[why]) {
            node_add(arena, list, node_str(arena, why_to_str(why)));
        }
    }
    return list;
}

static struct node *refused_node(struct arena *arena, const struct note *note)
{
    struct node *list = node_list(arena);

    for (size_t rule = 1; rule <= PLACE_RULES; rule++) {
        struct node *item = node_map(arena);

        if (note->refused[rule] > 0) {
            node_set(arena, item, "rule", node_int(arena, (int64_t)rule));
            node_set(arena, item, "agents", node_int(arena, (int64_t)note->refused[rule]));
            node_add(arena, list, item);
        }
    }
    return list;
}

static struct node *note_node(struct arena *arena, const struct note *note)
{
    struct node *item = node_map(arena);
    char time[WALL_TEXT_SIZE];

    wall_to_str(note->at, time);
    node_set(arena, item, "step", node_str(arena, arena_printf(arena, "%" PRIu64, note->step)));
    node_set(arena, item, "time", node_str(arena, time));
    node_set(arena, item, "event", node_str(arena, metric_event_words[note->event]));
    if (note->subject[0] != '\0') {
        node_set(arena, item, "subject", node_str(arena, note->subject));
    }
    node_set(arena, item, "sessions", node_int(arena, (int64_t)note->sessions));
    node_set(arena, item, "names", texts_node(arena, note->names));
    node_set(arena, item, "decisions", node_int(arena, (int64_t)note->decisions));
    node_set(arena, item, "taken", texts_node(arena, note->taken));
    node_set(arena, item, "reasons", reasons_node(arena, note));
    node_set(arena, item, "refused", refused_node(arena, note));
    node_set(arena, item, "rows", node_int(arena, (int64_t)note->rows));
    node_set(arena, item, "effects", node_int(arena, (int64_t)note->effects));
    if (note->took_us >= 0) {
        node_set(arena, item, "microseconds", node_int(arena, note->took_us));
    }
    return item;
}

void reconcile_log_answer(struct ctl *ctl, struct request *request)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *items = node_list(arena);
    uint64_t limit, count = ctl->reconcile_log->count;

    if (!request_number(ctl, request, "limit", RECONCILE_LOG_NOTES - 1, &limit)) {
        return;
    }
    limit = limit > RECONCILE_LOG_NOTES - 1 ? RECONCILE_LOG_NOTES - 1 : limit;
    for (uint64_t i = 0; i < limit && i < count; i++) {
        node_add(arena, items, note_node(arena, note_at(ctl, count - 1 - i)));
    }
    node_set(arena, root, "kind", node_str(arena, "ReconcileLog"));
    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "items", items);
    answer_node(ctl, request->id, 200, root);
}
