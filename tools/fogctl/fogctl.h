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

#ifndef FOG_VERSION
#define FOG_VERSION "0.1.0"
#endif

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct fogctl {
    struct arena arena;
    const char *server;  /* "http://127.0.0.1:7411" */
    const char *user;    /* who writes; kept in history */
    const char *cause;   /* --change-cause */
    const char *context; /* NULL: the file's current one */
    const char *config;  /* path of the file */
    bool is_unreachable; /* it was said already; asking again is of no use */
    bool color;          /* standard output is a terminal and NO_COLOR is unset */
};

/* --- options
 * -------------------------------------------------------------------------------------- */

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

/* --- saying
 * --------------------------------------------------------------------------------------- */

/* "error: WHAT" and, unless NULL, a second line WHAT TO DO; returns EXIT_FAILED. */
int fail(const char *what_to_do, const char *format, ...) _printf_(2, 3);
int usage_error(const struct verb *verb, const char *format, ...) _printf_(2, 3);
const char *paint(const struct fogctl *fogctl, const char *color); /* "red", "green", …, "off" */

/* --- the controller
 * ------------------------------------------------------------------------------- */

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
    const char *idempotency_key; /* NULL: none; with one, the request is sent again until it is
                                    answered or `retry_ms` is over */
    int64_t retry_ms;
};

/* False after having said that the controller cannot be reached. */
bool http_call(struct fogctl *fogctl, const struct request *request, struct reply *ret_reply);
/* GET that must give 200 and JSON; NULL after having said why not. */
struct node *http_get(struct fogctl *fogctl, const char *path);
/* Says what a Status says; returns EXIT_FAILED. */
int reply_failed(const struct reply *reply);
/* A stream, line by line until it ends or `line` returns false.  Returns 0, or ERR_UNAVAILABLE when
 * it broke off, with the answer's code in *ret_code (0: none came). */
int http_stream(struct fogctl *fogctl, const char *path, bool by_line,
                bool (*line)(void *context, const char *text, size_t length), void *context,
                int64_t timeout_ms, long *ret_code);
const char *url_escape(struct fogctl *fogctl, const char *text);

/* --- objects
 * -------------------------------------------------------------------------------------- */

/* "agents", "hs/render", "hs render other": kinds and names.  False after having said what is
 * wrong. */
struct target {
    const struct kind *kind;
    const char *name; /* NULL: all */
};

struct targets {
    VEC_OF(struct target);
};

bool targets_read(struct fogctl *fogctl, const struct texts *words, struct targets *ret_targets);
const char *kind_path(struct fogctl *fogctl, const struct kind *kind, const char *name);
const char *kind_title(struct fogctl *fogctl, const struct kind *kind,
                       const char *name); /* "agent.fog/x" */
/* All objects of a kind; follows pages.  NULL after having said why not.  *ret_revision may be
 * NULL. */
struct node *list_objects(struct fogctl *fogctl, const struct kind *kind, const char *labels,
                          const char *fields, const char **ret_revision);
struct node *without_noise(struct fogctl *fogctl, const struct node *object, bool with_status);

/* --- manifests
 * ------------------------------------------------------------------------------------ */

struct document {
    const char *file;
    struct node *root;
    const struct kind *kind;
    const char *name;
};

struct documents_read {
    VEC_OF(struct document);
};

/* Reads files, folders (all *.yaml, *.yml, *.json below, by name) and "-"; validates what can be
 * validated without the controller.  Prints every problem; false when any is an error. */
bool manifests_read(struct fogctl *fogctl, const struct texts *files,
                    struct documents_read *ret_documents);
/* Prints a failed change set at the places of the files. */
int manifests_failed(struct fogctl *fogctl, const struct documents_read *documents,
                     const struct reply *reply);

/* --- tables
 * --------------------------------------------------------------------------------------- */

struct table {
    size_t columns;
    struct texts cells; /* row by row; the first row is the head */
    size_t *widths;     /* kept between prints, so that watched rows line up */
};

void table_init(struct table *table, size_t columns);
void table_fini(struct table *table);
void table_print(struct table *table, size_t first_row);
/* The columns of a kind, and the cells of one object. */
size_t kind_columns(const struct kind *kind, bool wide);
void table_head(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide);
void table_row(struct fogctl *fogctl, struct table *table, const struct kind *kind, bool wide,
               const struct node *object, const char *prefix);
int64_t now_ms(void); /* wall clock */

/* --- change sets
 * ---------------------------------------------------------------------------------- */

/* Prints a plan as the controller made it. */
void plan_print(struct fogctl *fogctl, const struct node *plan);
/* Prints the unified diff of every result of a dry run; returns how many differ, or -1. */
int results_diff(struct fogctl *fogctl, const struct node *results);
/* Prints "kind.fog/name outcome" lines; returns how many changed. */
size_t results_print(struct fogctl *fogctl, const struct node *results, const char *suffix);
const char *fresh_key(struct fogctl *fogctl); /* an idempotency key */
