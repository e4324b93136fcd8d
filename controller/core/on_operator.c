/* HTTP requests: which resource, which verb, and then the room that decides it. */
#include "controller/core/changeset.h"
#include "controller/core/discovery.h"
#include "controller/core/dump.h"
#include "controller/core/history.h"
#include "controller/core/openapi.h"
#include "controller/core/past.h"
#include "controller/core/reconcile_log.h"
#include "controller/core/request.h"
#include "controller/core/review.h"
#include "controller/core/scale.h"
#include "controller/core/watch.h"

#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/bind.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/verbs.h"
#include "schema/yaml.h"

#include <inttypes.h>
#include <stdlib.h>

static void not_there(struct ctl *ctl, const struct request *request)
{
    request_refuse(ctl, request,
                   failure_make(&ctl->arena, 404, "NotFound",
                                "the server could not find the requested resource"));
}

/* --- writes ----------------------------------------------------------------------------------- */

static const char *manager_of(struct ctl *ctl, const struct request *request)
{
    const char *name = target_param(&request->target, "fieldManager");
    const char *agent = request->http->user_agent;
    size_t length;

    if (!str_is_empty(name)) {
        return name;
    }
    if (str_is_empty(agent)) {
        return "unknown";
    }
    length = strcspn(agent, "/ ");
    if (length > MANAGER_BYTES_MAX) {
        length = utf8_valid_bytes(agent, MANAGER_BYTES_MAX); /* no half character */
    }
    return length == 0 ? "unknown" : arena_strndup(&ctl->arena, agent, length);
}

static bool is_manager(const char *name)
{
    if (strlen(name) > MANAGER_BYTES_MAX) {
        return false;
    }
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < ' ' || *name == 0x7f) {
            return false;
        }
    }
    return true;
}

/* What all writes of a request have in common. */
static bool defaults_of(struct ctl *ctl, const struct request *request,
                        struct write_request *ret_defaults)
{
    const char *strictness = target_param(&request->target, "fieldValidation");

    write_init(&ctl->arena, ret_defaults);
    ret_defaults->manager = (struct manager){
        .name = manager_of(ctl, request),
        .source = SOURCE_API,
        .subresource = str_eq(request->subresource, "status") ? "status" : "",
        .now = ctl->wall,
    };
    ret_defaults->is_status = str_eq(request->subresource, "status");
    ret_defaults->who = str_is_empty(request->http->user) ? "anonymous" : request->http->user;
    ret_defaults->why = request->http->cause == NULL ? "" : request->http->cause;
    ret_defaults->force = target_flag(&request->target, "force");
    ret_defaults->bind_flags = str_eq(strictness, "Strict")   ? BIND_STRICT
                               : str_eq(strictness, "Ignore") ? BIND_QUIET
                                                              : 0;
    if (!str_is_empty(strictness) && !str_eq(strictness, "Warn") && ret_defaults->bind_flags == 0) {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 422, "Invalid",
                                    "fieldValidation: \"%s\" is none of Strict, Warn, Ignore",
                                    strictness));
        return false;
    }
    if (!is_manager(ret_defaults->manager.name)) {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 422, "Invalid",
                                    "fieldManager: at most %d printable characters",
                                    MANAGER_BYTES_MAX));
        return false;
    }
    return true;
}

/* What a web page may send to a stranger without being asked (a form, plain text) is none of these.
 */
static bool is_known_type(const struct http_request *http)
{
    static const char *const types[] = {"application/json", "application/yaml"};

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_starts(http->content_type, types[i])) {
            return true;
        }
    }
    return str_is_empty(http->content_type) || str_eq(http->method, "PATCH"); /* patch_verb() */
}

/* JSON in which a field stands twice is taken as the last one says, with a warning, unless the
 * client is strict.  What is about several objects has no such choice. */
static int read_json(struct ctl *ctl, struct request *request, struct problems *problems)
{
    const struct http_request *http = request->http;
    int ret =
        json_parse(&ctl->arena, http->body, http->body_size_bytes,
                   request->kind == NULL ? JSON_PLAIN : JSON_LAST_WINS, problems, &request->body);

    if (ret == 0) {
        request->duplicates = *problems;
    }
    return ret;
}

