#include "tests/sim/fetch.h"

#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tests/sim/faults.h"
#include "tests/sim/machine.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

enum {
    WRONG = 1 << 20, /* more than there are tasks and runs */
    ANEW = 1 << 21,
    FETCH_MS = 50,
    FETCH_SLOW_MS = 6000,
    FETCH_SLOW_PER_MILLE = 200,
    FETCH_FAILS_PER_MILLE = 200
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

static void drop(struct machine *machine, struct fetched *fetched)
{
    free(fetched->uid);
    *fetched = vec_pop(&machine->fetches);
}

void fetches_clear(struct fetches *fetches)
{
    vec_each (fetches, fetched) {
        free(fetched->uid);
    }
    vec_clear(fetches);
}

void fetches_fini(struct fetches *fetches)
{
    fetches_clear(fetches);
    vec_fini(fetches);
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
    fetched->is_ready = !fetched->fails;
    event.type = AGT_FETCHED;
    event.fetched.code = fetched->fails ? ERR_UNAVAILABLE : 0;
    event.fetched.message = fetched->fails ? "cut off" : NULL;
    machine_said(machine, &event);
}

/* All machines but two compute the same of a task: one is always wrong in the same way, and one
 * makes something else at each run. */
static uint64_t make(const struct machine *machine, const struct shim *shim, int64_t run)
{
    int64_t index = 0;

    (void)int_from_str(shim == NULL ? "" : shim->slot, &index);
    return (uint64_t)index + (str_ends(machine->name, "2")   ? WRONG
                              : str_ends(machine->name, "3") ? (uint64_t)(ANEW + run)
                                                             : 0);
}

/* What there is to be stored is in the run's folder, while that is there. */
static void on_collect_due(struct sim *sim, void *who, uint64_t serial)
{
    struct machine *machine = who;
    struct fetched *fetched = find_serial(machine, serial);
    char uid[UID_BYTES_MAX + 1], digest[DIGEST_TEXT_SIZE];
    struct output_status output = {.path = "result", .digest = digest, .size = 1};
    const outputs_t outputs = {.items = &output, .count = 1};
    struct agt_event event = {.type = AGT_COLLECTED, .uid = uid};
    struct shim *shim;

    if (fetched == NULL || waits(sim, machine, on_collect_due, serial)) {
        return;
    }
    shim = shim_over(machine, fetched->uid, fetched->number);
    (void)snprintf(uid, sizeof(uid), "%s", fetched->uid);
    (void)snprintf(digest, sizeof(digest), "blake2b:%064" PRIx64,
                   make(machine, shim, fetched->number));
    event.run = fetched->number;
    event.collected.outputs = &outputs;
    event.collected.code = shim == NULL ? ERR_NOT_FOUND : fetched->fails ? ERR_UNAVAILABLE : 0;
    event.collected.message = event.collected.code == 0 ? NULL : "cut off";
    if (event.collected.code == 0) {
        shim->is_collected = true;
    }
    drop(machine, fetched);
    machine_said(machine, &event);
}

static void begin(struct machine *machine, const struct agt_effect *effect, bool is_collecting)
{
    struct sim *sim = machine->sim;
    struct fetched *earlier = find(machine, effect->uid, is_collecting);
    struct fetched fetched = {
        .number = effect->run, .serial = ++machine->fetches.serial, .is_collecting = is_collecting};
    bool is_slow = faults_strike(sim, FAULT_FETCH_SLOW, FETCH_SLOW_PER_MILLE);

    if (earlier != NULL) {
        drop(machine, earlier);
    }
    fetched.uid = mem_strdup(effect->uid);
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
