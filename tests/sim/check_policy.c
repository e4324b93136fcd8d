#include "tests/sim/check_policy.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "tests/sim/check_share.h"
#include "tests/sim/hours.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <string.h>

enum {
    LOOK_MS = 500,
    INTERVAL_MS = 2500, /* a second to the next reading, one more to act, and what steps take */
    SETTLE_MS = 6000,   /* of an agent that started or stood still */
    AT_ONCE_MS = 10,
};

/* --- the policy that its agent knows ---------------------------------------------------------- */

/* Parsed when the file is another one. */
const struct node *check_known_works(struct machine *machine)
{
    struct policies_seen *seen = &machine->policies_seen;

    if (machine->file.seen == NULL) {
        return NULL;
    }
    if (seen->bytes != machine->file.seen) {
        const char *text = strchr(machine->file.seen->data, '\n');
        struct problems problems;
        struct node *root = NULL;

        arena_fini(&seen->arena);
        arena_init(&seen->arena);
        problems_init(&problems, &seen->arena, NULL);
        if (text != NULL) {
            (void)json_parse(&seen->arena, text + 1, strlen(text + 1), JSON_PLAIN, &problems,
                             &root);
        }
        seen->root = root;
        blob_unref(seen->bytes);
        seen->bytes = blob_ref(machine->file.seen);
    }
    return seen->root == NULL ? NULL : node_find(seen->root, "works");
}

const struct node *check_known_work(struct machine *machine, const char *uid)
{
    const struct node *works = check_known_works(machine);

    for (size_t i = 0; works != NULL && i < works->list.count; i++) {
        if (str_eq(ref_text(works->list.items[i], "wanted.uid"), uid)) {
            return works->list.items[i];
        }
    }
    return NULL;
}

static int64_t time_in(const struct node *policy, const char *path)
{
    int64_t ms = 0;

    (void)duration_from_str(ref_text(policy, path), &ms);
    return ms;
}

/* --- what it forbids -------------------------------------------------------------------------- */

static bool knows(const struct readings *readings, enum sensor sensor)
{
    return readings->of[sensor].state == READING_KNOWN;
}

static bool is_hot(const struct readings *readings, const struct node *policy, const char *bound)
{
    return knows(readings, SENSOR_TEMPERATURE) &&
           readings->of[SENSOR_TEMPERATURE].value >= 1000 * ref_int(policy, bound, 0);
}

static bool is_low(const struct readings *readings, const struct node *policy, const char *bound)
{
    return knows(readings, SENSOR_BATTERY) &&
           readings->of[SENSOR_BATTERY].value < ref_int(policy, bound, 0);
}

static bool is_stale(struct machine *machine, const struct readings *readings,
                     const struct node *policy)
{
    const struct reading *heat = &readings->of[SENSOR_TEMPERATURE];

    return str_eq(ref_text(policy, "unknown"), "suspend") && heat->state == READING_KNOWN &&
           mono_since(heat->at, machine_mono(machine)) > time_in(policy, "session.staleSensor");
}

/* Those that a rule of the policy asks while work runs. */
static bool is_asked(const struct node *policy, enum sensor sensor)
{
    switch (sensor) {
    case SENSOR_TEMPERATURE:
        return true;
    case SENSOR_BATTERY:
        return ref_int(policy, "battery.minPercent", 0) > 0;
    case SENSOR_CHARGING:
        return ref_flag(policy, "battery.requireCharging");
    case SENSOR_IDLE:
        return time_in(policy, "user.continueAfterIdle") > 0;
    case SENSOR_FOREIGN_CPU:
        return ref_int(policy, "foreignCpu.suspendPercent", 100) < 100;
    case SENSOR_METERED:
        return !ref_flag(policy, "network.metered");
    case SENSOR_MEMORY_AVAILABLE:
    case SENSOR_MEMORY_PRESSURE:
    case SENSOR_LOAD:
    case SENSOR_COUNT:
        break;
    }
    return false;
}

/* What tells nothing for so long that its last word counts no more: any of those, or one. */
static bool is_blind(const struct machine *machine, const struct node *policy, int only)
{
    if (policy == NULL || machine->lived != NULL ||
        !str_eq(ref_text(policy, "unknown"), "suspend")) {
        return false;
    }
    for (int i = 0; i < SENSOR_COUNT; i++) {
        int64_t since_ms = machine->senses.unknown_since_ms[i];

        if (since_ms >= 0 && (only == SENSOR_COUNT || only == i) &&
            is_asked(policy, (enum sensor)i) &&
            sim_now(machine->sim) - since_ms > time_in(policy, "session.staleSensor")) {
            return true;
        }
    }
    return false;
}

