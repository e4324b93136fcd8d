/* Disks whose syncs take long, and kills in the midst of one: what was asked for is written then,
 * and neither durable nor answered. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DELAY_MS_MIN = 20, DELAY_MS_MAX = 250, KILL_MS_MIN = 200, KILL_MS_MAX = 1200 };

/* The preloaded library tells of each sync with "(" and ")".  What was killed left its "(". */
static int64_t read_slow(const struct machine *machine, bool *ret_is_in_one)
{
    char path[PROGRAM_PATH_SIZE + 8], last = '\0';
    struct stat about = {0};
    int fd;

    (void)snprintf(path, sizeof(path), "%s.done", machine->slow_switch);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0) {
        (void)!pread(fd, &last, 1, about.st_size - 1);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    *ret_is_in_one = last == '(';
    return (int64_t)about.st_size;
}

static void plan_kill(struct world *world, struct blow *blow)
{
    blow->next_ms = chaos_now_ms() + rand_between(&world->rand, KILL_MS_MIN, KILL_MS_MAX);
}

void begin_slow(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    int fd = open(machine->slow_switch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_in_one;

    blow->before = read_slow(machine, &is_in_one);
    plan_kill(world, blow);
    if (fd >= 0) {
        (void)dprintf(fd, "%d\n", (int)rand_between(&world->rand, DELAY_MS_MIN, DELAY_MS_MAX));
        (void)close(fd);
    }
}

/* `number`: how much was told before the last kill, whose sync is told of as being under way. */
void tick_slow(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    bool is_in_one;
    int64_t told = read_slow(machine, &is_in_one);

    if (chaos_now_ms() >= blow->next_ms && is_in_one && told > blow->number) {
        bool is_dead = kill_machine(machine);

        blow->fired += str_eq(blow->class->word, "power") ? power_cut(world, machine) > 0 : is_dead;
        blow->number = told;
        machine_start(machine);
        plan_kill(world, blow);
    }
}

void end_slow(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    bool is_in_one;

    (void)unlink(machine->slow_switch);
    if (blow->class->tick == NULL) {
        blow->fired += (uint64_t)(read_slow(machine, &is_in_one) - blow->before) / 2;
    }
}
