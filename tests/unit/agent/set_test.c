/* The set of assignments: full and changed, checked, on the disk before it is acted on. */
#include "schema/limits.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* u1 and u2 run and are reported, at revision 1. */
static void given_two(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    world_started(world, "u1", 1);
    world_started(world, "u2", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

/* A change of the set, from what the controller thinks the agent has to `after`. */
static void change(struct agent_world *world, const struct want *added, const char *removed,
                   const struct want *after)
{
    struct wire_assign assign = {
        .era = world->era, .epoch = world->epoch, .revision = ++world->revision};
    char base[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];

    digest_to_str(&world->digest, base);
    world_digest_of(after, &world->digest);
    digest_to_str(&world->digest, digest);
    assign.base = base;
    assign.digest = digest;
    if (removed != NULL) {
        assign.removed.items = &removed;
        assign.removed.count = 1;
    }
    world_assign_as(world, assign, added);
}

static void a_full_assign_replaces_the_set(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world_assign(world, WANTS(WANT("u2", 1), WANT("u3", 1)));
    expect(world, "signal u1 run=1 grace=5000\n"
                  "save\n"
                  "spawn u3 run=1 gen=1 work\n"
                  "send accepted rev=2\n"
                  "send report u1/1:Stopping(Removed) u3/1:Starting\n");
}

static void a_change_touches_only_what_it_names(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    change(world, ONE("u3", 1), "u1", WANTS(WANT("u2", 1), WANT("u3", 1)));
    expect(world, "signal u1 run=1 grace=5000\n"
                  "save\n"
                  "spawn u3 run=1 gen=1 work\n"
                  "send accepted rev=2\n"
                  "send report u1/1:Stopping(Removed) u3/1:Starting\n");
}

static void the_same_assign_again_is_accepted_again_and_changes_nothing(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world->revision = 0;
    world_assign(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    expect(world, "send accepted rev=1\n");
}

static void the_same_change_again_is_accepted_again_and_changes_nothing(void **state)
{
    struct agent_world *world = *state;
    struct digest before;

    given_two(world);
    before = world->digest;
    change(world, NOTHING, "u1", ONE("u2", 1));
    world_clear(world);
    world->digest = before;
    world->revision--;
    change(world, NOTHING, "u1", ONE("u2", 1));
    expect(world, "send accepted rev=2\n");
}

static void a_change_of_another_set_asks_for_all_of_it(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world_digest_of(ONE("u9", 1), &world->digest);
    change(world, ONE("u3", 1), NULL, WANTS(WANT("u9", 1), WANT("u3", 1)));
    expect(world, "send resync\n");
}

static void a_change_that_does_not_give_its_digest_asks_for_all_of_it(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    change(world, ONE("u3", 1), NULL, WANTS(WANT("u1", 1), WANT("u2", 1), WANT("u4", 1)));
    expect(world, "send resync\n");
}

static void a_full_assign_that_is_not_its_digest_is_bad(void **state)
{
    struct agent_world *world = *state;
    struct wire_assign assign = {.era = 1, .epoch = 1, .revision = 2, .full = true};
    char text[DIGEST_TEXT_SIZE];

    given_two(world);
    digest_to_str(&world->digest, text);
    assign.digest = text;
    world_assign_as(world, assign, ONE("u1", 1));
    expect(world, "send error about \"assign\": assign: digest: is not that of the set it "
                  "carries\n");
    assign.digest = NULL;
    world_assign_as(world, assign, ONE("u1", 1));
    expect(world, "send error about \"assign\": assign: digest: is missing in the last message\n");
}

static void nothing_happens_before_the_last_part(void **state)
{
    struct agent_world *world = *state;
    struct wire_assign assign = {.era = 1, .epoch = 1, .revision = 2, .full = true, .more = true};
    char text[DIGEST_TEXT_SIZE];

    given_two(world);
    world_assign_as(world, assign, WANTS(WANT("u1", 1), WANT("u2", 1)));
    expect(world, "");
    world_digest_of(WANTS(WANT("u1", 1), WANT("u2", 1), WANT("u3", 1)), &world->digest);
    digest_to_str(&world->digest, text);
    assign.more = false;
    assign.digest = text;
    world_assign_as(world, assign, ONE("u3", 1));
    expect(world, "save\n"
                  "spawn u3 run=1 gen=1 work\n"
                  "send accepted rev=2\n"
                  "send report u3/1:Starting\n");
}

static void parts_of_an_assign_that_was_overtaken_are_dropped(void **state)
{
    struct agent_world *world = *state;
    const struct wire_assign half = {
        .era = 1, .epoch = 1, .revision = 2, .full = true, .more = true};

    given_two(world);
    world_assign_as(world, half, ONE("u9", 1));
    world->revision = 2;
    world_assign(world, ONE("u1", 1));
    assert_null(strstr(world->page.data, "u9"));
    expect_has(world, "send accepted rev=3\n");
}

/* The controller names no digest while parts follow. */
static void parts_whose_rest_never_comes_are_asked_for_anew(void **state)
{
    struct agent_world *world = *state;
    const struct wire_assign half = {
        .era = 1, .epoch = 1, .revision = 2, .full = true, .more = true};
    struct wire_message beat = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = 1}};
    char text[DIGEST_TEXT_SIZE];

    given_two(world);
    world_assign_as(world, half, ONE("u9", 1));
    world_digest_of(WANTS(WANT("u9", 1), WANT("u10", 1)), &world->digest);
    digest_to_str(&world->digest, text);
    world_message(world, &beat);
    world_message(world, &beat);
    expect(world, "");
    beat.heartbeat.digest = text;
    world_message(world, &beat); /* may have overtaken them */
    expect(world, "");
    world_message(world, &beat);
    expect(world, "send resync\n");
}

static void parts_do_not_outlive_their_connection(void **state)
{
    struct agent_world *world = *state;
    const struct wire_assign half = {
        .era = 1, .epoch = 1, .revision = 2, .full = true, .more = true};

    given_two(world);
    world_assign_as(world, half, ONE("u9", 1));
    world_down(world);
    world_connect(world);
    world->revision = 1;
    world_assign(world, WANTS(WANT("u1", 1), WANT("u2", 1)));
    expect(world, "save\n"
                  "send accepted rev=2\n");
}

static void a_lower_revision_is_dropped_and_counted_even_after_a_restart(void **state)
{
    struct agent_world *world = *state;

    world->revision = 7;
    given_two(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_found_running(world, "u2", 1);
    world_start(world);
    world_connect(world);
    world->revision = 3;
    world_assign(world, NOTHING);
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void another_era_is_dropped_and_counted(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world->era = 2;
    world_assign(world, NOTHING);
    world->era = 1;
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void a_lower_generation_is_dropped_and_counted(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 5, .lease_epoch = 3));
    world_clear(world);
    world_assign(world, ONE("u1", 4, .lease_epoch = 3, .command = "old"));
    world_assign(world, ONE("u1", 5, .lease_epoch = 2));
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 2);
}

/* A restored store may know less than the agent does; within its era the order holds again. */
static void what_a_new_era_wants_as_it_is_belongs_to_it(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 5), WANT("u2", 5)));
    world_down(world);
    world->era = 2;
    world->epoch = 0;
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 5), WANT("u2", 4)));
    expect_has(world, "save\n");
    world_assign(world, WANTS(WANT("u1", 4), WANT("u2", 4)));
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
    world_reboot(world);
    world_start(world);
    world_connect(world);
    world_assign(world, WANTS(WANT("u1", 4), WANT("u2", 4)));
    expect(world, "");
}

