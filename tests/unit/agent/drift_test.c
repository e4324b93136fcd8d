/* What an agent does when somebody on its machine changes what it runs. */
#include "agent/core/model.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000 };

#define HEALED(...)   ONE("u1", 1, ##__VA_ARGS__)
#define REPORTED(...) ONE("u1", 1, .drift = DRIFT_REPORT, ##__VA_ARGS__)

static void given_running(struct agent_world *world, const struct want *wants)
{
    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

static void when_ended_by_hand(struct agent_world *world, int64_t run, enum exit_cause cause,
                               int code)
{
    const struct agt_exit exit = {.cause = cause, .code = code, .is_from_outside = true};
    struct agt_event event = {.type = AGT_EXITED, .uid = "u1", .run = run, .exit = &exit};

    world_event(world, &event);
}

static void when_changed(struct agent_world *world, unsigned drift)
{
    struct agt_event event = {.type = AGT_DRIFTED, .uid = "u1", .run = 1, .drift = drift};

    world_event(world, &event);
}

static void then_told(struct agent_world *world, enum drift_sort sort, bool is_open, int found,
                      int healed)
{
    struct work *work = set_find(world->agt, "u1");
    const struct drift_row *row;
    drift_t drift;

    assert_non_null(work);
    drift_list(work, &drift);
    row = drift_row_find(&drift, drift_words[sort]);
    assert_non_null(row);
    assert_int_equal(row->open, is_open);
    assert_int_equal(row->found, found);
    assert_int_equal(row->healed, healed);
}

static void what_was_ended_by_hand_is_started_again(void **state)
{
    struct agent_world *world = *state;

    given_running(world, HEALED(.restart = RESTART_ON_FAILURE));
    when_ended_by_hand(world, 1, EXIT_BY_ITSELF, 137);
    then_told(world, DRIFT_ENDED, true, 1, 0);
    world_reported(world);
    world_pass(world, HOUR_MS);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
    world_started(world, "u1", 2);
    then_told(world, DRIFT_ENDED, false, 1, 1);
}

static void what_is_to_be_reported_is_left_whatever_its_restart_policy(void **state)
{
    struct agent_world *world = *state;

    given_running(world, REPORTED(.restart = RESTART_ALWAYS));
    when_ended_by_hand(world, 1, EXIT_LOST, 0);
    expect_has(world, "send report u1/1:Starting(Drifted)\n");
    world_reported(world);
    world_pass(world, HOUR_MS);
    expect(world, "");
    then_told(world, DRIFT_ENDED, true, 1, 0);
}

static void what_is_left_stays_so_over_a_restart_of_the_agent(void **state)
{
    struct agent_world *world = *state;

    given_running(world, REPORTED(.restart = RESTART_ALWAYS));
    when_ended_by_hand(world, 1, EXIT_BY_ITSELF, 143);
    world_reboot(world);
    world_start(world);
    world_connect(world);
    world_reported(world);
    world_clear(world);
    world_pass(world, HOUR_MS);
    expect(world, "");
    then_told(world, DRIFT_ENDED, true, 1, 0);
    world_assign(world, ONE("u1", 2, .command = "other", .drift = DRIFT_REPORT));
    expect_has(world, "spawn u1 run=2 gen=2 other\n");
    then_told(world, DRIFT_ENDED, false, 1, 0);
}

static void what_is_left_goes_on_when_it_is_to_be_healed(void **state)
{
    struct agent_world *world = *state;

    given_running(world, REPORTED());
    when_ended_by_hand(world, 1, EXIT_BY_ITSELF, 137);
    world_clear(world);
    world_assign(world, ONE("u1", 2));
    expect_has(world, "spawn u1 run=2 gen=2 work\n");
}

static void what_ends_by_itself_is_no_drift(void **state)
{
    struct agent_world *world = *state;

    given_running(world, REPORTED(.restart = RESTART_ON_FAILURE));
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
    world_reported(world);
    world_pass(world, HOUR_MS);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void a_change_of_the_mode_alone_restarts_nothing(void **state)
{
    struct agent_world *world = *state;

    given_running(world, HEALED());
    world_assign(world, ONE("u1", 2, .drift = DRIFT_REPORT));
    expect(world, "save\n"
                  "send accepted rev=2\n"
                  "send report u1/2:Running\n");
}

static void changed_limits_are_set_again(void **state)
{
    struct agent_world *world = *state;

    given_running(world, HEALED());
    when_changed(world, 1U << DRIFT_LIMITS);
    expect_has(world, "mend u1 run=1\n");
    then_told(world, DRIFT_LIMITS, true, 1, 0);
    when_changed(world, 1U << DRIFT_LIMITS); /* told again: the word was lost */
    expect_has(world, "mend u1 run=1\n");
    when_changed(world, 0);
    then_told(world, DRIFT_LIMITS, false, 1, 1);
}

static void changed_limits_are_left_and_may_come_back(void **state)
{
    struct agent_world *world = *state;

    given_running(world, REPORTED());
    when_changed(world, 1U << DRIFT_LIMITS | 1U << DRIFT_STOPPED);
    expect(world, "save\n"
                  "send report u1/1:Running\n");
    when_changed(world, 1U << DRIFT_STOPPED);
    then_told(world, DRIFT_LIMITS, false, 1, 0);
    then_told(world, DRIFT_STOPPED, true, 1, 0);
}

static void what_lost_its_directory_is_started_anew(void **state)
{
    struct agent_world *world = *state;

    given_running(world, HEALED());
    when_changed(world, 1U << DRIFT_FILES);
    expect_has(world, "signal u1 run=1 grace=5000\n");
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
    then_told(world, DRIFT_FILES, false, 1, 1);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        WORLD(what_was_ended_by_hand_is_started_again),
        WORLD(what_is_to_be_reported_is_left_whatever_its_restart_policy),
        WORLD(what_is_left_stays_so_over_a_restart_of_the_agent),
        WORLD(what_is_left_goes_on_when_it_is_to_be_healed),
        WORLD(what_ends_by_itself_is_no_drift),
        WORLD(a_change_of_the_mode_alone_restarts_nothing),
        WORLD(changed_limits_are_set_again),
        WORLD(changed_limits_are_left_and_may_come_back),
        WORLD(what_lost_its_directory_is_started_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
