/* Server-side apply.  managedFields becomes an array of entries with path sets, the rules of
 * apply.h work on these sets, and the entries are written back; an entry that nothing happened to
 * is written as it was. */
#include "schema/apply.h"

#include "schema/json.h"
#include "schema/limits.h"
#include "schema/overlay.h"

#include <assert.h>

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

/* --- entries -----------------------------------------------------------------------------------
 */

struct entry {
    const char *manager;
    enum managed_operation operation;
    const char *api_version;
    const char *subresource; /* "" for none */
    enum source source;
    struct wall time; /* zero: unknown */
    struct fieldset fields;
    const struct node *original; /* NULL once anything changed */
};

struct entries {
    struct arena *arena;
    struct entry *items; /* in the arena */
    size_t count;
};

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

static bool read_entry(struct arena *arena, const struct node *node, struct entry *ret_entry)
{
    struct entry entry = {.manager = node_find_text(node, "manager"),
                          .api_version = node_find_text(node, "apiVersion"),
                          .subresource = optional_text(node, "subresource", ""),
                          .original = node};
    const char *source = optional_text(node, "source", source_to_str(SOURCE_API));
    const char *time = optional_text(node, "time", "");

    if (str_is_empty(entry.manager) || str_is_empty(entry.api_version) ||
        entry.subresource == NULL || !source_from_str(source, &entry.source) ||
        !read_operation(node_find_text(node, "operation"), &entry.operation) ||
        !str_eq(optional_text(node, "fieldsType", "FieldsV1"), "FieldsV1")) {
        return false;
    }
    if (time == NULL || (time[0] != '\0' && !wall_from_str(time, &entry.time))) {
        return false;
    }
    if (!fieldset_from_node(arena, node_find(node, "fieldsV1"), &entry.fields)) {
        return false;
    }
    *ret_entry = entry;
    return true;
}

static struct entry *add_entry(struct entries *entries, const struct entry *entry)
{
    entries->items =
        arena_grow(entries->arena, entries->items, entries->count, sizeof(entries->items[0]));
    entries->items[entries->count] = *entry;
    return &entries->items[entries->count++];
}

static const struct node *managed_fields(const struct node *root)
{
    const struct node *list = node_find(node_find(root, "metadata"), "managedFields");

    return list != NULL && list->type == NODE_LIST && list->list.count > 0 ? list : NULL;
}

/* All entries that can be read; false when there was one that cannot. */
static bool read_entries(struct entries *entries, const struct node *list)
{
    bool all = true;

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        struct entry entry;

        if (read_entry(entries->arena, list->list.items[i], &entry)) {
            (void)add_entry(entries, &entry);
        } else {
            all = false;
        }
    }
    return all;
}

static struct node *entry_to_node(struct arena *arena, const struct entry *entry)
{
    struct node *node = node_map(arena);
    char time[WALL_TEXT_SIZE];

    if (entry->original != NULL) {
        return node_copy(arena, entry->original);
    }
    node_set(arena, node, "manager", node_str(arena, entry->manager));
    node_set(arena, node, "operation", node_str(arena, operation_words[entry->operation]));
    node_set(arena, node, "apiVersion", node_str(arena, entry->api_version));
    if (entry->time.ms != 0) {
        wall_to_str(entry->time, time);
        node_set(arena, node, "time", node_str(arena, time));
    }
    node_set(arena, node, "fieldsType", node_str(arena, "FieldsV1"));
    node_set(arena, node, "fieldsV1", fieldset_to_node(arena, &entry->fields));
    if (!str_is_empty(entry->subresource)) {
        node_set(arena, node, "subresource", node_str(arena, entry->subresource));
    }
    if (entry->source != SOURCE_API) {
        node_set(arena, node, "source", node_str(arena, source_to_str(entry->source)));
    }
    return node;
}

static bool is_old_update(const struct entry *entry)
{
    return entry->operation == MANAGED_UPDATE && !str_eq(entry->manager, ancient_manager);
}

static bool is_same_side(const struct entry *a, const struct entry *b)
{
    return str_eq(a->api_version, b->api_version) && str_eq(a->subresource, b->subresource) &&
           a->source == b->source;
}

static bool is_same_owner(const struct entry *a, const struct entry *b)
{
    return str_eq(a->manager, b->manager) && a->operation == b->operation && is_same_side(a, b);
}

