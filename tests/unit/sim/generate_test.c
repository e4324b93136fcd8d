/* What the simulator's operators write, by the thousand: everything that is drawn is accepted and
 * comes back as it was, and each thing that is wrong is refused by its name. */
#include "tests/sim/generate.h"

#include "schema/base/map.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/diff.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/patch.h"
#include "schema/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { DRAWS = 1200, SPOILS = 4000, PLACES_MAX = 400, ALL_PARTS = DIFF_META | DIFF_SPEC };

static const char *const references[] = {"p-0", "p-1", NULL};

static struct arena arena;
static struct die die;
static struct generator generator;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    generator = (struct generator){.arena = &arena, .die = &die, .references = references};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct node *drawn(const struct kind *kind, uint64_t seed)
{
    die_init(&die, seed);
    generator.present_per_mille = (unsigned)die_below(&die, 5) * 250;
    return generate_object(&generator, kind, "x");
}

static bool has_reference(const void *context, const struct kind *kind, const char *name)
{
    (void)context;
    return kind->id == KIND_HARVEST_POLICY && (str_eq(name, "p-0") || str_eq(name, "p-1"));
}

/* NULL when something is wrong, which is then in `problems`. */
static struct object *checked(const struct kind *kind, const struct node *root,
                              struct problems *problems)
{
    const struct check_scope scope = {.has = has_reference};
    struct object *object;

    problems_init(problems, &arena, NULL);
    object = bind_object(kind, root, BIND_STRICT, problems);
    if (object != NULL) {
        check_semantic(object, NULL, root, &scope, problems);
    }
    if (problems->errors > 0) {
        object_unref(object);
        return NULL;
    }
    return object;
}

static void tell(const struct node *root, const struct problems *problems)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    problems_print(problems, &text);
    json_emit(root, JSON_PLAIN, &text);
    print_error("%s\n", text.data);
}

static struct object *accepted(const struct kind *kind, const struct node *root)
{
    struct problems problems;
    struct object *object = checked(kind, root, &problems);

    if (object == NULL || problems.count > 0) {
        tell(root, &problems);
    }
    assert_non_null(object);
    assert_int_equal(problems.count, 0);
    return object;
}

/* --- accepted --------------------------------------------------------------------------------- */

static struct node *through_json(const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct node *read = NULL;

    json_emit(root, JSON_PLAIN, &text);
    problems_init(&problems, &arena, NULL);
    assert_int_equal(json_parse(&arena, text.data, text.length, JSON_PLAIN, &problems, &read), 0);
    return read;
}

static struct node *through_yaml(const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct documents documents;

    yaml_emit(root, &text);
    problems_init(&problems, &arena, NULL);
    assert_int_equal(yaml_parse(&arena, text.data, text.length, &problems, &documents), 0);
    assert_int_equal(documents.count, 1);
    return documents.items[0];
}

static void what_is_drawn_is_accepted_and_comes_back_as_it_was(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        const struct node *root = drawn(kind, seed);
        struct object *first = accepted(kind, root);
        const struct node *text = emit_object(&arena, first, EMIT_ALL);
        const struct node *ways[] = {text, through_json(root), through_yaml(root),
                                     through_yaml(text)};

        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            struct object *again = accepted(kind, ways[i]);

            assert_true(diff_is_empty(first, again, ALL_PARTS));
            assert_true(node_eq(text, emit_object(&arena, again, EMIT_ALL)));
            object_unref(again);
        }
        assert_true(diff_is_empty(first, first, ALL_PARTS));
        object_unref(first);
        arena_reset(&arena);
    }
}

/* The merge patch that leads from one tree to another. */
static struct node *patch_between(const struct node *from, const struct node *to)
{
    struct node *patch = node_map(&arena);

    for (size_t i = 0; i < from->map.count; i++) {
        if (node_find(to, from->map.members[i].key) == NULL) {
            node_set(&arena, patch, from->map.members[i].key, node_null(&arena));
        }
    }
    for (size_t i = 0; i < to->map.count; i++) {
        const char *key = to->map.members[i].key;
        const struct node *was = node_find(from, key), *is = to->map.members[i].value;

        if (was != NULL && was->type == NODE_MAP && is->type == NODE_MAP) {
            node_set(&arena, patch, key, patch_between(was, is));
        } else if (was == NULL || !node_eq(was, is)) {
            node_set(&arena, patch, key, node_copy(&arena, is));
        }
    }
    return patch;
}

