/* Exclusive work and its leases, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LEASE_MS = 9000 };

#define EXCLUSIVE ONE("u1", 1, .restart = RESTART_ALWAYS, .lease_epoch = 4, .lease_ms = LEASE_MS)

/* At 0 the lease was asked for and granted without delay; `now_ms` is rounded up for readability
 * of the moments that follow. */
static int64_t given_leased(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
    world_pass(world, 10000 - world->now_ms);
    world_assign(world, EXCLUSIVE);
    world_renewed(world, EXCLUSIVE);
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
    return world->now_ms;
}

static void exclusive_work_starts_only_with_a_granted_lease(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_pass(world, 10000 - world->now_ms);
    world_assign(world, EXCLUSIVE);
    expect(world, "send renew u1/4\n"
                  "save\n"
                  "send accepted rev=1\n"
                  "send report u1/1:Starting(AwaitingLease)\n");
    world_pass(world, 1000);
    world_renewed(world, EXCLUSIVE);
    expect(world, "save\n"
                  "spawn u1 run=1 gen=1 work epoch=4 lease=19000\n");
}

static void a_lease_counts_from_the_sending_of_its_request(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_pass(world, 10000 - world->now_ms);
    world_assign(world, EXCLUSIVE);
    world_pass(world, 2900);
    world_clear(world);
    world_renewed(world, EXCLUSIVE);
    expect(world, "save\n"
                  "spawn u1 run=1 gen=1 work epoch=4 lease=19000\n");
}

static void a_grant_that_comes_when_most_of_it_is_over_starts_nothing(void **state)
{
    struct agent_world *world = *state;
    uint64_t first;

    world_start(world);
    world_connect(world);
    world_pass(world, 10000 - world->now_ms);
    world_assign(world, EXCLUSIVE);
    first = world->renew_seq;
    world_pass(world, 8000);
    world_clear(world);
    world->renew_seq = first;
    world_renewed(world, EXCLUSIVE);
    expect(world, "");
}

static void a_lease_is_renewed_at_a_third_and_the_shim_is_told(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 2999);
    expect(world, "");
    world_pass(world, 1);
    expect(world, "send renew u1/4\n");
    world_pass(world, 500);
    world_renewed(world, EXCLUSIVE);
    expect(world, "extend u1 run=1 lease=22000\n");
    world_pass(world, 2500);
    expect(world, "send renew u1/4\n");
}

static void the_same_answer_twice_extends_once(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    world_clear(world);
    world_renewed(world, EXCLUSIVE);
    expect(world, "extend u1 run=1 lease=22000\n");
    world_renewed(world, EXCLUSIVE);
    expect(world, "");
}

static void a_refused_lease_stops_the_work_at_once(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    world_clear(world);
    world_renewed(world, NOTHING);
    expect(world, "signal u1 run=1 grace=0\n"
                  "send report u1/1:Stopping(LeaseEnded)\n");
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_STOPPED, 137);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send report u1/1:Stopped(LeaseEnded)=137\n");
}

static void a_lease_that_runs_out_while_cut_off_stops_the_work(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_down(world);
    world_pass(world, 8999);
    assert_null(strstr(world->page.data, "signal"));
    world_clear(world);
    world_pass(world, 1);
    expect_has(world, "signal u1 run=1 grace=0\n");
    world_exited(world, "u1", 1, EXIT_LEASE_ENDED, 137);
    world_clear(world);
    world_pass(world, 60 * 1000);
    assert_null(strstr(world->page.data, "spawn"));
}

static void work_comes_back_when_the_lease_does(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 9000); /* no request is answered */
    expect_has(world, "signal u1 run=1 grace=0\n");
    world_exited(world, "u1", 1, EXIT_LEASE_ENDED, 137);
    world_clear(world);
    world_renewed(world, EXCLUSIVE);
    expect_has(world, "spawn u1 run=2 gen=1 work epoch=4 lease=28000\n");
}

static void a_lost_answer_does_not_stop_work_before_the_lease_ends(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    expect(world, "send renew u1/4\n");
    world_pass(world, 3000);
    expect(world, "send renew u1/4\n");
    world_renewed(world, EXCLUSIVE);
    expect(world, "extend u1 run=1 lease=25000\n");
}