/* To what else is wrong with the write. */
static void add_duplicates(const struct request *request, struct write_request *write)
{
    bool is_strict = (write->bind_flags & BIND_STRICT) != 0;

    for (size_t i = 0; i < request->duplicates.count && !(write->bind_flags & BIND_QUIET); i++) {
        const struct problem *problem = &request->duplicates.items[i];

        problem_add(&write->problems, is_strict ? PROBLEM_ERROR : PROBLEM_WARNING, problem->cause,
                    NULL, problem->path, "%s", problem->message);
    }
}

static bool begins_a_map(const struct http_request *http)
{
    size_t blank = 0;

    while (blank < http->body_size_bytes && strchr(" \t\r\n", http->body[blank]) != NULL) {
        blank++;
    }
    return blank < http->body_size_bytes && http->body[blank] == '{';
}

static int read_yaml(struct ctl *ctl, struct request *request, struct problems *problems)
{
    const struct http_request *http = request->http;
    struct documents documents = {0};
    int ret = yaml_parse(&ctl->arena, http->body, http->body_size_bytes, problems, &documents);

    if (ret == 0 && documents.count == 1) {
        request->body = documents.items[0];
        return 0;
    }
    return ERR_INVALID;
}

/* What is wrong with it, and where. */
static const char *mistakes_of(struct ctl *ctl, const struct problems *problems)
{
    struct str text = STR_EMPTY;
    const char *copy;

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        str_add(&text, i > 0 ? "; " : "");
        if (problem->line != 0) {
            str_addf(&text, "line %u, column %u: ", problem->line, problem->column);
        }
        str_addf(&text, "%s%s%s", problem->path, *problem->path == '\0' ? "" : ": ",
                 problem->message);
    }
    copy = arena_strdup(&ctl->arena, problems->count == 0 ? "one document expected" : text.data);
    str_fini(&text);
    return copy;
}

static bool read_body(struct ctl *ctl, struct request *request)
{
    const struct http_request *http = request->http;
    struct problems problems;
    bool is_yaml = str_starts(http->content_type, "application/apply-patch+yaml") ||
                   str_starts(http->content_type, "application/yaml");
    int ret = ERR_INVALID;

    problems_init(&problems, &ctl->arena, NULL);
    if (http->body_size_bytes == 0 || request->body != NULL) {
        return true;
    }
    if (!is_known_type(http)) {
        request_refuse(
            ctl, request,
            failure_make(&ctl->arena, 415, "UnsupportedMediaType",
                         "the body of the request was in an unknown format - accepted media "
                         "types include: application/json, application/yaml"));
        return false;
    }
    /* Clients send JSON under the name of YAML; not all that may stand in JSON may stand in our
     * YAML. */
    if (!is_yaml || begins_a_map(http)) {
        ret = read_json(ctl, request, &problems);
    }
    if (ret < 0 && is_yaml) {
        problems_init(&problems, &ctl->arena, NULL);
        ret = read_yaml(ctl, request, &problems);
    }
    if (ret == 0) {
        return true;
    }
    request_refuse(ctl, request,
                   failure_make(&ctl->arena, 400, "BadRequest", "the body cannot be read: %s",
                                mistakes_of(ctl, &problems)));
    return false;
}

/* Writes are refused at the door when they could not be stored; stopping work still works. */
static bool may_write(struct ctl *ctl, const struct request *request, bool only_deletes)
{
    struct failure failure = {0};

    if (ctl->store_is_full && !only_deletes && !request->is_dry_run) {
        MARK("a write is refused for want of space");
        failure =
            failure_make(&ctl->arena, 503, "ServiceUnavailable",
                         "the disk of the controller is full: only deletes are taken until there "
                         "is room");
    } else if (ctl->batch_seq - ctl->committed > BATCHES_WAITING_MAX) {
        failure = failure_make(&ctl->arena, 429, "TooManyRequests",
                               "more than %d writes wait to be stored", BATCHES_WAITING_MAX);
    } else {
        return true;
    }
    failure.retry_after_seconds = 1;
    request_refuse(ctl, request, failure);
    return false;
}

static bool is_fresh(struct ctl *ctl, const struct request *request)
{
    const char *key = request->http->idempotency_key;

    if (key != NULL && strlen(key) > IDEMPOTENCY_KEY_BYTES_MAX) {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 400, "BadRequest",
                                    "Idempotency-Key: at most %d bytes",
                                    IDEMPOTENCY_KEY_BYTES_MAX));
        return false;
    }
    switch (changeset_replay(ctl, request->id, request->http)) {
    case REPLAY_NEW:
        return true;
    case REPLAY_DONE:
        return false;
    case REPLAY_MISMATCH:
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 422, "Invalid",
                                    "this Idempotency-Key was used for another request"));
        return false;
    }
    return false;
}

