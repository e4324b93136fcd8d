/* What went wrong, in whose words. */
#include "schema/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_level_puts_its_words_in_front(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    assert_int_equal(err_set(&err, ERR_LIMIT, "%d is above %d", 99, 64), ERR_LIMIT);
    assert_int_equal(err_prefix(&err, ERR_INVALID, "field \"%s\"", "replicas"), ERR_INVALID);
    assert_int_equal(err_prefix(&err, ERR_INVALID, "apply"), ERR_INVALID);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.text, "apply: field \"replicas\": 99 is above 64");
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_IO, "%d", 1), ERR_IO);
    assert_int_equal(err_prefix(NULL, ERR_IO, "%d", 1), ERR_IO);
}

static void what_is_too_long_is_cut_off_visibly(void **state)
{
    struct err err = ERR_NONE;

    (void)state;
    (void)err_set(&err, ERR_IO, "%0*d", ERR_TEXT_SIZE - 1, 0);
    assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
    assert_int_equal(err.text[ERR_TEXT_SIZE - 2], '0');
    (void)err_set(&err, ERR_IO, "%0*d", ERR_TEXT_SIZE, 0);
    assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
    assert_string_equal(err.text + ERR_TEXT_SIZE - sizeof("…"), "…");
    (void)err_prefix(&err, ERR_IO, "front");
    assert_memory_equal(err.text, "front: 000", 10);
    assert_string_equal(err.text + ERR_TEXT_SIZE - sizeof("…"), "…");
}

static void a_cut_leaves_no_half_character(void **state)
{
    struct err err = ERR_NONE;
    char text[2 * ERR_TEXT_SIZE + 1];

    (void)state;
    for (size_t i = 0; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "é", 3);
    }
    for (size_t shift = 0; shift < 2; shift++) {
        size_t length;

        (void)err_set(&err, ERR_IO, "%s%s", shift == 0 ? "" : "x", text);
        length = strlen(err.text) - strlen("…");
        assert_int_equal((length - shift) % 2, 0);
    }
}

static void every_code_has_its_words(void **state)
{
    (void)state;
    for (int code = ERR_INVALID; code >= ERR_SYSTEM; code--) {
        assert_string_not_equal(err_to_str(code), "no error");
        for (int other = ERR_INVALID; other > code; other--) {
            assert_string_not_equal(err_to_str(code), err_to_str(other));
        }
    }
    assert_string_equal(err_to_str(0), "no error");
    assert_string_equal(err_to_str(ERR_NOT_FOUND), "not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_puts_its_words_in_front),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(what_is_too_long_is_cut_off_visibly),
        cmocka_unit_test(a_cut_leaves_no_half_character),
        cmocka_unit_test(every_code_has_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
