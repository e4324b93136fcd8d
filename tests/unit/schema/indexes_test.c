/* Sets of indexes and their text. */
#include "schema/indexes.h"

#include "schema/base/rand.h"
#include "schema/forms.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

static bool reads(const char *text, struct indexes *set)
{
    indexes_init(set, &arena, 100);
    return indexes_from_str(text, set);
}

static void a_text_is_read_and_written_the_same(void **state)
{
    static const char *const texts[] = {"",    "0",       "99",      "0-99",        "0-57,60",
                                        "4,5", "0,2,4,5", "0-2,4,6", "1,3-5,7,8,10"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct indexes set;
        struct str text = STR_EMPTY;

        assert_true(reads(texts[i], &set));
        indexes_to_str(&set, &text);
        assert_string_equal(text.data, texts[i]);
        str_fini(&text);
    }
}

static void what_is_not_canonical_is_refused(void **state)
{
    static const char *const texts[] = {
        ",",       "1,",   "-1",    "1-",     "2-1",   "1,1",   "2,1",   "01",
        "1 ",      "a",    "1-2",   "100",    "5-100", "1,2,3", "1,2-4", "0-3,4",
        "0-3,4-6", "1--3", "1-3-5", "123456", "99999", "0x1",   "1,,3",  "1-3,",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct indexes set;

        if (reads(texts[i], &set)) {
            fail_msg("\"%s\" was read", texts[i]);
        }
    }
}

static void a_set_counts(void **state)
{
    struct indexes set;

    (void)state;
    assert_true(reads("0-57,60", &set));
    assert_int_equal(set.count, 59);
    indexes_add(&set, 60);
    assert_int_equal(set.count, 59);
    indexes_add(&set, 64);
    assert_int_equal(set.count, 60);
    assert_true(indexes_has(&set, 57));
    assert_false(indexes_has(&set, 58));
    assert_false(indexes_has(&set, 100000));
    assert_int_equal(indexes_below(&set, 58), 58);
    assert_int_equal(indexes_below(&set, 61), 59);
    assert_int_equal(indexes_below(&set, 1000), 60);
    assert_int_equal(indexes_next(&set, 58), 60);
    assert_int_equal(indexes_next(&set, 65), 100);
    assert_int_equal(indexes_next_absent(&set, 0), 58);
    assert_int_equal(indexes_next_absent(&set, 64), 65);
}

static void sets_are_joined(void **state)
{
    struct indexes set, other;
    struct str text = STR_EMPTY;

    (void)state;
    assert_true(reads("0-3,70", &set));
    assert_true(reads("4-6,70,99", &other));
    indexes_join(&set, &other);
    indexes_to_str(&set, &text);
    assert_string_equal(text.data, "0-6,70,99");
    assert_int_equal(set.count, 9);
    str_fini(&text);
}

static void any_set_survives_its_text(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 7);
    for (size_t round = 0; round < 200; round++) {
        struct indexes set, again;
        struct str text = STR_EMPTY;
        uint64_t density = 1 + rand_below(&rand, 9);

        indexes_init(&set, &arena, 300);
        indexes_init(&again, &arena, 300);
        for (size_t i = 0; i < 300; i++) {
            if (rand_below(&rand, 10) < density) {
                indexes_add(&set, i);
            }
        }
        indexes_to_str(&set, &text);
        assert_true(indexes_from_str(text.data, &again));
        assert_int_equal(set.count, again.count);
        assert_memory_equal(set.words, again.words, 5 * sizeof(uint64_t));
        str_fini(&text);
    }
}

static void the_longest_text_fits_into_a_status(void **state)
{
    struct indexes set;
    struct str text = STR_EMPTY;
    const char *why;

    (void)state;
    indexes_init(&set, &arena, TASKS_MAX);
    for (size_t i = 0; i < TASKS_MAX; i += 3) { /* pairs are the longest that can be */
        indexes_add(&set, i);
        if (i + 1 < TASKS_MAX) {
            indexes_add(&set, i + 1);
        }
    }
    indexes_to_str(&set, &text);
    assert_true(form_is_indexes(text.data, &why));
    assert_in_range(text.length, 20000, TASK_INDEXES_MAX);
    assert_false(form_is_indexes("10000", &why));
    str_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_read_and_written_the_same),
        TEST(what_is_not_canonical_is_refused),
        TEST(a_set_counts),
        TEST(sets_are_joined),
        TEST(any_set_survives_its_text),
        TEST(the_longest_text_fits_into_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
