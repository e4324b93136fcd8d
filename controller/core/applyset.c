/* An apply set is read when its change set is: what it adds are writes like any other. */
#include "controller/core/applyset.h"

#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/limits.h"

static bool reject(struct changeset *set, struct failure failure)
{
    set->failure = failure;
    return false;
}

static bool wants_prune(const struct node *spec)
{
    const struct node *prune = node_find(spec, "prune");

    return prune != NULL && prune->type == NODE_BOOL && prune->boolean;
}

size_t applyset_room(const struct ctl *ctl, const struct node *spec)
{
    size_t room = 0;

    for (size_t id = 0; id < KIND_COUNT && wants_prune(spec); id++) {
        room += kind_get((enum kind_id)id)->is_derived ? 0 : ctl->model.objects[id].count;
    }
    return room;
}

static bool is_member(struct changeset *set, struct ctl *ctl, size_t index, const char *other,
                      const char *name)
{
    struct node *cause = node_map(&ctl->arena);
    const struct write_request *write = &set->writes[index];

    if (other == NULL || str_eq(other, name)) {
        return true;
    }
    set->failure = failure_make(&ctl->arena, 409, "Conflict",
                                "%s \"%s\" is in the apply set \"%s\"", write->kind->singular,
                                node_find_text(node_find(write->body, "metadata"), "name"), other);
    set->failure.causes = node_list(&ctl->arena);
    node_set(&ctl->arena, cause, "reason", node_str(&ctl->arena, "FieldManagerConflict"));
    node_set(&ctl->arena, cause, "message",
             node_str(&ctl->arena, arena_printf(&ctl->arena, "is in the apply set \"%s\"", other)));
    node_set(&ctl->arena, cause, "field", node_str(&ctl->arena, "metadata.name"));
    node_set(&ctl->arena, cause, "change", node_int(&ctl->arena, (int64_t)index));
    node_add(&ctl->arena, set->failure.causes, cause);
    return false;
}

/* The label, in the configuration itself: so it has an owner, as all that is applied. */
static bool join(struct ctl *ctl, struct changeset *set, size_t index, const char *name, bool force)
{
    struct write_request *write = &set->writes[index];
    struct node *meta = node_find(write->body, "metadata"), *labels = node_find(meta, "labels");
    const char *object = node_find_text(meta, "name");
    const struct object *live =
        object == NULL ? NULL : model_find(&ctl->model, write->kind->id, object);

    if (object == NULL) {
        return true; /* said when it is decided */
    }
    if (!is_member(set, ctl, index, node_find_text(labels, APPLYSET_LABEL), name) ||
        (live != NULL && !force &&
         !is_member(set, ctl, index, strmap_find(&live->meta.labels, APPLYSET_LABEL), name))) {
        return false;
    }
    if (labels == NULL || labels->type != NODE_MAP) {
        labels = node_map(&ctl->arena);
        node_set(&ctl->arena, meta, "labels", labels);
    }
    node_set(&ctl->arena, labels, APPLYSET_LABEL, node_str(&ctl->arena, name));
    return true;
}

static const char *key_of(struct ctl *ctl, const struct kind *kind, const char *name)
{
    return arena_printf(&ctl->arena, "%s/%s", kind->name, name);
}

/* What the change set names itself, by kind and name. */
static void find_named(struct ctl *ctl, const struct changeset *set, struct map *ret_named)
{
    map_init(ret_named);
    for (size_t i = 0; i < set->count; i++) {
        const struct write_request *write = &set->writes[i];
        const char *name = write->name != NULL
                               ? write->name
                               : node_find_text(node_find(write->body, "metadata"), "name");

        if (name != NULL) { /* none: said when it is decided */
            (void)map_put(ret_named, key_of(ctl, write->kind, name), ret_named);
        }
    }
}

static void add_prunes_of(struct ctl *ctl, struct changeset *set, const struct kind *kind,
                          const struct write_request *defaults, const struct map *named,
                          const char *name)
{
    map_each (&ctl->model.objects[kind->id], it) {
        const struct object *object = ((struct entry *)it->value)->object;
        struct write_request *write = &set->writes[set->count];

        if (!str_eq(strmap_find(&object->meta.labels, APPLYSET_LABEL), name) ||
            map_find(named, key_of(ctl, kind, object->meta.name)) != NULL) {
            continue;
        }
        *write = *defaults;
        problems_init(&write->problems, &ctl->arena, NULL);
        write->verb = WRITE_PRUNE;
        write->kind = kind;
        write->name = arena_strdup(&ctl->arena, object->meta.name);
        set->count++;
    }
}

static bool add_prunes(struct ctl *ctl, struct changeset *set, const struct write_request *defaults,
                       const char *name)
{
    struct map named;

    find_named(ctl, set, &named);
    for (size_t id = KIND_COUNT; id-- > 0;) {
        if (!kind_get((enum kind_id)id)->is_derived) {
            add_prunes_of(ctl, set, kind_get((enum kind_id)id), defaults, &named, name);
        }
    }
    map_fini(&named);
    return set->count <= CHANGES_MAX ||
           reject(set, failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                                    "%zu changes with what is pruned, at most %d fit in one set",
                                    set->count, CHANGES_MAX));
}

bool applyset_read(struct ctl *ctl, const struct node *spec, const struct write_request *defaults,
                   bool force, struct changeset *set)
{
    const struct node *given = node_find(spec, "applySet"), *prune = node_find(spec, "prune");
    const char *name = node_text(given), *why = "is empty";

    if (prune != NULL && prune->type != NODE_BOOL && prune->type != NODE_NULL) {
        return reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "spec.prune: true or false is expected"));
    }
    if (given == NULL || given->type == NODE_NULL) {
        return !wants_prune(spec) ||
               reject(set, failure_make(&ctl->arena, 400, "BadRequest",
                                        "spec.prune: of which set? spec.applySet is missing"));
    }
    if (str_is_empty(name) || !label_value_is_valid(name, &why)) {
        return reject(set, failure_make(&ctl->arena, 422, "Invalid", "spec.applySet: \"%s\" %s",
                                        name == NULL ? "" : name, why));
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->writes[i].verb == WRITE_APPLY && !join(ctl, set, i, name, force)) {
            return false;
        }
    }
    return !wants_prune(spec) || add_prunes(ctl, set, defaults, name);
}

bool write_prune(struct ctl *ctl, struct write_request *request)
{
    struct object *live = model_find(&ctl->model, request->kind->id, request->name);
    const struct node *node = live == NULL ? NULL : emit_object(&ctl->arena, live, EMIT_ALL);

    if (live != NULL &&
        apply_has_other_owner(&ctl->arena, request->kind, node, request->manager.source)) {
        problem_add(&request->problems, PROBLEM_WARNING, CAUSE_FORBIDDEN, NULL, "",
                    "%s \"%s\" stays: another source owns something of it", request->kind->singular,
                    request->name);
        request->before = object_ref(live);
        request->after = object_ref(live);
        return true;
    }
    request->verb = WRITE_DELETE;
    return write_decide(ctl, request);
}
