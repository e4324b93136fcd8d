/* A growing array of any type, on the heap.
 *
 *     struct names { VEC_OF(char *) };
 *     struct names names = {0};
 *     vec_add(&names, name);
 *     vec_each(&names, it) { puts(*it); }
 *     vec_fini(&names);
 *
 * Adding may move the items: pointers into a vec are borrowed until the next vec_add(). */
#pragma once

#include "schema/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VEC_OF(type)                                                                               \
    type *items; /* owned */                                                                       \
    size_t count, capacity

#define vec_reserve(v, n)                                                                          \
    do {                                                                                           \
        if ((v)->capacity < (n)) {                                                                 \
            size_t want_ = (v)->capacity == 0 ? 8 : (v)->capacity * 2;                             \
            (v)->capacity = want_ < (n) ? (n) : want_;                                             \
            (v)->items = mem_resize((v)->items, (v)->capacity, sizeof((v)->items[0]));             \
        }                                                                                          \
    } while (0)

#define vec_add(v, item)                                                                           \
    do {                                                                                           \
        vec_reserve(v, (v)->count + 1);                                                            \
        (v)->items[(v)->count++] = (item);                                                         \
    } while (0)

/* Removes the item at an index and closes the gap, keeping the order. */
#define vec_remove(v, index)                                                                       \
    do {                                                                                           \
        size_t at_ = (index);                                                                      \
        assert(at_ < (v)->count);                                                                  \
        (v)->count--;                                                                              \
        memmove(&(v)->items[at_], &(v)->items[at_ + 1],                                            \
                ((v)->count - at_) * sizeof((v)->items[0]));                                       \
    } while (0)

#define vec_pop(v) ((v)->items[--(v)->count])

#define vec_clear(v) ((v)->count = 0)

#define vec_fini(v)                                                                                \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->count = (v)->capacity = 0;                                                            \
    } while (0)

#define vec_each(v, it)                                                                            \
    for (__typeof__(*(v)->items) *it = (v)->items; it < (v)->items + (v)->count; it++)