static struct entry *find_entry(const struct entries *entries, const struct entry *like)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (is_same_owner(&entries->items[i], like)) {
            return &entries->items[i];
        }
    }
    return NULL;
}

static void remove_entry(struct entries *entries, size_t index)
{
    entries->count--;
    for (size_t i = index; i < entries->count; i++) {
        entries->items[i] = entries->items[i + 1];
    }
}

/* The index of the Update entry that was idle longest; SIZE_MAX when there is none. */
static size_t oldest_update(const struct entries *entries)
{
    size_t oldest = SIZE_MAX;

    for (size_t i = 0; i < entries->count; i++) {
        if (is_old_update(&entries->items[i]) &&
            (oldest == SIZE_MAX || entries->items[i].time.ms < entries->items[oldest].time.ms)) {
            oldest = i;
        }
    }
    return oldest;
}

/* Every client may bring a new name: beyond MANAGERS_MAX the oldest updates share an entry. */
static void bound_entries(struct entries *entries)
{
    size_t index = oldest_update(entries);

    while (entries->count > MANAGERS_MAX && index != SIZE_MAX) {
        struct entry old = entries->items[index];
        struct entry *ancient;

        remove_entry(entries, index);
        old.manager = ancient_manager;
        old.original = NULL;
        ancient = find_entry(entries, &old);
        if (ancient == NULL) {
            (void)add_entry(entries, &old);
        } else {
            ancient->fields = fieldset_union(entries->arena, &ancient->fields, &old.fields);
            ancient->time = old.time.ms > ancient->time.ms ? old.time : ancient->time;
            ancient->original = NULL;
        }
        index = oldest_update(entries);
    }
}

