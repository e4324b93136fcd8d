/* The store as its index is.  Each decision that is more than bookkeeping is the core's. */
#include "tests/sim/blobs.h"

#include "schema/limits.h"
#include "tests/sim/check_blobs.h"
#include "tests/sim/controller.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEEP_MIN_MS = 30000, /* longer than an agent may be silent and still be listened to */
    KEEP_MAX_MS = 60000,
    QUOTA_SMALL_PER_MILLE = 300,
    QUOTA_MIN_BYTES = 100,
    QUOTA_MAX_BYTES = 600,
    SIZE_MAX_BYTES = 64,
    UPLOAD_MAX_MS = 3000, /* nobody goes on with one that is older */
};

struct blob_store *blob_store_new(struct sim *sim)
{
    struct blob_store *store = MEM_NEW(struct blob_store);
    struct die die;

    map_init(&store->blobs);
    tape_die(&sim->tape, &die, "blobs");
    store->keep_ms = KEEP_MAX_MS - (int64_t)die_below(&die, KEEP_MAX_MS - KEEP_MIN_MS + 1);
    store->quota_bytes = BLOB_QUOTA_BYTES;
    if (die_chance(&die, QUOTA_SMALL_PER_MILLE)) {
        store->quota_bytes = die_between(&die, QUOTA_MIN_BYTES, QUOTA_MAX_BYTES);
    }
    return store;
}

void blob_store_free(struct blob_store *store)
{
    map_each (&store->blobs, it) {
        free(it->value);
    }
    map_fini(&store->blobs);
    vec_each (&store->errands, it) {
        free(*it);
    }
    vec_fini(&store->errands);
    free(store);
}

struct sim_blob *blob_store_find(const struct sim *sim, const char *digest)
{
    return map_find(&sim->blobs->blobs, digest);
}

/* What is in a blob is not simulated; its length follows from its name. */
static int64_t size_of(const char *digest)
{
    int64_t size = 0;

    for (const char *c = digest; *c != '\0'; c++) {
        size = (size * 31 + *c) % SIZE_MAX_BYTES;
    }
    return 1 + size;
}

static struct sim_blob *heard_of(struct sim *sim, const char *digest)
{
    struct sim_blob *blob = blob_store_find(sim, digest);

    if (blob == NULL) {
        blob = MEM_NEW(struct sim_blob);
        (void)snprintf(blob->digest, sizeof(blob->digest), "%s", digest);
        blob->size_bytes = size_of(digest);
        (void)map_put(&sim->blobs->blobs, blob->digest, blob);
    }
    return blob;
}

/* --- what is stored --------------------------------------------------------------------------- */

static void drop_upload(struct blob_store *store, struct sim_blob *blob)
{
    if (blob->upload != 0) {
        store->reserved_bytes -= blob->size_bytes;
        blob->upload = 0;
    }
}

static void use(struct sim *sim, struct sim_blob *blob)
{
    blob->used_ms = sim_now(sim);
    (void)blob_use(&blob->facts, controller_wall(sim), controller_mono(sim), sim->blobs->keep_ms);
}

static void add(struct sim *sim, struct sim_blob *blob)
{
    struct blob_store *store = sim->blobs;

    drop_upload(store, blob);
    blob->is_stored = true;
    blob->is_given_up = false;
    blob->used_ms = sim_now(sim);
    blob->free_ms = -1;
    blob->facts = (struct blob_facts){.used = controller_wall(sim), .unneeded_since = MONO_NEVER};
    store->stored_bytes += blob->size_bytes;
    sim_trace(sim, "blob %.24s is stored, %" PRId64 " of %" PRId64 " bytes are taken", blob->digest,
              store->stored_bytes + store->reserved_bytes, store->quota_bytes);
    check_blob_room(sim);
}

static void take_away(struct sim *sim, struct sim_blob *blob)
{
    blob->is_stored = false;
    sim->blobs->stored_bytes -= blob->size_bytes;
}

/* Lets go of what nobody goes on with. */
static bool make_room(struct sim *sim, int64_t size_bytes)
{
    struct blob_store *store = sim->blobs;

    map_each (&store->blobs, it) {
        struct sim_blob *blob = it->value;

        if (blob_fits(store->stored_bytes + store->reserved_bytes, size_bytes,
                      store->quota_bytes)) {
            return true;
        }
        if (sim_now(sim) - blob->begun_ms > UPLOAD_MAX_MS) {
            drop_upload(store, blob);
        }
    }
    return blob_fits(store->stored_bytes + store->reserved_bytes, size_bytes, store->quota_bytes);
}

/* --- requests --------------------------------------------------------------------------------- */

bool blob_store_hears(const struct sim *sim, const struct machine *machine)
{
    const struct path *path = &sim->network->paths[machine->index];

    return sim->controller->is_up && sim->controller->stalled_until_ms <= sim_now(sim) &&
           machine->conn != NULL && !machine->conn->is_cut && !path->up_is_blocked &&
           !path->down_is_blocked;
}

int blob_store_get(struct sim *sim, const char *digest)
{
    struct sim_blob *blob = blob_store_find(sim, digest);

    if (blob == NULL || !blob->is_stored) {
        return ERR_NOT_FOUND;
    }
    use(sim, blob);
    return 0;
}

