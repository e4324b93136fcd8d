/* The course of one seed: chaos, then healing, then silence, then questions. */
#include "tests/sim/sim.h"

#include "tests/sim/alerts.h"
#include "tests/sim/blobs.h"
#include "tests/sim/check_blobs.h"
#include "tests/sim/check_leases.h"
#include "tests/sim/check_periods.h"
#include "tests/sim/check_policy.h"
#include "tests/sim/check_quorum.h"
#include "tests/sim/check_reports.h"
#include "tests/sim/check_reverts.h"
#include "tests/sim/checks.h"
#include "tests/sim/configdir.h"
#include "tests/sim/controller.h"
#include "tests/sim/daring.h"
#include "tests/sim/drift.h"
#include "tests/sim/epilogue.h"
#include "tests/sim/hours.h"
#include "tests/sim/http.h"
#include "tests/sim/judge.h"
#include "tests/sim/keeping.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/operators.h"
#include "tests/sim/plan.h"
#include "tests/sim/reference.h"
#include "tests/sim/restore.h"
#include "tests/sim/rules.h"
#include "tests/sim/sites.h"
#include "tests/sim/twin.h"
#include "tests/sim/watcher.h"
#include "tests/sim/ways.h"
#include "tests/sim/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    JUDGE_MIN_MS = 1000,
    JUDGE_MAX_MS = 8000,
    DONE_MAX_MS = 120000,
    SETTLE_MS = 45000, /* a lease, a grace: what is as good as desired may still be tidied up */
    QUIET_MS = 600000,
    QUIET_SHORT_MS = 30000,
    SETTLE_ROUNDS = 5,
    FINISH_STEP_MS = 500,
    FINISH_STEPS = 20,
    HOURS_AHEAD_MS = 600000, /* windows that open or close meanwhile are waited for */
    LONG_QUIET_IN = 16,      /* one seed in so many is watched for all of QUIET_MS */
    TWIN_IN = 8,             /* one seed in so many is done again without faults */
    WAYS_IN = 16,            /* one seed in so many goes two ways to one fleet */
    WHY_IN = 4,              /* one seed in so many is asked why */
    GREET_MS = 5000,
    EPILOGUE_IN = 3, /* one seed in so many is asked the questions of epilogue.h */
    STORM = 200000,  /* happenings at one moment: something goes round in circles */
};

void sim_fail(struct sim *sim, const char *checker, const char *format, ...)
{
    struct record_tail *tail = sim->record.tail;
    va_list args;
    int used;

    if (sim->has_failed) {
        return;
    }
    sim->has_failed = true;
    used = snprintf(tail->failure, sizeof(tail->failure), "%s: ", checker);
    va_start(args, format);
    (void)vsnprintf(tail->failure + used, sizeof(tail->failure) - (size_t)used, format, args);
    va_end(args);
    sim_trace(sim, "FAILED %s", tail->failure);
}

void sim_pass(struct sim *sim, int64_t ms)
{
    int64_t until_ms = sim_now(sim) + ms, moment_ms = -1;
    struct happening happening;
    unsigned storm = 0;

    while (!sim->has_failed && schedule_next(&sim->schedule, until_ms, &happening)) {
        storm = happening.at_ms == moment_ms ? storm + 1 : 0;
        moment_ms = happening.at_ms;
        if (storm > STORM) {
            sim_fail(sim, "liveness", "time stands still at %" PRId64 " ms", moment_ms);
            return;
        }
        sim->tallies.happenings++;
        happening.happen(sim, happening.who, happening.arg);
    }
}

bool sim_tells(struct sim *sim, const struct die *die)
{
    sim_trace(sim, "happens: %s", die->stream->name);
    return true;
}

static size_t draw_agents(struct sim *sim, const struct sim_options *options)
{
    struct die die;
    struct rand rand;
    uint64_t agents = options->agents;

    if (agents == 0) {
        rand_init_u64(&rand, options->seed);
        agents = (uint64_t)rand_between(&rand, MACHINES_FEWEST, MACHINES_MOST);
    }
    tape_die(&sim->tape, &die, "agents");
    return 1 + (size_t)die_given(&die, agents - 1);
}

