/* The run as a whole: verbs, help, contexts, and what it exits with. */
#include "tests/unit/fogctl/run.h"

static void without_a_verb_there_is_help(void **state)
{
    (void)state;
    run("");
    EXITS(0);
    OUT("Verbs:");
    OUT("\n  top           what "); /* as wide as the longest name */
    OUT("\nExamples:\n");
    run("--help");
    EXITS(0);
    run("help");
    EXITS(0);
}

static void every_verb_has_help_whose_examples_are_its_own(void **state)
{
    (void)state;
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        char words[64], example[64];

        (void)snprintf(words, sizeof(words), "help %s", (*verb)->name);
        (void)snprintf(example, sizeof(example), "  fogctl %s", (*verb)->name);
        run(words);
        EXITS(0);
        OUT("\nUsage: fogctl ");
        OUT(example);
        (void)snprintf(words, sizeof(words), "%s --help", (*verb)->name);
        run(words);
        EXITS(0);
    }
}

static void lines_of_help_fit_a_wide_terminal(void **state)
{
    (void)state;
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        char words[64];

        (void)snprintf(words, sizeof(words), "help %s", (*verb)->name);
        run(words);
        for (char *line = world.did.out.data; *line != '\0';) {
            size_t length = strcspn(line, "\n");
            bool has_more = line[length] == '\n';

            line[length] = '\0';
            if (text_width(line) > 120) {
                fail_msg("%s", line);
            }
            line += length + has_more;
        }
    }
}

static void a_slip_in_a_verb_is_told(void **state)
{
    (void)state;
    run("aply -f x");
    EXITS(2);
    ERR("error: there is no verb \"aply\"\n  did you mean \"fogctl apply\"?\n");
    run("new -f x");
    EXITS(2);
    ERR("did you mean \"fogctl create\"?");
    run("help aply");
    EXITS(2);
    run("frobnicate");
    EXITS(2);
    ERR("fogctl --help lists the verbs");
    run("get frobs");
    EXITS(2);
    ERR("kinds: agents (ag), ");
    ERR("alertrules (ar)");
}

static void a_slip_in_an_option_is_told(void **state)
{
    (void)state;
    run("get hs --otput yaml");
    EXITS(2);
    ERR("did you mean --output?");
    run("--sever x get hs");
    EXITS(2);
    ERR("did you mean --server?");
    run("-x");
    EXITS(2);
}

static void wrong_usage_exits_with_2_and_shows_the_right_one(void **state)
{
    static const char *const wrong[] = {
        "get",
        "get hs -o pdf",
        "get hs/",
        "get /x",
        "get hs/a/b",
        "get nothing",
        "get hs/a agents",
        "get hs/a -l x=y",
        "get hs a b -w",
        "apply",
        "apply x.yaml",
        "apply -f x.yaml --dry-run=perhaps",
        "diff",
        "describe",
        "describe nothing",
        "why",
        "delete",
        "delete hs",
        "delete hs a --all",
        "delete hs a --dry-run=client",
        "wait hs/a",
        "wait hs --for=delete",
        "wait hs/a --for=ready",
        "logs",
        "logs agent/edge-1",
        "logs x --tail=-2",
        "events hs/a",
        "events --for hs",
        "history hs",
        "history --limit 0",
        "rollback hs/a",
        "rollback hs/a --to-revision x",
        "rollback hs --to-revision 1",
        "rollback hs/a --to-revision 1 -l x=y",
        "rollback hs/a --to-revision 1 --all",
        "rollback hs --to-revision 1 --where ready",
        "rollback hs --to-revision 1 -l ''",
        "rollback hs/a --to-revision 1 --dry-run=perhaps",
        "version 1",
    };

    (void)state;
    (void)setenv("FOGCTL_SERVER", "127.0.0.1:1", 1);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        run(wrong[i]);
        if (world.did.code != 2) {
            print_message("%s\n", wrong[i]);
        }
        EXITS(2);
        assert_true(str_starts(world.did.err.data, "error: "));
        assert_int_equal(world.did.out.length, 0);
    }
}

static void a_controller_that_cannot_be_reached_is_told_once(void **state)
{
    (void)state;
    run("get all -s 127.0.0.1:1");
    EXITS(1);
    assert_int_equal(text_count(world.did.err.data, "error: "), 1);
    ERR("error: the controller at http://127.0.0.1:1 cannot be reached: ");
    ERR("--server, FOGCTL_SERVER");
}

static void version_tells_its_own_part_without_a_controller(void **state)
{
    (void)state;
    run("version --server 127.0.0.1:1");
    EXITS(1);
    OUT("fogctl      ");
    run("--version -s 127.0.0.1:1");
    EXITS(1);
    OUT("fogctl      ");
}

static void version_tells_both_parts(void **state)
{
    (void)state;
    ANSWERS({"GET /version", 200, "{\"fogVersion\":\"9.8.7\",\"storeId\":\"s\\u001b[1m\"}", 0});
    run("version");
    EXITS(0);
    OUT("controller  9.8.7 (store s?[1m)\n");
}

