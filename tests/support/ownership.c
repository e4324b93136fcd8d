#include "tests/support/ownership.h"

#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/patch.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { FIRST_STEP_S = 1795217094 }; /* 2026-11-20T23:24:54Z */

void ownership_init(struct ownership *ownership, const struct kind *kind)
{
    *ownership = (struct ownership){.kind = kind};
    arena_init(&ownership->arena);
}

void ownership_fini(struct ownership *ownership)
{
    arena_fini(&ownership->arena);
}

struct wall ownership_now(const struct ownership *ownership)
{
    return (struct wall){(FIRST_STEP_S + (int64_t)ownership->steps - 1) * 1000};
}

/* What a server does with the result before it stores it. */
static struct node *bind_and_emit(struct ownership *ownership, struct node *root)
{
    struct problems problems;
    struct object *object;
    struct node *emitted;

    if (!ownership->binds) {
        return root;
    }
    problems_init(&problems, &ownership->arena, NULL);
    object = bind_object(ownership->kind, root, BIND_STRICT, &problems);
    if (object == NULL) {
        struct str text = STR_EMPTY;

        problems_print(&problems, &text);
        fail_msg("%s", text.data);
        return NULL;
    }
    emitted = emit_object(&ownership->arena, object, EMIT_ALL);
    object_unref(object);
    return emitted;
}

void ownership_apply_tree(struct ownership *ownership, const struct manager *manager,
                          const struct node *config, bool force, struct apply_result *ret_result)
{
    apply_config(&ownership->arena, ownership->kind, ownership->live, config, manager, force,
                 ret_result);
    if (ret_result->root != NULL) {
        ownership->live = bind_and_emit(ownership, ret_result->root);
    }
}

static struct manager next_step(struct ownership *ownership, const char *name, enum source source)
{
    ownership->steps++;
    return (struct manager){
        .name = name, .source = source, .subresource = "", .now = ownership_now(ownership)};
}

static struct node *document(struct ownership *ownership, const char *config)
{
    struct arena *arena = &ownership->arena;
    struct node *root = quick_json(arena, config);
    struct node *metadata = node_find(root, "metadata");

    node_set(arena, root, "apiVersion", node_str(arena, ownership->kind->api_version));
    node_set(arena, root, "kind", node_str(arena, ownership->kind->name));
    if (metadata == NULL) {
        metadata = node_map(arena);
        node_set(arena, root, "metadata", metadata);
    }
    node_set(arena, metadata, "name", node_str(arena, "c1"));
    return root;
}

struct apply_result ownership_try(struct ownership *ownership, const char *name, enum source source,
                                  const char *config, bool force)
{
    struct manager manager = next_step(ownership, name, source);
    struct apply_result result;

    ownership_apply_tree(ownership, &manager, document(ownership, config), force, &result);
    return result;
}

void ownership_apply_as(struct ownership *ownership, const char *name, enum source source,
                        const char *config)
{
    struct apply_result result = ownership_try(ownership, name, source, config, false);

    assert_non_null(result.root);
}

void ownership_apply(struct ownership *ownership, const char *name, const char *config)
{
    ownership_apply_as(ownership, name, SOURCE_API, config);
}

void ownership_force(struct ownership *ownership, const char *name, const char *config)
{
    struct apply_result result = ownership_try(ownership, name, SOURCE_API, config, true);

    assert_non_null(result.root);
    assert_int_equal(result.conflict_count, 0);
}

void ownership_update(struct ownership *ownership, const char *name, const char *patch)
{
    struct manager manager = next_step(ownership, name, SOURCE_API);
    struct node *next = patch_merge(&ownership->arena, ownership->live, document(ownership, patch));

    ownership->live =
        bind_and_emit(ownership, apply_update(&ownership->arena, ownership->kind, ownership->live,
                                              bind_and_emit(ownership, next), &manager));
}

const struct node *ownership_of(const struct ownership *ownership, const char *name,
                                const char *operation)
{
    const struct node *list = node_find_path(ownership->live, "metadata.managedFields");

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct node *entry = list->list.items[i];

        if (str_eq(node_find_text(entry, "manager"), name) &&
            str_eq(node_find_text(entry, "operation"), operation)) {
            return node_find(entry, "fieldsV1");
        }
    }
    return NULL;
}

void ownership_expect(const struct ownership *ownership, const char *name, const char *operation,
                      const char *fields)
{
    const struct node *found = ownership_of(ownership, name, operation);

    if (fields == NULL) {
        assert_null(found);
    } else {
        quick_json_expect(found, fields);
    }
}

void ownership_expect_spec(const struct ownership *ownership, const char *spec)
{
    quick_json_expect(node_find(ownership->live, "spec"), spec);
}