static bool lacks_memory(const struct readings *readings, const struct node *policy)
{
    int64_t least = 0;

    (void)quantity_from_str(ref_text(policy, "memory.minAvailable"), &least);
    return (knows(readings, SENSOR_MEMORY_AVAILABLE) &&
            readings->of[SENSOR_MEMORY_AVAILABLE].value < least) ||
           (knows(readings, SENSOR_MEMORY_PRESSURE) &&
            readings->of[SENSOR_MEMORY_PRESSURE].value >
                1000 * ref_int(policy, "memory.evictPercent", 101));
}

/* By the thresholds and the windows alone. */
static bool forbids(const struct readings *readings, const struct node *policy, int64_t local_ms)
{
    const struct reading *of = readings->of;

    return is_hot(readings, policy, "thermal.suspendCelsius") ||
           is_low(readings, policy, "battery.minPercent") ||
           (ref_flag(policy, "battery.requireCharging") && knows(readings, SENSOR_CHARGING) &&
            of[SENSOR_CHARGING].value == 0) ||
           (knows(readings, SENSOR_IDLE) &&
            of[SENSOR_IDLE].value < time_in(policy, "user.continueAfterIdle")) ||
           (knows(readings, SENSOR_FOREIGN_CPU) &&
            of[SENSOR_FOREIGN_CPU].value >
                1000 * ref_int(policy, "foreignCpu.suspendPercent", 100)) ||
           (!ref_flag(policy, "network.metered") && knows(readings, SENSOR_METERED) &&
            of[SENSOR_METERED].value == 1) ||
           !hours_allow(policy, local_ms) || lacks_memory(readings, policy);
}

/* What is too old to count is not known: a rule of its own says what that means. */
static void keep_fresh(struct machine *machine, const struct node *policy,
                       struct readings *readings)
{
    for (int i = 0; i < SENSOR_COUNT; i++) {
        struct reading *reading = &readings->of[i];

        if (reading->state == READING_KNOWN && mono_since(reading->at, machine_mono(machine)) >
                                                   time_in(policy, "session.staleSensor")) {
            reading->state = READING_UNKNOWN;
        }
    }
}

bool check_is_forbidden(struct machine *machine, const struct node *policy)
{
    struct readings readings;

    senses_look(machine, &readings);
    if (is_stale(machine, &readings, policy)) {
        return true;
    }
    keep_fresh(machine, policy, &readings);
    return forbids(&readings, policy, hours_local_ms(machine));
}

static bool is_too_early(struct machine *machine, const struct node *policy)
{
    struct readings readings;

    senses_look(machine, &readings);
    keep_fresh(machine, policy, &readings);
    return knows(&readings, SENSOR_IDLE) &&
           readings.of[SENSOR_IDLE].value < time_in(policy, "user.startAfterIdle");
}

bool check_may_not_begin(struct machine *machine, const struct node *policy)
{
    return check_is_forbidden(machine, policy) || is_too_early(machine, policy);
}

/* What its agent has not seen run is held by what a start asks for, and cannot be frozen. */
static bool may_not_start(const struct shim *shim, const struct node *policy)
{
    const struct machine *machine = shim->machine;
    int64_t heard_ms =
        shim->began_ms > machine->stalled_until_ms ? shim->began_ms : machine->stalled_until_ms;
    bool is_new = shim->state == SHIM_STARTING || sim_now(machine->sim) - heard_ms <= AT_ONCE_MS;

    return is_new && is_too_early(shim->machine, policy);
}

/* What was once to be ended stays so, also under other rules. */
static bool owner_may_evict(const struct shim *shim)
{
    struct machine *machine = shim->machine;
    const struct owner *owner = &machine->owner;

    return (owner->changes > 0 && sim_now(machine->sim) - owner->changed_at_ms < SETTLE_MS) ||
           (owner->rules != NULL && (check_is_forbidden(machine, owner->rules) ||
                                     shim->watch.owners.is_hot || shim->watch.owners.is_low));
}

