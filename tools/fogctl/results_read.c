/* Puts together what the controller tells in two places: the session's status, of tasks that have
 * ended, and its assignments, of all others. */
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tools/fogctl/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- tasks that have ended -------------------------------------------------------------------- */

/* A set that the controller wrote.  What cannot be read is empty: it is of another version. */
static void read_indexes(struct fogctl *fogctl, const char *text, struct indexes *to)
{
    indexes_init(to, &fogctl->arena, TASKS_MAX);
    if (!indexes_from_str(text, to)) {
        indexes_init(to, &fogctl->arena, TASKS_MAX);
    }
}

static void take_states(struct fogctl *fogctl, struct results *results, const struct node *status)
{
    struct indexes completed, failed;

    read_indexes(fogctl, text_of(status, "completedIndexes"), &completed);
    read_indexes(fogctl, text_of(status, "failedIndexes"), &failed);
    results->succeeded = indexes_below(&completed, results->count);
    results->failed = indexes_below(&failed, results->count);
    for (size_t i = 0; i < results->count; i++) {
        if (indexes_has(&completed, i)) {
            results->items[i].state = "Succeeded";
        } else if (indexes_has(&failed, i)) {
            results->items[i].state = "Failed";
        }
    }
}

/* The item of a list of the status that speaks of one task. */
static struct result *task_of(struct results *results, const struct node *item)
{
    int64_t index = -1;

    (void)node_find_int(item, "index", &index);
    return index >= 0 && (size_t)index < results->count ? &results->items[index] : NULL;
}

static void take_end(struct result *result, const struct node *end)
{
    result->agent = text_of(end, "agent");
    result->reason = text_of(end, "reason");
    result->has_exit_code = node_find_int(end, "exitCode", &result->exit_code);
}

static void take_failures(struct results *results, const struct node *failures)
{
    for (size_t i = list_count(failures); i-- > 0;) { /* the newest comes first */
        struct result *result = task_of(results, failures->list.items[i]);

        if (result != NULL && str_eq(result->state, "Failed")) {
            take_end(result, failures->list.items[i]);
        }
    }
}

/* Those that ended alike are told of together. */
static void take_ends(struct fogctl *fogctl, struct results *results, const struct node *ends)
{
    for (size_t i = 0; i < list_count(ends); i++) {
        struct indexes indexes;

        read_indexes(fogctl, text_of(ends->list.items[i], "indexes"), &indexes);
        for (size_t k = indexes_next(&indexes, 0); k < results->count;
             k = indexes_next(&indexes, k + 1)) {
            take_end(&results->items[k], ends->list.items[i]);
        }
    }
}

static void take_outputs(struct results *results, const struct node *made)
{
    for (size_t i = 0; i < list_count(made); i++) {
        struct result *result = task_of(results, made->list.items[i]);

        if (result != NULL) {
            result->outputs = node_find(made->list.items[i], "outputs");
        }
    }
}

/* Tasks that ended on some agents, which do not agree yet, or not enough of them. */
static void take_opinions(struct fogctl *fogctl, struct results *results,
                          const struct node *opinions)
{
    for (size_t i = 0; i < list_count(opinions); i++) {
        const struct node *it = opinions->list.items[i];
        struct result *result = task_of(results, it);

        if (result == NULL) {
            continue;
        }
        if (str_eq(result->state, "Waiting")) {
            result->state = "Undecided";
            result->agent = text_of(it, "agent");
        } else if (str_eq(result->state, "Undecided")) {
            result->agent =
                arena_printf(&fogctl->arena, "%s,%s", result->agent, text_of(it, "agent"));
        }
    }
}

static void take_tasks(struct fogctl *fogctl, struct results *results, const struct node *status)
{
    take_states(fogctl, results, status);
    take_ends(fogctl, results, node_find(status, "ends"));
    take_failures(results, node_find(status, "failures"));
    take_outputs(results, node_find(status, "results"));
    take_opinions(fogctl, results, node_find(status, "opinions"));
}

