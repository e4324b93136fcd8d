#include "tests/sim/check_share.h"

#include "tests/sim/check_policy.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>

enum {
    CPU_MS = 2500,    /* as a policy has */
    MEMORY_MS = 4000, /* a second to the next measurement, one to act, and a slow end */
    TOLD_MS = 20,     /* in which an agent that is awake hears that something has ended */
    ALL_OF_IT = 100,
};

static int64_t stricter(int64_t a, int64_t b)
{
    a = a > 0 && a < ALL_OF_IT ? a : ALL_OF_IT;
    return b > 0 && b < a ? b : a;
}

static int64_t percent_of(const struct shim *shim, const char *path, int64_t cap)
{
    const struct node *work = check_known_work(shim->machine, shim->uid);

    return stricter(work == NULL ? 0 : ref_int(work, path, 0), cap);
}

static int64_t cpu_percent(const struct shim *shim)
{
    return percent_of(shim, "wanted.template.limits.cpuPercent",
                      shim->machine->options.settings.caps.cpu_percent);
}

static int64_t memory_percent(const struct shim *shim)
{
    return percent_of(shim, "wanted.template.limits.memoryPercent",
                      shim->machine->options.settings.caps.memory_percent);
}

/* In thousandths of the machine; each share may be rounded up to one. */
static bool has_too_much_cpu(const struct machine *machine, int64_t percent)
{
    int64_t sum = 0, count = 0;

    vec_each (&machine->shims, it) {
        const struct shim *shim = *it;

        if (shim->has_process && !shim->is_frozen && cpu_percent(shim) <= percent) {
            sum += shim->cpu_limit == 0 ? 1000 : shim->cpu_limit;
            count++;
        }
    }
    return sum > percent * 10 + count;
}

static bool is_too_much(const struct machine *machine, int64_t sum, int64_t percent)
{
    return sum > machine->options.memory / ALL_OF_IT * percent;
}

static bool has_too_much_memory(const struct machine *machine, int64_t percent)
{
    int64_t sum = 0;

    vec_each (&machine->shims, it) {
        if ((*it)->has_process && memory_percent(*it) <= percent) {
            sum += shim_memory(*it);
        }
    }
    return is_too_much(machine, sum, percent);
}

void check_shares(struct machine *machine, bool is_in_charge, int look_ms)
{
    bool is_cpu_broken = false, is_memory_broken = false;

    vec_each (&machine->shims, it) {
        const struct shim *shim = *it;

        if (is_in_charge && shim->has_process) {
            int64_t cpu = cpu_percent(shim), memory = memory_percent(shim);

            is_cpu_broken = is_cpu_broken || (cpu < ALL_OF_IT && has_too_much_cpu(machine, cpu));
            is_memory_broken =
                is_memory_broken || (memory < ALL_OF_IT && has_too_much_memory(machine, memory));
        }
    }
    machine->cpu_broken_ms = is_cpu_broken ? machine->cpu_broken_ms + look_ms : 0;
    machine->memory_broken_ms = is_memory_broken ? machine->memory_broken_ms + look_ms : 0;
    if (machine->cpu_broken_ms > CPU_MS) {
        sim_fail(machine->sim, "policy",
                 "what runs on %s may use more of the processors together than is allowed, for "
                 "%" PRId64 " ms",
                 machine->name, machine->cpu_broken_ms);
    }
    if (machine->memory_broken_ms > MEMORY_MS) {
        sim_fail(machine->sim, "policy",
                 "what runs on %s holds more memory together than is allowed, for %" PRId64 " ms",
                 machine->name, machine->memory_broken_ms);
    }
}

static bool holds_something(const struct shim *shim)
{
    const struct machine *machine = shim->machine;
    int64_t told_ms = shim->ended_at_ms;

    if (machine->stalled_until_ms > told_ms) {
        told_ms = machine->stalled_until_ms;
    }
    return shim->has_process ||
           (shim->ended_at_ms > 0 && sim_now(machine->sim) - told_ms < TOLD_MS);
}

/* An agent goes by what it was told, which may be less by now. */
static int64_t known_memory(const struct shim *shim)
{
    int64_t memory = shim_memory(shim);

    return shim->told_memory > memory ? shim->told_memory : memory;
}

/* What its agent has told to end, or knows to have ended, holds nothing any more. */
static bool counts_with(const struct shim *shim, const struct shim *ended)
{
    if (shim->overrun > 0 && shim->overrun < ended->overrun &&
        shim->overrun_life == ended->overrun_life) {
        return false;
    }
    return holds_something(shim);
}

static void check_overrun(const struct shim *ended)
{
    struct machine *machine = ended->machine;

    for (int64_t percent = memory_percent(ended); percent < ALL_OF_IT; percent++) {
        int64_t sum = 0;

        vec_each (&machine->shims, it) {
            if (counts_with(*it, ended) && memory_percent(*it) <= percent) {
                sum += known_memory(*it);
            }
        }
        if (is_too_much(machine, sum, percent)) {
            return;
        }
    }
    sim_fail(machine->sim, "policy", "%s ends %s/%s (%s) for want of memory that there is",
             machine->name, ended->session, ended->slot, ended->uid);
}

void check_overruns(struct machine *machine)
{
    vec_each (&machine->effects, effect) {
        vec_each (&machine->shims, it) {
            const struct shim *shim = *it;

            if (effect->type == AGT_OVERRUN && shim->run == effect->run && shim->overrun > 0 &&
                shim->overrun_life == machine->life && str_eq(shim->uid, effect->uid) &&
                !machine->is_dying && !machine->is_unsaved) {
                check_overrun(shim);
            }
        }
    }
}
