/* WebSocket frames: what a client may send, byte by byte, and what is sent to it. */
#include "controller/io/websocket.h"

#include "schema/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A client's frame, masked with four bytes that are not zero. */
static struct str frame(uint8_t first, const char *payload, size_t size_bytes)
{
    static const char mask[] = {0x37, (char)0xfa, 0x21, 0x3d};
    struct str bytes = STR_EMPTY;

    str_add_char(&bytes, (char)first);
    str_add_char(&bytes, (char)(0x80 | size_bytes));
    str_add_bytes(&bytes, mask, sizeof(mask));
    for (size_t i = 0; i < size_bytes; i++) {
        str_add_char(&bytes, (char)(payload[i] ^ mask[i % 4]));
    }
    return bytes;
}

static void feed(struct websocket_parser *parser, const struct str *bytes, size_t piece)
{
    size_t used = 0;

    websocket_init(parser);
    while (used < bytes->length && parser->state == WEBSOCKET_READING) {
        size_t left = bytes->length - used;

        used += websocket_feed(parser, bytes->data + used, left < piece ? left : piece);
    }
}

static void expect_whole(uint8_t first, const char *payload, size_t size_bytes,
                         enum websocket_code code)
{
    struct str bytes = frame(first, payload, size_bytes);

    for (size_t piece = 1; piece <= bytes.length; piece++) {
        struct websocket_parser parser;

        feed(&parser, &bytes, piece);
        assert_int_equal(parser.state, WEBSOCKET_WHOLE);
        assert_int_equal(parser.opcode, first & 0x0f);
        assert_int_equal(parser.size_bytes, size_bytes);
        assert_memory_equal(parser.payload, payload, size_bytes);
        assert_int_equal(parser.close_code, code);
    }
    str_fini(&bytes);
}

static void expect_refused(const struct str *bytes, enum websocket_code code)
{
    struct websocket_parser parser;

    feed(&parser, bytes, 1);
    assert_int_equal(parser.state, WEBSOCKET_REFUSED);
    assert_int_equal(parser.refused_code, code);
    assert_non_null(parser.refused);
}

static void expect_frame_refused(uint8_t first, const char *payload, size_t size_bytes,
                                 enum websocket_code code)
{
    struct str bytes = frame(first, payload, size_bytes);

    expect_refused(&bytes, code);
    str_fini(&bytes);
}

static void control_frames_are_taken_however_they_are_cut(void **state)
{
    char full[WEBSOCKET_CONTROL_BYTES_MAX];

    (void)state;
    memset(full, 'x', sizeof(full));
    expect_whole(0x89, "", 0, WEBSOCKET_NO_CODE);
    expect_whole(0x89, "are you there", 13, WEBSOCKET_NO_CODE);
    expect_whole(0x8a, full, sizeof(full), WEBSOCKET_NO_CODE);
    expect_whole(0x88, "", 0, WEBSOCKET_NO_CODE);
    expect_whole(0x88, "\x03\xe8", 2, WEBSOCKET_DONE);
    expect_whole(0x88, "\x03\xe9gr\xc3\xbc\xc3\x9f", 8, WEBSOCKET_LEAVING);
}

static void data_is_not_wanted(void **state)
{
    (void)state;
    expect_frame_refused(0x81, "text", 4, WEBSOCKET_UNWANTED);
    expect_frame_refused(0x82, "bytes", 5, WEBSOCKET_UNWANTED);
    expect_frame_refused(0x01, "begin", 5, WEBSOCKET_UNWANTED);
    expect_frame_refused(0x80, "rest", 4, WEBSOCKET_PROTOCOL);
}

static void what_no_client_may_send_is_refused_at_once(void **state)
{
    static char unmasked[] = "\x89\x00";
    static char long_16[] = "\x89\xfe";
    static char long_64[] = "\x88\xff";

    (void)state;
    expect_refused(&(struct str){.data = unmasked, .length = 2}, WEBSOCKET_PROTOCOL);
    expect_refused(&(struct str){.data = long_16, .length = 2}, WEBSOCKET_PROTOCOL);
    expect_refused(&(struct str){.data = long_64, .length = 2}, WEBSOCKET_PROTOCOL);
    expect_frame_refused(0x09, "", 0, WEBSOCKET_PROTOCOL); /* a ping in pieces */
    for (unsigned bit = 0x10; bit <= 0x40; bit <<= 1) {
        expect_frame_refused((uint8_t)(0x89 | bit), "", 0, WEBSOCKET_PROTOCOL);
    }
    for (unsigned opcode = 0x3; opcode <= 0x7; opcode++) {
        expect_frame_refused((uint8_t)(0x80 | opcode), "", 0, WEBSOCKET_PROTOCOL);
    }
    for (unsigned opcode = 0xb; opcode <= 0xf; opcode++) {
        expect_frame_refused((uint8_t)(0x80 | opcode), "", 0, WEBSOCKET_PROTOCOL);
    }
}

