/* Differences.  diff_objects() walks two emitted trees along the tables, because what it finds is
 * shown to people; diff_is_empty() walks the bound structs, because it is asked at every write.
 * Both recurse along the tables only. */
#include "schema/diff.h"

#include "schema/base/str.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/owned.h"

#include <assert.h>

/* --- trees -------------------------------------------------------------------------------------
 */

struct diffing {
    struct arena *arena;
    struct str path; /* of the values being compared */
    struct differences *found;
};

static void diff_values(struct diffing *diffing, const struct field *field,
                        const struct node *before, const struct node *after);

static size_t enter(struct diffing *diffing, const char *name)
{
    size_t mark = diffing->path.length;

    str_addf(&diffing->path, "%s%s", mark > 0 ? "." : "", name);
    return mark;
}

static size_t enter_item(struct diffing *diffing, const struct field *field,
                         const struct node *item)
{
    const struct node *key = node_find(item, field->map_key);
    size_t mark = diffing->path.length;

    str_addf(&diffing->path, "[%s=", field->map_key);
    if (node_text(key) != NULL) {
        str_add(&diffing->path, node_text(key));
    } else if (key != NULL) {
        json_emit(key, JSON_SORTED, &diffing->path);
    }
    str_add_char(&diffing->path, ']');
    return mark;
}

static void add_difference(struct diffing *diffing, const struct node *before,
                           const struct node *after)
{
    struct differences *found = diffing->found;

    found->items = arena_grow(diffing->arena, found->items, found->count, sizeof(found->items[0]));
    found->items[found->count++] =
        (struct difference){.op = before == NULL  ? DIFF_ADD
                                  : after == NULL ? DIFF_REMOVE
                                                  : DIFF_CHANGE,
                            .path = arena_strdup(diffing->arena, diffing->path.data),
                            .before = before,
                            .after = after};
}

static void diff_structs(struct diffing *diffing, const struct shape *shape,
                         const struct node *before, const struct node *after)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        size_t mark = enter(diffing, field->name);

        diff_values(diffing, field, node_find(before, field->name), node_find(after, field->name));
        path_pop(&diffing->path, mark);
    }
}

/* Emitted text maps are sorted: one walk along both. */
static void diff_strmaps(struct diffing *diffing, const struct node *before,
                         const struct node *after)
{
    size_t i = 0, j = 0, befores = before == NULL ? 0 : before->map.count,
           afters = after == NULL ? 0 : after->map.count;

    while (i < befores || j < afters) {
        const struct node_member *old = i < befores ? &before->map.members[i] : NULL;
        const struct node_member *new = j < afters ? &after->map.members[j] : NULL;
        int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old->key, new->key);
        size_t mark = enter(diffing, order <= 0 ? old->key : new->key);

        diff_values(diffing, NULL, order <= 0 ? old->value : NULL, order >= 0 ? new->value : NULL);
        path_pop(&diffing->path, mark);
        i += order <= 0 ? 1 : 0;
        j += order >= 0 ? 1 : 0;
    }
}

/* The item with the same key (or, in a set, the same item). */
static const struct node *find_like(const struct field *field, const struct node *list,
                                    const struct node *item)
{
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct node *other = list->list.items[i];
        bool same = field->map_key == NULL ? node_eq(other, item)
                                           : node_eq(node_find(other, field->map_key),
                                                     node_find(item, field->map_key));

        if (same) {
            return other;
        }
    }
    return NULL;
}

static void diff_items(struct diffing *diffing, const struct field *field,
                       const struct node *before, const struct node *after)
{
    for (size_t i = 0; before != NULL && i < before->list.count; i++) {
        const struct node *item = before->list.items[i], *like = find_like(field, after, item);
        size_t mark = enter_item(diffing, field, item);

        if (like == NULL) {
            add_difference(diffing, item, NULL);
        } else {
            diff_structs(diffing, field->shape, item, like);
        }
        path_pop(&diffing->path, mark);
    }
    for (size_t i = 0; after != NULL && i < after->list.count; i++) {
        const struct node *item = after->list.items[i];

        if (find_like(field, before, item) == NULL) {
            size_t mark = enter_item(diffing, field, item);

            add_difference(diffing, NULL, item);
            path_pop(&diffing->path, mark);
        }
    }
}

