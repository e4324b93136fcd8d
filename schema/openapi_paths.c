/* What can be asked for: an operation for each verb that a kind has. */
#include "schema/openapi.h"

#include "schema/limits.h"
#include "schema/verbs.h"

#include <ctype.h>
#include <string.h>

static const struct parameter {
    const char *name, *type, *doc;
    unsigned of;
} parameters[] = {
    {"labelSelector", "string", "only what has these labels: k=v, k!=v, k in (a,b), !k",
     TAKES_SELECTORS},
    {"fieldSelector", "string", "only what has these values: spec.agent=edge-1", TAKES_SELECTORS},
    {"where", "string", "only agents of which this condition is true", TAKES_WHERE},
    {"limit", "integer", "at most so many in one page", TAKES_PAGE | TAKES_LIMIT},
    {"continue", "string", "metadata.continue of the page before", TAKES_PAGE},
    {"watch", "boolean", "changes as they happen, one JSON document per line", TAKES_WATCH},
    {"resourceVersion", "string", "of a watch: what happened after this revision", TAKES_WATCH},
    {"timeoutSeconds", "integer", "of a watch: when it ends", TAKES_WATCH},
    {"allowWatchBookmarks", "boolean", "of a watch: how far it is, once a minute", TAKES_WATCH},
    {"sendInitialEvents", "boolean", "of a watch: a bookmark behind what there is", TAKES_WATCH},
    {"atRevision", "integer", "as it was at this revision", TAKES_PAST},
    {"atTime", "string", "as it was at this time (RFC 3339), or so long ago: 10m", TAKES_PAST},
    {"as", "string", "Table: rows of cells instead of objects, as by the header Accept",
     TAKES_TABLE},
    {"includeObject", "string",
     "of a table: what its rows have beside the cells, Metadata (unless given), Object or None",
     TAKES_TABLE},
    {"tailLines", "integer", "only the last so many lines of what there is", TAKES_LOG},
    {"follow", "boolean", "what is written from then on comes, too", TAKES_LOG},
    {"dryRun", "string", "All: everything but keeping it",
     TAKES_WRITE | TAKES_PATCH | TAKES_DELETE},
    {"fieldManager", "string", "who owns what is written", TAKES_WRITE | TAKES_PATCH | TAKES_PLAN},
    {"fieldValidation", "string", "of unknown fields: Strict refuses, Warn tells, Ignore drops",
     TAKES_WRITE | TAKES_PATCH | TAKES_PLAN},
    {"force", "boolean", "of an apply: fields that others own are taken over",
     TAKES_PATCH | TAKES_PLAN},
    {"orphanDependents", "boolean", "as the propagationPolicy Orphan", TAKES_DELETE},
    {"propagationPolicy", "string", "what becomes of what it owns: Background or Orphan",
     TAKES_DELETE},
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

/* A form is the name of a definition, or a media type. */
static bool is_media(const char *form)
{
    return strchr(form, '/') != NULL;
}

static struct node *media_types(struct arena *arena, const struct operation *operation)
{
    static const char *const patches[] = {"application/json-patch+json",
                                          "application/merge-patch+json",
                                          "application/apply-patch+yaml", NULL};
    static const char *const bodies[] = {"application/json", "application/yaml", NULL};
    const char *const own[] = {operation->body, NULL};
    const char *const *types = operation->takes & TAKES_PATCH ? patches
                               : is_media(operation->body)    ? own
                                                              : bodies;
    struct node *list = node_list(arena);

    for (; *types != NULL; types++) {
        node_add(arena, list, node_str(arena, *types));
    }
    return list;
}

/* JSON that is not described may be anything, and what is none is a text. */
static struct node *form_schema(struct arena *arena, enum openapi_version version, const char *form)
{
    struct node *node = node_map(arena);

    if (!is_media(form)) {
        return openapi_ref(arena, version, form);
    }
    if (!str_eq(form, "application/json")) {
        set_text(arena, node, "type", "string");
    }
    if (str_eq(form, "application/octet-stream")) {
        set_text(arena, node, "format", "binary");
    }
    return node;
}

/* A patch may be of any form. */
static struct node *body_schema(struct arena *arena, enum openapi_version version,
                                const struct operation *operation)
{
    return operation->takes & TAKES_PATCH ? node_map(arena)
                                          : form_schema(arena, version, operation->body);
}

static void add_body(struct arena *arena, enum openapi_version version,
                     const struct operation *operation, struct node *to, struct node *list)
{
    struct node *types = media_types(arena, operation), *body = node_map(arena), *content;
    struct node *is_required = node_bool(arena, (operation->takes & TAKES_DELETE) == 0);

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

static const char *media_of(const char *form)
{
    return is_media(form) ? form : "application/json";
}

static struct node *answer(struct arena *arena, enum openapi_version version, const char *doc,
                           const char *form)
{
    struct node *node = node_map(arena), *content, *medium;
    struct node *schema = form_schema(arena, version, form);

    set_text(arena, node, "description", doc);
    if (version == OPENAPI_V2) {
        node_set(arena, node, "schema", schema);
        return node;
    }
    content = node_map(arena);
    medium = node_map(arena);
    node_set(arena, medium, "schema", schema);
    node_set(arena, content, media_of(form), medium);
    node_set(arena, node, "content", content);
    return node;
}

static void add_answers(struct arena *arena, enum openapi_version version,
                        const struct operation *operation, struct node *to)
{
    struct node *node = node_map(arena), *produced = node_list(arena);

    if (version == OPENAPI_V2) {
        node_add(arena, produced, node_str(arena, media_of(operation->answer)));
        if (!str_eq(media_of(operation->answer), "application/json")) {
            node_add(arena, produced, node_str(arena, "application/json")); /* of a refusal */
        }
        node_set(arena, to, "produces", produced);
    }
    node_set(arena, node, arena_printf(arena, "%d", operation->code),
             answer(arena, version, operation->code == 201 ? "Created" : "OK", operation->answer));
    node_set(arena, node, "default", answer(arena, version, "what went wrong", OPENAPI_STATUS));
    node_set(arena, to, "responses", node);
}

static struct node *operation_node(struct arena *arena, enum openapi_version version,
                                   const struct operation *operation)
{
    struct node *node = node_map(arena), *list = node_list(arena);

    set_text(arena, node, "description", operation->doc);
    set_text(arena, node, "operationId", operation->id);
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
    add_answers(arena, version, operation, node);
    return node;
}

/* Of each name in braces; a list without items when there is none. */
static struct node *path_parameters(struct arena *arena, enum openapi_version version,
                                    const char *path)
{
    static const char *const docs[][2] = {
        {"namespace", "any: events are the same in all of them"},
        {"name", "name of the object"},
        {"digest", "blake2b: and 64 digits"},
        {"group", "the group of a document"},
        {"version", "the version of a group"},
    };
    struct node *list = node_list(arena);

    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at, '{')) {
        const char *name = arena_strndup(arena, at + 1, strcspn(at + 1, "}"));

        for (size_t i = 0; i < COUNT_OF(docs); i++) {
            if (str_eq(docs[i][0], name)) {
                node_add(arena, list,
                         parameter(arena, version, name, "path", "string", docs[i][1]));
            }
        }
        at++;
    }
    return list;
}

