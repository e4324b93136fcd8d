/* What ran: at most one process for an exclusive replica, for an assignment, for a run.
 *
 * A process is known to live from its first line to its last.  While it is stopped it does nothing:
 * who stops one notes that in the same file,
 *
 *     {"t": ns, "event": "stop" | "cont", "pid": n}
 *
 * and a lease that ended meanwhile needs a moment to take effect once all go on. */
#include "tests/chaos/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESUME_NS                                                                                  \
    ((int64_t)1000 * 1000 * 1000) /* a shim that was stopped, too, ends its work in it */

static json_t *process_index; /* "uid run pid" → index */

static void take_stop(struct check *check, const json_t *line, int64_t t, bool is_stop)
{
    json_int_t pid = json_integer_value(json_object_get(line, "pid"));

    for (size_t i = check->process_count; i-- > 0;) {
        struct process *process = &check->processes[i];
        struct hole *last =
            process->hole_count == 0 ? NULL : &process->holes[process->hole_count - 1];

        if (process->pid != pid || process->has_ended) {
            continue;
        }
        if (is_stop && (last == NULL || last->to != INT64_MAX)) {
            process->holes = grow(process->holes, process->hole_count, sizeof(struct hole));
            process->holes[process->hole_count++] = (struct hole){t, INT64_MAX};
        } else if (!is_stop && last != NULL && last->to == INT64_MAX) {
            last->to = t + RESUME_NS;
        }
        return;
    }
}

static struct process *find_process(struct check *check, const json_t *line)
{
    json_int_t pid = json_integer_value(json_object_get(line, "pid"));
    json_int_t run = json_integer_value(json_object_get(line, "run"));
    const json_t *index;
    char key[256];

    (void)snprintf(key, sizeof(key), "%s %lld %lld", text_of(line, "uid"), run, pid);
    index = json_object_get(process_index, key);
    if (index != NULL) {
        return &check->processes[json_integer_value(index)];
    }
    (void)json_object_set_new(process_index, key, json_integer((json_int_t)check->process_count));
    check->processes = grow(check->processes, check->process_count, sizeof(struct process));
    check->processes[check->process_count] = (struct process){
        .uid = copy_text(text_of(line, "uid")),
        .session = copy_text(text_of(line, "session")),
        .replica = copy_text(text_of(line, "replica")),
        .value = copy_text(text_of(line, "value")),
        .run = run,
        .pid = pid,
        .t_start = json_integer_value(json_object_get(line, "t")),
    };
    return &check->processes[check->process_count++];
}

static void take_line(struct check *check, json_t *line, size_t number)
{
    const char *event = text_of(line, "event");
    int64_t t = json_integer_value(json_object_get(line, "t"));

    if (line == NULL) {
        violation(check, "trace", "runs.jsonl:%zu is no JSON", number);
    } else if (strcmp(event, "stop") == 0 || strcmp(event, "cont") == 0) {
        take_stop(check, line, t, strcmp(event, "stop") == 0);
    } else if (strcmp(event, "start") == 0 || strcmp(event, "beat") == 0 ||
               strcmp(event, "end") == 0) {
        struct process *process = find_process(check, line);

        process->t_last = t;
        process->has_ended = process->has_ended || strcmp(event, "end") == 0;
    } else if (strcmp(event, "kill") != 0) {
        violation(check, "trace", "runs.jsonl:%zu: event \"%s\"", number, event);
    }
    json_decref(line);
}

void runs_read(struct check *check)
{
    for (size_t i = 0; i < check->process_count; i++) {
        struct process *process = &check->processes[i];

        free(process->uid);
        free(process->session);
        free(process->replica);
        free(process->value);
        free(process->holes);
    }
    free(check->processes);
    check->processes = NULL;
    check->process_count = 0;
    json_decref(process_index);
    process_index = json_object();
    each_line(check->dir, "runs.jsonl", take_line, check);
}

/* --- overlaps ----------------------------------------------------------------------------------
 */

struct span { /* in which a process did things */
    const char *group;
    const struct process *process;
    int64_t from, to;
};

