/* Policies and their owners' words on what runs, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DWELL_MS = 60 * 1000, MAX_SUSPEND_MS = 10 * 60 * 1000 };

static const char *const gentle =
    "{'battery': {'minPercent': 50, 'resumePercent': 60, 'requireCharging': false},"
    " 'thermal': {'throttleCelsius': 60, 'suspendCelsius': 70, 'evictCelsius': 80,"
    "             'resumeCelsius': 55, 'dwell': '1m'},"
    " 'user': {'startAfterIdle': '0s', 'continueAfterIdle': '0s'},"
    " 'session': {'grace': '20s'}, 'limits': {'cpuPercent': 100}}";

/* Time with a reading every second, as the shell does. */
static void pass(struct agent_world *world, int64_t ms)
{
    for (int64_t end = world->now_ms + ms; world->now_ms < end;) {
        world_pass(world, end - world->now_ms < 1000 ? end - world->now_ms : 1000);
        world_read(world);
    }
}

static void given_governed(struct agent_world *world, const struct want *wants)
{
    world_reading(world, SENSOR_BATTERY, 80);
    world_reading(world, SENSOR_TEMPERATURE, 40000);
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, wants->uid, 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

static void a_low_battery_suspends_until_it_is_charged_well(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy));
    world_reading(world, SENSOR_BATTERY, 49);
    expect(world, "suspend u1 run=1\n"
                  "save\n"
                  "send report u1/1:Suspended(BatteryLow)\n");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 59);
    expect(world, "");
    world_reading(world, SENSOR_BATTERY, 60);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running\n");
}

static void heat_slows_then_suspends_then_evicts(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy));
    world_reading(world, SENSOR_TEMPERATURE, 65000);
    expect_has(world, "limit u1 run=1 cpu=");
    world_reported(world);
    world_clear(world);
    world_reading(world, SENSOR_TEMPERATURE, 72000);
    expect_has(world, "suspend u1 run=1\n");
    world_reported(world);
    world_clear(world);
    world_reading(world, SENSOR_TEMPERATURE, 80000);
    expect(world, "resume u1 run=1\n"
                  "signal u1 run=1 grace=20000\n"
                  "save\n"
                  "send report u1/1:Stopping(Overheated)\n");
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "send report u1/1:Suspended(Overheated)=143\n");
    world_reported(world);
    world_reading(world, SENSOR_TEMPERATURE, 50000);
    world_clear(world);
    pass(world, DWELL_MS - 2000);
    assert_null(strstr(world->page.data, "spawn"));
    pass(world, 4000);
    expect_has(world, "spawn u1 run=2 gen=1 work\n"); /* no failure, and no pause */
}

static void what_is_slowed_runs_and_says_so(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_TEMPERATURE, 65000);
    expect_has(world, "send report u1/1:Running(Overheated)\n");
    world_reported(world);
    world_reading(world, SENSOR_TEMPERATURE, 50000);
    pass(world, DWELL_MS + 2000);
    expect_has(world, "send report u1/1:Running\n");
}

static void work_shares_what_its_policy_allows_by_its_cores(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *half = world_policy(
        world, "{'limits': {'cpuPercent': 50}, 'battery': {'requireCharging': false}}");

    given_governed(world, ONE("u1", 1, .policy = half, .cores = 1000));
    world_assign(world, WANTS(WANT("u1", 1, .policy = half, .cores = 1000),
                              WANT("u2", 1, .policy = half, .cores = 3000), WANT("u3", 1)));
    assert_non_null(strstr(world->page.data, "limit u1 run=1 cpu=125\n"));
    expect_has(world, "spawn u2 run=1 gen=1 work cpu=375\n");
    world_started(world, "u2", 1);
    world_exited(world, "u2", 1, EXIT_BY_ITSELF, 0);
    world_read(world);
    expect_has(world, "limit u1 run=1 cpu=500\n");
}

static void what_is_cut_off_is_governed_all_the_same(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_down(world);
    world_clear(world);
    world_reading(world, SENSOR_BATTERY, 10);
    expect_has(world, "suspend u1 run=1\n");
    world_reading(world, SENSOR_BATTERY, 90);
    expect_has(world, "resume u1 run=1\n");
}

