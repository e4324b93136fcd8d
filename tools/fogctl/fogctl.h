/* What the verbs of fogctl share: where the controller is, how to speak to it, how to speak to a
 * person.
 *
 * A run is short: everything lives in one arena.  Errors are said in one line of what and, where
 * there is one, one line of what to do; the exit code is 1, or 2 for a wrong command line. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/err.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "schema/kind.h"
#include "schema/object.h"
#include "schema/problem.h"
#include "schema/tree.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifndef FOG_VERSION
#define FOG_VERSION "0.1.0"
#endif

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct fogctl {
    struct arena arena;
    const char *server;                    /* "http://127.0.0.1:7411" */
    const char *user;                      /* who writes; kept in history */
    const char *cause;                     /* --change-cause */
    const char *context;                   /* NULL: the file's current one */
    const char *config;                    /* path of the file */
    const char *given_server, *given_user; /* on the command line; NULL: they were not */
    const char *at_revision;               /* that objects are read as of; NULL: now */
    int64_t at_ms;                         /* the moment of that, which ages count to; 0: now */
    void *curl;                            /* owned: the connection that requests share */
    bool is_unreachable;                   /* it was said already; asking again is of no use */
    bool is_terminal;                      /* standard output is one */
    bool color;                            /* it is, and NO_COLOR is unset or empty */
};

/* --- options ------------------------------------------------------------------------------------
 */

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_INT, OPTION_DURATION };

struct texts {
    VEC_OF(const char *);
};

/* A row: what a person types, and where it goes.  `optional` text may be given as --name alone. */
struct option_row {
    const char *name; /* "dry-run" */
    char letter;      /* 'f'; 0: none */
    enum option_type type;
    void *to;          /* bool *, const char **, struct texts *, int64_t *, int64_t * in ms */
    const char *value; /* for help: "FILE" */
    const char *doc;
    const char *when_bare; /* TEXT: the value of --name without one; NULL: a value is needed */
};

/* Reads options from anywhere among the words; the rest is left in `words`.  False after having
 * said what is wrong. */
bool options_read(const struct option_row *rows, size_t count, int argc, char **argv,
                  struct texts *words);
/* Reads those before the first word, whose index is in *ret_at (argc: there is none). */
bool options_read_first(const struct option_row *rows, size_t count, int argc, char **argv,
                        int *ret_at);

struct verb {
    const char *name;
    const char *summary;  /* one line, lower case */
    const char *usage;    /* "apply -f FILE… [options]" */
    const char *examples; /* lines */
    /* Rows of its own options; `count` is set.  Called before run, which reads what they filled in.
     */
    const struct option_row *(*options)(size_t *ret_count);
    int (*run)(struct fogctl *fogctl, struct texts *words);
};

extern const struct verb *const verbs[]; /* NULL-terminated, in the order of help */
const struct option_row *global_options(size_t *ret_count); /* those of all verbs */
/* Verbs that need no controller, and no context that could be wrong. */
bool verb_is_local(const struct verb *verb);

int fogctl_run(int argc, char **argv); /* the whole program; returns the exit code */

/* --- saying -------------------------------------------------------------------------------------
 */

void say_in_color(bool is_colored); /* errors: the word is red */
/* "error: WHAT" and, unless NULL, a second line WHAT TO DO; returns EXIT_FAILED. */
int fail(const char *what_to_do, const char *format, ...) _printf_(2, 3);
int usage_error(const struct verb *verb, const char *format, ...) _printf_(2, 3);
/* Of a word that is none of those which the verb's usage begins with: says so, with the closest of
 * them, and is true.  False when there is none close by, or no word (NULL), and nothing was said.
 */
bool word_is_near(const struct verb *verb, const char *word);
const char *paint(const struct fogctl *fogctl, const char *color); /* "red", "green", …, "off" */

