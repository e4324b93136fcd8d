/* What becomes of one assignment, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Connected, with this assigned, running as run 1, and all of it reported. */
static void given_running(struct agent_world *world, const struct want *wants)
{
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, wants->uid, 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

static void an_assignment_is_saved_then_started_then_reported(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    expect(world, "save\n"
                  "spawn u1 run=1 gen=1 work\n"
                  "send accepted rev=1\n"
                  "send report u1/1:Starting\n");
    world_started(world, "u1", 1);
    expect(world, "");
    world_reported(world);
    expect(world, "send report u1/1:Running\n");
    world_reported(world);
    expect(world, "");
}

static void a_run_that_ends_well_is_done_and_stays_done(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send report u1/1:Succeeded(Completed)\n");
    world_pass(world, 3600 * 1000);
    world_reported(world);
    world_clear(world);
    world_assign(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    expect(world, "save\n"
                  "send accepted rev=2\n");
}

static void the_same_exit_twice_is_taken_in_once(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 3);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send report u1/1:Failed(ExitedNonZero)=3\n");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 3);
    expect(world, "forget u1 run=1\n");
}

static void exited_saying(struct agent_world *world, const char *message)
{
    struct agt_exit exit = {.cause = EXIT_BY_ITSELF, .code = 137};
    struct agt_event event = {.type = AGT_EXITED, .uid = "u1", .run = 1, .exit = &exit};

    (void)snprintf(exit.message, sizeof(exit.message), "%s", message);
    world_event(world, &event);
}

static void too_much_memory_is_a_reason_of_its_own(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    exited_saying(world, "MemoryLimit: its processes hold 33Mi of 32Mi");
    expect_has(world, "u1/1:Failed(MemoryLimit)=137\n");
}

static void too_many_processes_have_a_reason_of_their_own(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    exited_saying(world, "PidsLimit: it has 6 of 5 processes");
    expect_has(world, "u1/1:Failed(PidsLimit)=137\n");
}

static void too_much_memory_is_tried_again_like_what_fails(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    exited_saying(world, "MemoryLimit: its processes hold 33Mi of 32Mi");
    expect_has(world, "u1/1:Starting(MemoryLimit)=137");
    world_reported(world);
    world_clear(world);
    world_pass(world, 60 * 1000);
    expect_has(world, "spawn u1 run=2");
}

static void without_restart_a_failure_is_final(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_NEVER));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 3);
    expect_has(world, "u1/1:Failed(ExitedNonZero)=3\n");
    world_reported(world);
    world_pass(world, 3600 * 1000);
    expect(world, "");
}

static void what_cannot_be_started_is_final_whatever_the_restart(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ALWAYS));
    world_exited(world, "u1", 1, EXIT_NOT_STARTED, 0);
    expect_has(world, "u1/1:Failed(StartFailed)\n");
    world_reported(world);
    world_pass(world, 3600 * 1000);
    expect(world, "");
}

/* Fails run after run, and returns how long the last start was waited for. */
static int64_t wait_after_failures(struct agent_world *world, int failures)
{
    int64_t waited_ms = 0;

    for (int run = 1; run <= failures; run++) {
        int64_t before = world->now_ms;

        world_exited(world, "u1", run, EXIT_BY_ITSELF, 1);
        world_clear(world);
        while (world->page.length == 0) {
            world_pass(world, 50);
            world_reported(world);
        }
        waited_ms = world->now_ms - before;
        expect_has(world, "spawn u1");
    }
    return waited_ms;
}

static void the_first_failure_waits_half_a_second_to_a_second(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    assert_in_range(wait_after_failures(world, 1), 500, 1050);
}

static void the_fourth_failure_in_a_row_waits_four_to_eight_seconds(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    assert_in_range(wait_after_failures(world, 4), 4000, 8050);
}

static void the_twelfth_failure_waits_no_longer_than_the_bound(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    assert_in_range(wait_after_failures(world, 12), 150 * 1000, 300 * 1000 + 50);
}

static void running_long_forgets_earlier_failures(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    (void)wait_after_failures(world, 6);
    world_exited_after(world, "u1", 7, 1, 11 * 60 * 1000);
    world_clear(world);
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=8");
}

static void always_starts_again_what_ended_well(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ALWAYS));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send report u1/1:Starting(BackOff)\n");
    world_pass(world, 1000);
    expect(world, "save\n"
                  "spawn u1 run=2 gen=1 work\n");
    world_reported(world);
    expect(world, "send report u1/1:Starting+1\n");
}

