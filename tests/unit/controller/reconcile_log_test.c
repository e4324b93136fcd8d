/* The reconcile log and the state dump: what the controller tells of its decisions and of all that
 * it has. */
#include "controller/core/reconcile_log.h"

#include "schema/json.h"
#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LOG   "/apis/fog/v1/reconcilelog"
#define STATE "/apis/fog/v1/state"

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

static void add_session(const char *name)
{
    (void)api_expect(&api, 201, "POST", SESSIONS "?fieldManager=me",
                     api_target(&api, "{'metadata': {'name': '%s'}, 'spec': {" WORK "}}", name));
}

static void a_decision_has_its_trigger_and_what_was_left(void **state)
{
    const struct node *item;

    (void)state;
    assert_int_equal(api_at(api_get(&api, LOG), "items")->list.count, 0);
    add_session("render");
    assert_int_equal(api_at(api_get(&api, LOG), "items")->list.count, 1);
    item = api_at(api_get(&api, LOG), "items[0]");
    assert_string_equal(api_text(item, "event"), "http");
    assert_string_equal(api_text(item, "subject"), "POST /apis/fog/v1/harvestsessions");
    assert_int_equal(api_int(item, "sessions"), 1);
    assert_string_equal(api_text(item, "names[0]"), "render");
    assert_int_equal(api_int(item, "decisions"), 0);
    assert_string_equal(api_text(item, "reasons[0]"), "NoAgent");
    assert_true(api_int(item, "rows") >= 2);
    assert_int_equal(api_int(item, "effects"), 1);
    assert_null(api_at(item, "microseconds")); /* nobody measured it */
}

static void an_agent_that_comes_is_a_trigger_and_gets_work(void **state)
{
    struct api_agent agent = {.name = "edge-1"};
    const struct node *item;

    (void)state;
    add_session("render");
    api_connect(&api, &agent);
    item = api_at(api_get(&api, LOG), "items[0]");
    assert_string_equal(api_text(item, "event"), "link-frame");
    assert_string_equal(api_text(item, "subject"), "agent/edge-1");
    assert_int_equal(api_int(item, "decisions"), 1);
    assert_string_equal(api_text(item, "taken[0]"),
                        "start render/0 on edge-1 (no agent runs it yet)");
}

static void refusals_are_counted_by_rule(void **state)
{
    struct api_agent agent = {.name = "edge-1"};
    const struct node *item;

    (void)state;
    api_connect(&api, &agent);
    (void)api_expect(&api, 201, "POST", SESSIONS "?fieldManager=me",
                     "{'metadata': {'name': 'picky'}, 'spec': {'selector': {'matchLabels':"
                     "{'zone': 'north'}}, " WORK "}}");
    item = api_at(api_get(&api, LOG), "items[0]");
    assert_int_equal(api_int(item, "refused[0].rule"), 1);
    assert_int_equal(api_int(item, "refused[0].agents"), 1);
    (void)api_expect(&api, 201, "POST", SESSIONS "?fieldManager=me",
                     "{'metadata': {'name': 'huge'}, 'spec': {'workload': {'command': ['/bin/w'],"
                     "'resources': {'memory': '9999Gi'}}}}");
    item = api_at(api_get(&api, LOG), "items[0]");
    assert_int_equal(api_int(item, "refused[0].rule"), 5);
}

static void the_log_is_bounded_and_dry_runs_are_not_in_it(void **state)
{
    const struct node *items;
    char name[32];

    (void)state;
    for (int i = 0; i < RECONCILE_LOG_NOTES + 20; i++) {
        (void)snprintf(name, sizeof(name), "s-%d", i);
        add_session(name);
    }
    items = api_at(api_get(&api, LOG), "items");
    assert_int_equal(items->list.count, RECONCILE_LOG_NOTES - 1);
    assert_string_equal(api_text(items, "[0].names[0]"), name);
    assert_int_equal(api_at(api_get(&api, LOG "?limit=3"), "items")->list.count, 3);
    (void)api_expect(&api, 201, "POST", SESSIONS "?dryRun=All",
                     "{'metadata': {'name': 'never'}, 'spec': {" WORK "}}");
    assert_string_equal(api_text(api_get(&api, LOG), "items[0].names[0]"), name);
    (void)api_expect(&api, 400, "GET", LOG "?limit=many", NULL);
    (void)api_expect(&api, 405, "POST", LOG, NULL);
}

static void a_duration_is_of_the_step_before(void **state)
{
    static struct metrics told = {.last_step_us = 4711};

    (void)state;
    add_session("render");
    api_step(&api, &(struct ctl_event){.type = CTL_TICK, .told = &told});
    /* The commit of the batch was a step in between, so that was not it. */
    assert_null(api_at(api_get(&api, LOG), "items[0].microseconds"));
    api.holds_commits = true;
    (void)api_call(&api, "DELETE", SESSIONS "/render", NULL);
    (void)api_call(&api, "POST", SESSIONS, "{'metadata': {'name': 'b'}, 'spec': {" WORK "}}");
    api_step(&api, &(struct ctl_event){.type = CTL_TICK, .told = &told});
    api.holds_commits = false;
    api_settle(&api);
    assert_int_equal(api_int(api_get(&api, LOG), "items[0].microseconds"), 4711);
}

/* --- the dump --------------------------------------------------------------------------------- */

static void a_dump_has_everything_as_of_one_revision(void **state)
{
    const struct api_reply *first, *second;
    uint64_t revision;
    char *before;

    (void)state;
    add_session("b");
    add_session("a");
    (void)api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    revision = api_revision(&api);
    first = api_call(&api, "GET", STATE, NULL);
    assert_int_equal(first->code, 200);
    assert_true(first->is_stream);
    assert_true(first->has_ended);
    before = mem_strdup(first->body.data);
    assert_true(str_starts(before, "{\"apiVersion\":\"fog/v1\",\"kind\":\"State\",\"metadata\":"));
    assert_non_null(strstr(before, api_target(&api, "\"resourceVersion\":\"%d\"", (int)revision)));
    assert_true(strstr(before, "\"name\":\"p\"") < strstr(before, "\"name\":\"a\""));
    assert_true(strstr(before, "\"name\":\"a\"") < strstr(before, "\"name\":\"b\""));
    assert_non_null(strstr(before, "\"reason\":\"FailedPlacement\"")); /* an event */
    api_restart(&api);
    second = api_call(&api, "GET", STATE, NULL);
    assert_string_equal(second->body.data, before);
    free(before);
    (void)api_expect(&api, 405, "DELETE", STATE, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_decision_has_its_trigger_and_what_was_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_agent_that_comes_is_a_trigger_and_gets_work, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refusals_are_counted_by_rule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_is_bounded_and_dry_runs_are_not_in_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_duration_is_of_the_step_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dump_has_everything_as_of_one_revision, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