/* Texts of others: control characters, and marks that turn the direction of writing, become "?". */
void text_put(FILE *to, const char *text);                       /* NULL: nothing */
void text_put_lines(FILE *to, const char *text);                 /* keeps line ends and tabs */
void text_put_problems(FILE *to, const char *text);              /* with its errors in colour */
const char *text_shown(struct fogctl *fogctl, const char *text); /* in the arena */
size_t text_width(const char *text);                             /* in columns of a terminal */
/* As much of it as fits into so many columns, the last of them a mark where it was cut; returns how
 * many it takes.  `is_ascii`: for a terminal that knows nothing else. */
size_t text_add_fitting(struct str *to, const char *text, size_t columns, bool is_ascii);

/* --- the controller -----------------------------------------------------------------------------
 */

struct reply {
    long code;
    const char *body; /* in the arena */
    size_t size_bytes;
    const char *warning; /* of the Warning headers; NULL: none */
    struct node *root;   /* parsed; NULL when it is no JSON */
};

struct request {
    const char *method, *path;   /* "/apis/fog/v1/agents?limit=500" */
    const char *body;            /* NULL: none */
    const char *content_type;    /* NULL: application/json */
    const char *idempotency_key; /* NULL: none */
    int64_t retry_ms; /* not 0: sent again until it is answered or so much time is over; what has a
                         body then needs a key.  What has none gives up in time, too. */
    int64_t timeout_ms; /* of one that is sent once; 0: a minute */
};

/* False after having said that the controller cannot be reached. */
bool http_call(struct fogctl *fogctl, const struct request *request, struct reply *ret_reply);
/* GET that must give 200 and JSON; NULL after having said why not. */
struct node *http_get(struct fogctl *fogctl, const char *path);
void reply_warned(const struct reply *reply); /* says what its Warning headers say */
/* Says what a Status says; returns EXIT_FAILED. */
int reply_failed(const struct reply *reply);
/* "error: the controller at … cannot be reached: WHY"; returns EXIT_FAILED. */
int http_unreachable(const struct fogctl *fogctl, const char *why);
void http_close(struct fogctl *fogctl);

/* How a stream that may begin anew is doing. */
enum link { LINK_UP, LINK_LOST, LINK_REFUSED };

/* An answer that comes line by line. */
struct stream {
    const char *path; /* NULL, of one that rests: `again` says the first one, too */
    bool by_bytes;    /* as it comes, not line by line */
    bool is_whole;    /* what is asked for again and again: an answer is one line, however many it
                         has, and is given up when it takes too long */
    bool rests;   /* `again` is asked when it is due, and NULL is no end: at the next turn, too */
    bool is_anew; /* set by whoever wants what is under way no more: it goes on with `again` */
    int64_t pause_ms; /* between the end of an answer and the next; 0: half a second */
    /* One line without its end; false: enough, of all streams. */
    bool (*line)(void *context, const char *text, size_t length);
    /* The path to go on with after it ended or broke off; NULL: then it is over. */
    const char *(*again)(void *context);
    /* Told at each answer, at each try that gets none, and before a refusal is said; NULL: a person
     * is told, on standard error. */
    void (*link)(void *context, enum link link);
    /* Told of a refusal, in place of the person, and it goes on; NULL: that is its end. */
    void (*refused)(void *context, const struct reply *reply);
    /* Between all that comes: for how long there is nothing to do unless something comes, standard
     * input included; below 0: enough, of all streams.  NULL: no such thing. */
    int64_t (*turn)(void *context);
    void *context;
    int64_t silence_ms; /* an answer that says nothing for so long has broken off; 0: it may */
    long code;          /* of the last answer; 0: none came */
    bool has_stopped, has_failed;
};

/* Reads all of them until they are over; what refuses or fails is said.  False when one failed. */
bool http_streams(struct fogctl *fogctl, struct stream *streams, size_t count);
const char *url_escape(struct fogctl *fogctl, const char *text);
const char *fresh_key(struct fogctl *fogctl); /* an idempotency key */

