/* YAML: what is read survives being written as YAML and as JSON; what is refused has a place. */
#include "schema/base/err.h"
#include "schema/json.h"
#include "schema/yaml.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static void check_yaml(struct arena *arena, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct documents documents;
    struct problems problems;
    int ret;

    yaml_emit(node, &text);
    problems_init(&problems, arena, NULL);
    ret = yaml_parse(arena, text.data, text.length, &problems, &documents);
    assert(ret == 0);
    assert(documents.count == 1);
    assert(node_eq(node, documents.items[0]));
}

static void check_json(struct arena *arena, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct node *again = NULL;
    struct problems problems;
    int ret;

    json_emit(node, JSON_PLAIN, &text);
    problems_init(&problems, arena, NULL);
    ret = json_parse(arena, text.data, text.length, JSON_PLAIN, &problems, &again);
    assert(ret == 0);
    assert(node_eq(node, again));
}

void fuzz_yaml(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(arena_fini)
    struct arena arena;
    _cleanup_(str_fini)
    struct str printed = STR_EMPTY;
    struct documents documents;
    struct problems problems;
    int ret;

    arena_init(&arena);
    problems_init(&problems, &arena, "f");
    ret = yaml_parse(&arena, (const char *)bytes, size_bytes, &problems, &documents);
    assert((ret == 0) == (problems.errors == 0));
    assert(ret == 0 || ret == ERR_INVALID || ret == ERR_LIMIT);
    for (size_t i = 0; i < problems.count; i++) {
        assert(problems.items[i].line > 0);
        assert(problems.items[i].column > 0);
    }
    problems_print(&problems, &printed);
    for (size_t i = 0; i < documents.count; i++) {
        assert(documents.items[i]->line > 0);
        check_yaml(&arena, documents.items[i]);
        check_json(&arena, documents.items[i]);
    }
}
