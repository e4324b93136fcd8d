/* What reaches standard error: a promised line always does, or its sender hears that it did not. */
#include "schema/base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int kept_stderr, ends[2];
static char text[64 << 10];

static int set_up(void **state)
{
    (void)state;
    kept_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    return kept_stderr < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ||
                   dup2(ends[1], STDERR_FILENO) < 0
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_INFO);
    (void)dup2(kept_stderr, STDERR_FILENO);
    (void)close(kept_stderr);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

static int lines_written(void)
{
    ssize_t got = read(ends[0], text, sizeof(text) - 1);
    int lines = 0;

    text[got < 0 ? 0 : got] = '\0';
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

static void a_promised_line_is_written_whatever_the_level(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    log_info("of no interest");
    assert_int_equal(lines_written(), 0);
    assert_true(log_promised(LOG_LEVEL_INFO, __FILE__, "told %d", 1));
    assert_int_equal(lines_written(), 1);
    assert_non_null(strstr(text, " info: told 1\n"));
}

static void a_promised_line_is_never_one_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_true(log_promised(LOG_LEVEL_INFO, __FILE__, "the same"));
        log_info("another");
    }
    assert_in_range(lines_written(), 21, 39);
    for (int i = 0; i < 6000; i++) {
        log_info("line %d", i);
        (void)lines_written();
    }
    log_info("one too many");
    assert_int_equal(lines_written(), 0);
    assert_true(log_promised(LOG_LEVEL_INFO, __FILE__, "the last"));
    assert_int_equal(lines_written(), 1);
}

static void a_log_that_takes_nothing_is_told_of(void **state)
{
    (void)state;
    (void)close(STDERR_FILENO);
    assert_false(log_promised(LOG_LEVEL_ERROR, __FILE__, "to nobody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_promised_line_is_written_whatever_the_level, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_promised_line_is_never_one_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_log_that_takes_nothing_is_told_of, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