bool check_may_evict(const struct shim *shim)
{
    struct machine *machine = shim->machine;
    const struct node *work = check_known_work(machine, shim->uid);
    const struct node *policy = node_find_path(work, "wanted.template.policy");

    if (machine->lived != NULL) {
        return true; /* day_check() asks for the reason */
    }
    return owner_may_evict(shim) ||
           (policy != NULL && (check_is_forbidden(machine, policy) || may_not_start(shim, policy) ||
                               sim_now(machine->sim) - shim->watch.thawed_at_ms < AT_ONCE_MS ||
                               sim_now(machine->sim) - shim->watch.forbade_at_ms < INTERVAL_MS ||
                               shim->watch.latches.is_hot || shim->watch.latches.is_low));
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_in_charge(const struct machine *machine)
{
    int64_t now_ms = sim_now(machine->sim);

    return machine->agt != NULL && machine->liar == NULL && !machine->is_unsaved &&
           now_ms - machine->started_at_ms > SETTLE_MS &&
           now_ms - machine->stalled_until_ms > SETTLE_MS;
}

/* A rule that was broken for so long was seen, or nobody looked for so long that all are taken for
 * broken.  It holds until its other threshold is met. */
static int64_t noticed_ms(const struct machine *machine, const struct shim *shim)
{
    return INTERVAL_MS + (is_in_charge(machine) ? 0 : shim->unwatched_ms);
}

static bool is_latched(struct machine *machine, const struct shim *shim, struct shim_latches *watch,
                       const struct readings *readings, const struct node *policy)
{
    int64_t now_ms = sim_now(machine->sim), most_ms = noticed_ms(machine, shim);

    if (is_hot(readings, policy, "thermal.suspendCelsius")) {
        watch->hot_for_ms += LOOK_MS;
        watch->is_hot = watch->is_hot || watch->hot_for_ms > most_ms;
    } else {
        watch->hot_for_ms = 0;
    }
    if (is_hot(readings, policy, "thermal.resumeCelsius") || !knows(readings, SENSOR_TEMPERATURE)) {
        watch->cool_since_ms = now_ms;
    } else if (now_ms - watch->cool_since_ms + INTERVAL_MS > time_in(policy, "thermal.dwell")) {
        watch->is_hot = false;
    }
    if (is_low(readings, policy, "battery.minPercent")) {
        watch->low_for_ms += LOOK_MS;
        watch->is_low = watch->is_low || watch->low_for_ms > most_ms;
    } else {
        watch->low_for_ms = 0;
        watch->is_low = watch->is_low && is_low(readings, policy, "battery.resumePercent");
    }
    return watch->is_hot || watch->is_low;
}

static bool is_held(struct machine *machine, const struct shim *shim, struct shim_latches *latches,
                    const struct readings *readings, const struct node *policy)
{
    struct readings fresh = *readings;

    if (policy == NULL) {
        return false;
    }
    keep_fresh(machine, policy, &fresh);
    return is_latched(machine, shim, latches, &fresh, policy) ||
           forbids(&fresh, policy, hours_local_ms(machine)) || is_stale(machine, readings, policy);
}

/* What a workload's chance to save its state is not given for: heat, what is not known, want of
 * memory, and the owner's word.  To be asked after is_held(). */
static bool is_urgent(struct machine *machine, const struct shim_latches *latches,
                      const struct readings *readings, const struct node *policy)
{
    struct readings fresh = *readings;

    if (policy == NULL) {
        return false;
    }
    keep_fresh(machine, policy, &fresh);
    return latches->is_hot || is_hot(&fresh, policy, "thermal.suspendCelsius") ||
           is_stale(machine, readings, policy) || lacks_memory(&fresh, policy);
}

static void forget(struct shim *shim)
{
    int64_t thawed_at_ms = shim->watch.thawed_at_ms;

    shim->watch = (struct shim_watch){
        .forbidden_since_ms = -1,
        .urgent_since_ms = -1,
        .thawed_at_ms = thawed_at_ms,
        .forbade_at_ms = INT64_MIN / 2,
    };
}

/* Where no agent watches, its shim suspends it after a named time.  An agent that has just begun to
 * has a moment more. */
static int64_t allowed_ms(const struct machine *machine, const struct shim *shim)
{
    bool is_there = machine->agt != NULL && machine->stalled_until_ms <= sim_now(machine->sim);

    if (is_in_charge(machine)) {
        return INTERVAL_MS;
    }
    return INTERVAL_MS + shim->unwatched_ms + (is_there ? SETTLE_MS : 0);
}

/* Whoever watches tells what shall become of it when nobody does. */
static void check_watch(struct machine *machine, const struct shim *shim, const struct node *policy)
{
    if ((policy != NULL || machine->owner.rules != NULL) && shim->state == SHIM_RUNNING &&
        shim->unwatched_ms == 0 && is_in_charge(machine)) {
        sim_fail(machine->sim, "policy", "the shim of %s/%s (%s) would let it run unwatched",
                 shim->session, shim->slot, shim->uid);
    }
}

/* Whichever agents came and went since it was frozen. */
static void check_kept(struct machine *machine, const struct shim *shim, const struct node *policy)
{
    int64_t kept_ms = sim_now(machine->sim) - shim->held_at_ms;

    if (policy != NULL && shim->state == SHIM_RUNNING && shim->is_frozen && is_in_charge(machine) &&
        kept_ms > time_in(policy, "session.maxSuspend") + INTERVAL_MS) {
        sim_fail(machine->sim, "policy",
                 "%s/%s (%s) keeps its memory, suspended for %" PRId64 " ms", shim->session,
                 shim->slot, shim->uid, kept_ms);
    }
}

/* The grace that it declares before a suspension; 0: none. */
static int64_t checkpoint_ms(const struct node *work)
{
    return time_in(work, "wanted.template.workload.checkpoint.grace");
}

/* It runs against a rule since then: for too long? */
static void check_since(const struct shim *shim, bool is_broken, int64_t allowed, int64_t *since_ms)
{
    struct sim *sim = shim->machine->sim;

    if (!is_broken || shim->is_frozen || shim->state != SHIM_RUNNING) {
        *since_ms = -1;
    } else if (*since_ms < 0) {
        *since_ms = sim_now(sim);
    } else if (sim_now(sim) - *since_ms > allowed) {
        sim_fail(
            sim, "policy", "%s runs %s/%s (%s) for %" PRId64 " ms although its policy forbids it",
            shim->machine->name, shim->session, shim->slot, shim->uid, sim_now(sim) - *since_ms);
    }
}

static void look_at(struct machine *machine, struct shim *shim, const struct readings *readings)
{
    const struct node *work = check_known_work(machine, shim->uid);
    const struct node *policy = node_find_path(work, "wanted.template.policy");
    const char *digest = ref_text(work, "wanted.templateDigest");
    const struct node *owners = machine->owner.rules;
    struct shim_watch *watch = &shim->watch;
    bool is_ruled, is_forbidden, is_now;

    if (work == NULL || ref_flag(work, "removed") || strlen(digest) >= sizeof(watch->digest)) {
        forget(shim);
        return;
    }
    if (!str_eq(digest, watch->digest) || watch->changes != machine->owner.changes) {
        forget(shim); /* another policy, from now on */
        memcpy(watch->digest, digest, strlen(digest) + 1);
        watch->changes = machine->owner.changes;
    } else {
        check_watch(machine, shim, policy);
        check_kept(machine, shim, policy);
    }
    is_ruled = is_held(machine, shim, &watch->latches, readings, policy);
    is_ruled = is_held(machine, shim, &watch->owners, readings, owners) || is_ruled;
    is_forbidden = is_ruled || is_blind(machine, policy, SENSOR_COUNT) || machine->is_owner_paused;
    /* Who saves its state for a rule that comes before goes on with that. */
    is_now = machine->is_owner_paused ||
             is_blind(machine, policy, is_ruled ? SENSOR_TEMPERATURE : SENSOR_COUNT) ||
             is_urgent(machine, &watch->latches, readings, policy) ||
             is_urgent(machine, &watch->owners, readings, owners);
    watch->forbade_at_ms = is_forbidden ? sim_now(machine->sim) : watch->forbade_at_ms;
    check_since(shim, is_forbidden, allowed_ms(machine, shim) + checkpoint_ms(work),
                &watch->forbidden_since_ms);
    check_since(shim, is_now, allowed_ms(machine, shim), &watch->urgent_since_ms);
}

/* By an agent, or by its shim. */
static bool is_watched(const struct machine *machine, const struct shim *shim)
{
    return machine->is_on && machine->liar == NULL &&
           (is_in_charge(machine) || shim->unwatched_ms > 0);
}

static void look(struct sim *sim, void *who, uint64_t arg)
{
    (void)who;
    (void)arg;
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];
        struct readings readings;

        senses_look(machine, &readings);
        check_shares(machine, is_in_charge(machine), LOOK_MS);
        vec_each (&machine->shims, it) {
            if (!is_watched(machine, *it)) {
                forget(*it);
            } else if ((*it)->has_process || (*it)->state == SHIM_STARTING) {
                look_at(machine, *it, &readings);
            }
        }
    }
    schedule_after(&sim->schedule, LOOK_MS, look, NULL, 0);
}

void check_policies(struct sim *sim)
{
    look(sim, NULL, 0);
}
