/* What is held back: is it so for a rule that is broken in truth, and is that what is said? */
#include "tests/sim/check_policy.h"
#include "tests/sim/controller.h"
#include "tests/sim/day_rules.h"
#include "tests/sim/judge_inner.h"
#include "tests/sim/judge_tasks.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"

/* The longest that a policy of a world allows, and what it takes to end the work. */
enum {
    SUSPENDED_MAX_MS = 11 * 60 * 1000,
    MOVED_MAX_MS = 10 * 60 * 1000, /* each move doubles what a task waits for */
    ENDED_MAX_MS = 30 * 1000,
    IDLE_HEARD_MS = 60 * 1000,
    IDLE_MAX_MS = 30 * 60 * 1000,
    STEP_MS = 2500,
};

static int64_t time_in(const struct node *policy, const char *path)
{
    return duration_at(policy, path, 0);
}

/* It ran, and what it made is still to be stored. */
static bool has_ended(const struct node *work)
{
    const char *state = ref_text(work, "state");

    return str_eq(state, "Collecting") || str_eq(state, "Done");
}

/* Of sensors that tell the truth.  Work that has not begun wants to be alone for longer. */
static enum rule broken_rule(const struct machine *machine, const struct readings *readings,
                             const struct node *policy, bool has_begun)
{
    const struct reading *of = readings->of;
    bool has_battery = of[SENSOR_BATTERY].state == READING_KNOWN;
    int64_t idle_ms = time_in(policy, "user.continueAfterIdle");
    int64_t start_ms = time_in(policy, "user.startAfterIdle");
    enum rule paused = machine->is_owner_paused ? RULE_PAUSED : RULE_NONE;

    if (policy == NULL) {
        return paused;
    }
    idle_ms = has_begun || start_ms < idle_ms ? idle_ms : start_ms;
    return of[SENSOR_TEMPERATURE].value >= 1000 * int_at(policy, "thermal.suspendCelsius", 0)
               ? RULE_HOT
           : paused != RULE_NONE ? paused
           : has_battery && flag_at(policy, "battery.requireCharging") &&
                   of[SENSOR_CHARGING].value == 0
               ? RULE_ON_BATTERY
           : has_battery && of[SENSOR_BATTERY].value < int_at(policy, "battery.minPercent", 0)
               ? RULE_LOW
           : of[SENSOR_IDLE].value < idle_ms               ? RULE_USED
           : !hours_allow(policy, hours_local_ms(machine)) ? RULE_WINDOW
           : of[SENSOR_FOREIGN_CPU].value > 1000 * int_at(policy, "foreignCpu.suspendPercent", 100)
               ? RULE_FOREIGN
           : !flag_at(policy, "network.metered") && of[SENSOR_METERED].value == 1 ? RULE_METERED
                                                                                  : RULE_NONE;
}

static enum rule rule_for(struct machine *machine, const char *uid, bool has_begun)
{
    const struct node *work = check_known_work(machine, uid);
    struct readings readings;

    if (work == NULL || ref_flag(work, "removed")) {
        return RULE_NONE;
    }
    senses_look(machine, &readings);
    return broken_rule(machine, &readings, node_find_path(work, "wanted.template.policy"),
                       has_begun || has_ended(work));
}

static enum rule rule_of(struct world *world, const struct node *assignment)
{
    struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));

    if (machine == NULL || machine->is_lost || is_leaving(assignment)) {
        return RULE_NONE;
    }
    return rule_for(machine, text_at(assignment, "metadata.uid"),
                    judge_process_of(world, assignment) != NULL);
}

bool judge_is_held(struct world *world, const struct node *assignment)
{
    enum rule rule = rule_of(world, assignment);

    return rule != RULE_NONE && str_eq(text_at(assignment, "status.phase"), "Suspended") &&
           str_eq(text_at(assignment, "status.reason"), rule_words[rule]);
}

bool judge_stands_rightly(const struct shim *shim)
{
    bool is_held = rule_for(shim->machine, shim->uid, true) != RULE_NONE;

    return shim->is_frozen == is_held;
}

/* What is suspended, and what is about to be: a window that closes just now is seen within a
 * sampling interval, and then the work may save its state. */
static const struct shim *find_suspended(const struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        vec_each (&machine->shims, it) {
            const struct node *work =
                (*it)->has_process ? check_known_work(machine, (*it)->uid) : NULL;

            if (!machine->is_lost && node_find_path(work, "wanted.template.policy") != NULL &&
                ((*it)->is_frozen || rule_for(machine, (*it)->uid, true) != RULE_NONE)) {
                return *it;
            }
        }
    }
    return NULL;
}

bool judge_await_evictions(struct sim *sim)
{
    const struct shim *suspended = find_suspended(sim);
    bool has_any = suspended != NULL;

    for (int64_t ms = 0; suspended != NULL && ms < SUSPENDED_MAX_MS && !sim->has_failed;
         ms += STEP_MS) {
        sim_pass(sim, STEP_MS);
        suspended = find_suspended(sim);
    }
    if (suspended != NULL && !sim->has_failed) {
        sim_fail(sim, "liveness", "%s/%s on %s %s for longer than its policy allows",
                 suspended->session, suspended->slot, suspended->machine->name,
                 suspended->is_frozen ? "is suspended" : "runs");
    }
    return has_any;
}

