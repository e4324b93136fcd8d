/* Differences: what holds for any object.  Stories are in tests/golden/diff. */
#include "schema/diff.h"

#include "schema/bind.h"
#include "tests/support/camera.h"
#include "tests/support/quick_json.h"
#include "tests/support/random_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 200, ALL_PARTS = DIFF_META | DIFF_SPEC | DIFF_STATUS };

static struct arena arena;
static struct rand dice;

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

static struct object *bound(const struct kind *kind, const struct node *root)
{
    const unsigned flags = BIND_STRICT | BIND_NO_REQUIRED | BIND_NO_DEFAULTS;
    struct problems problems;
    struct object *object;

    problems_init(&problems, &arena, NULL);
    object = bind_object(kind, root, flags, &problems);
    assert_non_null(object);
    return object;
}

static struct object *camera(const char *json)
{
    return bound(&camera_kind, quick_json(&arena, json));
}

static struct differences differences_of(const struct object *before, const struct object *after,
                                         unsigned parts)
{
    struct differences found;

    diff_objects(&arena, before, after, parts, &found);
    assert_int_equal(diff_is_empty(before, after, parts), found.count == 0);
    return found;
}

/* The paths of the differences with their signs, separated by blanks. */
static void expect_differences(const char *before, const char *after, unsigned parts,
                               const char *expected)
{
    static const char *const signs[] = {"+", "-", "~"};
    struct object *old = before == NULL ? NULL : camera(before);
    struct object *new = after == NULL ? NULL : camera(after);
    struct differences found = differences_of(old, new, parts);
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < found.count; i++) {
        str_addf(&text, "%s%s%s", i > 0 ? " " : "", signs[found.items[i].op], found.items[i].path);
    }
    assert_string_equal(text.data, expected);
    str_fini(&text);
    object_unref(old);
    object_unref(new);
}

/* Takes away a member somewhere, or turns a list around. */
static void damage(struct node *node)
{
    while (node->type == NODE_MAP && node->map.count > 0) {
        struct node_member *member = &node->map.members[rand_below(&dice, node->map.count)];

        if (str_eq(member->key, "name") || str_eq(member->key, "metadata")) {
            return;
        }
        if (rand_chance(&dice, 300)) {
            (void)node_remove(node, member->key);
            return;
        }
        node = member->value;
    }
    if (node->type == NODE_LIST && node->list.count > 1) {
        struct node *first = node->list.items[0];

        node->list.items[0] = node->list.items[node->list.count - 1];
        node->list.items[node->list.count - 1] = first;
    }
}

/* --- any object --------------------------------------------------------------------------------
 */

static void nothing_differs_from_itself(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        const struct node *root;
        struct object *a, *b;

        rand_init_u64(&dice, seed);
        root = random_object_tree(&arena, &dice, kind, "x");
        a = bound(kind, root);
        b = bound(kind, root);
        assert_int_equal(differences_of(a, a, ALL_PARTS).count, 0);
        assert_int_equal(differences_of(a, b, ALL_PARTS).count, 0);
        object_unref(a);
        object_unref(b);
    }
}

/* One way is the other way around. */
static void expect_mirrored(const struct differences *there, const struct differences *back)
{
    size_t adds = 0, removes = 0;

    assert_int_equal(there->count, back->count);
    for (size_t i = 0; i < there->count; i++) {
        adds += there->items[i].op == DIFF_ADD ? 1 : 0;
        removes += back->items[i].op == DIFF_REMOVE ? 1 : 0;
    }
    assert_int_equal(adds, removes);
}

static void both_ways_of_asking_agree_on_random_pairs(void **state)
{
    size_t empty = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 5 * SEEDS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        struct node *before, *after;
        struct differences there, back;
        struct object *a, *b;

        rand_init_u64(&dice, seed);
        before = random_object_tree(&arena, &dice, kind, "x");
        after = node_copy(&arena, before);
        for (int i = 0; i < 4; i++) {
            damage(after);
        }
        a = bound(kind, before);
        b = bound(kind, after);
        there = differences_of(a, b, ALL_PARTS);
        back = differences_of(b, a, ALL_PARTS);
        expect_mirrored(&there, &back);
        empty += there.count == 0 ? 1 : 0;
        object_unref(a);
        object_unref(b);
    }
    /* The damage is of both sorts: that counts, and that does not. */
    assert_in_range(empty, SEEDS / 10, 4 * SEEDS);
}

