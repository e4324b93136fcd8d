/* When history is looked after, and what a clock that jumps may not do to it. */
#include "controller/io/keeper.h"

#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000, NOW_MS = 5000 };

static const int64_t wall_ms = 1800000000000;

static const struct config config = {.history_keep_ms = 100L * HOUR_MS,
                                     .history_max_bytes = 1 << 20,
                                     .history_keep_min_ms = 10 * 60 * 1000};

static bool look(struct keeper *keeper, int64_t now_ms, int64_t at_ms, struct store_keeping *ret)
{
    *ret = (struct store_keeping){0};
    return keeper_is_due(keeper, &config, (struct mono){now_ms}, (struct wall){at_ms}, ret);
}

static void begin(struct keeper *keeper, int64_t newest_ms)
{
    keeper_init(keeper, (struct mono){NOW_MS}, &(struct stored_state){.newest = {newest_ms}});
}

static void done(struct keeper *keeper, int64_t now_ms)
{
    keeper_done(keeper, 0, &(struct store_size){.compacted = 0}, NULL, (struct mono){now_ms});
}

static void what_is_too_old_or_too_much_goes(void **state)
{
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, wall_ms);
    assert_true(look(&keeper, NOW_MS, wall_ms, &keeping));
    assert_int_equal(keeping.before.ms, wall_ms - config.history_keep_ms);
    assert_int_equal(keeping.before_when_large.ms, wall_ms - config.history_keep_min_ms);
    assert_int_equal(keeping.bytes_max, 1 << 20);
}

static void it_is_looked_at_once_in_a_while(void **state)
{
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, 0);
    assert_true(look(&keeper, NOW_MS, wall_ms, &keeping));
    assert_false(look(&keeper, NOW_MS + 2 * HISTORY_LOOK_MS, wall_ms, &keeping)); /* busy */
    done(&keeper, NOW_MS);
    assert_false(look(&keeper, NOW_MS + HISTORY_LOOK_MS - 1, wall_ms, &keeping));
    assert_true(look(&keeper, NOW_MS + HISTORY_LOOK_MS, wall_ms, &keeping));
}

static void a_clock_set_forward_makes_nothing_old(void **state)
{
    struct store_keeping keeping;
    struct keeper keeper;
    int64_t now_ms = NOW_MS;

    (void)state;
    begin(&keeper, wall_ms);
    assert_true(look(&keeper, now_ms, wall_ms, &keeping));
    done(&keeper, now_ms);
    now_ms += HISTORY_LOOK_MS;
    assert_true(look(&keeper, now_ms, wall_ms + 11L * HOUR_MS, &keeping));
    assert_int_equal(keeping.before.ms, 0);
    done(&keeper, now_ms);
    now_ms += HISTORY_HOLD_MS;
    assert_true(look(&keeper, now_ms, wall_ms + 11L * HOUR_MS + HISTORY_HOLD_MS, &keeping));
    assert_true(keeping.before.ms > 0);
}

static void the_time_without_a_controller_may_have_been_a_jump(void **state)
{
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, wall_ms);
    assert_true(look(&keeper, NOW_MS, wall_ms + 50L * HOUR_MS, &keeping));
    assert_int_equal(keeping.before.ms, 0);
}

static void a_clock_set_back_changes_nothing(void **state)
{
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, wall_ms);
    assert_true(look(&keeper, NOW_MS, wall_ms - 50L * HOUR_MS, &keeping));
    assert_int_equal(keeping.before.ms, wall_ms - 150L * HOUR_MS);
}

static void a_clock_that_was_ahead_is_told_of(void **state)
{
    struct store_size size = {.newest = {wall_ms + 50L * HOUR_MS}};
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, wall_ms);
    assert_true(look(&keeper, NOW_MS, wall_ms, &keeping));
    keeper_done(&keeper, 0, &size, NULL, (struct mono){NOW_MS});
    assert_true(keeper.is_behind);
    assert_true(look(&keeper, NOW_MS + 50L * HOUR_MS, wall_ms + 50L * HOUR_MS, &keeping));
    keeper_done(&keeper, 0, &size, NULL, (struct mono){NOW_MS + 50L * HOUR_MS});
    assert_false(keeper.is_behind);
}

/* Given a clock that was ahead, then what is too much goes all the same: what was there ten minutes
 * ago, as far as this controller has seen it. */
static void what_is_too_much_goes_while_the_clock_is_behind(void **state)
{
    struct store_size size = {.newest = {wall_ms + 50L * HOUR_MS}, .newest_revision = 70};
    struct store_keeping keeping;
    struct keeper keeper;
    int64_t now_ms = NOW_MS;

    (void)state;
    begin(&keeper, wall_ms + 50L * HOUR_MS);
    for (int i = 0; i < 21; i++, now_ms += 60 * 1000) {
        assert_true(look(&keeper, now_ms, wall_ms, &keeping));
        assert_int_equal(keeping.upto_when_large, i < 20 ? 0 : 79);
        keeper_done(&keeper, 0, &size, NULL, (struct mono){now_ms});
        size.newest_revision++; /* 79 after the look of minute 9, that of minute 10 marks it */
    }
}

static void a_failure_is_tried_again_later(void **state)
{
    struct err err = ERR_NONE;
    struct store_keeping keeping;
    struct keeper keeper;

    (void)state;
    begin(&keeper, 0);
    assert_true(look(&keeper, NOW_MS, wall_ms, &keeping));
    keeper_done(&keeper, err_set(&err, ERR_FULL, "no room"), NULL, &err,
                (struct mono){NOW_MS + 10});
    assert_false(look(&keeper, NOW_MS + HISTORY_LOOK_MS, wall_ms, &keeping));
    assert_true(look(&keeper, NOW_MS + HISTORY_LOOK_MS + 10, wall_ms, &keeping));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_old_or_too_much_goes),
        cmocka_unit_test(it_is_looked_at_once_in_a_while),
        cmocka_unit_test(a_clock_set_forward_makes_nothing_old),
        cmocka_unit_test(the_time_without_a_controller_may_have_been_a_jump),
        cmocka_unit_test(a_clock_set_back_changes_nothing),
        cmocka_unit_test(a_clock_that_was_ahead_is_told_of),
        cmocka_unit_test(what_is_too_much_goes_while_the_clock_is_behind),
        cmocka_unit_test(a_failure_is_tried_again_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