static void a_sensor_that_tells_nothing_any_more_suspends(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_pass(world, 29 * 1000);
    expect(world, "");
    world_pass(world, 3 * 1000);
    expect_has(world, "suspend u1 run=1\n");
    world_reported(world);
    pass(world, 2 * DWELL_MS); /* what it may have missed is waited for */
    expect_has(world, "resume u1 run=1\n");
}

static void nothing_starts_before_the_first_readings(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    expect(world, "save\n"
                  "send accepted rev=1\n"
                  "send report u1/1:Suspended(StaleSensor)\n");
    assert_int_equal(agt_readings_due(world->agt).ms, world->now_ms);
    world_reading(world, SENSOR_BATTERY, 80);
    expect_has(world, "spawn u1 run=1 gen=1 work\n");
    assert_int_equal(agt_readings_due(world->agt).ms, world->now_ms + 1000);
}

static void an_idle_agent_reads_as_often_as_it_tells(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    assert_true(mono_is_never(agt_readings_due(world->agt)));
    world_connect(world);
    world_read(world);
    assert_int_equal(agt_readings_due(world->agt).ms, world->now_ms + world->heartbeat_ms);
    world_assign(world, ONE("u1", 1));
    assert_int_equal(agt_readings_due(world->agt).ms, world->now_ms + world->heartbeat_ms);
}

static void work_that_is_held_does_not_start(void **state)
{
    struct agent_world *world = *state;

    world_reading(world, SENSOR_BATTERY, 20);
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    expect(world, "save\n"
                  "send accepted rev=1\n"
                  "send report u1/1:Suspended(BatteryLow)\n");
}

static void a_restart_changes_nothing_for_what_is_held(void **state)
{
    struct agent_world *world = *state;

    world->shows_changes = true;
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_BATTERY, 20);
    expect_has(world, "u1/1:Suspended(BatteryLow) Suspend/BatteryLow\n");
    world_reported(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    expect(world, "watch u1 run=1 ms=30000\n"
                  "suspend u1 run=1\n" /* not let go before the sensors were read */
                  "limit u1 run=1 cpu=0\n"
                  "save\n");
    world_read(world);
    world_connect(world);
    world_down(world);
    assert_non_null(strstr(world->disk.data, "\"suspensions\":1"));
    world_connect(world);
    expect(world, "");
    world_reading(world, SENSOR_BATTERY, 90);
    pass(world, 10 * 60 * 1000);
    expect_has(world, "resume u1 run=1\n");
}

/* Found frozen at 20 %, for a reason that the new agent does not know. */
static void given_a_restart_in_suspension(struct agent_world *world)
{
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_BATTERY, 20);
    world_reported(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_clear(world);
}

static void what_was_found_held_goes_on_by_the_stricter_threshold(void **state)
{
    struct agent_world *world = *state;

    given_a_restart_in_suspension(world);
    world_reading(world, SENSOR_BATTERY, 59);
    pass(world, DWELL_MS + 1000);
    assert_null(strstr(world->page.data, "resume u1"));
    world_reading(world, SENSOR_BATTERY, 60);
    expect_has(world, "resume u1 run=1\n");
}

/* It may have been hot meanwhile, and nobody would know. */
static void what_was_held_out_of_sight_goes_on_as_what_was_found_so(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_BATTERY, 20);
    expect_has(world, "suspend u1 run=1\n");
    world->now_ms += 30 * 1000; /* stands still for as long as a reading counts */
    world_reading(world, SENSOR_BATTERY, 60);
    expect_has(world, "resume u1 run=1\n");
    world_reading(world, SENSOR_BATTERY, 20);
    world->now_ms += 30 * 1000 + 1;
    world_clear(world);
    world_reading(world, SENSOR_BATTERY, 60);
    pass(world, DWELL_MS - 1000);
    assert_null(strstr(world->page.data, "resume u1"));
    pass(world, 2000);
    expect_has(world, "resume u1 run=1\n");
}

