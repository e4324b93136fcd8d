/* The model: links between objects, whatever the order they come in, forwards and backwards. */
#include "controller/core/model.h"

#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/limits.h"
#include "schema/problem.h"
#include "schema/wire/wire.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static struct model model;
static char template_text[DIGEST_TEXT_SIZE];

static int set_up(void **state)
{
    struct template template = {0};
    struct problems problems;

    (void)state;
    arena_init(&arena);
    model_init(&model);
    problems_init(&problems, &arena, NULL);
    assert_true(bind_shape(
        &arena, &template_shape,
        quick_json(&arena, "{'workload': {'command': ['x'], 'resources': {'cores': '500m',"
                           "'memory': '1Mi', 'disk': '2Mi'}}}"),
        "", BIND_TRUSTED, &problems, &template));
    memcpy(template_text, model_template(&model, &template)->text, sizeof(template_text));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    model_fini(&model);
    arena_fini(&arena);
    return 0;
}

/* --- given ------------------------------------------------------------------------------------ */

static struct object *bound(const struct kind *kind, const char *text)
{
    struct problems problems;
    struct object *object;

    problems_init(&problems, &arena, NULL);
    object = bind_object(kind, quick_json(&arena, text), BIND_TRUSTED, &problems);
    assert_non_null(object);
    return object;
}

static struct agent_entry *put_agent(const char *name)
{
    (void)model_set(
        &model, &agent_kind, name,
        bound(&agent_kind,
              arena_printf(&arena, "{'metadata': {'name': '%s', 'uid': 'uid-%s'}}", name, name)));
    return model_agent(&model, name);
}

static struct session_entry *put_session(const char *name, const char *uid, const char *policy)
{
    (void)model_set(
        &model, &harvest_session_kind, name,
        bound(&harvest_session_kind,
              arena_printf(&arena,
                           "{'metadata': {'name': '%s', 'uid': '%s'}, 'spec': {%s%s%s'workload':"
                           "{'command': ['x']}}}",
                           name, uid, policy == NULL ? "" : "'policy': '",
                           policy == NULL ? "" : policy, policy == NULL ? "" : "', ")));
    return model_session(&model, name);
}

static struct policy_entry *put_policy(const char *name)
{
    (void)model_set(
        &model, &harvest_policy_kind, name,
        bound(&harvest_policy_kind, arena_printf(&arena, "{'metadata': {'name': '%s'}}", name)));
    return model_policy(&model, name);
}

static struct object *assignment(const char *name, const char *agent, const char *session,
                                 int generation)
{
    return bound(&assignment_kind,
                 arena_printf(&arena,
                              "{'metadata': {'name': '%s', 'uid': 'uid-%s', 'generation': %d},"
                              "'spec': {'agent': '%s', 'session': '%s', 'sessionUid': 'uid-%s',"
                              "'slot': '0', 'template': '%s'}}",
                              name, name, generation, agent, session, session, template_text));
}

static struct assignment_entry *put_assignment(const char *name, const char *agent,
                                               const char *session, int generation)
{
    (void)model_set(&model, &assignment_kind, name, assignment(name, agent, session, generation));
    return model_assignment(&model, name);
}

static void put_conflict(const char *name, const char *object)
{
    (void)model_set(
        &model, &conflict_kind, name,
        bound(&conflict_kind, arena_printf(&arena,
                                           "{'metadata': {'name': '%s'}, 'spec': {'object': '%s',"
                                           "'field': '.spec', 'owner': 'ann', 'ownerSource': 'api',"
                                           "'refused': 'directory'}}",
                                           name, object)));
}

static void remove_object(const struct kind *kind, const char *name)
{
    model_discard(&model, model_set(&model, kind, name, NULL));
}

static size_t length(const struct dlist *list)
{
    size_t count = 0;

    for (const struct dlist *at = list->next; at != list; at = at->next) {
        count++;
    }
    return count;
}

/* "a b": the conflicts about an object, in order. */
static void expect_conflicts(const char *object, const char *expected)
{
    const char *names = "";

    for (const struct conflict_entry *it = model_conflicts(&model, object); it != NULL;
         it = it->next) {
        names = arena_printf(&arena, "%s%s%s", names, names[0] == '\0' ? "" : " ",
                             it->object->meta.name);
    }
    assert_string_equal(names, expected);
}

