/* The language of conditions: what is read, what holds, and what is said of mistakes. */
#include "schema/where.h"

#include "schema/base/err.h"
#include "schema/base/rand.h"
#include "schema/bind.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BATTERY, CHARGING, IDLE, MEMORY, CORES, VERSION, NAME, LABELS };

static const struct where_name rows[] = {
    [BATTERY] = {"sensors.battery", WHERE_NUMBER, WHERE_PERCENT | WHERE_VOLATILE, "", NULL},
    [CHARGING] = {"sensors.charging", WHERE_FLAG, WHERE_VOLATILE, "", NULL},
    [IDLE] = {"sensors.idle", WHERE_DURATION, WHERE_VOLATILE, "", NULL},
    [MEMORY] = {"capacity.memory", WHERE_BYTES, WHERE_OWN, "", NULL},
    [CORES] = {"capacity.cores", WHERE_CORES, WHERE_OWN, "", NULL},
    [VERSION] = {"version", WHERE_VERSION, 0, "", NULL},
    [NAME] = {"name", WHERE_TEXT, 0, "", NULL},
    [LABELS] = {"labels", WHERE_TEXT, WHERE_GROUP | WHERE_BARE | WHERE_TOTAL, "",
                label_key_is_valid},
};

static const struct where_names names = {rows, COUNT_OF(rows), 0, NULL};

/* A machine at 60 %, in the north; its idleness cannot be read, and it told no memory. */
static struct where_value get(const void *context, size_t row, const char *key)
{
    (void)context;
    switch (row) {
    case BATTERY:
        return (struct where_value){WHERE_KNOWN, NULL, 60000};
    case CHARGING:
        return (struct where_value){WHERE_KNOWN, NULL, 1};
    case IDLE:
        return (struct where_value){WHERE_UNKNOWN, NULL, 0};
    case CORES:
        return (struct where_value){WHERE_KNOWN, NULL, 1500};
    case VERSION:
        return (struct where_value){WHERE_KNOWN, "0.10.0", 0};
    case NAME:
        return (struct where_value){WHERE_KNOWN, "edge-1", 0};
    case LABELS:
        if (strcmp(key, "region") == 0 || strcmp(key, "fog/zone") == 0) {
            return (struct where_value){WHERE_KNOWN, "north", 0};
        }
        break;
    case MEMORY:
        break;
    }
    return (struct where_value){WHERE_ABSENT, NULL, 0};
}

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static enum where_truth truth_of(const char *text)
{
    struct problems problems;
    struct where where;

    problems_init(&problems, &arena, NULL);
    if (where_parse(&arena, &names, text, &problems, &where) != 0) {
        fail_msg("refused: %s: %s", text, where_problems_text(&arena, &problems));
    }
    assert_true(where.depth <= WHERE_DEPTH_MAX + 1);
    return where_eval(&where, get, NULL);
}

struct truth_case {
    const char *text;
    enum where_truth truth;
};

static void check_truths(const struct truth_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (truth_of(cases[i].text) != cases[i].truth) {
            fail_msg("%s: %d, not %d", cases[i].text, truth_of(cases[i].text), cases[i].truth);
        }
    }
}

