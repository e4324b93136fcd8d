/* How long it may take until all is well, read off what the objects say of times. */
#include "schema/limits.h"
#include "tests/sim/controller.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/restore.h"
#include "tests/sim/shim.h"

enum { LOOKS_MAX = 5, HOURS_MS = 6 * 60 * 1000 };

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What fails is tried again with growing pauses, on one agent after the other, each of which takes
 * one try a minute once it has had enough. */
static int64_t failing_ms(struct world *world, const struct node *session, int64_t waves)
{
    const struct faults *faults = &world->sim->faults;
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *verb = node_text(words->list.items[0]);

    if (str_eq(verb, "fail") || str_eq(verb, "missing") || str_eq(verb, "flaky")) {
        return (int_at(session, "spec.retries", 5) + 1) * waves * BREAKER_OPEN_MS + RESTART_MAX_MS;
    }
    return faults->is_on[FAULT_WORKLOAD_DIES] || faults->is_on[FAULT_SHIM_KILLED] ||
                   faults->is_on[FAULT_WORK_ENDED] || faults->is_on[FAULT_WORK_CHANGED] ||
                   faults->is_on[FAULT_WORK_GROWS] || faults->is_on[FAULT_WORK_UNSTARTABLE] ||
                   faults->is_on[FAULT_WORK_DIES_AT_ONCE] || faults->is_on[FAULT_WORK_RACES_STOP]
               ? RESTART_MAX_MS
               : 0;
}

/* What runs in an old form may take longer to end than its session says now, one after the other.
 */
static int64_t old_grace_ms(struct world *world)
{
    int64_t sum_ms = 0;

    for (size_t i = 0; i < world->sim->machine_count; i++) {
        vec_each (&world->sim->machines[i]->shims, it) {
            const struct node *session = find_named(world->sessions, (*it)->session);
            int64_t now_ms = session == NULL ? 0 : duration_at(session, "spec.grace", 10000);

            sum_ms += (*it)->has_process ? larger(0, (*it)->grace_ms - now_ms) : 0;
        }
    }
    return sum_ms;
}

/* What a window holds back is well; what it lets go then needs its time. */
static int64_t windows_ms(const struct world *world)
{
    for (size_t i = 0; i < world->policies->list.count; i++) {
        if (node_find_path(world->policies->list.items[i], "spec.windows") != NULL) {
            return HOURS_MS;
        }
    }
    return 0;
}

int64_t judge_bound_ms(struct sim *sim)
{
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;
    struct world world = {.sim = sim, .why = &why};
    int64_t asked_ms = 0, failed_ms = 0;
    unsigned tries = 0;

    arena_init(&world.arena);
    while (!judge_look(&world)) { /* it is just starting */
        arena_fini(&world.arena);
        if (sim->has_failed || ++tries >= LOOKS_MAX) {
            return JUDGE_BLIND_MS;
        }
    }
    for (size_t i = 0; i < world.sessions->list.count; i++) {
        const struct node *session = world.sessions->list.items[i];
        int64_t lease_ms = flag_at(session, "spec.exclusive")
                               ? duration_at(session, "spec.leaseDuration", 30000)
                               : 0;
        int64_t wave_ms = duration_at(session, "spec.grace", 10000) + 1000;
        int64_t waves = larger(int_at(session, "spec.replicas", 1), (int64_t)sim->machine_count);

        asked_ms =
            larger(asked_ms, 2 * lease_ms + duration_at(session, "spec.replaceAfter", 30000) +
                                 waves * wave_ms);
        failed_ms += failing_ms(&world, session, waves) + judge_tasks_ms(session);
    }
    asked_ms += old_grace_ms(&world) + windows_ms(&world);
    arena_fini(&world.arena);
    /* Agents dial again within the longest back-off; a copy of which nobody speaks is waited for;
     * and what was failing when it was changed has shut its agent for a while. */
    return 30000 + asked_ms + failed_ms + restore_wait_ms(sim) + RECONNECT_MAX_MS + STOP_WAIT_MS +
           BREAKER_OPEN_MS + 3 * sim->controller->heartbeat_ms;
}
