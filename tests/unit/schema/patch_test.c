/* Merge patches: the cases that RFC 7386 lists in its appendix, with values of our own, and what
 * the contract says beyond them. */
#include "schema/patch.h"

#include "schema/base/str.h"
#include "schema/json.h"
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

static void expect_merged(const char *target, const char *patch, const char *expected)
{
    const struct node *from = target == NULL ? NULL : quick_json(&arena, target);
    const struct node *with = quick_json(&arena, patch);

    quick_json_expect(patch_merge(&arena, from, with), expected);
    if (target != NULL) {
        quick_json_expect(from, target);
    }
    quick_json_expect(with, patch);
}

static void a_member_is_replaced(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "{'fog':2}", "{'fog':2}");
}

static void a_member_is_added(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "{'dew':2}", "{'fog':1,'dew':2}");
}

static void a_null_removes_the_only_member(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "{'fog':null}", "{}");
}

static void a_null_leaves_the_other_members(void **state)
{
    (void)state;
    expect_merged("{'fog':1,'dew':2}", "{'fog':null}", "{'dew':2}");
}

static void a_list_becomes_a_text(void **state)
{
    (void)state;
    expect_merged("{'fog':['thin']}", "{'fog':'dense'}", "{'fog':'dense'}");
}

static void a_text_becomes_a_list(void **state)
{
    (void)state;
    expect_merged("{'fog':'dense'}", "{'fog':['thin']}", "{'fog':['thin']}");
}

static void maps_within_maps_merge(void **state)
{
    (void)state;
    expect_merged("{'bank':{'height':3}}", "{'bank':{'height':9,'width':null}}",
                  "{'bank':{'height':9}}");
}

static void a_list_of_maps_is_replaced_as_a_whole(void **state)
{
    (void)state;
    expect_merged("{'banks':[{'height':3}]}", "{'banks':[7]}", "{'banks':[7]}");
}

static void a_list_at_the_top_is_replaced(void **state)
{
    (void)state;
    expect_merged("['thin','dense']", "['clear','dim']", "['clear','dim']");
}

static void a_map_at_the_top_becomes_a_list(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "['dim']", "['dim']");
}

static void a_null_at_the_top_replaces_all(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "null", "null");
}

static void a_text_at_the_top_replaces_all(void **state)
{
    (void)state;
    expect_merged("{'fog':1}", "'lifted'", "'lifted'");
}

static void a_null_that_was_there_stays(void **state)
{
    (void)state;
    expect_merged("{'dew':null}", "{'fog':1}", "{'dew':null,'fog':1}");
}

static void what_is_no_map_counts_as_empty(void **state)
{
    (void)state;
    expect_merged("[8,9]", "{'fog':1,'dew':null}", "{'fog':1}");
    expect_merged("'lifted'", "{'fog':{'a':{'b':null}}}", "{'fog':{'a':{}}}");
    expect_merged(NULL, "{'fog':{'dew':null,'a':1}}", "{'fog':{'a':1}}");
}

static void nulls_of_a_new_map_are_dropped(void **state)
{
    (void)state;
    expect_merged("{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}");
}

static void nulls_inside_a_list_are_values(void **state)
{
    (void)state;
    expect_merged("{}", "{'a':[null,{'b':null}]}", "{'a':[null,{'b':null}]}");
}

static void old_members_keep_their_order_and_new_ones_follow(void **state)
{
    const struct node *merged = patch_merge(&arena, quick_json(&arena, "{'c':1,'a':2,'b':3}"),
                                            quick_json(&arena, "{'z':1,'b':4,'a':null,'d':5}"));
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    json_emit(merged, JSON_PLAIN, &text);
    assert_string_equal(text.data, "{\"c\":1,\"b\":4,\"z\":1,\"d\":5}");
}

static void the_result_shares_nothing_with_the_inputs(void **state)
{
    struct node *target = quick_json(&arena, "{'a':{'x':1},'b':[1]}");
    struct node *patch = quick_json(&arena, "{'c':{'y':2}}");
    struct node *merged = patch_merge(&arena, target, patch);

    (void)state;
    node_set(&arena, node_find(merged, "a"), "x", node_int(&arena, 9));
    node_set(&arena, node_find(merged, "c"), "y", node_int(&arena, 9));
    quick_json_expect(target, "{'a':{'x':1},'b':[1]}");
    quick_json_expect(patch, "{'c':{'y':2}}");
}

static void the_deepest_patch_is_merged(void **state)
{
    _cleanup_(str_fini)
    struct str deep = STR_EMPTY;

    (void)state;
    for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
        str_add(&deep, "{'a':");
    }
    str_add(&deep, "1");
    for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
        str_add_char(&deep, '}');
    }
    expect_merged(deep.data, deep.data, deep.data);
    expect_merged("{}", deep.data, deep.data);
}

/* A hundred thousand members would take minutes if each were searched for. */
static void a_wide_patch_is_merged_in_linear_time(void **state)
{
    struct node *target = node_map(&arena), *patch = node_map(&arena), *merged;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        (void)node_append(&arena, target, arena_printf(&arena, "old-%d", i), node_int(&arena, i));
        (void)node_append(&arena, patch, arena_printf(&arena, "new-%d", i), node_int(&arena, i));
    }
    merged = patch_merge(&arena, target, patch);
    assert_int_equal(merged->map.count, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_replaced),
        cmocka_unit_test(a_member_is_added),
        cmocka_unit_test(a_null_removes_the_only_member),
        cmocka_unit_test(a_null_leaves_the_other_members),
        cmocka_unit_test(a_list_becomes_a_text),
        cmocka_unit_test(a_text_becomes_a_list),
        cmocka_unit_test(maps_within_maps_merge),
        cmocka_unit_test(a_list_of_maps_is_replaced_as_a_whole),
        cmocka_unit_test(a_list_at_the_top_is_replaced),
        cmocka_unit_test(a_map_at_the_top_becomes_a_list),
        cmocka_unit_test(a_null_at_the_top_replaces_all),
        cmocka_unit_test(a_text_at_the_top_replaces_all),
        cmocka_unit_test(a_null_that_was_there_stays),
        cmocka_unit_test(what_is_no_map_counts_as_empty),
        cmocka_unit_test(nulls_of_a_new_map_are_dropped),
        cmocka_unit_test(nulls_inside_a_list_are_values),
        cmocka_unit_test(old_members_keep_their_order_and_new_ones_follow),
        cmocka_unit_test(the_result_shares_nothing_with_the_inputs),
        cmocka_unit_test(the_deepest_patch_is_merged),
        cmocka_unit_test(a_wide_patch_is_merged_in_linear_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
