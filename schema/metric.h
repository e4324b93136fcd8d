/* What a controller counts and measures: one table, from which come the text of GET /metrics
 * (Prometheus' format), docs/METRICS.md, and the names that others may ask for.
 *
 * A metric has at most one label, whose values are a fixed list of words: how many series there are
 * does not depend on the fleet. */
#pragma once

#include "schema/base/histogram.h"
#include "schema/base/str.h"

enum metric {
    /* The core's work. */
    METRIC_STEPS,
    METRIC_ANSWERS,
    METRIC_FRAMES,
    METRIC_MESSAGES,
    METRIC_MESSAGES_REFUSED,
    METRIC_SESSIONS_RECONCILED,
    METRIC_ASSIGNMENTS_EXAMINED,
    METRIC_AGENTS_EXAMINED,
    METRIC_BATCHES,
    METRIC_ROWS,
    METRIC_WATCH_EVENTS,
    METRIC_DIVERGENCES,
    METRIC_CONVERGENCE,
    METRIC_DRIFT_FOUND,
    METRIC_DRIFT_HEALED,
    METRIC_ROLLOUTS_ENDED,
    /* The core's state. */
    METRIC_REVISION,
    METRIC_OBJECTS,
    METRIC_AGENTS,
    METRIC_AGENTS_CORDONED,
    METRIC_SESSIONS_CONVERGED,
    METRIC_SESSIONS_DIVERGED,
    METRIC_ASSIGNMENTS,
    METRIC_DRIFTED,
    METRIC_ROLLOUTS,
    METRIC_QUEUES,
    METRIC_WATCHES,
    METRIC_STORE_FULL,
    /* The shell's. */
    METRIC_STEP,
    METRIC_OF_SHELL = METRIC_STEP, /* the first of them */
    METRIC_STEPS_SLOW,
    METRIC_COMMIT,
    METRIC_COMMITS_FAILED,
    METRIC_CONNECTIONS,
    METRIC_HTTP_QUEUED,
    METRIC_STREAMS_CLOSED,
    METRIC_STORE_BYTES,
    METRIC_STORE_USED,
    METRIC_HISTORY_ROWS,
    METRIC_HISTORY_COMPACTED,
    METRIC_HISTORY_BEGINS,
    METRIC_BUILD,
    METRIC_PROCESS_START,
    METRIC_PROCESS_CPU,
    METRIC_PROCESS_MEMORY,
    METRIC_COUNT,
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Values are whole numbers; those of `seconds` are microseconds, and are written as seconds. */
enum metric_unit { METRIC_PLAIN, METRIC_BYTES, METRIC_SECONDS };

enum { METRIC_SERIES_MAX = 16 };

struct metric_info {
    const char *name;
    enum metric_type type;
    enum metric_unit unit;
    const char *label;                 /* NULL: none */
    const char *const *words;          /* its values; NULL-terminated */
    const char *(*word)(size_t index); /* or asked for one by one: NULL after the last */
    const int64_t *bounds_us;          /* HISTOGRAM */
    size_t bound_count;
    const char *help; /* one sentence, for people */
};

extern const struct metric_info metric_infos[METRIC_COUNT];

/* The words of the labels that are not words of a kind; as the enums of those who count. */
enum metric_row { METRIC_ROW_LEDGER, METRIC_ROW_STATUS };
enum metric_message { METRIC_MESSAGE_ASSIGN, METRIC_MESSAGE_OTHER };
enum metric_refused { METRIC_REFUSED_MALFORMED, METRIC_REFUSED_STALE };
enum metric_agent { METRIC_AGENT_CONNECTED, METRIC_AGENT_AWAY };
enum metric_queue {
    METRIC_QUEUE_COMMITS,
    METRIC_QUEUE_SESSIONS,
    METRIC_QUEUE_AGENTS,
    METRIC_QUEUE_READS,
};
enum metric_rollout {
    METRIC_ROLLOUT_PROGRESSING,
    METRIC_ROLLOUT_PAUSED,
    METRIC_ROLLOUT_LATE,
    METRIC_ROLLOUT_REVERTED,
    METRIC_ROLLOUT_GOOD,
};
enum metric_ended { METRIC_ENDED_GOOD, METRIC_ENDED_LATE, METRIC_ENDED_REVERTED };
enum metric_cause { METRIC_CAUSE_CHANGE, METRIC_CAUSE_DISTURBANCE };
enum metric_closed { /* why a stream was cut by us */
                     METRIC_CLOSED_SLOW,
                     METRIC_CLOSED_STALLED,
                     METRIC_CLOSED_CROWDED,
                     METRIC_CLOSED_SILENT,
                     METRIC_CLOSED_REFUSED,
                     METRIC_CLOSED_COUNT,
};
enum { METRIC_EVENTS = 15 };                   /* enum ctl_event_type */
extern const char *const metric_event_words[]; /* "http": what a step was about */

/* The values of one side; each metric is counted by one side only. */
struct metrics {
    int64_t values[METRIC_COUNT][METRIC_SERIES_MAX];
    struct histogram convergence[2]; /* by enum metric_cause */
    struct histogram step, commit;
    int64_t last_step_us; /* of the newest step */
};

size_t metric_series(enum metric metric); /* 1 without a label */
const char *metric_word(enum metric metric, size_t series);
/* METRIC_COUNT when there is none of this name. */
enum metric metric_find(const char *name);

/* One series more often; of a histogram, in microseconds. */
void metrics_count(struct metrics *metrics, enum metric metric, size_t series);
void metrics_measure(struct metrics *metrics, enum metric metric, size_t series, int64_t value_us);

/* Prometheus' text format.  `shell` may be NULL: what it counts is then left out. */
void metrics_text(const struct metrics *core, const struct metrics *shell, struct str *to);
