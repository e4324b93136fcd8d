/* What a higher source took away, put back or gave up, against what lower ones say: the rules of
 * schema/apply.h that a config directory and agents live by. */
#include "schema/apply.h"
#include "schema/owned.h"

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

static void directory(const char *config)
{
    ownership_apply_as(&camera, "dir", SOURCE_DIRECTORY, config);
}

/* To whom it seems that lower sources may say anything. */
static struct manager operator_now(void)
{
    static struct fieldset claimed;

    claimed = owned_paths(&camera.arena, (struct owned_scope){.kind = &camera_kind}, camera.live);
    return (struct manager){.name = "ann",
                            .source = SOURCE_API,
                            .subresource = "",
                            .now = ownership_now(&camera),
                            .claimed = &claimed};
}

/* What an operator makes of the object by PUT. */
static void replace(const char *next)
{
    struct manager manager = operator_now();

    camera.live = apply_update(&camera.arena, &camera_kind, camera.live,
                               quick_json(&camera.arena, next), &manager);
}

static void go_back(const struct node *then)
{
    struct manager manager = operator_now();

    camera.live = apply_restore(&camera.arena, &camera_kind, camera.live, then, &manager);
}

static void give_up(const char *fields)
{
    struct fieldset paths;
    struct node *released;

    assert_true(fieldset_from_node(&camera.arena, quick_json(&camera.arena, fields), &paths));
    released = apply_release(&camera.arena, camera.live, SOURCE_API, &paths);
    assert_non_null(released);
    camera.live = released;
}

/* --- taken away --------------------------------------------------------------------------------
 */

static void what_an_operator_took_away_is_not_put_back(void **state)
{
    (void)state;
    directory("{'spec':{'retries':4,'policy':'p'}}");
    replace("{'metadata':{'name':'c1'},'spec':{'retries':4}}");
    ownership_expect(&camera, "ann", "Update", "{'f:spec':{'f:policy':{}}}");

    directory("{'spec':{'retries':4,'policy':'p'}}");
    ownership_expect_spec(&camera, "{'retries':4}");
}

static void what_is_taken_away_is_no_conflict_among_equals(void **state)
{
    struct apply_result result;

    (void)state;
    directory("{'spec':{'retries':4,'policy':'p'}}");
    replace("{'metadata':{'name':'c1'},'spec':{'retries':4}}");
    result = ownership_try(&camera, "bob", SOURCE_API, "{'spec':{'policy':'q'}}", false);
    assert_non_null(result.root);
    ownership_apply(&camera, "bob", "{'spec':{'policy':'q'}}");
    ownership_expect_spec(&camera, "{'retries':4,'policy':'q'}");
    ownership_expect(&camera, "ann", "Update", NULL);
}

static void an_item_goes_although_a_part_of_it_was_taken_away(void **state)
{
    (void)state;
    directory("{'spec':{'outputs':[{'name':'raw','path':'o'}]}}");
    replace("{'metadata':{'name':'c1'},'spec':{'outputs':[{'name':'raw'}]}}");
    directory("{'spec':{'retries':1}}");
    ownership_expect_spec(&camera, "{'retries':1}");
}

/* --- going back --------------------------------------------------------------------------------
 */

static void an_item_that_was_taken_away_does_not_come_back_with_a_new_field(void **state)
{
    (void)state;
    directory("{'spec':{'outputs':[{'name':'raw'},{'name':'cut'}]}}");
    replace("{'metadata':{'name':'c1'},'spec':{'outputs':[{'name':'cut'}]}}");
    directory("{'spec':{'outputs':[{'name':'raw','path':'/x'},{'name':'cut'}]}}");
    ownership_expect_spec(&camera, "{'outputs':[{'name':'cut'}]}");
}

static void an_undo_is_not_undone(void **state)
{
    const struct node *then;

    (void)state;
    directory("{'metadata':{'labels':{'old':'1'}},'spec':{'retries':4}}");
    then = camera.live;
    directory("{'metadata':{'labels':{'new':'1'}},'spec':{'retries':5,'policy':'p'}}");
    go_back(then);
    ownership_expect_spec(&camera, "{'retries':4}");
    ownership_expect(&camera, "ann", "Update",
                     "{'f:metadata':{'f:labels':{'f:new':{},'f:old':{}}},"
                     "'f:spec':{'f:policy':{},'f:retries':{}}}");

    directory("{'metadata':{'labels':{'new':'1'}},'spec':{'retries':5,'policy':'p'}}");
    ownership_expect_spec(&camera, "{'retries':4}");
    quick_json_expect(node_find_path(camera.live, "metadata.labels"), "{'old':'1'}");
}

