/* Randomness from a seed: the generator's own first draws, ranges, and no draw twice. */
#include "schema/base/rand.h"

#include "schema/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_generator_is_xoshiro256_starstar(void **state)
{
    static const uint64_t draws[] = {11520, 0, 1509978240, 1215971899390074240u};
    struct rand rand = {.state = {1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(draws); i++) {
        assert_true(rand_u64(&rand) == draws[i]);
    }
}

static void the_same_seed_gives_the_same_draws(void **state)
{
    struct rand a, b, c;
    uint8_t secret_a[64], secret_b[64], secret_c[64];

    (void)state;
    rand_init_u64(&a, 1);
    rand_init_u64(&b, 1);
    rand_init_u64(&c, 2);
    for (size_t i = 0; i < 100; i++) {
        uint64_t draw = rand_u64(&a);

        assert_true(draw == rand_u64(&b));
        assert_false(draw == rand_u64(&c));
    }
    rand_secret(&a, secret_a, sizeof(secret_a));
    rand_secret(&b, secret_b, sizeof(secret_b));
    rand_secret(&c, secret_c, sizeof(secret_c));
    assert_memory_equal(secret_a, secret_b, sizeof(secret_a));
    assert_memory_not_equal(secret_a, secret_c, sizeof(secret_a));
}

static void a_seed_of_zeros_is_as_good_as_any(void **state)
{
    static const uint8_t seed[RAND_SEED_SIZE];
    struct rand rand;

    (void)state;
    rand_init(&rand, seed);
    assert_true(rand_u64(&rand) != rand_u64(&rand));
}

static void draws_stay_below_their_bound_and_reach_it(void **state)
{
    struct rand rand;
    unsigned seen[7] = {0};

    (void)state;
    rand_init_u64(&rand, 4);
    for (size_t i = 0; i < 7000; i++) {
        uint64_t draw = rand_below(&rand, 7);

        assert_true(draw < 7);
        seen[draw]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(seen[i], 850, 1150);
    }
    assert_int_equal(rand_below(&rand, 1), 0);
    assert_true(rand_below(&rand, UINT64_MAX) < UINT64_MAX);
}

static void both_ends_of_a_range_are_drawn(void **state)
{
    struct rand rand;
    bool low = false, high = false;

    (void)state;
    rand_init_u64(&rand, 5);
    for (size_t i = 0; i < 200; i++) {
        int64_t draw = rand_between(&rand, -2, 2);

        assert_true(draw >= -2 && draw <= 2);
        low = low || draw == -2;
        high = high || draw == 2;
    }
    assert_true(low);
    assert_true(high);
    assert_int_equal(rand_between(&rand, 9, 9), 9);
    assert_true(rand_between(&rand, INT64_MIN, -1) < 0);
}

static void chances_are_per_mille(void **state)
{
    struct rand rand;
    unsigned hits = 0;

    (void)state;
    rand_init_u64(&rand, 6);
    for (size_t i = 0; i < 10000; i++) {
        assert_false(rand_chance(&rand, 0));
        assert_true(rand_chance(&rand, 1000));
        hits += rand_chance(&rand, 250) ? 1 : 0;
    }
    assert_in_range(hits, 2300, 2700);
}

static void secrets_do_not_repeat(void **state)
{
    struct rand rand;
    uint8_t before[16] = {0}, bytes[16];

    (void)state;
    rand_init_u64(&rand, 7);
    for (size_t i = 0; i < 100; i++) {
        rand_secret(&rand, bytes, sizeof(bytes));
        assert_memory_not_equal(bytes, before, sizeof(bytes));
        memcpy(before, bytes, sizeof(bytes));
    }
}

static void a_uid_is_a_uuid_of_version_4(void **state)
{
    struct rand rand;
    char before[UID_TEXT_SIZE] = "", uid[UID_TEXT_SIZE];

    (void)state;
    rand_init_u64(&rand, 8);
    for (size_t i = 0; i < 100; i++) {
        rand_uid(&rand, uid);
        assert_int_equal(strlen(uid), 36);
        assert_int_equal(strspn(uid, "0123456789abcdef-"), 36);
        assert_true(uid[8] == '-' && uid[13] == '-' && uid[18] == '-' && uid[23] == '-');
        assert_int_equal(uid[14], '4');
        assert_non_null(strchr("89ab", uid[19]));
        assert_string_not_equal(uid, before);
        memcpy(before, uid, sizeof(uid));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_xoshiro256_starstar),
        cmocka_unit_test(the_same_seed_gives_the_same_draws),
        cmocka_unit_test(a_seed_of_zeros_is_as_good_as_any),
        cmocka_unit_test(draws_stay_below_their_bound_and_reach_it),
        cmocka_unit_test(both_ends_of_a_range_are_drawn),
        cmocka_unit_test(chances_are_per_mille),
        cmocka_unit_test(secrets_do_not_repeat),
        cmocka_unit_test(a_uid_is_a_uuid_of_version_4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
