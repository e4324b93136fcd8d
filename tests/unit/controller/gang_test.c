/* Gangs: placed as a whole, taken back as a whole, in turn. */
#include "controller/core/gang.h"

#include "controller/core/gang_held.h"
#include "controller/core/reconcile.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fleet fleet;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

static void begin(size_t agents)
{
    for (size_t i = 0; i < agents; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%zu}\n"
                 "status: {version: 0.1.0, capacity: {cores: 2, memory: 8Gi, disk: 8Gi}}\n",
                 i);
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void apply(const char *name, size_t replicas)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n"
             "  replicas: %zu\n  gang: {deadline: 30s}\n"
             "  workload: {command: [/bin/run], resources: {cores: 1}}\n",
             name, replicas);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

static size_t members(const char *name)
{
    size_t count = 0;

    dlist_each (&model_session(&fleet.ctl->model, name)->assignments, struct assignment_entry,
                in_session, it) {
        count += it->is_in_set;
    }
    return count;
}

static void runs(const char *name, const char *slot)
{
    fleet_report(&fleet, fleet_copy(&fleet, name, slot), PHASE_RUNNING, NULL, 0);
}

static void stopped(const char *name)
{
    dlist_each (&model_session(&fleet.ctl->model, name)->assignments, struct assignment_entry,
                in_session, it) {
        if (!it->is_in_set) {
            fleet_report(&fleet, it, PHASE_STOPPED, NULL, 0);
            return;
        }
    }
}

static void all_or_none(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 3); /* two cores */
    assert_int_equal(members("burst"), 0);
    assert_string_equal(fleet_why(&fleet, "burst"), "NoAgent");
    apply("burst", 2);
    assert_int_equal(members("burst"), 2);
}

static void two_that_compete_do_not_both_hold_a_part(void **state)
{
    (void)state;
    begin(2); /* four cores */
    apply("one", 3);
    apply("two", 3);
    assert_int_equal(members("one"), 3);
    assert_int_equal(members("two"), 0);
    assert_string_equal(fleet_why(&fleet, "two"), "NoAgent");
}

static void what_does_not_all_run_in_time_is_taken_back_and_tried_again(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    fleet_advance(&fleet, 29 * 1000);
    assert_int_equal(members("burst"), 2);
    fleet_advance(&fleet, 1000);
    assert_int_equal(members("burst"), 0);
    assert_string_equal(fleet_why(&fleet, "burst"), "GangTimedOut");
    assert_non_null(strstr(fleet_message(&fleet, "burst"), "replica 1: edge-0 was told and has "));
    assert_true(fleet_has_event(&fleet, "GangTimedOut"));
    fleet_advance(&fleet, 1);
    stopped("burst");
    stopped("burst");
    fleet_advance(&fleet, RESTART_MAX_MS);
    assert_int_equal(members("burst"), 2);
}

static void one_that_is_complete_has_no_deadline(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    runs("burst", "1");
    assert_string_equal(fleet_why(&fleet, "burst"), "AsDeclared");
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_STARTING, "BackOff", 1);
    fleet_advance(&fleet, 60 * 1000);
    assert_int_equal(members("burst"), 2);
}

static void one_that_failed_takes_back_all(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    runs("burst", "1");
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, 2 * RESTART_MIN_MS);
    assert_int_equal(members("burst"), 0);
}

static void so_many_at_once_and_the_oldest_first(void **state)
{
    char name[24];

    (void)state;
    begin(8);
    for (int i = 0; i < BURSTS_MAX + 2; i++) {
        (void)snprintf(name, sizeof(name), "burst-%d", i);
        apply(name, 1);
        assert_int_equal(members(name), i < BURSTS_MAX);
    }
    assert_string_equal(fleet_why(&fleet, "burst-4"), "GangWaits");
    runs("burst-2", "0");
    assert_int_equal(members("burst-4"), 1);
    assert_int_equal(members("burst-5"), 0);
    runs("burst-4", "0");
    assert_int_equal(members("burst-5"), 1);
}

