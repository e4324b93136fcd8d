/* What was good is read from the counts of the status, not from what the controller says of it. */
#include "tests/sim/check_reverts.h"

#include "schema/base/parse.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/session_form.h"
#include "tests/sim/controller.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>

#define WHO "fog-controller"

enum { AWAIT_MAX_MS = 60000, STEP_MS = 1000, HISTORY_MAX = 10000 };

struct told {                /* of a session; zeros: not seen */
    int64_t begun, begun_ms; /* its generation, and since when in virtual time */
    int64_t well;            /* the newest generation that needed to be well once, and was */
    int64_t reverted;        /* the newest generation that the controller made */
};

struct reverts {
    struct map told; /* uid → struct told, owned */
    size_t count;
};

struct reverts *reverts_new(void)
{
    struct reverts *reverts = MEM_NEW(struct reverts);

    map_init(&reverts->told);
    return reverts;
}

static void forget(struct reverts *reverts)
{
    map_each (&reverts->told, it) {
        free(it->value);
    }
    map_fini(&reverts->told);
}

void reverts_free(struct reverts *reverts)
{
    forget(reverts);
    free(reverts);
}

void reverts_restored(struct sim *sim)
{
    forget(sim->reverts);
    map_init(&sim->reverts->told);
}

size_t reverts_count(const struct sim *sim)
{
    return sim->reverts->count;
}

static struct told *told_of(struct sim *sim, const char *uid)
{
    struct told *told = map_find(&sim->reverts->told, uid);

    if (told == NULL) {
        told = MEM_NEW(struct told);
        (void)map_put(&sim->reverts->told, uid, told);
    }
    return told;
}

/* --- what a session says ---------------------------------------------------------------------- */

static int64_t time_at(const struct node *ledger, const char *path)
{
    int64_t ms = 0;

    (void)duration_from_str(ref_text(ledger, path), &ms);
    return ms;
}

static bool has_deadline(const struct node *ledger)
{
    return time_at(ledger, "spec.rollout.progressDeadline") > 0 &&
           node_find_path(ledger, "spec.tasks") == NULL &&
           ref_text(ledger, "metadata.deletionTimestamp")[0] == '\0';
}

static bool reverts(const struct node *ledger)
{
    return has_deadline(ledger) && str_eq(ref_text(ledger, "spec.rollout.onFailure"), "revert") &&
           !ref_flag(ledger, "spec.rollout.pause");
}

/* Of all agents none is there. */
static bool is_nobodys(const struct ref_object *session)
{
    return ref_flag(session->ledger, "spec.everyAgent") &&
           ref_int(session->status, "desired", 0) == 0;
}

static bool is_well(const struct node *status)
{
    int64_t desired = ref_int(status, "desired", 0);

    return ref_int(status, "updated", 0) >= desired && ref_int(status, "ready", 0) >= desired &&
           ref_int(status, "failed", 0) == 0;
}

static bool has_form(const struct node *a, const struct node *b, bool of_form)
{
    const struct node *left = node_find(a, "spec"), *right = node_find(b, "spec");

    for (size_t i = 0; left != NULL && i < left->map.count; i++) {
        const struct node_member *it = &left->map.members[i];

        if (session_form_has(it->key) == of_form &&
            !node_eq(it->value, node_find(right, it->key))) {
            return false;
        }
    }
    return true;
}

static bool is_same_form(const struct node *a, const struct node *b)
{
    return has_form(a, b, true) && has_form(b, a, true);
}

static bool is_same_beside(const struct node *a, const struct node *b)
{
    return has_form(a, b, false) && has_form(b, a, false);
}

