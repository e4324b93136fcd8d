/* Memory given back all at once. */
#include "schema/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void an_unused_arena_owns_nothing(void **state)
{
    (void)state;
    assert_null(arena.newest);
    assert_int_equal(arena.used_bytes, 0);
}

static void memory_is_zeroed_and_aligned_whatever_its_size(void **state)
{
    static const char zeros[5000];

    (void)state;
    for (size_t size = 0; size < 5000; size += 37) {
        unsigned char *p = arena_alloc(&arena, size);

        assert_int_equal((uintptr_t)p % 16, 0);
        assert_memory_equal(p, zeros, size);
        memset(p, 0xff, size);
    }
}

static void pieces_do_not_overlap(void **state)
{
    enum { COUNT = 2000 };
    static unsigned char *pieces[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_alloc(&arena, i % 700 + 1);
        memset(pieces[i], (int)(i % 256), i % 700 + 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(pieces[i][0], i % 256);
        assert_int_equal(pieces[i][i % 700], i % 256);
    }
}

static void a_piece_may_be_larger_than_a_chunk(void **state)
{
    char *large = arena_alloc(&arena, 10 << 20);
    char *small = arena_alloc(&arena, 1);

    (void)state;
    large[(10 << 20) - 1] = 'x';
    *small = 'y';
    assert_true(arena.used_bytes >= (10 << 20) + 1);
}

static void after_a_reset_memory_is_zeroed_again(void **state)
{
    static const char zeros[400];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        memset(arena_alloc(&arena, 400), 0xff, 400);
    }
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    for (size_t i = 0; i < 100; i++) {
        assert_memory_equal(arena_alloc(&arena, 400), zeros, 400);
    }
    arena_fini(&arena);
    arena_reset(&arena);
}

static void texts_are_copied(void **state)
{
    char text[] = "abc";
    char *copy = arena_strdup(&arena, text), *part = arena_strndup(&arena, text, 2);
    char *copied = arena_copy(&arena, text, sizeof(text));

    (void)state;
    text[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(copied, "abc");
    assert_null(arena_strdup(&arena, NULL));
    assert_string_equal(arena_printf(&arena, "%s-%d", "a", 7), "a-7");
    assert_int_equal(strlen(arena_printf(&arena, "%0900d", 0)), 900);
}

static void a_growing_array_keeps_what_it_holds(void **state)
{
    int *items = NULL;

    (void)state;
    for (int count = 0; count < 1000; count++) {
        items = arena_grow(&arena, items, (size_t)count, sizeof(*items));
        items[count] = count;
        arena_alloc(&arena, 1); /* somebody else's, right behind */
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unused_arena_owns_nothing),
        TEST(memory_is_zeroed_and_aligned_whatever_its_size),
        TEST(pieces_do_not_overlap),
        TEST(a_piece_may_be_larger_than_a_chunk),
        TEST(after_a_reset_memory_is_zeroed_again),
        TEST(texts_are_copied),
        TEST(a_growing_array_keeps_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