static void write_entries(struct entries *entries, struct node *root)
{
    struct arena *arena = entries->arena;
    struct node *metadata = node_find(root, "metadata");
    struct node *list = node_list(arena);

    bound_entries(entries);
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->items[i].fields.count > 0) {
            node_add(arena, list, entry_to_node(arena, &entries->items[i]));
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

/* --- what both algorithms do -------------------------------------------------------------------
 */

static struct owned_scope scope_of(const struct kind *kind, const struct manager *manager)
{
    return (struct owned_scope){.kind = kind, .status = str_eq(manager->subresource, "status")};
}

static struct entry *own_entry(struct entries *entries, const struct kind *kind,
                               const struct manager *manager, enum managed_operation operation)
{
    const struct entry own = {.manager = manager->name,
                              .operation = operation,
                              .api_version = kind->api_version,
                              .subresource = manager->subresource,
                              .source = manager->source};
    struct entry *found = find_entry(entries, &own);

    return found != NULL ? found : add_entry(entries, &own);
}

static void take_from(struct arena *arena, struct entry *entry, const struct fieldset *paths)
{
    struct fieldset rest = fieldset_minus(arena, &entry->fields, paths);

    if (rest.count < entry->fields.count) {
        entry->fields = rest;
        entry->original = NULL;
    }
}

static struct fieldset paths_of_others(const struct entries *entries, const struct entry *own)
{
    struct fieldset paths = {0};

    for (size_t i = 0; i < entries->count; i++) {
        if (&entries->items[i] != own) {
            paths = fieldset_union(entries->arena, &paths, &entries->items[i].fields);
        }
    }
    return paths;
}

static void touch(struct entry *entry, struct fieldset fields, struct wall now)
{
    entry->fields = fields;
    entry->time = now;
    entry->original = NULL;
}

/* --- apply -------------------------------------------------------------------------------------
 */

struct applying {
    struct arena *arena;
    struct owned_scope scope;
    const struct manager *manager;
    bool force;
    const struct node *live;
    const struct node *config; /* less what was left out */
    struct node *merged;
    struct fieldset changed;
    struct entries entries;
    struct entry *own; /* among them */
    struct apply_result *result;
};

static void add_conflicts(struct applying *applying, const struct entry *owner,
                          const struct fieldset *paths, bool was_lower)
{
    struct apply_result *result = applying->result;

    for (size_t i = 0; i < paths->count; i++) {
        result->conflicts = arena_grow(applying->arena, result->conflicts, result->conflict_count,
                                       sizeof(result->conflicts[0]));
        result->conflicts[result->conflict_count++] = (struct apply_conflict){
            .path = field_path_to_text(applying->arena, &paths->paths[i]),
            .manager = owner->manager,
            .operation = owner->operation,
            .api_version = owner->api_version,
            .subresource = owner->subresource,
            .time = owner->time,
            .source = owner->source,
            .was_lower = was_lower,
        };
    }
}

static void merge(struct applying *applying)
{
    struct fieldset before = owned_paths(applying->arena, applying->scope, applying->live);
    struct fieldset after;

    applying->merged =
        owned_overlay(applying->arena, applying->scope, applying->live, applying->config);
    after = owned_paths(applying->arena, applying->scope, applying->merged);
    applying->changed = owned_changes(applying->arena, &before, &after);
}

/* Rule 1, owners of higher rank: their fields leave the configuration. */
static void leave_out_higher(struct applying *applying)
{
    struct arena *arena = applying->arena;
    struct fieldset left_out = {0}, stays;
    struct node *config;

    for (size_t i = 0; i < applying->entries.count; i++) {
        const struct entry *entry = &applying->entries.items[i];
        struct fieldset both = fieldset_both(arena, &applying->changed, &entry->fields);

        if (entry->source > applying->manager->source) {
            add_conflicts(applying, entry, &both, true);
            left_out = fieldset_union(arena, &left_out, &both);
        }
    }
    if (left_out.count > 0) {
        config = node_copy(arena, applying->config);
        stays = owned_paths(arena, applying->scope, config);
        stays = fieldset_minus(arena, &stays, &left_out);
        owned_prune(applying->scope, config, &left_out, &stays);
        applying->config = config;
        merge(applying);
    }
}

/* Rule 1, owners of equal or lower rank.  False when the apply fails. */
static bool take_over(struct applying *applying)
{
    bool ok = true;

    for (size_t i = 0; i < applying->entries.count; i++) {
        struct entry *entry = &applying->entries.items[i];
        struct fieldset both = fieldset_both(applying->arena, &applying->changed, &entry->fields);
        bool is_lower = entry->source < applying->manager->source;

        if (entry == applying->own || both.count == 0) {
            continue;
        }
        if (is_lower || applying->force) {
            take_from(applying->arena, entry, &both);
        } else {
            add_conflicts(applying, entry, &both, false);
            ok = false;
        }
    }
    return ok;
}

/* Rules 3 and 4. */
static void settle(struct applying *applying)
{
    struct arena *arena = applying->arena;
    struct entry *own = applying->own;
    struct fieldset now = owned_paths(arena, applying->scope, applying->config);
    struct fieldset others = paths_of_others(&applying->entries, own);
    struct fieldset kept = fieldset_union(arena, &now, &others);
    struct fieldset drop = fieldset_minus(arena, &own->fields, &kept);

    owned_prune(applying->scope, applying->merged, &drop, &kept);
    if (applying->changed.count > 0 || !fieldset_eq(&own->fields, &now)) {
        touch(own, now, applying->manager->now);
    }
}

void apply_config(struct arena *arena, const struct kind *kind, const struct node *live,
                  const struct node *config, const struct manager *manager, bool force,
                  struct apply_result *ret_result)
{
    struct applying applying = {
        .arena = arena,
        .scope = scope_of(kind, manager),
        .manager = manager,
        .force = force,
        .live = live,
        .config = config,
        .entries = {.arena = arena},
        .result = ret_result,
    };

    assert(config->type == NODE_MAP);
    *ret_result = (struct apply_result){0};
    (void)read_entries(&applying.entries, managed_fields(live));
    applying.own = own_entry(&applying.entries, kind, manager, MANAGED_APPLY);
    merge(&applying);
    leave_out_higher(&applying);
    if (take_over(&applying)) {
        settle(&applying);
        write_entries(&applying.entries, applying.merged);
        ret_result->root = applying.merged;
    }
}

/* --- update ------------------------------------------------------------------------------------
 */

static void read_entries_of_update(struct entries *entries, const struct node *live,
                                   const struct node *next)
{
    const struct node *written = managed_fields(next);
    const struct node *first = written == NULL ? NULL : written->list.items[0];
    struct arena *arena = entries->arena;

    if (first != NULL && written->list.count == 1 && first->type == NODE_MAP &&
        first->map.count == 0) {
        return;
    }
    if (written != NULL && read_entries(entries, written)) {
        return;
    }
    *entries = (struct entries){.arena = arena};
    (void)read_entries(entries, managed_fields(live));
}

/* Nobody owns what was there and is there no more. */
static void forget_gone(struct entries *entries, const struct fieldset *before,
                        const struct fieldset *after, const struct manager *manager)
{
    for (size_t i = 0; i < entries->count; i++) {
        struct entry *entry = &entries->items[i];
        struct fieldset gone = {0};

        for (size_t j = 0; j < entry->fields.count; j++) {
            const struct field_path *path = &entry->fields.paths[j];

            if (fieldset_reaches(before, path->key, path->length) &&
                !fieldset_reaches(after, path->key, path->length)) {
                fieldset_add(entries->arena, &gone, path);
            }
        }
        take_from(entries->arena, entry, &gone);
        if (gone.count > 0 && entry->operation == MANAGED_UPDATE &&
            str_eq(entry->manager, manager->name)) {
            entry->time = manager->now;
        }
    }
}

struct node *apply_update(struct arena *arena, const struct kind *kind, const struct node *live,
                          const struct node *next, const struct manager *manager)
{
    struct owned_scope scope = scope_of(kind, manager);
    struct fieldset before = owned_paths(arena, scope, live);
    struct fieldset after = owned_paths(arena, scope, next);
    struct fieldset changed = owned_changes(arena, &before, &after);
    struct entries entries = {.arena = arena};
    struct node *root = node_copy(arena, next);

    assert(next->type == NODE_MAP);
    read_entries_of_update(&entries, live, next);
    forget_gone(&entries, &before, &after, manager);
    if (changed.count > 0) {
        struct entry *own = own_entry(&entries, kind, manager, MANAGED_UPDATE);

        for (size_t i = 0; i < entries.count; i++) {
            if (&entries.items[i] != own) {
                take_from(arena, &entries.items[i], &changed);
            }
        }
        touch(own, fieldset_union(arena, &own->fields, &changed), manager->now);
    }
    write_entries(&entries, root);
    return root;
}

/* --- words -------------------------------------------------------------------------------------
 */

static void add_quoted(const char *text, struct str *to)
{
    json_emit_str(text, strlen(text), to);
}

static void add_owner(const struct apply_conflict *conflict, struct str *to)
{
    char time[WALL_TEXT_SIZE];

    add_quoted(conflict->manager, to);
    if (!str_is_empty(conflict->subresource)) {
        str_add(to, " with subresource ");
        add_quoted(conflict->subresource, to);
    }
    if (conflict->operation == MANAGED_UPDATE) {
        str_addf(to, " using %s", conflict->api_version);
        if (conflict->time.ms != 0) {
            wall_to_str(conflict->time, time);
            str_addf(to, " at %s", time);
        }
    }
}

static bool have_same_owner(const struct apply_conflict *a, const struct apply_conflict *b)
{
    return str_eq(a->manager, b->manager) && a->operation == b->operation &&
           str_eq(a->api_version, b->api_version) && str_eq(a->subresource, b->subresource) &&
           a->source == b->source;
}

void apply_conflict_message(const struct apply_result *result, struct str *to)
{
    const struct apply_conflict *previous = NULL;
    size_t count = 0;

    for (size_t i = 0; i < result->conflict_count; i++) {
        count += result->conflicts[i].was_lower ? 0 : 1;
    }
    str_addf(to, "Apply failed with %zu conflict%s: ", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < result->conflict_count; i++) {
        const struct apply_conflict *conflict = &result->conflicts[i];

        if (conflict->was_lower) {
            continue;
        }
        if (previous == NULL || !have_same_owner(previous, conflict)) {
            str_addf(to, "%sconflict%s with ", previous == NULL ? "" : "\n", count == 1 ? "" : "s");
            add_owner(conflict, to);
            str_add_char(to, ':');
        }
        str_addf(to, "%s%s", count == 1 ? " " : "\n- ", conflict->path);
        previous = conflict;
    }
}

void apply_conflict_cause(const struct apply_conflict *conflict, struct str *to)
{
    str_add(to, "conflict with ");
    add_owner(conflict, to);
}

void apply_left_out_message(const struct apply_result *result, struct str *to)
{
    const char *separator = "";

    for (size_t i = 0; i < result->conflict_count; i++) {
        const struct apply_conflict *conflict = &result->conflicts[i];

        if (conflict->was_lower) {
            str_addf(to, "%s%s belongs to ", separator, conflict->path);
            add_quoted(conflict->manager, to);
            str_addf(to, " (%s)", source_to_str(conflict->source));
            separator = "; ";
        }
    }
}