void sim_init(struct sim *sim, const struct sim_options *options, struct record_tail *tail)
{
    static const char *const names[] = {"world", "controller", "operators", "faults"};
    struct die *const dice[] = {&sim->dice.world, &sim->dice.controller, &sim->dice.operators,
                                &sim->dice.faults};

    *sim = (struct sim){.seed = options->seed};
    tape_init(&sim->tape, options->seed, options->recorded, options->log);
    schedule_init(&sim->schedule, &sim->tape);
    record_init(&sim->record, tail, options->seed, options->is_traced);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        tape_die(&sim->tape, dice[i], "%s", names[i]);
    }
    sim->seed = die_given(&sim->dice.world, options->seed);
    sim->machine_count = draw_agents(sim, options);
    faults_draw(sim, options->faults);
    if (options->plan != NULL || options->is_calm) {
        sim->plan = options->plan;
        sim->faults.is_active = false;
        memset(sim->faults.is_on, 0, sizeof(sim->faults.is_on));
    }
    sites_begin_world(sim);
    sim->checks = checks_new();
    sim->restores = restores_new();
    sim->leases = leases_new();
    sim->reports = reports_new();
    sim->accounts = accounts_new();
    sim->quorums = quorums_new();
    sim->reverts = reverts_new();
    sim->alerts = alerts_world_new();
    sim->keeping = keeping_new(sim);
    sim->config_folder = config_folder_new();
    sim->blobs = blob_store_new(sim);
    sim->reference = reference_new();
    sim->network = network_new(sim);
    sim->http = http_new();
    (void)controller_new(sim);
    for (size_t i = 0; i < sim->machine_count; i++) {
        sim->machines[i] = machine_new(sim, i);
    }
    sim->operators = operators_new(sim);
    sim->watcher = watcher_new();
    if (options->plan != NULL || options->is_calm) {
        blob_store_supply(sim);
    }
}

void sim_fini(struct sim *sim)
{
    watcher_free(sim->watcher);
    operators_free(sim->operators);
    for (size_t i = 0; i < sim->machine_count; i++) {
        machine_free(sim->machines[i]);
    }
    controller_free(sim->controller);
    http_free(sim->http);
    network_free(sim->network);
    checks_free(sim->checks);
    restores_free(sim->restores);
    leases_free(sim->leases);
    reports_free(sim->reports);
    accounts_free(sim->accounts);
    quorums_free(sim->quorums);
    reverts_free(sim->reverts);
    alerts_world_free(sim->alerts);
    keeping_free(sim->keeping);
    config_folder_free(sim->config_folder);
    blob_store_free(sim->blobs);
    reference_free(sim->reference);
    schedule_fini(&sim->schedule);
    tape_fini(&sim->tape);
}

static void rage(struct sim *sim)
{
    controller_start(sim);
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        machine_start(sim->machines[i]);
    }
    operators_begin(sim);
    watcher_begin(sim);
    faults_begin(sim);
    alerts_begin(sim);
    keeping_begin(sim);
    if (sim->seed % TWIN_IN != 1) { /* what is taken back when follows from what goes wrong */
        daring_begin(sim);
    }
    check_policies(sim);
    sim_pass(sim, sim->faults.chaos_ms);
}

