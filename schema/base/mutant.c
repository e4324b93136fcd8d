/* The table of schema/base/mutant.h, and, in the one build that has them, which one is made. */
#include "schema/base/mutant.h"

#define ROW_(the_name, the_what, the_checks)                                                       \
    [MUTANT_##the_name] = {.name = #the_name, .what = (the_what), .checks = (the_checks)},

const struct mutant_row mutant_table[MUTANT_COUNT] = {MUTANTS(ROW_)};

#ifdef FOG_MUTANTS
enum mutant mutant_chosen;
#endif
