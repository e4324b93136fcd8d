/* What may be typed next: what scripts of shells ask for with `fogctl __complete WORD… CURRENT`.
 *
 * A line for each candidate, with a tab and what it is behind it; ":files" means names of files.
 * All of it follows from the table of verbs: options from their rows, words and kinds of objects
 * from their usage; names of objects come from the controller, if it answers at once. */
#pragma once

#include "tools/fogctl/fogctl.h"

enum { COMPLETE_TIMEOUT_MS = 1000, COMPLETE_NAMES_MAX = 500 };

/* The words after the program's name, the last of them the one that is being typed. */
int complete(struct fogctl *fogctl, int argc, char **argv);
