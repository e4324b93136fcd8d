/* tools/fogctl/manifest.c and verb_apply.c: what is read, and where mistakes are told to be. */
#include "schema/limits.h"
#include "tests/unit/fogctl/run.h"

#include <sys/stat.h>

#define POLICY(name) "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: " name "}\n"
#define SESSION(name, more)                                                                        \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: " name "}\nspec:\n"                \
    "  workload: {command: [/bin/true]}\n" more

static void documents_folders_and_json_are_read(void **state)
{
    char path[FOLDER_PATH_SIZE + 8];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/d", world.folder);
    (void)mkdir(path, 0700);
    given_file("d/2.yaml", POLICY("b") "---\n" POLICY("c") "---\n");
    given_file("d/1.json", "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\","
                           "\"metadata\":{\"name\":\"a\"}}");
    given_file("d/.hidden.yaml", "wrong");
    given_file("d/README", "wrong");
    run_with("apply -f d -f - --dry-run=client", SESSION("s", ""));
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestpolicy.fog/a valid (dry run)\n"
                                            "harvestpolicy.fog/b valid (dry run)\n"
                                            "harvestpolicy.fog/c valid (dry run)\n"
                                            "harvestsession.fog/s valid (dry run)\n");
}

static void what_get_prints_can_be_applied(void **state)
{
    (void)state;
    run_with("apply -f - --dry-run=client",
             "apiVersion: v1\nkind: List\nitems:\n"
             "  - {apiVersion: fog/v1, kind: HarvestPolicy, metadata: {name: a}}\n"
             "  - {apiVersion: fog/v1, kind: HarvestPolicy, metadata: {name: b}}\n");
    EXITS(0);
    OUT("harvestpolicy.fog/b valid");
    run_with("apply -f - --dry-run=client",
             "{\"kind\": \"List\", \"items\": [{\"apiVersion\": \"fog/v1\",\n"
             "  \"kind\": \"HarvestPolicy\", \"metadata\": {\"name\": \"a\"}}]}\n");
    EXITS(0);
    run_with("apply -f - --dry-run=client",
             "{\"kind\": \"List\", \"items\": [{\"apiVersion\": \"fog/v1\",\n"
             "  \"kind\": \"HarvestPolice\", \"metadata\": {\"name\": \"a\"}}]}\n");
    EXITS(1);
    ERR("-:2:11: error: kind: ");
}

static void every_mistake_is_told_at_once_with_its_place(void **state)
{
    (void)state;
    given_file("a.yaml", SESSION("a", "  replicaz: 2\n  replicas: -1\n") "---\n" POLICY("Not_A"));
    given_file("b.json", "{\"apiVersion\": \"fog/v1\",\n \"kind\": \"Harvest\"}");
    run("apply -f a.yaml -f b.json -f none.yaml");
    EXITS(1);
    ERR("a.yaml:6:3: error: spec.replicaz: ");
    ERR("a.yaml:7:13: error: spec.replicas: ");
    ERR("a.yaml:11:18: error: metadata.name: ");
    ERR("b.json:2:10: error: kind: ");
    ERR("none.yaml: error: No such file or directory\n");
    ERR("\n5 errors; nothing was changed\n");
}

static void an_object_named_twice_is_told_with_the_other_place(void **state)
{
    (void)state;
    given_file("a.yaml", POLICY("a"));
    run("apply -f a.yaml -f ./a.yaml");
    EXITS(1);
    ERR("./a.yaml:3:18: error: metadata.name: HarvestPolicy \"a\" stands in a.yaml already");
}

static void nothing_to_apply_is_an_error(void **state)
{
    char path[FOLDER_PATH_SIZE + 8];

    (void)state;
    run_with("apply -f -", "\n---\n# nothing\n");
    EXITS(1);
    ERR("error: there is no object in what was given\n");
    (void)snprintf(path, sizeof(path), "%s/e", world.folder);
    (void)mkdir(path, 0700);
    run("apply -f e");
    EXITS(1);
    ERR("e: no manifests in this folder");
    run("apply -f - -f -");
    EXITS(1);
    ERR("standard input can be read once");
}

static void a_folder_that_cannot_be_read_is_told(void **state)
{
    char path[FOLDER_PATH_SIZE + 8];

    (void)state;
    if (geteuid() == 0) {
        return; /* who may read everything */
    }
    (void)snprintf(path, sizeof(path), "%s/f", world.folder);
    (void)mkdir(path, 0);
    run("apply -f f");
    EXITS(1);
    ERR("error: f: Permission denied");
}

