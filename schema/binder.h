/* What the files of schema/bind share; for nobody else. */
#pragma once

#include "schema/bind.h"

struct binder {
    struct arena *arena; /* borrowed: what is bound comes to live there */
    struct problems *problems;
    unsigned flags; /* enum bind_flags */
};

/* Where we are: a chain that lives on the stack and is only written out for a problem. */
struct place {
    const struct place *up; /* NULL at the top */
    const char *name;       /* of a member; NULL for an item of a list */
    size_t index;           /* of an item */
};

/* An error at `at`, or at a line and column. */
void binder_problem(struct binder *binder, enum problem_cause cause, const struct node *at,
                    const struct place *place, const char *format, ...) _printf_(5, 6);
/* A value in quotes, cut between two characters to what a line can bear. */
const char *binder_quoted(struct binder *binder, const char *text);
const char *place_to_str(const struct place *place, struct arena *arena);

/* True unless values are to be taken as they come (BIND_TRUSTED). */
bool binder_checks(const struct binder *binder);

/* A scalar that is there: type, bounds and form.  Adds at most one problem. */
void bind_scalar(struct binder *binder, const struct field *field, enum field_type type,
                 const struct node *node, const struct place *place, void *ret_member);
/* Is there nothing ambiguous anywhere in it?  Otherwise adds a problem. */
bool bind_is_unambiguous(struct binder *binder, const struct node *node, const struct place *place);
/* The members of a map, into a struct that is zeroed first.  `node` is NULL for a map that is not
 * there; `at` is where to say that something is missing. */
void bind_fields(struct binder *binder, const struct shape *shape, const struct node *node,
                 const struct node *at, const struct place *up, void *ret_struct);
