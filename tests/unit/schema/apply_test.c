/* Ownership: the rules of schema/apply.h one by one.  What holds for any object is in
 * apply_random_test.c. */
#include "schema/apply.h"

#include "schema/limits.h"
#include "tests/support/camera.h"
#include "tests/support/ownership.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct ownership camera;

static int set_up(void **state)
{
    (void)state;
    ownership_init(&camera, &camera_kind);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ownership_fini(&camera);
    return 0;
}

/* --- small language ----------------------------------------------------------------------------
 */

static void apply(const char *name, const char *config)
{
    ownership_apply(&camera, name, config);
}

static void update(const char *name, const char *patch)
{
    ownership_update(&camera, name, patch);
}

static void expect_spec(const char *spec)
{
    ownership_expect_spec(&camera, spec);
}

static void expect_applied(const char *name, const char *fields)
{
    ownership_expect(&camera, name, "Apply", fields);
}

static void expect_updated(const char *name, const char *fields)
{
    ownership_expect(&camera, name, "Update", fields);
}

static void expect_conflict(const char *name, const char *config, const char *message)
{
    const struct node *before = camera.live;
    struct apply_result result = ownership_try(&camera, name, SOURCE_API, config, false);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    assert_null(result.root);
    apply_conflict_message(&result, &text);
    assert_string_equal(text.data, message);
    assert_ptr_equal(camera.live, before);
}

/* The same again leaves the object as it is, with its times. */
static void expect_no_change(const char *name, const char *config)
{
    const struct node *before = camera.live;

    apply(name, config);
    assert_true(node_eq(camera.live, before));
}

static const struct node *entry_at(size_t index)
{
    const struct node *list = node_find_path(camera.live, "metadata.managedFields");

    assert_non_null(list);
    assert_true(index < list->list.count);
    return list->list.items[index];
}

/* --- create and again --------------------------------------------------------------------------
 */

static void a_first_apply_creates_and_owns_what_it_says(void **state)
{
    (void)state;
    apply("a", "{'metadata':{'labels':{'site':'b'}},'spec':{'retries':4,'outputs':[{'name':'raw',"
               "'path':'o'}],'tags':['x']}}");

    quick_json_expect(
        camera.live, "{'apiVersion':'fog/v1','kind':'Camera','metadata':{'name':'c1','labels':{"
                     "'site':'b'},'managedFields':[{'manager':'a','operation':'Apply','apiVersion'"
                     ":'fog/v1','time':'2026-11-20T23:24:54Z','fieldsType':'FieldsV1','fieldsV1':{"
                     "'f:metadata':{'f:labels':{'f:site':{}}},'f:spec':{'f:outputs':{"
                     "'k:{`name`:`raw`}':{'.':{},'f:name':{},'f:path':{}}},'f:retries':{},'f:tags'"
                     ":{'v:`x`':{}}}}}]},'spec':{'retries':4,'outputs':[{'name':'raw','path':'o'}],"
                     "'tags':['x']}}");
}

static void the_same_again_changes_nothing(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'outputs':[{'name':'raw'}],'environment':{}}}");
    expect_no_change("a", "{'spec':{'retries':4,'outputs':[{'name':'raw'}],'environment':{}}}");
}

static void a_value_written_differently_is_the_same_value(void **state)
{
    (void)state;
    apply("a", "{'spec':{'interval':'5m'}}");
    expect_no_change("a", "{'spec':{'interval':'300s'}}");
    apply("b", "{'spec':{'interval':'300s'}}");
    expect_spec("{'interval':'5m'}");
    expect_conflict("b", "{'spec':{'interval':'301s'}}",
                    "Apply failed with 1 conflict: conflict with \"a\": .spec.interval");
}

static void a_changed_value_moves_the_time_of_its_entry(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    apply("b", "{'spec':{'policy':'p'}}");
    apply("a", "{'spec':{'retries':5}}");
    expect_spec("{'retries':5,'policy':'p'}");
    assert_string_equal(node_find_text(entry_at(0), "time"), "2026-11-20T23:24:56Z");
    assert_string_equal(node_find_text(entry_at(1), "time"), "2026-11-20T23:24:55Z");
}

