#include "tests/sim/faults.h"

#include "schema/limits.h"
#include "tests/sim/clock.h"
#include "tests/sim/configdir.h"
#include "tests/sim/controller.h"
#include "tests/sim/drift.h"
#include "tests/sim/http.h"
#include "tests/sim/liar.h"
#include "tests/sim/machine.h"
#include "tests/sim/restore.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"
#include "tests/sim/upgrade.h"

#include <assert.h>

enum {
    CALM_PER_MILLE = 40,
    MEAN_MIN_MS = 1500,
    MEAN_MAX_MS = 15000,
    CHAOS_MIN_MS = 5000,
    CHAOS_MAX_MS = 35000,
    EFFECTS_MAX = 40,
    FLAPS_MAX = 12,
    DISK_CHANGES_MAX = 40,
    HOUR_MS = 3600000,
    HALF_DAY_MS = 12 * HOUR_MS,
    LONG_PAUSE_MIN_MS = 9500, /* the longest lease that operators ask for, and a margin */
    LONG_PAUSE_MAX_MS = 28000,
    HANG_MIN_MS = 6000, /* the shortest staleSensor that operators ask for, and a margin */
    HANG_MAX_MS = 40000,
    LOST_FOR_GOOD_PER_MILLE = 120,
    HELD_PER_MILLE = 300,
};

#define TEN_YEARS_MS INT64_C(315576000000)

const char *const fault_words[FAULT_COUNT] = {
    [FAULT_CONTROLLER_CRASH] = "controller-crash",
    [FAULT_CONTROLLER_POWER] = "controller-power",
    [FAULT_CONTROLLER_STALL] = "controller-stall",
    [FAULT_CONTROLLER_CRASH_STARTING] = "controller-crash-starting",
    [FAULT_DISK_IO] = "disk-io",
    [FAULT_DISK_SYNC] = "disk-sync",
    [FAULT_DISK_FULL] = "disk-full",
    [FAULT_DISK_ROT] = "disk-rot",
    [FAULT_AGENT_CRASH] = "agent-crash",
    [FAULT_AGENT_CRASH_STARTING] = "agent-crash-starting",
    [FAULT_AGENT_REBOOT] = "agent-reboot",
    [FAULT_AGENT_STALL] = "agent-stall",
    [FAULT_AGENT_HANGS] = "agent-hangs",
    [FAULT_LONG_PAUSE] = "long-pause",
    [FAULT_AGENT_DISK] = "agent-disk",
    [FAULT_AGENT_FULL] = "agent-full",
    [FAULT_AGENT_POWER_IN_SAVE] = "agent-power-in-save",
    [FAULT_AGENT_CLONED] = "agent-cloned",
    [FAULT_AGENT_RESTORED] = "agent-restored",
    [FAULT_AGENT_ROT] = "agent-rot",
    [FAULT_SHIM_KILLED] = "shim-killed",
    [FAULT_WORKLOAD_DIES] = "workload-dies",
    [FAULT_WORK_ENDED] = "work-ended",
    [FAULT_WORK_CHANGED] = "work-changed",
    [FAULT_LINK_CUT] = "link-cut",
    [FAULT_HALF_OPEN] = "half-open",
    [FAULT_ALL_CUT] = "all-cut",
    [FAULT_PARTITION] = "partition",
    [FAULT_ONE_WAY] = "one-way",
    [FAULT_FLAPPING] = "flapping",
    [FAULT_SLOW_READER] = "slow-reader",
    [FAULT_WALL_STEP] = "wall-step",
    [FAULT_WALL_LEAP] = "wall-leap",
    [FAULT_OWNER_PAUSES] = "owner-pauses",
    [FAULT_CONFIGURED] = "configured",
    [FAULT_UNPLUGGED] = "unplugged",
    [FAULT_HEAT] = "heat",
    [FAULT_USER] = "user",
    [FAULT_FOREIGN_CPU] = "foreign-cpu",
    [FAULT_METERED] = "metered",
    [FAULT_SENSORS_HANG] = "sensors-hang",
    [FAULT_SENSOR_UNKNOWN] = "sensor-unknown",
    [FAULT_SENSOR_NONSENSE] = "sensor-nonsense",
    [FAULT_RESTORE] = "restore",
    [FAULT_UPGRADE] = "upgrade",
    [FAULT_CONFIG_DIR] = "config-dir",
    [FAULT_SLOW_NETWORK] = "slow-network",
    [FAULT_DELAYS] = "delays",
    [FAULT_LOSSY_NETWORK] = "lossy-network",
    [FAULT_DUPLICATES] = "duplicates",
    [FAULT_REPLAYS] = "replays",
    [FAULT_REORDER] = "reorder",
    [FAULT_LOSSY_HTTP] = "lossy-http",
    [FAULT_DRIFT] = "drift",
    [FAULT_FLAKY_WORK] = "flaky-work",
    [FAULT_WORK_UNSTARTABLE] = "work-unstartable",
    [FAULT_FETCH_SLOW] = "fetch-slow",
    [FAULT_FETCH_FAILS] = "fetch-fails",
    [FAULT_WORK_SLOW_START] = "work-slow-start",
    [FAULT_WORK_QUITS] = "work-quits",
    [FAULT_WORK_GROWS] = "work-grows",
    [FAULT_WORK_DEAF] = "work-deaf",
    [FAULT_WORK_SLOW_EXIT] = "work-slow-exit",
    [FAULT_WORK_DIES_AT_ONCE] = "work-dies-at-once",
    [FAULT_WORK_RACES_STOP] = "work-races-stop",
    [FAULT_AGENT_LIES] = "agent-lies",
    [FAULT_CONTROLLER_LIES] = "controller-lies",
    [FAULT_BUGGIFY] = "buggify",
};

