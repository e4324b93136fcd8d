/* Tree to object.  The tree is walked along the table of the kind, so recursion goes as deep as
 * the tables do and never as deep as the data; a problem is noted and the walk goes on. */
#include "schema/bind.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/binder.h"
#include "schema/limits.h"
#include "schema/scalar.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MAX = 32 }; /* how deep tables nest, and the prefix */

/* --- problems --------------------------------------------------------------------------------- */

const char *place_to_str(const struct place *place, struct arena *arena)
{
    const struct place *chain[PLACES_MAX];
    _cleanup_(str_fini)
    struct str path = STR_EMPTY;
    size_t count = 0;

    for (; place != NULL; place = place->up) {
        assert(count < COUNT_OF(chain));
        chain[count++] = place;
    }
    while (count > 0) {
        place = chain[--count];
        if (place->name == NULL) {
            str_addf(&path, "[%zu]", place->index);
        } else if (place->name[0] != '\0') {
            str_addf(&path, "%s%s", path.length > 0 ? "." : "", place->name);
        }
    }
    return arena_strndup(arena, path.data, path.length);
}

_printf_(7, 0) static void problem_v(struct binder *binder, enum problem_severity severity,
                                     enum problem_cause cause, unsigned line, unsigned column,
                                     const struct place *place, const char *format,
                                     va_list arguments)
{
    char message[1024];

    (void)vsnprintf(message, sizeof(message), format, arguments);
    problem_add_at(binder->problems, severity, cause, line, column,
                   place_to_str(place, binder->problems->arena), "%s", message);
}

void binder_problem(struct binder *binder, enum problem_cause cause, const struct node *at,
                    const struct place *place, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    problem_v(binder, PROBLEM_ERROR, cause, at == NULL ? 0 : at->line, at == NULL ? 0 : at->column,
              place, format, arguments);
    va_end(arguments);
}

_printf_(5, 6) static void key_problem(struct binder *binder, enum problem_cause cause,
                                       const struct node_member *member, const struct place *place,
                                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    problem_v(binder, PROBLEM_ERROR, cause, member->line, member->column, place, format, arguments);
    va_end(arguments);
}

bool binder_checks(const struct binder *binder)
{
    return !(binder->flags & BIND_TRUSTED);
}

static void unknown_field(struct binder *binder, const struct shape *shape,
                          const struct node_member *member, const struct place *place)
{
    enum problem_severity severity = binder->flags & BIND_STRICT ? PROBLEM_ERROR : PROBLEM_WARNING;
    const char *names[64];
    const char *closest;

    if (binder->flags & (BIND_QUIET | BIND_TRUSTED)) {
        return;
    }
    assert(shape->count <= COUNT_OF(names));
    for (size_t i = 0; i < shape->count; i++) {
        names[i] = shape->fields[i].name;
    }
    closest = words_closest(member->key, names, shape->count);
    problem_add_at(binder->problems, severity, CAUSE_UNKNOWN_FIELD, member->line, member->column,
                   place_to_str(place, binder->problems->arena),
                   closest != NULL ? "unknown field; did you mean \"%s\"?" : "unknown field",
                   closest);
}

/* --- maps of text to text --------------------------------------------------------------------- */

static int pair_order(const void *a, const void *b)
{
    return strcmp(((const struct strpair *)a)->key, ((const struct strpair *)b)->key);
}

static bool key_fits(const struct field *field, const char *key, const char **ret_why)
{
    if (field->flags & FIELD_LABELS) {
        return label_key_is_valid(key, ret_why);
    }
    return field->check_text == NULL || field->check_text(key, ret_why);
}

static void bind_pair(struct binder *binder, const struct field *field,
                      const struct node_member *member, const struct place *up,
                      struct strpair *ret_pair)
{
    struct place place = {.up = up, .name = member->key};
    size_t errors = binder->problems->errors;
    const char *why;

    if (binder_checks(binder) && !key_fits(field, member->key, &why)) {
        key_problem(binder, CAUSE_INVALID, member, up, "key %s %s",
                    binder_quoted(binder, member->key), why);
    }
    ret_pair->key = arena_strdup(binder->arena, member->key);
    bind_scalar(binder, field, FIELD_STR, member->value, &place, &ret_pair->value);
    if (binder->problems->errors == errors && binder_checks(binder) &&
        (field->flags & FIELD_LABELS) && !label_value_is_valid(ret_pair->value, &why)) {
        binder_problem(binder, CAUSE_INVALID, member->value, &place, "%s %s",
                       binder_quoted(binder, ret_pair->value), why);
    }
}

