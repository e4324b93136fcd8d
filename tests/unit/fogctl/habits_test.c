/* tools/fogctl: what the hands of those do who know kubectl. */
#include "tests/unit/fogctl/run.h"

#define S "/apis/fog/v1/harvestsessions"
#define A "/apis/fog/v1/assignments"
#define C "POST /apis/fog/v1/changesets"

#define SESSION(name, spec)                                                                        \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"" name        \
    "\",\"uid\":\"u1\",\"resourceVersion\":\"6\"},\"spec\":{" spec "}}"
#define NOT_FOUND "{\"message\":\"\\\"s\\\" not found\",\"reason\":\"NotFound\"}"
#define RESULT(name, what)                                                                         \
    "{\"kind\":\"HarvestSession\",\"name\":\"" name "\",\"result\":\"" what "\"}"
#define RESULTS(results) "{\"status\":{\"revision\":\"9\",\"results\":[" results "]}}"

#define MANIFEST(meta, more)                                                                       \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {" meta "}\nspec:\n" more                 \
    "  workload: {command: [/bin/true]}\n"

static void a_name_that_is_not_there_may_be_passed_over(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 404, NOT_FOUND, 0}, {"GET " S "/t ", 200, SESSION("t", ""), 0},
            {"GET " S "/u ", 500, "{\"message\":\"broken\"}", 0});
    run("get hs s");
    EXITS(1);
    run("get hs s --ignore-not-found");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
    assert_string_equal(world.did.err.data, "");
    run("get hs s --ignore-not-found -o json");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
    run("get hs s t s --ignore-not-found -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/t\n");
    run("get hs u --ignore-not-found");
    EXITS(1);
    ERR("broken");
}

static void what_manifests_name_is_meant(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("s", ""), 0}, {"GET " S "/t ", 200, SESSION("t", ""), 0},
            {"GET " S "/s/history", 200, "{\"metadata\":{},\"items\":[{\"revision\":\"7\"}]}", 0},
            {"GET " S "/s/why", 200, "{\"converged\":true}", 0},
            {"PATCH " S "/s?", 200, SESSION("s", "\"replicas\":2"), 0},
            {C, 200, RESULTS(RESULT("s", "updated")), 0});
    given_file("s.yaml", MANIFEST("name: s", "  whatever: 1\n"));
    given_file("both.yaml", MANIFEST("name: s", "") "---\n" MANIFEST("name: t", ""));
    run("get -f both.yaml -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s\nharvestsession.fog/t\n");
    run("history -f s.yaml -o json");
    EXITS(0);
    run("why -f s.yaml");
    EXITS(0);
    run("wait -f both.yaml --for=create");
    EXITS(0);
    run("patch -f s.yaml -p '{spec: {replicas: 2}}'");
    EXITS(0);
    run("label -f s.yaml a=b");
    EXITS(0);
    run("scale -f s.yaml --replicas=2");
    EXITS(0);
    run("rollout pause -f s.yaml");
    EXITS(0);
    run("patch -f both.yaml -p '{spec: {replicas: 2}}'");
    EXITS(2);
    ERR("one object at a time");
    run("get hs s -f s.yaml");
    EXITS(2);
    ERR("either names or -f, not both");
}

static void a_manifest_that_names_nothing_is_told_with_its_place(void **state)
{
    (void)state;
    ANSWERS({"", 500, "{}", 0});
    given_file("made.yaml", MANIFEST("generateName: s-", ""));
    given_file("none.yaml", MANIFEST("labels: {a: b}", ""));
    run("delete -f made.yaml -f none.yaml");
    EXITS(1);
    ERR("made.yaml:3:26: error: metadata.generateName: names no object");
    ERR("none.yaml:3:11: error: metadata.name: is required");
    run("get -f made.yaml");
    EXITS(1);
    assert_int_equal(text_count(requests(), "HTTP/1.1"), 0);
}

static void fields_that_there_are_not_are_taken_as_validate_says(void **state)
{
    (void)state;
    ANSWERS(
        {C "?fieldManager=fogctl&fieldValidation=Ignore ", 200, RESULTS(RESULT("s", "created")), 0},
        {C, 500, "{}", 0});
    given_file("s.yaml", MANIFEST("name: s", "  replicaz: 1\n"));
    run("apply -f s.yaml --validate");
    EXITS(1);
    ERR("s.yaml:5:3: error: spec.replicaz");
    run("apply -f s.yaml --validate=warn");
    EXITS(0);
    ERR("s.yaml:5:3: warning: spec.replicaz");
    run("create -f s.yaml --validate=ignore");
    EXITS(0);
    assert_string_equal(world.did.err.data, "");
    run("replace -f s.yaml --validate=false");
    EXITS(0);
    run("apply -f s.yaml --validate=perhaps");
    EXITS(2);
    run("create -f s.yaml --validate=perhaps");
    EXITS(2);
}

