/* Log lines: their two forms, how long they get, and what is one too many. */
#include "schema/base/log_text.h"

#include "schema/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char line[LOG_LINE_SIZE];

static const char *write_line(enum log_format format, const char *message)
{
    const struct log_entry entry = {.level = LOG_LEVEL_WARNING,
                                    .wall_ms = INT64_C(1795283000007),
                                    .file = "controller/io/link.c",
                                    .message = message};
    size_t length = log_to_str(format, &entry, line);

    assert_true(length < sizeof(line));
    assert_int_equal(line[length - 1], '\n');
    assert_null(memchr(line, '\n', length - 1));
    line[length - 1] = '\0';
    return line;
}

static void a_line_of_text_is_a_moment_a_level_and_a_message(void **state)
{
    (void)state;
    assert_string_equal(write_line(LOG_FORMAT_TEXT, "it is silent agent=edge-1"),
                        "2026-11-21T17:43:20.007Z warning: it is silent agent=edge-1");
    assert_string_equal(write_line(LOG_FORMAT_TEXT, "a\nb\x1b[0m\x7f"),
                        "2026-11-21T17:43:20.007Z warning: a b [0m ");
}

static void an_object_has_the_pairs_of_the_end_as_fields(void **state)
{
    (void)state;
    assert_string_equal(
        write_line(LOG_FORMAT_JSON, "agent \"e\" is a=b silent agent=e-1 after_ms=40 c="),
        "{\"time\":\"2026-11-21T17:43:20.007Z\",\"level\":\"warning\","
        "\"room\":\"controller/io/link\",\"message\":\"agent \\\"e\\\" is a=b silent\","
        "\"fields\":{\"agent\":\"e-1\",\"after_ms\":\"40\",\"c\":\"\"}}");
    assert_non_null(
        strstr(write_line(LOG_FORMAT_JSON, "nothing"), "\"message\":\"nothing\",\"fields\":{}}"));
    assert_non_null(
        strstr(write_line(LOG_FORMAT_JSON, "a=b"), "\"message\":\"a=b\",\"fields\":{}}"));
}

static void what_an_outsider_wrote_stays_within_its_quotes(void **state)
{
    (void)state;
    assert_non_null(strstr(write_line(LOG_FORMAT_JSON, "\"},\\\x01\xff\xc3\xa9\n x=\"y"),
                           "\"message\":\"\\\"},\\\\\\u0001\\ufffd\xc3\xa9\\u000a\","
                           "\"fields\":{\"x\":\"\\\"y\"}}"));
}

static void a_line_is_cut_where_it_is_too_long(void **state)
{
    char message[LOG_MESSAGE_SIZE];

    (void)state;
    memset(message, 1, sizeof(message) - 1); /* six bytes each, escaped */
    message[sizeof(message) - 1] = '\0';
    assert_true(str_ends(write_line(LOG_FORMAT_JSON, message), "\\u0001…\",\"cut\":true}"));
    memset(message + 100, 'x', sizeof(message) - 101);
    memcpy(message + 90, " a=1 b=", 7);
    memset(message + 97, 1, sizeof(message) - 98);
    assert_true(
        str_ends(write_line(LOG_FORMAT_JSON, message), "\"fields\":{\"a\":\"1\"},\"cut\":true}"));
}

/* --- one too many? ------------------------------------------------------------------------------
 */

static struct log_limit limit;
static enum log_level level;
static char told[LOG_MESSAGE_SIZE];

static int forget(void **state)
{
    (void)state;
    memset(&limit, 0, sizeof(limit));
    return 0;
}

static bool may(int64_t now_ms, const char *message)
{
    const struct log_entry entry = {.level = LOG_LEVEL_INFO, .file = "x.c", .message = message};

    return log_may(&limit, now_ms, &entry);
}

static void the_same_line_is_written_a_few_times_and_then_counted(void **state)
{
    (void)state;
    for (int i = 0; i < LOG_SAME_MAX; i++) {
        assert_true(may(i, "again"));
    }
    for (int i = 0; i < 7; i++) {
        assert_false(may(100, "again"));
        assert_true(may(100 + i, i % 2 == 0 ? "another" : "a third"));
    }
    assert_false(log_left_out(&limit, LOG_WINDOW_MS - 1, false, &level, told));
    assert_true(log_left_out(&limit, LOG_WINDOW_MS, false, &level, told));
    assert_string_equal(told, "the same line came again and was left out: \"again\" count=7");
    assert_int_equal(level, LOG_LEVEL_INFO);
    assert_false(log_left_out(&limit, LOG_WINDOW_MS, false, &level, told));
    assert_true(may(LOG_WINDOW_MS, "again"));
}

static void a_line_that_comes_now_and_then_is_always_written(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 100; i++) {
        int64_t now_ms = i * LOG_WINDOW_MS / 4;

        assert_false(log_left_out(&limit, now_ms, false, &level, told));
        assert_true(may(now_ms, "again"));
    }
}

static void what_was_left_out_is_told_at_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < LOG_SAME_MAX + 1; i++) {
        (void)may(0, "again");
    }
    assert_true(log_left_out(&limit, 1, true, &level, told));
    assert_false(log_left_out(&limit, 1, true, &level, told));
}

static void lines_of_all_kinds_together_are_bounded(void **state)
{
    char message[32];
    size_t written = 0;

    (void)state;
    for (int i = 0; i < LOG_ALL_MAX + 1000; i++) {
        (void)snprintf(message, sizeof(message), "line %d", i);
        written += may(i / 1000, message);
    }
    assert_int_equal(written, LOG_ALL_MAX);
    assert_true(log_left_out(&limit, LOG_WINDOW_MS + 7, false, &level, told));
    assert_string_equal(told, "too many lines, some were left out count=1000");
    assert_true(may(LOG_WINDOW_MS + 7, "one more"));
}

#define CASE(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_line_of_text_is_a_moment_a_level_and_a_message),
        CASE(an_object_has_the_pairs_of_the_end_as_fields),
        CASE(what_an_outsider_wrote_stays_within_its_quotes),
        CASE(a_line_is_cut_where_it_is_too_long),
        CASE(the_same_line_is_written_a_few_times_and_then_counted),
        CASE(a_line_that_comes_now_and_then_is_always_written),
        CASE(what_was_left_out_is_told_at_the_end),
        CASE(lines_of_all_kinds_together_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