static void settled(const char *name) /* until nothing leaves any more */
{
    for (size_t i = 0; i < 4; i++) {
        stopped(name);
    }
}

static void restart(size_t agents)
{
    char name[32];

    fleet_restart(&fleet);
    for (size_t i = 0; i < agents; i++) {
        (void)snprintf(name, sizeof(name), "edge-%zu", i);
        fleet_connect(&fleet, name);
    }
}

static void the_room_of_the_one_is_the_turn_of_the_other(void **state)
{
    (void)state;
    begin(2);
    apply("one", 3);
    apply("two", 3);
    runs("one", "0");
    fleet_advance(&fleet, 30 * 1000); /* one times out */
    settled("one");
    assert_int_equal(members("one") + members("two"), 3);
    assert_int_equal(members("two"), 3);
}

static void what_became_a_gang_gives_its_turn_away(void **state)
{
    (void)state;
    begin(4); /* eight cores */
    fleet.ctl->options.bursts_max = 1;
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: one}\nspec:\n"
                        "  workload: {command: [/bin/run]}\n");
    runs("one", "0");
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: two}\nspec:\n"
                        "  gang: {deadline: 30s}\n"
                        "  workload: {command: [/bin/run], resources: {cores: 1}}\n"
                        "---\n"
                        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: one}\nspec:\n"
                        "  replicas: 9\n  gang: {deadline: 30s}\n"
                        "  workload: {command: [/bin/run], resources: {cores: 1}}\n");
    settled("one");
    assert_int_equal(members("two"), 1);
}

static void more_may_be_placed_from_now_on(void **state)
{
    struct ctl_event event = {.type = CTL_OPTIONS};

    (void)state;
    begin(4); /* eight cores */
    fleet.ctl->options.bursts_max = 1;
    apply("one", 2);
    apply("two", 2);
    apply("three", 2);
    assert_int_equal(members("one") + members("two") + members("three"), 2);
    event.bursts_max = 2;
    fleet_event(&fleet, &event);
    assert_int_equal(members("one") + members("two") + members("three"), 4);
    event.bursts_max = 1; /* who is placed stays */
    fleet_event(&fleet, &event);
    assert_int_equal(members("one") + members("two") + members("three"), 4);
    event.bursts_max = 0; /* as many as there are without a word */
    fleet_event(&fleet, &event);
    assert_int_equal(members("three"), 2);
}

static void a_deadline_goes_on_while_the_controller_is_away(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    fleet_advance(&fleet, 10 * 1000);
    fleet.wall.ms += 15 * 1000; /* down; boot time is another one after it, anyway */
    restart(1);
    runs("burst", "0");
    assert_int_equal(members("burst"), 2);
    fleet_advance(&fleet, RECONNECT_MAX_MS - 1); /* agents may come back that long */
    assert_int_equal(members("burst"), 2);
    fleet_advance(&fleet, 1);
    assert_int_equal(members("burst"), 0);
    assert_string_equal(fleet_why(&fleet, "burst"), "GangTimedOut");
}

static void one_that_came_to_run_meanwhile_is_complete(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    fleet.wall.ms += 3600 * 1000;
    restart(1);
    runs("burst", "0");
    runs("burst", "1");
    fleet_advance(&fleet, 2 * RECONNECT_MAX_MS);
    assert_int_equal(members("burst"), 2);
    assert_string_equal(fleet_why(&fleet, "burst"), "AsDeclared");
}

static void that_it_was_complete_outlives_the_controller(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    runs("burst", "1");
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_STARTING, "BackOff", 1);
    restart(1);
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_STARTING, "BackOff", 1);
    fleet_advance(&fleet, 120 * 1000);
    assert_int_equal(members("burst"), 2);
}

static void so_does_the_pause(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    for (size_t i = 0; i < 5; i++) {
        fleet_advance(&fleet, RESTART_MAX_MS); /* longer than the pause and the deadline */
        while (members("burst") > 0) {
            fleet_advance(&fleet, 1000);
        }
        settled("burst");
    }
    restart(1);
    fleet_advance(&fleet, RESTART_MIN_MS);
    assert_int_equal(members("burst"), 0);
    assert_string_equal(fleet_why(&fleet, "burst"), "GangTimedOut");
    for (int64_t ms = 0; ms < RESTART_MAX_MS && members("burst") == 0; ms += 1000) {
        fleet_advance(&fleet, 1000);
    }
    assert_int_equal(members("burst"), 2);
}

