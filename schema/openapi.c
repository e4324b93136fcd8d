/* The documents: what all kinds, or those of one group, say together. */
#include "schema/openapi.h"

#include "schema/version.h"

const char *const openapi_v3_paths[] = {"api/v1",
                                        "apis/authentication.k8s.io/v1",
                                        "apis/authorization.k8s.io/v1",
                                        "apis/fog/v1",
                                        OPENAPI_SERVER,
                                        NULL};

static struct node *document(struct arena *arena, const char *key, const char *version)
{
    struct node *root = node_map(arena), *info = node_map(arena);

    node_set(arena, root, key, node_str(arena, version));
    node_set(arena, info, "title", node_str(arena, "Fog"));
    node_set(arena, info, "version", node_str(arena, FOG_VERSION));
    node_set(arena, root, "info", info);
    return root;
}

struct node *openapi_v2(struct arena *arena)
{
    struct node *root = document(arena, "swagger", "2.0");
    struct node *paths = node_map(arena), *definitions = node_map(arena);

    for (size_t i = 0; i < KIND_COUNT; i++) {
        openapi_add_paths(arena, kinds[i], OPENAPI_V2, paths);
        openapi_add_kind(arena, kinds[i], OPENAPI_V2, definitions);
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        openapi_add_route(arena, &routes[i], OPENAPI_V2, paths);
    }
    openapi_add_common(arena, OPENAPI_V2, definitions);
    openapi_add_answers(arena, OPENAPI_V2, definitions);
    node_set(arena, root, "paths", paths);
    node_set(arena, root, "definitions", definitions);
    return root;
}

static const char *path_of(struct arena *arena, const struct kind *kind)
{
    return arena_printf(arena, kind->group[0] == '\0' ? "api/%s" : "apis/%s", kind->api_version);
}

struct node *openapi_v3(struct arena *arena, const char *path)
{
    struct node *root = document(arena, "openapi", "3.0.0");
    struct node *paths = node_map(arena), *schemas = node_map(arena), *components;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_eq(path_of(arena, kinds[i]), path)) {
            openapi_add_paths(arena, kinds[i], OPENAPI_V3, paths);
            openapi_add_kind(arena, kinds[i], OPENAPI_V3, schemas);
        }
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (str_eq(routes[i].document, path)) {
            openapi_add_route(arena, &routes[i], OPENAPI_V3, paths);
        }
    }
    if (paths->map.count == 0) {
        return NULL;
    }
    openapi_add_common(arena, OPENAPI_V3, schemas);
    openapi_add_answers(arena, OPENAPI_V3, schemas);
    components = node_map(arena);
    node_set(arena, components, "schemas", schemas);
    node_set(arena, root, "paths", paths);
    node_set(arena, root, "components", components);
    return root;
}
