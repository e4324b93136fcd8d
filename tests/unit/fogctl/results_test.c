/* results: what became of each task, and what it made, into a folder. */
#include "tests/unit/fogctl/run.h"

#include <string.h>

#define S "GET /apis/fog/v1/harvestsessions/s "
#define A "GET /apis/fog/v1/assignments?"
#define B "GET /blobs/v1/blake2b:"

#define ONE  "b5c79b33ed05bf043e141bcc2a1c9b793c07a60ab737e0b9f5b8dbbb7495a5b3" /* of "one" */
#define TWO  "9de15d13fdf65a3e7e4319104aeaa507008f8d3c10cda62d893f2ed86d4f0fe7" /* of "two" */
#define NONE "{\"metadata\":{},\"items\":[]}"

#define OUTPUT(path, digest)                                                                       \
    "{\"path\":\"" path "\",\"digest\":\"blake2b:" digest "\",\"size\":\"3\"}"
#define TASKS(count, more)                                                                         \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\"},"        \
    "\"spec\":{\"tasks\":{\"count\":" count "}},\"status\":{\"tasks\":{" more "}}}"
#define MADE                                                                                       \
    "\"completedIndexes\":\"0,1\",\"results\":[{\"index\":0,\"outputs\":[" OUTPUT(                 \
        "out", ONE) "]},{\"index\":1,\"outputs\":[" OUTPUT("a/b", TWO) "]}]"
#define ASSIGNMENT(slot, phase, more)                                                              \
    "{\"metadata\":{\"name\":\"s-" slot "\"" more "},\"spec\":{\"slot\":\"" slot                   \
    "\",\"agent\":\"edge-" slot "\"},\"status\":{\"phase\":\"" phase "\"}}"
#define ITEMS(items) "{\"metadata\":{},\"items\":[" items "]}"

