#include "tests/sim/shim.h"

#include "tests/sim/check_effects.h"
#include "tests/sim/check_leases.h"
#include "tests/sim/checks.h"
#include "tests/sim/drift.h"
#include "tests/sim/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    EXEC_MS = 50,
    REACT_MS = 200,
    KILL_MS = 20,
    KILL_LATE_MS = 450, /* within LEASE_MARGIN_MS */
    MEASURE_MS = 1000,  /* as true shims tell */
    USAGE_MS = 20000,   /* once faults are over, and nothing grows */
    GROWS_PER_MILLE = 600,
    GROWS_MAX_MS = 6000,
    MEMORY_USUAL = 1 << 20,
    FLAKY_PER_MILLE = 350,
    UNSTARTABLE_PER_MILLE = 150,
    DEAF_PER_MILLE = 400,
    SLOW_PER_MILLE = 400,
    SHORT_LIVED_PER_MILLE = 200,
    RACE_PER_MILLE = 500,
    SLOW_START_PER_MILLE = 300,
    SLOW_START_MAX_MS = 8000,
    QUITS_PER_MILLE = 200,
    QUITS_MAX_MS = 3000,
};

void shim_free(struct shim *shim)
{
    free(shim->uid);
    free(shim->session);
    free(shim->slot);
    free(shim->command);
    free(shim->version);
    free(shim);
}

static struct shim *find(struct machine *machine, const char *uid, int64_t run)
{
    vec_each (&machine->shims, it) {
        struct shim *shim = *it;

        if (!shim->is_forgotten && shim->run == run && str_eq(shim->uid, uid)) {
            return shim;
        }
    }
    return NULL;
}

/* Also when it was forgotten long ago: no number is used twice. */
static bool was_spawned(const struct machine *machine, const char *uid, int64_t run)
{
    vec_each (&machine->shims, it) {
        if ((*it)->run == run && str_eq((*it)->uid, uid) &&
            !((*it)->was_put_back && (*it)->is_forgotten)) {
            return true;
        }
    }
    return false;
}

static struct die *dice(struct shim *shim)
{
    return &shim->machine->work_die;
}

static struct schedule *schedule(struct shim *shim)
{
    return &shim->machine->sim->schedule;
}

/* --- telling the agent ------------------------------------------------------------------------ */

static void say_started(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {.type = AGT_STARTED, .uid = shim->uid, .run = shim->run};

    if (machine->life != arg || shim->is_lost) {
        return;
    }
    if (machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, say_started, shim, arg);
        return;
    }
    shim->has_said_started = true;
    event.started = shim->exit.started;
    machine_said(machine, &event);
}

static void say_exited(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {
        .type = AGT_EXITED, .uid = shim->uid, .run = shim->run, .exit = &shim->exit};

    if (machine->life != arg || shim->is_lost) {
        return;
    }
    if (machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, say_exited, shim, arg);
        return;
    }
    machine_said(machine, &event);
}

static void say_usage(struct sim *sim, void *who, uint64_t arg);

static void measure_again(struct shim *shim)
{
    bool may_grow = shim->machine->sim->faults.is_active;

    schedule_after(schedule(shim), may_grow ? MEASURE_MS : USAGE_MS, say_usage, shim, 0);
}

