/* why: what a person reads, what a program reads, and the exit codes. */
#include "tests/unit/fogctl/run.h"

#define S "/apis/fog/v1/harvestsessions"
#define A "/apis/fog/v1/agents"

#define FINE                                                                                       \
    "{\"converged\":true,\"chain\":[{\"object\":\"harvestsession/s\",\"is\":\"1 of 1 ready\","     \
    "\"condition\":\"Converged\",\"status\":\"True\",\"reason\":\"AsDeclared\","                   \
    "\"message\":\"1 replica is as declared\"}]}"
#define HELD                                                                                       \
    "{\"converged\":true,\"chain\":["                                                              \
    "{\"object\":\"harvestsession/s\",\"is\":\"1 of 1 ready\",\"condition\":\"Converged\","        \
    "\"status\":\"True\",\"reason\":\"AsDeclared\",\"message\":\"1 replica is as declared\"},"     \
    "{\"object\":\"assignment/s-0\",\"is\":\"Suspended on edge-1\",\"condition\":\"Converged\","   \
    "\"status\":\"True\",\"reason\":\"BatteryLow\",\"message\":\"12 %, below 50 %\","              \
    "\"since\":\"2026-01-01T00:00:00Z\",\"remedy\":\"charge it\"},"                                \
    "{\"object\":\"agent/edge-1\",\"is\":\"connected\",\"condition\":\"Ready\","                   \
    "\"status\":\"True\",\"reason\":\"Connected\",\"message\":\"it is connected\","                \
    "\"readings\":\"battery 12 %\"}],"                                                             \
    "\"inTheWay\":{\"object\":\"assignment/s-0\",\"reason\":\"BatteryLow\","                       \
    "\"message\":\"12 %, below 50 %\",\"remedy\":\"charge it\","                                   \
    "\"actions\":[\"on edge-1: until sensors.battery >= 60\"]},\"remedy\":\"charge it\"}"
#define BROKEN                                                                                     \
    "{\"converged\":false,\"chain\":[{\"object\":\"harvestsession/s\",\"is\":\"0 of 1 ready\","    \
    "\"condition\":\"Converged\",\"status\":\"False\",\"reason\":\"NoAgent\","                     \
    "\"message\":\"no\\u001b[31m agent\",\"remedy\":\"connect one\"}],"                            \
    "\"inTheWay\":{\"object\":\"harvestsession/s\",\"reason\":\"NoAgent\",\"message\":\"no\","     \
    "\"remedy\":\"connect one\"},\"remedy\":\"connect one\"}"
/* Of tasks: the session's link, with the status and reason of its condition. */
#define TASKS(status, reason)                                                                      \
    "{\"object\":\"harvestsession/s\",\"is\":\"3 of 9 done\",\"condition\":\"Converged\","         \
    "\"status\":\"" status "\",\"reason\":\"" reason "\",\"message\":\"it goes on\","              \
    "\"progress\":\"in progress: 3 of 9 done, 2 running\"}"
#define IN_PROGRESS "{\"converged\":true,\"chain\":[" TASKS("True", "InProgress") "]}"
#define PARTLY_HELD                                                                                \
    "{\"converged\":true,\"chain\":[" TASKS(                                                       \
        "True",                                                                                    \
        "InProgress") "],\"inTheWay\":{\"object\":"                                                \
                      "\"assignment/s-0\",\"reason\":\"BatteryLow\"},\"remedy\":\"charge it\"}"
#define PARTLY_FAILED                                                                              \
    "{\"converged\":false,\"chain\":[" TASKS(                                                      \
        "False", "GivenUp") "],\"inTheWay\":{\"object\":"                                          \
                            "\"harvestsession/s\",\"reason\":\"GivenUp\"},\"remedy\":\"mend it\"}"
#define NOT_FOUND "{\"message\":\"\\\"s\\\" not found\",\"reason\":\"NotFound\"}"

