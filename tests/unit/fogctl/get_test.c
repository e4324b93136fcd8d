/* tools/fogctl/verb_get.c, table.c, output.c: objects as people and programs read them. */
#include "tests/unit/fogctl/run.h"

#define POLICY(name, more)                                                                         \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"" name         \
    "\",\"resourceVersion\":\"5\",\"managedFields\":[{\"manager\":\"m\"}]},\"spec\":{\"limits\":{" \
    "\"cpuPercent\":40}}" more "}"
#define SESSION(name, reason)                                                                      \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"" name        \
    "\",\"resourceVersion\":\"6\"},\"spec\":{\"workload\":{\"command\":[\"/bin/true\"]}},"         \
    "\"status\":{\"desired\":1,\"ready\":1,\"updated\":1,\"conditions\":[{\"type\":\"Converged\"," \
    "\"status\":\"True\",\"reason\":\"" reason "\",\"message\":\"m\"}]}}"
#define LIST(items)         "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

#define P "/apis/fog/v1/harvestpolicies"
#define S "/apis/fog/v1/harvestsessions"

static void nothing_found_is_said_aside_and_exits_with_0(void **state)
{
    (void)state;
    ANSWERS({"GET " S, 200, LIST(""), 0});
    run("get hs");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
    assert_string_equal(world.did.err.data, "No resources found\n");
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    ANSWERS({"GET " S, 200, LIST(SESSION("a", "AsDeclared") "," SESSION("much-longer", "Odd")), 0});
    run("get hs");
    EXITS(0);
    assert_string_equal(
        world.did.out.data,
        "NAME          DESIRED   READY   UPDATED   DONE   CONVERGED   REASON       AGE\n"
        "a             1         1       1                True        AsDeclared\n"
        "much-longer   1         1       1                True        Odd\n");
    run("get hs --no-headers");
    assert_true(str_starts(world.did.out.data, "a   "));
}

static void cells_cannot_steer_the_terminal_nor_the_table(void **state)
{
    (void)state;
    ANSWERS({"GET " S, 200,
             LIST(SESSION("a", "x\\u001b[2J\\ny") "," SESSION("b", "東京") "," SESSION("c", "z")),
             0});
    run("get hs -o wide");
    EXITS(0);
    assert_null(strchr(world.did.out.data, '\033'));
    OUT("x?[2J?y   ");
    OUT("東京      "); /* three blanks, and three for what the widest has more */
    assert_int_equal(text_count(world.did.out.data, "\n"), 4);
}

#define G "/apis/fog/v1/agents"

static void agents_are_chosen_by_a_condition(void **state)
{
    (void)state;
    ANSWERS({"GET " G "?limit=500&labelSelector=&fieldSelector=&"
             "where=sensors.battery%20%3E%3D%2040%20%26%26%20region%20in%20%28north%29&continue= ",
             200, LIST(""), 0});
    run("get agents --where 'sensors.battery >= 40 && region in (north)'");
    EXITS(0);
    run("get agents -w --where 'paused'");
    EXITS(2);
    run("get agents edge --where 'paused'");
    EXITS(2);
    run("get all --where 'paused'");
    EXITS(2);
    ERR("--where is for agents");
}

static void a_bad_condition_is_said_with_its_column(void **state)
{
    (void)state;
    ANSWERS({"GET " G "?limit=500", 400,
             "{\"message\":\"where: column 9: no\",\"reason\":\"BadRequest\"}", 0});
    run("get agents --where 'battery > 40'");
    EXITS(1);
    ERR("error: where: column 9: no");
}

static void several_kinds_have_tables_and_full_names(void **state)
{
    (void)state;
    ANSWERS({"GET " S, 200, LIST(SESSION("a", "r")), 0}, {"GET " P, 200, LIST(POLICY("p", "")), 0});
    run("get hs,hp");
    EXITS(0);
    OUT("\nharvestsession.fog/a ");
    OUT("\n\nNAME");
    OUT("\nharvestpolicy.fog/p ");
    run("get hs");
    assert_null(strstr(world.did.out.data, "harvestsession.fog/"));
}

