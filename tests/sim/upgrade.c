#include "tests/sim/upgrade.h"

#include "tests/sim/controller.h"
#include "tests/sim/machine.h"
#include "tests/sim/older.h"

static void replace_controller(struct sim *sim, enum release release)
{
    struct controller *controller = sim->controller;

    controller->release = release;
    sim_trace(sim, "operator: the controller is replaced by %s", release_words[release]);
    if (controller->is_up) {
        controller_stop(sim);
    }
}

/* While it is down its store may be as the program before left it; or ours meets a newer one. */
static void change_store(struct sim *sim, struct die *die)
{
    if (sim->controller->is_up || sim->controller->is_restored) {
        return;
    }
    switch (die_below(die, 3)) {
    case 1:
        store_becomes_older(sim);
        break;
    case 2:
        store_tries_newer(sim);
        break;
    }
}

void upgrade_strike(struct sim *sim, struct die *die)
{
    size_t which = die_below(die, sim->machine_count + 1);
    struct machine *machine = which == 0 ? NULL : sim->machines[which - 1];
    enum release release =
        (enum release)die_below(die, machine == NULL ? RELEASE_AHEAD : RELEASE_AHEAD + 1);

    if (machine == NULL) {
        replace_controller(sim, release);
        change_store(sim, die);
        return;
    }
    machine->release = release;
    sim_trace(sim, "operator: the agent of %s is replaced by %s", machine->name,
              release_words[release]);
    machine_crash(machine); /* an agent has nothing to finish: its end is its death */
}

void upgrade_settle(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i]->release == RELEASE_AHEAD &&
            sim->controller->release != RELEASE_NEWER) {
            replace_controller(sim, RELEASE_NEWER);
        }
    }
}
