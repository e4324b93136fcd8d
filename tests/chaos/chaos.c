/* fog-chaos: real programs under faults drawn from a seed.
 *
 *     fog-chaos [--seconds N] [--seed S] [--agents K] [--keep DIR] [--kills N] [--only CLASS,…]
 *               [--step-ms N] [--no-spaces]
 *
 * A step draws one to three faults, lets them have their time, heals them, waits until the fleet
 * has converged, and has everything audited.  Classes come from a shuffled bag, so that each gets
 * its turn.  With --kills there is but one fault, kill -9, as fast as it goes.  The seed decides
 * what is drawn; how the programs take it is up to the machine. */
#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "tests/chaos/chaos_faults.h"
#include "tests/chaos/chaos_spaces.h"

#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOWS_MAX = 3,
    BAG_MAX = 128,
    DRAWS_MAX = 4, /* of a class that does not strike */
    TICK_MS = 10,
    CONVERGE_MS = 90000,
    AUDIT_MS = 30000,
    CHECK_MS = 120000,
    COPY_MS = 30000,
    KILL_PAUSE_US = 25000,
    KILLS_PER_STEP = 100,
    FULL_RUN_MS = 600 * 1000, /* from so long on each class must have struck */
    OPERATIONS_PER_S_MIN = 2, /* acknowledged */
    LINK_BYTES_PER_S_MIN = 200,
    DIR_LENGTH_MAX = 200,
    EXIT_USAGE = 2,
};

static int64_t opt_seconds = 60, opt_seed = -1, opt_agents = 3, opt_kills, opt_step_ms = 20000;
static const char *opt_keep, *opt_only;
static int opt_no_spaces;
static bool is_seed_drawn;

static struct world world;
static struct times {
    VEC_OF(int64_t);
} converged;
static struct {
    uint64_t drawn, fired;
} tally[BAG_MAX];
static uint64_t steps, mixed;

static void on_end(int number)
{
    (void)number;
    chaos_ends = 1;
}

/* --- audits -------------------------------------------------------------------------------------
 */