/* What a generation was, as the store has it; NULL: it cannot be read, or is gone. */
static const struct node *generation_of(struct sim *sim, struct arena *arena, const char *name,
                                        const char *uid, int64_t generation)
{
    struct read_query query = {.type = READ_HISTORY,
                               .kind = &harvest_session_kind,
                               .name = (char *)name,
                               .upto = UINT64_MAX,
                               .limit = HISTORY_MAX};
    struct read_result *result;
    const struct node *found = NULL;

    if (sim->controller->store == NULL) {
        return NULL;
    }
    query.upto = sim->reference->revision;
    result = store_read(sim->controller->store, &query);
    for (size_t i = 0; result->code == 0 && i < result->changes.count && found == NULL; i++) {
        const struct stored_change *change = &result->changes.items[i];

        if (str_eq(change->uid, uid) && change->generation == generation &&
            change->verb != ROW_DELETE) {
            found = ref_parse(arena, change->body);
        }
    }
    read_result_free(result);
    return found;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Some were given up, and not by one machine of several. */
static bool has_failed(const struct node *status)
{
    int64_t failed = ref_int(status, "failed", 0);

    return failed > 1 || (failed > 0 && failed >= ref_int(status, "desired", 0));
}

static void check_revert(struct sim *sim, const struct row *row, const struct node *now,
                         const struct ref_object *before)
{
    const struct told *told = told_of(sim, row->uid);
    int64_t good = ref_int(before->status, "rollout.goodGeneration", 0);
    int64_t deadline_ms = time_at(before->ledger, "spec.rollout.progressDeadline");
    const char *why = NULL;
    const struct node *then;
    struct arena arena;

    arena_init(&arena);
    then = generation_of(sim, &arena, row->name, row->uid, good);
    if (!reverts(before->ledger)) {
        why = "nobody asked for that";
    } else if (told->reverted == before->generation) {
        why = "that was already taken back";
    } else if (told->well == before->generation) {
        why = "that was good";
    } else if (told->begun == before->generation && !has_failed(before->status) &&
               sim_now(sim) - told->begun_ms < deadline_ms - deadline_ms / 50) {
        why = "its time is not over";
    } else if (good == 0 || good >= before->generation) {
        why = "nothing was good before";
    } else if (then != NULL && !is_same_form(then, now)) {
        why = "it is not of the form that was good last";
    } else if (is_same_form(before->ledger, now) || !is_same_beside(before->ledger, now)) {
        why = "its form is changed, and nothing else";
    }
    if (why != NULL) {
        sim_fail(sim, "reverts",
                 "revision %" PRIu64 ": generation %" PRId64 " of %s is taken back to %" PRId64
                 ": %s",
                 row->revision, before->generation, row->name, good, why);
    }
    arena_fini(&arena);
}

static void note_status(struct sim *sim, const struct row *row, const struct node *body,
                        const struct ref_object *before)
{
    const struct node *status =
        node_find(body, "status") != NULL ? node_find(body, "status") : body;

    if (ref_int(status, "observedGeneration", 0) == before->generation &&
        has_deadline(before->ledger) && is_well(status) && ref_int(status, "desired", 0) > 0 &&
        str_eq(ref_text(before->ledger, "spec.rollout.healthyAfter"), "0s")) {
        told_of(sim, row->uid)->well = before->generation;
    }
}

void check_revert_row(struct sim *sim, const struct row *row, const struct node *body,
                      const struct ref_object *before)
{
    struct told *told;

    if (row->kind != &harvest_session_kind || body == NULL || before == NULL ||
        before->ledger == NULL) {
        return;
    }
    if (row->log == ROW_STATUS) {
        note_status(sim, row, body, before);
        return;
    }
    if (row->generation == before->generation) {
        return;
    }
    told = told_of(sim, row->uid);
    if (str_eq(row->who, WHO)) {
        check_revert(sim, row, body, before);
        told->reverted = row->generation;
        sim->reverts->count++;
    }
    told->begun = row->generation;
    told->begun_ms = sim_now(sim);
}

/* --- at rest ---------------------------------------------------------------------------------- */

static const char *progressing(const struct ref_object *session)
{
    const struct node *conditions = node_find(session->status, "conditions");

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), "Progressing")) {
            return ref_text(conditions->list.items[i], "reason");
        }
    }
    return "";
}

static bool is_open(const struct sim *sim)
{
    map_each (&sim->reference->objects, it) {
        const struct ref_object *object = it->value;

        if (object->kind == &harvest_session_kind && has_deadline(object->ledger) &&
            !is_nobodys(object) &&
            (str_eq(progressing(object), "Progressing") ||
             str_eq(progressing(object), "Reverting") ||
             ref_int(object->status, "rollout.generation", 0) != object->generation)) {
            return true;
        }
    }
    return false;
}

bool reverts_await(struct sim *sim)
{
    bool has_waited = false;

    for (int64_t ms = 0; ms < AWAIT_MAX_MS && is_open(sim) && !sim->has_failed; ms += STEP_MS) {
        has_waited = true;
        sim_pass(sim, STEP_MS);
    }
    return has_waited;
}

/* A form may name a policy that is gone, or not go with what the session is now. */
static bool is_possible(const struct node *then, const struct node *now)
{
    return ref_text(then, "spec.policy")[0] == '\0' &&
           (node_find_path(now, "spec.gang") == NULL ||
            !str_eq(ref_text(then, "spec.workload.restart"), "never"));
}

static const char *wrong_with(struct sim *sim, const struct ref_object *session)
{
    int64_t good = ref_int(session->status, "rollout.goodGeneration", 0);
    bool is_settled =
        ref_int(session->status, "rollout.settledGeneration", 0) == session->generation;
    bool is_late = str_eq(progressing(session), "ProgressDeadlineExceeded") ||
                   str_eq(progressing(session), "RolloutFailed");
    const struct node *then;
    struct arena arena;
    const char *why = NULL;

    if (!has_deadline(session->ledger)) {
        return node_find(session->status, "rollout") == NULL && progressing(session)[0] == '\0'
                   ? NULL
                   : "it has no deadline, and a status of its rollout";
    }
    if (good == session->generation) {
        return is_late ? "it was good, and is late" : NULL;
    }
    if (is_nobodys(session)) {
        return is_late ? "nobody is there to run it, and it is late" : NULL;
    }
    if (ref_flag(session->ledger, "spec.rollout.pause")) {
        return is_late ? "it is paused, and late" : NULL;
    }
    if (!is_late || !reverts(session->ledger) || good == 0) {
        return is_late ? NULL : "it is not good, and not late";
    }
    arena_init(&arena);
    then = generation_of(sim, &arena, session->name, session->uid, good);
    if (!is_settled) {
        why = "it is to be taken back, and is not";
    } else if (then != NULL && !is_same_form(then, session->ledger) &&
               is_possible(then, session->ledger)) {
        why = "it was not taken back to what was good";
    }
    arena_fini(&arena);
    return why;
}

void check_reverts(struct sim *sim)
{
    map_each (&sim->reference->objects, it) {
        const struct ref_object *session = it->value;
        const char *why = NULL;

        if (session->kind == &harvest_session_kind && session->ledger != NULL &&
            ref_text(session->ledger, "metadata.deletionTimestamp")[0] == '\0') {
            why = wrong_with(sim, session);
        }
        if (why != NULL) {
            sim_fail(sim, "reverts", "generation %" PRId64 " of %s: %s", session->generation,
                     session->name, why);
        }
    }
}