/* Its shim suspended it meanwhile, and says so after the first reading. */
static void what_ran_out_of_sight_goes_on_by_the_stricter_threshold(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_BATTERY, 55);
    world->now_ms += 30 * 1000; /* stands still for as long as a reading counts */
    world_clear(world);
    world_reading(world, SENSOR_BATTERY, 55);
    assert_null(strstr(world->page.data, "suspend u1"));
    world->now_ms += 30 * 1000 + 1;
    world_reading(world, SENSOR_BATTERY, 55);
    world_lapsed(world, "u1", 1);
    expect_has(world, "suspend u1 run=1\n");
    pass(world, 2 * DWELL_MS);
    assert_null(strstr(world->page.data, "resume u1"));
    world_reading(world, SENSOR_BATTERY, 60);
    expect_has(world, "resume u1 run=1\n");
}

static void what_was_found_held_is_ended_after_its_longest_suspension(void **state)
{
    struct agent_world *world = *state;

    given_a_restart_in_suspension(world);
    world_read(world);
    pass(world, MAX_SUSPEND_MS - 1000);
    assert_null(strstr(world->page.data, "signal u1"));
    pass(world, 2000);
    expect_has(world, "signal u1 run=1 grace=20000\n");
}

static bool has_ended_it(const struct agent_world *world)
{
    return strstr(world->page.data, "signal u1 run=1 grace=20000\n") != NULL;
}

/* The next agent hears it before the sensors, or after. */
static void agents_come_and_go(struct agent_world *world, int64_t most_ms, bool is_heard_first)
{
    int64_t held_at_ms = world->now_ms;

    for (int i = 0; world->now_ms - held_at_ms < most_ms; i++) {
        world_reboot(world);
        world_found_running(world, "u1", 1);
        world_start(world);
        if (is_heard_first) {
            world_found_frozen(world, "u1", 1, world->now_ms - held_at_ms);
        }
        world_read(world);
        world_found_frozen(world, "u1", 1, world->now_ms - held_at_ms);
        assert_false(has_ended_it(world));
        pass(world, 2 * DWELL_MS - 1000);
    }
}

static void agents_that_come_and_go_do_not_let_it_keep_its_memory(void **state)
{
    struct agent_world *world = *state;

    for (int is_heard_first = 0; is_heard_first <= 1; is_heard_first++) {
        given_a_restart_in_suspension(world);
        agents_come_and_go(world, MAX_SUSPEND_MS - DWELL_MS, is_heard_first);
        pass(world, 3 * 1000);
        assert_false(has_ended_it(world));
        pass(world, 4 * 1000);
        assert_true(has_ended_it(world));
        world_exited(world, "u1", 1, EXIT_STOPPED, 143);
        world_end(state);
        world_begin(state);
        world = *state;
    }
}

/* Nobody was there to hear it, for longer than it may be held. */
static void what_its_shim_suspended_long_ago_is_ended(void **state)
{
    struct agent_world *world = *state;

    world->now_ms += MAX_SUSPEND_MS;
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_lapsed_for(world, "u1", 1, MAX_SUSPEND_MS - 2000);
    world_read(world);
    assert_false(has_ended_it(world));
    pass(world, 3 * 1000);
    assert_true(has_ended_it(world));
}

/* The agent stood still, and looks at the sensors before it hears what its shim did. */
static void what_was_suspended_in_a_standstill_counts_from_then(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world->now_ms += 2 * MAX_SUSPEND_MS;
    world_reading(world, SENSOR_BATTERY, 20);
    assert_non_null(strstr(world->page.data, "suspend u1 run=1\n"));
    assert_false(has_ended_it(world));
    world_lapsed_for(world, "u1", 1, 2 * MAX_SUSPEND_MS - 30 * 1000);
    assert_true(has_ended_it(world));
}

/* It runs again by the time that its shim's first word is heard. */
static void what_was_frozen_and_runs_is_not_held(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_read(world);
    world_start(world);
    world_found_frozen(world, "u1", 1, 2 * MAX_SUSPEND_MS);
    world_reading(world, SENSOR_BATTERY, 20);
    assert_non_null(strstr(world->page.data, "suspend u1 run=1\n"));
    pass(world, MAX_SUSPEND_MS - 2000);
    assert_false(has_ended_it(world));
}