/* What people asked for last has to be known before its coming true can be waited for. */
static void finish_work(struct sim *sim)
{
    operators_end(sim);
    blob_store_supply(sim);
    for (int64_t waited_ms = 0; !operators_are_done(sim) && !sim->has_failed; waited_ms += 500) {
        if (waited_ms > DONE_MAX_MS) {
            sim_fail(sim, "liveness", "an operator gets no answer in %d ms", DONE_MAX_MS);
        }
        sim_pass(sim, 500);
    }
    alerts_end(sim);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Nobody can say how long it may take while the controller does not answer: then asked again. */
static bool is_late(struct sim *sim, int64_t begun_ms, int64_t *bound_ms)
{
    int64_t passed_ms = sim_now(sim) - begun_ms;

    if (passed_ms > *bound_ms && *bound_ms == JUDGE_BLIND_MS) {
        *bound_ms = judge_bound_ms(sim);
    }
    return passed_ms > *bound_ms;
}

static void converge(struct sim *sim)
{
    int64_t begun_ms = sim_now(sim), pause_ms = JUDGE_MIN_MS;
    int64_t bound_ms = judge_bound_ms(sim);
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;

    while (!sim->has_failed && (drift_tend(sim) || !judge_world(sim, &why))) {
        if (is_late(sim, begun_ms, &bound_ms)) {
            judge_show(sim);
            sim_fail(sim, "liveness", "not as desired %" PRId64 " ms after the faults ended: %s",
                     sim_now(sim) - begun_ms, why.data);
            return;
        }
        sim_trace(sim, "not yet: %s", why.data);
        sim_pass(sim, pause_ms);
        pause_ms = pause_ms * 5 / 4 > JUDGE_MAX_MS ? JUDGE_MAX_MS : pause_ms * 5 / 4;
    }
    sim->tallies.converged_after_ms = sim_now(sim) - sim->tallies.chaos_ms;
    sim->tallies.waits = restore_wait_ms(sim) > 0;
    sim->tallies.empty_ms += smaller(sim_now(sim) - begun_ms, restore_wait_ms(sim));
    sim_trace(sim, "as desired after %" PRId64 " ms", sim->tallies.converged_after_ms);
}

/* What was as good as desired may have been tidied up meanwhile, which may take its time too. */
static void rest(struct sim *sim)
{
    int64_t took_ms = sim->tallies.converged_after_ms;

    converge(sim);
    judge_show(sim);
    check_blobs_made(sim);
    drift_check_rest(sim);
    sim->tallies.converged_after_ms = took_ms;
}

/* What policies hold changes with the time of day, and some of it is ended after a while.  False:
 * there was nothing to wait for. */
static bool settle(struct sim *sim, int64_t quiet_ms)
{
    bool has_waited = true, has_ever = false;

    for (int i = 0; has_waited && i < SETTLE_ROUNDS; i++) {
        has_waited = hours_settle(sim, quiet_ms);
        has_waited = judge_await_idle(sim, quiet_ms) || has_waited;
        has_waited = judge_await_evictions(sim) || has_waited;
        has_waited = judge_await_moves(sim) || has_waited;
        has_waited = judge_await_ends(sim) || has_waited;
        has_waited = reverts_await(sim) || has_waited;
        sim_pass(sim, has_waited ? SETTLE_MS : 0);
        has_ever = has_ever || has_waited;
    }
    return has_ever;
}

static void come_to_rest(struct sim *sim, int64_t quiet_ms)
{
    if (!sim->has_failed) {
        converge(sim);
    }
    sim_pass(sim, SETTLE_MS + restore_wait_ms(sim));
    sim->tallies.empty_ms += restore_wait_ms(sim);
    (void)settle(sim, quiet_ms);
    if (!sim->has_failed) {
        rest(sim);
    }
    /* Until then a breaker may have opened for a probe, what is held elsewhere goes there, and what
     * ends by itself may have begun. */
    for (int i = 0; i < SETTLE_ROUNDS && !sim->has_failed && settle(sim, quiet_ms); i++) {
        if (!sim->has_failed) {
            rest(sim);
        }
    }
}

/* A period may just be told, of which the report, the row and the answer would be counted apart. */
static void let_finish(struct sim *sim)
{
    uint64_t frames = sim->network->frames_not_idle - 1;

    for (int i = 0; i < FINISH_STEPS && frames != sim->network->frames_not_idle; i++) {
        frames = sim->network->frames_not_idle;
        sim_pass(sim, FINISH_STEP_MS);
    }
}

/* Once all is as desired, it stays so, and nothing is said but that everybody is there. */
static void listen(struct sim *sim, int64_t quiet_ms)
{
    uint64_t batches, spawns, frames, periods;
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;

    let_finish(sim);
    batches = controller_batches(sim);
    spawns = sim->tallies.spawns;
    frames = sim->network->frames_not_idle;
    periods = accounts_rows(sim);
    sim_pass(sim, quiet_ms);
    let_finish(sim);
    periods = accounts_rows(sim) - periods; /* each is a batch, a report and its answer */
    batches += periods;
    frames += 2 * periods;
    if (sim->has_failed) {
        return;
    }
    if (controller_batches(sim) > batches) {
        sim_fail(sim, "silence", "%" PRIu64 " batches are stored although nothing happens",
                 controller_batches(sim) - batches);
    } else if (sim->tallies.spawns != spawns) {
        sim_fail(sim, "silence", "%" PRIu64 " runs begin although nothing happens",
                 sim->tallies.spawns - spawns);
    } else if (sim->network->frames_not_idle > frames) {
        sim_fail(sim, "silence", "%" PRIu64 " messages beside heartbeats although nothing happens",
                 sim->network->frames_not_idle - frames);
    } else if (!judge_world(sim, &why) && !sim->has_failed) {
        sim_fail(sim, "liveness", "it did not stay as desired: %s", why.data);
    }
}

/* A check that must fail, to see that failures are told. */
static void sing(struct sim *sim, const char *canary)
{
    if (canary[0] == '\0') {
        sim_fail(sim, "canary", "this check always fails");
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (sim->tallies.fired[i] > 0 && str_eq(canary, fault_words[i])) {
            sim_fail(sim, "canary", "%s has struck", canary);
        }
    }
}

static bool is_calm(const struct sim *sim)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (sim->faults.is_on[i]) {
            return false;
        }
    }
    return sim->plan == NULL;
}

static bool is_told(const struct sim *sim)
{
    return !sim->has_failed && sim->plan == NULL && sim->seed % TWIN_IN == 1 &&
           reverts_count(sim) == 0 &&
           !sim->faults.is_on[FAULT_CONFIG_DIR]; /* a folder that says something, too */
}

/* Nothing goes wrong: everybody is there. */
static void greet(struct sim *sim)
{
    controller_start(sim);
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        machine_start(sim->machines[i]);
    }
    sim_pass(sim, GREET_MS);
}

