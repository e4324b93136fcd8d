/* JSON patches: the cases that RFC 6902 lists in its appendix, with values of our own, and what is
 * refused. */
#include "schema/json_patch.h"

#include "schema/base/str.h"
#include "schema/limits.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

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

/* --- a small language ------------------------------------------------------------------------- */

static void expect_patched(const char *target, const char *patch, const char *expected)
{
    const struct node *from = quick_json(&arena, target), *with = quick_json(&arena, patch);
    struct err err = ERR_NONE;
    struct node *result = NULL;

    if (json_patch(&arena, from, with, &result, &err) < 0) {
        fail_msg("%s: %s", patch, err.text);
    }
    quick_json_expect(result, expected);
    quick_json_expect(from, target);
    quick_json_expect(with, patch);
}

static void expect_refused(const char *target, const char *patch, int code, const char *words)
{
    const struct node *from = quick_json(&arena, target), *with = quick_json(&arena, patch);
    struct err err = ERR_NONE;
    struct node *result = NULL;

    assert_int_equal(json_patch(&arena, from, with, &result, &err), code);
    assert_null(result);
    if (strstr(err.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, err.text);
    }
    quick_json_expect(from, target);
}

static void nothing_there(const char *target, const char *patch)
{
    expect_refused(target, patch, ERR_NOT_FOUND, "there is nothing at");
}

/* --- add -------------------------------------------------------------------------------------- */

static void a_member_is_added(void **state)
{
    (void)state;
    expect_patched("{'a':1}", "[{'op':'add','path':'/b','value':2}]", "{'a':1,'b':2}");
    expect_patched("{'a':{'b':1}}", "[{'op':'add','path':'/a/c','value':{'d':[]}}]",
                   "{'a':{'b':1,'c':{'d':[]}}}");
}

static void a_member_that_is_there_is_replaced_by_an_add(void **state)
{
    (void)state;
    expect_patched("{'a':1}", "[{'op':'add','path':'/a','value':[2]}]", "{'a':[2]}");
}

static void an_item_is_added_before_the_one_of_its_index(void **state)
{
    (void)state;
    expect_patched("{'a':[1,2]}", "[{'op':'add','path':'/a/1','value':9}]", "{'a':[1,9,2]}");
    expect_patched("{'a':[1,2]}", "[{'op':'add','path':'/a/0','value':9}]", "{'a':[9,1,2]}");
}

static void an_item_is_added_at_the_end(void **state)
{
    (void)state;
    expect_patched("{'a':[1]}", "[{'op':'add','path':'/a/-','value':[2]}]", "{'a':[1,[2]]}");
    expect_patched("{'a':[1]}", "[{'op':'add','path':'/a/1','value':2}]", "{'a':[1,2]}");
    expect_patched("{'a':[]}", "[{'op':'add','path':'/a/0','value':2}]", "{'a':[2]}");
}

static void a_value_may_be_null(void **state)
{
    (void)state;
    expect_patched("{}", "[{'op':'add','path':'/a','value':null}]", "{'a':null}");
}

static void the_whole_document_may_be_replaced(void **state)
{
    (void)state;
    expect_patched("{'a':1}", "[{'op':'add','path':'','value':{'b':2}}]", "{'b':2}");
    expect_patched("{'a':1}", "[{'op':'replace','path':'','value':[3]}]", "[3]");
}

static void nothing_is_added_to_what_is_not_there(void **state)
{
    (void)state;
    nothing_there("{'a':1}", "[{'op':'add','path':'/b/c','value':2}]");
    nothing_there("{'a':1}", "[{'op':'add','path':'/a/c','value':2}]");
    nothing_there("{'a':null}", "[{'op':'add','path':'/a/c','value':2}]");
    nothing_there("{'a':[1]}", "[{'op':'add','path':'/a/2','value':2}]");
    nothing_there("{'a':[1]}", "[{'op':'add','path':'/a/-/b','value':2}]");
}

/* --- remove, replace -------------------------------------------------------------------------- */

static void a_member_or_an_item_is_removed(void **state)
{
    (void)state;
    expect_patched("{'a':1,'b':2}", "[{'op':'remove','path':'/b'}]", "{'a':1}");
    expect_patched("{'a':[1,2,3]}", "[{'op':'remove','path':'/a/1'}]", "{'a':[1,3]}");
    expect_patched("{'a':[1,2,3]}",
                   "[{'op':'remove','path':'/a/2'},{'op':'add','path':'/a/-','value':4}]",
                   "{'a':[1,2,4]}");
}