static void say_usage(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {.type = AGT_USAGE, .uid = shim->uid, .run = shim->run};

    (void)arg;
    if (shim->is_lost || shim->state == SHIM_ENDED) {
        return;
    }
    measure_again(shim);
    event.memory = shim_memory(shim);
    if (machine->agt != NULL && machine->stalled_until_ms <= sim_now(sim)) {
        event.usage.wall_ms = sim_now(sim) - shim->began_ms;
        event.usage.cpu_ms = event.usage.wall_ms / 10;
        event.usage.memory_peak = 1 << 20;
        shim->told_memory = event.memory;
        machine_said(machine, &event);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end(struct shim *shim)
{
    struct machine *machine = shim->machine;

    if (machine->sim->plan != NULL && shim->exit.cause != EXIT_LOST) {
        enum shim_fate fate = plan_shim(machine, DEED_RECORD);

        if (fate == SHIM_STOPS) {
            return;
        }
        shim->exit.cause = fate == SHIM_DIES ? EXIT_LOST : shim->exit.cause;
    }
    if (shim->has_process) {
        shim->has_process = false;
        shim->exit.usage.wall_ms = sim_now(machine->sim) - shim->began_ms;
        shim->exit.usage.cpu_ms = shim->exit.usage.wall_ms / 10;
    }
    shim->state = SHIM_ENDED;
    shim->ended_at_ms = sim_now(machine->sim);
    shim->ended_life = machine->life;
    shim->exit.ended = machine_wall(machine);
    sim_trace(machine->sim, "%s: run %" PRId64 " of %s/%s (%s) ended, cause %d", machine->name,
              shim->run, shim->session, shim->slot, shim->command, shim->exit.cause);
    schedule_after(schedule(shim), die_between(dice(shim), 0, 10), say_exited, shim, machine->life);
}

static void killed(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;

    (void)sim;
    if (!shim->is_lost && shim->state != SHIM_ENDED && arg == shim->kill) {
        end(shim);
    }
}

/* `when_ms` from now the kernel has taken it away.  Told again: the earlier end counts, as with the
 * true shim. */
static void kill_in(struct shim *shim, int64_t when_ms)
{
    int64_t at_ms = sim_now(shim->machine->sim) + when_ms;

    if (shim->kill == 0 || at_ms < shim->killed_at_ms) {
        shim->killed_at_ms = at_ms;
        schedule_after(schedule(shim), when_ms, killed, shim, ++shim->kill);
    }
}

static void kill_now(struct shim *shim, enum exit_cause cause)
{
    if (shim->state == SHIM_RUNNING) {
        shim->exit.cause = cause;
        shim->exit.code = 137;
    }
    if (shim->state == SHIM_RUNNING || shim->state == SHIM_ENDING) {
        shim->state = SHIM_ENDING;
        kill_in(shim, die_between(dice(shim), 0, shim->is_slow ? KILL_LATE_MS : KILL_MS));
    }
}

static bool does(const struct shim *shim, const char *verb)
{
    return str_starts(shim->command, verb);
}

static void stop(struct shim *shim, enum exit_cause cause, int64_t grace_ms)
{
    int64_t react_ms = die_between(dice(shim), 1, REACT_MS);

    shim->grace_ms = grace_ms;
    if (grace_ms <= 0) {
        kill_now(shim, cause);
        return;
    }
    if (shim->state == SHIM_RUNNING) {
        shim->exit.cause = cause;
        shim->exit.code = 143;
        shim->state = SHIM_ENDING;
    }
    if (shim->state == SHIM_ENDING) {
        bool is_deaf = does(shim, "stubborn") || shim->is_frozen || shim->is_deaf;

        if (shim->is_slow && !is_deaf) {
            react_ms = grace_ms - die_between(dice(shim), 0, 3);
        }
        if (is_deaf || react_ms > grace_ms) {
            react_ms = grace_ms + (shim->is_slow ? die_between(dice(shim), 0, KILL_LATE_MS) : 0);
        }
        kill_in(shim, react_ms);
    }
}

static void ends_by_itself(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;

    (void)arg;
    if (shim->is_lost || shim->state != SHIM_RUNNING) {
        return;
    }
    if (shim->is_frozen) {
        schedule_after(&sim->schedule, 500, ends_by_itself, shim, 0);
        return;
    }
    shim->exit.cause = EXIT_BY_ITSELF;
    shim->exit.code = does(shim, "job") || shim->quits ? 0 : 1;
    end(shim);
}

/* --- its own deadlines ------------------------------------------------------------------------ */

static int64_t lease_end_ms(const struct shim *shim)
{
    return mono_is_never(shim->lease_end) ? INT64_MAX
                                          : clock_true_ms(&shim->machine->clock, shim->lease_end);
}

static int64_t orphaned_at_ms(const struct shim *shim)
{
    return shim->alone_since_ms < 0 || shim->orphan_after_ms == 0
               ? INT64_MAX
               : shim->alone_since_ms + shim->orphan_after_ms;
}

static void look(struct sim *sim, void *who, uint64_t arg);

static void look_again(struct shim *shim)
{
    int64_t at_ms = lease_end_ms(shim);

    if (shim->state == SHIM_RUNNING && orphaned_at_ms(shim) < at_ms) {
        at_ms = orphaned_at_ms(shim);
    }
    if (at_ms < INT64_MAX) {
        schedule_at(schedule(shim), at_ms, look, shim, 0);
    }
}

static void look(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    int64_t now_ms = sim_now(sim);

    (void)arg;
    if (shim->is_lost || (shim->state != SHIM_RUNNING && shim->state != SHIM_ENDING)) {
        return;
    }
    if (lease_end_ms(shim) <= now_ms) {
        kill_now(shim, EXIT_LEASE_ENDED);
    } else if (orphaned_at_ms(shim) <= now_ms && shim->state == SHIM_RUNNING) {
        stop(shim, EXIT_ORPHANED, shim->grace_ms);
    }
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void grow(struct sim *sim, void *who, uint64_t per_mille)
{
    struct shim *shim = who;

    if (shim->state == SHIM_RUNNING && sim->faults.is_active && !shim->is_lost) {
        shim->memory = shim->machine->options.memory / 1000 * (int64_t)per_mille;
        sim_trace(sim, "%s: run %" PRId64 " of %s/%s holds %" PRId64 " bytes", shim->machine->name,
                  shim->run, shim->session, shim->slot, shim->memory);
    }
}

static void draw_manners(struct shim *shim)
{
    struct sim *sim = shim->machine->sim;

    shim->is_deaf = faults_strike(sim, FAULT_WORK_DEAF, DEAF_PER_MILLE);
    shim->is_slow = faults_strike(sim, FAULT_WORK_SLOW_EXIT, SLOW_PER_MILLE);
    if (faults_strike(sim, FAULT_WORK_GROWS, GROWS_PER_MILLE)) {
        schedule_after(schedule(shim), die_between(dice(shim), 0, GROWS_MAX_MS), grow, shim,
                       (uint64_t)die_between(dice(shim), 100, 900));
    }
    if (faults_strike(sim, FAULT_WORK_DIES_AT_ONCE, SHORT_LIVED_PER_MILLE)) {
        schedule_after(schedule(shim), die_between(dice(shim), 0, 30), ends_by_itself, shim, 0);
    }
    if (faults_strike(sim, FAULT_WORK_QUITS, QUITS_PER_MILLE)) {
        shim->quits = true;
        schedule_after(schedule(shim), die_between(dice(shim), 0, QUITS_MAX_MS), ends_by_itself,
                       shim, 0);
    }
}

/* True when it cannot be executed: for good, or, when its shim cannot be made, this time. */
static bool cannot_start(struct shim *shim)
{
    struct sim *sim = shim->machine->sim;

    if (does(shim, "missing") ||
        faults_strike(sim, FAULT_WORK_UNSTARTABLE, UNSTARTABLE_PER_MILLE)) {
        shim->exit.cause = EXIT_NOT_STARTED;
        shim->exit.code = 127;
        (void)snprintf(shim->exit.message, sizeof(shim->exit.message), "no such file");
        return true;
    }
    if (machine_disk_is_full(shim->machine)) {
        shim->exit.cause = EXIT_LOST;
        (void)snprintf(shim->exit.message, sizeof(shim->exit.message), "no space");
        return true;
    }
    return false;
}

bool shim_ends_by_itself(const struct shim *shim)
{
    return does(shim, "job") || does(shim, "fail");
}

static void draw_end(struct shim *shim)
{
    const char *number = strchr(shim->command, ' ');
    int64_t after_ms = number == NULL ? 0 : strtoll(number, NULL, 10);

    if (does(shim, "job") || does(shim, "fail") ||
        (does(shim, "flaky") &&
         faults_strike(shim->machine->sim, FAULT_FLAKY_WORK, FLAKY_PER_MILLE))) {
        schedule_after(schedule(shim), after_ms, ends_by_itself, shim, 0);
    }
}

/* What a plan has in mind for it. */
static bool may_begin(struct shim *shim)
{
    enum shim_fate fate =
        shim->machine->sim->plan == NULL ? SHIM_GOES_ON : plan_shim(shim->machine, DEED_RUN);

    if (fate == SHIM_DIES) {
        shim->exit.cause = EXIT_LOST;
        end(shim);
    }
    return fate == SHIM_GOES_ON;
}

static void execute(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;

    (void)arg;
    if (shim->is_lost) {
        return;
    }
    shim->exit.started = machine_wall(machine);
    shim->began_ms = sim_now(sim);
    if (!may_begin(shim)) {
        return;
    }
    if (lease_end_ms(shim) <= sim_now(sim)) {
        shim->exit.cause = EXIT_LEASE_ENDED;
        end(shim);
        return;
    }
    if (cannot_start(shim)) {
        end(shim);
        return;
    }
    shim->state = SHIM_RUNNING;
    shim->has_process = true;
    sim_trace(sim, "%s: run %" PRId64 " of %s/%s (%s, %s) begins", machine->name, shim->run,
              shim->session, shim->slot, shim->command, shim->version);
    check_overlap(sim, shim);
    schedule_after(&sim->schedule, die_between(dice(shim), 0, 5), say_started, shim, machine->life);
    measure_again(shim);
    draw_end(shim);
    draw_manners(shim);
    look_again(shim);
    shim_watch_again(shim);
    if (shim->kill > 0) { /* told to end before it had begun */
        shim->kill = 0;
        stop(shim, EXIT_STOPPED, shim->grace_ms);
    }
}

static char *join(const struct workload *workload)
{
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < workload->command.count; i++) {
        str_addf(&text, "%s%s", i > 0 ? " " : "", workload->command.items[i]);
    }
    return str_take(&text);
}

static const char *variable(const struct workload *workload, const char *key)
{
    for (size_t i = 0; i < workload->environment.count; i++) {
        if (str_eq(workload->environment.items[i].key, key)) {
            return workload->environment.items[i].value;
        }
    }
    return "";
}

void shim_spawn(struct machine *machine, const struct agt_spawn *spawn)
{
    const struct checkpoint *checkpoint = template_checkpoint(spawn->template);
    struct sim *sim = machine->sim;
    struct shim *shim = MEM_NEW(struct shim);

    check_spawn(machine, spawn);
    drift_check_spawn(machine, spawn);
    machine->spawned++;
    if (was_spawned(machine, spawn->uid, spawn->run)) {
        sim_fail(sim, "spawned-once", "%s spawns run %" PRId64 " of %s a second time",
                 machine->name, spawn->run, spawn->uid);
    }
    shim->watch.thawed_at_ms = INT64_MIN / 2;
    shim->watch.forbade_at_ms = INT64_MIN / 2;
    vec_each (&machine->shims, it) { /* what held the run before holds this one */
        if (str_eq((*it)->uid, spawn->uid)) {
            shim->watch = (*it)->watch;
        }
    }
    shim->watch.forbidden_since_ms = shim->watch.urgent_since_ms = -1;
    shim->machine = machine;
    shim->uid = mem_strdup(spawn->uid);
    shim->session = mem_strdup(spawn->session);
    shim->slot = mem_strdup(spawn->slot);
    shim->command = join(&spawn->template->workload);
    shim->version = mem_strdup(variable(&spawn->template->workload, "VERSION"));
    shim->run = spawn->run;
    shim->has_outputs = spawn->template->workload.outputs.count > 0;
    shim->generation = spawn->generation;
    shim->lease_epoch = spawn->lease_epoch;
    shim->era = machine->seen.era;
    shim->lease_end = spawn->lease_end;
    shim->lease_ms = spawn->template->lease_ms;
    shim->grace_ms = spawn->template->grace_ms;
    shim->orphan_after_ms = spawn->template->orphan_after_ms;
    shim->unwatched_ms = spawn->unwatched_ms;
    shim->spawned_ms = shim->watched_at_ms = sim_now(sim);
    shim->checkpoint_ms = checkpoint == NULL ? 0 : checkpoint->grace_ms;
    shim->cpu_limit = spawn->cpu_limit;
    shim->cores = spawn->template->workload.resources.cores;
    shim->cores += shim->cores == 0;
    shim->memory_percent = spawn->template->limits.memory_percent;
    shim->memory = MEMORY_USUAL;
    shim->reports_drift = spawn->template->drift == DRIFT_REPORT;
    shim->alone_since_ms = -1;
    check_lease_end(shim, lease_end_ms(shim));
    vec_add(&machine->shims, shim);
    sim->tallies.spawns++;
    sim->tallies.spawns_exclusive += shim->lease_ms > 0;
    sim_trace(sim,
              "%s spawns run %" PRId64 " of %s: %s/%s (%s, %s) generation %" PRId64
              " lease epoch %" PRId64,
              machine->name, shim->run, shim->uid, shim->session, shim->slot, shim->command,
              shim->version, shim->generation, shim->lease_epoch);
    schedule_after(&sim->schedule,
                   faults_strike(sim, FAULT_WORK_SLOW_START, SLOW_START_PER_MILLE)
                       ? die_between(dice(shim), EXEC_MS, SLOW_START_MAX_MS)
                       : die_between(dice(shim), 1, EXEC_MS),
                   execute, shim, 0);
}

/* --- what the agent asks for ------------------------------------------------------------------ */

void shim_stop(struct machine *machine, const char *uid, int64_t run, int64_t grace_ms)
{
    struct shim *shim = find(machine, uid, run);

    if (shim == NULL) {
        return;
    }
    check_stop(shim);
    sim_trace(machine->sim, "%s stops run %" PRId64 " of %s/%s, grace %" PRId64 " ms",
              machine->name, run, shim->session, shim->slot, grace_ms);
    if (shim->state == SHIM_RUNNING && !shim->is_frozen &&
        faults_strike(machine->sim, FAULT_WORK_RACES_STOP, RACE_PER_MILLE)) {
        ends_by_itself(machine->sim, shim, 0);
        return;
    }
    if (shim->state == SHIM_STARTING) {
        shim->grace_ms = grace_ms;
        shim->kill = 1;
    } else {
        shim->held_at_ms = sim_now(machine->sim);
        stop(shim, EXIT_STOPPED, grace_ms);
    }
}

void shim_finish(struct shim *shim)
{
    shim->quits = true;
    ends_by_itself(shim->machine->sim, shim, 0);
}

void shim_extend(struct machine *machine, const char *uid, int64_t run, struct mono lease_end)
{
    struct shim *shim = find(machine, uid, run);

    if (shim != NULL) {
        shim->lease_end = lease_end;
        check_lease_end(shim, lease_end_ms(shim));
        look_again(shim);
    }
}

static void freeze(struct shim *shim, bool is_frozen)
{
    if (!shim->is_frozen && is_frozen) {
        shim->held_at_ms = sim_now(shim->machine->sim);
    }
    if (shim->is_frozen && !is_frozen) {
        shim->watch.thawed_at_ms = sim_now(shim->machine->sim);
    }
    shim->is_frozen = is_frozen;
    shim->was_held = shim->was_held || is_frozen;
    shim->freeze_at_ms = 0;
    shim_watch_again(shim);
}

static void freeze_late(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;

    if (shim->is_lost || shim->freeze_at_ms == 0 || shim->freeze_look != arg ||
        shim->state != SHIM_RUNNING) {
        return;
    }
    if (machine_is_asleep(shim->machine)) {
        schedule_at(&sim->schedule, shim->machine->stalled_until_ms, freeze_late, shim, arg);
    } else {
        freeze(shim, true);
    }
}

/* Its workload is told, and frozen when the grace is over, whatever becomes of the agent. */
static void freeze_after(struct shim *shim, const struct checkpoint *checkpoint)
{
    struct sim *sim = shim->machine->sim;

    if (shim->freeze_at_ms > 0) {
        sim_fail(sim, "policy", "%s/%s (%s) is told twice to save its state", shim->session,
                 shim->slot, shim->uid);
    }
    if (shim->state != SHIM_RUNNING || shim->is_frozen || shim->freeze_at_ms > 0) {
        return;
    }
    sim_trace(sim, "%s: run %" PRId64 " of %s/%s is to save its state within %" PRId64 " ms",
              shim->machine->name, shim->run, shim->session, shim->slot, checkpoint->grace_ms);
    sim->tallies.checkpoints++;
    shim->was_held = true;
    shim->freeze_at_ms = sim_now(sim) + checkpoint->grace_ms;
    schedule_after(&sim->schedule, checkpoint->grace_ms, freeze_late, shim, ++shim->freeze_look);
}

void shim_freeze(struct machine *machine, const struct agt_effect *effect)
{
    struct shim *shim = find(machine, effect->uid, effect->run);
    bool is_frozen = effect->type == AGT_SUSPEND;

    if (shim == NULL || (shim->has_lapsed && !is_frozen && shim->heard_lapse < shim->lapse)) {
        return; /* of before it lapsed */
    }
    shim->has_lapsed = false;
    if (is_frozen && effect->checkpoint.grace_ms > 0) {
        freeze_after(shim, &effect->checkpoint);
    } else {
        freeze(shim, is_frozen);
    }
}

void shim_watch(struct machine *machine, const char *uid, int64_t run, int64_t unwatched_ms)
{
    struct shim *shim = find(machine, uid, run);

    if (shim != NULL) {
        shim->unwatched_ms = unwatched_ms;
        shim_watch_again(shim);
    }
}

void shim_limit(struct machine *machine, const char *uid, int64_t run, int64_t cpu_limit)
{
    struct shim *shim = find(machine, uid, run);

    if (shim != NULL) {
        shim->cpu_limit = cpu_limit;
    }
}

void shim_overrun(struct machine *machine, const char *uid, int64_t run, const char *message)
{
    struct shim *shim = find(machine, uid, run);

    if (shim != NULL) {
        shim->overrun = ++machine->overruns;
        shim->overrun_life = machine->life;
        sim_trace(machine->sim, "%s ends run %" PRId64 " of %s/%s: %s", machine->name, run,
                  shim->session, shim->slot, message);
        (void)snprintf(shim->exit.message, sizeof(shim->exit.message), "%s", message);
        kill_now(shim, EXIT_BY_ITSELF);
    }
}

int64_t shim_memory(const struct shim *shim)
{
    return shim->machine->sim->faults.is_active ? shim->memory : MEMORY_USUAL;
}

struct shim *shim_over(struct machine *machine, const char *uid, int64_t run)
{
    struct shim *shim = find(machine, uid, run);

    return shim == NULL || shim->state != SHIM_ENDED || shim->is_forgotten ? NULL : shim;
}

void shim_forget(struct machine *machine, const char *uid, int64_t run)
{
    struct shim *shim = find(machine, uid, run);

    if (shim != NULL && shim->state == SHIM_ENDED) {
        shim->is_forgotten = true;
    }
}

bool shim_describe(const struct shim *shim, struct agt_event *event)
{
    if (shim->is_forgotten) {
        return false;
    }
    event->uid = shim->uid;
    event->run = shim->run;
    event->found.running = shim->state != SHIM_ENDED;
    event->found.exit = event->found.running ? NULL : &shim->exit;
    return true;
}

void shims_alone(struct machine *machine)
{
    vec_each (&machine->shims, it) {
        struct shim *shim = *it;

        if (shim->state != SHIM_ENDED && !shim->is_lost) {
            shim->alone_since_ms = sim_now(machine->sim);
            look_again(shim);
        }
    }
}

void shims_joined(struct machine *machine)
{
    vec_each (&machine->shims, it) {
        struct shim *shim = *it;

        shim->alone_since_ms = -1;
        shim->heard_lapse = 0;
        shim_greet(shim);
        shim_tell_drift(shim);
    }
}

/* What was running leaves a folder without a record, or, when the folder was not safe yet, nothing.
 */
void shims_lost(struct machine *machine)
{
    vec_each (&machine->shims, it) {
        struct shim *shim = *it;

        if (shim->state == SHIM_ENDED || shim->is_lost) {
            continue;
        }
        shim->has_process = false;
        shim->is_lost = true;
        shim->state = SHIM_ENDED;
        shim->exit.cause = EXIT_LOST;
        shim->is_forgotten = die_chance(dice(shim), 300);
    }
}

struct shim *shims_disturb(struct machine *machine, enum fault fault)
{
    struct shim *chosen = NULL;
    uint64_t running = 0;

    vec_each (&machine->shims, it) {
        if ((*it)->state == SHIM_RUNNING && die_below(&machine->sim->dice.faults, ++running) == 0) {
            chosen = *it;
        }
    }
    if (chosen == NULL || fault == FAULT_WORK_CHANGED) {
        return chosen;
    }
    chosen->exit.cause = fault == FAULT_SHIM_KILLED ? EXIT_LOST : EXIT_BY_ITSELF;
    chosen->exit.code = fault == FAULT_WORK_ENDED ? 137 : 139;
    chosen->exit.is_from_outside = fault != FAULT_WORKLOAD_DIES;
    sim_trace(machine->sim, "%s: %s/%s: %s", machine->name, chosen->session, chosen->slot,
              fault_words[fault]);
    end(chosen);
    return chosen;
}

/* --- copies ----------------------------------------------------------------------------------- */

/* Those without a record, or whose folder came too late for the copy, are gone. */
static void copy_folder(const struct shim *shim, struct machine *copy)
{
    struct shim *folder = MEM_NEW(struct shim);

    *folder = *shim;
    folder->machine = copy;
    folder->uid = mem_strdup(shim->uid);
    folder->session = mem_strdup(shim->session);
    folder->slot = mem_strdup(shim->slot);
    folder->command = mem_strdup(shim->command);
    folder->version = mem_strdup(shim->version);
    folder->has_process = false;
    folder->was_put_back = true;
    folder->overrun = 0;
    folder->is_forgotten = shim->is_forgotten || die_chance(&copy->die, 300);
    if (shim->state != SHIM_ENDED) {
        folder->state = SHIM_ENDED;
        folder->is_lost = true;
        folder->ended_at_ms = sim_now(copy->sim);
        folder->exit = (struct agt_exit){.cause = EXIT_LOST};
    }
    vec_add(&copy->shims, folder);
}

void shims_copy(const struct machine *machine, struct machine *copy)
{
    vec_each (&machine->shims, it) {
        copy_folder(*it, copy);
    }
}

void shims_restored(struct machine *machine, size_t count, bool whole_disk)
{
    for (size_t i = 0; i < machine->shims.count; i++) {
        struct shim *shim = machine->shims.items[i];

        shim->was_put_back = true;
        shim->is_forgotten |= whole_disk && i >= count;
    }
}
