/* Rollouts with a deadline where agents run them: what was given up, and what is held up. */
#include "tests/support/fleet.h"

#include "schema/limits.h"
#include "schema/wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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

static void apply(const char *program, const char *more)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
             "spec: {retries: 2, workload: {command: [%s]}, %s"
             "rollout: {progressDeadline: 10m, healthyAfter: 0s, maxUnavailable: 3}}\n",
             program, more);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

/* So many times in a row; its agent tries it again. */
static void fails(int64_t times)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "ExitedNonZero", times);
}

static const struct condition *progressing(void)
{
    const struct object *session = model_session(&fleet.ctl->model, "work")->object;

    return condition_find(&harvest_session_of(session)->status.conditions, "Progressing");
}

static void a_replica_that_was_given_up_is_not_waited_for(void **state)
{
    (void)state;
    apply("/bin/good", "");
    fleet_obey(&fleet);
    assert_string_equal(progressing()->reason, "RolledOut");
    apply("/bin/bad", "");
    fails(1);
    assert_string_equal(progressing()->reason, "Progressing");
    fails(2);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    assert_string_equal(progressing()->reason, "RolloutFailed");
    assert_non_null(strstr(progressing()->message, "its replicas were given up"));
    apply("/bin/mended", "");
    assert_string_equal(progressing()->reason, "Progressing");
    fleet_obey(&fleet);
    assert_string_equal(progressing()->reason, "RolledOut");
}

static void what_fails_once_it_was_good_is_no_rollout(void **state)
{
    (void)state;
    apply("/bin/good", "");
    fleet_obey(&fleet);
    fails(2);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    fleet_advance(&fleet, 3600 * 1000);
    assert_string_equal(progressing()->reason, "RolledOut");
}

/* After a restore nothing exclusive begins for as long as any lease may last. */
static void what_may_not_begin_yet_is_not_late(void **state)
{
    (void)state;
    apply("/bin/good", "exclusive: true, ");
    fleet_restore(&fleet);
    fleet_connect(&fleet, "edge-1");
    fleet_advance(&fleet, 20 * 60 * 1000);
    assert_string_equal(progressing()->reason, "Progressing");
    fleet_advance(&fleet, 80 * 60 * 1000); /* and now its time counts */
    assert_string_equal(progressing()->reason, "ProgressDeadlineExceeded");
}

static void an_agent_more(const char *name)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n"
             "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n",
             name);
    fleet_apply(&fleet, yaml.data);
    fleet_connect(&fleet, name);
    str_fini(&yaml);
}

static void one_fails(const char *slot)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", slot), PHASE_STARTING, "ExitedNonZero", 2);
}

static void one_machine_is_no_evidence_against_a_form(void **state)
{
    (void)state;
    an_agent_more("edge-2");
    an_agent_more("edge-3");
    apply("/bin/good", "replicas: 3, ");
    fleet_obey(&fleet);
    assert_string_equal(progressing()->reason, "RolledOut");
    apply("/bin/bad", "replicas: 3, ");
    one_fails("0");
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    assert_string_equal(progressing()->reason, "Progressing");
    fleet_advance(&fleet, 9 * 60 * 1000);
    assert_string_equal(progressing()->reason, "Progressing");
    fleet_advance(&fleet, 2 * 60 * 1000); /* but its time passes */
    assert_string_equal(progressing()->reason, "ProgressDeadlineExceeded");
    assert_non_null(strstr(progressing()->message, "no progress for 10m (GivenUp)"));
}

static void two_machines_are_evidence_against_a_form(void **state)
{
    (void)state;
    an_agent_more("edge-2");
    an_agent_more("edge-3");
    apply("/bin/good", "replicas: 3, ");
    fleet_obey(&fleet);
    apply("/bin/bad", "replicas: 3, ");
    one_fails("0");
    assert_string_equal(progressing()->reason, "Progressing");
    one_fails("2");
    assert_string_equal(progressing()->reason, "RolloutFailed");
    assert_non_null(strstr(progressing()->message, "its replicas were given up"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_replica_that_was_given_up_is_not_waited_for),
        TEST(one_machine_is_no_evidence_against_a_form),
        TEST(two_machines_are_evidence_against_a_form),
        TEST(what_fails_once_it_was_good_is_no_rollout),
        TEST(what_may_not_begin_yet_is_not_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
