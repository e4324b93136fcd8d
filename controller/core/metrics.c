/* Counting, and the page of all counts.
 *
 * The clock of convergence starts with a change of a session's spec or, when there was none, in the
 * step in which it ceases to be as declared; it stops in the step in which it is as declared in its
 * newest generation.  What was under way when the controller started is not timed. */
#include "controller/core/metrics.h"

#include "schema/base/site.h"
#include "schema/divergence.h"
#include "schema/metric.h"
#include "schema/scalar.h"

_Static_assert(METRIC_EVENTS == CTL_COMPACTED + 1, "schema/metric.c has a word for each event");

/* --- convergence ------------------------------------------------------------------------------ */

static const struct condition *converged_of(const struct object *session)
{
    return session == NULL
               ? NULL
               : condition_find(&harvest_session_of(session)->status.conditions, "Converged");
}

static bool is_converged(const struct object *session)
{
    const struct condition *condition = converged_of(session);

    return condition != NULL && condition->status == CONDITION_TRUE &&
           harvest_session_of(session)->status.observed_generation == session->meta.generation;
}

/* DIVERGENCE_COUNT: it is as declared, or nobody has said anything yet. */
static enum divergence class_of(const struct object *session)
{
    const struct condition *condition = converged_of(session);

    return condition == NULL || condition->status == CONDITION_TRUE
               ? DIVERGENCE_COUNT
               : divergence_of(condition->reason);
}

static void start_clock(struct ctl *ctl, struct session_entry *session, enum metric_cause cause)
{
    session->diverged_at = ctl->now;
    session->diverged_by = (int)cause;
    session->is_timed = true;
}

void metrics_session(struct ctl *ctl, struct session_entry *session, const struct change *change)
{
    enum divergence class = class_of(change->after);

    if (class != DIVERGENCE_COUNT && class != class_of(change->before)) {
        metrics_count(&ctl->metrics, METRIC_DIVERGENCES, class);
    }
    if (change->before == NULL ||
        change->before->meta.generation != change->after->meta.generation) {
        start_clock(ctl, session, METRIC_CAUSE_CHANGE);
    } else if (is_converged(change->before) && !is_converged(change->after)) {
        start_clock(ctl, session, METRIC_CAUSE_DISTURBANCE);
    }
    if (session->is_timed && is_converged(change->after)) {
        metrics_measure(&ctl->metrics, METRIC_CONVERGENCE, (size_t)session->diverged_by,
                        mono_since(session->diverged_at, ctl->now) * 1000);
        session->is_timed = MUTANT(CLOCK_RUNS_ON);
    }
}

/* --- gathering -------------------------------------------------------------------------------- */

static void gather_counters(const struct ctl *ctl, struct metrics *to)
{
    const struct ctl_counters *counters = &ctl->counters;
    uint64_t sent = counters->messages_sent, assign = counters->assign_messages_sent;

    to->values[METRIC_FRAMES][0] = (int64_t)counters->frames;
    to->values[METRIC_MESSAGES][METRIC_MESSAGE_ASSIGN] = (int64_t)assign;
    to->values[METRIC_MESSAGES][METRIC_MESSAGE_OTHER] = (int64_t)(sent - assign);
    to->values[METRIC_MESSAGES_REFUSED][METRIC_REFUSED_MALFORMED] = (int64_t)counters->bad_messages;
    to->values[METRIC_MESSAGES_REFUSED][METRIC_REFUSED_STALE] = (int64_t)counters->stale_messages;
    to->values[METRIC_SESSIONS_RECONCILED][0] = (int64_t)counters->sessions_reconciled;
    to->values[METRIC_ASSIGNMENTS_EXAMINED][0] = (int64_t)counters->assignments_examined;
    to->values[METRIC_AGENTS_EXAMINED][0] = (int64_t)counters->agents_examined;
    to->values[METRIC_BATCHES][0] = (int64_t)counters->batches;
    to->values[METRIC_ROWS][METRIC_ROW_LEDGER] = (int64_t)counters->rows_ledger;
    to->values[METRIC_ROWS][METRIC_ROW_STATUS] = (int64_t)counters->rows_status;
    to->values[METRIC_WATCH_EVENTS][0] = (int64_t)counters->watch_events;
}

