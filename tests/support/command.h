/* Runs a program's main function in a process of its own, and keeps what it said. */
#pragma once

#include "schema/base/str.h"

struct outcome {
    int code; /* of exit; 128 + n: ended by signal n */
    struct str out, err;
};

typedef int (*program_main)(int argc, char **argv);

/* `words` is one text, split at blanks; 'quotes' keep what stands between them.  `input` is what
 * standard input holds; NULL: nothing.  To be given back with outcome_fini(). */
void command_run(program_main program, const char *words, const char *input, struct outcome *ret);
/* The same on a terminal of 80 columns and 24 rows: what it says comes as one, in `out`. */
void command_run_on_terminal(program_main program, const char *words, struct outcome *ret);
void outcome_fini(struct outcome *outcome);
