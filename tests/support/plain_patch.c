/* Pointers are followed with copies of everything; nothing here is meant to be fast. */
#include "tests/support/plain_patch.h"

#include "schema/base/str.h"

#include <stdlib.h>
#include <string.h>

/* --- merging ---------------------------------------------------------------------------------- */

struct node *plain_merge(struct arena *arena, const struct node *target, const struct node *patch)
{
    struct node *next;

    if (patch->type != NODE_MAP) {
        return node_copy(arena, patch);
    }
    next = target != NULL && target->type == NODE_MAP ? node_copy(arena, target) : node_map(arena);
    for (size_t i = 0; i < patch->map.count; i++) {
        const struct node_member *member = &patch->map.members[i];

        if (member->value->type == NODE_NULL) {
            (void)node_remove(next, member->key);
        } else {
            node_set(arena, next, member->key,
                     plain_merge(arena, node_find(next, member->key), member->value));
        }
    }
    return next;
}

/* --- pointers --------------------------------------------------------------------------------- */

static char *unescaped(struct arena *arena, const char *token, size_t length)
{
    char *text = arena_strndup(arena, token, length), *to = text;

    for (const char *at = text; *at != '\0'; at++, to++) {
        bool is_escape = *at == '~';

        at += is_escape ? 1 : 0;
        *to = is_escape ? (*at == '1' ? '/' : '~') : *at;
    }
    *to = '\0';
    return text;
}

/* The container that the last token is in, and that token; NULL: there is none. */
static struct node *container_of(struct arena *arena, struct node *root, const char *pointer,
                                 const char **ret_last)
{
    struct node *node = root;

    while (node != NULL && *pointer == '/') {
        size_t length = strcspn(pointer + 1, "/");
        const char *token = unescaped(arena, pointer + 1, length);

        pointer += 1 + length;
        if (*pointer == '\0') {
            *ret_last = token;
            return node->type == NODE_MAP || node->type == NODE_LIST ? node : NULL;
        }
        if (node->type == NODE_LIST) {
            size_t index = strtoul(token, NULL, 10);

            node = index < node->list.count ? node->list.items[index] : NULL;
        } else {
            node = node->type == NODE_MAP ? node_find(node, token) : NULL;
        }
    }
    return NULL;
}

static struct node *value_at(struct arena *arena, struct node *root, const char *pointer)
{
    const char *last;
    struct node *in = container_of(arena, root, pointer, &last);

    if (in == NULL || in->type == NODE_MAP) {
        return node_find(in, last);
    }
    return strtoul(last, NULL, 10) < in->list.count ? in->list.items[strtoul(last, NULL, 10)]
                                                    : NULL;
}

static bool take_at(struct arena *arena, struct node *root, const char *pointer)
{
    const char *last;
    struct node *in = container_of(arena, root, pointer, &last);
    size_t index;

    if (in == NULL || in->type == NODE_MAP) {
        return in != NULL && node_remove(in, last);
    }
    index = strtoul(last, NULL, 10);
    if (index >= in->list.count) {
        return false;
    }
    in->list.count--;
    for (size_t i = index; i < in->list.count; i++) {
        in->list.items[i] = in->list.items[i + 1];
    }
    return true;
}

static bool add_at(struct arena *arena, struct node *root, const char *pointer, struct node *value)
{
    const char *last;
    struct node *in = container_of(arena, root, pointer, &last);
    size_t index;

    if (in == NULL || in->type == NODE_MAP) {
        if (in != NULL) {
            node_set(arena, in, last, value);
        }
        return in != NULL;
    }
    index = str_eq(last, "-") ? in->list.count : strtoul(last, NULL, 10);
    if (index > in->list.count) {
        return false;
    }
    node_add(arena, in, value);
    for (size_t i = in->list.count - 1; i > index; i--) {
        in->list.items[i] = in->list.items[i - 1];
    }
    in->list.items[index] = value;
    return true;
}

/* --- operations ------------------------------------------------------------------------------- */

static bool carry_out(struct arena *arena, struct node *root, const struct node *operation)
{
    const char *op = node_find_text(operation, "op"), *path = node_find_text(operation, "path");
    const char *from = node_find_text(operation, "from");
    struct node *value = node_find(operation, "value");

    if (str_eq(op, "test")) {
        const struct node *there = value_at(arena, root, path);

        return there != NULL && node_eq(there, value);
    }
    if (str_eq(op, "remove")) {
        return take_at(arena, root, path);
    }
    if (from != NULL) {
        value = value_at(arena, root, from);
        if (value == NULL || (str_eq(op, "move") && !take_at(arena, root, from))) {
            return false;
        }
    }
    if (str_eq(op, "replace") && !take_at(arena, root, path)) {
        return false;
    }
    return add_at(arena, root, path, node_copy(arena, value));
}

struct node *plain_json_patch(struct arena *arena, const struct node *target,
                              const struct node *patch)
{
    struct node *next = node_copy(arena, target);

    for (size_t i = 0; i < patch->list.count; i++) {
        if (!carry_out(arena, next, patch->list.items[i])) {
            return NULL;
        }
    }
    return next;
}

/* --- drawing ---------------------------------------------------------------------------------- */

