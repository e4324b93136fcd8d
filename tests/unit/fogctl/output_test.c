/* What every verb prints for programs, and what is printed in another order: -o, get -L, --sort-by,
 * rollout restart, top NAME. */
#include "tests/unit/fogctl/run.h"

#include "schema/json.h"

#define B "/apis/fog/v1/"
#define ITEM(name, replicas, labels)                                                               \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"" name        \
    "\",\"uid\":\"u\",\"resourceVersion\":\"5\",\"generation\":1,\"labels\":{" labels              \
    "}},\"spec\":{\"replicas\":" replicas                                                          \
    ",\"workload\":{\"command\":[\"x\"]}},\"status\":{\"observedGeneration\":1,\"desired\":1,"     \
    "\"updated\":1,\"ready\":1,\"conditions\":[{\"type\":\"Converged\",\"status\":\"True\"}]}}"
#define S       ITEM("s", "1", "")
#define LIST(x) "{\"metadata\":{},\"items\":[" x "]}"
#define SET                                                                                        \
    "{\"status\":{\"revision\":\"7\",\"results\":[{\"kind\":\"HarvestSession\",\"name\":\"s\","    \
    "\"result\":\"configured\",\"object\":" S "}],\"plan\":{\"summary\":{}}}}"
#define CHANGE(revision)                                                                           \
    "{\"revision\":\"" revision "\",\"newForm\":true,\"uid\":\"u\",\"kind\":\"HarvestSession\","   \
    "\"name\":\"s\"}"
#define DIGEST "blake2b:0123456789012345678901234567890123456789012345678901234567890123"

/* For each verb a call that prints something; a controller answers that has one of everything. */
static const struct {
    const char *verb, *words;
    int code;
} calls[] = {
    {"diff", "diff -f s.yaml -o json", 1},
    {"apply", "apply -f s.yaml -o json", 0},
    {"edit", "edit hs/s -o json", 0},
    {"create", "create -f s.yaml -o json", 0},
    {"replace", "replace -f s.yaml -o json", 0},
    {"patch", "patch hs/s -p {} -o json", 0},
    {"get", "get hs -o json", 0},
    {"top", "top sessions -o json", 0},
    {"why", "why hs/s -o json", 0},
    {"describe", "describe hs/s -o json", 0},
    {"wait", "wait hs/s --for=condition=Converged -o json", 0},
    {"results", "results s -o json", 0},
    {"logs", "logs a -o json", 0},
    {"events", "events -o json", 0},
    {"history", "history -o json", 0},
    {"rollback", "rollback --to-revision 5 --yes -o json", 0},
    {"delete", "delete hs/s --no-wait -o json", 0},
    {"cordon", "cordon a -o json", 0},
    {"drain", "drain a --no-wait -o json", 0},
    {"uncordon", "uncordon a -o json", 0},
    {"scale", "scale hs/s --replicas 1 -o json", 0},
    {"rollout", "rollout status hs/s -o json", 0},
    {"label", "label hs/s a=b -o json", 0},
    {"annotate", "annotate hs/s a=b -o json", 0},
    {"release", "release hs/s -o json", 0},
    {"reconcile", "reconcile log -o json", 0},
    {"state", "state dump -o json", 0},
    {"blob", "blob list -o json", 0},
    {"config", "config view -o json", 0},
    {"auth", "auth whoami -o json", 0},
    {"kubeconfig", "kubeconfig -o json", 0},
    {"version", "version -o json", 0},
};

/* A script, and those whose answers are too much to be made up here:
 * tests/suites/e2e_operations.sh, explain_test.c. */
static const char *const others[] = {"completion", "backup", "explain", "api-resources"};

static void given_one_of_everything(void)
{
    ANSWERS(
        {"POST /apis/authentication", 201, "{\"status\":{\"userInfo\":{\"username\":\"a\"}}}", 0},
        {"POST ", 200, SET, 0}, {"PATCH ", 200, S, 0},
        {"GET " B "assignments/a/log", 200, "said\n", 0},
        {"GET " B "harvestsessions/s/history", 200, LIST(CHANGE("5")), 0},
        {"GET " B "harvestsessions/s/why", 200,
         "{\"kind\":\"Why\",\"converged\":true,\"chain\":[]}", 0},
        {"GET " B "harvestsessions/s ", 200, S, 0}, {"GET " B "agents/a ", 200, S, 0},
        {"GET " B "history", 200, LIST(CHANGE("5")), 0},
        {"GET " B "reconcilelog", 200, LIST("{\"step\":1}"), 0},
        {"GET " B "state", 200, "{\"revision\":\"5\"}\n", 0},
        {"GET /version", 200, "{\"fogVersion\":\"1\",\"storeId\":\"x\"}", 0},
        {"GET " B "harvestsessions?", 200, LIST(S), 0}, {"GET ", 200, LIST(""), 0});
    given_file("s.yaml", "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
                         "spec: {workload: {command: [/bin/true]}}\n");
    (void)setenv("EDITOR", "sed -i 's/replicas: 1/replicas: 2/'", 1);
}

