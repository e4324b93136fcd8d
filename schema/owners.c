/* managedFields becomes an array of owners with path sets, and is written back; an owner that
 * nothing happened to is written as it was. */
#include "schema/owners.h"

#include "schema/limits.h"

#include <stdint.h>

static const char *const source_words[] = {"discovery", "directory", "api"};
static const char *const operation_words[] = {"Apply", "Update"};

/* Takes in the oldest Update entries when there are more than MANAGERS_MAX. */
static const char ancient_manager[] = "ancient-changes";

const char *source_to_str(enum source source)
{
    return source_words[source];
}

bool source_from_str(const char *text, enum source *ret_source)
{
    for (size_t i = 0; i < COUNT_OF(source_words); i++) {
        if (str_eq(text, source_words[i])) {
            *ret_source = (enum source)i;
            return true;
        }
    }
    return false;
}

static bool read_operation(const char *text, enum managed_operation *ret_operation)
{
    for (size_t i = 0; i < COUNT_OF(operation_words); i++) {
        if (str_eq(text, operation_words[i])) {
            *ret_operation = (enum managed_operation)i;
            return true;
        }
    }
    return false;
}

/* Without an optional member, its fallback; NULL when it is there and no string. */
static const char *optional_text(const struct node *map, const char *key, const char *fallback)
{
    const struct node *node = node_find(map, key);

    return node == NULL || node->type == NODE_NULL ? fallback : node_text(node);
}

static bool read_owner(struct arena *arena, const struct node *node, struct owner *ret_owner)
{
    struct owner owner = {.manager = node_find_text(node, "manager"),
                          .api_version = node_find_text(node, "apiVersion"),
                          .subresource = optional_text(node, "subresource", ""),
                          .original = node};
    const char *source = optional_text(node, "source", source_to_str(SOURCE_API));
    const char *time = optional_text(node, "time", "");

    if (str_is_empty(owner.manager) || str_is_empty(owner.api_version) ||
        owner.subresource == NULL || !source_from_str(source, &owner.source) ||
        !read_operation(node_find_text(node, "operation"), &owner.operation) ||
        !str_eq(optional_text(node, "fieldsType", "FieldsV1"), "FieldsV1")) {
        return false;
    }
    if (time == NULL || (time[0] != '\0' && !wall_from_str(time, &owner.time))) {
        return false;
    }
    if (!fieldset_from_node(arena, node_find(node, "fieldsV1"), &owner.fields)) {
        return false;
    }
    *ret_owner = owner;
    return true;
}

static struct owner *owners_add(struct owners *owners, const struct owner *owner)
{
    owners->items =
        arena_grow(owners->arena, owners->items, owners->count, sizeof(owners->items[0]));
    owners->items[owners->count] = *owner;
    return &owners->items[owners->count++];
}

const struct node *owners_list(const struct node *root)
{
    const struct node *list = node_find(node_find(root, "metadata"), "managedFields");

    return list != NULL && list->type == NODE_LIST && list->list.count > 0 ? list : NULL;
}

bool owners_read(struct owners *owners, const struct node *list)
{
    bool all = true;

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        struct owner owner;

        if (read_owner(owners->arena, list->list.items[i], &owner)) {
            (void)owners_add(owners, &owner);
        } else {
            all = false;
        }
    }
    return all;
}

static struct node *owner_to_node(struct arena *arena, const struct owner *owner)
{
    struct node *node = node_map(arena);
    char time[WALL_TEXT_SIZE];

    if (owner->original != NULL) {
        return node_copy(arena, owner->original);
    }
    node_set(arena, node, "manager", node_str(arena, owner->manager));
    node_set(arena, node, "operation", node_str(arena, operation_words[owner->operation]));
    node_set(arena, node, "apiVersion", node_str(arena, owner->api_version));
    if (owner->time.ms != 0) {
        wall_to_str(owner->time, time);
        node_set(arena, node, "time", node_str(arena, time));
    }
    node_set(arena, node, "fieldsType", node_str(arena, "FieldsV1"));
    node_set(arena, node, "fieldsV1", fieldset_to_node(arena, &owner->fields));
    if (!str_is_empty(owner->subresource)) {
        node_set(arena, node, "subresource", node_str(arena, owner->subresource));
    }
    if (owner->source != SOURCE_API) {
        node_set(arena, node, "source", node_str(arena, source_to_str(owner->source)));
    }
    return node;
}

