/* Outputs after a run, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define MAKES(...) ONE("u1", 1, .has_output = true, .restart = RESTART_ON_FAILURE, ##__VA_ARGS__)

static void given_collecting(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
    world_assign(world, MAKES());
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    expect(world, "collect u1 run=1\n"
                  "save\n"
                  "send report u1/1:Running(Uploading)\n");
    world_reported(world);
    world_clear(world);
}

static void nothing_succeeds_before_its_outputs_are_stored(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_pass(world, 60 * 1000);
    expect(world, "");
    world_collected(world, "u1", 1, 0);
    expect(world, "save\n"
                  "send report u1/1:Succeeded(Completed)\n");
    world_collected(world, "u1", 1, 0); /* again */
    expect(world, "");
    world_reported(world);
    expect(world, "save\n"
                  "forget u1 run=1\n");
}

/* Whoever reads that it ended takes what is held back then for something that may begin elsewhere.
 */
static void a_run_has_not_ended_before_its_outputs_are_stored(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    assert_int_equal(world->told_end.ms, 0);
    world_collected(world, "u1", 1, 0);
    assert_int_not_equal(world->told_end.ms, 0);
}

static void given_stored_and_cut_off(struct agent_world *world)
{
    given_collecting(world);
    world_down(world);
    world_collected(world, "u1", 1, 0);
    assert_null(strstr(world->page.data, "forget"));
    world_clear(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
}

/* Nothing refers to them before they are told, so that they may be gone. */
static void what_was_stored_before_a_silence_is_stored_again(void **state)
{
    struct agent_world *world = *state;

    given_stored_and_cut_off(world);
    world_welcome(world);
    assert_null(strstr(world->page.data, "Succeeded"));
    expect_has(world, "collect u1 run=1\n");
    world_reported(world);
    world_collected(world, "u1", 1, ERR_UNAVAILABLE);
    world_reported(world);
    world_pass(world, 1000);
    assert_null(strstr(world->page.data, "Succeeded"));
    expect_has(world, "collect u1 run=1\n");
    world_collected(world, "u1", 1, 0);
    world_reported(world);
    expect_has(world, "send report u1/1:Succeeded(Completed)\n");
    world_reported(world);
    expect_has(world, "forget u1 run=1\n");
}

static void what_is_not_acknowledged_keeps_its_files(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_collected(world, "u1", 1, 0);
    world_down(world);
    world_connect(world);
    world_reported(world);
    world_collected(world, "u1", 1, 0);
    assert_null(strstr(world->page.data, "forget"));
    expect_has(world, "send report u1/1:Succeeded(Completed)\n");
    world_reboot(world);
    world_found_ended(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_start(world);
    world_connect(world);
    world_reported(world);
    assert_null(strstr(world->page.data, "forget"));
    world_collected(world, "u1", 1, 0);
    expect_has(world, "send report u1/1:Succeeded(Completed)\n");
    world_reported(world);
    expect_has(world, "forget u1 run=1\n");
}

/* --- what its policy says ----------------------------------------------------------------------
 */

static void given_in_doubt(struct agent_world *world, const struct want *wants)
{
    world_reading(world, SENSOR_BATTERY, 80);
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, "u1", 1);
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_reported(world);
    world_down(world);
    world_collected(world, "u1", 1, 0);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
}

static const struct harvest_policy_spec *charged(struct agent_world *world)
{
    return world_policy(world, "{'battery': {'minPercent': 50, 'resumePercent': 60, "
                               "'requireCharging': false}, 'limits': {'cpuPercent': 50}}");
}

static void what_is_in_doubt_is_not_sent_while_its_policy_holds_it(void **state)
{
    struct agent_world *world = *state;

    given_in_doubt(world, MAKES(.policy = charged(world)));
    world_reading(world, SENSOR_BATTERY, 49);
    world_welcome(world);
    assert_null(strstr(world->page.data, "collect"));
    assert_int_equal(world->told_end.ms, 0); /* so that nobody begins it elsewhere */
    expect_has(world, "send report u1/1:Suspended(BatteryLow)\n");
    world_reported(world);
    assert_int_equal(agt_readings_due(world->agt).ms, world->now_ms + POLICY_STEP_MS);
    assert_true(agt_deadline(world->agt).ms <= world->now_ms + POLICY_STEP_MS);
    world_reading(world, SENSOR_BATTERY, 60);
    expect_has(world, "collect u1 run=1\n");
    world_collected(world, "u1", 1, 0);
    world_reported(world);
    expect_has(world, "send report u1/1:Succeeded(Completed)\n");
    world_reported(world);
    expect_has(world, "forget u1 run=1\n");
    assert_true(agt_readings_due(world->agt).ms > world->now_ms + POLICY_STEP_MS);
}

static void what_is_sent_again_is_let_go_of_and_keeps_its_files(void **state)
{
    struct agent_world *world = *state;

    given_in_doubt(world, MAKES(.policy = charged(world)));
    world_welcome(world);
    expect_has(world, "collect u1 run=1\n");
    world_reported(world);
    world_reading(world, SENSOR_BATTERY, 49);
    assert_null(strstr(world->page.data, "forget"));
    expect_has(world, "uncollect u1 run=1\n");
    world_collected(world, "u1", 1, 0); /* too late */
    world_reported(world);
    assert_null(strstr(world->page.data, "Succeeded"));
    assert_non_null(strstr(world->disk.data, "\"keepsFiles\":true"));
    world_reading(world, SENSOR_BATTERY, 60);
    assert_null(strstr(world->page.data, "forget"));
    expect_has(world, "collect u1 run=1\n");
}

static void an_owner_who_pauses_has_nothing_sent(void **state)
{
    struct agent_world *world = *state;

    given_in_doubt(world, MAKES());
    world_owner(world, true);
    world_welcome(world);
    assert_null(strstr(world->page.data, "collect"));
    expect_has(world, "Suspended(OwnerPaused)");
    world_reported(world);
    world_owner(world, false);
    expect_has(world, "collect u1 run=1\n");
    world_owner(world, true);
    expect_has(world, "uncollect u1 run=1\n");
}

/* It takes nobody's share, and no policy lets it have run. */
static void what_waits_to_be_sent_does_not_run(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = charged(world);

    given_in_doubt(world, MAKES(.policy = policy, .cores = 1000));
    world_welcome(world);
    world_clear(world);
    world_assign(world, WANTS(WANT("u1", 1, .has_output = true, .restart = RESTART_ON_FAILURE,
                                   .policy = policy, .cores = 1000),
                              WANT("u2", 1, .policy = policy, .cores = 1000)));
    expect_has(world, "spawn u2 run=1 gen=1 work cpu=500");
}

/* It has begun long ago, also for an agent that did not see it run, or that was to end it. */
static void to_send_what_was_made_is_no_start(void **state)
{
    struct agent_world *world = *state;
    const char *shy = "{'battery': {'requireCharging': false}, "
                      "'user': {'startAfterIdle': '5m', 'continueAfterIdle': '1m'}}";

    world_reading(world, SENSOR_IDLE, 10 * 60 * 1000);
    given_in_doubt(world, MAKES(.policy = world_policy(world, shy)));
    world_reboot(world);
    world_reading(world, SENSOR_IDLE, 59 * 1000);
    world_start(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    assert_null(strstr(world->page.data, "collect"));
    expect_has(world, "u1/1:Suspended(UserActive)");
    world_reported(world);
    world_reading(world, SENSOR_IDLE, 60 * 1000);
    expect_has(world, "collect u1 run=1\n");
}

/* A copy of a state: it was stored once, and may be stored nowhere now. */
static void given_stored_and_gone(struct agent_world *world, const struct want *wants)
{
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_reported(world);
    world_collected(world, "u1", 1, 0);
    world_reboot(world);
    world_start(world);
    world_connect(world);
    world_reported(world);
    world_clear(world);
    world_collected(world, "u1", 1, ERR_NOT_FOUND);
}

static void what_was_stored_and_is_gone_is_made_again(void **state)
{
    struct agent_world *world = *state;

    given_stored_and_gone(world, MAKES());
    assert_null(strstr(world->page.data, "Succeeded"));
    expect_has(world, "send report u1/1:Starting(BackOff)\n");
    assert_null(strstr(world->disk.data, "\"made\""));
    world_reported(world);
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void what_was_stored_and_is_gone_has_failed_for_good(void **state)
{
    struct agent_world *world = *state;

    given_stored_and_gone(world, ONE("u1", 1, .has_output = true, .restart = RESTART_NEVER));
    assert_null(strstr(world->page.data, "Succeeded"));
    expect_has(world, "send report u1/1:Failed(OutputMissing)\n");
    world_reported(world);
    world_pass(world, 60 * 1000);
    assert_null(strstr(world->page.data, "spawn"));
}

static void what_is_not_wanted_any_more_keeps_no_files(void **state)
{
    struct agent_world *world = *state;

    given_stored_and_cut_off(world);
    world_welcome(world);
    world_reported(world);
    world_clear(world);
    world_assign(world, NOTHING);
    expect_has(world, "uncollect u1 run=1\n");
    world_reported(world);
    assert_null(strstr(world->disk.data, "\"u1\""));
}

static void a_crash_while_they_are_stored_asks_again(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_reboot(world);
    world_found_ended(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_start(world);
    expect_has(world, "collect u1 run=1\n");
    world_collected(world, "u1", 1, 0);
    world_connect(world);
    world_reported(world);
    world_collected(world, "u1", 1, 0);
    world_reported(world);
    expect_has(world, "forget u1 run=1\n");
}

static void what_was_stored_is_told_also_after_a_crash(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_collected(world, "u1", 1, 0);
    world_reboot(world);
    world_start(world);
    world_connect(world);
    world_reported(world);
    assert_non_null(strstr(world->disk.data, "\"made\":[{\"path\":\"result\""));
}

static void storing_that_fails_is_tried_again(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_collected(world, "u1", 1, ERR_UNAVAILABLE);
    expect(world, "send report u1/1:Running(UploadFailed)\n");
    world_reported(world);
    world_pass(world, 1000);
    expect_has(world, "collect u1 run=1\n");
    world_collected(world, "u1", 1, 0);
    world_reported(world);
    world_reported(world);
    expect_has(world, "forget u1 run=1\n");
}

static void an_output_that_is_missing_is_a_failure(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_collected(world, "u1", 1, ERR_NOT_FOUND);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send report u1/1:Starting(BackOff)\n");
    world_reported(world);
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void a_run_that_failed_has_no_outputs(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, MAKES());
    world_started(world, "u1", 1);
    world_clear(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 3);
    expect(world, "save\n"
                  "forget u1 run=1\n");
}

static void removed_work_stops_collecting(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_assign(world, NOTHING);
    expect_has(world, "uncollect u1 run=1\n");
}

static void another_form_stops_collecting_and_starts(void **state)
{
    struct agent_world *world = *state;

    given_collecting(world);
    world_assign(world, ONE("u1", 2, .has_output = true, .command = "other"));
    expect_has(world, "uncollect u1 run=1\n");
    world_pass(world, 1000);
    world_started(world, "u1", 2);
    world_exited(world, "u1", 2, EXIT_BY_ITSELF, 0);
    expect_has(world, "collect u1 run=2\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(nothing_succeeds_before_its_outputs_are_stored),
        TEST(a_run_has_not_ended_before_its_outputs_are_stored),
        TEST(what_was_stored_before_a_silence_is_stored_again),
        TEST(what_is_not_acknowledged_keeps_its_files),
        TEST(what_is_in_doubt_is_not_sent_while_its_policy_holds_it),
        TEST(what_is_sent_again_is_let_go_of_and_keeps_its_files),
        TEST(an_owner_who_pauses_has_nothing_sent),
        TEST(what_waits_to_be_sent_does_not_run),
        TEST(to_send_what_was_made_is_no_start),
        TEST(what_was_stored_and_is_gone_is_made_again),
        TEST(what_was_stored_and_is_gone_has_failed_for_good),
        TEST(what_is_not_wanted_any_more_keeps_no_files),
        TEST(a_crash_while_they_are_stored_asks_again),
        TEST(what_was_stored_is_told_also_after_a_crash),
        TEST(storing_that_fails_is_tried_again),
        TEST(an_output_that_is_missing_is_a_failure),
        TEST(a_run_that_failed_has_no_outputs),
        TEST(removed_work_stops_collecting),
        TEST(another_form_stops_collecting_and_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
