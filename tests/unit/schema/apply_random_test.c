/* Ownership: what holds for any object, from seeds. */
#include "schema/apply.h"
#include "schema/overlay.h"
#include "tests/support/camera.h"
#include "tests/support/ownership.h"
#include "tests/support/random_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 300, STEPS = 30 };

static struct rand dice;

/* --- small language ----------------------------------------------------------------------------
 */

static const struct kind *kind_of(uint64_t seed)
{
    uint64_t index = seed % (KIND_COUNT + 1);

    return index == KIND_COUNT ? &camera_kind : kinds[index];
}

/* Another configuration that shares values with `like`: each member of a map is taken from it, from
 * a fresh draw, or left out. */
static struct node *blend(struct arena *arena, const struct node *like, const struct node *fresh)
{
    struct node *map = node_map(arena);

    for (size_t i = 0; i < fresh->map.count; i++) {
        const struct node_member *member = &fresh->map.members[i];
        const struct node *other = node_find(like, member->key);
        bool is_fixed = str_eq(member->key, "name") || member->value->type == NODE_STR;

        if (other != NULL && other->type == NODE_MAP && member->value->type == NODE_MAP &&
            !str_eq(member->key, "workload") && !str_eq(member->key, "involvedObject")) {
            (void)node_append(arena, map, member->key, blend(arena, other, member->value));
        } else if (other != NULL && (is_fixed || rand_chance(&dice, 500))) {
            (void)node_append(arena, map, member->key, node_copy(arena, other));
        } else {
            (void)node_append(arena, map, member->key, node_copy(arena, member->value));
        }
    }
    return map;
}

static struct manager manager_at(const char *name, int64_t second)
{
    return (struct manager){
        .name = name, .source = SOURCE_API, .subresource = "", .now = {second * 1000}};
}

static bool apply(struct ownership *ownership, const char *name, const struct node *config,
                  bool force)
{
    struct manager manager = manager_at(name, 1000000 + ownership->steps++);
    struct apply_result result;

    ownership_apply_tree(ownership, &manager, config, force, &result);
    assert_int_equal(result.root == NULL, result.conflict_count > 0);
    return result.root != NULL;
}

/* All but ownership. */
static struct node *desired(struct ownership *ownership)
{
    struct node *root = node_copy(&ownership->arena, ownership->live);

    (void)node_remove(node_find(root, "metadata"), "managedFields");
    return root;
}

/* --- one manager -------------------------------------------------------------------------------
 */

static void the_same_configuration_twice_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct ownership object;
        const struct node *config, *before;

        rand_init_u64(&dice, seed);
        ownership_init(&object, kind_of(seed));
        object.binds = true;
        config = random_object_tree(&object.arena, &dice, object.kind, "x");
        assert_true(apply(&object, "a", config, false));
        before = object.live;
        assert_true(apply(&object, "a", config, false));
        assert_true(node_eq(object.live, before));
        ownership_fini(&object);
    }
}

static void the_second_configuration_leaves_nothing_of_the_first(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3 * SEEDS; seed++) {
        struct ownership object, fresh;
        struct node *first, *second;

        rand_init_u64(&dice, seed);
        ownership_init(&object, kind_of(seed));
        ownership_init(&fresh, kind_of(seed));
        object.binds = fresh.binds = true;
        first = random_object_tree(&object.arena, &dice, object.kind, "x");
        second =
            blend(&object.arena, first, random_object_tree(&object.arena, &dice, object.kind, "x"));
        assert_true(apply(&object, "a", first, false));
        assert_true(apply(&object, "a", second, false));
        assert_true(apply(&fresh, "a", second, false));
        if (!node_eq(desired(&object), desired(&fresh)) ||
            !node_eq(ownership_of(&object, "a", "Apply"), ownership_of(&fresh, "a", "Apply"))) {
            fail_msg("seed %llu: something of the first configuration is left",
                     (unsigned long long)seed);
        }
        ownership_fini(&object);
        ownership_fini(&fresh);
    }
}

/* --- several managers --------------------------------------------------------------------------
 */

/* Whatever is owned is there. */
static void expect_owned_paths_exist(struct ownership *object)
{
    const struct owned_scope scope = {.kind = object->kind};
    struct fieldset there = owned_paths(&object->arena, scope, object->live);
    const struct node *list = node_find_path(object->live, "metadata.managedFields");

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        struct fieldset owned;

        assert_true(
            fieldset_from_node(&object->arena, node_find(list->list.items[i], "fieldsV1"), &owned));
        assert_true(owned.count > 0);
        for (size_t j = 0; j < owned.count; j++) {
            assert_true(fieldset_reaches(&there, owned.paths[j].key, owned.paths[j].length));
        }
    }
}

/* What a manager applied has its values, and is in its set. */
static void expect_applied(struct ownership *object, const char *name, const struct node *config)
{
    const struct owned_scope scope = {.kind = object->kind};
    struct fieldset wanted = owned_paths(&object->arena, scope, config);
    struct fieldset there = owned_paths(&object->arena, scope, object->live);
    struct fieldset owned = {0};

    if (wanted.count > 0) {
        assert_true(
            fieldset_from_node(&object->arena, ownership_of(object, name, "Apply"), &owned));
    }
    assert_true(fieldset_eq(&owned, &wanted));
    for (size_t i = 0; i < wanted.count; i++) {
        const struct field_path *path = &wanted.paths[i];
        const struct field_path *found = fieldset_find(&there, path->key, path->length);

        if (found != NULL && found->value != NULL && path->value != NULL) {
            assert_true(field_value_eq(path->field, found->value, path->value));
        }
    }
}

static void update(struct ownership *object, const char *name, const struct node *next)
{
    struct manager manager = manager_at(name, 1000000 + object->steps++);

    object->live = apply_update(&object->arena, object->kind, object->live, next, &manager);
}

static void a_random_step(struct ownership *object, struct node **config)
{
    static const char *const names[] = {"a", "b", "c"};
    const char *name = names[rand_below(&dice, COUNT_OF(names))];
    bool force = rand_chance(&dice, 400);
    const struct node *before = object->live;

    *config = blend(&object->arena, *config,
                    random_object_tree(&object->arena, &dice, object->kind, "x"));
    if (object->live != NULL && rand_chance(&dice, 250)) {
        update(object, name, *config);
    } else if (apply(object, name, *config, force)) {
        expect_applied(object, name, *config);
        before = object->live;
        assert_true(apply(object, name, *config, false));
        assert_true(node_eq(object->live, before));
    } else {
        assert_false(force);
        assert_ptr_equal(object->live, before);
    }
}

static void managers_share_an_object_by_the_rules(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 3; seed++) {
        struct ownership object;
        struct node *config;

        rand_init_u64(&dice, seed);
        ownership_init(&object, kind_of(seed));
        config = random_object_tree(&object.arena, &dice, object.kind, "x");
        for (int step = 0; step < STEPS; step++) {
            a_random_step(&object, &config);
            if (object.live != NULL) {
                expect_owned_paths_exist(&object);
            }
        }
        ownership_fini(&object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_configuration_twice_changes_nothing),
        cmocka_unit_test(the_second_configuration_leaves_nothing_of_the_first),
        cmocka_unit_test(managers_share_an_object_by_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