struct node *draw_merge(struct arena *arena, struct rand *dice, const struct node *live,
                        const struct node *fresh)
{
    struct node *patch = node_map(arena);

    for (size_t i = 0; i < live->map.count; i++) {
        if (rand_chance(dice, 60)) {
            node_set(arena, patch, live->map.members[i].key, node_null(arena));
        }
    }
    for (size_t i = 0; i < fresh->map.count; i++) {
        const struct node_member *member = &fresh->map.members[i];
        const struct node *there = node_find(live, member->key);

        if (!rand_chance(dice, 350)) {
            continue;
        }
        node_set(arena, patch, member->key,
                 member->value->type == NODE_MAP && there != NULL && there->type == NODE_MAP
                     ? draw_merge(arena, dice, there, member->value)
                     : node_copy(arena, member->value));
    }
    return patch;
}

enum { PLACES_MAX = 256, OPERATIONS_MAX = 4 };

struct places {
    const char *at[PLACES_MAX];
    size_t count;
};

static const char *step(struct arena *arena, const char *at, const char *token)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    str_addf(&text, "%s/", at);
    for (; *token != '\0'; token++) {
        if (*token == '~' || *token == '/') {
            str_add(&text, *token == '~' ? "~0" : "~1");
        } else {
            str_add_char(&text, *token);
        }
    }
    return arena_strdup(arena, text.data);
}

/* Everything below a place. */
static void list_places(struct arena *arena, const struct node *node, const char *at,
                        struct places *to)
{
    size_t count = node->type == NODE_MAP    ? node->map.count
                   : node->type == NODE_LIST ? node->list.count
                                             : 0;

    for (size_t i = 0; i < count && to->count < PLACES_MAX; i++) {
        const char *token =
            node->type == NODE_MAP ? node->map.members[i].key : arena_printf(arena, "%zu", i);
        const char *below = step(arena, at, token);

        to->at[to->count++] = below;
        list_places(arena,
                    node->type == NODE_MAP ? node->map.members[i].value : node->list.items[i],
                    below, to);
    }
}

static const char *some_place(struct rand *dice, const struct places *places)
{
    return places->count == 0 ? "/spec/nothing/there" : places->at[rand_below(dice, places->count)];
}

/* Where something of the other document could go: its own place, or the end of its list. */
static const char *place_to_add(struct arena *arena, struct rand *dice, const char *place)
{
    const char *last = strrchr(place, '/') + 1;

    if (strspn(last, "0123456789") == strlen(last) && rand_chance(dice, 500)) {
        return arena_printf(arena, "%.*s-", (int)(last - place), place);
    }
    return place;
}

struct drawing {
    struct arena *arena;
    struct rand *dice;
    const struct node *live, *fresh;
    struct places places, others;
};

static struct node *draw_operation(struct drawing *drawing)
{
    struct arena *arena = drawing->arena;
    struct node *operation = node_map(arena), *value = NULL;
    uint64_t what = rand_below(drawing->dice, 100);
    const char *op = what < 30   ? "remove"
                     : what < 70 ? "add"
                     : what < 85 ? "replace"
                     : what < 92 ? "test"
                     : what < 96 ? "copy"
                                 : "move";
    const char *path = some_place(drawing->dice, &drawing->places);

    if (str_eq(op, "add") || str_eq(op, "replace")) {
        path = some_place(drawing->dice, &drawing->others);
        value = value_at(arena, (struct node *)drawing->fresh, path);
        path = str_eq(op, "add") ? place_to_add(arena, drawing->dice, path) : path;
    } else if (str_eq(op, "test")) {
        value = value_at(arena, (struct node *)drawing->live, path);
        value = rand_chance(drawing->dice, 50) ? node_str(arena, "something else") : value;
    } else if (!str_eq(op, "remove")) { /* labels and annotations have members of one type */
        node_set(arena, operation, "from", node_str(arena, path));
        path = arena_printf(arena, "/metadata/%s/made-%s",
                            rand_chance(drawing->dice, 500) ? "labels" : "annotations", op);
    }
    node_set(arena, operation, "op", node_str(arena, op));
    node_set(arena, operation, "path", node_str(arena, path));
    if (str_eq(op, "add") || str_eq(op, "replace") || str_eq(op, "test")) {
        node_set(arena, operation, "value",
                 value == NULL ? node_null(arena) : node_copy(arena, value));
    }
    return operation;
}

static void list_owned(struct arena *arena, const struct node *root, struct places *to)
{
    static const char *const parts[] = {"labels", "annotations", "finalizers"};
    const struct node *meta = node_find(root, "metadata");

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (node_find(meta, parts[i]) != NULL) {
            list_places(arena, node_find(meta, parts[i]),
                        arena_printf(arena, "/metadata/%s", parts[i]), to);
        }
    }
    if (node_find(root, "spec") != NULL) {
        list_places(arena, node_find(root, "spec"), "/spec", to);
    }
}

struct node *draw_json_patch(struct arena *arena, struct rand *dice, const struct node *live,
                             const struct node *fresh)
{
    struct drawing drawing = {.arena = arena, .dice = dice, .fresh = fresh};
    uint64_t count = 1 + rand_below(dice, OPERATIONS_MAX);
    struct node *patch = node_list(arena), *now = node_copy(arena, live);

    for (uint64_t i = 0; i < count; i++) {
        struct node *one = node_list(arena), *next;

        drawing.live = now;
        drawing.places.count = drawing.others.count = 0;
        list_owned(arena, now, &drawing.places);
        list_owned(arena, fresh, &drawing.others);
        node_add(arena, one, draw_operation(&drawing));
        next = plain_json_patch(arena, now, one);
        if (next != NULL || rand_chance(dice, 60)) { /* most can be carried out */
            node_add(arena, patch, one->list.items[0]);
            now = next != NULL ? next : now;
        }
    }
    return patch;
}