static bool has_program(const char *name)
{
    char path[2 * PROGRAM_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", world.bin, name);
    return access(path, X_OK) == 0;
}

static void audit(bool is_baseline)
{
    struct program program;

    if (!has_program("fog-chaos-audit")) {
        return;
    }
    world_write_pids(&world);
    program_init(&program, "audit", -1);
    program_say(&program, "%s/fog-chaos-audit", world.bin);
    program_say(&program, "%s", world.dir);
    program_say(&program, "--pids");
    program_say(&program, "%s/pids", world.dir);
    program_say(&program, "--url");
    program_say(&program, "%s", world.api);
    if (is_baseline) {
        program_say(&program, "--baseline");
    }
    if (program_run(&program, AUDIT_MS) != 0) {
        world_complain(&world, "the audit after step %" PRIu64 " found problems", steps);
    }
    program_fini(&program);
}

static void check(void)
{
    struct program program;

    if (!has_program("fog-chaos-check")) {
        return;
    }
    program_init(&program, "check", -1);
    program_say(&program, "%s/fog-chaos-check", world.bin);
    program_say(&program, "%s", world.dir);
    program_say(&program, "--url");
    program_say(&program, "%s", world.api);
    if (program_run(&program, CHECK_MS) != 0) {
        world_complain(&world, "the checker found violations");
    }
    program_fini(&program);
}

/* --- a step -------------------------------------------------------------------------------------
 */

/* Operators rest, so that there is something to converge to. */
static void heal_and_converge(void)
{
    int64_t took;

    cable_heal(world.cable);
    world_supervise(&world);
    load_pause(&world, true);
    took = world_await_converged(&world, CONVERGE_MS);
    if (took >= 0) {
        vec_add(&converged, took);
    }
    for (int i = 0; i <= world.agents; i++) {
        world_machine(&world, i)->is_excused = false;
    }
    world_supervise(&world);
    audit(false);
    load_pause(&world, false);
}

static int bag[BAG_MAX], bag_count;

static bool is_wanted(const struct fault_class *class)
{
    const char *found = opt_only == NULL ? NULL : strstr(opt_only, class->name);
    size_t length = strlen(class->name);

    return opt_only == NULL || (found != NULL && (found[length] == ',' || found[length] == '\0') &&
                                (found == opt_only || found[-1] == ','));
}

static void fill_bag(void)
{
    for (int i = 0; i < fault_class_count; i++) {
        if (is_wanted(&fault_classes[i]) && fault_is_possible(&world, &fault_classes[i])) {
            bag[bag_count++] = i;
        }
    }
    for (int i = bag_count - 1; i > 0; i--) {
        int with = (int)rand_below(&world.rand, (uint64_t)i + 1), kept = bag[i];

        bag[i] = bag[with];
        bag[with] = kept;
    }
}

/* Drawn, but without effect so far: a workload to be killed where none ran, a link that was silent.
 */
static bool is_owing(int index)
{
    return tally[index].drawn > 0 && tally[index].fired == 0 && tally[index].drawn < DRAWS_MAX;
}

static bool is_any_owing(void)
{
    for (int i = 0; i < fault_class_count; i++) {
        if (is_owing(i)) {
            return true;
        }
    }
    return false;
}

/* The next from the bag that gets on with what was drawn for this step; NULL: none. */
static const struct fault_class *draw_class(unsigned touched)
{
    if (bag_count == 0) {
        fill_bag();
    }
    for (int i = bag_count - 1; i >= 0; i--) {
        const struct fault_class *class = &fault_classes[bag[i]];

        if ((class->touches & touched) == 0) {
            memmove(&bag[i], &bag[i + 1], (size_t)(bag_count - 1 - i) * sizeof(bag[0]));
            bag_count--;
            return class;
        }
    }
    return NULL;
}

/* Whatever happens to an agent may not meet what happens to all. */
static unsigned touches_of(const struct fault_class *class)
{
    const unsigned edges = TOUCH_EDGE | TOUCH_EVERY_EDGE;

    return (class->touches & edges) != 0 ? class->touches | edges : class->touches;
}

static int begin_blows(struct blow *blows)
{
    uint64_t dice = rand_below(&world.rand, 10);
    int wanted = dice < 5 ? 1 : dice < 8 ? 2 : BLOWS_MAX, count = 0;
    unsigned touched = 0;
    _cleanup_(str_fini)
    struct str names = STR_EMPTY;

    while (count < wanted) {
        const struct fault_class *class = draw_class(touched);

        if (class == NULL) {
            break;
        }
        touched |= touches_of(class);
        str_addf(&names, " %s", class->name);
        tally[class - fault_classes].drawn++;
        blow_begin(&world, &blows[count++], class, opt_step_ms);
    }
    mixed += count > 1;
    world_tell(&world, "step %" PRIu64 ":%s", ++steps, names.data);
    return count;
}

/* A class that has not struck goes back, on top. */
static void note_strike(const struct blow *blow)
{
    int index = (int)(blow->class - fault_classes);

    tally[index].fired += blow->fired;
    if (is_owing(index) && bag_count < BAG_MAX) {
        bag[bag_count++] = index;
    }
}

static void run_blows(struct blow *blows, int count)
{
    int left = count;

    while (left > 0) {
        for (int i = 0; i < count; i++) {
            struct blow *blow = &blows[i];

            if (blow->is_over) {
                continue;
            }
            if (blow->class->tick != NULL) {
                blow->class->tick(&world, blow);
            }
            if (chaos_ends || chaos_now_ms() >= blow->until_ms) {
                blow_end(&world, blow);
                note_strike(blow);
                left--;
            }
        }
        (void)usleep(TICK_MS * 1000);
    }
}

static void one_step(void)
{
    struct blow blows[BLOWS_MAX];

    run_blows(blows, begin_blows(blows));
    heal_and_converge();
}

/* --- kills --------------------------------------------------------------------------------------
 */

static uint64_t kills_so_far(void)
{
    return chaos_kills.controller + chaos_kills.agents + chaos_kills.shims + chaos_kills.workloads;
}

static void one_kill(void)
{
    uint64_t dice = rand_below(&world.rand, 100);

    if (dice < 35) {
        int index = dice < 12 ? 0 : fault_draw_edge(&world);

        if (machine_kill(world_machine(&world, index))) {
            chaos_kills.controller += index == 0;
            chaos_kills.agents += index != 0;
        }
        machine_start(world_machine(&world, index));
    } else {
        (void)kill_work(&world, dice < 65);
    }
    (void)usleep((useconds_t)rand_below(&world.rand, 2 * KILL_PAUSE_US));
}

static void kill_many(void)
{
    while (!chaos_ends && world.problems == 0 && kills_so_far() < (uint64_t)opt_kills) {
        uint64_t until = kills_so_far() + KILLS_PER_STEP;
        int64_t began_ms = chaos_now_ms();

        until = until < (uint64_t)opt_kills ? until : (uint64_t)opt_kills;
        while (!chaos_ends && kills_so_far() < until) {
            one_kill();
        }
        steps++;
        world_tell(&world, "%" PRIu64 " kills, the last in %" PRId64 " ms", kills_so_far(),
                   chaos_now_ms() - began_ms);
        heal_and_converge();
    }
}

/* --- the end ------------------------------------------------------------------------------------
 */

static uint64_t count_lines(const char *name, const char *with)
{
    char path[2 * PROGRAM_PATH_SIZE], *line = NULL;
    size_t size = 0;
    uint64_t count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", world.dir, name);
    file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) > 0) {
        count += strstr(line, with) != NULL;
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t percentile(unsigned percent)
{
    size_t at = (converged.count * percent + 99) / 100;

    return converged.items[at == 0 ? 0 : at - 1];
}

static void print_faults(bool is_full)
{
    (void)printf("%-26s %8s %8s\n", "fault", "drawn", "struck");
    for (int i = 0; i < fault_class_count; i++) {
        const struct fault_class *class = &fault_classes[i];

        if (!is_wanted(class)) {
            continue;
        }
        if (!fault_is_possible(&world, class)) {
            (void)printf("%-26s %8s\n", class->name, "cannot be here");
            continue;
        }
        (void)printf("%-26s %8" PRIu64 " %8" PRIu64 "\n", class->name, tally[i].drawn,
                     tally[i].fired);
        if (tally[i].fired == 0 && (is_full || tally[i].drawn > 0)) {
            world_complain(&world, "\"%s\" never struck", class->name);
        }
    }
}

static void print_all(int64_t took_ms, int64_t link_bytes)
{
    uint64_t done = count_lines("ops.jsonl", "\"type\":\"ok\"");
    uint64_t spawns = count_lines("runs.jsonl", "\"event\":\"start\"");
    int64_t seconds = took_ms / 1000;

    print_faults(opt_kills == 0 && opt_only == NULL && took_ms >= FULL_RUN_MS);
    (void)printf("kills survived: %" PRIu64 " (controller %" PRIu64 ", agents %" PRIu64
                 ", shims %" PRIu64 ", workloads %" PRIu64 ")\n",
                 kills_so_far(), chaos_kills.controller, chaos_kills.agents, chaos_kills.shims,
                 chaos_kills.workloads);
    (void)printf("traffic: operations done %" PRIu64 ", bytes on links %" PRId64
                 ", packets %" PRIu64 ", workloads started %" PRIu64 "\n",
                 done, link_bytes, (uint64_t)world.cable->packets, spawns);
    if (converged.count > 0) {
        qsort(converged.items, converged.count, sizeof(converged.items[0]), compare);
        (void)printf("converged after faults: %zu times, p50 %" PRId64 " ms, p99 %" PRId64
                     " ms, max %" PRId64 " ms\n",
                     converged.count, percentile(50), percentile(99),
                     converged.items[converged.count - 1]);
    }
    if ((int64_t)done < seconds * OPERATIONS_PER_S_MIN ||
        link_bytes < seconds * LINK_BYTES_PER_S_MIN || spawns < (uint64_t)world.agents) {
        world_complain(&world, "too little traffic to prove anything");
    }
    (void)printf("%" PRIu64 " steps, %" PRIu64 " of them with several faults, in %" PRId64
                 " s: %d problems\n",
                 steps, mixed, seconds, world.problems);
}

/* State directories are disks of their own that vanish: what they held is copied. */
static void keep(void)
{
    for (int i = 0; i <= world.agents && world.has_disks; i++) {
        const struct machine *machine = world_machine(&world, i);
        struct program program;

        program_init(&program, "cp", -1);
        program_say(&program, "/bin/cp");
        program_say(&program, "-a");
        program_say(&program, "%s", machine->state);
        program_say(&program, "%s.kept", machine->state);
        (void)program_run(&program, COPY_MS);
        program_fini(&program);
    }
}

static void remove_all(void)
{
    struct program program;

    program_init(&program, "rm", -1);
    program_say(&program, "/bin/rm");
    program_say(&program, "-rf");
    program_say(&program, "--one-file-system");
    program_say(&program, "%s", world.dir);
    (void)program_run(&program, COPY_MS);
    program_fini(&program);
}

static void run(void)
{
    int64_t began_ms = chaos_now_ms(), link_bytes, rest_ms = CONVERGE_MS;

    if (!world_start(&world)) {
        return;
    }
    audit(true);
    world_tell(&world, "%d agents are ready", world.agents);
    if (opt_kills > 0) {
        kill_many();
    }
    while (opt_kills == 0 && !chaos_ends && world.problems == 0 &&
           (chaos_now_ms() < began_ms + opt_seconds * 1000 || is_any_owing())) {
        one_step();
    }
    load_stop(&world);
    (void)world_await_converged(&world, rest_ms);
    link_bytes = world_proxy_count(&world, "*", NULL);
    check();
    world_stop(&world);
    print_all(chaos_now_ms() - began_ms, link_bytes);
}

/* --- options ------------------------------------------------------------------------------------
 */

static bool take_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"agents", required_argument, NULL, 'a'},
        {"kills", required_argument, NULL, 'k'},
        {"step-ms", required_argument, NULL, 't'},
        {"keep", required_argument, NULL, 'd'},
        {"only", required_argument, NULL, 'o'},
        {"no-spaces", no_argument, &opt_no_spaces, 1},
        {NULL, 0, NULL, 0},
    };
    int option;
    bool good = true;

    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int64_t *number = option == 's'   ? &opt_seconds
                          : option == 'r' ? &opt_seed
                          : option == 'a' ? &opt_agents
                          : option == 'k' ? &opt_kills
                          : option == 't' ? &opt_step_ms
                                          : NULL;

        good = option != '?' && (number == NULL || (int_from_str(optarg, number) && *number >= 0));
        opt_keep = option == 'd' ? optarg : opt_keep;
        opt_only = option == 'o' ? optarg : opt_only;
    }
    return good && optind == argc && opt_agents >= 1 && opt_agents <= WORLD_AGENTS_MAX;
}

