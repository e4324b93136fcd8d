/* The short way from JSON to tree takes no more than the long way, and makes the same of it. */
#include "schema/json_plain.h"

#include "schema/base/utf8.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/support/random_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TREES = 400, BLOWS = 60 };

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* In company of an escape by number, which is not plain: what does the long way say?  NULL: no. */
static struct node *the_long_way(const char *json, size_t size_bytes)
{
    static const char before[] = "[\"\\u0041\",";
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct node *node = NULL;

    str_add(&text, before);
    str_add_bytes(&text, json, size_bytes);
    str_add(&text, "]");
    problems_init(&problems, &arena, NULL);
    if (json_parse(&arena, text.data, text.length, JSON_PLAIN, &problems, &node) < 0 ||
        node->list.count != 2) {
        return NULL;
    }
    return node->list.items[1];
}

static void assert_emits_alike(const struct node *a, const struct node *b)
{
    _cleanup_(str_fini)
    struct str first = STR_EMPTY, second = STR_EMPTY;

    json_emit(a, JSON_PLAIN, &first); /* in the order of the text */
    json_emit(b, JSON_PLAIN, &second);
    assert_string_equal(first.data, second.data);
}

static bool is_plain(const char *json, size_t size_bytes)
{
    struct node *node = NULL, *other;

    if (utf8_valid_bytes(json, size_bytes) < size_bytes ||
        !json_plain_parse(&arena, json, size_bytes, &node)) {
        return false;
    }
    other = the_long_way(json, size_bytes);
    if (other == NULL || !node_eq(node, other)) {
        fail_msg("the long way makes something else of %.*s", (int)size_bytes, json);
    }
    assert_emits_alike(node, other);
    return true;
}

static void what_programs_write_is_plain(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775807",
        "\"\"",
        " [ 1 , 2 ] ",
        "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"",
        "{\"a\":{\"b\":[{},[],\"c\"]},\"\":null}",
        "{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}",
        "\r\n\t{\"a\" : 1}\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!is_plain(texts[i], strlen(texts[i]))) {
            fail_msg("%s is not plain", texts[i]);
        }
    }
}

static void what_is_unusual_or_wrong_is_not(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1 2}",
        "{1:2}",
        "[1}",
        "{\"a\":1]",
        "[",
        "]",
        "{\"a\":1",
        "[1]]",
        "1 2",
        "truex",
        "tru",
        "nul",
        "+1",
        "-",
        "-0",
        "01",
        "-01",
        "1.5",
        "1e3",
        "9223372036854775808",
        "-9223372036854775808",
        "1000000000000000000000",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u0041\"",
        "\"\t\"",
        "\"\\",
        "'a'",
        "// a\n1",
        "{\"a\":1,\"a\":2}",
        "NaN",
        "[1,,2]",
        "{\"a\":1,\"b\":2,\"a\":3}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (is_plain(texts[i], strlen(texts[i]))) {
            fail_msg("%s is plain", texts[i]);
        }
    }
    assert_false(is_plain("1\0", 2));
    assert_false(is_plain("\"\0\"", 3));
}

/* Each byte in each place of a word of eight, alone and behind the one before it. */
static void a_run_ends_at_the_first_byte_that_is_not_plain(void **state)
{
    char text[19];

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';

        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, '#', sizeof(text));
            text[at] = (char)byte;
            assert_int_equal(json_plain_run(text, sizeof(text)), is_plain ? sizeof(text) : at);
            memset(text + at, (char)byte, sizeof(text) - at);
            assert_int_equal(json_plain_run(text, sizeof(text)), is_plain ? sizeof(text) : at);
            assert_int_equal(json_plain_run(text, at), at);
        }
    }
}

static void depth_has_the_bound_of_the_long_way(void **state)
{
    char json[2 * TREE_DEPTH_MAX + 4];
    struct node *node;

    (void)state;
    for (size_t depth = TREE_DEPTH_MAX; depth <= TREE_DEPTH_MAX + 1; depth++) {
        memset(json, '[', depth);
        memset(json + depth, ']', depth);
        assert_int_equal(json_plain_parse(&arena, json, 2 * depth, &node), depth == TREE_DEPTH_MAX);
    }
}

static void large_maps_go_the_long_way(void **state)
{
    _cleanup_(str_fini)
    struct str json = STR_EMPTY;
    struct problems problems;
    struct node *node;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        str_addf(&json, "%s\"k%u\":%u", i == 0 ? "{" : ",", i, i);
    }
    str_add(&json, "}");
    assert_false(json_plain_parse(&arena, json.data, json.length, &node));
    problems_init(&problems, &arena, NULL);
    assert_int_equal(json_parse(&arena, json.data, json.length, JSON_PLAIN, &problems, &node), 0);
    assert_int_equal(node->map.count, 200);
}

/* Whatever stands there, what the short way takes is what the long way takes. */
static void damaged_texts_are_never_taken_for_others(void **state)
{
    static const char tokens[] = "{}[],:\"\\0123456789-+.eEtruefalsn \n\tu/";
    struct rand rand;
    unsigned plain = 0;

    (void)state;
    rand_init_u64(&rand, 3);
    for (unsigned i = 0; i < TREES; i++) {
        _cleanup_(str_fini)
        struct str json = STR_EMPTY;

        json_emit(random_tree(&arena, &rand), i % 2 == 0 ? JSON_PLAIN : JSON_PRETTY, &json);
        plain += is_plain(json.data, json.length);
        for (unsigned k = 0; k < BLOWS; k++) {
            size_t at = (size_t)rand_below(&rand, json.length);
            char kept = json.data[at];

            json.data[at] = tokens[rand_below(&rand, sizeof(tokens) - 1)];
            plain += is_plain(json.data, json.length);
            if (rand_chance(&rand, 800)) {
                json.data[at] = kept;
            }
        }
        arena_reset(&arena);
    }
    assert_true(plain > TREES / 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_programs_write_is_plain),
        TEST(what_is_unusual_or_wrong_is_not),
        TEST(a_run_ends_at_the_first_byte_that_is_not_plain),
        TEST(depth_has_the_bound_of_the_long_way),
        TEST(large_maps_go_the_long_way),
        TEST(damaged_texts_are_never_taken_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
