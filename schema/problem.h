/* What is wrong with an input: all of it at once, each with its place.
 *
 * A problem names the file, line and column where a person can mend it, the path of the field, and
 * the cause in the API's words, so that fogctl prints and the API answers from the same list:
 *
 *     fleet.yaml:7:19: error: spec.battery.minPercent: 120 is above 100
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"

#include <stddef.h>

enum problem_severity { PROBLEM_ERROR, PROBLEM_WARNING };

/* The API's cause reasons (metav1.CauseType); problem_cause_to_str() gives their wire names. */
enum problem_cause {
    CAUSE_SYNTAX,          /* not YAML or not JSON; no field */
    CAUSE_UNKNOWN_FIELD,   /* strict decoding error */
    CAUSE_DUPLICATE_FIELD, /* likewise: it stands twice */
    CAUSE_REQUIRED,        /* FieldValueRequired */
    CAUSE_INVALID,         /* FieldValueInvalid */
    CAUSE_TYPE,            /* FieldValueTypeInvalid */
    CAUSE_NOT_SUPPORTED,   /* FieldValueNotSupported */
    CAUSE_FORBIDDEN,       /* FieldValueForbidden: immutable, server-owned */
    CAUSE_DUPLICATE,       /* FieldValueDuplicate */
    CAUSE_REFERENCE,       /* FieldValueNotFound: names an object that does not exist */
    CAUSE_RESOURCE,        /* no agent can hold it; a warning */
};

struct problem {
    enum problem_severity severity;
    enum problem_cause cause;
    const char *file;      /* "-" for standard input; NULL when it came over a wire */
    unsigned line, column; /* from 1; 0 when unknown */
    const char *path;      /* "spec.battery.minPercent", "spec.outputs[0].name"; may be "" */
    const char *message;   /* "120 is above 100": no path, no full stop */
};

struct problems {
    struct arena *arena;   /* borrowed: all texts live there */
    const char *file;      /* borrowed: for the problems to come */
    struct problem *items; /* in arena; at most PROBLEMS_MAX, in order of discovery */
    size_t count;
    size_t errors;     /* of all found, also beyond PROBLEMS_MAX */
    size_t unreported; /* found beyond PROBLEMS_MAX */
};

struct node;

void problems_init(struct problems *problems, struct arena *arena, const char *file);
/* `at` gives line and column and may be NULL; `path` is copied. */
void problem_add(struct problems *problems, enum problem_severity severity,
                 enum problem_cause cause, const struct node *at, const char *path,
                 const char *format, ...) _printf_(6, 7);
void problem_add_at(struct problems *problems, enum problem_severity severity,
                    enum problem_cause cause, unsigned line, unsigned column, const char *path,
                    const char *format, ...) _printf_(7, 8);
void problems_sort(struct problems *problems); /* by file, line, column; stable */
void problems_print(const struct problems *problems, struct str *to); /* one line each */
const char *problem_cause_to_str(enum problem_cause cause);
