/* JSON to tree and back: what is read, what is refused and where, and every bound. */
#include "schema/json.h"

#include "schema/base/err.h"
#include "schema/limits.h"
#include "tests/support/random_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct problems problems;
static struct str text, printed;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena, "f");
    str_init(&text);
    str_init(&printed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    str_fini(&text);
    str_fini(&printed);
    arena_fini(&arena);
    return 0;
}

static struct node *given(const char *json)
{
    struct node *node = NULL;

    assert_int_equal(json_parse(&arena, json, strlen(json), JSON_POSITIONS, &problems, &node), 0);
    assert_int_equal(problems.count, 0);
    return node;
}

static void assert_emits(const struct node *node, unsigned flags, const char *expected)
{
    str_clear(&text);
    json_emit(node, flags, &text);
    assert_string_equal(text.data, expected);
}

static void assert_refused_bytes(const char *json, size_t size_bytes, int code,
                                 const char *expected)
{
    struct node *node = NULL;

    problems_init(&problems, &arena, "f");
    assert_int_equal(json_parse(&arena, json, size_bytes, JSON_PLAIN, &problems, &node), code);
    assert_null(node);
    str_clear(&printed);
    problems_print(&problems, &printed);
    if (!str_starts(printed.data, expected)) {
        fail_msg("expected \"%s\", got \"%s\"", expected, printed.data);
    }
}

static void assert_refused(const char *json, const char *expected)
{
    assert_refused_bytes(json, strlen(json), ERR_INVALID, expected);
}

static void all_types_are_read_and_written(void **state)
{
    const char *json = "{\"a\":[null,true,false,-1,2.5,\"x\"],\"b\":{},\"c\":[]}";

    (void)state;
    assert_emits(given(json), JSON_PLAIN, json);
    assert_emits(given(" 7 "), JSON_PLAIN, "7");
    assert_emits(given("\"x\""), JSON_PLAIN, "\"x\"");
    assert_true(given("\"x\"")->quoted);
}

static void pretty_is_indented_by_two(void **state)
{
    (void)state;
    assert_emits(given("{\"a\":[1,{\"b\":2}],\"c\":{},\"d\":[]}"), JSON_PRETTY,
                 "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n"
                 "  \"c\": {},\n  \"d\": []\n}\n");
}

static void sorted_is_the_canonical_form(void **state)
{
    (void)state;
    assert_emits(given("{\"b\":1,\"a\":{\"d\":1.0,\"c\":[2,1]}, \"B\":0}"), JSON_SORTED,
                 "{\"B\":0,\"a\":{\"c\":[2,1],\"d\":1},\"b\":1}");
}

static void integers_are_exact_to_64_bits(void **state)
{
    (void)state;
    assert_emits(given("[9007199254740993,9223372036854775807,-9223372036854775808]"), JSON_PLAIN,
                 "[9007199254740993,9223372036854775807,-9223372036854775808]");
    assert_refused("[1,\n 9223372036854775808]", "f:2:2: error: not JSON: too big integer");
    assert_refused("-9223372036854775809", "f:1:1: error: not JSON: too big negative integer");
}

static void reals_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    assert_emits(given("[0.1,1e20,1.0,-0.0,1e-7,123456789.125,1.7976931348623157e308]"), JSON_PLAIN,
                 "[0.1,1.0e+20,1,0,1.0e-07,123456789.125,1.7976931348623157e+308]");
    assert_refused("1e999", "f:1:1: error: not JSON: real number overflow");
}

static void strings_are_escaped_no_more_than_needed(void **state)
{
    (void)state;
    str_clear(&text);
    json_emit_str("a\"\\/\b\f\n\r\t\x01\x7f\0é😀", 18, &text);
    assert_string_equal(text.data, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\\u0000é😀\"");
}

