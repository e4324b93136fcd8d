/* A second of a device, held against the rules. */
#include "tests/sim/day.h"

#include "schema/limits.h"
#include "tests/sim/machine.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <string.h>

enum {
    INTERVAL_MS = POLICY_STEP_MS + 20, /* and the timer's delay */
    SETTLE_MS = 3000,                  /* of an agent that started, or woke up */
    ALONE_MS = 40000,                  /* an agent that died is back, or its shims act */
    LATE_S = 3,
    WELCOME_S = 30,
    FORGOTTEN_S = 12 * 60 * 60,
    UNSAVED_S = 330,  /* usage is written down every five minutes at least */
    SHARE_SLACK = 25, /* thousandths, for what the temperature does within a second */
    TASK_MIN_S = 600,
    TASK_MAX_S = 2700,
};

static bool runs(const struct day_device *device, const struct day_work *work)
{
    const struct shim *shim = work->shim;

    return !device->life.is_asleep && shim->has_process && shim->state == SHIM_RUNNING &&
           !shim->is_frozen;
}

static bool is_in_charge(const struct day *day, const struct day_device *device)
{
    const struct machine *machine = device->machine;
    int64_t now_ms = sim_now(day->sim);

    return machine->agt != NULL && !device->life.is_asleep &&
           now_ms - machine->started_at_ms > SETTLE_MS && now_ms - device->woke_at_ms > SETTLE_MS;
}

static bool is_frozen(const struct day_work *work)
{
    return work->shim->is_frozen && work->shim->state == SHIM_RUNNING;
}

/* In thousandths of all its processors. */
static int64_t share_of(const struct day_device *device, const struct shim *shim)
{
    int64_t asked = shim->cores * 1000 / device->machine->options.settings.capacity.cores;

    asked = asked > 1000 ? 1000 : asked;
    return shim->cpu_limit > 0 && shim->cpu_limit < asked ? shim->cpu_limit : asked;
}

int64_t day_own_load(const struct day_device *device)
{
    int64_t own = 0;

    vec_each (&device->works, work) {
        own += runs(device, work) ? share_of(device, work->shim) * 100 : 0;
    }
    return own > 100000 ? 100000 : own;
}

/* --- runs come and go ------------------------------------------------------------------------- */

static struct day_work *find_ended(struct day_device *device, const struct shim *shim)
{
    vec_each (&device->works, work) {
        if (work->gone_s > 0 && str_eq(work->shim->uid, shim->uid)) {
            return work;
        }
    }
    return NULL;
}

/* Of what was ended for a while its rules are remembered. */
static void begin_again(struct day_work *work, struct shim *shim)
{
    work->shim = shim;
    work->gone_s = work->frozen_s = work->welcome_s = work->done = 0;
    work->forbidden_since_ms = work->urgent_since_ms = work->alone_since_ms = -1;
    work->was_running = work->has_begun = work->is_noted = false;
}

static void take_new(struct day *day, struct day_device *device)
{
    struct machine *machine = device->machine;

    while (device->shims_seen < machine->shims.count) {
        struct shim *shim = machine->shims.items[device->shims_seen++];
        struct day_work *ended = find_ended(device, shim);
        struct day_work work = {.policy = day_policy_of(shim->session)};

        if (work.policy == NULL) {
            sim_fail(day->sim, "policy", "%s runs without a policy", shim->session);
            return;
        }
        if (ended != NULL) {
            begin_again(ended, shim);
            continue;
        }
        begin_again(&work, shim);
        if (str_eq(shim->command, "crunch")) {
            work.needed = 1000 * die_between(&machine->work_die, TASK_MIN_S, TASK_MAX_S);
        }
        vec_add(&device->works, work);
    }
}

/* Has it rested for as long as its policy says? */
static void rest(struct day_work *work)
{
    work->rested_s++;
    work->ran_s = work->rested_s >= work->policy->cooldown_s ? 0 : work->ran_s;
}

