/* The target of a request, taken apart; whatever is malformed is refused. */
#include "controller/core/target.h"

#include "schema/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;
static struct target target;

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

static void parse(const char *text)
{
    assert_true(target_parse(&arena, text, &target));
}

static void refuse(const char *text)
{
    if (target_parse(&arena, text, &target)) {
        fail_msg("taken: %s", text);
    }
}

static void a_path_has_segments(void **state)
{
    (void)state;
    parse("/apis/fog/v1/agents/a-1/status");
    assert_int_equal(target.segment_count, 6);
    assert_string_equal(target.segments[0], "apis");
    assert_string_equal(target.segments[5], "status");
    assert_true(target_is(&target, "/apis/fog/v1/agents/{name}/status"));
    assert_false(target_is(&target, "/apis/fog/v1/agents/{name}"));
    assert_false(target_is(&target, "/apis/fog/v1/agents/{name}/status/x"));
    assert_false(target_is(&target, "/apis/fog/v1/agents/{name}/stat"));
}

static void slashes_too_many_make_no_segments(void **state)
{
    (void)state;
    parse("//apis///fog/");
    assert_int_equal(target.segment_count, 2);
    parse("/");
    assert_int_equal(target.segment_count, 0);
}

static void segments_and_parameters_are_percent_decoded(void **state)
{
    (void)state;
    parse("/a%2Fb/c%c3%a4?label%53elector=a%3Db%2Cc&x=1+2&p=%2b");
    assert_string_equal(target.segments[0], "a/b");
    assert_string_equal(target.segments[1], "cä");
    assert_string_equal(target_param(&target, "labelSelector"), "a=b,c");
    assert_string_equal(target_param(&target, "x"), "1 2");
    assert_string_equal(target_param(&target, "p"), "+");
    parse("/a+b");
    assert_string_equal(target.segments[0], "a+b");
}

static void parameters_may_be_empty_and_the_first_of_a_name_counts(void **state)
{
    (void)state;
    parse("/x?a&b=&&c=1&c=2&d=e=f");
    assert_string_equal(target_param(&target, "a"), "");
    assert_string_equal(target_param(&target, "b"), "");
    assert_string_equal(target_param(&target, "c"), "1");
    assert_string_equal(target_param(&target, "d"), "e=f");
    assert_null(target_param(&target, "e"));
    assert_int_equal(target.param_count, 5);
}

static void a_fragment_is_not_part_of_the_path(void **state)
{
    (void)state;
    parse("/x#y?z=1");
    assert_int_equal(target.segment_count, 1);
    assert_string_equal(target.segments[0], "x");
    assert_int_equal(target.param_count, 0);
}

static void malformed_targets_are_refused(void **state)
{
    static const char *const bad[] = {"",           "x",        "http://h/x", "/%",   "/%4",
                                      "/%4x",       "/%x4",     "/a%00b",     "/x?%", "/x?a=%",
                                      "/x?a=%0",    "/x?%g0=1", "/%ff",       "/%c3", "/%c0%80",
                                      "/%ed%a0%80", "/x?a=%ff", "/x?%ff=a",   "/a%2"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        refuse(bad[i]);
    }
    refuse("/caf\xe9");
}

static void too_many_segments_are_refused(void **state)
{
    (void)state;
    parse("/1/2/3/4/5/6/7/8");
    assert_int_equal(target.segment_count, TARGET_SEGMENTS_MAX);
    refuse("/1/2/3/4/5/6/7/8/9");
}

static void too_many_parameters_are_refused(void **state)
{
    struct str text = STR_EMPTY;

    (void)state;
    str_add(&text, "/x?");
    for (size_t i = 0; i < TARGET_PARAMS_MAX; i++) {
        str_addf(&text, "a%zu=1&", i);
    }
    parse(text.data);
    assert_int_equal(target.param_count, TARGET_PARAMS_MAX);
    str_add(&text, "b=1");
    refuse(text.data);
    str_fini(&text);
}

static void flags_and_numbers_are_read(void **state)
{
    uint64_t number;

    (void)state;
    parse("/x?watch=1&force=true&follow=yes&limit=5&big=18446744073709551616&empty=&neg=-1&n=07x");
    assert_true(target_flag(&target, "watch"));
    assert_true(target_flag(&target, "force"));
    assert_false(target_flag(&target, "follow"));
    assert_false(target_flag(&target, "none"));
    assert_true(target_number(&target, "limit", 9, &number));
    assert_int_equal(number, 5);
    assert_true(target_number(&target, "none", 9, &number));
    assert_int_equal(number, 9);
    assert_true(target_number(&target, "empty", 9, &number));
    assert_int_equal(number, 9);
    assert_false(target_number(&target, "big", 9, &number));
    assert_false(target_number(&target, "neg", 9, &number));
    assert_false(target_number(&target, "n", 9, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_has_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slashes_too_many_make_no_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_and_parameters_are_percent_decoded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(parameters_may_be_empty_and_the_first_of_a_name_counts,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fragment_is_not_part_of_the_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_targets_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_segments_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_parameters_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_and_numbers_are_read, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
