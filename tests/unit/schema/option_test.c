/* A table of options: what counts most, what is wrong and where, what changed. */
#include "schema/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VERB_RUN, VERB_CHECK, VERB_HELP, VERB_VERSION };

struct house {
    int64_t rooms, wait_ms, size;
    int colour;
    bool is_old;
    const char *name, *file;
    char all[64];
};

static bool take_tags(void *to, struct arena *arena, char *value)
{
    struct house *house = to;

    (void)arena;
    if (strlen(house->all) + strlen(value) + 1 >= sizeof(house->all) || value[0] == '!') {
        return false;
    }
    (void)snprintf(house->all + strlen(house->all), sizeof(house->all) - strlen(house->all), "%s;",
                   value);
    return true;
}

static const char *const colours[] = {"red", "green", NULL};

#define MEMBER(name) .offset = offsetof(struct house, name)

static const struct option rows[] = {
    {.section = "House",
     .name = "file",
     .alias = "f",
     .value = "FILE",
     .type = OPTION_TEXT,
     MEMBER(file),
     .unset = "none",
     .doc = "the file",
     .flags = OPTION_OF_CALLER},
    {.name = "rooms",
     .value = "N",
     .type = OPTION_NUMBER,
     MEMBER(rooms),
     .min = 1,
     .max = 9,
     .fallback = "3",
     .doc = "how many",
     .flags = OPTION_RELOADS},
    {.name = "wait",
     .value = "TIME",
     .type = OPTION_DURATION,
     MEMBER(wait_ms),
     .fallback = "90s",
     .doc = "so long",
     .flags = OPTION_RELOADS},
    {.name = "size",
     .value = "BYTES",
     .type = OPTION_QUANTITY,
     MEMBER(size),
     .unset = "any",
     .doc = "so big"},
    {.name = "colour",
     .value = "WORD",
     .type = OPTION_WORD,
     MEMBER(colour),
     .words = colours,
     .fallback = "green",
     .doc = "of the door"},
    {.name = "is-old", .type = OPTION_SWITCH, MEMBER(is_old), .fallback = "false", .doc = "or new"},
    {.name = "name",
     .value = "NAME",
     .type = OPTION_TEXT,
     MEMBER(name),
     .expected = "a name",
     .unset = "none",
     .doc = "over the door"},
    {.name = "tag",
     .value = "TAG",
     .type = OPTION_TAKEN,
     .take = take_tags,
     .unset = "none",
     .expected = "a tag",
     .doc = "more of them",
     .flags = OPTION_ADDS | OPTION_RELOADS},
    {.name = "log-level",
     .value = "WORD",
     .type = OPTION_TEXT,
     MEMBER(name),
     .unset = "none",
     .doc = "nothing"},
};

static const struct option_verb verbs[] = {
    {"", VERB_RUN, "live in it"},
    {"config check", VERB_CHECK, "look at it"},
    {"help", VERB_HELP, NULL},
    {"version", VERB_VERSION, NULL},
};

static const struct option_exit exits[] = {{0, "well"}};
static const char *const examples[] = {"house --rooms 3", NULL};

static const struct option_table table = {
    .program = "house",
    .doc = "stands",
    .prefix = "HOUSE_",
    .file = "/etc/house.conf",
    .options = rows,
    .count = COUNT_OF(rows),
    .verbs = verbs,
    .verb_count = COUNT_OF(verbs),
    .help = VERB_HELP,
    .version = VERB_VERSION,
    .exits = exits,
    .exit_count = COUNT_OF(exits),
    .examples = examples,
};

struct bench {
    struct arena arena;
    struct problems problems;
    struct options options;
    struct house house;
    struct str told;
};

static int begin(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    arena_init(&bench->arena);
    str_init(&bench->told);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;

    arena_fini(&bench->arena);
    str_fini(&bench->told);
    free(bench);
    return 0;
}

#define LIST(...) ((char **)(const char *[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Parses all three; what is wrong is in bench->told. */
static void parse(struct bench *bench, const char *text, char **environment, char **words)
{
    struct option_input input = {.words = words, .environment = environment};

    while (words[input.word_count] != NULL) {
        input.word_count++;
    }
    if (text != NULL) {
        input.file = "h.conf";
        input.text = text;
    }
    memset(&bench->house, 0, sizeof(bench->house));
    problems_init(&bench->problems, &bench->arena, NULL);
    options_init(&bench->options, &table, &bench->arena);
    options_read(&bench->options, &input, &bench->problems);
    options_take(&bench->options, &bench->house, &bench->problems);
    str_clear(&bench->told);
    problems_print(&bench->problems, &bench->told);
}

static void tells(const struct bench *bench, const char *line)
{
    if (strstr(bench->told.data, line) == NULL) {
        fail_msg("no \"%s\" in:\n%s", line, bench->told.data);
    }
}

