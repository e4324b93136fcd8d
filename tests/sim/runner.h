/* Runs seeds in several processes and says what came of it; or replays a tape. */
#pragma once

#include "tests/sim/options.h"

extern const char sim_revision[]; /* of the sources this program was made from */

/* Both return the program's exit code: 0 nothing was wrong, 1 something was, 2 cannot run. */
int runner_run(const struct options *options, const char *program);
int runner_replay(struct options *options, const char *program);
