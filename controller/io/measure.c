#include "controller/io/measure.h"

#include "schema/base/log.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t measure_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct wall measure_now_wall(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (struct wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

void measure_init(struct measure *measure, const char *store_path)
{
    struct timespec now;

    *measure = (struct measure){.store_path = store_path};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    measure->metrics.values[METRIC_PROCESS_START][0] =
        (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    measure->metrics.values[METRIC_BUILD][0] = 1;
    measure_look(measure, &(struct http_load){0});
}

/* --- steps ------------------------------------------------------------------------------------ */

/* What a request was about; its query may hold what is nobody's business. */
static void tell_request(const struct http_request *request, int64_t took_ms)
{
    log_warning("a step took long event=http ms=%" PRId64 " request=\"%s %.*s\" bytes=%zu", took_ms,
                request->method, (int)strcspn(request->target, "?"), request->target,
                request->body_size_bytes);
}

static void tell_slow(const struct ctl_event *event, int64_t took_ms)
{
    if (event->type == CTL_HTTP) {
        tell_request(event->http, took_ms);
    } else if (event->type == CTL_LINK_FRAME) {
        log_warning("a step took long event=link-frame ms=%" PRId64 " link=%" PRIu64 " bytes=%zu",
                    took_ms, event->id, event->frame.size_bytes);
    } else {
        log_warning("a step took long event=%s ms=%" PRId64 " id=%" PRIu64,
                    metric_event_words[event->type], took_ms, event->id);
    }
}

void measure_step(struct measure *measure, const struct ctl_event *event, int64_t took_us)
{
    metrics_measure(&measure->metrics, METRIC_STEP, 0, took_us);
    measure->metrics.last_step_us = took_us;
    if (took_us > (int64_t)STEP_SLOW_MS * 1000) {
        metrics_count(&measure->metrics, METRIC_STEPS_SLOW, (size_t)event->type);
        tell_slow(event, took_us / 1000);
    }
}

/* --- commits ---------------------------------------------------------------------------------- */

void measure_handed(struct batch *batch)
{
    batch->handed_us = measure_now_us();
}

void measure_committed(struct measure *measure, const struct batch *batch)
{
    metrics_measure(&measure->metrics, METRIC_COMMIT, 0, measure_now_us() - batch->handed_us);
}

void measure_failed(struct measure *measure)
{
    metrics_count(&measure->metrics, METRIC_COMMITS_FAILED, 0);
}

/* --- history ---------------------------------------------------------------------------------- */

void measure_history(struct measure *measure, const struct store_size *size)
{
    int64_t(*values)[METRIC_SERIES_MAX] = measure->metrics.values;

    values[METRIC_HISTORY_ROWS][METRIC_ROW_LEDGER] = (int64_t)size->ledger_rows;
    values[METRIC_HISTORY_ROWS][METRIC_ROW_STATUS] = (int64_t)size->status_rows;
    values[METRIC_HISTORY_COMPACTED][0] = (int64_t)size->compacted;
    values[METRIC_HISTORY_BEGINS][0] = size->compacted_at.ms * 1000;
    values[METRIC_STORE_USED][0] = (int64_t)size->used_bytes;
}

/* --- the process ------------------------------------------------------------------------------ */

static int64_t size_of(const char *path, const char *suffix)
{
    _cleanup_(str_fini)
    struct str whole = STR_EMPTY;
    struct stat status;

    str_addf(&whole, "%s%s", path, suffix);
    return stat(whole.data, &status) == 0 ? (int64_t)status.st_size : 0;
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;

    if (file != NULL) {
        if (fscanf(file, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(file);
    }
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

void measure_look(struct measure *measure, const struct http_load *load)
{
    struct rusage usage;

    measure->metrics.values[METRIC_CONNECTIONS][0] = (int64_t)load->connections;
    measure->metrics.values[METRIC_HTTP_QUEUED][0] = (int64_t)load->queued_bytes;
    for (size_t i = 0; i < METRIC_CLOSED_COUNT; i++) {
        measure->metrics.values[METRIC_STREAMS_CLOSED][i] = (int64_t)load->closed[i];
    }
    measure->metrics.values[METRIC_PROCESS_MEMORY][0] = resident_bytes();
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        measure->metrics.values[METRIC_PROCESS_CPU][0] =
            ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
            usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    }
    if (measure->store_path != NULL) {
        measure->metrics.values[METRIC_STORE_BYTES][0] =
            size_of(measure->store_path, "") + size_of(measure->store_path, "-wal");
    }
}