static void gather_drift(const drift_t *drift, struct metrics *to)
{
    for (size_t i = 0; i < drift->count; i++) {
        int sort = words_index(drift_words, drift->items[i].sort);

        if (sort >= 0 && drift->items[i].open) {
            metrics_count(to, METRIC_DRIFTED, (size_t)sort);
        }
    }
}

static void gather_rollout(const struct object *session, struct metrics *to)
{
    static const struct {
        const char *reason;
        enum metric_rollout state;
    } states[] = {{"Progressing", METRIC_ROLLOUT_PROGRESSING},
                  {"RolloutPaused", METRIC_ROLLOUT_PAUSED},
                  {"ProgressDeadlineExceeded", METRIC_ROLLOUT_LATE},
                  {"RolloutFailed", METRIC_ROLLOUT_LATE},
                  {"Reverting", METRIC_ROLLOUT_REVERTED},
                  {"Reverted", METRIC_ROLLOUT_REVERTED},
                  {"RolledOut", METRIC_ROLLOUT_GOOD}};
    const struct condition *condition =
        condition_find(&harvest_session_of(session)->status.conditions, "Progressing");

    for (size_t i = 0; condition != NULL && i < COUNT_OF(states); i++) {
        if (str_eq(condition->reason, states[i].reason)) {
            metrics_count(to, METRIC_ROLLOUTS, states[i].state);
        }
    }
}

static void gather_objects(const struct ctl *ctl, struct metrics *to)
{
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        to->values[METRIC_OBJECTS][kind] = (int64_t)ctl->model.objects[kind].count;
    }
    map_each (&ctl->model.objects[KIND_AGENT], it) {
        const struct agent_entry *agent = it->value;

        metrics_count(to, METRIC_AGENTS,
                      agent->link != NULL ? METRIC_AGENT_CONNECTED : METRIC_AGENT_AWAY);
        to->values[METRIC_AGENTS_CORDONED][0] += agent_spec(agent)->unschedulable;
    }
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        const struct session_entry *session = it->value;
        enum divergence class = class_of(session->object);

        metrics_count(to, METRIC_SESSIONS_CONVERGED, is_converged(session->object) ? 0 : 1);
        if (class != DIVERGENCE_COUNT) {
            metrics_count(to, METRIC_SESSIONS_DIVERGED, class);
        }
        gather_rollout(session->object, to);
    }
    map_each (&ctl->model.objects[KIND_ASSIGNMENT], it) {
        const struct assignment_status *status = assignment_status(it->value);

        metrics_count(to, METRIC_ASSIGNMENTS, (size_t)status->phase);
        gather_drift(&status->drift, to);
    }
}

static size_t dlist_length(const struct dlist *list)
{
    size_t length = 0;

    for (const struct dlist *it = list->next; it != list; it = it->next) {
        length++;
    }
    return length;
}

static void gather_queues(const struct ctl *ctl, struct metrics *to)
{
    int64_t *lengths = to->values[METRIC_QUEUES];

    lengths[METRIC_QUEUE_COMMITS] = (int64_t)(ctl->batch_seq - ctl->committed);
    lengths[METRIC_QUEUE_SESSIONS] = (int64_t)dlist_length(&ctl->model.dirty);
    lengths[METRIC_QUEUE_AGENTS] = (int64_t)dlist_length(&ctl->model.untold);
    lengths[METRIC_QUEUE_READS] = (int64_t)ctl->reads.count;
    to->values[METRIC_WATCHES][0] = (int64_t)ctl->watchers.count;
    to->values[METRIC_REVISION][0] = (int64_t)ctl->revision;
    to->values[METRIC_STORE_FULL][0] = ctl->store_is_full;
}

void metrics_gather(struct ctl *ctl, struct metrics *ret_metrics)
{
    *ret_metrics = ctl->metrics;
    gather_counters(ctl, ret_metrics);
    gather_objects(ctl, ret_metrics);
    gather_queues(ctl, ret_metrics);
}

/* Immediate: whoever watches a controller wants to see it most when its disk does not answer. */
void metrics_answer(struct ctl *ctl, uint64_t id)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct effect effect = {.type = EFFECT_ANSWER, .id = id};
    struct metrics *metrics = ARENA_NEW(&ctl->arena, struct metrics);

    metrics_gather(ctl, metrics);
    metrics_text(metrics, ctl->told, &text);
    effect.bytes = blob_from_str(&text);
    effect.answer.code = 200;
    effect.answer.is_text = true;
    effect.answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    vec_add(ctl->effects, effect);
}
