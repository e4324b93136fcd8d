/* The tables themselves, and finding things in them. */
#include "schema/kind.h"

#include "schema/base/arena.h"
#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/workload.h"
#include "schema/object.h"
#include "schema/scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- every shape, every row ------------------------------------------------------------------- */

typedef void (*row_rule)(const struct shape *shape, const struct field *field);

static void each_row(const struct shape *shape, row_rule rule)
{
    for (size_t i = 0; i < shape->count; i++) {
        rule(shape, &shape->fields[i]);
        if (shape->fields[i].shape != NULL) {
            each_row(shape->fields[i].shape, rule);
        }
    }
}

static void every_row(row_rule rule)
{
    for (enum kind_id id = 0; id < KIND_COUNT; id++) {
        each_row(kind_get(id)->shape, rule);
    }
    each_row(&meta_shape, rule);
    each_row(&template_shape, rule);
}

static void has_a_place_of_its_own(const struct shape *shape, const struct field *field)
{
    assert_true(shape->count <= 64);
    assert_true(field->offset >= sizeof(uint64_t));
    assert_true(field->offset + field_size(field) <= shape->size_bytes);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *other = &shape->fields[i];

        if (other != field &&
            (str_eq(other->name, field->name) || other->offset == field->offset)) {
            fail_msg("%s: %s and %s", shape->name, field->name, other->name);
        }
    }
}

static void rows_have_places_of_their_own(void **state)
{
    (void)state;
    every_row(has_a_place_of_its_own);
}

static void has_a_sentence(const struct shape *shape, const struct field *field)
{
    if (str_is_empty(field->doc) || str_ends(field->doc, ".") || strchr(field->doc, '\n')) {
        fail_msg("%s.%s", shape->name, field->name);
    }
}

static void every_row_is_documented_in_one_sentence(void **state)
{
    (void)state;
    every_row(has_a_sentence);
}

static void has_a_default_within_its_bounds(const struct shape *shape, const struct field *field)
{
    _cleanup_(arena_fini)
    struct arena arena;
    int64_t value[2] = {0};

    arena_init(&arena);
    if (field->fallback == NULL) {
        return;
    }
    assert_false(field->flags & FIELD_REQUIRED);
    if (!scalar_from_text(&arena, field, field->type, field->fallback, value) ||
        !str_eq(scalar_to_text(&arena, field, field->type, value), field->fallback)) {
        fail_msg("%s.%s: %s is not canonical", shape->name, field->name, field->fallback);
    }
    if (field->type == FIELD_INT || field->type == FIELD_DURATION || field->type == FIELD_CORES) {
        assert_true(value[0] >= field->min);
        assert_true(field->max == 0 || value[0] <= field->max);
    }
}

static void defaults_are_canonical_and_within_bounds(void **state)
{
    (void)state;
    every_row(has_a_default_within_its_bounds);
}

static void refers_to_what_exists(const struct shape *shape, const struct field *field)
{
    (void)shape;
    if (field->reference != NULL) {
        assert_int_equal(field->type, FIELD_NAME);
        assert_non_null(kind_find("fog/v1", field->reference));
    }
    if (field->map_key != NULL) {
        assert_int_equal(field->type, FIELD_LIST);
        assert_int_equal(shape_find(field->shape, field->map_key)->type, FIELD_STR);
    }
    if (field->type == FIELD_ENUM || (field->type == FIELD_LIST && field->item == FIELD_ENUM)) {
        assert_non_null(field->words);
    }
    if (field->type == FIELD_STRUCT) {
        assert_non_null(field->shape);
    }
    if (field->flags & FIELD_IMMUTABLE) {
        assert_true(field_type_is_scalar(field->type));
    }
}

static void rows_refer_to_what_exists(void **state)
{
    (void)state;
    every_row(refers_to_what_exists);
}

static void may_be_absent(const struct shape *shape, const struct field *field)
{
    (void)shape;
    assert_null(field->fallback);
}

static void nothing_in_a_status_or_in_resolved_limits_has_a_default(void **state)
{
    (void)state;
    each_row(&agent_status_shape, may_be_absent);
    each_row(&harvest_session_status_shape, may_be_absent);
    each_row(&assignment_status_shape, may_be_absent);
    each_row(shape_find(&template_shape, "limits")->shape, may_be_absent);
}

