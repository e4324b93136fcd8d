/* Two walks along the tables: laying one document over another, and taking paths away. */
#include "schema/overlay.h"

#include "schema/base/map.h"
#include "schema/base/str.h"
#include "schema/scalar.h"

#include <assert.h>

/* --- laying one over the other -----------------------------------------------------------------
 */

struct overlay {
    struct arena *arena;
    struct owned_scope scope;
};

static struct node *overlay_map(const struct overlay *overlay, const struct field *container,
                                const struct node *live, const struct node *config);

struct pair {
    const struct node *config, *live; /* `live` may be NULL */
};

static void add_item(const struct overlay *overlay, struct node *list, const struct field *field,
                     const struct pair *pair)
{
    struct node *item;

    if (field->map_key != NULL && pair->config != NULL && pair->config->type == NODE_MAP) {
        item = overlay_map(overlay, field, pair->live, pair->config);
    } else {
        item = node_copy(overlay->arena, pair->live != NULL ? pair->live : pair->config);
    }
    node_add(overlay->arena, list, item);
}

/* Finds for each item of the configuration its like in `live`; shared[j] becomes true for the live
 * items that have one.  A second item of the same key stays alone and is refused later. */
static void pair_items(const struct field *field, const struct node *live,
                       const struct node *config, struct pair *pairs, bool *shared)
{
    _cleanup_(map_fini)
    struct map index = {0};
    _cleanup_(str_fini)
    struct str element = STR_EMPTY;

    for (size_t i = 0; i < config->list.count; i++) {
        pairs[i].config = config->list.items[i];
        if (owned_item_element(field, pairs[i].config, &element) &&
            map_find(&index, element.data) == NULL) {
            (void)map_put(&index, element.data, &pairs[i]);
        }
    }
    for (size_t j = 0; j < live->list.count; j++) {
        struct pair *pair = owned_item_element(field, live->list.items[j], &element)
                                ? map_remove(&index, element.data)
                                : NULL;

        if (pair != NULL) {
            pair->live = live->list.items[j];
            shared[j] = true;
        }
    }
}

/* Live items keep their places; those that both have share theirs out in the order of the
 * configuration, each preceded by the new ones that stand before it there. */
static struct node *overlay_items(const struct overlay *overlay, const struct field *field,
                                  const struct node *live, const struct node *config)
{
    struct pair *pairs = arena_array(overlay->arena, config->list.count, sizeof(*pairs));
    bool *shared = arena_array(overlay->arena, live->list.count, sizeof(*shared));
    struct node *list = node_list(overlay->arena);
    size_t next = 0;

    pair_items(field, live, config, pairs, shared);
    for (size_t j = 0; j < live->list.count; j++) {
        if (!shared[j]) {
            add_item(overlay, list, field, &(struct pair){.live = live->list.items[j]});
            continue;
        }
        while (pairs[next].live == NULL) {
            add_item(overlay, list, field, &pairs[next++]);
        }
        add_item(overlay, list, field, &pairs[next++]);
    }
    while (next < config->list.count) {
        add_item(overlay, list, field, &pairs[next++]);
    }
    return list;
}

static struct node *overlay_value(const struct overlay *overlay, const struct field *field,
                                  const struct node *live, const struct node *config)
{
    bool same_type = live != NULL && live->type == config->type;

    switch (field_form_of(field, config)) {
    case FORM_STRUCT:
    case FORM_STRMAP:
        return overlay_map(overlay, field, same_type ? live : NULL, config);
    case FORM_ITEMS:
    case FORM_SET:
        return overlay_items(overlay, field, same_type ? live : node_list(overlay->arena), config);
    case FORM_LEAF:
        break;
    }
    return node_copy(overlay->arena,
                     live != NULL && field_value_eq(field, live, config) ? live : config);
}

static void overlay_member(const struct overlay *overlay, struct node *to,
                           const struct field *container, const char *name, const struct node *live,
                           const struct node *config)
{
    const struct field *field;
    enum standing standing = owned_member(overlay->scope, container, name, &field);
    struct node *value;

    if (config == NULL || standing == STANDS_LIVE) {
        if (live == NULL) {
            return;
        }
        value = node_copy(overlay->arena, live);
    } else if (standing == STANDS_OWNED) {
        value = overlay_value(overlay, field, live, config);
    } else {
        value = node_copy(overlay->arena, config);
    }
    (void)node_append(overlay->arena, to, name, value);
}

static struct node *overlay_map(const struct overlay *overlay, const struct field *container,
                                const struct node *live, const struct node *config)
{
    _cleanup_(map_fini)
    struct map index = {0};
    struct node *map = node_map(overlay->arena);

    map->line = config->line;
    map->column = config->column;
    for (size_t i = 0; i < config->map.count; i++) {
        if (config->map.members[i].value->type != NODE_NULL) {
            (void)map_put(&index, config->map.members[i].key, config->map.members[i].value);
        }
    }
    for (size_t i = 0; live != NULL && i < live->map.count; i++) {
        const struct node_member *member = &live->map.members[i];

        overlay_member(overlay, map, container, member->key, member->value,
                       map_remove(&index, member->key));
    }
    for (size_t i = 0; i < config->map.count; i++) {
        const struct node_member *member = &config->map.members[i];

        if (map_find(&index, member->key) != NULL) {
            overlay_member(overlay, map, container, member->key, NULL, member->value);
        }
    }
    return map;
}

