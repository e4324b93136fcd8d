#include "tests/support/owner_model.h"

#include "schema/base/str.h"
#include "schema/json.h"
#include "schema/problem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void owner_model_init(struct owner_model *model, struct arena *arena, const struct kind *kind,
                      const char *name)
{
    struct node *metadata = node_map(arena);

    *model = (struct owner_model){.arena = arena, .kind = kind, .blank = node_map(arena)};
    node_set(arena, metadata, "name", node_str(arena, name));
    node_set(arena, model->blank, "apiVersion", node_str(arena, kind->api_version));
    node_set(arena, model->blank, "kind", node_str(arena, kind->name));
    node_set(arena, model->blank, "metadata", metadata);
}

void owner_model_forget_owners(struct owner_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        map_fini(&model->entries[i].paths);
    }
    model->count = 0;
}

void owner_model_fini(struct owner_model *model)
{
    owner_model_forget_owners(model);
}

static bool is_same(const struct model_who *a, const struct model_who *b)
{
    return str_eq(a->manager, b->manager) && a->operation == b->operation &&
           a->source == b->source && str_eq(a->subresource, b->subresource);
}

static struct model_entry *find_entry(struct owner_model *model, const struct model_who *who)
{
    for (size_t i = 0; i < model->count; i++) {
        if (is_same(&model->entries[i].who, who)) {
            return &model->entries[i];
        }
    }
    return NULL;
}

static struct model_entry *get_entry(struct owner_model *model, const struct model_who *who)
{
    struct model_entry *entry = find_entry(model, who);

    if (entry == NULL) {
        assert(model->count < MODEL_ENTRIES_MAX);
        entry = &model->entries[model->count++];
        *entry = (struct model_entry){.who = *who};
        map_init(&entry->paths);
    }
    return entry;
}

static void drop_empty_entries(struct owner_model *model)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        if (model->entries[i].paths.count == 0) {
            map_fini(&model->entries[i].paths);
        } else {
            model->entries[kept++] = model->entries[i];
        }
    }
    model->count = kept;
}

static void put_path(struct map *paths, const char *path)
{
    (void)map_put(paths, path, (void *)path);
}

static bool of_status(const struct model_who *who)
{
    return str_eq(who->subresource, "status");
}

/* --- update ----------------------------------------------------------------------------------- */

static bool has_changed(const struct flat *before, const struct flat_line *line)
{
    const struct flat_line *old = flat_find(before, line->path);

    return old == NULL ||
           (line->value != NULL && old->value != NULL && !node_eq(old->value, line->value));
}

struct model_change { /* from one state of an object to the next */
    struct flat before, after;
    struct map changed; /* C */
};

static void find_changes(struct model_change *change, const struct map *claimed)
{
    map_each (&change->after.by_path, it) {
        if (has_changed(&change->before, it->value)) {
            put_path(&change->changed, ((struct flat_line *)it->value)->path);
        }
    }
    map_each (&change->before.by_path, it) {
        if (claimed != NULL && map_find(claimed, it->key) != NULL &&
            !flat_leads(&change->after.by_path, it->key)) {
            put_path(&change->changed, ((struct flat_line *)it->value)->path);
        }
    }
}

/* R: was there, and is there no more.  Returns whether the entry had any of it. */
static bool lose_what_went(struct model_entry *entry, const struct model_change *change)
{
    bool had_any = false;

    map_each (&entry->paths, it) {
        if (flat_leads(&change->before.by_path, it->key) &&
            !flat_leads(&change->after.by_path, it->key)) {
            (void)map_remove(&entry->paths, it->key);
            had_any = true;
        }
    }
    return had_any;
}

static void change_owners(struct owner_model *model, struct model_entry *own,
                          const struct model_change *change, struct wall now)
{
    bool is_touched = change->changed.count > 0;

    for (size_t i = 0; i < model->count; i++) {
        struct model_entry *entry = &model->entries[i];
        bool had_any = lose_what_went(entry, change);

        is_touched = is_touched || (had_any && entry == own);
        map_each (&change->changed, it) {
            if (entry != own) {
                (void)map_remove(&entry->paths, it->key);
            }
        }
    }
    map_each (&change->changed, it) {
        put_path(&own->paths, it->value);
    }
    if (is_touched) {
        own->time_ms = now.ms;
    }
    drop_empty_entries(model);
}

