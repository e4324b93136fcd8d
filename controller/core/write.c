/* All verbs lead through the same narrow place: a tree is composed from what is there and what
 * came, bound (which brings defaults), given its owners, bound again, and put. */
#include "controller/core/write.h"

#include "controller/core/applyset.h"
#include "controller/core/conflicts.h"
#include "controller/core/patched.h"
#include "controller/core/sources.h"
#include "controller/core/unchanged.h"
#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/emit.h"
#include "schema/limits.h"
#include "schema/patch.h"

#include <assert.h>

void write_init(struct arena *arena, struct write_request *request)
{
    *request = (struct write_request){0};
    problems_init(&request->problems, arena, NULL);
}

void write_fini(struct write_request *request)
{
    object_unref(request->before);
    object_unref(request->after);
}

const char *write_outcome_to_str(enum write_outcome outcome)
{
    switch (outcome) {
    case OUTCOME_UNCHANGED:
        return "unchanged";
    case OUTCOME_CREATED:
        return "created";
    case OUTCOME_CONFIGURED:
        return "configured";
    case OUTCOME_DELETED:
        return "deleted";
    case OUTCOME_DELETING:
        return "deleting";
    }
    return "";
}

static bool fail(struct write_request *request, struct failure failure)
{
    request->failure = failure;
    if (request->failure.kind == NULL) {
        request->failure.kind = request->kind;
        request->failure.name = request->name;
    }
    return false;
}

/* --- reading what came ------------------------------------------------------------------------ */

/* What decides over a write must not be overlooked because it is no text. */
static bool check_texts(struct ctl *ctl, struct write_request *request, const struct node *map,
                        const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const struct node *value = node_find(map, *keys);

        if (value != NULL && value->type != NODE_STR && value->type != NODE_NULL) {
            return fail(request, failure_make(&ctl->arena, 400, "BadRequest",
                                              "%s: a string is expected, not %s", *keys,
                                              node_type_to_str(value->type)));
        }
    }
    return true;
}

static bool check_type(struct ctl *ctl, struct write_request *request)
{
    static const char *const root_texts[] = {"apiVersion", "kind", NULL};
    static const char *const meta_texts[] = {"name", "generateName", "uid", "resourceVersion",
                                             NULL};
    const char *api_version = node_find_text(request->body, "apiVersion");
    const char *kind = node_find_text(request->body, "kind");

    if (request->body == NULL || request->body->type != NODE_MAP) {
        return fail(request,
                    failure_make(&ctl->arena, 400, "BadRequest", "the body is not an object"));
    }
    if (!check_texts(ctl, request, request->body, root_texts) ||
        !check_texts(ctl, request, node_find(request->body, "metadata"), meta_texts)) {
        return false;
    }
    if ((kind != NULL && !str_eq(kind, request->kind->name)) ||
        (api_version != NULL && !str_eq(api_version, request->kind->api_version))) {
        return fail(request,
                    failure_make(&ctl->arena, 400, "BadRequest",
                                 "the body is a %s %s, the URL is of %s %s",
                                 api_version == NULL ? "" : api_version, kind == NULL ? "" : kind,
                                 request->kind->api_version, request->kind->name));
    }
    return true;
}

static const char *generated_name(struct ctl *ctl, const char *prefix)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    char *name = arena_printf(&ctl->arena, "%.*sxxxxx", NAME_BYTES_MAX - 5, prefix);

    for (char *c = name + strlen(name) - 5; *c != '\0'; c++) {
        *c = letters[rand_below(&ctl->rand, sizeof(letters) - 1)];
    }
    return name;
}