static bool count_fits(struct binder *binder, const struct field *field, size_t count,
                       const struct node *node, const struct place *place)
{
    if (!binder_checks(binder)) {
        return true;
    }
    if (field->max != 0 && count > (size_t)field->max) {
        binder_problem(binder, CAUSE_INVALID, node, place,
                       "has %zu entries, at most %lld are allowed", count, (long long)field->max);
        return false;
    }
    if (count < (size_t)field->min) {
        binder_problem(binder, CAUSE_INVALID, node, place,
                       "has %zu entries, at least %lld %s needed", count, (long long)field->min,
                       field->min == 1 ? "is" : "are");
        return false;
    }
    return true;
}

static void bind_strmap(struct binder *binder, const struct field *field, const struct node *node,
                        const struct place *place, struct strmap *ret_map)
{
    if (node->type != NODE_MAP) {
        binder_problem(binder, CAUSE_TYPE, node, place, "must be an object of strings, not %s",
                       node->type == NODE_LIST ? "a list" : "a single value");
        return;
    }
    if (!count_fits(binder, field, node->map.count, node, place)) {
        return;
    }
    ret_map->count = node->map.count;
    ret_map->items = arena_array(binder->arena, node->map.count, sizeof(ret_map->items[0]));
    for (size_t i = 0; i < node->map.count; i++) {
        bind_pair(binder, field, &node->map.members[i], place, &ret_map->items[i]);
    }
    if (ret_map->count > 1) {
        qsort(ret_map->items, ret_map->count, sizeof(ret_map->items[0]), pair_order);
    }
}

/* --- lists ------------------------------------------------------------------------------------ */

static void bind_item(struct binder *binder, const struct field *field, const struct node *node,
                      const struct place *place, void *ret_item)
{
    if (field->shape == NULL) {
        bind_scalar(binder, field, field->item, node, place, ret_item);
    } else if (node->type != NODE_MAP) {
        binder_problem(binder, CAUSE_TYPE, node, place, "must be an object");
    } else {
        bind_fields(binder, field->shape, node, node, place, ret_item);
    }
}

static const char *item_key(struct binder *binder, const struct field *field, const void *item)
{
    if (field->shape != NULL) {
        const struct field *key = shape_find(field->shape, field->map_key);

        return *(const char *const *)(const void *)((const char *)item + key->offset);
    }
    return scalar_to_text(binder->problems->arena, field, field->item, item);
}

struct keyed_item {
    const char *key;
    size_t index;
};

static int keyed_item_order(const void *a, const void *b)
{
    const struct keyed_item *left = a, *right = b;
    int order = strcmp(left->key, right->key);

    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

/* Sets hold each value once, list-maps each key; the later one is reported. */
static void check_doubles(struct binder *binder, const struct field *field, const struct node *node,
                          const struct place *up, const struct any_list *list)
{
    struct keyed_item *items = arena_array(binder->problems->arena, list->count, sizeof(items[0]));
    size_t size = field_item_size(field);
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        const char *key = item_key(binder, field, (const char *)list->items + i * size);

        if (key != NULL) {
            items[count++] = (struct keyed_item){key, i};
        }
    }
    if (count > 1) {
        qsort(items, count, sizeof(items[0]), keyed_item_order);
    }
    for (size_t i = 1; i < count; i++) {
        struct place place = {.up = up, .index = items[i].index};

        if (strcmp(items[i].key, items[i - 1].key) == 0) {
            binder_problem(binder, CAUSE_DUPLICATE, node->list.items[items[i].index], &place,
                           field->shape != NULL ? "a second item whose %s is %s"
                                                : "%s %s is there twice",
                           field->shape != NULL ? field->map_key : "value",
                           binder_quoted(binder, items[i].key));
        }
    }
}

static void bind_list(struct binder *binder, const struct field *field, const struct node *node,
                      const struct place *up, struct any_list *ret_list)
{
    size_t size = field_item_size(field);
    size_t errors = binder->problems->errors;

    if (node->type != NODE_LIST) {
        binder_problem(binder, CAUSE_TYPE, node, up, "must be a list");
        return;
    }
    if (!count_fits(binder, field, node->list.count, node, up)) {
        return;
    }
    ret_list->count = node->list.count;
    ret_list->items = arena_array(binder->arena, node->list.count, size);
    for (size_t i = 0; i < node->list.count; i++) {
        struct place place = {.up = up, .index = i};

        bind_item(binder, field, node->list.items[i], &place, (char *)ret_list->items + i * size);
    }
    if (binder->problems->errors == errors && binder_checks(binder) &&
        (field->map_key != NULL || (field->flags & FIELD_SET))) {
        check_doubles(binder, field, node, up, ret_list);
    }
}

