/* JSON: what is read survives being written in every form; what is refused has a place. */
#include "schema/base/err.h"
#include "schema/json.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static struct node *read_again(struct arena *arena, const struct node *node, unsigned flags)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct node *again = NULL;
    int ret;

    json_emit(node, flags, &text);
    problems_init(&problems, arena, NULL);
    ret = json_parse(arena, text.data, text.length, JSON_POSITIONS, &problems, &again);
    assert(ret == 0);
    return again;
}

void fuzz_json(const uint8_t *bytes, size_t size_bytes)
{
    static const unsigned forms[] = {JSON_PLAIN, JSON_PRETTY, JSON_SORTED};
    _cleanup_(arena_fini)
    struct arena arena;
    struct problems problems;
    struct node *node = NULL;
    int ret;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    ret = json_parse(&arena, (const char *)bytes, size_bytes, JSON_POSITIONS, &problems, &node);
    if (ret != 0) {
        assert(ret == ERR_INVALID || ret == ERR_LIMIT);
        assert(problems.count == 1);
        assert(problems.items[0].line > 0);
        assert(problems.items[0].column > 0);
        return;
    }
    assert(problems.count == 0);
    assert(node->line > 0);
    assert(node_eq(node, node_copy(&arena, node)));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert(node_eq(node, read_again(&arena, node, forms[i])));
    }
}