/* The second world; see twin.h.  Its trace follows that of the first. */
static void run_twin(const struct sim_options *options, struct record_tail *tail, uint64_t seed,
                     const struct story *story, struct tallies *tallies)
{
    struct sim_options calm = {.seed = seed,
                               .agents =
                                   options->agents > 0 ? options->agents : story_machines(story),
                               .is_traced = options->is_traced,
                               .is_calm = true};
    struct sim twin;

    sim_init(&twin, &calm, tail);
    sim_trace(&twin, "the same again, without faults: %zu writes", story_writes(story));
    twin_furnish(&twin, story);
    greet(&twin);
    twin_play(&twin, story);
    if (!twin.has_failed) {
        converge(&twin);
    }
    if (!twin.has_failed) {
        twin_compare(&twin, story);
    }
    tallies->twins++;
    sim_fini(&twin);
    sites_end_world();
}

/* See ways.h.  The traces of both worlds follow that of the first. */
static void run_ways(const struct sim_options *options, struct record_tail *tail, uint64_t seed,
                     size_t agents, struct tallies *tallies)
{
    struct sim_options calm = {
        .seed = seed, .agents = agents, .is_traced = options->is_traced, .is_calm = true};
    struct ways *ways = ways_new();

    for (unsigned i = 0; i < 2 && tail->failure[0] == '\0'; i++) {
        struct sim sim;

        sim_init(&sim, &calm, tail);
        sim_trace(&sim, "two ways to one fleet: %s", i == 0 ? "A and B" : "B alone");
        greet(&sim);
        if (i == 0) {
            ways_first(&sim, ways);
        }
        ways_then(&sim, ways);
        hours_settle(&sim, HOURS_AHEAD_MS);
        converge(&sim);
        ways_compare(&sim, ways);
        if (i == 0) {
            ways_back(&sim, ways);
            hours_settle(&sim, HOURS_AHEAD_MS);
            converge(&sim);
        }
        sim_fini(&sim);
        sites_end_world();
    }
    ways_free(ways);
    tallies->ways++;
}

bool sim_run(const struct sim_options *options, struct record_tail *tail, uint64_t *ret_hash,
             struct tallies *ret_tallies)
{
    struct story *story = NULL;
    bool goes_two_ways;
    int64_t quiet_ms;
    struct sim sim;

    sim_init(&sim, options, tail);
    quiet_ms = sim.seed % LONG_QUIET_IN == 0 ? QUIET_MS : QUIET_SHORT_MS;
    goes_two_ways = sim.plan == NULL && sim.seed % WAYS_IN == 5;
    if (sim.plan != NULL) {
        plan_play(&sim);
    } else {
        rage(&sim);
    }
    sim.tallies.chaos_ms = sim_now(&sim);
    faults_end(&sim);
    finish_work(&sim);
    come_to_rest(&sim, quiet_ms);
    if (!sim.has_failed && !judge_is_restless(&sim)) {
        listen(&sim, quiet_ms);
        check_reverts(&sim);
        if (sim.seed % WHY_IN == 2) {
            why_ask(&sim);
        }
    }
    if (!sim.has_failed) {
        config_folder_end(&sim);
    }
    if (!sim.has_failed) {
        check_accounts(&sim);
    }
    if (!sim.has_failed && is_calm(&sim)) {
        check_once(&sim);
    }
    if (is_told(&sim)) {
        story = story_new(&sim);
    }
    if (!sim.has_failed && sim.plan == NULL && sim.seed % EPILOGUE_IN == 2 &&
        rules_change_policy(&sim)) {
        rest(&sim);
    }
    if (!sim.has_failed) {
        rules_ask_current(&sim);
    }
    if (!sim.has_failed && sim.seed % EPILOGUE_IN == 0) {
        epilogue(&sim);
    }
    if (!sim.has_failed) {
        watcher_check(&sim);
        check_store_fully(&sim);
        keeping_check(&sim);
    }
    if (!sim.has_failed && sim.plan != NULL) {
        plan_compare(&sim);
    }
    if (options->canary != NULL) {
        sing(&sim, options->canary);
    }
    *ret_hash = sim.record.hash;
    *ret_tallies = sim.tallies;
    ret_tallies->simulated_ms = sim_now(&sim) - sim.tallies.empty_ms;
    sim_fini(&sim);
    sites_end_world();
    if (story != NULL && tail->failure[0] == '\0') {
        run_twin(options, tail, sim.seed, story, ret_tallies);
    }
    story_free(story);
    if (goes_two_ways && tail->failure[0] == '\0') {
        run_ways(options, tail, sim.seed, sim.machine_count, ret_tallies);
    }
    return tail->failure[0] == '\0';
}