void faults_draw(struct sim *sim, const bool *forced)
{
    struct die *die = &sim->dice.faults;
    struct die chaos;
    struct faults *faults = &sim->faults;
    static const unsigned shares[] = {60, 200, 400};
    bool is_calm = die_chance(die, forced == NULL ? CALM_PER_MILLE : 0); /* nothing goes wrong */
    unsigned share = shares[die_below(die, 3)];

    faults->is_active = true;
    tape_die(&sim->tape, &chaos, "chaos");
    faults->chaos_ms = die_between(&chaos, CHAOS_MIN_MS, CHAOS_MAX_MS);
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct die *its = &faults->dice[i];
        bool is_on;

        tape_die(&sim->tape, its, "class/%s", fault_words[i]);
        is_on = forced != NULL ? die_given(its, forced[i]) != 0 : die_chance(its, share);
        faults->is_on[i] = is_on && !is_calm;
        if (i < FAULT_EVENT_COUNT) {
            faults->mean_ms[i] = die_between(its, MEAN_MIN_MS, MEAN_MAX_MS);
        }
    }
}

bool faults_blur_agents(const struct sim *sim)
{
    const bool *is_on = sim->faults.is_on;

    return is_on[FAULT_AGENT_LIES] || is_on[FAULT_AGENT_CLONED] || is_on[FAULT_AGENT_RESTORED] ||
           is_on[FAULT_AGENT_ROT];
}

void faults_fired(struct sim *sim, enum fault fault)
{
    sim->tallies.fired[fault]++;
}

bool faults_strike(struct sim *sim, enum fault fault, unsigned per_mille)
{
    bool strikes = sim->faults.is_active && sim->faults.is_on[fault] &&
                   die_chance(&sim->faults.dice[fault], per_mille);

    if (strikes) {
        sim_trace(sim, "strikes: %s", fault_words[fault]);
        faults_fired(sim, fault);
    }
    return strikes;
}

static_assert(CLOCK_PPM_MAX == 1000000 / LEASE_DRIFT_SHARE / 2, "half of it for each clock");

int64_t faults_draw_ppm(struct sim *sim, struct die *die)
{
    bool is_worst = die_chance(die, 500), is_slow = die_chance(die, 500);
    int64_t ppm = is_worst ? CLOCK_PPM_MAX : die_between(die, 0, CLOCK_PPM_MAX);

    if (!sim->faults.is_on[FAULT_DRIFT]) {
        return 0;
    }
    faults_fired(sim, FAULT_DRIFT);
    return is_slow ? -ppm : ppm;
}

