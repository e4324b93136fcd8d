/* The neutral tree.  Copying and comparing keep their own stacks, so that the depth of a text never
 * becomes the depth of ours. */
#include "schema/tree.h"

#include "schema/base/parse.h"
#include "schema/base/vec.h"
#include "schema/limits.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct node *node_new(struct arena *arena, enum node_type type)
{
    struct node *node = ARENA_NEW(arena, struct node);

    node->type = type;
    return node;
}

struct node *node_null(struct arena *arena)
{
    return node_new(arena, NODE_NULL);
}

struct node *node_bool(struct arena *arena, bool boolean)
{
    struct node *node = node_new(arena, NODE_BOOL);

    node->boolean = boolean;
    return node;
}

struct node *node_int(struct arena *arena, int64_t integer)
{
    struct node *node = node_new(arena, NODE_INT);

    node->integer = integer;
    return node;
}

struct node *node_real(struct arena *arena, double real)
{
    struct node *node = node_new(arena, NODE_REAL);

    assert(isfinite(real));
    node->real = real;
    return node;
}

struct node *node_str(struct arena *arena, const char *text)
{
    return text == NULL ? node_null(arena) : node_strn(arena, text, strlen(text));
}

struct node *node_strn(struct arena *arena, const char *text, size_t length)
{
    struct node *node = node_new(arena, NODE_STR);

    node->str.text = arena_strndup(arena, text, length);
    node->str.length = length;
    return node;
}

struct node *node_str_borrowed(struct arena *arena, const char *text, size_t length)
{
    struct node *node = node_new(arena, NODE_STR);

    node->str.text = text;
    node->str.length = length;
    node->quoted = true;
    return node;
}

struct node *node_list(struct arena *arena)
{
    return node_new(arena, NODE_LIST);
}

struct node *node_map(struct arena *arena)
{
    return node_new(arena, NODE_MAP);
}

void node_add(struct arena *arena, struct node *list, struct node *item)
{
    assert(list->type == NODE_LIST);
    assert(item != NULL);
    list->list.items =
        arena_grow(arena, list->list.items, list->list.count, sizeof(list->list.items[0]));
    list->list.items[list->list.count++] = item;
}

struct node_member *node_append_borrowed(struct arena *arena, struct node *map, const char *key,
                                         struct node *value)
{
    struct node_member *member;

    assert(map->type == NODE_MAP);
    map->map.members =
        arena_grow(arena, map->map.members, map->map.count, sizeof(map->map.members[0]));
    member = &map->map.members[map->map.count++];
    *member = (struct node_member){.key = key, .value = value};
    return member;
}

struct node_member *node_append(struct arena *arena, struct node *map, const char *key,
                                struct node *value)
{
    return node_append_borrowed(arena, map, arena_strdup(arena, key), value);
}

static struct node_member *find_member(const struct node *map, const char *key)
{
    if (map == NULL || map->type != NODE_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->map.count; i++) {
        const char *other = map->map.members[i].key;

        if (other[0] == key[0] && strcmp(other, key) == 0) {
            return &map->map.members[i];
        }
    }
    return NULL;
}

void node_set(struct arena *arena, struct node *map, const char *key, struct node *value)
{
    struct node_member *member = find_member(map, key);

    assert(map->type == NODE_MAP);
    assert(value != NULL);
    if (member != NULL) {
        member->value = value;
    } else {
        (void)node_append(arena, map, key, value);
    }
}

bool node_remove(struct node *map, const char *key)
{
    struct node_member *member = find_member(map, key);
    size_t behind;

    if (member == NULL) {
        return false;
    }
    behind = map->map.count - (size_t)(member - map->map.members) - 1;
    memmove(member, member + 1, behind * sizeof(*member));
    map->map.count--;
    return true;
}

struct node *node_find(const struct node *map, const char *key)
{
    const struct node_member *member = find_member(map, key);

    return member == NULL ? NULL : member->value;
}

struct node *node_find_path(const struct node *root, const char *dotted)
{
    const struct node *node = root;

    while (node != NULL && node->type == NODE_MAP) {
        size_t length = strcspn(dotted, ".");
        struct node *below = NULL;

        for (size_t i = 0; i < node->map.count && below == NULL; i++) {
            const char *key = node->map.members[i].key;

            if (strncmp(key, dotted, length) == 0 && key[length] == '\0') {
                below = node->map.members[i].value;
            }
        }
        if (dotted[length] == '\0') {
            return below;
        }
        node = below;
        dotted += length + 1;
    }
    return NULL;
}

const char *node_text(const struct node *node)
{
    return node != NULL && node->type == NODE_STR ? node->str.text : NULL;
}

const char *node_find_text(const struct node *map, const char *key)
{
    return node_text(node_find(map, key));
}

bool node_find_int(const struct node *map, const char *key, int64_t *ret_value)
{
    const struct node *node = node_find(map, key);

    if (node == NULL || node->type != NODE_INT) {
        return false;
    }
    *ret_value = node->integer;
    return true;
}

const char *node_type_to_str(enum node_type type)
{
    switch (type) {
    case NODE_NULL:
        return "null";
    case NODE_BOOL:
        return "boolean";
    case NODE_INT:
        return "integer";
    case NODE_REAL:
        return "number";
    case NODE_STR:
        return "string";
    case NODE_LIST:
        return "array";
    case NODE_MAP:
        return "object";
    }
    return "unknown";
}

/* --- copying -------------------------------------------------------------------------------- */

struct copying {
    struct node *node; /* copied itself; what it points to is still the original's */
    size_t depth;      /* of containers, itself included */
};

