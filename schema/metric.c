/* The table of metrics, and the forms in which it is shown.
 *
 * Rows stand in the order of the enum.  Names follow Prometheus' customs: a unit at the end, and
 * _total after what only rises; `promtool check metrics` agrees. */
#include "schema/metric.h"

#include "schema/divergence.h"
#include "schema/kind.h"
#include "schema/kinds/assignment.h"
#include "schema/version.h"

#include <assert.h>
#include <inttypes.h>

const char *const metric_event_words[] = {
    "start",        "tick",      "http",      "http-gone", "link-up",   "link-frame",
    "link-drained", "link-down", "committed", "read-done", "directory", "store-space",
    "options",      "notified",  "compacted", NULL,
};
_Static_assert(COUNT_OF(metric_event_words) == METRIC_EVENTS + 1, "one word for each event");

static const char *const answer_words[] = {"2xx", "3xx", "4xx", "5xx", NULL};
static const char *const message_words[] = {"assign", "other", NULL};
static const char *const refused_words[] = {"malformed", "stale", NULL};
static const char *const row_words[] = {"ledger", "status", NULL};
static const char *const agent_words[] = {"connected", "away", NULL};
static const char *const converged_words[] = {"true", "false", NULL};
static const char *const queue_words[] = {"commits", "sessions", "agents", "reads", NULL};
static const char *const rollout_words[] = {"progressing", "paused", "late",
                                            "reverted",    "good",   NULL};
static const char *const ended_words[] = {"good", "late", "reverted", NULL};
static const char *const closed_words[] = {"slow", "stalled", "crowded", "silent", "refused", NULL};
_Static_assert(COUNT_OF(closed_words) == METRIC_CLOSED_COUNT + 1, "one word for each reason");
static const char *const cause_words[] = {"change", "disturbance", NULL};
static const char *const version_words[] = {FOG_VERSION, NULL};

static const char *kind_word(size_t index)
{
    return index < KIND_COUNT ? kind_get((enum kind_id)index)->plural : NULL;
}

/* A fleet that works converges within a second; one that waits for a machine takes an hour. */
static const int64_t convergence_us[] = {
    100000,   250000,   500000,    1000000,   2500000,   5000000,    10000000,
    30000000, 60000000, 120000000, 300000000, 600000000, 1800000000, 3600000000,
};
static const int64_t latency_us[] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000,
};

#define BOUNDS(array)     .bounds_us = array, .bound_count = COUNT_OF(array)
#define LABEL(name, list) .label = name, .words = list

