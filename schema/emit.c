/* Object to tree: walks the tables and leaves out what is absent. */
#include "schema/emit.h"

#include "schema/json.h"
#include "schema/scalar.h"

#include <assert.h>
#include <string.h>

static struct node *emit_strmap(struct arena *arena, const struct strmap *map)
{
    struct node *node = node_map(arena);

    for (size_t i = 0; i < map->count; i++) {
        (void)node_append(arena, node, map->items[i].key, node_str(arena, map->items[i].value));
    }
    return node;
}

static struct node *emit_list(struct arena *arena, const struct field *field,
                              const struct any_list *list)
{
    struct node *node = node_list(arena);
    size_t size = field_item_size(field);

    for (size_t i = 0; i < list->count; i++) {
        const char *item = (const char *)list->items + i * size;

        node_add(arena, node,
                 field->shape != NULL ? emit_shape(arena, field->shape, item)
                                      : scalar_to_node(arena, field, field->item, item));
    }
    return node;
}

static struct node *emit_field(struct arena *arena, const struct field *field, const void *member)
{
    switch (field->type) {
    case FIELD_STRMAP:
        return emit_strmap(arena, member);
    case FIELD_ANY:
        return node_copy(arena, *(struct node *const *)member);
    case FIELD_STRUCT:
        return emit_shape(arena, field->shape, member);
    case FIELD_LIST:
        return emit_list(arena, field, member);
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
        break;
    }
    return scalar_to_node(arena, field, field->type, member);
}

static void emit_row(struct arena *arena, const struct shape *shape, unsigned row, const void *from,
                     struct node *to)
{
    const struct field *field = &shape->fields[row];

    if (is_set(*(const uint64_t *)from, row)) {
        (void)node_append_borrowed(arena, to, field->name,
                                   emit_field(arena, field, (const char *)from + field->offset));
    }
}

/* Recursion goes as deep as the tables do, never as deep as data. */
struct node *emit_shape(struct arena *arena, const struct shape *shape, const void *from)
{
    struct node *node = node_map(arena);

    for (unsigned i = 0; i < shape->count; i++) {
        emit_row(arena, shape, i, from, node);
    }
    return node;
}

static unsigned meta_part(const struct field *field)
{
    switch (field->offset) {
    case AT(struct meta, managed_fields):
        return EMIT_MANAGED;
    case AT(struct meta, revision):
        return EMIT_REVISION;
    }
    return EMIT_META;
}

static struct node *emit_meta(struct arena *arena, const struct meta *meta, unsigned parts)
{
    struct node *node = node_map(arena);

    for (unsigned i = 0; i < meta_shape.count; i++) {
        if (parts & meta_part(&meta_shape.fields[i])) {
            emit_row(arena, &meta_shape, i, meta, node);
        }
    }
    return node;
}

struct node *emit_object(struct arena *arena, const struct object *object, unsigned parts)
{
    const struct shape *shape = object->kind->shape;
    struct node *root = node_map(arena);

    if (parts & EMIT_TYPE) {
        node_set(arena, root, "apiVersion", node_str(arena, object->kind->api_version));
        node_set(arena, root, "kind", node_str(arena, object->kind->name));
    }
    if (parts & (EMIT_META | EMIT_MANAGED | EMIT_REVISION)) {
        node_set(arena, root, "metadata", emit_meta(arena, &object->meta, parts));
    }
    for (unsigned i = 0; i < shape->count; i++) {
        bool is_status = (shape->fields[i].flags & FIELD_IS_STATUS) != 0;

        if (parts & (is_status ? EMIT_STATUS : EMIT_SPEC)) {
            emit_row(arena, shape, i, object->body, root);
        }
    }
    return root;
}

void emit_object_json(const struct object *object, unsigned parts, unsigned json_flags,
                      struct str *to)
{
    _cleanup_(arena_fini)
    struct arena arena;

    arena_init(&arena);
    json_emit(emit_object(&arena, object, parts), json_flags, to);
}

void emit_shape_json(const struct shape *shape, const void *from, struct str *to)
{
    _cleanup_(arena_fini)
    struct arena arena;

    arena_init(&arena);
    json_emit(emit_shape(&arena, shape, from), JSON_SORTED, to);
}
