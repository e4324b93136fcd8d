/* YAML to tree and back: what is read, what is refused and where, every bound, and the round trip.
 */
#include "schema/yaml.h"

#include "schema/base/err.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/support/random_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct problems problems;
static struct documents documents;
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

/* Reads, and keeps what was said about it in `printed`. */
static int read_bytes(const char *yaml, size_t size_bytes)
{
    int ret;

    problems_init(&problems, &arena, "f");
    ret = yaml_parse(&arena, yaml, size_bytes, &problems, &documents);
    str_clear(&printed);
    problems_print(&problems, &printed);
    return ret;
}

static int read_text(const char *yaml)
{
    return read_bytes(yaml, strlen(yaml));
}

static struct node *given(const char *yaml)
{
    if (read_text(yaml) != 0) {
        fail_msg("%s: %s", yaml, printed.data);
    }
    assert_int_equal(documents.count, 1);
    return documents.items[0];
}

/* The document, as JSON. */
static void assert_reads(const char *yaml, const char *json)
{
    struct node *node = given(yaml);

    str_clear(&text);
    json_emit(node, JSON_PLAIN, &text);
    assert_string_equal(text.data, json);
}

/* The first problem begins like this; no document comes of it. */
static void assert_refused_as(const char *yaml, int code, const char *expected)
{
    if (read_text(yaml) != code || !str_starts(printed.data, expected)) {
        fail_msg("%s: expected \"%s\", got \"%s\"", yaml, expected, printed.data);
    }
    assert_int_equal(documents.count, 0);
}

static void assert_refused(const char *yaml, const char *expected)
{
    assert_refused_as(yaml, ERR_INVALID, expected);
}

static void assert_emits(const char *json, const char *yaml)
{
    struct node *node = NULL;
    _cleanup_(str_fini)
    struct str emitted = STR_EMPTY;

    assert_int_equal(json_parse(&arena, json, strlen(json), JSON_PLAIN, &problems, &node), 0);
    yaml_emit(node, &emitted);
    assert_string_equal(emitted.data, yaml);
    assert_true(node_eq(given(emitted.data), node));
}

/* --- reading -------------------------------------------------------------------------------- */

static void all_types_and_styles_are_read(void **state)
{
    (void)state;
    assert_reads("a: [1, -2, 0x1F, 2.5, 1.5e+3, .5, 7.]\n"
                 "b: [true, True, FALSE, null, ~, NULL]\n"
                 "c:\n"
                 "d: {x: y, 'z': \"w\\n\"}\n"
                 "e:\n- - 1\n  - 2\n- k: v\n"
                 "f: |\n  one\n   two\n"
                 "g: >-\n  one\n  two\n"
                 "h: plain on\n  two lines\n",
                 "{\"a\":[1,-2,31,2.5,1500,0.5,7],\"b\":[true,true,false,null,null,null],"
                 "\"c\":null,\"d\":{\"x\":\"y\",\"z\":\"w\\n\"},\"e\":[[1,2],{\"k\":\"v\"}],"
                 "\"f\":\"one\\n two\\n\",\"g\":\"one two\",\"h\":\"plain on two lines\"}");
}

static void what_looks_like_a_number_but_is_none_is_a_string(void **state)
{
    (void)state;
    assert_reads("[1.2.3, 10.0.0.1, 1h30m, 512Mi, 0xg, 80:8080, a-1, +, 12e, x1]",
                 "[\"1.2.3\",\"10.0.0.1\",\"1h30m\",\"512Mi\",\"0xg\",\"80:8080\",\"a-1\",\"+\","
                 "\"12e\",\"x1\"]");
}

static void quoted_strings_are_marked(void **state)
{
    struct node *list = given("[a, 'b', \"c\"]");

    (void)state;
    assert_false(list->list.items[0]->quoted);
    assert_true(list->list.items[1]->quoted);
    assert_true(list->list.items[2]->quoted);
    assert_true(given("|\n  block\n")->quoted);
}

