/* Whole documents: which kind it is, its metadata, and the body that the kind describes. */
#include "schema/bind.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/binder.h"

#include <string.h>

static const char *root_text(struct binder *binder, const struct node *root, const char *key)
{
    struct place place = {.name = key};
    const struct node *node = node_find(root, key);

    if (node == NULL || node->type == NODE_NULL) {
        binder_problem(binder, CAUSE_REQUIRED, root, &place, "is required");
        return NULL;
    }
    if (node_text(node) == NULL) {
        binder_problem(binder, CAUSE_TYPE, node, &place, "must be a string");
        return NULL;
    }
    return node_text(node);
}

/* Neither the kind nor its version may be ours: say which of the two, and what would be right. */
static void no_such_kind(struct binder *binder, const struct node *root, const char *api_version,
                         const char *name)
{
    const char *names[KIND_COUNT];
    struct place place = {.name = "kind"};
    const char *closest;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kinds[i]->name;
        if (str_eq(names[i], name)) {
            place.name = "apiVersion";
            binder_problem(binder, CAUSE_NOT_SUPPORTED, node_find(root, "apiVersion"), &place,
                           "%s is in \"%s\", not in %s", name, kinds[i]->api_version,
                           binder_quoted(binder, api_version));
            return;
        }
    }
    closest = words_closest(name, names, KIND_COUNT);
    binder_problem(binder, CAUSE_NOT_SUPPORTED, node_find(root, "kind"), &place,
                   closest != NULL ? "there is no kind %s; did you mean \"%s\"?"
                                   : "there is no kind %s",
                   binder_quoted(binder, name), closest);
}

const struct kind *bind_kind(const struct node *root, struct problems *problems)
{
    struct binder binder = {.problems = problems};
    struct place top = {.name = ""};
    const char *api_version, *name;
    const struct kind *kind;

    if (root == NULL || root->type != NODE_MAP) {
        binder_problem(&binder, CAUSE_TYPE, root, &top,
                       "must be an object with apiVersion, kind and metadata");
        return NULL;
    }
    api_version = root_text(&binder, root, "apiVersion");
    name = root_text(&binder, root, "kind");
    if (api_version == NULL || name == NULL) {
        return NULL;
    }
    kind = kind_find(api_version, name);
    if (kind == NULL) {
        no_such_kind(&binder, root, api_version, name);
    }
    return kind;
}

static void check_type(struct binder *binder, const struct node *root, const char *key,
                       const char *expected)
{
    struct place place = {.name = key};
    const struct node *node = node_find(root, key);

    if (node != NULL && node->type != NODE_NULL && !str_eq(node_text(node), expected)) {
        binder_problem(binder, CAUSE_INVALID, node, &place, "must be \"%s\" here", expected);
    }
}

static void bind_meta(struct binder *binder, const struct node *root, struct meta *ret_meta)
{
    const struct node *node = node_find(root, "metadata");
    struct place place = {.name = "metadata"};
    struct place name = {.up = &place, .name = "name"};

    if (node != NULL && node->type == NODE_NULL) {
        node = NULL;
    }
    if (node != NULL && node->type != NODE_MAP) {
        binder_problem(binder, CAUSE_TYPE, node, &place, "must be an object");
        return;
    }
    bind_fields(binder, &meta_shape, node, node != NULL ? node : root, &place, ret_meta);
    if (!(binder->flags & BIND_NO_REQUIRED) && !shape_has(&meta_shape, ret_meta, &ret_meta->name) &&
        !shape_has(&meta_shape, ret_meta, &ret_meta->generate_name)) {
        binder_problem(binder, CAUSE_REQUIRED, node != NULL ? node : root, &name, "is required");
    }
}

/* The members of the document beside its type and metadata, as a map of their own. */
static struct node *body_of(struct arena *arena, const struct node *root)
{
    struct node *body = arena_copy(arena, root, sizeof(*root));

    body->map.count = 0;
    body->map.members = arena_array(arena, root->map.count, sizeof(body->map.members[0]));
    for (size_t i = 0; i < root->map.count; i++) {
        const char *key = root->map.members[i].key;

        if (!str_eq(key, "apiVersion") && !str_eq(key, "kind") && !str_eq(key, "metadata")) {
            body->map.members[body->map.count++] = root->map.members[i];
        }
    }
    return body;
}

struct object *bind_object(const struct kind *kind, const struct node *root, unsigned flags,
                           struct problems *problems)
{
    _cleanup_(object_unref_p)
    struct object *object = object_new(kind);
    struct binder binder = {&object->arena, problems, flags};
    struct place top = {.name = ""};
    size_t errors = problems->errors;
    struct node *body;

    if (root == NULL || root->type != NODE_MAP) {
        binder_problem(&binder, CAUSE_TYPE, root, &top, "must be an object");
        return NULL;
    }
    check_type(&binder, root, "apiVersion", kind->api_version);
    check_type(&binder, root, "kind", kind->name);
    bind_meta(&binder, root, &object->meta);
    body = body_of(problems->arena, root);
    bind_fields(&binder, kind->shape, body, body, &top, object->body);
    return problems->errors == errors ? TAKE(object) : NULL;
}
