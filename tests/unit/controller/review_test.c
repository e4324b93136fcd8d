/* Who may do what: the answers to access reviews. */
#include "controller/core/review.h"

#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ACCESS "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#define RULES  "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
#define SELF   "/apis/authentication.k8s.io/v1/selfsubjectreviews"

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

static void what_anybody_may_do_is_allowed_and_the_rest_has_a_reason(void **state)
{
    static const struct {
        const char *verb, *group, *resource, *subresource, *why; /* NULL: allowed */
    } cases[] = {
        {"create", "fog", "harvestsessions", "", NULL},
        {"*", "fog", "harvestsessions", "", NULL},
        {"patch", "fog", "harvestsessions", "status", NULL},
        {"get", "fog", "harvestsessions", "why", NULL},
        {"get", "fog", "assignments", "log", NULL},
        {"delete", "fog", "assignments", "", NULL},
        {"create", "fog", "assignments", "", "the controller alone writes assignments"},
        {"*", "fog", "assignments", "", "the controller alone writes assignments"},
        {"delete", "fog", "conflicts", "", "the controller alone writes conflicts"},
        {"list", "", "events", "", NULL},
        {"get", "*", "*", "", NULL},
        {"get", "", "*", "", NULL},
        {"update", "*", "*", "", "the controller alone writes assignments"},
        {"dance", "fog", "agents", "", "agents have no verb \"dance\""},
        {"get", "fog", "agents", "log", "agents have no subresource \"log\""},
        {"create", "fog", "harvestsessions", "plan", NULL},
        {"get", "fog", "harvestsessions", "history", NULL},
        {"get", "fog", "harvestsessions", "scale", NULL},
        {"get", "fog", "assignments", "status", NULL},
        {"create", "fog", "assignments", "plan", "assignments have no subresource \"plan\""},
        {"get", "fog", "agents", "scale", "agents have no subresource \"scale\""},
        {"get", "fog", "harvestsessions", "plan", "harvestsessions/plan have no verb \"get\""},
        {"dance", "fog", "assignments", "", "assignments have no verb \"dance\""},
        {"create", "fog", "changesets", "", NULL},
        {"create", "fog", "rollbacks", "", NULL},
        {"get", "fog", "state", "", NULL},
        {"get", "*", "history", "", NULL},
        {"get", "fog", "changesets", "", "changesets has no verb \"get\""},
        {"get", "fog", "history", "log", "history has no subresource \"log\""},
        {"update", "fog", "agents", "why", "agents/why have no verb \"update\""},
        {"get", "", "pods", "", "the server has no resource \"pods\" in the group \"\""},
        {"get", "fog", "events", "", "the server has no resource \"events\" in the group \"fog\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct review review = {.type = REVIEW_ACCESS,
                                      .namespace = "default",
                                      .verb = cases[i].verb,
                                      .group = cases[i].group,
                                      .version = "",
                                      .resource = cases[i].resource,
                                      .subresource = cases[i].subresource,
                                      .name = ""};
        const char *why;

        assert_int_equal(review_decide(&api.arena, &review, &why), cases[i].why == NULL);
        if (cases[i].why != NULL) {
            assert_string_equal(why, cases[i].why);
        }
    }
}