static bool find_name(struct ctl *ctl, struct write_request *request)
{
    const struct node *meta = node_find(request->body, "metadata");
    const char *name = node_find_text(meta, "name");
    const char *prefix = node_find_text(meta, "generateName");
    size_t known = request->problems.errors; /* that a field stands twice does not end it here */
    const char *why;

    if (request->name != NULL && name != NULL && !str_eq(name, request->name)) {
        return fail(
            request,
            failure_make(&ctl->arena, 400, "BadRequest",
                         "the name of the object (%s) does not match the name on the URL (%s)",
                         name, request->name));
    }
    if (request->name == NULL) {
        request->name = name;
    }
    if (request->name == NULL && prefix != NULL && request->verb == WRITE_CREATE) {
        request->name = generated_name(ctl, prefix);
    }
    if (request->name == NULL) {
        problem_add(&request->problems, PROBLEM_ERROR, CAUSE_REQUIRED, meta, "metadata.name",
                    "Required value");
    } else if (!name_is_valid(request->name, &why)) {
        problem_add(&request->problems, PROBLEM_ERROR, CAUSE_INVALID, node_find(meta, "name"),
                    "metadata.name", "\"%s\" %s", request->name, why);
    }
    return request->problems.errors == known ||
           fail(request,
                failure_invalid(&ctl->arena, request->kind, request->name, &request->problems));
}

static const char *revision_text(struct ctl *ctl, const struct object *object)
{
    return arena_printf(&ctl->arena, "%llu", (unsigned long long)object->meta.revision);
}

/* Of an object that is not there (`live` NULL) no revision is the right one. */
static bool is_stale(struct ctl *ctl, const struct object *live, const struct node *meta)
{
    const char *revision = node_find_text(meta, "resourceVersion");
    const char *uid = node_find_text(meta, "uid");

    if (live == NULL) {
        return !str_is_empty(revision) || !str_is_empty(uid);
    }
    return (!str_is_empty(revision) && !str_eq(revision, revision_text(ctl, live))) ||
           (!str_is_empty(uid) && !str_eq(uid, live->meta.uid));
}

/* --- composing -------------------------------------------------------------------------------- */

static const char *const server_meta[] = {"namespace",
                                          "generateName",
                                          "uid",
                                          "resourceVersion",
                                          "generation",
                                          "creationTimestamp",
                                          "deletionTimestamp",
                                          "deletionGracePeriodSeconds",
                                          "selfLink"};

/* What the server owns of the metadata comes from `live`, whatever the client sent. */
static void settle_meta(struct ctl *ctl, struct node *root, const struct node *live,
                        const char *name)
{
    struct node *meta = node_find(root, "metadata");
    const struct node *live_meta = node_find(live, "metadata");

    if (meta == NULL || meta->type != NODE_MAP) {
        meta = node_map(&ctl->arena);
        node_set(&ctl->arena, root, "metadata", meta);
    }
    for (size_t i = 0; i < COUNT_OF(server_meta); i++) {
        const struct node *kept = node_find(live_meta, server_meta[i]);

        (void)node_remove(meta, server_meta[i]);
        if (kept != NULL) {
            node_set(&ctl->arena, meta, server_meta[i], node_copy(&ctl->arena, kept));
        }
    }
    node_set(&ctl->arena, meta, "name", node_str(&ctl->arena, name));
}

static void copy_member(struct ctl *ctl, struct node *to, const struct node *from, const char *key)
{
    const struct node *value = node_find(from, key);

    (void)node_remove(to, key);
    if (value != NULL) {
        node_set(&ctl->arena, to, key, node_copy(&ctl->arena, value));
    }
}

void write_settle(struct ctl *ctl, const struct write_request *request, struct node *root,
                  const struct node *live)
{
    settle_meta(ctl, root, live, request->name);
    node_set(&ctl->arena, root, "apiVersion", node_str(&ctl->arena, request->kind->api_version));
    node_set(&ctl->arena, root, "kind", node_str(&ctl->arena, request->kind->name));
    copy_member(ctl, root, live, "status");
}

/* The status subresource: everything but the status stays, owners too. */
static struct node *status_only(struct ctl *ctl, const struct node *live, const struct node *next)
{
    struct node *root = node_copy(&ctl->arena, live);

    copy_member(ctl, root, next, "status");
    return root;
}

static void keep_owners(struct ctl *ctl, struct node *root, const struct node *from)
{
    copy_member(ctl, node_find(root, "metadata"), node_find(from, "metadata"), "managedFields");
}

