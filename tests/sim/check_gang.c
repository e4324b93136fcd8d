/* All or none, counted from the rows alone. */
#include "tests/sim/check_gang.h"

#include "schema/base/str.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/harvest_session.h"
#include "tests/sim/checks.h"
#include "tests/sim/controller.h"
#include "tests/sim/reference.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

static bool is_member(const struct ref_object *copy, const struct ref_object *session)
{
    return copy != NULL && copy->kind == &assignment_kind &&
           str_eq(ref_text(copy->ledger, "spec.sessionUid"), session->uid);
}

static bool is_in_force(const struct ref_object *copy)
{
    return ref_text(copy->ledger, "metadata.deletionTimestamp")[0] == '\0';
}

static const struct ref_object *begun_by(const struct sim *sim, const struct row *row)
{
    return row->kind == &assignment_kind && row->verb == ROW_CREATE
               ? reference_find(sim->reference, "Assignment", row->name)
               : NULL;
}

static bool is_gang(const struct ref_object *session)
{
    return session != NULL && session->ledger != NULL &&
           node_find_path(session->ledger, "spec.gang") != NULL;
}

static bool is_complete(const struct ref_object *session)
{
    return ref_flag(session->status, "gang.complete");
}

/* Members that are in force, and those of them that run or have ended well. */
static int64_t count_members(const struct sim *sim, const struct ref_object *session,
                             int64_t *ret_running)
{
    int64_t count = 0;

    *ret_running = 0;
    map_each (&sim->reference->objects, it) {
        const struct ref_object *copy = it->value;

        if (is_member(copy, session) && is_in_force(copy)) {
            const char *phase = ref_text(copy->status, "phase");

            count++;
            *ret_running += str_eq(phase, "Running") || str_eq(phase, "Succeeded");
        }
    }
    return count;
}

static void check_whole(struct sim *sim, const struct batch *batch,
                        const struct ref_object *session)
{
    int64_t wanted = ref_int(session->ledger, "spec.replicas", 1), begun = 0, running = 0;
    int64_t in_force = count_members(sim, session, &running);

    for (size_t i = 0; i < batch->rows.count; i++) {
        begun += is_member(begun_by(sim, &batch->rows.items[i]), session);
    }
    if (begun != wanted || in_force != wanted) {
        sim_fail(sim, "gang",
                 "%" PRId64 " of %" PRId64 " replicas of %s begin, and then %" PRId64
                 " are in force: a gang begins as a whole",
                 begun, wanted, ref_text(session->ledger, "metadata.name"), in_force);
    }
}

static void check_bursts(struct sim *sim, const struct ref_object *begun)
{
    size_t bursts = 0;

    map_each (&sim->reference->objects, it) {
        const struct ref_object *session = it->value;
        int64_t running;

        bursts += session->kind == &harvest_session_kind && is_gang(session) &&
                  is_in_force(session) && !is_complete(session) &&
                  count_members(sim, session, &running) > 0;
    }
    if (bursts > sim->controller->bursts_max) {
        sim_fail(sim, "gang", "with %s %zu gangs are placed and not complete, at most %zu may be",
                 ref_text(begun->ledger, "metadata.name"), bursts, sim->controller->bursts_max);
    }
}

void check_gang_row(struct sim *sim, const struct row *row, const struct node *body)
{
    const struct node *status =
        node_find(body, "status") == NULL ? body : node_find(body, "status");
    const struct ref_object *before =
        row->kind == &harvest_session_kind && row->log == ROW_STATUS
            ? reference_find(sim->reference, "HarvestSession", row->name)
            : NULL;
    int64_t running;

    if (before == NULL || !str_eq(row->who, "reconciler") || is_complete(before) ||
        !ref_flag(status, "gang.complete")) {
        return;
    }
    (void)count_members(sim, before, &running);
    if (running < ref_int(status, "desired", 0)) {
        sim_fail(sim, "gang", "%s is called complete, and of %" PRId64 " replicas %" PRId64 " run",
                 row->name, ref_int(status, "desired", 0), running);
    }
}

void check_gangs(struct sim *sim, const struct batch *batch)
{
    for (size_t i = 0; i < batch->rows.count && !sim->has_failed; i++) {
        const struct ref_object *copy = begun_by(sim, &batch->rows.items[i]);
        const struct ref_object *session =
            copy == NULL ? NULL
                         : reference_find(sim->reference, "HarvestSession",
                                          ref_text(copy->ledger, "spec.session"));

        if (session != NULL && is_member(copy, session) && is_gang(session)) {
            check_whole(sim, batch, session);
            check_bursts(sim, session);
        }
    }
}
