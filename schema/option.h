/* The options of a daemon, described once: a table, from which come the flags, the variables of the
 * environment, the lines of a file, the help, docs/CONFIG.md, `config check` and `config show`.
 *
 *     --bursts-max 8                 what counts most
 *     FOG_CONTROLLER_BURSTS_MAX=8
 *     bursts-max = 8                 a line of a file; # begins a comment line
 *     the default of the table       what counts least
 *
 * A value is looked at wherever it stands, also where another one overrides it, and all that is
 * wrong is told at once.  An empty variable is as good as none.
 *
 *     problems_init(&problems, &arena, NULL);
 *     options_init(&options, &table, &arena);
 *     options_read(&options, &input, &problems);
 *     options_take(&options, &config, &problems);
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "schema/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_SWITCH,   /* bool; as a flag it needs no value */
    OPTION_NUMBER,   /* int64_t */
    OPTION_DURATION, /* int64_t ms; text "5m" */
    OPTION_QUANTITY, /* int64_t; text "16Gi" */
    OPTION_CORES,    /* int64_t in thousandths; text "1.5" */
    OPTION_WORD,     /* int: index into `words` */
    OPTION_TEXT,     /* const char * */
    OPTION_TAKEN,    /* whatever `take` makes of it */
};

enum option_flags {
    OPTION_RELOADS = 1 << 0,      /* on SIGHUP another value takes effect; else on a restart */
    OPTION_ADDS = 1 << 1,         /* what is given again adds to it: no value overrides another */
    OPTION_OF_CALLER = 1 << 2,    /* says what this call shall do, not how a daemon is: in no file,
                                     not shown */
    OPTION_MAY_BE_EMPTY = 1 << 3, /* OPTION_TEXT */
};

/* False: the value cannot be.  `value` is in the arena, and the option's to cut up. */
typedef bool option_take_fn(void *config, struct arena *arena, char *value);

struct option {
    const char *section; /* a heading for it and those that follow; NULL: the one before goes on */
    const char *name;    /* in lower case, with hyphens */
    const char *alias;   /* another name, as a flag alone; one letter is written with one hyphen */
    const char *value;   /* what stands for it in a help; NULL: a flag alone says "true" */
    enum option_type type;
    size_t offset;        /* of the struct member; not for OPTION_TAKEN */
    option_take_fn *take; /* OPTION_TAKEN; OPTION_TEXT: looks at it, may be NULL */
    const char *fallback; /* the default, as text; NULL: none */
    const char *unset; /* what holds when nothing is given, in words; NULL: what `fallback` says */
    int64_t min, max;  /* NUMBER, DURATION, QUANTITY, CORES; `max` 0: no upper bound */
    const char *const *words; /* NULL-terminated */
    const char *expected;     /* ends the sentence `"7" is not …`; NULL: by type and bounds */
    const char *doc;          /* no capital, no full stop */
    const char *example;      /* a value, for the page in docs; NULL: `fallback` */
    unsigned flags;           /* enum option_flags */
};

struct option_verb {
    const char *words; /* "config check"; "" for no word */
    int id;
    const char *doc;
};

struct option_exit {
    int code;
    const char *doc;
};

struct option_table {
    const char *program, *doc;
    const char *prefix; /* of variables: "FOG_AGENT_" */
    const char *file;   /* read when no other is named */
    const struct option *options;
    size_t count;
    const struct option_verb *verbs; /* in the order of the help */
    size_t verb_count;
    int help, version; /* ids of these verbs, which are flags, too */
    /* What to do instead of giving a verb one more word; "" where there is nothing to say.  May be
     * NULL. */
    const char *(*alone)(int verb);
    const struct option_exit *exits;
    size_t exit_count;
    const char *const *examples; /* NULL-terminated */
};

enum option_source { OPTION_BY_DEFAULT, OPTION_BY_FILE, OPTION_BY_VARIABLE, OPTION_BY_FLAG };

struct option_given {
    const struct option *option;
    const char *value;
    enum option_source source;
    const char *name; /* as it was written: "--cores", "FOG_AGENT_CORES", "cores" */
    const char *file; /* of `line` and `column`, where the value stands; else NULL */
    unsigned line, column;
};

struct options { /* as they were given; each item overrides those before it */
    const struct option_table *table;
    struct arena *arena; /* borrowed: all texts and items */
    struct option_given *items;
    size_t count;
    int verb;
};

struct option_input { /* all borrowed, only for the call */
    int word_count;   /* with the program's name first, as main() has them */
    char *const *words;
    char *const *environment; /* NULL-terminated */
    const char *file;         /* its name; NULL: there is none */
    const char *text;         /* what stands in it */
};

/* `table` and `arena` are borrowed. */
void options_init(struct options *options, const struct option_table *table, struct arena *arena);
/* The file that flags or the environment name; NULL: none, the table's is meant.  The option is the
 * one of this name. */
const char *options_find_file(const struct option_table *table, const struct option_input *input,
                              const char *option);
/* Do the words ask for help, whatever else they say? */
bool options_ask_for_help(const struct option_table *table, const struct option_input *input);
/* Takes apart what was given; the values are not looked at yet.  A variable that begins as ours do
 * and is none is a warning. */
void options_read(struct options *options, const struct option_input *input,
                  struct problems *problems);
/* One more, that counts above the others. */
void options_add(struct options *options, const struct option *option, enum option_source source,
                 const char *value);
/* Puts defaults and values into the struct that the table describes. */
void options_take(const struct options *options, void *config, struct problems *problems);

const struct option *option_find(const struct option_table *table, const char *name);
/* What holds: the last that was given, or the default; NULL when there is neither. */
const struct option_given *options_last(const struct options *options, const struct option *option);
/* Is it the same in both, however it is written? */
bool options_agree(const struct options *a, const struct options *b, const struct option *option);
/* How many differ; each that cannot change while the daemon runs is a problem. */
size_t options_compare(const struct options *before, const struct options *after,
                       struct problems *problems);
/* The names of those that differ, with ", " between them. */
void options_name_changes(const struct options *before, const struct options *after,
                          struct str *to);

/* The errors for one line, and for many: "", the only one, or how many there are. */
void options_sum_up(const struct problems *problems, struct str *to);
void options_help(const struct option_table *table, struct str *to);
/* A line for each option: name, value, where it comes from. */
void options_show(const struct options *options, struct str *to);
/* A file to begin with, for /etc: each option with what it is and a value, "#state = /var/lib/fog",
 * all commented out, for the defaults are good. */
void options_file(const struct option_table *table, struct str *to);
/* docs/CONFIG.md */
void options_docs(const struct option_table *const *tables, size_t count, struct str *to);
/* Its page for man(1). */
void options_manual(const struct option_table *table, struct str *to);

/* --- values: what the type says of a text --- */

enum { OPTION_VALUE_SIZE = 64 };

/* False: it cannot be. */
bool option_put(const struct option *option, void *config, struct arena *arena, const char *value);
void option_expects(const struct option *option, struct str *to);
/* The one way to write it; texts stay as they are. */
const char *option_canonical(const struct option *option, struct arena *arena, const char *value);
/* "FOG_AGENT_CAP_CPU_PERCENT" */
void option_name_variable(const struct option_table *table, const struct option *option,
                          struct str *to);