static void every_comparison_of_every_type(void **state)
{
    static const struct truth_case cases[] = {
        {"sensors.battery >= 40", WHERE_TRUE},
        {"sensors.battery>=60", WHERE_TRUE},
        {"sensors.battery > 60%", WHERE_FALSE},
        {"sensors.battery < 60.001", WHERE_TRUE},
        {"sensors.battery <= 60.0", WHERE_TRUE},
        {"sensors.battery == 60", WHERE_TRUE},
        {"sensors.battery = 60", WHERE_TRUE},
        {"sensors.battery != 60", WHERE_FALSE},
        {"sensors.battery > -5", WHERE_TRUE},
        {"sensors.battery in (10, 60)", WHERE_TRUE},
        {"sensors.battery notin (10, 60)", WHERE_FALSE},
        {"sensors.battery notIn (10)", WHERE_TRUE},
        {"sensors.charging", WHERE_TRUE},
        {"!sensors.charging", WHERE_FALSE},
        {"sensors.charging == true", WHERE_TRUE},
        {"sensors.charging != true", WHERE_FALSE},
        {"sensors.charging == False", WHERE_FALSE},
        {"capacity.cores >= 1500m", WHERE_TRUE},
        {"capacity.cores > 1.5", WHERE_FALSE},
        {"capacity.cores in (1, 1.5)", WHERE_TRUE},
        {"version > 0.9.1", WHERE_TRUE},
        {"version >= 0.10", WHERE_TRUE},
        {"version < 0.010.0", WHERE_FALSE},
        {"version < 0.99999999999999999999999999", WHERE_TRUE},
        {"name in (edge-1, edge-2)", WHERE_TRUE},
        {"name == \"edge-1\"", WHERE_TRUE},
        {"region == north", WHERE_TRUE},
        {"region=north", WHERE_TRUE},
        {"labels.region != 'north'", WHERE_FALSE},
        {"labels['region'] in ('north', south)", WHERE_TRUE},
        {"labels[\"fog/zone\"] == north", WHERE_TRUE},
        {"fog/zone == north", WHERE_TRUE},
        {"labels.fog/zone == north", WHERE_TRUE},
        {"region == ''", WHERE_FALSE},
        {"exists region", WHERE_TRUE},
        {"exists labels['fog/zone']", WHERE_TRUE},
        {"exists sensors.battery", WHERE_TRUE},
    };

    (void)state;
    check_truths(cases, COUNT_OF(cases));
}

static void what_is_not_known_satisfies_nothing(void **state)
{
    static const struct truth_case cases[] = {
        {"sensors.idle > 5m", WHERE_NEITHER},
        {"!(sensors.idle > 5m)", WHERE_NEITHER},
        {"sensors.idle != 5m", WHERE_NEITHER},
        {"sensors.idle notin (5m, 300)", WHERE_NEITHER},
        {"exists sensors.idle", WHERE_NEITHER},
        {"!exists sensors.idle", WHERE_NEITHER},
        {"sensors.idle > 5m || region == north", WHERE_TRUE},
        {"sensors.idle > 5m || region == south", WHERE_NEITHER},
        {"sensors.idle > 5m && region == south", WHERE_FALSE},
        {"sensors.idle > 5m && region == north", WHERE_NEITHER},
        {"!(sensors.idle > 5m && region == south)", WHERE_TRUE},
        /* Told never: neither, and it does not exist. */
        {"capacity.memory >= 1Gi", WHERE_NEITHER},
        {"!(capacity.memory >= 1Gi)", WHERE_NEITHER},
        {"capacity.memory != 1Gi", WHERE_NEITHER},
        {"exists capacity.memory", WHERE_FALSE},
        {"!exists capacity.memory", WHERE_TRUE},
        {"!exists capacity.memory || capacity.memory > 1Gi", WHERE_TRUE},
        /* A label that is absent differs from all. */
        {"tier == gold", WHERE_FALSE},
        {"!(tier == gold)", WHERE_TRUE},
        {"tier != gold", WHERE_TRUE},
        {"tier in (gold)", WHERE_FALSE},
        {"tier notin (gold)", WHERE_TRUE},
        {"exists tier", WHERE_FALSE},
        {"!exists tier", WHERE_TRUE},
    };

    (void)state;
    check_truths(cases, COUNT_OF(cases));
}

static void operators_bind_as_in_c(void **state)
{
    static const struct truth_case cases[] = {
        {"region == north || region == x && region == y", WHERE_TRUE},
        {"(region == north || region == x) && region == y", WHERE_FALSE},
        {"region == x && region == y || region == north", WHERE_TRUE},
        {"! region == x && region == north", WHERE_TRUE},
        {"!(region == x && region == north)", WHERE_TRUE},
        {"!!region == north", WHERE_TRUE},
        {"!!!region == north", WHERE_FALSE},
        {"!(!(region == north))", WHERE_TRUE},
        {"((((region == north))))", WHERE_TRUE},
        {"\n region == north\n\t&& exists name ", WHERE_TRUE},
    };

    (void)state;
    check_truths(cases, COUNT_OF(cases));
}