void owner_model_update(struct owner_model *model, const struct model_who *who,
                        const struct node *next, const struct map *claimed, struct wall now)
{
    struct model_change change = {0};

    flat_init(&change.before, model->arena, model->kind, of_status(who), model->live);
    flat_init(&change.after, model->arena, model->kind, of_status(who), next);
    find_changes(&change, claimed);
    change_owners(model, get_entry(model, who), &change, now);
    model->live = node_copy(model->arena, next);
    flat_fini(&change.before);
    flat_fini(&change.after);
    map_fini(&change.changed);
}

/* --- apply ------------------------------------------------------------------------------------ */

struct model_apply {
    struct owner_model *model;
    const struct model_who *who;
    struct flat config, live;
    struct map wanted;   /* S: paths of the configuration, less what was left out */
    struct node *merged; /* what is there, with S laid over it */
};

/* Would the configuration make something else of what is there? */
static bool differs_from_live(const struct model_apply *apply, const struct flat_line *line)
{
    const struct flat_line *there = flat_find(&apply->live, line->path);

    if (there != NULL) {
        return line->value != NULL && there->value != NULL && !node_eq(there->value, line->value);
    }
    return !flat_leads(&apply->live.by_path, line->path);
}

static void note(struct owner_model *model, const char *path, const struct model_entry *with,
                 bool is_left_out)
{
    assert(model->conflict_count < MODEL_CONFLICTS_MAX);
    model->conflicts[model->conflict_count++] =
        (struct model_conflict){path, with->who, is_left_out};
}

/* What a higher source owns leaves the configuration, an item or empty container with all below. */
static void leave_out(struct model_apply *apply)
{
    struct owner_model *model = apply->model;
    struct map out = {0};

    for (size_t i = 0; i < model->count; i++) {
        map_each (&apply->config.by_path, it) {
            if (model->entries[i].who.source > apply->who->source &&
                map_find(&model->entries[i].paths, it->key) != NULL &&
                differs_from_live(apply, it->value)) {
                note(model, ((struct flat_line *)it->value)->path, &model->entries[i], true);
                put_path(&out, it->key);
            }
        }
    }
    map_each (&apply->config.by_path, it) {
        bool is_out = false;

        map_each (&out, gone) {
            is_out = is_out || flat_is_at_or_below(it->key, gone->key);
        }
        if (!is_out) {
            put_path(&apply->wanted, ((struct flat_line *)it->value)->path);
        }
    }
    map_fini(&out);
}

/* An item without any field of its own but its key is nothing that was asked for. */
static enum model_outcome take_over(struct model_apply *apply, bool force)
{
    struct owner_model *model = apply->model;
    enum model_outcome outcome = MODEL_DONE;

    for (size_t i = 0; i < model->count; i++) {
        struct model_entry *entry = &model->entries[i];
        bool is_lower = entry->who.source < apply->who->source;

        if (is_same(&entry->who, apply->who) || entry->who.source > apply->who->source) {
            continue;
        }
        map_each (&apply->wanted, it) {
            if (map_find(&entry->paths, it->key) != NULL &&
                differs_from_live(apply, flat_find(&apply->config, it->key)) && !is_lower &&
                !force && flat_leads(&apply->live.by_path, it->key)) {
                note(model, it->value, entry, false);
                outcome = MODEL_CONFLICT;
            }
        }
    }
    return outcome;
}

static void lose_what_was_taken(struct model_apply *apply)
{
    struct owner_model *model = apply->model;

    for (size_t i = 0; i < model->count; i++) {
        struct model_entry *entry = &model->entries[i];

        map_each (&apply->wanted, it) {
            if (!is_same(&entry->who, apply->who) && entry->who.source <= apply->who->source &&
                differs_from_live(apply, flat_find(&apply->config, it->key))) {
                (void)map_remove(&entry->paths, it->key);
            }
        }
    }
}

