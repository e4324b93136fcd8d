/* auth: what may be done, and as whom. */
#include "tests/unit/fogctl/run.h"

#define ACCESS "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews "
#define RULES  "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews "
#define SELF   "POST /apis/authentication.k8s.io/v1/selfsubjectreviews "

#define DISCOVERY                                                                                  \
    {"GET /api ", 200, "{\"versions\":[]}", 0},                                                    \
        {"GET /apis ", 200,                                                                        \
         "{\"groups\":[{\"name\":\"fog\",\"preferredVersion\":{\"groupVersion\":\"fog/v1\"}}]}",   \
         0},                                                                                       \
    {                                                                                              \
        "GET /apis/fog/v1 ", 200,                                                                  \
            "{\"resources\":[{\"name\":\"harvestsessions\",\"singularName\":\"harvestsession\","   \
            "\"kind\":\"HarvestSession\",\"verbs\":[\"get\"],\"shortNames\":[\"hs\"]},"            \
            "{\"name\":\"harvestsessions/plan\",\"verbs\":[\"create\"]}]}",                        \
            0                                                                                      \
    }

static void yes_exits_with_0_and_no_with_1_and_why(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY, {ACCESS, 201, "{\"status\":{\"allowed\":true,\"reason\":\"all may\"}}", 1},
            {ACCESS, 201, "{\"status\":{\"allowed\":false,\"reason\":\"nobody may\"}}", 0});
    run("auth can-i create hs/render");
    EXITS(0);
    assert_string_equal(world.did.out.data, "yes\n");
    run("auth can-i create hs render --subresource status");
    EXITS(1);
    assert_string_equal(world.did.out.data, "no: nobody may\n");
    run("auth can-i -q create hs");
    EXITS(1);
    assert_string_equal(world.did.out.data, "");
    run("auth can-i create hs/plan");
    run("auth can-i create hs/plan render");
    run("auth can-i create changesets.fog");
    run("auth can-i get pods");
    EXITS(1);
    ERR("warning: the controller has no kind \"pods\"\n");
    run("auth can-i get /version");
    EXITS(1);
    says(&(struct str){.data = (char *)requests()},
         "\"spec\":{\"resourceAttributes\":{\"verb\":\"create\",\"group\":\"fog\","
         "\"resource\":\"harvestsessions\",\"name\":\"render\"}}");
    says(&world.http.requests, "\"subresource\":\"status\",\"name\":\"render\"}}");
    says(&world.http.requests, "\"subresource\":\"plan\"}}");
    says(&world.http.requests,
         "\"verb\":\"create\",\"group\":\"fog\",\"resource\":\"changesets\"}}");
    says(&world.http.requests, "\"subresource\":\"plan\",\"name\":\"render\"}}");
    says(&world.http.requests, "\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}");
    says(&world.http.requests,
         "\"nonResourceAttributes\":{\"path\":\"/version\",\"verb\":\"get\"}");
}

static void a_refusal_is_said(void **state)
{
    (void)state;
    ANSWERS(DISCOVERY,
            {ACCESS, 400, "{\"message\":\"no such thing\",\"reason\":\"BadRequest\"}", 0});
    run("auth can-i create hs");
    EXITS(1);
    ERR("no such thing (BadRequest)");
}

static void all_that_may_be_done_is_a_table(void **state)
{
    (void)state;
    ANSWERS({RULES, 201,
             "{\"status\":{\"resourceRules\":[{\"verbs\":[\"get\",\"list\"],"
             "\"apiGroups\":[\"fog\"],\"resources\":[\"agents\"]}],"
             "\"nonResourceRules\":[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/version\"]}]}}",
             0});
    run("auth can-i --list");
    EXITS(0);
    assert_string_equal(world.did.out.data, "RESOURCE OR PATH   GROUP   VERBS\n"
                                            "agents             fog     get list\n"
                                            "/version                   get\n");
}

static void whoever_asks_is_told_who_that_is(void **state)
{
    (void)state;
    ANSWERS({SELF, 201,
             "{\"status\":{\"userInfo\":{\"username\":\"alice\",\"groups\":[\"guests\"]}}}", 0});
    run("auth whoami");
    EXITS(0);
    assert_string_equal(world.did.out.data, "alice (guests)\n");
    run("auth whoami -o json");
    EXITS(0);
    OUT("\"username\": \"alice\"");
    run("auth whoami -o wide");
    EXITS(2);
}

static void a_wrong_line_is_a_usage(void **state)
{
    static const char *const lines[] = {"auth",
                                        "auth can-i",
                                        "auth can-i get",
                                        "auth who",
                                        "auth whoami me",
                                        "auth can-i --list get",
                                        "auth can-i get hs a b"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        run(lines[i]);
        EXITS(2);
        ERR("usage: fogctl auth");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(yes_exits_with_0_and_no_with_1_and_why),
        TEST(a_refusal_is_said),
        TEST(all_that_may_be_done_is_a_table),
        TEST(whoever_asks_is_told_who_that_is),
        TEST(a_wrong_line_is_a_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