static void an_answer_of_an_earlier_connection_grants_nothing(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    world_down(world);
    world_connect(world);
    world->renew_seq--;
    world_renewed(world, EXCLUSIVE);
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void an_answer_to_nothing_is_bad(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world->renew_seq = 99;
    world_renewed(world, EXCLUSIVE);
    expect(world, "send error about \"renewed\": renewed: seq: nothing was asked under this "
                  "number\n");
}

static void a_lease_of_another_era_grants_nothing(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    world_clear(world);
    world->era = 2;
    world_renewed(world, EXCLUSIVE);
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void a_raised_lease_epoch_restarts_the_work_under_the_new_one(void **state)
{
    struct agent_world *world = *state;
    const struct want *raised =
        ONE("u1", 1, .restart = RESTART_ALWAYS, .lease_epoch = 5, .lease_ms = LEASE_MS);

    (void)given_leased(world);
    world_assign(world, raised);
    expect_has(world, "signal u1 run=1 grace=5000\n"
                      "send renew u1/5\n");
    world_renewed(world, raised);
    assert_null(strstr(world->page.data, "extend"));
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=2 gen=1 work epoch=5");
}

static void a_slow_stop_ends_with_the_lease(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_assign(world, ONE("u1", 2, .command = "other", .restart = RESTART_ALWAYS,
                            .lease_epoch = 4, .lease_ms = LEASE_MS, .grace_ms = 60 * 1000));
    expect_has(world, "signal u1 run=1 grace=5000\n");
    world_down(world);
    world_clear(world);
    world_pass(world, 9000);
    expect_has(world, "signal u1 run=1 grace=0\n");
}

static void an_adopted_run_is_left_to_its_shim_until_the_next_grant(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_clear(world);
    world_connect(world);
    world_renewed(world, EXCLUSIVE);
    expect_has(world, "extend u1 run=1 lease=");
}

static void an_adopted_run_whose_lease_is_refused_stops(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    world_renewed(world, NOTHING);
    expect_has(world, "signal u1 run=1 grace=0\n");
}

static void after_a_crash_a_lost_exclusive_run_waits_for_a_fresh_lease(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_reboot(world);
    world_start(world);
    world_pass(world, 100);
    assert_null(strstr(world->page.data, "spawn"));
    world_connect(world);
    assert_null(strstr(world->page.data, "spawn"));
    world_renewed(world, EXCLUSIVE);
    expect_has(world, "spawn u1 run=2 gen=1 work epoch=4");
}

static void suspended_work_keeps_its_lease_and_waiting_work_asks_for_none(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_owner(world, true);
    world_clear(world);
    world_pass(world, 3000);
    expect(world, "send renew u1/4\n");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_reported(world);
    world_reported(world);
    world_clear(world);
    world_pass(world, 30 * 1000);
    expect(world, "");
}

static void held_work_whose_lease_ended_says_what_holds_it(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_owner(world, true);
    world_pass(world, 9000); /* no request is answered */
    world_exited(world, "u1", 1, EXIT_LEASE_ENDED, 137);
    world_reported(world);
    world_reported(world);
    world_clear(world);
    world_owner(world, false);
    expect_has(world, "u1/1:Stopped(LeaseEnded)=137\n");
    world_reported(world);
    world_clear(world);
    world_owner(world, true);
    expect_has(world, "u1/1:Suspended(OwnerPaused)=137\n");
}

static void one_request_asks_for_all_that_is_due(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world,
                 WANTS(WANT("u1", 1, .lease_epoch = 1, .lease_ms = LEASE_MS),
                       WANT("u2", 1, .lease_epoch = 2, .lease_ms = LEASE_MS), WANT("u3", 1)));
    expect_has(world, "send renew u1/1 u2/2\n");
}

static void a_grant_for_work_nobody_wants_is_ignored(void **state)
{
    struct agent_world *world = *state;

    (void)given_leased(world);
    world_pass(world, 3000);
    world_assign(world, NOTHING);
    world_clear(world);
    world_renewed(world, EXCLUSIVE);
    expect(world, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(exclusive_work_starts_only_with_a_granted_lease),
        TEST(a_lease_counts_from_the_sending_of_its_request),
        TEST(a_grant_that_comes_when_most_of_it_is_over_starts_nothing),
        TEST(a_lease_is_renewed_at_a_third_and_the_shim_is_told),
        TEST(the_same_answer_twice_extends_once),
        TEST(a_refused_lease_stops_the_work_at_once),
        TEST(a_lease_that_runs_out_while_cut_off_stops_the_work),
        TEST(work_comes_back_when_the_lease_does),
        TEST(a_lost_answer_does_not_stop_work_before_the_lease_ends),
        TEST(an_answer_of_an_earlier_connection_grants_nothing),
        TEST(an_answer_to_nothing_is_bad),
        TEST(a_lease_of_another_era_grants_nothing),
        TEST(a_raised_lease_epoch_restarts_the_work_under_the_new_one),
        TEST(a_slow_stop_ends_with_the_lease),
        TEST(an_adopted_run_is_left_to_its_shim_until_the_next_grant),
        TEST(an_adopted_run_whose_lease_is_refused_stops),
        TEST(after_a_crash_a_lost_exclusive_run_waits_for_a_fresh_lease),
        TEST(suspended_work_keeps_its_lease_and_waiting_work_asks_for_none),
        TEST(held_work_whose_lease_ended_says_what_holds_it),
        TEST(one_request_asks_for_all_that_is_due),
        TEST(a_grant_for_work_nobody_wants_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
