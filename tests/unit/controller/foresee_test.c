/* What policies would make of work, by what the controller knows of a machine. */
#include "controller/core/foresee.h"

#include "controller/core/reconcile.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct fleet fleet;

#define POLICY(spec)                                                                               \
    "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\nspec: " spec "\n"
#define AGENT(status)                                                                              \
    "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge}\n"                                    \
    "status: {platform: linux/amd64, capacity: {cores: 4, memory: 4Gi}" status "}\n"
#define SESSION(policy)                                                                            \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"                              \
    "spec: {" policy " workload: {command: [run]}}\n"
#define FINE ", sensors: {battery: 90, charging: true, temperature: 35, idle: 1h}"

static void given(const char *policy, const char *agent, const char *session)
{
    fleet_load(&fleet, policy);
    fleet_load(&fleet, agent);
    fleet_load(&fleet, session);
    fleet_start(&fleet);
}

static struct agent_entry *edge(void)
{
    return model_agent(&fleet.ctl->model, "edge");
}

/* "" when it would run, as far as anybody knows. */
static const char *held(bool goes_on)
{
    const struct template_entry *template =
        reconcile_template(fleet.ctl, model_session(&fleet.ctl->model, "s"));
    struct policy_verdict verdict;

    return foresee(template_policy(template->template), edge(), goes_on, &verdict)
               ? policy_reason_words[verdict.reason]
               : "";
}

static void hours_are_those_of_the_machine(void **state)
{
    struct wall noon;
    int64_t to_noon_ms;

    (void)state;
    given(POLICY("{windows: [{from: '11:00', to: '13:00'}]}"), AGENT(FINE), SESSION("policy: p,"));
    assert_true(wall_from_str("2026-11-20T12:00:00Z", &noon));
    to_noon_ms = (noon.ms - fleet.ctl->wall.ms) % (24 * 60 * 60 * 1000);
    edge()->read_at.local.ms = fleet.ctl->wall.ms + to_noon_ms;
    assert_string_equal(held(false), "");
    edge()->read_at.local.ms = fleet.ctl->wall.ms + to_noon_ms + 2 * 60 * 60 * 1000;
    assert_string_equal(held(false), "OutsideWindow");
    edge()->read_at.local.ms = fleet.ctl->wall.ms + to_noon_ms - 2 * 60 * 60 * 1000;
    assert_string_equal(held(false), "OutsideWindow");
}

static void how_old_a_reading_may_be_is_not_judged_here(void **state)
{
    (void)state;
    given(POLICY("{}"), AGENT(FINE), SESSION("policy: p,"));
    fleet_advance(&fleet, 60 * 60 * 1000);
    assert_string_equal(held(false), "");
    edge()->readings.of[SENSOR_BATTERY].state = READING_UNKNOWN;
    assert_string_equal(held(false), "StaleSensor");
}

static void the_owner_may_have_paused_it(void **state)
{
    (void)state;
    given(POLICY("{}"), AGENT(", paused: true" FINE), SESSION("policy: p,"));
    assert_string_equal(held(false), "OwnerPaused");
}

static void what_runs_goes_on_where_it_would_not_start(void **state)
{
    (void)state;
    given(POLICY("{}"), AGENT(FINE), SESSION("policy: p,"));
    edge()->readings.of[SENSOR_IDLE].value = 3 * 60 * 1000;
    assert_string_equal(held(false), "UserActive");
    assert_string_equal(held(true), "");
}

static void who_told_nothing_is_not_judged(void **state)
{
    (void)state;
    given(POLICY("{}"), AGENT(FINE), SESSION("policy: p,"));
    edge()->readings.of[SENSOR_BATTERY].value = 3;
    assert_string_equal(held(false), "BatteryLow");
    edge()->has_readings = false;
    assert_string_equal(held(false), "");
    edge()->has_readings = true;
    fleet_disconnect(&fleet, "edge");
    assert_string_equal(held(false), "");
}

static void without_a_policy_nothing_is_foreseen(void **state)
{
    (void)state;
    given(POLICY("{}"), AGENT(FINE), SESSION(""));
    edge()->readings.of[SENSOR_BATTERY].value = 3;
    assert_string_equal(held(false), "");
}

/* It had room for one alone: what failed there makes place for its next try. */
static void what_failed_is_tried_again_when_a_reading_allows_it(void **state)
{
    const struct assignment_entry *failed;

    (void)state;
    given(POLICY("{battery: {minPercent: 40, resumePercent: 50}}"), AGENT(FINE), SESSION(""));
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: t}\nspec:\n"
                        "  {policy: p, tasks: {count: 1, retries: 3},\n"
                        "  workload: {command: [run], resources: {cores: 3}}}\n");
    failed = fleet_copy(&fleet, "t", "0");
    assert_non_null(failed);
    edge()->readings.of[SENSOR_BATTERY].value = 3;
    fleet_report(&fleet, fleet_copy(&fleet, "t", "0"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, RESTART_MAX_MS);
    assert_ptr_equal(fleet_copy(&fleet, "t", "0"), failed);
    edge()->readings.of[SENSOR_BATTERY].value = 90;
    reconcile_readings(fleet.ctl, edge());
    fleet_tick(&fleet);
    assert_ptr_not_equal(fleet_copy(&fleet, "t", "0"), failed);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hours_are_those_of_the_machine),
        TEST(how_old_a_reading_may_be_is_not_judged_here),
        TEST(the_owner_may_have_paused_it),
        TEST(what_runs_goes_on_where_it_would_not_start),
        TEST(who_told_nothing_is_not_judged),
        TEST(without_a_policy_nothing_is_foreseen),
        TEST(what_failed_is_tried_again_when_a_reading_allows_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