static void lay_over(struct model_apply *apply)
{
    struct arena *arena = apply->model->arena;

    apply->merged =
        node_copy(arena, apply->model->live == NULL ? apply->model->blank : apply->model->live);
    map_each (&apply->wanted, it) {
        const struct flat_line *line = flat_find(&apply->config, it->key);

        if (differs_from_live(apply, line)) {
            flat_put(arena, apply->merged, line);
        }
    }
}

/* Does anybody want this path itself: the manager now, or another entry? */
static bool is_wanted(const struct model_apply *apply, const char *path)
{
    struct owner_model *model = apply->model;

    if (map_find(&apply->wanted, path) != NULL) {
        return true;
    }
    for (size_t i = 0; i < model->count; i++) {
        if (!is_same(&model->entries[i].who, apply->who) &&
            map_find(&model->entries[i].paths, path) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_below(const struct map *paths, const struct flat *merged, const char *above)
{
    map_each (paths, it) {
        if (flat_is_at_or_below(it->key, above) && flat_leads(&merged->by_path, it->key)) {
            return true;
        }
    }
    return false;
}

/* … or anything at it or below it that is there? */
static bool is_wanted_below(const struct model_apply *apply, const struct flat *merged,
                            const char *path)
{
    struct owner_model *model = apply->model;

    if (has_below(&apply->wanted, merged, path)) {
        return true;
    }
    for (size_t i = 0; i < model->count; i++) {
        if (!is_same(&model->entries[i].who, apply->who) &&
            has_below(&model->entries[i].paths, merged, path)) {
            return true;
        }
    }
    return false;
}

static bool is_default(const struct flat_line *line)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (line->value == NULL || line->field == NULL || line->field->fallback == NULL) {
        return false;
    }
    if (line->value->type == NODE_STR) {
        return str_eq(line->value->str.text, line->field->fallback);
    }
    json_emit(line->value, JSON_SORTED, &text);
    return str_eq(text.data, line->field->fallback);
}

/* A container from which something went, and in which nobody has anything but defaults. */
static bool is_left_bare(const struct model_apply *apply, const struct flat *merged,
                         const char *path)
{
    if (flat_is_item(path) || is_wanted_below(apply, merged, path)) {
        return false;
    }
    map_each (&merged->by_path, it) {
        const struct flat_line *line = it->value;

        if (flat_is_at_or_below(line->path, path) && !str_eq(line->path, path) &&
            !is_default(line)) {
            return false;
        }
        if (str_eq(line->path, path) && line->value->type != NODE_MAP &&
            line->value->type != NODE_LIST) {
            return false; /* a value, and no container */
        }
    }
    return true;
}

static void drop_bare(struct model_apply *apply, const char *path)
{
    struct arena *arena = apply->model->arena;
    struct flat merged;

    while (path != NULL && !str_eq(path, "f:metadata")) { /* that has the name */
        flat_init(&merged, arena, apply->model->kind, of_status(apply->who), apply->merged);
        if (is_left_bare(apply, &merged, path)) {
            flat_take(arena, apply->merged, path);
        }
        flat_fini(&merged);
        path = flat_above(arena, path);
    }
}

/* The field by which an item is found: it stays as long as the item. */
static bool is_key(struct arena *arena, const char *path)
{
    const char *item = flat_above(arena, path), *name = strrchr(path, '\n');
    const char *element = item == NULL ? NULL : strrchr(item, '\n');

    return element != NULL && str_starts(element, "\nk:{\"") && name != NULL &&
           strncmp(element + strlen("\nk:{\""), name + strlen("\nf:"), strlen(name + 3)) == 0 &&
           element[strlen("\nk:{\"") + strlen(name + 3)] == '"';
}

/* What the manager applied before, and nobody wants now. */
static void drop_forsaken(struct model_apply *apply, const struct model_entry *own)
{
    struct arena *arena = apply->model->arena;
    struct map gone = {0};
    struct flat merged;

    flat_init(&merged, arena, apply->model->kind, of_status(apply->who), apply->merged);
    map_each (&own->paths, it) {
        const struct flat_line *line = flat_find(&merged, it->key);

        if (is_wanted(apply, it->key) || is_key(arena, it->key) ||
            !flat_leads(&merged.by_path, it->key)) {
            continue;
        }
        if (flat_is_item(it->key) ? !is_wanted_below(apply, &merged, it->key) : line != NULL) {
            flat_take(arena, apply->merged, it->key);
            put_path(&gone, it->key);
        } else if (line == NULL) {
            put_path(&gone, it->key); /* a container with something in it */
        }
    }
    flat_fini(&merged);
    map_each (&gone, it) {
        drop_bare(apply, it->key);
    }
    map_fini(&gone);
}

static void own_what_is_wanted(struct model_apply *apply, struct wall now)
{
    struct model_entry *own = get_entry(apply->model, apply->who);
    bool is_touched = own->paths.count != apply->wanted.count;

    map_each (&apply->wanted, it) {
        is_touched = is_touched || map_find(&own->paths, it->key) == NULL ||
                     differs_from_live(apply, flat_find(&apply->config, it->key));
    }
    map_clear(&own->paths);
    map_each (&apply->wanted, it) {
        put_path(&own->paths, it->value);
    }
    if (is_touched) {
        own->time_ms = now.ms;
    }
    drop_empty_entries(apply->model);
}

static enum model_outcome carry_out(struct model_apply *apply, bool force, struct wall now,
                                    model_bind_f bind, void *context)
{
    struct owner_model *model = apply->model;
    const struct model_entry *own = find_entry(model, apply->who);
    struct node *bound;

    leave_out(apply);
    if (take_over(apply, force) == MODEL_CONFLICT) {
        return MODEL_CONFLICT;
    }
    lay_over(apply);
    if (own != NULL) {
        drop_forsaken(apply, own);
    }
    bound = bind(context, apply->merged);
    if (bound == NULL) {
        return MODEL_INVALID;
    }
    lose_what_was_taken(apply);
    own_what_is_wanted(apply, now);
    model->live = bound;
    return MODEL_DONE;
}

enum model_outcome owner_model_apply(struct owner_model *model, const struct model_who *who,
                                     const struct node *config, bool force, struct wall now,
                                     model_bind_f bind, void *context)
{
    struct model_apply apply = {.model = model, .who = who};
    enum model_outcome outcome;

    model->conflict_count = 0;
    flat_init(&apply.config, model->arena, model->kind, of_status(who), config);
    flat_init(&apply.live, model->arena, model->kind, of_status(who), model->live);
    outcome = carry_out(&apply, force, now, bind, context);
    flat_fini(&apply.config);
    flat_fini(&apply.live);
    map_fini(&apply.wanted);
    return outcome;
}

/* --- going back ------------------------------------------------------------------------------- */

static void put_rank(const struct owner_model *model, enum source source, struct map *to)
{
    for (size_t i = 0; i < model->count; i++) {
        map_each (&model->entries[i].paths, it) {
            if (model->entries[i].who.source >= source) {
                put_path(to, it->value);
            }
        }
    }
}

static bool has_same_paths(const struct map *a, const struct map *b)
{
    map_each (a, it) {
        if (map_find(b, it->key) == NULL) {
            return false;
        }
    }
    return a->count == b->count;
}

static bool is_no_change(const struct model_change *change)
{
    map_each (&change->before.by_path, it) {
        if (flat_find(&change->after, it->key) == NULL) {
            return false;
        }
    }
    map_each (&change->after.by_path, it) {
        if (has_changed(&change->before, it->value)) {
            return false;
        }
    }
    return true;
}

/* Where nothing else differs, owners that are as they were have the times of before. */
static void keep_times(struct owner_model *model, const struct owner_model *before)
{
    bool is_same_set = model->count == before->count;

    for (size_t i = 0; i < model->count && is_same_set; i++) {
        const struct model_entry *entry =
            find_entry((struct owner_model *)before, &model->entries[i].who);

        is_same_set = entry != NULL && has_same_paths(&entry->paths, &model->entries[i].paths);
    }
    for (size_t i = 0; i < model->count && is_same_set; i++) {
        model->entries[i].time_ms = owner_model_time_ms(before, &model->entries[i].who);
    }
}

/* The owners of then come back, except lower ones of what differs now, went, or belongs to the
 * rank of whoever goes back; what none of that rank owned then is his. */
static void restore_owners(struct owner_model *model, const struct owner_model *before,
                           const struct model_who *who, struct model_change *change,
                           struct wall now)
{
    struct map theirs = {0}, mine = {0};

    put_rank(model, who->source, &theirs);
    put_rank(before, who->source, &change->changed);
    map_each (&change->changed, it) {
        for (size_t i = 0; i < model->count; i++) {
            if (model->entries[i].who.source < who->source) {
                (void)map_remove(&model->entries[i].paths, it->key);
            }
        }
        if (map_find(&theirs, it->key) == NULL) {
            put_path(&mine, it->value);
        }
    }
    map_each (&mine, it) {
        struct model_entry *own = get_entry(model, who);

        put_path(&own->paths, it->value);
        own->time_ms = now.ms;
    }
    drop_empty_entries(model);
    map_fini(&theirs);
    map_fini(&mine);
}

void owner_model_restore(struct owner_model *model, const struct owner_model *then,
                         const struct model_who *who, const struct node *next,
                         const struct map *claimed, struct wall now)
{
    struct owner_model before;
    struct model_change change = {0};
    bool has_lower = claimed->count > 0;

    owner_model_init(&before, model->arena, model->kind, "x");
    owner_model_copy(&before, model);
    flat_init(&change.before, model->arena, model->kind, false, model->live);
    flat_init(&change.after, model->arena, model->kind, false, next);
    find_changes(&change, claimed);
    owner_model_copy(model, then);
    model->live = node_copy(model->arena, next);
    for (size_t i = 0; i < then->count; i++) {
        map_each (&then->entries[i].paths, it) {
            has_lower = has_lower || (then->entries[i].who.source < who->source &&
                                      flat_leads(&change.after.by_path, it->key));
        }
    }
    if (has_lower) {
        restore_owners(model, &before, who, &change, now);
    }
    if (is_no_change(&change)) {
        keep_times(model, &before);
    }
    flat_fini(&change.before);
    flat_fini(&change.after);
    map_fini(&change.changed);
    owner_model_fini(&before);
}

/* --- the rest --------------------------------------------------------------------------------- */

void owner_model_copy(struct owner_model *to, const struct owner_model *from)
{
    owner_model_forget_owners(to);
    to->live = from->live == NULL ? NULL : node_copy(to->arena, from->live);
    to->blank = from->blank;
    for (size_t i = 0; i < from->count; i++) {
        struct model_entry *entry = get_entry(to, &from->entries[i].who);

        entry->time_ms = from->entries[i].time_ms;
        map_each (&from->entries[i].paths, it) {
            put_path(&entry->paths, it->value);
        }
    }
}

int64_t owner_model_time_ms(const struct owner_model *model, const struct model_who *who)
{
    const struct model_entry *entry = find_entry((struct owner_model *)model, who);

    return entry == NULL ? 0 : entry->time_ms;
}

void owner_model_release(struct owner_model *model, enum source source)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->entries[i].who.source == source) {
            map_clear(&model->entries[i].paths);
        }
    }
    drop_empty_entries(model);
}

