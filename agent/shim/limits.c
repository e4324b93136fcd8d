/* Each limit for itself: what the kernel took is asked of nobody else, what it did not take (or not
 * any more) is kept here. */
#include "agent/shim/limits.h"

#include "agent/core/agt.h"
#include "agent/shim/clock.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <signal.h>
#include <stdio.h>

enum {
    LOOK_SHARE = 500,          /* a look may use this part of the time between two, */
    LOOK_PAUSE_MAX_MS = 10000, /* which is never longer than this */
    NEAR = 16,                 /* this part of a limit below it is near it */
};

void limits_init(struct limits *limits, const struct shim_spec *spec, struct group *group)
{
    *limits = (struct limits){.spec = spec, .group = group};
    limits->duty_at = limits->look_at = MONO_NEVER;
    cgroup_init(&limits->cgroup);
}

void limits_fini(struct limits *limits)
{
    cgroup_fini(&limits->cgroup);
}

/* --- stopping it --------------------------------------------------------------------------------
 */

/* The freezer is not seen by the workload and its parents, and holds whoever is born meanwhile. */
static void stop_all(struct limits *limits, bool stopped)
{
    if (!cgroup_freeze(&limits->cgroup, stopped)) {
        group_signal(limits->group, stopped ? SIGSTOP : SIGCONT);
    }
}

static bool uses_duty(const struct limits *limits)
{
    return limits->cpu_limit > 0 && !cgroup_keeps(&limits->cgroup, CGROUP_CPU);
}

static void begin_duty(struct limits *limits, struct mono now)
{
    group_measure(limits->group);
    limits->duty_cpu_us = limits->group->cpu_us;
    limits->duty_since = now;
    limits->duty_at = mono_after(now, SHIM_DUTY_MS);
}

static void step_duty(struct limits *limits, struct mono now)
{
    int64_t elapsed_us = mono_since(limits->duty_since, now) * 1000;
    int64_t before_us = limits->duty_cpu_us;
    bool may_run;

    begin_duty(limits, now);
    may_run = duty_step(&limits->duty, limits->duty_cpu_us - before_us, elapsed_us);
    if (may_run != limits->is_paused) {
        return;
    }
    limits->is_paused = !may_run;
    if (!cgroup_freeze(&limits->cgroup, !may_run)) {
        group_signal_seen(limits->group, may_run ? SIGCONT : SIGSTOP);
    }
}

void limits_set_cpu(struct limits *limits, int64_t told, struct mono now)
{
    int64_t most = limits->spec->cpu_limit;
    int64_t limit = told > 0 && (most == 0 || told < most) ? told : most;
    bool was_duty = uses_duty(limits);

    if (limit == limits->cpu_limit) {
        return;
    }
    limits->cpu_limit = limit;
    (void)cgroup_set_cpu(&limits->cgroup, limit);
    cgroup_values_read(&limits->cgroup, &limits->set);
    if (uses_duty(limits)) {
        duty_init(&limits->duty, limit);
        begin_duty(limits, now);
        limits->look_at = now; /* without limits nobody looked */
    } else if (was_duty && limits->is_paused) {
        limits->is_paused = false;
        stop_all(limits, limits->is_suspended);
    }
}

void limits_suspend(struct limits *limits, bool suspended, struct mono now)
{
    limits->is_suspended = suspended;
    limits->is_paused = false;
    stop_all(limits, suspended);
    limits->look_at = now;
    if (uses_duty(limits)) {
        begin_duty(limits, now);
    }
}

void limits_release(struct limits *limits, struct mono now)
{
    limits->is_suspended = limits->is_paused = false;
    stop_all(limits, false);
    if (uses_duty(limits)) { /* a debt would eat the time in which it saves its state */
        duty_init(&limits->duty, limits->cpu_limit);
        begin_duty(limits, now);
    }
}

/* --- beginning and end --------------------------------------------------------------------------
 */

void limits_prepare(struct limits *limits, struct mono now)
{
    const struct shim_spec *spec = limits->spec;

    cgroup_make(&limits->cgroup, spec->cgroups, spec->uid, spec->run);
    cgroup_set_whole(spec->cgroups, spec->cpu_whole, spec->memory_whole);
    if (spec->memory_limit > 0) {
        (void)cgroup_set_memory(&limits->cgroup, spec->memory_limit);
    }
    if (spec->pids_limit > 0) {
        (void)cgroup_set_pids(&limits->cgroup, spec->pids_limit);
    }
    limits_set_cpu(limits, spec->cpu_told, now);
    cgroup_values_read(&limits->cgroup, &limits->set);
}

void limits_give_up(struct limits *limits)
{
    limits_clear(limits);
    cgroup_fini(&limits->cgroup);
    limits->set = (struct cgroup_values){0};
    if (limits->cpu_limit > 0) {
        duty_init(&limits->duty, limits->cpu_limit);
    }
}

void limits_begin(struct limits *limits, struct mono now)
{
    limits->look_at = mono_after(now, SHIM_SAMPLE_MS);
    begin_duty(limits, now);
}

void limits_clear(struct limits *limits)
{
    (void)cgroup_remove(limits->spec->cgroups, limits->spec->uid, limits->spec->run);
}

/* --- what others do to them ---------------------------------------------------------------------
 */

bool limits_differ(const struct limits *limits)
{
    return cgroup_values_differ(&limits->cgroup, &limits->set);
}

void limits_mend(struct limits *limits)
{
    cgroup_values_write(&limits->cgroup, &limits->set);
}

