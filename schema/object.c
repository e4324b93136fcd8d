/* Objects: making, sharing, copying. */
#include "schema/object.h"

#include "schema/base/str.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct condition *condition_find(const conditions_t *conditions, const char *type)
{
    for (size_t i = 0; i < conditions->count; i++) {
        if (str_eq(conditions->items[i].type, type)) {
            return &conditions->items[i];
        }
    }
    return NULL;
}

struct object *object_new(const struct kind *kind)
{
    struct object *object = MEM_NEW(struct object);

    assert(kind != NULL);
    object->kind = kind;
    object->refs = 1;
    arena_init(&object->arena);
    object->body = arena_alloc(&object->arena, kind->shape->size_bytes);
    return object;
}

struct object *object_ref(struct object *object)
{
    assert(object->refs > 0);
    assert(object->refs < UINT32_MAX);
    object->refs++;
    return object;
}

void object_unref(struct object *object)
{
    if (object == NULL) {
        return;
    }
    assert(object->refs > 0);
    if (--object->refs == 0) {
        arena_fini(&object->arena);
        free(object);
    }
}

void object_unref_p(struct object **object)
{
    object_unref(*object);
    *object = NULL;
}

static void copy_strmap(struct arena *arena, const struct strmap *from, struct strmap *to)
{
    to->count = from->count;
    to->items = arena_array(arena, from->count, sizeof(from->items[0]));
    for (size_t i = 0; i < from->count; i++) {
        to->items[i].key = arena_strdup(arena, from->items[i].key);
        to->items[i].value = arena_strdup(arena, from->items[i].value);
    }
}

static void copy_list(struct arena *arena, const struct field *field, const struct any_list *from,
                      struct any_list *to)
{
    size_t size = field_item_size(field);

    to->count = from->count;
    to->items = arena_array(arena, from->count, size);
    for (size_t i = 0; i < from->count; i++) {
        const char *source = (const char *)from->items + i * size;
        char *target = (char *)to->items + i * size;

        if (field->shape != NULL) {
            shape_copy(arena, field->shape, source, target);
        } else if (field->item == FIELD_STR || field->item == FIELD_NAME) {
            *(const char **)(void *)target =
                arena_strdup(arena, *(const char *const *)(const void *)source);
        } else {
            memcpy(target, source, size);
        }
    }
}

static void copy_member(struct arena *arena, const struct field *field, const void *from, void *to)
{
    switch (field->type) {
    case FIELD_STR:
    case FIELD_NAME:
        *(const char **)to = arena_strdup(arena, *(const char *const *)from);
        break;
    case FIELD_STRMAP:
        copy_strmap(arena, from, to);
        break;
    case FIELD_ANY:
        *(struct node **)to = node_copy(arena, *(struct node *const *)from);
        break;
    case FIELD_STRUCT:
        shape_copy(arena, field->shape, from, to);
        break;
    case FIELD_LIST:
        copy_list(arena, field, from, to);
        break;
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_REAL:
    case FIELD_ENUM:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
    case FIELD_REVISION:
        memcpy(to, from, field_size(field));
        break;
    }
}

/* Recursion goes as deep as the tables do, never as deep as data. */
void shape_copy(struct arena *arena, const struct shape *shape, const void *from, void *to)
{
    uint64_t set = *(const uint64_t *)from;

    *(uint64_t *)to = set;
    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];

        if (is_set(set, i)) {
            copy_member(arena, field, (const char *)from + field->offset,
                        (char *)to + field->offset);
        } else {
            memset((char *)to + field->offset, 0, field_size(field));
        }
    }
}

struct object *object_edit(const struct object *object)
{
    struct object *next = object_new(object->kind);

    shape_copy(&next->arena, &meta_shape, &object->meta, &next->meta);
    shape_copy(&next->arena, object->kind->shape, object->body, next->body);
    return next;
}

bool object_is_deleting(const struct object *object)
{
    return shape_has(&meta_shape, &object->meta, &object->meta.deleted);
}

const char *object_strdup(struct object *object, const char *text)
{
    return arena_strdup(&object->arena, text);
}

static size_t strmap_place(const struct strmap *map, const char *key, bool *ret_found)
{
    size_t i = 0;

    while (i < map->count && strcmp(map->items[i].key, key) < 0) {
        i++;
    }
    *ret_found = i < map->count && strcmp(map->items[i].key, key) == 0;
    return i;
}

/* The old array stays behind in the arena: maps of labels are small, and versions short-lived. */
static void strmap_put(struct object *object, struct strmap *map, const char *key,
                       const char *value)
{
    bool found;
    size_t place = strmap_place(map, key, &found);
    size_t count = map->count - (found ? 1 : 0) + (value != NULL ? 1 : 0);
    struct strpair *items = arena_array(&object->arena, count, sizeof(items[0]));
    size_t tail = place + (found ? 1 : 0);
    size_t used = place;

    if (place > 0) {
        memcpy(items, map->items, place * sizeof(items[0]));
    }
    if (value != NULL) {
        items[used++] = (struct strpair){object_strdup(object, key), object_strdup(object, value)};
    }
    if (tail < map->count) {
        memcpy(&items[used], &map->items[tail], (map->count - tail) * sizeof(items[0]));
    }
    *map = (struct strmap){items, count};
}

static void put_text(struct object *object, struct strmap *map, const char *key, const char *value)
{
    assert(object->refs == 1);
    assert(key != NULL);
    strmap_put(object, map, key, value);
    if (map->count > 0) {
        shape_mark(&meta_shape, &object->meta, map);
    } else {
        shape_remove(&meta_shape, &object->meta, map);
    }
}

void object_set_label(struct object *object, const char *key, const char *value)
{
    put_text(object, &object->meta.labels, key, value);
}

void object_set_annotation(struct object *object, const char *key, const char *value)
{
    put_text(object, &object->meta.annotations, key, value);
}
