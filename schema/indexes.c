/* Sets of indexes: a bit for each, and text for people. */
#include "schema/indexes.h"

#include <assert.h>
#include <string.h>

enum { WORD_BITS = 64 };

void indexes_init(struct indexes *set, struct arena *arena, size_t size)
{
    size_t words = size / WORD_BITS + 1;

    *set = (struct indexes){.words = arena_array(arena, words, sizeof(uint64_t)), .size = size};
    memset(set->words, 0, words * sizeof(uint64_t));
}

bool indexes_has(const struct indexes *set, size_t index)
{
    return index < set->size && (set->words[index / WORD_BITS] >> index % WORD_BITS & 1) != 0;
}

void indexes_add(struct indexes *set, size_t index)
{
    assert(index < set->size);
    if (!indexes_has(set, index)) {
        set->words[index / WORD_BITS] |= (uint64_t)1 << index % WORD_BITS;
        set->count++;
    }
}

/* The first from `from` on that is in the set, or is not; the size when there is none. */
static size_t next_that(const struct indexes *set, size_t from, bool is_in)
{
    uint64_t flip = is_in ? 0 : ~(uint64_t)0;

    while (from < set->size) {
        uint64_t rest = (set->words[from / WORD_BITS] ^ flip) >> from % WORD_BITS;

        if (rest != 0) {
            from += (size_t)__builtin_ctzll(rest);
            break;
        }
        from += WORD_BITS - from % WORD_BITS;
    }
    return from < set->size ? from : set->size;
}

size_t indexes_next(const struct indexes *set, size_t from)
{
    return next_that(set, from, true);
}

size_t indexes_next_absent(const struct indexes *set, size_t from)
{
    return next_that(set, from, false);
}

void indexes_join(struct indexes *set, const struct indexes *other)
{
    assert(set->size == other->size);
    set->count = 0;
    for (size_t i = 0; i <= set->size / WORD_BITS; i++) {
        set->words[i] |= other->words[i];
        set->count += (size_t)__builtin_popcountll(set->words[i]);
    }
}

size_t indexes_below(const struct indexes *set, size_t end)
{
    size_t count = 0;

    for (size_t i = indexes_next(set, 0); i < end && i < set->size;) {
        size_t after = indexes_next_absent(set, i);

        count += (after < end ? after : end) - i;
        i = indexes_next(set, after);
    }
    return count;
}

void indexes_to_str(const struct indexes *set, struct str *to)
{
    for (size_t i = indexes_next(set, 0); i < set->size;) {
        size_t after = indexes_next_absent(set, i);

        if (after == i + 2) {
            after = i + 1; /* of a run of two each is written */
        }
        str_addf(to, to->length > 0 ? ",%zu" : "%zu", i);
        if (after > i + 1) {
            str_addf(to, "-%zu", after - 1);
        }
        i = indexes_next(set, after);
    }
}

/* At most five digits: nobody writes more indexes, and nothing overflows. */
static bool take_number(const char **cursor, size_t *ret_number)
{
    const char *c = *cursor;
    size_t number = 0;

    for (; *c >= '0' && *c <= '9' && c - *cursor < 5; c++) {
        number = number * 10 + (size_t)(*c - '0');
    }
    if (c == *cursor || (**cursor == '0' && c - *cursor > 1)) {
        return false;
    }
    *cursor = c;
    *ret_number = number;
    return true;
}

bool indexes_from_str(const char *text, struct indexes *set)
{
    size_t least = 0; /* that may come next */
    bool is_joined = false;

    for (const char *c = text; *c != '\0';) {
        size_t first, last;

        if (!take_number(&c, &first) || first < least || first >= set->size) {
            return false;
        }
        last = first;
        if (*c == '-') {
            c++;
            if (!take_number(&c, &last) || last < first + 2 || last >= set->size) {
                return false;
            }
        }
        /* A number right behind the one before goes only with a run of two. */
        if (first > 0 && indexes_has(set, first - 1) && (is_joined || last > first)) {
            return false;
        }
        is_joined = last > first || (first > 0 && indexes_has(set, first - 1));
        for (size_t i = first; i <= last; i++) {
            indexes_add(set, i);
        }
        least = last + 1;
        if (*c == ',' && c[1] != '\0') {
            c++;
        } else if (*c != '\0') {
            return false;
        }
    }
    return true;
}
