/* The scale of a session: replicas by another name. */
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MERGE "application/merge-patch+json"
#define SCALE SESSIONS "/s/scale"

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'replicas': 2, " WORK "}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

static struct node *patch_as(const char *type, int code, const char *target, const char *body)
{
    struct node *answer;

    api.content_type = type;
    answer = api_expect(&api, code, "PATCH", target, body);
    api.content_type = NULL;
    return answer;
}

static int64_t replicas(void)
{
    return api_int(api_get(&api, SESSIONS "/s"), "spec.replicas");
}

static void expect_scale(const struct node *scale, int64_t count)
{
    assert_string_equal(api_text(scale, "kind"), "Scale");
    assert_string_equal(api_text(scale, "apiVersion"), "autoscaling/v1");
    assert_string_equal(api_text(scale, "metadata.name"), "s");
    assert_string_equal(api_text(scale, "metadata.uid"),
                        api_text(api_get(&api, SESSIONS "/s"), "metadata.uid"));
    assert_int_equal(api_int(scale, "spec.replicas"), count);
}

/* ---------------------------------------------------------------------------------------------- */

static void a_scale_says_how_many_replicas_are_wanted_and_ready(void **state)
{
    const struct node *scale = api_get(&api, SCALE);

    (void)state;
    expect_scale(scale, 2);
    assert_int_equal(api_int(scale, "status.replicas"), 0);
    assert_null(api_at(scale, "metadata.managedFields"));
}

static void the_scale_of_a_session_on_every_agent_is_what_is_desired(void **state)
{
    struct api_agent agent = {.name = "a1", .key = {1}};

    (void)state;
    api_connect(&api, &agent);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 'e'}, 'spec': {'everyAgent': true, " WORK "}}");
    api_tick(&api);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/e/scale"), "spec.replicas"), 1);
    assert_non_null(strstr(
        api_text(patch_as(MERGE, 422, SESSIONS "/e/scale", "{'spec': {'replicas': 3}}"), "message"),
        "excludes everyAgent"));
}

static void a_patch_of_the_scale_changes_the_replicas(void **state)
{
    (void)state;
    expect_scale(patch_as(MERGE, 200, SCALE, "{'spec': {'replicas': 5}}"), 5);
    assert_int_equal(replicas(), 5);
    expect_scale(patch_as("application/json-patch+json", 200, SCALE,
                          "[{'op': 'test', 'path': '/spec/replicas', 'value': 5},"
                          "{'op': 'replace', 'path': '/spec/replicas', 'value': 0}]"),
                 0);
    assert_int_equal(replicas(), 0);
}

static void a_scale_is_replaced(void **state)
{
    const char *revision = api_text(api_get(&api, SCALE), "metadata.resourceVersion");

    (void)state;
    expect_scale(api_expect(&api, 200, "PUT", SCALE,
                            api_target(&api,
                                       "{'kind': 'Scale', 'apiVersion': 'autoscaling/v1',"
                                       "'metadata': {'name': 's', 'resourceVersion': '%s'},"
                                       "'spec': {'replicas': 4}, 'status': {'replicas': 9}}",
                                       revision)),
                 4);
    assert_int_equal(replicas(), 4);
    (void)api_expect(&api, 409, "PUT", SCALE,
                     api_target(&api,
                                "{'metadata': {'name': 's', 'resourceVersion': '%s'},"
                                "'spec': {'replicas': 6}}",
                                revision));
    assert_int_equal(replicas(), 4);
}

/* Clients in Go leave out a zero. */
static void a_scale_without_replicas_is_of_none(void **state)
{
    (void)state;
    (void)api_expect(&api, 200, "PUT", SCALE, "{'metadata': {'name': 's'}, 'spec': {}}");
    assert_int_equal(replicas(), 0);
}

static void a_dry_run_of_a_scale_changes_nothing(void **state)
{
    const char *before = api_fingerprint(&api);

    (void)state;
    expect_scale(patch_as(MERGE, 200, SCALE "?dryRun=All", "{'spec': {'replicas': 5}}"), 5);
    assert_string_equal(api_fingerprint(&api), before);
}

static void who_scales_owns_the_replicas(void **state)
{
    const struct node *owners;

    (void)state;
    (void)patch_as(MERGE, 200, SCALE "?fieldManager=me", "{'spec': {'replicas': 5}}");
    owners = api_at(api_get(&api, SESSIONS "/s"), "metadata.managedFields");
    assert_int_equal(owners->list.count, 2);
    assert_string_equal(api_text(owners->list.items[1], "manager"), "me");
    assert_non_null(api_at(owners->list.items[1], "fieldsV1.f:spec.f:replicas"));
}

static void what_is_no_scale_is_refused(void **state)
{
    const char *before = api_fingerprint(&api);

    (void)state;
    (void)patch_as(MERGE, 422, SCALE, "{'spec': {'replicas': -1}}");
    (void)patch_as(MERGE, 422, SCALE, "{'spec': {'replicas': 'many'}}");
    (void)patch_as(MERGE, 400, SCALE, "{'kind': 'HarvestSession'}");
    (void)patch_as(MERGE, 400, SCALE, "{'metadata': {'name': 'other'}}");
    (void)patch_as(MERGE, 400, SCALE, "[]");
    (void)patch_as("application/json-patch+json", 400, SCALE, "{}");
    (void)patch_as("application/apply-patch+yaml", 415, SCALE, "{}");
    (void)api_expect(&api, 400, "PUT", SCALE, NULL);
    (void)api_expect(&api, 405, "DELETE", SCALE, NULL);
    assert_string_equal(api_fingerprint(&api), before);
}

static void only_what_has_replicas_has_a_scale(void **state)
{
    (void)state;
    (void)api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    (void)api_expect(&api, 404, "GET", POLICIES "/p/scale", NULL);
    (void)api_expect(&api, 404, "GET", SESSIONS "/none/scale", NULL);
    (void)patch_as(MERGE, 404, SESSIONS "/none/scale", "{'spec': {'replicas': 1}}");
}

static void discovery_says_what_a_scale_is(void **state)
{
    const struct node *list = api_at(api_get(&api, "/apis/fog/v1"), "resources");
    size_t found = 0, main_at = 0;

    (void)state;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *resource = list->list.items[i];

        if (str_eq(api_text(resource, "name"), "harvestsessions")) {
            main_at = i;
        }
        if (str_eq(api_text(resource, "name"), "harvestsessions/scale")) {
            found++;
            assert_true(i > main_at);
            assert_string_equal(api_text(resource, "kind"), "Scale");
            assert_string_equal(api_text(resource, "group"), "autoscaling");
            assert_string_equal(api_text(resource, "version"), "v1");
            assert_string_equal(api_text(resource, "verbs[0]"), "get");
        }
    }
    assert_int_equal(found, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scale_says_how_many_replicas_are_wanted_and_ready),
        TEST(the_scale_of_a_session_on_every_agent_is_what_is_desired),
        TEST(a_patch_of_the_scale_changes_the_replicas),
        TEST(a_scale_is_replaced),
        TEST(a_scale_without_replicas_is_of_none),
        TEST(a_dry_run_of_a_scale_changes_nothing),
        TEST(who_scales_owns_the_replicas),
        TEST(what_is_no_scale_is_refused),
        TEST(only_what_has_replicas_has_a_scale),
        TEST(discovery_says_what_a_scale_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
