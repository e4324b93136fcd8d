/* What agents tell of their machines with heartbeats: readings and the time. */
#include "controller/core/link.h"

#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct api api;
static struct api_agent edge;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    edge = (struct api_agent){.name = "edge-1", .key = {1}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

static struct wire_message heartbeat(void)
{
    return (struct wire_message){.type = WIRE_HEARTBEAT,
                                 .heartbeat = {.epoch = edge.epoch, .seq = 1}};
}

static void beat_plainly(void)
{
    struct wire_message message = heartbeat();

    api_say(&api, edge.link, &message);
}

static void beat_with(double temperature, int64_t battery)
{
    struct wire_message message = heartbeat();
    struct wire_heartbeat *beat = &message.heartbeat;

    shape_put(&sensors_shape, &beat->sensors, charging, false);
    shape_put(&sensors_shape, &beat->sensors, temperature, temperature);
    shape_put(&sensors_shape, &beat->sensors, battery, battery);
    api_say(&api, edge.link, &message);
}

static void readings_are_shown_as_they_were_told_last(void **state)
{
    const struct node *sensors;

    (void)state;
    api_connect(&api, &edge);
    assert_null(api_at(api_get(&api, AGENTS "/edge-1"), "status.sensors"));
    beat_with(41.5, 30);
    beat_plainly(); /* about as before */
    sensors = api_at(api_get(&api, AGENTS "/edge-1"), "status.sensors");
    assert_int_equal((int64_t)(api_at(sensors, "temperature")->real * 10), 415);
    assert_false(api_at(sensors, "charging")->boolean);
    assert_int_equal(api_int(sensors, "battery"), 30);
    api_connect(&api, &edge);
    assert_null(api_at(api_get(&api, AGENTS "/edge-1"), "status.sensors"));
}

static void a_reading_places_work_and_never_moves_it(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'requirements': [{'field': "
                     "'sensors.battery', 'op': '>=', 'value': 40}], 'workload': {'command': "
                     "['/bin/true']}}}");
    assert_int_equal(api_at(api_get(&api, ASSIGNMENTS), "items")->list.count, 0);
    beat_with(40, 39);
    assert_int_equal(api_at(api_get(&api, ASSIGNMENTS), "items")->list.count, 0);
    beat_with(40, 40);
    assert_int_equal(api_at(api_get(&api, ASSIGNMENTS), "items")->list.count, 1);
    api.ctl->counters.sessions_reconciled = 0;
    beat_with(40, 10);
    assert_int_equal(api.ctl->counters.sessions_reconciled, 0);
    assert_int_equal(api_at(api_get(&api, ASSIGNMENTS), "items")->list.count, 1);
}

/* What it says of its local time then; an older agent tells no clock. */
static int64_t local_ms(const char *clock, int64_t offset_minutes)
{
    struct wire_message message = heartbeat();
    struct wire_heartbeat *beat = &message.heartbeat;

    beat->utc_offset_minutes = offset_minutes;
    shape_put(&sensors_shape, &beat->sensors, charging, true);
    if (clock != NULL) {
        assert_true(wall_from_str(clock, &beat->clock));
    }
    api_say(&api, edge.link, &message);
    return model_agent(&api.ctl->model, "edge-1")->read_at.local.ms;
}

static void the_time_is_what_the_machine_takes_it_for(void **state)
{
    const int64_t minute = 60 * 1000;
    struct wall wrong;

    (void)state;
    api_connect(&api, &edge);
    assert_true(wall_from_str("2016-02-03T04:05:06Z", &wrong));
    assert_int_equal(local_ms("2016-02-03T04:05:06Z", 90), wrong.ms + 90 * minute);
    api.now.ms += 5000;
    api.wall.ms += 60 * minute; /* somebody set ours */
    beat_plainly();
    assert_int_equal(model_agent(&api.ctl->model, "edge-1")->read_at.local.ms,
                     wrong.ms + 90 * minute + 5000);
    assert_int_equal(local_ms(NULL, 90), api.wall.ms + 90 * minute);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(readings_are_shown_as_they_were_told_last),
        CASE(a_reading_places_work_and_never_moves_it),
        CASE(the_time_is_what_the_machine_takes_it_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
