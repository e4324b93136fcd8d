/* What the judge of a simulated day makes of work that begins where somebody was, or comes. */
#include "tests/sim/day.h"

#include "tests/sim/machine.h"
#include "tests/sim/shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000 * 1000, HOUR_MS = 60 * 60 * 1000 };

static char uid[] = "u1";
static char session[] = "sweep"; /* starts three minutes after somebody was there */
static char command[] = "serve";

static struct {
    struct day day;
    struct sim sim;
    struct record_tail tail;
    struct machine machine;
    struct shim shim;
} world;

static struct day_device *desktop(void)
{
    return &world.day.devices[0];
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.day.sim = &world.sim;
    world.sim.record.tail = &world.tail;
    world.sim.schedule.now_ms = NOW_MS - 10 * 1000;
    world.machine.sim = &world.sim;
    world.machine.options.settings.capacity.cores = 4000;
    world.shim.machine = &world.machine;
    world.shim.uid = uid;
    world.shim.session = session;
    world.shim.command = command;
    world.shim.cores = 1000;
    desktop()->machine = &world.machine;
    desktop()->life.habit = HABIT_DESK;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vec_fini(&world.machine.shims);
    vec_fini(&desktop()->works);
    return 0;
}

static void given_idle(int64_t idle_ms)
{
    desktop()->life.idle_ms = idle_ms;
    day_judge(&world.day, desktop());
    world.sim.schedule.now_ms += 1000;
}

/* It was spawned so long ago, and still runs, for it may save its state first. */
static void when_it_was_spawned(int64_t ago_ms)
{
    world.shim.state = SHIM_RUNNING;
    world.shim.has_process = true;
    world.shim.spawned_ms = world.sim.schedule.now_ms - ago_ms;
    world.shim.began_ms = world.shim.spawned_ms + 40;
    vec_add(&world.machine.shims, &world.shim);
    day_check(&world.day, desktop());
}

static void who_comes_as_it_begins_is_no_mistake(void **state)
{
    (void)state;
    given_idle(HOUR_MS);
    given_idle(0);
    when_it_was_spawned(700);
    assert_string_equal(world.tail.failure, "");
}

/* A reading of before they came is not older than an interval then. */
static void nor_is_who_came_an_interval_before(void **state)
{
    (void)state;
    given_idle(HOUR_MS);
    given_idle(0);
    given_idle(0);
    when_it_was_spawned(990);
    assert_string_equal(world.tail.failure, "");
}

static void who_came_earlier_was_there(void **state)
{
    (void)state;
    given_idle(HOUR_MS);
    given_idle(0);
    given_idle(0);
    when_it_was_spawned(900);
    assert_true(world.sim.has_failed);
    assert_non_null(strstr(world.tail.failure, "begins, and was touched"));
}

static void who_left_lately_was_there(void **state)
{
    (void)state;
    given_idle(60 * 1000);
    given_idle(61 * 1000);
    given_idle(62 * 1000);
    when_it_was_spawned(700);
    assert_true(world.sim.has_failed);
}

static void a_lid_that_opens_is_somebody(void **state)
{
    (void)state;
    desktop()->life.is_asleep = true;
    given_idle(HOUR_MS);
    desktop()->life.is_asleep = false;
    given_idle(0);
    when_it_was_spawned(700);
    assert_true(world.sim.has_failed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_comes_as_it_begins_is_no_mistake), TEST(nor_is_who_came_an_interval_before),
        TEST(who_came_earlier_was_there),           TEST(who_left_lately_was_there),
        TEST(a_lid_that_opens_is_somebody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
