/* The score of schema/reputation.h, against its formula in floating point and its promises. */
#include "schema/reputation.h"

#include "schema/base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t after(enum repute outcome, int count)
{
    struct esteem esteem = {0};

    for (int i = 0; i < count; i++) {
        esteem_add(&esteem, outcome);
    }
    return esteem.score;
}

static void what_the_header_promises(void **state)
{
    (void)state;
    assert_int_equal(after(REPUTE_VALID, 10), 90);
    assert_int_equal(after(REPUTE_VALID, 100000), 95);
    assert_int_equal(after(REPUTE_LATE, 1), 50);
    assert_int_equal(after(REPUTE_LATE, 1000), 50);
    assert_int_equal(after(REPUTE_FAILED, 10), 9);
    assert_int_equal(after(REPUTE_FAILED, 100000), 4);
}

static void every_outcome_moves_it_its_way(void **state)
{
    struct esteem esteem = {0};
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 5);
    for (int i = 0; i < 2000; i++) {
        enum repute outcome = (enum repute)rand_below(&rand, REPUTE_COUNT);
        int64_t before = i == 0 ? REPUTATION_NEW : esteem.score;

        esteem_add(&esteem, outcome);
        assert_true(outcome != REPUTE_VALID || esteem.score >= before);
        assert_true(outcome != REPUTE_FAILED || esteem.score <= before);
        assert_in_range(esteem.score, 0, 100);
        assert_in_range(esteem.good + esteem.bad, 1000, 20000);
    }
    assert_int_equal(esteem.valid + esteem.late + esteem.failed, 2000);
}

static void it_is_the_formula(void **state)
{
    struct esteem esteem = {0};
    double good = 0, bad = 0;
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 6);
    for (int i = 0; i < 500; i++) {
        enum repute outcome = (enum repute)rand_below(&rand, REPUTE_COUNT);
        double weight = outcome == REPUTE_VALID ? 1 : outcome == REPUTE_LATE ? 0.5 : 0;
        double score;

        good = good * 0.95 + weight;
        bad = bad * 0.95 + 1 - weight;
        score = 100 * (good + 1) / (good + bad + 2);
        esteem_add(&esteem, outcome);
        assert_true((double)esteem.score <= score + 0.2);
        assert_true((double)esteem.score >= score - 1.2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_header_promises),
        cmocka_unit_test(every_outcome_moves_it_its_way),
        cmocka_unit_test(it_is_the_formula),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
