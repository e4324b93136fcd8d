/* managedFields as clients write them: what is read is written back as it was, and whatever is
 * said of owners, no write of an object goes wrong, and nobody comes to own what is not there.
 *
 * The bytes are a list of entries in JSON, or one body of fieldsV1. */
#include "schema/apply.h"
#include "schema/json.h"
#include "schema/kind.h"
#include "schema/owned.h"
#include "schema/owners.h"
#include "schema/problem.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static struct node *parse(struct arena *arena, const char *text, size_t length)
{
    struct problems problems;
    struct node *node = NULL;

    problems_init(&problems, arena, NULL);
    return json_parse(arena, text, length, JSON_PLAIN, &problems, &node) == 0 ? node : NULL;
}

static struct node *parse_text(struct arena *arena, const char *text)
{
    struct node *node = parse(arena, text, strlen(text));

    assert(node != NULL);
    return node;
}

/* Read, written and read again it is the same set, of paths that people can read. */
static void check_fields(struct arena *arena, const struct node *fields)
{
    struct fieldset set, again;
    struct node *written;

    if (!fieldset_from_node(arena, fields, &set)) {
        return;
    }
    written = fieldset_to_node(arena, &set);
    assert(fieldset_from_node(arena, written, &again));
    assert(fieldset_eq(&set, &again));
    for (size_t i = 0; i < set.count; i++) {
        const struct field_path *path = &set.paths[i];

        assert(field_path_to_text(arena, path)[0] != '\0');
        assert(fieldset_find(&set, path->key, path->length) == path);
        assert(fieldset_reaches(&set, path->key, path->length));
    }
    assert(fieldset_minus(arena, &set, &again).count == 0);
    assert(fieldset_both(arena, &set, &again).count == set.count);
}

static const char live_text[] =
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","
    "\"labels\":{\"a\":\"b\"}},\"spec\":{\"replicas\":2,\"workload\":{\"command\":[\"/bin/run\"],"
    "\"environment\":{\"A\":\"1\"},\"outputs\":[{\"path\":\"x\"},{\"path\":\"y\"}]}}}";
static const char config_text[] =
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\"},"
    "\"spec\":{\"replicas\":3,\"workload\":{\"environment\":{\"B\":\"2\"},"
    "\"outputs\":[{\"path\":\"y\"},{\"path\":\"z\"}]}}}";

/* What is kept of the entries can be read as a whole. */
static void check_entries(struct arena *arena, const struct node *root)
{
    struct owners owners = {.arena = arena};

    assert(owners_read(&owners, owners_list(root)));
    for (size_t i = 0; i < owners.count; i++) {
        assert(owners.items[i].fields.count > 0);
    }
}

static void check_writes(struct arena *arena, const struct node *list)
{
    const struct kind *kind = kind_find("fog/v1", "HarvestSession");
    struct manager manager = {.name = "m", .source = SOURCE_API, .subresource = "", .now = {1000}};
    struct node *live = parse_text(arena, live_text), *config = parse_text(arena, config_text);
    struct node *next = parse_text(arena, live_text);
    struct apply_result result;

    node_set(arena, node_find(next, "metadata"), "managedFields", node_copy(arena, list));
    next = apply_update(arena, kind, live, next, &manager);
    check_entries(arena, next);
    for (int source = SOURCE_DISCOVERY; source <= SOURCE_API; source++) {
        struct node *released;

        manager.source = (enum source)source;
        apply_config(arena, kind, next, config, &manager, false, &result);
        assert(result.root != NULL || result.conflict_count > 0);
        apply_config(arena, kind, next, config, &manager, true, &result);
        assert(result.root != NULL);
        check_entries(arena, result.root);
        check_entries(arena, apply_restore(arena, kind, next, result.root, &manager));
        released = apply_release(arena, result.root, manager.source, NULL);
        assert(
            apply_owned(arena, released == NULL ? result.root : released, manager.source).count ==
            0);
    }
}

void fuzz_fields(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct node *node;

    arena_init(&arena);
    node = parse(&arena, (const char *)bytes, size_bytes);
    if (node != NULL && node->type == NODE_MAP) {
        struct node *list = node_list(&arena), *entry = node_map(&arena);

        check_fields(&arena, node);
        node_set(&arena, entry, "manager", node_str(&arena, "x"));
        node_set(&arena, entry, "operation", node_str(&arena, "Apply"));
        node_set(&arena, entry, "apiVersion", node_str(&arena, "fog/v1"));
        node_set(&arena, entry, "fieldsV1", node);
        node_add(&arena, list, entry);
        check_writes(&arena, list);
    } else if (node != NULL && node->type == NODE_LIST) {
        for (size_t i = 0; i < node->list.count; i++) {
            check_fields(&arena, node_find(node->list.items[i], "fieldsV1"));
        }
        check_writes(&arena, node);
    }
}