static void drop_ended(struct day_device *device)
{
    for (size_t i = 0; i < device->works.count;) {
        struct day_work *work = &device->works.items[i];
        bool is_over = work->shim->state == SHIM_ENDED;

        if (is_over && (work->shim->exit.cause != EXIT_STOPPED || work->gone_s > FORGOTTEN_S)) {
            vec_remove(&device->works, i);
            continue;
        }
        if (is_over) {
            work->gone_s++;
            rest(work);
        }
        i++;
    }
}

/* --- what has passed -------------------------------------------------------------------------- */

static void fail(struct day *day, const struct day_device *device, const struct day_work *work,
                 const char *what, int64_t ms)
{
    sim_fail(day->sim, "policy", "%s (%s): %s %s for %" PRId64 " ms: %s", device->machine->name,
             habit_words[device->life.habit], work->shim->session, what, ms,
             rule_words[work->rule]);
}

/* Longer than a sampling interval, and the grace in which it may save its state? */
static void check_since(struct day *day, struct day_device *device, const struct day_work *work,
                        int64_t for_ms, int64_t grace_ms)
{
    if (for_ms - grace_ms > device->worst_ms) {
        device->worst_ms = for_ms - grace_ms;
    }
    if (for_ms - grace_ms > INTERVAL_MS) {
        fail(day, device, work, "runs against its policy", for_ms);
    }
}

/* It runs against its policy since then, or did so until it was held. */
static void check_violation(struct day *day, struct day_device *device, struct day_work *work,
                            bool is_running)
{
    int64_t until_ms = is_running ? sim_now(day->sim) : work->shim->held_at_ms;

    if (work->forbidden_since_ms >= 0) {
        check_since(day, device, work, until_ms - work->forbidden_since_ms,
                    work->policy->checkpoint_s * 1000);
    }
    if (work->urgent_since_ms >= 0) {
        check_since(day, device, work, until_ms - work->urgent_since_ms, 0);
    }
    if (work->alone_since_ms >= 0 && is_running &&
        sim_now(day->sim) - work->alone_since_ms > device->worst_alone_ms) {
        device->worst_alone_ms = sim_now(day->sim) - work->alone_since_ms;
    }
    if (device->worst_alone_ms > ALONE_MS) {
        fail(day, device, work, "runs without an agent and against its policy",
             device->worst_alone_ms);
    }
    if (!is_running) {
        work->forbidden_since_ms = work->urgent_since_ms = work->alone_since_ms = -1;
    }
}

/* The longest that nobody had touched it, of what may have been read when the run was decided on.
 * Work that begins in the very moment at which somebody comes is no mistake: it is for the next
 * look to hold it, and for check_violation() to see that it does. */
static int64_t idle_when_decided(const struct day *day, const struct day_device *device,
                                 const struct shim *shim)
{
    int64_t longest_ms = 0;

    for (int i = 0; i < DAY_LOOKS; i++) { /* each of them lasted for a second */
        bool may_be_read = sim_now(day->sim) - i * 1000 >= shim->spawned_ms - INTERVAL_MS;

        if (may_be_read && device->idle_ms[i] > longest_ms) {
            longest_ms = device->idle_ms[i];
        }
    }
    return longest_ms;
}

/* Somebody who just left is no reason to begin. */
static void check_begin(struct day *day, struct day_device *device, struct day_work *work)
{
    int64_t start_ms = work->policy->start_idle_s * 1000;
    int64_t idle_ms = idle_when_decided(day, device, work->shim);

    work->has_begun = true;
    if (sim_now(day->sim) - work->shim->began_ms > INTERVAL_MS) {
        return; /* it was suspended as soon as it had begun, and goes on now */
    }
    if (life_has_people(&device->life) && idle_ms + INTERVAL_MS + SETTLE_MS < start_ms) {
        work->rule = RULE_USED;
        fail(day, device, work, "begins, and was touched", idle_ms);
    }
}

static void note_end_of_running(struct day_device *device, const struct day_work *work)
{
    if (work->shim->is_frozen) {
        device->suspensions[day_rule_of(work->rule, work->policy, &device->life)]++;
    }
}