static bool is_any_ending(const struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count; i++) {
        vec_each (&sim->machines[i]->shims, it) {
            if (!sim->machines[i]->is_lost && (*it)->has_process && !(*it)->is_frozen &&
                shim_ends_by_itself(*it)) {
                return true;
            }
        }
    }
    return false;
}

bool judge_await_ends(struct sim *sim)
{
    bool has_any = is_any_ending(sim);

    for (int64_t ms = 0; is_any_ending(sim) && ms < ENDED_MAX_MS && !sim->has_failed;
         ms += STEP_MS) {
        sim_pass(sim, STEP_MS);
    }
    return has_any;
}

/* Replicas and what is exclusive stay where they are, and so does what is to wait for longer than
 * any world lasts. */
static bool may_leave(struct world *world, const struct node *session, const struct node *copy)
{
    return session != NULL && is_of(copy, session) && !is_leaving(copy) &&
           judge_has_tasks(session) && !flag_at(session, "spec.exclusive") &&
           duration_at(session, "spec.replaceAfter", 30000) < MOVED_MAX_MS &&
           str_eq(text_at(copy, "status.phase"), "Suspended") &&
           judge_process_of(world, copy) == NULL;
}

/* To an agent that would run it, or, `blindly`, to any. */
static bool is_any_to_move(struct sim *sim, bool blindly)
{
    _cleanup_(str_fini)
    struct str why = STR_EMPTY;
    struct world world = {.sim = sim, .why = &why};
    bool is_any = false;

    arena_init(&world.arena);
    if (judge_look(&world)) {
        for (size_t i = 0; i < world.assignments->list.count && !is_any; i++) {
            const struct node *copy = world.assignments->list.items[i];
            const struct node *session = find_named(world.sessions, text_at(copy, "spec.session"));

            is_any = may_leave(&world, session, copy) &&
                     (blindly || judge_may_move(&world, session, copy));
        }
    }
    arena_fini(&world.arena);
    return is_any;
}

static bool hears_readings(const struct sim *sim)
{
    bool hears = sim->controller->release != RELEASE_OLDER;

    for (size_t i = 0; i < sim->machine_count; i++) {
        hears = hears && sim->machines[i]->release != RELEASE_OLDER;
    }
    return hears;
}

bool judge_moves_blindly(struct sim *sim)
{
    return !hears_readings(sim) && is_any_to_move(sim, true);
}

bool judge_await_moves(struct sim *sim)
{
    bool has_any = !sim->has_failed && is_any_to_move(sim, false), is_any = has_any;

    for (int64_t ms = 0; is_any && ms < MOVED_MAX_MS && !sim->has_failed; ms += STEP_MS) {
        sim_pass(sim, STEP_MS);
        is_any = is_any_to_move(sim, false);
    }
    return has_any;
}

/* The controller hears of it with a heartbeat that has readings. */
static bool is_about_to_be_idle(struct machine *machine, const struct node *policy,
                                int64_t ahead_ms)
{
    int64_t start_ms = time_in(policy, "user.startAfterIdle");
    struct readings readings;
    int64_t idle_ms;

    senses_look(machine, &readings);
    idle_ms = readings.of[SENSOR_IDLE].value;
    return idle_ms > 0 && idle_ms < start_ms + IDLE_HEARD_MS &&
           idle_ms + ahead_ms + IDLE_HEARD_MS > start_ms;
}

static bool is_any_about_to_be_idle(struct sim *sim, int64_t ahead_ms)
{
    map_each (&sim->reference->objects, it) {
        const struct ref_object *object = it->value;

        for (size_t i = 0; i < sim->machine_count; i++) {
            if (str_eq(object->kind->name, "HarvestPolicy") && !sim->machines[i]->is_lost &&
                is_about_to_be_idle(sim->machines[i], node_find(object->ledger, "spec"),
                                    ahead_ms)) {
                return true;
            }
        }
    }
    return false;
}

bool judge_await_idle(struct sim *sim, int64_t ahead_ms)
{
    bool has_any = is_any_about_to_be_idle(sim, ahead_ms), is_any = has_any;

    for (int64_t ms = 0; is_any && ms < IDLE_MAX_MS && !sim->has_failed; ms += STEP_MS) {
        sim_pass(sim, STEP_MS);
        is_any = is_any_about_to_be_idle(sim, ahead_ms);
    }
    return has_any;
}

/* Nothing is said to be held for another reason, or to go on although it is held. */
bool judge_all_say_why(struct world *world)
{
    for (size_t i = 0; i < world->assignments->list.count; i++) {
        const struct node *assignment = world->assignments->list.items[i];
        const struct machine *machine = machine_of(world, text_at(assignment, "spec.agent"));
        const char *phase = text_at(assignment, "status.phase");
        bool is_over = str_eq(phase, "Succeeded") || str_eq(phase, "Failed");
        enum rule rule = rule_of(world, assignment);

        if (machine == NULL || machine->is_lost || is_leaving(assignment) || is_over) {
            continue;
        }
        if (str_eq(phase, "Suspended") || rule != RULE_NONE) {
            if (!judge_is_held(world, assignment)) {
                return judge_object(world, "%s is said to be %s for %s on %s, and its rule is %s",
                                    name_of(assignment), phase,
                                    text_at(assignment, "status.reason"), machine->name,
                                    rule_words[rule]);
            }
        }
    }
    return true;
}