static void a_newer_generation_may_have_no_lease_any_more(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 5, .lease_epoch = 3));
    world_clear(world);
    world_assign(world, ONE("u1", 6));
    expect_has(world, "send accepted rev=2\n");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 0);
}

static void a_digest_that_differs_asks_for_all_of_it(void **state)
{
    struct agent_world *world = *state;
    char text[DIGEST_TEXT_SIZE];
    struct wire_message beat = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = 1}};

    given_two(world);
    digest_to_str(&world->digest, text);
    beat.heartbeat.digest = text;
    world_message(world, &beat);
    expect(world, "");
    world_digest_of(ONE("u9", 1), &world->digest);
    digest_to_str(&world->digest, text);
    world_message(world, &beat);
    expect(world, "send resync\n");
    beat.heartbeat.digest = NULL;
    world_message(world, &beat);
    expect(world, "");
}

static void more_assignments_than_the_bound_are_refused(void **state)
{
    struct agent_world *world = *state;
    struct wire_assign assign = {.era = 1, .epoch = 1, .revision = 2, .full = true, .more = true};
    static char uids[ASSIGNMENTS_PER_AGENT_MAX + 1][16];
    static struct want wants[MESSAGE_ASSIGNMENTS_MAX + 1];

    world_start(world);
    world_connect(world);
    for (int from = 0; from <= ASSIGNMENTS_PER_AGENT_MAX; from += MESSAGE_ASSIGNMENTS_MAX) {
        memset(wants, 0, sizeof(wants));
        for (int i = 0; i < MESSAGE_ASSIGNMENTS_MAX && from + i <= ASSIGNMENTS_PER_AGENT_MAX; i++) {
            (void)snprintf(uids[from + i], sizeof(uids[0]), "u%d", from + i);
            wants[i] = (struct want){.uid = uids[from + i], .generation = 1};
        }
        world_assign_as(world, assign, wants);
    }
    expect(world, "send error about \"assign\": assign: more than 1024 assignments for one "
                  "agent\n");
}