int blob_store_begin(struct sim *sim, const char *digest, uint64_t *ret_upload)
{
    struct blob_store *store = sim->blobs;
    struct sim_blob *blob = heard_of(sim, digest);

    *ret_upload = 0;
    if (blob->is_stored) {
        use(sim, blob);
        return 0;
    }
    drop_upload(store, blob);
    if (!make_room(sim, blob->size_bytes)) {
        sim_trace(sim, "blob %.24s finds no room", digest);
        return ERR_FULL;
    }
    store->reserved_bytes += blob->size_bytes;
    blob->begun_ms = sim_now(sim);
    blob->upload = *ret_upload = ++store->uploads;
    check_blob_room(sim);
    return 0;
}

int blob_store_publish(struct sim *sim, const char *digest, uint64_t upload)
{
    struct sim_blob *blob = blob_store_find(sim, digest);

    if (blob->upload != upload) {
        return ERR_UNAVAILABLE;
    }
    add(sim, blob);
    return 0;
}

static void note_needed(void *context, const struct blob_reference *reference)
{
    static char needed; /* any address: what counts is that there is one */

    (void)map_put(context, reference->digest, &needed);
}

int blob_store_delete(struct sim *sim, const char *digest)
{
    struct sim_blob *blob = blob_store_find(sim, digest);
    struct map needed;
    bool is_needed;

    if (blob == NULL || !blob->is_stored) {
        return ERR_NOT_FOUND;
    }
    map_init(&needed);
    ctl_each_blob(sim->controller->ctl, note_needed, &needed);
    is_needed = map_find(&needed, digest) != NULL;
    map_fini(&needed);
    if (is_needed) {
        return ERR_REFUSED;
    }
    if (!ctl_blobs_are_settled(sim->controller->ctl)) {
        return ERR_UNAVAILABLE;
    }
    sim_trace(sim, "blob %.24s is removed by hand", digest);
    check_blob_removed(sim, blob);
    take_away(sim, blob);
    blob->is_given_up = true;
    return 0;
}

/* --- looks for what may go -------------------------------------------------------------------- */

static void look_at(struct sim *sim, struct sim_blob *blob, bool is_needed, const struct map *named)
{
    struct wall wall = controller_wall(sim);
    struct mono now = controller_mono(sim);

    (void)blob_look(&blob->facts, is_needed, wall, now, sim->blobs->keep_ms);
    if (blob_is_garbage(&blob->facts, wall, now, sim->blobs->keep_ms)) {
        sim_trace(sim, "blob %.24s goes: nothing refers to it", blob->digest);
        check_blob_goes(sim, blob, named);
        take_away(sim, blob);
    } else {
        check_blob_stays(sim, blob, named);
    }
}

static void look(struct sim *sim)
{
    struct map needed, named;

    map_init(&needed);
    map_init(&named);
    ctl_each_blob(sim->controller->ctl, note_needed, &needed);
    check_blobs_named(sim, &named);
    map_each (&sim->blobs->blobs, it) {
        struct sim_blob *blob = it->value;

        if (blob->is_stored && !sim->has_failed) {
            look_at(sim, blob, map_find(&needed, it->key) != NULL, &named);
        }
    }
    map_fini(&needed);
    map_fini(&named);
}

static int64_t pause_ms(const struct sim *sim)
{
    int64_t quarter_ms = sim->blobs->keep_ms / 4;

    return quarter_ms > BLOB_LOOK_MS ? BLOB_LOOK_MS : quarter_ms;
}

static void on_look(struct sim *sim, void *who, uint64_t process)
{
    if (process != sim->blobs->process) {
        return;
    }
    if (sim->controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, sim->controller->stalled_until_ms, on_look, who, process);
        return;
    }
    look(sim);
    schedule_after(&sim->schedule, pause_ms(sim), on_look, who, process);
}

/* --- the process ------------------------------------------------------------------------------ */

void blob_store_started(struct sim *sim)
{
    schedule_after(&sim->schedule, pause_ms(sim), on_look, NULL, ++sim->blobs->process);
    if (sim->blobs->is_supplied) {
        blob_store_supply(sim);
    }
}

/* The age of a blob is its file's. */
void blob_store_ended(struct sim *sim)
{
    sim->blobs->process++;
    map_each (&sim->blobs->blobs, it) {
        struct sim_blob *blob = it->value;

        drop_upload(sim->blobs, blob);
        blob->facts.is_referenced = false;
        blob->facts.unneeded_since = MONO_NEVER;
        blob->free_ms = -1;
    }
}

void blob_store_restored(struct sim *sim)
{
    map_each (&sim->blobs->blobs, it) {
        struct sim_blob *blob = it->value;

        blob->is_given_up |= !blob->is_stored;
    }
}

static void supply(struct sim *sim, const char *digest)
{
    struct sim_blob *blob = heard_of(sim, digest);

    if (!blob->is_stored) {
        add(sim, blob);
    }
}

void blob_store_supply(struct sim *sim)
{
    struct map named;

    sim->blobs->is_supplied = true;
    sim->blobs->quota_bytes = BLOB_QUOTA_BYTES;
    map_init(&named);
    check_blobs_artifacts(sim, &named);
    map_each (&named, it) {
        supply(sim, it->key);
    }
    map_fini(&named);
}

void blob_store_committed(struct sim *sim, const struct batch *batch)
{
    if (sim->blobs->is_supplied && check_blobs_touches(batch)) {
        blob_store_supply(sim);
    }
    check_blobs_told(sim, batch);
}
