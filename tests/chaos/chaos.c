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
#include "tests/chaos/chaos_judges.h"
#include "tests/chaos/chaos_report.h"
#include "tests/chaos/chaos_spaces.h"

#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOWS_MAX = 3,
    DRAWS_MAX = 4, /* of a class that does not strike */
    TICK_MS = 10,
    CONVERGE_MS = 90000,
    CHECK_STEPS = 12, /* between two looks of the checker */
    KILL_PAUSE_US = 25000,
    KILLS_PER_STEP = 100,
    FULL_RUN_MS = 600 * 1000, /* from so long on each class must have struck */
    DIR_LENGTH_MAX = 200,
    EXIT_USAGE = 2,
    EXIT_TOLD_TO_END = 130,
};

static int64_t opt_seconds = 60, opt_seed = -1, opt_agents = 3, opt_kills, opt_step_ms = 20000;
static const char *opt_keep, *opt_only;
static int opt_no_spaces;
static bool is_seed_drawn;

static struct world world;
static struct report report;

static void on_end(int number)
{
    (void)number;
    chaos_ends = 1;
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
        struct calm calm = {.ms = took, .step = report.steps};

        vec_add(&report.calms, calm);
        world_tell(&world, "        converged after %" PRId64 " ms", took);
    }
    for (int i = 0; i <= world.agents; i++) {
        world_machine(&world, i)->is_excused = false;
    }
    world_supervise(&world);
    judges_audit(&world, report.steps, false);
    if (report.steps % CHECK_STEPS == 0 && !chaos_ends && world.problems == 0) {
        judges_check(&world, false);
    }
    load_pause(&world, false);
}

static int bag[CLASSES_MAX], bag_count;

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
    return report.tally[index].drawn > 0 && report.tally[index].fired == 0 &&
           report.tally[index].drawn < DRAWS_MAX;
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
        report.tally[class - fault_classes].drawn++;
        blow_begin(&world, &blows[count++], class, opt_step_ms);
    }
    report.mixed += count > 1;
    world_tell(&world, "step %" PRIu64 ":%s", ++report.steps, names.data);
    return count;
}

/* A class that has not struck goes back, on top. */
static void note_strike(const struct blow *blow)
{
    int index = (int)(blow->class - fault_classes);

    report.tally[index].fired += blow->fired;
    if (is_owing(index) && bag_count < CLASSES_MAX) {
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
    while (!chaos_ends && world.problems == 0 && report_kills() < (uint64_t)opt_kills) {
        uint64_t until = report_kills() + KILLS_PER_STEP;
        int64_t began_ms = chaos_now_ms();

        until = until < (uint64_t)opt_kills ? until : (uint64_t)opt_kills;
        while (!chaos_ends && report_kills() < until) {
            one_kill();
        }
        report.steps++;
        world_tell(&world, "%" PRIu64 " kills, the last in %" PRId64 " ms", report_kills(),
                   chaos_now_ms() - began_ms);
        heal_and_converge();
    }
}

/* --- the run -------------------------------------------------------------------------------------
 */

static void run_steps(int64_t until_ms)
{
    while (!chaos_ends && world.problems == 0 && (chaos_now_ms() < until_ms || is_any_owing())) {
        one_step();
    }
}

static void run(void)
{
    int64_t began_ms = chaos_now_ms(), took_ms;

    if (!world_start(&world)) {
        return;
    }
    judges_audit(&world, 0, true);
    world_tell(&world, "%d agents are ready", world.agents);
    if (opt_kills > 0) {
        kill_many();
    } else {
        run_steps(began_ms + opt_seconds * 1000);
    }
    load_stop(&world);
    (void)world_await_converged(&world, CONVERGE_MS);
    report.link_bytes = world_proxy_count(&world, "*", NULL);
    judges_check(&world, true);
    world_stop(&world);
    took_ms = chaos_now_ms() - began_ms;
    report.is_cut_short = chaos_ends;
    report.wants_every_class = opt_kills == 0 && opt_only == NULL && took_ms >= FULL_RUN_MS;
    for (int i = 0; i < fault_class_count; i++) {
        report.tally[i].is_left_out = opt_kills > 0 || !is_wanted(&fault_classes[i]);
    }
    report_print(&report, &world, took_ms);
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
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)world_open(&world, has_spaces);
    print_first_line(argc, argv, has_spaces ? NULL : why);
    (void)fflush(stdout);
    run();
    if (world.problems > 0 || opt_keep != NULL) {
        evidence_keep(&world);
        (void)printf("kept: %s\n", world.dir);
    } else {
        evidence_remove(&world);
    }
    return world.problems > 0 ? EXIT_FAILURE : chaos_ends ? EXIT_TOLD_TO_END : EXIT_SUCCESS;
}