bool faults_disk_is_full(const struct sim *sim)
{
    return sim->faults.is_active && sim->faults.full_until_ms > sim_now(sim);
}

/* --- of the controller ------------------------------------------------------------------------ */

static void crash_controller(struct sim *sim, bool with_power)
{
    struct controller *controller = sim->controller;
    struct die *die = &sim->dice.faults;

    if (!controller->is_up) {
        if (with_power && controller->has_power) { /* strikes while it starts */
            disk_cut_at(controller->disk, die_between(die, 1, DISK_CHANGES_MAX));
        }
        return;
    }
    switch (die_below(die, with_power ? 3 : 2)) {
    case 0:
        controller_crash(sim, with_power);
        break;
    case 1:
        controller->crash_in = (unsigned)die_between(die, 1, EFFECTS_MAX);
        controller->loses_power = with_power;
        break;
    case 2:
        disk_cut_at(controller->disk, die_between(die, 1, DISK_CHANGES_MAX));
        break;
    }
}

/* Dies now, and again while it opens its store or in its first effects. */
static void crash_at_start(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct die *die = &sim->dice.faults;

    if (controller->is_up) {
        controller_crash(sim, false);
    }
    if (controller->has_power && die_chance(die, 500)) {
        disk_cut_at(controller->disk, die_between(die, 1, DISK_CHANGES_MAX));
    } else {
        controller->crash_when_started = (unsigned)die_between(die, 1, EFFECTS_MAX / 4);
    }
}

/* Who stands still already does so for no shorter: what it is to learn waits until the first end.
 */
static void stall(struct sim *sim, struct machine *machine, int64_t low_ms, int64_t high_ms)
{
    int64_t until_ms = sim_now(sim) + die_between(&sim->dice.faults, low_ms, high_ms);
    int64_t *its_ms =
        machine == NULL ? &sim->controller->stalled_until_ms : &machine->stalled_until_ms;

    sim->tallies.stalls++;
    *its_ms = *its_ms > until_ms ? *its_ms : until_ms;
    if (machine == NULL) {
        sim_trace(sim, "controller stands still");
    } else {
        sim_trace(sim, "%s: its agent stands still", machine->name);
    }
}

static void disturb_disk(struct sim *sim, enum fault fault)
{
    struct controller *controller = sim->controller;
    struct die *die = &sim->dice.faults;

    if (!controller->has_power) {
        return;
    }
    if (fault == FAULT_DISK_IO) {
        disk_fail_at(controller->disk, die_between(die, 1, DISK_CHANGES_MAX));
    } else if (fault == FAULT_DISK_SYNC) {
        disk_fail_sync_at(controller->disk, die_between(die, 1, 6));
    } else {
        disk_set_full(controller->disk, true);
        sim->faults.full_until_ms = sim_now(sim) + die_between(die, 500, 15000);
        sim_trace(sim, "controller: the disk is full");
    }
}

static void find_room(struct sim *sim, void *who, uint64_t arg)
{
    (void)who;
    (void)arg;
    if (!faults_disk_is_full(sim)) {
        disk_set_full(sim->controller->disk, false);
    }
}

/* --- of machines ------------------------------------------------------------------------------ */

static void heal_path(struct sim *sim, void *who, uint64_t arg)
{
    (void)arg;
    network_unblock(sim, who);
}

static void end_pause(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;

    (void)sim;
    (void)arg;
    if (machine->is_owner_paused) {
        machine_pause(machine, false);
    }
}

enum { UP = 1, DOWN = 2 };

static void begin_block(struct sim *sim, void *who, uint64_t ways)
{
    if (sim->faults.is_active) {
        network_block(sim, who, (ways & UP) != 0, (ways & DOWN) != 0);
    }
}

static void block(struct sim *sim, struct machine *machine, uint64_t ways)
{
    struct die *die = &sim->dice.faults;

    begin_block(sim, machine, ways);
    schedule_after(&sim->schedule, die_between(die, 300, die_chance(die, 300) ? 40000 : 8000),
                   heal_path, machine, 0);
}