static void quotes_make_strings_of_anything(void **state)
{
    (void)state;
    assert_reads("['on', \"1:30\", '010', 'null', \"~\", '']",
                 "[\"on\",\"1:30\",\"010\",\"null\",\"~\",\"\"]");
    assert_false(given("['on']")->list.items[0]->ambiguous);
    assert_reads("\"a\\0b\"", "\"a\\u0000b\"");
}

static void what_the_two_versions_read_differently_is_ambiguous(void **state)
{
    static const char *const scalars[] = {"y",
                                          "Y",
                                          "n",
                                          "N",
                                          "yes",
                                          "Yes",
                                          "YES",
                                          "no",
                                          "No",
                                          "NO",
                                          "on",
                                          "On",
                                          "ON",
                                          "off",
                                          "Off",
                                          "OFF",
                                          "010",
                                          "00",
                                          "-010",
                                          "08",
                                          "0o7",
                                          "0b1",
                                          "-0b1",
                                          "1_000",
                                          "0x1_f",
                                          "-0x1f",
                                          "1:30",
                                          "190:20:30",
                                          "22:22",
                                          "-1:30",
                                          "1:30.5",
                                          "1e3",
                                          "1.5e3",
                                          "1E+3",
                                          "1_0.5",
                                          ".1_",
                                          ".inf",
                                          "-.Inf",
                                          "+.INF",
                                          ".nan",
                                          ".NaN",
                                          "1.0e+999",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "0xfffffffffffffffff",
                                          "2026-11-20",
                                          "2026-11-20T23:24:54Z",
                                          "2026-1-2 3:04:05.5 +1",
                                          "2026-11-20T23:24:54.123-01:30",
                                          "=",
                                          "<<"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(scalars); i++) {
        struct node *node = given(scalars[i]);

        if (node->type != NODE_STR || !node->ambiguous || !str_eq(node->str.text, scalars[i])) {
            fail_msg("%s is not ambiguous", scalars[i]);
        }
    }
}

static void what_both_versions_read_alike_is_not(void **state)
{
    static const char *const scalars[] = {"yess",        "nO",
                                          "oN",          "yES",
                                          "0o9",         "-0o7",
                                          "0b2",         "0x",
                                          "0xg",         "1:60",
                                          ":30",         "80:8080",
                                          "1.2.3",       "10.0.0.1",
                                          "1e",          "e3",
                                          "1e+",         ".",
                                          "+",           "..",
                                          "._1",         "_1",
                                          "2026-11",     "2026-11-2",
                                          "2026-11-20T", "2026-11-20T1:2:3",
                                          "v1",          "fog/v1",
                                          "512Mi",       "1h30m",
                                          ".infx",       "nan",
                                          "==",          "<<<",
                                          "+-1",         "nullx",
                                          "Tru"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(scalars); i++) {
        struct node *node = given(scalars[i]);

        if (node->type != NODE_STR || node->ambiguous) {
            fail_msg("%s is ambiguous", scalars[i]);
        }
    }
}

static void integers_are_exact_to_64_bits(void **state)
{
    (void)state;
    assert_reads("[9223372036854775807, -9223372036854775808, +5, -0, 0x7fffffff]",
                 "[9223372036854775807,-9223372036854775808,5,0,2147483647]");
}

static void positions_are_those_of_the_text(void **state)
{
    struct node *root = given("# comment\n\né:\n  - ü: [1,\n     x]\n");
    struct node *item = root->map.members[0].value->list.items[0];

    (void)state;
    assert_int_equal(root->line, 3);
    assert_int_equal(root->column, 1);
    assert_int_equal(root->map.members[0].line, 3);
    assert_int_equal(root->map.members[0].value->line, 4);
    assert_int_equal(root->map.members[0].value->column, 3);
    assert_int_equal(item->column, 5);
    assert_int_equal(item->map.members[0].column, 5);
    assert_int_equal(item->map.members[0].value->column, 8);
    assert_int_equal(item->map.members[0].value->list.items[1]->line, 5);
    assert_int_equal(item->map.members[0].value->list.items[1]->column, 6);
}

