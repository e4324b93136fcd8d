/* Names of stored blobs, and the ranges that headers ask for. */
#include "schema/blobs.h"

#include "schema/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HEX    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
#define DIGEST "blake2b:" HEX

static void a_digest_is_a_path_and_a_path_a_digest(void **state)
{
    char path[BLOB_PATH_SIZE], digest[DIGEST_TEXT_SIZE];

    (void)state;
    assert_true(blob_path_from_digest(DIGEST, path));
    assert_string_equal(path, "ba/80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1");
    assert_true(blob_digest_from_path("ba", path + 3, digest));
    assert_string_equal(digest, DIGEST);
}

static void what_is_no_digest_has_no_path(void **state)
{
    static const char *const others[] = {
        "",
        HEX,
        "blake2b:",
        "blake2b:../../../../etc/passwd",
        DIGEST "0",
        ("sha256:" HEX),
        "blake2b:BA80A53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"};
    char path[BLOB_PATH_SIZE] = "kept", digest[DIGEST_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(blob_path_from_digest(others[i], path));
    }
    assert_false(blob_path_from_digest(NULL, path));
    assert_string_equal(path, "kept");
    assert_false(blob_digest_from_path("ba", "80a5", digest));
    assert_false(blob_digest_from_path("bax", &HEX[3], digest));
    assert_false(blob_digest_from_path("zz", &HEX[2], digest));
    assert_false(blob_digest_from_path("ba", HEX, digest));
}

static void a_range_is_read_as_the_standard_says(void **state)
{
    static const struct {
        const char *text;
        int64_t size_bytes;
        enum range_answer answer;
        int64_t first, last;
    } rows[] = {
        {NULL, 100, RANGE_WHOLE, 0, 0},
        {"bytes=0-99", 100, RANGE_PART, 0, 99},
        {"bytes=0-0", 100, RANGE_PART, 0, 0},
        {"bytes=10-", 100, RANGE_PART, 10, 99},
        {"BYTES=10-19", 100, RANGE_PART, 10, 19},
        {"bytes=99-1000", 100, RANGE_PART, 99, 99},
        {"bytes=-1", 100, RANGE_PART, 99, 99},
        {"bytes=-100", 100, RANGE_PART, 0, 99},
        {"bytes=-101", 100, RANGE_PART, 0, 99},
        {"bytes=100-", 100, RANGE_OUTSIDE, 0, 0},
        {"bytes=100-200", 100, RANGE_OUTSIDE, 0, 0},
        {"bytes=-0", 100, RANGE_OUTSIDE, 0, 0},
        {"bytes=0-", 0, RANGE_OUTSIDE, 0, 0},
        {"bytes=-5", 0, RANGE_OUTSIDE, 0, 0},
        {"bytes=9223372036854775807-", 100, RANGE_OUTSIDE, 0, 0},
        {"bytes=20-10", 100, RANGE_WHOLE, 0, 0},
        {"bytes=0-1,5-6", 100, RANGE_WHOLE, 0, 0},
        {"bytes=", 100, RANGE_WHOLE, 0, 0},
        {"bytes=-", 100, RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 100, RANGE_WHOLE, 0, 0},
        {"bytes=+1-2", 100, RANGE_WHOLE, 0, 0},
        {"bytes=1-2 ", 100, RANGE_WHOLE, 0, 0},
        {"lines=1-2", 100, RANGE_WHOLE, 0, 0},
        {"bytes=99999999999999999999-", 100, RANGE_WHOLE, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct byte_range range = {0};

        assert_int_equal(range_from_str(rows[i].text, rows[i].size_bytes, &range), rows[i].answer);
        assert_int_equal(range.first, rows[i].first);
        assert_int_equal(range.last, rows[i].last);
    }
}

static void the_range_of_a_message_survives_its_text(void **state)
{
    static const char *const others[] = {"",
                                         "bytes",
                                         "bytes 0-1",
                                         "bytes 0-1/",
                                         "bytes 0-1/*",
                                         "bytes */200",
                                         "bytes 1-0/200",
                                         "bytes 0-200/200",
                                         "bytes 0-1/200 ",
                                         "bytes=0-1/200",
                                         "bytes -1-1/200",
                                         "bytes 0-1/9223372036854775808"};
    struct byte_range range = {3, 9}, again;
    char text[RANGE_TEXT_SIZE];
    int64_t total;

    (void)state;
    content_range_to_str(&range, 10, text);
    assert_string_equal(text, "bytes 3-9/10");
    assert_true(content_range_from_str(text, &again, &total));
    assert_int_equal(again.first, 3);
    assert_int_equal(again.last, 9);
    assert_int_equal(total, 10);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(content_range_from_str(others[i], &again, &total));
    }
    assert_false(content_range_from_str(NULL, &again, &total));
}

static void a_tag_is_found_in_a_list(void **state)
{
    (void)state;
    assert_true(etag_matches("\"" DIGEST "\"", DIGEST));
    assert_true(etag_matches("\"x\", W/\"" DIGEST "\"", DIGEST));
    assert_true(etag_matches("*", DIGEST));
    assert_false(etag_matches(NULL, DIGEST));
    assert_false(etag_matches("", DIGEST));
    assert_false(etag_matches(DIGEST, DIGEST));
    assert_false(etag_matches("\"" DIGEST, DIGEST));
    assert_false(etag_matches("\"" DIGEST "0\"", DIGEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_a_path_and_a_path_a_digest),
        cmocka_unit_test(what_is_no_digest_has_no_path),
        cmocka_unit_test(a_range_is_read_as_the_standard_says),
        cmocka_unit_test(the_range_of_a_message_survives_its_text),
        cmocka_unit_test(a_tag_is_found_in_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
