/* The neutral tree: building, searching, copying, comparing. */
#include "schema/tree.h"

#include "schema/limits.h"
#include "tests/support/random_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
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

/* {"a": 1, "b": {"c": "x"}, "d": [true]} */
static struct node *sample(void)
{
    struct node *map = node_map(&arena), *below = node_map(&arena), *list = node_list(&arena);

    node_set(&arena, below, "c", node_str(&arena, "x"));
    node_add(&arena, list, node_bool(&arena, true));
    node_set(&arena, map, "a", node_int(&arena, 1));
    node_set(&arena, map, "b", below);
    node_set(&arena, map, "d", list);
    return map;
}

static void a_map_keeps_the_order_of_its_keys(void **state)
{
    struct node *map = node_map(&arena);

    (void)state;
    for (int64_t i = 0; i < 100; i++) {
        node_set(&arena, map, (char[]){(char)('a' + (i * 7) % 26), '\0'}, node_int(&arena, i));
    }
    assert_int_equal(map->map.count, 26);
    assert_string_equal(map->map.members[0].key, "a");
    assert_string_equal(map->map.members[1].key, "h");
    assert_int_equal(node_find(map, "h")->integer, 79);
}

static void a_removed_member_leaves_the_others(void **state)
{
    struct node *map = sample();

    (void)state;
    assert_true(node_remove(map, "b"));
    assert_false(node_remove(map, "b"));
    assert_int_equal(map->map.count, 2);
    assert_string_equal(map->map.members[1].key, "d");
    node_set(&arena, map, "e", node_null(&arena));
    assert_string_equal(map->map.members[2].key, "e");
}

static void a_map_grows_after_any_number_of_removals(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 40; size++) {
        struct node *map = node_map(&arena);

        for (size_t i = 0; i < size; i++) {
            node_set(&arena, map, arena_printf(&arena, "k%zu", i), node_null(&arena));
        }
        for (size_t i = 0; i < size / 2; i++) {
            assert_true(node_remove(map, arena_printf(&arena, "k%zu", i)));
        }
        for (size_t i = 0; i < size; i++) {
            node_set(&arena, map, arena_printf(&arena, "n%zu", i), node_null(&arena));
        }
        assert_int_equal(map->map.count, size - size / 2 + size);
    }
}

static void searching_nothing_finds_nothing(void **state)
{
    int64_t value = 7;
    struct node *text = node_str(&arena, "x");

    (void)state;
    assert_null(node_find(NULL, "a"));
    assert_null(node_find(text, "a"));
    assert_null(node_find_path(NULL, "a.b"));
    assert_null(node_text(NULL));
    assert_null(node_text(node_int(&arena, 1)));
    assert_false(node_find_int(NULL, "a", &value));
    assert_int_equal(value, 7);
}

static void a_path_leads_through_maps(void **state)
{
    struct node *map = sample();
    int64_t value = 0;

    (void)state;
    assert_string_equal(node_text(node_find_path(map, "b.c")), "x");
    assert_string_equal(node_find_text(node_find(map, "b"), "c"), "x");
    assert_true(node_find_int(map, "a", &value));
    assert_int_equal(value, 1);
    assert_false(node_find_int(map, "b", &value));
    assert_null(node_find_path(map, "b.c.d"));
    assert_null(node_find_path(map, "b.cc"));
    assert_null(node_find_path(map, "b."));
    assert_null(node_find_path(map, "d.0"));
    assert_null(node_find_path(map, ""));
}

static void no_text_is_null(void **state)
{
    (void)state;
    assert_int_equal(node_str(&arena, NULL)->type, NODE_NULL);
}

static void a_copy_is_equal_and_shares_nothing(void **state)
{
    struct arena other;
    struct node *map = sample(), *copy;

    (void)state;
    map->line = 3;
    map->map.members[1].column = 9;
    arena_init(&other);
    copy = node_copy(&other, map);
    assert_true(node_eq(map, copy));
    assert_int_equal(copy->line, 3);
    assert_int_equal(copy->map.members[1].column, 9);
    node_set(&arena, node_find(map, "b"), "c", node_str(&arena, "y"));
    assert_false(node_eq(map, copy));
    arena_reset(&arena);
    assert_string_equal(node_text(node_find_path(copy, "b.c")), "x");
    arena_fini(&other);
}

static void a_copy_can_grow(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 20; size++) {
        struct node *list = node_list(&arena), *copy;

        for (size_t i = 0; i < size; i++) {
            node_add(&arena, list, node_int(&arena, (int64_t)i));
        }
        copy = node_copy(&arena, list);
        for (size_t i = size; i < size + 20; i++) {
            node_add(&arena, copy, node_int(&arena, (int64_t)i));
        }
        for (size_t i = 0; i < size + 20; i++) {
            assert_int_equal(copy->list.items[i]->type, NODE_INT);
            assert_int_equal(copy->list.items[i]->integer, i);
        }
        assert_int_equal(copy->list.count, size + 20);
        assert_int_equal(list->list.count, size);
    }
}