static void what_its_shim_suspended_goes_on_once_it_may(void **state)
{
    struct agent_world *world = *state;

    world->shows_changes = true;
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_lapsed(world, "u1", 1);
    expect(world, "watch u1 run=1 ms=30000\n"
                  "save\n"
                  "send report u1/1:Suspended(HeatWait) Suspend/StaleSensor Suspend/HeatWait\n");
    world_reported(world);
    world_lapsed(world, "u1", 1); /* of before, told late */
    expect(world, "");
    pass(world, DWELL_MS);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running Run/None\n");
    world_down(world);
    assert_non_null(strstr(world->disk.data, "\"spent\":{\"suspensions\":1}"));
    assert_non_null(strstr(world->disk.data, "\"sessionUid\":\"session-uid\",\"suspensions\":1"));
}

static void what_is_found_suspended_by_its_shim_is_not_let_go_unread(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_lapsed(world, "u1", 1);
    expect(world, "watch u1 run=1 ms=30000\n"
                  "resume u1 run=1\n" /* in vain, for its shim knows that we do not know */
                  "limit u1 run=1 cpu=0\n"
                  "watch u1 run=1 ms=30000\n"
                  "save\n");
    pass(world, DWELL_MS + 2000);
    expect_has(world, "resume u1 run=1\n");
}

static void the_owners_policy_outranks_the_manifests(void **state)
{
    struct agent_world *world = *state;
    const char *strict = "{'battery': {'minPercent': 90, 'resumePercent': 95, "
                         "'requireCharging': false}, 'limits': {'cpuPercent': 20}}";

    world->options.settings.owner_policy = world_policy(world, strict);
    world_reboot(world);
    world_reading(world, SENSOR_BATTERY, 95);
    world_reading(world, SENSOR_IDLE, 60 * 60 * 1000);
    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 1, .policy = world_policy(world, gentle)), WANT("u2", 1)));
    expect_has(world, "spawn u1 run=1 gen=1 work cpu=");
    world_started(world, "u1", 1);
    world_started(world, "u2", 1);
    world_clear(world);
    world_reading(world, SENSOR_BATTERY, 80);
    assert_non_null(strstr(world->page.data, "suspend u1 run=1\n"));
    expect_has(world, "suspend u2 run=1\n");
}

/* Their rules are judged beside the manifest's, and go without readings for no longer. */
static void no_manifest_lets_work_run_unwatched_for_longer_than_the_owner(void **state)
{
    struct agent_world *world = *state;
    const char *owners = "{'battery': {'requireCharging': false}, 'session': "
                         "{'staleSensor': '20s'}}";
    const char *patient = "{'battery': {'requireCharging': false}, 'session': "
                          "{'staleSensor': '5m'}}";

    world->options.settings.owner_policy = world_policy(world, owners);
    world_reboot(world);
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, patient)));
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    expect_has(world, "watch u1 run=1 ms=20000\n");
}

static void a_paused_owner_holds_work_under_a_policy_too(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_owner(world, true);
    expect_has(world, "u1/1:Suspended(OwnerPaused)\n");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 20);
    world_owner(world, false);
    expect_has(world, "u1/1:Suspended(BatteryLow)\n");
}

static void what_is_held_has_no_long_grace(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .grace_ms = 600 * 1000));
    world_assign(world, NOTHING);
    expect_has(world, "signal u1 run=1 grace=600000\n");
    world_owner(world, true); /* while it ends */
    expect_has(world, "signal u1 run=1 grace=30000\n");
}

/* An eviction lets frozen work run for as long as its policy says; no manifest says so to the
 * owner.
 */
static void no_eviction_takes_its_time_against_the_owners_rules(void **state)
{
    struct agent_world *world = *state;
    const char *patient = "{'battery': {'minPercent': 0, 'requireCharging': false},"
                          " 'thermal': {'evictCelsius': 80, 'suspendCelsius': 70},"
                          " 'session': {'grace': '10m'}}";
    const char *owners = "{'battery': {'minPercent': 50, 'requireCharging': false}, 'thermal': "
                         "{'throttleCelsius': 90, 'suspendCelsius': 90, 'evictCelsius': 90}}";

    world->options.settings.owner_policy = world_policy(world, owners);
    world_reboot(world);
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, patient)));
    world_reading(world, SENSOR_TEMPERATURE, 80000);
    expect_has(world, "signal u1 run=1 grace=600000\n");
    world_reading(world, SENSOR_BATTERY, 49); /* while it ends */
    expect_has(world, "signal u1 run=1 grace=30000\n");
}

