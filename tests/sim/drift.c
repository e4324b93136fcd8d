#include "tests/sim/drift.h"

#include "controller/core/core.h"
#include "controller/core/drifted.h"
#include "tests/sim/controller.h"
#include "tests/sim/judge.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOOK_MS = 3000, SOON_MS = 20, TEND_MAX = 32 };

/* --- what shims see --------------------------------------------------------------------------- */

static void look(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {
        .type = AGT_DRIFTED, .uid = shim->uid, .run = shim->run, .drift = shim->drift};

    if (arg != shim->drift_look || shim->is_lost || shim->state != SHIM_RUNNING) {
        return;
    }
    if (machine->agt != NULL && machine->stalled_until_ms <= sim_now(sim) &&
        shim->has_said_started) {
        machine_said(machine, &event);
        if (event.drift == 0) {
            return;
        }
    }
    schedule_after(&sim->schedule, LOOK_MS, look, shim, ++shim->drift_look);
}

static void look_in(struct shim *shim, int64_t ms)
{
    schedule_after(&shim->machine->sim->schedule, ms, look, shim, ++shim->drift_look);
}

void shim_tell_drift(struct shim *shim)
{
    look_in(shim, SOON_MS);
}

void drift_strike(struct machine *machine, enum fault fault)
{
    struct shim *shim = shims_disturb(machine, fault);
    unsigned sort;

    if (shim == NULL || fault != FAULT_WORK_CHANGED) {
        return;
    }
    sort = DRIFT_STOPPED + (unsigned)die_below(&machine->sim->dice.faults, 3);
    sim_trace(machine->sim, "%s: %s/%s is changed by hand: %s", machine->name, shim->session,
              shim->slot, drift_words[sort]);
    shim->drift |= 1U << sort;
    look_in(shim, die_between(&machine->sim->dice.faults, 1, LOOK_MS));
}

void shim_mend(struct machine *machine, const char *uid, int64_t run)
{
    vec_each (&machine->shims, it) {
        struct shim *shim = *it;

        if (shim->run == run && str_eq(shim->uid, uid) && shim->state == SHIM_RUNNING) {
            shim->drift &= 1U << DRIFT_FILES;
            look_in(shim, SOON_MS);
        }
    }
}

/* --- the check -------------------------------------------------------------------------------- */

/* A state that is older than the end of the last run does not know of it. */
static const struct shim *last_run(const struct machine *machine, const char *uid)
{
    for (size_t i = machine->shims.count; i-- > 0;) {
        const struct shim *shim = machine->shims.items[i];

        if (str_eq(shim->uid, uid)) {
            return shim->was_put_back ? NULL : shim;
        }
    }
    return NULL;
}

void drift_check_spawn(struct machine *machine, const struct agt_spawn *spawn)
{
    const struct sim *sim = machine->sim;
    const struct shim *last = last_run(machine, spawn->uid);

    if (last == NULL || spawn->template->drift != DRIFT_REPORT ||
        sim->faults.is_on[FAULT_AGENT_CLONED] || sim->faults.is_on[FAULT_AGENT_RESTORED] ||
        sim->faults.is_on[FAULT_AGENT_ROT] || sim->faults.is_on[FAULT_CONTROLLER_LIES] ||
        sim->faults.is_on[FAULT_UPGRADE] || sim->faults.is_on[FAULT_RESTORE]) {
        return; /* it may have been removed meanwhile, or be started by who does not know */
    }
    if (last->state == SHIM_ENDED && last->exit.is_from_outside && last->is_forgotten &&
        last->reports_drift && last->generation == spawn->generation &&
        last->lease_epoch == spawn->lease_epoch) {
        sim_fail(machine->sim, "drift",
                 "%s: %s/%s was ended by hand in run %" PRId64
                 ", is to be left so, and is started again",
                 machine->name, spawn->session, spawn->slot, last->run);
    }
}

static int64_t ended_by_hand(const struct sim *sim, const char *agent, const char *uid)
{
    int64_t count = 0;

    for (size_t i = 0; i < sim->machine_count; i++) {
        const struct machine *machine = sim->machines[i];

        if (str_eq(machine->options.name, agent)) {
            vec_each (&machine->shims, it) {
                count += (*it)->exit.is_from_outside && str_eq((*it)->uid, uid);
            }
        }
    }
    return count;
}

static void check_told(struct sim *sim, const struct assignment_entry *assignment)
{
    const char *uid = assignment->object->meta.uid;
    const struct drift_row *row =
        drift_row_find(&assignment_status(assignment)->drift, drift_words[DRIFT_ENDED]);
    int64_t done = ended_by_hand(sim, assignment_spec(assignment)->agent, uid);

    if (row != NULL && (row->found > done || row->healed > row->found)) {
        sim_fail(sim, "drift",
                 "%s was found ended by hand %" PRId64 " times and healed %" PRId64
                 " times, and was ended %" PRId64 " times",
                 assignment->object->meta.name, row->found, row->healed, done);
    }
}

void drift_check_rest(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        const struct machine *machine = sim->machines[i];

        if (machine->is_lost || machine->agt == NULL) {
            continue;
        }
        vec_each (&machine->shims, it) {
            const struct shim *shim = *it;

            if (shim->has_process && shim->drift != 0 && !sim->has_failed) {
                sim_fail(sim, "drift", "%s: %s/%s was changed by hand (%u), and is not mended",
                         machine->name, shim->session, shim->slot, shim->drift);
            }
        }
    }
    if (sim->controller->ctl == NULL || faults_blur_agents(sim)) {
        return;
    }
    map_each (&sim->controller->ctl->model.objects[KIND_ASSIGNMENT], it) {
        if (!sim->has_failed) {
            check_told(sim, it->value);
        }
    }
}

/* --- the person ------------------------------------------------------------------------------- */

static bool is_left(const struct assignment_entry *assignment)
{
    return drifted_is_left(assignment_status(assignment)) && assignment->session != NULL &&
           session_spec(assignment->session)->drift == DRIFT_REPORT &&
           !object_is_deleting(assignment->object);
}

bool drift_tend(struct sim *sim)
{
    char targets[TEND_MAX][160];
    struct arena arena;
    size_t count = 0;

    if (sim->controller->ctl == NULL) {
        return false;
    }
    map_each (&sim->controller->ctl->model.objects[KIND_ASSIGNMENT], it) {
        const struct assignment_entry *assignment = it->value;

        if (is_left(assignment) && count < TEND_MAX) {
            (void)snprintf(targets[count++], sizeof(targets[0]), "/apis/fog/v1/assignments/%s",
                           assignment->object->meta.name);
        }
    }
    arena_init(&arena);
    for (size_t i = 0; i < count && !sim->has_failed; i++) {
        (void)judge_ask(sim, &arena, "DELETE", targets[i], NULL, NULL);
    }
    arena_fini(&arena);
    return count > 0;
}