static void find_places(void)
{
    char *slash, *whole;
    ssize_t length = readlink("/proc/self/exe", world.bin, sizeof(world.bin) - 1);

    world.bin[length > 0 ? length : 0] = '\0';
    slash = strrchr(world.bin, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    (void)snprintf(world.dir, sizeof(world.dir), "%s",
                   opt_keep == NULL ? "/tmp/fog-chaos.XXXXXX" : opt_keep);
    if (opt_keep == NULL ? mkdtemp(world.dir) == NULL : mkdir(world.dir, 0755) != 0) {
        perror(world.dir);
        exit(EXIT_USAGE);
    }
    whole = realpath(world.dir, NULL);
    if (whole == NULL || strlen(whole) > DIR_LENGTH_MAX) {
        (void)fprintf(stderr, "fog-chaos: %s is too long a name\n", world.dir);
        exit(EXIT_USAGE);
    }
    (void)snprintf(world.dir, sizeof(world.dir), "%s", whole);
    free(whole);
}

static void print_first_line(int argc, char **argv, const char *why)
{
    (void)printf("seed %" PRId64 ", networks: %s, disks: %s", opt_seed,
                 world.has_nets ? "namespaces and a cable of our own" : "loopback alone",
                 world.has_disks ? "tmpfs" : "the machine's");
    if (why != NULL) {
        (void)printf(" (no namespaces: %s)", why);
    }
    (void)printf("; again:");
    for (int i = 0; i < argc; i++) {
        (void)printf(" %s", argv[i]);
    }
    (void)printf("%s", is_seed_drawn ? " --seed " : "\n");
    if (is_seed_drawn) {
        (void)printf("%" PRId64 "\n", opt_seed);
    }
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_end};
    const char *why = "told not to";
    bool has_spaces;

    if (!take_options(argc, argv)) {
        (void)fputs("usage: fog-chaos [--seconds N] [--seed S] [--agents 1…16] [--keep NEW-DIR]\n"
                    "                 [--kills N] [--only CLASS,…] [--step-ms N] [--no-spaces]\n",
                    stderr);
        return EXIT_USAGE;
    }
    if (opt_seed < 0) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        is_seed_drawn = true;
        opt_seed = (now.tv_nsec / 1000 + now.tv_sec * 1000003) % 1000000;
    }
    world.seed = (uint64_t)opt_seed;
    world.agents = (int)opt_agents;
    rand_init_u64(&world.rand, world.seed);
    find_places();
    has_spaces = !opt_no_spaces && spaces_enter(&why);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)world_open(&world, has_spaces);
    print_first_line(argc, argv, has_spaces ? NULL : why);
    (void)fflush(stdout);
    run();
    if (world.problems > 0 || opt_keep != NULL) {
        keep();
        (void)printf("kept: %s\n", world.dir);
    } else {
        remove_all();
    }
    (void)fflush(stdout);
    return world.problems > 0;
}