const struct metric_info metric_infos[METRIC_COUNT] = {
    [METRIC_STEPS] = {"fog_steps_total", METRIC_COUNTER, METRIC_PLAIN,
                      LABEL("event", metric_event_words),
                      .help = "Steps of the core, by what they were about."},
    [METRIC_ANSWERS] =
        {"fog_http_answers_total", METRIC_COUNTER, METRIC_PLAIN, LABEL("code", answer_words),
         .help = "Answers of the API, heads of streams included, health and this page not."},
    [METRIC_FRAMES] = {"fog_agent_frames_total", METRIC_COUNTER, METRIC_PLAIN,
                       .help = "Messages that came from agents."},
    [METRIC_MESSAGES] = {"fog_agent_messages_total", METRIC_COUNTER, METRIC_PLAIN,
                         LABEL("type", message_words),
                         .help = "Messages that were sent to agents."},
    [METRIC_MESSAGES_REFUSED] = {"fog_agent_messages_refused_total", METRIC_COUNTER, METRIC_PLAIN,
                                 LABEL("reason", refused_words),
                                 .help = "Messages of agents that were refused, or dropped because "
                                         "they are of an earlier connection or store."},
    [METRIC_SESSIONS_RECONCILED] = {"fog_sessions_reconciled_total", METRIC_COUNTER, METRIC_PLAIN,
                                    .help = "Times that a session was planned."},
    [METRIC_ASSIGNMENTS_EXAMINED] = {"fog_assignments_examined_total", METRIC_COUNTER, METRIC_PLAIN,
                                     .help = "Assignments looked at by placing, planning and "
                                             "telling."},
    [METRIC_AGENTS_EXAMINED] = {"fog_agents_examined_total", METRIC_COUNTER, METRIC_PLAIN,
                                .help = "Agents looked at as candidates for a replica."},
    [METRIC_BATCHES] = {"fog_batches_total", METRIC_COUNTER, METRIC_PLAIN,
                        .help = "Steps that stored something."},
    [METRIC_ROWS] = {"fog_rows_total", METRIC_COUNTER, METRIC_PLAIN, LABEL("log", row_words),
                     .help = "Rows that were given to the store."},
    [METRIC_WATCH_EVENTS] = {"fog_watch_events_total", METRIC_COUNTER, METRIC_PLAIN,
                             .help = "Events that were sent to watchers."},
    [METRIC_DIVERGENCES] = {"fog_session_divergences_total", METRIC_COUNTER, METRIC_PLAIN,
                            LABEL("class", divergence_words),
                            .help = "Times that a session ceased to be as declared, or became so "
                                    "for a reason of another class."},
    [METRIC_CONVERGENCE] = {"fog_convergence_seconds", METRIC_HISTOGRAM, METRIC_SECONDS,
                            LABEL("cause", cause_words), BOUNDS(convergence_us),
                            .help = "Time until a session was as declared, from the change of its "
                                    "spec or from the disturbance."},
    [METRIC_DRIFT_FOUND] = {"fog_drift_found_total", METRIC_COUNTER, METRIC_PLAIN,
                            LABEL("sort", drift_words),
                            .help = "Times that an agent found what runs changed from outside."},
    [METRIC_DRIFT_HEALED] = {"fog_drift_healed_total", METRIC_COUNTER, METRIC_PLAIN,
                             LABEL("sort", drift_words),
                             .help = "Times that an agent made it as declared again."},
    [METRIC_ROLLOUTS_ENDED] = {"fog_rollouts_ended_total", METRIC_COUNTER, METRIC_PLAIN,
                               LABEL("result", ended_words),
                               .help = "Times that a rollout with a deadline was good, was late, "
                                       "or was reverted, after which it counts as late, too."},
    [METRIC_REVISION] = {"fog_revision", METRIC_GAUGE, METRIC_PLAIN,
                         .help = "The newest revision."},
    [METRIC_OBJECTS] = {"fog_objects", METRIC_GAUGE, METRIC_PLAIN, .label = "kind",
                        .word = kind_word, .help = "Objects there are."},
    [METRIC_AGENTS] = {"fog_agents", METRIC_GAUGE, METRIC_PLAIN, LABEL("state", agent_words),
                       .help = "Agents, connected and away."},
    [METRIC_AGENTS_CORDONED] = {"fog_agents_cordoned", METRIC_GAUGE, METRIC_PLAIN,
                                .help = "Agents that get no new work."},
    [METRIC_SESSIONS_CONVERGED] = {"fog_sessions", METRIC_GAUGE, METRIC_PLAIN,
                                   LABEL("converged", converged_words),
                                   .help = "Sessions, as declared and not."},
    [METRIC_SESSIONS_DIVERGED] = {"fog_sessions_diverged", METRIC_GAUGE, METRIC_PLAIN,
                                  LABEL("class", divergence_words),
                                  .help = "Sessions that are not as declared, by what the reason "
                                          "is of."},
    [METRIC_ASSIGNMENTS] = {"fog_assignments", METRIC_GAUGE, METRIC_PLAIN, .label = "phase",
                            .words = assignment_phase_words,
                            .help = "Assignments by phase, as last heard of."},
    [METRIC_DRIFTED] = {"fog_drift", METRIC_GAUGE, METRIC_PLAIN, LABEL("sort", drift_words),
                        .help = "Assignments that are changed from outside, as last heard of."},
    [METRIC_ROLLOUTS] = {"fog_rollouts", METRIC_GAUGE, METRIC_PLAIN, LABEL("state", rollout_words),
                         .help = "Sessions whose rollouts have a deadline, by how the newest one "
                                 "stands; reverted also while it goes back."},
    [METRIC_QUEUES] = {"fog_queue_length", METRIC_GAUGE, METRIC_PLAIN, LABEL("queue", queue_words),
                       .help = "What waits: batches for the disk, sessions for a plan, agents for "
                               "their assignments, reads of history for their result."},
    [METRIC_WATCHES] = {"fog_watches", METRIC_GAUGE, METRIC_PLAIN,
                        .help = "Watches that are open."},
    [METRIC_STORE_FULL] = {"fog_store_full", METRIC_GAUGE, METRIC_PLAIN,
                           .help = "1 while the disk is full and writes are refused."},
    [METRIC_STEP] = {"fog_step_duration_seconds", METRIC_HISTOGRAM, METRIC_SECONDS,
                     BOUNDS(latency_us), .help = "Time that a step of the core took."},
    [METRIC_STEPS_SLOW] = {"fog_steps_slow_total", METRIC_COUNTER, METRIC_PLAIN,
                           LABEL("event", metric_event_words),
                           .help = "Steps that took unreasonably long; each is in the log."},
    [METRIC_COMMIT] = {"fog_commit_duration_seconds", METRIC_HISTOGRAM, METRIC_SECONDS,
                       BOUNDS(latency_us),
                       .help = "Time from a decision to its being durable, the wait included."},
    [METRIC_COMMITS_FAILED] = {"fog_commits_failed_total", METRIC_COUNTER, METRIC_PLAIN,
                               .help = "Commits that failed, after which the state was loaded "
                                       "again."},
    [METRIC_CONNECTIONS] = {"fog_http_connections", METRIC_GAUGE, METRIC_PLAIN,
                            .help = "Open connections to the API."},
    [METRIC_HTTP_QUEUED] = {"fog_http_queued_bytes", METRIC_GAUGE, METRIC_BYTES,
                            .help = "Bytes of answers and streams that wait for their readers."},
    [METRIC_STREAMS_CLOSED] = {"fog_http_streams_closed_total", METRIC_COUNTER, METRIC_PLAIN,
                               LABEL("reason", closed_words),
                               .help = "Watches and other streams that the controller cut: of "
                                       "readers too far behind, that took nothing, that held the "
                                       "most when all held too much, that answered no ping, that "
                                       "sent what is refused."},
    [METRIC_STORE_BYTES] = {"fog_store_size_bytes", METRIC_GAUGE, METRIC_BYTES,
                            .help = "Size of fog.db with its journal."},
    [METRIC_STORE_USED] = {"fog_store_used_bytes", METRIC_GAUGE, METRIC_BYTES,
                           .help = "Of fog.db, what is in use; the rest is written to before it "
                                   "grows."},
    [METRIC_HISTORY_ROWS] = {"fog_history_rows", METRIC_GAUGE, METRIC_PLAIN,
                             LABEL("log", row_words), .help = "Rows that are kept, by log."},
    [METRIC_HISTORY_COMPACTED] = {"fog_history_compacted_revision", METRIC_GAUGE, METRIC_PLAIN,
                                  .help = "The revision after which history begins."},
    [METRIC_HISTORY_BEGINS] = {"fog_history_begins_timestamp_seconds", METRIC_GAUGE, METRIC_SECONDS,
                               .help = "When the newest change was made that is gone, since 1970 "
                                       "UTC; 0: none is."},
    [METRIC_BUILD] = {"fog_build_info", METRIC_GAUGE, METRIC_PLAIN, LABEL("version", version_words),
                      .help = "1, with the program's version."},
    [METRIC_PROCESS_START] = {"process_start_time_seconds", METRIC_GAUGE, METRIC_SECONDS,
                              .help = "When the controller started, since 1970 UTC."},
    [METRIC_PROCESS_CPU] = {"process_cpu_seconds_total", METRIC_COUNTER, METRIC_SECONDS,
                            .help = "Processor time that the controller used."},
    [METRIC_PROCESS_MEMORY] = {"process_resident_memory_bytes", METRIC_GAUGE, METRIC_BYTES,
                               .help = "Memory that the controller has."},
};

