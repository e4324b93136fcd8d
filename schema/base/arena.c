/* Chunks in a chain; each chunk is twice the one before, up to a bound, so that a small object
 * costs a small chunk and a large tree few of them. */
#include "schema/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 512, CHUNK_MAX = 256 * 1024, ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;

        free(chunk);
        chunk = older;
    }
}

void arena_fini(struct arena *arena)
{
    free_chunks(arena->newest);
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->newest != NULL) {
        free_chunks(arena->newest->older);
        arena->newest->older = NULL;
        memset(arena->newest->data, 0, arena->newest->used);
        arena->newest->used = 0;
    }
    arena->used_bytes = 0;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t need)
{
    size_t size = arena->newest == NULL ? CHUNK_MIN : arena->newest->size * 2;
    struct arena_chunk *chunk;

    if (size > CHUNK_MAX) {
        size = CHUNK_MAX;
    }
    if (size < need) {
        size = need;
    }
    chunk = mem_alloc(sizeof(*chunk) + size);
    chunk->size = size;
    chunk->older = arena->newest;
    arena->newest = chunk;
    return chunk;
}

size_t arena_held_bytes(const struct arena *arena)
{
    size_t held = 0;

    for (const struct arena_chunk *it = arena->newest; it != NULL; it = it->older) {
        held += sizeof(*it) + it->size;
    }
    return held;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    size_t need = (size_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_chunk *chunk = arena->newest;
    void *p;

    assert(need >= size_bytes);
    if (chunk == NULL || chunk->size - chunk->used < need) {
        chunk = add_chunk(arena, need);
    }
    p = chunk->data + chunk->used;
    chunk->used += need;
    arena->used_bytes += need;
    return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total;
    bool overflow = __builtin_mul_overflow(count, size_bytes, &total);

    assert(!overflow);
    return arena_alloc(arena, total);
}

void *arena_copy(struct arena *arena, const void *from, size_t size_bytes)
{
    void *copy = arena_alloc(arena, size_bytes);

    if (size_bytes > 0) {
        memcpy(copy, from, size_bytes);
    }
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text) + 1);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char brief[128], *text;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(brief, sizeof(brief), format, args);
    va_end(args);
    assert(length >= 0);
    text = arena_alloc(arena, (size_t)length + 1);
    if ((size_t)length < sizeof(brief)) {
        memcpy(text, brief, (size_t)length);
    } else {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t size_bytes)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    void *larger;

    if (!full) {
        return items;
    }
    larger = arena_array(arena, count == 0 ? 4 : count * 2, size_bytes);
    if (count > 0) {
        memcpy(larger, items, count * size_bytes);
    }
    return larger;
}
