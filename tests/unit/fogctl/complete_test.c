/* What may be typed next, and the pages of the manual: tools/fogctl/complete.h, manual.h. */
#include "tests/unit/fogctl/run.h"

#include "tools/fogctl/manual.h"
#include "tools/fogctl/shapes.h"

#define SESSIONS                                                                                   \
    "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"render\"}},{\"metadata\":{\"name\":"    \
    "\"rest\"}},{\"metadata\":{\"name\":\"other\"}}]}"

/* The candidates alone, a line each. */
static const char *candidates(const char *words)
{
    static char text[4096];
    size_t length = 0;

    run(words);
    EXITS(0);
    for (const char *line = world.did.out.data; *line != '\0';) {
        size_t word = strcspn(line, "\t\n");

        (void)snprintf(text + length, sizeof(text) - length, "%.*s\n", (int)word, line);
        length += word + 1;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    text[length] = '\0';
    return text;
}

static void verbs_are_completed(void **state)
{
    (void)state;
    assert_string_equal(candidates("__complete ro"), "rollback\nrollout\n");
    assert_string_equal(candidates("__complete help unc"), "uncordon\n");
    assert_string_equal(candidates("__complete --user ann kubec"), "kubeconfig\n");
    assert_non_null(strstr(candidates("__complete ''"), "get\n"));
}

static void options_and_their_words_are_completed(void **state)
{
    (void)state;
    assert_string_equal(candidates("__complete patch hs/x --ty"), "--type=\n");
    assert_string_equal(candidates("__complete patch hs/x --type ''"), "merge\njson\n");
    assert_string_equal(candidates("__complete patch hs/x --type=j"), "--type=json\n");
    assert_string_equal(candidates("__complete get -o y"), "yaml\n");
    assert_string_equal(candidates("__complete apply -f ''"), ":files\n");
    assert_string_equal(candidates("__complete create hs x -- /b"), ":files\n");
    assert_string_equal(candidates("__complete --colo"), "--color\n");
}

static void words_of_verbs_are_completed(void **state)
{
    (void)state;
    assert_string_equal(candidates("__complete completion ''"), "bash\nzsh\nfish\n");
    assert_string_equal(candidates("__complete rollout re"), "resume\nrestart\n");
    assert_string_equal(candidates("__complete get harvests"), "harvestsessions\n");
    assert_string_equal(candidates("__complete get agents,hs"), "agents,hs\n");
}

static void names_come_from_the_controller(void **state)
{
    (void)state;
    ANSWERS({"GET /apis/fog/v1/harvestsessions?", 200, SESSIONS, 0});
    assert_string_equal(candidates("__complete get hs/re"), "hs/render\nhs/rest\n");
    assert_string_equal(candidates("__complete get hs re"), "render\nrest\n");
    assert_string_equal(candidates("__complete rollout undo hs/o"), "hs/other\n");
    assert_string_equal(candidates("__complete results ren"), "render\n");
    assert_string_equal(candidates("__complete cordon x"), "");
}

static void without_a_controller_nothing_is_offered_and_nothing_hangs(void **state)
{
    (void)state;
    (void)setenv("FOGCTL_SERVER", "http://127.0.0.1:1", 1);
    assert_string_equal(candidates("__complete get hs/re"), "");
    assert_string_equal(candidates("__complete frobnicate ''"), "");
    assert_string_equal(candidates("__complete get --frobnicate=''"), "");
    assert_non_null(strstr(candidates("__complete"), "get\n"));
}

static void contexts_come_from_the_file(void **state)
{
    (void)state;
    given_file("c.yaml", "contexts: [{name: home, server: a}, {name: lab, server: b}]\n");
    (void)setenv("FOGCTL_CONFIG", "c.yaml", 1);
    assert_string_equal(candidates("__complete --context ''"), "home\nlab\n");
    assert_string_equal(candidates("__complete config use-context l"), "lab\n");
}

static void every_verb_says_what_its_json_is(void **state)
{
    (void)state;
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        if (shape_of(*verb) == NULL) {
            print_message("nothing is said of the JSON of %s\n", (*verb)->name);
            fail();
        }
    }
}

static void every_verb_has_its_page(void **state)
{
    struct str name = STR_EMPTY, text = STR_EMPTY;
    size_t count = 0, pages = 0;

    (void)state;
    while (verbs[count] != NULL) {
        count++;
    }
    for (; manual_page(pages, &name, &text); pages++) {
        assert_true(str_starts(name.data, "fogctl"));
        says(&text, pages == 0 ? "\n.SH VERBS\n" : "\n.SH EXAMPLES\n");
        says(&text, "\n.SH SYNOPSIS\n");
        for (const char *c = text.data; *c != '\0'; c++) {
            assert_true((*c & 0x80) == 0); /* no reader has to guess the encoding */
        }
    }
    assert_int_equal(pages, count + 1);
    str_fini(&name);
    str_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verbs_are_completed),
        TEST(options_and_their_words_are_completed),
        TEST(words_of_verbs_are_completed),
        TEST(names_come_from_the_controller),
        TEST(without_a_controller_nothing_is_offered_and_nothing_hangs),
        TEST(contexts_come_from_the_file),
        TEST(every_verb_says_what_its_json_is),
        TEST(every_verb_has_its_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
