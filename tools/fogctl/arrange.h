/* Objects in another order, and labels as columns, for those who look at many: get --sort-by,
 * --show-labels, -L. */
#pragma once

#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/jsonpath.h"

/* What --sort-by says, such as ".status.ready"; NULL after having said what is wrong with it. */
struct jsonpath *sort_path(struct fogctl *fogctl, const char *text);
/* By what the path leads to: numbers and quantities by size, all else as text; those that have
 * nothing there come first. */
void objects_sort(struct fogctl *fogctl, const struct jsonpath *path, struct node *list);
/* "a=b,c=d"; "<none>". */
const char *labels_shown(struct fogctl *fogctl, const struct node *object);
/* The value of one; "" when it has no such label. */
const char *label_of(const struct node *object, const char *key);
/* The head of its column: "fog/session" is SESSION. */
const char *label_head(struct fogctl *fogctl, const char *key);