static struct node *deleted_status(struct ctl *ctl, const struct write_request *write)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *details = node_map(arena);

    node_set(arena, root, "kind", node_str(arena, "Status"));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "metadata", node_map(arena));
    node_set(arena, root, "status", node_str(arena, "Success"));
    node_set(arena, details, "name", node_str(arena, write->name));
    node_set(arena, details, "group", node_str(arena, write->kind->group));
    node_set(arena, details, "kind", node_str(arena, write->kind->plural));
    node_set(arena, details, "uid", node_str(arena, write->before->meta.uid));
    node_set(arena, root, "details", details);
    return root;
}

static struct node *answer_of(struct ctl *ctl, const struct request *request,
                              const struct write_request *write)
{
    if (write->after == NULL) {
        return deleted_status(ctl, write);
    }
    return str_eq(request->subresource, "scale") ? scale_node(ctl, write->after)
                                                 : answer_object(ctl, &ctl->arena, write->after);
}

/* What was not kept has the number of what is there, if anything is: it differs in nothing else
 * than what the write would change. */
static void show_unkept(struct ctl *ctl, const struct write_request *write, struct node *root)
{
    struct node *meta = node_find(root, "metadata");

    if (write->after == NULL) {
        return;
    }
    (void)node_remove(meta, "resourceVersion");
    if (write->before != NULL) {
        node_set(&ctl->arena, meta, "resourceVersion",
                 node_str(&ctl->arena,
                          arena_printf(&ctl->arena, "%" PRIu64, write->before->meta.revision)));
    }
}

/* Decides one write and answers as the resource's own verbs do. */
static void write_one(struct ctl *ctl, struct request *request, struct write_request *write)
{
    struct changeset set = {
        .writes = write, .count = 1, .is_dry_run = request->is_dry_run, .is_single = true};
    struct node *plan, *root;
    int code;

    if (!changeset_decide(ctl, &set, &plan)) {
        answer_failure(ctl, request->id, &set.failure);
        changeset_free(&set);
        return;
    }
    code = write->outcome == OUTCOME_CREATED ? 201 : 200;
    root = answer_of(ctl, request, write);
    if (set.is_dry_run) {
        show_unkept(ctl, write, root);
    }
    if (!set.is_dry_run && request->http->idempotency_key != NULL) {
        struct blob *body = blob_of_node(root);

        changeset_remember(ctl, request->http, code, body);
        blob_unref(body);
    }
    answer_node_warning(ctl, request->id, code, root, &write->problems);
    changeset_free(&set);
}

static bool patch_verb(struct ctl *ctl, const struct request *request, struct write_request *write)
{
    const char *type = request->http->content_type;
    bool is_scale = str_eq(request->subresource, "scale");

    if (str_starts(type, "application/merge-patch+json")) {
        write->verb = WRITE_MERGE_PATCH;
        return true;
    }
    if (str_starts(type, "application/json-patch+json")) {
        write->verb = WRITE_JSON_PATCH;
        return true;
    }
    if (str_starts(type, "application/apply-patch+yaml") && !is_scale) {
        write->verb = WRITE_APPLY;
        if (!str_is_empty(target_param(&request->target, "fieldManager"))) {
            return true;
        }
        request_refuse(
            ctl, request,
            failure_make(&ctl->arena, 422, "Invalid", "fieldManager is required for apply patch"));
        return false;
    }
    request_refuse(
        ctl, request,
        failure_make(&ctl->arena, 415, "UnsupportedMediaType",
                     "the body of the request was in an unknown format - accepted media types "
                     "include: application/json-patch+json, application/merge-patch+json%s",
                     is_scale ? "" : ", application/apply-patch+yaml"));
    return false;
}

/* Clients that do not send options as the body of a delete say it in the query. */
static const char *propagation_of(const struct request *request)
{
    return target_flag(&request->target, "orphanDependents")
               ? "Orphan"
               : target_param(&request->target, "propagationPolicy");
}

