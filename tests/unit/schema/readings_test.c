/* What sensors tell: texts for people, the written form and back. */
#include "schema/readings.h"

#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { STALE_MS = 30000 };

static const struct mono now = {1000000};

static struct reading known(int64_t value)
{
    return (struct reading){READING_KNOWN, value, now};
}

static void says(enum sensor sensor, int64_t value, const char *expected)
{
    struct reading reading = known(value);
    char text[READING_TEXT_SIZE];

    reading_to_str(sensor, &reading, text);
    assert_string_equal(text, expected);
}

static void a_reading_is_told_with_its_unit(void **state)
{
    (void)state;
    says(SENSOR_BATTERY, 38, "38 %");
    says(SENSOR_CHARGING, 0, "on battery");
    says(SENSOR_CHARGING, 1, "plugged in");
    says(SENSOR_TEMPERATURE, 71549, "71.5 °C");
    says(SENSOR_TEMPERATURE, 42000, "42 °C");
    says(SENSOR_TEMPERATURE, -3500, "-3.5 °C");
    says(SENSOR_IDLE, 200999, "3m20s");
    says(SENSOR_IDLE, 0, "0s");
    says(SENSOR_IDLE, -5, "0s");
    says(SENSOR_FOREIGN_CPU, 31250, "31.2 %");
    says(SENSOR_MEMORY_AVAILABLE, ((int64_t)300 << 20) + 77, "300Mi");
    says(SENSOR_MEMORY_AVAILABLE, 77, "77");
    says(SENSOR_MEMORY_PRESSURE, 12500, "12.5 %");
    says(SENSOR_METERED, 1, "metered");
    says(SENSOR_METERED, 0, "not metered");
    says(SENSOR_LOAD, 1257, "1.25");
}

static void a_reading_without_a_value_is_a_word(void **state)
{
    struct reading unknown = {READING_UNKNOWN, 71549, now}, none = {READING_NONE, 0, now};
    char text[READING_TEXT_SIZE];

    (void)state;
    for (int sensor = 0; sensor < SENSOR_COUNT; sensor++) {
        reading_to_str((enum sensor)sensor, &unknown, text);
        assert_string_equal(text, "unknown");
        reading_to_str((enum sensor)sensor, &none, text);
        assert_string_equal(text, "none");
    }
}

static void texts_fit_for_the_wildest_values(void **state)
{
    static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    char text[READING_TEXT_SIZE];

    (void)state;
    for (int sensor = 0; sensor < SENSOR_COUNT; sensor++) {
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            struct reading reading = known(values[i]);

            reading_to_str((enum sensor)sensor, &reading, text);
            assert_in_range(strlen(text), 1, READING_TEXT_SIZE - 1);
        }
    }
}

static void a_reading_is_fresh_for_a_while(void **state)
{
    struct reading reading = known(1);

    (void)state;
    assert_true(reading_is_fresh(&reading, now, 0));
    assert_true(reading_is_fresh(&reading, mono_after(now, STALE_MS), STALE_MS));
    assert_false(reading_is_fresh(&reading, mono_after(now, STALE_MS + 1), STALE_MS));
    assert_false(reading_is_fresh(&reading, mono_after(now, -STALE_MS - 1), STALE_MS));
    reading.state = READING_UNKNOWN;
    assert_false(reading_is_fresh(&reading, now, STALE_MS));
}

static const char *written(const struct readings *readings, struct mono at)
{
    struct sensors sensors;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    sensors_from_readings(&bound.arena, readings, at, STALE_MS, &sensors);
    json_emit(emit_shape(&bound.arena, &sensors_shape, &sensors), JSON_PLAIN, &text);
    return arena_strdup(&bound.arena, text.data);
}

static struct sensors read_back(const char *json)
{
    struct sensors sensors;
    struct node *root;

    assert_int_equal(
        json_parse(&bound.arena, json, strlen(json), JSON_PLAIN, &bound.problems, &root), 0);
    assert_true(bind_shape(&bound.arena, &sensors_shape, root, "sensors",
                           BIND_QUIET | BIND_NO_DEFAULTS, &bound.problems, &sensors));
    return sensors;
}

static struct readings laptop(void)
{
    struct readings readings = {0};

    readings.of[SENSOR_BATTERY] = known(0);
    readings.of[SENSOR_CHARGING] = known(0);
    readings.of[SENSOR_TEMPERATURE] = known(71549);
    readings.of[SENSOR_IDLE] = known(0);
    readings.of[SENSOR_FOREIGN_CPU] = known(31250);
    readings.of[SENSOR_MEMORY_AVAILABLE] = known((int64_t)1 << 30);
    readings.of[SENSOR_MEMORY_PRESSURE] = (struct reading){READING_UNKNOWN, 0, now};
    readings.of[SENSOR_LOAD] = known(1250);
    return readings;
}