/* A path that comes and goes, each time for less than what hangs a connection up, or more. */
static void flap(struct sim *sim, struct machine *machine)
{
    struct die *die = &sim->dice.faults;
    uint64_t ways = die_between(die, UP, UP | DOWN), times = die_between(die, 3, FLAPS_MAX);
    int64_t most_ms = die_chance(die, 500) ? 500 : 4000, at_ms = 0;

    for (uint64_t i = 0; i < times; i++) {
        schedule_after(&sim->schedule, at_ms, begin_block, machine, ways);
        at_ms += die_between(die, 20, most_ms);
        schedule_after(&sim->schedule, at_ms, heal_path, machine, 0);
        at_ms += die_between(die, 20, most_ms);
    }
}

static void step_wall(struct sim *sim, struct machine *machine, bool leaps)
{
    struct die *die = &sim->dice.faults;
    int64_t by_ms = die_between(die, -HOUR_MS, HOUR_MS);

    if (die_chance(die, 600)) { /* day and night are mistaken */
        by_ms += die_chance(die, 500) ? HALF_DAY_MS : -HALF_DAY_MS;
    }
    if (leaps) {
        by_ms += die_chance(die, 500) ? TEN_YEARS_MS : -TEN_YEARS_MS;
    }
    if (die_chance(die, 500)) {
        sim->controller->wall_offset_ms += by_ms;
    } else {
        machine->wall_offset_ms += by_ms;
    }
}

/* One with work that somebody has to watch, if there is one; and it hangs because its machine is
 * not well, or that is why it is not. */
static void hang(struct sim *sim, struct machine *machine)
{
    struct die *die = &sim->dice.faults;

    for (size_t i = 0; i < sim->machine_count && !shims_need_watch(machine); i++) {
        machine = sim->machines[(machine->index + 1) % sim->machine_count];
    }
    if (machine->agt == NULL) {
        return;
    }
    stall(sim, machine, HANG_MIN_MS, HANG_MAX_MS);
    if (die_chance(die, 800)) {
        senses_strike(machine, die_chance(die, 500) ? FAULT_HEAT : FAULT_UNPLUGGED, die);
    }
}

static void disturb_machine(struct sim *sim, struct machine *machine, enum fault fault)
{
    struct die *die = &sim->dice.faults;

    if (fault == FAULT_PARTITION) {
        block(sim, machine, UP | DOWN);
    } else if (fault == FAULT_ONE_WAY) {
        block(sim, machine, die_chance(die, 500) ? UP : DOWN);
    } else if (fault == FAULT_FLAPPING) {
        flap(sim, machine);
    } else if (fault == FAULT_LINK_CUT || fault == FAULT_HALF_OPEN) {
        network_cut(sim, machine, fault == FAULT_HALF_OPEN);
    } else if (fault == FAULT_AGENT_FULL) {
        machine->disk_full_until_ms = sim_now(sim) + die_between(die, 500, 15000);
    } else if (fault == FAULT_AGENT_REBOOT) {
        machine_reboot(machine, die_between(die, 100, die_chance(die, 300) ? 40000 : 4000));
    } else if (fault == FAULT_SHIM_KILLED || fault == FAULT_WORKLOAD_DIES ||
               fault == FAULT_WORK_ENDED || fault == FAULT_WORK_CHANGED) {
        drift_strike(machine, fault);
    } else if (fault == FAULT_OWNER_PAUSES && !machine->is_owner_paused && machine->is_on) {
        machine_pause(machine, true);
        schedule_after(&sim->schedule, die_between(die, 500, 20000), end_pause, machine, 0);
    } else if (machine->agt == NULL) {
        return;
    } else if (fault == FAULT_AGENT_CRASH && die_chance(die, 500)) {
        machine_crash(machine);
    } else if (fault == FAULT_AGENT_CRASH) {
        machine->crash_in = (unsigned)die_between(die, 1, EFFECTS_MAX / 2);
    } else if (fault == FAULT_AGENT_STALL) {
        stall(sim, machine, 100, die_chance(die, 500) ? 15000 : 5000);
    } else if (fault == FAULT_AGENT_HANGS) {
        hang(sim, machine);
    } else if (fault == FAULT_AGENT_LIES) {
        liar_begin(machine, die, die_between(die, 200, 8000));
    } else if (fault == FAULT_AGENT_DISK) {
        machine->saves_to_fail = (unsigned)die_between(die, 1, 4);
    } else if (fault == FAULT_AGENT_POWER_IN_SAVE) {
        machine->cut_in_saves = (unsigned)die_between(die, 1, 4);
    } else if (fault == FAULT_AGENT_CRASH_STARTING) {
        machine->crash_when_starting = (unsigned)die_between(die, 1, 3);
        machine_crash(machine);
    }
}

