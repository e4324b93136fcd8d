/* A table of things that come and go, each known by a number that is never used again.
 *
 * A number is (how many there were before, place in the table), so that finding is one look and a
 * late number of something gone finds nothing.  Places are used again; the tag
 * keeps the numbers of two tables apart. */
#pragma once

#include "schema/base/vec.h"

#include <stdint.h>

enum { SLOT_BITS = 16, SLOT_TAG_BITS = 1 };

struct slot {
    uint64_t id; /* 0: free */
    void *item;  /* borrowed */
};

struct slots {
    struct {
        VEC_OF(struct slot);
    } places;
    struct {
        VEC_OF(uint32_t);
    } free_places;
    uint64_t serial; /* of the newest */
    unsigned tag;    /* 0 or 1 */
    size_t count;
};

static inline uint64_t slots_add(struct slots *slots, void *item)
{
    uint32_t place;
    uint64_t id;

    if (slots->free_places.count > 0) {
        place = vec_pop(&slots->free_places);
    } else {
        place = (uint32_t)slots->places.count;
        assert(place < 1U << SLOT_BITS);
        vec_add(&slots->places, ((struct slot){0}));
    }
    id = ++slots->serial << (SLOT_BITS + SLOT_TAG_BITS) | (uint64_t)place << SLOT_TAG_BITS |
         slots->tag;
    slots->places.items[place] = (struct slot){.id = id, .item = item};
    slots->count++;
    return id;
}

static inline void *slots_find(const struct slots *slots, uint64_t id)
{
    size_t place = (size_t)(id >> SLOT_TAG_BITS) & ((1U << SLOT_BITS) - 1);

    return id != 0 && place < slots->places.count && slots->places.items[place].id == id
               ? slots->places.items[place].item
               : NULL;
}

static inline void slots_remove(struct slots *slots, uint64_t id)
{
    uint32_t place = (uint32_t)(id >> SLOT_TAG_BITS) & ((1U << SLOT_BITS) - 1);

    assert(slots_find(slots, id) != NULL);
    slots->places.items[place] = (struct slot){0};
    vec_add(&slots->free_places, place);
    slots->count--;
}

static inline void slots_fini(struct slots *slots)
{
    vec_fini(&slots->places);
    vec_fini(&slots->free_places);
}