static bool conflicts(struct ctl *ctl, struct write_request *request,
                      const struct apply_result *result)
{
    _cleanup_(str_fini)
    struct str message = STR_EMPTY;
    struct failure failure;

    apply_conflict_message(result, &message);
    MARK("two managers want different things");
    failure = failure_make(&ctl->arena, 409, "Conflict", "%s", message.data);
    failure.causes = node_list(&ctl->arena);
    for (size_t i = 0; i < result->conflict_count; i++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;
        struct node *cause = node_map(&ctl->arena);

        if (result->conflicts[i].was_lower) {
            continue;
        }
        apply_conflict_cause(&result->conflicts[i], &text);
        node_set(&ctl->arena, cause, "reason", node_str(&ctl->arena, "FieldManagerConflict"));
        node_set(&ctl->arena, cause, "message", node_str(&ctl->arena, text.data));
        node_set(&ctl->arena, cause, "field", node_str(&ctl->arena, result->conflicts[i].path));
        node_add(&ctl->arena, failure.causes, cause);
    }
    return fail(request, failure);
}

static bool invalid(struct ctl *ctl, struct write_request *request)
{
    return fail(request,
                failure_invalid(&ctl->arena, request->kind, request->name, &request->problems));
}

/* Server-side apply; leaves the result, with its owners, in request->root. */
static bool compose_apply(struct ctl *ctl, struct write_request *request, const struct node *live)
{
    const struct node *owners = node_find_path(request->body, "metadata.managedFields");
    unsigned parts = EMIT_TYPE | EMIT_META | (request->is_status ? EMIT_STATUS : EMIT_SPEC);
    struct apply_result result;
    struct object *config;

    if (owners != NULL && owners->type == NODE_LIST && owners->list.count > 0) {
        return fail(request, failure_make(&ctl->arena, 400, "BadRequest",
                                          "metadata.managedFields must be nil"));
    }
    /* What is wrong with the configuration itself is said of it, not of what it is merged into. */
    config =
        bind_object(request->kind, request->body,
                    request->bind_flags | BIND_NO_REQUIRED | BIND_NO_DEFAULTS, &request->problems);
    if (config == NULL) {
        return invalid(ctl, request);
    }
    apply_config(&ctl->arena, request->kind, live, emit_object(&ctl->arena, config, parts),
                 &request->manager, request->force, &result);
    object_unref(config);
    request->applied = result;
    if (result.root == NULL) {
        return conflicts(ctl, request, &result);
    }
    request->root = result.root;
    if (request->is_status) {
        request->root = status_only(ctl, live, result.root);
    } else {
        write_settle(ctl, request, request->root, live);
    }
    return true;
}

/* Who owns what after a create, replace or patch. */
static struct node *with_owners(struct ctl *ctl, struct write_request *request,
                                const struct node *live, struct node *next)
{
    struct fieldset claimed;

    if (request->is_status) {
        return next;
    }
    claimed = sources_claims(ctl, request->kind, request->name, live);
    request->manager.claimed = &claimed;
    if (!request->owners_too) {
        next = apply_update(&ctl->arena, request->kind, live, next, &request->manager);
    } else {
        if (claimed.count > 0 ||
            apply_has_other_owner(&ctl->arena, request->kind, next, request->manager.source)) {
            MARK("a rollback takes what a lower source could undo");
            next = apply_restore(&ctl->arena, request->kind, live, next, &request->manager);
        }
        unchanged_keep_times(&ctl->arena, next, live);
    }
    request->manager.claimed = NULL;
    return next;
}

static bool compose_update(struct ctl *ctl, struct write_request *request, const struct node *live)
{
    struct node *next = request->verb == WRITE_MERGE_PATCH
                            ? patch_merge(&ctl->arena, live, request->body)
                            : node_copy(&ctl->arena, request->body);
    struct object *bound;

    if (request->is_status) {
        next = status_only(ctl, live, next);
    } else {
        write_settle(ctl, request, next, live);
        if (!request->owners_too) { /* a rollback brings back what was, as it was */
            patched_drop_empty(next);
        }
    }
    if (request->verb == WRITE_REPLACE && node_find_path(next, "metadata.managedFields") == NULL) {
        keep_owners(ctl, next, live);
    }
    bound = bind_object(request->kind, next, request->bind_flags, &request->problems);
    if (bound == NULL) {
        return invalid(ctl, request);
    }
    /* Owners are those of the whole object, defaults included: what a default filled in was not
     * changed by anybody. */
    next = emit_object(&ctl->arena, bound, EMIT_ALL);
    object_unref(bound);
    request->root = with_owners(ctl, request, live, next);
    return true;
}

