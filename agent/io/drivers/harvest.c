/* Percentages of the machine become thousandths of a core and bytes. */
#include "agent/io/drivers/harvest.h"

/* The smaller of two limits, where 0 is none. */
static int64_t stricter(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    return a < b ? a : b;
}

static int64_t share(int64_t percent, int64_t whole)
{
    return percent <= 0 || percent >= 100 ? 0 : whole / 100 * percent + whole % 100 * percent / 100;
}

int64_t harvest_cpu_limit(int64_t thousandths, const struct machine *machine)
{
    int64_t limit = machine->cores_milli / 1000 * thousandths +
                    machine->cores_milli % 1000 * thousandths / 1000;

    return thousandths > 0 && limit < 1 ? 1 : limit;
}

/* As the kernel weighs who is to go: what a process holds, and as much more as this is of all that
 * may be held.  So among all of ours the one most above what it declares goes first. */
static int64_t oom_adjust(int64_t declared, int64_t most)
{
    return declared <= 0 ? 1000 : declared >= most ? 0 : 1000 - declared / (most / 1000 + 1);
}

int64_t harvest_cpu_whole(const struct limits_policy *caps, const struct machine *machine)
{
    return share(caps->cpu_percent, machine->cores_milli);
}

int64_t harvest_memory_whole(const struct limits_policy *caps, const struct machine *machine)
{
    return share(caps->memory_percent, machine->memory_bytes);
}

void harvest_prepare(struct arena *arena, const struct agt_spawn *spawn,
                     const struct limits_policy *caps, const struct machine *machine,
                     struct shim_spec *ret_spec)
{
    const struct workload *workload = &spawn->template->workload;
    const struct limits_policy *limits = &spawn->template->limits;
    int64_t memory =
        share(stricter(limits->memory_percent, caps->memory_percent), machine->memory_bytes);
    int64_t whole = harvest_memory_whole(caps, machine);
    struct shim_spec spec = {
        .uid = spawn->uid,
        .name = spawn->name,
        .session = spawn->session,
        .slot = spawn->slot,
        .run = spawn->run,
        .generation = spawn->generation,
        .lease_epoch = spawn->lease_epoch,
        .command_count = workload->command.count,
        .environment_count = workload->environment.count,
        .grace_ms = spawn->template->grace_ms,
        .orphan_after_ms = spawn->template->orphan_after_ms,
        .lease_end = spawn->lease_end,
        .memory_limit = stricter(workload->resources.memory, memory),
        .cpu_limit = harvest_cpu_whole(caps, machine),
        .cpu_whole = harvest_cpu_whole(caps, machine),
        .memory_whole = whole,
        .oom_adjust =
            oom_adjust(workload->resources.memory, whole > 0 ? whole : machine->memory_bytes),
        .cpu_told = harvest_cpu_limit(spawn->cpu_limit, machine),
        .pids_limit = stricter(limits->pids, caps->pids),
        .task_count = spawn->template->task_count,
    };

    spec.command = arena_array(arena, spec.command_count, sizeof(spec.command[0]));
    for (size_t i = 0; i < spec.command_count; i++) {
        spec.command[i] = workload->command.items[i];
    }
    spec.environment = arena_array(arena, spec.environment_count, sizeof(spec.environment[0]));
    for (size_t i = 0; i < spec.environment_count; i++) {
        spec.environment[i] = workload->environment.items[i];
    }
    *ret_spec = spec;
}
