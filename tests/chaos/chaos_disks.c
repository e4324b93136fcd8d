/* Faults of disks: no room, and syncs that fail. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"
#include "tests/chaos/chaos_spaces.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SHRINK_MS = 100,
    PROBE_BYTES = 256 << 10,
    EXIT_SYNC_FAILED = 3,
    EXIT_NOT_STARTED = 1,
    POWER_PER_MILLE = 500
};

/* --- no room ------------------------------------------------------------------------------------
 */

static bool is_full(const struct machine *machine)
{
    char path[PROGRAM_PATH_SIZE + 32];
    static const char zeroes[PROBE_BYTES];
    ssize_t written;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/.probe", machine->state);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return true;
    }
    written = write(fd, zeroes, sizeof(zeroes));
    (void)close(fd);
    (void)unlink(path);
    return written < (ssize_t)sizeof(zeroes);
}

/* To what is used, and a little: then there is room neither for a page nor for a file. */
static void shrink(struct machine *machine)
{
    struct statvfs room;

    if (statvfs(machine->state, &room) == 0) {
        int64_t used = (int64_t)(room.f_blocks - room.f_bfree) * (int64_t)room.f_frsize;

        (void)spaces_resize_tmpfs(machine->state, used > 0 ? used : (int64_t)room.f_frsize);
    }
}

void begin_full(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    machine->is_excused = true;
    shrink(machine);
    blow->next_ms = chaos_now_ms() + SHRINK_MS;
    blow->fired += is_full(machine);
}

/* What is given back is taken again, now and then: the controller's ballast, rotated logs. */
void tick_full(struct world *world, struct blow *blow)
{
    if (chaos_now_ms() >= blow->next_ms) {
        blow->next_ms = chaos_now_ms() + SHRINK_MS * rand_between(&world->rand, 1, 20);
        shrink(world_machine(world, blow->target));
    }
}

void end_full(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    (void)spaces_resize_tmpfs(machine->state, machine->disk_bytes);
}

/* --- syncs that fail ----------------------------------------------------------------------------
 */

static int64_t count_in_log(const struct machine *machine, const char *words)
{
    char line[4096];
    int64_t count = 0;
    FILE *file = fopen(machine->program.log, "re");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        count += strstr(line, words) != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

static bool is_agent(const struct blow *blow)
{
    return blow->target != 0;
}

void begin_sync(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    int fd = open(machine->sync_switch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    machine->is_excused = true;
    blow->before = count_in_log(machine, "cannot sync");
    if (fd >= 0) {
        (void)dprintf(fd, "%d\n", (int)rand_below(&world->rand, 4));
        (void)close(fd);
    }
}

/* The controller may not go on; agents do, but take on nothing.  What was not synced may be lost.
 */
void tick_sync(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    int status;

    if (is_agent(blow) || blow->flag || program_pid(&machine->program) != 0) {
        return;
    }
    blow->flag = true;
    status = machine->program.status;
    if (machine->program.was_killed) {
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SYNC_FAILED) {
        blow->fired++;
        if (rand_chance(&world->rand, POWER_PER_MILLE)) {
            (void)power_cut(world, machine);
        }
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_NOT_STARTED) {
        world_complain(world, "a failed sync ended the controller with status %#x, not exit 3",
                       (unsigned)status);
    }
    machine->program.was_killed = true;
}

void end_sync(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);

    (void)unlink(machine->sync_switch);
    if (is_agent(blow)) {
        blow->fired += (uint64_t)(count_in_log(machine, "cannot sync") - blow->before);
    }
}
