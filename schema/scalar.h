/* One scalar value: between the member of a struct, its text and its node.  The types are those of
 * field_type_is_scalar(); `type` is the field's own, or its `item` for an item of a list. */
#pragma once

#include "schema/base/arena.h"
#include "schema/kind.h"
#include "schema/tree.h"

#include <stdbool.h>

/* The form that fallbacks are written in.  False when the text is not of the type. */
bool scalar_from_text(struct arena *arena, const struct field *field, enum field_type type,
                      const char *text, void *ret_member);
/* In the arena, or static. */
const char *scalar_to_text(struct arena *arena, const struct field *field, enum field_type type,
                           const void *member);
struct node *scalar_to_node(struct arena *arena, const struct field *field, enum field_type type,
                            const void *member);
/* The index of a word, or -1. */
int words_index(const char *const *words, const char *word);
