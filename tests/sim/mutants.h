/* Choosing a seeded mistake (schema/base/mutant.h), in the build that has them. */
#pragma once

#include <stdbool.h>

bool mutants_are_built_in(void);
bool mutants_choose(const char *name); /* false: there is none of that name, or none at all */
/* As FOG_MUTANT of the environment says; ends the program when there is none of that name. */
void mutants_choose_from_environment(void);
void mutants_print(void); /* one a line: name, checks, what is wrong, divided by tabs */
