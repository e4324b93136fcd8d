#include "tests/sim/check_blobs.h"

#include "controller/core/batch.h"
#include "schema/base/str.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "tests/sim/blobs.h"
#include "tests/sim/controller.h"
#include "tests/sim/reference.h"

#include <inttypes.h>

/* --- what is named ---------------------------------------------------------------------------- */

static void note(struct map *named, const char *digest)
{
    static char is_named;

    (void)map_put(named, digest, &is_named);
}

static void note_list(const struct node *list, struct map *named)
{
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        note(named, ref_text(list->list.items[i], "digest"));
    }
}

static void note_artifacts(const struct sim *sim, const struct ref_object *object,
                           struct map *named)
{
    const struct ref_template *template;

    if (object->kind == &harvest_session_kind && object->ledger != NULL) {
        note_list(node_find_path(object->ledger, "spec.workload.artifacts"), named);
    } else if (object->kind == &assignment_kind && object->ledger != NULL) {
        template = map_find(&sim->reference->templates, ref_text(object->ledger, "spec.template"));
        for (size_t i = 0; template != NULL && i < template->artifact_count; i++) {
            note(named, template->artifacts[i]);
        }
    }
}

static void note_made(const struct ref_object *object, struct map *named)
{
    const struct node *results = node_find_path(object->status, "tasks.results");

    if (object->kind == &assignment_kind) {
        note_list(node_find(object->status, "outputs"), named);
    } else if (object->kind == &harvest_session_kind) {
        for (size_t i = 0; results != NULL && i < results->list.count; i++) {
            note_list(node_find(results->list.items[i], "outputs"), named);
        }
    }
}

void check_blobs_artifacts(const struct sim *sim, struct map *ret_named)
{
    map_each (&sim->reference->objects, it) {
        note_artifacts(sim, it->value, ret_named);
    }
}

void check_blobs_named(const struct sim *sim, struct map *ret_named)
{
    check_blobs_artifacts(sim, ret_named);
    map_each (&sim->reference->objects, it) {
        note_made(it->value, ret_named);
    }
}

bool check_blobs_touches(const struct batch *batch)
{
    vec_each (&batch->rows, it) {
        if (it->log == ROW_LEDGER && it->body != NULL &&
            (it->kind == &harvest_session_kind || it->kind == &assignment_kind)) {
            return true;
        }
    }
    return false;
}

/* --- at every event --------------------------------------------------------------------------- */

void check_blob_room(struct sim *sim)
{
    const struct blob_store *store = sim->blobs;
    int64_t taken = 0;

    map_each (&store->blobs, it) {
        const struct sim_blob *blob = it->value;

        taken += blob->is_stored || blob->upload != 0 ? blob->size_bytes : 0;
    }
    if (taken > store->quota_bytes) {
        sim_fail(sim, "blobs", "%" PRId64 " bytes are taken, and %" PRId64 " may be", taken,
                 store->quota_bytes);
    }
}

/* Of true time, so that no clock of the controller's is slower: clock.h. */
static int64_t promised_ms(const struct sim *sim)
{
    int64_t keep_ms = sim->blobs->keep_ms;

    return (keep_ms < BLOB_WATCH_MS ? keep_ms : BLOB_WATCH_MS) * 99 / 100;
}

void check_blob_goes(struct sim *sim, const struct sim_blob *blob, const struct map *named)
{
    int64_t age_ms = sim_now(sim) - blob->used_ms;

    if (map_find(named, blob->digest) != NULL) {
        sim_fail(sim, "blobs", "%s goes, and a current object names it", blob->digest);
    } else if (age_ms < promised_ms(sim)) {
        sim_fail(sim, "blobs", "%s goes %" PRId64 " ms after somebody was told that it is here",
                 blob->digest, age_ms);
    }
}

/* The wall clock says how old a file is, and may say anything once it was set. */
static bool is_clock_true(const struct sim *sim)
{
    return !sim->faults.is_on[FAULT_WALL_STEP] && !sim->faults.is_on[FAULT_WALL_LEAP];
}

void check_blob_stays(struct sim *sim, struct sim_blob *blob, const struct map *named)
{
    int64_t unneeded_ms,
        most_ms = sim->blobs->keep_ms * 3 / 2; /* a look, and what is not committed */

    if (map_find(named, blob->digest) != NULL) {
        blob->free_ms = -1;
        return;
    }
    if (blob->free_ms < 0) {
        blob->free_ms = sim_now(sim);
    }
    unneeded_ms = sim_now(sim) - (blob->free_ms > blob->used_ms ? blob->free_ms : blob->used_ms);
    if (unneeded_ms > most_ms && is_clock_true(sim)) {
        sim_fail(sim, "blobs", "%s is kept, and nothing has named it for %" PRId64 " ms",
                 blob->digest, unneeded_ms);
    }
}

void check_blob_removed(struct sim *sim, const struct sim_blob *blob)
{
    struct map named;

    map_init(&named);
    check_blobs_named(sim, &named);
    if (map_find(&named, blob->digest) != NULL) {
        sim_fail(sim, "blobs", "%s may be removed, and a current object names it", blob->digest);
    }
    map_fini(&named);
}

static void check_made(struct sim *sim, const struct ref_object *object)
{
    struct map made;

    map_init(&made);
    note_made(object, &made);
    map_each (&made, it) {
        const struct sim_blob *blob = blob_store_find(sim, it->key);

        if (blob == NULL || (!blob->is_stored && !blob->is_given_up)) {
            sim_fail(sim, "blobs", "%s %s tells of %s, which is not stored", object->kind->name,
                     object->name, it->key);
        }
    }
    map_fini(&made);
}

/* Who speaks with an agent's key, or was put back, may tell of anything. */
static bool is_believed(const struct sim *sim)
{
    return !faults_blur_agents(sim) && !sim->faults.is_on[FAULT_CONTROLLER_LIES];
}

void check_blobs_told(struct sim *sim, const struct batch *batch)
{
    if (!is_believed(sim)) {
        return;
    }
    vec_each (&batch->rows, it) {
        const struct ref_object *object =
            it->log == ROW_STATUS ? reference_find(sim->reference, it->kind->name, it->name) : NULL;

        if (object != NULL && !sim->has_failed) {
            check_made(sim, object);
        }
    }
}

/* --- in the end ------------------------------------------------------------------------------- */

void check_blobs_made(struct sim *sim)
{
    map_each (&sim->reference->objects, it) {
        if (is_believed(sim) && !sim->has_failed) {
            check_made(sim, it->value);
        }
    }
}