/* One machine, or all: the power fails, it is a hot day. */
static void disturb_senses(struct sim *sim, struct machine *machine, enum fault fault)
{
    struct die *die = &sim->dice.faults;
    bool is_everywhere = die_chance(die, 500);

    for (size_t i = 0; i < sim->machine_count; i++) {
        if (is_everywhere || sim->machines[i] == machine) {
            senses_strike(sim->machines[i], fault, die);
        }
    }
}

/* Now the backup is made, now it is put back; copies are made once. */
static void copy_state(struct sim *sim, struct machine *machine, enum fault fault)
{
    bool is_done = false;

    if (fault == FAULT_AGENT_CLONED) {
        is_done = machine_clone(machine);
    } else if (fault == FAULT_AGENT_ROT) {
        is_done = machine_rot(machine, &sim->dice.faults);
    } else if (machine->backup == NULL || die_chance(&sim->dice.faults, 300)) {
        machine_back_up(machine);
    } else {
        is_done = machine_restore(machine);
    }
    if (is_done) {
        faults_fired(sim, fault);
        network_forget_frames(sim, machine);
    }
}

static void read_slowly(struct sim *sim, struct machine *machine)
{
    struct die *die = &sim->dice.faults;
    int64_t until_ms = sim_now(sim) + die_between(die, 1000, 15000);
    int64_t pace_ms = die_between(die, 50, 1500);

    if (die_chance(die, 300)) {
        http_read_slowly(sim, until_ms, pace_ms);
    } else {
        network_read_slowly(sim, machine, until_ms, pace_ms);
    }
}

/* --- the course ------------------------------------------------------------------------------- */

static void strike_controller(struct sim *sim, struct machine *machine, enum fault fault)
{
    (void)machine;
    if (fault == FAULT_CONTROLLER_STALL) {
        stall(sim, NULL, 100, 12000);
    } else if (fault == FAULT_CONTROLLER_CRASH_STARTING) {
        crash_at_start(sim);
    } else if (fault == FAULT_CONTROLLER_CRASH || fault == FAULT_CONTROLLER_POWER) {
        crash_controller(sim, fault == FAULT_CONTROLLER_POWER);
    } else {
        disturb_disk(sim, fault);
    }
    if (fault == FAULT_DISK_FULL) {
        schedule_after(&sim->schedule, sim->faults.full_until_ms - sim_now(sim) + 1, find_room,
                       NULL, 0);
    }
}

/* What runs, by another program, or what is stored, by another state. */
static void replace(struct sim *sim, struct machine *machine, enum fault fault)
{
    (void)machine;
    if (fault == FAULT_UPGRADE) {
        upgrade_strike(sim, &sim->dice.faults);
    } else {
        restore_strike(sim, &sim->dice.faults, fault == FAULT_DISK_ROT);
    }
}

static void edit_folder(struct sim *sim, struct machine *machine, enum fault fault)
{
    (void)machine;
    (void)fault;
    config_folder_strike(sim, &sim->dice.faults);
}