/* What is ended for a while, as far as it can be told: its memory was kept for long enough, it ran
 * for long enough, or the rule of this second. */
static enum rule ended_for(const struct day_device *device, const struct day_work *work)
{
    const struct day_policy *policy = work->policy;

    return work->frozen_s > policy->max_suspend_s - LATE_S ? RULE_HELD_LONG
           : work->ran_s > policy->max_duration_s - LATE_S
               ? RULE_LONG
               : day_rule_of(work->rule, policy, &device->life);
}

static void note_eviction(struct day_device *device, struct day_work *work)
{
    if (work->shim->exit.cause == EXIT_STOPPED && work->has_begun && !work->is_noted) {
        device->evictions[ended_for(device, work)]++;
        device->evicts = true;
    }
    work->is_noted = true;
}

static void pass(struct day *day, struct day_device *device, struct day_work *work)
{
    bool is_running = runs(device, work);
    bool is_kept = is_frozen(work);

    check_violation(day, device, work, is_running);
    if (is_running && !work->has_begun) {
        check_begin(day, device, work);
    }
    if (work->was_running && !is_running) {
        note_end_of_running(device, work);
    }
    if (work->shim->state == SHIM_ENDING || work->shim->state == SHIM_ENDED) {
        note_eviction(device, work);
    }
    work->was_running = is_running;
    work->frozen_s = is_kept ? work->frozen_s + 1 : 0;
    if (is_kept) {
        rest(work);
    }
    if (is_running) {
        int64_t cores =
            share_of(device, work->shim) * device->machine->options.settings.capacity.cores;

        work->rested_s = 0;
        work->ran_s++;
        work->done += cores / 1000;
        device->done += cores / 1000;
        if (work->needed > 0 && work->done >= work->needed) {
            day->tasks_done++;
            shim_finish(work->shim);
        }
    }
}

/* All together have no more than the policy that gives the most. */
static void check_shares(struct day *day, struct day_device *device)
{
    int64_t all = 0, most = 0;

    vec_each (&device->works, work) {
        int64_t share = day_share(work->policy, device->life.millis) + SHARE_SLACK;

        if (!runs(device, work)) {
            continue;
        }
        all += work->shim->cpu_limit == 0 ? 1000 : work->shim->cpu_limit;
        most = share > most ? share : most;
    }
    device->over_s = all > most && is_in_charge(day, device) ? device->over_s + 1 : 0;
    if (device->over_s > LATE_S) {
        sim_fail(day->sim, "policy",
                 "%s: work has %" PRId64 " thousandths of it, and may have %" PRId64,
                 device->machine->name, all, most);
    }
}

/* What all of ours together do. */
static enum day_state state_of(const struct day_device *device)
{
    bool is_running = false, is_slow = true, is_held = false;

    vec_each (&device->works, work) {
        bool is_its = runs(device, work);

        is_running = is_running || is_its;
        is_slow = is_slow && (!is_its || device->life.millis > work->policy->throttle * 1000);
        is_held = is_held || is_frozen(work);
    }
    return device->life.is_asleep  ? DAY_ASLEEP
           : is_running && is_slow ? DAY_THROTTLED
           : is_running            ? DAY_RUNS
           : is_held               ? DAY_SUSPENDED
                                   : DAY_EMPTY;
}

static void take_sample(const struct day_device *device, struct day_sample *ret_sample)
{
    const struct life *life = &device->life;

    *ret_sample = (struct day_sample){.is_used = life_has_people(life) && life->idle_ms < 60 * 1000,
                                      .is_offline = device->is_blocked,
                                      .has_evicted = device->evicts,
                                      .charge = life->charge / 1000000,
                                      .millis = life->millis};
    for (int i = 0; i < DAY_STATES; i++) {
        if (device->minute[i] > device->minute[ret_sample->state]) {
            ret_sample->state = (enum day_state)i;
        }
    }
}

