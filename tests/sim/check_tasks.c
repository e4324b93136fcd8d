/* The record of tasks, read with eyes of its own. */
#include "tests/sim/check_tasks.h"

#include "controller/core/batch.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "tests/sim/check_quorum.h"
#include "tests/sim/reference.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct marks { /* a byte for each task */
    char of[TASKS_MAX];
    int64_t count;
};

static struct marks marks_of(const char *text)
{
    struct marks marks = {.count = 0};

    while (*text != '\0') {
        char *end;
        long first = strtol(text, &end, 10), last = first;

        if (*end == '-') {
            last = strtol(end + 1, &end, 10);
        }
        for (long i = first; i <= last && i < TASKS_MAX; i++) {
            marks.count += marks.of[i] == 0;
            marks.of[i] = 1;
        }
        text = *end == ',' ? end + 1 : end;
    }
    return marks;
}

/* The index that a slot is; -1: none. */
static int64_t index_of(const char *slot)
{
    int64_t index;

    return int_from_str(slot, &index) && index >= 0 && index < TASKS_MAX ? index : -1;
}

static bool is_going(const struct ref_object *object)
{
    return ref_text(object->ledger, "metadata.deletionTimestamp")[0] != '\0';
}

static int64_t failures_before(const struct node *assignment)
{
    const struct node *annotations = node_find_path(assignment, "metadata.annotations");
    const char *text =
        annotations == NULL ? NULL : node_find_text(annotations, "fog/failures-before");
    int64_t failures = 0;

    return text != NULL && int_from_str(text, &failures) ? failures : 0;
}

/* Did a run of this task end so, as far as was written down and is there yet? */
static bool has_ended(const struct sim *sim, const char *uid, int64_t index, const char *phase)
{
    map_each (&sim->reference->objects, it) {
        const struct ref_object *copy = it->value;

        if (copy->kind == &assignment_kind &&
            str_eq(ref_text(copy->ledger, "spec.sessionUid"), uid) &&
            index_of(ref_text(copy->ledger, "spec.slot")) == index &&
            str_eq(ref_text(copy->status, "phase"), phase) &&
            ref_int(copy->status, "observedGeneration", -1) == copy->generation) {
            return true;
        }
    }
    return false;
}

static const struct node *result_of(const struct node *status, int64_t index)
{
    const struct node *results = node_find_path(status, "tasks.results");

    for (size_t i = 0; results != NULL && i < results->list.count; i++) {
        if (ref_int(results->list.items[i], "index", -1) == index) {
            return node_find(results->list.items[i], "outputs");
        }
    }
    return NULL;
}

static bool has_output(const struct node *outputs, const char *path, const char *digest)
{
    for (size_t i = 0; outputs != NULL && i < outputs->list.count; i++) {
        if (str_eq(ref_text(outputs->list.items[i], "path"), path) &&
            str_eq(ref_text(outputs->list.items[i], "digest"), digest)) {
            return true;
        }
    }
    return false;
}

/* What the copy made is all told of, as far as it was declared. */
static bool is_told(const struct sim *sim, const struct ref_object *copy,
                    const struct node *outputs)
{
    const struct node *made = node_find(copy->status, "outputs");

    for (size_t i = 0; made != NULL && i < made->list.count; i++) {
        const char *path = ref_text(made->list.items[i], "path");

        if (ref_declares(sim->reference, ref_text(copy->ledger, "spec.template"), path) &&
            !has_output(outputs, path, ref_text(made->list.items[i], "digest"))) {
            return false;
        }
    }
    return true;
}