static void positions_count_across_documents(void **state)
{
    (void)state;
    assert_int_equal(read_text("a: 1\r\n---\r\n\r\nb: 2\r\n...\r--- \"x\""), 0);
    assert_int_equal(documents.count, 3);
    assert_int_equal(documents.items[1]->line, 4);
    assert_int_equal(documents.items[2]->line, 6);
    assert_int_equal(documents.items[2]->column, 5);
}

/* --- documents ------------------------------------------------------------------------------ */

static void empty_documents_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(read_text(""), 0);
    assert_int_equal(documents.count, 0);
    assert_int_equal(read_text("# nothing\n---\n# here\n--- # either\n...\n...\n\n"), 0);
    assert_int_equal(documents.count, 0);
    assert_int_equal(read_text("---\na\n---\n---\nnull\n---\n"), 0);
    assert_int_equal(documents.count, 2);
}

static void one_document_may_say_which_yaml_it_is(void **state)
{
    (void)state;
    assert_reads("%YAML 1.2\n---\na\n", "\"a\"");
    assert_reads("# x\n%YAML\t1.1 # y\n--- a\n...\n", "\"a\"");
    assert_int_equal(read_text("%YAML 1.2\n--- a\n...\n%YAML 1.2\n--- b\n"), 0);
    assert_int_equal(documents.count, 2);
}

static void a_byte_order_mark_may_stand_in_front(void **state)
{
    (void)state;
    assert_reads("\xef\xbb\xbf{a: b}", "{\"a\":\"b\"}");
    assert_int_equal(documents.items[0]->column, 1);
}

static void an_error_in_one_document_leaves_the_others(void **state)
{
    const char *yaml = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: &x 4\n---\ne: \"\xff\"\n---\nf: 6\n";

    (void)state;
    assert_int_equal(read_text(yaml), ERR_INVALID);
    assert_int_equal(documents.count, 3);
    assert_int_equal(documents.items[2]->line, 11);
    assert_string_equal(printed.data,
                        "f:4:1: error: not YAML: did not find expected node content while parsing "
                        "a flow node that began in line 4\n"
                        "f:7:4: error: d: anchors are not supported\n"
                        "f:9:5: error: not valid UTF-8\n");
}

static void all_refusals_of_a_document_are_found(void **state)
{
    (void)state;
    assert_refused("a: &x 1\nb: *x\nc: !t 3\non: 1\n1: 2\nk: 1\nk: 2\nl: [{m: *y}]\n",
                   "f:1:4: error: a: anchors are not supported\n"
                   "f:2:4: error: b: aliases are not supported\n"
                   "f:3:4: error: c: tags are not supported\n"
                   "f:4:1: error: a key must be a string: quote \"on\"\n"
                   "f:5:1: error: a key must be a string: quote \"1\"\n"
                   "f:8:9: error: l[0].m: aliases are not supported\n"
                   "f:7:1: error: k: duplicate key, first in line 6\n");
    assert_int_equal(problems.errors, 7);
}

/* --- refusals ------------------------------------------------------------------------------- */

static void references_are_refused(void **state)
{
    (void)state;
    assert_refused("a: &b 1", "f:1:4: error: a: anchors are not supported");
    assert_refused("- x\n- &b [1]", "f:2:3: error: [1]: anchors are not supported");
    assert_refused("&b {}", "f:1:1: error: anchors are not supported");
    assert_refused("&k a: 1", "f:1:1: error: anchors are not supported");
    assert_refused("a: *b", "f:1:4: error: a: aliases are not supported");
    assert_refused("- *b", "f:1:3: error: [0]: aliases are not supported");
    assert_refused("*b", "f:1:1: error: aliases are not supported");
    assert_refused("*b : 1", "f:1:1: error: aliases are not supported");
    assert_refused("a: 1\n<<: {b: 2}", "f:2:1: error: merge keys are not supported");
}

static void tags_are_refused(void **state)
{
    (void)state;
    assert_refused("a: !!str 1", "f:1:4: error: a: tags are not supported");
    assert_refused("a: !x 1", "f:1:4: error: a: tags are not supported");
    assert_refused("a: !<tag:x> 1", "f:1:4: error: a: tags are not supported");
    assert_refused("a: ! 1", "f:1:4: error: a: tags are not supported");
    assert_refused("a: ! 'x'", "f:1:4: error: a: tags are not supported");
    assert_refused("a: !!binary |\n  aGk=", "f:1:4: error: a: tags are not supported");
    assert_refused("!!map {}", "f:1:1: error: tags are not supported");
    assert_refused("- !!seq []", "f:1:3: error: [0]: tags are not supported");
    assert_refused("!!str k: v", "f:1:1: error: tags are not supported");
}

