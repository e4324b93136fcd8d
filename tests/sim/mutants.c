#include "tests/sim/mutants.h"

#include "schema/base/mutant.h"
#include "schema/base/str.h"

#include <stdio.h>
#include <stdlib.h>

bool mutants_are_built_in(void)
{
#ifdef FOG_MUTANTS
    return true;
#else
    return false;
#endif
}

bool mutants_choose(const char *name)
{
    for (int i = 1; i < MUTANT_COUNT && mutants_are_built_in(); i++) {
        if (str_eq(mutant_table[i].name, name)) {
#ifdef FOG_MUTANTS
            mutant_chosen = (enum mutant)i;
#endif
            return true;
        }
    }
    return false;
}

void mutants_choose_from_environment(void)
{
    const char *name = getenv("FOG_MUTANT");

    if (name != NULL && mutants_are_built_in() && !mutants_choose(name)) {
        (void)fprintf(stderr, "FOG_MUTANT: there is no mutant \"%s\"\n", name);
        exit(2);
    }
}

void mutants_print(void)
{
    for (int i = 1; i < MUTANT_COUNT; i++) {
        (void)printf("%s\t%s\t%s\n", mutant_table[i].name, mutant_table[i].checks,
                     mutant_table[i].what);
    }
}