const char *metric_word(enum metric metric, size_t series)
{
    const struct metric_info *info = &metric_infos[metric];

    assert(series < metric_series(metric));
    return info->word != NULL ? info->word(series) : info->words == NULL ? "" : info->words[series];
}

size_t metric_series(enum metric metric)
{
    const struct metric_info *info = &metric_infos[metric];
    size_t count = 0;

    if (info->label == NULL) {
        return 1;
    }
    while ((info->word != NULL ? info->word(count) : info->words[count]) != NULL) {
        count++;
    }
    assert(count <= METRIC_SERIES_MAX);
    return count;
}

enum metric metric_find(const char *name)
{
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        if (str_eq(metric_infos[metric].name, name)) {
            return metric;
        }
    }
    return METRIC_COUNT;
}

/* --- counting --------------------------------------------------------------------------------- */

void metrics_count(struct metrics *metrics, enum metric metric, size_t series)
{
    assert(series < METRIC_SERIES_MAX);
    metrics->values[metric][series]++;
}

/* NULL when the metric is no histogram. */
static const struct histogram *histogram_of(const struct metrics *metrics, enum metric metric,
                                            size_t series)
{
    if (metric == METRIC_CONVERGENCE) {
        assert(series < COUNT_OF(metrics->convergence));
        return &metrics->convergence[series];
    }
    return metric == METRIC_STEP     ? &metrics->step
           : metric == METRIC_COMMIT ? &metrics->commit
                                     : NULL;
}

