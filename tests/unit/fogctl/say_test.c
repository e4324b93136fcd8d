/* tools/fogctl/say.c: texts of others on a terminal. */
#include "tools/fogctl/fogctl.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct fogctl fogctl;

static int begin(void **state)
{
    (void)state;
    fogctl = (struct fogctl){0};
    arena_init(&fogctl.arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&fogctl.arena);
    return 0;
}

#define SHOWN(text, shown) assert_string_equal(text_shown(&fogctl, (text)), (shown))

static void plain_text_is_shown_as_it_is(void **state)
{
    (void)state;
    SHOWN("edge-1 läuft – 東京 ✓", "edge-1 läuft – 東京 ✓");
    SHOWN("", "");
    SHOWN(NULL, "");
}

static void what_steers_a_terminal_is_not_shown(void **state)
{
    (void)state;
    SHOWN("a\033[2Jb", "a?[2Jb");
    SHOWN("\033]0;title\a", "?]0;title?");
    SHOWN("a\rb\nc\td\bf\x7f", "a?b?c?d?f?");
    SHOWN("c1: \xc2\x9b"
          "31m",
          "c1: ?31m"); /* CSI in one character */
    SHOWN("\xe2\x80\xae"
          "drawkcab",
          "?drawkcab");
    SHOWN("a\xe2\x81\xa6"
          "b\xe2\x80\x8f",
          "a?b?");
}

static void bytes_that_are_no_text_become_marks(void **state)
{
    (void)state;
    SHOWN("a\xff"
          "b",
          "a\xef\xbf\xbd"
          "b");
    SHOWN("cut \xe6\x9d", "cut \xef\xbf\xbd\xef\xbf\xbd");
    SHOWN("\xc0\x9b", "\xef\xbf\xbd\xef\xbf\xbd"); /* ESC-like, in a longer form than allowed */
    SHOWN("\xf8\x88\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("edge"), 4);
    assert_int_equal(text_width("läuft"), 5);
    assert_int_equal(text_width("東京"), 4);
    assert_int_equal(text_width("e\xcc\x81"), 1); /* a letter and its accent */
    assert_int_equal(text_width("\xf0\x9f\x8c\xab"), 2);
    assert_int_equal(text_width("a\033b"), 3); /* shown as "a?b" */
}

static void colours_need_a_terminal(void **state)
{
    (void)state;
    assert_string_equal(paint(&fogctl, "red"), "");
    fogctl.color = true;
    assert_string_equal(paint(&fogctl, "red"), "\033[31m");
    assert_string_equal(paint(&fogctl, "off"), "\033[0m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_text_is_shown_as_it_is, begin, end),
        cmocka_unit_test_setup_teardown(what_steers_a_terminal_is_not_shown, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_become_marks, begin, end),
        cmocka_unit_test_setup_teardown(widths_are_those_of_a_terminal, begin, end),
        cmocka_unit_test_setup_teardown(colours_need_a_terminal, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