static void what_is_no_utf8_is_replaced_when_written(void **state)
{
    (void)state;
    str_clear(&text);
    json_emit_str("a\xff\xc3", 3, &text);
    assert_string_equal(text.data, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void a_string_may_hold_a_nul_but_a_key_may_not(void **state)
{
    struct node *node = given("\"a\\u0000b\"");

    (void)state;
    assert_int_equal(node->str.length, 3);
    assert_emits(node, JSON_PLAIN, "\"a\\u0000b\"");
    assert_refused("{\"a\\u0000\":1}", "f:1:2: error: not JSON: NUL byte in object key");
}

static void positions_are_those_of_the_text(void **state)
{
    struct node *root = given("\n { \"é\" : [ 1,\r\n  \"x\" ],\r\"b\":{\"c\"\n:\ttrue} }");
    struct node_member *members = root->map.members;
    struct node_member *c = &members[1].value->map.members[0];

    (void)state;
    assert_int_equal(root->line, 2);
    assert_int_equal(root->column, 2);
    assert_int_equal(members[0].line, 2);
    assert_int_equal(members[0].column, 4);
    assert_int_equal(members[0].value->column, 10);
    assert_int_equal(members[0].value->list.items[0]->column, 12);
    assert_int_equal(members[0].value->list.items[1]->line, 3);
    assert_int_equal(members[0].value->list.items[1]->column, 3);
    assert_int_equal(members[1].line, 4);
    assert_int_equal(members[1].column, 1);
    assert_int_equal(c->line, 4);
    assert_int_equal(c->column, 6);
    assert_int_equal(c->value->line, 5);
    assert_int_equal(c->value->column, 3);
}

static void without_the_flag_there_are_no_positions(void **state)
{
    struct node *node = NULL;

    (void)state;
    assert_int_equal(json_parse(&arena, "[1]", 3, JSON_PLAIN, &problems, &node), 0);
    assert_int_equal(node->line, 0);
    assert_int_equal(node->list.items[0]->line, 0);
}

static void every_refusal_has_its_place(void **state)
{
    (void)state;
    assert_refused("", "f:1:1: error: not JSON: ");
    assert_refused("   ", "f:1:4: error: not JSON: ");
    assert_refused("{\"a\":1,\n \"b\":2,\n \"a\":3}", "f:3:2: error: a: duplicate key\n");
    assert_refused("{\"a\":{\"b\":1,\"b\":1},\n\"c\":[1,{\"d\":1,\"\\u0064\":2}],\n\"a\":3}",
                   "f:1:13: error: a.b: duplicate key\n"
                   "f:2:15: error: c[1].d: duplicate key\n"
                   "f:3:1: error: a: duplicate key\n");
    assert_refused("{\"a\":1,\"a\":2,", "f:1:14: error: not JSON: ");
    assert_refused("{\"a\":1,}", "f:1:8: error: not JSON: ");
    assert_refused("[1,]", "f:1:4: error: not JSON: ");
    assert_refused("[1 2]", "f:1:4: error: not JSON: ");
    assert_refused("[1", "f:1:3: error: not JSON: ");
    assert_refused("[\"abc", "f:1:6: error: not JSON: premature end of input");
    assert_refused("[\"a\nb\"]", "f:1:2: error: not JSON: unexpected newline");
    assert_refused("[\"\\x\"]", "f:1:2: error: not JSON: invalid escape");
    assert_refused("[\"\\ud800\"]", "f:1:2: error: not JSON: invalid Unicode");
    assert_refused("{a:1}", "f:1:2: error: not JSON: ");
    assert_refused("{\"a\" 1}", "f:1:6: error: not JSON: ':' expected");
    assert_refused("{1:1}", "f:1:2: error: not JSON: ");
    assert_refused("nul", "f:1:1: error: not JSON: invalid token");
    assert_refused("True", "f:1:1: error: not JSON: invalid token");
    assert_refused("'a'", "f:1:1: error: not JSON: invalid token");
    assert_refused("01", "f:1:1: error: not JSON: ");
    assert_refused("+1", "f:1:1: error: not JSON: ");
    assert_refused(".5", "f:1:1: error: not JSON: ");
    assert_refused("1.", "f:1:1: error: not JSON: ");
    assert_refused("NaN", "f:1:1: error: not JSON: ");
    assert_refused("1 // one", "f:1:3: error: not JSON: end of file expected");
    assert_refused("{}\n{}", "f:2:1: error: not JSON: end of file expected");
    assert_refused("]", "f:1:1: error: not JSON: ");
    assert_refused("\xef\xbb\xbf{}", "f:1:1: error: not JSON: ");
    assert_refused("[\n\"é\xff\"]", "f:2:3: error: not valid UTF-8");
    assert_refused("[\"\xc0\x80\"]", "f:1:3: error: not valid UTF-8");
    assert_refused("[\"\xed\xa0\x80\"]", "f:1:3: error: not valid UTF-8");
}

static void the_length_is_exact(void **state)
{
    struct node *node = NULL;

    (void)state;
    assert_refused_bytes("1\0", 2, ERR_INVALID, "f:1:2: error: not JSON: a NUL");
    assert_refused_bytes("[1\0,2]", 6, ERR_INVALID, "f:1:3: error: not JSON: a NUL");
    assert_refused_bytes("[1]", 2, ERR_INVALID, "f:1:3: error: not JSON: ");
    assert_int_equal(json_parse(&arena, "12", 1, JSON_PLAIN, &problems, &node), 0);
    assert_int_equal(node->integer, 1);
}

static void a_long_duplicate_key_is_cut(void **state)
{
    (void)state;
    str_add_char(&text, '{');
    for (int i = 0; i < 2; i++) {
        str_addf(&text, "%s\"%0250d\":1", i == 0 ? "" : ",", 0);
    }
    str_add_char(&text, '}');
    assert_refused(text.data, "f:1:257: error: 0000000000");
}

static void nest(size_t depth, const char *opening, const char *closing)
{
    str_clear(&text);
    for (size_t i = 0; i < depth; i++) {
        str_add(&text, opening);
    }
    str_add_char(&text, '1');
    for (size_t i = 0; i < depth; i++) {
        str_add(&text, closing);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    nest(TREE_DEPTH_MAX - 1, "[", "]");
    (void)given(text.data);
    nest(TREE_DEPTH_MAX, "[", "]");
    (void)given(text.data);
    nest(TREE_DEPTH_MAX, "{\"a\":", "}");
    (void)given(text.data);
    nest(TREE_DEPTH_MAX + 1, "[", "]");
    assert_refused_bytes(text.data, text.length, ERR_LIMIT,
                         "f:1:65: error: nested too deep (the limit is 64)\n");
    nest(TREE_DEPTH_MAX + 1, "{\"a\":\n", "}");
    assert_refused_bytes(text.data, text.length, ERR_LIMIT, "f:65:1: error: nested too deep");
}

static void brackets_in_strings_do_not_nest(void **state)
{
    (void)state;
    str_add(&text, "[\"\\\"");
    for (size_t i = 0; i < 100; i++) {
        str_add(&text, "[{,");
    }
    str_add(&text, "\"]");
    (void)given(text.data);
}

static void a_hundred_thousand_brackets_are_answered_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        str_add_char(&text, '[');
    }
    assert_refused_bytes(text.data, text.length, ERR_LIMIT, "f:1:65: error: nested too deep");
}

/* "[0,0,…]", `values` in all, the list included. */
static void list_of(size_t values)
{
    str_clear(&text);
    str_add_char(&text, '[');
    for (size_t i = 1; i < values; i++) {
        str_add(&text, i == 1 ? "0" : ",0");
    }
    str_add_char(&text, ']');
}

static void the_count_of_values_is_bounded(void **state)
{
    struct node *node = NULL;

    (void)state;
    for (size_t values = JSON_NODES_MAX - 1; values <= JSON_NODES_MAX; values++) {
        list_of(values);
        assert_int_equal(json_parse(&arena, text.data, text.length, JSON_PLAIN, &problems, &node),
                         0);
        assert_int_equal(node->list.count, values - 1);
        arena_reset(&arena);
    }
    list_of(JSON_NODES_MAX + 1);
    assert_refused_bytes(text.data, text.length, ERR_LIMIT, "f:1:");
    assert_non_null(strstr(printed.data, "error: too many values (the limit is 2097152)"));
}

static void empty_containers_count_once(void **state)
{
    (void)state;
    str_add_char(&text, '[');
    for (size_t i = 1; i < JSON_NODES_MAX; i++) {
        str_add(&text, i == 1 ? "{ }" : ",{ }");
    }
    str_add_char(&text, ']');
    (void)given(text.data);
}

static void the_size_is_bounded(void **state)
{
    size_t sizes[] = {JSON_BYTES_MAX - 1, JSON_BYTES_MAX};
    struct node *node = NULL;

    (void)state;
    for (size_t i = 0; i < JSON_BYTES_MAX + 1; i += 1024) {
        str_addf(&text, "%1024s", "");
    }
    text.data[0] = '1';
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        assert_int_equal(json_parse(&arena, text.data, sizes[i], JSON_PLAIN, &problems, &node), 0);
    }
    assert_refused_bytes(text.data, JSON_BYTES_MAX + 1, ERR_LIMIT,
                         "f:1:1: error: too many bytes (the limit is 33554432)");
}

