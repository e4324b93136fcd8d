/* Moments as texts, against dates that were worked out elsewhere, and day by day against a plain
 * count. */
#include "schema/base/mem.h"
#include "schema/base/mono.h"
#include "schema/base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_same(const char *text, int64_t ms)
{
    char written[WALL_TEXT_SIZE];
    struct wall read = {-1};

    wall_to_str((struct wall){ms}, written);
    assert_string_equal(written, text);
    assert_true(wall_from_str(text, &read));
    assert_int_equal(read.ms, ms);
}

static void known_dates_are_read_and_written(void **state)
{
    (void)state;
    assert_same("1970-01-01T00:00:00Z", 0);
    assert_same("1969-12-31T23:59:59Z", -1000);
    assert_same("2000-02-29T12:00:00Z", 951825600000);
    assert_same("2001-09-09T01:46:40Z", 1000000000000);
    assert_same("2038-01-19T03:14:08Z", 2147483648000);
    assert_same("0001-01-01T00:00:00Z", -62135596800000);
    assert_same("9999-12-31T23:59:59Z", 253402300799000);
}

static void every_day_of_eight_centuries_follows_the_one_before(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t ms = -11676096000000; /* 1600-01-01 */

    (void)state;
    for (int year = 1600; year < 2400; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (int month = 1; month <= 12; month++) {
            int days = lengths[month - 1] + (month == 2 && leap ? 1 : 0);

            for (int day = 1; day <= days; day++) {
                char text[64];

                (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
                assert_same(text, ms);
                ms += 24 * 60 * 60 * 1000;
            }
        }
    }
}

static void fractions_and_zones_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T00:00:00.000Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"1970-01-01T01:30:00+01:30", 0},
        {"1969-12-31T22:00:00.25-02:00", 250},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0001-01-01T00:00:00-00:01", -62135596740000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wall moment = {-77};

        if (!wall_from_str(rows[i].text, &moment) || moment.ms != rows[i].ms) {
            fail_msg("%s read as %lld", rows[i].text, (long long)moment.ms);
        }
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "now",
        "2026-11-20",
        "2026-11-20T23:24:54",
        "2026-11-20 23:24:54Z",
        "2026-11-20t23:24:54z",
        " 2026-11-20T23:24:54Z",
        "2026-11-20T23:24:54Z ",
        "2026-11-20T23:24Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T23:60:00Z",
        "2026-11-20T23:59:60Z",
        "2026-11-20T23:24:54.Z",
        "2026-11-20T23:24:54.1234567890Z",
        "2026-11-20T23:24:54+0100",
        "2026-11-20T23:24:54+24:00",
        "2026-11-20T23:24:54+01:60",
        "2026-00-20T23:24:54Z",
        "2026-13-20T23:24:54Z",
        "2026-11-00T23:24:54Z",
        "2026-11-31T23:24:54Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "0000-12-31T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "26-11-20T23:24:54Z",
        "2026-1-20T23:24:54Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct wall moment = {-77};

        if (wall_from_str(texts[i], &moment) || moment.ms != -77) {
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)moment.ms);
        }
    }
}

static void what_is_below_a_second_is_not_written(void **state)
{
    char text[WALL_TEXT_SIZE];

    (void)state;
    wall_to_str((struct wall){999}, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    wall_to_str((struct wall){-1}, text);
    assert_string_equal(text, "1969-12-31T23:59:59Z");
}

static void moments_beyond_the_calendar_are_written_as_its_ends(void **state)
{
    char text[WALL_TEXT_SIZE];

    (void)state;
    wall_to_str((struct wall){INT64_MAX}, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    wall_to_str((struct wall){INT64_MIN}, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
}

static void random_moments_survive(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 5);
    for (size_t i = 0; i < 5000; i++) {
        int64_t second = rand_between(&rand, -62135596800, 253402300799);
        char text[WALL_TEXT_SIZE];
        struct wall again;

        wall_to_str((struct wall){second * 1000}, text);
        assert_true(wall_from_str(text, &again));
        assert_int_equal(again.ms, second * 1000);
    }
}

static void never_does_not_come(void **state)
{
    struct mono five = {5};

    (void)state;
    assert_true(mono_is_due(five, (struct mono){5}));
    assert_false(mono_is_due(five, (struct mono){4}));
    assert_false(mono_is_due(MONO_NEVER, MONO_NEVER));
    assert_true(mono_is_never(mono_after(MONO_NEVER, 1)));
    assert_true(mono_is_never(mono_after(five, INT64_MAX)));
    assert_int_equal(mono_after(five, 2).ms, 7);
    assert_int_equal(mono_earlier(five, MONO_NEVER).ms, 5);
    assert_int_equal(mono_later(five, MONO_ZERO).ms, 5);
    assert_int_equal(mono_since(MONO_ZERO, five), 5);
    assert_true(mono_before(MONO_ZERO, five));
    assert_false(mono_before(five, five));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates_are_read_and_written),
        cmocka_unit_test(every_day_of_eight_centuries_follows_the_one_before),
        cmocka_unit_test(fractions_and_zones_are_read),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(what_is_below_a_second_is_not_written),
        cmocka_unit_test(moments_beyond_the_calendar_are_written_as_its_ends),
        cmocka_unit_test(random_moments_survive),
        cmocka_unit_test(never_does_not_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