struct node *owned_overlay(struct arena *arena, struct owned_scope scope, const struct node *live,
                           const struct node *config)
{
    const struct overlay overlay = {.arena = arena, .scope = scope};

    assert(config->type == NODE_MAP);
    assert(live == NULL || live->type == NODE_MAP);
    return overlay_map(&overlay, NULL, live, config);
}

/* --- taking paths away -------------------------------------------------------------------------
 */

struct pruning {
    struct owned_scope scope;
    const struct fieldset *drop, *kept;
    struct str key;     /* of the value being looked at */
    struct arena arena; /* for looking at defaults */
};

/* What is left of a container. */
struct remains {
    bool lost; /* something went */
    bool bare; /* nothing stayed but defaults, as they are, that nobody owns */
};

static bool prune_value(struct pruning *pruning, const struct field *field, struct node *value,
                        struct remains *above);

static bool is_in(const struct pruning *pruning, const struct fieldset *set)
{
    return fieldset_find(set, pruning->key.data, pruning->key.length) != NULL;
}

static bool prune_member(struct pruning *pruning, const struct field *container,
                         const struct node_member *member, struct remains *remains)
{
    const struct field *field;
    enum standing standing = owned_member(pruning->scope, container, member->key, &field);
    bool is_key =
        container != NULL && container->map_key != NULL && str_eq(member->key, container->map_key);
    size_t mark;
    bool stays;

    if (standing != STANDS_OWNED || is_key || member->value->type == NODE_NULL) {
        remains->bare = false;
        return true;
    }
    mark = path_push(&pruning->key, "f:", member->key);
    stays = prune_value(pruning, field, member->value, remains);
    path_pop(&pruning->key, mark);
    return stays;
}

static void prune_map(struct pruning *pruning, const struct field *container, struct node *map,
                      struct remains *remains)
{
    size_t kept = 0;

    for (size_t i = 0; i < map->map.count; i++) {
        if (prune_member(pruning, container, &map->map.members[i], remains)) {
            map->map.members[kept++] = map->map.members[i];
        }
    }
    map->map.count = kept;
}

static bool prune_item(struct pruning *pruning, const struct field *field, struct node *item,
                       struct remains *remains)
{
    struct remains inside = {.bare = true};

    if (is_in(pruning, pruning->drop) &&
        !fieldset_reaches(pruning->kept, pruning->key.data, pruning->key.length)) {
        remains->lost = true;
        return false;
    }
    if (field->map_key != NULL) {
        prune_map(pruning, field, item, &inside);
    }
    remains->lost |= inside.lost;
    remains->bare = false;
    return true;
}

static void prune_items(struct pruning *pruning, const struct field *field, struct node *list,
                        struct remains *remains)
{
    _cleanup_(str_fini)
    struct str element = STR_EMPTY;
    size_t kept = 0;

    for (size_t i = 0; i < list->list.count; i++) {
        struct node *item = list->list.items[i];
        bool stays = true;

        if (owned_item_element(field, item, &element)) {
            size_t mark = path_push(&pruning->key, "", element.data);

            stays = prune_item(pruning, field, item, remains);
            path_pop(&pruning->key, mark);
        } else {
            remains->bare = false;
        }
        if (stays) {
            list->list.items[kept++] = item;
        }
    }
    list->list.count = kept;
}

static bool is_empty(const struct node *value)
{
    return (value->type == NODE_MAP && value->map.count == 0) ||
           (value->type == NODE_LIST && value->list.count == 0);
}

static bool is_default(struct pruning *pruning, const struct field *field, const struct node *value)
{
    union {
        int64_t integer;
        double real;
        const char *text;
    } member = {0};

    return field != NULL && field->fallback != NULL && field_type_is_scalar(field->type) &&
           scalar_from_text(&pruning->arena, field, field->type, field->fallback, &member) &&
           field_value_eq(field, value,
                          scalar_to_node(&pruning->arena, field, field->type, &member));
}

static bool prune_leaf(struct pruning *pruning, const struct field *field, const struct node *value,
                       struct remains *above)
{
    if (is_in(pruning, pruning->drop)) {
        above->lost = true;
        return false;
    }
    if (above->bare && (is_in(pruning, pruning->kept) || !is_default(pruning, field, value))) {
        above->bare = false;
    }
    return true;
}

/* Returns whether the value stays, and tells `above` about it. */
static bool prune_value(struct pruning *pruning, const struct field *field, struct node *value,
                        struct remains *above)
{
    struct remains here = {.bare = true};
    bool stays;

    if (is_empty(value)) {
        return prune_leaf(pruning, field, value, above);
    }
    switch (field_form_of(field, value)) {
    case FORM_STRUCT:
    case FORM_STRMAP:
        prune_map(pruning, field, value, &here);
        break;
    case FORM_ITEMS:
    case FORM_SET:
        prune_items(pruning, field, value, &here);
        break;
    case FORM_LEAF:
        return prune_leaf(pruning, field, value, above);
    }
    here.lost |= is_in(pruning, pruning->drop);
    here.bare = here.bare && !is_in(pruning, pruning->kept);
    stays = !(here.lost && here.bare);
    above->lost |= here.lost;
    above->bare &= !stays || here.bare;
    return stays;
}

void owned_prune(struct owned_scope scope, struct node *root, const struct fieldset *drop,
                 const struct fieldset *kept)
{
    struct pruning pruning = {.scope = scope, .drop = drop, .kept = kept, .key = STR_EMPTY};
    struct remains remains = {.bare = true};

    if (drop->count > 0) {
        prune_map(&pruning, NULL, root, &remains);
    }
    arena_fini(&pruning.arena);
    str_fini(&pruning.key);
}
