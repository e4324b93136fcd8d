/* Label and field selectors, as the API takes them: "site=north,tier in (a,b),!old" and
 * "metadata.name=x". */
#pragma once

#include "schema/base/err.h"
#include "schema/kinds/harvest_session.h"
#include "schema/object.h"

enum { TERMS_MAX = 32, TERM_VALUES_MAX = 64 };

enum term_op { TERM_EQ, TERM_NE, TERM_IN, TERM_NOT_IN, TERM_EXISTS, TERM_ABSENT };

struct term {
    const char *key; /* a label, or the path of a field */
    enum term_op op;
    const char **values;
    size_t value_count;
};

struct selector {
    struct term *terms; /* in the arena it was parsed into; all must hold */
    size_t count;
};

/* NULL or "" selects everything. */
int selector_parse_labels(struct arena *arena, const char *text, struct selector *ret_selector,
                          struct err *err);
/* Equality and inequality only, on fields that the kind has. */
int selector_parse_fields(struct arena *arena, const struct kind *kind, const char *text,
                          struct selector *ret_selector, struct err *err);

bool selector_matches_labels(const struct selector *selector, const struct strmap *labels);
/* `scratch` is for texts that have to be made. */
bool selector_matches_fields(struct arena *scratch, const struct selector *selector,
                             const struct object *object);
