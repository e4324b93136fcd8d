/* What a controller makes of an agent's words about drift. */
#include "controller/core/drifted.h"

#include "controller/core/batch.h"
#include "controller/core/metrics.h"
#include "controller/core/reconcile.h"
#include "schema/wire/wire.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct fleet fleet;

static int begin(void **state)
{
    (void)state;
    fleet_init(&fleet);
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-0}\n"
                       "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n");
    fleet_start(&fleet);
    fleet_connect(&fleet, "edge-0");
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec: {drift: report, workload: {command: [/bin/run]}}\n");
    fleet_obey(&fleet);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

static void when_told(enum assignment_phase phase, const char *reason, struct drift_row row)
{
    struct assignment_entry *copy = fleet_copy(&fleet, "work", "0");
    struct wire_report_item item = {.generation = copy->object->meta.generation};

    shape_put(&assignment_status_shape, &item.status, phase, (int)phase);
    if (reason != NULL) {
        shape_put(&assignment_status_shape, &item.status, reason, reason);
    }
    row.set = UINT64_MAX; /* as an agent that says all of it */
    item.status.drift = (drift_t){.items = &row, .count = row.sort == NULL ? 0 : 1};
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(fleet.ctl, copy->agent, copy, &item);
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
}

static int64_t count_of(enum metric metric, enum drift_sort sort)
{
    static struct metrics metrics;

    metrics_gather(fleet.ctl, &metrics);
    return metrics.values[metric][sort];
}

static const struct condition *drifted(void)
{
    return condition_find(&assignment_status(fleet_copy(&fleet, "work", "0"))->conditions,
                          "Drifted");
}

static void what_never_drifted_has_no_condition(void **state)
{
    (void)state;
    assert_null(drifted());
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void what_was_found_is_an_event_a_condition_and_a_count(void **state)
{
    const struct drift_row row = {
        .sort = "Limits", .open = true, .found = 1, .since = {5000}, .detail = "values changed"};

    (void)state;
    when_told(PHASE_RUNNING, NULL, row);
    when_told(PHASE_RUNNING, NULL, row); /* told again */
    assert_true(fleet_has_event(&fleet, "DriftFound"));
    assert_false(fleet_has_event(&fleet, "DriftHealed"));
    assert_int_equal(drifted()->status, CONDITION_TRUE);
    assert_string_equal(drifted()->message, "values changed");
    assert_int_equal(count_of(METRIC_DRIFT_FOUND, DRIFT_LIMITS), 1);
    assert_int_equal(count_of(METRIC_DRIFTED, DRIFT_LIMITS), 1);
    assert_true(fleet_is_converged(&fleet, "work")); /* it runs */
}

static void what_was_healed_is_so_too(void **state)
{
    const struct drift_row row = {.sort = "Ended", .found = 3, .healed = 3, .since = {5000}};

    (void)state;
    when_told(PHASE_RUNNING, NULL, row); /* all of it between two reports */
    assert_true(fleet_has_event(&fleet, "DriftFound"));
    assert_true(fleet_has_event(&fleet, "DriftHealed"));
    assert_int_equal(drifted()->status, CONDITION_FALSE);
    assert_int_equal(count_of(METRIC_DRIFT_FOUND, DRIFT_ENDED), 3);
    assert_int_equal(count_of(METRIC_DRIFT_HEALED, DRIFT_ENDED), 3);
    assert_int_equal(count_of(METRIC_DRIFTED, DRIFT_ENDED), 0);
}

static const struct condition *session_drifted(void)
{
    const struct object *session = model_session(&fleet.ctl->model, "work")->object;

    return condition_find(&harvest_session_of(session)->status.conditions, "Drifted");
}

static void its_session_says_so_and_when_it_is_over(void **state)
{
    struct drift_row row = {
        .sort = "Limits", .open = true, .found = 1, .since = {5000}, .detail = "values changed"};

    (void)state;
    assert_null(session_drifted());
    when_told(PHASE_RUNNING, NULL, row);
    assert_int_equal(session_drifted()->status, CONDITION_TRUE);
    assert_string_equal(session_drifted()->message, "replica 0 on edge-0: values changed");
    row.detail = "other values changed";
    when_told(PHASE_RUNNING, NULL, row);
    assert_string_equal(session_drifted()->message, "replica 0 on edge-0: other values changed");
    row.open = false;
    row.healed = 1;
    when_told(PHASE_RUNNING, NULL, row);
    assert_int_equal(session_drifted()->status, CONDITION_FALSE);
    assert_string_equal(session_drifted()->reason, "NoDrift");
}

static void what_is_left_is_why_its_session_is_not_as_declared(void **state)
{
    const struct drift_row row = {.sort = "Ended", .open = true, .found = 1, .since = {5000}};

    (void)state;
    when_told(PHASE_STARTING, "Drifted", row);
    assert_false(fleet_is_converged(&fleet, "work"));
    assert_string_equal(fleet_why(&fleet, "work"), "Drifted");
}

static void an_agent_may_claim_any_number_and_any_sort(void **state)
{
    (void)state;
    when_told(PHASE_RUNNING, NULL,
              (struct drift_row){.sort = "Ended", .found = INT64_MAX, .healed = INT64_MAX});
    when_told(PHASE_RUNNING, NULL, (struct drift_row){.sort = "Ended", .found = 1, .healed = 0});
    when_told(PHASE_RUNNING, NULL,
              (struct drift_row){.sort = "Ended", .found = INT64_MAX, .healed = INT64_MAX});
    when_told(PHASE_RUNNING, NULL, (struct drift_row){.sort = "Unheard", .open = true, .found = 1});
    assert_string_equal(drifted()->message, "Unheard");
    assert_int_equal(count_of(METRIC_DRIFT_FOUND, DRIFT_ENDED), 2000);
}

int main(void)
{
#define FLEET(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        FLEET(what_never_drifted_has_no_condition),
        FLEET(what_was_found_is_an_event_a_condition_and_a_count),
        FLEET(what_was_healed_is_so_too),
        FLEET(its_session_says_so_and_when_it_is_over),
        FLEET(what_is_left_is_why_its_session_is_not_as_declared),
        FLEET(an_agent_may_claim_any_number_and_any_sort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
