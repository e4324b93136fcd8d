#include "tools/fogctl/going_back.h"

#include "schema/json.h"
#include "tools/fogctl/writing.h"

enum { RETRY_MS = 30000 };

static void put_object(struct arena *arena, struct node *to, const struct kind *kind,
                       const char *name)
{
    node_set(arena, to, "kind", node_str(arena, kind->name));
    if (name != NULL) {
        node_set(arena, to, "name", node_str(arena, name));
    }
}

static void put_objects(struct arena *arena, struct node *spec, const struct targets *objects)
{
    struct node *list;

    if (objects == NULL || objects->count == 0) {
        return;
    }
    if (objects->count == 1) {
        put_object(arena, spec, objects->items[0].kind, objects->items[0].name);
        return;
    }
    list = node_list(arena);
    vec_each (objects, it) {
        struct node *object = node_map(arena);

        put_object(arena, object, it->kind, it->name);
        node_add(arena, list, object);
    }
    node_set(arena, spec, "objects", list);
}

static const char *compose(struct fogctl *fogctl, const struct going_back *to)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena);
    struct str text = STR_EMPTY;
    const char *body;

    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "Rollback"));
    node_set(arena, spec, "toRevision", node_str(arena, to->revision));
    if (to->kind != NULL) {
        put_object(arena, spec, to->kind, to->name);
    }
    put_objects(arena, spec, to->objects);
    if (to->labels != NULL) {
        node_set(arena, spec, "labelSelector", node_str(arena, to->labels));
    }
    if (to->planned_at != NULL) {
        node_set(arena, spec, "revision", node_str(arena, to->planned_at));
    }
    node_set(arena, spec, "prune", node_bool(arena, to->prune));
    if (to->form_only) {
        node_set(arena, spec, "formOnly", node_bool(arena, true));
    }
    node_set(arena, root, "spec", spec);
    json_emit(root, JSON_PLAIN, &text);
    body = arena_strndup(arena, text.data, text.length);
    str_fini(&text);
    return body;
}

const struct node *going_back(struct fogctl *fogctl, const struct going_back *to, bool is_dry_run)
{
    const struct writing writing = {.manager = to->manager};
    struct request request = {
        .method = "POST",
        .path = arena_printf(&fogctl->arena, "/apis/fog/v1/rollbacks%s",
                             writing_query(fogctl, &writing, is_dry_run)),
        .body = compose(fogctl, to),
    };
    struct reply reply;

    if (fogctl->cause == NULL) {
        fogctl->cause = arena_printf(&fogctl->arena, "back to revision %s", to->revision);
    }
    if (!is_dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = RETRY_MS;
    }
    if (!http_call(fogctl, &request, &reply)) {
        return NULL;
    }
    if (reply.code != 200) {
        (void)reply_failed(&reply);
        return NULL;
    }
    return node_find(reply.root, "status");
}
