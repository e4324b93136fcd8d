/* tools/fogctl/options.c: what may stand on a command line. */
#include "tools/fogctl/fogctl.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static bool flag, other;
static const char *text, *bare;
static struct texts list, words;
static int64_t number, duration;

static const struct option_row rows[] = {
    {"flag", 'w', OPTION_FLAG, &flag, NULL, "", NULL},
    {"other", 'A', OPTION_FLAG, &other, NULL, "", NULL},
    {"output", 'o', OPTION_TEXT, &text, "FORM", "", NULL},
    {"dry-run", 0, OPTION_TEXT, &bare, "server|client", "", "server"},
    {"filename", 'f', OPTION_LIST, &list, "FILE", "", NULL},
    {"tail", 0, OPTION_INT, &number, "N", "", NULL},
    {"timeout", 0, OPTION_DURATION, &duration, "TIME", "", NULL},
};

static bool read_words(const char *const *argv)
{
    int argc = 0, silent = open("/dev/null", O_WRONLY | O_CLOEXEC), stderr_before = dup(2);
    bool fine;

    while (argv[argc] != NULL) {
        argc++;
    }
    vec_fini(&list);
    vec_fini(&words);
    flag = other = false;
    text = bare = NULL;
    number = duration = 0;
    (void)dup2(silent, 2);
    fine = options_read(rows, COUNT_OF(rows), argc, (char **)(uintptr_t)argv, &words);
    (void)dup2(stderr_before, 2);
    (void)close(silent);
    (void)close(stderr_before);
    return fine;
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL})

static int forget(void **state)
{
    (void)state;
    vec_fini(&list);
    vec_fini(&words);
    return 0;
}

static void a_value_stands_behind_a_letter_or_an_equals_sign_or_a_blank(void **state)
{
    (void)state;
    assert_true(READ("-fa", "-f=b", "-f", "c", "--filename=d", "--filename", "e"));
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(list.items[i][0], "abcde"[i]);
        assert_int_equal(list.items[i][1], '\0');
    }
}

static void options_and_words_come_in_any_order(void **state)
{
    (void)state;
    assert_true(READ("hs", "-o", "yaml", "render", "--flag"));
    assert_int_equal(words.count, 2);
    assert_string_equal(words.items[1], "render");
    assert_string_equal(text, "yaml");
    assert_true(flag);
}

static void a_flag_is_switched_off_by_false(void **state)
{
    (void)state;
    assert_true(READ("--flag", "--flag=false", "--other=true"));
    assert_false(flag);
    assert_true(other);
    assert_false(READ("--flag=maybe"));
    assert_false(READ("--flag="));
}

static void letters_of_flags_stand_together(void **state)
{
    (void)state;
    assert_true(READ("-wA"));
    assert_true(flag);
    assert_true(other);
    assert_true(READ("-wo", "json"));
    assert_true(flag);
    assert_string_equal(text, "json");
    assert_true(READ("-wojson"));
    assert_string_equal(text, "json");
    assert_false(READ("-wx"));
}

static void a_value_may_begin_with_a_dash(void **state)
{
    (void)state;
    assert_true(READ("-f", "-", "--tail", "-1", "-o", "--flag"));
    assert_string_equal(list.items[0], "-");
    assert_int_equal(number, -1);
    assert_string_equal(text, "--flag");
    assert_false(flag);
}

static void a_lone_dash_is_a_word_and_two_end_the_options(void **state)
{
    (void)state;
    assert_true(READ("-", "--", "--flag", "-x"));
    assert_int_equal(words.count, 3);
    assert_string_equal(words.items[0], "-");
    assert_string_equal(words.items[1], "--flag");
    assert_false(flag);
}

static void an_option_that_may_be_bare_takes_no_word(void **state)
{
    (void)state;
    assert_true(READ("--dry-run", "client"));
    assert_string_equal(bare, "server");
    assert_int_equal(words.count, 1);
    assert_true(READ("--dry-run=client"));
    assert_string_equal(bare, "client");
}

static void values_of_the_wrong_sort_are_refused(void **state)
{
    (void)state;
    assert_true(READ("--tail=20", "--timeout=1m30s"));
    assert_int_equal(number, 20);
    assert_int_equal(duration, 90000);
    assert_false(READ("--tail=many"));
    assert_false(READ("--tail=99999999999999999999"));
    assert_false(READ("--timeout=30"));
    assert_false(READ("--tail"));
    assert_false(READ("-f"));
}

static void unknown_options_are_refused(void **state)
{
    (void)state;
    assert_false(READ("--flog"));
    assert_false(READ("-x"));
    assert_false(READ("--output-form=yaml"));
    assert_false(READ("--out=yaml"));
}

static void options_before_the_verb_end_at_the_first_word(void **state)
{
    const char *const argv[] = {"-o", "yaml", "get", "--nothing"};
    int at = 0;

    (void)state;
    assert_true(
        options_read_first(rows, COUNT_OF(rows), COUNT_OF(argv), (char **)(uintptr_t)argv, &at));
    assert_int_equal(at, 2);
    assert_string_equal(text, "yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_value_stands_behind_a_letter_or_an_equals_sign_or_a_blank,
                                  forget),
        cmocka_unit_test_teardown(options_and_words_come_in_any_order, forget),
        cmocka_unit_test_teardown(a_flag_is_switched_off_by_false, forget),
        cmocka_unit_test_teardown(letters_of_flags_stand_together, forget),
        cmocka_unit_test_teardown(a_value_may_begin_with_a_dash, forget),
        cmocka_unit_test_teardown(a_lone_dash_is_a_word_and_two_end_the_options, forget),
        cmocka_unit_test_teardown(an_option_that_may_be_bare_takes_no_word, forget),
        cmocka_unit_test_teardown(values_of_the_wrong_sort_are_refused, forget),
        cmocka_unit_test_teardown(unknown_options_are_refused, forget),
        cmocka_unit_test_teardown(options_before_the_verb_end_at_the_first_word, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
