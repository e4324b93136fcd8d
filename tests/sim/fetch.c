#include "tests/sim/fetch.h"

#include "schema/base/digest.h"
#include "schema/base/str.h"
#include "schema/limits.h"
#include "tests/sim/blobs.h"
#include "tests/sim/faults.h"
#include "tests/sim/machine.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

enum {
    FETCH_MS = 50,
    FETCH_SLOW_MS = 6000,
    FETCH_SLOW_PER_MILLE = 200,
    FETCH_FAILS_PER_MILLE = 200,
    UPLOAD_MAX_MS = 300,
    PRUNED_PER_MILLE = 300, /* of the cache's blobs, each time they would serve */
};

static struct fetched *find(struct machine *machine, const char *uid, bool is_collecting)
{
    vec_each (&machine->fetches, fetched) {
        if (fetched->is_collecting == is_collecting && str_eq(fetched->uid, uid)) {
            return fetched;
        }
    }
    return NULL;
}

static void forget(struct fetched *fetched)
{
    vec_each (&fetched->texts, it) {
        free(*it);
    }
    vec_fini(&fetched->texts);
    free(fetched->uid);
}

static void drop(struct machine *machine, struct fetched *fetched)
{
    forget(fetched);
    *fetched = vec_pop(&machine->fetches);
}

void fetches_init(struct fetches *fetches)
{
    map_init(&fetches->cache);
}

void fetches_clear(struct fetches *fetches)
{
    vec_each (fetches, fetched) {
        forget(fetched);
    }
    vec_clear(fetches);
}

void fetches_fini(struct fetches *fetches)
{
    fetches_clear(fetches);
    vec_fini(fetches);
    map_fini(&fetches->cache);
}

static struct fetched *find_serial(struct machine *machine, uint64_t serial)
{
    vec_each (&machine->fetches, fetched) {
        if (fetched->serial == serial) {
            return fetched;
        }
    }
    return NULL;
}

/* Its process stands still, and all that it does. */
static bool waits(struct sim *sim, struct machine *machine, happening_fn happen, uint64_t serial)
{
    if (machine->stalled_until_ms <= sim_now(sim)) {
        return false;
    }
    schedule_at(&sim->schedule, machine->stalled_until_ms, happen, machine, serial);
    return true;
}

static int bring(struct machine *machine, const char *digest)
{
    static char is_cached;
    struct map *cache = &machine->fetches.cache;
    int code;

    if (map_find(cache, digest) != NULL && !die_chance(&machine->die, PRUNED_PER_MILLE)) {
        return 0;
    }
    (void)map_remove(cache, digest);
    code = blob_store_hears(machine->sim, machine) ? blob_store_get(machine->sim, digest)
                                                   : ERR_UNAVAILABLE;
    if (code == 0) {
        (void)map_put(cache, digest, &is_cached);
    }
    return code;
}

static int bring_all(struct machine *machine, const struct fetched *fetched)
{
    int code = fetched->fails ? ERR_UNAVAILABLE : 0;

    for (size_t i = 0; i < fetched->texts.count && code == 0; i++) {
        code = bring(machine, fetched->texts.items[i]);
    }
    return code;
}

/* What the agent makes of it may end the process, and with it all fetches. */
static void on_due(struct sim *sim, void *who, uint64_t serial)
{
    struct machine *machine = who;
    struct fetched *fetched = find_serial(machine, serial);
    struct agt_event event = {.type = AGT_FETCHING};
    char uid[UID_BYTES_MAX + 1];

    if (fetched == NULL || waits(sim, machine, on_due, serial)) {
        return;
    }
    (void)snprintf(uid, sizeof(uid), "%s", fetched->uid);
    event.uid = uid;
    event.run = fetched->number;
    event.progress.done_bytes = 1;
    event.progress.total_bytes = 2;
    machine_said(machine, &event);
    fetched = find_serial(machine, serial);
    if (fetched == NULL) {
        return;
    }
    event.type = AGT_FETCHED;
    event.fetched.code = bring_all(machine, fetched);
    event.fetched.message = event.fetched.code == 0               ? NULL
                            : event.fetched.code == ERR_NOT_FOUND ? "not stored"
                                                                  : "cut off";
    fetched->is_ready = event.fetched.code == 0;
    machine_said(machine, &event);
}

/* All machines but two compute the same of a task: one is always wrong in the same way, and one
 * makes something else at each run. */
static void make(const struct machine *machine, const struct shim *shim, int64_t run,
                 char text[static DIGEST_TEXT_SIZE])
{
    char made[2 * NAME_BYTES_MAX];
    struct digest digest;
    int length = snprintf(made, sizeof(made), "%s %s", shim->session, shim->slot);

    if (str_ends(machine->name, "2")) {
        length += snprintf(made + length, sizeof(made) - (size_t)length, " wrong");
    } else if (str_ends(machine->name, "3")) {
        length += snprintf(made + length, sizeof(made) - (size_t)length, " run %" PRId64, run);
    }
    digest_of(made, (size_t)length, &digest);
    digest_to_str(&digest, text);
}

static void tell_collected(struct machine *machine, struct fetched *fetched, int code,
                           const char *digest)
{
    struct output_status made[ARTIFACTS_MAX];
    outputs_t outputs = {.items = made};
    struct agt_event event = {.type = AGT_COLLECTED};
    struct fetched told = *fetched;

    for (size_t i = 0; i < told.texts.count; i++) {
        assert(outputs.count < ARTIFACTS_MAX);
        made[outputs.count++] =
            (struct output_status){.path = told.texts.items[i], .digest = digest, .size = 1};
    }
    event.uid = told.uid;
    event.run = told.number;
    event.collected.outputs = &outputs;
    event.collected.code = code;
    event.collected.message = code == 0 ? NULL : "cut off";
    *fetched = vec_pop(&machine->fetches);
    machine_said(machine, &event);
    forget(&told);
}

