/* The names of metrics, and what they are now.  Rows follow enum metric; all that is one number is
 * here. */
#include "schema/metric_where.h"

#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>

/* The word of a series; METRIC_SERIES_MAX: none. */
static size_t series_of(enum metric metric, const char *key)
{
    size_t count = metric_series(metric);

    for (size_t i = 0; i < count; i++) {
        if (str_eq(metric_word(metric, i), key)) {
            return i;
        }
    }
    return METRIC_SERIES_MAX;
}

static bool check_key(enum metric metric, const char *key, const char **ret_why)
{
    *ret_why = "is not a value of this metric's label; docs/METRICS.md has them";
    return series_of(metric, key) < METRIC_SERIES_MAX;
}

#define CHECK(metric)                                                                              \
    static bool check_##metric(const char *key, const char **ret_why)                              \
    {                                                                                              \
        return check_key(metric, key, ret_why);                                                    \
    }

CHECK(METRIC_STEPS)
CHECK(METRIC_ANSWERS)
CHECK(METRIC_MESSAGES)
CHECK(METRIC_MESSAGES_REFUSED)
CHECK(METRIC_ROWS)
CHECK(METRIC_DIVERGENCES)
CHECK(METRIC_OBJECTS)
CHECK(METRIC_AGENTS)
CHECK(METRIC_SESSIONS_CONVERGED)
CHECK(METRIC_SESSIONS_DIVERGED)
CHECK(METRIC_ASSIGNMENTS)
CHECK(METRIC_DRIFT_FOUND)
CHECK(METRIC_DRIFT_HEALED)
CHECK(METRIC_ROLLOUTS_ENDED)
CHECK(METRIC_DRIFTED)
CHECK(METRIC_ROLLOUTS)
CHECK(METRIC_QUEUES)
CHECK(METRIC_STEPS_SLOW)
CHECK(METRIC_STREAMS_CLOSED)
CHECK(METRIC_HISTORY_ROWS)

#define PLAIN(title, values) .name = title, .type = values, .flags = WHERE_VOLATILE
#define GROUP(title, metric)                                                                       \
    .name = title, .type = WHERE_NUMBER, .flags = WHERE_VOLATILE | WHERE_GROUP,                    \
    .check_key = check_##metric

static const struct where_name rows[] = {
    {GROUP("fog_steps_total", METRIC_STEPS)},
    {GROUP("fog_http_answers_total", METRIC_ANSWERS)},
    {PLAIN("fog_agent_frames_total", WHERE_NUMBER)},
    {GROUP("fog_agent_messages_total", METRIC_MESSAGES)},
    {GROUP("fog_agent_messages_refused_total", METRIC_MESSAGES_REFUSED)},
    {PLAIN("fog_sessions_reconciled_total", WHERE_NUMBER)},
    {PLAIN("fog_assignments_examined_total", WHERE_NUMBER)},
    {PLAIN("fog_agents_examined_total", WHERE_NUMBER)},
    {PLAIN("fog_batches_total", WHERE_NUMBER)},
    {GROUP("fog_rows_total", METRIC_ROWS)},
    {PLAIN("fog_watch_events_total", WHERE_NUMBER)},
    {GROUP("fog_session_divergences_total", METRIC_DIVERGENCES)},
    {GROUP("fog_drift_found_total", METRIC_DRIFT_FOUND)},
    {GROUP("fog_drift_healed_total", METRIC_DRIFT_HEALED)},
    {GROUP("fog_rollouts_ended_total", METRIC_ROLLOUTS_ENDED)},
    {PLAIN("fog_revision", WHERE_NUMBER)},
    {GROUP("fog_objects", METRIC_OBJECTS)},
    {GROUP("fog_agents", METRIC_AGENTS)},
    {PLAIN("fog_agents_cordoned", WHERE_NUMBER)},
    {GROUP("fog_sessions", METRIC_SESSIONS_CONVERGED)},
    {GROUP("fog_sessions_diverged", METRIC_SESSIONS_DIVERGED)},
    {GROUP("fog_assignments", METRIC_ASSIGNMENTS)},
    {GROUP("fog_drift", METRIC_DRIFTED)},
    {GROUP("fog_rollouts", METRIC_ROLLOUTS)},
    {GROUP("fog_queue_length", METRIC_QUEUES)},
    {PLAIN("fog_watches", WHERE_NUMBER)},
    {PLAIN("fog_store_full", WHERE_NUMBER)},
    {GROUP("fog_steps_slow_total", METRIC_STEPS_SLOW)},
    {PLAIN("fog_commits_failed_total", WHERE_NUMBER)},
    {PLAIN("fog_http_connections", WHERE_NUMBER)},
    {PLAIN("fog_http_queued_bytes", WHERE_BYTES)},
    {GROUP("fog_http_streams_closed_total", METRIC_STREAMS_CLOSED)},
    {PLAIN("fog_store_size_bytes", WHERE_BYTES)},
    {PLAIN("fog_store_used_bytes", WHERE_BYTES)},
    {GROUP("fog_history_rows", METRIC_HISTORY_ROWS)},
    {PLAIN("fog_history_compacted_revision", WHERE_NUMBER)},
    {PLAIN("fog_history_begins_timestamp_seconds", WHERE_DURATION)},
    {PLAIN("process_start_time_seconds", WHERE_DURATION)},
    {PLAIN("process_cpu_seconds_total", WHERE_DURATION)},
    {PLAIN("process_resident_memory_bytes", WHERE_BYTES)},
};
_Static_assert(COUNT_OF(rows) <= WHERE_NAMES_MAX, "all of them can be looked through");

