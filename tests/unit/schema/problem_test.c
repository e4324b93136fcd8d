/* The list of problems: its order, its bound and its print. */
#include "schema/problem.h"

#include "schema/limits.h"
#include "schema/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct problems problems;
static struct str printed;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena, "fleet.yaml");
    str_init(&printed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    str_fini(&printed);
    arena_fini(&arena);
    return 0;
}

static void add_error(unsigned line, unsigned column, const char *message)
{
    problem_add_at(&problems, PROBLEM_ERROR, CAUSE_INVALID, line, column, "", "%s", message);
}

static void assert_prints(const char *expected)
{
    str_clear(&printed);
    problems_print(&problems, &printed);
    assert_string_equal(printed.data, expected);
}

static void a_problem_says_where_what_and_why(void **state)
{
    struct node *at = node_int(&arena, 120);

    (void)state;
    at->line = 7;
    at->column = 19;
    problem_add(&problems, PROBLEM_ERROR, CAUSE_INVALID, at, "spec.battery.minPercent",
                "%d is above %d", 120, 100);
    assert_prints("fleet.yaml:7:19: error: spec.battery.minPercent: 120 is above 100\n");
    assert_int_equal(problems.items[0].cause, CAUSE_INVALID);
}

static void what_is_unknown_is_left_out(void **state)
{
    (void)state;
    problem_add(&problems, PROBLEM_WARNING, CAUSE_RESOURCE, NULL, "", "no agent can hold it");
    problems.file = NULL;
    problem_add(&problems, PROBLEM_ERROR, CAUSE_REQUIRED, NULL, "spec", "is missing");
    add_error(2, 3, "wrong");
    assert_prints("fleet.yaml: warning: no agent can hold it\n"
                  "error: spec: is missing\n"
                  "2:3: error: wrong\n");
}

static void texts_are_copied(void **state)
{
    char path[] = "spec", message[] = "wrong";

    (void)state;
    problem_add_at(&problems, PROBLEM_ERROR, CAUSE_INVALID, 1, 1, path, "%s", message);
    memset(path, 'x', sizeof(path) - 1);
    memset(message, 'x', sizeof(message) - 1);
    assert_prints("fleet.yaml:1:1: error: spec: wrong\n");
}

static void control_characters_reach_no_terminal(void **state)
{
    (void)state;
    problem_add_at(&problems, PROBLEM_ERROR, CAUSE_UNKNOWN_FIELD, 1, 1, "a\x1b[31m", "b\n\x7f é");
    assert_prints("fleet.yaml:1:1: error: a\\x1b[31m: b\\x0a\\x7f é\n");
}

static void warnings_are_no_errors(void **state)
{
    (void)state;
    problem_add(&problems, PROBLEM_WARNING, CAUSE_RESOURCE, NULL, "", "hm");
    assert_int_equal(problems.errors, 0);
    add_error(1, 1, "no");
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.count, 2);
}

static void they_are_sorted_by_file_line_and_column_and_stay_in_order(void **state)
{
    (void)state;
    add_error(2, 1, "d");
    add_error(1, 9, "c");
    add_error(1, 2, "a");
    add_error(1, 2, "b");
    problems.file = "a.yaml";
    add_error(9, 9, "first file");
    problems.file = NULL;
    add_error(5, 5, "wire");
    problems_sort(&problems);
    assert_prints("5:5: error: wire\n"
                  "a.yaml:9:9: error: first file\n"
                  "fleet.yaml:1:2: error: a\n"
                  "fleet.yaml:1:2: error: b\n"
                  "fleet.yaml:1:9: error: c\n"
                  "fleet.yaml:2:1: error: d\n");
}

static void what_is_beyond_the_bound_is_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEMS_MAX; i++) {
        add_error(1, 1, "one of many");
    }
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_int_equal(problems.unreported, 0);
    add_error(1, 1, "too many");
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_int_equal(problems.unreported, 1);
    assert_int_equal(problems.errors, PROBLEMS_MAX + 1);
    problems_print(&problems, &printed);
    assert_true(str_ends(printed.data, "one of many\n… and 1 more\n"));
}

static void causes_have_the_names_of_the_api(void **state)
{
    static const struct {
        enum problem_cause cause;
        const char *name;
    } rows[] = {
        {CAUSE_SYNTAX, "FieldValueInvalid"},      {CAUSE_UNKNOWN_FIELD, "FieldValueInvalid"},
        {CAUSE_REQUIRED, "FieldValueRequired"},   {CAUSE_INVALID, "FieldValueInvalid"},
        {CAUSE_TYPE, "FieldValueTypeInvalid"},    {CAUSE_NOT_SUPPORTED, "FieldValueNotSupported"},
        {CAUSE_FORBIDDEN, "FieldValueForbidden"}, {CAUSE_DUPLICATE, "FieldValueDuplicate"},
        {CAUSE_REFERENCE, "FieldValueNotFound"},  {CAUSE_RESOURCE, "InsufficientResources"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(problem_cause_to_str(rows[i].cause), rows[i].name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_problem_says_where_what_and_why),
        TEST(what_is_unknown_is_left_out),
        TEST(texts_are_copied),
        TEST(control_characters_reach_no_terminal),
        TEST(warnings_are_no_errors),
        TEST(they_are_sorted_by_file_line_and_column_and_stay_in_order),
        TEST(what_is_beyond_the_bound_is_counted),
        TEST(causes_have_the_names_of_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
