/* Ownership is read from managedFields by a walk of its own, of fields alone ("f:…"). */
#include "tests/sim/check_sources.h"

#include "controller/core/core.h"
#include "controller/core/directory.h"
#include "controller/core/sources.h"
#include "schema/emit.h"
#include "schema/kinds/conflict.h"
#include "tests/sim/controller.h"
#include "tests/sim/reference.h"

#include <stdio.h>

static int rank_of(const char *source)
{
    return str_eq(source, "discovery") ? 0 : str_eq(source, "directory") ? 1 : 2;
}

/* Of the writer of a row; 3: nobody outranks him. */
static int rank_of_row(const struct row *row)
{
    if (row->log != ROW_LEDGER || row->kind->is_derived) {
        return 3;
    }
    return str_eq(row->manager, "fog-agent") ? 0 : str_eq(row->manager, "config-directory") ? 1 : 3;
}

static bool is_map(const struct node *node)
{
    return node != NULL && node->type == NODE_MAP;
}

enum { WALK_MAX = 4096 };

struct walk {
    const struct node *fields, *before, *after;
};

/* The first field of the entry that is not as it was; NULL: none.  `after` NULL: the object goes,
 * and any field that was there counts. */
static const char *changed_field(const struct node *fields, const struct node *before,
                                 const struct node *after)
{
    struct walk open[WALK_MAX];
    size_t count = 1;

    open[0] = (struct walk){fields, before, after};
    while (count > 0) {
        struct walk at = open[--count];

        for (size_t i = 0; i < at.fields->map.count; i++) {
            const struct node_member *member = &at.fields->map.members[i];
            struct walk next = {member->value, NULL, NULL};

            if (!str_starts(member->key, "f:")) {
                continue;
            }
            next.before = node_find(at.before, member->key + 2);
            next.after = node_find(at.after, member->key + 2);
            if (next.fields->map.count > 0 && count < WALK_MAX) {
                open[count++] = next;
            } else if (is_map(next.before) || is_map(next.after)) {
                continue; /* a container that was empty; what others put into it is theirs */
            } else if (after == NULL ? next.before != NULL : !node_eq(next.before, next.after)) {
                return member->key + 2;
            }
        }
    }
    return NULL;
}

static void check_rank(struct sim *sim, const struct row *row, const struct node *before,
                       const struct node *now)
{
    const struct node *entries = node_find_path(before, "metadata.managedFields");

    for (size_t i = 0; entries != NULL && i < entries->list.count; i++) {
        const struct node *entry = entries->list.items[i];
        const char *field;

        if (rank_of(node_find_text(entry, "source")) <= rank_of_row(row)) {
            continue;
        }
        field = changed_field(node_find(entry, "fieldsV1"), before, now);
        if (field != NULL) {
            sim_fail(sim, "rank", "revision %llu: %s changes %s/%s, of which %s owns %s",
                     (unsigned long long)row->revision, row->manager, row->kind->singular,
                     row->name, node_find_text(entry, "manager"), field);
        }
    }
}

static bool is_directorys(const struct node *object)
{
    const struct node *entries = node_find_path(object, "metadata.managedFields");

    for (size_t i = 0; entries != NULL && i < entries->list.count; i++) {
        if (str_eq(node_find_text(entries->list.items[i], "source"), "directory")) {
            return true;
        }
    }
    return false;
}

static bool is_buried(const struct sim *sim, const struct kind *kind, const char *name)
{
    char object[600];

    (void)snprintf(object, sizeof(object), "%s/%s", kind->singular, name);
    map_each (&sim->reference->objects, it) {
        const struct ref_object *known = it->value;

        if (known->kind == &conflict_kind &&
            str_eq(ref_text(known->ledger, "spec.object"), object) &&
            str_eq(ref_text(known->ledger, "spec.field"), CONFLICT_DELETED)) {
            return true;
        }
    }
    return false;
}