static void names_and_revisions_have_no_owner(void **state)
{
    (void)state;
    apply("a", "{'metadata':{'uid':'u','resourceVersion':'7','generation':3,'creationTimestamp':"
               "'2020-01-01T00:00:00Z','managedFields':[]},'spec':{}}");
    expect_applied("a", "{'f:spec':{}}");
    assert_null(node_find_path(camera.live, "metadata.generation"));
    assert_null(node_find_path(camera.live, "metadata.creationTimestamp"));
    /* Preconditions reach the caller. */
    assert_string_equal(node_text(node_find_path(camera.live, "metadata.uid")), "u");
    apply("a", "{'metadata':{'resourceVersion':'9'},'spec':{}}");
    assert_string_equal(node_text(node_find_path(camera.live, "metadata.resourceVersion")), "9");
}

static void a_null_says_nothing(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'policy':'p'}}");
    apply("b", "{'spec':{'retries':null,'environment':{'A':null}}}");
    expect_spec("{'retries':4,'policy':'p','environment':{}}");
    expect_applied("b", "{'f:spec':{'f:environment':{}}}");
    apply("a", "{'spec':{'retries':4,'policy':null}}");
    expect_spec("{'retries':4,'environment':{}}");
}

static void an_unknown_field_is_kept_for_its_report_but_has_no_owner(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'retires':5},'extra':1}");
    expect_spec("{'retries':4,'retires':5}");
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
}

/* --- conflicts ---------------------------------------------------------------------------------
 */

static void a_field_that_was_updated_is_a_conflict_with_its_time(void **state)
{
    (void)state;
    update("kubectl-client-side-apply", "{'spec':{'interval':'30s'}}");
    expect_conflict("b", "{'spec':{'interval':'5m'}}",
                    "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" "
                    "using fog/v1 at 2026-11-20T23:24:54Z: .spec.interval");
}

static void several_conflicts_are_listed_by_manager(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'outputs':[{'name':'raw','path':'o'}]}}");
    update("b", "{'spec':{'policy':'p'}}");
    expect_conflict("c",
                    "{'spec':{'retries':5,'policy':'q','outputs':[{'name':'raw','path':'z'}]}}",
                    "Apply failed with 3 conflicts: conflicts with \"a\":\n"
                    "- .spec.outputs[name=\"raw\"].path\n"
                    "- .spec.retries\n"
                    "conflicts with \"b\" using fog/v1 at 2026-11-20T23:24:55Z:\n"
                    "- .spec.policy");
}

static void a_cause_names_the_owner_and_the_path(void **state)
{
    struct apply_result result;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    result = ownership_try(&camera, "b", SOURCE_API, "{'spec':{'retries':5}}", false);
    assert_int_equal(result.conflict_count, 1);
    apply_conflict_cause(&result.conflicts[0], &text);
    assert_string_equal(text.data, "conflict with \"a\"");
    assert_string_equal(result.conflicts[0].path, ".spec.retries");
}

static void force_takes_the_field_and_nothing_else(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'policy':'p'}}");
    ownership_force(&camera, "b", "{'spec':{'retries':5}}");
    expect_spec("{'retries':5,'policy':'p'}");
    expect_applied("a", "{'f:spec':{'f:policy':{}}}");
    expect_applied("b", "{'f:spec':{'f:retries':{}}}");
    expect_conflict("a", "{'spec':{'retries':4,'policy':'p'}}",
                    "Apply failed with 1 conflict: conflict with \"b\": .spec.retries");
}

static void an_entry_that_lost_everything_goes(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    ownership_force(&camera, "b", "{'spec':{'retries':5}}");
    expect_applied("a", NULL);
}

