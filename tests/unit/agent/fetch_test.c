/* Artifacts before a start, told by traces on a virtual clock. */
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NEEDS(...) ONE("u1", 1, .has_artifact = true, ##__VA_ARGS__)

static void given_fetching(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
    world_assign(world, NEEDS());
    expect(world, "fetch u1 run=1 port=0\n"
                  "save\n"
                  "send accepted rev=1\n"
                  "send report u1/1:Starting(Fetching)\n");
    world_reported(world);
    world_clear(world);
}

static void nothing_starts_before_its_artifacts_are_ready(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_pass(world, 60 * 1000);
    expect(world, "");
    world_fetched(world, "u1", 1, 0);
    expect(world, "save\n"
                  "spawn u1 run=1 gen=1 work\n"
                  "send report u1/1:Starting\n");
}

static void progress_is_news(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_fetching(world, "u1", 1, 250, 1000);
    expect(world, "send report u1/1:Starting(Fetching)\n");
    world_fetching(world, "u1", 7, 500, 1000); /* of no fetch of ours */
    world_reported(world);
    expect(world, "");
}

static void each_start_has_its_own(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_fetched(world, "u1", 1, 0);
    world_started(world, "u1", 1);
    world_exited(world, "u1", 1, EXIT_STOPPED, 0);
    expect_has(world, "fetch u1 run=2 port=0\n");
    world_fetched(world, "u1", 1, 0); /* late: of the first */
    expect(world, "");
    world_fetched(world, "u1", 2, 0);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void what_failed_is_tried_again_with_pauses_that_grow(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_fetched(world, "u1", 1, ERR_NOT_FOUND);
    expect(world, "send report u1/1:Starting(ArtifactMissing)\n");
    world_reported(world);
    world_pass(world, 1000);
    expect(world, "fetch u1 run=2 port=0\n"
                  "send report u1/1:Starting(Fetching)\n");
    world_reported(world);
    world_fetched(world, "u1", 2, ERR_CORRUPT);
    expect(world, "send report u1/1:Starting(ArtifactCorrupt)\n");
    world_reported(world);
    world_pass(world, 900);
    expect(world, "");
    world_pass(world, 1100);
    expect_has(world, "fetch u1 run=3 port=0\n");
}

static void what_was_missing_for_long_is_looked_for_soon_after_it_was_stored(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    for (int64_t number = 1; number < 12; number++) {
        world_fetched(world, "u1", number, ERR_NOT_FOUND);
        world_reported(world);
        world_clear(world);
        world_pass(world, 30 * 1000);
        assert_non_null(strstr(world->page.data, "fetch u1"));
    }
}

static void a_controller_that_came_back_is_asked_at_once(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    for (int64_t number = 1; number < 8; number++) {
        world_fetched(world, "u1", number, ERR_UNAVAILABLE);
        world_reported(world);
        world_pass(world, 300 * 1000);
    }
    world_fetched(world, "u1", 8, ERR_UNAVAILABLE);
    world_down(world);
    world_clear(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    expect_has(world, "fetch u1 run=9 port=0\n");
}

static void what_is_not_needed_any_more_is_let_go(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_assign(world, ONE("u1", 2, .has_artifact = true, .command = "other"));
    expect_has(world, "unfetch u1 run=1\n"
                      "fetch u1 run=2 port=0\n");
    world_assign(world, NOTHING);
    expect_has(world, "unfetch u1 run=2\n");
}

static void an_owner_who_pauses_is_not_downloaded_for(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_owner(world, true);
    expect_has(world, "unfetch u1 run=1\n");
    world_owner(world, false);
    expect_has(world, "fetch u1 run=2 port=0\n");
    world_fetched(world, "u1", 2, 0);
    expect_has(world, "spawn u1 run=1 gen=1 work\n");
}

static void what_was_ready_is_asked_anew_after_a_crash(void **state)
{
    struct agent_world *world = *state;

    given_fetching(world);
    world_reboot(world);
    world_start(world);
    expect_has(world, "fetch u1 run=1 port=0\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(nothing_starts_before_its_artifacts_are_ready),
        TEST(progress_is_news),
        TEST(each_start_has_its_own),
        TEST(what_failed_is_tried_again_with_pauses_that_grow),
        TEST(what_was_missing_for_long_is_looked_for_soon_after_it_was_stored),
        TEST(a_controller_that_came_back_is_asked_at_once),
        TEST(what_is_not_needed_any_more_is_let_go),
        TEST(an_owner_who_pauses_is_not_downloaded_for),
        TEST(what_was_ready_is_asked_anew_after_a_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