static void flags_count_above_variables_above_the_file_above_defaults(void **state)
{
    struct bench *bench = *state;
    static const char file[] = "rooms = 4\nwait=4s\nsize = 4Ki\ncolour = red";

    parse(bench, NULL, LIST(), LIST("house"));
    assert_int_equal(bench->problems.count, 0);
    assert_int_equal(bench->house.rooms, 3);
    assert_int_equal(bench->house.wait_ms, 90000);
    assert_int_equal(bench->house.size, 0);
    assert_int_equal(bench->house.colour, 1);
    assert_null(bench->house.name);
    parse(bench, file, LIST("HOUSE_WAIT=5s", "HOUSE_SIZE=5Ki"), LIST("house", "--size=6Ki"));
    assert_int_equal(bench->problems.count, 0);
    assert_int_equal(bench->house.rooms, 4);
    assert_int_equal(bench->house.wait_ms, 5000);
    assert_int_equal(bench->house.size, 6 << 10);
    assert_int_equal(bench->house.colour, 0);
    parse(bench, "name = x", LIST("HOUSE_NAME=", "HOUSE_ROOMS="), LIST("house"));
    assert_string_equal(bench->house.name, "x"); /* an empty variable says nothing */
    assert_int_equal(bench->house.rooms, 3);
}

static void of_two_lines_the_last_one_counts_and_that_is_told(void **state)
{
    struct bench *bench = *state;

    parse(bench, "rooms = 4\ntag = a\ntag = b\nwait = 1s\n  rooms = 5\n", LIST(), LIST("house"));
    assert_int_equal(bench->house.rooms, 5);
    assert_int_equal(bench->problems.errors, 0);
    assert_int_equal(bench->problems.count, 1);
    tells(bench, "5:3: warning: rooms: stands in line 1, too; the last one counts");
}

static void words_are_flags_and_verbs(void **state)
{
    struct bench *bench = *state;

    parse(bench, NULL, LIST(), LIST("house", "config", "--is-old", "check", "-f", "x"));
    assert_int_equal(bench->options.verb, VERB_CHECK);
    assert_true(bench->house.is_old);
    assert_string_equal(bench->house.file, "x");
    parse(bench, NULL, LIST(), LIST("house", "--is-old=false", "--version", "--nonsense"));
    assert_int_equal(bench->options.verb, VERB_VERSION);
    assert_false(bench->house.is_old);
    parse(bench, NULL, LIST(), LIST("house", "config"));
    tells(bench, "error: unknown word \"config\": known are config check, help, version");
    parse(bench, NULL, LIST(), LIST("house", "config", "check", "5m", "x"));
    tells(bench, "error: config check takes no further word, and not \"5m x\"");
    parse(bench, NULL, LIST(), LIST("house", "config", "checks"));
    tells(bench, "error: unknown word \"config checks\": known are config check, help, version");
    parse(bench, NULL, LIST(), LIST("house", "--rooms"));
    tells(bench, "error: --rooms: needs a number from 1 to 9");
    parse(bench, NULL, LIST(), LIST("house", "-x", "-"));
    assert_int_equal(bench->problems.errors, 2);
}

static void all_that_is_wrong_is_told_with_its_place(void **state)
{
    struct bench *bench = *state;
    static const char file[] = "# of the house\r\n"
                               "  rooms =  12\n"
                               "\n"
                               "roms = 3\n"
                               "\twait\n"
                               "file = x\n"
                               "colour = blue\r\n";

    parse(bench, file, LIST("HOUSE_IS_OLD=maybe", "HOUSE_ROMS=2", "OTHER=1"),
          LIST("house", "--rooms", "3", "--name=", "--zzzzzzzzz=1"));
    tells(bench, "h.conf:2:12: error: rooms: \"12\" is not a number from 1 to 9\n");
    tells(bench, "h.conf:4:1: error: unknown option \"roms\", did you mean rooms?\n");
    tells(bench, "h.conf:5:2: error: \"wait\" is not NAME = VALUE\n");
    tells(bench, "h.conf:6:1: error: file: stands in no file\n");
    tells(bench, "h.conf:7:10: error: colour: \"blue\" is not red or green\n");
    tells(bench, "error: HOUSE_IS_OLD: \"maybe\" is not true or false\n");
    tells(bench, "warning: HOUSE_ROMS: no option has this variable");
    tells(bench, "error: --name: \"\" is not a name\n");
    tells(bench, "error: unknown option \"--zzzzzzzzz\"; see house --help\n");
    assert_int_equal(bench->problems.errors, 8);
    assert_int_equal(bench->house.rooms, 3); /* what is right is taken all the same */
}