void metrics_measure(struct metrics *metrics, enum metric metric, size_t series, int64_t value_us)
{
    const struct metric_info *info = &metric_infos[metric];
    struct histogram *histogram = (struct histogram *)histogram_of(metrics, metric, series);

    assert(histogram != NULL);
    histogram_add(histogram, info->bounds_us, info->bound_count, value_us);
}

/* --- showing ---------------------------------------------------------------------------------- */

/* Microseconds as seconds, without zeros at the end. */
static void add_seconds(int64_t us, struct str *to)
{
    char text[32];
    size_t length;

    (void)snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
    length = strlen(text);
    while (text[length - 1] == '0') {
        length--;
    }
    length -= text[length - 1] == '.';
    str_add_bytes(to, text, length);
}

static void add_value(const struct metric_info *info, int64_t value, struct str *to)
{
    if (info->unit == METRIC_SECONDS) {
        add_seconds(value, to);
    } else {
        str_add_i64(to, value);
    }
    str_add_char(to, '\n');
}

/* `{event="http",le="0.1"}`; nothing when there is nothing to say. */
static void add_labels(const struct metric_info *info, const char *word, const char *bound,
                       struct str *to)
{
    if (info->label == NULL && bound == NULL) {
        return;
    }
    str_add_char(to, '{');
    if (info->label != NULL) {
        str_addf(to, "%s=\"%s\"", info->label, word);
    }
    if (bound != NULL) {
        str_addf(to, "%sle=\"%s\"", info->label != NULL ? "," : "", bound);
    }
    str_add_char(to, '}');
}

static void add_histogram(const struct metric_info *info, const char *word,
                          const struct histogram *histogram, struct str *to)
{
    uint64_t below = 0;

    for (size_t i = 0; i <= info->bound_count; i++) {
        _cleanup_(str_fini)
        struct str bound = STR_EMPTY;

        if (i < info->bound_count) {
            add_seconds(info->bounds_us[i], &bound);
        } else {
            str_add(&bound, "+Inf");
        }
        below += histogram->buckets[i];
        str_addf(to, "%s_bucket", info->name);
        add_labels(info, word, bound.data, to);
        str_addf(to, " %" PRIu64 "\n", below);
    }
    str_addf(to, "%s_sum", info->name);
    add_labels(info, word, NULL, to);
    str_add_char(to, ' ');
    add_value(info, histogram->sum_us, to);
    str_addf(to, "%s_count", info->name);
    add_labels(info, word, NULL, to);
    str_addf(to, " %" PRIu64 "\n", histogram->count);
}

static void add_series(const struct metrics *metrics, enum metric metric, size_t series,
                       struct str *to)
{
    const struct metric_info *info = &metric_infos[metric];

    if (info->type == METRIC_HISTOGRAM) {
        add_histogram(info, metric_word(metric, series), histogram_of(metrics, metric, series), to);
        return;
    }
    str_add(to, info->name);
    add_labels(info, metric_word(metric, series), NULL, to);
    str_add_char(to, ' ');
    add_value(info, metrics->values[metric][series], to);
}

void metrics_text(const struct metrics *core, const struct metrics *shell, struct str *to)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metric_info *info = &metric_infos[metric];
        const struct metrics *metrics = metric < METRIC_OF_SHELL ? core : shell;

        if (metrics == NULL) {
            continue;
        }
        str_addf(to, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name,
                 types[info->type]);
        for (size_t series = 0; series < metric_series(metric); series++) {
            add_series(metrics, metric, series, to);
        }
    }
}