static void an_answer_of_something_else_is_no_crash(void **state)
{
    (void)state;
    ANSWERS({"GET /version", 200, "<html>hello</html>", 0}, {"GET /apis", 200, "[]", 0});
    run("version");
    EXITS(1);
    ERR("is this the address of a fog-controller?");
    run("get hs");
    EXITS(1);
    run("history");
    EXITS(1);
    run("describe hs/x");
    EXITS(1);
    ERR("the controller answered 200: []");
}

/* --- contexts --------------------------------------------------------------------------------- */

static void options_win_over_the_environment_and_that_over_the_file(void **state)
{
    (void)state;
    ANSWERS({"GET /version", 200, "{\"fogVersion\":\"1\",\"storeId\":\"s\"}", 0});
    given_file("c.yaml", "currentContext: a\n"
                         "contexts:\n"
                         "  - {name: a, server: 'http://127.0.0.1:1', user: ann}\n"
                         "  - {name: b, server: 'http://127.0.0.1:2', user: bob}\n");
    (void)setenv("FOGCTL_CONFIG", "c.yaml", 1);
    run("version");
    EXITS(0);
    run("version --server http://127.0.0.1:3");
    ERR("http://127.0.0.1:3 cannot");
    run("version --context b"); /* typed, though the environment names a server */
    ERR("http://127.0.0.1:2 cannot");
    run("version --context b --server http://127.0.0.1:3");
    ERR("http://127.0.0.1:3 cannot");
    (void)unsetenv("FOGCTL_SERVER");
    run("version");
    ERR("http://127.0.0.1:1 cannot");
    run("version --context b");
    ERR("http://127.0.0.1:2 cannot");
    (void)setenv("FOGCTL_CONTEXT", "b", 1);
    run("version");
    ERR("http://127.0.0.1:2 cannot");
    run("version --context a");
    ERR("http://127.0.0.1:1 cannot");
}

static void who_writes_comes_from_option_environment_or_context(void **state)
{
    (void)state;
    ANSWERS({"GET /version", 200, "{\"fogVersion\":\"1\",\"storeId\":\"s\"}", 0});
    given_file("c.yaml", "currentContext: a\ncontexts: [{name: a, user: ann}]\n");
    run("version --config c.yaml");
    (void)setenv("FOGCTL_USER", "eve", 1);
    run("version --config c.yaml");
    run("version --config c.yaml --user opt --change-cause 'to see'");
    (void)requests();
    says(&world.http.requests, "Fog-User: ann\r\n");
    says(&world.http.requests, "Fog-User: eve\r\n");
    says(&world.http.requests, "Fog-User: opt\r\n");
    says(&world.http.requests, "Fog-Change-Cause: to see\r\n");
}

static void a_cause_of_several_lines_stays_one_header(void **state)
{
    (void)state;
    ANSWERS({"GET /version", 200, "{\"fogVersion\":\"1\",\"storeId\":\"s\"}", 0});
    run("version --change-cause 'one\r\nEvil: two'");
    EXITS(0);
    assert_null(strstr(requests(), "\r\nEvil:"));
    says(&world.http.requests, "Fog-Change-Cause: one  Evil: two\r\n");
}

static void addresses_are_taken_as_people_write_them(void **state)
{
    char words[96];

    (void)state;
    ANSWERS({"GET /version ", 200, "{\"fogVersion\":\"1\",\"storeId\":\"s\"}", 0});
    (void)snprintf(words, sizeof(words), "version -s http://%s//", world.http.address);
    run(words);
    EXITS(0);
    (void)snprintf(words, sizeof(words), "-s %s version", world.http.address);
    run(words);
    EXITS(0);
    run("version -s ftp://127.0.0.1/");
    EXITS(1);
}

static void a_broken_file_of_contexts_is_told_with_its_place(void **state)
{
    (void)state;
    given_file("c.yaml", "currentContext: a\ncontexts: [{name: b}]\n");
    run("version --config c.yaml");
    EXITS(1);
    ERR("error: c.yaml has no context \"a\"\n");
    given_file("c.yaml", "contexts: [\n");
    run("version --config c.yaml");
    EXITS(1);
    ERR("c.yaml:2:1: error: ");
    given_file("c.yaml", "- a list\n");
    run("version --config c.yaml");
    EXITS(1);
    ERR("error: c.yaml is no configuration\n");
    run("version --config none.yaml");
    EXITS(1);
    ERR("none.yaml: No such file");
    assert_int_equal(world.did.out.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_verb_there_is_help),
        TEST(every_verb_has_help_whose_examples_are_its_own),
        TEST(lines_of_help_fit_a_wide_terminal),
        TEST(a_slip_in_a_verb_is_told),
        TEST(a_slip_in_an_option_is_told),
        TEST(wrong_usage_exits_with_2_and_shows_the_right_one),
        TEST(a_controller_that_cannot_be_reached_is_told_once),
        TEST(version_tells_its_own_part_without_a_controller),
        TEST(version_tells_both_parts),
        TEST(an_answer_of_something_else_is_no_crash),
        TEST(options_win_over_the_environment_and_that_over_the_file),
        TEST(who_writes_comes_from_option_environment_or_context),
        TEST(a_cause_of_several_lines_stays_one_header),
        TEST(addresses_are_taken_as_people_write_them),
        TEST(a_broken_file_of_contexts_is_told_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
