/* Time is that of the process, not of the wall: on a machine that others use, too, it says what one
 * core can do. */
#include "tests/sim/bench.h"

#include "tests/sim/lab.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { MODE_NONE, MODE_SWARM, MODE_ALL, MODE_COUNT };

struct figures {
    double seconds;
    struct tallies sum;
    uint64_t seeds;
};

static double core_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool measure(struct lab *lab, const struct sim_options *world, struct figures *figures)
{
    double begun = core_seconds();

    if (!lab_run(lab, world)) {
        (void)printf("seed %" PRIu64 " failed: %s\n", world->seed, lab->tail.failure);
        return false;
    }
    figures->seconds += core_seconds() - begun;
    figures->sum.happenings += lab->tallies.happenings;
    figures->sum.simulated_ms += lab->tallies.simulated_ms;
    figures->sum.chaos_ms += lab->tallies.chaos_ms;
    figures->seeds++;
    return true;
}

static void print(const struct figures figures[static MODE_COUNT])
{
    static const char *const names[MODE_COUNT] = {"none", "swarm", "all"};
    const struct figures *base = &figures[MODE_NONE];

    (void)printf("faults    seeds/s    events/s   simulated/real   a seed: simulated   of it chaos"
                 "   work, none = 1\n");
    for (int i = 0; i < MODE_COUNT; i++) {
        const struct figures *at = &figures[i];
        double seeds = (double)at->seeds;

        (void)printf("%-8s%9.1f%12.0f%17.0f%18.1f s%12.1f s%17.2f\n", names[i], seeds / at->seconds,
                     (double)at->sum.happenings / at->seconds,
                     (double)at->sum.simulated_ms / 1000 / at->seconds,
                     (double)at->sum.simulated_ms / 1000 / seeds,
                     (double)at->sum.chaos_ms / 1000 / seeds, at->seconds / base->seconds);
    }
}

int bench_run(const struct options *options)
{
    struct lab *lab = lab_memory(sizeof(struct lab));
    struct figures figures[MODE_COUNT] = {0};
    bool none[FAULT_COUNT] = {false}, all[FAULT_COUNT];
    const bool *const faults[MODE_COUNT] = {none, NULL, all};

    if (lab == NULL) {
        (void)fputs("fog-sim: no memory\n", stderr);
        return 2;
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        all[i] = true;
    }
    for (uint64_t seed = options->from; seed < options->from + options->count; seed++) {
        for (int i = 0; i < MODE_COUNT; i++) {
            struct sim_options world = options_of_world(options, seed);

            world.faults = faults[i];
            if (!measure(lab, &world, &figures[i])) {
                return 1;
            }
        }
    }
    (void)printf("one core, %" PRIu64 " seeds from %" PRIu64 " on\n", options->count,
                 options->from);
    print(figures);
    return 0;
}
