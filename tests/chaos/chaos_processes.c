/* Faults of processes: kills with -9, and freezes. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"

#include <unistd.h>

enum { STARTS_MAX = 5, START_MS_MAX = 80, STOP_LOOKS = 100, TRIES = 5 };

static void count_kill(const struct machine *machine)
{
    if (machine->node == NODE_CONTROLLER) {
        chaos_kills.controller++;
    } else {
        chaos_kills.agents++;
    }
}

bool kill_machine(struct machine *machine)
{
    bool did = machine_kill(machine);

    if (did) {
        count_kill(machine);
    }
    return did;
}

void begin_kill(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    blow->fired += kill_machine(machine);
    machine->holds++;
}

void end_kill(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    machine->holds--;
    machine_start(machine);
}

/* As an upgrade does it. */
void begin_restart(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    machine->holds++;
    blow->fired += world_end_softly(world, &machine->program);
}

/* Again and again while it starts. */
void begin_kill_starting(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    int64_t starts = rand_between(&world->rand, 2, STARTS_MAX);

    for (int64_t i = 0; i < starts; i++) {
        blow->fired += kill_machine(machine);
        machine_start(machine);
        (void)usleep((useconds_t)rand_below(&world->rand, START_MS_MAX * 1000));
    }
    blow->fired += kill_machine(machine);
    machine_start(machine);
}

void begin_kill_every_agent(struct world *world, struct blow *blow)
{
    for (int i = 1; i <= world->agents; i++) {
        (void)program_signal(&world->edges[i - 1].program, SIGKILL);
    }
    for (int i = 1; i <= world->agents; i++) {
        struct machine *edge = world_machine(world, i);

        (void)program_kill(&edge->program);
        count_kill(edge);
        edge->holds++;
        blow->fired++;
    }
}

void end_kill_every_agent(struct world *world, struct blow *blow)
{
    (void)blow;
    for (int i = 1; i <= world->agents; i++) {
        world_machine(world, i)->holds--;
        machine_start(world_machine(world, i));
    }
}

static bool try_to_kill_work(struct world *world, bool is_shim)
{
    static struct found found[FOUND_MAX];
    int count = world_find(world, -1, found, FOUND_MAX), fit = 0;

    for (int i = 0; i < count; i++) {
        if (is_shim ? found[i].is_shim : found[i].is_leader) {
            found[fit++] = found[i];
        }
    }
    return fit > 0 && kill(found[rand_below(&world->rand, (uint64_t)fit)].pid, SIGKILL) == 0;
}

/* Who was found may have ended since. */
bool kill_work(struct world *world, bool is_shim)
{
    bool did = false;

    for (int i = 0; i < TRIES && !did; i++) {
        did = try_to_kill_work(world, is_shim);
    }
    if (is_shim) {
        chaos_kills.shims += did;
    } else {
        chaos_kills.workloads += did;
    }
    return did;
}

void begin_kill_work(struct world *world, struct blow *blow)
{
    blow->fired += kill_work(world, str_eq(blow->class->word, "shim"));
}

/* Everything on one machine at once. */
void begin_power_cut(struct world *world, struct blow *blow)
{
    static struct found found[FOUND_MAX];
    struct machine *machine = world_machine(world, blow->target);
    int count;

    blow->fired += kill_machine(machine);
    machine->holds++;
    for (int round = 0; round < 2; round++) { /* a shim may have been about to start its work */
        count = world_find(world, blow->target - 1, found, FOUND_MAX);
        for (int i = 0; i < count; i++) {
            if (kill(found[i].pid, SIGKILL) == 0) {
                chaos_kills.shims += found[i].is_shim;
                chaos_kills.workloads += found[i].is_leader;
            }
        }
    }
    (void)power_cut(world, machine);
}

/* --- freezes ------------------------------------------------------------------------------------
 */

static bool is_stopped(pid_t pid)
{
    char path[64], text[256] = "", *after;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)!fread(text, 1, sizeof(text) - 1, file);
        (void)fclose(file);
    }
    after = strrchr(text, ')');
    return after != NULL && after[1] == ' ' && after[2] == 'T';
}

static bool becomes_stopped(pid_t pid)
{
    for (int i = 0; i < STOP_LOOKS; i++) {
        if (is_stopped(pid)) {
            return true;
        }
        (void)usleep(1000);
    }
    return false;
}

/* Shims first: a workload that ends while its shim is stopped is told of later, no harm in that. */
static void freeze_work(struct world *world, struct blow *blow)
{
    static struct found found[FOUND_MAX];
    int count = world_find(world, blow->target - 1, found, FOUND_MAX);

    for (int i = 0; i < count && blow->pid_count < BLOW_PROCESSES_MAX; i++) {
        world_freeze(world, found[i].pid, true);
        blow->pids[blow->pid_count++] = found[i].pid;
    }
}

void begin_freeze(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    pid_t pid = program_pid(&machine->program);

    if (!program_signal(&machine->program, SIGSTOP)) {
        return;
    }
    blow->fired += becomes_stopped(pid);
    if (str_eq(blow->class->word, "machine")) {
        freeze_work(world, blow);
    }
}

void end_freeze(struct world *world, struct blow *blow)
{
    for (int i = 0; i < blow->pid_count; i++) {
        world_freeze(world, blow->pids[i], false);
    }
    (void)program_signal(&world_machine(world, blow->target)->program, SIGCONT);
}