static void paths_are_allowed_as_far_as_they_are_there(void **state)
{
    static const struct {
        const char *verb, *path, *why;
    } cases[] = {
        {"get", "/version", NULL},
        {"get", "/openapi/v3/apis/fog/v1", NULL},
        {"put", "/blobs/v1/blake2b:0", NULL},
        {"head", "/blobs/v1/blake2b:0", NULL},
        {"get", "/backup/v1", NULL},
        {"head", "/backup/v1", "there is no \"head\" of this path"},
        {"post", "/apis/fog/v1/changesets", NULL},
        {"get", "/apis/fog/v1/agents", NULL},
        {"patch", "/apis/fog/v1/agents/a/status", NULL},
        {"post", "/apis/fog/v1/agents/a/plan", NULL},
        {"get", "/api/v1/namespaces/x/events", NULL},
        {"post", "/apis/fog/v1/agents/a", "there is no \"post\" of this path"},
        {"get", "/apis/fog/v1/agents/a/log", "the server has no such path"},
        {"get", "/apis/fog/v2", "the server has no such path"},
        {"post", "/version", "there is no \"post\" of this path"},
        {"get", "/versions", "the server has no such path"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct review review = {
            .type = REVIEW_ACCESS, .path = cases[i].path, .path_verb = cases[i].verb};
        const char *why;

        assert_int_equal(review_decide(&api.arena, &review, &why), cases[i].why == NULL);
        if (cases[i].why != NULL) {
            assert_string_equal(why, cases[i].why);
        }
    }
}

static void a_review_comes_back_with_its_answer(void **state)
{
    const struct node *answer = api_expect(
        &api, 201, "POST", ACCESS,
        "{'spec': {'resourceAttributes': {'verb': 'get', 'group': 'fog', 'resource': 'agents'}}}");

    (void)state;
    assert_string_equal(api_text(answer, "kind"), "SelfSubjectAccessReview");
    quick_json_expect(api_at(answer, "spec"), "{'resourceAttributes': {'verb': 'get',"
                                              "'group': 'fog', 'resource': 'agents'}}");
    assert_true(api_at(answer, "status.allowed")->boolean);
    assert_int_equal(api_call(&api, "GET", ACCESS, NULL)->code, 405);
    assert_int_equal(api_call(&api, "POST", ACCESS, "{'spec': {}}")->code, 400);
    assert_int_equal(api_call(&api, "POST", ACCESS, "")->code, 400);
}

static void protocol_buffers_are_answered_in_json(void **state)
{
    const struct review review = {
        .type = REVIEW_ACCESS, .verb = "create", .group = "fog", .resource = "assignments"};
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY;
    const struct api_reply *reply;

    (void)state;
    review_to_proto(&review, &bytes);
    api.content_type = "application/vnd.kubernetes.protobuf";
    reply = api_call_raw(&api, "POST", ACCESS, bytes.data, bytes.length);
    assert_int_equal(reply->code, 201);
    assert_false(api_at(reply->json, "status.allowed")->boolean);
    assert_int_equal(api_call_raw(&api, "POST", ACCESS, bytes.data, 9)->code, 400);
    /* Nothing else is read so. */
    assert_int_equal(api_call_raw(&api, "POST", POLICIES, bytes.data, bytes.length)->code, 415);
}

static bool has_rule(const struct node *rules, const char *key, const char *name, const char *verb)
{
    for (size_t i = 0; i < rules->list.count; i++) {
        if (str_eq(api_text(rules->list.items[i], key), name)) {
            return str_eq(api_text(rules->list.items[i], "verbs[0]"), verb);
        }
    }
    return false;
}

static void rules_name_every_resource(void **state)
{
    const struct node *answer = api_expect(&api, 201, "POST", RULES, "{'spec': {}}");
    const struct node *rules = api_at(answer, "status.resourceRules");
    size_t seen = 0;

    (void)state;
    assert_false(api_at(answer, "status.incomplete")->boolean);
    for (size_t i = 0; i < rules->list.count; i++) {
        const char *resource = api_text(rules->list.items[i], "resources[0]");

        seen += kind_find_plural(api_text(rules->list.items[i], "apiGroups[0]"), resource) != NULL;
        assert_true(api_at(rules->list.items[i], "verbs")->list.count > 0);
    }
    assert_int_equal(seen, KIND_COUNT);
    assert_true(has_rule(rules, "resources[0]", "harvestsessions/history", "get"));
    assert_true(has_rule(rules, "resources[0]", "harvestsessions/plan", "create"));
    assert_true(has_rule(rules, "resources[0]", "changesets", "create"));
    assert_false(has_rule(rules, "resources[0]", "agents/log", "get"));
    rules = api_at(answer, "status.nonResourceRules");
    assert_true(has_rule(rules, "nonResourceURLs[0]", "/blobs/v1/*", "get"));
    assert_true(has_rule(rules, "nonResourceURLs[0]", "/metrics", "get"));
}

static void who_asks_is_who_says_so(void **state)
{
    (void)state;
    quick_json_expect(api_at(api_expect(&api, 201, "POST", SELF, "{}"), "status"),
                      "{'userInfo': {'username': 'alice', 'groups': ['system:unauthenticated']}}");
    api.user = NULL;
    assert_string_equal(
        api_text(api_expect(&api, 201, "POST", SELF, "{}"), "status.userInfo.username"),
        "anonymous");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_anybody_may_do_is_allowed_and_the_rest_has_a_reason),
        CASE(paths_are_allowed_as_far_as_they_are_there),
        CASE(a_review_comes_back_with_its_answer),
        CASE(protocol_buffers_are_answered_in_json),
        CASE(rules_name_every_resource),
        CASE(who_asks_is_who_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