static void a_value_is_replaced(void **state)
{
    (void)state;
    expect_patched("{'a':1,'b':2}", "[{'op':'replace','path':'/a','value':'x'}]",
                   "{'a':'x','b':2}");
    expect_patched("{'a':[1,2,3]}", "[{'op':'replace','path':'/a/1','value':9}]", "{'a':[1,9,3]}");
}

static void only_what_is_there_is_removed_or_replaced(void **state)
{
    (void)state;
    nothing_there("{'a':1}", "[{'op':'remove','path':'/b'}]");
    nothing_there("{'a':1}", "[{'op':'replace','path':'/b','value':1}]");
    nothing_there("{'a':[1]}", "[{'op':'remove','path':'/a/1'}]");
    nothing_there("{'a':[1]}", "[{'op':'remove','path':'/a/-'}]");
    nothing_there("{'a':[1]}", "[{'op':'replace','path':'/a/-','value':1}]");
}

/* --- move, copy ------------------------------------------------------------------------------- */

static void a_value_is_moved(void **state)
{
    (void)state;
    expect_patched("{'a':{'b':1},'c':{}}", "[{'op':'move','from':'/a/b','path':'/c/d'}]",
                   "{'a':{},'c':{'d':1}}");
    expect_patched("{'a':[1,2,3]}", "[{'op':'move','from':'/a/0','path':'/a/2'}]", "{'a':[2,3,1]}");
    expect_patched("{'a':[1,2,3]}", "[{'op':'move','from':'/a/0','path':'/a/-'}]", "{'a':[2,3,1]}");
    expect_patched("{'a':{'b':{'c':1}}}", "[{'op':'move','from':'/a/b','path':'/a'}]",
                   "{'a':{'c':1}}");
    expect_patched("{'a':{'b':1}}", "[{'op':'move','from':'/a','path':''}]", "{'b':1}");
}

static void what_is_moved_to_where_it_is_stays(void **state)
{
    (void)state;
    expect_patched("{'a':[1,2]}", "[{'op':'move','from':'/a/0','path':'/a/0'}]", "{'a':[1,2]}");
    expect_patched("{'a':[1,2]}", "[{'op':'move','from':'','path':''}]", "{'a':[1,2]}");
}

static void nothing_is_moved_into_itself(void **state)
{
    (void)state;
    expect_refused("{'a':{'b':1}}", "[{'op':'move','from':'/a','path':'/a/b'}]", ERR_INVALID,
                   "into itself");
    expect_refused("{'a':1}", "[{'op':'move','from':'','path':'/a'}]", ERR_INVALID, "into itself");
    expect_patched("{'a':1}", "[{'op':'move','from':'/a','path':'/ab'}]", "{'ab':1}");
}

static void a_value_is_copied_and_is_then_two(void **state)
{
    (void)state;
    expect_patched("{'a':{'b':[1]}}",
                   "[{'op':'copy','from':'/a','path':'/c'},"
                   "{'op':'add','path':'/c/b/-','value':2}]",
                   "{'a':{'b':[1]},'c':{'b':[1,2]}}");
    expect_patched("{'a':1}", "[{'op':'copy','from':'','path':'/b'}]", "{'a':1,'b':{'a':1}}");
}

static void what_is_not_there_is_neither_moved_nor_copied(void **state)
{
    (void)state;
    nothing_there("{'a':1}", "[{'op':'move','from':'/b','path':'/c'}]");
    nothing_there("{'a':1}", "[{'op':'copy','from':'/b','path':'/c'}]");
    nothing_there("{'a':1}", "[{'op':'copy','from':'/a','path':'/b/c'}]");
}

/* --- test ------------------------------------------------------------------------------------- */

static void a_test_of_what_is_so_changes_nothing(void **state)
{
    (void)state;
    expect_patched("{'a':{'b':1,'c':[null]}}",
                   "[{'op':'test','path':'/a','value':{'c':[null],'b':1.0}}]",
                   "{'a':{'b':1,'c':[null]}}");
    expect_patched("{'a':1}", "[{'op':'test','path':'','value':{'a':1}}]", "{'a':1}");
}

static void a_test_of_what_is_not_so_fails(void **state)
{
    (void)state;
    expect_refused("{'a':1}", "[{'op':'test','path':'/a','value':'1'}]", ERR_NOT_FOUND,
                   "test /a: what is there is something else");
    expect_refused("{'a':null}", "[{'op':'test','path':'/a','value':false}]", ERR_NOT_FOUND,
                   "something else");
    nothing_there("{'a':1}", "[{'op':'test','path':'/b','value':null}]");
}

