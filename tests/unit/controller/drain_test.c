/* Agents that are drained: what stays there, in which form, and what ends. */
#include "controller/core/copy.h"
#include "controller/core/tasks.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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

#define AGENT(name, drain)                                                                         \
    "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: " name "}\nspec: {drain: " drain "}\n"      \
    "status: {version: 0.1.0, capacity: {cores: 2, memory: 8Gi, disk: 8Gi}}\n"

#define SESSION(name, spec, command)                                                               \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: " name "}\nspec:\n  " spec "\n"    \
    "  workload: {command: [" command "], resources: {cores: 1}}\n"

#define POLICY(percent)                                                                            \
    "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: guests}\n"                          \
    "spec: {limits: {cpuPercent: " percent "}}\n"

#define BEGUN(session, agent)                                                                      \
    "apiVersion: fog/v1\nkind: Assignment\nmetadata: {name: " session "-0-aaaaa}\n"                \
    "spec: {agent: " agent ", session: " session ", slot: \"0\", template: now}\n"                 \
    "status: {phase: Running, startTime: \"2026-11-21T08:00:00Z\"}\n"

/* One agent, and nowhere else to go. */
static void begin(void)
{
    fleet_load(&fleet, AGENT("edge", "never"));
    fleet_start(&fleet);
}

static void drain(const char *agent_yaml)
{
    fleet_apply(&fleet, agent_yaml);
    fleet_obey(&fleet);
}

static int64_t percent_of(const struct assignment_entry *copy)
{
    const struct template_entry *template =
        model_template_find(&fleet.ctl->model, assignment_spec(copy)->template_digest);

    return template_policy(template->template)->limits.cpu_percent;
}

static void replicas_that_become_tasks_end_where_they_get_no_newer_form(void **state)
{
    (void)state;
    begin();
    fleet_apply(&fleet, SESSION("work", "replicas: 1", "/bin/serve"));
    fleet_obey(&fleet);
    drain(AGENT("edge", "gently"));
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    fleet_apply(&fleet, SESSION("work", "tasks: {count: 1}", "/bin/job"));
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    drain(AGENT("edge", "never"));
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
}

static void tasks_that_have_begun_end_by_themselves(void **state)
{
    struct assignment_entry *copy;

    (void)state;
    fleet_load(&fleet, AGENT("edge", "gently"));
    fleet_load(&fleet, POLICY("50"));
    fleet_load(&fleet, SESSION("work", "policy: guests\n  tasks: {count: 1}", "/bin/job"));
    fleet_load(&fleet, BEGUN("work", "edge"));
    fleet_start(&fleet);
    copy = fleet_copy(&fleet, "work", "0");
    assert_true(fleet_is_converged(&fleet, "work"));
    fleet_apply(&fleet, POLICY("20")); /* changes while it runs: it is no other form */
    assert_ptr_equal(fleet_copy(&fleet, "work", "0"), copy);
    assert_int_equal(percent_of(copy), 20);
    fleet_apply(&fleet, SESSION("work", "policy: guests\n  tasks: {count: 1}", "/bin/job2"));
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
}

/* The owner's machine is still under the policy of its session, whether it is to be empty or not.
 */
static void what_stays_gets_another_policy(void **state)
{
    (void)state;
    begin();
    fleet_apply(&fleet, POLICY("50"));
    fleet_apply(&fleet, SESSION("work", "policy: guests\n  replicas: 1", "/bin/serve"));
    fleet_obey(&fleet);
    drain(AGENT("edge", "gently"));
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    fleet_apply(&fleet, POLICY("20"));
    fleet_obey(&fleet);
    assert_int_equal(percent_of(fleet_copy(&fleet, "work", "0")), 20);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
}

/* What it says of the drain: the reason. */
static const char *drained(const char *agent)
{
    const struct condition *condition =
        condition_find(&agent_status(model_agent(&fleet.ctl->model, agent))->conditions, "Drained");

    return condition->reason;
}

/* Of an agent that was installed anew, or of a store that was put back. */
static void what_was_given_up_and_is_known_to_nobody_is_gone(void **state)
{
    (void)state;
    begin();
    fleet_apply(&fleet, SESSION("work", "replicas: 1\n  retries: 1", "/bin/serve"));
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "BackOff", 1);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    fleet_disconnect(&fleet, "edge");
    fleet_advance(&fleet, 10 * STOP_WAIT_MS);
    fleet_connect(&fleet, "edge");
    fleet_apply(&fleet, AGENT("edge", "gently"));
    fleet_advance(&fleet, STOP_WAIT_MS / 2);
    assert_string_equal(drained("edge"), "Draining"); /* it may be about to say that it ends */
    fleet_advance(&fleet, 2 * STOP_WAIT_MS);
    assert_string_equal(drained("edge"), "Drained");
}

/* An agent tries for ever what has no other place; the session says when that is enough. */
static void what_fails_where_it_has_to_stay_is_given_up(void **state)
{
    (void)state;
    begin();
    fleet_apply(&fleet, SESSION("work", "replicas: 1\n  retries: 2", "/bin/serve"));
    fleet_obey(&fleet);
    drain(AGENT("edge", "gently"));
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "BackOff", 1);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "BackOff", 2);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    drain(AGENT("edge", "never"));
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp"); /* until it changes */
}

#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FLEET(replicas_that_become_tasks_end_where_they_get_no_newer_form),
        IN_FLEET(tasks_that_have_begun_end_by_themselves),
        IN_FLEET(what_stays_gets_another_policy),
        IN_FLEET(what_was_given_up_and_is_known_to_nobody_is_gone),
        IN_FLEET(what_fails_where_it_has_to_stay_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
