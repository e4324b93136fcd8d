/* Objects in another order, and labels as columns, for those who look at many: get --sort-by,
 * --show-labels, -L. */
#pragma once

#include "tools/fogctl/fogctl.h"

/* By what a path such as ".status.ready" leads to: numbers and quantities by size, all else as
 * text; those that have nothing there come first.  False after having said what is wrong with the
 * path. */
bool objects_sort(struct fogctl *fogctl, const char *path, struct node *list);
/* "a=b,c=d"; "<none>". */
const char *labels_shown(struct fogctl *fogctl, const struct node *object);
/* The value of one; "" when it has no such label. */
const char *label_of(const struct node *object, const char *key);
/* The head of its column: "fog/session" is SESSION. */
const char *label_head(struct fogctl *fogctl, const char *key);