static void every_mistake_has_its_column(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "column 1: a field was expected, not the end"},
        {"   ", "column 4: a field was expected, not the end"},
        {"region ==", "column 10: a value was expected, not the end"},
        {"region == north &&", "column 19: a field was expected, not the end"},
        {"(region == north", "column 1: \"(\" is never closed"},
        {"region == north)", "column 16: \")\" closes nothing"},
        {"region == north south", "column 17: \"&&\" or \"||\" was expected, not \"south\""},
        {"region == north and name == x",
         "column 17: \"and\" is no operator; did you mean \"&&\"?"},
        {"region == north, name == x", "column 16: \",\" is no operator; did you mean \"&&\"?"},
        {"region == north & name == x", "column 17: \"&\" stands alone; did you mean \"&&\"?"},
        {"region in north", "column 11: \"(\" and values was expected, not \"north\""},
        {"region in ()", "column 12: a value was expected, not \")\""},
        {"region in (north south)", "column 18: \",\" or \")\" was expected, not \"south\""},
        {"region == 'north", "column 11: a quote is never closed"},
        {"sensors.batery > 40",
         "column 1: there is no \"sensors.batery\"; did you mean sensors.battery?"},
        {"weather.rain > 40", "column 1: there is no \"weather.rain\""},
        {"battery > 40", "column 9: \">\" compares numbers, and battery is a label, whose values "
                         "are texts; did you mean sensors.battery?"},
        {"sensors.charging > true",
         "column 18: \">\" compares numbers, and sensors.charging is true or false"},
        {"name < x", "column 6: \"<\" compares numbers, and name is a text"},
        {"sensors.battery > much",
         "column 19: \"much\" is not a number with at most three decimals, as sensors.battery "
         "wants"},
        {"sensors.battery > 0.0001", "column 19: \"0.0001\" is not a number with at most three "
                                     "decimals, as sensors.battery wants"},
        {"capacity.memory > 1GB",
         "column 19: \"1GB\" is not a quantity, such as 512Mi, as capacity.memory wants"},
        {"sensors.idle > 5x", "column 16: \"5x\" is not a duration, such as 5m, or a number of "
                              "seconds, as sensors.idle wants"},
        {"sensors.battery", "column 1: sensors.battery is compared with nothing; is it there? "
                            "\"exists sensors.battery\""},
        {"region", "column 1: region is compared with nothing; is it there? \"exists region\""},
        {"labels['-'] == x", "column 1: \"-\" "},
        {"region == ü", "column 11: \"ü\" has no meaning here; a text with it needs quotes"},
        {"region == 'ü' ü", "column 15: \"ü\" has no meaning here"},
        {"region == x\n  && ~", "line 2, column 6: \"~\" has no meaning here"},
        /* All of them at once. */
        {"sensors.batery > 1 && region < 3 || (idle", "column 1: there is no \"sensors.batery\"; "
                                                      "did you mean sensors.battery?; column 30:"},
        {"a ~ || b ~ || c ~", "column 3: \"~\" has no meaning here; a text with it needs quotes; "
                              "column 1: a is compared"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct problems problems;
        struct where where;
        const char *says;

        problems_init(&problems, &arena, NULL);
        assert_int_equal(where_parse(&arena, &names, cases[i].text, &problems, &where),
                         ERR_INVALID);
        says = where_problems_text(&arena, &problems);
        if (strncmp(says, cases[i].says, strlen(cases[i].says)) != 0) {
            fail_msg("%s\n  says:  %s\n  wants: %s", cases[i].text, says, cases[i].says);
        }
    }
}

static void a_table_may_be_narrowed(void **state)
{
    static const struct where_names own = {rows, COUNT_OF(rows), WHERE_OWN,
                                           "what sessions may ask for"};
    struct problems problems;
    struct where where;

    (void)state;
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &own, "capacity.cores > 1", &problems, &where), 0);
    assert_int_equal(where_parse(&arena, &own, "name == x", &problems, &where), ERR_INVALID);
    assert_string_equal(problems.items[0].message, "\"name\" is not what sessions may ask for");
}

static void what_comes_and_goes_is_known_of_a_program(void **state)
{
    struct problems problems;
    struct where where;

    (void)state;
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &names, "a == b || c == d", &problems, &where), 0);
    assert_false(where.is_volatile);
    assert_int_equal(where_parse(&arena, &names, "a == b || !sensors.charging", &problems, &where),
                     0);
    assert_true(where.is_volatile);
}