/* --- putting ---------------------------------------------------------------------------------- */

static bool adds_finalizer(const struct object *before, const struct object *next)
{
    for (size_t i = 0; i < next->meta.finalizers.count; i++) {
        bool was_there = false;

        for (size_t j = 0; j < before->meta.finalizers.count; j++) {
            was_there |= str_eq(next->meta.finalizers.items[i], before->meta.finalizers.items[j]);
        }
        if (!was_there) {
            return true;
        }
    }
    return false;
}

/* The last finalizer is gone from an object that waits for that.  `last` is taken. */
static bool end_deletion(struct ctl *ctl, struct write_request *request, struct object *last,
                         const struct write *write)
{
    MARK("the last finalizer lets an object go");
    ctl_remove(ctl, request->before, write);
    shape_put(&meta_shape, &last->meta, revision, ctl->revision);
    request->after = last;
    request->outcome = OUTCOME_DELETED;
    write_collect_garbage(ctl, request->before, write);
    return true;
}

bool write_put(struct ctl *ctl, struct write_request *request)
{
    const struct write write = {request->is_status ? ROW_STATUS : ROW_LEDGER, request->who,
                                request->manager.name, request->why};
    struct object *next, *now;
    size_t known = request->problems.count;

    next = bind_object(request->kind, request->root, BIND_QUIET, &request->problems);
    if (next == NULL) {
        return invalid(ctl, request);
    }
    request->problems.count = known;
    if (request->before != NULL && object_is_deleting(request->before)) {
        if (adds_finalizer(request->before, next)) {
            object_unref(next);
            problem_add(&request->problems, PROBLEM_ERROR, CAUSE_FORBIDDEN, NULL,
                        "metadata.finalizers",
                        "no new finalizers can be added while the object is being deleted");
            return invalid(ctl, request);
        }
        if (next->meta.finalizers.count == 0 && request->before->meta.finalizers.count > 0) {
            return end_deletion(ctl, request, next, &write);
        }
    }
    now = ctl_put(ctl, next, &write);
    request->after = object_ref(now);
    request->outcome = request->before == NULL  ? OUTCOME_CREATED
                       : now == request->before ? OUTCOME_UNCHANGED
                                                : OUTCOME_CONFIGURED;
    return true;
}

/* A JSON patch is what it makes of the object that is there: from here on a replace by that, with
 * its preconditions. */
static bool carry_out_patch(struct ctl *ctl, struct write_request *request)
{
    const struct object *live = model_find(&ctl->model, request->kind->id, request->name);
    struct failure failure;

    if (live == NULL) {
        return fail(request, failure_not_found(&ctl->arena, request->kind, request->name));
    }
    if (!patched(ctl, PATCH_JSON, emit_object(&ctl->arena, live, EMIT_ALL), request->body,
                 &request->body, &failure)) {
        return fail(request, failure);
    }
    request->verb = WRITE_REPLACE;
    return true;
}

