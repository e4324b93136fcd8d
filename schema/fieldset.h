/* Sets of field paths, and the form in which Kubernetes writes them (FieldsV1).
 *
 * A path is a row of elements, each in its FieldsV1 form: "f:spec" for a field, `k:{"name":"raw"}`
 * for the item of a list-map with this key, `v:"x"` for a member of a set.  A set is a sorted array
 * of paths, so that every operation on two sets is one walk along both.  Sets live in an arena and
 * are plain data; a zeroed one is empty. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "schema/tree.h"

#include <stdbool.h>
#include <stddef.h>

struct field;

struct field_path {
    const char *key;           /* the elements with a NUL between each two; sorts as bytes */
    size_t length;             /* of the key, without a NUL at its end */
    const struct node *value;  /* of a leaf, when the set was made from a document; else NULL */
    const struct field *field; /* the row that describes the leaf; NULL when there is none */
};

struct fieldset {
    struct field_path *paths; /* in the arena; sorted, each once */
    size_t count;
};

/* Keys: puts one more element (`tag` and `text`) at the end; returns the length to cut it back to.
 */
size_t path_push(struct str *key, const char *tag, const char *text);
void path_pop(struct str *key, size_t mark);

/* Building: add in any order, then settle once.  The key is copied. */
void fieldset_add(struct arena *arena, struct fieldset *set, const struct field_path *path);
void fieldset_settle(struct arena *arena, struct fieldset *set);

/* NULL when absent. */
const struct field_path *fieldset_find(const struct fieldset *set, const char *key, size_t length);
/* Is this path, or one below it, in the set? */
bool fieldset_reaches(const struct fieldset *set, const char *key, size_t length);
bool fieldset_eq(const struct fieldset *a, const struct fieldset *b); /* of the paths alone */

/* What is in both comes with its value from `a`. */
struct fieldset fieldset_union(struct arena *arena, const struct fieldset *a,
                               const struct fieldset *b);
struct fieldset fieldset_minus(struct arena *arena, const struct fieldset *a,
                               const struct fieldset *b);
struct fieldset fieldset_both(struct arena *arena, const struct fieldset *a,
                              const struct fieldset *b);

/* A pair: the tree has {} for a path and "." for one that has others below it.  Reading is false,
 * with the result untouched, when the tree is no FieldsV1. */
struct node *fieldset_to_node(struct arena *arena, const struct fieldset *set);
bool fieldset_from_node(struct arena *arena, const struct node *node, struct fieldset *ret_set);

/* As people read it: `.spec.outputs[name="raw"].path`, `.metadata.finalizers[="fog/hold"]`. */
const char *field_path_to_text(struct arena *arena, const struct field_path *path);
