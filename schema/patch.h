/* Patches of trees.  Pure: the result is a new tree in the arena, the inputs stay as they are. */
#pragma once

#include "schema/tree.h"

/* RFC 7386: maps merge, null deletes, everything else replaces.  Members keep the order of
 * `target` (NULL: nothing there), new ones follow in that of `patch`. */
struct node *patch_merge(struct arena *arena, const struct node *target, const struct node *patch);