static void directives_are_refused(void **state)
{
    (void)state;
    assert_refused("%TAG ! tag:x\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML 1.3\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML 2.0\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML 1.2 x\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML 1.2#x\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML1.2\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%FOO\n---\na\n", "f:1:1: error: directives other than %YAML");
    assert_refused("%YAML 1.2\n%YAML 1.2\n---\na\n", "f:2:1: error: a second directive");
    assert_refused("# x\n%YAML 1.2\n", "f:1:1: error: a directive without a document");
    assert_refused("%YAML 1.2\na\n",
                   "f:2:1: error: not YAML: did not find expected <document start>");
    assert_refused("a: 1\n%YAML 1.2\n", "f:2:1: error: a line inside a document may not begin");
    assert_refused("a\n... b\n", "f:2:5: error: only a comment may follow \"...\"");
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: 2\na: 3\n", "f:3:1: error: a: duplicate key, first in line 1\n");
    assert_refused("a: 1\n'a': 3\n\"\\x61\": 4",
                   "f:2:1: error: a: duplicate key, first in line 1\n"
                   "f:3:1: error: a: duplicate key, first in line 1\n");
    assert_refused("x:\n- {}\n- z: {a: 1, a: 1}\n", "f:3:13: error: x[1].z.a: duplicate key");
    assert_refused("{'': 1, '': 2}", "f:1:9: error: duplicate key");
}

static void keys_that_are_no_strings_are_refused(void **state)
{
    (void)state;
    assert_refused("1: a", "f:1:1: error: a key must be a string: quote \"1\"");
    assert_refused("1.5: a", "f:1:1: error: a key must be a string: quote \"1.5\"");
    assert_refused("true: a", "f:1:1: error: a key must be a string: quote \"true\"");
    assert_refused("~: a", "f:1:1: error: a key must be a string: quote \"~\"");
    assert_refused("b: 1\n?\n: a", "f:2:2: error: a key must be a string: quote \"\"");
    assert_refused("y: a", "f:1:1: error: a key must be a string: quote \"y\"");
    assert_refused("x:\n  2026-11-20: a", "f:2:3: error: x: a key must be a string");
    assert_refused("? [a]\n: b", "f:1:3: error: a key must be a string, not a collection");
    assert_refused("? {a: b}\n: c\n? - d\n: e", "f:1:3: error: a key must be a string, not a "
                                                "collection\n"
                                                "f:3:3: error: a key must be a string, not a "
                                                "collection\n");
    assert_refused("{[a]: b}", "f:1:2: error: a key must be a string, not a collection");
    assert_refused("\"a\\0\": 1", "f:1:1: error: a key may not hold a NUL");
    assert_reads("? a\n: b\n'on': c\n\"1\": d\n", "{\"a\":\"b\",\"on\":\"c\",\"1\":\"d\"}");
}

static void bad_characters_are_refused(void **state)
{
    (void)state;
    assert_refused("a: é\xff", "f:1:5: error: not valid UTF-8");
    assert_refused("a: 1\n# \xc0\x80", "f:2:3: error: not valid UTF-8");
    assert_refused("a: \"\xed\xa0\x80\"", "f:1:5: error: not valid UTF-8");
    assert_refused("a: \"\xf4\x90\x80\x80\"", "f:1:5: error: not valid UTF-8");
    assert_refused("a: \"\xe2\x82", "f:1:5: error: not valid UTF-8");
    assert_refused("\xff\xfe"
                   "a",
                   "f:1:1: error: not valid UTF-8");
    assert_refused("a: \x01", "f:1:4: error: a control character");
    assert_refused("a: \x7f", "f:1:4: error: a control character");
    assert_refused("a: \xc2\x80", "f:1:4: error: a control character");
    assert_refused("a: \xef\xbf\xbe", "f:1:4: error: a control character");
    assert_refused("a: 1\n\xef\xbb\xbf"
                   "b: 2",
                   "f:2:1: error: a byte order mark inside the text");
    assert_refused("# x\xc2\x85"
                   "a: 1",
                   "f:1:4: error: a line break that YAML 1.1 and 1.2");
    assert_refused("a: 1 # x\xe2\x80\xa8"
                   "b: 1",
                   "f:1:9: error: a line break that");
    assert_refused("a: x\xe2\x80\xa9"
                   "b: 1",
                   "f:1:5: error: a line break that");
    assert_int_equal(read_bytes("a: \0", 4), ERR_INVALID);
    assert_string_equal(printed.data, "f:1:4: error: a control character: write it as an escape\n");
}

