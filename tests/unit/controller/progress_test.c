/* A session of tasks that gets on is as declared, and says how far it is. */
#include "controller/core/progress.h"

#include "schema/wire/wire.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct fleet fleet;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1}\n"
                       "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n");
    fleet_start(&fleet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

#define SESSION(tasks)                                                                             \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"                           \
    "spec: {tasks: " tasks ", workload: {command: [/bin/run], resources: {cores: 1}}}\n"

static void report(const char *slot, enum assignment_phase phase, const char *reason)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", slot), phase, reason, 0);
}

static void fails(const char *slot)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", slot), PHASE_FAILED, "ExitedNonZero", 1);
}

static const struct condition *converged(void)
{
    const struct object *session = model_session(&fleet.ctl->model, "work")->object;

    return condition_find(&harvest_session_of(session)->status.conditions, "Converged");
}

static void is_in_progress(const char *message)
{
    assert_int_equal(converged()->status, CONDITION_TRUE);
    assert_string_equal(converged()->reason, "InProgress");
    assert_string_equal(converged()->message, message);
}

static void says(const char *expected)
{
    struct arena arena = {0};
    const char *words = progress_words(&arena, model_session(&fleet.ctl->model, "work"));

    if (expected == NULL) {
        assert_null(words);
    } else {
        assert_string_equal(words, expected);
    }
    arena_fini(&arena);
}

/* What `why` says of the session; `expected` NULL: nothing is in the way. */
static void in_the_way_is(const char *expected)
{
    const struct node *root =
        explain_object(fleet.ctl, model_session(&fleet.ctl->model, "work")->object);
    const struct node *in_the_way = node_find(root, "inTheWay");

    if (expected == NULL) {
        assert_null(in_the_way);
    } else {
        assert_string_equal(node_find_text(in_the_way, "reason"), expected);
    }
    arena_reset(&fleet.ctl->arena);
}

#define UNDER_WAY "tasks are under way as declared"

static void tasks_that_come_and_go_are_as_declared(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 5, parallelism: 3}"));
    is_in_progress(UNDER_WAY);
    in_the_way_is(NULL);
    says("in progress: 0 of 5 done, 3 starting");
    report("0", PHASE_STARTING, "Fetching");
    report("1", PHASE_RUNNING, NULL);
    is_in_progress(UNDER_WAY);
    in_the_way_is(NULL);
    report("1", PHASE_SUCCEEDED, NULL);
    is_in_progress(UNDER_WAY);
    says("in progress: 1 of 5 done, 3 starting (Fetching on edge-1)");
    in_the_way_is(NULL);
}

static void the_end_is_no_progress(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 1}"));
    report("0", PHASE_RUNNING, NULL);
    report("0", PHASE_SUCCEEDED, NULL);
    assert_int_equal(converged()->status, CONDITION_TRUE);
    assert_string_equal(converged()->reason, "AsDeclared");
    says(NULL);
}

static void a_task_that_is_held_is_named(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 5, parallelism: 2}"));
    report("0", PHASE_SUSPENDED, "BatteryLow");
    report("1", PHASE_RUNNING, NULL);
    is_in_progress(UNDER_WAY ", 1 is held back: BatteryLow on edge-1");
    says("in progress: 0 of 5 done, 1 running, 1 held back (BatteryLow on edge-1)");
    in_the_way_is("BatteryLow");
    report("0", PHASE_RUNNING, NULL);
    is_in_progress(UNDER_WAY);
    in_the_way_is(NULL);
}

static void another_try_is_as_declared_until_it_was_the_last(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 2, retries: 1}"));
    report("1", PHASE_RUNNING, NULL);
    fails("0");
    is_in_progress(UNDER_WAY);
    says("in progress: 0 of 2 done, 1 running, 1 to be tried again (ExitedNonZero on edge-1)");
    in_the_way_is(NULL);
    fleet_advance(&fleet, 60 * 1000);
    fails("0");
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    says("in progress: 0 of 2 done, 1 failed for good, 1 running");
}

static void what_waits_for_a_person_is_not(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 2}"));
    report("0", PHASE_STARTING, "ArtifactMissing");
    report("1", PHASE_RUNNING, NULL);
    assert_string_equal(fleet_why(&fleet, "work"), "Starting");
    in_the_way_is("ArtifactMissing");
    says("in progress: 0 of 2 done, 1 running, 1 starting (ArtifactMissing on edge-1)");
}

static void an_agent_that_is_away_is_not(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("{count: 2}"));
    fleet_obey(&fleet);
    fleet_disconnect(&fleet, "edge-1");
    assert_string_equal(fleet_why(&fleet, "work"), "AgentAway");
    says("in progress: 0 of 2 done, 2 on agents that are away");
}

static void many_are_told_by_examples(void **state)
{
    static const char *const slots[] = {"0", "1", "2", "3", "4"};

    (void)state;
    fleet_apply(&fleet, SESSION("{count: 5}"));
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        report(slots[i], PHASE_SUSPENDED, "UserActive");
    }
    says("in progress: 0 of 5 done, 5 held back (UserActive on edge-1, UserActive on edge-1, "
         "UserActive on edge-1, …)");
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(tasks_that_come_and_go_are_as_declared),
        IN_FLEET(the_end_is_no_progress),
        IN_FLEET(a_task_that_is_held_is_named),
        IN_FLEET(another_try_is_as_declared_until_it_was_the_last),
        IN_FLEET(what_waits_for_a_person_is_not),
        IN_FLEET(an_agent_that_is_away_is_not),
        IN_FLEET(many_are_told_by_examples),
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
