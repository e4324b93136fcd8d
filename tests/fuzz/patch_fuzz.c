/* Patches of a session: the first byte says which (j, m or a; JSON, merge, apply), the rest is the
 * body.  What is made can be written and read, a second time changes no more, and what is refused
 * says why. */
#include "schema/apply.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/json_patch.h"
#include "schema/limits.h"
#include "schema/patch.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static const char session_text[] =
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","
    "\"labels\":{\"a\":\"1\",\"b/c\":\"2\"},\"managedFields\":[{\"manager\":\"other\","
    "\"operation\":\"Apply\",\"apiVersion\":\"fog/v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":"
    "{\"f:spec\":{\"f:replicas\":{},\"f:workload\":{\"f:command\":{}}}}},{\"manager\":\"me\","
    "\"operation\":\"Apply\",\"apiVersion\":\"fog/v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":"
    "{\"f:metadata\":{\"f:labels\":{\"f:a\":{}}}}}]},\"spec\":{\"replicas\":3,\"selector\":"
    "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"y\"]}]},"
    "\"workload\":{\"command\":[\"/bin/work\",\"-x\"],\"env\":{\"A\":\"1\"}}}}";

static struct node *parse(struct arena *arena, const char *text, size_t size_bytes)
{
    struct problems problems;
    struct node *node = NULL;

    problems_init(&problems, arena, NULL);
    return json_parse(arena, text, size_bytes, JSON_PLAIN, &problems, &node) == 0 ? node : NULL;
}

/* Within the bounds of a document: what is written can be read, and is the same. */
static void check_document(struct arena *arena, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct node *again;

    json_emit(node, JSON_PLAIN, &text);
    again = parse(arena, text.data, text.length);
    assert(again != NULL);
    assert(node_eq(node, again));
}

static void check_json(struct arena *arena, const struct node *target, const struct node *patch)
{
    struct node *operation = node_map(arena), *test = node_list(arena);
    struct node *result = NULL, *again = NULL;
    struct err err = ERR_NONE;
    int ret = json_patch(arena, target, patch, &result, &err);

    if (ret < 0) {
        assert(ret == ERR_INVALID || ret == ERR_NOT_FOUND || ret == ERR_LIMIT);
        assert(err.text[0] != '\0');
        assert(result == NULL);
        return;
    }
    check_document(arena, result);
    ret = json_patch(arena, target, patch, &again, NULL);
    assert(ret == 0);
    assert(node_eq(result, again));
    node_set(arena, operation, "op", node_str(arena, "test"));
    node_set(arena, operation, "path", node_str(arena, ""));
    node_set(arena, operation, "value", result);
    node_add(arena, test, operation);
    ret = json_patch(arena, result, test, &again, NULL);
    assert(ret == 0);
}

static void check_merge(struct arena *arena, const struct node *target, const struct node *patch)
{
    struct node *result = patch_merge(arena, target, patch);

    check_document(arena, result);
    assert(node_eq(result, patch_merge(arena, result, patch)));
}

static struct node *apply(struct arena *arena, const struct node *live, const struct node *config,
                          bool force)
{
    const struct manager manager = {
        .name = "me", .source = SOURCE_API, .subresource = "", .now = {1000}};
    struct apply_result result;
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;

    apply_config(arena, kind_get(KIND_HARVEST_SESSION), live, config, &manager, force, &result);
    assert(result.root != NULL || result.conflict_count > 0);
    assert(result.root != NULL || !force);
    apply_conflict_message(&result, &words);
    return result.root;
}

static void check_apply(struct arena *arena, const struct node *live, const struct node *body)
{
    const struct kind *kind = kind_get(KIND_HARVEST_SESSION);
    const struct node *config;
    struct problems problems;
    struct object *bound;
    struct node *result;

    problems_init(&problems, arena, NULL);
    bound = bind_object(kind, body, BIND_NO_REQUIRED | BIND_NO_DEFAULTS, &problems);
    assert((bound == NULL) == (problems.errors > 0));
    if (bound == NULL) {
        return;
    }
    config = emit_object(arena, bound, EMIT_TYPE | EMIT_META | EMIT_SPEC);
    object_unref(bound);
    (void)apply(arena, live, config, false);
    result = apply(arena, live, config, true);
    check_document(arena, result);
    assert(node_eq(result, apply(arena, result, config, false)));
    object_unref(bind_object(kind, result, BIND_QUIET, &problems));
}

void fuzz_patch(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct node *target, *before, *patch;

    arena_init(&arena);
    target = parse(&arena, session_text, strlen(session_text));
    assert(target != NULL);
    before = node_copy(&arena, target);
    patch = size_bytes == 0 ? NULL : parse(&arena, (const char *)bytes + 1, size_bytes - 1);
    if (patch == NULL) {
        return;
    }
    if (bytes[0] == 'j') {
        check_json(&arena, target, patch);
    } else if (bytes[0] == 'm') {
        check_merge(&arena, target, patch);
    } else {
        check_apply(&arena, target, patch);
    }
    assert(node_eq(target, before));
}