static void a_hundred_thousand_keys_are_no_burden(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        str_addf(&text, "%c\"k%zu\":%zu", i == 0 ? '{' : ',', i, i);
    }
    str_add_char(&text, '}');
    assert_int_equal(given(text.data)->map.count, 100000);
}

static void random_trees_survive_a_round_trip(void **state)
{
    static const unsigned forms[] = {JSON_PLAIN, JSON_PRETTY, JSON_SORTED,
                                     JSON_PRETTY | JSON_SORTED};

    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        unsigned flags = forms[seed % COUNT_OF(forms)];
        struct node *tree, *again = NULL;
        struct rand rand;

        rand_init_u64(&rand, seed);
        tree = random_tree(&arena, &rand);
        str_clear(&text);
        json_emit(tree, flags, &text);
        assert_int_equal(
            json_parse(&arena, text.data, text.length, JSON_POSITIONS, &problems, &again), 0);
        if (!node_eq(tree, again)) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, text.data);
        }
        arena_reset(&arena);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_types_are_read_and_written),
        TEST(pretty_is_indented_by_two),
        TEST(sorted_is_the_canonical_form),
        TEST(integers_are_exact_to_64_bits),
        TEST(reals_are_written_in_their_shortest_form),
        TEST(strings_are_escaped_no_more_than_needed),
        TEST(what_is_no_utf8_is_replaced_when_written),
        TEST(a_string_may_hold_a_nul_but_a_key_may_not),
        TEST(positions_are_those_of_the_text),
        TEST(without_the_flag_there_are_no_positions),
        TEST(every_refusal_has_its_place),
        TEST(the_length_is_exact),
        TEST(a_long_duplicate_key_is_cut),
        TEST(depth_is_bounded),
        TEST(brackets_in_strings_do_not_nest),
        TEST(a_hundred_thousand_brackets_are_answered_at_once),
        TEST(the_count_of_values_is_bounded),
        TEST(empty_containers_count_once),
        TEST(the_size_is_bounded),
        TEST(a_hundred_thousand_keys_are_no_burden),
        TEST(random_trees_survive_a_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