static void a_list_without_keys_is_owned_as_a_whole(void **state)
{
    (void)state;
    apply("a", "{'spec':{'command':['x','y']}}");
    expect_applied("a", "{'f:spec':{'f:command':{}}}");
    expect_conflict("b", "{'spec':{'command':['x']}}",
                    "Apply failed with 1 conflict: conflict with \"a\": .spec.command");
}

static void an_update_by_the_same_manager_is_another_owner(void **state)
{
    (void)state;
    update("a", "{'spec':{'retries':4}}");
    expect_conflict("a", "{'spec':{'retries':5}}",
                    "Apply failed with 1 conflict: conflict with \"a\" using fog/v1 at "
                    "2026-11-20T23:24:54Z: .spec.retries");
}

/* --- sharing and removal -----------------------------------------------------------------------
 */

static void equal_values_are_owned_together(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    apply("b", "{'spec':{'retries':4,'policy':'p'}}");
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    expect_applied("b", "{'f:spec':{'f:retries':{},'f:policy':{}}}");

    apply("b", "{'spec':{'policy':'p'}}");
    expect_spec("{'retries':4,'policy':'p'}");
    apply("a", "{'metadata':{'labels':{'x':'y'}}}");
    expect_spec("{'policy':'p'}");
}

static void what_is_no_longer_applied_goes(void **state)
{
    (void)state;
    apply("a", "{'metadata':{'labels':{'x':'1','y':'2'}},'spec':{'retries':4,'environment':{'A':"
               "'1','B':'2'},'tags':['s','t'],'command':['c']}}");
    apply("a", "{'metadata':{'labels':{'y':'2'}},'spec':{'environment':{'B':'2'},'tags':['t']}}");
    expect_spec("{'environment':{'B':'2'},'tags':['t']}");
    quick_json_expect(node_find_path(camera.live, "metadata.labels"), "{'y':'2'}");
}

static void a_container_that_becomes_empty_goes_too(void **state)
{
    (void)state;
    apply("a", "{'metadata':{'labels':{'x':'1'}},'spec':{'retries':4,'environment':{'A':'1'},"
               "'tags':['s'],'outputs':[{'name':'raw'}],'battery':{'mode':'eco'}}}");
    apply("a", "{'spec':{'retries':4}}");
    expect_spec("{'retries':4}");
    assert_null(node_find_path(camera.live, "metadata.labels"));
    assert_string_equal(node_text(node_find_path(camera.live, "metadata.name")), "c1");
}

static void what_others_wrote_stays(void **state)
{
    (void)state;
    apply("a", "{'spec':{'environment':{'A':'1'},'battery':{'mode':'eco'}}}");
    update("b", "{'spec':{'environment':{'B':'2'},'battery':{'minPercent':10}}}");
    apply("a", "{'spec':{'retries':4}}");
    expect_spec("{'retries':4,'environment':{'B':'2'},'battery':{'minPercent':10}}");
}

static void an_empty_container_stays_owned_when_somebody_fills_it(void **state)
{
    (void)state;
    apply("a", "{'spec':{'environment':{}}}");
    apply("b", "{'spec':{'environment':{'B':'2'}}}");
    expect_applied("a", "{'f:spec':{'f:environment':{}}}");
    expect_no_change("a", "{'spec':{'environment':{}}}");
    apply("a", "{'spec':{'retries':1}}");
    expect_spec("{'environment':{'B':'2'},'retries':1}");
}

static void defaults_go_with_the_struct_they_came_with(void **state)
{
    (void)state;
    camera.binds = true;
    apply("a", "{'spec':{'battery':{'minPercent':20}}}");
    expect_spec("{'interval':'30s','retries':3,'battery':{'minPercent':20,'resumePercent':60}}");
    apply("a", "{'spec':{'retries':3}}");
    expect_spec("{'interval':'30s','retries':3}");
}

static void a_struct_applied_empty_goes_with_its_defaults(void **state)
{
    (void)state;
    camera.binds = true;
    apply("a", "{'spec':{'battery':{}}}");
    expect_spec("{'interval':'30s','retries':3,'battery':{'minPercent':30,'resumePercent':60}}");
    apply("a", "{'spec':{}}");
    expect_spec("{'interval':'30s','retries':3}");
}

