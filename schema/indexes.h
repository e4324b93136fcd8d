/* A set of small numbers, and its text: "0-57,60" is the numbers from 0 to 57, and 60.  The text is
 * canonical: rising, each run as long as it can be, a run of two written "4,5".  An empty set is
 * "".
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct indexes {
    uint64_t *words; /* in an arena */
    size_t size;     /* numbers from 0 to size - 1 can be in it */
    size_t count;    /* are in it */
};

void indexes_init(struct indexes *set, struct arena *arena, size_t size);
bool indexes_has(const struct indexes *set, size_t index); /* beyond the size: no */
void indexes_add(struct indexes *set, size_t index);
/* The first from `from` on that is in the set, or is not; the size when there is none. */
size_t indexes_next(const struct indexes *set, size_t from);
size_t indexes_next_absent(const struct indexes *set, size_t from);
void indexes_join(struct indexes *set, const struct indexes *other); /* of one size */
/* How many of them are below `end`. */
size_t indexes_below(const struct indexes *set, size_t end);

void indexes_to_str(const struct indexes *set, struct str *to);
/* Into a set made by indexes_init().  False when the text is not canonical or names a number that
 * does not fit; the set is then of no use. */
bool indexes_from_str(const char *text, struct indexes *set);
