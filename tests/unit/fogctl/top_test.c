/* top and screens: what is shown once; the live table is tried with a terminal of its own, in
 * tests/suites/e2e_operations.sh, and the board of the whole fleet in top.sh. */
#include "tests/unit/fogctl/run.h"

#define AGENT(name, load, battery)                                                                 \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"Agent\",\"metadata\":{\"name\":\"" name                 \
    "\"},\"status\":{\"capacity\":{\"cores\":\"2\"},\"sensors\":{\"load\":" load                   \
    ",\"battery\":" battery "},\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}"
#define WORK(slot, agent, phase)                                                                   \
    "{\"metadata\":{\"name\":\"w-" slot "\"},\"spec\":{\"session\":\"w\",\"slot\":\"" slot         \
    "\",\"agent\":\"" agent "\"},\"status\":{\"phase\":\"" phase "\"}}"

static void rows_are_sorted_and_count_what_runs(void **state)
{
    const char *first;

    (void)state;
    ANSWERS(
        {"GET /apis/fog/v1/agents?", 200,
         "{\"metadata\":{},\"items\":[" AGENT("a", "0.5", "10") "," AGENT("b", "1.5", "90") "]}",
         0},
        {"GET /apis/fog/v1/assignments?", 200,
         "{\"metadata\":{},\"items\":[" WORK("0", "a", "Running") "," WORK(
             "1", "a", "Suspended") "," WORK("2", "b", "Succeeded") "," WORK("3", "z",
                                                                             "Running") "]}",
         0});
    run("top agents");
    EXITS(0);
    OUT("NAME   READY   CORES   LOAD   OTHERS");
    OUT("1      1      w/0 w/1\n");
    OUT("0      0\n");
    first = strstr(world.did.out.data, "\na ");
    assert_true(first != NULL && first < strstr(world.did.out.data, "\nb "));
    run("top agents --sort-by cpu --no-headers");
    EXITS(0);
    assert_int_equal(world.did.out.data[0], 'b');
    run("top ag --sort-by battery --no-headers");
    assert_int_equal(world.did.out.data[0], 'b');
    run("top ag --sort-by runs --no-headers");
    assert_int_equal(world.did.out.data[0], 'a');
}

static void objects_are_named_as_everywhere(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/agents/b ", 200, AGENT("b", "1", "10"), 0},
            {"GET /apis/fog/v1/assignments?", 200, "{\"metadata\":{},\"items\":[]}", 0});
    run("top agents b --no-headers");
    EXITS(0);
    assert_int_equal(world.did.out.data[0], 'b');
    run("top agent/b --no-headers");
    EXITS(0);
    assert_int_equal(world.did.out.data[0], 'b');
    run("top agent/b hs/c");
    EXITS(2);
    ERR("one kind at a time");
    run("top hp/c");
    EXITS(2);
    ERR("agents or sessions");
}

#define FLEET                                                                                           \
    {"GET /apis/fog/v1/agents?", 200,                                                                   \
     "{\"metadata\":{},\"items\":[" AGENT("a", "0.5", "10") "," AGENT("b", "1.5", "90") "]}", 0},       \
        {"GET /apis/fog/v1/harvestsessions?", 200, "{\"metadata\":{},\"items\":[]}", 0},                \
        {"GET /apis/fog/v1/assignments?", 200,                                                          \
         "{\"metadata\":{},\"items\":[" WORK("0", "a", "Suspended") "]}", 0},                           \
        {"GET /api/v1/events?", 200, "{\"metadata\":{},\"items\":[]}", 0},                              \
        {"GET /metrics ", 200, "fog_revision 41\n", 0},                                                 \
    {                                                                                                   \
        "GET /apis/fog/v1/history?", 200,                                                               \
            "{\"items\":[{\"revision\":\"40\",\"verb\":\"create\",\"kind\":\"HarvestPolicy\",\"name\":" \
            "\"p\",\"who\":\"ann\",\"why\":\"\"}]}",                                                    \
            0                                                                                           \
    }

static void without_a_terminal_it_is_one_picture(void **state)
{
    (void)state;
    (void)setenv("LC_ALL", "C", 1);
    ANSWERS(FLEET);
    run("top");
    EXITS(0);
    OUT("revision 41");
    OUT("2 agents   . 1 idle   z 1 suspended\n");
    OUT("  a        z suspended ");
    OUT("  w/0      a              z Suspended ");
    OUT("  nothing yet\n"); /* of sessions */
    OUT("hp/p                 ann            create\n");
    assert_null(strchr(world.did.out.data, '\033'));
    run("top --sort-by battery --once");
    EXITS(0);
    run("top -o jsonpath={.agents.items[0].state}/{.revision}");
    EXITS(0);
    OUT("suspended/41");
}

static void what_cannot_be_shown_is_a_wrong_usage(void **state)
{
    (void)state;
    run("top --sort-by cpu");
    EXITS(2);
    ERR("name, state, battery, temperature, load or work, not \"cpu\"");
    run("top -o name");
    EXITS(2);
    run("top agents --sort-by state");
    EXITS(2);
}

static void a_controller_that_is_not_there_is_said_before_the_screen_is_taken(void **state)
{
    (void)state;
    ANSWERS({"GET /nothing", 200, "", 0});
    run_on_terminal("top -l a=b");
    EXITS(1);
    OUT("error:");
    assert_null(strstr(world.did.out.data, "1049"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_sorted_and_count_what_runs), TEST(objects_are_named_as_everywhere),
        TEST(without_a_terminal_it_is_one_picture), TEST(what_cannot_be_shown_is_a_wrong_usage),
        TEST(a_controller_that_is_not_there_is_said_before_the_screen_is_taken)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
