/* What all work together may have of the machine, told by traces. */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB (INT64_C(1) << 20)

static const struct harvest_policy_spec *limited(struct agent_world *world, const char *limits)
{
    char text[200];

    (void)snprintf(text, sizeof(text), "{'limits': %s, 'battery': {'requireCharging': false}}",
                   limits);
    return world_policy(world, text);
}

/* They run, and all of that is acknowledged. */
static void given_running(struct agent_world *world, const struct want *wants)
{
    world_reading(world, SENSOR_BATTERY, 80);
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    for (const struct want *it = wants; it->uid != NULL; it++) {
        world_started(world, it->uid, 1);
        world_reported(world);
    }
    world_reported(world);
    world_clear(world);
}

static int cap(void **state, int64_t cpu_percent, int64_t memory_percent)
{
    struct agent_world *world;

    (void)world_begin(state);
    world = *state;
    world->options.memory = 1000 * MIB;
    world->options.settings.caps.cpu_percent = cpu_percent;
    world->options.settings.caps.memory_percent = memory_percent;
    world_reboot(world);
    return 0;
}

static int begin(void **state)
{
    return cap(state, 0, 0);
}

static int begin_capped(void **state)
{
    return cap(state, 50, 50);
}

/* --- processors --------------------------------------------------------------------------------
 */

static void the_owners_cap_is_shared_by_all_work_with_and_without_a_policy(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *most = limited(world, "{'cpuPercent': 80}");

    world_reading(world, SENSOR_BATTERY, 80);
    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 1, .cores = 1000, .policy = most),
                              WANT("u2", 1, .cores = 3000), WANT("u3", 1, .cores = 1000)));
    expect_has(world, "spawn u1 run=1 gen=1 work cpu=100\n"
                      "spawn u2 run=1 gen=1 work cpu=300\n"
                      "spawn u3 run=1 gen=1 work cpu=100\n");
}

static void who_runs_gives_way_before_the_next_one_begins(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .cores = 1000));
    world_assign(world, WANTS(WANT("u1", 1, .cores = 1000), WANT("u2", 1, .cores = 1000)));
    expect_has(world, "limit u1 run=1 cpu=250\n"
                      "save\n");
    world_started(world, "u2", 1);
    assert_null(strstr(world->page.data, "limit"));
    world_exited(world, "u2", 1, EXIT_BY_ITSELF, 0);
    expect_has(world, "limit u1 run=1 cpu=500\n");
}

static void what_is_on_its_way_out_keeps_its_share(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1, .cores = 1000), WANT("u2", 1, .cores = 1000)));
    world_assign(world, ONE("u1", 1, .cores = 1000));
    assert_null(strstr(world->page.data, "limit u1"));
    world_exited(world, "u2", 1, EXIT_STOPPED, 143);
    expect_has(world, "limit u1 run=1 cpu=500\n");
}

static void who_may_have_less_never_has_more_together(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *less = limited(world, "{'cpuPercent': 20}");
    const struct harvest_policy_spec *more = limited(world, "{'cpuPercent': 60}");

    world_reading(world, SENSOR_BATTERY, 80);
    world_start(world);
    world_connect(world);
    world_assign(
        world, WANTS(WANT("u1", 1, .policy = less), WANT("u2", 1, .policy = more), WANT("u3", 1)));
    expect_has(world, "spawn u1 run=1 gen=1 work cpu=100\n"
                      "spawn u2 run=1 gen=1 work cpu=300\n"
                      "spawn u3 run=1 gen=1 work\n");
}

/* --- memory ------------------------------------------------------------------------------------
 */

static void too_much_memory_together_ends_the_one_most_above_its_share(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1, .memory = 400 * MIB),
                               WANT("u2", 1, .memory = 100 * MIB), WANT("u3", 1, .memory = MIB)));
    world_holds(world, "u1", 1, 390 * MIB);
    world_holds(world, "u2", 1, 110 * MIB);
    expect(world, "");
    world_holds(world, "u3", 1, 2 * MIB);
    expect(world, "overrun u2 run=1 MemoryLimit: all that may have 50 % of the memory together "
                  "holds 502Mi of 500Mi; this holds 110Mi, the most above its share of 100Mi\n");
    world_holds(world, "u1", 1, 390 * MIB); /* what was told to end does not count any more */
    world_holds(world, "u2", 1, 120 * MIB);
    expect(world, "");
    world_exited(world, "u2", 1, EXIT_BY_ITSELF, 137);
    expect_has(world, "send report u2/1:Failed(ExitedNonZero)=137\n");
}

/* Whoever declares more than any machine has is not weighed more than a machine. */
static void no_declaration_is_too_large_to_be_weighed(void **state)
{
    struct agent_world *world = *state;

    given_running(world,
                  WANTS(WANT("u1", 1, .memory = INT64_MAX), WANT("u2", 1, .memory = INT64_MAX)));
    world_holds(world, "u1", 1, 260 * MIB);
    expect(world, "");
    world_holds(world, "u2", 1, 250 * MIB);
    expect_has(world, "overrun u1 run=1 ");
}

static void as_many_end_as_must(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1), WANT("u2", 1), WANT("u3", 1), WANT("u4", 1)));
    world_holds(world, "u1", 1, 100 * MIB);
    world_holds(world, "u2", 1, 120 * MIB);
    world_holds(world, "u3", 1, 140 * MIB);
    expect(world, "");
    world_holds(world, "u4", 1, 300 * MIB);
    expect_has(world, "overrun u4 run=1 ");
    world_holds(world, "u1", 1, 900 * MIB);
    expect_has(world, "overrun u1 run=1 ");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 137);
    world_exited(world, "u4", 1, EXIT_BY_ITSELF, 137);
    world_clear(world);
    world_holds(world, "u2", 1, 360 * MIB);
    world_holds(world, "u3", 1, 140 * MIB);
    assert_null(strstr(world->page.data, "overrun"));
}