struct spans {
    struct span *items;
    size_t count;
};

static void add_span(struct spans *spans, const char *group, const struct process *process,
                     int64_t from, int64_t to)
{
    spans->items = grow(spans->items, spans->count, sizeof(spans->items[0]));
    spans->items[spans->count++] = (struct span){group, process, from, to};
}

/* Its life without its holes. */
static void add_life(struct spans *spans, const char *group, const struct process *process)
{
    int64_t from = process->t_start;

    for (size_t i = 0; i < process->hole_count; i++) {
        const struct hole *hole = &process->holes[i];

        if (hole->from > from) {
            add_span(spans, group, process, from,
                     hole->from < process->t_last ? hole->from : process->t_last);
        }
        if (hole->to >= process->t_last) {
            return;
        }
        from = hole->to > from ? hole->to : from;
    }
    add_span(spans, group, process, from, process->t_last);
}

static int by_group_and_time(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = strcmp(x->group, y->group);

    return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

static void check_overlaps(struct check *check, struct spans *spans)
{
    const struct span *latest = NULL;

    if (spans->count == 0) {
        return;
    }
    qsort(spans->items, spans->count, sizeof(spans->items[0]), by_group_and_time);
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];

        if (latest == NULL || strcmp(latest->group, span->group) != 0) {
            latest = span;
            continue;
        }
        if (span->process != latest->process && span->from < latest->to) {
            violation(check, "double-run",
                      "%s: pid %" PRId64 " (run %" PRId64 " of %s) lives from %" PRId64
                      ", pid %" PRId64 " (run %" PRId64 " of %s) until %" PRId64 ": %" PRId64 " ms",
                      span->group, span->process->pid, span->process->run, span->process->uid,
                      span->from, latest->process->pid, latest->process->run, latest->process->uid,
                      latest->to, (latest->to - span->from) / 1000000);
        }
        latest = span->to > latest->to ? span : latest;
    }
}

static void check_run_once(struct check *check)
{
    json_t *seen = json_object();

    for (size_t i = 0; i < check->process_count; i++) {
        const struct process *process = &check->processes[i];
        char run[256];

        (void)snprintf(run, sizeof(run), "%s %" PRId64, process->uid, process->run);
        if (json_object_get(seen, run) != NULL) {
            violation(check, "run-twice",
                      "run %" PRId64 " of %s (session %s) has pid %lld and %" PRId64, process->run,
                      process->uid, process->session,
                      json_integer_value(json_object_get(seen, run)), process->pid);
        }
        (void)json_object_set_new(seen, run, json_integer(process->pid));
    }
    json_decref(seen);
}

void runs_check(struct check *check)
{
    struct spans spans = {0};
    char **groups = calloc(check->process_count + 1, sizeof(char *));

    if (groups == NULL) {
        cannot("no memory");
    }
    for (size_t i = 0; i < check->process_count; i++) {
        const struct process *process = &check->processes[i];
        const json_t *work = json_object_get(check->work, process->uid);
        const char *session = json_string_value(json_array_get(work, 0));

        add_life(&spans, process->uid, process);
        if (work == NULL) {
            violation(check, "unasked",
                      "pid %" PRId64 " ran for assignment %s of session %s, which "
                      "the ledger does not know",
                      process->pid, process->uid, process->session);
        } else if (json_is_true(json_object_get(check->exclusive, session))) {
            char group[512];

            (void)snprintf(group, sizeof(group), "exclusive %s/%s", process->session,
                           json_string_value(json_array_get(work, 1)));
            groups[i] = malloc(strlen(group) + strlen(session) + 2);
            if (groups[i] == NULL) {
                cannot("no memory");
            }
            (void)snprintf(groups[i], strlen(group) + strlen(session) + 2, "%s %s", group, session);
            add_life(&spans, groups[i], process);
        }
    }
    check_overlaps(check, &spans);
    check_run_once(check);
    for (size_t i = 0; i < check->process_count; i++) {
        free(groups[i]);
    }
    free(groups);
    free(spans.items);
}
