/* The short way from JSON to tree, for what programs write: no \u, no fractions, few members. */
#pragma once

#include "schema/tree.h"

/* How many bytes at the beginning stand for themselves within a JSON string: ASCII without quotes,
 * backslashes and control characters. */
size_t json_plain_run(const char *text, size_t size_bytes);

/* True only for text that is JSON within our bounds; the tree is the one that the long way would
 * build.  False says nothing about the text: the long way decides, and words what is wrong.  The
 * text must be valid UTF-8. */
bool json_plain_parse(struct arena *arena, const char *text, size_t size_bytes,
                      struct node **ret_node);