static void a_close_frame_has_a_code_that_one_may_have(void **state)
{
    static const unsigned good[] = {1000, 1003, 1007, 1013, 1014, 3000, 4999};
    static const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const char payload[] = {(char)(good[i] >> 8), (char)good[i]};

        expect_whole(0x88, payload, 2, (enum websocket_code)good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char payload[] = {(char)(bad[i] >> 8), (char)bad[i]};

        expect_frame_refused(0x88, payload, 2, WEBSOCKET_PROTOCOL);
    }
    expect_frame_refused(0x88, "\x03", 1, WEBSOCKET_PROTOCOL);
    expect_frame_refused(0x88, "\x03\xe8\xff", 3, WEBSOCKET_NO_TEXT);
}

static void frames_follow_one_another(void **state)
{
    struct str bytes = frame(0x89, "1", 1), second = frame(0x8a, "22", 2);
    struct websocket_parser parser;
    size_t used;

    (void)state;
    str_add_bytes(&bytes, second.data, second.length);
    websocket_init(&parser);
    used = websocket_feed(&parser, bytes.data, bytes.length);
    assert_int_equal(used, bytes.length - second.length);
    assert_int_equal(parser.opcode, WEBSOCKET_PING);
    websocket_next(&parser);
    assert_int_equal(websocket_feed(&parser, bytes.data + used, second.length), second.length);
    assert_int_equal(parser.opcode, WEBSOCKET_PONG);
    assert_memory_equal(parser.payload, "22", 2);
    str_fini(&bytes);
    str_fini(&second);
}

static void lengths_are_written_as_short_as_they_are(void **state)
{
    static const struct {
        size_t size_bytes, head_bytes;
        uint8_t head[10];
    } cases[] = {
        {0, 2, {0x81, 0}},
        {125, 2, {0x81, 125}},
        {126, 4, {0x81, 126, 0, 126}},
        {65535, 4, {0x81, 126, 0xff, 0xff}},
        {65536, 10, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
    };
    char *text = mem_alloc(65536);

    (void)state;
    memset(text, 't', 65536);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct blob *made = websocket_frame(WEBSOCKET_TEXT, text, cases[i].size_bytes);

        assert_int_equal(made->size_bytes, cases[i].head_bytes + cases[i].size_bytes);
        assert_memory_equal(made->data, cases[i].head, cases[i].head_bytes);
        assert_memory_equal(made->data + cases[i].head_bytes, text, cases[i].size_bytes);
        blob_unref(made);
    }
    free(text);
}

static void a_reason_is_cut_between_two_characters(void **state)
{
    char reason[200] = "";
    struct blob *made;

    (void)state;
    for (size_t i = 0; i < 61; i++) {
        memcpy(reason + 2 * i, "\xc3\xbc", 3);
    }
    memcpy(reason + 122, "\xe2\x82\xac\xe2\x82\xac", 7); /* the first would end after 125 bytes */
    made = websocket_close(WEBSOCKET_LATER, reason);
    assert_int_equal(made->size_bytes, 2 + 2 + 122);
    assert_memory_equal(made->data, "\x88\x7c\x03\xf5", 4);
    blob_unref(made);
    made = websocket_close(WEBSOCKET_NO_CODE, "");
    assert_int_equal(made->size_bytes, 2);
    blob_unref(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_frames_are_taken_however_they_are_cut),
        cmocka_unit_test(data_is_not_wanted),
        cmocka_unit_test(what_no_client_may_send_is_refused_at_once),
        cmocka_unit_test(a_close_frame_has_a_code_that_one_may_have),
        cmocka_unit_test(frames_follow_one_another),
        cmocka_unit_test(lengths_are_written_as_short_as_they_are),
        cmocka_unit_test(a_reason_is_cut_between_two_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
