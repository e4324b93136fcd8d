#include "controller/core/meant.h"

#include "schema/base/site.h"
#include "schema/limits.h"

#include <stdio.h>

static const enum kind_id rolled_back[] = {KIND_HARVEST_POLICY, KIND_HARVEST_SESSION,
                                           KIND_ALERT_RULE, KIND_AGENT};

enum { NAMED_KEY_SIZE = 320 };

static bool is_rolled_back(const struct kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(rolled_back); i++) {
        if (rolled_back[i] == kind->id) {
            return true;
        }
    }
    return false;
}

static bool is_text(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node == NULL || node->type == NODE_NULL || node->type == NODE_STR;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool refuse(struct arena *arena, const char *what, struct failure *ret_failure)
{
    *ret_failure = failure_make(arena, 400, "BadRequest", "%s", what);
    return false;
}

/* "kind" and "name" of a map at `path`. */
static bool add(struct arena *arena, const struct node *at, const char *path, struct meant *meant,
                struct failure *ret_failure)
{
    const char *word = node_find_text(at, "kind"), *name = node_find_text(at, "name");
    const struct kind *kind = word == NULL ? NULL : kind_find("fog/v1", word);

    if (!is_text(at, "kind") || !is_text(at, "name")) {
        return refuse(arena, arena_printf(arena, "%s: kind and name are strings", path),
                      ret_failure);
    }
    if (word == NULL) {
        return refuse(arena,
                      arena_printf(arena, "%s.name: of which kind? %s.kind is missing", path, path),
                      ret_failure);
    }
    if (kind == NULL || !is_rolled_back(kind)) {
        return refuse(arena,
                      arena_printf(arena, "%s.kind: \"%s\" cannot be rolled back", path, word),
                      ret_failure);
    }
    meant->kind = meant->is_narrow && meant->kind != kind ? NULL : kind;
    meant->is_narrow = true;
    if (name == NULL) {
        meant->kinds[kind->id] = true;
    } else {
        (void)map_put(&meant->names, arena_printf(arena, "%s/%s", kind->name, name),
                      (void *)(uintptr_t)kind);
        meant->name = arena_strdup(arena, name);
    }
    return true;
}

static bool add_list(struct arena *arena, const struct node *list, struct meant *meant,
                     struct failure *ret_failure)
{
    if (list->type != NODE_LIST || list->list.count == 0) {
        return refuse(arena, "spec.objects: a list of kinds and names", ret_failure);
    }
    if (list->list.count > CHANGES_MAX) {
        *ret_failure = failure_make(arena, 413, "RequestEntityTooLarge",
                                    "spec.objects: more than %d objects", CHANGES_MAX);
        return false;
    }
    for (size_t i = 0; i < list->list.count; i++) {
        const char *path = arena_printf(arena, "spec.objects[%zu]", i);

        if (list->list.items[i]->type != NODE_MAP) {
            return refuse(arena, arena_printf(arena, "%s: a kind, and a name", path), ret_failure);
        }
        if (!add(arena, list->list.items[i], path, meant, ret_failure)) {
            return false;
        }
    }
    return true;
}

static bool add_labels(struct arena *arena, const struct node *spec, struct meant *meant,
                       struct failure *ret_failure)
{
    const struct node *labels = node_find(spec, "labelSelector");
    struct err err = ERR_NONE;

    if (labels == NULL || labels->type == NODE_NULL) {
        return true;
    }
    if (labels->type != NODE_STR ||
        selector_parse_labels(arena, arena_strdup(arena, node_text(labels)), &meant->labels, &err) <
            0) {
        return refuse(arena,
                      arena_printf(arena, "spec.labelSelector: %s",
                                   labels->type != NODE_STR ? "is a string" : err.text),
                      ret_failure);
    }
    if (meant->labels.count == 0) {
        return refuse(arena, "spec.labelSelector: is empty, which would select everything",
                      ret_failure);
    }
    if (meant->names.count > 0) {
        return refuse(arena, "spec.labelSelector: selects among kinds, not among names",
                      ret_failure);
    }
    meant->has_labels = true;
    meant->is_selective = meant->is_narrow;
    return true;
}

bool meant_read(struct arena *arena, const struct node *spec, struct meant *meant,
                struct failure *ret_failure)
{
    const struct node *objects = node_find(spec, "objects");
    bool has_one = node_find_text(spec, "kind") != NULL || node_find_text(spec, "name") != NULL;

    if (!is_text(spec, "kind") || !is_text(spec, "name")) {
        return refuse(arena, "spec: kind and name are strings", ret_failure);
    }
    if (objects != NULL && objects->type == NODE_NULL) {
        objects = NULL;
    }
    if (objects != NULL && has_one) {
        return refuse(arena, "spec: either objects, or kind and name, not both", ret_failure);
    }
    if ((has_one && !add(arena, spec, "spec", meant, ret_failure)) ||
        (objects != NULL && !add_list(arena, objects, meant, ret_failure)) ||
        !add_labels(arena, spec, meant, ret_failure)) {
        return false;
    }
    for (size_t i = 0; !meant->is_narrow && i < COUNT_OF(rolled_back); i++) {
        meant->kinds[rolled_back[i]] = true;
    }
    if (meant->names.count != 1 || meant->kind == NULL || meant->kinds[meant->kind->id]) {
        meant->name = NULL;
    }
    return true;
}

void meant_fini(struct meant *meant)
{
    map_fini(&meant->names);
}

/* --- asking ----------------------------------------------------------------------------------- */

bool meant_by_name(const struct meant *meant, const struct kind *kind, const char *name)
{
    char key[NAMED_KEY_SIZE];

    if (meant->names.count == 0) {
        return false;
    }
    (void)snprintf(key, sizeof(key), "%s/%s", kind->name, name);
    return map_find(&meant->names, key) != NULL;
}

bool meant_may(const struct meant *meant, const struct kind *kind, const char *name)
{
    return meant->kinds[kind->id] || meant_by_name(meant, kind, name);
}

static bool has_labels(const struct meant *meant, const struct object *object)
{
    return object != NULL && selector_matches_labels(&meant->labels, &object->meta.labels);
}

bool meant_has(const struct meant *meant, const struct object *then, const struct object *now)
{
    const struct object *any = then == NULL ? now : then;

    if (meant_by_name(meant, any->kind, any->meta.name)) {
        return true;
    }
    return meant->kinds[any->kind->id] && (!meant->has_labels || has_labels(meant, then) ||
                                           has_labels(meant, now) || MUTANT(SELECTION_IGNORED));
}
