/* From documents to a set of objects: everything that can be found wrong with the directory by
 * looking at nothing else, all of it at once. */
#include "controller/core/sources.h"

#include "schema/base/site.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/limits.h"

#include <stdlib.h>

static const char *key_of(struct arena *arena, const struct kind *kind, const char *name)
{
    return arena_printf(arena, "%s/%s", kind->name, name);
}

/* What cannot be of the directory at all; NULL when nothing is wrong. */
static const char *name_of(const struct kind *kind, const struct node *root,
                           struct problems *problems)
{
    const struct node *meta = node_find(root, "metadata");
    const char *name = node_find_text(meta, "name");
    const char *why;

    if (kind->is_derived) {
        problem_add(problems, PROBLEM_ERROR, CAUSE_FORBIDDEN, root, "kind",
                    "%s are made by the controller alone", kind->plural);
        return NULL;
    }
    if (name == NULL) {
        problem_add(problems, PROBLEM_ERROR, CAUSE_REQUIRED, meta == NULL ? root : meta,
                    "metadata.name", "Required value");
        return NULL;
    }
    if (!name_is_valid(name, &why)) {
        problem_add(problems, PROBLEM_ERROR, CAUSE_INVALID, node_find(meta, "name"),
                    "metadata.name", "\"%s\" %s", name, why);
        return NULL;
    }
    return name;
}

static void add(struct directory_set *set, const struct directory_document *document,
                struct problems *problems)
{
    const struct kind *kind = bind_kind(document->root, problems);
    const char *name = kind == NULL ? NULL : name_of(kind, document->root, problems);
    const struct directory_object *other;
    struct directory_object *object;
    struct object *bound;
    const char *key;

    if (name == NULL) {
        return;
    }
    key = key_of(&set->arena, kind, name);
    other = map_find(&set->by_key, key);
    if (other != NULL) {
        problem_add(problems, PROBLEM_ERROR, CAUSE_DUPLICATE, document->root, "metadata.name",
                    "%s \"%s\" is declared at %s:%u already", kind->singular, name, other->file,
                    other->root->line);
        return;
    }
    object = ARENA_NEW(&set->arena, struct directory_object);
    object->kind = kind;
    object->name = arena_strdup(&set->arena, name);
    object->file = arena_strdup(&set->arena, document->file);
    object->root = node_copy(&set->arena, document->root);
    set->objects[set->count++] = object;
    (void)map_put(&set->by_key, key, object);
    bound = bind_object(kind, document->root, BIND_STRICT | BIND_NO_REQUIRED | BIND_NO_DEFAULTS,
                        problems);
    if (bound != NULL) {
        object->config = emit_object(&set->arena, bound, EMIT_TYPE | EMIT_META | EMIT_SPEC);
        object_unref(bound);
    }
}

struct directory_set *directory_set_new(const struct directory *directory,
                                        struct problems *problems)
{
    struct directory_set *set = MEM_NEW(struct directory_set);

    arena_init(&set->arena);
    map_init(&set->by_key);
    set->objects =
        arena_array(&set->arena, directory->count + 1, sizeof(struct directory_object *));
    set->files = directory->files;
    digest_to_str(&directory->digest, set->digest);
    if (directory->count > CHANGES_MAX) {
        problem_add(problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                    "%zu objects, at most %d fit in one directory", directory->count, CHANGES_MAX);
    }
    for (size_t i = 0; i < directory->count && problems->errors < PROBLEMS_MAX; i++) {
        problems->file = directory->documents[i].file;
        add(set, &directory->documents[i], problems);
    }
    problems->file = NULL;
    if (problems->errors > 0 && !MUTANT(DIRECTORY_IN_PARTS)) {
        directory_set_free(set);
        return NULL;
    }
    return set;
}

void directory_set_free(struct directory_set *set)
{
    if (set != NULL) {
        map_fini(&set->by_key);
        arena_fini(&set->arena);
        free(set);
    }
}