static void a_patch_of_what_differs_leads_from_one_to_the_other(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        struct object *a = accepted(kind, drawn(kind, seed));
        struct object *b = accepted(kind, drawn(kind, seed + DRAWS)), *c;
        const struct node *from = emit_object(&arena, a, EMIT_LEDGER);
        const struct node *to = emit_object(&arena, b, EMIT_LEDGER);
        struct differences there, back;

        c = accepted(kind, patch_merge(&arena, from, patch_between(from, to)));
        assert_true(node_eq(emit_object(&arena, c, EMIT_LEDGER), to));
        diff_objects(&arena, b, c, ALL_PARTS, &there);
        assert_int_equal(there.count, 0);
        diff_objects(&arena, a, b, ALL_PARTS, &there);
        diff_objects(&arena, b, a, ALL_PARTS, &back);
        assert_int_equal(there.count, back.count);
        assert_int_equal(there.count == 0, diff_is_empty(a, b, ALL_PARTS));
        object_unref(a);
        object_unref(b);
        object_unref(c);
        arena_reset(&arena);
    }
}

/* --- refused ---------------------------------------------------------------------------------- */

static bool is_named(const struct problems *problems, const char *path)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (problems->items[i].severity == PROBLEM_ERROR && str_eq(problems->items[i].path, path)) {
            return true;
        }
    }
    return false;
}

static void what_is_spoiled_is_refused_by_name(void **state)
{
    static const enum kind_id written[] = {KIND_HARVEST_SESSION, KIND_HARVEST_POLICY, KIND_AGENT,
                                           KIND_ASSIGNMENT, KIND_EVENT};
    struct map seen;

    (void)state;
    map_init(&seen);
    for (uint64_t seed = 0; seed < SPOILS; seed++) {
        const struct kind *kind = kind_get(written[seed % COUNT_OF(written)]);
        struct node *root = drawn(kind, seed);
        struct problems problems;
        const char *path = NULL, *words = generate_spoil(&generator, kind, root, &path);
        struct object *object = checked(kind, root, &problems);

        if (object != NULL || !is_named(&problems, path)) {
            print_error("%s at %s is not refused by that name\n", words, path);
            tell(root, &problems);
        }
        assert_null(object);
        assert_true(is_named(&problems, path));
        (void)map_put(&seen, words, &seen);
        arena_reset(&arena);
    }
    assert_int_equal(seen.count, 12 + 15); /* ways and rules */
    map_fini(&seen);
}

/* --- everything is tried ---------------------------------------------------------------------- */

struct place {
    const struct field *field;
    unsigned with, without, lowest, highest;
};

static struct place places[PLACES_MAX];
static size_t place_count;

static struct place *place_of(const struct field *field)
{
    for (size_t i = 0; i < place_count; i++) {
        if (places[i].field == field) {
            return &places[i];
        }
    }
    assert_true(place_count < PLACES_MAX);
    places[place_count].field = field;
    return &places[place_count++];
}

static void look_at(const struct shape *shape, const void *of)
{
    for (unsigned i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const char *member = (const char *)of + field->offset;
        struct place *place = place_of(field);
        int64_t number = 0;

        if (!is_set(*(const uint64_t *)of, i)) {
            place->without++;
            continue;
        }
        place->with++;
        if (field->type == FIELD_INT || field->type == FIELD_DURATION) {
            number = *(const int64_t *)(const void *)member;
            place->lowest += number == field->min;
            place->highest += number == field->max;
        } else if (field->type == FIELD_STRUCT) {
            look_at(field->shape, member);
        } else if (field->type == FIELD_LIST && field->shape != NULL) {
            const struct any_list *list = (const void *)member;

            for (size_t k = 0; k < list->count; k++) {
                look_at(field->shape, (const char *)list->items + k * field->shape->size_bytes);
            }
        }
    }
}

static void every_field_is_there_and_not_there_and_at_its_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3 * DRAWS; seed++) {
        const struct kind *kind = kinds[seed % KIND_COUNT];
        struct problems problems;
        struct object *object;

        problems_init(&problems, &arena, NULL);
        object = bind_object(kind, drawn(kind, seed), BIND_NO_DEFAULTS, &problems);
        assert_non_null(object);
        look_at(kind->shape, object->body);
        object_unref(object);
        arena_reset(&arena);
    }
    for (size_t i = 0; i < place_count; i++) {
        const struct field *field = places[i].field;
        bool is_number = (field->type == FIELD_INT || field->type == FIELD_DURATION) &&
                         !str_ends(field->name, "Celsius"); /* which bound one another */
        bool is_theirs = (field->flags & (FIELD_IS_STATUS | FIELD_SERVER)) != 0;

        if (places[i].with == 0 && !is_theirs) {
            fail_msg("%s was never given", field->name);
        }
        if (places[i].without == 0 && !(field->flags & FIELD_REQUIRED)) {
            fail_msg("%s was never left out", field->name);
        }
        if (is_number && (places[i].lowest == 0 || (places[i].highest == 0 && field->max != 0))) {
            fail_msg("%s was never at both of its bounds", field->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_drawn_is_accepted_and_comes_back_as_it_was, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_patch_of_what_differs_leads_from_one_to_the_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_spoiled_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_field_is_there_and_not_there_and_at_its_bounds,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
