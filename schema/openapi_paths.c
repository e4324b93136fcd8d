/* What can be asked for: an operation for each verb that a kind has. */
#include "schema/openapi.h"

#include "schema/verbs.h"

enum {
    OF_LIST = 1 << 0,
    OF_WRITE = 1 << 1,
    OF_PATCH = 1 << 2,
    OF_DELETE = 1 << 3,
    OF_AGENTS = 1 << 4
};

static const struct parameter {
    const char *name, *type, *doc;
    unsigned of;
} parameters[] = {
    {"labelSelector", "string", "only what has these labels: k=v, k!=v, k in (a,b), !k",
     OF_LIST | OF_DELETE},
    {"fieldSelector", "string", "only what has these values: spec.agent=edge-1",
     OF_LIST | OF_DELETE},
    {"where", "string", "only agents of which this condition is true", OF_AGENTS},
    {"limit", "integer", "at most so many in one page", OF_LIST},
    {"continue", "string", "metadata.continue of the page before", OF_LIST},
    {"watch", "boolean", "changes as they happen, one JSON document per line", OF_LIST},
    {"resourceVersion", "string", "of a watch: what happened after this revision", OF_LIST},
    {"timeoutSeconds", "integer", "of a watch: when it ends", OF_LIST},
    {"allowWatchBookmarks", "boolean", "of a watch: how far it is, once a minute", OF_LIST},
    {"sendInitialEvents", "boolean", "of a watch: a bookmark behind what there is", OF_LIST},
    {"dryRun", "string", "All: everything but keeping it", OF_WRITE | OF_PATCH | OF_DELETE},
    {"fieldManager", "string", "who owns what is written", OF_WRITE | OF_PATCH},
    {"fieldValidation", "string", "of unknown fields: Strict refuses, Warn tells, Ignore drops",
     OF_WRITE | OF_PATCH},
    {"force", "boolean", "of an apply: fields that others own are taken over", OF_PATCH},
    {"propagationPolicy", "string", "what becomes of what it owns: Background or Orphan",
     OF_DELETE},
};

/* One request that can be made. */
struct operation {
    const struct kind *kind;
    const char *subresource; /* NULL: none */
    const char *method;      /* "get" */
    const char *action;      /* as Kubernetes calls it */
    const char *summary;
    const char *answer; /* name of the definition */
    const char *body;   /* likewise; NULL: none */
    unsigned takes;     /* OF_… */
    int code;
};

static void set_text(struct arena *arena, struct node *to, const char *key, const char *text)
{
    node_set(arena, to, key, node_str(arena, text));
}

static struct node *parameter(struct arena *arena, enum openapi_version version, const char *name,
                              const char *in, const char *type, const char *doc)
{
    struct node *node = node_map(arena), *schema = version == OPENAPI_V2 ? node : node_map(arena);

    set_text(arena, node, "name", name);
    set_text(arena, node, "in", in);
    set_text(arena, node, "description", doc);
    if (*in == 'p') {
        node_set(arena, node, "required", node_bool(arena, true));
    }
    set_text(arena, schema, "type", type);
    if (schema != node) {
        node_set(arena, node, "schema", schema);
    }
    return node;
}

static struct node *media_types(struct arena *arena, unsigned takes)
{
    static const char *const patches[] = {"application/json-patch+json",
                                          "application/merge-patch+json",
                                          "application/apply-patch+yaml"};
    static const char *const bodies[] = {"application/json", "application/yaml"};
    struct node *list = node_list(arena);
    bool is_patch = (takes & OF_PATCH) != 0;

    for (size_t i = 0; i < (is_patch ? COUNT_OF(patches) : COUNT_OF(bodies)); i++) {
        node_add(arena, list, node_str(arena, is_patch ? patches[i] : bodies[i]));
    }
    return list;
}

/* A patch may be of any form. */
static struct node *body_schema(struct arena *arena, enum openapi_version version,
                                const struct operation *operation)
{
    return operation->takes & OF_PATCH ? node_map(arena)
                                       : openapi_ref(arena, version, operation->body);
}

