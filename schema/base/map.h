/* A map from text to pointer that is walked in the order of insertion.
 *
 * The order depends on nothing but the calls made: not on addresses, and not on the seed of the
 * hash.  Keys are copied; values are the caller's.  While walking, the current entry may be
 * removed, nothing may be added. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
    char *key; /* owned; NULL marks a removed entry */
    void *value;
    uint32_t hash;
};

struct map {
    struct map_entry *entries; /* owned; dense, in order of insertion, with holes */
    size_t used, capacity;     /* entries incl. holes */
    size_t count;              /* entries without holes */
    uint32_t *slots;           /* owned; 0 = free, else entry index + 1 */
    size_t slot_count;         /* a power of two */
};

void map_init(struct map *map);
void map_fini(struct map *map);                         /* values are not freed */
void *map_find(const struct map *map, const char *key); /* NULL if absent */
void *map_put(struct map *map, const char *key,
              void *value);                         /* returns the replaced value or NULL */
void *map_remove(struct map *map, const char *key); /* returns the removed value or NULL */
void map_clear(struct map *map);

/* For every build and every process another order of slots, so that nothing can come to depend on
 * it.  Set once at start, before the first map; 0 is the default. */
void map_seed_hash(uint64_t seed);

struct map_entry *map_next(const struct map *map, const struct map_entry *entry);

#define map_each(map, it)                                                                          \
    for (struct map_entry *it = map_next((map), NULL); it != NULL; it = map_next((map), it))