/* Of a task that has just succeeded: what one of its copies made is told of, and stays so. */
static void check_outputs(struct sim *sim, const struct row *row, const struct node *before,
                          const struct node *now, int64_t index)
{
    bool is_found = result_of(before, index) != NULL;

    if (is_found && result_of(now, index) == NULL) {
        sim_fail(sim, "tasks", "%s: what task %" PRId64 " made is not told of any more", row->name,
                 index);
    }
    map_each (&sim->reference->objects, it) {
        const struct ref_object *copy = it->value;

        is_found = is_found || (copy->kind == &assignment_kind &&
                                str_eq(ref_text(copy->ledger, "spec.sessionUid"), row->uid) &&
                                index_of(ref_text(copy->ledger, "spec.slot")) == index &&
                                str_eq(ref_text(copy->status, "phase"), "Succeeded") &&
                                is_told(sim, copy, result_of(now, index)));
    }
    if (!is_found) {
        sim_fail(sim, "tasks", "%s: what task %" PRId64 " made is not told of", row->name, index);
    }
}

/* Or none of several results was that of enough agents. */
static bool is_missed(const struct sim *sim, const struct ref_object *session, int64_t index,
                      const char *phase)
{
    return str_eq(phase, "Failed") && ref_int(session->ledger, "spec.tasks.quorum", 1) > 1 &&
           has_ended(sim, session->uid, index, "Succeeded");
}

static void check_list(struct sim *sim, const struct row *row, const struct node *before,
                       const struct node *now, const char *path, const char *phase)
{
    const struct ref_object *session = reference_find(sim->reference, "HarvestSession", row->name);
    struct marks old = marks_of(ref_text(before, path)), new = marks_of(ref_text(now, path));

    for (int64_t i = 0; i < TASKS_MAX && !sim->has_failed; i++) {
        if (old.of[i] && !new.of[i]) {
            sim_fail(sim, "tasks", "%s: task %" PRId64 " was %s, and is not any more", row->name, i,
                     phase);
        } else if (!old.of[i] && new.of[i] && !has_ended(sim, row->uid, i, phase) &&
                   !is_missed(sim, session, i, phase)) {
            sim_fail(sim, "tasks", "%s: task %" PRId64 " is %s, and no run of it ended so",
                     row->name, i, phase);
        }
    }
}

static void check_record(struct sim *sim, const struct row *row, const struct node *body,
                         const struct ref_object *session)
{
    const struct node *status =
        node_find(body, "status") != NULL ? node_find(body, "status") : body;
    struct marks completed = marks_of(ref_text(status, "tasks.completedIndexes"));
    struct marks failed = marks_of(ref_text(status, "tasks.failedIndexes"));
    struct marks was = marks_of(ref_text(session->status, "tasks.completedIndexes"));
    int64_t count = ref_int(session->ledger, "spec.tasks.count", 0), succeeded = 0;

    if (node_find(status, "tasks") == NULL) {
        return; /* it has none any more */
    }
    check_quorum(sim, row, status, session);
    check_list(sim, row, session->status, status, "tasks.completedIndexes", "Succeeded");
    check_list(sim, row, session->status, status, "tasks.failedIndexes", "Failed");
    for (int64_t i = 0; i < TASKS_MAX && !sim->has_failed; i++) {
        if (completed.of[i] && (result_of(session->status, i) != NULL || !was.of[i])) {
            check_outputs(sim, row, session->status, status, i);
        }
        succeeded += completed.of[i] && i < count;
        if (completed.of[i] && failed.of[i]) {
            sim_fail(sim, "tasks", "%s: task %" PRId64 " has both failed and succeeded", row->name,
                     i);
        }
    }
    if (ref_int(status, "succeeded", 0) != succeeded) {
        sim_fail(sim, "tasks", "%s: %" PRId64 " are told to have succeeded, and %" PRId64 " have",
                 row->name, ref_int(status, "succeeded", 0), succeeded);
    }
}

struct others {
    int64_t count;    /* tasks that go on and have an assignment in force, beside this one */
    int64_t failures; /* of this one so far, as its assignments say */
    bool has_copy;    /* this one moves */
};