static void another_generation_stops_the_old_run_and_then_starts_the_new(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_assign(world, ONE("u1", 2, .command = "other"));
    expect(world, "signal u1 run=1 grace=5000\n"
                  "save\n"
                  "send accepted rev=2\n"
                  "send report u1/2:Stopping(Replaced)\n");
    world_reported(world);
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "spawn u1 run=2 gen=2 other\n"
                  "send report u1/2:Starting=143\n");
}

static void the_same_template_under_another_generation_goes_on_running(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_assign(world, ONE("u1", 2));
    expect(world, "save\n"
                  "send accepted rev=2\n"
                  "send report u1/2:Running\n");
}

static void another_policy_restarts_nothing(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *first = world_policy(world, "{'limits': {'cpuPercent': 50}}");
    const struct harvest_policy_spec *second =
        world_policy(world, "{'battery': {'minPercent': 30}, 'limits': {'cpuPercent': 30}}");

    world_read(world);
    given_running(world, ONE("u1", 1, .policy = first));
    world_assign(world, ONE("u1", 2, .policy = second));
    expect(world, "limit u1 run=1 cpu=300\n"
                  "save\n"
                  "send accepted rev=2\n"
                  "send report u1/2:Running\n");
    world_reboot(world);
    world_read(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 3, .policy = second, .command = "other"));
    expect_has(world, "signal u1 run=1");
}

/* From where it begins to the end of where it ends, with a digest that fits. */
static void cut_from_disk(struct agent_world *world, const char *begin, const char *end)
{
    char *from = strstr(world->disk.data, begin), *to = from == NULL ? NULL : strstr(from, end);
    char *body = strchr(world->disk.data, '\n') + 1;
    char digest_text[DIGEST_TEXT_SIZE];
    struct digest digest;

    assert_non_null(to);
    to += strlen(end);
    memmove(from, to, strlen(to) + 1);
    world->disk.length = strlen(world->disk.data);
    digest_of(body, strlen(body), &digest);
    digest_to_str(&digest, digest_text);
    memcpy(world->disk.data, digest_text, strlen(digest_text));
}

static void a_policy_that_an_older_program_passed_over_is_asked_for(void **state)
{
    struct agent_world *world = *state;
    const struct harvest_policy_spec *policy = world_policy(world, "{}");
    char digest[DIGEST_TEXT_SIZE];

    given_running(world, ONE("u1", 1, .policy = policy));
    cut_from_disk(world, ",\"policy\":{", ",\"unknown\":\"suspend\"}");
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    digest_to_str(&world->digest, digest);
    assert_string_not_equal(world->hello.digest, digest);
    world_clear(world);
    world_assign(world, ONE("u1", 1, .policy = policy));
    expect(world, "save\n"
                  "send accepted rev=2\n");
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    assert_string_equal(world->hello.digest, digest);
}

static void the_newest_generation_pre_empts_a_slow_stop(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .grace_ms = 600 * 1000));
    world_assign(world, ONE("u1", 2, .command = "other", .grace_ms = 600 * 1000));
    expect_has(world, "signal u1 run=1 grace=600000\n");
    world_assign(world, ONE("u1", 3, .command = "third", .grace_ms = 1000));
    expect_has(world, "signal u1 run=1 grace=1000\n");
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=2 gen=3 third\n");
}

static void another_generation_does_not_wait_for_the_back_off_of_the_old(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    (void)wait_after_failures(world, 6);
    world_exited(world, "u1", 7, EXIT_BY_ITSELF, 1);
    world_clear(world);
    world_assign(world, ONE("u1", 2, .command = "other"));
    expect_has(world, "spawn u1 run=8 gen=2 other\n");
}

static void another_generation_tries_again_what_failed_for_good(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 3);
    world_clear(world);
    world_assign(world, ONE("u1", 2));
    expect_has(world, "spawn u1 run=2 gen=2 work\n");
}

static void what_is_removed_is_stopped_reported_and_forgotten(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_assign(world, NOTHING);
    expect(world, "signal u1 run=1 grace=5000\n"
                  "save\n"
                  "send accepted rev=2\n"
                  "send report u1/1:Stopping(Removed)\n");
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect(world, "save\n"
                  "forget u1 run=1\n");
    world_reported(world);
    expect(world, "send report u1/1:Stopped(Removed)=143\n");
    world_reported(world);
    expect(world, "forget u1 run=0\n" /* the assignment itself */
                  "save\n");
}

