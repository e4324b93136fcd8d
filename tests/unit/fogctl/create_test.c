/* create, replace and patch: tools/fogctl/verb_create.c, verb_patch.c. */
#include "tests/unit/fogctl/run.h"

#define S "/apis/fog/v1/harvestsessions"
#define MANIFEST(name)                                                                             \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: " name                             \
    "}\nspec: {workload: {command: [/bin/true]}}\n"
#define DID(result)                                                                                \
    "{\"status\":{\"results\":[{\"kind\":\"HarvestSession\",\"name\":\"s\",\"result\":\"" result   \
    "\"}]}}"
#define SESSION(replicas)                                                                          \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","         \
    "\"uid\":\"u1\",\"resourceVersion\":\"" replicas "\"},\"spec\":{\"replicas\":" replicas "}}"
#define NOT_FOUND "{\"message\":\"\\\"s\\\" not found\",\"reason\":\"NotFound\"}"

/* --- create ----------------------------------------------------------------------------------- */

static void words_make_a_session(void **state)
{
    (void)state;
    run("create hs s --replicas 2 --policy night --env A=b=c --dry-run=client -o yaml "
        "-- /bin/sh -c 'x --y'");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "apiVersion: fog/v1\nkind: HarvestSession\nmetadata:\n  name: s\nspec:\n"
                        "  replicas: 2\n  policy: night\n  workload:\n    command:\n"
                        "      - /bin/sh\n      - -c\n      - x --y\n"
                        "    environment:\n      A: b=c\n");
}

static void what_is_created_must_not_be_there(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, DID("created"), 1},
            {"POST ", 409,
             "{\"message\":\"it is there\",\"reason\":\"AlreadyExists\",\"details\":{\"causes\":[{"
             "\"change\":0,\"field\":\"\",\"message\":\"it is there\"}]}}",
             0});
    given_file("s.yaml", MANIFEST("s"));
    run("create -f s.yaml");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s created\n");
    run("create -f s.yaml");
    EXITS(1);
    ERR("s.yaml:1:1: error: it is there");
    assert_int_equal(text_count(requests(), "\"verb\":\"create\""), 2);
}

static void words_that_make_no_session_are_told(void **state)
{
    (void)state;
    run("create hp night");
    EXITS(2);
    ERR("give -f FILE");
    run("create hs s");
    EXITS(2);
    ERR("-- COMMAND");
    run("create hs S_ -- /bin/true");
    EXITS(1);
    ERR("metadata.name: \"S_\" is not a name");
    run("create hs s --replicas -1 -- /bin/true");
    EXITS(1);
    ERR("spec.replicas: ");
    run("create hs s --env A -- /bin/true");
    EXITS(2);
    ERR("NAME=VALUE");
    run("create hs s --replicas 2 --every-agent -- /bin/true");
    EXITS(1);
    run("create -f x --replicas 2");
    EXITS(2);
    run("create");
    EXITS(2);
}

/* --- replace ---------------------------------------------------------------------------------- */

static void what_is_replaced_is_sent_whole(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, DID("configured"), 1}, {"POST ", 200, DID("unchanged"), 1});
    given_file("s.yaml", MANIFEST("s"));
    run("replace -f s.yaml --field-manager me");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s replaced\n");
    run("replace -f s.yaml");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s unchanged\n");
    assert_int_equal(text_count(requests(), "\"verb\":\"replace\""), 2);
    says(&world.http.requests, "fieldManager=me&fieldValidation=Strict ");
}

static void by_force_it_is_gone_before_it_is_made(void **state)
{
    const char *gone, *made;

    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1"), 2}, {"GET " S "/s ", 404, NOT_FOUND, 0},
            {"GET ", 200, "{\"metadata\":{},\"items\":[]}", 0}, {"POST ", 200, DID("created"), 0});
    given_file("s.yaml", MANIFEST("s"));
    run("replace -f s.yaml --force");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s replaced\n");
    (void)requests();
    gone = strstr(world.http.requests.data, "\"verb\":\"delete\"");
    made = strstr(world.http.requests.data, "\"verb\":\"create\"");
    assert_true(gone != NULL && made > gone);
    run("replace -f s.yaml --force --dry-run");
    EXITS(2);
}

/* --- patch ------------------------------------------------------------------------------------ */

static void a_patch_is_sent_as_it_is_meant(void **state)
{
    (void)state;
    ANSWERS({"GET ", 200, SESSION("1"), 0}, {"PATCH " S "/s/status?", 200, SESSION("1"), 0},
            {"PATCH ", 200, SESSION("4"), 0});
    run("patch hs/s -p '{spec: {replicas: 4, policy: null}}'");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s patched\n");
    run_with("patch hs s --type=json --patch-file - -o jsonpath={.spec.replicas}",
             "[{\"op\": \"remove\", \"path\": \"/spec/policy\"}]");
    EXITS(0);
    assert_string_equal(world.did.out.data, "4");
    run("patch hs/s --subresource=status -p '{}' --dry-run");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "harvestsession.fog/s patched (no change) (server dry run)\n");
    (void)requests();
    says(&world.http.requests, "PATCH " S "/s?fieldManager=fogctl&fieldValidation=Strict ");
    says(&world.http.requests, "application/merge-patch+json");
    says(&world.http.requests, "{\"spec\":{\"replicas\":4,\"policy\":null}}");
    says(&world.http.requests, "application/json-patch+json");
    says(&world.http.requests, "[{\"op\":\"remove\",\"path\":\"/spec/policy\"}]");
    says(&world.http.requests, "PATCH " S "/s/status?fieldManager=fogctl&dryRun=All&");
}

static void a_patch_that_cannot_be_meant_is_told(void **state)
{
    (void)state;
    run("patch hs/s --type=strategic -p {}");
    EXITS(2);
    ERR("--type=merge");
    run("patch hs/s --type=apply -p {}");
    EXITS(2);
    ERR("fogctl apply -f");
    run("patch hs/s");
    EXITS(2);
    ERR("-p and --patch-file");
    run("patch hs -p {}");
    EXITS(2);
    ERR("one object at a time");
    run("patch hs/s -p []");
    EXITS(1);
    ERR("no map of fields");
    run("patch hs/s --type=json -p {}");
    EXITS(1);
    ERR("no list of operations");
    run("patch hs/s -p '{a: '");
    EXITS(1);
    ERR("-p:1:");
    run("patch hs/s --subresource=scale -p {}");
    EXITS(2);
    run("patch hs/s -p {} -o changeset");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_make_a_session),
        TEST(what_is_created_must_not_be_there),
        TEST(words_that_make_no_session_are_told),
        TEST(what_is_replaced_is_sent_whole),
        TEST(by_force_it_is_gone_before_it_is_made),
        TEST(a_patch_is_sent_as_it_is_meant),
        TEST(a_patch_that_cannot_be_meant_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
