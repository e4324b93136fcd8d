/* state dump and reconcile log, as a person reads them. */
#include "tests/unit/fogctl/run.h"

static void a_dump_is_a_line_or_a_document_for_each_object(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/state ", 200,
             "{\"kind\":\"State\",\"era\":1}\n{\"kind\":\"Agent\",\"b\":[]}\n", 0});
    run("state dump");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "{\"kind\":\"State\",\"era\":1}\n{\"kind\":\"Agent\",\"b\":[]}\n");
    run("state dump -o yaml");
    EXITS(0);
    assert_string_equal(world.did.out.data, "kind: State\nera: 1\n---\nkind: Agent\nb: []\n");
    run("state");
    EXITS(2);
    run("state dump -o wide");
    EXITS(2);
}

static void a_dump_that_is_refused_is_an_error(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/state ", 413, "{\"message\":\"the state is large\"}", 0});
    run("state dump");
    EXITS(1);
    ERR("the state is large");
}

#define HEAD_LINE "{\"kind\":\"State\",\"metadata\":{\"resourceVersion\":\"7\"}}\n"
#define POLICY_LINE(name, percent)                                                                 \
    "{\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"" name                                   \
    "\",\"resourceVersion\":\"" percent "\"},\"spec\":{\"percent\":" percent "}}\n"

static void two_states_are_compared_object_by_object(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/state?atRevision=7 ", 200,
             HEAD_LINE POLICY_LINE("a", "1") POLICY_LINE("b", "1"), 0},
            {"GET /apis/fog/v1/state?atTime=10m ", 200,
             HEAD_LINE POLICY_LINE("b", "2") POLICY_LINE("c", "1"), 0});
    run("state diff 7 10m --name-only");
    EXITS(1);
    assert_string_equal(world.did.out.data, "removed HarvestPolicy/a\nchanged HarvestPolicy/b\n"
                                            "added HarvestPolicy/c\n");
    run("state diff 7 7");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
    run("state diff 7 10m");
    EXITS(1);
    OUT("--- revision 7: HarvestPolicy.b");
    OUT("+++ 10m (revision 7): HarvestPolicy.b");
    OUT("-  percent: 1");
    OUT("+  percent: 2");
    run("state diff 7 10m -o json");
    EXITS(1);
    OUT("{\"object\":\"HarvestPolicy/a\",\"change\":\"removed\",");
    run("state diff 7 1 2");
    EXITS(2);
    run("state diff yesterdays-dump");
    EXITS(2);
    ERR("yesterdays-dump: No such file");
    run("state diff .");
    EXITS(2);
    ERR(".: Is a directory");
}

#define WHOLE                                                                                        \
    "{\"kind\":\"State\",\"metadata\":{\"resourceVersion\":\"7\",\"time\":\"2026-11-22T10:00:00Z\"," \
    "\"endsWith\":\"StateEnd\"}}\n"
#define END_LINE "{\"kind\":\"StateEnd\"}\n"

static void a_state_that_was_cut_is_refused(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/state?atRevision=7 ", 200,
             WHOLE POLICY_LINE("a", "1") POLICY_LINE("b", "1"), 0},
            {"GET /apis/fog/v1/state?atRevision=8 ", 200, WHOLE POLICY_LINE("a", "1") END_LINE, 0},
            {"GET /apis/fog/v1/state?atRevision=9 ", 200, POLICY_LINE("a", "1") END_LINE, 0},
            {"GET /apis/fog/v1/state?atTime=1h ", 200,
             WHOLE POLICY_LINE("a", "2") END_LINE END_LINE, 0},
            {"GET /apis/fog/v1/state ", 200, WHOLE POLICY_LINE("a", "2") END_LINE, 0});
    run("state diff 7 8");
    EXITS(2);
    ERR("7: this state is not whole: its end is missing");
    run("state diff 8");
    EXITS(1);
    OUT("--- 8 (revision 7 of 2026-11-22T10:00:00Z): HarvestPolicy.a");
    OUT("+++ now (revision 7 of 2026-11-22T10:00:00Z): HarvestPolicy.a");
    run("state diff 9 8");
    EXITS(2);
    ERR("9: this is no state");
    run("state diff 8 1h");
    EXITS(2);
    ERR("1h: this is no state");
    run("state diff 8 ./1h");
    EXITS(2);
    ERR("./1h: No such file");
}

