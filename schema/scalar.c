#include "schema/scalar.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int words_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

static bool bool_from_text(const char *text, bool *ret_value)
{
    if (!str_eq(text, "true") && !str_eq(text, "false")) {
        return false;
    }
    *ret_value = str_eq(text, "true");
    return true;
}

static bool real_from_text(const char *text, double *ret_value)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool enum_from_text(const char *const *words, const char *text, int *ret_value)
{
    int index = words_index(words, text);

    if (index < 0) {
        return false;
    }
    *ret_value = index;
    return true;
}

bool scalar_from_text(struct arena *arena, const struct field *field, enum field_type type,
                      const char *text, void *ret_member)
{
    switch (type) {
    case FIELD_BOOL:
        return bool_from_text(text, ret_member);
    case FIELD_INT:
        return int_from_str(text, ret_member);
    case FIELD_INT_OR_PERCENT:
        return int_or_percent_from_str(text, ret_member);
    case FIELD_REAL:
        return real_from_text(text, ret_member);
    case FIELD_STR:
    case FIELD_NAME:
        *(const char **)ret_member = arena_strdup(arena, text);
        return true;
    case FIELD_ENUM:
        return enum_from_text(field->words, text, ret_member);
    case FIELD_DURATION:
        return duration_from_str(text, ret_member);
    case FIELD_QUANTITY:
        return quantity_from_str(text, ret_member);
    case FIELD_CORES:
        return cores_from_str(text, ret_member);
    case FIELD_TIME:
        return wall_from_str(text, ret_member);
    case FIELD_REVISION:
        return u64_from_str(text, ret_member);
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    assert(!"not a scalar");
    return false;
}

static const char *word_of(const struct field *field, int index)
{
    assert(index >= 0);
    for (int i = 0; i < index; i++) {
        assert(field->words[i] != NULL);
    }
    assert(field->words[index] != NULL);
    return field->words[index];
}

const char *scalar_to_text(struct arena *arena, const struct field *field, enum field_type type,
                           const void *member)
{
    char text[WALL_TEXT_SIZE + QUANTITY_TEXT_SIZE + DURATION_TEXT_SIZE];

    switch (type) {
    case FIELD_BOOL:
        return *(const bool *)member ? "true" : "false";
    case FIELD_INT:
        return arena_printf(arena, "%" PRId64, *(const int64_t *)member);
    case FIELD_INT_OR_PERCENT:
        return *(const int64_t *)member < 0
                   ? arena_printf(arena, "%" PRId64 "%%", -*(const int64_t *)member)
                   : arena_printf(arena, "%" PRId64, *(const int64_t *)member);
    case FIELD_REAL:
        return arena_printf(arena, "%.17g", *(const double *)member);
    case FIELD_STR:
    case FIELD_NAME:
        return *(const char *const *)member;
    case FIELD_ENUM:
        return word_of(field, *(const int *)member);
    case FIELD_DURATION:
        duration_to_str(*(const int64_t *)member, text);
        return arena_strdup(arena, text);
    case FIELD_QUANTITY:
        quantity_to_str(*(const int64_t *)member, text);
        return arena_strdup(arena, text);
    case FIELD_CORES:
        cores_to_str(*(const int64_t *)member, text);
        return arena_strdup(arena, text);
    case FIELD_TIME:
        wall_to_str(*(const struct wall *)member, text);
        return arena_strdup(arena, text);
    case FIELD_REVISION:
        return arena_printf(arena, "%" PRIu64, *(const uint64_t *)member);
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    assert(!"not a scalar");
    return NULL;
}

struct node *scalar_to_node(struct arena *arena, const struct field *field, enum field_type type,
                            const void *member)
{
    switch (type) {
    case FIELD_BOOL:
        return node_bool(arena, *(const bool *)member);
    case FIELD_INT:
        return node_int(arena, *(const int64_t *)member);
    case FIELD_INT_OR_PERCENT:
        if (*(const int64_t *)member >= 0) {
            return node_int(arena, *(const int64_t *)member);
        }
        break;
    case FIELD_REAL:
        return node_real(arena, *(const double *)member);
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
    case FIELD_REVISION:
        break;
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        assert(!"not a scalar");
    }
    return node_str(arena, scalar_to_text(arena, field, type, member));
}