static bool decide_write(struct ctl *ctl, struct write_request *request)
{
    const struct object *live;
    struct node *live_node;

    if (request->verb == WRITE_JSON_PATCH && !carry_out_patch(ctl, request)) {
        return false;
    }
    if (!check_type(ctl, request) || !find_name(ctl, request)) {
        return false;
    }
    live = model_find(&ctl->model, request->kind->id, request->name);
    if (live == NULL && (request->is_status || request->verb == WRITE_REPLACE ||
                         request->verb == WRITE_MERGE_PATCH)) {
        return fail(request, failure_not_found(&ctl->arena, request->kind, request->name));
    }
    if (live != NULL && request->verb == WRITE_CREATE) {
        return fail(request,
                    failure_make(&ctl->arena, 409, "AlreadyExists", "%s%s%s \"%s\" already exists",
                                 request->kind->plural, request->kind->group[0] == '\0' ? "" : ".",
                                 request->kind->group, request->name));
    }
    if (request->verb != WRITE_CREATE && !MUTANT(PRECONDITION_IGNORED) &&
        is_stale(ctl, live, node_find(request->body, "metadata"))) {
        MARK("a write to an outdated version is refused");
        return fail(request, failure_modified(&ctl->arena, request->kind, request->name));
    }
    if (live == NULL && request->manager.source == SOURCE_API) {
        const struct write write = {ROW_LEDGER, request->who, request->manager.name, request->why};

        (void)conflicts_lift(ctl, request->kind, request->name, &write); /* applied anew */
    }
    request->before = live == NULL ? NULL : object_ref((struct object *)live);
    live_node = live == NULL ? NULL : emit_object(&ctl->arena, live, EMIT_ALL);
    if (!(request->verb == WRITE_APPLY ? compose_apply(ctl, request, live_node)
                                       : compose_update(ctl, request, live_node))) {
        return false;
    }
    return write_put(ctl, request);
}

/* --- deleting --------------------------------------------------------------------------------- */

static bool has_no_owner_left(const struct object *dependent, const struct ctl *ctl)
{
    for (size_t i = 0; i < dependent->meta.owners.count; i++) {
        const struct owner_reference *owner = &dependent->meta.owners.items[i];
        const struct kind *kind = kind_find(owner->api_version, owner->kind);
        const struct object *object =
            kind == NULL ? NULL : model_find(&ctl->model, kind->id, owner->name);

        if (object != NULL && str_eq(object->meta.uid, owner->uid)) {
            return false;
        }
    }
    return true;
}

static bool is_owned_by(const struct object *object, const char *uid)
{
    for (size_t i = 0; i < object->meta.owners.count; i++) {
        if (str_eq(object->meta.owners.items[i].uid, uid)) {
            return true;
        }
    }
    return false;
}

/* What an operator's objects may own; the reconciler sees to assignments. */
static const enum kind_id dependents[] = {KIND_AGENT, KIND_HARVEST_POLICY, KIND_HARVEST_SESSION,
                                          KIND_ALERT_RULE};

