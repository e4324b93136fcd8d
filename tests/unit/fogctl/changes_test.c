/* tools/fogctl/changes.c and differ.c: differences and plans. */
#include "tests/unit/fogctl/run.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define OBJECT(name, spec)                                                                         \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"" name         \
    "\",\"uid\":\"u\",\"resourceVersion\":\"5\",\"generation\":1},\"spec\":" spec                  \
    ",\"status\":{\"x\":1}}"
#define RESULT(result, name, sides)                                                                \
    "{\"kind\":\"HarvestPolicy\",\"name\":\"" name "\",\"result\":\"" result "\"" sides "}"
#define BEFORE(object) ",\"before\":" object
#define AFTER(object)  ",\"object\":" object
#define ANSWER(results, plan)                                                                      \
    {                                                                                              \
        "POST ", 200, "{\"status\":{\"revision\":\"42\",\"results\":[" results "]" plan "}}", 0    \
    }

static const char manifest[] = "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: a}\n";

static void diff(const char *options)
{
    char words[128];

    given_file("a.yaml", manifest);
    (void)snprintf(words, sizeof(words), "diff -f a.yaml %s", options);
    run(words);
}

/* Folders for comparing are gone. */
static size_t count_left(void)
{
    DIR *folder = opendir(world.folder);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        count += str_starts(entry->d_name, "fogctl-diff-");
    }
    (void)closedir(folder);
    return count;
}

static void nothing_changed_is_silence_and_0(void **state)
{
    (void)state;
    ANSWERS(ANSWER(RESULT("unchanged", "a", AFTER(OBJECT("a", "{\"x\":1}"))), ""));
    diff("");
    EXITS(0);
    assert_string_equal(world.did.out.data, "");
}

static void a_change_is_a_unified_diff_without_noise_and_1(void **state)
{
    (void)state;
    ANSWERS(ANSWER(
        RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{\"x\":2}"))),
        ""));
    diff("");
    EXITS(1);
    assert_string_equal(world.did.out.data, "--- live/HarvestPolicy.a\n"
                                            "+++ merged/HarvestPolicy.a\n"
                                            "@@ -3,4 +3,4 @@\n"
                                            " metadata:\n"
                                            "   name: a\n"
                                            " spec:\n"
                                            "-  x: 1\n"
                                            "+  x: 2\n");
    assert_int_equal(count_left(), 0);
}

static void new_and_deleted_objects_are_whole(void **state)
{
    (void)state;
    ANSWERS(ANSWER(RESULT("created", "fresh", AFTER(OBJECT("fresh", "{}"))) "," RESULT(
                       "deleted", "gone", BEFORE(OBJECT("gone", "{}")) AFTER(OBJECT("gone", "{}"))),
                   ""));
    diff("");
    EXITS(1);
    OUT("+  name: fresh\n");
    OUT("-  name: gone\n");
}

static void apply_can_show_its_plan_as_diff_does(void **state)
{
    struct str shown = STR_EMPTY;

    (void)state;
    ANSWERS(ANSWER(
        RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{\"x\":2}"))),
        ",\"plan\":{\"summary\":{\"start\":1}}"));
    diff("");
    EXITS(1);
    OUT("Plan: 1 to start");
    str_add(&shown, world.did.out.data);
    run("apply -f a.yaml --plan");
    EXITS(1);
    assert_string_equal(world.did.out.data, shown.data);
    str_fini(&shown);
    assert_int_equal(text_count(requests(), "dryRun=All"), 2);
}

static void only_owners_that_differ_are_told(void **state)
{
    (void)state;
    ANSWERS(ANSWER(
        RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{\"x\":1}"))),
        ""));
    diff("");
    EXITS(1);
    assert_string_equal(world.did.out.data,
                        "HarvestPolicy.a: only who owns which fields differs\n");
}

static void names_too_long_for_files_are_compared_all_the_same(void **state)
{
#define LONG_10  "abcdefghi."
#define LONG_50  LONG_10 LONG_10 LONG_10 LONG_10 LONG_10
#define LONG_250 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 "z"
    (void)state;
    ANSWERS(ANSWER(RESULT("created", LONG_250 "1", AFTER(OBJECT(LONG_250 "1", "{}"))) "," RESULT(
                       "created", LONG_250 "2", AFTER(OBJECT(LONG_250 "2", "{}"))),
                   ""));
    diff("");
    EXITS(1);
    OUT("+  name: " LONG_250 "1\n");
    OUT("+  name: " LONG_250 "2\n");
    assert_int_equal(count_left(), 0);
}