static const char *content(const char *name)
{
    static char text[64];
    _cleanup_(str_fini)
    struct str path = STR_EMPTY;
    FILE *file;

    str_addf(&path, "%s/%s", world.folder, name);
    file = fopen(path.data, "re");
    if (file == NULL) {
        return "";
    }
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void each_task_has_a_line(void **state)
{
    (void)state;
    ANSWERS({S, 200,
             TASKS("6", "\"completedIndexes\":\"0,1\",\"failedIndexes\":\"3\",\"ends\":[{"
                        "\"indexes\":\"1,9\",\"agent\":\"lark\"},{"
                        "\"indexes\":\"3\",\"agent\":\"wren\",\"exitCode\":9,\"reason\":"
                        "\"ExitedNonZero\"}],\"results\":[{\"index\":1,\"outputs\":[" OUTPUT(
                            "out", ONE) "]}]"),
             0},
            {A, 200,
             ITEMS(ASSIGNMENT("2", "Running", "") "," ASSIGNMENT("4", "Stopping",
                                                                 ",\"deletion"
                                                                 "Timestamp\":"
                                                                 "\"x\"") "," //
                   ASSIGNMENT("0", "Running", "")),
             0});
    run("results s");
    EXITS(1);
    assert_string_equal(world.did.out.data,
                        "INDEX   STATE       AGENT    EXIT   REASON          OUTPUTS\n"
                        "0       Succeeded\n"
                        "1       Succeeded   lark                            out (3)\n"
                        "2       Running     edge-2\n"
                        "3       Failed      wren     9      ExitedNonZero\n"
                        "4       Waiting\n"
                        "5       Waiting\n");
    ERR("2 of 6 tasks have succeeded, 1 failed, 3 are left to be done\n");
    run("results hs/s --failed");
    EXITS(1);
    assert_int_equal(text_count(world.did.out.data, "\n"), 2);
    run("results hs s --tasks 1,2 -o wide");
    OUT("out (3) blake2b:" ONE);
    assert_int_equal(text_count(world.did.out.data, "\n"), 3);
    run("results s -o json --tasks 3");
    EXITS(1);
    OUT("\"count\": 6");
    OUT("\"exitCode\": 9");
    assert_int_equal(text_count(world.did.out.data, "\"index\""), 1);
}

#define OPINION(index, agent) "{\"index\":" index ",\"agent\":\"" agent "\"}"

static void a_task_that_waits_for_another_opinion_is_undecided(void **state)
{
    (void)state;
    ANSWERS({S, 200,
             TASKS("4", "\"completedIndexes\":\"2\",\"opinions\":[" OPINION("0", "lark") ","  //
                   OPINION("1", "lark") "," OPINION("0", "wren") "," OPINION("2", "wren") "," //
                   OPINION("9", "wren") "]"),
             0},
            {A, 200, ITEMS(ASSIGNMENT("1", "Running", "")), 0});
    run("results s");
    EXITS(1);
    assert_string_equal(world.did.out.data,
                        "INDEX   STATE       AGENT       EXIT   REASON   OUTPUTS\n"
                        "0       Undecided   lark,wren\n"
                        "1       Running     edge-1\n"
                        "2       Succeeded\n"
                        "3       Waiting\n");
    ERR("1 of 4 tasks have succeeded, 3 are left to be done\n");
}

static void files_come_verified_into_a_folder_for_each_task(void **state)
{
    (void)state;
    ANSWERS({S, 200, TASKS("2", MADE), 0}, {A, 200, NONE, 0}, {B ONE, 200, "one", 1},
            {B TWO, 200, "two", 1});
    run("results s --to got/here");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
    assert_string_equal(content("got/here/0/out"), "one");
    assert_string_equal(content("got/here/1/a/b"), "two");
    ERR("2 of 2 files are in got/here, 0 of them were there before\n");
    run("results s --to got/here"); /* nothing is asked for again */
    EXITS(0);
    ERR("2 of 2 files are in got/here, 2 of them were there before\n");
    assert_int_equal(text_count(requests(), "GET /blobs/"), 2);
}

static void what_is_wrong_there_is_fetched_again(void **state)
{
    (void)state;
    ANSWERS({S, 200, TASKS("2", MADE), 0}, {A, 200, NONE, 0}, {B ONE, 200, "one", 0},
            {B TWO, 200, "two", 0});
    run("results s --to . --tasks 0");
    given_file("0/out", "eno");
    run("results s --to .");
    EXITS(0);
    assert_string_equal(content("0/out"), "one");
    assert_string_equal(content("1/a/b"), "two");
}

static void what_cannot_be_had_holds_up_no_other(void **state)
{
    (void)state;
    ANSWERS({S, 200, TASKS("2", MADE), 0}, {A, 200, NONE, 0}, {B ONE, 200, "bad", 0},
            {B TWO, 200, "two", 0});
    run("results s --to got");
    EXITS(2);
    ERR("what came is not blake2b:" ONE);
    ERR("got/0/out: not fetched");
    ERR("1 of 2 files are in got");
    assert_string_equal(content("got/0/out"), "");
    assert_string_equal(content("got/1/a/b"), "two");
}

static void nothing_is_written_outside_the_folder(void **state)
{
    (void)state;
    ANSWERS({S, 200,
             TASKS("1", "\"completedIndexes\":\"0\",\"results\":[{\"index\":0,\"outputs\":[" OUTPUT(
                            "../../out", ONE) "," OUTPUT("/tmp/out", ONE) "]}]"),
             0},
            {A, 200, NONE, 0}, {B ONE, 200, "one", 0});
    run("results s --to got/here");
    EXITS(2);
    ERR("output \"../../out\" of it is none");
    assert_string_equal(content("out"), "");
    assert_int_equal(text_count(requests(), "GET /blobs/"), 0);
}

static void replicas_have_results_too(void **state)
{
    (void)state;
    ANSWERS(
        {S, 200, "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"replicas\":2}}", 0},
        {A, 200, ITEMS(ASSIGNMENT("10", "Succeeded", "") "," ASSIGNMENT("9", "Succeeded", "")), 0});
    run("results s");
    EXITS(0);
    assert_string_equal(world.did.out.data,
                        "INDEX   STATE       AGENT     EXIT   REASON   OUTPUTS\n"
                        "9       Succeeded   edge-9\n"
                        "10      Succeeded   edge-10\n");
}

static void a_wrong_line_is_told(void **state)
{
    (void)state;
    ANSWERS({S, 200, TASKS("2", MADE), 0}, {A, 200, NONE, 0});
    run("results");
    EXITS(2);
    run("results agents/edge-1");
    EXITS(2);
    ERR("hs/NAME");
    run("results hs");
    EXITS(2);
    run("results s --tasks 2-1");
    EXITS(2);
    run("results s -o name");
    EXITS(2);
    run("results nobody");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_task_has_a_line),
        TEST(a_task_that_waits_for_another_opinion_is_undecided),
        TEST(files_come_verified_into_a_folder_for_each_task),
        TEST(what_is_wrong_there_is_fetched_again),
        TEST(what_cannot_be_had_holds_up_no_other),
        TEST(nothing_is_written_outside_the_folder),
        TEST(replicas_have_results_too),
        TEST(a_wrong_line_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