static void one_of_several_names_missing_is_told_and_the_others_are_shown(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/a ", 200, SESSION("a", "r"), 0},
            {"GET " S "/c ", 200, SESSION("c", "r"), 0},
            {"GET ", 404, "{\"message\":\"\\\"b\\\" not found\",\"reason\":\"NotFound\"}", 0});
    run("get hs a b c");
    EXITS(1);
    OUT("NAME   DESIRED");
    OUT("\na ");
    OUT("\nc ");
    assert_int_equal(text_count(world.did.out.data, "NAME"), 1);
    assert_string_equal(world.did.err.data, "error: \"b\" not found (NotFound)\n");
    run("get hs/a hs/b -o name");
    EXITS(1);
    assert_string_equal(world.did.out.data, "harvestsession.fog/a\n");
    run("get hs b -o yaml");
    EXITS(1);
    assert_string_equal(world.did.out.data, "");
}

static void texts_have_the_shapes_of_kubectl(void **state)
{
    (void)state;
    ANSWERS({"GET " P "/p ", 200, POLICY("p", ""), 0},
            {"GET " P "?", 200, LIST(POLICY("p", "")), 0});
    run("get hp/p -o yaml");
    EXITS(0);
    assert_string_equal(world.did.out.data, "apiVersion: fog/v1\n"
                                            "kind: HarvestPolicy\n"
                                            "metadata:\n"
                                            "  name: p\n"
                                            "  resourceVersion: \"5\"\n"
                                            "spec:\n"
                                            "  limits:\n"
                                            "    cpuPercent: 40\n");
    run("get hp -o json");
    assert_true(str_starts(world.did.out.data,
                           "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n"
                           "  \"metadata\": {\n    \"resourceVersion\": \"\"\n"
                           "  },\n  \"items\": [\n    {\n"));
    run("get hp p -o name");
    assert_string_equal(world.did.out.data, "harvestpolicy.fog/p\n");
    run("get hp -o name");
    assert_string_equal(world.did.out.data, "harvestpolicy.fog/p\n");
}

static void pages_are_followed_and_selectors_escaped(void **state)
{
    (void)state;
    ANSWERS({"GET " P
             "?limit=500&labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=x%3D1&continue= ",
             200, "{\"metadata\":{\"continue\":\"t k\"},\"items\":[" POLICY("a", "") "]}", 0},
            {"GET " P "?limit=500&labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=x%3D1&"
             "continue=t%20k ",
             200, LIST(POLICY("b", "")), 0});
    run("get hp -l 'a in (b,c)' --field-selector x=1 -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestpolicy.fog/a\nharvestpolicy.fog/b\n");
}

/* --- watching --------------------------------------------------------------------------------- */

#define VERSION(name, revision)                                                                    \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"" name        \
    "\",\"resourceVersion\":\"" revision "\"}}"

/* A watch ends only when it is refused; the fake controller refuses what comes last. */
#define REFUSED                                                                                    \
    {                                                                                              \
        "GET ", 400, "{\"message\":\"enough\",\"reason\":\"BadRequest\"}", 0                       \
    }

static void a_watch_goes_on_from_where_it_broke_off(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S "?limit", 200, LIST(SESSION("a", "One")), 1},
        {"GET " S "?watch=true&resourceVersion=9&", 200, EVENT("MODIFIED", SESSION("a", "Two")), 1},
        {"GET " S "?watch=true&resourceVersion=6&", 0, NULL, 1},
        {"GET " S "?watch=true&resourceVersion=6&", 503, "{}", 1},
        {"GET " S "?watch=true&resourceVersion=6&", 200,
         EVENT("DELETED", SESSION("a", "Three")) "{\"type\":\"ADDED\",\"obj", 1},
        REFUSED);
    run("get hs -w");
    EXITS(1);
    assert_string_equal(world.did.out.data,
                        "NAME   DESIRED   READY   UPDATED   DONE   CONVERGED   REASON   AGE\n"
                        "a      1         1       1                True        One\n"
                        "a      1         1       1                True        Two\n"
                        "(deleted) a   1         1       1                True        Three\n");
    assert_string_equal(world.did.err.data, "error: enough (BadRequest)\n");
}