static void write_resource(struct ctl *ctl, struct request *request, enum write_verb verb)
{
    struct write_request write;

    if (!may_write(ctl, request, verb == WRITE_DELETE) || !is_fresh(ctl, request) ||
        !read_body(ctl, request) || !defaults_of(ctl, request, &write)) {
        return;
    }
    add_duplicates(request, &write);
    write.verb = verb;
    write.kind = request->kind;
    write.name = request->name;
    write.body = request->body;
    write.propagation = propagation_of(request);
    if (str_eq(request->http->method, "PATCH") && !patch_verb(ctl, request, &write)) {
        return;
    }
    if (str_eq(request->subresource, "scale") && !scale_to_patch(ctl, &write)) {
        answer_failure(ctl, request->id, &write.failure);
        return;
    }
    write_one(ctl, request, &write);
}

/* The answer to a set of writes that was carried out, or not when it was a dry run. */
static void answer_write(struct ctl *ctl, const struct request *request, const struct node *root)
{
    struct blob *body = blob_of_node(root);

    if (!request->is_dry_run) {
        changeset_remember(ctl, request->http, 200, body);
    }
    ctl_answer(ctl, request->id, 200, body);
}

static void delete_collection(struct ctl *ctl, struct request *request)
{
    struct changeset set = {.is_dry_run = request->is_dry_run};
    struct write_request defaults;
    struct node *root, *meta, *items, *plan;
    struct page page;

    if (!may_write(ctl, request, true) || !is_fresh(ctl, request) || !read_body(ctl, request) ||
        !defaults_of(ctl, request, &defaults) || !request_page(ctl, request, &page)) {
        return;
    }
    root = node_map(&ctl->arena);
    items = node_list(&ctl->arena);
    set.writes = arena_array(&ctl->arena, page.count + 1, sizeof(set.writes[0]));
    for (size_t i = page.begin; i < page.end; i++) {
        struct write_request *write = &set.writes[set.count++];

        *write = defaults;
        problems_init(&write->problems, &ctl->arena, NULL);
        write->verb = WRITE_DELETE;
        write->kind = request->kind;
        write->body = request->body;
        write->propagation = propagation_of(request);
        write->name = arena_strdup(&ctl->arena, page.objects[i]->meta.name);
        node_add(&ctl->arena, items, answer_object(ctl, &ctl->arena, page.objects[i]));
    }
    if (!changeset_decide(ctl, &set, &plan)) {
        answer_failure(ctl, request->id, &set.failure);
    } else {
        node_set(&ctl->arena, root, "kind",
                 node_str(&ctl->arena, arena_printf(&ctl->arena, "%sList", request->kind->name)));
        node_set(&ctl->arena, root, "apiVersion",
                 node_str(&ctl->arena, request->kind->api_version));
        meta = node_map(&ctl->arena);
        node_set(&ctl->arena, meta, "resourceVersion",
                 node_str(&ctl->arena, arena_printf(&ctl->arena, "%" PRIu64, ctl->revision)));
        node_set(&ctl->arena, root, "metadata", meta);
        node_set(&ctl->arena, root, "items", items);
        answer_write(ctl, request, root);
    }
    changeset_free(&set);
}

static bool only_deletes(const struct changeset *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->writes[i].verb != WRITE_DELETE) {
            return false;
        }
    }
    return true;
}

static void write_changeset(struct ctl *ctl, struct request *request)
{
    struct write_request defaults;
    struct changeset set;
    struct node *plan;

    if (!is_fresh(ctl, request) || !read_body(ctl, request) ||
        !defaults_of(ctl, request, &defaults)) {
        return;
    }
    if (!changeset_read(ctl, request->body, &defaults, &set)) {
        answer_failure(ctl, request->id, &set.failure);
        return;
    }
    if (!may_write(ctl, request, only_deletes(&set))) {
        return;
    }
    set.is_dry_run = request->is_dry_run;
    if (!changeset_decide(ctl, &set, &plan)) {
        answer_failure(ctl, request->id, &set.failure);
    } else {
        answer_write(ctl, request, changeset_answer(ctl, &set, plan));
    }
    changeset_free(&set);
}

static struct node *change_node(struct arena *arena, const char *verb, struct node *object)
{
    struct node *change = node_map(arena);

    node_set(arena, change, "verb", node_str(arena, verb));
    node_set(arena, change, "object", object);
    return change;
}

/* What a plan is asked for: a change set as it is, or a manifest that would be applied. */
static struct node *planned_set(struct ctl *ctl, const struct request *request)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena), *changes = node_list(arena);
    const char *kind = node_find_text(request->body, "kind");

    if (request->body == NULL || str_eq(kind, "ChangeSet")) {
        return request->body;
    }
    node_add(arena, changes, change_node(arena, "apply", request->body));
    node_set(arena, spec, "changes", changes);
    node_set(arena, spec, "force", node_bool(arena, target_flag(&request->target, "force")));
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    node_set(arena, root, "spec", spec);
    return root;
}