static void what_is_held_is_not_let_run_by_its_removal(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy, .grace_ms = 600 * 1000));
    world_reading(world, SENSOR_BATTERY, 40);
    expect_has(world, "suspend u1 run=1\n");
    world_assign(world, NOTHING);
    expect_has(world, "signal u1 run=1 grace=30000\n");
}

static void what_was_removed_does_not_end_at_leisure_against_its_policy(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy, .grace_ms = 600 * 1000));
    world_assign(world, NOTHING);
    expect_has(world, "signal u1 run=1 grace=600000\n");
    world_clear(world);
    world_reading(world, SENSOR_TEMPERATURE, 72000);
    expect_has(world, "signal u1 run=1 grace=30000\n");
}

static void what_was_removed_does_not_end_at_leisure_unwatched(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy, .grace_ms = 600 * 1000));
    world_assign(world, NOTHING);
    world_clear(world);
    world_pass(world, 32 * 1000);
    world_usage(world, "u1", 1, 1000);
    expect_has(world, "signal u1 run=1 grace=30000\n");
}

static void what_is_suspended_keeps_its_lease_and_what_waits_asks_for_none(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);
    const struct want wants[] = {
        WANT("u1", 1, .policy = policy, .lease_epoch = 1, .lease_ms = 30000), {.uid = NULL}};

    world_reading(world, SENSOR_BATTERY, 20);
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    pass(world, 60000);
    assert_null(strstr(world->page.data, "send renew"));
    world_reading(world, SENSOR_BATTERY, 80);
    world_renewed(world, wants);
    expect_has(world, "spawn u1 run=1 gen=1 work epoch=1");
    world_started(world, "u1", 1);
    world_reading(world, SENSOR_BATTERY, 20);
    expect_has(world, "suspend u1 run=1\n");
    pass(world, 11000);
    expect_has(world, "send renew");
}

static void flutter(struct agent_world *world, int times)
{
    for (int i = 0; i < times; i++) {
        world_reading(world, SENSOR_BATTERY, i % 2 == 0 ? 20 : 90);
        world_pass(world, 1000);
    }
    world_down(world); /* it dialled, and nobody answered */
    world_clear(world);
}

static void come_back(struct agent_world *world)
{
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static void changes_are_told_once_when_the_agent_is_back(void **state)
{
    struct agent_world *world = *state;

    world->shows_changes = true;
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_down(world);
    flutter(world, 3);
    world_reboot(world); /* they are on the disk */
    world_found_running(world, "u1", 1);
    world_read(world);
    world_start(world);
    come_back(world);
    expect_has(world, " Suspend/BatteryLow Run/None Suspend/BatteryLow");
    world_down(world); /* the answer is lost */
    come_back(world);
    expect_has(world, " Suspend/BatteryLow Run/None Suspend/BatteryLow");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 90);
    pass(world, 10 * 60 * 1000);
    assert_int_equal(count_of(world->page.data, "Suspend/BatteryLow"), 0);
}

static void the_newest_changes_are_kept_and_the_others_counted(void **state)
{
    struct agent_world *world = *state;

    world->shows_changes = true;
    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_down(world);
    flutter(world, POLICY_CHANGES_MAX + 5);
    come_back(world);
    assert_int_equal(count_of(world->page.data, "Suspend/") + count_of(world->page.data, "Run/"),
                     POLICY_CHANGES_MAX);
    expect_has(world, " dropped=5 ");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 90);
    assert_null(strstr(world->page.data, "dropped"));
    expect_has(world, "Run/None\n");
}

static void what_waits_long_gives_its_memory_back(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world_reading(world, SENSOR_BATTERY, 20);
    world_reported(world);
    world_clear(world);
    pass(world, MAX_SUSPEND_MS - 2000);
    assert_null(strstr(world->page.data, "signal"));
    pass(world, 4000);
    expect_has(world, "signal u1 run=1 grace=20000\n");
}

