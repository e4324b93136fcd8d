/* What `get` prints in a cell. */
#include "schema/columns.h"

#include "schema/bind.h"
#include "schema/emit.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EVENT(api_version, kind)                                                                   \
    "apiVersion: v1\nkind: Event\n"                                                                \
    "metadata: {name: e, creationTimestamp: \"2026-11-20T10:00:00Z\"}\n"                           \
    "involvedObject: {apiVersion: " api_version ", kind: " kind ", name: render}\n"                \
    "lastTimestamp: \"2026-11-20T11:00:00Z\"\nreason: Placed\n"

static void cell_with(const char *yaml, unsigned flags, const char *path, const char *expected)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object(yaml, flags);
    const struct column column = {.name = "X", .path = path};
    struct wall now;

    bound_expect("");
    assert_true(wall_from_str("2026-11-20T12:00:00Z", &now));
    assert_string_equal(object_cell(&bound.arena, object, &column, now), expected);
}

static void cell(const char *yaml, const char *path, const char *expected)
{
    cell_with(yaml, BIND_STRICT, path, expected);
}

static void a_cell_is_the_text_of_its_field(void **state)
{
    (void)state;
    cell(SESSION, "spec.grace", "10s");
    cell(SESSION, "metadata.name", "s");
}

static void a_cell_without_a_value_is_empty(void **state)
{
    (void)state;
    cell(SESSION, "status.desired", "");
    cell(SESSION, "metadata.age", "");
}

static void moments_are_written_as_ages(void **state)
{
    (void)state;
    cell(EVENT("fog/v1", "HarvestSession"), "metadata.age", "120m");
    cell(EVENT("fog/v1", "HarvestSession"), "lastTimestamp", "60m");
}

static void the_object_of_an_event_is_written_with_its_kind(void **state)
{
    (void)state;
    cell(EVENT("fog/v1", "HarvestSession"), "involvedObject", "harvestsession/render");
    cell(EVENT("other/v1", "Thing"), "involvedObject", "Thing/render");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

#define READY(status) "status:\n  conditions: [{type: Ready, status: \"" status "\"}]\n"
#define LAPTOP                                                                                     \
    "  sensors: {battery: 38, charging: false, temperature: 41.53, idle: 200s, load: 0,\n"         \
    "            metered: true, unknown: [foreignCpu]}\n"

/* Lenient: sensors are joined in when read. */
static void sensor(const char *status, const char *name, const char *expected)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml, "%s%s", AGENT, status);
    cell_with(yaml.data, BIND_TRUSTED, arena_printf(&bound.arena, "status.sensors.%s", name),
              expected);
    str_fini(&yaml);
}

static void a_reading_has_its_unit_and_no_blanks(void **state)
{
    (void)state;
    sensor(READY("True") LAPTOP, "battery", "38%");
    sensor(READY("True") LAPTOP, "temperature", "41.5°C");
    sensor(READY("True") LAPTOP, "charging", "false");
    sensor(READY("True") LAPTOP, "metered", "true");
    sensor(READY("True") LAPTOP, "idle", "3m20s");
    sensor(READY("True") LAPTOP, "load", "0");
}

static void what_is_not_known_is_never_a_number(void **state)
{
    (void)state;
    sensor(READY("True") LAPTOP, "foreignCpu", "unknown");
    sensor(READY("True") LAPTOP, "memoryPressure", "-");
    sensor(READY("True"), "battery", "unknown");
    sensor(READY("False") LAPTOP, "battery", "stale");
    sensor(READY("False") LAPTOP, "foreignCpu", "stale");
    sensor(READY("False") LAPTOP, "memoryPressure", "-");
    sensor("status:\n" LAPTOP, "battery", "stale");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cell_is_the_text_of_its_field),
        TEST(a_cell_without_a_value_is_empty),
        TEST(moments_are_written_as_ages),
        TEST(the_object_of_an_event_is_written_with_its_kind),
        TEST(a_reading_has_its_unit_and_no_blanks),
        TEST(what_is_not_known_is_never_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
