/* Making the world, keeping its programs running, and its end. */
#include "tests/chaos/chaos_world.h"

#include "schema/base/mem.h"
#include "tests/chaos/chaos_spaces.h"
#include "tests/chaos/fault_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DOZE_MS = 10,
    READY_MS = 30000,
    END_MS = 20000,
    LOAD_END_MS = 8000,
    STRANGER = 12345, /* a user that nobody is */
    PORT_FIRST = 20000,
    PORTS = 12000,
};

volatile sig_atomic_t chaos_ends;

void chaos_doze(int64_t ms)
{
    int64_t until = chaos_now_ms() + ms;

    while (!chaos_ends && chaos_now_ms() < until) {
        int64_t rest = until - chaos_now_ms();

        (void)usleep((useconds_t)(rest < DOZE_MS ? rest : DOZE_MS) * 1000);
    }
}

__attribute__((format(printf, 3, 0))) static void say(const struct world *world, const char *mark,
                                                      const char *format, va_list rest)
{
    static int64_t began_ms;

    (void)world;
    began_ms = began_ms == 0 ? chaos_now_ms() : began_ms;
    (void)printf("%s%7.2f ", mark, (double)(chaos_now_ms() - began_ms) / 1000);
    (void)vprintf(format, rest);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void world_tell(const struct world *world, const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    say(world, "# ", format, rest);
    va_end(rest);
}

void world_complain(struct world *world, const char *format, ...)
{
    va_list rest;

    world->problems++;
    va_start(rest, format);
    say(world, "PROBLEM ", format, rest);
    va_end(rest);
}

/* --- making -------------------------------------------------------------------------------------
 */

static void make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_zeroes(const char *path, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    (void)close(fd);
}

/* The sanitizers' library wants to be the first that is loaded; it is known by who has it. */
static const char *sanitizers(void)
{
    static char path[PROGRAM_PATH_SIZE];
    char line[1024];
    FILE *maps = fopen("/proc/self/maps", "re");

    while (*path == '\0' && maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        char *found = strstr(line, "/libasan.so");
        char *begin = strchr(line, '/');

        if (found != NULL) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(path, sizeof(path), "%s:", begin);
        }
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    return path;
}

static void machine_init(struct world *world, struct machine *machine, const char *name, int node,
                         int64_t disk_bytes)
{
    struct program *program = &machine->program;

    program_init(program, name, world->has_nets ? world->nets[node] : -1);
    machine->node = node;
    machine->disk_bytes = disk_bytes;
    (void)snprintf(machine->state, sizeof(machine->state), "%s/%s", world->dir, name);
    (void)snprintf(machine->sync_switch, sizeof(machine->sync_switch), "%s/switches/%s.sync",
                   world->dir, name);
    (void)snprintf(machine->slow_switch, sizeof(machine->slow_switch), "%s/switches/%s.slow",
                   world->dir, name);
    (void)snprintf(machine->undo, sizeof(machine->undo), "%s/switches/%s.undo", world->dir, name);
    (void)snprintf(machine->clock, sizeof(machine->clock), "%s/switches/%s.clock", world->dir,
                   name);
    (void)snprintf(program->log, sizeof(program->log), "%s/%s.log", world->dir, name);
    make_folder(machine->state);
    make_folder(machine->undo);
    write_zeroes(machine->clock, sizeof(int64_t));
    if (world->has_disks && !spaces_mount_tmpfs(machine->state, disk_bytes)) {
        world->has_disks = false;
    }
    program_set(program, "LD_PRELOAD=%s%s/libfogfault.so", sanitizers(), world->bin);
    program_set(program, FAULT_FSYNC_FAIL "=%s", machine->sync_switch);
    program_set(program, FAULT_FSYNC_DELAY "=%s", machine->slow_switch);
    program_set(program, FAULT_FSYNC_PREFIX "=%s", machine->state);
    program_set(program, FAULT_CLOCK_OFFSET "=%s", machine->clock);
    if (world->has_disks) { /* whose inodes have one file each, ever */
        program_set(program, FAULT_UNDO "=%s", machine->undo);
    }
}

static void make_controller(struct world *world)
{
    struct program *program = &world->controller.program;

    machine_init(world, &world->controller, "controller", NODE_CONTROLLER, CONTROLLER_DISK_BYTES);
    program_say(program, "%s/fog-controller", world->bin);
    program_say(program, "--state");
    program_say(program, "%s", world->controller.state);
    program_say(program, "--listen");
    program_say(program, "%s:%d", world->host, world->api_port);
    program_say(program, "--agents-listen");
    program_say(program, "%s:%d", world->host, world->link_port);
    program_say(program, "--heartbeat-min");
    program_say(program, "500ms");
    program_say(program, "--insecure");
}

static void make_edge(struct world *world, int index)
{
    struct machine *edge = &world->edges[index];
    struct program *program = &edge->program;
    char name[32], bare[2 * PROGRAM_PATH_SIZE];

    (void)snprintf(name, sizeof(name), "edge-%d", index + 1);
    /* Without sensors: policies are obeyed, and do not hang on the host's own battery and users. */
    (void)snprintf(bare, sizeof(bare), "%s/bare", world->dir);
    make_folder(bare);
    machine_init(world, edge, name, index + 1, AGENT_DISK_BYTES);
    program_say(program, "%s/fog-agent", world->bin);
    program_say(program, "--controller");
    program_say(program, "ws://%s:%d", world->host, world->link_port + 1 + index);
    program_say(program, "--name");
    program_say(program, "%s", name);
    program_say(program, "--state");
    program_say(program, "%s", edge->state);
    program_say(program, "--cores");
    program_say(program, "8");
    program_say(program, "--memory");
    program_say(program, "8Gi");
    program_say(program, "--disk");
    program_say(program, "4Gi");
    program_say(program, "--sensor-root");
    program_say(program, "%s", bare);
    program_say(program, "--insecure");
}

#define CANARY UINT64_C(0x9e3779b97f4a7c15) /* any large odd number */

/* What audits search for in whatever is written down: the operators' password. */
static void write_secrets(struct world *world)
{
    char path[2 * PROGRAM_PATH_SIZE];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/secrets", world->dir);
    file = fopen(path, "we");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    (void)fprintf(file, "canary-%016" PRIx64 "\n", world->seed * CANARY);
    (void)fclose(file);
}

static void make_helpers(struct world *world)
{
    int operators_net = world->has_nets ? world->nets[world->agents + 1] : -1;
    struct program *load = &world->load;

    write_secrets(world);
    program_init(&world->proxy, "proxy", world->has_nets ? world->nets[NODE_CONTROLLER] : -1);
    world->proxy.wants_console = true;
    (void)snprintf(world->proxy.log, PROGRAM_PATH_SIZE, "%s/proxy.log", world->dir);
    program_say(&world->proxy, "%s/fog-proxy", world->bin);
    program_say(&world->proxy, "--seed");
    program_say(&world->proxy, "%" PRIu64, world->seed);

    program_init(load, "load", operators_net);
    (void)snprintf(load->log, PROGRAM_PATH_SIZE, "%s/load.log", world->dir);
    program_say(load, "%s/fog-chaos-load", world->bin);
    program_say(load, "--url");
    program_say(load, "http://%s:%d", world->host, world->link_port + 1 + world->agents);
    program_say(load, "--log");
    program_say(load, "%s/ops.jsonl", world->dir);
    program_say(load, "--work");
    program_say(load, "%s/fog-chaos-work", world->bin);
    program_say(load, "--runs");
    program_say(load, "%s/runs.jsonl", world->dir);
    program_say(load, "--password-file");
    program_say(load, "%s/secrets", world->dir);
    program_say(load, "--agents");
    program_say(load, "%d", world->agents);
    program_say(load, "--seed");
    program_say(load, "%" PRIu64, world->seed % 1000000);
}

/* Below the ports that the kernel gives to clients. */
static void pick_ports(struct world *world)
{
    if (world->has_nets) {
        (void)snprintf(world->host, sizeof(world->host), "10.77.0.1");
        world->api_port = 7411;
        world->link_port = 7420;
    } else {
        int free_for_now = (int)(getpid() * 37 % PORTS);

        (void)snprintf(world->host, sizeof(world->host), "127.0.0.1");
        world->api_port = PORT_FIRST + free_for_now;
        world->link_port = world->api_port + 1;
    }
    (void)snprintf(world->api, sizeof(world->api), "http://%s:%d", world->host, world->api_port);
}

bool world_open(struct world *world, bool may_have_spaces)
{
    char path[2 * PROGRAM_PATH_SIZE];
    int nodes = world->agents + 2; /* controller, agents, operators */

    world->has_nets = may_have_spaces && spaces_make_nets(nodes, world->nets, world->tuns);
    world->has_disks = may_have_spaces;
    world->cable = cable_new();
    if (world->has_nets) {
        world->cable_pid = cable_start(world->cable, world->tuns, nodes, world->seed);
    }
    pick_ports(world);
    (void)snprintf(path, sizeof(path), "%s/switches", world->dir);
    make_folder(path);
    world->has_owners =
        chown(path, STRANGER, STRANGER) == 0 && chown(path, geteuid(), getegid()) == 0;
    make_controller(world);
    for (int i = 0; i < world->agents; i++) {
        make_edge(world, i);
    }
    make_helpers(world);
    programs_init();
    return true;
}

/* --- programs -----------------------------------------------------------------------------------
 */

struct machine *world_machine(struct world *world, int index)
{
    return index == 0 ? &world->controller : &world->edges[index - 1];
}

bool machine_kill(struct machine *machine)
{
    return program_kill(&machine->program);
}

void machine_start(struct machine *machine)
{
    if (machine->holds == 0 && program_pid(&machine->program) == 0) {
        (void)program_start(&machine->program);
    }
}

static bool ended_badly(const struct program *program)
{
    return program->starts > 0 && !program->was_killed && program_pid(program) == 0;
}

void world_supervise(struct world *world)
{
    char end[32];

    for (int i = 0; i <= world->agents; i++) {
        struct machine *machine = world_machine(world, i);

        if (ended_badly(&machine->program)) {
            program_describe_end(&machine->program, end, sizeof(end));
            if (!machine->is_excused) {
                world_complain(world, "%s ended by itself: %s", machine->program.name, end);
            }
            machine->program.was_killed = true;
        }
        machine_start(machine);
    }
    if (ended_badly(&world->proxy)) {
        program_describe_end(&world->proxy, end, sizeof(end));
        world_complain(world, "the proxy ended: %s", end);
        chaos_ends = 1;
    }
    if (world->is_load_wanted && program_pid(&world->load) == 0) {
        program_describe_end(&world->load, end, sizeof(end));
        world_complain(world, "the load ended: %s", end);
        load_start(world);
    }
}

void world_write_pids(struct world *world)
{
    char path[2 * PROGRAM_PATH_SIZE];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/pids", world->dir);
    file = fopen(path, "we");
    if (file == NULL) {
        perror(path);
        return;
    }
    for (int i = 0; i <= world->agents; i++) {
        const struct program *program = &world_machine(world, i)->program;

        (void)fprintf(file, "%s %d\n", program->name, (int)program_pid(program));
    }
    (void)fclose(file);
}

void load_start(struct world *world)
{
    world->is_load_wanted = true;
    world->is_load_paused = false;
    if (program_pid(&world->load) == 0) {
        (void)program_start(&world->load);
    }
}

void load_stop(struct world *world)
{
    world->is_load_wanted = false;
    (void)program_signal(&world->load, SIGCONT);
    (void)program_signal(&world->load, SIGTERM);
    if (!program_await_end(&world->load, LOAD_END_MS)) {
        world_complain(world, "the load does not end");
        (void)program_kill(&world->load);
    }
}

void load_pause(struct world *world, bool is_paused)
{
    world->is_load_paused = is_paused;
    (void)program_signal(&world->load, is_paused ? SIGSTOP : SIGCONT);
}

/* --- start and end ------------------------------------------------------------------------------
 */

static bool make_links(struct world *world)
{
    bool good = true;

    for (int i = 0; i <= world->agents; i++) {
        bool is_api = i == world->agents;
        json_t *answer = world_proxy(
            world, "{\"do\":\"link\",\"name\":\"%s\",\"listen\":\"%s:%d\",\"to\":\"%s:%d\"}",
            is_api ? "api" : world->edges[i].program.name, world->host, world->link_port + 1 + i,
            world->host, is_api ? world->api_port : world->link_port);

        good = good && json_is_true(json_object_get(answer, "ok"));
        json_decref(answer);
    }
    return good;
}

bool world_start(struct world *world)
{
    int64_t until = chaos_now_ms() + READY_MS;

    if (!program_start(&world->proxy) || !make_links(world)) {
        world_complain(world, "the proxy cannot listen");
        return false;
    }
    for (int i = 0; i <= world->agents; i++) {
        machine_start(world_machine(world, i));
    }
    while (!world_has_converged(world, NULL, 0)) {
        if (chaos_ends || chaos_now_ms() > until) {
            world_complain(world, "the fleet does not come up");
            return false;
        }
        chaos_doze(50);
    }
    load_start(world);
    return true;
}

bool world_end_softly(struct world *world, struct program *program)
{
    char end[32];

    if (!program_signal(program, SIGTERM)) {
        return false;
    }
    if (!program_await_end(program, END_MS)) {
        world_complain(world, "%s does not end when it is told to", program->name);
        (void)program_kill(program);
        return false;
    }
    if (!WIFEXITED(program->status) || WEXITSTATUS(program->status) != 0) {
        program_describe_end(program, end, sizeof(end));
        world_complain(world, "%s was told to end and ended with %s", program->name, end);
        return false;
    }
    return true;
}

void world_stop(struct world *world)
{
    static struct found found[FOUND_MAX];
    int count;

    load_stop(world);
    for (int i = world->agents; i >= 0; i--) {
        (void)world_end_softly(world, &world_machine(world, i)->program);
    }
    for (int round = 0; round < 3; round++) {
        count = world_find(world, -1, found, FOUND_MAX);
        for (int i = 0; i < count; i++) {
            (void)kill(found[i].pid, SIGKILL);
        }
    }
    world_clear_groups(world);
    (void)program_kill(&world->readers);
    (void)program_kill(&world->proxy);
    if (world->cable_pid > 0) {
        (void)kill(world->cable_pid, SIGKILL);
    }
}
