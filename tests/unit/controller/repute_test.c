/* What happens to work becomes the reputation of the agents that had it. */
#include "controller/core/repute.h"

#include "controller/core/explain.h"
#include "controller/core/place.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

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

static void an_agent(const char *name)
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n"
             "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n",
             name);
    fleet_load(&fleet, yaml.data);
}

static void apply(const char *spec)
{
    _cleanup_(str_fini)
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n  %s\n"
             "  workload: {command: [run]}\n",
             spec);
    fleet_apply(&fleet, yaml.data);
}

static const struct esteem *standing_of(const char *agent)
{
    return &model_agent(&fleet.ctl->model, agent)->esteem;
}

static void reports(const char *slot, enum assignment_phase phase, const char *reason,
                    int64_t failures)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", slot), phase, reason, failures);
}

static void a_result_counts_once(void **state)
{
    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("tasks: {count: 2, parallelism: 2}");
    reports("0", PHASE_RUNNING, NULL, 0);
    assert_int_equal(standing_of("edge")->set, 0);
    reports("0", PHASE_SUCCEEDED, NULL, 0);
    assert_int_equal(standing_of("edge")->valid, 1);
    assert_int_equal(standing_of("edge")->score, 66);
    reports("1", PHASE_SUCCEEDED, NULL, 0);
    assert_int_equal(standing_of("edge")->valid, 2);
    assert_int_equal(standing_of("edge")->failed, 0);
}

/* Told again, or after a start of the controller, it is no news. */
static void every_attempt_that_fails_counts_once(void **state)
{
    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("replicas: 1");
    reports("0", PHASE_STARTING, "ExitedNonZero", 1);
    reports("0", PHASE_STARTING, "ExitedNonZero", 1);
    assert_int_equal(standing_of("edge")->failed, 1);
    reports("0", PHASE_RUNNING, NULL, 1);
    assert_int_equal(standing_of("edge")->failed, 1);
    reports("0", PHASE_STARTING, "StartFailed", 3);
    assert_int_equal(standing_of("edge")->failed, 3);
    fleet_restart(&fleet);
    fleet_connect(&fleet, "edge");
    reports("0", PHASE_STARTING, "StartFailed", 3);
    assert_int_equal(standing_of("edge")->failed, 3);
}

/* Given a rollout with a deadline, nobody knows whether the form or the machine is bad; once the
 * form was good, it is the machine. */
static void what_fails_in_a_rollout_is_the_form_s_fault(void **state)
{
    const char *gate = "rollout: {progressDeadline: 10m, healthyAfter: 0s}\n  replicas: 1";

    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply(gate);
    reports("0", PHASE_STARTING, "ExitedNonZero", 2);
    assert_int_equal(standing_of("edge")->failed, 0);
    fleet_restart(&fleet);
    fleet_connect(&fleet, "edge");
    reports("0", PHASE_STARTING, "ExitedNonZero", 3);
    assert_int_equal(standing_of("edge")->failed, 0);
    reports("0", PHASE_RUNNING, NULL, 3);
    reports("0", PHASE_STARTING, "ExitedNonZero", 4);
    assert_int_equal(standing_of("edge")->failed, 1);
}

/* Thousands of results are no thousands of rows, and a start forgets little. */
static void what_is_stored_follows_in_steps(void **state)
{
    struct agent_entry *agent;
    const struct esteem *stored;
    size_t writes = 0;
    uint64_t revision = 0;

    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("tasks: {count: 200, parallelism: 1}");
    agent = model_agent(&fleet.ctl->model, "edge");
    for (int i = 0; i < 200; i++) {
        char slot[16];

        (void)snprintf(slot, sizeof(slot), "%d", i);
        reports(slot, PHASE_SUCCEEDED, NULL, 0);
        writes += agent->object->meta.revision != revision;
        revision = agent->object->meta.revision;
    }
    assert_true(writes < 12);
    stored = &agent_status(agent)->reputation.harvest;
    assert_in_range(stored->score, 95 - REPUTE_STEP, 95);
    assert_int_equal(agent->esteem.valid, 200);
}

/* Somebody who writes the status decides. */
static void a_person_may_forgive(void **state)
{
    struct object *next;

    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("replicas: 1");
    reports("0", PHASE_STARTING, "ExitedNonZero", 3);
    assert_int_equal(standing_of("edge")->failed, 3);
    next = object_edit(model_agent(&fleet.ctl->model, "edge")->object);
    shape_remove(&agent_status_shape, &((struct agent *)next->body)->status,
                 &((struct agent *)next->body)->status.reputation);
    (void)model_set(&fleet.ctl->model, &agent_kind, "edge", next);
    assert_int_equal(standing_of("edge")->failed, 0);
}