static void control_characters_of_objects_do_not_come_out(void **state)
{
    (void)state;
    ANSWERS(ANSWER(RESULT("created", "a", AFTER(OBJECT("a", "{\"x\":\"\\u009b2Jy\\u202ez\"}"))),
                   ",\"plan\":{\"changes\":[{\"wave\":1,\"action\":\"start\",\"session\":\"s\","
                   "\"slot\":\"0\",\"agent\":\"e\",\"reason\":\"r\\u001b[7m\"}]}"));
    diff("");
    EXITS(1);
    OUT("(r?[7m)");
    assert_null(strchr(world.did.out.data, '\033'));
    assert_null(strstr(world.did.out.data, "\xc2\x9b"));
    assert_null(strstr(world.did.out.data, "\xe2\x80\xae"));
}

/* --- programs of the user --------------------------------------------------------------------- */

#define CHANGED                                                                                    \
    ANSWER(RESULT("configured", "a",                                                               \
                  BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{\"x\":2}"))),               \
           "")

static void a_program_of_the_user_gets_its_words_and_both_folders(void **state)
{
    (void)state;
    ANSWERS(CHANGED);
    (void)setenv("FOGCTL_EXTERNAL_DIFF", "echo  one $HOME;true", 1);
    diff("--no-plan");
    EXITS(1);
    assert_true(str_starts(world.did.out.data, "one $HOME;true /"));
    OUT("/live /");
    OUT("/merged\n");
    assert_int_equal(count_left(), 0);
}

static void a_program_that_fails_or_is_not_there_is_an_error(void **state)
{
    (void)state;
    ANSWERS(CHANGED);
    (void)setenv("FOGCTL_EXTERNAL_DIFF", "no-such-program -u", 1);
    diff("");
    EXITS(2);
    ERR("error: no-such-program: No such file or directory\n  is it installed?");
    (void)setenv("FOGCTL_EXTERNAL_DIFF", "ls --no-such-option", 1);
    diff("");
    EXITS(2);
    ERR("ls failed with exit code 2");
    assert_int_equal(count_left(), 0);
}

static void a_folder_for_comparing_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    ANSWERS(CHANGED);
    (void)setenv("TMPDIR", "/nonexistent", 1);
    diff("");
    (void)setenv("TMPDIR", world.folder, 1);
    EXITS(2);
    ERR("TMPDIR names the folder");
}