int64_t now_ms(void);                           /* wall clock */
int64_t moment_ms(const struct fogctl *fogctl); /* the one that objects are read as of */
int64_t boot_ms(void); /* goes on while the machine sleeps, and is never set */
void pause_ms(int64_t ms);

/* For what goes on for long: between the two, what the arena gives lives only until scratch_end().
 */
void scratch_begin(struct fogctl *fogctl, struct arena *ret_saved);
void scratch_end(struct fogctl *fogctl, struct arena *saved);

/* --- objects ------------------------------------------------------------------------------------
 */

struct target {
    const struct kind *kind;
    const char *name; /* NULL: all */
};

struct targets {
    VEC_OF(struct target);
};

/* "agents", "hs,agents", "hs/render", "hs render other", "all": kinds and names.  False after
 * having said what is wrong: a wrong usage. */
bool targets_read(struct fogctl *fogctl, const struct texts *words, struct targets *ret_targets);

/* Of what came over the wire; never NULL: "", 0 and 0 for what is not there. */
const char *text_of(const struct node *map, const char *key);
int64_t int_of(const struct node *map, const char *key);
size_t list_count(const struct node *list);
/* "12s": how long ago; "" for what is no time. */
const char *age_since(struct fogctl *fogctl, const char *time);

const char *kind_path(struct fogctl *fogctl, const struct kind *kind, const char *name);
/* To read one object, as of at_revision. */
const char *object_path(struct fogctl *fogctl, const struct kind *kind, const char *name);
const char *kind_title(struct fogctl *fogctl, const struct kind *kind,
                       const char *name); /* "agent.fog/x" */
struct selection {                        /* each NULL: any */
    const char *labels, *fields;
    const char *where; /* of agents alone: schema/where.h */
};
static inline bool selection_is_given(const struct selection *selection)
{
    return selection->labels != NULL || selection->fields != NULL || selection->where != NULL;
}
/* For verbs that change what is selected: EXIT_USAGE after having said that -l holds nothing.
 * Whoever looks may mean all by that; `delete hs -l "$LABELS"` of a variable that is not set does
 * not. */
int selection_check(const struct verb *verb, const struct selection *selection);
/* Options of verbs: which of a kind they are about. */
#define LABELS_ROW(selection)                                                                      \
    {                                                                                              \
        "selector", 'l', OPTION_TEXT, &(selection).labels, "LABELS",                               \
            "those of the kind with these labels", NULL                                            \
    }
#define WHERE_ROW(selection)                                                                       \
    {                                                                                              \
        "where", 0, OPTION_TEXT, &(selection).where, "CONDITION",                                  \
            "agents of which this holds: 'sensors.battery >= 40 && region in (north, east)'", NULL \
    }
/* Those of `given` that have names, and for those that have none every object of the kind that is
 * selected.  False after having said why not. */
bool targets_expand(struct fogctl *fogctl, const struct targets *given,
                    const struct selection *selection, struct targets *ret_all);
/* What the words say, or what the manifests of -f name; never both.  An exit code, after having
 * said what is wrong; neither is fine, and gives nothing. */
int targets_given(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                  const struct texts *files, struct targets *ret_targets);
#define FILES_ROW(files)                                                                           \
    {                                                                                              \
        "filename", 'f', OPTION_LIST, &(files), "FILE", "the objects that these manifests name",   \
            NULL                                                                                   \
    }
/* The same for verbs that need an object: a kind alone means all of it.  Returns an exit
 * code, after having said what is wrong; finding nothing is said, and done. */
int targets_named(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                  const struct texts *files, const struct selection *selection,
                  struct targets *ret_targets);
const char *kind_short(const struct kind *kind); /* "hs": as a person would type it */
/* All objects of a kind; follows pages.  NULL after having said why not.  *ret_revision may be
 * NULL. */
struct node *list_objects(struct fogctl *fogctl, const struct kind *kind, const char *labels,
                          const char *fields, const char **ret_revision);
