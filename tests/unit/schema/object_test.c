/* Versions of objects: shared, copied, edited. */
#include "schema/object.h"

#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_session.h"
#include "tests/support/bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char rich[] = SESSION "    environment: {A: x, B: z}\n"
                                   "  requirements: [{field: labels.a, op: in, value: [x]}]\n"
                                   "status:\n"
                                   "  desired: 2\n"
                                   "  conditions: [{type: Converged, status: \"True\"}]\n";

static struct object *rich_object(void)
{
    struct object *object = bound_object(rich, BIND_STRICT);

    bound_expect("");
    return object;
}

static void a_new_object_is_empty_and_ours(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = object_new(&agent_kind);

    (void)state;
    assert_int_equal(object->refs, 1);
    assert_int_equal(object->meta.set, 0);
    assert_int_equal(agent_of(object)->set, 0);
    assert_null(harvest_session_of(object));
}

static void the_last_reference_frees(void **state)
{
    struct object *object = object_new(&agent_kind);

    (void)state;
    assert_ptr_equal(object_ref(object), object);
    object_unref(object);
    assert_int_equal(object->refs, 1);
    object_unref(object); /* the leak checker sees whether it is gone */
    object_unref(NULL);
}

static void an_edited_version_shares_nothing_with_the_old_one(void **state)
{
    struct object *before = rich_object();
    _cleanup_(object_unref_p)
    struct object *after = object_edit(before);
    const struct node *text = emit_object(&bound.arena, before, EMIT_ALL);

    (void)state;
    assert_int_equal(after->refs, 1);
    object_unref(before); /* the address checker sees whether anything still points there */
    assert_true(node_eq(text, emit_object(&bound.arena, after, EMIT_ALL)));
}

static void an_edit_leaves_the_old_version_as_it_was(void **state)
{
    _cleanup_(object_unref_p)
    struct object *before = rich_object();
    _cleanup_(object_unref_p)
    struct object *after = object_edit(before);
    struct harvest_session *body = after->body;
    const struct node *text = emit_object(&bound.arena, before, EMIT_ALL);

    (void)state;
    body->spec.workload.environment.items[0].value = "changed";
    body->status.conditions.items[0].status = CONDITION_FALSE;
    object_set_label(after, "new", "label");
    assert_true(node_eq(text, emit_object(&bound.arena, before, EMIT_ALL)));
}

static void a_condition_is_found_by_its_type(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = rich_object();
    const conditions_t *conditions = &harvest_session_of(object)->status.conditions;

    (void)state;
    assert_int_equal(condition_find(conditions, "Converged")->status, CONDITION_TRUE);
    assert_null(condition_find(conditions, "Ready"));
}

static void labels(const struct object *object, const char *expected)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < object->meta.labels.count; i++) {
        str_addf(&text, "%s=%s ", object->meta.labels.items[i].key,
                 object->meta.labels.items[i].value);
    }
    assert_string_equal(text.data, expected);
}

static void labels_stay_sorted_while_they_come_and_go(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = object_new(&agent_kind);

    (void)state;
    object_set_label(object, "b", "2");
    object_set_label(object, "a", "1");
    object_set_label(object, "c", "3");
    labels(object, "a=1 b=2 c=3 ");
    object_set_label(object, "b", "two");
    labels(object, "a=1 b=two c=3 ");
    object_set_label(object, "b", NULL);
    object_set_label(object, "absent", NULL);
    labels(object, "a=1 c=3 ");
    assert_true(shape_has(&meta_shape, &object->meta, &object->meta.labels));
    object_set_label(object, "a", NULL);
    object_set_label(object, "c", NULL);
    labels(object, "");
    assert_false(shape_has(&meta_shape, &object->meta, &object->meta.labels));
}

static void annotations_are_set_like_labels(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = object_new(&agent_kind);

    (void)state;
    object_set_annotation(object, "fog/note", "any text");
    assert_string_equal(strmap_find(&object->meta.annotations, "fog/note"), "any text");
    assert_int_equal(object->meta.labels.count, 0);
}

static void an_object_with_a_deletion_time_is_deleting(void **state)
{
    _cleanup_(object_unref_p)
    struct object *object = object_new(&agent_kind);

    (void)state;
    assert_false(object_is_deleting(object));
    shape_put(&meta_shape, &object->meta, deleted, ((struct wall){1000}));
    assert_true(object_is_deleting(object));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bound_begin, bound_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_object_is_empty_and_ours),
        TEST(the_last_reference_frees),
        TEST(an_edited_version_shares_nothing_with_the_old_one),
        TEST(an_edit_leaves_the_old_version_as_it_was),
        TEST(a_condition_is_found_by_its_type),
        TEST(labels_stay_sorted_while_they_come_and_go),
        TEST(annotations_are_set_like_labels),
        TEST(an_object_with_a_deletion_time_is_deleting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