const struct where_names metric_where_names = {.rows = rows, .count = COUNT_OF(rows)};

enum metric metric_where_metric(size_t row)
{
    enum metric metric = metric_find(rows[row].name);

    assert(metric != METRIC_COUNT);
    return metric;
}

/* As the language has it: numbers in thousandths, durations in milliseconds. */
static int64_t in_its_unit(enum where_type type, int64_t value)
{
    return type == WHERE_NUMBER ? value * 1000 : type == WHERE_DURATION ? value / 1000 : value;
}

struct where_value metric_where_get(const void *context, size_t row, const char *key)
{
    const struct metric_view *view = context;
    enum metric metric = metric_where_metric(row);
    const struct metrics *of = metric < METRIC_OF_SHELL ? view->core : view->shell;
    size_t series = key == NULL ? 0 : series_of(metric, key);

    if (of == NULL || series >= METRIC_SERIES_MAX) {
        return (struct where_value){.state = WHERE_UNKNOWN};
    }
    return (struct where_value){.state = WHERE_KNOWN,
                                .number = in_its_unit(rows[row].type, of->values[metric][series])};
}

static bool was_told(const struct where *where, size_t count)
{
    const struct where_step *step = &where->steps[count];

    for (size_t i = 0; i < count; i++) {
        const struct where_step *it = &where->steps[i];

        if (it->code == WHERE_TEST && it->row == step->row &&
            (it->key == step->key || str_eq(it->key, step->key))) {
            return true;
        }
    }
    return false;
}

static void add_value(const struct where_value *value, enum where_type type, struct str *to)
{
    if (value->state != WHERE_KNOWN) {
        str_add(to, "not known");
    } else if (type == WHERE_DURATION) {
        str_addf(to, "%" PRId64 ".%03" PRId64 " s", value->number / 1000, value->number % 1000);
    } else {
        str_add_i64(to, type == WHERE_NUMBER ? value->number / 1000 : value->number);
    }
}

void metric_where_text(const struct where *where, const struct metric_view *view, struct str *to)
{
    for (size_t i = 0; i < where->count; i++) {
        const struct where_step *step = &where->steps[i];
        struct where_value value;

        if (step->code != WHERE_TEST || was_told(where, i)) {
            continue;
        }
        value = metric_where_get(view, step->row, step->key);
        str_addf(to, "%s%s%s%s is ", to->length > 0 ? ", " : "", rows[step->row].name,
                 step->key == NULL ? "" : ".", step->key == NULL ? "" : step->key);
        add_value(&value, rows[step->row].type, to);
    }
}