static void a_delete_need_not_be_waited_for_nor_be_right_in_every_field(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("s", ""), 1},
            {C, 200, RESULTS(RESULT("s", "deleted")), 1});
    given_file("s.yaml", MANIFEST("name: s", "  replicaz: 1\n"));
    run("delete -f s.yaml --wait=false");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s deleted\n");
    assert_int_equal(text_count(requests(), "GET "), 1);
}

static void namespaces_are_taken_and_mean_nothing(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("s", ""), 0},
            {"GET " S "?limit", 200, "{\"metadata\":{},\"items\":[]}", 0});
    run("get hs s -n lab -o name");
    EXITS(0);
    run("get hs -A");
    EXITS(0);
    run("-n lab get hs --all-namespaces --namespace=default");
    EXITS(0);
    assert_string_equal(world.did.err.data, "No resources found\n");
}

static void options_of_kubectl_are_told_what_there_is_instead(void **state)
{
    (void)state;
    run("logs x --since=5m");
    EXITS(2);
    ERR("error: unknown option \"--since=5m\"\n  lines of a log carry no time; --tail N");
    run("apply -f x --record");
    EXITS(2);
    ERR("--change-cause TEXT");
}

static void words_of_kubectl_are_told_what_there_is_instead(void **state)
{
    (void)state;
    run("exec hs/s -- ls");
    EXITS(2);
    ERR("error: there is no verb \"exec\"\n  Fog opens no shell into a workload");
    run("taint agents a");
    EXITS(2);
    ERR("fogctl cordon");
    run("hlep");
    EXITS(2);
    ERR("did you mean \"fogctl help\"?");
    run("get nodes");
    EXITS(2);
    ERR("did you mean \"agents\"? machines are agents");
    run("top pods");
    EXITS(2);
    ERR("did you mean \"assignments\"?");
    run("get hss");
    EXITS(2);
    ERR("did you mean \"hs\"?");
    run("get hs/s t");
    EXITS(2);
    ERR("\"t\": of which kind?");
    run("get hs -s ftp://x");
    EXITS(1);
    ERR("error: ftp://x is no address of a controller\n");
    run("version --client");
    EXITS(0);
    assert_string_equal(world.did.out.data, "fogctl      " FOG_VERSION "\n");
}

static void names_stand_for_each_of_several_kinds(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("s", ""), 0},
            {"GET " A "/s ", 404, "{\"message\":\"assignments.fog s not found\"}", 0});
    run("get hs,asg s -o name");
    EXITS(1);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s\n");
    ERR("assignments.fog s not found");
    run("get hs,asg s t/u");
    EXITS(2);
}

static void a_slip_in_a_first_word_is_told(void **state)
{
    (void)state;
    run("rollout retsart hs/s");
    EXITS(2);
    ERR("there is no \"rollout retsart\"; did you mean \"rollout restart\"?");
    run("config get-context");
    EXITS(2);
    ERR("did you mean \"config get-contexts\"?");
    run("completion fisch");
    EXITS(2);
    ERR("did you mean \"completion fish\"?");
    run("auth cani");
    EXITS(2);
    ERR("did you mean \"auth can-i\"?");
    run("blob delete"); /* no slip */
    EXITS(2);
    assert_null(strstr(world.did.err.data, "did you mean"));
    run("rollout swim hs/s");
    EXITS(2);
    ERR("what is to be done? status, history");
}

static void what_has_labels_restarts_at_once_and_what_is_paused_is_warned_of(void **state)
{
    (void)state;
    ANSWERS({"GET " S "?limit=500&labelSelector=tier%3Dgold&", 200,
             "{\"metadata\":{},\"items\":[" SESSION("s", "") "," SESSION("t", "") "]}", 0},
            {C, 200, RESULTS(RESULT("s", "updated") "," RESULT("t", "updated")), 0},
            {"GET " S "/s ", 200, SESSION("s", ""), 0},
            {"GET " S "/t ", 200, SESSION("t", "\"rollout\":{\"pause\":true}"), 0});
    run("rollout restart hs -l tier=gold");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "harvestsession.fog/s restarted\nharvestsession.fog/t restarted\n");
    assert_string_equal(world.did.err.data,
                        "warning: the rollout of harvestsession.fog/t is paused: nothing restarts "
                        "before fogctl rollout resume hs/t\n");
    run("rollout restart hs");
    EXITS(2);
    run("rollout restart hs s -l a=b");
    EXITS(2);
    run("rollout undo hs s t --to-revision 3");
    EXITS(2);
    ERR("a revision is of one session");
    run("rollout restart hs -l ''");
    EXITS(2);
    assert_int_equal(text_count(requests(), "POST "), 1);
}