/* The item of a path, made when it is first asked for. */
static struct node *path_item(struct arena *arena, enum openapi_version version, const char *path,
                              struct node *to)
{
    struct node *item = node_map(arena), *list = path_parameters(arena, version, path);

    if (list->list.count > 0) {
        node_set(arena, item, "parameters", list);
    }
    node_set(arena, to, path, item);
    return item;
}

void openapi_add_route(struct arena *arena, const struct route *route, enum openapi_version version,
                       struct node *to)
{
    struct node *item = path_item(arena, version, route->path, to);

    for (size_t i = 0; i < ROUTE_OPERATIONS_MAX && route->operations[i].method != NULL; i++) {
        node_set(arena, item, route->operations[i].method,
                 operation_node(arena, version, &route->operations[i]));
    }
}

/* --- objects ---------------------------------------------------------------------------------- */

/* Where the objects of a kind are: events are in every namespace, and in none. */
struct place {
    const struct kind *kind;
    const char *path, *suffix; /* of the ids of operations */
    enum openapi_version version;
};

/* Operations whose id is their action as Kubernetes calls it; those that the kind has are added. */
static void add_item(struct arena *arena, const struct place *place, const char *subresource,
                     const char *path, const struct operation *operations, size_t count,
                     struct node *to)
{
    const struct kind *kind = place->kind;
    struct node *item = path_item(arena, place->version, path, to);
    bool is_scale = str_eq(subresource, "scale");
    char part[NAME_BYTES_MAX] = "";

    (void)snprintf(part, sizeof(part), "%s", subresource == NULL ? "" : subresource);
    part[0] = (char)toupper((unsigned char)part[0]);
    for (size_t i = 0; i < count; i++) {
        const char *action = operations[i].id;
        struct operation operation = operations[i];
        struct node *node;

        /* Every kind has a patch: without one clients believe that the server knows no dry run of
         * it.  What the controller alone writes answers it with 403. */
        if (!kind_has_verb(kind, subresource, action) &&
            (subresource != NULL || !str_eq(action, "patch"))) {
            continue;
        }
        operation.id = arena_printf(arena, "%s%s%s%s", action, kind->name, part, place->suffix);
        node = operation_node(arena, place->version, &operation);
        set_text(arena, node, "x-kubernetes-action", action);
        node_set(arena, node, OPENAPI_KIND_MARK,
                 openapi_group_version_kind(arena, is_scale ? "autoscaling" : kind->group,
                                            is_scale ? "v1" : openapi_version_of(kind),
                                            is_scale ? "Scale" : kind->name));
        node_set(arena, item, operation.method, node);
    }
}