/* The controller, or that machine, or all. */
static void disturb_either(struct sim *sim, struct machine *machine, enum fault fault)
{
    if (fault == FAULT_SLOW_READER) {
        read_slowly(sim, machine);
    } else if (fault == FAULT_ALL_CUT) {
        for (size_t i = 0; i < sim->machine_count; i++) {
            network_cut(sim, sim->machines[i], false);
        }
    } else if (fault == FAULT_LONG_PAUSE) {
        bool is_machine = machine->agt != NULL && !die_chance(&sim->dice.faults, 300);

        stall(sim, is_machine ? machine : NULL, LONG_PAUSE_MIN_MS, LONG_PAUSE_MAX_MS);
    } else {
        step_wall(sim, machine, fault == FAULT_WALL_LEAP);
    }
}

static void configure(struct sim *sim, struct machine *machine, enum fault fault)
{
    struct die *die = &sim->dice.faults;

    assert(fault == FAULT_CONFIGURED);
    if (die_chance(die, 250)) {
        controller_configure(sim, BURSTS_MAX - (size_t)die_below(die, BURSTS_MAX));
    } else if (machine->is_on) {
        owner_change(machine, die);
    }
}

/* By what came of it. */
static bool is_counted_later(enum fault fault)
{
    return fault == FAULT_AGENT_CRASH_STARTING || fault == FAULT_AGENT_CLONED ||
           fault == FAULT_AGENT_RESTORED || fault == FAULT_AGENT_ROT || fault == FAULT_RESTORE ||
           fault == FAULT_DISK_ROT;
}

typedef void handler(struct sim *sim, struct machine *machine, enum fault fault);

static handler *const handlers[FAULT_EVENT_COUNT] = {
    [FAULT_CONTROLLER_CRASH] = strike_controller,
    [FAULT_CONTROLLER_POWER] = strike_controller,
    [FAULT_CONTROLLER_STALL] = strike_controller,
    [FAULT_CONTROLLER_CRASH_STARTING] = strike_controller,
    [FAULT_DISK_IO] = strike_controller,
    [FAULT_DISK_SYNC] = strike_controller,
    [FAULT_DISK_FULL] = strike_controller,
    [FAULT_DISK_ROT] = replace,
    [FAULT_AGENT_CRASH] = disturb_machine,
    [FAULT_AGENT_CRASH_STARTING] = disturb_machine,
    [FAULT_AGENT_REBOOT] = disturb_machine,
    [FAULT_AGENT_STALL] = disturb_machine,
    [FAULT_AGENT_HANGS] = disturb_machine,
    [FAULT_LONG_PAUSE] = disturb_either,
    [FAULT_AGENT_DISK] = disturb_machine,
    [FAULT_AGENT_FULL] = disturb_machine,
    [FAULT_AGENT_POWER_IN_SAVE] = disturb_machine,
    [FAULT_AGENT_CLONED] = copy_state,
    [FAULT_AGENT_RESTORED] = copy_state,
    [FAULT_AGENT_ROT] = copy_state,
    [FAULT_SHIM_KILLED] = disturb_machine,
    [FAULT_WORKLOAD_DIES] = disturb_machine,
    [FAULT_WORK_ENDED] = disturb_machine,
    [FAULT_WORK_CHANGED] = disturb_machine,
    [FAULT_LINK_CUT] = disturb_machine,
    [FAULT_HALF_OPEN] = disturb_machine,
    [FAULT_ALL_CUT] = disturb_either,
    [FAULT_PARTITION] = disturb_machine,
    [FAULT_ONE_WAY] = disturb_machine,
    [FAULT_FLAPPING] = disturb_machine,
    [FAULT_SLOW_READER] = disturb_either,
    [FAULT_WALL_STEP] = disturb_either,
    [FAULT_WALL_LEAP] = disturb_either,
    [FAULT_OWNER_PAUSES] = disturb_machine,
    [FAULT_CONFIGURED] = configure,
    [FAULT_UNPLUGGED] = disturb_senses,
    [FAULT_HEAT] = disturb_senses,
    [FAULT_USER] = disturb_senses,
    [FAULT_FOREIGN_CPU] = disturb_senses,
    [FAULT_METERED] = disturb_senses,
    [FAULT_SENSORS_HANG] = disturb_senses,
    [FAULT_SENSOR_UNKNOWN] = disturb_senses,
    [FAULT_SENSOR_NONSENSE] = disturb_senses,
    [FAULT_RESTORE] = replace,
    [FAULT_UPGRADE] = replace,
    [FAULT_CONFIG_DIR] = edit_folder,
    [FAULT_AGENT_LIES] = disturb_machine,
};

