/* What the core counts: how long sessions take to be as declared, and what is not, by class. */
#include "controller/core/metrics.h"

#include "schema/divergence.h"
#include "tests/support/api.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SESSION(command)                                                                           \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"                           \
    "spec: {replaceAfter: 10s, workload: {command: [" command "], resources: {cores: 1}}}\n"

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

static const struct metrics *now(void)
{
    static struct metrics metrics;

    metrics_gather(fleet.ctl, &metrics);
    return &metrics;
}

static void a_change_is_timed_until_it_has_arrived(void **state)
{
    const struct histogram *changes = &now()->convergence[METRIC_CAUSE_CHANGE];

    (void)state;
    fleet_apply(&fleet, SESSION("/bin/a"));
    assert_int_equal(now()->values[METRIC_SESSIONS_CONVERGED][1], 1);
    assert_int_equal(now()->values[METRIC_SESSIONS_DIVERGED][DIVERGENCE_CONFIGURATION], 1);
    fleet_advance(&fleet, 700);
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
    (void)now();
    assert_int_equal(changes->count, 1);
    assert_in_range(changes->sum_us, 700000, 800000);
    assert_int_equal(now()->values[METRIC_SESSIONS_CONVERGED][0], 1);
    assert_int_equal(now()->values[METRIC_SESSIONS_DIVERGED][DIVERGENCE_CONFIGURATION], 0);

    fleet_apply(&fleet, SESSION("/bin/b"));
    fleet_advance(&fleet, 200);
    fleet_obey(&fleet);
    (void)now();
    assert_int_equal(changes->count, 2);
    assert_int_equal(now()->convergence[METRIC_CAUSE_DISTURBANCE].count, 0);
}

static void a_disturbance_is_timed_and_has_a_class(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("/bin/a"));
    fleet_obey(&fleet);
    assert_int_equal(now()->values[METRIC_AGENTS][METRIC_AGENT_CONNECTED], 1);
    fleet_disconnect(&fleet, "edge-1");
    assert_int_equal(now()->values[METRIC_SESSIONS_DIVERGED][DIVERGENCE_NETWORK], 1);
    assert_int_equal(now()->values[METRIC_DIVERGENCES][DIVERGENCE_NETWORK], 1);
    assert_int_equal(now()->values[METRIC_AGENTS][METRIC_AGENT_AWAY], 1);
    fleet_advance(&fleet, 4000);
    fleet_connect(&fleet, "edge-1");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(now()->convergence[METRIC_CAUSE_DISTURBANCE].count, 1);
    assert_true(now()->convergence[METRIC_CAUSE_DISTURBANCE].sum_us >= 4000000);
    assert_int_equal(now()->convergence[METRIC_CAUSE_CHANGE].count, 1);
    assert_int_equal(now()->values[METRIC_DIVERGENCES][DIVERGENCE_NETWORK], 1);
}

static const struct condition *converged(void)
{
    const struct object *session = model_session(&fleet.ctl->model, "work")->object;

    return condition_find(&harvest_session_of(session)->status.conditions, "Converged");
}

static const char *class_of_why(void)
{
    const struct node *root =
        explain_object(fleet.ctl, model_session(&fleet.ctl->model, "work")->object);

    return node_find_text(node_find(root, "inTheWay"), "class");
}

static void conditions_and_why_have_the_class(void **state)
{
    (void)state;
    fleet_apply(&fleet, SESSION("/bin/a"));
    assert_string_equal(converged()->class, "Configuration");
    fleet_obey(&fleet);
    assert_null(converged()->class);
    assert_null(class_of_why());
    fleet_disconnect(&fleet, "edge-1");
    assert_string_equal(converged()->class, "Network");
    assert_string_equal(class_of_why(), "Network");
    fleet_advance(&fleet, 60000);
    assert_string_equal(converged()->reason, "NoAgent");
    assert_string_equal(converged()->class, "Resources");
}

static void a_plan_that_is_only_looked_at_is_not_timed(void **state)
{
    _cleanup_(str_fini)
    struct str plan = STR_EMPTY;

    (void)state;
    fleet_apply(&fleet, SESSION("/bin/a"));
    fleet_obey(&fleet);
    fleet_plan(&fleet, SESSION("/bin/b"), &plan);
    fleet_advance(&fleet, 5000);
    fleet_obey(&fleet);
    assert_int_equal(now()->convergence[METRIC_CAUSE_CHANGE].count, 1);
    assert_false(model_session(&fleet.ctl->model, "work")->is_timed);
}

static void the_page_waits_for_nothing(void **state)
{
    struct api api;
    const struct api_reply *reply;

    (void)state;
    api_init(&api);
    (void)api_expect(&api, 405, "POST", "/metrics", NULL);
    api.holds_commits = true;
    (void)api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    reply = api_call(&api, "GET", "/metrics", NULL);
    assert_int_equal(reply->code, 200);
    assert_string_equal(reply->content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_non_null(strstr(reply->body.data, "\nfog_queue_length{queue=\"commits\"} 1\n"));
    assert_non_null(strstr(reply->body.data, "\nfog_objects{kind=\"harvestpolicies\"} 1\n"));
    assert_non_null(strstr(reply->body.data, "\nfog_http_answers_total{code=\"4xx\"} 1\n"));
    assert_null(strstr(reply->body.data, "fog_commits_failed_total"));
    api_fini(&api);
}

static void the_page_has_what_the_shell_told(void **state)
{
    static struct metrics told;
    const struct http_request request = {.method = "GET", .target = "/metrics"};
    struct effects effects;

    (void)state;
    told.values[METRIC_COMMITS_FAILED][0] = 3;
    effects_init(&effects);
    ctl_step(fleet.ctl,
             &(struct ctl_event){.type = CTL_HTTP,
                                 .id = 1000,
                                 .now = fleet.now,
                                 .wall = fleet.wall,
                                 .http = &request,
                                 .told = &told},
             &effects);
    assert_int_equal(effects.count, 1);
    assert_int_equal(effects.items[0].after, 0);
    assert_non_null(strstr(effects.items[0].bytes->data, "\nfog_commits_failed_total 3\n"));
    effects_fini(&effects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_timed_until_it_has_arrived, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disturbance_is_timed_and_has_a_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions_and_why_have_the_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_that_is_only_looked_at_is_not_timed, set_up,
                                        tear_down),
        cmocka_unit_test(the_page_waits_for_nothing),
        cmocka_unit_test_setup_teardown(the_page_has_what_the_shell_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