static void bounds_are_kept(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct where where;

    (void)state;
    for (int i = 0; i < WHERE_DEPTH_MAX; i++) {
        str_add(&text, "(");
    }
    str_add(&text, "a == b");
    for (int i = 0; i < WHERE_DEPTH_MAX; i++) {
        str_add(&text, ")");
    }
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &names, text.data, &problems, &where), 0);
    str_clear(&text);
    str_add(&text, "(((((((((((((((((((((((((((((((((a == b)))))))))))))))))))))))))))))))))");
    assert_int_equal(where_parse(&arena, &names, text.data, &problems, &where), ERR_INVALID);
    assert_non_null(strstr(problems.items[0].message, "more than 32 operators are open"));

    str_clear(&text);
    str_add(&text, "a == b");
    for (int i = 1; i < WHERE_STEPS_MAX / 2; i++) {
        str_add(&text, " || a == b");
    }
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &names, text.data, &problems, &where), 0);
    str_add(&text, " || a == b");
    assert_int_equal(where_parse(&arena, &names, text.data, &problems, &where), ERR_INVALID);
    assert_non_null(strstr(problems.items[0].message, "more than 256 tests"));

    while (text.length <= WHERE_BYTES_MAX) {
        str_add(&text, "                                ");
    }
    problems_init(&problems, &arena, NULL);
    assert_int_equal(where_parse(&arena, &names, text.data, &problems, &where), ERR_INVALID);
    assert_non_null(strstr(problems.items[0].message, "at most 4096 are allowed"));
}

/* --- against another way of doing it ---------------------------------------------------------- */

/* Writes a random expression and says, as it goes, what it has to be. */
static enum where_truth write_any(struct rand *rand, struct str *to, int depth)
{
    static const struct truth_case tests[] = {
        {"region == north", WHERE_TRUE},      {"tier == gold", WHERE_FALSE},
        {"sensors.idle > 1s", WHERE_NEITHER}, {"exists name", WHERE_TRUE},
        {"capacity.cores < 1", WHERE_FALSE},  {"capacity.disk == x", WHERE_FALSE},
    };
    enum where_truth left, right;
    uint64_t kind = depth == 0 ? 0 : rand_below(rand, 4);

    if (kind == 0) {
        const struct truth_case *test = &tests[rand_below(rand, 5)];

        str_add(to, test->text);
        return test->truth;
    }
    if (kind == 1) {
        str_add(to, rand_below(rand, 2) == 0 ? "!(" : "! ( ");
        left = write_any(rand, to, depth - 1);
        str_add(to, ")");
        return left == WHERE_NEITHER ? left : left == WHERE_TRUE ? WHERE_FALSE : WHERE_TRUE;
    }
    str_add(to, "(");
    left = write_any(rand, to, depth - 1);
    str_add(to, kind == 2 ? ")&&(" : ") || (");
    right = write_any(rand, to, depth - 1);
    str_add(to, ")");
    if (kind == 2) {
        return left == WHERE_FALSE || right == WHERE_FALSE ? WHERE_FALSE
               : left == WHERE_TRUE && right == WHERE_TRUE ? WHERE_TRUE
                                                           : WHERE_NEITHER;
    }
    return left == WHERE_TRUE || right == WHERE_TRUE     ? WHERE_TRUE
           : left == WHERE_FALSE && right == WHERE_FALSE ? WHERE_FALSE
                                                         : WHERE_NEITHER;
}

static void any_expression_is_as_it_was_meant(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 22);
    for (int i = 0; i < 1000; i++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;
        enum where_truth truth = write_any(&rand, &text, 5);

        if (truth_of(text.data) != truth) {
            fail_msg("%s: %d, not %d", text.data, truth_of(text.data), truth);
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_comparison_of_every_type),
        cmocka_unit_test(what_is_not_known_satisfies_nothing),
        cmocka_unit_test(operators_bind_as_in_c),
        cmocka_unit_test(every_mistake_has_its_column),
        cmocka_unit_test(a_table_may_be_narrowed),
        cmocka_unit_test(what_comes_and_goes_is_known_of_a_program),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(any_expression_is_as_it_was_meant),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
