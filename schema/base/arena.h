/* An arena: memory that is given back all at once.
 *
 * Trees, bound objects, plans and a step's effects live in one.  What is allocated here is never
 * freed alone; pointers into an arena are borrowed and die with it. */
#pragma once

#include "schema/base/mem.h"

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *newest; /* owned, and through it the older ones */
    size_t used_bytes;          /* handed out so far */
};

void arena_init(struct arena *arena);  /* allocates nothing yet */
void arena_fini(struct arena *arena);  /* fits _cleanup_ */
void arena_reset(struct arena *arena); /* forgets everything, keeps the newest chunk for reuse */

size_t arena_held_bytes(const struct arena *arena); /* of memory, handed out or not */

void *arena_alloc(struct arena *arena, size_t size_bytes); /* zeroed, aligned to 16 */
void *arena_array(struct arena *arena, size_t count, size_t size_bytes);
void *arena_copy(struct arena *arena, const void *from, size_t size_bytes);
char *arena_strdup(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) _printf_(2, 3);

/* Grows an array that lives in the arena by doubling: returns room for one more item at its end.
 * The old copy stays behind as waste, which is why this is for building, not for queues. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size_bytes);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