static bool is_old_update(const struct owner *owner)
{
    return owner->operation == MANAGED_UPDATE && !str_eq(owner->manager, ancient_manager);
}

static bool is_same_side(const struct owner *a, const struct owner *b)
{
    return str_eq(a->api_version, b->api_version) && str_eq(a->subresource, b->subresource) &&
           a->source == b->source;
}

static bool is_same_owner(const struct owner *a, const struct owner *b)
{
    return str_eq(a->manager, b->manager) && a->operation == b->operation && is_same_side(a, b);
}

static struct owner *owners_find(const struct owners *owners, const struct owner *like)
{
    for (size_t i = 0; i < owners->count; i++) {
        if (is_same_owner(&owners->items[i], like)) {
            return &owners->items[i];
        }
    }
    return NULL;
}

static void remove_owner(struct owners *owners, size_t index)
{
    owners->count--;
    for (size_t i = index; i < owners->count; i++) {
        owners->items[i] = owners->items[i + 1];
    }
}

/* The index of the Update entry that was idle longest; SIZE_MAX when there is none. */
static size_t oldest_update(const struct owners *owners)
{
    size_t oldest = SIZE_MAX;

    for (size_t i = 0; i < owners->count; i++) {
        if (is_old_update(&owners->items[i]) &&
            (oldest == SIZE_MAX || owners->items[i].time.ms < owners->items[oldest].time.ms)) {
            oldest = i;
        }
    }
    return oldest;
}

/* Every client may bring a new name: beyond MANAGERS_MAX the oldest updates share an entry. */
static void bound_owners(struct owners *owners)
{
    size_t index = oldest_update(owners);

    while (owners->count > MANAGERS_MAX && index != SIZE_MAX) {
        struct owner old = owners->items[index];
        struct owner *ancient;

        remove_owner(owners, index);
        old.manager = ancient_manager;
        old.original = NULL;
        ancient = owners_find(owners, &old);
        if (ancient == NULL) {
            (void)owners_add(owners, &old);
        } else {
            ancient->fields = fieldset_union(owners->arena, &ancient->fields, &old.fields);
            ancient->time = old.time.ms > ancient->time.ms ? old.time : ancient->time;
            ancient->original = NULL;
        }
        index = oldest_update(owners);
    }
}

void owners_write(struct owners *owners, struct node *root)
{
    struct arena *arena = owners->arena;
    struct node *metadata = node_find(root, "metadata");
    struct node *list = node_list(arena);

    bound_owners(owners);
    for (size_t i = 0; i < owners->count; i++) {
        if (owners->items[i].fields.count > 0) {
            node_add(arena, list, owner_to_node(arena, &owners->items[i]));
        }
    }
    if (metadata == NULL || metadata->type != NODE_MAP) {
        metadata = node_map(arena);
        node_set(arena, root, "metadata", metadata);
    }
    if (list->list.count > 0) {
        node_set(arena, metadata, "managedFields", list);
    } else {
        (void)node_remove(metadata, "managedFields");
    }
}

struct owner *owners_get(struct owners *owners, const struct kind *kind,
                         const struct manager *manager, enum managed_operation operation)
{
    const struct owner own = {.manager = manager->name,
                              .operation = operation,
                              .api_version = kind->api_version,
                              .subresource = manager->subresource,
                              .source = manager->source};
    struct owner *found = owners_find(owners, &own);

    return found != NULL ? found : owners_add(owners, &own);
}

void owner_take(struct arena *arena, struct owner *owner, const struct fieldset *paths)
{
    struct fieldset rest = fieldset_minus(arena, &owner->fields, paths);

    if (rest.count < owner->fields.count) {
        owner->fields = rest;
        owner->original = NULL;
    }
}

struct fieldset owners_paths_but(const struct owners *owners, const struct owner *but)
{
    struct fieldset paths = {0};

    for (size_t i = 0; i < owners->count; i++) {
        if (&owners->items[i] != but) {
            paths = fieldset_union(owners->arena, &paths, &owners->items[i].fields);
        }
    }
    return paths;
}

void owner_set(struct owner *owner, struct fieldset fields, struct wall now)
{
    owner->fields = fields;
    owner->time = now;
    owner->original = NULL;
}