static void what_is_wrong_with_a_moment_is_said_of_the_option(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/harvestpolicies?limit=1&atTime=soon ", 400,
             "{\"message\":\"atTime: \\\"soon\\\" is neither a time nor how long ago\"}", 0},
            {"GET /apis/fog/v1/harvestpolicies?limit=1&atRevision=9 ", 400,
             "{\"message\":\"atRevision: 9 lies ahead\"}", 0});
    run("get hp --at soon");
    EXITS(1);
    ERR("error: --at: \"soon\" is neither a time nor how long ago");
    run("state dump --at-revision 9");
    EXITS(1);
    ERR("error: --at-revision: 9 lies ahead");
    run("rollback --to soon");
    EXITS(1);
    ERR("error: --to: \"soon\" is neither");
}

static void ages_of_the_past_count_to_its_moment(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/harvestpolicies?limit=1&atTime=1h ", 200,
             "{\"metadata\":{\"resourceVersion\":\"7\",\"time\":\"2020-01-01T10:00:00Z\"}}", 0},
            {"GET /apis/fog/v1/harvestpolicies?", 200,
             "{\"items\":[{\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\","
             "\"creationTimestamp\":\"2020-01-01T09:53:00Z\"},\"spec\":{}}]}",
             0});
    run("get hp --at 1h");
    EXITS(0);
    OUT("7m");
}

static void the_log_has_the_newest_last(void **state)
{
    (void)state;
    ANSWERS(
        {"GET /apis/fog/v1/reconcilelog?limit=50 ", 200,
         "{\"kind\":\"ReconcileLog\",\"items\":["
         "{\"step\":\"9\",\"time\":\"T9\",\"event\":\"link-frame\",\"subject\":\"agent/edge-1\","
         "\"sessions\":3,\"names\":[\"a\",\"b\"],\"decisions\":1,\"taken\":[\"start a/0\"],"
         "\"reasons\":[],\"refused\":[],\"effects\":2,\"microseconds\":12345},"
         "{\"step\":\"7\",\"time\":\"T7\",\"event\":\"tick\",\"sessions\":1,\"names\":[\"a\"],"
         "\"decisions\":0,\"taken\":[],\"reasons\":[\"NoAgent\"],"
         "\"refused\":[{\"rule\":5,\"agents\":3}],\"effects\":0}]}",
         0});
    run("reconcile log");
    EXITS(0);
    assert_string_equal(
        world.did.out.data,
        "STEP   TIME   TRIGGER        EXAMINED          DECIDED     LEFT                        "
        "EFFECTS   TOOK\n"
        "7      T7     tick           a                             NoAgent; rule 5 refused 3   "
        "0\n"
        "9      T9     agent/edge-1   a, b and 1 more   start a/0                               "
        "2         12ms\n");
    run("reconcile");
    EXITS(2);
    run("reconcile log --limit 0");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dump_is_a_line_or_a_document_for_each_object, world_begin,
                                        world_end),
        cmocka_unit_test_setup_teardown(a_dump_that_is_refused_is_an_error, world_begin, world_end),
        cmocka_unit_test_setup_teardown(two_states_are_compared_object_by_object, world_begin,
                                        world_end),
        cmocka_unit_test_setup_teardown(a_state_that_was_cut_is_refused, world_begin, world_end),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_a_moment_is_said_of_the_option,
                                        world_begin, world_end),
        cmocka_unit_test_setup_teardown(ages_of_the_past_count_to_its_moment, world_begin,
                                        world_end),
        cmocka_unit_test_setup_teardown(the_log_has_the_newest_last, world_begin, world_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