static void a_default_that_nobody_owns_comes_back(void **state)
{
    (void)state;
    camera.binds = true;
    apply("a", "{'spec':{'retries':9,'battery':{'minPercent':20,'mode':'eco'}}}");
    apply("a", "{'spec':{'battery':{'mode':'eco'}}}");
    expect_spec("{'interval':'30s','retries':3,'battery':{'minPercent':30,'resumePercent':60,"
                "'mode':'eco'}}");
}

static void a_struct_with_a_value_that_is_no_default_stays(void **state)
{
    (void)state;
    camera.live = quick_json(&camera.arena, "{'metadata':{'name':'c1'},'spec':{'battery':{'mode':"
                                            "'eco'}}}");
    apply("a", "{'spec':{'battery':{'minPercent':20}}}");
    apply("a", "{'spec':{'retries':3}}");
    expect_spec("{'battery':{'mode':'eco'},'retries':3}");
}

static void a_value_that_nobody_owns_any_more_is_no_default(void **state)
{
    (void)state;
    camera.binds = true;
    apply("a", "{'spec':{'battery':{'minPercent':20}}}");
    camera.live = apply_release(&camera.arena, camera.live, SOURCE_API, NULL);
    apply("b", "{'spec':{'battery':{'mode':'eco'}}}");
    apply("b", "{'spec':{}}");
    expect_spec("{'interval':'30s','retries':3,'battery':{'minPercent':20,'resumePercent':60}}");
}

/* --- lists by key ------------------------------------------------------------------------------
 */

static void items_are_owned_one_by_one(void **state)
{
    (void)state;
    apply("a", "{'spec':{'outputs':[{'name':'raw','path':'r'}]}}");
    apply("b", "{'spec':{'outputs':[{'name':'log','path':'l'}]}}");
    expect_spec("{'outputs':[{'name':'raw','path':'r'},{'name':'log','path':'l'}]}");
    expect_conflict("b", "{'spec':{'outputs':[{'name':'raw','path':'x'},{'name':'log'}]}}",
                    "Apply failed with 1 conflict: conflict with \"a\": "
                    ".spec.outputs[name=\"raw\"].path");
    apply("a", "{'spec':{'retries':1}}");
    expect_spec("{'outputs':[{'name':'log','path':'l'}],'retries':1}");
}

static void an_item_goes_as_a_whole(void **state)
{
    (void)state;
    camera.binds = true;
    apply("a", "{'spec':{'outputs':[{'name':'raw','path':'r'},{'name':'log'}]}}");
    apply("a", "{'spec':{'outputs':[{'name':'log'}]}}");
    quick_json_expect(node_find_path(camera.live, "spec.outputs"),
                      "[{'name':'log','format':'raw'}]");
}

static void an_item_in_which_others_own_something_keeps_its_key(void **state)
{
    (void)state;
    apply("a", "{'spec':{'outputs':[{'name':'raw','path':'r'}]}}");
    apply("b", "{'spec':{'outputs':[{'name':'raw','format':'png'}]}}");
    ownership_force(&camera, "a", "{'spec':{'retries':1}}");
    expect_spec("{'outputs':[{'name':'raw','format':'png'}],'retries':1}");

    update("c", "{'spec':{'outputs':[{'name':'raw','format':'gif'}]}}");
    expect_updated("c", "{'f:spec':{'f:outputs':{'k:{`name`:`raw`}':{'f:format':{}}}}}");
    apply("b", "{'spec':{'retries':1}}");
    expect_spec("{'outputs':[{'name':'raw','format':'gif'}],'retries':1}");
}