static void more_than_one_change_set_holds_is_refused_before_it_is_sent(void **state)
{
    struct str text = STR_EMPTY;

    (void)state;
    for (size_t i = 0; i < CHANGES_MAX; i++) {
        str_addf(&text, "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p%zu}\n---\n",
                 i);
    }
    run_with("apply -f - --dry-run=client", text.data);
    EXITS(0);
    str_add(&text, POLICY("more"));
    run_with("apply -f - --dry-run=client", text.data);
    EXITS(1);
    ERR("error: more than 4096 objects");
    str_fini(&text);
}

static void a_file_without_end_is_refused(void **state)
{
    (void)state;
    run("apply -f /dev/zero");
    EXITS(1);
    ERR("/dev/zero: error: larger than 33554432 bytes");
}

/* --- what the controller says ----------------------------------------------------------------- */

static void outcomes_are_printed_and_warnings_have_their_place(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/changesets?fieldManager=me%20too&fieldValidation=Strict ", 200,
             "{\"status\":{\"revision\":\"7\",\"results\":["
             "{\"kind\":\"HarvestSession\",\"name\":\"s\",\"result\":\"created\"},"
             "{\"kind\":\"HarvestPolicy\",\"name\":\"p\",\"result\":\"unchanged\"}],"
             "\"warnings\":[{\"change\":0,\"field\":\"spec.workload\",\"message\":\"large\"}]}}",
             0});
    given_file("a.yaml", SESSION("s", "") "---\n" POLICY("p"));
    run("apply -f a.yaml --field-manager 'me too'");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s created\n"
                                            "harvestpolicy.fog/p unchanged\n");
    assert_string_equal(world.did.err.data, "a.yaml:5:13: warning: spec.workload: large\n");
    run("apply -f a.yaml --field-manager 'me too' --detailed-exitcode");
    EXITS(2);
}

#define DIGEST_OF(digit)                                                                           \
    "blake2b:" TEN_TIMES(digit digit digit digit digit digit) digit digit digit digit
#define TEN_TIMES(text) text text text text text text text text text text

/* Given two files that a session needs, one of which the controller has. */
static void a_missing_artifact_is_a_warning(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200,
             "{\"status\":{\"revision\":\"7\",\"results\":["
             "{\"kind\":\"HarvestSession\",\"name\":\"s\",\"result\":\"created\"}]}}",
             0},
            {"HEAD /blobs/v1/" DIGEST_OF("1") " ", 404, "", 0},
            {"HEAD /blobs/v1/" DIGEST_OF("2") " ", 200, "", 0});
    given_file("a.yaml", "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\nspec:\n"
                         "  workload:\n    command: [/bin/true]\n    artifacts:\n"
                         "    - {path: a, digest: '" DIGEST_OF(
                             "2") "'}\n"
                                  "    - {path: b, digest: '" DIGEST_OF(
                                      "1") "'}\n"
                                           "    - {path: c, digest: '" DIGEST_OF("1") "'}\n");
    run("apply -f a.yaml");
    EXITS(0);
    ERR("a.yaml:9:25: warning: spec.workload.artifacts[1].digest: the controller does not have this "
        "file; nothing starts before `fogctl blob put` has stored it\n");
    ERR("a.yaml:10:25: warning: ");
    assert_null(strstr(world.did.err.data, "a.yaml:8"));
    assert_int_equal(text_count(requests(), "HEAD "), 2);
}

static void refusals_are_told_at_their_places(void **state)
{
    (void)state;
    ANSWERS({"POST ", 422,
             "{\"message\":\"2 are wrong\",\"reason\":\"Invalid\",\"details\":{\"causes\":["
             "{\"change\":1,\"field\":\"spec.policy\",\"message\":\"there is no \\u001b[7m\"},"
             "{\"change\":0,\"field\":\"spec.nothing.here\",\"message\":\"one\"},"
             "{\"change\":9,\"field\":\"spec\",\"message\":\"of nobody\"}]}}",
             0});
    given_file("a.yaml", POLICY("p") "spec: {}\n---\n" SESSION("s", "  policy: nowhere\n"));
    run("apply -f a.yaml");
    EXITS(1);
    assert_string_equal(world.did.err.data,
                        "a.yaml:4:7: error: spec.nothing.here: one\n"
                        "a.yaml:11:11: error: spec.policy: there is no \\x1b[7m\n"
                        "2 errors; nothing was changed\n");
}