static void what_is_suspended_holds_its_memory(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy =
        world_policy(world, "{'limits': {'memoryPercent': 30}, 'battery': {'minPercent': 50, "
                            "'requireCharging': false}}");

    given_running(world, WANTS(WANT("u1", 1, .policy = policy), WANT("u2", 1)));
    world_holds(world, "u1", 1, 250 * MIB);
    world_holds(world, "u2", 1, 240 * MIB);
    world_reading(world, SENSOR_BATTERY, 40);
    expect_has(world, "suspend u1 run=1\n");
    world_holds(world, "u2", 1, 251 * MIB);
    expect_has(world, "overrun u2 run=1 ");
}

static void who_was_told_to_end_goes_first(void **state)
{
    struct agent_world *world = *state;

    given_running(world,
                  WANTS(WANT("u1", 1, .memory = 10 * MIB), WANT("u2", 1, .memory = 400 * MIB)));
    world_holds(world, "u1", 1, 200 * MIB);
    world_holds(world, "u2", 1, 290 * MIB);
    world_assign(world, ONE("u1", 1, .memory = 10 * MIB));
    expect_has(world, "signal u2 run=1 grace=5000\n");
    world_holds(world, "u1", 1, 220 * MIB);
    expect_has(world, "overrun u2 run=1 ");
}

static void who_goes_anyway_goes_before_who_is_further_above(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1), WANT("u2", 1), WANT("u3", 1), WANT("u4", 1)));
    world_holds(world, "u1", 1, 390 * MIB);
    world_holds(world, "u3", 1, 60 * MIB);
    world_holds(world, "u4", 1, 40 * MIB);
    world_assign(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    world_clear(world);
    world_holds(world, "u1", 1, 410 * MIB); /* 160 above its half; 510 of 500 together */
    expect_has(world, "overrun u3 run=1 ");
    assert_null(strstr(world->page.data, "overrun u1"));
    assert_null(strstr(world->page.data, "overrun u4"));
}

static void who_goes_anyway_has_its_time_where_its_end_would_not_help(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    world_holds(world, "u1", 1, 300 * MIB);
    world_holds(world, "u2", 1, 60 * MIB);
    world_assign(world, ONE("u1", 1));
    world_clear(world);
    world_holds(world, "u1", 1, 501 * MIB);
    expect_has(world, "overrun u1 run=1 ");
    assert_null(strstr(world->page.data, "overrun u2"));
}

/* Without a cap of the owner's: the policies' percentages alone. */
static void each_percentage_holds_for_those_who_have_it_or_less(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *less = limited(world, "{'memoryPercent': 20}");
    const struct harvest_policy_spec *more = limited(world, "{'memoryPercent': 60}");

    given_running(world, WANTS(WANT("u1", 1, .policy = less), WANT("u2", 1, .policy = less),
                               WANT("u3", 1, .policy = more), WANT("u4", 1)));
    world_holds(world, "u4", 1, 900 * MIB); /* of no policy */
    world_holds(world, "u1", 1, 90 * MIB);
    world_holds(world, "u2", 1, 100 * MIB);
    world_holds(world, "u3", 1, 410 * MIB);
    expect(world, "");
    world_holds(world, "u1", 1, 101 * MIB); /* both together: 201 of 200 */
    expect_has(world, "overrun u1 run=1 MemoryLimit: all that may have 20 % ");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 137);
    world_clear(world);
    world_holds(world, "u3", 1, 501 * MIB); /* with the other: 601 of 600 */
    expect_has(world, "overrun u3 run=1 MemoryLimit: all that may have 60 % ");
}

/* An agent that starts knows nothing of what it told before; it measures and decides anew. */
static void a_restart_forgets_nothing_that_matters(void **state)
{
    struct agent_world *world = *state;

    given_running(world, WANTS(WANT("u1", 1, .cores = 1000), WANT("u2", 1, .cores = 1000)));
    world_holds(world, "u1", 1, 300 * MIB);
    world_holds(world, "u2", 1, 201 * MIB);
    expect_has(world, "overrun u1 run=1 ");
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_found_running(world, "u2", 1);
    world_start(world);
    expect_has(world, "limit u1 run=1 cpu=250\n"
                      "limit u2 run=1 cpu=250\n");
    world_holds(world, "u2", 1, 201 * MIB);
    expect(world, "");
    world_holds(world, "u1", 1, 300 * MIB);
    expect_has(world, "overrun u1 run=1 ");
}

int main(void)
{
#define TEST(name)   cmocka_unit_test_setup_teardown(name, begin, world_end)
#define CAPPED(name) cmocka_unit_test_setup_teardown(name, begin_capped, world_end)
    const struct CMUnitTest tests[] = {
        CAPPED(the_owners_cap_is_shared_by_all_work_with_and_without_a_policy),
        CAPPED(who_runs_gives_way_before_the_next_one_begins),
        CAPPED(what_is_on_its_way_out_keeps_its_share),
        TEST(who_may_have_less_never_has_more_together),
        CAPPED(too_much_memory_together_ends_the_one_most_above_its_share),
        CAPPED(no_declaration_is_too_large_to_be_weighed),
        CAPPED(as_many_end_as_must),
        CAPPED(what_is_suspended_holds_its_memory),
        CAPPED(who_was_told_to_end_goes_first),
        CAPPED(who_goes_anyway_goes_before_who_is_further_above),
        CAPPED(who_goes_anyway_has_its_time_where_its_end_would_not_help),
        TEST(each_percentage_holds_for_those_who_have_it_or_less),
        CAPPED(a_restart_forgets_nothing_that_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