/* --- then ------------------------------------------------------------------------------------- */

static void an_assignment_counts_on_its_agent_and_in_its_session(void **state)
{
    struct agent_entry *agent = put_agent("edge");
    struct session_entry *session = put_session("s", "uid-s", NULL);
    struct assignment_entry *copy = put_assignment("s-0", "edge", "s", 1);

    (void)state;
    assert_ptr_equal(copy->agent, agent);
    assert_ptr_equal(copy->session, session);
    assert_int_equal(agent->assignment_count, 1);
    assert_int_equal(agent->used.cores, 500);
    assert_int_equal(agent->used.memory, 1 << 20);
    assert_int_equal(agent->used.disk, 2 << 20);
    assert_int_equal(session->assignment_count, 1);
    assert_ptr_equal(model_assignment_by_uid(&model, "uid-s-0"), copy);
    assert_int_equal(length(&model.loose), 0);
    remove_object(&assignment_kind, "s-0");
    assert_int_equal(agent->assignment_count, 0);
    assert_int_equal(agent->used.cores, 0);
    assert_true(digest_is_zero(&agent->set));
    assert_null(model_assignment_by_uid(&model, "uid-s-0"));
}

static void the_order_of_loading_does_not_matter(void **state)
{
    struct assignment_entry *copy = put_assignment("s-0", "edge", "s", 1);
    struct session_entry *session;
    struct agent_entry *agent;

    (void)state;
    assert_int_equal(length(&model.loose), 1);
    assert_null(copy->agent);
    session = put_session("s", "uid-s", "quiet");
    assert_ptr_equal(copy->session, session);
    assert_int_equal(length(&model.loose), 1);
    agent = put_agent("edge");
    assert_ptr_equal(copy->agent, agent);
    assert_int_equal(length(&model.loose), 0);
    assert_int_equal(length(&put_policy("quiet")->sessions), 1);
}

static void a_session_of_the_same_name_but_another_uid_is_another(void **state)
{
    struct assignment_entry *copy = put_assignment("s-0", "edge", "s", 1);

    (void)state;
    (void)put_session("s", "uid-of-another", NULL);
    assert_null(copy->session);
}

static void what_loses_its_agent_or_session_is_loose(void **state)
{
    struct assignment_entry *copy;

    (void)state;
    (void)put_agent("edge");
    (void)put_session("s", "uid-s", NULL);
    copy = put_assignment("s-0", "edge", "s", 1);
    remove_object(&agent_kind, "edge");
    assert_null(copy->agent);
    assert_int_equal(length(&model.loose), 1);
    remove_object(&harvest_session_kind, "s");
    assert_null(copy->session);
    assert_int_equal(length(&model.loose), 1);
    (void)put_agent("edge");
    (void)put_session("s", "uid-s", NULL);
    assert_int_equal(length(&model.loose), 0);
    assert_non_null(copy->agent);
}

static void the_set_of_an_agent_is_the_sum_of_its_assignments(void **state)
{
    struct agent_entry *agent = put_agent("edge");
    struct digest one, sum = {0};

    (void)state;
    (void)put_assignment("s-0", "edge", "s", 1);
    (void)put_assignment("s-1", "edge", "s", 1);
    (void)put_assignment("s-0", "edge", "s", 2);
    wire_assignment_digest("uid-s-0", 2, 0, template_text, &one);
    digest_set_add(&sum, &one);
    wire_assignment_digest("uid-s-1", 1, 0, template_text, &one);
    digest_set_add(&sum, &one);
    assert_true(digest_eq(&agent->set, &sum));
}

static void an_agent_is_to_be_told_of_what_changes_its_set(void **state)
{
    struct agent_entry *agent = put_agent("edge");
    struct object *same;

    (void)state;
    (void)put_assignment("s-0", "edge", "s", 1);
    (void)put_assignment("s-0", "edge", "s", 2);
    assert_int_equal(agent->untold.count, 1);
    assert_int_equal(length(&model.untold), 1);
    vec_each (&agent->untold, it) {
        free(*it);
    }
    vec_clear(&agent->untold);
    dlist_remove(&agent->untold_link);
    same = object_edit(model_find(&model, KIND_ASSIGNMENT, "s-0"));
    shape_put(&assignment_status_shape, &((struct assignment *)same->body)->status, restarts, 3);
    (void)model_set(&model, &assignment_kind, "s-0", same); /* a status is not told */
    assert_int_equal(agent->untold.count, 0);
    remove_object(&assignment_kind, "s-0");
    assert_int_equal(agent->untold.count, 1);
    assert_string_equal(agent->untold.items[0], "uid-s-0");
}

