/* tools/fogctl/jsonpath.h: templates, what they make of objects, and what is wrong with them. */
#include "tools/fogctl/jsonpath.h"

#include "schema/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char json[] =
    "{\"kind\":\"List\",\"items\":["
    "{\"name\":\"a\",\"n\":1,\"tags\":[\"x\",\"y\",\"z\"],\"labels\":{\"fog.io/site\":\"north\"},"
    "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":\"Healthy\",\"status\":"
    "\"False\"}]},"
    "{\"name\":\"b\",\"n\":2.5,\"ok\":true,\"none\":null,\"tags\":[]},"
    "{\"name\":\"c\",\"n\":3,\"inner\":{\"name\":\"d\"}}]}";

static struct arena arena;
static struct node *root;

static int set_up(void **state)
{
    struct problems problems;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    return json_parse(&arena, json, sizeof(json) - 1, JSON_PLAIN, &problems, &root);
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void gives(const char *text, const char *wanted)
{
    struct str got = STR_EMPTY;
    struct err err;
    struct jsonpath *path = jsonpath_parse(&arena, text, &err);

    if (path == NULL) {
        fail_msg("%s: %s", text, err.text);
    }
    assert_int_equal(jsonpath_run(path, &arena, root, &got, &err), 0);
    if (!str_eq(got.data, wanted)) {
        print_message("%s gives \"%s\", not \"%s\"\n", text, got.data, wanted);
        fail();
    }
    str_fini(&got);
}

static void is_wrong(const char *text, const char *why)
{
    struct err err;

    assert_null(jsonpath_parse(&arena, text, &err));
    if (!str_eq(err.text, why)) {
        print_message("%s: \"%s\", not \"%s\"\n", text, err.text, why);
        fail();
    }
}

static void fields_are_found(void **state)
{
    (void)state;
    gives("", "");
    gives("no braces", "no braces");
    gives("{.kind}", "List");
    gives("{kind}", "List");
    gives("{$.kind}, {@.kind}", "List, List");
    gives("{.items[0].name}", "a");
    gives("{ .items[1].n } {.items[1].ok} {.items[1].none}", "2.5 true null");
    gives("{.items[0].labels.fog\\.io/site}", "north");
    gives("{.items[0].labels['fog.io/site']}", "north");
    gives("{.items[0]['labels'][\"fog.io/site\"]}", "north");
    gives("{.items[0].labels}", "{\"fog.io/site\":\"north\"}");
    gives("{.items[1].tags}", "[]");
    gives("{.nowhere}{.kind.of.thing}{.items[9]}", "");
}

static void lists_are_taken_whole_or_in_parts(void **state)
{
    (void)state;
    gives("{.items[*].name}", "a b c");
    gives("{.items.*.name}", "a b c");
    gives("{.items[-1].name}", "c");
    gives("{.items[0,2].name}", "a c");
    gives("{.items[0]['name','n']}", "a 1");
    gives("{.items[0].tags[0:2]}", "x y");
    gives("{.items[0].tags[1:]}", "y z");
    gives("{.items[0].tags[:-1]}", "x y");
    gives("{.items[0].tags[::2]}", "x z");
    gives("{.items[0].tags[-9:9]}", "x y z");
    gives("{..name}", "a b c d");
    gives("{.items[2]..name}", "c d");
    gives("{..conditions[*].type}", "Ready Healthy");
}

static void filters_choose(void **state)
{
    (void)state;
    gives("{.items[0].conditions[?(@.type==\"Ready\")].status}", "True");
    gives("{.items[*].conditions[?(@.type != 'Ready')].status}", "False");
    gives("{.items[?(@.n>1)].name}", "b c");
    gives("{.items[?(@.n>=2.5)].name}", "b c");
    gives("{.items[?(@.n < 3)].name}", "a b");
    gives("{.items[?(@.n<=1)].name}", "a");
    gives("{.items[?(@.ok)].name}", "b");
    gives("{.items[?(@.ok==true)].name}", "b");
    gives("{.items[?(@.inner.name=='d')].name}", "c");
    gives("{.items[?(@.name==$.items[0].name)].n}", "1");
    gives("{.items[?(@.tags[0]=='x')].name}", "a");
    gives("{.items[?(@.name>5)].name}", "");
}

static void ranges_go_round(void **state)
{
    (void)state;
    gives("{range .items[*]}{.name}={.n}{\"\\n\"}{end}", "a=1\nb=2.5\nc=3\n");
    gives("{range .items[*]}{@.name}:{range .tags[*]} {@}{end};{end}", "a: x y z;b:;c:;");
    gives("{range .nothing}x{end}y", "y");
    gives("{range .items[:2]}{$.kind} {end}{.kind}", "List List List");
}

static void what_is_wrong_has_a_column(void **state)
{
    (void)state;
    is_wrong("{.items", "column 8: \"}\" is expected");
    is_wrong("{.items[}", "column 9: a whole number is expected");
    is_wrong("{.items[0}", "column 10: \"]\" is expected");
    is_wrong("{.a b}", "column 5: \"}\" is expected");
    is_wrong("{.a['b}", "column 8: a quote is not closed");
    is_wrong("{\"a}", "column 5: a quote is not closed");
    is_wrong("{range .a}", "column 11: a range has no end");
    is_wrong("x{end}", "column 6: an end without a range");
    is_wrong("{.a[?(@.b==c)]}", "column 12: @.path, a number or a text in quotes is expected");
    is_wrong("{.a[?(@.b=='c']}", "column 15: ==, !=, <, <=, >, >= or \")\" is expected");
    is_wrong("{.a[?(@.b[?(@.c)])]}", "column 11: a filter within a filter");
    is_wrong("{.a[?(@..b)]}", "column 9: \"..\" within a filter");
    is_wrong("{.a[0:1:0]}", "column 10: a slice goes forward");
    is_wrong("{}", "column 2: a name is expected");
}

static void every_amount_is_bounded(void **state)
{
    struct str text = STR_EMPTY, got = STR_EMPTY;
    struct err err;
    struct jsonpath *path;
    struct node *many;

    (void)state;
    for (int i = 0; i < JSONPATH_RANGES_MAX + 1; i++) {
        str_add(&text, "{range .a}");
    }
    assert_null(jsonpath_parse(&arena, text.data, &err));
    assert_non_null(strstr(err.text, "too many ranges"));
    str_clear(&text);
    str_add(&text, "{");
    for (int i = 0; i < JSONPATH_STEPS_MAX + 1; i++) {
        str_add(&text, ".a");
    }
    str_add(&text, "}");
    assert_null(jsonpath_parse(&arena, text.data, &err));
    assert_non_null(strstr(err.text, "too many steps"));
    str_clear(&text);
    for (int i = 0; i < JSONPATH_TEXT_MAX + 1; i++) {
        str_add(&text, "x");
    }
    assert_null(jsonpath_parse(&arena, text.data, &err));
    many = node_list(&arena);
    for (int i = 0; i < JSONPATH_NODES_MAX + 1; i++) {
        node_add(&arena, many, root);
    }
    path = jsonpath_parse(&arena, "{[*].kind}", &err);
    assert_non_null(path);
    assert_int_equal(jsonpath_run(path, &arena, many, &got, &err), ERR_LIMIT);
    str_fini(&text);
    str_fini(&got);
}

static void a_path_alone_needs_no_braces(void **state)
{
    static const char *const texts[] = {"items[0].name", ".items[0].name", "{.items[0].name}",
                                        "{ .items[0].name }"};
    struct found found;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct jsonpath *path = jsonpath_parse_path(&arena, texts[i], &err);

        assert_non_null(path);
        assert_int_equal(jsonpath_find(path, &arena, root, &found, &err), 0);
        assert_int_equal(found.count, 1);
        assert_string_equal(node_text(found.items[0]), "a");
    }
    assert_null(jsonpath_parse_path(&arena, "{.a} b", &err));
    assert_null(jsonpath_parse_path(&arena, "{.a", &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fields_are_found),
        TEST(lists_are_taken_whole_or_in_parts),
        TEST(filters_choose),
        TEST(ranges_go_round),
        TEST(what_is_wrong_has_a_column),
        TEST(every_amount_is_bounded),
        TEST(a_path_alone_needs_no_braces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