static void what_is_as_declared_is_two_lines_and_exits_with_0(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, FINE, 0});
    run("why hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s is as declared\n"
                                            "  harvestsession/s  1 of 1 ready  AsDeclared\n"
                                            "      1 replica is as declared\n");
}

static void what_is_held_leads_to_its_agent_in_columns(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, HELD, 0});
    run("why hs/s");
    EXITS(1);
    OUT("harvestsession.fog/s is as declared, and held back\n"
        "  harvestsession/s  1 of 1 ready         AsDeclared\n"
        "      1 replica is as declared\n"
        "  assignment/s-0    Suspended on edge-1  BatteryLow  for ");
    OUT("      12 %, below 50 %\n"
        "  agent/edge-1      connected            Connected\n"
        "      battery 12 %\n"
        "  in the way: BatteryLow of assignment/s-0\n"
        "  what would help: charge it\n"
        "      on edge-1: until sensors.battery >= 60\n");
}

static void what_is_not_as_declared_exits_with_1_and_steers_no_terminal(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, BROKEN, 0});
    run("why hs/s");
    EXITS(1);
    OUT("harvestsession.fog/s is not as declared\n");
    OUT("      no?[31m agent\n");
    OUT("  what would help: connect one\n");
}

static void tasks_that_get_on_are_in_progress_and_exit_with_0(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, IN_PROGRESS, 1}, {"GET " S "/s/why ", 200, PARTLY_HELD, 1},
            {"GET " S "/s/why ", 200, PARTLY_FAILED, 0});
    run("why hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "harvestsession.fog/s is in progress, and nothing is in the way\n"
                        "  harvestsession/s  3 of 9 done  InProgress\n"
                        "      in progress: 3 of 9 done, 2 running\n");
    run("why hs/s");
    EXITS(1);
    OUT("harvestsession.fog/s is in progress, and partly held back\n");
    OUT("  in the way: BatteryLow of assignment/s-0\n");
    run("why hs/s");
    EXITS(1);
    OUT("harvestsession.fog/s is not as declared\n");
    OUT("      it goes on\n      in progress: 3 of 9 done, 2 running\n");
}

static void programs_get_the_chain_as_it_is(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, HELD, 0});
    run("why hs/s -o json");
    EXITS(1);
    assert_true(str_starts(world.did.out.data, "{"));
    OUT("\"reason\": \"BatteryLow\"");
    OUT("\"remedy\": \"charge it\"");
    run("why hs/s -o yaml");
    EXITS(1);
    OUT("inTheWay:\n  object: assignment/s-0\n");
    run("why hs/s hs/s -o json");
    EXITS(1);
    OUT("\"kind\": \"List\"");
    run("why hs/s -o wide");
    EXITS(2);
    ERR("json and yaml");
}

static void one_in_the_way_among_many_counts(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200, FINE, 1}, {"GET " S "/s/why ", 200, BROKEN, 1},
            {"GET " S "/s/why ", 200, FINE, 0});
    run("why hs/s hs/s hs/s");
    EXITS(1);
    assert_int_equal(text_count(world.did.out.data, "s is as declared\n"), 2);
}

static void what_cannot_be_asked_exits_with_2(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 404, NOT_FOUND, 0}, {"GET " A "/a/why ", 200, FINE, 0});
    run("why hs/s agent/a");
    EXITS(2);
    ERR("not found");
    OUT("agent.fog/a is as declared");
    run("why");
    EXITS(2);
    run("why spoons/s");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_as_declared_is_two_lines_and_exits_with_0),
        TEST(what_is_held_leads_to_its_agent_in_columns),
        TEST(what_is_not_as_declared_exits_with_1_and_steers_no_terminal),
        TEST(tasks_that_get_on_are_in_progress_and_exit_with_0),
        TEST(programs_get_the_chain_as_it_is),
        TEST(one_in_the_way_among_many_counts),
        TEST(what_cannot_be_asked_exits_with_2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