/* The program says that it runs by making a file, and then waits to be ended. */
static void an_interrupted_diff_leaves_nothing_behind(void **state)
{
    char flag[FOLDER_PATH_SIZE + 8], script[FOLDER_PATH_SIZE + 8];
    char *argv[] = {(char *)(uintptr_t) "fogctl", (char *)(uintptr_t) "diff",
                    (char *)(uintptr_t) "-f", (char *)(uintptr_t) "a.yaml", NULL};
    int status;
    pid_t child;

    (void)state;
    ANSWERS(CHANGED);
    (void)snprintf(flag, sizeof(flag), "%s/flag", world.folder);
    (void)snprintf(script, sizeof(script), "%s/wait", world.folder);
    given_file("a.yaml", manifest);
    given_file("wait", "#!/bin/sh\n: >flag\nwhile :; do sleep 0.05; done\n");
    (void)chmod(script, 0700);
    (void)setenv("FOGCTL_EXTERNAL_DIFF", "./wait", 1);
    (void)chdir(world.folder);
    child = fork();
    if (child == 0) {
        _exit(fogctl_run(4, argv));
    }
    while (access(flag, F_OK) != 0) {
        (void)usleep(10000);
    }
    assert_int_equal(count_left(), 1);
    assert_int_equal(kill(child, SIGINT), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_int_equal(count_left(), 0);
}

/* --- terminals -------------------------------------------------------------------------------- */

static void diff_on_terminal(void)
{
    given_file("a.yaml", manifest);
    run_on_terminal("diff -f a.yaml");
    EXITS(1);
}

static void colours_are_for_terminals_that_want_them(void **state)
{
    (void)state;
    ANSWERS(CHANGED);
    (void)setenv("TERM", "xterm", 1);
    (void)setenv("NO_COLOR", "", 1);
    diff_on_terminal();
    OUT("\033[31m-  x: 1\033[0m");
    OUT("\033[32m+  x: 2\033[0m");
    (void)setenv("NO_COLOR", "1", 1);
    diff_on_terminal();
    assert_null(strchr(world.did.out.data, '\033'));
    (void)unsetenv("NO_COLOR");
    (void)setenv("TERM", "dumb", 1);
    diff_on_terminal();
    assert_null(strchr(world.did.out.data, '\033'));
    (void)setenv("TERM", "xterm", 1);
    diff("");
    assert_null(strchr(world.did.out.data, '\033'));
}

/* --- plans ------------------------------------------------------------------------------------ */

static void a_plan_is_told_wave_by_wave(void **state)
{
    (void)state;
    ANSWERS(ANSWER(
        RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{}"))),
        ",\"plan\":{\"summary\":{\"start\":1,\"restart\":1,\"move\":1,\"stop\":1,\"unchanged\":4},"
        "\"changes\":["
        "{\"wave\":2,\"action\":\"restart\",\"session\":\"s\",\"slot\":\"1\",\"agent\":\"e1\","
        "\"reason\":\"r\",\"afterWaits\":true},"
        "{\"wave\":1,\"action\":\"start\",\"session\":\"s\",\"slot\":\"0\",\"agent\":\"e1\","
        "\"reason\":\"new\"},"
        "{\"wave\":2,\"action\":\"move\",\"session\":\"t\",\"slot\":\"0\",\"from\":\"e1\","
        "\"agent\":\"e2\"},"
        "{\"wave\":1,\"action\":\"stop\",\"session\":\"t\",\"slot\":\"1\",\"agent\":\"e2\"}],"
        "\"pending\":[{\"session\":\"u\",\"slot\":\"0\",\"reason\":\"no room\"}]}"));
    diff("");
    EXITS(1);
    OUT("\nPlan: 1 to start, 1 to restart, 1 to move, 1 to stop, 4 stay as they are\n"
        "  wave 1\n"
        "    +   start    s/0 on e1  (new)\n"
        "    -   stop     t/1 on e2\n"
        "  wave 2\n"
        "    +/- restart  s/1 on e1  (r; after what waits)\n"
        "    ->  move     t/0 from e1 to e2\n"
        "  pending  u/0: no room\n"
        "To carry out exactly this plan: fogctl apply … --check-revision 42\n");
    diff("--no-plan");
    EXITS(1);
    assert_null(strstr(world.did.out.data, "Plan:"));
}

static void a_plan_says_what_policies_would_hold(void **state)
{
    (void)state;
    ANSWERS(ANSWER(
        RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{}"))),
        ",\"plan\":{\"summary\":{\"start\":1,\"update\":1},\"changes\":["
        "{\"wave\":1,\"action\":\"start\",\"session\":\"s\",\"slot\":\"0\",\"agent\":\"e\","
        "\"held\":{\"outcome\":\"Suspend\",\"reason\":\"BatteryLow\",\"message\":\"l\\u001b[7m\"}},"
        "{\"wave\":1,\"action\":\"update\",\"session\":\"t\",\"slot\":\"0\",\"agent\":\"e\","
        "\"held\":{\"outcome\":\"Evict\",\"reason\":\"Overheated\",\"message\":\"hot\"}}]}"));
    diff("");
    EXITS(1);
    OUT("    +   start    s/0 on e\n"
        "        would be suspended: BatteryLow: l?[7m\n"
        "    ~   update   t/0 on e\n"
        "        would be evicted: Overheated: hot\n");
}

#define PLAN(text)                                                                                 \
    ANSWER(RESULT("configured", "a", BEFORE(OBJECT("a", "{\"x\":1}")) AFTER(OBJECT("a", "{}"))),   \
           ",\"plan\":{" text "}")
#define START "{\"wave\":1,\"action\":\"start\",\"session\":\"s\",\"slot\":\"0\",\"agent\":\"e\"}"

static void a_plan_that_is_cut_says_how_much_more_there_is(void **state)
{
    (void)state;
    ANSWERS(PLAN("\"summary\":{\"start\":3999001,\"stop\":2},\"changes\":[" START "],"
                 "\"pending\":[{\"session\":\"u\",\"slot\":\"0\",\"reason\":\"no room\"}],"
                 "\"cut\":{\"at\":\"lines\",\"bound\":1,\"more\":{\"start\":3999000,\"stop\":2,"
                 "\"pending\":1001}}"));
    diff("");
    EXITS(1);
    OUT("    +   start    s/0 on e\n"
        "  ... and 3,999,000 more to start, 2 more to stop\n"
        "  pending  u/0: no room\n"
        "  ... and 1,001 more pending\n");
    assert_null(strstr(world.did.out.data, "not all"));
}

static void a_plan_says_what_was_not_looked_at(void **state)
{
    (void)state;
    ANSWERS(PLAN("\"summary\":{\"start\":1},\"changes\":[" START "],"
                 "\"cut\":{\"at\":\"copies\",\"bound\":50000,\"more\":{},"
                 "\"notExamined\":{\"sessions\":395,\"replicas\":3950000}}"));
    diff("");
    EXITS(1);
    OUT("    +   start    s/0 on e\n"
        "  This is not all: a plan looks at 50,000 copies, so 395 sessions (3,950,000 replicas) were "
        "not looked at\n");
}

#define TURN(is, becomes, more)                                                                    \
    "{\"session\":\"s\",\"slot\":\"0\",\"agent\":\"e\",\"wave\":1,\"is\":\"" is                    \
    "\",\"becomes\":\"" becomes "\"" more "}"

static void a_plan_says_what_another_policy_makes_of_what_goes_on(void **state)
{
    (void)state;
    ANSWERS(PLAN(
        "\"summary\":{\"update\":1,\"suspend\":2,\"resume\":1},\"changes\":[{\"wave\":1,\"action\":"
        "\"update\",\"session\":\"s\",\"slot\":\"0\",\"agent\":\"e\",\"held\":{\"outcome\":\"Suspend\","
        "\"reason\":\"BatteryLow\",\"message\":\"low\"}}],\"policy\":[" TURN("Run", "Suspend", ",\"reason\":\"BatteryLow\",\"message\":\"low\"") "," TURN("Throttle", "Evict", ",\"reason\":\"Overheated\",\"message\":\"h\\u001b[7m\"") "," TURN(
            "Suspend", "Run",
            ",\"reason\":\"UserActive\"") "," TURN("Run", "Throttle",
                                                   ",\"reason\":\"Overheated\",\"message\":\"warm\"") "," TURN("Throttle",
                                                                                                               "Run",
                                                                                                               "") "," TURN("Suspend",
                                                                                                                            "Suspend",
                                                                                                                            ",\"reason\":\"Metered\",\"message\":\"m\"") "]"));
    diff("");
    EXITS(1);
    OUT("0 to stop, 1 to update, 2 to suspend, 1 to resume, 0 stay as they are\n"
        "  wave 1\n"
        "    ~   update   s/0 on e\n"
        "  policy   s/0 on e would be suspended: BatteryLow: low\n"
        "  policy   s/0 on e would be evicted: Overheated: h?[7m\n"
        "  policy   s/0 on e would be let go on  (held by UserActive now)\n"
        "  policy   s/0 on e would be slowed down: Overheated: warm\n"
        "  policy   s/0 on e would be slow no longer\n"
        "  policy   s/0 on e would stay held back: Metered: m\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_changed_is_silence_and_0),
        TEST(a_change_is_a_unified_diff_without_noise_and_1),
        TEST(new_and_deleted_objects_are_whole),
        TEST(apply_can_show_its_plan_as_diff_does),
        TEST(only_owners_that_differ_are_told),
        TEST(names_too_long_for_files_are_compared_all_the_same),
        TEST(control_characters_of_objects_do_not_come_out),
        TEST(a_program_of_the_user_gets_its_words_and_both_folders),
        TEST(a_program_that_fails_or_is_not_there_is_an_error),
        TEST(a_folder_for_comparing_that_cannot_be_made_is_told),
        TEST(an_interrupted_diff_leaves_nothing_behind),
        TEST(colours_are_for_terminals_that_want_them),
        TEST(a_plan_is_told_wave_by_wave),
        TEST(a_plan_says_what_policies_would_hold),
        TEST(a_plan_that_is_cut_says_how_much_more_there_is),
        TEST(a_plan_says_what_was_not_looked_at),
        TEST(a_plan_says_what_another_policy_makes_of_what_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
