/* Tree to object, and everything that can be wrong with a tree on its own: the schema stage.
 *
 * Checks types, bounds, words, required fields, unknown fields (with "did you mean"), ambiguous
 * scalars, names and labels; fills in defaults.  Goes on after a problem and reports them all. */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

enum bind_flags {
    BIND_STRICT = 1 << 0,      /* an unknown field is an error; otherwise a warning */
    BIND_QUIET = 1 << 1,       /* an unknown field is dropped without a word */
    BIND_NO_DEFAULTS = 1 << 2, /* leave absent what is absent */
    BIND_NO_REQUIRED = 1 << 3, /* a partial object (an apply configuration) is fine */
    BIND_TRUSTED =
        1 << 4, /* from our own store or wire: unknown fields are ignored, bounds not checked */
};

/* Finds apiVersion and kind in a document.  NULL, with a problem, when there is no such kind. */
const struct kind *bind_kind(const struct node *root, struct problems *problems);

/* The object, or NULL when an error was added.  The result does not point into the tree. */
struct object *bind_object(const struct kind *kind, const struct node *root, unsigned flags,
                           struct problems *problems);

/* Any shape, into a struct of shape->size_bytes that the caller provides; texts are copied to
 * `arena`.  `path` is the prefix for problems.  Returns false when an error was added. */
bool bind_shape(struct arena *arena, const struct shape *shape, const struct node *node,
                const char *path, unsigned flags, struct problems *problems, void *ret_struct);

/* A zeroed struct of a shape with its defaults, as if an empty map had been bound. */
void bind_defaults(struct arena *arena, const struct shape *shape, void *ret_struct);

/* Names and labels, for those who make them rather than read them. */
bool name_is_valid(const char *name, const char **ret_why); /* RFC 1123 subdomain, at most 253 */
bool label_key_is_valid(const char *key, const char **ret_why);
bool label_value_is_valid(const char *value, const char **ret_why);