static void items_stand_in_the_order_of_the_configuration(void **state)
{
    (void)state;
    apply("a", "{'spec':{'outputs':[{'name':'1'},{'name':'2'},{'name':'3'}]}}");
    apply("b", "{'spec':{'outputs':[{'name':'x'}]}}");
    apply("a", "{'spec':{'outputs':[{'name':'0'},{'name':'3'},{'name':'4'},{'name':'1'}]}}");
    expect_spec("{'outputs':[{'name':'0'},{'name':'3'},{'name':'4'},{'name':'1'},{'name':'x'}]}");
    expect_no_change("b", "{'spec':{'outputs':[{'name':'x'}]}}");
    expect_no_change("a",
                     "{'spec':{'outputs':[{'name':'0'},{'name':'3'},{'name':'4'},{'name':'1'}]}}");
}

static void an_item_named_twice_is_kept_for_its_report(void **state)
{
    (void)state;
    apply("a", "{'spec':{'outputs':[{'name':'1','path':'p'},{'name':'1','path':'q'},{'path':'r'},"
               "7]}}");
    expect_spec("{'outputs':[{'name':'1','path':'p'},{'name':'1','path':'q'},{'path':'r'},7]}");
}

static void members_of_a_set_are_owned_one_by_one(void **state)
{
    (void)state;
    apply("a", "{'spec':{'tags':['s','t']}}");
    apply("b", "{'spec':{'tags':['t','u']}}");
    expect_spec("{'tags':['s','t','u']}");
    apply("a", "{'spec':{'retries':1}}");
    expect_spec("{'tags':['t','u'],'retries':1}");
    expect_applied("b", "{'f:spec':{'f:tags':{'v:`t`':{},'v:`u`':{}}}}");
}

/* --- rank --------------------------------------------------------------------------------------
 */

static void expect_left_out(enum source source, const char *config, bool force, const char *message)
{
    struct apply_result result = ownership_try(&camera, "low", source, config, force);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    assert_non_null(result.root);
    apply_left_out_message(&result, &text);
    assert_string_equal(text.data, message);
}

static void a_higher_source_takes_a_field_without_conflict(void **state)
{
    (void)state;
    ownership_apply_as(&camera, "dir", SOURCE_DIRECTORY, "{'spec':{'retries':4,'policy':'p'}}");
    assert_string_equal(node_find_text(entry_at(0), "source"), "directory");
    apply("a", "{'spec':{'retries':5}}");
    expect_spec("{'retries':5,'policy':'p'}");
    expect_applied("dir", "{'f:spec':{'f:policy':{}}}");
    assert_null(node_find(entry_at(1), "source"));
}

static void a_lower_source_never_overwrites(void **state)
{
    static const enum source lower[] = {SOURCE_DISCOVERY, SOURCE_DIRECTORY};

    (void)state;
    apply("a", "{'spec':{'retries':5,'outputs':[{'name':'raw','path':'r'}]}}");
    for (size_t i = 0; i < COUNT_OF(lower); i++) {
        expect_left_out(lower[i],
                        "{'spec':{'retries':4,'policy':'p','outputs':[{'name':'raw','path':'z'}]}}",
                        i == 1,
                        ".spec.outputs[name=\"raw\"].path belongs to \"a\" (api); .spec.retries "
                        "belongs to \"a\" (api)");
        expect_spec("{'retries':5,'policy':'p','outputs':[{'name':'raw','path':'r'}]}");
    }
    expect_applied("low", "{'f:spec':{'f:outputs':{'k:{`name`:`raw`}':{'.':{},'f:name':{}}},"
                          "'f:policy':{}}}");
}

static void every_pair_of_ranks_is_decided(void **state)
{
    (void)state;
    for (int first = SOURCE_DISCOVERY; first <= SOURCE_API; first++) {
        for (int second = SOURCE_DISCOVERY; second <= SOURCE_API; second++) {
            struct apply_result result;

            camera.live = NULL;
            ownership_apply_as(&camera, "one", (enum source)first, "{'spec':{'retries':1}}");
            result =
                ownership_try(&camera, "two", (enum source)second, "{'spec':{'retries':2}}", false);
            assert_int_equal(result.root == NULL, first == second);
            assert_int_equal(result.conflict_count, second > first ? 0 : 1);
            expect_spec(second > first ? "{'retries':2}" : "{'retries':1}");
        }
    }
}