static void what_we_end_ourselves_says_nothing(void **state)
{
    struct assignment_entry *copy;

    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("replicas: 1");
    reports("0", PHASE_RUNNING, NULL, 0);
    copy = fleet_copy(&fleet, "work", "0");
    apply("replicas: 0");
    assert_true(object_is_deleting(copy->object));
    fleet_report(&fleet, copy, PHASE_FAILED, "ExitedNonZero", 1);
    assert_int_equal(standing_of("edge")->failed, 0);
}

static void silence_is_late_once_its_work_is_elsewhere(void **state)
{
    const char *silent;

    (void)state;
    an_agent("edge-1");
    an_agent("edge-2");
    fleet_start(&fleet);
    apply("replicas: 1");
    reports("0", PHASE_RUNNING, NULL, 0);
    silent = str_eq(fleet_agent_of(&fleet, "work", "0"), "edge-1") ? "edge-1" : "edge-2";
    fleet_disconnect(&fleet, silent);
    fleet_advance(&fleet, 20000);
    assert_int_equal(standing_of(silent)->late, 0);
    fleet_advance(&fleet, 20000);
    assert_int_equal(standing_of(silent)->late, 1);
    fleet_advance(&fleet, 200000);
    assert_int_equal(standing_of(silent)->late, 1);
}

/* Given work that wants reliable agents, when nobody is, it waits; a good result elsewhere makes an
 * agent fit, and nothing moves when it falls again. */
/* More than one step writes: the plan is left off, and made anew for what is left. */
static void silence_counts_for_all_of_its_work(void **state)
{
    int64_t count;

    (void)state;
    an_agent("a");
    an_agent("b");
    an_agent("c");
    fleet_start(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec: {replicas: 1560, replaceAfter: 30s, workload: {command: [run], "
                        "resources: {cores: 0}}}\n");
    count = (int64_t)model_agent(&fleet.ctl->model, "a")->assignment_count;
    assert_in_range(count, STEP_STORES_MAX + 1, 1559);
    fleet_disconnect(&fleet, "a");
    fleet_advance(&fleet, 31000);
    fleet_advance(&fleet, 10000);
    assert_int_equal(standing_of("a")->late, count);
    assert_true(fleet_has_event(&fleet, "Replaced"));
}

static void sessions_may_ask_for_it(void **state)
{
    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: picky}\n"
                        "spec: {replicas: 1, requirements: [{field: reputation.harvest, op: '>', "
                        "value: 60}], workload: {command: [run]}}\n");
    assert_string_equal(fleet_why(&fleet, "picky"), "NoAgent");
    assert_non_null(strstr(fleet_message(&fleet, "picky"), "edge 50%"));
    apply("tasks: {count: 3, parallelism: 1}");
    reports("0", PHASE_SUCCEEDED, NULL, 0);
    assert_string_equal(fleet_agent_of(&fleet, "picky", "0"), "edge");
    fleet_report(&fleet, fleet_copy(&fleet, "picky", "0"), PHASE_RUNNING, NULL, 0);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "1"), PHASE_FAILED, "ExitedNonZero", 1);
    assert_true(standing_of("edge")->score < 60);
    assert_string_equal(fleet_agent_of(&fleet, "picky", "0"), "edge");
}

static void why_says_what_it_is_made_of(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    an_agent("edge");
    fleet_start(&fleet);
    apply("tasks: {count: 2, parallelism: 2}");
    reports("0", PHASE_SUCCEEDED, NULL, 0);
    reports("1", PHASE_FAILED, "ExitedNonZero", 1);
    json_emit(explain_object(fleet.ctl, model_agent(&fleet.ctl->model, "edge")->object), JSON_PLAIN,
              &text);
    assert_non_null(strstr(text.data, "reputation 49 %: of what it was given 1 went well, 0 came "
                                      "too late, 1 failed; the newest count most"));
}

#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FLEET(a_result_counts_once),
        IN_FLEET(every_attempt_that_fails_counts_once),
        IN_FLEET(what_fails_in_a_rollout_is_the_form_s_fault),
        IN_FLEET(what_is_stored_follows_in_steps),
        IN_FLEET(a_person_may_forgive),
        IN_FLEET(what_we_end_ourselves_says_nothing),
        IN_FLEET(silence_is_late_once_its_work_is_elsewhere),
        IN_FLEET(silence_counts_for_all_of_its_work),
        IN_FLEET(sessions_may_ask_for_it),
        IN_FLEET(why_says_what_it_is_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