static void add_body(struct arena *arena, enum openapi_version version,
                     const struct operation *operation, struct node *to, struct node *list)
{
    struct node *types = media_types(arena, operation->takes), *body = node_map(arena), *content;
    struct node *is_required = node_bool(arena, (operation->takes & OF_DELETE) == 0);

    if (version == OPENAPI_V2) {
        set_text(arena, body, "name", "body");
        set_text(arena, body, "in", "body");
        node_set(arena, body, "required", is_required);
        node_set(arena, body, "schema", body_schema(arena, version, operation));
        node_add(arena, list, body);
        node_set(arena, to, "consumes", types);
        return;
    }
    content = node_map(arena);
    for (size_t i = 0; i < types->list.count; i++) {
        struct node *medium = node_map(arena);

        node_set(arena, medium, "schema", body_schema(arena, version, operation));
        node_set(arena, content, node_text(types->list.items[i]), medium);
    }
    node_set(arena, body, "required", is_required);
    node_set(arena, body, "content", content);
    node_set(arena, to, "requestBody", body);
}

static struct node *answer(struct arena *arena, enum openapi_version version, const char *doc,
                           const char *definition)
{
    struct node *node = node_map(arena), *content, *medium;
    struct node *schema = openapi_ref(arena, version, definition);

    set_text(arena, node, "description", doc);
    if (version == OPENAPI_V2) {
        node_set(arena, node, "schema", schema);
        return node;
    }
    content = node_map(arena);
    medium = node_map(arena);
    node_set(arena, medium, "schema", schema);
    node_set(arena, content, "application/json", medium);
    node_set(arena, node, "content", content);
    return node;
}

static struct node *answers(struct arena *arena, enum openapi_version version,
                            const struct operation *operation)
{
    struct node *node = node_map(arena);

    node_set(arena, node, arena_printf(arena, "%d", operation->code),
             answer(arena, version, operation->code == 201 ? "Created" : "OK", operation->answer));
    node_set(arena, node, "default", answer(arena, version, "what went wrong", OPENAPI_STATUS));
    return node;
}

static void add_operation(struct arena *arena, enum openapi_version version,
                          const struct operation *operation, struct node *item)
{
    const struct kind *kind = operation->kind;
    struct node *node = node_map(arena), *list = node_list(arena);
    bool is_scale = str_eq(operation->subresource, "scale");

    set_text(arena, node, "description", operation->summary);
    set_text(arena, node, "operationId",
             arena_printf(arena, "%s%s%s", operation->action, kind->name,
                          operation->subresource == NULL             ? ""
                          : str_eq(operation->subresource, "status") ? "Status"
                          : is_scale                                 ? "Scale"
                                                                     : "Plan"));
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        const struct parameter *one = &parameters[i];

        if (one->of & operation->takes) {
            node_add(arena, list,
                     parameter(arena, version, one->name, "query", one->type, one->doc));
        }
    }
    if (operation->body != NULL) {
        add_body(arena, version, operation, node, list);
    }
    if (list->list.count > 0) {
        node_set(arena, node, "parameters", list);
    }
    node_set(arena, node, "responses", answers(arena, version, operation));
    set_text(arena, node, "x-kubernetes-action", operation->action);
    node_set(arena, node, OPENAPI_KIND_MARK,
             openapi_group_version_kind(arena, is_scale ? "autoscaling" : kind->group,
                                        is_scale ? "v1" : openapi_version_of(kind),
                                        is_scale ? "Scale" : kind->name));
    node_set(arena, item, operation->method, node);
}

/* A path item; its parameters are those in the path. */
static struct node *path_item(struct arena *arena, const struct kind *kind,
                              enum openapi_version version, bool is_named)
{
    struct node *item = node_map(arena), *list = node_list(arena);

    if (kind->is_event) {
        node_add(arena, list,
                 parameter(arena, version, "namespace", "path", "string",
                           "any: events are the same in all of them"));
    }
    if (is_named) {
        node_add(arena, list,
                 parameter(arena, version, "name", "path", "string", "name of the object"));
    }
    if (list->list.count > 0) {
        node_set(arena, item, "parameters", list);
    }
    return item;
}

