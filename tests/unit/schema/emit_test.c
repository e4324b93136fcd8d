/* Objects to trees and back. */
#include "schema/emit.h"

#include "schema/base/rand.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/json.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_session.h"
#include "tests/support/random_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 300 };

struct world {
    struct arena arena;
    struct problems problems;
};

static int begin(void **state)
{
    struct world *world = MEM_NEW(struct world);

    arena_init(&world->arena);
    problems_init(&world->problems, &world->arena, NULL);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    arena_fini(&world->arena);
    free(world);
    return 0;
}

static void show_problems(const struct problems *problems)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    problems_print(problems, &text);
    if (problems->count > 0) {
        print_error("%s", text.data);
    }
}

static struct object *bound(struct world *world, const struct node *root)
{
    struct object *object;
    const struct kind *kind = bind_kind(root, &world->problems);

    assert_non_null(kind);
    object = bind_object(kind, root, BIND_STRICT, &world->problems);
    show_problems(&world->problems);
    assert_non_null(object);
    assert_int_equal(world->problems.count, 0);
    return object;
}

static struct object *given(struct world *world, const char *json)
{
    struct node *root;

    assert_int_equal(json_parse(&world->arena, json, strlen(json), 0, &world->problems, &root), 0);
    return bound(world, root);
}

/* Is everything in `part` also in `whole`? */
static bool contains(const struct node *whole, const struct node *part)
{
    if (part->type != NODE_MAP) {
        if (part->type == NODE_LIST && whole->type == NODE_LIST &&
            part->list.count == whole->list.count) {
            for (size_t i = 0; i < part->list.count; i++) {
                if (!contains(whole->list.items[i], part->list.items[i])) {
                    return false;
                }
            }
            return true;
        }
        return node_eq(whole, part);
    }
    for (size_t i = 0; i < part->map.count; i++) {
        const struct node *other = node_find(whole, part->map.members[i].key);

        if (other == NULL || !contains(other, part->map.members[i].value)) {
            print_error("lost: %s\n", part->map.members[i].key);
            return false;
        }
    }
    return true;
}

static void round_trip(struct world *world, const struct node *root)
{
    _cleanup_(object_unref_p)
    struct object *first = bound(world, root);
    struct node *text = emit_object(&world->arena, first, EMIT_ALL);
    _cleanup_(object_unref_p)
    struct object *second = bound(world, text);
    _cleanup_(object_unref_p)
    struct object *copy = object_edit(first);

    check_semantic(first, NULL, root, NULL, &world->problems);
    show_problems(&world->problems);
    assert_int_equal(world->problems.count, 0);
    assert_true(contains(text, root));
    assert_true(node_eq(text, emit_object(&world->arena, second, EMIT_ALL)));
    assert_true(node_eq(text, emit_object(&world->arena, copy, EMIT_ALL)));
}

static void what_is_emitted_binds_to_the_same_object(void **state)
{
    struct world *world = *state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (enum kind_id id = 0; id < KIND_COUNT; id++) {
            struct rand rand;

            rand_init_u64(&rand, seed);
            round_trip(world, random_object_tree(&world->arena, &rand, kind_get(id), "x"));
        }
        arena_reset(&world->arena);
        problems_init(&world->problems, &world->arena, NULL);
    }
}

#define SESSION                                                                                    \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"render\","    \
    "\"labels\":{\"b\":\"2\",\"a.b/c\":\"1\"},\"resourceVersion\":\"7\",\"managedFields\":[{"      \
    "\"manager\":\"me\"}]},\"spec\":{\"workload\":{\"command\":[\"true\"]}},"                      \
    "\"status\":{\"desired\":2,\"conditions\":[{\"type\":\"Converged\",\"status\":\"False\","      \
    "\"reason\":\"NoAgent\"}]}}"