static void invalid_yaml_is_refused(void **state)
{
    (void)state;
    assert_refused("a: [", "f:1:5: error: not YAML: ");
    assert_refused("a: ]", "f:1:4: error: not YAML: ");
    assert_refused("a: {b: 1", "f:1:9: error: not YAML: ");
    assert_refused("a: 'b", "f:1:6: error: not YAML: ");
    assert_refused("a: \"\\q\"", "f:1:5: error: not YAML: ");
    assert_refused("a: b: c", "f:1:5: error: not YAML: mapping values are not allowed");
    assert_refused("a: 1\n b: 2", "f:2:3: error: not YAML: ");
    assert_refused("a:\n  - 1\n - 2\n", "f:3:2: error: not YAML: ");
    assert_refused("a: 1\n- b\n", "f:2:1: error: not YAML: ");
    assert_refused("\ta: 1", "f:1:1: error: not YAML: ");
    assert_refused("a:\n\t- 1", "f:2:1: error: not YAML: ");
    assert_refused("a: @b", "f:1:4: error: not YAML: ");
    assert_refused("a: `b`", "f:1:4: error: not YAML: ");
    assert_refused("a: %b", "f:1:4: error: not YAML: ");
    assert_refused("a: |x\n  b", "f:1:5: error: not YAML: ");
    assert_refused("[a b: c, d", "f:1:11: error: not YAML: ");
    assert_refused("--- a\nb: c\n", "f:2:2: error: not YAML: ");
}

static void what_libyaml_lets_pass_is_refused(void **state)
{
    (void)state;
    assert_refused("a: \"b\"#c", "f:1:7: error: a comment needs white space in front");
    assert_refused("a: [b,#c\n]", "f:1:7: error: a[1]: a comment needs white space in front");
    assert_refused("a: [#c\nb]", "f:1:5: error: a[0]: a comment needs white space in front");
    assert_refused("é: >-#c\n  b", "f:1:6: error: é: a comment needs white space in front");
    assert_refused("a: |2#c\n  b", "f:1:6: error: a: a comment needs white space in front");
    assert_refused("a: [b]#c", "f:1:7: error: a comment needs white space in front");
    assert_refused("a: {}#c", "f:1:6: error: a comment needs white space in front");
    assert_refused("a: [-]", "f:1:5: error: a[0]: \"-\" must be quoted here");
    assert_reads("#x#y\na: \"b\" #c#d\n#e\nf: [ #g\n #h,#i\n ]\nj: | #k\n  #l\n",
                 "{\"a\":\"b\",\"f\":[],\"j\":\"#l\\n\"}");
    assert_reads("a: b#c", "{\"a\":\"b#c\"}");
}

static void long_texts_are_quoted_in_part(void **state)
{
    (void)state;
    str_add(&text, "? 1");
    for (size_t i = 0; i < 100; i++) {
        str_add(&text, "0");
    }
    str_add(&text, "\n: a");
    assert_refused(text.data,
                   "f:1:3: error: a key must be a string: quote "
                   "\"100000000000000000000000000000000000000000000000000000000000…\"\n");
    str_clear(&text);
    str_add(&text, "? ");
    for (size_t i = 0; i < 300; i++) {
        str_add(&text, "a");
    }
    str_add(&text, "\n: *x");
    assert_refused(text.data, "f:2:3: error: aliases are not supported\n");
}