static void strike(struct sim *sim, enum fault fault)
{
    struct machine *machine = sim->machines[die_below(&sim->dice.faults, sim->machine_count)];

    if (!is_counted_later(fault)) {
        faults_fired(sim, fault);
    }
    handlers[fault](sim, machine, fault);
}

static void on_due(struct sim *sim, void *who, uint64_t arg)
{
    int64_t mean_ms = sim->faults.mean_ms[arg];
    struct die own, kept = sim->dice.faults;

    (void)who;
    if (!sim->faults.is_active) {
        return;
    }
    if (sim_happens(sim, &own, "fault/%s", fault_words[arg])) {
        sim->dice.faults = own; /* all that is drawn for this strike is the strike's own */
        strike(sim, (enum fault)arg);
        sim->dice.faults = kept;
    }
    schedule_after(&sim->schedule, die_between(&sim->faults.dice[arg], 1, 2 * mean_ms), on_due,
                   NULL, arg);
}

void faults_begin(struct sim *sim)
{
    for (int i = 0; i < FAULT_EVENT_COUNT; i++) {
        if (sim->faults.is_on[i]) {
            sim_trace(sim, "fault %s about every %lld ms", fault_words[i],
                      (long long)sim->faults.mean_ms[i]);
            schedule_after(&sim->schedule,
                           die_between(&sim->faults.dice[i], 1, 2 * sim->faults.mean_ms[i]), on_due,
                           NULL, (uint64_t)i);
        }
    }
    for (int i = FAULT_EVENT_COUNT; i < FAULT_COUNT; i++) {
        if (sim->faults.is_on[i]) {
            sim_trace(sim, "fault %s", fault_words[i]);
        }
    }
}

/* Of two machines with one key a person ends one: the copy, or, when it was meant as a move, the
 * first. */
static void end_doubles(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        if (machine->twin != NULL && machine->index < machine->twin->index) {
            machine_lose(die_chance(&sim->dice.faults, 500) ? machine : machine->twin);
        }
    }
}

/* In some worlds not all is quiet in the end: some machines stay such that work is held there. */
static void stay_held(struct sim *sim)
{
    struct die die;

    tape_die(&sim->tape, &die, "held");
    if (sim->plan != NULL || !die_chance(&die, HELD_PER_MILLE)) {
        return;
    }
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        if (!die_chance(&die, 500)) {
            continue;
        }
        if (die_chance(&die, 650)) {
            senses_stay_bad(machine, &die);
        } else {
            machine_pause(machine, true);
        }
        sim_trace(sim, "%s: work is held there for good", machine->name);
    }
}

void faults_end(struct sim *sim)
{
    struct die *die = &sim->dice.faults;
    bool loses_one = sim->faults.is_on[FAULT_AGENT_REBOOT] && sim->machine_count > 2 &&
                     die_chance(die, LOST_FOR_GOOD_PER_MILLE * 3);

    sim_trace(sim, "faults end");
    sim->faults.is_active = false;
    disk_cut_at(sim->controller->disk, 0);
    disk_fail_at(sim->controller->disk, 0);
    disk_fail_sync_at(sim->controller->disk, 0);
    disk_set_full(sim->controller->disk, false);
    sim->controller->crash_in = sim->controller->crash_when_started = 0;
    upgrade_settle(sim);
    config_folder_mend(sim);
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        machine->crash_in = machine->saves_to_fail = machine->cut_in_saves = 0;
        network_unblock(sim, machine);
        senses_calm(machine);
        owner_settle(machine);
        if (machine->is_owner_paused) {
            machine_pause(machine, false);
        }
    }
    stay_held(sim);
    end_doubles(sim);
    if (loses_one) {
        machine_lose(sim->machines[die_below(die, sim->machine_count)]);
    }
}
