/* Server-side apply: the rules of apply.h, on the path sets of owners. */
#include "schema/apply.h"

#include "schema/base/site.h"
#include "schema/json.h"
#include "schema/overlay.h"
#include "schema/owners.h"

#include <assert.h>

static struct owned_scope scope_of(const struct kind *kind, const struct manager *manager)
{
    return (struct owned_scope){.kind = kind, .status = str_eq(manager->subresource, "status")};
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
    struct fieldset before, changed;
    struct owners owners;
    struct owner *own; /* among them */
    struct apply_result *result;
};

static void add_conflicts(struct applying *applying, const struct owner *owner,
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
    struct fieldset after;

    applying->before = owned_paths(applying->arena, applying->scope, applying->live);
    applying->merged =
        owned_overlay(applying->arena, applying->scope, applying->live, applying->config);
    after = owned_paths(applying->arena, applying->scope, applying->merged);
    applying->changed = owned_changes(applying->arena, &applying->before, &after);
}

/* Of `paths` those that lead to something (`there`), or to nothing. */
static struct fieldset paths_that_lead(struct arena *arena, const struct fieldset *paths,
                                       const struct fieldset *there, bool somewhere)
{
    struct fieldset found = {0};

    for (size_t i = 0; i < paths->count; i++) {
        const struct field_path *path = &paths->paths[i];

        if (fieldset_reaches(there, path->key, path->length) == somewhere) {
            fieldset_add(arena, &found, path);
        }
    }
    return found; /* in the order of `paths`: settled */
}

/* Those of `fields` that one of `paths` leads to. */
static struct fieldset paths_below(struct arena *arena, const struct fieldset *fields,
                                   const struct fieldset *paths)
{
    struct fieldset below = {0};

    for (size_t i = 0; i < fields->count; i++) {
        for (size_t j = 0; j < paths->count; j++) {
            const struct field_path *path = &paths->paths[j];
            const struct fieldset one = {&fields->paths[i], 1};

            if (fieldset_reaches(&one, path->key, path->length)) {
                fieldset_add(arena, &below, &fields->paths[i]);
                break;
            }
        }
    }
    return below;
}

/* Rule 1, owners of higher rank: their fields leave the configuration; of an item that one of them
 * took away, what is new in it, too. */
