/* Path sets: order, operations, the FieldsV1 form, the form for people. */
#include "schema/fieldset.h"

#include "schema/base/rand.h"
#include "schema/base/str.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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

/* --- small language ----------------------------------------------------------------------------
 */

/* A key written as a literal, and its length. */
#define KEY(literal) (literal), sizeof(literal) - 1

static struct fieldset set_of(const char *fields)
{
    struct fieldset set = {0};

    assert_true(fieldset_from_node(&arena, quick_json(&arena, fields), &set));
    return set;
}

static void expect_set(const struct fieldset *set, const char *fields)
{
    quick_json_expect(fieldset_to_node(&arena, set), fields);
}

static void expect_text(const char *fields, const char *expected)
{
    struct fieldset set = set_of(fields);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < set.count; i++) {
        str_addf(&text, "%s%s", i > 0 ? " " : "", field_path_to_text(&arena, &set.paths[i]));
    }
    assert_string_equal(text.data, expected);
}

static void expect_refused(const char *fields)
{
    struct fieldset set = {.count = 7};

    assert_false(fieldset_from_node(&arena, quick_json(&arena, fields), &set));
    assert_int_equal(set.count, 7);
}

/* --- the form ----------------------------------------------------------------------------------
 */

static void a_set_comes_back_from_its_form(void **state)
{
    static const char *const forms[] = {
        "{}",
        "{'f:spec':{}}",
        "{'f:spec':{'f:interval':{},'f:policy':{}}}",
        "{'f:spec':{'.':{},'f:interval':{}}}",
        "{'f:metadata':{'f:labels':{'f:a.b/c':{},'f:':{}}},'f:spec':{'f:a':{'f:b':{'f:c':{}}}}}",
        "{'f:spec':{'f:days':{'v:1':{},'v:{}':{}},'i:3':{}}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct fieldset set = set_of(forms[i]);

        expect_set(&set, forms[i]);
    }
}

static void items_come_back_from_their_form(void **state)
{
    struct node *keys = node_map(&arena), *root = node_map(&arena);
    struct fieldset set;

    (void)state;
    node_set(&arena, keys, "k:{\"name\": \"raw\"}", quick_json(&arena, "{'.':{},'f:path':{}}"));
    node_set(&arena, keys, "v: \"x\"", node_map(&arena));
    node_set(&arena, root, "f:outputs", keys);
    assert_true(fieldset_from_node(&arena, root, &set));
    assert_int_equal(set.count, 3);
    assert_non_null(fieldset_find(&set, KEY("f:outputs\0k:{\"name\":\"raw\"}")));
    assert_non_null(fieldset_find(&set, KEY("f:outputs\0k:{\"name\":\"raw\"}\0f:path")));
    assert_non_null(fieldset_find(&set, KEY("f:outputs\0v:\"x\"")));
}

static void a_neighbour_whose_name_begins_alike_stays_a_neighbour(void **state)
{
    struct fieldset set = set_of("{'f:a':{},'f:a b':{'f:x':{}},'f:ab':{},'f:a-':{}}");

    (void)state;
    expect_set(&set, "{'f:a':{},'f:a b':{'f:x':{}},'f:ab':{},'f:a-':{}}");
    assert_true(fieldset_reaches(&set, KEY("f:a b")));
    assert_false(fieldset_reaches(&set, KEY("f:a ")));
}

static void what_is_no_form_is_refused(void **state)
{
    (void)state;
    expect_refused("[]");
    expect_refused("'f:a'");
    expect_refused("{'spec':{}}");
    expect_refused("{'f:spec':1}");
    expect_refused("{'f:spec':null}");
    expect_refused("{'f:spec':{'x:y':{}}}");
    expect_refused("{'k:{name}':{}}");
    expect_refused("{'v:':{}}");
    expect_refused("{'f:spec':{'.':{'f:a':{}}}}");
    assert_false(fieldset_from_node(&arena, NULL, &(struct fieldset){0}));
}

static void a_form_as_deep_as_a_tree_may_be_is_read_and_a_deeper_one_refused(void **state)
{
    struct node *innermost = node_map(&arena), *root = innermost;
    struct fieldset set;

    (void)state;
    for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
        struct node *outer = node_map(&arena);

        node_set(&arena, outer, "f:a", root);
        root = outer;
    }
    assert_true(fieldset_from_node(&arena, root, &set));
    assert_int_equal(set.count, 1);
    assert_true(node_eq(fieldset_to_node(&arena, &set), root));
    node_set(&arena, innermost, "f:a", node_map(&arena));
    assert_false(fieldset_from_node(&arena, root, &set));
}

static void a_root_that_owns_itself_is_an_empty_set(void **state)
{
    struct fieldset set = set_of("{'.':{}}");

    (void)state;
    assert_int_equal(set.count, 0);
}

/* --- operations --------------------------------------------------------------------------------
 */