/* --- bounds --------------------------------------------------------------------------------- */

static void repeat(size_t count, const char *piece)
{
    for (size_t i = 0; i < count; i++) {
        str_add(&text, piece);
    }
}

static void depth_is_bounded(void **state)
{
    static const struct {
        const char *opening, *refusal;
    } rows[] = {
        {"[", "f:1:65: error: nested too deep (the limit is 64)\n"},
        {"{a: ", "f:1:257: error: nested too deep (the limit is 64)\n"},
        {"- ", "f:1:129: error: nested too deep (the limit is 64)\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t depth = TREE_DEPTH_MAX - 1; depth <= TREE_DEPTH_MAX + 1; depth++) {
            str_clear(&text);
            repeat(depth, rows[i].opening);
            str_add(&text, "x");
            repeat(depth, i == 0 ? "]" : i == 1 ? "}" : "");
            if (depth <= TREE_DEPTH_MAX) {
                (void)given(text.data);
            } else {
                assert_refused_as(text.data, ERR_LIMIT, rows[i].refusal);
            }
        }
    }
}

static void a_hundred_thousand_brackets_are_answered_at_once(void **state)
{
    static const char *const pieces[] = {"[", "{a: ", "- ", "? ", "[{", "- - "};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        str_clear(&text);
        repeat(100000, pieces[i]);
        assert_int_equal(read_bytes(text.data, text.length), ERR_LIMIT);
        assert_non_null(strstr(printed.data, "nested too deep"));
    }
}

static void the_count_of_values_is_bounded(void **state)
{
    (void)state;
    str_add(&text, "[");
    repeat(YAML_NODES_MAX - 2, "a,");
    assert_int_equal(read_bytes(text.data, text.length), ERR_INVALID); /* not closed */
    str_add(&text, "]");
    assert_int_equal(given(text.data)->list.count, YAML_NODES_MAX - 2);
    text.data[text.length - 1] = 'a';
    str_add(&text, "]");
    assert_int_equal(given(text.data)->list.count, YAML_NODES_MAX - 1);
    text.data[text.length - 1] = ',';
    str_add(&text, "a]");
    assert_refused_as(text.data, ERR_LIMIT,
                      "f:1:200000: error: too many values (the limit is 100000)\n");
}

static void each_document_has_its_own_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        str_add(&text, "--- [");
        repeat(YAML_NODES_MAX / 2, "a,");
        str_add(&text, "]\n");
    }
    assert_int_equal(read_bytes(text.data, text.length), 0);
    assert_int_equal(documents.count, 3);
}

static void the_size_of_a_document_is_bounded(void **state)
{
    (void)state;
    repeat(YAML_DOCUMENT_BYTES_MAX - 1, "a");
    (void)given(text.data);
    str_add(&text, "a");
    (void)given(text.data);
    str_add(&text, "a");
    assert_refused_as(text.data, ERR_LIMIT, "f:1:1: error: the document has more than 1 MiB\n");
    str_add(&text, "\n---\nb\n");
    assert_int_equal(read_bytes(text.data, text.length), ERR_LIMIT);
    assert_int_equal(documents.count, 1);
}

static void the_count_of_documents_is_bounded(void **state)
{
    (void)state;
    for (size_t count = YAML_DOCUMENTS_MAX - 1; count <= YAML_DOCUMENTS_MAX; count++) {
        str_clear(&text);
        repeat(count, "--- a\n");
        assert_int_equal(read_bytes(text.data, text.length), 0);
        assert_int_equal(documents.count, count);
    }
    repeat(2, "--- a\n");
    assert_int_equal(read_bytes(text.data, text.length), ERR_LIMIT);
    assert_int_equal(documents.count, YAML_DOCUMENTS_MAX);
    assert_string_equal(printed.data, "f:10001:1: error: more than 10000 documents\n");
}

static void many_problems_are_counted(void **state)
{
    (void)state;
    repeat(50000, "- *a\n");
    assert_int_equal(read_bytes(text.data, text.length), ERR_INVALID);
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_int_equal(problems.errors, 50000);
}