static void going_back_twice_is_going_back_once(void **state)
{
    const struct node *then, *once;

    (void)state;
    directory("{'spec':{'retries':4}}");
    then = camera.live;
    directory("{'spec':{'retries':5,'policy':'p'}}");
    go_back(then);
    once = node_copy(&camera.arena, camera.live);
    go_back(then);
    assert_true(node_eq(camera.live, once));
    directory("{'spec':{'retries':5}}");
    ownership_expect_spec(&camera, "{'retries':4}");
}

static void what_going_back_left_alone_a_lower_source_still_has(void **state)
{
    const struct node *then;

    (void)state;
    directory("{'spec':{'retries':4,'policy':'p'}}");
    then = camera.live;
    directory("{'spec':{'retries':5,'policy':'p'}}");
    go_back(then);
    directory("{'spec':{'retries':5,'policy':'q'}}");
    ownership_expect_spec(&camera, "{'retries':4,'policy':'q'}");
}

static void owners_of_then_come_back(void **state)
{
    const struct node *then;

    (void)state;
    ownership_apply(&camera, "bob", "{'spec':{'retries':4}}");
    then = camera.live;
    ownership_force(&camera, "eve", "{'spec':{'retries':5}}");
    go_back(then);
    ownership_expect(&camera, "bob", "Apply", "{'f:spec':{'f:retries':{}}}");
    ownership_expect(&camera, "ann", "Update", NULL);
}

static void what_was_gone_comes_back_as_the_operators(void **state)
{
    const struct node *then;

    (void)state;
    directory("{'spec':{'retries':4}}");
    then = camera.live;
    camera.live = NULL;
    go_back(then);
    assert_int_equal(apply_owned(&camera.arena, camera.live, SOURCE_DIRECTORY).count, 0);
    ownership_expect(&camera, "ann", "Update", "{'f:spec':{'f:retries':{}}}");
}

/* --- giving up ---------------------------------------------------------------------------------
 */

static void what_is_given_up_a_lower_source_takes(void **state)
{
    (void)state;
    directory("{'spec':{'retries':4,'policy':'p'}}");
    replace("{'metadata':{'name':'c1'},'spec':{'retries':5}}");
    give_up("{'f:spec':{'f:policy':{}}}");
    ownership_expect_spec(&camera, "{'retries':5}");
    directory("{'spec':{'retries':4,'policy':'p'}}");
    ownership_expect_spec(&camera, "{'retries':5,'policy':'p'}");

    give_up("{'f:spec':{}}");
    assert_int_equal(apply_owned(&camera.arena, camera.live, SOURCE_API).count, 0);
    directory("{'spec':{'retries':4,'policy':'p'}}");
    ownership_expect_spec(&camera, "{'retries':4,'policy':'p'}");
    assert_null(apply_release(&camera.arena, camera.live, SOURCE_API, NULL));
}

static void giving_up_leaves_other_sources_what_they_own(void **state)
{
    (void)state;
    directory("{'spec':{'retries':4}}");
    ownership_apply(&camera, "bob", "{'spec':{'policy':'p'}}");
    camera.live = apply_release(&camera.arena, camera.live, SOURCE_API, NULL);
    assert_non_null(camera.live);
    ownership_expect(&camera, "dir", "Apply", "{'f:spec':{'f:retries':{}}}");
    assert_int_equal(apply_owned(&camera.arena, camera.live, SOURCE_DIRECTORY).count, 1);
    assert_false(apply_has_other_owner(&camera.arena, &camera_kind, camera.live, SOURCE_DIRECTORY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_an_operator_took_away_is_not_put_back),
        TEST(what_is_taken_away_is_no_conflict_among_equals),
        TEST(an_item_goes_although_a_part_of_it_was_taken_away),
        TEST(an_item_that_was_taken_away_does_not_come_back_with_a_new_field),
        TEST(an_undo_is_not_undone),
        TEST(going_back_twice_is_going_back_once),
        TEST(what_going_back_left_alone_a_lower_source_still_has),
        TEST(owners_of_then_come_back),
        TEST(what_was_gone_comes_back_as_the_operators),
        TEST(what_is_given_up_a_lower_source_takes),
        TEST(giving_up_leaves_other_sources_what_they_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