void check_sources_row(struct sim *sim, const struct row *row, const struct node *now,
                       const struct ref_object *before)
{
    if (row->log != ROW_LEDGER || row->kind->is_derived) {
        return;
    }
    if (before != NULL && before->ledger != NULL && rank_of_row(row) < 3) {
        check_rank(sim, row, before->ledger, now);
    }
    if (row->verb == ROW_DELETE && rank_of_row(row) == 3 && before != NULL &&
        is_directorys(before->ledger) && !is_buried(sim, row->kind, row->name)) {
        sim_fail(sim, "buried", "revision %llu: %s deletes %s/%s and leaves no tombstone",
                 (unsigned long long)row->revision, row->who, row->kind->singular, row->name);
    }
    if (row->verb == ROW_CREATE && rank_of_row(row) == 1 && is_buried(sim, row->kind, row->name)) {
        sim_fail(sim, "buried", "revision %llu: the directory makes %s/%s, which was deleted",
                 (unsigned long long)row->revision, row->kind->singular, row->name);
    }
}

/* --- the directory as a whole ----------------------------------------------------------------- */

static bool is_applied(const struct ctl *ctl)
{
    const char *why;

    return ctl_directory_is_applied(ctl, &why);
}

/* Is the object as a whole, or one of its fields, told as a conflict? */
static bool is_told(const struct ctl *ctl, const struct directory_object *object)
{
    char text[600];

    (void)snprintf(text, sizeof(text), "%s/%s", object->kind->singular, object->name);
    map_each (&ctl->model.objects[KIND_CONFLICT], it) {
        const struct conflict_spec *spec = &conflict_of(((struct entry *)it->value)->object)->spec;

        if (str_eq(spec->object, text) && str_eq(spec->refused, "directory")) {
            return true;
        }
    }
    return false;
}

static const struct node *part(const struct node *root, const char *path)
{
    return node_find_path(root, path);
}

static bool is_as_said(struct arena *arena, const struct object *live, const struct node *config)
{
    static const char *const paths[] = {"spec.battery.minPercent", "spec.limits.pids"};
    const struct node *now = emit_object(arena, live, EMIT_LEDGER);
    const struct node *labels = part(config, "metadata.labels");

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        if (part(config, paths[i]) != NULL &&
            !node_eq(part(config, paths[i]), part(now, paths[i]))) {
            return false;
        }
    }
    for (size_t i = 0; labels != NULL && i < labels->map.count; i++) {
        const struct node *label =
            node_find(part(now, "metadata.labels"), labels->map.members[i].key);

        if (!node_eq(labels->map.members[i].value, label)) {
            return false;
        }
    }
    return true;
}

void check_folder(struct sim *sim, bool at_rest)
{
    const struct ctl *ctl = sim->controller->ctl;
    const struct directory_set *set = sources_set(ctl);
    struct arena arena;
    const char *why;

    if (at_rest && !ctl_directory_is_applied(ctl, &why) && !str_starts(why, "error: ")) {
        sim_fail(sim, "whole", "the config directory is fine and not in force: %s", why);
    }
    if (set == NULL || !is_applied(ctl)) {
        return;
    }
    arena_init(&arena);
    for (size_t i = 0; i < set->count; i++) {
        const struct directory_object *object = set->objects[i];
        const struct object *live = model_find(&ctl->model, object->kind->id, object->name);
        bool is_there = live != NULL && !object_is_deleting(live);

        if ((!is_there || !is_as_said(&arena, live, object->config)) && !is_told(ctl, object)) {
            sim_fail(sim, "whole", "the config directory is in force, and %s/%s is not as it says",
                     object->kind->singular, object->name);
        }
    }
    arena_fini(&arena);
}

void check_directory(struct sim *sim, const struct directory *directory, bool is_fine,
                     const struct batch *batch)
{
    for (size_t i = 0; batch != NULL && i < batch->rows.count && !is_fine; i++) {
        const struct row *row = &batch->rows.items[i];

        if (str_eq(row->manager, DIRECTORY_MANAGER)) {
            sim_fail(sim, "whole", "the directory has mistakes or is not there, and writes %s/%s",
                     row->kind->singular, row->name);
        }
    }
    if (directory->state == DIRECTORY_READ && is_fine) {
        check_folder(sim, false);
    }
}