static void a_watch_that_is_too_far_behind_begins_anew(void **state)
{
    (void)state;
    ANSWERS({"GET " S "?limit", 200, LIST(""), 1},
            {"GET " S "?watch=true&resourceVersion=9&", 200,
             EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410}"), 1},
            {"GET " S "?watch=true&resourceVersion=0&", 200, EVENT("ADDED", SESSION("z", "r")), 1},
            REFUSED);
    run("get hs -w --no-headers");
    EXITS(1);
    assert_true(str_starts(world.did.out.data, "z "));
}

/* a is as it was, b has changed, c is new, d has gone. */
static void what_was_missed_is_told_as_what_it_is(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S "?limit", 200,
         LIST(VERSION("a", "1") "," VERSION("b", "2") "," VERSION("d", "3")), 1},
        {"GET " S "?watch=true&resourceVersion=9&", 200,
         EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410}"), 1},
        {"GET " S "?watch=true&resourceVersion=0&labelSelector=&fieldSelector=&sendInitialEvents",
         200, EVENT("ADDED", VERSION("a", "1")) EVENT("ADDED", VERSION("b", "12")), 1},
        {"GET " S "?watch=true&resourceVersion=0&", 200,
         EVENT("ADDED", VERSION("a", "1")) EVENT("ADDED", VERSION("b", "12"))
             EVENT("ADDED", VERSION("c", "11")) EVENT(
                 "BOOKMARK",
                 "{\"metadata\":{\"resourceVersion\":\"13\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}"),
         1},
        {"GET " S "?watch=true&resourceVersion=13&", 400, "{\"message\":\"enough\"}", 0});
    run("get hs -w -o name --output-watch-events");
    EXITS(1);
    assert_string_equal(world.did.out.data, "ADDED      harvestsession.fog/a\n"
                                            "ADDED      harvestsession.fog/b\n"
                                            "ADDED      harvestsession.fog/d\n"
                                            "MODIFIED   harvestsession.fog/b\n"
                                            "ADDED      harvestsession.fog/c\n"
                                            "DELETED    harvestsession.fog/d\n");
    assert_string_equal(world.did.err.data, "error: enough\n");
}

static void events_of_a_watch_can_be_told_apart(void **state)
{
    (void)state;
    ANSWERS({"GET " S "?limit", 200, LIST(SESSION("a", "r")), 1},
            {"GET " P "?limit", 200, LIST(POLICY("p", "")), 1},
            {"GET " S "?watch", 200,
             EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"12\"}}")
                 EVENT("DELETED", SESSION("a", "r")),
             1},
            {"GET " P "?watch", 200, EVENT("ADDED", POLICY("q", "")), 1},
            {"GET " S "?watch=true&resourceVersion=6", 400, "{\"message\":\"enough\"}", 0},
            {"GET " P "?watch=true&resourceVersion=5", 400, "{\"message\":\"enough\"}", 0});
    run("get hs,hp -w --output-watch-events");
    EXITS(1);
    OUT("\nADDED      harvestsession.fog/a ");
    OUT("\nADDED      harvestpolicy.fog/p ");
    OUT("\nDELETED    harvestsession.fog/a ");
    OUT("\nADDED      harvestpolicy.fog/q ");
}

static void a_watch_in_yaml_is_a_stream_of_documents(void **state)
{
    (void)state;
    ANSWERS({"GET " P "?limit", 200, LIST(POLICY("p", "")), 1},
            {"GET " P "?watch", 200, EVENT("ADDED", POLICY("q", "")), 1}, REFUSED);
    run("get hp -w -o yaml --output-watch-events");
    EXITS(1);
    assert_true(str_starts(world.did.out.data, "---\ntype: ADDED\nobject:\n"));
    assert_int_equal(text_count(world.did.out.data, "---\n"), 2);
}

/* --- watching on a terminal ------------------------------------------------------------------- */

#define BEFORE_THE_END "\033[?25h\033[?1049l" /* what gives the terminal its own screen back */
#define ENOUGH         "\033[31merror:\033[0m enough (BadRequest)\r\n"
#define HEAD           "NAME   DESIRED   READY   UPDATED   DONE   CONVERGED   REASON   AGE\r\n"