static void operations_see_what_earlier_ones_did(void **state)
{
    (void)state;
    expect_patched(
        "{}",
        "[{'op':'add','path':'/a','value':{}},{'op':'add','path':'/a/b','value':1},"
        "{'op':'test','path':'/a/b','value':1},{'op':'replace','path':'/a/b','value':2}]",
        "{'a':{'b':2}}");
    expect_refused("{'a':1}", "[{'op':'remove','path':'/a'},{'op':'test','path':'/a','value':1}]",
                   ERR_NOT_FOUND, "there is nothing at /a");
}

static void no_operations_change_nothing(void **state)
{
    (void)state;
    expect_patched("{'a':1}", "[]", "{'a':1}");
}

/* --- pointers --------------------------------------------------------------------------------- */

static void slashes_and_tildes_are_escaped(void **state)
{
    (void)state;
    expect_patched("{'fog/x':1,'m~n':2}",
                   "[{'op':'replace','path':'/fog~1x','value':3},"
                   "{'op':'replace','path':'/m~0n','value':4}]",
                   "{'fog/x':3,'m~n':4}");
    expect_patched("{'~1':1}", "[{'op':'replace','path':'/~01','value':2}]", "{'~1':2}");
}

static void an_empty_key_is_a_key(void **state)
{
    (void)state;
    expect_patched("{'':1}", "[{'op':'replace','path':'/','value':2}]", "{'':2}");
    expect_patched("{'a':{'':1}}", "[{'op':'remove','path':'/a/'}]", "{'a':{}}");
}

static void an_index_is_written_in_one_way(void **state)
{
    static const char *const texts[] = {"01", "+1", "-1",  "1e0",
                                        "1 ", "",   "0x1", "99999999999999999999999999"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        nothing_there("{'a':[1,2]}",
                      arena_printf(&arena, "[{'op':'remove','path':'/a/%s'}]", texts[i]));
    }
    expect_patched("{'01':1}", "[{'op':'remove','path':'/01'}]", "{}");
}

/* --- what is no patch ------------------------------------------------------------------------- */

static void only_a_list_is_a_patch(void **state)
{
    struct node *result = NULL;

    (void)state;
    expect_refused("{}", "{'spec':{}}", ERR_INVALID, "list of operations, not object");
    expect_refused("{}", "'x'", ERR_INVALID, "list of operations, not string");
    assert_int_equal(json_patch(&arena, node_map(&arena), NULL, &result, NULL), ERR_INVALID);
}

static void an_operation_has_all_that_it_needs(void **state)
{
    (void)state;
    expect_refused("{}", "[1]", ERR_INVALID, "operation 0: its \"op\" is none of");
    expect_refused("{}", "[{'op':'Add','path':'','value':1}]", ERR_INVALID, "none of");
    expect_refused("{}", "[{'op':7,'path':'','value':1}]", ERR_INVALID, "none of");
    expect_refused("{}", "[{'op':'add','value':1}]", ERR_INVALID, "add needs a path");
    expect_refused("{}", "[{'op':'add','path':7,'value':1}]", ERR_INVALID, "add needs a path");
    expect_refused("{}", "[{'op':'add','path':'a','value':1}]", ERR_INVALID, "add needs a path");
    expect_refused("{}", "[{'op':'add','path':'/~2','value':1}]", ERR_INVALID, "needs a path");
    expect_refused("{}", "[{'op':'add','path':'/~','value':1}]", ERR_INVALID, "needs a path");
    expect_refused("{}", "[{'op':'add','path':'/a'}]", ERR_INVALID, "add needs a \"value\"");
    expect_refused("{}", "[{'op':'test','path':'/a'}]", ERR_INVALID, "test needs a \"value\"");
    expect_refused("{}", "[{'op':'move','path':'/a'}]", ERR_INVALID, "move needs a \"from\"");
    expect_refused("{}", "[{'op':'copy','path':'/a','from':'b'}]", ERR_INVALID, "needs a \"from\"");
}

static void a_nul_ends_no_path(void **state)
{
    struct node *patch = node_list(&arena), *operation = node_map(&arena);
    struct node *result = NULL;
    struct err err = ERR_NONE;

    (void)state;
    node_set(&arena, operation, "op", node_str(&arena, "remove"));
    node_set(&arena, operation, "path", node_strn(&arena, "/a\0b", 4));
    node_add(&arena, patch, operation);
    assert_int_equal(json_patch(&arena, quick_json(&arena, "{'a':1}"), patch, &result, &err),
                     ERR_INVALID);
}

/* --- bounds ----------------------------------------------------------------------------------- */

static struct node *operation(const char *op, const char *path, const char *from,
                              struct node *value)
{
    struct node *node = node_map(&arena);