static void the_deepest_tree_can_be_copied(void **state)
{
    struct node *root = node_list(&arena), *list = root;

    (void)state;
    for (size_t depth = 1; depth < TREE_DEPTH_MAX; depth++) {
        struct node *below = node_list(&arena);

        node_add(&arena, list, below);
        list = below;
    }
    node_add(&arena, list, node_int(&arena, 1));
    assert_true(node_eq(node_copy(&arena, root), root));
}

static void the_order_counts_in_lists_but_not_in_maps(void **state)
{
    struct node *ab = node_map(&arena), *ba = node_map(&arena);
    struct node *one_two = node_list(&arena), *two_one = node_list(&arena);
    struct node *one = node_int(&arena, 1), *two = node_int(&arena, 2);

    (void)state;
    node_set(&arena, ab, "a", one);
    node_set(&arena, ab, "b", two);
    node_set(&arena, ba, "b", two);
    node_set(&arena, ba, "a", one);
    assert_true(node_eq(ab, ba));
    node_set(&arena, ba, "a", two);
    assert_false(node_eq(ab, ba));
    node_add(&arena, one_two, one);
    node_add(&arena, one_two, two);
    node_add(&arena, two_one, two);
    node_add(&arena, two_one, one);
    assert_false(node_eq(one_two, two_one));
}

static void a_whole_real_equals_the_integer(void **state)
{
    (void)state;
    assert_true(node_eq(node_int(&arena, 1), node_real(&arena, 1.0)));
    assert_true(node_eq(node_real(&arena, -0.0), node_int(&arena, 0)));
    assert_false(node_eq(node_int(&arena, 1), node_real(&arena, 1.5)));
    assert_false(node_eq(node_int(&arena, INT64_MAX), node_real(&arena, 0x1p63)));
    assert_true(node_eq(node_int(&arena, INT64_MIN), node_real(&arena, -0x1p63)));
    assert_false(node_eq(node_int(&arena, (1LL << 53) + 1), node_real(&arena, 0x1p53)));
}

static void different_types_are_not_equal(void **state)
{
    struct node *nodes[] = {node_null(&arena),       node_bool(&arena, false),
                            node_bool(&arena, true), node_int(&arena, 0),
                            node_real(&arena, 0.5),  node_str(&arena, ""),
                            node_str(&arena, "0"),   node_strn(&arena, "0\0", 2),
                            node_list(&arena),       node_map(&arena)};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nodes); i++) {
        for (size_t j = 0; j < COUNT_OF(nodes); j++) {
            assert_int_equal(node_eq(nodes[i], nodes[j]), i == j);
        }
    }
    assert_true(node_eq(NULL, NULL));
    assert_false(node_eq(NULL, nodes[0]));
}

static void members_can_be_had_in_order(void **state)
{
    struct node *map = node_map(&arena);
    const struct node_member **sorted;

    (void)state;
    node_set(&arena, map, "b", node_null(&arena));
    node_set(&arena, map, "\xc3\xa9", node_null(&arena));
    node_set(&arena, map, "a", node_null(&arena));
    sorted = node_sorted_members(map);
    assert_string_equal(sorted[0]->key, "a");
    assert_string_equal(sorted[1]->key, "b");
    assert_string_equal(sorted[2]->key, "\xc3\xa9");
    free(sorted);
}

static void types_are_called_as_json_schema_calls_them(void **state)
{
    (void)state;
    assert_string_equal(node_type_to_str(NODE_MAP), "object");
    assert_string_equal(node_type_to_str(NODE_LIST), "array");
    assert_string_equal(node_type_to_str(NODE_REAL), "number");
    assert_string_equal(node_type_to_str(NODE_INT), "integer");
    assert_string_equal(node_type_to_str(NODE_BOOL), "boolean");
    assert_string_equal(node_type_to_str(NODE_STR), "string");
    assert_string_equal(node_type_to_str(NODE_NULL), "null");
}

static void random_trees_equal_their_copies_and_no_other(void **state)
{
    struct rand rand;
    struct node *before = NULL;

    (void)state;
    rand_init_u64(&rand, 1);
    for (size_t i = 0; i < 300; i++) {
        struct node *tree = random_tree(&arena, &rand);

        assert_true(node_eq(tree, node_copy(&arena, tree)));
        if (before != NULL && tree->type == NODE_MAP && tree->map.count > 2) {
            assert_false(node_eq(tree, before));
        }
        before = tree;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_map_keeps_the_order_of_its_keys),
        TEST(a_removed_member_leaves_the_others),
        TEST(a_map_grows_after_any_number_of_removals),
        TEST(searching_nothing_finds_nothing),
        TEST(a_path_leads_through_maps),
        TEST(no_text_is_null),
        TEST(a_copy_is_equal_and_shares_nothing),
        TEST(a_copy_can_grow),
        TEST(the_deepest_tree_can_be_copied),
        TEST(the_order_counts_in_lists_but_not_in_maps),
        TEST(a_whole_real_equals_the_integer),
        TEST(different_types_are_not_equal),
        TEST(members_can_be_had_in_order),
        TEST(types_are_called_as_json_schema_calls_them),
        TEST(random_trees_equal_their_copies_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
