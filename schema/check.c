/* Rules that need more than one field or more than one object. */
#include "schema/check.h"

#include "schema/base/str.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/scalar.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- places ----------------------------------------------------------------------------------- */

static const struct node *list_item(const struct node *node, const char *brackets)
{
    size_t index = 0;

    for (const char *c = brackets + 1; *c >= '0' && *c <= '9' && index < SIZE_MAX / 16; c++) {
        index = index * 10 + (size_t)(*c - '0');
    }
    return node->type == NODE_LIST && index < node->list.count ? node->list.items[index] : NULL;
}

static const struct node *map_member(const struct node *node, const char *name, size_t length)
{
    for (size_t i = 0; node->type == NODE_MAP && i < node->map.count; i++) {
        const struct node_member *member = &node->map.members[i];

        if (strlen(member->key) == length && memcmp(member->key, name, length) == 0) {
            return member->value;
        }
    }
    return NULL;
}

const struct node *check_locate(const struct node *root, const char *path)
{
    while (root != NULL && *path != '\0') {
        size_t length = *path == '[' ? strcspn(path, "]") : strcspn(path, ".[");
        const struct node *next =
            *path == '[' ? list_item(root, path) : map_member(root, path, length);

        if (next == NULL) {
            return root;
        }
        root = next;
        path += length + (path[length] == ']' ? 1 : 0);
        path += *path == '.' ? 1 : 0;
    }
    return root;
}

_printf_(5, 0) static void problem_v(struct problems *problems, const struct node *root,
                                     enum problem_cause cause, const char *path, const char *format,
                                     va_list arguments)
{
    char message[1024];

    (void)vsnprintf(message, sizeof(message), format, arguments);
    problem_add(problems, PROBLEM_ERROR, cause, check_locate(root, path), path, "%s", message);
}

void check_problem(struct problems *problems, const struct node *root, enum problem_cause cause,
                   const char *path, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    problem_v(problems, root, cause, path, format, arguments);
    va_end(arguments);
}

void check_problem_item(struct problems *problems, const struct node *root,
                        enum problem_cause cause, const char *list, size_t index,
                        const char *member, const char *format, ...)
{
    const char *path = arena_printf(problems->arena, "%s[%zu].%s", list, index, member);
    va_list arguments;

    va_start(arguments, format);
    problem_v(problems, root, cause, path, format, arguments);
    va_end(arguments);
}

/* --- references and what may not change ------------------------------------------------------- */

struct walk {
    const struct node *root;
    const struct check_scope *scope; /* NULL: references are not looked at */
    struct problems *problems;
};

static void check_reference(const struct walk *walk, const struct field *field, const char *path,
                            const void *member)
{
    const char *name = *(const char *const *)member;
    const struct kind *kind = kind_find("fog/v1", field->reference);

    assert(kind != NULL);
    if (!walk->scope->has(walk->scope->context, kind, name)) {
        check_problem(walk->problems, walk->root, CAUSE_REFERENCE, path, "there is no %s \"%s\"",
                      field->reference, name);
    }
}

static void check_immutable(const struct walk *walk, const struct field *field, const char *path,
                            const void *before, const void *after)
{
    struct arena *arena = walk->problems->arena;
    const char *was = scalar_to_text(arena, field, field->type, before);
    const char *is = after == NULL ? NULL : scalar_to_text(arena, field, field->type, after);

    if (!str_eq(was, is)) {
        check_problem(walk->problems, walk->root, CAUSE_FORBIDDEN, path,
                      "cannot be changed once it is set; it is \"%s\"", was);
    }
}

static void check_fields(const struct walk *walk, const struct shape *shape, const char *prefix,
                         const void *before, const void *after)
{
    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        bool had = before != NULL && is_set(*(const uint64_t *)before, i);
        bool has = after != NULL && is_set(*(const uint64_t *)after, i);
        const void *old = had ? (const char *)before + field->offset : NULL;
        const void *new = has ? (const char *)after + field->offset : NULL;
        const char *path;

        if ((!had && !has) || (field->type != FIELD_STRUCT && field->reference == NULL &&
                               !(field->flags & FIELD_IMMUTABLE))) {
            continue;
        }
        path = arena_printf(walk->problems->arena, "%s%s%s", prefix, *prefix == '\0' ? "" : ".",
                            field->name);
        if (field->type == FIELD_STRUCT) {
            check_fields(walk, field->shape, path, old, new);
        }
        if (field->reference != NULL && has && walk->scope != NULL) {
            check_reference(walk, field, path, new);
        }
        if ((field->flags & FIELD_IMMUTABLE) && had) {
            check_immutable(walk, field, path, old, new);
        }
    }
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void check_sizes(const struct object *object, const struct node *root,
                        struct problems *problems)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    const struct strmap *annotations = &object->meta.annotations;
    size_t size_bytes = 0;

    for (size_t i = 0; i < annotations->count; i++) {
        size_bytes += strlen(annotations->items[i].key) + strlen(annotations->items[i].value);
    }
    if (size_bytes > ANNOTATIONS_BYTES_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "metadata.annotations",
                      "are %zu bytes long together, at most %d are allowed", size_bytes,
                      ANNOTATIONS_BYTES_MAX);
    }
    emit_object_json(object, EMIT_ALL, JSON_SORTED, &text);
    if (text.length > OBJECT_BYTES_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "",
                      "is %zu bytes long, at most %d are allowed", text.length, OBJECT_BYTES_MAX);
    }
}

void check_semantic(const struct object *object, const struct object *before,
                    const struct node *root, const struct check_scope *scope,
                    struct problems *problems)
{
    struct walk walk = {root, scope, problems};

    assert(before == NULL || before->kind == object->kind);
    if (object->kind->check != NULL) {
        object->kind->check(object, root, problems);
    }
    check_fields(&walk, &meta_shape, "metadata", before == NULL ? NULL : &before->meta,
                 &object->meta);
    check_fields(&walk, object->kind->shape, "", before == NULL ? NULL : before->body,
                 object->body);
    check_sizes(object, root, problems);
}
