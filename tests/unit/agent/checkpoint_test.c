/* A chance to save its state before work is suspended, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const gentle =
    "{'battery': {'minPercent': 50, 'resumePercent': 60, 'requireCharging': false},"
    " 'thermal': {'throttleCelsius': 60, 'suspendCelsius': 70, 'evictCelsius': 80,"
    "             'resumeCelsius': 55, 'dwell': '1m'},"
    " 'user': {'startAfterIdle': '0s', 'continueAfterIdle': '0s'},"
    " 'session': {'grace': '20s'}, 'limits': {'cpuPercent': 100}}";

static void given_work(struct agent_world *world, int64_t grace_ms)
{
    const struct want *wants =
        ONE("u1", 1, .policy = world_policy(world, gentle), .checkpoint_ms = grace_ms);

    world_reading(world, SENSOR_BATTERY, 80);
    world_reading(world, SENSOR_TEMPERATURE, 40000);
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

/* It was told so, and runs. */
static void given_told(struct agent_world *world, int64_t grace_ms)
{
    given_work(world, grace_ms);
    world_reading(world, SENSOR_BATTERY, 49);
    expect(world, grace_ms == 5000 ? "suspend u1 run=1 signal=USR2 grace=5000\n"
                                     "save\n"
                                     "send report u1/1:Running\n"
                                   : "suspend u1 run=1 signal=USR2 grace=9000\n"
                                     "save\n"
                                     "send report u1/1:Running\n");
    world_reported(world);
}

/* Its sensors are read all the while. */
static void pass_reading(struct agent_world *world, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 1000) {
        world_pass(world, 1000);
        world_read(world);
    }
    world_reported(world);
    world_clear(world);
}

static void it_runs_until_its_grace_is_over(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 5000);
    world_pass(world, 1000);
    world_read(world);
    world_pass(world, 1000);
    world_read(world);
    world_pass(world, 2999);
    expect(world, ""); /* one signal for one suspension */
    world_pass(world, 1);
    expect(world, "suspend u1 run=1\n"
                  "save\n"
                  "send report u1/1:Suspended(BatteryLow)\n");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 60);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running\n");
    world_reported(world);
    pass_reading(world, CHECKPOINT_EVERY_MS);
    world_reading(world, SENSOR_BATTERY, 49);
    expect_has(world, "suspend u1 run=1 signal=USR2 grace=5000\n"); /* and one for the next */
}

/* Given a reading that goes up and down, each time before the grace is over, then there is one
 * grace a minute, and it is frozen at once the next time. */
static void a_reading_that_flaps_gives_no_new_grace(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 5000);
    world_pass(world, 3000);
    world_reading(world, SENSOR_BATTERY, 60);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running\n");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 49);
    expect(world, "suspend u1 run=1\n"
                  "save\n"
                  "send report u1/1:Suspended(BatteryLow)\n");
}

static void a_verdict_that_turns_takes_it_back(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 5000);
    world_pass(world, 2000);
    world_reading(world, SENSOR_BATTERY, 60);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running\n");
    world_reported(world);
    world_pass(world, 6000);
    world_read(world);
    expect(world, "");
}

static void heat_does_not_wait(void **state)
{
    struct agent_world *world = *state;

    given_work(world, 5000);
    world_reading(world, SENSOR_TEMPERATURE, 72000);
    expect_has(world, "suspend u1 run=1\n");
}

static void heat_ends_the_grace_of_another_reason(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_pass(world, 1000);
    world_reading(world, SENSOR_TEMPERATURE, 72000);
    expect_has(world, "suspend u1 run=1\n");
}

static void its_owners_word_does_not_wait(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_owner(world, true);
    expect_has(world, "suspend u1 run=1\n");
}

static void what_nobody_knows_does_not_wait(void **state)
{
    struct agent_world *world = *state;

    given_work(world, 5000);
    world_pass(world, 32 * 1000);
    expect_has(world, "suspend u1 run=1\n");
}

static void an_eviction_is_a_signal_of_its_own(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_reading(world, SENSOR_TEMPERATURE, 80000);
    expect(world, "resume u1 run=1\n" /* it is not to be frozen while it ends */
                  "signal u1 run=1 grace=20000\n"
                  "limit u1 run=1 cpu=250\n"
                  "save\n"
                  "send report u1/1:Stopping(Overheated)\n");
    world_reported(world);
    world_pass(world, 9000);
    expect(world, "");
}

static void what_is_removed_meanwhile_ends(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_assign(world, NOTHING);
    expect_has(world, "resume u1 run=1\n"
                      "signal u1 run=1 grace=5000\n");
}

static void an_agent_that_is_started_again_gives_no_second_grace(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_reboot(world);
    world_clear(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    expect_has(world, "suspend u1 run=1\n");
    assert_null(strstr(world->page.data, "signal="));
}

static void what_its_shim_suspends_meanwhile_is_suspended(void **state)
{
    struct agent_world *world = *state;

    given_told(world, 9000);
    world_lapsed(world, "u1", 1);
    expect_has(world, "send report u1/1:Suspended(");
    world_reported(world);
    world_clear(world);
    world_pass(world, 9500);
    assert_null(strstr(world->page.data, "suspend u1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_runs_until_its_grace_is_over),
        TEST(a_reading_that_flaps_gives_no_new_grace),
        TEST(a_verdict_that_turns_takes_it_back),
        TEST(heat_does_not_wait),
        TEST(heat_ends_the_grace_of_another_reason),
        TEST(its_owners_word_does_not_wait),
        TEST(what_nobody_knows_does_not_wait),
        TEST(an_eviction_is_a_signal_of_its_own),
        TEST(what_is_removed_meanwhile_ends),
        TEST(an_agent_that_is_started_again_gives_no_second_grace),
        TEST(what_its_shim_suspends_meanwhile_is_suspended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
