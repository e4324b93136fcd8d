/* The audit and the checker are run; the evidence is kept, or goes. */
#include "tests/chaos/chaos_judges.h"

#include "tests/chaos/chaos_spaces.h"

#include <inttypes.h>
#include <unistd.h>

enum { AUDIT_MS = 30000, CHECK_MS = 120000, COPY_MS = 30000, LOOK_AGAIN_MS = 4000 };

/* --- judges -------------------------------------------------------------------------------------
 */

static void judge_init(struct world *world, struct program *program, const char *name)
{
    program_init(program, name, -1);
    program_say(program, "%s/fog-chaos-%s", world->bin, name);
    program_say(program, "%s", world->dir);
    program_say(program, "--url");
    program_say(program, "%s", world->api);
}

void judges_audit(struct world *world, uint64_t after, bool is_baseline)
{
    struct program program;

    world_write_pids(world);
    judge_init(world, &program, "audit");
    program_say(&program, "--pids");
    program_say(&program, "%s/pids", world->dir);
    if (is_baseline) {
        program_say(&program, "--baseline");
    }
    if (program_run(&program, AUDIT_MS) != 0) {
        world_complain(world, "the audit after step %" PRIu64 " found problems", after);
    }
    program_fini(&program);
}

static bool check(struct world *world)
{
    struct program program;
    int status;

    judge_init(world, &program, "check");
    status = program_run(&program, CHECK_MS);
    program_fini(&program);
    return status == 0;
}

void judges_check(struct world *world, bool is_over)
{
    bool is_good = check(world);

    if (!is_good && !is_over) {
        world_tell(world, "looking again");
        chaos_doze(LOOK_AGAIN_MS);
        is_good = check(world);
    }
    if (!is_good) {
        world_complain(world, "the checker found violations");
    }
}

/* --- evidence -----------------------------------------------------------------------------------
 */

static bool run_tool(const char *file, const char *option, const char *from, const char *to)
{
    struct program program;
    bool is_good;

    program_init(&program, file, -1);
    program_say(&program, "%s", file);
    program_say(&program, "%s", option);
    program_say(&program, "%s", from);
    if (to != NULL) {
        program_say(&program, "%s", to);
    }
    is_good = program_run(&program, COPY_MS) == 0;
    program_fini(&program);
    return is_good;
}

/* A disk of its own vanishes with the mounts: what it held takes the place of the folder. */
static void keep_state(struct world *world, const struct machine *machine)
{
    char kept[PROGRAM_PATH_SIZE + 16];

    (void)snprintf(kept, sizeof(kept), "%s.kept", machine->state);
    if (!run_tool("/bin/cp", "-a", machine->state, kept) || !spaces_unmount(machine->state) ||
        rmdir(machine->state) != 0 || rename(kept, machine->state) != 0) {
        world_tell(world, "cannot keep %s", machine->state);
    }
}

void evidence_keep(struct world *world)
{
    for (int i = 0; i <= world->agents && world->has_disks; i++) {
        keep_state(world, world_machine(world, i));
    }
}

void evidence_remove(struct world *world)
{
    for (int i = 0; i <= world->agents && world->has_disks; i++) {
        (void)spaces_unmount(world_machine(world, i)->state);
    }
    if (!run_tool("/bin/rm", "-rf", world->dir, NULL)) {
        world_tell(world, "cannot remove %s", world->dir);
    }
}