static void what_its_policy_holds_does_not_run(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    runs("burst", "0");
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_SUSPENDED, "BatteryLow", 0);
    assert_string_equal(fleet_why(&fleet, "burst"), "Starting");
    fleet_advance(&fleet, 30 * 1000);
    assert_int_equal(members("burst"), 0);
}

static void held(const char *name, const char *slot)
{
    fleet_report(&fleet, fleet_copy(&fleet, name, slot), PHASE_SUSPENDED, "UserActive", 0);
}

static bool is_on(const char *name, const char *agent)
{
    dlist_each (&model_session(&fleet.ctl->model, name)->assignments, struct assignment_entry,
                in_session, it) {
        if (it->is_in_set && str_eq(assignment_spec(it)->agent, agent)) {
            return true;
        }
    }
    return false;
}

/* All that it has runs nowhere any more, and its pause is over. */
static void tried_again(const char *name)
{
    settled(name);
    for (int64_t ms = 0; ms < RESTART_MAX_MS && members(name) == 0; ms += 1000) {
        fleet_advance(&fleet, 1000);
    }
}

/* The rule that holds it is the owner's own: the controller foresees nothing. */
static void where_it_was_held_it_is_not_placed_next(void **state)
{
    (void)state;
    begin(3);
    apply("burst", 1);
    assert_string_equal(fleet_agent_of(&fleet, "burst", "0"), "edge-0");
    held("burst", "0");
    fleet_advance(&fleet, 30 * 1000);
    assert_int_equal(members("burst"), 0);
    assert_non_null(
        strstr(fleet_message(&fleet, "burst"), "replica 0 is held back: UserActive on edge-0"));
    tried_again("burst");
    assert_string_equal(fleet_agent_of(&fleet, "burst", "0"), "edge-1");
    held("burst", "0");
    fleet_advance(&fleet, 30 * 1000);
    tried_again("burst");
    assert_string_equal(fleet_agent_of(&fleet, "burst", "0"), "edge-2");
}

/* Two that were shut, one of which is open now: the next try is all on that one. */
static void who_lets_it_run_again_is_as_good_as_before(void **state)
{
    (void)state;
    begin(2);
    apply("burst", 2);
    assert_true(is_on("burst", "edge-0") && is_on("burst", "edge-1"));
    for (int i = 0; i <= HELD_DOUBLINGS_MAX; i++) { /* as often as is counted */
        held("burst", "0");
        held("burst", "1");
        fleet_advance(&fleet, 30 * 1000);
        tried_again("burst");
        assert_true(is_on("burst", "edge-0") && is_on("burst", "edge-1"));
    }
    runs("burst", "0");
    held("burst", "1");
    fleet_advance(&fleet, 30 * 1000);
    tried_again("burst");
    assert_int_equal(members("burst"), 2);
    assert_true(is_on("burst", "edge-0") != is_on("burst", "edge-1"));
}

static void who_held_it_is_asked_when_nobody_else_is_there(void **state)
{
    (void)state;
    begin(2);
    apply("burst", 3); /* of four cores */
    held("burst", "0");
    fleet_advance(&fleet, 30 * 1000);
    assert_int_equal(members("burst"), 0);
    tried_again("burst");
    assert_int_equal(members("burst"), 3);
    assert_true(is_on("burst", "edge-0") && is_on("burst", "edge-1"));
}

