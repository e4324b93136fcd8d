#include "controller/core/discovery.h"

#include "controller/core/metrics.h"
#include "schema/verbs.h"

static struct node *words(struct arena *arena, const char *const *list)
{
    struct node *node = node_list(arena);

    for (; list != NULL && *list != NULL; list++) {
        node_add(arena, node, node_str(arena, *list));
    }
    return node;
}

static struct node *resource(struct arena *arena, const struct kind *kind, const char *subresource)
{
    struct node *node = node_map(arena);
    bool is_main = subresource == NULL, is_scale = str_eq(subresource, "scale");

    node_set(arena, node, "name",
             node_str(arena, is_main ? kind->plural
                                     : arena_printf(arena, "%s/%s", kind->plural, subresource)));
    node_set(arena, node, "singularName", node_str(arena, is_main ? kind->singular : ""));
    node_set(arena, node, "namespaced", node_bool(arena, kind->is_event));
    if (is_scale) { /* clients take the kind of its objects from here: it is of another group */
        node_set(arena, node, "group", node_str(arena, "autoscaling"));
        node_set(arena, node, "version", node_str(arena, "v1"));
    }
    node_set(arena, node, "kind", node_str(arena, is_scale ? "Scale" : kind->name));
    node_set(arena, node, "verbs", words(arena, kind_verbs(kind, subresource)));
    if (is_main && kind->short_names != NULL) {
        node_set(arena, node, "shortNames", words(arena, kind->short_names));
    }
    if (is_main && kind->categories != NULL) {
        node_set(arena, node, "categories", words(arena, kind->categories));
    }
    return node;
}

/* Main resources before their subresources: clients take the first whose kind matches. */
static struct node *resources(struct arena *arena, const char *group, const char *group_version)
{
    struct node *root = node_map(arena), *list = node_list(arena);

    node_set(arena, root, "kind", node_str(arena, "APIResourceList"));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "groupVersion", node_str(arena, group_version));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_eq(kinds[i]->group, group)) {
            node_add(arena, list, resource(arena, kinds[i], NULL));
            for (const char *const *part = kind_subresources; *part != NULL; part++) {
                if (kind_verbs(kinds[i], *part) != NULL) {
                    node_add(arena, list, resource(arena, kinds[i], *part));
                }
            }
        }
    }
    node_set(arena, root, "resources", list);
    return root;
}

static struct node *group(struct arena *arena, bool is_whole)
{
    struct node *root = node_map(arena), *version = node_map(arena), *versions = node_list(arena);

    if (is_whole) {
        node_set(arena, root, "kind", node_str(arena, "APIGroup"));
        node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    }
    node_set(arena, root, "name", node_str(arena, "fog"));
    node_set(arena, version, "groupVersion", node_str(arena, "fog/v1"));
    node_set(arena, version, "version", node_str(arena, "v1"));
    node_add(arena, versions, version);
    node_set(arena, root, "versions", versions);
    node_set(arena, root, "preferredVersion", node_copy(arena, version));
    return root;
}

static struct node *versions(struct arena *arena)
{
    struct node *root = node_map(arena), *list = node_list(arena);

    node_add(arena, list, node_str(arena, "v1"));
    node_set(arena, root, "kind", node_str(arena, "APIVersions"));
    node_set(arena, root, "versions", list);
    node_set(arena, root, "serverAddressByClientCIDRs", node_list(arena));
    return root;
}

static struct node *groups(struct arena *arena)
{
    struct node *root = node_map(arena), *list = node_list(arena);

    node_add(arena, list, group(arena, false));
    node_set(arena, root, "kind", node_str(arena, "APIGroupList"));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "groups", list);
    return root;
}

/* Kubernetes' version is what clients compare with their own; Fog's stands behind the plus. */
static struct node *version(struct ctl *ctl)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena);

    node_set(arena, root, "major", node_str(arena, "1"));
    node_set(arena, root, "minor", node_str(arena, "30"));
    node_set(arena, root, "gitVersion",
             node_str(arena, arena_printf(arena, "v1.30.0+fog-%s", ctl->options.version)));
    node_set(arena, root, "platform", node_str(arena, "linux/amd64"));
    node_set(arena, root, "fogVersion", node_str(arena, ctl->options.version));
    node_set(arena, root, "storeId", node_str(arena, ctl->store_id));
    node_set(arena, root, "era", node_int(arena, (int64_t)ctl->era));
    return root;
}

static void answer_health(struct ctl *ctl, uint64_t id)
{
    struct effect effect = {.type = EFFECT_ANSWER, .id = id, .bytes = blob_new("ok", 2)};

    effect.answer.code = 200;
    effect.answer.is_text = true;
    vec_add(ctl->effects, effect); /* immediate: it tells nothing about state */
}

void discovery_answer(struct ctl *ctl, uint64_t id, enum route_id route)
{
    struct arena *arena = &ctl->arena;

    if (route == ROUTE_METRICS) {
        metrics_answer(ctl, id);
    } else if (route == ROUTE_VERSION) {
        answer_node(ctl, id, 200, version(ctl));
    } else if (route == ROUTE_VERSIONS) {
        answer_node(ctl, id, 200, versions(arena));
    } else if (route == ROUTE_GROUPS) {
        answer_node(ctl, id, 200, groups(arena));
    } else if (route == ROUTE_GROUP) {
        answer_node(ctl, id, 200, group(arena, true));
    } else if (route == ROUTE_FOG) {
        answer_node(ctl, id, 200, resources(arena, "fog", "fog/v1"));
    } else if (route == ROUTE_CORE) {
        answer_node(ctl, id, 200, resources(arena, "", "v1"));
    } else {
        answer_health(ctl, id);
    }
}