static const char *left_on_the_terminal(void)
{
    const char *end = strstr(world.did.out.data, BEFORE_THE_END);

    assert_non_null(end);
    return end + strlen(BEFORE_THE_END);
}

static void on_a_terminal_a_watched_table_is_kept_in_place_and_left_there(void **state)
{
    (void)state;
    ANSWERS({"GET " S "?limit", 200, LIST(SESSION("b", "One") "," SESSION("c", "Old")), 1},
            {"GET " S "?watch=true&resourceVersion=9&", 200,
             EVENT("ADDED", SESSION("a", "New")) EVENT("MODIFIED", SESSION("b", "Two"))
                 EVENT("DELETED", SESSION("c", "Old")),
             1},
            REFUSED);
    run_on_terminal("get hs -w");
    EXITS(1);
    OUT("c      1         1       1                True        Old");
    OUT("\033[24;1H\033[1m2 objects, revision 9, unchanged since ");
    OUT("2 objects, revision 9, last changed ");
    assert_string_equal(left_on_the_terminal(), HEAD
                        "a      1         1       1                True        New\r\n"
                        "b      1         1       1                True        Two\r\n" ENOUGH);
    assert_null(strstr(world.did.out.data, "(deleted)"));
}

/* The third connection has nothing to tell, but it is one. */
static void a_table_is_stale_until_there_is_a_connection_again(void **state)
{
    const char *stale;

    (void)state;
    ANSWERS({"GET " S "?limit", 200, LIST(SESSION("b", "One")), 1},
            {"GET " S "?watch=true&resourceVersion=9&", 200, "", 1},
            {"GET " S "?watch=true&resourceVersion=9&", 0, NULL, 1},
            {"GET " S "?watch=true&resourceVersion=9&", 200, "", 1}, REFUSED);
    run_on_terminal("get hs -w");
    EXITS(1);
    stale = strstr(world.did.out.data, "stale since ");
    assert_non_null(stale);
    assert_non_null(strstr(stale, ": the controller does not answer; 1 object, revision 9"));
    assert_non_null(strstr(stale, "\033[1m1 object, revision 9, unchanged since "));
    assert_string_equal(left_on_the_terminal(), HEAD
                        "b      1         1       1                True        One\r\n" ENOUGH);
}

static void a_terminal_that_draws_nothing_is_told_line_by_line(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S "?limit", 200, LIST(SESSION("b", "One")), 0},
        {"GET " S "?watch=true&resourceVersion=9&", 200, EVENT("MODIFIED", SESSION("b", "Two")), 0},
        REFUSED);
    run_on_terminal("get hs -w --output-watch-events");
    assert_null(strstr(world.did.out.data, "\033[?1049h"));
    OUT("\r\nMODIFIED   b ");
    run_on_terminal("get hs -w -o name");
    assert_string_equal(world.did.out.data,
                        "harvestsession.fog/b\r\nharvestsession.fog/b\r\n" ENOUGH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_found_is_said_aside_and_exits_with_0),
        TEST(columns_are_as_wide_as_their_widest_cell),
        TEST(cells_cannot_steer_the_terminal_nor_the_table),
        TEST(agents_are_chosen_by_a_condition),
        TEST(a_bad_condition_is_said_with_its_column),
        TEST(several_kinds_have_tables_and_full_names),
        TEST(one_of_several_names_missing_is_told_and_the_others_are_shown),
        TEST(texts_have_the_shapes_of_kubectl),
        TEST(pages_are_followed_and_selectors_escaped),
        TEST(a_watch_goes_on_from_where_it_broke_off),
        TEST(a_watch_that_is_too_far_behind_begins_anew),
        TEST(what_was_missed_is_told_as_what_it_is),
        TEST(events_of_a_watch_can_be_told_apart),
        TEST(a_watch_in_yaml_is_a_stream_of_documents),
        TEST(on_a_terminal_a_watched_table_is_kept_in_place_and_left_there),
        TEST(a_table_is_stale_until_there_is_a_connection_again),
        TEST(a_terminal_that_draws_nothing_is_told_line_by_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