static void fields_of_others_are_told_with_what_to_do(void **state)
{
    (void)state;
    ANSWERS({"POST ", 409,
             "{\"message\":\"conflicts\",\"reason\":\"Conflict\",\"details\":{\"causes\":["
             "{\"reason\":\"FieldManagerConflict\",\"change\":0,\"field\":\".spec.replicas\","
             "\"message\":\"conflict with \\\"ci\\\"\"}]}}",
             0});
    given_file("a.yaml", SESSION("s", "  replicas: 2\n"));
    run("apply -f a.yaml");
    EXITS(1);
    ERR("a.yaml:6:13: error: spec.replicas: conflict with \"ci\"\n");
    ERR("--force-conflicts");
    run("diff -f a.yaml");
    EXITS(2);
}

static void a_fleet_that_has_moved_on_is_told_with_what_to_do(void **state)
{
    (void)state;
    ANSWERS({"POST ", 409, "{\"message\":\"the fleet is at 9\",\"reason\":\"Conflict\"}", 0});
    given_file("a.yaml", POLICY("p"));
    run("apply -f a.yaml --check-revision 7");
    EXITS(1);
    assert_string_equal(world.did.err.data, "error: the fleet is at 9 (Conflict)\n"
                                            "  look at what would happen now, with fogctl diff\n");
    says(&(struct str){.data = (char *)(uintptr_t)requests()}, "\"revision\":\"7\"");
}

/* --- asking again ----------------------------------------------------------------------------- */

static void an_apply_is_sent_again_with_the_same_key_until_it_is_answered(void **state)
{
    const char *first, *second;

    (void)state;
    ANSWERS({"POST ", 0, NULL, 1}, {"POST ", 503, "{}", 1},
            {"POST ", 200,
             "{\"status\":{\"results\":[{\"kind\":\"HarvestPolicy\",\"name\":\"p\","
             "\"result\":\"created\"}]}}",
             0});
    given_file("a.yaml", POLICY("p"));
    run("apply -f a.yaml");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestpolicy.fog/p created\n");
    ERR("trying again for 30 s\n");
    assert_int_equal(text_count(world.did.err.data, "trying again"), 1);
    assert_int_equal(text_count(requests(), "POST "), 3);
    first = strstr(world.http.requests.data, "Idempotency-Key: ");
    assert_non_null(first);
    second = strstr(first + 1, "Idempotency-Key: ");
    assert_non_null(second);
    assert_memory_equal(first, second, strlen("Idempotency-Key: ") + 36);
}

static void an_apply_gives_up_when_its_time_is_over(void **state)
{
    (void)state;
    ANSWERS(
        {"POST ", 503, "{\"message\":\"the disk is full\",\"reason\":\"ServiceUnavailable\"}", 0});
    given_file("a.yaml", POLICY("p"));
    run("apply -f a.yaml --retry 300ms");
    EXITS(1);
    ERR("error: the disk is full (ServiceUnavailable)");
    assert_true(text_count(requests(), "POST ") >= 2);
}

static void a_dry_run_is_asked_once_and_without_a_key(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/changesets?fieldManager=fogctl&dryRun=All&fieldValidation=Strict",
             503, "{\"message\":\"no\"}", 0});
    given_file("a.yaml", POLICY("p"));
    run("apply -f a.yaml --dry-run");
    EXITS(1);
    assert_int_equal(text_count(requests(), "POST "), 1);
    assert_null(strstr(world.http.requests.data, "Idempotency-Key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(documents_folders_and_json_are_read),
        TEST(what_get_prints_can_be_applied),
        TEST(every_mistake_is_told_at_once_with_its_place),
        TEST(an_object_named_twice_is_told_with_the_other_place),
        TEST(nothing_to_apply_is_an_error),
        TEST(a_folder_that_cannot_be_read_is_told),
        TEST(more_than_one_change_set_holds_is_refused_before_it_is_sent),
        TEST(a_file_without_end_is_refused),
        TEST(outcomes_are_printed_and_warnings_have_their_place),
        TEST(a_missing_artifact_is_a_warning),
        TEST(refusals_are_told_at_their_places),
        TEST(fields_of_others_are_told_with_what_to_do),
        TEST(a_fleet_that_has_moved_on_is_told_with_what_to_do),
        TEST(an_apply_is_sent_again_with_the_same_key_until_it_is_answered),
        TEST(an_apply_gives_up_when_its_time_is_over),
        TEST(a_dry_run_is_asked_once_and_without_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