/* A plan of one object is of that one. */
static bool is_about(const struct request *request, struct changeset *set)
{
    struct write_request *write = &set->writes[0];

    if (request->name == NULL) {
        return true;
    }
    if (set->count != 1 || write->kind != request->kind) {
        return false;
    }
    if (write->name == NULL) {
        write->name = request->name; /* the manifest may leave it out, and not have another */
    }
    return str_eq(write->name, request->name);
}

/* A dry run under a name of its own: nothing is ever changed by it. */
static void read_plan(struct ctl *ctl, struct request *request)
{
    struct write_request defaults;
    struct changeset set;
    struct node *plan, *root;

    request->is_dry_run = true;
    if (!read_body(ctl, request) || !defaults_of(ctl, request, &defaults)) {
        return;
    }
    if (!changeset_read(ctl, planned_set(ctl, request), &defaults, &set)) {
        answer_failure(ctl, request->id, &set.failure);
        return;
    }
    set.is_dry_run = true;
    if (!is_about(request, &set)) {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 400, "BadRequest",
                                    "the manifest of this object is expected; a change set goes "
                                    "to /apis/fog/v1/plan"));
    } else if (!changeset_decide(ctl, &set, &plan)) {
        answer_failure(ctl, request->id, &set.failure);
    } else {
        root = changeset_answer(ctl, &set, plan);
        node_set(&ctl->arena, root, "kind", node_str(&ctl->arena, "Plan"));
        answer_write(ctl, request, root);
    }
    changeset_free(&set);
}

static void write_rollback(struct ctl *ctl, struct request *request)
{
    struct write_request defaults;

    if (may_write(ctl, request, false) && is_fresh(ctl, request) && read_body(ctl, request) &&
        defaults_of(ctl, request, &defaults)) {
        rollback_open(ctl, request->id, request->http, request->body, &defaults,
                      request->is_dry_run);
    }
}

/* --- routing ---------------------------------------------------------------------------------- */

static void method_not_allowed(struct ctl *ctl, const struct request *request)
{
    request_refuse(ctl, request,
                   failure_make(&ctl->arena, 405, "MethodNotAllowed",
                                "%s is not allowed on this resource", request->http->method));
}

static void on_collection(struct ctl *ctl, struct request *request)
{
    const char *method = request->http->method;

    if (str_eq(method, "GET") && target_flag(&request->target, "watch")) {
        watch_open(ctl, request);
    } else if (str_eq(method, "GET")) {
        request_list(ctl, request);
    } else if (str_eq(method, "POST")) {
        write_resource(ctl, request, WRITE_CREATE);
    } else if (str_eq(method, "DELETE") && kind_has_verb(request->kind, NULL, "deletecollection")) {
        delete_collection(ctl, request);
    } else {
        method_not_allowed(ctl, request);
    }
}

static void on_object(struct ctl *ctl, struct request *request)
{
    const char *method = request->http->method;
    bool is_writable = request->subresource == NULL || str_eq(request->subresource, "status") ||
                       str_eq(request->subresource, "scale");

    if (kind_verbs(request->kind, request->subresource) == NULL) {
        not_there(ctl, request);
    } else if (str_eq(request->subresource, "plan")) {
        if (str_eq(method, "POST")) {
            read_plan(ctl, request);
        } else {
            method_not_allowed(ctl, request);
        }
    } else if (str_eq(method, "GET")) {
        request_get(ctl, request);
    } else if (str_eq(method, "PUT") && is_writable) {
        write_resource(ctl, request, WRITE_REPLACE);
    } else if (str_eq(method, "PATCH") && is_writable) {
        write_resource(ctl, request, WRITE_MERGE_PATCH);
    } else if (str_eq(method, "DELETE") && request->subresource == NULL) {
        write_resource(ctl, request, WRITE_DELETE);
    } else {
        method_not_allowed(ctl, request);
    }
}

/* Takes a dry run for a real one under no circumstances: what is not understood is refused. */
static bool take_dry_run(struct ctl *ctl, struct request *request, const char *text)
{
    if (str_eq(text, "All")) {
        request->is_dry_run = true;
        return true;
    }
    request_refuse(ctl, request,
                   failure_make(&ctl->arena, 400, "BadRequest",
                                "dryRun: \"%s\" is not supported, only All",
                                text == NULL ? "" : text));
    return false;
}