static const char *base_path(struct arena *arena, const struct kind *kind)
{
    return kind->is_event ? arena_printf(arena, "/api/%s/namespaces/{namespace}/%s",
                                         openapi_version_of(kind), kind->plural)
                          : arena_printf(arena, "/apis/%s/%s", kind->api_version, kind->plural);
}

static void add_collection(struct arena *arena, const struct kind *kind,
                           enum openapi_version version, struct node *to)
{
    const char *name = openapi_name(arena, kind);
    const char *list = arena_printf(arena, "%sList", name);
    const struct operation operations[] = {
        {kind, NULL, "get", "list", "lists or watches them", list, NULL,
         OF_LIST | (str_eq(kind->plural, "agents") ? (unsigned)OF_AGENTS : 0), 200},
        {kind, NULL, "post", "create", "creates one", name, name, OF_WRITE, 201},
        {kind, NULL, "delete", "deletecollection", "deletes all that are selected, or none", list,
         OPENAPI_DELETE_OPTIONS, OF_DELETE, 200},
    };
    struct node *item = path_item(arena, kind, version, false);

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (kind_has_verb(kind, NULL, operations[i].action)) {
            add_operation(arena, version, &operations[i], item);
        }
    }
    node_set(arena, to, base_path(arena, kind), item);
}

/* Every kind has a patch: without one clients believe that the server knows no dry run of it.  What
 * the controller alone writes answers it with 403. */
static void add_object(struct arena *arena, const struct kind *kind, enum openapi_version version,
                       struct node *to)
{
    const char *name = openapi_name(arena, kind);
    const struct operation operations[] = {
        {kind, NULL, "get", "get", "reads one", name, NULL, 0, 200},
        {kind, NULL, "put", "update", "replaces one", name, name, OF_WRITE, 200},
        {kind, NULL, "patch", "patch",
         kind->is_derived ? "refused: the controller alone writes these" : "changes or applies one",
         name, name, OF_PATCH, 200},
        {kind, NULL, "delete", "delete", "deletes one", OPENAPI_STATUS, OPENAPI_DELETE_OPTIONS,
         OF_DELETE, 200},
    };
    struct node *item = path_item(arena, kind, version, true);

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (kind_has_verb(kind, NULL, operations[i].action) ||
            str_eq(operations[i].action, "patch")) {
            add_operation(arena, version, &operations[i], item);
        }
    }
    node_set(arena, to, arena_printf(arena, "%s/{name}", base_path(arena, kind)), item);
}

static void add_part(struct arena *arena, const struct kind *kind, const char *subresource,
                     enum openapi_version version, struct node *to)
{
    const char *name = str_eq(subresource, "scale") ? OPENAPI_SCALE : openapi_name(arena, kind);
    const struct operation operations[] = {
        {kind, subresource, "get", "get", "reads it", name, NULL, 0, 200},
        {kind, subresource, "put", "update", "replaces it", name, name, OF_WRITE, 200},
        {kind, subresource, "patch", "patch", "changes or applies it", name, name, OF_PATCH, 200},
        {kind, subresource, "post", "create", "tells what a change would do", OPENAPI_PLAN, name,
         OF_WRITE, 200},
    };
    struct node *item = path_item(arena, kind, version, true);

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (kind_has_verb(kind, subresource, operations[i].action)) {
            add_operation(arena, version, &operations[i], item);
        }
    }
    node_set(arena, to, arena_printf(arena, "%s/{name}/%s", base_path(arena, kind), subresource),
             item);
}

void openapi_add_paths(struct arena *arena, const struct kind *kind, enum openapi_version version,
                       struct node *to)
{
    add_collection(arena, kind, version, to);
    add_object(arena, kind, version, to);
    for (const char *const *part = kind_subresources; *part != NULL; part++) {
        if (kind_verbs(kind, *part) != NULL) {
            add_part(arena, kind, *part, version, to);
        }
    }
}
