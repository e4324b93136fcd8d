/* top and screens: what is shown once; the live table is tried with a terminal of its own, in
 * tests/suites/e2e_operations.sh. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(rows_are_sorted_and_count_what_runs),
                                       TEST(objects_are_named_as_everywhere)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
