#include "tests/support/quick_json.h"

#include "schema/base/str.h"
#include "schema/json.h"
#include "schema/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct node *quick_json(struct arena *arena, const char *text)
{
    struct str json = STR_EMPTY;
    struct problems problems;
    struct node *node = NULL;

    for (; *text != '\0'; text++) {
        if (*text == '`') {
            str_add(&json, "\\\"");
        } else {
            str_add_char(&json, *text == '\'' ? '"' : *text);
        }
    }
    problems_init(&problems, arena, NULL);
    if (json_parse(arena, json.data, json.length, JSON_PLAIN, &problems, &node) != 0) {
        fail_msg("not JSON: %s", json.data);
    }
    str_fini(&json);
    return node;
}

void quick_json_expect(const struct node *node, const char *expected)
{
    struct str actual_text = STR_EMPTY, expected_text = STR_EMPTY;
    struct arena arena;

    arena_init(&arena);
    json_emit(quick_json(&arena, expected), JSON_SORTED, &expected_text);
    if (node == NULL) {
        str_add(&actual_text, "(no tree)");
    } else {
        json_emit(node, JSON_SORTED, &actual_text);
    }
    assert_string_equal(actual_text.data, expected_text.data);
    str_fini(&actual_text);
    str_fini(&expected_text);
    arena_fini(&arena);
}
