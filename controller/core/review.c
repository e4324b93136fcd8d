/* What is allowed follows from the verbs that kinds have; "*" is allowed where everything is. */
#include "controller/core/review.h"

#include "schema/verbs.h"

static const char *const verbs[] = {"create", "delete", "deletecollection", "get",
                                    "list",   "patch",  "update",           "watch"};

static const char allowed[] = "there is no authorization yet: everybody may who reaches the server";

static bool is_any(const char *text)
{
    return str_eq(text, "*");
}

/* --- deciding --------------------------------------------------------------------------------- */

/* The verb of a kind that a method of HTTP stands for; NULL: none. */
static const char *verb_of(const char *method, const struct request *request)
{
    static const struct {
        const char *method, *collection, *object;
    } rows[] = {
        {"get", "list", "get"},  {"head", "list", "get"},  {"post", "create", NULL},
        {"put", NULL, "update"}, {"patch", NULL, "patch"}, {"delete", "deletecollection", "delete"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_eq(rows[i].method, method)) {
            return request->name == NULL                  ? rows[i].collection
                   : str_eq(request->subresource, "plan") ? rows[i].collection
                                                          : rows[i].object;
        }
    }
    return NULL;
}

static bool decide_path(struct arena *arena, const struct review *review, const char **ret_why)
{
    struct request request = {0};
    const struct route *route;
    const char *verb;

    *ret_why = "the server has no such path";
    if (!target_parse(arena, review->path, &request.target)) {
        return false;
    }
    route = target_route(&request.target);
    if (route == NULL && (!request_find_resource(&request) ||
                          kind_verbs(request.kind, request.subresource) == NULL)) {
        return false;
    }
    verb = route != NULL ? NULL : verb_of(review->path_verb, &request);
    if (route != NULL ? route_has(route, review->path_verb)
                      : verb != NULL && kind_has_verb(request.kind, request.subresource, verb)) {
        *ret_why = allowed;
        return true;
    }
    *ret_why = arena_printf(arena, "there is no \"%s\" of this path", review->path_verb);
    return false;
}

static bool kind_is_asked(const struct kind *kind, const struct review *review)
{
    bool is_all = is_any(review->resource);

    return (is_any(review->group) || str_eq(kind->group, review->group) ||
            (is_all && str_is_empty(review->group))) &&
           (is_all || str_eq(kind->plural, review->resource)) &&
           (str_is_empty(review->version) || is_any(review->version) ||
            str_eq(review->version, "v1"));
}

static bool is_verb(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (str_eq(verbs[i], text)) {
            return true;
        }
    }
    return false;
}

/* Who writes it, when it is not everybody. */
static bool refuse_verb(struct arena *arena, const struct kind *kind, const struct review *review,
                        const char *verb, const char **ret_why)
{
    const char *part = review->subresource;

    *ret_why = kind_verbs(kind, str_is_empty(part) || is_any(part) ? NULL : part) == NULL
                   ? arena_printf(arena, "%s have no subresource \"%s\"", kind->plural, part)
               : kind->is_derived && is_verb(verb)
                   ? arena_printf(arena, "the controller alone writes %s", kind->plural)
                   : arena_printf(arena, "%s%s%s have no verb \"%s\"", kind->plural,
                                  str_is_empty(part) ? "" : "/", part, verb);
    return false;
}

static bool kind_lets(struct arena *arena, const struct kind *kind, const struct review *review,
                      const char **ret_why)
{
    const char *part = str_is_empty(review->subresource) || is_any(review->subresource)
                           ? NULL
                           : review->subresource;

    if (!is_any(review->verb)) {
        return kind_has_verb(kind, part, review->verb) ||
               refuse_verb(arena, kind, review, review->verb, ret_why);
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!kind_has_verb(kind, part, verbs[i])) {
            return refuse_verb(arena, kind, review, verbs[i], ret_why);
        }
    }
    return true;
}

/* The verb of a path that is named like a resource. */
static const char *resource_verb(const struct route *route)
{
    return route_has(route, "post") ? "create" : "get";
}

/* Of a path that is named like a resource. */
static bool route_lets(struct arena *arena, const struct route *route, const struct review *review,
                       const char **ret_why)
{
    const char *name = route_resource(route);

    if (!str_is_empty(review->subresource) && !is_any(review->subresource)) {
        *ret_why = arena_printf(arena, "%s has no subresource \"%s\"", name, review->subresource);
        return false;
    }
    if (!is_any(review->verb) && !str_eq(review->verb, resource_verb(route))) {
        *ret_why = arena_printf(arena, "%s has no verb \"%s\"", name, review->verb);
        return false;
    }
    return true;
}

static bool decide_resource(struct arena *arena, const struct review *review, const char **ret_why)
{
    bool is_known = false;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!kind_is_asked(kinds[i], review)) {
            continue;
        }
        if (!kind_lets(arena, kinds[i], review, ret_why)) {
            return false;
        }
        is_known = true;
    }
    for (size_t i = 0; i < ROUTE_COUNT && !is_known; i++) {
        if (str_eq(route_resource(&routes[i]), review->resource) &&
            (is_any(review->group) || str_eq(review->group, "fog"))) {
            return route_lets(arena, &routes[i], review, ret_why);
        }
    }
    if (!is_known) {
        *ret_why = arena_printf(arena, "the server has no resource \"%s\" in the group \"%s\"",
                                review->resource, review->group);
    }
    return is_known;
}

