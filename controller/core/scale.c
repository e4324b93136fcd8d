#include "controller/core/scale.h"

#include "controller/core/patched.h"
#include "schema/emit.h"

static int64_t wanted(const struct harvest_session *session)
{
    const struct harvest_session_spec *spec = &session->spec;

    return shape_has(&harvest_session_spec_shape, spec, &spec->replicas) ||
                   session->status.desired == 0
               ? harvest_session_replicas(spec)
               : session->status.desired; /* on every agent, or of tasks */
}

struct node *scale_node(struct ctl *ctl, const struct object *session)
{
    static const char *const kept[] = {"name", "uid", "resourceVersion", "creationTimestamp"};
    struct arena *arena = &ctl->arena;
    const struct harvest_session *of = harvest_session_of(session);
    const struct node *whole =
        node_find(emit_object(arena, session, EMIT_META | EMIT_REVISION), "metadata");
    struct node *root = node_map(arena), *meta = node_map(arena);
    struct node *spec = node_map(arena), *status = node_map(arena);

    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        if (node_find(whole, kept[i]) != NULL) {
            node_set(arena, meta, kept[i], node_find(whole, kept[i]));
        }
    }
    node_set(arena, root, "kind", node_str(arena, "Scale"));
    node_set(arena, root, "apiVersion", node_str(arena, "autoscaling/v1"));
    node_set(arena, root, "metadata", meta);
    node_set(arena, spec, "replicas", node_int(arena, wanted(of)));
    node_set(arena, root, "spec", spec);
    node_set(arena, status, "replicas", node_int(arena, of->status.ready));
    node_set(arena, root, "status", status);
    return root;
}

static bool fail(struct write_request *write, struct failure failure)
{
    write->failure = failure;
    write->failure.kind = write->kind;
    write->failure.name = write->name;
    return false;
}

/* Is the text absent, or this one? */
static bool says(const struct node *map, const char *key, const char *text)
{
    const struct node *value = node_find(map, key);

    return value == NULL || str_eq(node_text(value), text);
}

static bool check_scale(struct ctl *ctl, struct write_request *write, const struct node *scale)
{
    const struct node *meta = node_find(scale, "metadata");

    if (scale == NULL || scale->type != NODE_MAP || !says(scale, "kind", "Scale") ||
        !says(scale, "apiVersion", "autoscaling/v1")) {
        return fail(write, failure_make(&ctl->arena, 400, "BadRequest",
                                        "the body is no Scale of autoscaling/v1"));
    }
    if (!says(meta, "name", write->name)) {
        return fail(write,
                    failure_make(&ctl->arena, 400, "BadRequest",
                                 "the name of the object does not match the name on the URL (%s)",
                                 write->name));
    }
    return true;
}

/* Clients leave out what is zero. */
static bool find_replicas(struct ctl *ctl, struct write_request *write, const struct node *scale,
                          struct node **ret_replicas)
{
    const struct node *value = node_find_path(scale, "spec.replicas");

    if (value != NULL && value->type != NODE_INT && value->type != NODE_NULL) {
        problem_add(&write->problems, PROBLEM_ERROR, CAUSE_TYPE, value, "spec.replicas",
                    "a whole number is expected, not %s", node_type_to_str(value->type));
        return fail(write,
                    failure_invalid(&ctl->arena, write->kind, write->name, &write->problems));
    }
    *ret_replicas =
        node_int(&ctl->arena, value == NULL || value->type == NODE_NULL ? 0 : value->integer);
    return true;
}

bool scale_to_patch(struct ctl *ctl, struct write_request *write)
{
    static const char *const preconditions[] = {"uid", "resourceVersion"};
    const struct object *session = model_find(&ctl->model, write->kind->id, write->name);
    struct node *scale = write->body, *replicas, *patch, *spec, *meta;
    struct failure failure;

    if (session == NULL) {
        return fail(write, failure_not_found(&ctl->arena, write->kind, write->name));
    }
    if (write->verb != WRITE_REPLACE &&
        !patched(ctl, write->verb == WRITE_JSON_PATCH ? PATCH_JSON : PATCH_MERGE,
                 scale_node(ctl, session), write->body, &scale, &failure)) {
        return fail(write, failure);
    }
    if (!check_scale(ctl, write, scale) || !find_replicas(ctl, write, scale, &replicas)) {
        return false;
    }
    patch = node_map(&ctl->arena);
    spec = node_map(&ctl->arena);
    meta = node_map(&ctl->arena);
    for (size_t i = 0; i < COUNT_OF(preconditions); i++) {
        struct node *value = node_find(node_find(scale, "metadata"), preconditions[i]);

        if (value != NULL) {
            node_set(&ctl->arena, meta, preconditions[i], value);
        }
    }
    node_set(&ctl->arena, spec, "replicas", replicas);
    node_set(&ctl->arena, patch, "metadata", meta);
    node_set(&ctl->arena, patch, "spec", spec);
    write->verb = WRITE_MERGE_PATCH;
    write->body = patch;
    return true;
}
