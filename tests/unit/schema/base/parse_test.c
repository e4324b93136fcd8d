/* Numbers, durations, quantities, cores, ages and words: what is read, what is refused, and that
 * writing what was read gives it back. */
#include "schema/base/parse.h"

#include "schema/base/mem.h"
#include "schema/base/rand.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef bool (*read_f)(const char *text, int64_t *ret_value);
typedef void (*write_f)(int64_t value, char *text);

struct reading {
    const char *text;
    int64_t value;
};

static void assert_all_read(read_f read, const struct reading *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = -77;

        if (!read(rows[i].text, &value) || value != rows[i].value) {
            fail_msg("\"%s\" read as %lld", rows[i].text, (long long)value);
        }
    }
}

static void assert_all_refused(read_f read, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = -77;

        if (read(texts[i], &value) || value != -77) {
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)value);
        }
    }
}

static void assert_all_written(write_f write, const struct reading *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[32];

        write(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Of any size: the number of bits is drawn first. */
static void assert_survives(read_f read, write_f write, int64_t max)
{
    struct rand rand;

    rand_init_u64(&rand, 7);
    for (size_t i = 0; i < 2000; i++) {
        int64_t value = (int64_t)(rand_u64(&rand) >> rand_between(&rand, 1, 63)) % (max + 1);
        int64_t again = -1;
        char text[32];

        write(value, text);
        if (!read(text, &again) || again != value) {
            fail_msg("%lld became \"%s\"", (long long)value, text);
        }
    }
}

static void write_duration(int64_t value, char *text)
{
    duration_to_str(value, text);
}

static void write_quantity(int64_t value, char *text)
{
    quantity_to_str(value, text);
}

static void write_rough(int64_t value, char *text)
{
    quantity_to_rough_str(value, text);
}

static void write_cores(int64_t value, char *text)
{
    cores_to_str(value, text);
}

static void write_age(int64_t value, char *text)
{
    age_to_str(value, text);
}

#define READ(read, ...)                                                                            \
    do {                                                                                           \
        const struct reading rows_[] = {__VA_ARGS__};                                              \
        assert_all_read((read), rows_, COUNT_OF(rows_));                                           \
    } while (0)
#define REFUSED(read, ...)                                                                         \
    do {                                                                                           \
        const char *const texts_[] = {__VA_ARGS__};                                                \
        assert_all_refused((read), texts_, COUNT_OF(texts_));                                      \
    } while (0)
#define WRITTEN(write, ...)                                                                        \
    do {                                                                                           \
        const struct reading rows_[] = {__VA_ARGS__};                                              \
        assert_all_written((write), rows_, COUNT_OF(rows_));                                       \
    } while (0)

static void integers_are_read(void **state)
{
    (void)state;
    READ(int_from_str, {"0", 0}, {"-0", 0}, {"12", 12}, {"-7", -7},
         {"9223372036854775806", INT64_MAX - 1}, {"9223372036854775807", INT64_MAX},
         {"-9223372036854775808", INT64_MIN});
    REFUSED(int_from_str, "", "-", "+1", " 1", "1 ", "01", "-01", "00", "1.0", "1e3", "0x1", "--1",
            "9223372036854775808", "-9223372036854775809", "99999999999999999999", "a", "1a");
}

static void unsigned_integers_are_read(void **state)
{
    uint64_t value = 77;

    (void)state;
    assert_false(u64_from_str("-1", &value));
    assert_false(u64_from_str("18446744073709551616", &value));
    assert_false(u64_from_str("", &value));
    assert_int_equal(value, 77);
    assert_true(u64_from_str("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
}

static void reals_are_written_in_the_form_all_readers_share(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.1, "0.1"},
        {2, "2"},
        {-3, "-3"},
        {-0.0, "0"},
        {1.5e-7, "1.5e-07"},
        {1e-7, "1.0e-07"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992.0"},
        {1e20, "1.0e+20"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "4.94065645841247e-324"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
    };
    char text[REAL_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        real_to_str(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void random_reals_survive(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 3);
    for (size_t i = 0; i < 5000; i++) {
        char text[REAL_TEXT_SIZE];
        uint64_t bits = rand_u64(&rand);
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            real_to_str(value, text);
            assert_true(strtod(text, NULL) == value);
        }
    }
}

static void whole_reals_are_known(void **state)
{
    int64_t whole = 77;

    (void)state;
    assert_false(real_is_whole(0.5, &whole));
    assert_false(real_is_whole(0x1p63, &whole));
    assert_false(real_is_whole(-0x1.0000000000001p63, &whole));
    assert_false(real_is_whole((double)NAN, &whole));
    assert_int_equal(whole, 77);
    assert_true(real_is_whole(-0x1p63, &whole));
    assert_true(whole == INT64_MIN);
}

static void durations_are_read(void **state)
{
    (void)state;
    READ(duration_from_str, {"0s", 0}, {"1h30m", 5400000}, {"5m", 300000}, {"20s", 20000},
         {"1500ms", 1500}, {"1d12h", 129600000}, {"90s", 90000}, {"1d1h1m1s1ms", 90061001},
         {"0d0h0m0s0ms", 0}, {"1m1ms", 60001});
    REFUSED(duration_from_str, "", "0", "5", "s", "m5", "-5s", "+5s", " 5s", "5s ", "5 s", "1.5h",
            "5m1h", "1s1s", "1ms1s", "1h1d", "1x", "1sec", "1S", "05s", "1w", "5s5");
}

static void a_million_years_are_the_longest_duration(void **state)
{
    const int64_t max = DURATION_MAX_MS;

    (void)state;
    READ(duration_from_str, {"365249999d23h59m59s999ms", max - 1}, {"365250000d", max});
    REFUSED(duration_from_str, "365250000d1ms", "365250001d", "31557600000000001ms",
            "99999999999999999d", "18446744073709551616ms");
}

static void durations_are_written_with_the_largest_units(void **state)
{
    (void)state;
    WRITTEN(write_duration, {"0s", 0}, {"1m30s", 90000}, {"1s500ms", 1500}, {"1d", 86400000},
            {"1ms", 1}, {"1h", 3600000}, {"1d1h1m1s1ms", 90061001});
    assert_survives(duration_from_str, write_duration, DURATION_MAX_MS);
}

static void quantities_are_read(void **state)
{
    (void)state;
    READ(quantity_from_str, {"0", 0}, {"7", 7}, {"1k", 1000}, {"2M", 2000000}, {"3G", 3000000000},
         {"4T", 4000000000000}, {"5P", 5000000000000000}, {"1Ki", 1024}, {"512Mi", 536870912},
         {"1.5Gi", 1610612736}, {"1Ti", 1099511627776}, {"1Pi", 1125899906842624}, {"0.5Ki", 512},
         {"1.125Ki", 1152}, {"1.5k", 1500}, {"0.001k", 1}, {"9223372036854775807", INT64_MAX},
         {"8191Pi", 8191LL << 50}, {"0Gi", 0});
    REFUSED(quantity_from_str, "", "-1", "+1", "-1Gi", "1.5", "1.0", ".5Gi", "1.Gi", "1.0005Gi",
            "1.001Ki", "1Gi ", "1 Gi", "1gi", "1K", "1m", "1kB", "1GiB", "Gi", "01Gi", "1e3", "1E",
            "8192Pi", "9224P", "9223372036854775808", "99999999999999999999Ki");
}

static void quantities_are_written_with_the_largest_exact_suffix(void **state)
{
    (void)state;
    WRITTEN(write_quantity, {"0", 0}, {"1", 1}, {"1000", 1000}, {"1Ki", 1024}, {"1025", 1025},
            {"1536Mi", 1610612736}, {"1Pi", 1LL << 50}, {"9223372036854775807", INT64_MAX});
    assert_survives(quantity_from_str, write_quantity, INT64_MAX - 1);
}

static void quantities_in_sentences_are_rounded_up(void **state)
{
    (void)state;
    WRITTEN(write_rough, {"0", -1}, {"0", 0}, {"1023", 1023}, {"16Ki", 16384}, {"17Ki", 16385},
            {"16Mi", (16 << 20) - 1}, {"32Mi", 32 << 20}, {"33Mi", (32 << 20) + 1},
            {"48Mi", 50000000}, {"2Gi", (2LL << 30) - 1}, {"8796093022207Mi", INT64_MAX});
}

static void cores_are_read_in_thousandths(void **state)
{
    (void)state;
    READ(cores_from_str, {"2", 2000}, {"0.5", 500}, {"500m", 500}, {"0", 0}, {"0m", 0},
         {"1.125", 1125}, {"9223372036854775807m", INT64_MAX}, {"9223372036854775.807", INT64_MAX});
    REFUSED(cores_from_str, "", "m", "-1", "0.0005", "1.5m", "2 ", " 2", "2k", "2mm", "1.", ".5",
            "9223372036854775808m", "9223372036854775.808", "9223372036854776");
}

static void a_percentage_is_a_number_below_zero(void **state)
{
    (void)state;
    READ(int_or_percent_from_str, {"0", 0}, {"3", 3}, {"1%", -1}, {"25%", -25}, {"100%", -100});
    REFUSED(int_or_percent_from_str, "", "%", "0%", "101%", "1000%", "-1", "-5%", "2.5%", "5 %",
            "5%%", "+5%");
    assert_int_equal(int_or_percent_of(3, 100), 3);
    assert_int_equal(int_or_percent_of(-25, 7), 1);
    assert_int_equal(int_or_percent_of(-25, 8), 2);
    assert_int_equal(int_or_percent_of(-100, INT64_MAX), INT64_MAX);
    assert_int_equal(int_or_percent_of(-50, 0), 0);
}

static void cores_are_written_whole_if_they_are(void **state)
{
    (void)state;
    WRITTEN(write_cores, {"2", 2000}, {"500m", 500}, {"1500m", 1500}, {"0", 0});
    assert_survives(cores_from_str, write_cores, INT64_MAX - 1);
}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static void ages_are_written_as_kubectl_does(void **state)
{
    (void)state;
    WRITTEN(write_age, {"0s", -5}, {"0s", 999}, {"12s", 12 * SECOND}, {"119s", 119 * SECOND},
            {"2m", 2 * MINUTE}, {"3m15s", 195 * SECOND}, {"9m59s", 599 * SECOND},
            {"10m", 10 * MINUTE + 30 * SECOND}, {"179m", 179 * MINUTE}, {"3h", 3 * HOUR},
            {"7h59m", 479 * MINUTE}, {"8h", 8 * HOUR + MINUTE}, {"47h", 47 * HOUR}, {"2d", 2 * DAY},
            {"2d5h", 2 * (int64_t)DAY + 5 * HOUR}, {"7d23h", 8 * (int64_t)DAY - 1},
            {"8d", 8 * (int64_t)DAY + HOUR}, {"729d", 729 * (int64_t)DAY},
            {"2y", 730 * (int64_t)DAY}, {"3y5d", 1100 * (int64_t)DAY},
            {"8y", 8 * 365 * (int64_t)DAY + DAY});
}

static void distance_counts_slips_of_the_finger(void **state)
{
    char long_word[200];

    (void)state;
    assert_int_equal(words_distance("", ""), 0);
    assert_int_equal(words_distance("abc", "abc"), 0);
    assert_int_equal(words_distance("abc", "abxc"), 1);
    assert_int_equal(words_distance("abc", "ac"), 1);
    assert_int_equal(words_distance("abc", "axc"), 1);
    assert_int_equal(words_distance("abcd", "acbd"), 1);
    assert_int_equal(words_distance("", "abc"), 3);
    assert_int_equal(words_distance("kitten", "sitting"), 3);
    assert_int_equal(words_distance("sitting", "kitten"), 3);
    memset(long_word, 'a', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    assert_int_equal(words_distance(long_word, "a"), 199);
    assert_int_equal(words_distance(long_word, long_word), 0);
    long_word[64] = '\0';
    assert_int_equal(words_distance(long_word, long_word + 1), 1);
}

static const char *closest(const char *word)
{
    static const char *const fields[] = {"agent", "policy", "minPercent", "maxPercent", "on"};

    return words_closest(word, fields, COUNT_OF(fields));
}

static void the_closest_word_is_suggested_if_it_is_close(void **state)
{
    (void)state;
    assert_string_equal(closest("agnet"), "agent");
    assert_string_equal(closest("agents"), "agent");
    assert_string_equal(closest("POLICY"), "policy");
    assert_string_equal(closest("minpercent"), "minPercent");
    assert_string_equal(closest("maxPercnt"), "maxPercent");
    assert_string_equal(closest("no"), "on");
    assert_null(closest("replicas"));
    assert_null(closest("x"));
    assert_null(closest(""));
    assert_null(words_closest("agent", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read),
        cmocka_unit_test(unsigned_integers_are_read),
        cmocka_unit_test(reals_are_written_in_the_form_all_readers_share),
        cmocka_unit_test(random_reals_survive),
        cmocka_unit_test(whole_reals_are_known),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(a_million_years_are_the_longest_duration),
        cmocka_unit_test(durations_are_written_with_the_largest_units),
        cmocka_unit_test(quantities_are_read),
        cmocka_unit_test(quantities_are_written_with_the_largest_exact_suffix),
        cmocka_unit_test(quantities_in_sentences_are_rounded_up),
        cmocka_unit_test(cores_are_read_in_thousandths),
        cmocka_unit_test(a_percentage_is_a_number_below_zero),
        cmocka_unit_test(cores_are_written_whole_if_they_are),
        cmocka_unit_test(ages_are_written_as_kubectl_does),
        cmocka_unit_test(distance_counts_slips_of_the_finger),
        cmocka_unit_test(the_closest_word_is_suggested_if_it_is_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