static void what_cannot_be_saved_is_neither_accepted_nor_started(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world->disk_is_full = true;
    world_assign(world, ONE("u1", 1));
    expect(world, "save fails\n");
    world_pass(world, 10 * 1000);
    assert_null(strstr(world->page.data, "spawn"));
    assert_null(strstr(world->page.data, "accepted"));
    world_clear(world);
    world->disk_is_full = false;
    world_pass(world, 60 * 1000);
    expect_has(world, "save\n"
                      "spawn u1 run=");
}

static void while_saving_fails_what_runs_goes_on_and_what_is_removed_stops(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world->disk_is_full = true;
    world_assign(world, ONE("u2", 1));
    expect(world, "signal u1 run=1 grace=5000\n"
                  "save fails\n");
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    world->disk_is_full = false;
    world_pass(world, 60 * 1000);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "send accepted rev=2\n"
                  "send report u1/1:Stopped(Removed)=143\n");
}

static void hello_and_heartbeats_tell_only_of_what_is_on_the_disk(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world->disk_is_full = true;
    world_assign(world, NOTHING);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    assert_int_equal(world->hello.revision, 1);
}

static void the_set_survives_a_restart_and_is_converged_to_without_a_controller(void **state)
{
    struct agent_world *world = *state;

    given_two(world);
    world_reboot(world);
    world_start(world);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "forget u2 run=1\n");
    world_assign(world, NOTHING);
    expect(world, "");
}

static void a_lost_run_of_a_service_starts_again_without_a_controller(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .restart = RESTART_ALWAYS));
    world_clear(world);
    world_reboot(world);
    world_start(world);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "spawn u1 run=2 gen=1 work\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(a_full_assign_replaces_the_set),
        TEST(a_change_touches_only_what_it_names),
        TEST(the_same_assign_again_is_accepted_again_and_changes_nothing),
        TEST(the_same_change_again_is_accepted_again_and_changes_nothing),
        TEST(a_change_of_another_set_asks_for_all_of_it),
        TEST(a_change_that_does_not_give_its_digest_asks_for_all_of_it),
        TEST(a_full_assign_that_is_not_its_digest_is_bad),
        TEST(nothing_happens_before_the_last_part),
        TEST(parts_of_an_assign_that_was_overtaken_are_dropped),
        TEST(parts_whose_rest_never_comes_are_asked_for_anew),
        TEST(parts_do_not_outlive_their_connection),
        TEST(a_lower_revision_is_dropped_and_counted_even_after_a_restart),
        TEST(another_era_is_dropped_and_counted),
        TEST(a_lower_generation_is_dropped_and_counted),
        TEST(what_a_new_era_wants_as_it_is_belongs_to_it),
        TEST(a_newer_generation_may_have_no_lease_any_more),
        TEST(a_digest_that_differs_asks_for_all_of_it),
        TEST(more_assignments_than_the_bound_are_refused),
        TEST(what_cannot_be_saved_is_neither_accepted_nor_started),
        TEST(while_saving_fails_what_runs_goes_on_and_what_is_removed_stops),
        TEST(hello_and_heartbeats_tell_only_of_what_is_on_the_disk),
        TEST(the_set_survives_a_restart_and_is_converged_to_without_a_controller),
        TEST(a_lost_run_of_a_service_starts_again_without_a_controller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
