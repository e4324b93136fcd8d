/* Going back to what is there already is no change, whenever it was that its owners came to be. */
#pragma once

#include "schema/tree.h"

/* Where `root` differs from `live` (NULL: it is not there) in nothing but the times and the order
 * of its owners, it gets those of `live`. */
void unchanged_keep_times(struct arena *arena, struct node *root, const struct node *live);