static bool sets_eq(const struct field *field, const struct node *a, const struct node *b)
{
    if (a->list.count != b->list.count) {
        return false;
    }
    for (size_t i = 0; i < a->list.count; i++) {
        if (find_like(field, b, a->list.items[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_empty(const struct node *node)
{
    return (node->type == NODE_MAP && node->map.count == 0) ||
           (node->type == NODE_LIST && node->list.count == 0);
}

static void diff_values(struct diffing *diffing, const struct field *field,
                        const struct node *before, const struct node *after)
{
    const struct node *there = before != NULL ? before : after;
    bool is_alone = before == NULL || after == NULL;

    if (there == NULL) {
        return;
    }
    if (is_alone && is_empty(there)) {
        add_difference(diffing, before, after);
        return;
    }
    switch (field_form(field)) {
    case FORM_STRUCT:
        diff_structs(diffing, field->shape, before, after);
        return;
    case FORM_STRMAP:
        diff_strmaps(diffing, before, after);
        return;
    case FORM_ITEMS:
        diff_items(diffing, field, before, after);
        return;
    case FORM_SET:
        if (is_alone || !sets_eq(field, before, after)) {
            add_difference(diffing, before, after);
        }
        return;
    case FORM_LEAF:
        if (!node_eq(before, after)) {
            add_difference(diffing, before, after);
        }
        return;
    }
}

static bool is_diffed_meta(const struct field *field)
{
    return field->offset == AT(struct meta, labels) ||
           field->offset == AT(struct meta, annotations);
}

static unsigned part_of(const struct field *field)
{
    return (field->flags & FIELD_IS_STATUS) != 0 ? DIFF_STATUS : DIFF_SPEC;
}

static void diff_metadata(struct diffing *diffing, const struct node *before,
                          const struct node *after)
{
    size_t mark = enter(diffing, "metadata");

    for (size_t i = 0; i < meta_shape.count; i++) {
        const struct field *field = &meta_shape.fields[i];
        size_t inner = enter(diffing, field->name);

        if (is_diffed_meta(field)) {
            diff_values(diffing, field, node_find(before, field->name),
                        node_find(after, field->name));
        }
        path_pop(&diffing->path, inner);
    }
    path_pop(&diffing->path, mark);
}

static const struct node *emit_side(struct arena *arena, const struct object *object,
                                    unsigned parts)
{
    unsigned emitted = ((parts & DIFF_META) != 0 ? EMIT_META : 0) |
                       ((parts & DIFF_SPEC) != 0 ? EMIT_SPEC : 0) |
                       ((parts & DIFF_STATUS) != 0 ? EMIT_STATUS : 0);

    return object == NULL ? NULL : emit_object(arena, object, emitted);
}

void diff_objects(struct arena *arena, const struct object *before, const struct object *after,
                  unsigned parts, struct differences *ret_differences)
{
    struct diffing diffing = {.arena = arena, .path = STR_EMPTY, .found = ret_differences};
    const struct node *old = emit_side(arena, before, parts), *new = emit_side(arena, after, parts);
    const struct object *there = before != NULL ? before : after;

    *ret_differences = (struct differences){0};
    if (there == NULL) {
        return;
    }
    assert(before == NULL || after == NULL || before->kind == after->kind);
    if ((parts & DIFF_META) != 0) {
        diff_metadata(&diffing, node_find(old, "metadata"), node_find(new, "metadata"));
    }
    /* What is not in `parts` was not emitted. */
    diff_structs(&diffing, there->kind->shape, old, new);
    str_fini(&diffing.path);
}

/* --- structs -----------------------------------------------------------------------------------
 */

static bool shapes_eq(const struct shape *shape, const void *a, const void *b);

static bool strmaps_eq(const struct strmap *a, const struct strmap *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!str_eq(a->items[i].key, b->items[i].key) ||
            !str_eq(a->items[i].value, b->items[i].value)) {
            return false;
        }
    }
    return true;
}

static bool scalars_eq(enum field_type type, const void *a, const void *b)
{
    switch (type) {
    case FIELD_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case FIELD_ENUM:
        return *(const int *)a == *(const int *)b;
    case FIELD_REAL:
        return *(const double *)a == *(const double *)b;
    case FIELD_STR:
    case FIELD_NAME:
        return str_eq(*(const char *const *)a, *(const char *const *)b);
    case FIELD_INT:
    case FIELD_INT_OR_PERCENT:
    case FIELD_DURATION:
    case FIELD_QUANTITY:
    case FIELD_CORES:
    case FIELD_TIME:
        return *(const int64_t *)a == *(const int64_t *)b;
    case FIELD_REVISION:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case FIELD_STRMAP:
        return strmaps_eq(a, b);
    case FIELD_ANY:
        return node_eq(*(const struct node *const *)a, *(const struct node *const *)b);
    case FIELD_STRUCT:
    case FIELD_LIST:
        break;
    }
    assert(false);
    return false;
}

/* Equal as far as it decides which item is compared with which. */
static bool items_match(const struct field *field, const void *a, const void *b)
{
    const struct field *key;

    if (field->map_key == NULL) {
        return field->shape != NULL ? shapes_eq(field->shape, a, b) : scalars_eq(field->item, a, b);
    }
    key = shape_find(field->shape, field->map_key);
    return scalars_eq(key->type, (const char *)a + key->offset, (const char *)b + key->offset);
}

static bool lists_eq(const struct field *field, const struct any_list *a, const struct any_list *b)
{
    bool any_order = field->map_key != NULL || (field->flags & FIELD_SET) != 0;
    size_t size = field_item_size(field);

    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const char *item = (const char *)a->items + i * size;
        size_t first = any_order ? 0 : i, end = any_order ? b->count : i + 1, j = first;

        while (j < end && !items_match(field, item, (const char *)b->items + j * size)) {
            j++;
        }
        if (j == end || (field->map_key != NULL &&
                         !shapes_eq(field->shape, item, (const char *)b->items + j * size))) {
            return false;
        }
    }
    return true;
}

static bool rows_eq(const struct shape *shape, unsigned row, const void *a, const void *b)
{
    const struct field *field = &shape->fields[row];
    bool in_a = is_set(*(const uint64_t *)a, row), in_b = is_set(*(const uint64_t *)b, row);
    const void *member_a = (const char *)a + field->offset;
    const void *member_b = (const char *)b + field->offset;

    if (!in_a || !in_b) {
        return in_a == in_b;
    }
    if (field->type == FIELD_STRUCT) {
        return shapes_eq(field->shape, member_a, member_b);
    }
    return field->type == FIELD_LIST ? lists_eq(field, member_a, member_b)
                                     : scalars_eq(field->type, member_a, member_b);
}

static bool shapes_eq(const struct shape *shape, const void *a, const void *b)
{
    for (unsigned i = 0; i < shape->count; i++) {
        if (!rows_eq(shape, i, a, b)) {
            return false;
        }
    }
    return true;
}

/* Is anything there in these parts? */
static bool is_bare(const struct object *object, unsigned parts)
{
    const struct shape *shape = object->kind->shape;

    for (unsigned i = 0; (parts & DIFF_META) != 0 && i < meta_shape.count; i++) {
        if (is_diffed_meta(&meta_shape.fields[i]) && is_set(object->meta.set, i)) {
            return false;
        }
    }
    for (unsigned i = 0; i < shape->count; i++) {
        if ((parts & part_of(&shape->fields[i])) != 0 &&
            is_set(*(const uint64_t *)object->body, i)) {
            return false;
        }
    }
    return true;
}

bool diff_is_empty(const struct object *before, const struct object *after, unsigned parts)
{
    const struct object *there = before != NULL ? before : after;

    if (before == after) {
        return true;
    }
    if (before == NULL || after == NULL) {
        return is_bare(there, parts);
    }
    assert(before->kind == after->kind);
    for (unsigned i = 0; (parts & DIFF_META) != 0 && i < meta_shape.count; i++) {
        if (is_diffed_meta(&meta_shape.fields[i]) &&
            !rows_eq(&meta_shape, i, &before->meta, &after->meta)) {
            return false;
        }
    }
    for (unsigned i = 0; i < before->kind->shape->count; i++) {
        const struct shape *shape = before->kind->shape;

        if ((parts & part_of(&shape->fields[i])) != 0 &&
            !rows_eq(shape, i, before->body, after->body)) {
            return false;
        }
    }
    return true;
}
