/* Growing texts, shared bytes and questions about texts. */
#include "schema/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_str_is_an_empty_text(void **state)
{
    _cleanup_(str_fini)
    struct str str = STR_EMPTY;

    (void)state;
    assert_string_equal(str.data, "");
    str_add_bytes(&str, NULL, 0);
    str_clear(&str);
    assert_string_equal(str.data, "");
    assert_int_equal(str.capacity, 0);
}

static void pieces_are_put_behind_each_other(void **state)
{
    _cleanup_(str_fini)
    struct str str = STR_EMPTY;

    (void)state;
    str_add(&str, "a");
    str_add_char(&str, 'b');
    str_addf(&str, "%d-%s", 12, "c");
    str_add_bytes(&str, "d\0e", 3);
    assert_int_equal(str.length, 9);
    assert_memory_equal(str.data, "ab12-cd\0e", 10);
    str_clear(&str);
    assert_string_equal(str.data, "");
    str_add(&str, "x");
    assert_string_equal(str.data, "x");
}

static void numbers_are_written_whole(void **state)
{
    static const int64_t numbers[] = {0, 7, -1, 1000, INT64_MAX, INT64_MIN};
    _cleanup_(str_fini)
    struct str str = STR_EMPTY;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        str_add_i64(&str, numbers[i]);
        str_add_char(&str, ' ');
    }
    assert_string_equal(str.data, "0 7 -1 1000 9223372036854775807 -9223372036854775808 ");
}

static void it_grows_past_every_capacity(void **state)
{
    _cleanup_(str_fini)
    struct str str = STR_EMPTY;

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        str_addf(&str, "%c", (char)('a' + i % 26));
        assert_int_equal(str.length, i + 1);
        assert_int_equal(str.data[str.length], '\0');
    }
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal(str.data[i], 'a' + i % 26);
    }
    str_addf(&str, "%0100000d", 0);
    assert_int_equal(str.length, 110000);
}

static void a_taken_text_is_the_callers(void **state)
{
    _cleanup_(str_fini)
    struct str str = STR_EMPTY;
    _cleanup_free_ char *empty = str_take(&str);
    _cleanup_free_ char *text = NULL;

    (void)state;
    str_add(&str, "abc");
    text = str_take(&str);
    assert_string_equal(empty, "");
    assert_string_equal(text, "abc");
    assert_int_equal(str.length, 0);
}

static void a_blob_lives_until_its_last_holder_lets_go(void **state)
{
    struct str str = STR_EMPTY;
    struct blob *blob, *same;

    (void)state;
    str_add(&str, "abc");
    blob = blob_from_str(&str);
    str_fini(&str);
    same = blob_ref(blob);
    assert_ptr_equal(same, blob);
    blob_unref(blob);
    assert_int_equal(same->refs, 1);
    assert_int_equal(same->size_bytes, 3);
    assert_string_equal(same->data, "abc");
    blob_unref(same);
    blob_unref(NULL);
    blob = blob_new(NULL, 0);
    assert_string_equal(blob->data, "");
    blob_unref(blob);
}

static void no_text_counts_as_an_empty_one(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, ""));
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", NULL));
    assert_true(str_is_empty(NULL));
    assert_true(str_is_empty(""));
    assert_false(str_is_empty(" "));
    assert_true(str_starts(NULL, ""));
    assert_false(str_starts(NULL, "a"));
    assert_true(str_starts("abc", "ab"));
    assert_false(str_starts("ab", "abc"));
    assert_true(str_ends("abc", "bc"));
    assert_true(str_ends("abc", ""));
    assert_false(str_ends("c", "bc"));
    assert_false(str_ends(NULL, "c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_str_is_an_empty_text),
        cmocka_unit_test(pieces_are_put_behind_each_other),
        cmocka_unit_test(numbers_are_written_whole),
        cmocka_unit_test(it_grows_past_every_capacity),
        cmocka_unit_test(a_taken_text_is_the_callers),
        cmocka_unit_test(a_blob_lives_until_its_last_holder_lets_go),
        cmocka_unit_test(no_text_counts_as_an_empty_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
