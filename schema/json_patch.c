/* Operations change a copy of the target in place.  A path is followed token by token; what it
 * leads to is a *place*: a container and a token in it, where something is or may be put.  Nothing
 * recurses, and each search, shift and copy is charged before it is made. */
#include "schema/json_patch.h"

#include "schema/base/str.h"
#include "schema/limits.h"

#include <string.h>

struct patching {
    struct arena *arena;
    struct node *root;
    size_t work; /* done so far, in nodes looked at */
    struct err *err;
    /* The operation under way. */
    const char *op, *path, *from;
};

struct place {
    struct node *parent; /* NULL: the place is the whole document */
    const char *token;
    size_t depth; /* containers around it */
};

enum { LOOKUPS_OF_ONE = 4, TEXT_BYTES_OF_ONE = 16 }; /* cost as much as one node */

static int charge(struct patching *patching, size_t work)
{
    patching->work += work;
    if (patching->work > JSON_PATCH_WORK_MAX) {
        return err_set(patching->err, ERR_LIMIT, "%s %s: the patch does too much", patching->op,
                       patching->path);
    }
    return 0;
}

static int nowhere(struct patching *patching, const char *path)
{
    return err_set(patching->err, ERR_NOT_FOUND, "%s %s: there is nothing at %s", patching->op,
                   patching->path, path);
}

/* How many containers lie within each other, and what a copy costs. */
static void measure(const struct node *node, size_t *ret_height, size_t *ret_size)
{
    struct {
        const struct node *node;
        size_t next;
    } open[TREE_DEPTH_MAX + 1];
    size_t depth = 0;

    *ret_height = *ret_size = 0;
    while (node != NULL) {
        ++*ret_size;
        if (node->type == NODE_STR) {
            *ret_size += node->str.length / TEXT_BYTES_OF_ONE;
        }
        if ((node->type == NODE_LIST || node->type == NODE_MAP) && depth <= TREE_DEPTH_MAX) {
            open[depth].node = node;
            open[depth++].next = 0;
            *ret_height = depth > *ret_height ? depth : *ret_height;
        }
        node = NULL;
        while (depth > 0 && node == NULL) {
            const struct node *of = open[depth - 1].node;
            size_t next = open[depth - 1].next++;

            if (of->type == NODE_LIST && next < of->list.count) {
                node = of->list.items[next];
            } else if (of->type == NODE_MAP && next < of->map.count) {
                node = of->map.members[next].value;
                *ret_size += strlen(of->map.members[next].key) / TEXT_BYTES_OF_ONE;
            } else {
                depth--;
            }
        }
    }
}

/* --- pointers, RFC 6901 ----------------------------------------------------------------------- */

/* NULL when there is none, or a text that is no pointer. */
static const char *find_pointer(const struct node *operation, const char *key)
{
    const struct node *node = node_find(operation, key);
    const char *pointer = node_text(node);

    if (pointer == NULL || strlen(pointer) != node->str.length ||
        (*pointer != '\0' && *pointer != '/')) {
        return NULL;
    }
    for (const char *c = pointer; *c != '\0'; c++) {
        if (*c == '~' && c[1] != '0' && c[1] != '1') {
            return NULL;
        }
    }
    return pointer;
}

