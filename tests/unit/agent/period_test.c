/* Accounting periods, told by traces on a virtual clock: whatever is cut off, each amount is told
 * under one number. */
#include "agent/core/model.h"
#include "agent/core/work.h"
#include "schema/limits.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void given_work(struct agent_world *world)
{
    world->agent_uid = "agent-uid";
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
}

static void a_period_passes(struct agent_world *world)
{
    world_clear(world);
    world_pass(world, PERIOD_MS + HEARTBEAT_MAX_MS);
}

/* Up to the period, sent once and not answered. */
static void given_a_period(struct agent_world *world)
{
    given_work(world);
    world_usage(world, "u1", 1, 700);
    a_period_passes(world);
    expect_has(world, "send report period 1 session-uid=700ms\n");
}

static void what_is_used_is_told_once(void **state)
{
    struct agent_world *world = *state;

    given_a_period(world);
    world->period_taken = 1;
    world_reported(world);
    a_period_passes(world);
    expect(world, "");
    world_usage(world, "u1", 1, 1000);
    a_period_passes(world);
    expect_has(world, "send report period 2 session-uid=300ms\n");
}

static void a_period_that_was_not_taken_in_stays_as_it_is(void **state)
{
    struct agent_world *world = *state;

    given_a_period(world);
    world_usage(world, "u1", 1, 1000);
    world_down(world);
    world_clear(world);
    world_connect(world);
    expect(world, "");
    world_pass(world, 1);
    world_usage(world, "u1", 1, 1100);
    world->period_taken = 1;
    world_reported(world);
    a_period_passes(world);
    expect_has(world, "send report period 2 session-uid=400ms\n");
}

/* A controller whose disk is full answers and takes nothing in. */
static void a_period_that_is_not_taken_in_is_said_again(void **state)
{
    struct agent_world *world = *state;

    given_a_period(world);
    world_reported(world);
    world_clear(world);
    world_pass(world, PERIOD_AGAIN_MS / 2);
    expect(world, "");
    world_pass(world, PERIOD_AGAIN_MS / 2 + HEARTBEAT_MAX_MS);
    expect_has(world, "send report period 1 session-uid=700ms\n");
    world->period_taken = 1;
    world_reported(world);
    world_clear(world);
    world_pass(world, 2 * PERIOD_AGAIN_MS);
    expect(world, "");
}

static void a_crash_changes_no_period(void **state)
{
    struct agent_world *world = *state;

    given_a_period(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_welcome(world);
    expect_has(world, " period 1 session-uid=700ms\n");
    world_usage(world, "u1", 1, 900);
    world->period_taken = 1;
    world_reported(world);
    a_period_passes(world);
    expect_has(world, "send report period 2 session-uid=200ms\n");
}

static void an_older_controller_takes_none_in_and_nothing_is_lost(void **state)
{
    struct agent_world *world = *state;

    given_work(world);
    world_down(world);
    world->agent_uid = NULL;
    world_connect(world);
    world_usage(world, "u1", 1, 700);
    a_period_passes(world);
    assert_null(strstr(world->page.data, "period"));
    world_down(world);
    world->agent_uid = "agent-uid";
    world_clear(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_welcome(world);
    expect_has(world, " period 1 session-uid=700ms\n");
}

/* Its disk is older than what the controller heard: what is open may have been told. */
static void a_state_that_went_back_tells_nothing_twice(void **state)
{
    struct agent_world *world = *state;

    given_work(world);
    world_usage(world, "u1", 1, 700);
    world->period_taken = 3;
    world_down(world);
    world_connect(world);
    a_period_passes(world);
    world_usage(world, "u1", 1, 900);
    a_period_passes(world);
    assert_null(strstr(world->page.data, "period"));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1); /* its next run counts again */
    world_reported(world);
    world_pass(world, RESTART_MAX_MS);
    assert_null(strstr(world->page.data, "period"));
}

static void what_was_told_under_another_uid_is_not_told_again(void **state)
{
    struct agent_world *world = *state;

    given_a_period(world);
    world_down(world);
    world->agent_uid = "another-uid";
    world_connect(world);
    a_period_passes(world);
    assert_null(strstr(world->page.data, "period"));
}

/* An agent that is never connected does not grow with the sessions that it worked for. */
static void of_more_sessions_than_can_wait_nothing_is_counted(void **state)
{
    struct agent_world *world = *state;
    const struct contribution more = {.cpu_ms = 1};
    char session_uid[UID_TEXT_SIZE];
    struct work work = {.wanted.session_uid = session_uid};

    world_start(world);
    for (int i = 0; i < PERIOD_OPEN_MAX + 2; i++) {
        (void)snprintf(session_uid, sizeof(session_uid), "session-%d", i);
        period_add(world->agt, &work, &more);
    }
    assert_int_equal(world->agt->periods.open.count, PERIOD_OPEN_MAX);
    (void)snprintf(session_uid, sizeof(session_uid), "session-0");
    period_add(world->agt, &work, &more); /* what waits already grows */
    assert_int_equal(
        ((struct period_share *)map_find(&world->agt->periods.open, session_uid))->cpu_ms, 2);
}

/* Nobody could follow. */
static void a_number_beyond_all_is_not_believed(void **state)
{
    struct agent_world *world = *state;

    given_work(world);
    world_usage(world, "u1", 1, 700);
    world->period_taken = INT64_C(1) << 50;
    world_down(world);
    world_connect(world);
    a_period_passes(world);
    expect_has(world, "send report period 1 session-uid=700ms\n");
    world_reported(world);
    world_clear(world);
    world_pass(world, 10 * PERIOD_AGAIN_MS); /* it would not be taken in then, either */
    expect(world, "");
    world->period_taken = 0;
    world_down(world);
    world_connect(world);
    world_pass(world, HEARTBEAT_MAX_MS);
    world_reported(world);
    world_clear(world);
    world_pass(world, PERIOD_AGAIN_MS + HEARTBEAT_MAX_MS);
    expect_has(world, "send report period 1 session-uid=700ms\n");
}

static void a_process_that_was_found_is_not_counted(void **state)
{
    struct agent_world *world = *state;

    world->agent_uid = "agent-uid";
    world_found_running(world, "u1", 4);
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    world_usage(world, "u1", 4, 700);
    world_exited(world, "u1", 4, EXIT_STOPPED, 0);
    world_started(world, "u1", 5);
    world_usage(world, "u1", 5, 30);
    world_reported(world);
    a_period_passes(world);
    expect_has(world, " period 1 session-uid=30ms\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(what_is_used_is_told_once),
        TEST(a_period_that_was_not_taken_in_stays_as_it_is),
        TEST(a_period_that_is_not_taken_in_is_said_again),
        TEST(a_crash_changes_no_period),
        TEST(an_older_controller_takes_none_in_and_nothing_is_lost),
        TEST(a_state_that_went_back_tells_nothing_twice),
        TEST(what_was_told_under_another_uid_is_not_told_again),
        TEST(of_more_sessions_than_can_wait_nothing_is_counted),
        TEST(a_number_beyond_all_is_not_believed),
        TEST(a_process_that_was_found_is_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