static void a_map_of_many_keys_is_no_burden(void **state)
{
    (void)state;
    for (size_t i = 0; i < YAML_NODES_MAX / 2 - 1; i++) {
        str_addf(&text, "k%zu: 1\n", i);
    }
    assert_int_equal(given(text.data)->map.count, YAML_NODES_MAX / 2 - 1);
    text.data[1] = '1'; /* "k0" becomes "k1" */
    assert_refused(text.data, "f:2:1: error: k1: duplicate key, first in line 1\n");
}

/* --- writing -------------------------------------------------------------------------------- */

static void blocks_are_indented_by_two(void **state)
{
    (void)state;
    assert_emits("{\"a\":{\"b\":[1,{\"c\":null,\"d\":true},[2,[]],{}]},\"e\":{}}", "a:\n"
                                                                                   "  b:\n"
                                                                                   "    - 1\n"
                                                                                   "    - c: null\n"
                                                                                   "      d: true\n"
                                                                                   "    - - 2\n"
                                                                                   "      - []\n"
                                                                                   "    - {}\n"
                                                                                   "e: {}\n");
}

static void a_document_may_be_anything(void **state)
{
    (void)state;
    assert_emits("{}", "{}\n");
    assert_emits("[]", "[]\n");
    assert_emits("null", "null\n");
    assert_emits("-5", "-5\n");
    assert_emits("\"x\"", "x\n");
    assert_emits("\"a\\nb\"", "|-\n  a\n  b\n");
    assert_emits("[[1]]", "- - 1\n");
}

static void strings_are_quoted_only_when_needed(void **state)
{
    static const char *const plain[] = {
        "a",        "a b",   "fog/v1", "512Mi",   "a:b",
        "a#b",      "-a",    "?a",     ":a",      "http://x/y?z=1&a=b",
        "10.0.0.1", "1h30m", "it's",   "a\"b",    "a, b [c] {d}",
        "a\\b",     "é",     "x - y",  "80:8080", "é…😀",
        "--x",      "a!"};
    static const char *const quoted[] = {
        "",      " a",   "a ",   "a: b",       "a:", "a #b", "- a",  "-",     "?",    ":",
        "? a",   "#a",   "&a",   "*a",         "!a", "|",    ">",    "'a",    "%a",   "@a",
        "`a",    "[a",   "{a",   ",a",         "]",  "}",    "null", "~",     "true", "False",
        "no",    "Y",    "on",   "1",          "-1", "1.5",  "010",  "0x1f",  "0o7",  "1e3",
        "1_000", "1:30", ".inf", "2026-11-20", "<<", "=",    "---",  "--- a", "..."};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        str_clear(&text);
        yaml_emit(node_str(&arena, plain[i]), &text);
        assert_string_equal(text.data, arena_printf(&arena, "%s\n", plain[i]));
        assert_string_equal(node_text(given(text.data)), plain[i]);
    }
    for (size_t i = 0; i < COUNT_OF(quoted); i++) {
        str_clear(&text);
        yaml_emit(node_str(&arena, quoted[i]), &text);
        assert_string_equal(text.data, arena_printf(&arena, "\"%s\"\n", quoted[i]));
        assert_string_equal(node_text(given(text.data)), quoted[i]);
    }
}

static void what_cannot_be_seen_is_escaped(void **state)
{
    (void)state;
    assert_emits("\"\\t\\r\\u0000\\u0001\\u0085\\u2028\\ufeff\\uffff\\\"\\\\\"",
                 "\"\\t\\r\\x00\\x01\\x85\\u2028\\ufeff\\uffff\\\"\\\\\"\n");
}

