/* The comparison that golden stories report with. */
#include "tests/support/golden.h"

#include "schema/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_lines(const char *old_text, const char *new_text, const char *expected)
{
    _cleanup_(str_fini)
    struct str lines = STR_EMPTY;

    lines_compare(old_text, new_text, &lines);
    assert_string_equal(lines.data, expected);
}

static void equal_texts_are_left_out(void **state)
{
    (void)state;
    expect_lines("", "", "");
    expect_lines("a\nb\n", "a\nb\n", "  …\n");
}

static void a_changed_line_is_shown_between_its_neighbours(void **state)
{
    (void)state;
    expect_lines("a\nb\nc\n", "a\nB\nc\n", "  a\n- b\n+ B\n  c\n");
}

static void added_and_removed_lines_are_signed(void **state)
{
    (void)state;
    expect_lines("a\nc\n", "a\nb\nc\n", "  a\n+ b\n  c\n");
    expect_lines("a\nb\nc\n", "c\n", "- a\n- b\n  c\n");
    expect_lines("", "new\n", "+ new\n");
}

static void far_lines_are_folded(void **state)
{
    (void)state;
    expect_lines("1\n2\n3\n4\n5\n6\n7\n8\nx\n", "1\n2\n3\n4\n5\n6\n7\n8\ny\n",
                 "  …\n  6\n  7\n  8\n- x\n+ y\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_are_left_out),
        cmocka_unit_test(a_changed_line_is_shown_between_its_neighbours),
        cmocka_unit_test(added_and_removed_lines_are_signed),
        cmocka_unit_test(far_lines_are_folded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