static void that_it_was_held_is_forgotten(void **state)
{
    struct session_entry *burst;
    const int64_t one_try_ms = RESTART_MAX_MS + 30 * 1000;

    (void)state;
    begin(2);
    apply("burst", 1);
    burst = model_session(&fleet.ctl->model, "burst");
    for (unsigned times = 1; times <= 3; times++) { /* twice as long each time */
        struct mono now = fleet.now;

        gang_held_note(burst, "edge-0", 30 * 1000, now);
        now.ms += (one_try_ms << (times - 1)) - 1;
        assert_int_equal(gang_held_times(burst, "edge-0", now), times);
        now.ms++;
        assert_int_equal(gang_held_times(burst, "edge-0", now), 0);
        assert_int_equal(gang_held_times(burst, "edge-1", now), 0);
    }
    runs("burst", "0");
    assert_true(burst->gang.is_complete);
    assert_int_equal(gang_held_times(burst, "edge-0", fleet.now), 0);
}

static void only_so_many_agents_are_remembered(void **state)
{
    struct session_entry *burst;
    char name[24];

    (void)state;
    begin(1);
    apply("burst", 1);
    burst = model_session(&fleet.ctl->model, "burst");
    for (int i = 0; i <= GANG_HELD_MAX; i++) {
        (void)snprintf(name, sizeof(name), "other-%d", i);
        gang_held_note(burst, name, 1000, fleet.now);
    }
    assert_int_equal(burst->held.count, GANG_HELD_MAX);
    assert_int_equal(gang_held_times(burst, "other-0", fleet.now), 0);
    assert_int_equal(gang_held_times(burst, name, fleet.now), 1);
}

static void one_that_is_lost_takes_back_all(void **state)
{
    (void)state;
    begin(3);
    apply("burst", 3);
    runs("burst", "0");
    runs("burst", "1");
    runs("burst", "2");
    fleet_disconnect(&fleet, fleet_agent_of(&fleet, "burst", "2"));
    fleet_advance(&fleet, 20 * 1000);
    assert_int_equal(members("burst"), 3);
    fleet_advance(&fleet, 20 * 1000); /* replaceAfter: 30s */
    assert_int_equal(members("burst"), 0);
    assert_true(fleet_has_event(&fleet, "BackOff"));
    settled("burst");
    fleet_advance(&fleet, 2 * RESTART_MIN_MS);
    assert_int_equal(members("burst"), 3); /* elsewhere */
}

static void what_has_ended_well_is_not_asked_of_its_agent_again(void **state)
{
    (void)state;
    begin(1);
    apply("burst", 2);
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "0"), PHASE_SUCCEEDED, NULL, 0);
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_SUCCEEDED, NULL, 0);
    fleet_disconnect(&fleet, "edge-0");
    fleet_advance(&fleet, RESTART_RESET_MS);
    assert_int_equal(members("burst"), 2);
    assert_true(fleet_is_converged(&fleet, "burst"));
}

static void a_gang_is_one_probe_of_a_breaker(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\n"
                       "metadata: {name: edge-0, annotations: {test/breaker: half-open}}\n"
                       "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n");
    fleet_start(&fleet);
    apply("burst", 2);
    assert_int_equal(members("burst"), 2);
    apply("other", 1);
    assert_int_equal(members("other"), 0);
    fleet_report(&fleet, fleet_copy(&fleet, "burst", "1"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, 2 * RESTART_MIN_MS);
    assert_int_equal(members("burst") + members("other"), 0);
    settled("burst");
    fleet_advance(&fleet, BREAKER_OPEN_MS / 2);
    assert_int_equal(members("burst") + members("other"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_that_compete_do_not_both_hold_a_part, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_all_run_in_time_is_taken_back_and_tried_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_complete_has_no_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_failed_takes_back_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_at_once_and_the_oldest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_room_of_the_one_is_the_turn_of_the_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_became_a_gang_gives_its_turn_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_may_be_placed_from_now_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deadline_goes_on_while_the_controller_is_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_came_to_run_meanwhile_is_complete, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(that_it_was_complete_outlives_the_controller, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(so_does_the_pause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_its_policy_holds_does_not_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_it_was_held_it_is_not_placed_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_lets_it_run_again_is_as_good_as_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_held_it_is_asked_when_nobody_else_is_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(that_it_was_held_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_so_many_agents_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_lost_takes_back_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_ended_well_is_not_asked_of_its_agent_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_gang_is_one_probe_of_a_breaker, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
