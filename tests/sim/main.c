/* fog-sim: runs seeds, each a world of its own; see docs/SIMULATION.md. */
#include "tests/sim/bench.h"
#include "tests/sim/day.h"
#include "tests/sim/mutants.h"
#include "tests/sim/options.h"
#include "tests/sim/plan.h"
#include "tests/sim/runner.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>

/* One thread needs no locks, nobody asks how much memory SQLite has, and a connection that is
 * opened for each start of a controller has its statements in one piece. */
static void quicken(void)
{
    enum { PIECE = 1200, PIECES = 200, KEPT_BYTES = 256 << 20 };

    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, PIECE, PIECES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES); /* the next world needs it again */
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
}

int main(int count, char **words)
{
    struct options options;
    struct err err = ERR_NONE;
    int status;

    quicken();
    status = plans_main(count, words);
    if (status < 0) {
        status = day_main(count, words);
    }
    if (status >= 0) {
        return status;
    }
    if (options_read(&options, count, words, &err) < 0) {
        (void)fprintf(stderr, "fog-sim: %s\n%s", err.text, options_usage);
        return 2;
    }
    if (options.lists_mutants) {
        mutants_print();
        return 0;
    }
    if (options.is_bench) {
        return bench_run(&options);
    }
    return options.tape != NULL ? runner_replay(&options, words[0])
                                : runner_run(&options, words[0]);
}