bool limits_hold(const struct limits *limits)
{
    return limits->is_suspended || limits->is_paused;
}

/* --- looking ------------------------------------------------------------------------------------
 */

static bool counts_memory(const struct limits *limits)
{
    return limits->spec->memory_limit > 0 && !cgroup_keeps(&limits->cgroup, CGROUP_MEMORY);
}

int64_t limits_memory(const struct limits *limits)
{
    int64_t held;

    return cgroup_memory(&limits->cgroup, &held) ? held : limits->group->memory;
}

static bool counts_pids(const struct limits *limits)
{
    return limits->spec->pids_limit > 0 && !cgroup_keeps(&limits->cgroup, CGROUP_PIDS);
}

/* Must all processes be known, to be counted or to be stopped? */
static bool needs_look(const struct limits *limits)
{
    return counts_memory(limits) || counts_pids(limits) ||
           (!cgroup_keeps(&limits->cgroup, CGROUP_SUSPEND) &&
            (limits->is_suspended || uses_duty(limits)));
}

struct mono limits_deadline(const struct limits *limits)
{
    struct mono at = MONO_NEVER;

    if (needs_look(limits) || limits->is_suspended || limits->spec->memory_limit > 0) {
        at = mono_earlier(at, limits->look_at);
    }
    if (uses_duty(limits) && !limits->is_suspended) {
        at = mono_earlier(at, limits->duty_at);
    }
    return at;
}

static void say_memory(const struct limits *limits, int64_t held,
                       char message[static LIMITS_MESSAGE_SIZE])
{
    char has[QUANTITY_TEXT_SIZE], may[QUANTITY_TEXT_SIZE];

    quantity_to_rough_str(held, has);
    quantity_to_rough_str(limits->spec->memory_limit, may);
    (void)snprintf(message, LIMITS_MESSAGE_SIZE, EXIT_MEMORY_LIMIT "its processes hold %s of %s",
                   has, may);
}

/* The kernel has killed one of its processes: for its own limit, or, when it was far from that, for
 * the one of all together. */
static void say_killed(const struct limits *limits, char message[static LIMITS_MESSAGE_SIZE])
{
    int64_t peak = cgroup_memory_peak(&limits->cgroup), own = limits->spec->memory_limit;
    char held[QUANTITY_TEXT_SIZE], whole[QUANTITY_TEXT_SIZE];

    if (limits->spec->memory_whole == 0 || peak >= own - own / NEAR) {
        say_memory(limits, peak, message);
        return;
    }
    quantity_to_rough_str(peak, held);
    quantity_to_rough_str(limits->spec->memory_whole, whole);
    (void)snprintf(message, LIMITS_MESSAGE_SIZE,
                   EXIT_MEMORY_LIMIT "all that runs here may hold %s together and wanted more; "
                                     "this held up to %s",
                   whole, held);
}

/* Many processes, few looks.  By the processor time that a look used: on a busy machine it takes
 * long, and that is no reason to look away. */
static int64_t look_at_all(struct limits *limits, struct mono now)
{
    int64_t began_ms = clock_ms(CLOCK_THREAD_CPUTIME_ID), pause_ms;

    group_look(limits->group, now);
    pause_ms = (clock_ms(CLOCK_THREAD_CPUTIME_ID) - began_ms) * LOOK_SHARE;
    if (pause_ms > LOOK_PAUSE_MAX_MS) {
        return LOOK_PAUSE_MAX_MS;
    }
    return pause_ms > SHIM_SAMPLE_MS ? pause_ms : SHIM_SAMPLE_MS;
}

static bool look(struct limits *limits, struct mono now, char message[static LIMITS_MESSAGE_SIZE])
{
    const struct group *group = limits->group;
    int64_t pause_ms = needs_look(limits) ? look_at_all(limits, now) : SHIM_SAMPLE_MS;

    limits->look_at = mono_after(now, pause_ms);
    if (counts_memory(limits) && group->memory > limits->spec->memory_limit) {
        say_memory(limits, group->memory, message);
        return false;
    }
    if (cgroup_count_oom(&limits->cgroup) > 0) { /* version 1 kills one process only */
        say_killed(limits, message);
        return false;
    }
    if (counts_pids(limits) && (int64_t)group->members.count > limits->spec->pids_limit) {
        (void)snprintf(message, LIMITS_MESSAGE_SIZE, "PidsLimit: it has %zu of %lld processes",
                       group->members.count, (long long)limits->spec->pids_limit);
        return false;
    }
    if (limits->is_suspended && !cgroup_freeze(&limits->cgroup, true)) {
        group_signal_seen(limits->group, SIGSTOP); /* who was born while the others were stopped */
    }
    return true;
}

bool limits_step(struct limits *limits, struct mono now, char message[static LIMITS_MESSAGE_SIZE])
{
    if (mono_is_due(limits->look_at, now) && !look(limits, now, message)) {
        return false;
    }
    if (uses_duty(limits) && !limits->is_suspended && mono_is_due(limits->duty_at, now)) {
        step_duty(limits, now);
    }
    return true;
}

bool limits_explain(const struct limits *limits, char message[static LIMITS_MESSAGE_SIZE])
{
    if (cgroup_count_oom(&limits->cgroup) > 0) {
        say_killed(limits, message);
        return true;
    }
    if (cgroup_count_refused(&limits->cgroup) > 0) {
        (void)snprintf(message, LIMITS_MESSAGE_SIZE,
                       "PidsLimit: it wanted more than its %lld processes",
                       (long long)limits->spec->pids_limit);
        return true;
    }
    return false;
}