static void what_comes_back_while_it_stops_is_started_again(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_assign(world, NOTHING);
    world_assign(world, ONE("u1", 1));
    world_clear(world);
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void a_paused_owner_suspends_what_runs_and_starts_nothing(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_owner(world, true);
    expect(world, "suspend u1 run=1\n"
                  "save\n"
                  "send report paused u1/1:Suspended(OwnerPaused)\n");
    world_reported(world);
    world_assign(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    expect(world, "save\n"
                  "send accepted rev=2\n"
                  "send report paused u2/1:Suspended(OwnerPaused)\n");
    world_reported(world);
    world_owner(world, true);
    expect(world, "");
    world_owner(world, false);
    expect(world, "resume u1 run=1\n"
                  "save\n"
                  "spawn u2 run=1 gen=1 work\n"
                  "send report u1/1:Running u2/1:Starting\n");
}

static void a_pause_is_told_even_when_nothing_is_assigned(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_owner(world, true);
    expect(world, "save\n"
                  "send report paused\n");
}

static void what_is_frozen_is_thawed_before_it_is_stopped(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_owner(world, true);
    world_clear(world);
    world_assign(world, NOTHING);
    expect_has(world, "resume u1 run=1\n"
                      "signal u1 run=1 grace=5000\n");
}

static void a_killed_workload_comes_back_unprompted(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    world_down(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 137);
    world_clear(world);
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void a_lost_shim_is_no_failure_of_the_workload(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    world_exited(world, "u1", 1, EXIT_LOST, 0);
    expect_has(world, "u1/1:Starting(BackOff)\n");
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=2");
}

static void usage_is_no_news_but_goes_along(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    world_usage(world, "u1", 1, 400);
    expect(world, "");
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
    expect_has(world, "u1/1:Starting(BackOff)=1[400ms]\n");
    world_reported(world);
    world_pass(world, 1000);
    world_usage(world, "u1", 2, 30);
    world_usage(world, "u1", 2, 20); /* late: grows only */
    world_clear(world);
    world_exited(world, "u1", 2, EXIT_BY_ITSELF, 0);
    world_reported(world);
    expect_has(world, "u1/1:Succeeded(Completed)+1[430ms]\n");
}

static void what_is_forgotten_was_used_all_the_same(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_usage(world, "u1", 1, 400);
    world_assign(world, NOTHING);
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    world_reported(world);
    world_reported(world);
    expect_has(world, "forget u1 run=0\n");
    assert_int_equal(agt_cpu_ms(world->agt), 400);
}

static void usage_rides_in_heartbeats(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_usage(world, "u1", 1, 400);
    world->shows_heartbeats = true;
    world_pass(world, 30 * 1000);
    expect_has(world, "send heartbeat cpu=400ms\n");
}

static void usage_of_a_long_run_is_saved_every_five_minutes(void **state)
{
    struct agent_world *world = *state;

    given_running(world, ONE("u1", 1));
    world_usage(world, "u1", 1, 400);
    world_pass(world, 5 * 60 * 1000);
    expect(world, "save\n");
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_welcome(world);
    expect_has(world, "send report u1/1:Running[400ms]\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(an_assignment_is_saved_then_started_then_reported),
        TEST(a_run_that_ends_well_is_done_and_stays_done),
        TEST(the_same_exit_twice_is_taken_in_once),
        TEST(too_much_memory_is_a_reason_of_its_own),
        TEST(too_many_processes_have_a_reason_of_their_own),
        TEST(too_much_memory_is_tried_again_like_what_fails),
        TEST(without_restart_a_failure_is_final),
        TEST(what_cannot_be_started_is_final_whatever_the_restart),
        TEST(the_first_failure_waits_half_a_second_to_a_second),
        TEST(the_fourth_failure_in_a_row_waits_four_to_eight_seconds),
        TEST(the_twelfth_failure_waits_no_longer_than_the_bound),
        TEST(running_long_forgets_earlier_failures),
        TEST(always_starts_again_what_ended_well),
        TEST(another_generation_stops_the_old_run_and_then_starts_the_new),
        TEST(the_same_template_under_another_generation_goes_on_running),
        TEST(another_policy_restarts_nothing),
        TEST(a_policy_that_an_older_program_passed_over_is_asked_for),
        TEST(the_newest_generation_pre_empts_a_slow_stop),
        TEST(another_generation_does_not_wait_for_the_back_off_of_the_old),
        TEST(another_generation_tries_again_what_failed_for_good),
        TEST(what_is_removed_is_stopped_reported_and_forgotten),
        TEST(what_comes_back_while_it_stops_is_started_again),
        TEST(a_paused_owner_suspends_what_runs_and_starts_nothing),
        TEST(a_pause_is_told_even_when_nothing_is_assigned),
        TEST(what_is_frozen_is_thawed_before_it_is_stopped),
        TEST(a_killed_workload_comes_back_unprompted),
        TEST(a_lost_shim_is_no_failure_of_the_workload),
        TEST(usage_is_no_news_but_goes_along),
        TEST(what_is_forgotten_was_used_all_the_same),
        TEST(usage_rides_in_heartbeats),
        TEST(usage_of_a_long_run_is_saved_every_five_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