/* The token that begins behind the slash at *at, which is then the next slash or the end. */
static const char *next_token(struct patching *patching, const char **at)
{
    size_t length = strcspn(*at + 1, "/");
    char *token = arena_strndup(patching->arena, *at + 1, length), *to = token;

    *at += 1 + length;
    for (const char *from = token; *from != '\0'; from++) {
        if (*from == '~') {
            from++;
            *to++ = *from == '0' ? '~' : '/';
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return token;
}

/* Digits without a leading zero; false: no index of a list of at most `count`. */
static bool index_from_str(const char *token, size_t count, size_t *ret_index)
{
    size_t index = 0;

    if (*token == '\0' || (*token == '0' && token[1] != '\0')) {
        return false;
    }
    for (; *token != '\0'; token++) {
        if (*token < '0' || *token > '9') {
            return false;
        }
        index = index * 10 + (size_t)(*token - '0');
        if (index > count) {
            return false;
        }
    }
    *ret_index = index;
    return true;
}

/* *ret_child is NULL when there is nothing. */
static int find_child(struct patching *patching, const struct node *parent, const char *token,
                      struct node **ret_child)
{
    size_t index;
    int ret = 0;

    *ret_child = NULL;
    if (parent->type == NODE_MAP) {
        ret = charge(patching, 1 + parent->map.count / LOOKUPS_OF_ONE);
        *ret_child = ret == 0 ? node_find(parent, token) : NULL;
    } else if (parent->type == NODE_LIST && index_from_str(token, parent->list.count, &index) &&
               index < parent->list.count) {
        *ret_child = parent->list.items[index];
    }
    return ret;
}

/* The container of the place must be there; what is in the place need not. */
static int find_place(struct patching *patching, const char *pointer, struct place *ret_place)
{
    const char *at = pointer;
    struct node *parent = NULL, *node = patching->root;

    *ret_place = (struct place){0};
    while (*at != '\0') {
        int ret;

        if (node == NULL || (node->type != NODE_MAP && node->type != NODE_LIST)) {
            return nowhere(patching, pointer);
        }
        parent = node;
        ret_place->token = next_token(patching, &at);
        ret_place->depth++;
        ret = find_child(patching, parent, ret_place->token, &node);
        if (ret < 0) {
            return ret;
        }
    }
    ret_place->parent = parent;
    return 0;
}

/* What is at the pointer, and where. */
static int find_node(struct patching *patching, const char *pointer, struct place *ret_place,
                     struct node **ret_node)
{
    int ret = find_place(patching, pointer, ret_place);

    *ret_node = patching->root;
    if (ret == 0 && ret_place->parent != NULL) {
        ret = find_child(patching, ret_place->parent, ret_place->token, ret_node);
    }
    return ret == 0 && *ret_node == NULL ? nowhere(patching, pointer) : ret;
}

/* --- changing --------------------------------------------------------------------------------- */

static int insert(struct patching *patching, struct node *list, const char *token,
                  struct node *value)
{
    size_t count = list->list.count, index = count;
    int ret;

    if (!str_eq(token, "-") && !index_from_str(token, count, &index)) {
        return nowhere(patching, patching->path);
    }
    ret = charge(patching, 1 + count);
    if (ret < 0) {
        return ret;
    }
    node_add(patching->arena, list, value);
    memmove(list->list.items + index + 1, list->list.items + index,
            (count - index) * sizeof(list->list.items[0]));
    list->list.items[index] = value;
    return 0;
}

/* The value is taken; `height` is its own. */
static int put(struct patching *patching, const struct place *place, struct node *value,
               size_t height)
{
    int ret;

    if (place->depth + height > TREE_DEPTH_MAX) {
        return err_set(patching->err, ERR_LIMIT, "%s %s: nested too deep", patching->op,
                       patching->path);
    }
    if (place->parent == NULL) {
        patching->root = value;
        return 0;
    }
    if (place->parent->type == NODE_LIST) {
        return insert(patching, place->parent, place->token, value);
    }
    ret = charge(patching, 1 + place->parent->map.count);
    if (ret == 0) {
        node_set(patching->arena, place->parent, place->token, value);
    }
    return ret;
}

static int put_copy(struct patching *patching, const struct place *place, const struct node *value)
{
    size_t height, size;
    int ret;

    measure(value, &height, &size);
    ret = charge(patching, size);
    return ret < 0 ? ret : put(patching, place, node_copy(patching->arena, value), height);
}

/* What is in the place is known to be there. */
static int take_away(struct patching *patching, const struct place *place)
{
    struct node *parent = place->parent;
    size_t index;
    int ret;

    if (parent == NULL) {
        patching->root = node_null(patching->arena);
        return 0;
    }
    if (parent->type == NODE_MAP) {
        ret = charge(patching, 1 + parent->map.count / LOOKUPS_OF_ONE);
        if (ret == 0) {
            (void)node_remove(parent, place->token);
        }
        return ret;
    }
    if (!index_from_str(place->token, parent->list.count, &index)) {
        return nowhere(patching, patching->path);
    }
    ret = charge(patching, 1 + parent->list.count / LOOKUPS_OF_ONE);
    if (ret == 0) {
        parent->list.count--;
        memmove(parent->list.items + index, parent->list.items + index + 1,
                (parent->list.count - index) * sizeof(parent->list.items[0]));
    }
    return ret;
}

/* --- operations ------------------------------------------------------------------------------- */

static int do_add(struct patching *patching, const struct node *operation)
{
    struct place place;
    int ret = find_place(patching, patching->path, &place);

    return ret < 0 ? ret : put_copy(patching, &place, node_find(operation, "value"));
}

static int do_remove(struct patching *patching, const struct node *operation)
{
    struct place place;
    struct node *node;
    int ret = find_node(patching, patching->path, &place, &node);

    (void)operation;
    return ret < 0 ? ret : take_away(patching, &place);
}

/* A member keeps its place among the others. */
static int do_replace(struct patching *patching, const struct node *operation)
{
    struct place place;
    struct node *node;
    int ret = find_node(patching, patching->path, &place, &node);

    if (ret == 0 && place.parent != NULL && place.parent->type == NODE_LIST) {
        ret = take_away(patching, &place);
    }
    return ret < 0 ? ret : put_copy(patching, &place, node_find(operation, "value"));
}

static int do_copy(struct patching *patching, const struct node *operation)
{
    struct place from, to;
    struct node *node;
    int ret = find_node(patching, patching->from, &from, &node);

    (void)operation;
    if (ret == 0) {
        ret = find_place(patching, patching->path, &to);
    }
    return ret < 0 ? ret : put_copy(patching, &to, node);
}

/* Is the place below what `from` points to?  Nothing can be moved into itself. */
static bool is_below(const char *path, const char *from)
{
    size_t length = strlen(from);

    return strncmp(path, from, length) == 0 && path[length] == '/';
}

static int do_move(struct patching *patching, const struct node *operation)
{
    const char *from_path = patching->from;
    struct place from, to;
    size_t height, size;
    struct node *node;
    int ret;

    (void)operation;
    if (is_below(patching->path, from_path)) {
        return err_set(patching->err, ERR_INVALID, "move %s: %s cannot be moved into itself",
                       patching->path, from_path);
    }
    ret = find_node(patching, from_path, &from, &node);
    if (ret < 0 || str_eq(patching->path, from_path)) {
        return ret;
    }
    measure(node, &height, &size);
    ret = charge(patching, size);
    if (ret == 0) {
        ret = take_away(patching, &from);
    }
    if (ret == 0) {
        ret = find_place(patching, patching->path, &to); /* as it is without what is moved */
    }
    return ret < 0 ? ret : put(patching, &to, node, height);
}

static int do_test(struct patching *patching, const struct node *operation)
{
    struct place place;
    struct node *node;
    int ret = find_node(patching, patching->path, &place, &node);

    if (ret == 0 && !node_eq(node, node_find(operation, "value"))) {
        ret = err_set(patching->err, ERR_NOT_FOUND, "test %s: what is there is something else",
                      patching->path);
    }
    return ret;
}

static const struct {
    const char *name;
    bool has_value, has_from;
    int (*act)(struct patching *patching, const struct node *operation);
} operations[] = {
    {"add", true, false, do_add},         {"remove", false, false, do_remove},
    {"replace", true, false, do_replace}, {"move", false, true, do_move},
    {"copy", false, true, do_copy},       {"test", true, false, do_test},
};

static int carry_out(struct patching *patching, const struct node *operation, size_t index)
{
    const char *op = node_find_text(operation, "op");
    size_t kind = 0;

    patching->path = find_pointer(operation, "path");
    patching->from = find_pointer(operation, "from");
    while (kind < COUNT_OF(operations) && !str_eq(operations[kind].name, op)) {
        kind++;
    }
    if (kind == COUNT_OF(operations)) {
        return err_set(
            patching->err, ERR_INVALID,
            "operation %zu: its \"op\" is none of add, remove, replace, move, copy, test", index);
    }
    patching->op = op;
    if (patching->path == NULL) {
        return err_set(patching->err, ERR_INVALID, "operation %zu: %s needs a path such as /spec",
                       index, op);
    }
    if (operations[kind].has_from && patching->from == NULL) {
        return err_set(patching->err, ERR_INVALID,
                       "operation %zu: %s needs a \"from\" such as /spec", index, op);
    }
    if (operations[kind].has_value && node_find(operation, "value") == NULL) {
        return err_set(patching->err, ERR_INVALID, "operation %zu: %s needs a \"value\"", index,
                       op);
    }
    return operations[kind].act(patching, operation);
}

int json_patch(struct arena *arena, const struct node *target, const struct node *patch,
               struct node **ret_result, struct err *err)
{
    struct patching patching = {.arena = arena, .err = err};

    if (patch == NULL || patch->type != NODE_LIST) {
        return err_set(err, ERR_INVALID, "a JSON patch is a list of operations, not %s",
                       patch == NULL ? "nothing" : node_type_to_str(patch->type));
    }
    if (patch->list.count > JSON_PATCH_OPS_MAX) {
        return err_set(err, ERR_LIMIT, "a JSON patch has at most %d operations",
                       JSON_PATCH_OPS_MAX);
    }
    patching.root = node_copy(arena, target);
    for (size_t i = 0; i < patch->list.count; i++) {
        int ret = carry_out(&patching, patch->list.items[i], i);

        if (ret < 0) {
            return ret;
        }
    }
    *ret_result = patching.root;
    return 0;
}
