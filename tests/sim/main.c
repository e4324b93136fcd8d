/* fog-sim: runs seeds, each a world of its own; see docs/SIMULATION.md. */
#include "tests/sim/mutants.h"
#include "tests/sim/options.h"
#include "tests/sim/plan.h"
#include "tests/sim/runner.h"

#include <stdio.h>

int main(int count, char **words)
{
    struct options options;
    struct err err = ERR_NONE;
    int status = plans_main(count, words);

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
    return options.tape != NULL ? runner_replay(&options, words[0])
                                : runner_run(&options, words[0]);
}