bool review_decide(struct arena *arena, const struct review *review, const char **ret_why)
{
    *ret_why = allowed;
    return review->path != NULL ? decide_path(arena, review, ret_why)
                                : decide_resource(arena, review, ret_why);
}

/* --- answering -------------------------------------------------------------------------------- */

static struct node *texts(struct arena *arena, const char *const *list)
{
    struct node *node = node_list(arena);

    for (; *list != NULL; list++) {
        node_add(arena, node, node_str(arena, *list));
    }
    return node;
}

static struct node *one(struct arena *arena, const char *text)
{
    return texts(arena, (const char *const[]){text, NULL});
}

static struct node *access_status(struct arena *arena, const struct review *review)
{
    struct node *status = node_map(arena);
    const char *why;

    node_set(arena, status, "allowed", node_bool(arena, review_decide(arena, review, &why)));
    node_set(arena, status, "reason", node_str(arena, why));
    return status;
}

static void add_rule(struct arena *arena, struct node *list, const struct kind *kind,
                     const char *part)
{
    struct node *rule = node_map(arena);

    if (kind_verbs(kind, part) == NULL) {
        return;
    }
    node_set(arena, rule, "verbs", texts(arena, kind_verbs(kind, part)));
    node_set(arena, rule, "apiGroups", one(arena, kind->group));
    node_set(
        arena, rule, "resources",
        one(arena, part == NULL ? kind->plural : arena_printf(arena, "%s/%s", kind->plural, part)));
    node_add(arena, list, rule);
}

static void add_route_rule(struct arena *arena, struct node *list, const struct route *route)
{
    struct node *rule = node_map(arena), *methods = node_list(arena);
    const char *resource = route_resource(route), *brace = strchr(route->path, '{');

    if (resource != NULL) {
        node_set(arena, rule, "verbs", one(arena, resource_verb(route)));
        node_set(arena, rule, "apiGroups", one(arena, "fog"));
        node_set(arena, rule, "resources", one(arena, resource));
        node_add(arena, list, rule);
        return;
    }
    for (size_t i = 0; i < ROUTE_OPERATIONS_MAX && route->operations[i].method != NULL; i++) {
        node_add(arena, methods, node_str(arena, route->operations[i].method));
    }
    node_set(arena, rule, "verbs", methods);
    node_set(arena, rule, "nonResourceURLs",
             one(arena, brace == NULL ? route->path
                                      : arena_printf(arena, "%.*s*", (int)(brace - route->path),
                                                     route->path)));
    node_add(arena, list, rule);
}

static struct node *rules_status(struct arena *arena)
{
    struct node *status = node_map(arena), *rules = node_list(arena), *paths = node_list(arena);

    for (size_t i = 0; i < KIND_COUNT; i++) {
        add_rule(arena, rules, kinds[i], NULL);
        for (const char *const *part = kind_subresources; *part != NULL; part++) {
            add_rule(arena, rules, kinds[i], *part);
        }
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        add_route_rule(arena, route_resource(&routes[i]) != NULL ? rules : paths, &routes[i]);
    }
    node_set(arena, status, "resourceRules", rules);
    node_set(arena, status, "nonResourceRules", paths);
    node_set(arena, status, "incomplete", node_bool(arena, false));
    return status;
}

/* Nothing has proved the name: the group says so in the words that clients know. */
static struct node *self_status(struct arena *arena, const char *user)
{
    struct node *status = node_map(arena), *info = node_map(arena);

    node_set(arena, info, "username", node_str(arena, str_is_empty(user) ? "anonymous" : user));
    node_set(arena, info, "groups", one(arena, "system:unauthenticated"));
    node_set(arena, status, "userInfo", info);
    return status;
}

bool review_is_proto(const struct request *request)
{
    return str_starts(request->http->content_type, "application/vnd.kubernetes.protobuf");
}

void review_answer(struct ctl *ctl, const struct request *request, enum route_id route)
{
    const struct http_request *http = request->http;
    enum review_type type = route == ROUTE_ACCESS_REVIEWS  ? REVIEW_ACCESS
                            : route == ROUTE_RULES_REVIEWS ? REVIEW_RULES
                                                           : REVIEW_SELF;
    struct arena *arena = &ctl->arena;
    struct review review;
    struct node *root, *status;
    const char *why;

    if (review_is_proto(request)
            ? !review_from_proto(arena, type, http->body, http->body_size_bytes, &review, &why)
            : !review_from_node(arena, type, request->body, &review, &why)) {
        request_refuse(
            ctl, request,
            failure_make(arena, 400, "BadRequest", "the review cannot be read: %s", why));
        return;
    }
    status = type == REVIEW_ACCESS  ? access_status(arena, &review)
             : type == REVIEW_RULES ? rules_status(arena)
                                    : self_status(arena, http->user);
    root = review_to_node(arena, &review);
    node_set(arena, root, "status", status);
    answer_node(ctl, request->id, 201, root);
}