static void add_collection(struct arena *arena, const struct place *place, struct node *to)
{
    const char *name = openapi_name(arena, place->kind);
    const char *list = arena_printf(arena, "%sList", name);
    unsigned which =
        place->kind->id == KIND_AGENT ? TAKES_SELECTORS | TAKES_WHERE : TAKES_SELECTORS;
    unsigned reads = TAKES_PAGE | TAKES_WATCH | TAKES_PAST | TAKES_TABLE;
    const struct operation operations[] = {
        {"get", "list", "lists or watches them", list, NULL, which | reads, 200},
        {"post", "create", "creates one", name, name, TAKES_WRITE, 201},
        {"delete", "deletecollection", "deletes all that are selected, or none", list,
         OPENAPI_DELETE_OPTIONS, which | TAKES_DELETE, 200},
    };

    add_item(arena, place, NULL, place->path, operations, COUNT_OF(operations), to);
}

static void add_object(struct arena *arena, const struct place *place, struct node *to)
{
    const char *name = openapi_name(arena, place->kind);
    const struct operation operations[] = {
        {"get", "get", "reads one", name, NULL, TAKES_PAST | TAKES_TABLE, 200},
        {"put", "update", "replaces one", name, name, TAKES_WRITE, 200},
        {"patch", "patch",
         place->kind->is_derived || place->kind->is_event
             ? "refused: the controller alone writes these"
             : "changes or applies one",
         name, name, TAKES_PATCH, 200},
        {"delete", "delete", "deletes one", OPENAPI_STATUS, OPENAPI_DELETE_OPTIONS, TAKES_DELETE,
         200},
    };

    add_item(arena, place, NULL, arena_printf(arena, "%s/{name}", place->path), operations,
             COUNT_OF(operations), to);
}

/* How a subresource is read. */
static struct operation read_of(const char *subresource, const char *name)
{
    const struct {
        const char *subresource;
        struct operation operation;
    } rows[] = {
        {"status", {"get", "get", "reads it", name, NULL, TAKES_PAST | TAKES_TABLE, 200}},
        {"scale", {"get", "get", "reads it", OPENAPI_SCALE, NULL, 0, 200}},
        {"history",
         {"get", "get", "changes of it, the newest first, also when it is gone", OPENAPI_HISTORY,
          NULL, TAKES_LIMIT | TAKES_PAST, 200}},
        {"why", {"get", "get", "why it is as it is", OPENAPI_WHY, NULL, 0, 200}},
        {"log", {"get", "get", "what it has written", "text/plain", NULL, TAKES_LOG, 200}},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_eq(rows[i].subresource, subresource)) {
            return rows[i].operation;
        }
    }
    return (struct operation){"get", "", "", "", NULL, 0, 0}; /* it is not read */
}

static void add_part(struct arena *arena, const struct place *place, const char *subresource,
                     struct node *to)
{
    const char *object = openapi_name(arena, place->kind);
    const char *name = str_eq(subresource, "scale") ? OPENAPI_SCALE : object;
    const struct operation operations[] = {
        read_of(subresource, name),
        {"put", "update", "replaces it", name, name, TAKES_WRITE, 200},
        {"patch", "patch", "changes or applies it", name, name, TAKES_PATCH, 200},
        {"post", "create", "tells what a change would do", OPENAPI_PLAN, name, TAKES_PLAN, 200},
    };

    add_item(arena, place, subresource,
             arena_printf(arena, "%s/{name}/%s", place->path, subresource), operations,
             COUNT_OF(operations), to);
}

static void add_place(struct arena *arena, const struct place *place, struct node *to)
{
    add_collection(arena, place, to);
    add_object(arena, place, to);
    for (const char *const *part = kind_subresources; *part != NULL; part++) {
        if (kind_verbs(place->kind, *part) != NULL) {
            add_part(arena, place, *part, to);
        }
    }
}

void openapi_add_paths(struct arena *arena, const struct kind *kind, enum openapi_version version,
                       struct node *to)
{
    struct place place = {.kind = kind, .suffix = "", .version = version};

    if (!kind->is_event) {
        place.path = arena_printf(arena, "/apis/%s/%s", kind->api_version, kind->plural);
        add_place(arena, &place, to);
        return;
    }
    place.path = arena_printf(arena, "/api/%s/namespaces/{namespace}/%s", openapi_version_of(kind),
                              kind->plural);
    add_place(arena, &place, to);
    place.path = arena_printf(arena, "/api/%s/%s", openapi_version_of(kind), kind->plural);
    place.suffix = "ForAllNamespaces";
    add_place(arena, &place, to);
}