static void what_is_created_or_deleted_differs_in_every_leaf(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        struct differences created, deleted;
        struct object *a;

        rand_init_u64(&dice, seed);
        a = bound(kind, random_object_tree(&arena, &dice, kind, "x"));
        created = differences_of(NULL, a, ALL_PARTS);
        deleted = differences_of(a, NULL, ALL_PARTS);
        expect_mirrored(&created, &deleted);
        for (size_t i = 0; i < created.count; i++) {
            assert_null(created.items[i].before);
            assert_string_equal(created.items[i].path, deleted.items[i].path);
        }
        object_unref(a);
    }
    assert_int_equal(differences_of(NULL, NULL, ALL_PARTS).count, 0);
}

/* --- one rule at a time ------------------------------------------------------------------------
 */

static void only_the_parts_asked_for_are_compared(void **state)
{
    const char *before = "{'metadata':{'name':'c','labels':{'a':'1'}},'spec':{'retries':1},"
                         "'status':{'phase':'On'}}";
    const char *after = "{'metadata':{'name':'c','labels':{'a':'2'}},'spec':{'retries':2},"
                        "'status':{'phase':'Off'}}";

    (void)state;
    expect_differences(before, after, DIFF_META, "~metadata.labels.a");
    expect_differences(before, after, DIFF_SPEC, "~spec.retries");
    expect_differences(before, after, DIFF_STATUS, "~status.phase");
    expect_differences(before, after, 0, "");
}

static void metadata_that_the_server_writes_is_no_difference(void **state)
{
    (void)state;
    expect_differences("{'metadata':{'name':'c','resourceVersion':'1','generation':1}}",
                       "{'metadata':{'name':'c','resourceVersion':'2','generation':2,'finalizers':"
                       "['fog/x']}}",
                       ALL_PARTS, "");
}

static void differences_come_in_the_order_of_the_table(void **state)
{
    (void)state;
    expect_differences("{'spec':{'command':['a'],'policy':'p','interval':'1s'}}",
                       "{'spec':{'command':['b'],'policy':'q','interval':'2s','retries':1}}",
                       ALL_PARTS, "~spec.interval +spec.retries ~spec.policy ~spec.command");
}

static void items_are_compared_by_their_key(void **state)
{
    (void)state;
    expect_differences("{'spec':{'outputs':[{'name':'a','path':'p'},{'name':'b','path':'q'},"
                       "{'name':'c'}]}}",
                       "{'spec':{'outputs':[{'name':'d'},{'name':'c'},{'name':'a','path':'r'}]}}",
                       ALL_PARTS,
                       "~spec.outputs[name=a].path -spec.outputs[name=b] +spec.outputs[name=d]");
}

static void a_set_is_compared_as_a_whole_whatever_its_order(void **state)
{
    (void)state;
    expect_differences("{'spec':{'tags':['a','b']}}", "{'spec':{'tags':['b','a']}}", ALL_PARTS, "");
    expect_differences("{'spec':{'tags':['a','b']}}", "{'spec':{'tags':['b','c']}}", ALL_PARTS,
                       "~spec.tags");
    expect_differences("{'spec':{'tags':['a']}}", "{'spec':{'tags':['a','b']}}", ALL_PARTS,
                       "~spec.tags");
}

static void other_lists_have_an_order(void **state)
{
    (void)state;
    expect_differences("{'spec':{'command':['a','b']}}", "{'spec':{'command':['b','a']}}",
                       ALL_PARTS, "~spec.command");
}

static void absent_and_empty_differ(void **state)
{
    (void)state;
    expect_differences("{'spec':{}}", "{'spec':{'environment':{},'outputs':[],'battery':{}}}",
                       ALL_PARTS, "+spec.environment +spec.outputs +spec.battery");
    expect_differences("{'spec':{'environment':{}}}", "{'spec':{'environment':{'A':'1'}}}",
                       ALL_PARTS, "+spec.environment.A");
    expect_differences("{'spec':{'environment':{'A':'1'}}}", "{'spec':{}}", ALL_PARTS,
                       "-spec.environment.A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_differs_from_itself),
        cmocka_unit_test(both_ways_of_asking_agree_on_random_pairs),
        cmocka_unit_test(what_is_created_or_deleted_differs_in_every_leaf),
        cmocka_unit_test(only_the_parts_asked_for_are_compared),
        cmocka_unit_test(metadata_that_the_server_writes_is_no_difference),
        cmocka_unit_test(differences_come_in_the_order_of_the_table),
        cmocka_unit_test(items_are_compared_by_their_key),
        cmocka_unit_test(a_set_is_compared_as_a_whole_whatever_its_order),
        cmocka_unit_test(other_lists_have_an_order),
        cmocka_unit_test(absent_and_empty_differ),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