static void note_state(const struct day *day, struct day_device *device)
{
    enum day_state state = state_of(device);
    int64_t minute = day->second / 60;

    device->seconds_run += state == DAY_RUNS || state == DAY_THROTTLED;
    device->minute[state]++;
    if (minute < DAY_MINUTES && day->second % 60 == 59) {
        take_sample(device, &device->samples[minute]);
        memset(device->minute, 0, sizeof(device->minute));
        device->evicts = false;
    }
}

/* One that is started again counts what ran from what the one before wrote down last. */
static void meet_agent(struct day_device *device)
{
    if (device->life_seen == device->machine->life) {
        return;
    }
    device->life_seen = device->machine->life;
    vec_each (&device->works, work) {
        work->ran_s = work->ran_s > UNSAVED_S ? work->ran_s - UNSAVED_S : 0;
    }
}

void day_check(struct day *day, struct day_device *device)
{
    meet_agent(device);
    take_new(day, device);
    vec_each (&device->works, work) {
        if (!day->sim->has_failed && work->gone_s == 0) {
            pass(day, device, work);
        }
    }
    check_shares(day, device);
    drop_ended(device);
    note_state(day, device);
}

/* --- what is asked from now on ---------------------------------------------------------------- */

static void check_held(struct day *day, struct day_device *device, struct day_work *work)
{
    bool is_welcome = is_frozen(work) && is_in_charge(day, device) &&
                      work->ran_s < work->policy->max_duration_s &&
                      day_welcomes(&work->latches, work->policy, &device->life, day_local_ms(day));

    work->welcome_s = is_welcome ? work->welcome_s + 1 : 0;
    if (work->welcome_s > WELCOME_S) {
        fail(day, device, work, "is held, and nothing forbids it", work->welcome_s * 1000);
    }
    if (is_frozen(work) && is_in_charge(day, device) &&
        work->frozen_s > work->policy->max_suspend_s + LATE_S) {
        fail(day, device, work, "keeps its memory, suspended", work->frozen_s * 1000);
    }
}

static void note_since(bool is_so, int64_t now_ms, int64_t *since_ms)
{
    if (!is_so) {
        *since_ms = -1;
    } else if (*since_ms < 0) {
        *since_ms = now_ms;
    }
}

static void judge(struct day *day, struct day_device *device, struct day_work *work)
{
    int64_t now_ms = sim_now(day->sim);
    bool is_in = is_in_charge(day, device), is_against, is_urgent;
    enum rule rule;

    if (!is_in) { /* who starts looks anew, or goes on from what it saw before */
        work->latches =
            (struct day_latches){.felt_hot = true, .felt_low = true, .felt_crowded = true};
    }
    day_latch(&work->latches, work->policy, &device->life);
    rule = day_forbids(&work->latches, work->policy, &device->life, day_local_ms(day));
    work->rule_s = rule == work->rule ? work->rule_s + 1 : 0;
    work->rule = rule;
    if (work->rule == RULE_NONE && work->ran_s > work->policy->max_duration_s + LATE_S) {
        work->rule = RULE_LONG;
    }
    is_against = work->rule != RULE_NONE && runs(device, work);
    /* Who saves its state for a rule that comes before a blind sensor goes on with that. */
    is_urgent = work->rule == RULE_LONG || work->rule == RULE_BLIND ||
                day_is_urgent(&work->latches, work->policy, &device->life);
    note_since(is_against && is_in, now_ms, &work->forbidden_since_ms);
    note_since(is_against && is_in && is_urgent, now_ms, &work->urgent_since_ms);
    note_since(is_against && !is_in, now_ms, &work->alone_since_ms);
    check_held(day, device, work);
}

static void note_idle(struct day_device *device)
{
    memmove(&device->idle_ms[1], &device->idle_ms[0], (DAY_LOOKS - 1) * sizeof(device->idle_ms[0]));
    device->idle_ms[0] = device->life.is_asleep ? 0 : device->life.idle_ms;
}

void day_judge(struct day *day, struct day_device *device)
{
    note_idle(device);
    if (device->life.millis > device->hottest) {
        device->hottest = device->life.millis;
    }
    vec_each (&device->works, work) {
        if (!device->life.is_asleep && !day->sim->has_failed) {
            judge(day, device, work);
        }
    }
}
