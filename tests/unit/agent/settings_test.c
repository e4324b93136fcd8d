/* Other settings take effect while work runs, told by traces. */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char strict[] = "{'battery': {'minPercent': 90, 'resumePercent': 95, "
                             "'requireCharging': false}, 'session': {'staleSensor': '20s'}}";

/* What it had stays until the step is over. */
static void take(struct agent_world *world, struct agt_settings settings)
{
    struct agt_event event = {.type = AGT_OPTIONS, .settings = &settings};

    world_event(world, &event);
    world->options.settings = settings;
}

static void given_two_that_run(struct agent_world *world)
{
    world_reading(world, SENSOR_BATTERY, 80);
    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 1, .cores = 1000), WANT("u2", 1, .cores = 3000)));
    world_started(world, "u1", 1);
    world_started(world, "u2", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

static void rules_of_the_owners_are_obeyed_in_the_step_that_brings_them(void **state)
{
    struct agent_world *world = *state;
    struct agt_settings settings = world->options.settings;

    given_two_that_run(world);
    settings.owner_policy = world_policy(world, strict);
    take(world, settings);
    assert_non_null(strstr(world->page.data, "suspend u1 run=1\n"));
    assert_non_null(strstr(world->page.data, "watch u1 run=1 ms=20000\n"));
    expect_has(world, "suspend u2 run=1\n");
    settings.owner_policy = world_policy(world, "{'battery': {'minPercent': 20, 'resumePercent': "
                                                "30, 'requireCharging': false}}");
    take(world, settings);
    expect_has(world, "resume u1 run=1\n");
}

static void rules_that_are_gone_hold_nothing(void **state)
{
    struct agent_world *world = *state;
    struct agt_settings settings = world->options.settings;

    given_two_that_run(world);
    settings.owner_policy = world_policy(world, strict);
    take(world, settings);
    world_clear(world);
    settings.owner_policy = NULL;
    take(world, settings);
    assert_non_null(strstr(world->page.data, "resume u1 run=1\n"));
    assert_non_null(strstr(world->page.data, "watch u1 run=1 ms=0\n"));
    world_clear(world);
    world_reading(world, SENSOR_BATTERY, 5);
    assert_null(strstr(world->page.data, "suspend"));
}

static void a_cap_is_shared_anew(void **state)
{
    struct agent_world *world = *state;
    struct agt_settings settings = world->options.settings;

    given_two_that_run(world);
    settings.caps.cpu_percent = 40;
    take(world, settings);
    expect_has(world, "limit u1 run=1 cpu=100\nlimit u2 run=1 cpu=300\n");
    settings.caps.cpu_percent = 0;
    take(world, settings);
    expect_has(world, "limit u1 run=1 cpu=0\nlimit u2 run=1 cpu=0\n");
}

static void what_was_declared_is_declared_again(void **state)
{
    static struct strpair items[] = {{"site", "north"}};
    struct agent_world *world = *state;
    struct agt_settings settings = world->options.settings;

    given_two_that_run(world);
    take(world, settings);
    expect(world, ""); /* the same again */
    settings.labels.items = items;
    settings.labels.count = 1;
    take(world, settings);
    expect_has(world, "hangup");
    world_down(world);
    world_connect(world);
    assert_int_equal(world->hello.labels.count, 1);
    assert_string_equal(world->hello.labels.items[0].value, "north");
    settings.capacity.cores = 1000;
    take(world, settings);
    expect_has(world, "hangup");
    take(world, settings);
    expect(world, ""); /* that is on its way */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rules_of_the_owners_are_obeyed_in_the_step_that_brings_them),
        CASE(rules_that_are_gone_hold_nothing),
        CASE(a_cap_is_shared_anew),
        CASE(what_was_declared_is_declared_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
