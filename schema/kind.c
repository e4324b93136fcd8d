/* The walkable side of the tables of kinds: finding kinds, fields and members. */
#include "schema/kind.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"

#include <assert.h>
#include <string.h>

const char *strmap_find(const struct strmap *map, const char *key)
{
    size_t low = 0, high = map->count;

    assert(key != NULL);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, map->items[middle].key);

        if (order == 0) {
            return map->items[middle].value;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct kind *kind_get(enum kind_id id)
{
    assert(id < KIND_COUNT);
    assert(kinds[id]->id == id);
    return kinds[id];
}

const struct kind *kind_find(const char *api_version, const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_eq(kinds[i]->api_version, api_version) && str_eq(kinds[i]->name, name)) {
            return kinds[i];
        }
    }
    return NULL;
}

const struct kind *kind_find_plural(const char *group, const char *plural)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_eq(kinds[i]->group, group) && str_eq(kinds[i]->plural, plural)) {
            return kinds[i];
        }
    }
    return NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool word_eq(const char *word, size_t length, const char *name)
{
    if (strlen(name) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (lower(word[i]) != lower(name[i])) {
            return false;
        }
    }
    return true;
}

static bool kind_answers_to(const struct kind *kind, const char *word, size_t length)
{
    if (word_eq(word, length, kind->plural) || word_eq(word, length, kind->singular)) {
        return true;
    }
    for (size_t i = 0; kind->short_names != NULL && kind->short_names[i] != NULL; i++) {
        if (word_eq(word, length, kind->short_names[i])) {
            return true;
        }
    }
    return false;
}

/* What follows the first dot: the group, or version and group. */
static bool kind_is_in(const struct kind *kind, const char *suffix)
{
    if (str_is_empty(suffix)) {
        return true;
    }
    if (str_starts(suffix, "v1.")) {
        suffix += strlen("v1.");
    }
    return !str_is_empty(kind->group) && word_eq(suffix, strlen(suffix), kind->group);
}

const struct kind *kind_find_word(const char *word)
{
    const char *dot = word == NULL ? NULL : strchr(word, '.');
    size_t length = dot == NULL ? strlen(word == NULL ? "" : word) : (size_t)(dot - word);

    if (length == 0 || (dot != NULL && dot[1] == '\0')) {
        return NULL;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kind_answers_to(kinds[i], word, length) &&
            kind_is_in(kinds[i], dot == NULL ? NULL : dot + 1)) {
            return kinds[i];
        }
    }
    return NULL;
}

const struct field *shape_find(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        const char *other = shape->fields[i].name;

        if (other[0] == name[0] && strcmp(other, name) == 0) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

static unsigned shape_row(const struct shape *shape, const void *of, const void *member)
{
    size_t offset = (size_t)((const char *)member - (const char *)of);

    for (unsigned i = 0; i < shape->count; i++) {
        if (shape->fields[i].offset == offset) {
            return i;
        }
    }
    assert(!"the member has no row in the shape");
    return 0;
}

void shape_mark(const struct shape *shape, void *of, const void *member)
{
    *(uint64_t *)of |= UINT64_C(1) << shape_row(shape, of, member);
}

void shape_remove(const struct shape *shape, void *of, const void *member)
{
    unsigned row = shape_row(shape, of, member);
    const struct field *field = &shape->fields[row];

    *(uint64_t *)of &= ~(UINT64_C(1) << row);
    memset((char *)of + field->offset, 0, field_size(field));
}

bool shape_has(const struct shape *shape, const void *of, const void *member)
{
    return is_set(*(const uint64_t *)of, shape_row(shape, of, member));
}

static size_t type_size(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
        return sizeof(int64_t);
    case FIELD_REAL:
        return sizeof(double);
    case FIELD_STR:
    case FIELD_NAME:
        return sizeof(const char *);
    case FIELD_ENUM:
        return sizeof(int);
    case FIELD_TIME:
        return sizeof(struct wall);
    case FIELD_REVISION:
        return sizeof(uint64_t);
    case FIELD_STRMAP:
        return sizeof(struct strmap);
    case FIELD_ANY:
        return sizeof(struct node *);
    case FIELD_LIST:
        return sizeof(struct any_list);
    case FIELD_STRUCT:
        break;
    }
    assert(!"a struct's size is its shape's");
    return 0;
}

size_t field_size(const struct field *field)
{
    return field->type == FIELD_STRUCT ? field->shape->size_bytes : type_size(field->type);
}

size_t field_item_size(const struct field *field)
{
    assert(field->type == FIELD_LIST);
    return field->shape != NULL ? field->shape->size_bytes : type_size(field->item);
}

bool field_type_is_scalar(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_STR:
    case FIELD_NAME:
    case FIELD_ENUM:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
    case FIELD_REVISION:
        return true;
    case FIELD_STRMAP:
    case FIELD_ANY:
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    return false;
}
