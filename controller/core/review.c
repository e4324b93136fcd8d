/* What is allowed follows from the verbs that kinds have; "*" is allowed where everything is. */
#include "controller/core/review.h"

#include "schema/verbs.h"

static const struct route {
    const char *path;
    enum review_type type;
} routes[] = {
    {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", REVIEW_ACCESS},
    {"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", REVIEW_RULES},
    {"/apis/authentication.k8s.io/v1/selfsubjectreviews", REVIEW_SELF},
};

/* What is no resource; a path that ends in "*" stands for all that begin so. */
static const struct page_row {
    const char *path;
    const char *verbs[5];
} pages[] = {
    {"/healthz", {"get"}},   {"/livez", {"get"}},
    {"/readyz", {"get"}},    {"/version", {"get"}},
    {"/metrics", {"get"}},   {"/api", {"get"}},
    {"/api/*", {"get"}},     {"/apis", {"get"}},
    {"/apis/*", {"get"}},    {"/openapi/*", {"get"}},
    {"/blobs/v1", {"get"}},  {"/blobs/v1/*", {"delete", "get", "head", "put"}},
    {"/backup/v1", {"get"}},
};

static const char *const verbs[] = {"create", "delete", "deletecollection", "get",
                                    "list",   "patch",  "update",           "watch"};

static bool is_any(const char *text)
{
    return str_eq(text, "*");
}

/* --- deciding --------------------------------------------------------------------------------- */

static bool page_has(const struct page_row *page, const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(page->verbs) && page->verbs[i] != NULL; i++) {
        if (str_eq(page->verbs[i], verb)) {
            return true;
        }
    }
    return false;
}

static bool page_is(const struct page_row *page, const char *path)
{
    size_t length = strlen(page->path);

    return str_ends(page->path, "*") ? strncmp(page->path, path, length - 1) == 0
                                     : str_eq(page->path, path);
}

static bool decide_path(struct arena *arena, const struct review *review, const char **ret_why)
{
    bool is_known = false;

    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (page_is(&pages[i], review->path)) {
            is_known = true;
            if (page_has(&pages[i], review->path_verb)) {
                return true;
            }
        }
    }
    *ret_why = is_known ? arena_printf(arena, "there is no \"%s\" of this path", review->path_verb)
                        : "the server has no such path";
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

/* Who writes it, when it is not everybody. */
static bool refuse_verb(struct arena *arena, const struct kind *kind, const struct review *review,
                        const char *verb, const char **ret_why)
{
    const char *part = review->subresource;

    *ret_why = kind_verbs(kind, str_is_empty(part) || is_any(part) ? NULL : part) == NULL
                   ? arena_printf(arena, "%s have no subresource \"%s\"", kind->plural, part)
               : kind->is_derived
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
    if (!is_known) {
        *ret_why = arena_printf(arena, "the server has no resource \"%s\" in the group \"%s\"",
                                review->resource, review->group);
    }
    return is_known;
}

bool review_decide(struct arena *arena, const struct review *review, const char **ret_why)
{
    *ret_why = "there is no authorization yet: everybody may who reaches the server";
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

static struct node *rules_status(struct arena *arena)
{
    static const char *const parts[] = {"history", "log", "plan", "scale", "status", "why"};
    struct node *status = node_map(arena), *rules = node_list(arena), *paths = node_list(arena);

    for (size_t i = 0; i < KIND_COUNT; i++) {
        add_rule(arena, rules, kinds[i], NULL);
        for (size_t j = 0; j < COUNT_OF(parts); j++) {
            add_rule(arena, rules, kinds[i], parts[j]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct node *rule = node_map(arena);

        node_set(arena, rule, "verbs", texts(arena, pages[i].verbs));
        node_set(arena, rule, "nonResourceURLs", one(arena, pages[i].path));
        node_add(arena, paths, rule);
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

static const struct route *find_route(const struct target *target)
{
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (target_is(target, routes[i].path)) {
            return &routes[i];
        }
    }
    return NULL;
}

bool review_has(const struct target *target)
{
    return find_route(target) != NULL;
}

bool review_is_proto(const struct request *request)
{
    return str_starts(request->http->content_type, "application/vnd.kubernetes.protobuf");
}

void review_answer(struct ctl *ctl, const struct request *request)
{
    const struct http_request *http = request->http;
    enum review_type type = find_route(&request->target)->type;
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
