/* The map from text to pointer, against a plain array that does the same slowly. */
#include "schema/base/map.h"

#include "schema/base/mem.h"
#include "schema/base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int one = 1, two = 2, three = 3;

static void what_was_put_is_found(void **state)
{
    _cleanup_(map_fini)
    struct map map = {0};

    (void)state;
    assert_null(map_find(&map, "a"));
    assert_null(map_remove(&map, "a"));
    assert_null(map_put(&map, "a", &one));
    assert_null(map_put(&map, "", &two));
    assert_ptr_equal(map_find(&map, "a"), &one);
    assert_ptr_equal(map_find(&map, ""), &two);
    assert_null(map_find(&map, "b"));
    assert_ptr_equal(map_put(&map, "a", &three), &one);
    assert_ptr_equal(map_find(&map, "a"), &three);
    assert_int_equal(map.count, 2);
    assert_ptr_equal(map_remove(&map, "a"), &three);
    assert_null(map_find(&map, "a"));
    assert_int_equal(map.count, 1);
    map_clear(&map);
    assert_int_equal(map.count, 0);
    assert_null(map_find(&map, ""));
}

static void keys_are_copied(void **state)
{
    _cleanup_(map_fini)
    struct map map = {0};
    char key[] = "a";

    (void)state;
    (void)map_put(&map, key, &one);
    key[0] = 'b';
    assert_ptr_equal(map_find(&map, "a"), &one);
}

/* The keys in the order of a walk. */
static void walk(const struct map *map, char *keys)
{
    map_each (map, it) {
        *keys++ = it->key[0];
    }
    *keys = '\0';
}

static void a_walk_follows_the_order_of_insertion_under_any_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        _cleanup_(map_fini)
        struct map map = {0};
        char keys[32];

        map_seed_hash(seed);
        for (const char *c = "qwertyuiopasdfgh"; *c != '\0'; c++) {
            (void)map_put(&map, (char[]){*c, '\0'}, &one);
        }
        (void)map_remove(&map, "q");
        (void)map_remove(&map, "t");
        (void)map_put(&map, "w", &two);
        (void)map_put(&map, "q", &one);
        walk(&map, keys);
        assert_string_equal(keys, "weryuiopasdfghq");
    }
    map_seed_hash(0);
}

static void the_current_entry_may_be_removed_during_a_walk(void **state)
{
    _cleanup_(map_fini)
    struct map map = {0};
    char keys[32];

    (void)state;
    for (const char *c = "abcdefghij"; *c != '\0'; c++) {
        (void)map_put(&map, (char[]){*c, '\0'}, &one);
    }
    map_each (&map, it) {
        if (it->key[0] % 2 == 0) {
            (void)map_remove(&map, (char[]){it->key[0], '\0'});
        }
    }
    walk(&map, keys);
    assert_string_equal(keys, "acegi");
}

static void it_agrees_with_a_plain_array(void **state)
{
    enum { KEYS = 300, STEPS = 60000 };
    _cleanup_(map_fini)
    struct map map = {0};
    static int values[STEPS];
    void *expected[KEYS] = {0};
    size_t count = 0;
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 11);
    for (size_t step = 0; step < STEPS; step++) {
        size_t key = rand_below(&rand, KEYS);
        bool put = rand_chance(&rand, step / 10000 % 2 == 0 ? 700 : 300);
        char text[16];
        void *before;

        (void)snprintf(text, sizeof(text), "key-%zu", key);
        before = put ? map_put(&map, text, &values[step]) : map_remove(&map, text);
        assert_ptr_equal(before, expected[key]);
        count += (put ? 1 : 0) - (before != NULL ? 1 : 0);
        expected[key] = put ? &values[step] : NULL;
        assert_ptr_equal(map_find(&map, text), expected[key]);
        assert_int_equal(map.count, count);
    }
}

static void endless_coming_and_going_takes_no_room(void **state)
{
    _cleanup_(map_fini)
    struct map map = {0};

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%zu", i);
        (void)map_put(&map, text, &one);
        assert_ptr_equal(map_remove(&map, text), &one);
    }
    assert_int_equal(map.count, 0);
    assert_true(map.slot_count <= 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(a_walk_follows_the_order_of_insertion_under_any_seed),
        cmocka_unit_test(the_current_entry_may_be_removed_during_a_walk),
        cmocka_unit_test(it_agrees_with_a_plain_array),
        cmocka_unit_test(endless_coming_and_going_takes_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