/* One document, or one a line. */
static bool is_json(const char *text)
{
    struct arena arena;
    struct problems problems;
    struct node *root = NULL;
    bool is_fine;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    is_fine = json_parse(&arena, text, strlen(text), JSON_PLAIN, &problems, &root) == 0;
    if (!is_fine && strchr(text, '\n') != NULL) {
        size_t length = strcspn(text, "\n");

        problems_init(&problems, &arena, NULL);
        is_fine = json_parse(&arena, text, length, JSON_PLAIN, &problems, &root) == 0;
    }
    arena_fini(&arena);
    return is_fine && text[0] != '\0';
}

static bool is_other(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (str_eq(others[i], name)) {
            return true;
        }
    }
    return false;
}

static void every_verb_prints_json(void **state)
{
    (void)state;
    given_one_of_everything();
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        size_t i = 0;

        while (i < COUNT_OF(calls) && !str_eq(calls[i].verb, (*verb)->name)) {
            i++;
        }
        if (i == COUNT_OF(calls) && !is_other((*verb)->name)) {
            print_message("no JSON of the verb %s is tried here\n", (*verb)->name);
            fail();
        }
        if (i < COUNT_OF(calls)) {
            run(calls[i].words);
            if (world.did.code != calls[i].code || !is_json(world.did.out.data)) {
                print_message("fogctl %s\n", calls[i].words);
            }
            EXITS(calls[i].code);
            assert_true(is_json(world.did.out.data));
        }
    }
}

static void labels_are_columns(void **state)
{
    (void)state;
    ANSWERS({"GET ", 200,
             LIST(ITEM("a", "9", "\"x/site\":\"north\",\"y\":\"1\"") "," ITEM("b", "10", "")), 0});
    run("get hs -L x/site --show-labels");
    EXITS(0);
    OUT("SITE");
    OUT("LABELS");
    OUT("north   x/site=north,y=1\n");
    OUT("<none>\n");
    run("get hs -L y,x/site -L z");
    OUT("   Y   SITE    Z\n");
}

static void objects_are_sorted_by_what_stands_at_a_path(void **state)
{
    (void)state;
    ANSWERS({"GET ", 200,
             LIST(ITEM("b", "10", "") "," ITEM("a", "9", "") "," ITEM("c", "9", "\"k\":\"v\"")),
             0});
    run("get hs --sort-by .spec.replicas -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/a\nharvestsession.fog/c\n"
                                            "harvestsession.fog/b\n");
    run("get hs --sort-by '{.metadata.labels.k}' -o name");
    assert_string_equal(world.did.out.data, "harvestsession.fog/b\nharvestsession.fog/a\n"
                                            "harvestsession.fog/c\n");
    run("get hs --sort-by .metadata.name -w");
    EXITS(2);
    run("get hs --sort-by '{.a'");
    EXITS(2);
    ERR("--sort-by: ");
    assert_string_equal(world.did.out.data, "");
}

static void a_restart_is_a_change_of_the_form(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, SET, 0});
    run("rollout restart hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s restarted\n");
    assert_non_null(strstr(requests(), "{\"workload\":{\"environment\":{\"RESTARTED_AT\":\"20"));
}

static void of_machines_that_are_named_only_those_are_shown(void **state)
{
    (void)state;
    ANSWERS({"GET " B "agents/a ", 200,
             "{\"apiVersion\":\"fog/v1\",\"kind\":\"Agent\",\"metadata\":{\"name\":\"a\"}}", 0},
            {"GET " B "agents/b ", 404, "{\"message\":\"\\\"b\\\" not found\"}", 0},
            {"GET ", 200, LIST(""), 0});
    run("top agents a");
    EXITS(0);
    assert_int_equal(text_count(world.did.out.data, "\n"), 2);
    run("top agents b");
    EXITS(1);
    ERR("not found");
    run("top agents a -l x=y");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_verb_prints_json),
        TEST(labels_are_columns),
        TEST(objects_are_sorted_by_what_stands_at_a_path),
        TEST(a_restart_is_a_change_of_the_form),
        TEST(of_machines_that_are_named_only_those_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
