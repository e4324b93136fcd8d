/* One scalar of an object by its path, as columns and field selectors name it. */
#include "schema/base/str.h"
#include "schema/emit.h"
#include "schema/scalar.h"

#include <string.h>

/* One part of a path: "conditions[Ready]" is name "conditions", key "Ready". */
struct part {
    const char *name, *key; /* not NUL-terminated; key is NULL without brackets */
    size_t name_length, key_length;
    const char *rest; /* behind the dot; NULL at the end */
};

static bool part_next(const char *path, struct part *ret_part)
{
    size_t length = strcspn(path, ".[");
    const char *end = path + length;

    *ret_part = (struct part){.name = path, .name_length = length};
    if (*end == '[') {
        const char *close = strchr(end, ']');

        if (close == NULL) {
            return false;
        }
        ret_part->key = end + 1;
        ret_part->key_length = (size_t)(close - end - 1);
        end = close + 1;
    }
    if (*end != '\0' && *end != '.') {
        return false;
    }
    ret_part->rest = *end == '.' ? end + 1 : NULL;
    return length > 0;
}

static bool text_is(const char *text, const char *start, size_t length)
{
    return text != NULL && strlen(text) == length && memcmp(text, start, length) == 0;
}

static const void *find_member(const struct shape *shape, const void *from, const struct part *part,
                               const struct field **ret_field)
{
    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];

        if (text_is(field->name, part->name, part->name_length)) {
            *ret_field = field;
            return is_set(*(const uint64_t *)from, i) ? (const char *)from + field->offset : NULL;
        }
    }
    return NULL;
}

/* The item of a list-map whose key field has this text. */
static const void *find_item(const struct field *field, const struct any_list *list,
                             const struct part *part)
{
    const struct field *key = shape_find(field->shape, field->map_key);

    for (size_t i = 0; i < list->count; i++) {
        const char *item = (const char *)list->items + i * field->shape->size_bytes;

        if (text_is(*(const char *const *)(const void *)(item + key->offset), part->key,
                    part->key_length)) {
            return item;
        }
    }
    return NULL;
}

/* What a path leads to: a member with a scalar's field, or the text of one entry of a map. */
struct target {
    const struct field *field;
    const void *member;
    const char *text;
};

static bool find_target(const struct shape *shape, const void *from, const char *path,
                        struct target *ret_target)
{
    struct part part;

    while (path != NULL && part_next(path, &part)) {
        const struct field *field = NULL;
        const void *member = find_member(shape, from, &part, &field);

        if (member == NULL) {
            return false;
        }
        if (part.rest == NULL) {
            *ret_target = (struct target){.field = field, .member = member};
            return field_type_is_scalar(field->type) && part.key == NULL;
        }
        if (field->type == FIELD_STRMAP && part.key == NULL) { /* keys hold dots themselves */
            *ret_target = (struct target){.field = field, .text = strmap_find(member, part.rest)};
            return ret_target->text != NULL;
        }
        if (field->type == FIELD_LIST && field->map_key != NULL && part.key != NULL) {
            member = find_item(field, member, &part);
        } else if (field->type != FIELD_STRUCT || part.key != NULL) {
            return false;
        }
        if (member == NULL) {
            return false;
        }
        shape = field->shape;
        from = member;
        path = part.rest;
    }
    return false;
}

static bool find_in_object(const struct object *object, const char *path, struct target *ret_target)
{
    static const char metadata[] = "metadata.";

    return str_starts(path, metadata)
               ? find_target(&meta_shape, &object->meta, path + strlen(metadata), ret_target)
               : find_target(object->kind->shape, object->body, path, ret_target);
}

const char *emit_path_text(struct arena *arena, const struct object *object, const char *path)
{
    struct target target;

    if (str_eq(path, "kind")) {
        return object->kind->name;
    }
    if (str_eq(path, "apiVersion")) {
        return object->kind->api_version;
    }
    if (!find_in_object(object, path, &target)) {
        return NULL;
    }
    return target.text != NULL
               ? target.text
               : scalar_to_text(arena, target.field, target.field->type, target.member);
}

bool emit_path_moment(const struct object *object, const char *path, struct wall *ret_moment)
{
    struct target target;

    if (!find_in_object(object, path, &target) || target.member == NULL ||
        target.field->type != FIELD_TIME) {
        return false;
    }
    *ret_moment = *(const struct wall *)target.member;
    return true;
}

static const struct field *field_of_part(const struct shape *shape, const struct part *part)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (text_is(shape->fields[i].name, part->name, part->name_length)) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

const struct field *emit_path_field(const struct kind *kind, const char *path)
{
    static const char metadata[] = "metadata.";
    const struct shape *shape = kind->shape;
    struct part part;

    if (str_starts(path, metadata)) {
        shape = &meta_shape;
        path += strlen(metadata);
    }
    while (shape != NULL && part_next(path, &part)) {
        const struct field *field = field_of_part(shape, &part);

        if (field == NULL || part.rest == NULL) {
            return field;
        }
        shape = field->shape;
        path = part.rest;
    }
    return NULL;
}
