/* Of which sources the program was made; the Makefile knows. */
#include "tests/sim/runner.h"

#ifndef SIM_REVISION
#define SIM_REVISION "unknown" /* only looked at by a compiler */
#endif

const char sim_revision[] = SIM_REVISION;