static void leave_out_higher(struct applying *applying)
{
    struct arena *arena = applying->arena;
    struct fieldset left_out = {0}, stays;
    struct node *config;

    for (size_t i = 0; i < applying->owners.count; i++) {
        const struct owner *owner = &applying->owners.items[i];
        struct fieldset both = fieldset_both(arena, &applying->changed, &owner->fields);

        if (owner->source > applying->manager->source && !MUTANT(RANK_IGNORED)) {
            add_conflicts(applying, owner, &both, true);
            left_out = fieldset_union(arena, &left_out, &both);
        }
    }
    if (left_out.count > 0) {
        config = node_copy(arena, applying->config);
        stays = owned_paths(arena, applying->scope, config);
        left_out = paths_below(arena, &stays, &left_out);
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

    for (size_t i = 0; i < applying->owners.count; i++) {
        struct owner *owner = &applying->owners.items[i];
        struct fieldset both = fieldset_both(applying->arena, &applying->changed, &owner->fields);
        bool is_lower = owner->source < applying->manager->source || MUTANT(RANK_IGNORED);

        if (owner != applying->own && !is_lower) { /* what is not there is no conflict */
            struct fieldset gone =
                paths_that_lead(applying->arena, &both, &applying->before, false);

            owner_take(applying->arena, owner, &gone);
            both = fieldset_minus(applying->arena, &both, &gone);
        }
        if (owner == applying->own || both.count == 0) {
            continue;
        }
        if (is_lower || applying->force || MUTANT(CONFLICTS_IGNORED)) {
            if (!MUTANT(FORCE_KEEPS_OWNERS)) {
                owner_take(applying->arena, owner, &both);
            }
        } else {
            add_conflicts(applying, owner, &both, false);
            ok = false;
        }
    }
    return ok;
}

/* Rules 3 and 4. */
static void settle(struct applying *applying)
{
    struct arena *arena = applying->arena;
    struct owner *own = applying->own;
    struct fieldset now = owned_paths(arena, applying->scope, applying->config);
    struct fieldset there = owned_paths(arena, applying->scope, applying->merged);
    struct fieldset others = owners_paths_but(&applying->owners, own);
    struct fieldset kept, drop;

    others = paths_that_lead(arena, &others, &there, true);
    kept = fieldset_union(arena, &now, &others);
    drop = fieldset_minus(arena, &own->fields, &kept);

    if (!MUTANT(FORSAKEN_STAYS)) {
        owned_prune(applying->scope, applying->merged, &drop, &kept);
    }
    if (applying->changed.count > 0 || !fieldset_eq(&own->fields, &now)) {
        owner_set(own, now, applying->manager->now);
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
        .owners = {.arena = arena},
        .result = ret_result,
    };

    assert(config->type == NODE_MAP);
    *ret_result = (struct apply_result){0};
    (void)owners_read(&applying.owners, owners_list(live));
    applying.own = owners_get(&applying.owners, kind, manager, MANAGED_APPLY);
    merge(&applying);
    leave_out_higher(&applying);
    if (take_over(&applying)) {
        settle(&applying);
        owners_write(&applying.owners, applying.merged);
        ret_result->root = applying.merged;
    }
}

/* --- update ------------------------------------------------------------------------------------
 */

static void read_owners_of_update(struct owners *owners, const struct node *live,
                                  const struct node *next)
{
    const struct node *written = owners_list(next);
    const struct node *first = written == NULL ? NULL : written->list.items[0];
    struct arena *arena = owners->arena;

    if (first != NULL && written->list.count == 1 && first->type == NODE_MAP &&
        first->map.count == 0) {
        return;
    }
    if (written != NULL && owners_read(owners, written)) {
        return;
    }
    *owners = (struct owners){.arena = arena};
    (void)owners_read(owners, owners_list(live));
}

/* Nobody owns what was there and is there no more. */
static void forget_gone(struct owners *owners, const struct fieldset *before,
                        const struct fieldset *after, const struct manager *manager)
{
    for (size_t i = 0; i < owners->count; i++) {
        struct owner *owner = &owners->items[i];
        struct fieldset gone = {0};

        for (size_t j = 0; j < owner->fields.count; j++) {
            const struct field_path *path = &owner->fields.paths[j];

            if (fieldset_reaches(before, path->key, path->length) &&
                !fieldset_reaches(after, path->key, path->length)) {
                fieldset_add(owners->arena, &gone, path);
            }
        }
        owner_take(owners->arena, owner, &gone);
        if (gone.count > 0 && owner->operation == MANAGED_UPDATE &&
            str_eq(owner->manager, manager->name)) {
            owner->time = manager->now;
        }
    }
}

/* What goes, and would come back if nobody owned it. */
static struct fieldset claimed_gone(struct arena *arena, const struct manager *manager,
                                    const struct fieldset *before, const struct fieldset *after)
{
    struct fieldset gone = {0};

    if (manager->claimed != NULL) {
        gone = paths_that_lead(arena, before, after, false);
        gone = fieldset_both(arena, &gone, manager->claimed);
    }
    return gone;
}

struct node *apply_update(struct arena *arena, const struct kind *kind, const struct node *live,
                          const struct node *next, const struct manager *manager)
{
    struct owned_scope scope = scope_of(kind, manager);
    struct fieldset before = owned_paths(arena, scope, live);
    struct fieldset after = owned_paths(arena, scope, next);
    struct fieldset changed = owned_changes(arena, &before, &after), gone;
    struct owners owners = {.arena = arena};
    struct node *root = node_copy(arena, next);

    assert(next->type == NODE_MAP);
    read_owners_of_update(&owners, live, next);
    forget_gone(&owners, &before, &after, manager);
    gone = claimed_gone(arena, manager, &before, &after);
    changed = fieldset_union(arena, &changed, &gone);
    if (changed.count > 0) {
        struct owner *own = owners_get(&owners, kind, manager, MANAGED_UPDATE);

        for (size_t i = 0; i < owners.count; i++) {
            if (&owners.items[i] != own) {
                owner_take(arena, &owners.items[i], &changed);
            }
        }
        owner_set(own, fieldset_union(arena, &own->fields, &changed), manager->now);
    }
    owners_write(&owners, root);
    return root;
}

/* --- going back, giving back -------------------------------------------------------------------
 */

static struct fieldset paths_of_rank(struct arena *arena, const struct owners *owners,
                                     enum source source)
{
    struct fieldset paths = {0};

    for (size_t i = 0; i < owners->count; i++) {
        if (owners->items[i].source >= source) {
            paths = fieldset_union(arena, &paths, &owners->items[i].fields);
        }
    }
    return paths;
}

struct node *apply_restore(struct arena *arena, const struct kind *kind, const struct node *live,
                           const struct node *next, const struct manager *manager)
{
    struct owned_scope scope = scope_of(kind, manager);
    struct fieldset before = owned_paths(arena, scope, live);
    struct fieldset after = owned_paths(arena, scope, next);
    struct fieldset claims = owned_changes(arena, &before, &after);
    struct fieldset gone = claimed_gone(arena, manager, &before, &after);
    struct owners now = {.arena = arena}, then = {.arena = arena};
    struct fieldset held, theirs, mine;
    struct node *root = node_copy(arena, next);

    (void)owners_read(&now, owners_list(live));
    (void)owners_read(&then, owners_list(next));
    held = paths_of_rank(arena, &now, manager->source);
    theirs = paths_of_rank(arena, &then, manager->source);
    claims = fieldset_union(arena, &claims, &gone);
    claims = fieldset_union(arena, &claims, &held);
    for (size_t i = 0; i < then.count; i++) {
        if (then.items[i].source < manager->source) {
            owner_take(arena, &then.items[i], &claims);
        }
    }
    mine = fieldset_minus(arena, &claims, &theirs);
    if (mine.count > 0) {
        struct owner *own = owners_get(&then, kind, manager, MANAGED_UPDATE);

        owner_set(own, fieldset_union(arena, &own->fields, &mine), manager->now);
    }
    owners_write(&then, root);
    return root;
}

struct node *apply_release(struct arena *arena, const struct node *live, enum source source,
                           const struct fieldset *paths)
{
    struct owners owners = {.arena = arena};
    struct node *root;
    bool had_any = false;

    (void)owners_read(&owners, owners_list(live));
    for (size_t i = 0; i < owners.count; i++) {
        struct owner *owner = &owners.items[i];
        struct fieldset given =
            paths == NULL ? owner->fields : paths_below(arena, &owner->fields, paths);

        if (owner->source == source && given.count > 0) {
            had_any = true;
            owner_take(arena, owner, &given);
        }
    }
    if (!had_any) {
        return NULL;
    }
    root = node_copy(arena, live);
    owners_write(&owners, root);
    return root;
}

struct fieldset apply_owned(struct arena *arena, const struct node *live, enum source source)
{
    struct owners owners = {.arena = arena};
    struct fieldset paths = {0};

    (void)owners_read(&owners, owners_list(live));
    for (size_t i = 0; i < owners.count; i++) {
        if (owners.items[i].source == source) {
            paths = fieldset_union(arena, &paths, &owners.items[i].fields);
        }
    }
    return paths;
}

bool apply_has_other_owner(struct arena *arena, const struct kind *kind, const struct node *live,
                           enum source source)
{
    struct owners owners = {.arena = arena};
    struct fieldset there;

    (void)owners_read(&owners, owners_list(live));
    for (size_t i = 0; i < owners.count; i++) {
        struct fieldset fields = owners.items[i].fields;

        if (owners.items[i].source == source) {
            continue;
        }
        there = owned_paths(arena, (struct owned_scope){.kind = kind}, live);
        if (paths_that_lead(arena, &fields, &there, true).count > 0) {
            return true;
        }
    }
    return false;
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