static void lines_are_written_as_a_block_where_it_is_exact(void **state)
{
    (void)state;
    assert_emits("{\"a\":\"x\\ny\"}", "a: |-\n  x\n  y\n");
    assert_emits("{\"a\":\"x\\ny\\n\",\"b\":1}", "a: |\n  x\n  y\nb: 1\n");
    assert_emits("[\"x\\n\\n y\\n\\n\",1]", "- |+\n  x\n\n   y\n\n- 1\n");
    assert_emits("{\"a\":\"x: #\\n\\ty\"}", "a: |-\n  x: #\n  \ty\n");
    assert_emits("{\"a\":\" x\\ny\"}", "a: \" x\\ny\"\n");
    assert_emits("{\"a\":\"\\nx\"}", "a: \"\\nx\"\n");
    assert_emits("{\"a\":\"x\\n \\ny\"}", "a: \"x\\n \\ny\"\n");
    assert_emits("{\"a\":\"x\\n  \"}", "a: \"x\\n  \"\n");
    assert_emits("{\"a\":\"x\\ny\\u0001\"}", "a: \"x\\ny\\x01\"\n");
    assert_emits("{\"a\":\"\\n\"}", "a: \"\\n\"\n");
}

static void keys_are_quoted_like_values_but_stay_on_their_line(void **state)
{
    (void)state;
    assert_emits("{\"on\":1,\"a\\nb\":2,\"\":3,\"a: b\":4,\"<<\":5}",
                 "\"on\": 1\n\"a\\nb\": 2\n\"\": 3\n\"a: b\": 4\n\"<<\": 5\n");
}

static void a_key_longer_than_yaml_allows_is_written_behind_a_question_mark(void **state)
{
    struct node *map = node_map(&arena), *below = node_map(&arena);

    (void)state;
    repeat(5000, "k");
    node_set(&arena, below, text.data, node_str(&arena, "a\nb"));
    node_set(&arena, map, text.data, below);
    str_clear(&text);
    yaml_emit(map, &text);
    assert_true(str_starts(text.data, "? kkk"));
    assert_true(node_eq(given(text.data), map));
}

static void random_trees_survive_a_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct node *tree;
        struct rand rand;
        int ret;

        rand_init_u64(&rand, seed);
        tree = random_tree(&arena, &rand);
        str_clear(&text);
        yaml_emit(tree, &text);
        ret = read_bytes(text.data, text.length);
        if (ret != 0 || documents.count != 1 || !node_eq(documents.items[0], tree)) {
            fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, printed.data, text.data);
        }
        arena_reset(&arena);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_types_and_styles_are_read),
        TEST(what_looks_like_a_number_but_is_none_is_a_string),
        TEST(quoted_strings_are_marked),
        TEST(quotes_make_strings_of_anything),
        TEST(what_the_two_versions_read_differently_is_ambiguous),
        TEST(what_both_versions_read_alike_is_not),
        TEST(integers_are_exact_to_64_bits),
        TEST(positions_are_those_of_the_text),
        TEST(positions_count_across_documents),
        TEST(empty_documents_are_left_out),
        TEST(one_document_may_say_which_yaml_it_is),
        TEST(a_byte_order_mark_may_stand_in_front),
        TEST(an_error_in_one_document_leaves_the_others),
        TEST(all_refusals_of_a_document_are_found),
        TEST(references_are_refused),
        TEST(tags_are_refused),
        TEST(directives_are_refused),
        TEST(duplicate_keys_are_refused),
        TEST(keys_that_are_no_strings_are_refused),
        TEST(bad_characters_are_refused),
        TEST(invalid_yaml_is_refused),
        TEST(what_libyaml_lets_pass_is_refused),
        TEST(long_texts_are_quoted_in_part),
        TEST(depth_is_bounded),
        TEST(a_hundred_thousand_brackets_are_answered_at_once),
        TEST(the_count_of_values_is_bounded),
        TEST(each_document_has_its_own_count),
        TEST(the_size_of_a_document_is_bounded),
        TEST(the_count_of_documents_is_bounded),
        TEST(many_problems_are_counted),
        TEST(a_map_of_many_keys_is_no_burden),
        TEST(blocks_are_indented_by_two),
        TEST(a_document_may_be_anything),
        TEST(strings_are_quoted_only_when_needed),
        TEST(what_cannot_be_seen_is_escaped),
        TEST(lines_are_written_as_a_block_where_it_is_exact),
        TEST(keys_are_quoted_like_values_but_stay_on_their_line),
        TEST(a_key_longer_than_yaml_allows_is_written_behind_a_question_mark),
        TEST(random_trees_survive_a_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