static void who_waits_for_what_nobody_declared_is_told_that(void **state)
{
    (void)state;
    ANSWERS({"GET ", 404, NOT_FOUND, 0});
    run("wait hs/s --for=create --timeout 150ms");
    EXITS(1);
    ERR("timed out waiting for the condition on harvestsession.fog/s\n"
        "  nobody has declared it; fogctl get hs lists what there is\n");
}

static void what_is_waited_for_is_understood_or_told(void **state)
{
    (void)state;
    ANSWERS({"GET ", 200,
             "{\"metadata\":{\"name\":\"s\"},\"status\":{\"conditions\":[{\"type\":"
             "\"Converged\"},{\"type\":\"Progressing\"}]}}",
             0});
    run("wait hs/s --for=conditoin=Converged");
    EXITS(2);
    ERR("did you mean --for=condition=Converged?");
    run("wait hs/s --for=Converged");
    EXITS(2);
    ERR("did you mean --for=condition=Converged?");
    run("wait hs/s --for=condition=Ready --timeout=0");
    EXITS(1);
    ERR("nothing is said of Ready yet, only of Converged, Progressing\n");
    run("wait hs/s --for=delete --timeout=0");
    EXITS(1);
    ERR("  nobody has deleted it: fogctl delete hs/s\n");
}

static void on_a_terminal_what_stood_in_the_way_is_left_to_be_read(void **state)
{
    (void)state;
    ANSWERS({"GET ", 404, NOT_FOUND, 0});
    run_on_terminal("wait hs/s --for=create --timeout 150ms");
    OUT("harvestsession.fog/s: it is not there yet\r\n");
    OUT("timed out waiting");
}

static void mistakes_in_manifests_are_as_red_as_others(void **state)
{
    (void)state;
    given_file("s.yaml", MANIFEST("name: s", "  replicaz: 1\n  replicay: 1\n"));
    run("apply -f s.yaml --color=always");
    EXITS(1);
    ERR("s.yaml:5:3: \033[31merror:\033[0m spec.replicaz: unknown field");
    ERR("\ns.yaml:6:3: \033[31merror:\033[0m spec.replicay: unknown field");
    run("apply -f s.yaml");
    ERR("s.yaml:5:3: error: spec.replicaz: unknown field");
}

static void logs_are_chosen_by_labels(void **state)
{
    (void)state;
    ANSWERS({"GET " A "?limit=500&labelSelector=a%3Db&", 200,
             "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"s-0\"}},{\"metadata\":{"
             "\"name\":\"t-0\"}}]}",
             0},
            {"GET " A "?limit", 200, "{\"metadata\":{},\"items\":[]}", 0},
            {"GET " A "/s-0/log?", 200, "one\n", 0}, {"GET " A "/t-0/log?", 200, "two\n", 0});
    run("logs -l a=b");
    EXITS(0);
    assert_string_equal(world.did.out.data, "[s-0] one\n[t-0] two\n");
    run("logs -l a=c");
    EXITS(0);
    assert_string_equal(world.did.err.data, "No resources found\n");
    run("logs hs/s -l a=b");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_is_not_there_may_be_passed_over),
        TEST(what_manifests_name_is_meant),
        TEST(a_manifest_that_names_nothing_is_told_with_its_place),
        TEST(fields_that_there_are_not_are_taken_as_validate_says),
        TEST(a_delete_need_not_be_waited_for_nor_be_right_in_every_field),
        TEST(namespaces_are_taken_and_mean_nothing),
        TEST(options_of_kubectl_are_told_what_there_is_instead),
        TEST(words_of_kubectl_are_told_what_there_is_instead),
        TEST(names_stand_for_each_of_several_kinds),
        TEST(a_slip_in_a_first_word_is_told),
        TEST(what_has_labels_restarts_at_once_and_what_is_paused_is_warned_of),
        TEST(who_waits_for_what_nobody_declared_is_told_that),
        TEST(what_is_waited_for_is_understood_or_told),
        TEST(on_a_terminal_what_stood_in_the_way_is_left_to_be_read),
        TEST(mistakes_in_manifests_are_as_red_as_others),
        TEST(logs_are_chosen_by_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