/* --- structs ---------------------------------------------------------------------------------- */

static void bind_member(struct binder *binder, const struct field *field, const struct node *node,
                        const struct place *place, void *ret_member)
{
    switch (field->type) {
    case FIELD_STRMAP:
        bind_strmap(binder, field, node, place, ret_member);
        return;
    case FIELD_ANY:
        if (bind_is_unambiguous(binder, node, place)) {
            *(struct node **)ret_member = node_copy(binder->arena, node);
        }
        return;
    case FIELD_STRUCT:
        if (node->type != NODE_MAP) {
            binder_problem(binder, CAUSE_TYPE, node, place, "must be an object");
        } else {
            bind_fields(binder, field->shape, node, node, place, ret_member);
        }
        return;
    case FIELD_LIST:
        bind_list(binder, field, node, place, ret_member);
        return;
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
    bind_scalar(binder, field, field->type, node, place, ret_member);
}

/* A field that was not given: required, or its default, or a struct of defaults.  Returns whether
 * it is present all the same. */
static bool bind_absent(struct binder *binder, const struct field *field, const struct node *at,
                        const struct place *place, void *ret_member)
{
    if ((field->flags & FIELD_REQUIRED) && !(binder->flags & BIND_NO_REQUIRED)) {
        binder_problem(binder, CAUSE_REQUIRED, at, place, "is required");
        return false;
    }
    if (field->type == FIELD_STRUCT && !(field->flags & (FIELD_EXPLICIT | FIELD_REQUIRED))) {
        bind_fields(binder, field->shape, NULL, at, place, ret_member);
        return *(const uint64_t *)ret_member != 0;
    }
    if (field->fallback != NULL && !(binder->flags & BIND_NO_DEFAULTS)) {
        bool is_fine =
            scalar_from_text(binder->arena, field, field->type, field->fallback, ret_member);

        assert(is_fine);
        return is_fine;
    }
    return false;
}

/* Members that are no field of ours and that clients send all the same: our objects have no
 * namespace, and links to oneself are long out of use. */
static bool is_tolerated(const struct shape *shape, const char *key)
{
    return shape == &meta_shape && (str_eq(key, "namespace") || str_eq(key, "selfLink"));
}

void bind_fields(struct binder *binder, const struct shape *shape, const struct node *node,
                 const struct node *at, const struct place *up, void *ret_struct)
{
    uint64_t seen = 0, set = 0;

    memset(ret_struct, 0, shape->size_bytes);
    for (size_t i = 0; node != NULL && i < node->map.count; i++) {
        const struct node_member *member = &node->map.members[i];
        const struct field *field = shape_find(shape, member->key);
        struct place place = {.up = up, .name = member->key};

        if (field == NULL) {
            if (!is_tolerated(shape, member->key)) {
                unknown_field(binder, shape, member, &place);
            }
        } else if (member->value->type != NODE_NULL) { /* null means absent */
            seen |= UINT64_C(1) << (field - shape->fields);
            bind_member(binder, field, member->value, &place, (char *)ret_struct + field->offset);
        }
    }
    set = seen;
    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        struct place place = {.up = up, .name = field->name};

        if (!is_set(seen, i) &&
            bind_absent(binder, field, at, &place, (char *)ret_struct + field->offset)) {
            set |= UINT64_C(1) << i;
        }
    }
    *(uint64_t *)ret_struct = set;
}

bool bind_shape(struct arena *arena, const struct shape *shape, const struct node *node,
                const char *path, unsigned flags, struct problems *problems, void *ret_struct)
{
    struct binder binder = {arena, problems, flags};
    struct place place = {.name = path == NULL ? "" : path};
    size_t errors = problems->errors;

    if (node == NULL || node->type != NODE_MAP) {
        binder_problem(&binder, CAUSE_TYPE, node, &place, "must be an object");
        return false;
    }
    bind_fields(&binder, shape, node, node, &place, ret_struct);
    return problems->errors == errors;
}

void bind_defaults(struct arena *arena, const struct shape *shape, void *ret_struct)
{
    struct problems problems;
    struct binder binder = {arena, &problems, BIND_NO_REQUIRED | BIND_TRUSTED};
    struct place place = {.name = ""};

    problems_init(&problems, arena, NULL);
    bind_fields(&binder, shape, NULL, NULL, &place, ret_struct);
    assert(problems.errors == 0);
}