    node_set(&arena, node, "op", node_str(&arena, op));
    node_set(&arena, node, "path", node_str(&arena, path));
    if (from != NULL) {
        node_set(&arena, node, "from", node_str(&arena, from));
    }
    if (value != NULL) {
        node_set(&arena, node, "value", value);
    }
    return node;
}

static int patch_many(struct node *target, const struct node *one, size_t count,
                      struct node **ret_result)
{
    struct node *patch = node_list(&arena);
    struct err err = ERR_NONE;

    for (size_t i = 0; i < count; i++) {
        node_add(&arena, patch, (struct node *)one);
    }
    return json_patch(&arena, target, patch, ret_result, &err);
}

static void a_patch_has_at_most_so_many_operations(void **state)
{
    struct node *one = operation("add", "/a", NULL, node_int(&arena, 1)), *result = NULL;

    (void)state;
    assert_int_equal(patch_many(node_map(&arena), one, JSON_PATCH_OPS_MAX, &result), 0);
    assert_int_equal(patch_many(node_map(&arena), one, JSON_PATCH_OPS_MAX + 1, &result), ERR_LIMIT);
}

static void a_patch_cannot_double_again_and_again(void **state)
{
    struct node *target = quick_json(&arena, "{'a':[1,2,3,4,5,6,7,8]}"), *result = NULL;
    struct node *one = operation("copy", "/a/-", "/a", NULL);

    (void)state;
    assert_int_equal(patch_many(target, one, 3, &result), 0);
    assert_int_equal(patch_many(target, one, 40, &result), ERR_LIMIT);
}

static void a_patch_cannot_copy_a_long_text_again_and_again(void **state)
{
    struct node *target = node_map(&arena), *result = NULL;
    char *text = arena_alloc(&arena, 200001);

    (void)state;
    memset(text, 'x', 200000);
    node_set(&arena, target, "a", node_str(&arena, text));
    assert_int_equal(patch_many(target, operation("copy", "/b", "/a", NULL), 10, &result), 0);
    assert_int_equal(patch_many(target, operation("copy", "/b", "/a", NULL), 1000, &result),
                     ERR_LIMIT);
}

static void a_patch_cannot_nest_deeper_than_a_document(void **state)
{
    struct node *target = quick_json(&arena, "{'a':{}}"), *result = NULL;
    struct node *patch = node_list(&arena);
    struct err err = ERR_NONE;
    struct str path = STR_EMPTY;
    int ret;

    (void)state;
    for (size_t i = 2; i < TREE_DEPTH_MAX; i++) {
        str_add(&path, "/a");
        node_add(&arena, patch,
                 operation("add", arena_printf(&arena, "%s/a", path.data), NULL, node_map(&arena)));
    }
    ret = json_patch(&arena, target, patch, &result, &err);
    assert_int_equal(ret, 0);
    str_add(&path, "/a/a");
    node_add(&arena, patch, operation("add", path.data, NULL, node_map(&arena)));
    ret = json_patch(&arena, target, patch, &result, &err);
    assert_int_equal(ret, ERR_LIMIT);
    str_fini(&path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_is_added),
        TEST(a_member_that_is_there_is_replaced_by_an_add),
        TEST(an_item_is_added_before_the_one_of_its_index),
        TEST(an_item_is_added_at_the_end),
        TEST(a_value_may_be_null),
        TEST(the_whole_document_may_be_replaced),
        TEST(nothing_is_added_to_what_is_not_there),
        TEST(a_member_or_an_item_is_removed),
        TEST(a_value_is_replaced),
        TEST(only_what_is_there_is_removed_or_replaced),
        TEST(a_value_is_moved),
        TEST(what_is_moved_to_where_it_is_stays),
        TEST(nothing_is_moved_into_itself),
        TEST(a_value_is_copied_and_is_then_two),
        TEST(what_is_not_there_is_neither_moved_nor_copied),
        TEST(a_test_of_what_is_so_changes_nothing),
        TEST(a_test_of_what_is_not_so_fails),
        TEST(operations_see_what_earlier_ones_did),
        TEST(no_operations_change_nothing),
        TEST(slashes_and_tildes_are_escaped),
        TEST(an_empty_key_is_a_key),
        TEST(an_index_is_written_in_one_way),
        TEST(only_a_list_is_a_patch),
        TEST(an_operation_has_all_that_it_needs),
        TEST(a_nul_ends_no_path),
        TEST(a_patch_has_at_most_so_many_operations),
        TEST(a_patch_cannot_double_again_and_again),
        TEST(a_patch_cannot_copy_a_long_text_again_and_again),
        TEST(a_patch_cannot_nest_deeper_than_a_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
