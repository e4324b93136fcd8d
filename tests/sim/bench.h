/* How fast is it?  The same seeds without faults, with those that each seed chooses, and with all
 * classes at once, in turns, so that a machine that is busy for a while is as busy for each. */
#pragma once

#include "tests/sim/options.h"

/* Prints a table of figures for one core; 0 unless a world failed. */
int bench_run(const struct options *options);