static void the_file_is_known_before_it_is_read(void **state)
{
    struct option_input input = {.word_count = 3,
                                 .words = LIST("house", "--file", "a"),
                                 .environment = LIST("HOUSE_FILE=b")};

    (void)state;
    assert_string_equal(options_find_file(&table, &input, "file"), "a");
    input.words = LIST("house", "-f=c", "check");
    assert_string_equal(options_find_file(&table, &input, "file"), "c");
    input.words = LIST("house", "--name", "--file"); /* that is a name */
    assert_string_equal(options_find_file(&table, &input, "file"), "b");
    input.environment = LIST("HOUSE_FILE=");
    assert_null(options_find_file(&table, &input, "file"));
    assert_false(options_ask_for_help(&table, &input));
    input.words = LIST("house", "--nonsense", "-h");
    assert_true(options_ask_for_help(&table, &input));
}

static void what_adds_is_never_overridden(void **state)
{
    struct bench *bench = *state;

    parse(bench, "tag = a\ntag = b", LIST("HOUSE_TAG=c"), LIST("house", "--tag", "d"));
    assert_string_equal(bench->house.all, "a;b;c;d;");
    str_clear(&bench->told);
    options_show(&bench->options, &bench->told);
    tells(bench, "tag                       a                                 h.conf:1\n");
    tells(bench, "tag                       c                                 HOUSE_TAG\n");
    tells(bench, "tag                       d                                 --tag\n");
}

static void what_holds_is_shown_with_where_it_comes_from(void **state)
{
    struct bench *bench = *state;

    parse(bench, "\nwait = 60s\nrooms = 4", LIST("HOUSE_ROOMS=5"), LIST("house", "-f", "x"));
    str_clear(&bench->told);
    options_show(&bench->options, &bench->told);
    tells(bench, "rooms                     5                                 HOUSE_ROOMS\n");
    tells(bench, "wait                      1m                                h.conf:2\n");
    tells(bench, "colour                    green                             default\n");
    tells(bench, "size                      -                                 default: any\n");
    assert_null(strstr(bench->told.data, "file "));
}

static void a_change_is_one_however_it_is_written(void **state)
{
    struct bench *bench = *state, *other;
    void *made;

    (void)begin(&made);
    other = made;
    parse(bench, "wait = 90s\nname = a\ntag = a", LIST(), LIST("house"));
    parse(other, "tag = a\nrooms = 3\nname = a", LIST("HOUSE_WAIT=1m30s"), LIST("house"));
    assert_int_equal(options_compare(&bench->options, &other->options, &bench->problems), 0);
    parse(other, "tag = a\ntag = b\nname = b\nrooms = 4", LIST(),
          LIST("house", "--size=1", "-f", "x"));
    str_clear(&bench->told);
    assert_int_equal(options_compare(&bench->options, &other->options, &bench->problems), 4);
    problems_print(&bench->problems, &bench->told);
    assert_int_equal(bench->problems.errors, 2);
    tells(bench, "h.conf:3:8: error: name: was \"a\" and would be \"b\": that needs a restart\n");
    tells(bench, "error: size: was \"\" and would be \"1\": that needs a restart\n");
    str_clear(&bench->told);
    options_name_changes(&bench->options, &other->options, &bench->told);
    assert_string_equal(bench->told.data, "rooms, size, name, tag");
    made = other;
    (void)end(&made);
}

static void one_mistake_is_a_sentence_and_many_are_a_number(void **state)
{
    struct bench *bench = *state;

    parse(bench, "rooms = 0", LIST("HOUSE_NOTHING=1"), LIST("house"));
    str_clear(&bench->told);
    options_sum_up(&bench->problems, &bench->told);
    assert_string_equal(bench->told.data, "h.conf:1:9: rooms: \"0\" is not a number from 1 to 9");
    parse(bench, "rooms = 0\ntag = !", LIST(), LIST("house"));
    str_clear(&bench->told);
    options_sum_up(&bench->problems, &bench->told);
    assert_string_equal(bench->told.data, "2 options cannot be");
    parse(bench, "", LIST(), LIST("house"));
    str_clear(&bench->told);
    options_sum_up(&bench->problems, &bench->told);
    assert_string_equal(bench->told.data, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(flags_count_above_variables_above_the_file_above_defaults),
        CASE(of_two_lines_the_last_one_counts_and_that_is_told),
        CASE(words_are_flags_and_verbs),
        CASE(all_that_is_wrong_is_told_with_its_place),
        CASE(the_file_is_known_before_it_is_read),
        CASE(what_adds_is_never_overridden),
        CASE(what_holds_is_shown_with_where_it_comes_from),
        CASE(a_change_is_one_however_it_is_written),
        CASE(one_mistake_is_a_sentence_and_many_are_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
