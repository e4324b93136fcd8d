/* fog-sim: runs seeds, each a world of its own; see docs/SIMULATION.md.
 *
 * The seeds run in a child process, so that whatever ends it (a failed assertion, a sanitizer) is
 * told with the seed and the last lines of its trace, which lie in shared memory. */
#include "tests/sim/sim.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tests/sim/mutants.h"
#include "tests/sim/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TWICE_EVERY = 50, SEEDS_DEFAULT = 100 };

struct options {
    uint64_t from, count, agents;
    bool is_traced, is_canary, is_quiet, lists_mutants;
};

struct shared {
    struct record_tail tail;
    struct tallies totals;
    uint64_t seeds_done;
    int64_t slowest_ms; /* to convergence */
    uint64_t slowest_seed;
};

static const char usage[] = "fog-sim: a fleet in one process, from a seed\n"
                            "  --seed N     run this seed alone\n"
                            "  --seeds N    run so many (100)\n"
                            "  --from M     beginning with this one (1)\n"
                            "  --agents N   with so many agents (else 2 to 5, by the seed)\n"
                            "  --trace      print everything that happens\n"
                            "  --canary     with a check that always fails\n"
                            "  --quiet      no progress\n"
                            "  --mutants    list the seeded mistakes\n"
                            "  --mutant X   make this one (in the build that has them)\n";

static bool read_options(int count, char **words, struct options *options)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        uint64_t value = 0;
        bool has_value = i + 1 < count && u64_from_str(words[i + 1], &value);

        if (str_eq(word, "--trace")) {
            options->is_traced = true;
        } else if (str_eq(word, "--canary")) {
            options->is_canary = true;
        } else if (str_eq(word, "--quiet")) {
            options->is_quiet = true;
        } else if (str_eq(word, "--mutants")) {
            options->lists_mutants = true;
        } else if (str_eq(word, "--mutant") && i + 1 < count && mutants_choose(words[i + 1])) {
            i++;
        } else if (!has_value) {
            return false;
        } else if (str_eq(word, "--seed")) {
            options->from = value;
            options->count = 1;
            i++;
        } else if (str_eq(word, "--seeds")) {
            options->count = value;
            i++;
        } else if (str_eq(word, "--from")) {
            options->from = value;
            i++;
        } else if (str_eq(word, "--agents") && value > 0 && value <= MACHINES_MAX) {
            options->agents = value;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

static void add_tallies(struct shared *shared, uint64_t seed, const struct tallies *tallies)
{
    const uint64_t *from = (const uint64_t *)(const void *)tallies;
    uint64_t *to = (uint64_t *)(void *)&shared->totals;

    for (size_t i = 0; i < sizeof(*tallies) / sizeof(uint64_t); i++) {
        to[i] += from[i];
    }
    if (tallies->converged_after_ms > shared->slowest_ms) {
        shared->slowest_ms = tallies->converged_after_ms;
        shared->slowest_seed = seed;
    }
}

static bool run_seed(const struct options *options, struct shared *shared, uint64_t seed)
{
    struct sim_options sim = {.seed = seed,
                              .agents = options->agents,
                              .is_traced = options->is_traced,
                              .fails = options->is_canary};
    struct tallies tallies;
    uint64_t hash, again;

    if (!sim_run(&sim, &shared->tail, &hash, &tallies)) {
        return false;
    }
    add_tallies(shared, seed, &tallies);
    if (seed % TWICE_EVERY != 0) {
        return true;
    }
    if (sim_run(&sim, &shared->tail, &again, &tallies) && again == hash) {
        return true;
    }
    (void)snprintf(shared->tail.failure, sizeof(shared->tail.failure),
                   "determinism: the second run of the seed took another course");
    return false;
}

static int run_all(const struct options *options, struct shared *shared)
{
    for (uint64_t i = 0; i < options->count; i++) {
        if (!run_seed(options, shared, options->from + i)) {
            return 1;
        }
        shared->seeds_done++;
        if (!options->is_quiet && isatty(2)) {
            (void)fprintf(stderr, "\r%" PRIu64 " seeds ", shared->seeds_done);
        }
    }
    return 0;
}

static void tell_failure(const struct options *options, const struct shared *shared,
                         const char *program)
{
    const struct record_tail *tail = &shared->tail;
    uint64_t first = tail->count > RECORD_LINES ? tail->count - RECORD_LINES : 0;

    for (uint64_t i = first; i < tail->count && !options->is_traced; i++) {
        (void)printf("%s\n", tail->lines[i % RECORD_LINES]);
    }
    (void)printf("\nseed %" PRIu64 " failed: %s\n", tail->seed,
                 tail->failure[0] != '\0' ? tail->failure : "crash: the process ended, see above");
    (void)printf("again: %s --seed %" PRIu64 " --trace", program, tail->seed);
    if (options->agents > 0) {
        (void)printf(" --agents %" PRIu64, options->agents);
    }
    (void)printf("\n");
}

static void tell_totals(const struct shared *shared, double seconds)
{
    const struct tallies *all = &shared->totals;

    (void)printf("%" PRIu64 " seeds fine in %.1f s (%.1f/s), %" PRId64 " s simulated, %.0f times "
                 "real time\n",
                 shared->seeds_done, seconds, (double)shared->seeds_done / seconds,
                 all->simulated_ms / 1000, (double)all->simulated_ms / 1000 / seconds);
    (void)printf("controller: %" PRIu64 " commits, %" PRIu64 " restarts (%" PRIu64
                 " by power), %" PRIu64 " reloads\n",
                 all->commits, all->restarts, all->power_cuts, all->recoveries);
    (void)printf("agents: %" PRIu64 " crashes, %" PRIu64 " power cuts, %" PRIu64
                 " saves failed, %" PRIu64 " runs (%" PRIu64 " exclusive)\n",
                 all->agent_crashes, all->reboots, all->saves_failed, all->spawns,
                 all->spawns_exclusive);
    (void)printf("network: %" PRIu64 " frames (%" PRIu64 " lost, %" PRIu64 " repeated), %" PRIu64
                 " cuts, %" PRIu64 " partitions, %" PRIu64 " stalls\n",
                 all->frames, all->frames_lost, all->frames_repeated, all->links_cut,
                 all->partitions, all->stalls);
    (void)printf("operators: %" PRIu64 " requests, %" PRIu64 " writes acknowledged, %" PRIu64
                 " refused, %" PRIu64 " retries\n",
                 all->requests, all->acknowledged, all->conflicts, all->retries);
    (void)printf("as desired after %.1f s on average, %.1f s at most (seed %" PRIu64 ")\n",
                 (double)all->converged_after_ms / 1000 / (double)shared->seeds_done,
                 (double)shared->slowest_ms / 1000, shared->slowest_seed);
}

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    struct options options = {.from = 1, .count = SEEDS_DEFAULT};
    double begun = now_seconds();
    struct shared *shared;
    int status = 1;
    pid_t child;

    status = plans_main(count, words);
    if (status >= 0) {
        return status;
    }
    if (!read_options(count, words, &options)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (options.lists_mutants) {
        mutants_print();
        return 0;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        (void)fputs("fog-sim: no memory\n", stderr);
        return 2;
    }
    child = fork();
    if (child == 0) {
        exit(run_all(&options, shared));
    }
    while (child > 0 && waitpid(child, &status, 0) != child) {}
    if (status != 0) {
        tell_failure(&options, shared, words[0]);
        return 1;
    }
    tell_totals(shared, now_seconds() - begun);
    return 0;
}