static void a_lower_source_whose_values_are_equal_shares_them(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':5}}");
    expect_left_out(SOURCE_DIRECTORY, "{'spec':{'retries':5}}", false, "");
    expect_applied("low", "{'f:spec':{'f:retries':{}}}");
    apply("a", "{'metadata':{'labels':{'x':'y'}}}");
    expect_spec("{'retries':5}");
}

static void a_container_of_which_everything_is_left_out_is_not_owned(void **state)
{
    (void)state;
    apply("a", "{'spec':{'environment':{'A':'1'}}}");
    expect_left_out(SOURCE_DIRECTORY, "{'spec':{'environment':{'A':'2'}}}", false,
                    ".spec.environment.A belongs to \"a\" (api)");
    expect_applied("low", NULL);
}

static void the_same_name_from_two_sources_is_two_managers(void **state)
{
    (void)state;
    ownership_apply_as(&camera, "a", SOURCE_DIRECTORY, "{'spec':{'retries':4}}");
    apply("a", "{'spec':{'policy':'p'}}");
    expect_spec("{'retries':4,'policy':'p'}");
    assert_int_equal(node_find_path(camera.live, "metadata.managedFields")->list.count, 2);
}

static void sources_have_words(void **state)
{
    enum source source;

    (void)state;
    for (int i = SOURCE_DISCOVERY; i <= SOURCE_API; i++) {
        assert_true(source_from_str(source_to_str((enum source)i), &source));
        assert_int_equal(source, i);
    }
    assert_false(source_from_str("cloud", &source));
}

/* --- update ------------------------------------------------------------------------------------
 */

static void an_update_owns_what_it_changed(void **state)
{
    (void)state;
    update("a", "{'spec':{'retries':4,'policy':'p','environment':{'A':'1'}}}");
    update("b", "{'spec':{'retries':5,'policy':'p','environment':{'B':'2'}}}");
    expect_updated("a", "{'f:spec':{'f:policy':{},'f:environment':{'f:A':{}}}}");
    expect_updated("b", "{'f:spec':{'f:retries':{},'f:environment':{'f:B':{}}}}");
}

static void what_an_update_removed_is_nobodys(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'policy':'p','outputs':[{'name':'raw','path':'r'}]}}");
    update("b", "{'spec':{'policy':null,'outputs':null}}");
    expect_spec("{'retries':4}");
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    expect_updated("b", NULL);
}

static void an_empty_container_that_was_filled_and_removed_is_nobodys(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4,'environment':{}}}");
    update("b", "{'spec':{'environment':{'B':'2'}}}");
    update("c", "{'spec':{'environment':null}}");
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    expect_updated("b", NULL);
}

static void an_update_that_changes_nothing_leaves_the_entries(void **state)
{
    const struct node *before;

    (void)state;
    apply("a", "{'spec':{'interval':'5m'}}");
    before = camera.live;
    update("b", "{'spec':{'interval':'300s'}}");
    expect_updated("b", NULL);
    assert_true(node_eq(node_find(camera.live, "metadata"), node_find(before, "metadata")));
}

static void an_updated_manager_keeps_one_entry(void **state)
{
    (void)state;
    update("a", "{'spec':{'retries':4}}");
    update("a", "{'spec':{'policy':'p'}}");
    update("a", "{'spec':{'retries':null}}");
    expect_updated("a", "{'f:spec':{'f:policy':{}}}");
    assert_string_equal(node_find_text(entry_at(0), "time"), "2026-11-20T23:24:56Z");
}

