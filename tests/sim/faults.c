#include "tests/sim/faults.h"

#include "tests/sim/controller.h"
#include "tests/sim/liar.h"
#include "tests/sim/machine.h"
#include "tests/sim/restore.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"
#include "tests/sim/upgrade.h"

#include <assert.h>

enum {
    CALM_PER_MILLE = 40,
    CLASS_ON_PER_MILLE = 350,
    MEAN_MIN_MS = 1500,
    MEAN_MAX_MS = 15000,
    CHAOS_MIN_MS = 5000,
    CHAOS_MAX_MS = 35000,
    EFFECTS_MAX = 40,
    DISK_CHANGES_MAX = 40,
    LOST_FOR_GOOD_PER_MILLE = 120,
};

const char *const fault_words[FAULT_COUNT] = {
    "controller-crash", "controller-power", "controller-stall", "disk-io",     "disk-sync",
    "disk-full",        "agent-crash",      "agent-reboot",     "agent-stall", "agent-disk",
    "shim-killed",      "workload-dies",    "link-cut",         "partition",   "wall-step",
    "owner-pauses",     "restore",          "upgrade",          "agent-lies",  "slow-network",
    "lossy-network",    "repeats",          "lossy-http",       "flaky-work",  "controller-lies",
    "buggify",
};

void faults_draw(struct sim *sim, const bool *forced)
{
    struct die *die = &sim->dice.faults;
    struct die chaos;
    struct faults *faults = &sim->faults;
    bool is_calm = die_chance(die, forced == NULL ? CALM_PER_MILLE : 0); /* nothing goes wrong */

    faults->is_active = true;
    tape_die(&sim->tape, &chaos, "chaos");
    faults->chaos_ms = die_between(&chaos, CHAOS_MIN_MS, CHAOS_MAX_MS);
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct die *its = &faults->dice[i];
        bool is_on;

        tape_die(&sim->tape, its, "class/%s", fault_words[i]);
        is_on =
            forced != NULL ? die_given(its, forced[i]) != 0 : die_chance(its, CLASS_ON_PER_MILLE);
        faults->is_on[i] = is_on && !is_calm;
        if (i < FAULT_EVENT_COUNT) {
            faults->mean_ms[i] = die_between(its, MEAN_MIN_MS, MEAN_MAX_MS);
        }
    }
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

static void block(struct sim *sim, struct machine *machine)
{
    struct die *die = &sim->dice.faults;
    uint64_t way = die_below(die, 4);

    network_block(sim, machine, way != 1, way != 2);
    schedule_after(&sim->schedule, die_between(die, 300, die_chance(die, 300) ? 40000 : 8000),
                   heal_path, machine, 0);
}

static void step_wall(struct sim *sim, struct machine *machine)
{
    struct die *die = &sim->dice.faults;
    int64_t by_ms = die_between(die, -3600000, 3600000);

    if (die_chance(die, 500)) {
        sim->controller->wall_offset_ms += by_ms;
    } else {
        machine->wall_offset_ms += by_ms;
    }
}

static void disturb_machine(struct sim *sim, struct machine *machine, enum fault fault)
{
    struct die *die = &sim->dice.faults;

    if (fault == FAULT_PARTITION) {
        block(sim, machine);
    } else if (fault == FAULT_LINK_CUT) {
        network_cut(sim, machine);
    } else if (fault == FAULT_AGENT_REBOOT) {
        machine_reboot(machine, die_between(die, 100, die_chance(die, 300) ? 40000 : 4000));
    } else if (fault == FAULT_SHIM_KILLED || fault == FAULT_WORKLOAD_DIES) {
        shims_disturb(machine, fault == FAULT_SHIM_KILLED);
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
        machine->stalled_until_ms =
            sim_now(sim) + die_between(die, 100, die_chance(die, 500) ? 15000 : 5000);
        sim->tallies.stalls++;
        sim_trace(sim, "%s: its agent stands still", machine->name);
    } else if (fault == FAULT_AGENT_LIES) {
        liar_begin(machine, die, die_between(die, 200, 8000));
    } else if (fault == FAULT_AGENT_DISK) {
        machine->saves_to_fail = (unsigned)die_between(die, 1, 4);
    }
}

/* --- the course ------------------------------------------------------------------------------- */

static void strike(struct sim *sim, enum fault fault)
{
    struct die *die = &sim->dice.faults;
    struct machine *machine = sim->machines[die_below(die, sim->machine_count)];

    faults_fired(sim, fault);
    switch (fault) {
    case FAULT_CONTROLLER_CRASH:
    case FAULT_CONTROLLER_POWER:
        crash_controller(sim, fault == FAULT_CONTROLLER_POWER);
        break;
    case FAULT_CONTROLLER_STALL:
        sim->controller->stalled_until_ms = sim_now(sim) + die_between(die, 100, 12000);
        sim->tallies.stalls++;
        sim_trace(sim, "controller stands still");
        break;
    case FAULT_DISK_IO:
    case FAULT_DISK_SYNC:
        disturb_disk(sim, fault);
        break;
    case FAULT_DISK_FULL:
        disturb_disk(sim, fault);
        schedule_after(&sim->schedule, sim->faults.full_until_ms - sim_now(sim) + 1, find_room,
                       NULL, 0);
        break;
    case FAULT_UPGRADE:
        upgrade_strike(sim, die);
        break;
    case FAULT_RESTORE:
        restore_strike(sim, die);
        return; /* counted when it is a restore */
    case FAULT_WALL_STEP:
        step_wall(sim, machine);
        break;
    case FAULT_AGENT_CRASH:
    case FAULT_AGENT_REBOOT:
    case FAULT_AGENT_STALL:
    case FAULT_AGENT_DISK:
    case FAULT_SHIM_KILLED:
    case FAULT_WORKLOAD_DIES:
    case FAULT_LINK_CUT:
    case FAULT_PARTITION:
    case FAULT_OWNER_PAUSES:
    case FAULT_AGENT_LIES:
        disturb_machine(sim, machine, fault);
        break;
    case FAULT_SLOW_NETWORK:
    case FAULT_LOSSY_NETWORK:
    case FAULT_REPEATS:
    case FAULT_LOSSY_HTTP:
    case FAULT_FLAKY_WORK:
    case FAULT_CONTROLLER_LIES:
    case FAULT_BUGGIFY:
    case FAULT_COUNT:
        assert(false); /* conditions, not events */
    }
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
    sim->controller->crash_in = 0;
    upgrade_settle(sim);
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        machine->crash_in = machine->saves_to_fail = 0;
        network_unblock(sim, machine);
        if (machine->is_owner_paused) {
            machine_pause(machine, false);
        }
    }
    if (loses_one) {
        machine_lose(sim->machines[die_below(die, sim->machine_count)]);
    }
}
