/* The short way from JSON to tree, for what programs write: no \u, no fractions, few members. */
#pragma once

#include "schema/tree.h"

/* True only for text that is JSON within our bounds; the tree is the one that the long way would
 * build.  False says nothing about the text: the long way decides, and words what is wrong.  The
 * text must be valid UTF-8. */
bool json_plain_parse(struct arena *arena, const char *text, size_t size_bytes,
                      struct node **ret_node);