struct copy_stack {
    VEC_OF(struct copying);
};

/* Room that arena_grow() can go on with: it expects 4, 8, 16, … */
static size_t room_for(size_t count)
{
    size_t room = 4;

    while (room < count) {
        room *= 2;
    }
    return room;
}

static struct node *copy_one(struct arena *arena, const struct node *from, size_t depth,
                             struct copy_stack *stack)
{
    struct node *node = arena_copy(arena, from, sizeof(*from));

    if (node->type == NODE_STR) {
        node->str.text = arena_strndup(arena, from->str.text, from->str.length);
    } else if (node->type == NODE_LIST || node->type == NODE_MAP) {
        assert(depth <= TREE_DEPTH_MAX);
        vec_add(stack, ((struct copying){node, depth}));
    }
    return node;
}

static void copy_items(struct arena *arena, struct copying at, struct copy_stack *stack)
{
    struct node **from = at.node->list.items;
    size_t count = at.node->list.count;
    struct node **to = arena_array(arena, room_for(count), sizeof(to[0]));

    for (size_t i = 0; i < count; i++) {
        to[i] = copy_one(arena, from[i], at.depth + 1, stack);
    }
    at.node->list.items = to;
}

static void copy_members(struct arena *arena, struct copying at, struct copy_stack *stack)
{
    const struct node_member *from = at.node->map.members;
    size_t count = at.node->map.count;
    struct node_member *to = arena_array(arena, room_for(count), sizeof(to[0]));

    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        to[i].key = arena_strdup(arena, from[i].key);
        to[i].value = copy_one(arena, from[i].value, at.depth + 1, stack);
    }
    at.node->map.members = to;
}

struct node *node_copy(struct arena *arena, const struct node *node)
{
    struct copy_stack stack = {0};
    struct node *copy = copy_one(arena, node, 1, &stack);

    while (stack.count > 0) {
        struct copying at = vec_pop(&stack);

        if (at.node->type == NODE_LIST) {
            copy_items(arena, at, &stack);
        } else {
            copy_members(arena, at, &stack);
        }
    }
    vec_fini(&stack);
    return copy;
}

/* --- comparing ------------------------------------------------------------------------------ */

struct node_pair {
    const struct node *a, *b;
};

struct pair_stack {
    VEC_OF(struct node_pair);
};

static bool numbers_eq(const struct node *a, const struct node *b)
{
    int64_t whole;

    if (a->type == b->type) {
        return a->type == NODE_INT ? a->integer == b->integer : a->real == b->real;
    }
    if (a->type == NODE_INT) {
        const struct node *swap = a;

        a = b;
        b = swap;
    }
    return real_is_whole(a->real, &whole) && whole == b->integer;
}

static bool is_number(const struct node *node)
{
    return node->type == NODE_INT || node->type == NODE_REAL;
}

static bool lists_eq(const struct node *a, const struct node *b, struct pair_stack *stack)
{
    if (a->list.count != b->list.count) {
        return false;
    }
    for (size_t i = 0; i < a->list.count; i++) {
        vec_add(stack, ((struct node_pair){a->list.items[i], b->list.items[i]}));
    }
    return true;
}

static int by_key(const void *left, const void *right)
{
    const struct node_member *a = *(const struct node_member *const *)left;
    const struct node_member *b = *(const struct node_member *const *)right;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : (a > b) - (a < b);
}

const struct node_member **node_sorted_members(const struct node *map)
{
    const struct node_member **sorted;

    assert(map->type == NODE_MAP);
    sorted = mem_array(map->map.count, sizeof(sorted[0]));
    for (size_t i = 0; i < map->map.count; i++) {
        sorted[i] = &map->map.members[i];
    }
    qsort(sorted, map->map.count, sizeof(sorted[0]), by_key);
    return sorted;
}

static bool maps_eq(const struct node *a, const struct node *b, struct pair_stack *stack)
{
    _cleanup_free_ const struct node_member **in_a = NULL;
    _cleanup_free_ const struct node_member **in_b = NULL;

    if (a->map.count != b->map.count) {
        return false;
    }
    in_a = node_sorted_members(a);
    in_b = node_sorted_members(b);
    for (size_t i = 0; i < a->map.count; i++) {
        if (strcmp(in_a[i]->key, in_b[i]->key) != 0) {
            return false;
        }
        vec_add(stack, ((struct node_pair){in_a[i]->value, in_b[i]->value}));
    }
    return true;
}

/* Equal as far as can be seen here; what is below goes on the stack. */
static bool pair_eq(const struct node *a, const struct node *b, struct pair_stack *stack)
{
    if (is_number(a) && is_number(b)) {
        return numbers_eq(a, b);
    }
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return a->boolean == b->boolean;
    case NODE_STR:
        return a->str.length == b->str.length &&
               memcmp(a->str.text, b->str.text, a->str.length) == 0;
    case NODE_LIST:
        return lists_eq(a, b, stack);
    case NODE_MAP:
        return maps_eq(a, b, stack);
    case NODE_INT:
    case NODE_REAL:
        break;
    }
    return false;
}

bool node_eq(const struct node *a, const struct node *b)
{
    struct pair_stack stack = {0};
    bool eq = a == NULL || b == NULL ? a == b : pair_eq(a, b, &stack);

    while (eq && stack.count > 0) {
        struct node_pair pair = vec_pop(&stack);

        eq = pair_eq(pair.a, pair.b, &stack);
    }
    vec_fini(&stack);
    return eq;
}