static void the_ledger_keeps_no_revision_and_no_status(void **state)
{
    struct world *world = *state;
    _cleanup_(object_unref_p)
    struct object *object = given(world, SESSION);
    const struct node *root = emit_object(&world->arena, object, EMIT_LEDGER);

    assert_non_null(node_find_path(root, "metadata.managedFields"));
    assert_non_null(node_find_path(root, "spec.workload"));
    assert_null(node_find_path(root, "metadata.resourceVersion"));
    assert_null(node_find(root, "status"));
}

static void a_path_leads_to_the_text_of_a_scalar(void **state)
{
    struct world *world = *state;
    _cleanup_(object_unref_p)
    struct object *object = given(world, SESSION);
    static const struct {
        const char *path, *text;
    } rows[] = {
        {"kind", "HarvestSession"},
        {"metadata.name", "render"},
        {"metadata.resourceVersion", "7"},
        {"metadata.labels.a.b/c", "1"},
        {"metadata.labels.absent", NULL},
        {"metadata.namespace", NULL},
        {"spec.replicas", NULL},
        {"spec.grace", "10s"},
        {"spec.workload.resources.cores", "100m"},
        {"spec.workload.restart", "onFailure"},
        {"spec.rollout.pause", "false"},
        {"status.desired", "2"},
        {"status.conditions[Converged].status", "False"},
        {"status.conditions[Converged].reason", "NoAgent"},
        {"status.conditions[Converged].message", NULL},
        {"status.conditions[Other].status", NULL},
        {"status.conditions[Converged", NULL},
        {"status.conditions", NULL},
        {"status.conditions.status", NULL},
        {"spec", NULL},
        {"spec.", NULL},
        {"", NULL},
        {".", NULL},
        {"spec.workload.command", NULL},
        {"spec[x].grace", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *text = emit_path_text(&world->arena, object, rows[i].path);

        if (!str_eq(text, rows[i].text) || (text == NULL) != (rows[i].text == NULL)) {
            fail_msg("%s is %s", rows[i].path, text == NULL ? "absent" : text);
        }
    }
}

static void every_column_leads_to_a_field(void **state)
{
    struct world *world = *state;

    /* A path that no table knows would be absent in every one of many objects. */
    for (enum kind_id id = 0; id < KIND_COUNT; id++) {
        const struct kind *kind = kind_get(id);

        for (size_t c = 0; c < kind->column_count; c++) {
            bool is_found = str_eq(kind->columns[c].path, "involvedObject") ||
                            strchr(kind->columns[c].path, '[') != NULL;

            for (uint64_t seed = 0; seed < 40 && !is_found; seed++) {
                struct rand rand;
                _cleanup_(object_unref_p)
                struct object *object = NULL;

                rand_init_u64(&rand, seed);
                object = bound(world, random_object_tree(&world->arena, &rand, kind, "x"));
                is_found = emit_path_text(&world->arena, object, kind->columns[c].path) != NULL;
            }
            if (!is_found) {
                fail_msg("%s: %s", kind->name, kind->columns[c].path);
            }
        }
    }
}

static void canonical_json_is_sorted(void **state)
{
    struct world *world = *state;
    _cleanup_(object_unref_p)
    struct object *object = given(world, SESSION);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    emit_shape_json(&workload_shape, &harvest_session_of(object)->spec.workload, &text);
    assert_string_equal(text.data, "{\"command\":[\"true\"],\"resources\":{\"cores\":\"100m\"},"
                                   "\"restart\":\"onFailure\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_emitted_binds_to_the_same_object, begin, end),
        cmocka_unit_test_setup_teardown(the_ledger_keeps_no_revision_and_no_status, begin, end),
        cmocka_unit_test_setup_teardown(a_path_leads_to_the_text_of_a_scalar, begin, end),
        cmocka_unit_test_setup_teardown(every_column_leads_to_a_field, begin, end),
        cmocka_unit_test_setup_teardown(canonical_json_is_sorted, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