static void a_status_is_owned_through_its_subresource_alone(void **state)
{
    const struct manager controller = {.name = "controller",
                                       .source = SOURCE_API,
                                       .subresource = "status",
                                       .now = {1795217094000}};
    struct apply_result result;

    (void)state;
    apply("a", "{'spec':{'retries':4},'status':{'phase':'On'}}");
    assert_null(node_find(camera.live, "status"));
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    ownership_apply_tree(
        &camera, &controller,
        quick_json(&camera.arena,
                   "{'metadata':{'labels':{'x':'y'}},'spec':{'retries':9},'status':{'phase':'Off',"
                   "'conditions':[{'type':'Ready','status':'True'}]}}"),
        false, &result);
    expect_spec("{'retries':4}");
    assert_null(node_find_path(camera.live, "metadata.labels"));
    expect_applied("controller",
                   "{'f:status':{'f:conditions':{'k:{`type`:`Ready`}':{'.':{},'f:status':{},"
                   "'f:type':{}}},'f:phase':{}}}");
    assert_string_equal(node_find_text(entry_at(1), "subresource"), "status");
    apply("a", "{'spec':{'retries':4}}");
    assert_string_equal(node_text(node_find_path(camera.live, "status.phase")), "Off");
}

/* --- managedFields from outside ----------------------------------------------------------------
 */

#define FOREIGN_ENTRY                                                                              \
    "{'manager':'k','operation':'Update','apiVersion':'fog/v1','time':'2026-01-02T03:04:05Z',"     \
    "'fieldsType':'FieldsV1','fieldsV1':{'f:spec':{'f:retries':{}}},'subresource':'status'}"

static void entries_that_nothing_happened_to_stay_as_they_were(void **state)
{
    (void)state;
    camera.live = quick_json(&camera.arena,
                             "{'metadata':{'managedFields':[" FOREIGN_ENTRY
                             ",{'manager':'d','operation':'Apply','apiVersion':'fog/v1','source':"
                             "'discovery','fieldsV1':{'f:spec':{'f:tags':{'.':{}}}},'note':1}]}}");
    apply("a", "{'spec':{'policy':'p'}}");
    quick_json_expect(entry_at(0), FOREIGN_ENTRY);
    quick_json_expect(entry_at(1), "{'manager':'d','operation':'Apply','apiVersion':'fog/v1',"
                                   "'source':'discovery','fieldsV1':{'f:spec':{'f:tags':{'.':{}}}},"
                                   "'note':1}");
}

static void a_client_may_write_the_entries(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    update("b", "{'metadata':{'managedFields':[" FOREIGN_ENTRY "]}}");
    expect_applied("a", NULL);
    quick_json_expect(entry_at(0), FOREIGN_ENTRY);
}

static void one_empty_entry_forgets_all_owners(void **state)
{
    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    update("b", "{'metadata':{'managedFields':[{}]}}");
    assert_null(node_find_path(camera.live, "metadata.managedFields"));
}

static void entries_that_cannot_be_read_are_not_taken(void **state)
{
    static const char *const lists[] = {
        "[]",
        "null",
        "'none'",
        "[1]",
        "[{},{}]",
        "[{'manager':'k','operation':'Steal','apiVersion':'fog/v1','fieldsV1':{}}]",
        "[{'manager':'','operation':'Apply','apiVersion':'fog/v1','fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','fieldsV1':{'spec':{}}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','time':'now','fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','time':7,'fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','source':'x','fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','subresource':1,'fieldsV1':{}}]",
        "[{'manager':'k','operation':'Apply','apiVersion':'fog/v1','fieldsType':'2','fieldsV1':{}}]",
    };

    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const char *patch =
            arena_printf(&camera.arena, "{'metadata':{'managedFields':%s}}", lists[i]);

        update("b", patch);
        expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    }
}

static void beyond_a_bound_the_oldest_updates_share_an_entry(void **state)
{
    const struct node *list;

    (void)state;
    apply("a", "{'spec':{'retries':4}}");
    for (int i = 0; i < MANAGERS_MAX + 20; i++) {
        const char *name = arena_printf(&camera.arena, "m%d", i);

        update(name, arena_printf(&camera.arena, "{'spec':{'environment':{'E%d':'1'}}}", i));
    }
    list = node_find_path(camera.live, "metadata.managedFields");
    assert_int_equal(list->list.count, MANAGERS_MAX);
    expect_applied("a", "{'f:spec':{'f:retries':{}}}");
    expect_updated("m0", NULL);
    expect_updated("m83", "{'f:spec':{'f:environment':{'f:E83':{}}}}");
    assert_non_null(node_find(
        node_find_path(ownership_of(&camera, "ancient-changes", "Update"), "f:spec.f:environment"),
        "f:E0"));
}