static void the_written_form_has_what_is_known_even_when_it_is_zero(void **state)
{
    struct readings readings = laptop();

    (void)state;
    assert_string_equal(written(&readings, now),
                        "{\"battery\":0,\"charging\":false,\"temperature\":71.549,\"idle\":\"0s\","
                        "\"foreignCpu\":31.25,\"memoryAvailable\":\"1Gi\",\"load\":1.25,"
                        "\"unknown\":[\"memoryPressure\"]}");
}

static void what_is_old_is_unknown_in_the_written_form(void **state)
{
    struct readings readings = {0};

    (void)state;
    assert_string_equal(written(&readings, now), "{}");
    readings.of[SENSOR_BATTERY] = known(80);
    readings.of[SENSOR_TEMPERATURE] = known(40000);
    readings.of[SENSOR_TEMPERATURE].at = mono_after(now, 1);
    assert_string_equal(written(&readings, mono_after(now, STALE_MS + 1)),
                        "{\"temperature\":40,\"unknown\":[\"battery\"]}");
}

static void what_is_written_is_read_back(void **state)
{
    struct readings readings = laptop(), again;
    struct sensors sensors = read_back(written(&readings, now));

    (void)state;
    readings_from_sensors(&sensors, now, &again);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        assert_int_equal(again.of[i].state, readings.of[i].state);
        assert_int_equal(again.of[i].value, readings.of[i].value);
        assert_int_equal(again.of[i].at.ms, readings.of[i].state == READING_NONE ? 0 : now.ms);
    }
}

static void nonsense_makes_a_form_that_can_be_read(void **state)
{
    static const int64_t values[] = {INT64_MIN, -1, 101, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct readings readings = {0};
        struct sensors sensors;

        for (int sensor = 0; sensor < SENSOR_COUNT; sensor++) {
            readings.of[sensor] = known(values[i]);
        }
        sensors = read_back(written(&readings, now));
        readings_from_sensors(&sensors, now, &readings);
        assert_in_range(readings.of[SENSOR_BATTERY].value, 0, 100);
        assert_in_range(readings.of[SENSOR_IDLE].value, 0, DURATION_MAX_MS);
    }
}

static void what_a_newer_agent_has_is_passed_over(void **state)
{
    struct sensors sensors = read_back("{\"battery\":7,\"humidity\":3,"
                                       "\"unknown\":[\"radiation\",\"idle\",\"battery\"]}");
    struct readings readings;

    (void)state;
    readings_from_sensors(&sensors, now, &readings);
    assert_int_equal(readings.of[SENSOR_BATTERY].state, READING_UNKNOWN);
    assert_int_equal(readings.of[SENSOR_IDLE].state, READING_UNKNOWN);
    assert_int_equal(readings.of[SENSOR_LOAD].state, READING_NONE);
}

static void reals_beyond_all_measure_end_at_a_bound(void **state)
{
    struct sensors sensors = read_back("{\"temperature\":1.0e+300,\"load\":-1.0e+300}");
    struct readings readings;

    (void)state;
    readings_from_sensors(&sensors, now, &readings);
    assert_true(readings.of[SENSOR_TEMPERATURE].value > 1000000);
    assert_true(readings.of[SENSOR_LOAD].value < -1000000);
}

static void words_and_rows_are_in_one_order(void **state)
{
    (void)state;
    for (int i = 0; i < SENSOR_COUNT; i++) {
        assert_string_equal(sensor_words[i], sensors_shape.fields[i].name);
    }
    assert_null(sensor_words[SENSOR_COUNT]);
    assert_int_equal(sensors_shape.count, SENSOR_COUNT + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reading_is_told_with_its_unit),
        TEST(a_reading_without_a_value_is_a_word),
        TEST(texts_fit_for_the_wildest_values),
        TEST(a_reading_is_fresh_for_a_while),
        TEST(the_written_form_has_what_is_known_even_when_it_is_zero),
        TEST(what_is_old_is_unknown_in_the_written_form),
        TEST(what_is_written_is_read_back),
        TEST(nonsense_makes_a_form_that_can_be_read),
        TEST(what_a_newer_agent_has_is_passed_over),
        TEST(reals_beyond_all_measure_end_at_a_bound),
        TEST(words_and_rows_are_in_one_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