/* It ran, or was about to, and waits: there is nothing of it that could be ended. */
static void what_ended_by_itself_is_held_and_not_ended_again(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, gentle);

    given_governed(world, ONE("u1", 1, .policy = policy, .restart = RESTART_ALWAYS));
    world->shows_changes = true;
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 20);
    expect_has(world, "Suspend/BatteryLow");
    world_reported(world);
    world_clear(world);
    pass(world, MAX_SUSPEND_MS + 5000);
    assert_null(strstr(world->page.data, "send report"));
    world_reading(world, SENSOR_BATTERY, 60);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

/* Somebody used the machine two minutes ago: what runs goes on, and nothing starts. */
static void what_ended_by_itself_starts_by_the_rule_for_starts(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy =
        world_policy(world, "{'battery': {'minPercent': 0, 'requireCharging': false},"
                            " 'user': {'startAfterIdle': '5m', 'continueAfterIdle': '1m'}}");

    world_reading(world, SENSOR_IDLE, 600 * 1000);
    given_governed(world, ONE("u1", 1, .policy = policy, .restart = RESTART_ALWAYS));
    world_reading(world, SENSOR_IDLE, 120 * 1000);
    expect(world, "");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
    expect_has(world, "u1/1:Suspended(UserActive)");
}

static void what_was_ended_is_so_until_it_may_start(void **state)
{
    struct agent_world *world = *state;

    given_governed(world, ONE("u1", 1, .policy = world_policy(world, gentle)));
    world->shows_changes = true;
    world_reading(world, SENSOR_BATTERY, 20);
    world_reported(world);
    pass(world, MAX_SUSPEND_MS + 1000);
    expect_has(world, "Evict/BatteryLow");
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    world_reported(world);
    world_clear(world);
    pass(world, MAX_SUSPEND_MS + 1000);
    assert_null(strstr(world->page.data, "send report"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(a_low_battery_suspends_until_it_is_charged_well),
        TEST(heat_slows_then_suspends_then_evicts),
        TEST(what_is_slowed_runs_and_says_so),
        TEST(work_shares_what_its_policy_allows_by_its_cores),
        TEST(what_is_cut_off_is_governed_all_the_same),
        TEST(a_sensor_that_tells_nothing_any_more_suspends),
        TEST(nothing_starts_before_the_first_readings),
        TEST(an_idle_agent_reads_as_often_as_it_tells),
        TEST(work_that_is_held_does_not_start),
        TEST(a_restart_changes_nothing_for_what_is_held),
        TEST(what_was_found_held_goes_on_by_the_stricter_threshold),
        TEST(what_was_held_out_of_sight_goes_on_as_what_was_found_so),
        TEST(what_ran_out_of_sight_goes_on_by_the_stricter_threshold),
        TEST(what_was_found_held_is_ended_after_its_longest_suspension),
        TEST(agents_that_come_and_go_do_not_let_it_keep_its_memory),
        TEST(what_its_shim_suspended_long_ago_is_ended),
        TEST(what_was_suspended_in_a_standstill_counts_from_then),
        TEST(what_was_frozen_and_runs_is_not_held),
        TEST(what_its_shim_suspended_goes_on_once_it_may),
        TEST(what_is_found_suspended_by_its_shim_is_not_let_go_unread),
        TEST(the_owners_policy_outranks_the_manifests),
        TEST(no_manifest_lets_work_run_unwatched_for_longer_than_the_owner),
        TEST(a_paused_owner_holds_work_under_a_policy_too),
        TEST(what_is_held_has_no_long_grace),
        TEST(what_was_removed_does_not_end_at_leisure_against_its_policy),
        TEST(what_was_removed_does_not_end_at_leisure_unwatched),
        TEST(no_eviction_takes_its_time_against_the_owners_rules),
        TEST(what_is_held_is_not_let_run_by_its_removal),
        TEST(what_is_suspended_keeps_its_lease_and_what_waits_asks_for_none),
        TEST(changes_are_told_once_when_the_agent_is_back),
        TEST(the_newest_changes_are_kept_and_the_others_counted),
        TEST(what_waits_long_gives_its_memory_back),
        TEST(what_ended_by_itself_is_held_and_not_ended_again),
        TEST(what_ended_by_itself_starts_by_the_rule_for_starts),
        TEST(what_was_ended_is_so_until_it_may_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