static void two_sets_combine(void **state)
{
    struct fieldset a = set_of("{'f:a':{},'f:b':{'f:x':{},'f:y':{}}}");
    struct fieldset b = set_of("{'f:b':{'.':{},'f:y':{},'f:z':{}},'f:c':{}}");
    struct fieldset all = fieldset_union(&arena, &a, &b);
    struct fieldset rest = fieldset_minus(&arena, &a, &b);
    struct fieldset both = fieldset_both(&arena, &a, &b);

    (void)state;
    expect_set(&all, "{'f:a':{},'f:b':{'.':{},'f:x':{},'f:y':{},'f:z':{}},'f:c':{}}");
    expect_set(&rest, "{'f:a':{},'f:b':{'f:x':{}}}");
    expect_set(&both, "{'f:b':{'f:y':{}}}");
    assert_true(fieldset_eq(&a, &a));
    assert_false(fieldset_eq(&a, &b));
    assert_false(fieldset_eq(&a, &rest));
}

static void reaching_is_at_a_path_or_below_it(void **state)
{
    struct fieldset set = set_of("{'f:a':{'f:b':{}},'f:c':{}}");

    (void)state;
    assert_true(fieldset_reaches(&set, KEY("f:a")));
    assert_true(fieldset_reaches(&set, KEY("f:a\0f:b")));
    assert_true(fieldset_reaches(&set, KEY("")));
    assert_false(fieldset_reaches(&set, KEY("f:a\0f:b\0f:c")));
    assert_false(fieldset_reaches(&set, KEY("f:b")));
    assert_null(fieldset_find(&set, KEY("f:a")));
    assert_non_null(fieldset_find(&set, KEY("f:c")));
}

static void settling_sorts_and_keeps_each_path_once(void **state)
{
    struct fieldset set = {0};
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 7);
    for (int i = 0; i < 3000; i++) {
        char key[16];
        int length = snprintf(key, sizeof(key), "f:%03u", (unsigned)rand_below(&rand, 500));

        fieldset_add(&arena, &set, &(struct field_path){.key = key, .length = (size_t)length});
    }
    fieldset_settle(&arena, &set);
    assert_in_range(set.count, 450, 500);
    for (size_t i = 1; i < set.count; i++) {
        assert_true(strcmp(set.paths[i - 1].key, set.paths[i].key) < 0);
    }
}

/* (a - b) and (a & b) share nothing and are together a; (a | b) - b is a - b. */
static void operations_agree_on_random_sets(void **state)
{
    struct rand rand;

    (void)state;
    rand_init_u64(&rand, 42);
    for (int round = 0; round < 200; round++) {
        struct fieldset sets[2] = {{0}, {0}}, minus, both, all, again;

        for (int i = 0; i < 40; i++) {
            _cleanup_(str_fini)
            struct str key = STR_EMPTY;

            for (int64_t depth = rand_between(&rand, 1, 4); depth > 0; depth--) {
                (void)path_push(&key, "f:", rand_chance(&rand, 500) ? "a" : "b");
            }
            fieldset_add(&arena, &sets[rand_below(&rand, 2)],
                         &(struct field_path){.key = key.data, .length = key.length});
        }
        fieldset_settle(&arena, &sets[0]);
        fieldset_settle(&arena, &sets[1]);
        minus = fieldset_minus(&arena, &sets[0], &sets[1]);
        both = fieldset_both(&arena, &sets[0], &sets[1]);
        all = fieldset_union(&arena, &minus, &both);
        assert_true(fieldset_eq(&all, &sets[0]));
        all = fieldset_union(&arena, &sets[0], &sets[1]);
        again = fieldset_minus(&arena, &all, &sets[1]);
        assert_true(fieldset_eq(&again, &minus));
        assert_true(fieldset_from_node(&arena, fieldset_to_node(&arena, &all), &again));
        assert_true(fieldset_eq(&again, &all));
    }
}

/* --- for people --------------------------------------------------------------------------------
 */

static void paths_read_as_the_api_writes_them(void **state)
{
    struct node *item = node_map(&arena), *list = node_map(&arena);
    struct fieldset set;

    (void)state;
    expect_text("{'f:spec':{'f:interval':{}}}", ".spec.interval");
    expect_text("{'f:metadata':{'f:labels':{'f:fog/site':{}}}}", ".metadata.labels.fog/site");
    expect_text("{'f:a':{'v:7':{},'i:2':{}}}", ".a[2] .a[=7]");
    node_set(&arena, item, "f:path", node_map(&arena));
    node_set(&arena, list, "k:{\"port\":80,\"name\":\"raw\"}", item);
    node_set(&arena, list, "v:\"x\"", node_map(&arena));
    assert_true(fieldset_from_node(&arena, list, &set));
    assert_string_equal(field_path_to_text(&arena, &set.paths[0]), "[name=\"raw\",port=80].path");
    assert_string_equal(field_path_to_text(&arena, &set.paths[1]), "[=\"x\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_comes_back_from_its_form),
        cmocka_unit_test(items_come_back_from_their_form),
        cmocka_unit_test(a_neighbour_whose_name_begins_alike_stays_a_neighbour),
        cmocka_unit_test(what_is_no_form_is_refused),
        cmocka_unit_test(a_form_as_deep_as_a_tree_may_be_is_read_and_a_deeper_one_refused),
        cmocka_unit_test(a_root_that_owns_itself_is_an_empty_set),
        cmocka_unit_test(two_sets_combine),
        cmocka_unit_test(reaching_is_at_a_path_or_below_it),
        cmocka_unit_test(settling_sorts_and_keeps_each_path_once),
        cmocka_unit_test(operations_agree_on_random_sets),
        cmocka_unit_test(paths_read_as_the_api_writes_them),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
