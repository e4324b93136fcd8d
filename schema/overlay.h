/* Laying a configuration over a document, and taking paths out of one.  Pure; what is owned how, is
 * schema/owned.h's to say. */
#pragma once

#include "schema/owned.h"

/* A new tree: `live` (NULL: nothing) with what `config` says.  Items that both name are merged by
 * key and stand in the order of `config`, which therefore can be laid on again without effect.
 * What is outside the scope stays as in `live`; so does metadata without owners, but for uid and
 * resourceVersion, which are the caller's to compare.  Fields without a row are kept, to be
 * reported by schema/bind.h. */
struct node *owned_overlay(struct arena *arena, struct owned_scope scope, const struct node *live,
                           const struct node *config);

/* Removes the paths of `drop` from a tree, in place.  `kept` are all paths that somebody owns.  A
 * struct that lost something goes as a whole when only unowned defaults are left of it; the item of
 * a list-map goes as a whole when nobody owns anything in it, and else keeps its key. */
void owned_prune(struct owned_scope scope, struct node *root, const struct fieldset *drop,
                 const struct fieldset *kept);
