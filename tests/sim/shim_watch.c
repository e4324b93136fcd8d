/* The part of a shim that counts for how long nobody has watched. */
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

static struct mono frozen_since(const struct shim *shim)
{
    return shim->is_frozen ? clock_read(&shim->machine->clock, shim->held_at_ms) : MONO_ZERO;
}

static void say_lapsed(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {
        .type = AGT_LAPSED, .uid = shim->uid, .run = shim->run, .frozen_since = frozen_since(shim)};

    if (machine->life != arg || shim->is_lost || shim->heard_lapse >= shim->lapse) {
        return;
    }
    if (machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, say_lapsed, shim, arg);
        return;
    }
    if (!shim->has_said_started && shim->state != SHIM_ENDED) { /* one word goes after the other */
        schedule_after(&sim->schedule, 1, say_lapsed, shim, arg);
        return;
    }
    shim->heard_lapse = shim->lapse;
    machine_said(machine, &event);
}

/* Whether its agent is gone or stands still it cannot tell, and need not. */
static int64_t unwatched_at_ms(const struct shim *shim)
{
    return shim->unwatched_ms == 0 || shim->is_frozen || shim->state != SHIM_RUNNING
               ? INT64_MAX
               : shim->watched_at_ms + shim->unwatched_ms;
}

static void lapse(struct shim *shim)
{
    struct machine *machine = shim->machine;

    sim_trace(machine->sim, "%s: nobody watches run %" PRId64 " of %s/%s, and it is suspended",
              machine->name, shim->run, shim->session, shim->slot);
    machine->sim->tallies.lapses++;
    shim->held_at_ms = sim_now(machine->sim);
    shim->is_frozen = shim->has_lapsed = true;
    shim->freeze_at_ms = 0;
    shim->lapse++;
    schedule_after(&machine->sim->schedule, die_between(&machine->work_die, 0, 10), say_lapsed,
                   shim, machine->life);
}

static void look_for_watch(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    int64_t at_ms = unwatched_at_ms(shim);

    if (shim->is_lost || arg != shim->watch_look || at_ms == INT64_MAX) {
        return;
    }
    if (machine_is_asleep(shim->machine)) { /* and so is its shim */
        at_ms = shim->machine->stalled_until_ms;
    }
    if (at_ms <= sim_now(sim)) {
        lapse(shim);
    } else {
        schedule_at(&sim->schedule, at_ms, look_for_watch, shim, arg);
    }
}

/* Words move the moment, and each look finds the newest; what brings it nearer asks for a new one.
 */
void shim_watch_again(struct shim *shim)
{
    schedule_after(&shim->machine->sim->schedule, 1, look_for_watch, shim, ++shim->watch_look);
}

static void say_status(struct sim *sim, void *who, uint64_t arg)
{
    struct shim *shim = who;
    struct machine *machine = shim->machine;
    struct agt_event event = {.type = AGT_STARTED,
                              .uid = shim->uid,
                              .run = shim->run,
                              .started = shim->exit.started,
                              .frozen_since = frozen_since(shim)};

    if (machine->life != arg || shim->is_lost || shim->state == SHIM_ENDED) {
        return;
    }
    if (machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, say_status, shim, arg);
        return;
    }
    shim->has_said_started = true;
    machine_said(machine, &event);
    if (shim->has_lapsed) {
        say_lapsed(sim, who, arg);
    }
}

void shim_greet(struct shim *shim)
{
    struct machine *machine = shim->machine;

    if (shim->state == SHIM_RUNNING || shim->state == SHIM_ENDING) {
        schedule_after(&machine->sim->schedule, die_between(&machine->work_die, 0, 50), say_status,
                       shim, machine->life);
    }
}

bool shims_need_watch(const struct machine *machine)
{
    vec_each (&machine->shims, it) {
        if (unwatched_at_ms(*it) < INT64_MAX) {
            return true;
        }
    }
    return false;
}

/* The next look finds that it has time. */
void shims_watched(struct machine *machine)
{
    vec_each (&machine->shims, it) {
        (*it)->watched_at_ms = sim_now(machine->sim);
    }
}
