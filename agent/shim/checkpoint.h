/* The word `suspend`, as it is said and heard: with a signal and a grace the workload is told
 * first, and frozen when that is over.  A shim of before freezes it at once. */
#pragma once

#include "schema/base/mono.h"
#include "schema/kinds/workload.h"
#include "schema/limits.h"

/* A grace of 0: at once. */
void checkpoint_say(const struct checkpoint *checkpoint, char line[static SHIM_LINE_BYTES_MAX]);
/* What follows the verb; it is taken apart.  Whatever cannot be is a grace of 0. */
void checkpoint_hear(char *words, struct checkpoint *ret_checkpoint);
int checkpoint_signal_number(const struct checkpoint *checkpoint);