static enum write_outcome delete_one(struct ctl *ctl, struct object *object,
                                     const struct write *write, struct object **ret_after)
{
    struct object *next;

    if (object->meta.finalizers.count == 0 && object->kind != &assignment_kind) {
        ctl_remove(ctl, object, write);
        return OUTCOME_DELETED;
    }
    if (object_is_deleting(object)) {
        *ret_after = object_ref(object);
        return OUTCOME_DELETING;
    }
    /* An assignment ends on its agent first; the reconciler removes it. */
    next = object_edit(object);
    shape_put(&meta_shape, &next->meta, deleted, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    shape_put(&meta_shape, &next->meta, deletion_grace_seconds, 0);
    *ret_after = object_ref(ctl_put(ctl, next, write));
    return OUTCOME_DELETING;
}

void write_collect_garbage(struct ctl *ctl, const struct object *owner, const struct write *write)
{
    struct {
        VEC_OF(struct object *);
    } gone = {0};

    if (ctl->model.owned_count == 0) {
        return; /* the usual case costs no walk over everything */
    }
    vec_add(&gone, object_ref((struct object *)owner));
    for (size_t at = 0; at < gone.count; at++) {
        for (size_t i = 0; i < COUNT_OF(dependents); i++) {
            map_each (&ctl->model.objects[dependents[i]], it) {
                struct object *object = ((struct entry *)it->value)->object, *after = NULL;

                if (is_owned_by(object, gone.items[at]->meta.uid) &&
                    has_no_owner_left(object, ctl)) {
                    struct object *kept = object_ref(object);

                    if (delete_one(ctl, object, write, &after) == OUTCOME_DELETED) {
                        MARK("a dependent goes with its owner");
                        vec_add(&gone, kept);
                    } else {
                        object_unref(kept);
                    }
                    object_unref(after);
                }
            }
        }
    }
    vec_each (&gone, it) {
        object_unref(*it);
    }
    vec_fini(&gone);
}

/* Dependents stay, and do not refer to what is gone. */
static void release_dependents(struct ctl *ctl, const struct object *owner,
                               const struct write *write)
{
    for (size_t i = 0; i < COUNT_OF(dependents) && ctl->model.owned_count > 0; i++) {
        map_each (&ctl->model.objects[dependents[i]], it) {
            struct object *object = ((struct entry *)it->value)->object, *next;
            size_t kept = 0;

            if (!is_owned_by(object, owner->meta.uid)) {
                continue;
            }
            MARK("a dependent stays without its owner");
            next = object_edit(object);
            for (size_t j = 0; j < next->meta.owners.count; j++) {
                if (!str_eq(next->meta.owners.items[j].uid, owner->meta.uid)) {
                    next->meta.owners.items[kept++] = next->meta.owners.items[j];
                }
            }
            next->meta.owners.count = kept;
            if (kept == 0) {
                shape_remove(&meta_shape, &next->meta, &next->meta.owners);
            }
            (void)ctl_put(ctl, next, write);
        }
    }
}

static bool check_options(struct ctl *ctl, struct write_request *request)
{
    static const char *const texts[] = {"uid", "resourceVersion", NULL};
    static const char *const policy[] = {"propagationPolicy", NULL};
    static const char *const policies[] = {"Background", "Foreground", "Orphan"};
    const struct node *preconditions = node_find(request->body, "preconditions");

    if ((request->body != NULL && request->body->type != NODE_MAP) ||
        (preconditions != NULL && preconditions->type != NODE_MAP &&
         preconditions->type != NODE_NULL)) {
        return fail(request, failure_make(&ctl->arena, 400, "BadRequest",
                                          "the options of a delete are not an object"));
    }
    if (!check_texts(ctl, request, request->body, policy) ||
        !check_texts(ctl, request, preconditions, texts)) {
        return false;
    }
    if (str_is_empty(request->propagation)) {
        request->propagation = node_find_text(request->body, policy[0]);
    }
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        if (str_is_empty(request->propagation) || str_eq(request->propagation, policies[i])) {
            return true;
        }
    }
    return fail(request, failure_make(&ctl->arena, 422, "Invalid",
                                      "propagationPolicy: \"%s\" is none of Background, "
                                      "Foreground, Orphan",
                                      request->propagation));
}

/* Was it removed together with its owner by an earlier change of the set? */
static bool went_along(struct ctl *ctl, struct write_request *request)
{
    for (size_t i = ctl->changes.count; i-- > 0;) {
        const struct change *change = &ctl->changes.items[i];

        if (change->kind == request->kind && str_eq(change->name, request->name) &&
            change->after == NULL) {
            request->before = object_ref(change->before);
            request->outcome = OUTCOME_DELETED;
            return true;
        }
    }
    return false;
}

static bool decide_delete(struct ctl *ctl, struct write_request *request)
{
    const struct write write = {request->kind->is_event ? ROW_STATUS : ROW_LEDGER, request->who,
                                request->manager.name, request->why};
    struct object *live =
        request->name == NULL ? NULL : model_find(&ctl->model, request->kind->id, request->name);
    const struct node *options = node_find(request->body, "preconditions");
    const char *uid = node_find_text(options, "uid");
    const char *revision = node_find_text(options, "resourceVersion");

    if (!check_options(ctl, request)) {
        return false;
    }
    if (live == NULL && went_along(ctl, request)) {
        MARK("a delete finds that its object went with its owner");
        return true;
    }
    if (live == NULL) {
        return fail(request, failure_not_found(&ctl->arena, request->kind,
                                               request->name == NULL ? "" : request->name));
    }
    request->before = object_ref(live);
    if ((request->uid != NULL && !str_eq(request->uid, live->meta.uid)) ||
        (uid != NULL && !str_eq(uid, live->meta.uid)) ||
        (request->revision != 0 && request->revision != live->meta.revision) ||
        (revision != NULL && !str_eq(revision, revision_text(ctl, live)))) {
        MARK("a delete of an outdated version is refused");
        return fail(request, failure_modified(&ctl->arena, request->kind, request->name));
    }
    if (request->manager.source == SOURCE_API && sources_directory_cares(ctl, live) &&
        !MUTANT(NO_TOMBSTONES)) {
        conflicts_bury(ctl, live, &write);
    }
    request->outcome = delete_one(ctl, live, &write, &request->after);
    if (request->outcome != OUTCOME_DELETED) {
        return true;
    }
    if (str_eq(request->propagation, "Orphan")) {
        release_dependents(ctl, request->before, &write);
    } else {
        write_collect_garbage(ctl, request->before, &write);
    }
    return true;
}

