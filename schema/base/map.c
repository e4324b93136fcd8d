/* A dense array of entries, and beside it an open-addressed table of their indexes. */
#include "schema/base/map.h"

#include "schema/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_seed;

enum { GONE = UINT32_MAX }; /* a slot whose entry was removed */

void map_seed_hash(uint64_t seed)
{
    hash_seed = seed;
}

static uint32_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u ^ hash_seed;

    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    }
    hash ^= hash >> 29;
    hash *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(hash >> 32);
}

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_clear(struct map *map)
{
    for (size_t i = 0; i < map->used; i++) {
        free(map->entries[i].key);
    }
    map->used = map->count = 0;
    if (map->slots != NULL) {
        memset(map->slots, 0, map->slot_count * sizeof(map->slots[0]));
    }
}

void map_fini(struct map *map)
{
    map_clear(map);
    free(map->entries);
    free(map->slots);
    map_init(map);
}

/* The slot that holds the key, or SIZE_MAX. */
static size_t find_slot(const struct map *map, const char *key, uint32_t hash)
{
    size_t mask = map->slot_count - 1;

    if (map->slot_count == 0) {
        return SIZE_MAX;
    }
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t slot = map->slots[i];

        if (slot == 0) {
            return SIZE_MAX;
        }
        if (slot != GONE && map->entries[slot - 1].hash == hash &&
            strcmp(map->entries[slot - 1].key, key) == 0) {
            return i;
        }
    }
}

static void place_slot(struct map *map, size_t entry_index)
{
    size_t mask = map->slot_count - 1;
    size_t i = map->entries[entry_index].hash & mask;

    while (map->slots[i] != 0 && map->slots[i] != GONE) {
        i = (i + 1) & mask;
    }
    map->slots[i] = (uint32_t)(entry_index + 1);
}

/* Closes the holes and makes room for at least one more entry. */
static void rebuild(struct map *map)
{
    size_t capacity = 8, kept = 0;

    while (capacity < map->count * 2 + 1) {
        capacity *= 2;
    }
    for (size_t i = 0; i < map->used; i++) {
        if (map->entries[i].key != NULL) {
            map->entries[kept++] = map->entries[i];
        }
    }
    map->used = kept;
    map->entries = mem_resize(map->entries, capacity, sizeof(map->entries[0]));
    map->capacity = capacity;
    free(map->slots);
    map->slot_count = capacity * 2;
    map->slots = mem_array(map->slot_count, sizeof(map->slots[0]));
    for (size_t i = 0; i < map->used; i++) {
        place_slot(map, i);
    }
}

void *map_find(const struct map *map, const char *key)
{
    size_t slot = find_slot(map, key, hash_of(key));

    return slot == SIZE_MAX ? NULL : map->entries[map->slots[slot] - 1].value;
}

void *map_put(struct map *map, const char *key, void *value)
{
    uint32_t hash = hash_of(key);
    size_t slot = find_slot(map, key, hash);

    assert(value != NULL);
    if (slot != SIZE_MAX) {
        struct map_entry *entry = &map->entries[map->slots[slot] - 1];
        void *old = entry->value;

        entry->value = value;
        return old;
    }
    if (map->used == map->capacity) {
        rebuild(map);
    }
    map->entries[map->used] = (struct map_entry){mem_strdup(key), value, hash};
    place_slot(map, map->used++);
    map->count++;
    return NULL;
}

void *map_remove(struct map *map, const char *key)
{
    size_t slot = find_slot(map, key, hash_of(key));
    struct map_entry *entry;

    if (slot == SIZE_MAX) {
        return NULL;
    }
    entry = &map->entries[map->slots[slot] - 1];
    map->slots[slot] = GONE;
    free(entry->key);
    entry->key = NULL;
    map->count--;
    return entry->value;
}

struct map_entry *map_next(const struct map *map, const struct map_entry *entry)
{
    size_t i = entry == NULL ? 0 : (size_t)(entry - map->entries) + 1;

    for (; i < map->used; i++) {
        if (map->entries[i].key != NULL) {
            return &map->entries[i];
        }
    }
    return NULL;
}