static void on_uploaded(struct sim *sim, void *who, uint64_t serial);

/* Stores it, or begins to. */
static int store(struct machine *machine, struct fetched *fetched, const char *digest)
{
    struct sim *sim = machine->sim;
    int code;

    if (fetched->fails || !blob_store_hears(sim, machine)) {
        return ERR_UNAVAILABLE;
    }
    code = blob_store_begin(sim, digest, &fetched->upload);
    if (code == 0 && fetched->upload != 0) {
        schedule_after(&sim->schedule, die_between(&machine->die, 1, UPLOAD_MAX_MS), on_uploaded,
                       machine, fetched->serial);
    }
    return code;
}

/* What there is to be stored is in the run's folder, while that is there. */
static void on_collect_due(struct sim *sim, void *who, uint64_t serial)
{
    struct machine *machine = who;
    struct fetched *fetched = find_serial(machine, serial);
    char digest[DIGEST_TEXT_SIZE] = "";
    struct shim *shim;
    int code = ERR_NOT_FOUND;

    if (fetched == NULL || waits(sim, machine, on_collect_due, serial)) {
        return;
    }
    shim = shim_over(machine, fetched->uid, fetched->number);
    if (shim != NULL) {
        make(machine, shim, fetched->number, digest);
        code = store(machine, fetched, digest);
    }
    if (fetched->upload != 0) {
        return;
    }
    if (code == 0) {
        shim->is_collected = true;
    }
    tell_collected(machine, fetched, code, digest);
}

/* The last byte may have come, and the answer not. */
static void on_uploaded(struct sim *sim, void *who, uint64_t serial)
{
    struct machine *machine = who;
    struct fetched *fetched = find_serial(machine, serial);
    char digest[DIGEST_TEXT_SIZE];
    struct shim *shim;
    bool hears;
    int code = ERR_UNAVAILABLE;

    if (fetched == NULL || waits(sim, machine, on_uploaded, serial)) {
        return;
    }
    shim = shim_over(machine, fetched->uid, fetched->number);
    if (shim == NULL) {
        tell_collected(machine, fetched, ERR_NOT_FOUND, "");
        return;
    }
    make(machine, shim, fetched->number, digest);
    hears = blob_store_hears(sim, machine);
    if (hears || die_chance(&machine->die, 500)) {
        code = blob_store_publish(sim, digest, fetched->upload);
    }
    if (hears && code == 0) {
        shim->is_collected = true;
    }
    tell_collected(machine, fetched, hears ? code : ERR_UNAVAILABLE, digest);
}

static void begin(struct machine *machine, const struct agt_effect *effect, bool is_collecting)
{
    struct sim *sim = machine->sim;
    const struct workload *workload = &effect->fetch.template->workload;
    struct fetched *earlier = find(machine, effect->uid, is_collecting);
    struct fetched fetched = {
        .number = effect->run, .serial = ++machine->fetches.serial, .is_collecting = is_collecting};
    bool is_slow = faults_strike(sim, FAULT_FETCH_SLOW, FETCH_SLOW_PER_MILLE);

    if (earlier != NULL) {
        drop(machine, earlier);
    }
    fetched.uid = mem_strdup(effect->uid);
    for (size_t i = 0; i < workload->artifacts.count && !is_collecting; i++) {
        vec_add(&fetched.texts, mem_strdup(workload->artifacts.items[i].digest));
    }
    for (size_t i = 0; i < workload->outputs.count && is_collecting; i++) {
        vec_add(&fetched.texts, mem_strdup(workload->outputs.items[i].path));
    }
    fetched.fails = faults_strike(sim, FAULT_FETCH_FAILS, FETCH_FAILS_PER_MILLE);
    vec_add(&machine->fetches, fetched);
    sim_trace(sim, "%s %s %" PRId64 " of %s", machine->name,
              is_collecting ? "stores outputs of run" : "fetches artifacts", effect->run,
              effect->uid);
    schedule_after(&sim->schedule,
                   die_between(&machine->die, 1, is_slow ? FETCH_SLOW_MS : FETCH_MS),
                   is_collecting ? on_collect_due : on_due, machine, fetched.serial);
}

void fetch_begin(struct machine *machine, const struct agt_effect *effect)
{
    begin(machine, effect, false);
}

void collect_begin(struct machine *machine, const struct agt_effect *effect)
{
    begin(machine, effect, true);
}

void collect_stop(struct machine *machine, const struct agt_effect *effect)
{
    struct fetched *fetched = find(machine, effect->uid, true);

    if (fetched != NULL) {
        drop(machine, fetched);
    }
}

void fetch_stop(struct machine *machine, const struct agt_effect *effect)
{
    struct fetched *fetched = find(machine, effect->uid, false);

    if (fetched != NULL) {
        drop(machine, fetched);
    }
}

void fetch_spawn(struct machine *machine, const struct agt_spawn *spawn)
{
    struct fetched *fetched = find(machine, spawn->uid, false);
    bool needs = spawn->template->workload.artifacts.count > 0;

    if (needs && (fetched == NULL || !fetched->is_ready)) {
        sim_fail(machine->sim, "fetched-first", "%s spawns run %" PRId64 " of %s without artifacts",
                 machine->name, spawn->run, spawn->uid);
    }
    if (fetched != NULL) {
        drop(machine, fetched);
    }
}