/* What a request may hold must not take minutes: each member is looked up, not searched for. */
static void a_wide_object_is_applied_in_linear_time(void **state)
{
    _cleanup_(str_fini)
    struct str config = STR_EMPTY;

    (void)state;
    str_add(&config, "{'spec':{'environment':{");
    for (int i = 30000; i > 0; i--) {
        str_addf(&config, "'E%d':'1'%s", i, i > 1 ? "," : "}}}");
    }
    apply("a", config.data);
    apply("b", config.data);
    expect_no_change("a", config.data);
    apply("a", "{'spec':{'retries':1}}");
    apply("b", "{'spec':{'retries':1}}");
    expect_spec("{'retries':1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_first_apply_creates_and_owns_what_it_says),
        TEST(the_same_again_changes_nothing),
        TEST(a_value_written_differently_is_the_same_value),
        TEST(a_changed_value_moves_the_time_of_its_entry),
        TEST(names_and_revisions_have_no_owner),
        TEST(a_null_says_nothing),
        TEST(an_unknown_field_is_kept_for_its_report_but_has_no_owner),
        TEST(a_field_that_was_updated_is_a_conflict_with_its_time),
        TEST(several_conflicts_are_listed_by_manager),
        TEST(a_cause_names_the_owner_and_the_path),
        TEST(force_takes_the_field_and_nothing_else),
        TEST(an_entry_that_lost_everything_goes),
        TEST(a_list_without_keys_is_owned_as_a_whole),
        TEST(an_update_by_the_same_manager_is_another_owner),
        TEST(equal_values_are_owned_together),
        TEST(what_is_no_longer_applied_goes),
        TEST(a_container_that_becomes_empty_goes_too),
        TEST(what_others_wrote_stays),
        TEST(an_empty_container_stays_owned_when_somebody_fills_it),
        TEST(defaults_go_with_the_struct_they_came_with),
        TEST(a_struct_applied_empty_goes_with_its_defaults),
        TEST(a_default_that_nobody_owns_comes_back),
        TEST(a_struct_with_a_value_that_is_no_default_stays),
        TEST(a_value_that_nobody_owns_any_more_is_no_default),
        TEST(items_are_owned_one_by_one),
        TEST(an_item_goes_as_a_whole),
        TEST(an_item_in_which_others_own_something_keeps_its_key),
        TEST(items_stand_in_the_order_of_the_configuration),
        TEST(an_item_named_twice_is_kept_for_its_report),
        TEST(members_of_a_set_are_owned_one_by_one),
        TEST(a_higher_source_takes_a_field_without_conflict),
        TEST(a_lower_source_never_overwrites),
        TEST(every_pair_of_ranks_is_decided),
        TEST(a_lower_source_whose_values_are_equal_shares_them),
        TEST(a_container_of_which_everything_is_left_out_is_not_owned),
        TEST(the_same_name_from_two_sources_is_two_managers),
        TEST(sources_have_words),
        TEST(an_update_owns_what_it_changed),
        TEST(what_an_update_removed_is_nobodys),
        TEST(an_empty_container_that_was_filled_and_removed_is_nobodys),
        TEST(an_update_that_changes_nothing_leaves_the_entries),
        TEST(an_updated_manager_keeps_one_entry),
        TEST(a_status_is_owned_through_its_subresource_alone),
        TEST(entries_that_nothing_happened_to_stay_as_they_were),
        TEST(a_client_may_write_the_entries),
        TEST(one_empty_entry_forgets_all_owners),
        TEST(entries_that_cannot_be_read_are_not_taken),
        TEST(beyond_a_bound_the_oldest_updates_share_an_entry),
        TEST(a_wide_object_is_applied_in_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