bool owner_model_release_field(struct owner_model *model, enum source source, const char *field)
{
    size_t length = strlen(field), count = 0;

    for (size_t i = 0; i < model->count; i++) {
        map_each (&model->entries[i].paths, it) {
            const char *text = flat_path_text(model->arena, it->key);

            if (model->entries[i].who.source == source && str_starts(text, field) &&
                (text[length] == '\0' || text[length] == '.' || text[length] == '[')) {
                (void)map_remove(&model->entries[i].paths, it->key);
                count++;
            }
        }
    }
    drop_empty_entries(model);
    return count > 0;
}

void owner_model_lower(const struct owner_model *model, enum source below, struct map *to)
{
    for (size_t i = 0; i < model->count; i++) {
        map_each (&model->entries[i].paths, it) {
            if (model->entries[i].who.source < below) {
                put_path(to, it->value);
            }
        }
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

static const char *side_differs(struct owner_model *model, bool of_status, const struct node *real)
{
    struct flat wanted, found;
    const char *words = NULL;

    flat_init(&wanted, model->arena, model->kind, of_status, model->live);
    flat_init(&found, model->arena, model->kind, of_status, real);
    map_each (&wanted.by_path, it) {
        const struct flat_line *line = it->value, *other = flat_find(&found, it->key);

        if (words == NULL && other == NULL) {
            words =
                arena_printf(model->arena, "%s is missing", flat_path_text(model->arena, it->key));
        } else if (words == NULL && line->value != NULL && !node_eq(line->value, other->value)) {
            words = arena_printf(model->arena, "%s has another value",
                                 flat_path_text(model->arena, it->key));
        }
    }
    map_each (&found.by_path, it) {
        if (words == NULL && flat_find(&wanted, it->key) == NULL) {
            words = arena_printf(model->arena, "%s should not be there",
                                 flat_path_text(model->arena, it->key));
        }
    }
    flat_fini(&wanted);
    flat_fini(&found);
    return words;
}

static struct model_who who_of(const struct node *entry)
{
    struct model_who who = {.manager = node_find_text(entry, "manager"),
                            .subresource = node_find_text(entry, "subresource"),
                            .operation = str_eq(node_find_text(entry, "operation"), "Apply")
                                             ? MANAGED_APPLY
                                             : MANAGED_UPDATE,
                            .source = SOURCE_API};
    const char *source = node_find_text(entry, "source");

    who.subresource = who.subresource == NULL ? "" : who.subresource;
    who.source = str_eq(source, "directory")   ? SOURCE_DIRECTORY
                 : str_eq(source, "discovery") ? SOURCE_DISCOVERY
                                               : SOURCE_API;
    return who;
}

void owner_model_read_owners(struct owner_model *model, const struct node *list)
{
    owner_model_forget_owners(model);
    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *node = list->list.items[i];
        struct model_who who = who_of(node);
        struct model_entry *entry = get_entry(model, &who);
        struct wall moment = {0};

        (void)wall_from_str(node_find_text(node, "time"), &moment);
        entry->time_ms = moment.ms;
        flat_read_fields(model->arena, node_find(node, "fieldsV1"), &entry->paths);
    }
}

static const char *set_differs(struct owner_model *model, const struct model_entry *entry,
                               const struct map *found)
{
    map_each (&entry->paths, it) {
        if (map_find(found, it->key) == NULL) {
            return arena_printf(model->arena, "\"%s\" should own %s", entry->who.manager,
                                flat_path_text(model->arena, it->key));
        }
    }
    map_each (found, it) {
        if (map_find(&entry->paths, it->key) == NULL) {
            return arena_printf(model->arena, "\"%s\" should not own %s", entry->who.manager,
                                flat_path_text(model->arena, it->key));
        }
    }
    return NULL;
}

static const char *entry_differs(struct owner_model *model, const struct node *node)
{
    struct model_who who = who_of(node);
    const struct model_entry *entry = find_entry(model, &who);
    const char *words, *time = node_find_text(node, "time");
    struct map found = {0};
    struct wall moment = {0};

    if (entry == NULL) {
        return arena_printf(model->arena, "\"%s\" should own nothing", who.manager);
    }
    flat_read_fields(model->arena, node_find(node, "fieldsV1"), &found);
    words = set_differs(model, entry, &found);
    map_fini(&found);
    if (words == NULL && (!wall_from_str(time, &moment) || moment.ms != entry->time_ms)) {
        words = arena_printf(model->arena, "the time of \"%s\" is %s, not %" PRId64, who.manager,
                             time, entry->time_ms);
    }
    return words;
}

const char *owner_model_differs(struct owner_model *model, const struct node *real)
{
    const struct node *list = node_find(node_find(real, "metadata"), "managedFields");
    size_t count = list == NULL ? 0 : list->list.count;
    const char *words;

    if ((model->live == NULL) != (real == NULL)) {
        return real == NULL ? "it is not there" : "it should not be there";
    }
    words = side_differs(model, false, real);
    words = words != NULL ? words : side_differs(model, true, real);
    for (size_t i = 0; words == NULL && i < count; i++) {
        words = entry_differs(model, list->list.items[i]);
    }
    if (words == NULL && count != model->count) {
        words = arena_printf(model->arena, "%zu own something, not %zu", count, model->count);
    }
    return words;
}
