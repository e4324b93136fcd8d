/* Growing arrays. */
#include "schema/base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct numbers {
    VEC_OF(int);
};

static struct numbers up_to(int count)
{
    struct numbers numbers = {0};

    for (int i = 0; i < count; i++) {
        vec_add(&numbers, i);
    }
    return numbers;
}

static void items_keep_their_order(void **state)
{
    struct numbers numbers = up_to(1000);
    int expected = 0;

    (void)state;
    vec_each (&numbers, it) {
        assert_int_equal(*it, expected++);
    }
    assert_int_equal(expected, 1000);
    vec_fini(&numbers);
    assert_null(numbers.items);
    assert_int_equal(numbers.count, 0);
}

static void a_removed_item_leaves_no_gap(void **state)
{
    struct numbers numbers = up_to(5);

    (void)state;
    vec_remove(&numbers, 4);
    vec_remove(&numbers, 0);
    vec_remove(&numbers, 1);
    assert_int_equal(numbers.count, 2);
    assert_int_equal(numbers.items[0], 1);
    assert_int_equal(numbers.items[1], 3);
    vec_fini(&numbers);
}

static void the_last_in_is_the_first_out(void **state)
{
    struct numbers numbers = up_to(3);

    (void)state;
    assert_int_equal(vec_pop(&numbers), 2);
    assert_int_equal(vec_pop(&numbers), 1);
    vec_add(&numbers, 7);
    assert_int_equal(vec_pop(&numbers), 7);
    assert_int_equal(numbers.count, 1);
    vec_fini(&numbers);
}

static void reserved_room_is_not_moved(void **state)
{
    struct numbers numbers = {0};
    int *items;

    (void)state;
    vec_reserve(&numbers, 100);
    items = numbers.items;
    for (int i = 0; i < 100; i++) {
        vec_add(&numbers, i);
    }
    assert_ptr_equal(numbers.items, items);
    vec_clear(&numbers);
    assert_int_equal(numbers.count, 0);
    assert_ptr_equal(numbers.items, items);
    vec_fini(&numbers);
}

static void an_empty_one_is_walked_at_once(void **state)
{
    struct numbers numbers = {0};

    (void)state;
    vec_each (&numbers, it) {
        fail_msg("there is an item %d", *it);
    }
    vec_fini(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_keep_their_order),
        cmocka_unit_test(a_removed_item_leaves_no_gap),
        cmocka_unit_test(the_last_in_is_the_first_out),
        cmocka_unit_test(reserved_room_is_not_moved),
        cmocka_unit_test(an_empty_one_is_walked_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