bool write_decide(struct ctl *ctl, struct write_request *request)
{
    assert(ctl->in_transaction);
    if (request->kind->is_event && request->verb != WRITE_DELETE) {
        return fail(request, failure_make(&ctl->arena, 405, "MethodNotAllowed",
                                          "events are written by the controller alone"));
    }
    if (request->kind->is_record) {
        return fail(request,
                    failure_make(&ctl->arena, 405, "MethodNotAllowed",
                                 "%s are written by the controller alone", request->kind->plural));
    }
    if (request->kind->is_derived && request->verb != WRITE_DELETE) {
        return fail(request,
                    failure_make(&ctl->arena, 403, "Forbidden",
                                 "%s are made by the reconciler; change the session or delete one "
                                 "to have it placed anew",
                                 request->kind->plural));
    }
    switch (request->verb) {
    case WRITE_DELETE:
        return decide_delete(ctl, request);
    case WRITE_RELEASE:
        return write_release(ctl, request);
    case WRITE_PRUNE:
        return write_prune(ctl, request);
    case WRITE_WITHDRAW:
        return write_withdraw(ctl, request);
    case WRITE_CREATE:
    case WRITE_REPLACE:
    case WRITE_MERGE_PATCH:
    case WRITE_JSON_PATCH:
    case WRITE_APPLY:
        break;
    }
    return decide_write(ctl, request);
}

/* --- rules across objects --------------------------------------------------------------------- */

static bool scope_has(const void *context, const struct kind *kind, const char *name)
{
    const struct ctl *ctl = context;

    return model_find(&ctl->model, kind->id, name) != NULL;
}

static const char *user_of_policy(const struct ctl *ctl, const char *name)
{
    map_each (&ctl->model.objects[KIND_HARVEST_SESSION], it) {
        const struct session_entry *session = it->value;

        if (str_eq(session_spec(session)->policy, name)) {
            return session->object->meta.name;
        }
    }
    return NULL;
}

bool write_check(struct ctl *ctl, struct write_request *request)
{
    const struct check_scope scope = {scope_has, ctl};

    if (request->outcome == OUTCOME_DELETED && request->kind == &harvest_policy_kind) {
        const char *user = user_of_policy(ctl, request->name);

        if (user != NULL && !scope_has(ctl, request->kind, request->name)) {
            MARK("a policy in use is not deleted");
            return fail(request, failure_make(&ctl->arena, 409, "Conflict",
                                              "harvestpolicies.fog \"%s\" is used by "
                                              "harvestsession \"%s\"; change or delete that first",
                                              request->name, user));
        }
        return true;
    }
    if (request->after == NULL || request->outcome == OUTCOME_UNCHANGED ||
        request->outcome == OUTCOME_DELETED || request->verb == WRITE_DELETE) {
        return true;
    }
    check_semantic(request->after, request->before,
                   request->verb == WRITE_RELEASE ? NULL : request->body, &scope,
                   &request->problems);
    if (request->problems.errors > 0) {
        return invalid(ctl, request);
    }
    if (request->kind == &harvest_session_kind && !request->is_status) {
        check_resource(ctl, request->after, &request->problems);
    }
    return true;
}
