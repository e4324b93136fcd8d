/* Drift: what is so on an agent differs from what it shall do, and nobody changed what it shall do.
 * Somebody ended or stopped a process by hand, wrote to a control group, removed a folder.
 *
 * An agent keeps a row for each sort of drift that an assignment has had.  Rows are told by name,
 * so that what a newer agent sees is shown by an older controller. */
#pragma once

#include "schema/object.h"

enum drift_sort {
    DRIFT_ENDED,   /* its process was ended from outside, or its shim was */
    DRIFT_STOPPED, /* its process was stopped from outside */
    DRIFT_LIMITS,  /* values of its control groups are not those that were set */
    DRIFT_FILES,   /* its working directory is gone */
    DRIFT_COUNT,
};

enum drift_mode { DRIFT_HEAL, DRIFT_REPORT };

extern const char *const drift_words[];      /* "Ended"; NULL-terminated, as the next */
extern const char *const drift_mode_words[]; /* of `drift` of a session */

struct drift_row {
    uint64_t set;
    const char *sort;   /* one of drift_words, or of a newer program's */
    bool open;          /* it is so now */
    int64_t found;      /* how often, so far; grows only, as the next */
    int64_t healed;     /* how often it was made as declared again */
    struct wall since;  /* when it was found last, on the agent's clock */
    const char *detail; /* in a sentence */
};

typedef LIST_OF(struct drift_row) drift_t;

extern const struct shape drift_row_shape;

/* NULL when there is none of this sort. */
const struct drift_row *drift_row_find(const drift_t *drift, const char *sort);
/* One that is open; NULL: none is. */
const struct drift_row *drift_open(const drift_t *drift);
/* A deep copy, with texts in the object. */
void drift_copy(struct object *object, drift_t *to, const drift_t *from);