static struct others others_of(const struct sim *sim, const struct ref_object *session,
                               int64_t index)
{
    struct marks completed = marks_of(ref_text(session->status, "tasks.completedIndexes"));
    struct marks failed = marks_of(ref_text(session->status, "tasks.failedIndexes"));
    struct marks seen = {.count = 0};
    struct others others = {.count = 0};

    map_each (&sim->reference->objects, it) {
        const struct ref_object *copy = it->value;
        int64_t other;

        if (copy->kind != &assignment_kind ||
            !str_eq(ref_text(copy->ledger, "spec.sessionUid"), session->uid)) {
            continue;
        }
        other = index_of(ref_text(copy->ledger, "spec.slot"));
        if (other == index) {
            others.has_copy = true;
            if (failures_before(copy->ledger) > others.failures) {
                others.failures = failures_before(copy->ledger);
            }
        } else if (other >= 0 && !is_going(copy) && !completed.of[other] && !failed.of[other]) {
            others.count += seen.of[other] == 0;
            seen.of[other] = 1;
        }
    }
    return others;
}

static void check_begun(struct sim *sim, const struct row *row, const struct node *body,
                        const struct ref_object *session)
{
    int64_t index = index_of(ref_text(body, "spec.slot"));
    struct marks completed = marks_of(ref_text(session->status, "tasks.completedIndexes"));
    struct marks failed = marks_of(ref_text(session->status, "tasks.failedIndexes"));
    int64_t most = ref_int(session->ledger, "spec.tasks.parallelism", 10);
    int64_t retries = ref_int(session->ledger, "spec.tasks.retries", 3);
    struct others others = others_of(sim, session, index);

    if (index < 0 || completed.of[index] || failed.of[index]) {
        sim_fail(sim, "tasks", "%s begins, and its task has ended", row->name);
    } else if (others.count + 1 > most && !others.has_copy) {
        sim_fail(sim, "tasks",
                 "%s begins beside %" PRId64 " others, and %" PRId64 " may be under way", row->name,
                 others.count, most);
    } else if (failures_before(body) > retries && failures_before(body) > others.failures) {
        sim_fail(sim, "tasks",
                 "%s begins after %" PRId64 " failures, and %" PRId64 " retries are to be",
                 row->name, failures_before(body), retries);
    }
}

static void check_gone(struct sim *sim, const struct row *row, const struct ref_object *copy,
                       const struct ref_object *session)
{
    int64_t index = index_of(ref_text(copy->ledger, "spec.slot"));
    struct marks completed = marks_of(ref_text(session->status, "tasks.completedIndexes"));
    bool is_done = str_eq(ref_text(copy->status, "phase"), "Succeeded") &&
                   ref_int(copy->status, "observedGeneration", -1) == copy->generation &&
                   ref_is_task(sim->reference, ref_text(copy->ledger, "spec.template"));

    if (is_done && str_eq(row->who, "reconciler") && !is_going(session) && index >= 0 &&
        index < ref_int(session->ledger, "spec.tasks.count", 0) && !completed.of[index] &&
        !marks_of(ref_text(session->status, "tasks.failedIndexes")).of[index] &&
        !check_quorum_knows(copy, session)) {
        sim_fail(sim, "tasks", "%s goes, and nobody wrote down that its task succeeded", row->name);
    }
}

void check_tasks(struct sim *sim, const struct row *row, const struct node *body)
{
    const struct reference *reference = sim->reference;
    const struct ref_object *session, *copy;

    if (row->kind == &harvest_session_kind) {
        session = reference_find(reference, "HarvestSession", row->name);
        if (row->log == ROW_STATUS && body != NULL && session != NULL &&
            str_eq(row->who, "reconciler")) {
            check_record(sim, row, body, session);
        }
        return;
    }
    if (row->kind != &assignment_kind || row->log != ROW_LEDGER) {
        return;
    }
    copy = reference_find(reference, "Assignment", row->name);
    session = reference_find(reference, "HarvestSession",
                             ref_text(body != NULL   ? body
                                      : copy == NULL ? NULL
                                                     : copy->ledger,
                                      "spec.session"));
    if (session == NULL || node_find_path(session->ledger, "spec.tasks") == NULL) {
        return;
    }
    if (row->verb == ROW_CREATE) {
        check_begun(sim, row, body, session);
    } else if (body == NULL && copy != NULL &&
               str_eq(ref_text(copy->ledger, "spec.sessionUid"), session->uid)) {
        check_gone(sim, row, copy, session);
    }
}