/* --- finding kinds ---------------------------------------------------------------------------- */

static void a_kind_is_found_by_its_names(void **state)
{
    (void)state;
    for (enum kind_id id = 0; id < KIND_COUNT; id++) {
        const struct kind *kind = kind_get(id);

        assert_ptr_equal(kind_find(kind->api_version, kind->name), kind);
        assert_ptr_equal(kind_find_plural(kind->group, kind->plural), kind);
        assert_ptr_equal(kind_find_word(kind->plural), kind);
        assert_ptr_equal(kind_find_word(kind->singular), kind);
        assert_ptr_equal(kind_find_word(kind->name), kind);
        assert_ptr_equal(kind_find_word(kind->short_names[0]), kind);
    }
    assert_null(kind_find("v1", "Agent"));
    assert_null(kind_find("fog/v1", "agent"));
    assert_null(kind_find_plural("", "agents"));
    assert_null(kind_find_plural("fog", "events"));
}

static void a_word_may_name_the_group_and_the_version(void **state)
{
    (void)state;
    assert_ptr_equal(kind_find_word("hs.fog"), &harvest_session_kind);
    assert_ptr_equal(kind_find_word("HarvestSessions.FOG"), &harvest_session_kind);
    assert_ptr_equal(kind_find_word("harvestsession.v1.fog"), &harvest_session_kind);
    assert_null(kind_find_word("hs.dew"));
    assert_null(kind_find_word("hs."));
    assert_null(kind_find_word("events.fog"));
    assert_null(kind_find_word(".fog"));
    assert_null(kind_find_word(""));
    assert_null(kind_find_word(NULL));
    assert_null(kind_find_word("harvest"));
}

static void no_word_names_two_kinds(void **state)
{
    (void)state;
    for (enum kind_id a = 0; a < KIND_COUNT; a++) {
        for (const char *const *word = kind_get(a)->short_names; *word != NULL; word++) {
            assert_ptr_equal(kind_find_word(*word), kind_get(a));
        }
    }
}

/* --- members ---------------------------------------------------------------------------------- */

static void a_member_that_is_put_is_present(void **state)
{
    struct assignment_status status = {0};

    (void)state;
    assert_false(shape_has(&assignment_status_shape, &status, &status.restarts));
    shape_put(&assignment_status_shape, &status, restarts, 3);
    assert_true(shape_has(&assignment_status_shape, &status, &status.restarts));
    assert_false(shape_has(&assignment_status_shape, &status, &status.failures));
    assert_int_equal(status.restarts, 3);
    shape_remove(&assignment_status_shape, &status, &status.restarts);
    assert_int_equal(status.set, 0);
    assert_int_equal(status.restarts, 0);
}

static void a_map_is_searched_by_key(void **state)
{
    struct strpair pairs[] = {{"a", "1"}, {"b", "2"}, {"d", "4"}};
    struct strmap map = {pairs, COUNT_OF(pairs)};
    struct strmap none = {0};

    (void)state;
    assert_string_equal(strmap_find(&map, "a"), "1");
    assert_string_equal(strmap_find(&map, "b"), "2");
    assert_string_equal(strmap_find(&map, "d"), "4");
    assert_null(strmap_find(&map, "c"));
    assert_null(strmap_find(&map, ""));
    assert_null(strmap_find(&map, "e"));
    assert_null(strmap_find(&none, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_places_of_their_own),
        cmocka_unit_test(every_row_is_documented_in_one_sentence),
        cmocka_unit_test(defaults_are_canonical_and_within_bounds),
        cmocka_unit_test(rows_refer_to_what_exists),
        cmocka_unit_test(nothing_in_a_status_or_in_resolved_limits_has_a_default),
        cmocka_unit_test(a_kind_is_found_by_its_names),
        cmocka_unit_test(a_word_may_name_the_group_and_the_version),
        cmocka_unit_test(no_word_names_two_kinds),
        cmocka_unit_test(a_member_that_is_put_is_present),
        cmocka_unit_test(a_map_is_searched_by_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
