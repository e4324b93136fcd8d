/* Giving back: an operator to the lower sources, and the directory what it names no more. */
#include "controller/core/conflicts.h"
#include "controller/core/sources.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/emit.h"

static bool reject(struct write_request *request, struct failure failure)
{
    request->failure = failure;
    if (request->failure.kind == NULL) {
        request->failure.kind = request->kind;
        request->failure.name = request->name;
    }
    return false;
}

/* --- an operator ------------------------------------------------------------------------------
 */

static bool is_asked_for(const char *text, const char *field)
{
    size_t length;

    text += text[0] == '.' ? 1 : 0;
    field += field[0] == '.' ? 1 : 0;
    length = strlen(field);
    return strncmp(text, field, length) == 0 &&
           (text[length] == '\0' || text[length] == '.' || text[length] == '[');
}

/* Those of the operators' paths that the request names; false when it names one that is none. */
static bool find_paths(struct ctl *ctl, struct write_request *request, const struct node *live,
                       struct fieldset *ret_paths)
{
    struct fieldset owned = apply_owned(&ctl->arena, live, request->manager.source);
    const struct node *fields = request->body;

    *ret_paths = (struct fieldset){0};
    for (size_t i = 0; i < fields->list.count; i++) {
        const char *field = node_text(fields->list.items[i]);
        size_t before = ret_paths->count;

        for (size_t j = 0; field != NULL && j < owned.count; j++) {
            if (is_asked_for(field_path_to_text(&ctl->arena, &owned.paths[j]), field)) {
                fieldset_add(&ctl->arena, ret_paths, &owned.paths[j]);
            }
        }
        if (ret_paths->count == before) {
            return reject(request, failure_make(&ctl->arena, 422, "Invalid",
                                                "%s \"%s\": no manager of the API owns \"%s\"",
                                                request->kind->singular, request->name,
                                                field == NULL ? "" : field));
        }
    }
    fieldset_settle(&ctl->arena, ret_paths);
    return true;
}

static struct node *give_up(struct ctl *ctl, struct write_request *request, struct node *live,
                            bool *ret_fine)
{
    bool has_fields = request->body != NULL && request->body->type == NODE_LIST;
    struct fieldset paths;
    struct node *released;

    *ret_fine = !has_fields || find_paths(ctl, request, live, &paths);
    if (!*ret_fine) {
        return live;
    }
    released =
        apply_release(&ctl->arena, live, request->manager.source, has_fields ? &paths : NULL);
    return released == NULL ? live : released;
}

bool write_release(struct ctl *ctl, struct write_request *request)
{
    const struct write write = {ROW_LEDGER, request->who, request->manager.name, request->why};
    struct object *live = model_find(&ctl->model, request->kind->id, request->name);
    struct node *live_node = NULL, *next = NULL;
    bool is_lifted, is_fine = true;

    if (live != NULL && object_is_deleting(live)) {
        return reject(request,
                      failure_make(&ctl->arena, 409, "Conflict", "%s \"%s\" is being deleted",
                                   request->kind->singular, request->name));
    }
    is_lifted = conflicts_lift(ctl, request->kind, request->name, &write);
    if (live == NULL && !is_lifted) {
        return reject(request, failure_not_found(&ctl->arena, request->kind, request->name));
    }
    if (live != NULL) {
        request->before = object_ref(live);
        live_node = emit_object(&ctl->arena, live, EMIT_ALL);
        next = give_up(ctl, request, live_node, &is_fine);
    }
    if (!is_fine) {
        return false;
    }
    MARK("fields are given back");
    next = sources_overlay(ctl, request->kind, request->name, next, request->manager.source);
    if (next == NULL) {
        return true; /* nobody says anything any more */
    }
    request->root = next;
    write_settle(ctl, request, next, live_node);
    return write_put(ctl, request);
}

/* --- the directory ----------------------------------------------------------------------------
 */

/* The object without what the directory alone said of it; NULL when it would not be valid. */
static struct node *without_directory(struct ctl *ctl, struct write_request *request,
                                      const struct object *live, const struct node *live_node)
{
    struct arena *arena = &ctl->arena;
    struct node *config = node_map(arena), *meta = node_map(arena);
    struct apply_result result;
    struct problems problems;
    struct object *bound;

    problems_init(&problems, arena, NULL);
    node_set(arena, config, "apiVersion", node_str(arena, request->kind->api_version));
    node_set(arena, config, "kind", node_str(arena, request->kind->name));
    node_set(arena, meta, "name", node_str(arena, request->name));
    node_set(arena, config, "metadata", meta);
    apply_config(arena, request->kind, live_node, config, &request->manager, false, &result);
    if (result.root == NULL) {
        return NULL;
    }
    bound = bind_object(request->kind, result.root, BIND_QUIET, &problems);
    if (bound == NULL) {
        return NULL;
    }
    check_semantic(bound, live, NULL, NULL, &problems);
    object_unref(bound);
    return problems.errors == 0 ? result.root : NULL;
}

bool write_withdraw(struct ctl *ctl, struct write_request *request)
{
    struct object *live = model_find(&ctl->model, request->kind->id, request->name);
    struct node *live_node = emit_object(&ctl->arena, live, EMIT_ALL), *next;

    if (object_is_deleting(live)) {
        return true; /* it goes anyway */
    }
    if (!apply_has_other_owner(&ctl->arena, request->kind, live_node, request->manager.source)) {
        MARK("what the directory names no more goes");
        request->verb = WRITE_DELETE;
        return write_decide(ctl, request);
    }
    MARK("what others own of it stays without the directory");
    request->before = object_ref(live);
    next = without_directory(ctl, request, live, live_node);
    if (next == NULL) {
        next = apply_release(&ctl->arena, live_node, request->manager.source, NULL);
    }
    next = sources_overlay(ctl, request->kind, request->name, next, request->manager.source);
    request->root = next;
    write_settle(ctl, request, next, live_node);
    return write_put(ctl, request);
}
