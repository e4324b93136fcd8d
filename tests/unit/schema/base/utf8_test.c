/* What is UTF-8 and where in a text something lies. */
#include "schema/base/utf8.h"

#include "schema/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t encode(uint32_t point, char *text)
{
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        text[0] = (char)(0xc0 | point >> 6);
        text[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        text[0] = (char)(0xe0 | point >> 12);
        text[1] = (char)(0x80 | (point >> 6 & 0x3f));
        text[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    text[0] = (char)(0xf0 | point >> 18);
    text[1] = (char)(0x80 | (point >> 12 & 0x3f));
    text[2] = (char)(0x80 | (point >> 6 & 0x3f));
    text[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static void every_character_is_read(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110400; point++) {
        char text[4];
        uint32_t read = 0;
        size_t size = encode(point, text);
        bool is_surrogate = point >= 0xd800 && point <= 0xdfff;

        if (is_surrogate || point > 0x10ffff) {
            assert_int_equal(utf8_decode(text, size, &read), 0);
            continue;
        }
        assert_int_equal(utf8_decode(text, size, &read), size);
        assert_int_equal(read, point);
        assert_int_equal(utf8_decode(text, size - 1, &read), 0);
    }
}

static void what_is_no_utf8_is_refused(void **state)
{
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xe2\x82\xc0",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f",
        "\xf4\x90\x80\x80",
        "\xf5\x80",
        "\xf8\x88\x80",
        "\xfe",
        "\xff",
    };
    uint32_t point;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(utf8_decode(texts[i], strlen(texts[i]), &point), 0);
    }
    assert_int_equal(utf8_valid_bytes("aé\xff", 4), 3);
    assert_int_equal(utf8_valid_bytes("aé", 3), 3);
    assert_int_equal(utf8_valid_bytes("", 0), 0);
}

static void assert_position(const char *text, size_t offset, unsigned line, unsigned column)
{
    unsigned at_line, at_column;

    utf8_position(text, offset, &at_line, &at_column);
    assert_int_equal(at_line, line);
    assert_int_equal(at_column, column);
}

static void positions_count_lines_and_characters_from_one(void **state)
{
    (void)state;
    assert_position("abc", 0, 1, 1);
    assert_position("abc", 3, 1, 4);
    assert_position("éab", 3, 1, 3);
    assert_position("a\nb", 1, 1, 2);
    assert_position("a\nb", 2, 2, 1);
    assert_position("a\r\nb", 3, 2, 1);
    assert_position("a\rb", 2, 2, 1);
    assert_position("\n\r\n\rb", 4, 4, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_read),
        cmocka_unit_test(what_is_no_utf8_is_refused),
        cmocka_unit_test(positions_count_lines_and_characters_from_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
