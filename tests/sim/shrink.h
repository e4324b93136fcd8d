/* Makes the story of a failure short: leaves out whole classes of faults, then single strikes,
 * then machines, then operators and their operations, then time, as long as what is left still
 * fails by the same check.  Each try is a run of its own, from an altered tape; a try that fails
 * is recorded anew, and its tape is what the next one alters. */
#pragma once

#include "tests/sim/lab.h"
#include "tests/sim/options.h"

/* `file`: a tape whose replay fails; becomes the shortest that was found.  `output`: a file for
 * what the tries print.  Returns how many runs it took; 0: the tape does not fail. */
unsigned shrink(struct tape_file *file, const struct options *options, struct lab *lab,
                const char *output);
