/* An agent where nothing starts is left alone for a while; and how long tries wait. */
#include "controller/core/breaker.h"

#include "controller/core/backoff.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct mono start = {1000};

static void five_failed_starts_in_a_row_open_it(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    for (size_t i = 1; i < BREAKER_FAILURES; i++) {
        assert_false(breaker_failed(&breaker, 1, start));
    }
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_true(breaker_failed(&breaker, 1, start));
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void one_success_forgets_the_failures(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    (void)breaker_failed(&breaker, BREAKER_FAILURES - 1, start);
    assert_false(breaker_succeeded(&breaker)); /* it was closed all the time */
    assert_false(breaker_failed(&breaker, 1, start));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static struct breaker half_open(void)
{
    struct breaker breaker = {0};

    (void)breaker_failed(&breaker, BREAKER_FAILURES, start);
    assert_false(breaker_wait_over(&breaker, mono_after(start, BREAKER_OPEN_MS - 1)));
    assert_true(breaker_wait_over(&breaker, mono_after(start, BREAKER_OPEN_MS)));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    return breaker;
}

static void after_a_while_one_is_let_through(void **state)
{
    struct breaker breaker = half_open();

    (void)state;
    breaker_probe(&breaker, "first");
    breaker_probe(&breaker, "second");
    assert_string_equal(breaker.probe, "first");
    assert_false(breaker_forget_probe(&breaker, "second"));
    assert_string_equal(breaker.probe, "first");
    assert_true(breaker_forget_probe(&breaker, "first"));
    assert_string_equal(breaker.probe, "");
}

static void a_probe_that_runs_closes_it(void **state)
{
    struct breaker breaker = half_open();

    (void)state;
    assert_true(breaker_succeeded(&breaker));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.failures, 0);
}

static void a_probe_that_fails_opens_it_at_once(void **state)
{
    struct breaker breaker = half_open();
    struct mono now = mono_after(start, BREAKER_OPEN_MS + 5);

    (void)state;
    assert_true(breaker_failed(&breaker, 1, now));
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker.open_until.ms, now.ms + BREAKER_OPEN_MS);
}

static void tries_wait_longer_and_longer_but_not_the_same(void **state)
{
    struct rand rand;
    int64_t most = RESTART_MIN_MS;
    bool differs = false;

    (void)state;
    rand_init_u64(&rand, 7);
    for (unsigned failures = 1; failures < 40; failures++) {
        int64_t one = backoff_ms(failures, &rand), other = backoff_ms(failures, &rand);

        assert_in_range(one, most / 2, most);
        assert_in_range(other, most / 2, most);
        differs = differs || one != other;
        most = most * 2 > RESTART_MAX_MS ? RESTART_MAX_MS : most * 2;
    }
    assert_true(differs);
}

/* --- in the fleet ----------------------------------------------------------------------------- */

static struct fleet fleet;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge}\n"
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

static const char *health(void)
{
    const struct agent_entry *agent = model_agent(&fleet.ctl->model, "edge");

    return condition_find(&agent_status(agent)->conditions, "Healthy")->reason;
}

static void fail_all(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char slot[2] = {(char)('0' + i), '\0'};

        fleet_report(&fleet, fleet_copy(&fleet, "work", slot), PHASE_FAILED, "StartFailed", 1);
    }
}

static void an_agent_where_nothing_starts_rests_and_is_tried_again(void **state)
{
    (void)state;
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec:\n  replicas: 5\n  retries: 100\n  workload: {command: [/none]}\n");
    assert_string_equal(health(), "Starts");
    fail_all(5);
    assert_string_equal(health(), "BreakerOpen");
    assert_true(fleet_has_event(&fleet, "BreakerOpened"));
    fleet_advance(&fleet, BREAKER_OPEN_MS / 2);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    assert_non_null(strstr(fleet_message(&fleet, "work"), "rests after failed starts (edge)"));
    fleet_advance(&fleet, BREAKER_OPEN_MS);
    assert_string_equal(health(), "BreakerProbing");
    assert_int_equal(fleet_copies(&fleet, "work"), 5);
    fleet_obey(&fleet); /* the probe runs, and then the rest may */
    assert_string_equal(health(), "Starts");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void only_one_replica_probes(void **state)
{
    size_t pending = 0;

    (void)state;
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec:\n  replicas: 5\n  retries: 100\n  workload: {command: [/none]}\n");
    fail_all(5);
    fleet_advance(&fleet, BREAKER_OPEN_MS + RESTART_MAX_MS);
    map_each (&fleet.ctl->model.objects[KIND_ASSIGNMENT], it) {
        pending += assignment_status(it->value)->phase == PHASE_PENDING;
    }
    assert_int_equal(pending, 1);
}

static const struct assignment_entry *the_pending(size_t *ret_count)
{
    const struct assignment_entry *found = NULL;

    *ret_count = 0;
    map_each (&fleet.ctl->model.objects[KIND_ASSIGNMENT], it) {
        if (assignment_status(it->value)->phase == PHASE_PENDING) {
            found = it->value;
            ++*ret_count;
        }
    }
    return found;
}

/* Days may pass until it runs, and others' work has no such policy. */
static void a_probe_that_cannot_be_tried_lets_another_through(void **state)
{
    static const struct {
        enum assignment_phase phase;
        const char *reason;
    } says[] = {{PHASE_SUSPENDED, "BatteryLow"},
                {PHASE_STARTING, "ArtifactMissing"},
                {PHASE_SUCCEEDED, NULL},
                {PHASE_FAILED, "ExitedNonZero"}};
    const struct assignment_entry *probe;
    size_t pending = 0;

    (void)state;
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec:\n  replicas: 5\n  retries: 100\n  workload: {command: [/none]}\n");
    fail_all(5);
    fleet_advance(&fleet, BREAKER_OPEN_MS + RESTART_MAX_MS);
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        char uid[UID_TEXT_SIZE];

        probe = the_pending(&pending);
        assert_int_equal(pending, 1);
        (void)snprintf(uid, sizeof(uid), "%s", probe->object->meta.uid);
        fleet_report(&fleet, probe, PHASE_STARTING, "Fetching", 0); /* it may be tried soon */
        assert_null(the_pending(&pending));
        fleet_report(&fleet, probe, says[i].phase, says[i].reason, 0);
        probe = the_pending(&pending);
        assert_int_equal(pending, 1);
        assert_string_not_equal(probe->object->meta.uid, uid);
        assert_string_equal(health(), "BreakerProbing");
    }
    fleet_report(&fleet, probe, PHASE_RUNNING, NULL, 0);
    assert_string_equal(health(), "Starts");
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failed_starts_in_a_row_open_it),
        cmocka_unit_test(one_success_forgets_the_failures),
        cmocka_unit_test(after_a_while_one_is_let_through),
        cmocka_unit_test(a_probe_that_runs_closes_it),
        cmocka_unit_test(a_probe_that_fails_opens_it_at_once),
        cmocka_unit_test(tries_wait_longer_and_longer_but_not_the_same),
        IN_FLEET(an_agent_where_nothing_starts_rests_and_is_tried_again),
        IN_FLEET(only_one_replica_probes),
        IN_FLEET(a_probe_that_cannot_be_tried_lets_another_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
