/* Conflicts are kept as objects, named after what they are about, so that the same disagreement is
 * the same object for as long as it lasts. */
#include "controller/core/conflicts.h"

#include "controller/core/sources.h"
#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"

#include <stdio.h>

static const struct write by_controller = {ROW_LEDGER, "fog-controller", "", ""};

static const char *object_text(struct ctl *ctl, const struct kind *kind, const char *name)
{
    return arena_printf(&ctl->arena, "%s/%s", kind->singular, name);
}

static const char *conflict_name(struct ctl *ctl, const struct kind *kind, const char *name,
                                 const char *field, enum source refused)
{
    const char *key =
        arena_printf(&ctl->arena, "%s\n%s\n%s\n%d", kind->singular, name, field, (int)refused);
    struct digest digest;
    char hex[2 * 8 + 1];

    digest_of(key, strlen(key), &digest);
    hex_to_str(digest.bytes, 8, hex);
    return arena_printf(&ctl->arena, "%.*s.%s", NAME_BYTES_MAX - 20, name, hex);
}

static struct object *make(const char *name, const char *object, const char *field,
                           const char *owner, enum source source, enum source refused)
{
    struct object *next = object_new(&conflict_kind);
    struct conflict *conflict = next->body;
    struct conflict_spec *spec = &conflict->spec;

    shape_put(&meta_shape, &next->meta, name, object_strdup(next, name));
    shape_put(&conflict_spec_shape, spec, object, object_strdup(next, object));
    shape_put(&conflict_spec_shape, spec, field, object_strdup(next, field));
    shape_put(&conflict_spec_shape, spec, owner, object_strdup(next, owner));
    shape_put(&conflict_spec_shape, spec, owner_source, object_strdup(next, source_to_str(source)));
    shape_put(&conflict_spec_shape, spec, refused, object_strdup(next, source_to_str(refused)));
    shape_mark(&conflict_shape, conflict, &conflict->spec);
    return next;
}

/* --- what the object itself says --------------------------------------------------------------
 */

/* ".spec.replicas belongs to "fogctl" (api), directory is refused; …"; empty when there is none. */
static void describe(const struct ctl *ctl, const char *object, struct str *to)
{
    for (const struct conflict_entry *it = model_conflicts(&ctl->model, object); it != NULL;
         it = it->next) {
        const struct conflict_spec *spec = &conflict_of(it->object)->spec;

        if (conflict_is_tombstone(it->object)) {
            continue;
        }
        str_addf(to, "%s%s belongs to \"%s\" (%s), %s is refused", to->length == 0 ? "" : "; ",
                 spec->field, spec->owner, spec->owner_source, spec->refused);
    }
    if (to->length > MESSAGE_TEXT_BYTES_MAX) {
        to->length = utf8_valid_bytes(to->data, MESSAGE_TEXT_BYTES_MAX); /* no half character */
        to->data[to->length] = '\0';
    }
}

/* The conditions of an object and what has to be marked with them; false for kinds without. */
static bool conditions_of(struct object *object, conditions_t **ret_conditions)
{
    if (object->kind == &agent_kind) {
        struct agent *agent = object->body;

        *ret_conditions = &agent->status.conditions;
        shape_mark(&agent_status_shape, &agent->status, &agent->status.conditions);
        shape_mark(&agent_shape, agent, &agent->status);
        return true;
    }
    if (object->kind == &harvest_session_kind) {
        struct harvest_session *session = object->body;

        *ret_conditions = &session->status.conditions;
        shape_mark(&harvest_session_status_shape, &session->status, &session->status.conditions);
        shape_mark(&harvest_session_shape, session, &session->status);
        return true;
    }
    return false;
}

static void state(struct ctl *ctl, const struct kind *kind, const char *name, const char *object)
{
    const struct write write = {ROW_STATUS, "fog-controller", "", ""};
    const struct object *now = model_find(&ctl->model, kind->id, name);
    _cleanup_(str_fini)
    struct str message = STR_EMPTY;
    _cleanup_(object_unref_p)
    struct object *next = NULL;
    conditions_t *conditions;
    bool has_any;

    if (now == NULL) {
        return;
    }
    describe(ctl, object, &message);
    has_any = message.length > 0;
    next = object_edit(now);
    if (!conditions_of(next, &conditions) ||
        (!has_any && condition_find(conditions, "Conflict") == NULL)) {
        return;
    }
    condition_set(next, conditions, "Conflict", has_any ? CONDITION_TRUE : CONDITION_FALSE,
                  has_any ? "OwnedByHigherSource" : "Agreed",
                  has_any ? message.data : "no source is refused", next->meta.generation,
                  ctl->wall);
    (void)ctl_put(ctl, TAKE(next), &write);
}

/* --- fields -----------------------------------------------------------------------------------
 */

/* Adds those that are new; the names of all of them are left in `wanted`. */
static void add_wanted(struct ctl *ctl, const struct kind *kind, const char *name,
                       enum source refused, const struct apply_conflict *list, size_t count,
                       struct map *wanted)
{
    const struct object *about = model_find(&ctl->model, kind->id, name);
    const char *object = object_text(ctl, kind, name);