struct node *list_selected(struct fogctl *fogctl, const struct kind *kind,
                           const struct selection *selection, const char **ret_revision);
struct node *without_noise(struct fogctl *fogctl, const struct node *object, bool with_status);

/* --- manifests ----------------------------------------------------------------------------------
 */

struct document {
    const char *file;
    struct node *root;
    const struct kind *kind;
    const char *name;
};

struct documents_read {
    VEC_OF(struct document);
};

/* What becomes of a field that the kind does not have. */
enum validation { VALIDATION_STRICT, VALIDATION_WARN, VALIDATION_IGNORE };
/* "strict" ("true", NULL), "warn", "ignore" ("false"). */
bool validation_from_str(const char *text, enum validation *ret_validation);
/* For the controller: of what was dropped here it need not warn once more. */
const char *validation_query(enum validation validation);
/* Option of verbs that write whole manifests. */
#define VALIDATE_ROW(to)                                                                           \
    {                                                                                              \
        "validate", 0, OPTION_TEXT, &(to), "strict|warn|ignore",                                   \
            "of a field that there is not: refuse (the default), warn, or drop it", "strict"       \
    }

/* Reads files, folders (all *.yaml, *.yml, *.json in them, by name) and "-"; validates what can be
 * validated without the controller.  Prints every problem; false when any is an error. */
bool manifests_read(struct fogctl *fogctl, const struct texts *files, enum validation validation,
                    struct documents_read *ret_documents);
/* The same for verbs to whom manifests only name objects: whatever else stands in them. */
bool manifests_named(struct fogctl *fogctl, const struct texts *files,
                     struct documents_read *ret_documents);
/* Prints what the controller warns of, at the places of the files, and which artifacts it lacks. */
void manifests_warned(struct fogctl *fogctl, const struct documents_read *documents,
                      const struct node *warnings);
/* Adds a warning for each artifact that a manifest names and the controller does not have. */
void artifacts_look_for(struct fogctl *fogctl, const struct documents_read *documents,
                        struct problems *problems);
/* Prints a failed change set at the places of the files. */
int manifests_failed(struct fogctl *fogctl, const struct documents_read *documents,
                     const struct reply *reply);

/* --- tables -------------------------------------------------------------------------------------
 */

struct table {
    size_t columns;
    struct texts cells; /* row by row; the first row is the head */
    size_t *widths;     /* owned; kept between prints, so that watched rows line up */
    size_t indent;      /* of every row */
};

void table_init(struct table *table, size_t columns);
void table_fini(struct table *table);
void table_print(struct table *table, size_t first_row);
void table_print_to(FILE *to, struct table *table, size_t first_row);
/* The columns of a kind, and the cells of one object. */
size_t kind_columns(const struct kind *kind, bool wide);
void table_head(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide);
void table_row(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide,
               const struct node *object, const char *prefix);
/* The newest last. */
void events_sort(struct node *events);
/* Events as a table of their own: what happened to what, without names and ages. */
void events_table(struct fogctl *fogctl, struct table *table, const struct node *events);

/* server, client (where it is taken), none, or NULL for no --dry-run at all. */
bool is_dry_run_known(const char *value, bool with_client);

/* --- change sets --------------------------------------------------------------------------------
 */

/* Prints a plan as the controller made it. */
void plan_print(struct fogctl *fogctl, const struct node *plan);
/* Prints the unified diff of every result of a dry run; returns how many differ, or -1. */
int results_diff(struct fogctl *fogctl, const struct node *results);
/* Prints "kind.fog/name outcome" lines. */
void results_print(struct fogctl *fogctl, const struct node *results, const char *suffix);
size_t results_changed(const struct node *results); /* how many of them */
/* An item of history in a line: "create", "spec.replicas: 2 => 4, …". */
const char *change_summary(struct fogctl *fogctl, const struct node *item);

/* Who owns which fields, as metadata.managedFields has it; nothing when nobody does. */
void print_fields_owned(struct fogctl *fogctl, const struct node *entries);
