/* Trees written inside tests: JSON with ' for ", and ` for \" inside a string, so that C needs no
 * backslashes. */
#pragma once

#include "schema/base/arena.h"
#include "schema/tree.h"

/* The test fails when the text is not JSON.  Neither ' nor ` can be written. */
struct node *quick_json(struct arena *arena, const char *text);
/* Compares, whatever the order of members; shows both as canonical JSON when they differ. */
void quick_json_expect(const struct node *node, const char *expected);