/* dryRun=All, in the query or in the options that a delete carries as its body. */
static bool read_dry_run(struct ctl *ctl, struct request *request)
{
    const struct target *target = &request->target;
    const struct node *list;

    for (size_t i = 0; i < target->param_count; i++) {
        if (str_eq(target->params[i].key, "dryRun") && !str_is_empty(target->params[i].value) &&
            !take_dry_run(ctl, request, target->params[i].value)) {
            return false;
        }
    }
    if (!str_eq(request->http->method, "DELETE") || request->http->body_size_bytes == 0) {
        return true;
    }
    if (!read_body(ctl, request)) {
        return false;
    }
    list = node_find(request->body, "dryRun");
    if (list == NULL || list->type == NODE_NULL) {
        return true;
    }
    for (size_t i = 0; list->type == NODE_LIST && i < list->list.count; i++) {
        if (!take_dry_run(ctl, request, node_text(list->list.items[i]))) {
            return false;
        }
    }
    return list->type == NODE_LIST || take_dry_run(ctl, request, node_text(list));
}

static void read_fleet_history(struct ctl *ctl, struct request *request)
{
    uint64_t limit;

    if (request_number(ctl, request, "limit", 0, &limit)) {
        history_open(ctl, request->id, NULL, NULL, limit, NULL);
    }
}

static void on_route(struct ctl *ctl, struct request *request, enum route_id route)
{
    switch (route) {
    case ROUTE_CHANGESETS:
        write_changeset(ctl, request);
        break;
    case ROUTE_ROLLBACKS:
        write_rollback(ctl, request);
        break;
    case ROUTE_PLAN:
        read_plan(ctl, request);
        break;
    case ROUTE_HISTORY:
        read_fleet_history(ctl, request);
        break;
    case ROUTE_RECONCILE_LOG:
        reconcile_log_answer(ctl, request);
        break;
    case ROUTE_STATE:
        dump_answer(ctl, request);
        break;
    case ROUTE_ACCESS_REVIEWS:
    case ROUTE_RULES_REVIEWS:
    case ROUTE_SELF_REVIEWS:
        if (review_is_proto(request) || read_body(ctl, request)) {
            review_answer(ctl, request, route);
        }
        break;
    case ROUTE_OPENAPI_V2:
    case ROUTE_OPENAPI_V3:
    case ROUTE_OPENAPI_V3_SERVER:
    case ROUTE_OPENAPI_V3_CORE:
    case ROUTE_OPENAPI_V3_GROUP:
        if (!openapi_answer(ctl, request, route)) {
            not_there(ctl, request);
        }
        break;
    case ROUTE_VERSIONS:
    case ROUTE_CORE:
    case ROUTE_GROUPS:
    case ROUTE_GROUP:
    case ROUTE_FOG:
    case ROUTE_VERSION:
    case ROUTE_HEALTHZ:
    case ROUTE_LIVEZ:
    case ROUTE_READYZ:
    case ROUTE_METRICS:
        discovery_answer(ctl, request->id, route);
        break;
    case ROUTE_BLOBS: /* the shell answers these itself */
    case ROUTE_BLOB:
    case ROUTE_BACKUP:
    case ROUTE_COUNT:
        not_there(ctl, request);
        break;
    }
}

void on_operator(struct ctl *ctl, uint64_t id, const struct http_request *http)
{
    struct request request = {.id = id, .http = http};
    const struct route *route;

    if (!target_parse(&ctl->arena, http->target, &request.target)) {
        request_refuse(ctl, &request,
                       failure_make(&ctl->arena, 400, "BadRequest", "the URL is malformed"));
        return;
    }
    route = target_route(&request.target);
    if (!read_dry_run(ctl, &request) || past_open(ctl, &request)) {
        return;
    }
    if (route != NULL && !route_has(route, http->method)) {
        method_not_allowed(ctl, &request);
    } else if (route != NULL) {
        on_route(ctl, &request, route->id);
    } else if (!request_find_resource(&request)) {
        not_there(ctl, &request);
    } else if (request.name == NULL) {
        on_collection(ctl, &request);
    } else {
        on_object(ctl, &request);
    }
}

void on_operator_gone(struct ctl *ctl, uint64_t id)
{
    watch_close(ctl, id);
    link_log_close(ctl, id);
    past_gone(ctl, id);
}