/* --- assignments ------------------------------------------------------------------------------ */

/* Of a task that has ended the session tells; of one under way its assignment does. */
static struct result *row_for(struct results *results, const char *slot)
{
    int64_t index;
    struct result *result;

    if (!results->has_tasks) {
        vec_add(results, ((struct result){.slot = slot}));
        return &results->items[results->count - 1];
    }
    if (!int_from_str(slot, &index) || index < 0 || (size_t)index >= results->count) {
        return NULL;
    }
    result = &results->items[index];
    return str_eq(result->state, "Waiting") || str_eq(result->state, "Undecided") ? result : NULL;
}

static void take_assignments(struct results *results, const struct node *assignments)
{
    for (size_t i = 0; i < list_count(assignments); i++) {
        const struct node *it = assignments->list.items[i];
        const struct node *status = node_find(it, "status"), *spec = node_find(it, "spec");
        const char *phase = text_of(status, "phase");
        struct result *result;

        if (node_find(node_find(it, "metadata"), "deletionTimestamp") != NULL) {
            continue; /* it leaves; another one has its place, or will */
        }
        result = row_for(results, text_of(spec, "slot"));
        if (result != NULL) {
            take_end(result, status);
            result->state = phase[0] == '\0' ? "Pending" : phase;
            if (str_eq(phase, "Running") || str_eq(phase, "Starting")) {
                result->has_exit_code = false; /* that of the run before */
            }
            result->agent = text_of(spec, "agent");
            result->outputs = node_find(status, "outputs");
        }
    }
}

/* "9" before "10". */
static int compare(const void *a, const void *b)
{
    const struct result *left = a, *right = b;
    size_t left_length = strlen(left->slot), right_length = strlen(right->slot);

    return left_length != right_length ? (left_length < right_length ? -1 : 1)
                                       : strcmp(left->slot, right->slot);
}

static void count_replicas(struct results *results)
{
    if (results->count > 0) {
        qsort(results->items, results->count, sizeof(struct result), compare);
    }
    vec_each (results, it) {
        results->succeeded += str_eq(it->state, "Succeeded");
        results->failed += str_eq(it->state, "Failed");
    }
}

/* --- the door --------------------------------------------------------------------------------- */

/* The assignments first: a task that ends in between is then in what the session says. */
int64_t output_bytes(const struct node *output)
{
    int64_t size_bytes;

    return quantity_from_str(text_of(output, "size"), &size_bytes) ? size_bytes : 0;
}

bool results_read(struct fogctl *fogctl, const char *session, struct results *ret_results)
{
    const struct kind *kind = kind_get(KIND_HARVEST_SESSION);
    const char *label = arena_printf(&fogctl->arena, "fog/session=%s", session);
    const struct node *assignments =
        list_objects(fogctl, kind_get(KIND_ASSIGNMENT), label, NULL, NULL);
    const struct node *object =
        assignments == NULL ? NULL : http_get(fogctl, kind_path(fogctl, kind, session));
    int64_t count = 0;

    *ret_results = (struct results){0};
    if (object == NULL) {
        return false;
    }
    ret_results->has_tasks =
        node_find_int(node_find_path(object, "spec.tasks"), "count", &count) && count > 0;
    if (ret_results->has_tasks && count > TASKS_MAX) {
        (void)fail("this fogctl is too old for it", "%s has %" PRId64 " tasks", session, count);
        return false;
    }
    for (int64_t i = 0; ret_results->has_tasks && i < count; i++) {
        vec_add(ret_results, ((struct result){.slot = arena_printf(&fogctl->arena, "%" PRId64, i),
                                              .state = "Waiting",
                                              .agent = "",
                                              .reason = ""}));
    }
    if (ret_results->has_tasks) {
        take_tasks(fogctl, ret_results, node_find_path(object, "status.tasks"));
    }
    take_assignments(ret_results, assignments);
    if (!ret_results->has_tasks) {
        count_replicas(ret_results);
    }
    return true;
}