static void what_is_ending_is_out_of_the_set_but_still_there(void **state)
{
    struct agent_entry *agent = put_agent("edge");
    struct object *next;

    (void)state;
    (void)put_assignment("s-0", "edge", "s", 1);
    next = object_edit(model_find(&model, KIND_ASSIGNMENT, "s-0"));
    shape_put(&meta_shape, &next->meta, deleted, (struct wall){1});
    (void)model_set(&model, &assignment_kind, "s-0", next);
    assert_true(digest_is_zero(&agent->set));
    assert_int_equal(agent->assignment_count, 1);
    assert_int_equal(agent->used.cores, 500);
}

static void a_trial_marks_nobody(void **state)
{
    struct agent_entry *agent = put_agent("edge");

    (void)state;
    model.is_trial = true;
    (void)put_assignment("s-0", "edge", "s", 1);
    remove_object(&assignment_kind, "s-0");
    model.is_trial = false;
    assert_int_equal(agent->untold.count, 0);
    assert_int_equal(length(&model.untold), 0);
}

static void a_removal_undone_is_as_before(void **state)
{
    struct agent_entry *agent = put_agent("edge");
    struct session_entry *session = put_session("s", "uid-s", "quiet");
    struct policy_entry *policy = put_policy("quiet");
    struct assignment_entry *copy = put_assignment("s-0", "edge", "s", 1);
    struct digest set = agent->set;
    struct entry *gone[4];

    (void)state;
    agent->breaker.state = BREAKER_OPEN;
    dlist_add(&model.tripped, &agent->tripped);
    gone[0] = model_set(&model, &harvest_session_kind, "s", NULL);
    gone[1] = model_set(&model, &agent_kind, "edge", NULL);
    gone[2] = model_set(&model, &assignment_kind, "s-0", NULL);
    gone[3] = model_set(&model, &harvest_policy_kind, "quiet", NULL);
    assert_int_equal(length(&model.loose), 0);
    for (size_t i = COUNT_OF(gone); i-- > 0;) {
        model_restore(&model, gone[i]);
    }
    assert_ptr_equal(model_assignment(&model, "s-0"), copy);
    assert_ptr_equal(copy->agent, agent);
    assert_ptr_equal(copy->session, session);
    assert_true(digest_eq(&agent->set, &set));
    assert_int_equal(agent->assignment_count, 1);
    assert_int_equal(session->assignment_count, 1);
    assert_int_equal(length(&policy->sessions), 1);
    assert_int_equal(length(&model.loose), 0);
    assert_int_equal(length(&model.tripped), 1);
    assert_int_equal(length(&model.untold), 1); /* what was still to be told is not forgotten */
    assert_int_equal(length(&model.dirty), 1);
}

static void objects_with_owners_are_counted(void **state)
{
    static const char with_owner[] = "{'metadata': {'name': 'p', 'ownerReferences': [{'apiVersion':"
                                     "'fog/v1', 'kind': 'Agent', 'name': 'a', 'uid': 'u'}]}}";

    (void)state;
    (void)put_policy("p");
    assert_int_equal(model.owned_count, 0);
    (void)model_set(&model, &harvest_policy_kind, "p", bound(&harvest_policy_kind, with_owner));
    (void)model_set(&model, &harvest_policy_kind, "p", bound(&harvest_policy_kind, with_owner));
    assert_int_equal(model.owned_count, 1);
    model_restore(&model, model_set(&model, &harvest_policy_kind, "p", NULL));
    assert_int_equal(model.owned_count, 1);
    (void)put_policy("p");
    assert_int_equal(model.owned_count, 0);
}

/* --- marks ------------------------------------------------------------------------------------ */

