/* Protocol buffers: bytes as other writers make them, and what is no message. */
#include "schema/base/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_bytes(const struct str *text, const char *bytes, size_t size_bytes)
{
    assert_int_equal(text->length, size_bytes);
    assert_memory_equal(text->data, bytes, size_bytes);
}

/* The examples of the format's own description. */
static void fields_are_written_as_the_format_says(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    _cleanup_(str_fini)
    struct str outer = STR_EMPTY;

    (void)state;
    proto_add_uint(&text, 1, 150);
    expect_bytes(&text, "\x08\x96\x01", 3);
    proto_add_message(&outer, 3, &text);
    expect_bytes(&outer, "\x1a\x03\x08\x96\x01", 5);
    str_clear(&text);
    proto_add_text(&text, 2, "testing");
    expect_bytes(&text, "\x12\x07testing", 9);
    proto_add_text(&text, 2, NULL);
    expect_bytes(&text, "\x12\x07testing", 9);
    str_clear(&text);
    proto_add_double(&text, 7, 1.0);
    expect_bytes(&text, "\x39\0\0\0\0\0\0\xf0\x3f", 9);
}

static void what_is_written_is_read(void **state)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct proto_reader reader;
    struct proto_field field;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        proto_add_uint(&text, i == 0 ? PROTO_NUMBER_MAX : (uint32_t)i, values[i]);
    }
    proto_add_double(&text, 9, 0.5);
    proto_add_text(&text, 10, "end");
    reader = proto_reader_of(text.data, text.length);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_true(proto_next(&reader, &field));
        assert_int_equal(field.number, i == 0 ? PROTO_NUMBER_MAX : i);
        assert_int_equal(field.wire, PROTO_VARINT);
        assert_true(field.value == values[i]);
    }
    assert_true(proto_next(&reader, &field));
    assert_int_equal(field.wire, PROTO_FIXED64);
    assert_true(field.value == UINT64_C(0x3fe0000000000000));
    assert_true(proto_next(&reader, &field));
    assert_int_equal(field.size_bytes, 3);
    assert_memory_equal(field.bytes, "end", 3);
    assert_false(proto_next(&reader, &field));
    assert_false(reader.is_bad);
}

static void what_is_no_message_is_bad(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x80", 1},     /* half a tag */
        {"\x08", 1},     /* a tag without a value */
        {"\x00\x01", 2}, /* number 0 */
        {"\x0a\x05"      /* more is promised than there is */
         "four",
         6},
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* as much as there can be */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* beyond 64 bits */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
        {"\x0b", 1},                         /* a group */
        {"\x0e\x00", 2},                     /* a wire type that never was */
        {"\x0d\x00\x00\x00", 4},             /* 32 bits, cut off */
        {"\xf8\xff\xff\xff\xff\x01\x00", 7}, /* a number above the highest */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct proto_reader reader = proto_reader_of(cases[i].bytes, cases[i].size);
        struct proto_field field;

        assert_false(proto_next(&reader, &field));
        assert_true(reader.is_bad);
        assert_false(proto_next(&reader, &field));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written_as_the_format_says),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_no_message_is_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
