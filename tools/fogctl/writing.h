/* What all verbs that write have in common: under which name fields are owned, whether it is only
 * looked at, and in which form it is told what became of it.
 *
 * Without -o a line for each object tells people what happened to it.  With -o json, yaml and their
 * like the objects themselves are printed, as they are then; `-o changeset` is all that the
 * controller answered: the outcome of each change, warnings, and the plan of a dry run. */
#pragma once

#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/form.h"
#include "tools/fogctl/output.h"

struct writing {
    const char *manager; /* NULL: fogctl */
    const char *dry_run; /* "server", "client", "none"; NULL: none */
    const char *form;    /* of -o, as it was typed; NULL: lines */
    enum output output;
    bool is_answer; /* -o changeset */
    struct form made_up;
};

/* Options of all these verbs; what they fill in is read by writing_check(). */
#define WRITING_ROWS(writing)                                                                      \
    {"field-manager",                                                                              \
     0,                                                                                            \
     OPTION_TEXT,                                                                                  \
     &(writing).manager,                                                                           \
     "NAME",                                                                                       \
     "who owns the fields that are written (default fogctl)",                                      \
     NULL},                                                                                        \
    {                                                                                              \
        "output", 'o', OPTION_TEXT, &(writing).form, "FORM",                                       \
            "the objects as json, yaml, name, jsonpath=…, custom-columns=…; or changeset", NULL    \
    }
#define DRY_RUN_ROW(writing)                                                                       \
    {                                                                                              \
        "dry-run", 0, OPTION_TEXT, &(writing).dry_run, "server",                                   \
            "show what would follow, and change nothing", "server"                                 \
    }

/* Of verbs that only look. */
#define OUTPUT_ROW(writing)                                                                        \
    {                                                                                              \
        "output", 'o', OPTION_TEXT, &(writing).form, "FORM",                                       \
            "json, yaml, name, jsonpath=… or custom-columns=…", NULL                               \
    }
#define TREE_ROW(writing)                                                                          \
    {                                                                                              \
        "output", 'o', OPTION_TEXT, &(writing).form, "FORM", "json, yaml or jsonpath=…", NULL      \
    }
/* -o alone, of a verb that shows objects, or something else, which has no names. */
int looking_check(struct fogctl *fogctl, const struct verb *verb, struct writing *writing,
                  bool with_names);
/* Reads -o and --dry-run; EXIT_USAGE after having said what is wrong. */
int writing_check(struct fogctl *fogctl, const struct verb *verb, struct writing *writing,
                  bool with_client);
bool writing_is_dry(const struct writing *writing);   /* --dry-run=server */
bool writing_is_lines(const struct writing *writing); /* no -o: it is told in lines */
/* Where what people want to know besides goes: with -o standard output is for programs. */
FILE *writing_aside(const struct writing *writing);
/* "?fieldManager=NAME", with "&dryRun=All" if so. */
const char *writing_query(struct fogctl *fogctl, const struct writing *writing, bool is_dry_run);
/* Prints the status of a change set as it was answered, if not in lines.  An exit code. */
int writing_print(struct fogctl *fogctl, struct writing *writing, const struct node *status);
/* A list, also of one. */
int writing_print_list(struct fogctl *fogctl, struct writing *writing, const struct node *list);
/* Of --dry-run=client, also in lines: as they stand in the files, for nobody else was asked. */
int writing_print_documents(struct fogctl *fogctl, struct writing *writing,
                            const struct documents_read *documents);
int writing_print_objects(struct fogctl *fogctl, struct writing *writing,
                          struct node *const *objects, size_t count);