static void marks_are_made_once(void **state)
{
    struct session_entry *session = put_session("s", "uid-s", NULL);

    (void)state;
    model_mark_session(&model, session);
    model_mark_session(&model, session);
    assert_int_equal(length(&model.dirty), 1);
    model_want(&model, session, true);
    model_want(&model, session, true);
    assert_int_equal(length(&model.wanting), 1);
    model_want(&model, session, false);
    model_want(&model, session, false);
    assert_int_equal(length(&model.wanting), 0);
}

static void sessions_are_looked_at_in_order_of_their_moments(void **state)
{
    enum { MANY = 200 };
    struct session_entry *sessions[MANY];
    struct rand rand;
    int64_t last = 0;
    size_t seen = 0;

    (void)state;
    rand_init_u64(&rand, 5);
    for (size_t i = 0; i < MANY; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "s%zu", i);
        sessions[i] = put_session(name, name, NULL);
    }
    for (size_t i = 0; i < 5 * MANY; i++) { /* moments move, come and go */
        struct session_entry *session = sessions[rand_below(&rand, MANY)];

        model_look_at(&model, session,
                      rand_chance(&rand, 200)
                          ? MONO_NEVER
                          : (struct mono){1 + (int64_t)rand_below(&rand, 1000)});
    }
    while (!mono_is_never(model_next_look(&model))) {
        struct mono next = model_next_look(&model);

        assert_true(next.ms > last);
        last = next.ms;
        model_mark_due(&model, next);
        assert_true(length(&model.dirty) > seen);
        seen = length(&model.dirty);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(sessions[i]->look_index, SIZE_MAX);
    }
}

static void a_session_that_goes_is_looked_at_no_more(void **state)
{
    (void)state;
    model_look_at(&model, put_session("s", "uid-s", NULL), (struct mono){5});
    remove_object(&harvest_session_kind, "s");
    assert_true(mono_is_never(model_next_look(&model)));
}

static void equal_templates_are_one(void **state)
{
    struct template_entry *entry = model_template_find(&model, template_text);
    struct template again = *entry->template;

    (void)state;
    assert_ptr_equal(model_template(&model, &again), entry);
    shape_put(&template_shape, &again, grace_ms, 99);
    assert_ptr_not_equal(model_template(&model, &again), entry);
    assert_null(model_template_find(&model, "blake2b:00"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void conflicts_are_found_by_what_they_are_about(void **state)
{
    struct entry *removed;

    (void)state;
    put_conflict("b", "harvestpolicy/night");
    put_conflict("d", "harvestpolicy/day");
    put_conflict("c", "harvestpolicy/night");
    put_conflict("a", "harvestpolicy/night");
    put_conflict("b", "harvestpolicy/night"); /* a newer version of it */
    expect_conflicts("harvestpolicy/night", "a b c");
    expect_conflicts("harvestpolicy/day", "d");

    removed = model_set(&model, &conflict_kind, "b", NULL);
    expect_conflicts("harvestpolicy/night", "a c");
    remove_object(&conflict_kind, "a");
    expect_conflicts("harvestpolicy/night", "c");
    model_restore(&model, removed);
    expect_conflicts("harvestpolicy/night", "b c");
    remove_object(&conflict_kind, "c");
    remove_object(&conflict_kind, "b");
    expect_conflicts("harvestpolicy/night", "");
    expect_conflicts("harvestpolicy/day", "d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_assignment_counts_on_its_agent_and_in_its_session),
        CASE(the_order_of_loading_does_not_matter),
        CASE(a_session_of_the_same_name_but_another_uid_is_another),
        CASE(what_loses_its_agent_or_session_is_loose),
        CASE(the_set_of_an_agent_is_the_sum_of_its_assignments),
        CASE(an_agent_is_to_be_told_of_what_changes_its_set),
        CASE(what_is_ending_is_out_of_the_set_but_still_there),
        CASE(a_trial_marks_nobody),
        CASE(a_removal_undone_is_as_before),
        CASE(objects_with_owners_are_counted),
        CASE(marks_are_made_once),
        CASE(sessions_are_looked_at_in_order_of_their_moments),
        CASE(a_session_that_goes_is_looked_at_no_more),
        CASE(equal_templates_are_one),
        CASE(conflicts_are_found_by_what_they_are_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
