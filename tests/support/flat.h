/* A document as a list of lines, one for each path that may have an owner: for the reference model
 * of ownership.
 *
 * Written from the rules of docs/API.md, apart from schema/owned.h and in the plainest form: a path
 * is a text whose elements ("f:spec", `k:{"name":"raw"}`, `v:"x"`) stand on lines of their own; a
 * set of paths is a map from such texts.  Of the production code it knows the field tables. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/map.h"
#include "schema/base/rand.h"
#include "schema/kind.h"
#include "schema/tree.h"

struct flat_line {
    const char *path;
    const struct node *value;  /* NULL: an item of a keyed list, or of a set */
    const struct field *field; /* NULL: none describes it (a label, an item) */
};

struct flat {
    struct map by_path; /* owned: path to line, in the order of the document */
};

/* Everything that may have an owner: of the object itself, or of its status.  Lines live in the
 * arena. */
void flat_init(struct flat *flat, struct arena *arena, const struct kind *kind, bool of_status,
               const struct node *root);
void flat_fini(struct flat *flat); /* fits _cleanup_ */

static inline const struct flat_line *flat_find(const struct flat *flat, const char *path)
{
    return map_find(&flat->by_path, path);
}

/* Is the path, or one below it, among these? */
bool flat_leads(const struct map *paths, const char *path);
bool flat_is_at_or_below(const char *path, const char *above);
/* The path without its last element; NULL at the top. */
const char *flat_above(struct arena *arena, const char *path);
bool flat_is_item(const char *path);

/* A path as people read it: `.spec.outputs[name="raw"].path`. */
const char *flat_path_text(struct arena *arena, const char *path);

/* Changes of a document, at a path. */
void flat_put(struct arena *arena, struct node *root, const struct flat_line *line);
void flat_take(struct arena *arena, struct node *root, const char *path);

/* FieldsV1 to paths; adds to `to` (values are the paths themselves). */
void flat_read_fields(struct arena *arena, const struct node *fields, struct map *to);
/* Some lines of a document go into another; NULL: none. */
void flat_mix(struct arena *arena, struct rand *dice, const struct kind *kind, bool of_status,
              struct node *to, const struct node *from, unsigned per_mille);
/* Some lines of a document go. */
void flat_thin(struct arena *arena, struct rand *dice, const struct kind *kind, struct node *root,
               unsigned per_mille);
