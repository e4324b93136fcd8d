/* Operators with blobs: what a manifest names is mostly put beside its being sent, so that either
 * may be there first, and now and then is not, or is removed again. */
#include "tests/sim/blobs.h"
#include "tests/sim/controller.h"

#include <string.h>

enum {
    PUT_PER_MILLE = 800,
    DELETE_PER_MILLE = 120,
    EARLY_MAX_MS = 1500,
    DELETE_MAX_MS = 20000,
    AGAIN_MAX_MS = 1500,
    UPLOAD_MAX_MS = 400,
    LOST_PER_MILLE = 100,
    TRIES = 6,
};

static void on_put(struct sim *sim, void *who, uint64_t arg);

static void try_again(struct sim *sim, struct blob_errand *errand)
{
    if (++errand->tries < TRIES) {
        schedule_after(&sim->schedule, die_between(&errand->die, 50, AGAIN_MAX_MS), on_put, errand,
                       0);
    }
}

static bool is_lost(struct sim *sim)
{
    return !sim->controller->is_up || faults_strike(sim, FAULT_LOSSY_HTTP, LOST_PER_MILLE);
}

/* All bytes are there, unless the process that has them is not. */
static void on_uploaded(struct sim *sim, void *who, uint64_t upload)
{
    struct blob_errand *errand = who;

    if (!sim->controller->is_up || blob_store_publish(sim, errand->digest, upload) < 0 ||
        is_lost(sim)) {
        try_again(sim, errand);
    }
}

static void on_put(struct sim *sim, void *who, uint64_t arg)
{
    struct blob_errand *errand = who;
    uint64_t upload = 0;

    (void)arg;
    if (sim->controller->stalled_until_ms > sim_now(sim) || is_lost(sim) ||
        blob_store_begin(sim, errand->digest, &upload) < 0) {
        try_again(sim, errand);
    } else if (upload != 0) {
        schedule_after(&sim->schedule, die_between(&errand->die, 1, UPLOAD_MAX_MS), on_uploaded,
                       errand, upload);
    }
}

static void on_delete(struct sim *sim, void *who, uint64_t arg)
{
    const struct blob_errand *errand = who;

    (void)arg;
    if (sim->faults.is_active && sim->controller->stalled_until_ms <= sim_now(sim) &&
        !is_lost(sim)) {
        (void)blob_store_delete(sim, errand->digest);
    }
}

static void consider(struct sim *sim, const char *digest)
{
    struct blob_errand *errand;
    struct die die;

    if (!sim_happens(sim, &die, "blob")) {
        return;
    }
    errand = MEM_NEW(struct blob_errand);
    vec_add(&sim->blobs->errands, errand);
    (void)snprintf(errand->digest, sizeof(errand->digest), "%s", digest);
    errand->die = die;
    if (die_chance(&errand->die, PUT_PER_MILLE)) {
        schedule_after(&sim->schedule, die_between(&errand->die, 0, EARLY_MAX_MS), on_put, errand,
                       0);
    }
    if (die_chance(&errand->die, DELETE_PER_MILLE)) {
        schedule_after(&sim->schedule, die_between(&errand->die, 0, DELETE_MAX_MS), on_delete,
                       errand, 0);
    }
}

void blob_people_see(struct sim *sim, const struct str *body)
{
    const char *at = body->length == 0 ? NULL : strstr(body->data, "blake2b:");
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];

    for (; at != NULL; at = strstr(at + 1, "blake2b:")) {
        (void)snprintf(text, sizeof(text), "%s", at);
        if (digest_from_str(text, &digest)) {
            consider(sim, text);
        }
    }
}