    for (size_t i = 0; i < count; i++) {
        const struct apply_conflict *conflict = &list[i];
        const char *its_name;
        bool is_new;

        if (!conflict->was_lower) {
            continue;
        }
        its_name = conflict_name(ctl, kind, name, conflict->path, refused);
        is_new = model_find(&ctl->model, KIND_CONFLICT, its_name) == NULL;
        if (is_new &&
            ctl->model.objects[KIND_CONFLICT].count - ctl->model.tombstones >= CONFLICTS_MAX) {
            continue;
        }
        (void)map_put(wanted, its_name, ctl);
        (void)ctl_put(
            ctl,
            make(its_name, object, conflict->path, conflict->manager, conflict->source, refused),
            &by_controller);
        if (is_new && about != NULL) {
            MARK("a lower source is refused a field");
            ctl_event_record(ctl, about, "Warning", "Conflict",
                             "%s belongs to \"%s\" (%s); what %s says of it is left out",
                             conflict->path, conflict->manager, source_to_str(conflict->source),
                             source_to_str(refused));
        }
    }
}

static void remove_others(struct ctl *ctl, const char *object, enum source refused,
                          const struct map *wanted)
{
    struct {
        VEC_OF(const struct object *);
    } gone = {0};

    for (const struct conflict_entry *it = model_conflicts(&ctl->model, object); it != NULL;
         it = it->next) {
        const struct object *conflict = it->object;

        if (!conflict_is_tombstone(conflict) &&
            str_eq(conflict_of(conflict)->spec.refused, source_to_str(refused)) &&
            map_find(wanted, conflict->meta.name) == NULL) {
            vec_add(&gone, conflict);
        }
    }
    vec_each (&gone, it) {
        MARK("a conflict is over");
        ctl_remove(ctl, *it, &by_controller);
    }
    vec_fini(&gone);
}

void conflicts_put(struct ctl *ctl, const struct kind *kind, const char *name, enum source refused,
                   const struct apply_conflict *list, size_t count)
{
    const char *object = object_text(ctl, kind, name);
    struct map wanted;

    if (count == 0 && ctl->model.objects[KIND_CONFLICT].count == 0) {
        return; /* the usual case costs nothing */
    }
    map_init(&wanted);
    add_wanted(ctl, kind, name, refused, list, count, &wanted);
    remove_others(ctl, object, refused, &wanted);
    map_fini(&wanted);
    state(ctl, kind, name, object);
}

/* --- tombstones -------------------------------------------------------------------------------
 */

static struct object *tombstone(struct ctl *ctl, const struct kind *kind, const char *name)
{
    return model_find(&ctl->model, KIND_CONFLICT,
                      conflict_name(ctl, kind, name, CONFLICT_DELETED, SOURCE_DIRECTORY));
}

/* May the directory still say what it is about?  Before it was read since the start nobody knows.
 */
static bool may_matter(const struct ctl *ctl, const struct object *tombstone)
{
    const char *object = conflict_of(tombstone)->spec.object, *slash = strchr(object, '/');
    char word[NAME_BYTES_MAX + 1];
    const struct kind *kind;

    if (slash == NULL) {
        return false;
    }
    (void)snprintf(word, sizeof(word), "%.*s", (int)(slash - object), object);
    kind = kind_find_word(word);
    return kind != NULL && sources_may_name(ctl, kind, slash + 1);
}

static bool is_older(const struct object *a, const struct object *b)
{
    return b == NULL || a->meta.created.ms < b->meta.created.ms ||
           (a->meta.created.ms == b->meta.created.ms && a->meta.revision < b->meta.revision);
}

/* A directory names no more than TOMBSTONES_MAX objects, so what is forgotten are those of files
 * that are gone. */
static void forget_oldest(struct ctl *ctl, const struct write *write)
{
    const struct object *oldest = NULL;

    map_each (&ctl->model.objects[KIND_CONFLICT], it) {
        const struct object *object = ((struct entry *)it->value)->object;

        if (conflict_is_tombstone(object) && is_older(object, oldest) && !may_matter(ctl, object)) {
            oldest = object;
        }
    }
    if (oldest != NULL) {
        MARK("the oldest tombstone is forgotten");
        ctl_remove(ctl, oldest, write);
    }
}

void conflicts_bury(struct ctl *ctl, const struct object *object, const struct write *write)
{
    const struct kind *kind = object->kind;
    const char *name = object->meta.name;

    MARK("a tombstone is left");
    (void)ctl_put(ctl,
                  make(conflict_name(ctl, kind, name, CONFLICT_DELETED, SOURCE_DIRECTORY),
                       object_text(ctl, kind, name), CONFLICT_DELETED, write->who, SOURCE_API,
                       SOURCE_DIRECTORY),
                  write);
    if (ctl->model.tombstones > TOMBSTONES_MAX) {
        forget_oldest(ctl, &by_controller);
    }
}

bool conflicts_is_buried(const struct ctl *ctl, const struct kind *kind, const char *name)
{
    return ctl->model.objects[KIND_CONFLICT].count > 0 &&
           tombstone((struct ctl *)ctl, kind, name) != NULL;
}

bool conflicts_lift(struct ctl *ctl, const struct kind *kind, const char *name,
                    const struct write *write)
{
    if (!conflicts_is_buried(ctl, kind, name)) {
        return false;
    }
    MARK("a tombstone is lifted");
    ctl_remove(ctl, tombstone(ctl, kind, name), write);
    return true;
}

/* --- questions --------------------------------------------------------------------------------
 */

size_t conflicts_count(const struct ctl *ctl, enum source refused)
{
    size_t count = 0;

    map_each (&ctl->model.objects[KIND_CONFLICT], it) {
        const struct object *conflict = ((struct entry *)it->value)->object;

        count += str_eq(conflict_of(conflict)->spec.refused, source_to_str(refused)) ? 1 : 0;
    }
    return count;
}

bool conflicts_has(const struct ctl *ctl, const struct kind *kind, const char *name)
{
    return ctl->model.objects[KIND_CONFLICT].count > 0 &&
           model_conflicts(&ctl->model, object_text((struct ctl *)ctl, kind, name)) != NULL;
}
