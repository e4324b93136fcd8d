/* tools/fogctl/keys.c: bytes of a terminal as keys. */
#include "tools/fogctl/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void is_key(const char *bytes, size_t used, enum key_name name, const char *text)
{
    struct key key;

    assert_int_equal(key_read(bytes, strlen(bytes), false, &key), used);
    assert_int_equal(key.name, name);
    assert_string_equal(key.text, text);
}

static void keys_are_read_from_the_front(void **state)
{
    (void)state;
    is_key("jk", 1, KEY_TEXT, "j");
    is_key("\033[Ax", 3, KEY_UP, "");
    is_key("\033OB", 3, KEY_DOWN, "");
    is_key("\033[5~\033[6~", 4, KEY_PAGE_UP, "");
    is_key("\033[H", 3, KEY_HOME, "");
    is_key("\033[4~", 4, KEY_END, "");
    is_key("\033[Z", 3, KEY_BACK_TAB, "");
    is_key("\r", 1, KEY_ENTER, "");
    is_key("\t", 1, KEY_TAB, "");
    is_key("\177", 1, KEY_ERASE, "");
    is_key("\025", 1, KEY_CLEAR, "");
    is_key("\fj", 1, KEY_REDRAW, "");
    is_key("äb", 2, KEY_TEXT, "ä");
}

static void keys_that_mean_nothing_are_taken_as_a_whole(void **state)
{
    (void)state;
    is_key("\033[1;5Cq", 6, KEY_OTHER, "");
    is_key("\033[200~q", 6, KEY_OTHER, "");
    is_key("\001q", 1, KEY_OTHER, "");
    is_key("\033q", 1, KEY_ESCAPE, ""); /* Alt and q: the q is a key of its own */
}

static void an_escape_is_one_when_nothing_follows(void **state)
{
    struct key key;

    (void)state;
    assert_int_equal(key_read("\033", 1, false, &key), 0);
    assert_int_equal(key_read("\033[", 2, false, &key), 0);
    assert_int_equal(key_read("\033[1", 3, false, &key), 0);
    assert_int_equal(key_read("\xc3", 1, false, &key), 0);
    assert_int_equal(key_read("\033", 1, true, &key), 1);
    assert_int_equal(key.name, KEY_ESCAPE);
    assert_int_equal(key_read("\xc3", 1, true, &key), 1);
    assert_int_equal(key.name, KEY_OTHER);
    assert_int_equal(key_read("", 0, true, &key), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_from_the_front),
        cmocka_unit_test(keys_that_mean_nothing_are_taken_as_a_whole),
        cmocka_unit_test(an_escape_is_one_when_nothing_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
