/* docs/MUTANTS.md, from the table of schema/base/mutant.h. */
#include "schema/base/mutant.h"
#include "schema/docs.h"

static const char head[] =
    "# Seeded mistakes\n"
    "\n"
    "Do the tests bite?  Each row is a mistake that somebody could make, kept in the code behind one build\n"
    "switch (`VARIANT=mutants`, which is `-DFOG_MUTANTS`): a program of that build makes the one that was\n"
    "chosen, and every other build has none.  The simulator must find each of them, by one of the checks\n"
    "that are named beside it (docs/SIMULATION.md says what they ask for).\n"
    "\n"
    "    make mutants                        # all of them: which check, at which seed, after how long\n"
    "    make mutants MUTANTS=\"SYNC_NORMAL\"\n"
    "    build/mutants/fog-sim --mutant SYNC_NORMAL --seeds 2000\n"
    "\n"
    "| mutant | what is wrong | found by |\n"
    "|---|---|---|\n";

static const char tail[] =
    "\n"
    "Not listed is what nobody could notice.  An agent that does not end a run when its lease is over or\n"
    "refused, for one: the shim ends it at that moment, or when the lease is over that it was given before.\n"
    "Where two guards do the same, the mistake is made in both.\n"
    "\n"
    "\"crash\" is an assertion of the program itself.  This page is made from `schema/base/mutant.h` by\n"
    "`make docs`.\n";

void docs_mutants(struct str *to)
{
    str_add(to, head);
    for (int i = 1; i < MUTANT_COUNT; i++) {
        const struct mutant_row *row = &mutant_table[i];

        str_addf(to, "| `%s` | %s |", row->name, row->what);
        for (const char *at = row->checks; *at != '\0';) {
            size_t length = strcspn(at, " ");

            str_addf(to, "%s `%.*s`", at == row->checks ? "" : ",", (int)length, at);
            at += length + (at[length] == ' ');
        }
        str_add(to, " |\n");
    }
    str_add(to, tail);
}
