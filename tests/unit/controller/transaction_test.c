/* Transactions: numbering, rows, undoing; and conditions and events on top of them. */
#include "controller/core/core.h"

#include "schema/bind.h"
#include "schema/limits.h"
#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct api api;
static struct ctl *ctl;
static const struct write ledger = {ROW_LEDGER, "alice", "m", "because"};
static const struct write status = {ROW_STATUS, "agent/a", "fog-agent", NULL};

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    ctl = api.ctl;
    ctl->batch = batch_new(ctl->batch_seq + 1); /* as inside a step */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    batch_free(ctl->batch);
    ctl->batch = NULL;
    api_fini(&api);
    return 0;
}

static struct object *policy(const char *name)
{
    struct object *object = object_new(&harvest_policy_kind);

    shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
    return object;
}

static struct object *session(const char *name)
{
    struct object *object = object_new(&harvest_session_kind);

    shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
    return object;
}

static struct object *labelled(const struct object *object, const char *value)
{
    struct object *next = object_edit(object);

    object_set_label(next, "x", value);
    return next;
}

static void a_put_numbers_and_rows(void **state)
{
    struct object *made;
    const struct row *row;

    (void)state;
    ctl_begin(ctl, false);
    made = ctl_put(ctl, policy("p"), &ledger);
    assert_int_equal(made->meta.revision, 1);
    assert_int_equal(made->meta.generation, 1);
    assert_int_equal(strlen(made->meta.uid), 36);
    ctl_commit(ctl);
    assert_int_equal(ctl->batch->rows.count, 1);
    row = &ctl->batch->rows.items[0];
    assert_int_equal(row->log, ROW_LEDGER);
    assert_int_equal(row->verb, ROW_CREATE);
    assert_int_equal(row->revision, 1);
    assert_string_equal(row->name, "p");
    assert_string_equal(row->who, "alice");
    assert_string_equal(row->manager, "m");
    assert_string_equal(row->why, "because");
    assert_int_equal(row->at.ms, api.wall.ms);
    assert_ptr_equal(model_find(&ctl->model, KIND_HARVEST_POLICY, "p"), made);
}

static void the_same_again_is_the_old_version(void **state)
{
    struct object *first, *again;

    (void)state;
    ctl_begin(ctl, false);
    first = ctl_put(ctl, policy("p"), &ledger);
    again = ctl_put(ctl, object_edit(first), &ledger);
    assert_ptr_equal(again, first);
    ctl_commit(ctl);
    assert_int_equal(ctl->batch->rows.count, 1);
    assert_int_equal(ctl->revision, 1);
}

static void a_status_is_a_row_of_its_own_log_and_no_generation(void **state)
{
    struct object *made, *next;

    (void)state;
    ctl_begin(ctl, false);
    made = ctl_put(ctl, session("s"), &ledger);
    next = object_edit(made);
    condition_set(next, &((struct harvest_session *)next->body)->status.conditions, "Ready",
                  CONDITION_TRUE, "Fine", "all is well", 1, api.wall);
    shape_mark(&harvest_session_status_shape, &((struct harvest_session *)next->body)->status,
               &((struct harvest_session *)next->body)->status.conditions);
    shape_mark(&harvest_session_shape, next->body, &((struct harvest_session *)next->body)->status);
    next = ctl_put(ctl, next, &status);
    assert_int_equal(next->meta.generation, 1);
    assert_int_equal(next->meta.revision, 2);
    ctl_commit(ctl);
    assert_int_equal(ctl->batch->rows.items[1].log, ROW_STATUS);
    assert_string_equal(ctl->batch->rows.items[1].why, "");
    assert_non_null(strstr(ctl->batch->rows.items[1].body->data, "all is well"));
    assert_null(strstr(ctl->batch->rows.items[0].body->data, "all is well"));
    assert_int_equal(ctl->desired_revision, 1);
    assert_int_equal(ctl->revision, 2);
}

static void an_abort_leaves_nothing_behind(void **state)
{
    const char *before;
    struct object *made;

    (void)state;
    ctl_begin(ctl, false);
    (void)ctl_put(ctl, policy("kept"), &ledger);
    (void)ctl_put(ctl, policy("gone"), &ledger);
    (void)ctl_put(ctl, session("s"), &ledger);
    ctl_commit(ctl);
    before = api_fingerprint(&api);
    for (int is_trial = 0; is_trial < 2; is_trial++) {
        ctl_begin(ctl, is_trial);
        made = ctl_put(ctl, policy("new"), &ledger);
        made = ctl_put(ctl, labelled(made, "y"), &ledger);
        (void)ctl_put(ctl, labelled(model_find(&ctl->model, KIND_HARVEST_POLICY, "kept"), "y"),
                      &ledger);
        ctl_remove(ctl, model_find(&ctl->model, KIND_HARVEST_POLICY, "gone"), &ledger);
        (void)ctl_put(ctl, policy("gone"), &ledger);
        ctl_remove(ctl, model_find(&ctl->model, KIND_HARVEST_SESSION, "s"), &ledger);
        ctl_remove(ctl, made, &ledger);
        ctl_abort(ctl);
        assert_string_equal(api_fingerprint(&api), before);
    }
    assert_int_equal(ctl->batch->rows.count, 3);
}

static void history_time_never_goes_back(void **state)
{
    (void)state;
    ctl_begin(ctl, false);
    (void)ctl_put(ctl, policy("a"), &ledger);
    ctl->wall.ms -= 3600 * 1000;
    (void)ctl_put(ctl, policy("b"), &ledger);
    ctl_commit(ctl);
    assert_int_equal(ctl->batch->rows.items[1].at.ms, ctl->batch->rows.items[0].at.ms);
}

static void what_is_removed_is_told_with_the_revision_of_its_end(void **state)
{
    struct ring_event *event;

    (void)state;
    ctl_begin(ctl, false);
    (void)ctl_put(ctl, policy("a"), &ledger);
    ctl_remove(ctl, model_find(&ctl->model, KIND_HARVEST_POLICY, "a"), &ledger);
    ctl_commit(ctl);
    assert_int_equal(ctl->ring.next, 2);
    event = &ctl->ring.events[1];
    assert_true(event->is_removal);
    assert_int_equal(event->revision, 2);
    assert_int_equal(event->after->meta.revision, 2);
    assert_int_equal(event->before->meta.revision, 1);
    assert_null(ctl->batch->rows.items[1].body);
    assert_int_equal(ctl->batch->rows.items[1].verb, ROW_DELETE);
}

static void a_template_is_stored_once_and_never_by_a_trial(void **state)
{
    struct template template = {0};
    struct template_entry *entry;
    struct problems problems;

    (void)state;
    problems_init(&problems, &api.arena, NULL);
    assert_true(bind_shape(&api.arena, &template_shape,
                           quick_json(&api.arena, "{'workload': {'command': ['x']}}"), "",
                           BIND_TRUSTED, &problems, &template));
    entry = model_template(&ctl->model, &template);
    ctl_begin(ctl, true);
    ctl_store_template(ctl, entry);
    ctl_abort(ctl);
    assert_int_equal(ctl->batch->contents.count, 0);
    ctl_begin(ctl, false);
    ctl_store_template(ctl, entry);
    ctl_store_template(ctl, model_template(&ctl->model, &template));
    ctl_commit(ctl);
    assert_int_equal(ctl->batch->contents.count, 1);
}

/* --- conditions ------------------------------------------------------------------------------- */

static void a_condition_keeps_its_moment_while_its_status_stays(void **state)
{
    struct object *object = session("s");
    conditions_t *conditions = &((struct harvest_session *)object->body)->status.conditions;
    struct wall later = {api.wall.ms + 5400};

    (void)state;
    condition_set(object, conditions, "A", CONDITION_TRUE, "One", "first", 1, api.wall);
    condition_set(object, conditions, "B", CONDITION_FALSE, "Two", "second", 1, api.wall);
    condition_set(object, conditions, "A", CONDITION_TRUE, "Three", "other words", 2, later);
    assert_int_equal(conditions->count, 2);
    assert_int_equal(condition_find(conditions, "A")->since.ms, api.wall.ms);
    assert_string_equal(condition_find(conditions, "A")->message, "other words");
    assert_int_equal(condition_find(conditions, "A")->observed_generation, 2);
    condition_set(object, conditions, "A", CONDITION_FALSE, "Three", "other words", 2, later);
    assert_int_equal(condition_find(conditions, "A")->since.ms, api.wall.ms + 5000);
    object_unref(object);
}

/* --- events ----------------------------------------------------------------------------------- */

static const struct event *only_event(void)
{
    const struct map *events = &ctl->model.objects[KIND_EVENT];

    assert_int_equal(events->count, 1);
    return event_of(((struct entry *)map_next(events, NULL)->value)->object);
}

static void the_same_event_again_is_counted(void **state)
{
    struct object *about;

    (void)state;
    ctl_begin(ctl, false);
    about = ctl_put(ctl, policy("p"), &ledger);
    ctl_event_record(ctl, about, "Normal", "Seen", "seen %d times", 3);
    ctl->wall.ms += 2000;
    ctl_event_record(ctl, about, "Normal", "Seen", "seen %d times", 3);
    ctl_commit(ctl);
    assert_int_equal(only_event()->count, 2);
    assert_string_equal(only_event()->message, "seen 3 times");
    assert_int_equal(only_event()->first.ms, api.wall.ms);
    assert_int_equal(only_event()->last.ms, api.wall.ms + 2000);
    assert_string_equal(only_event()->involved.name, "p");
    assert_null(only_event()->involved.namespace);
    ctl_begin(ctl, false);
    ctl_event_record(ctl, about, "Normal", "Seen", "seen %d times", 4);
    ctl_commit(ctl);
    assert_int_equal(ctl->model.objects[KIND_EVENT].count, 2);
}

static void a_trial_records_no_event(void **state)
{
    struct object *about;

    (void)state;
    ctl_begin(ctl, true);
    about = ctl_put(ctl, policy("p"), &ledger);
    ctl_event_record(ctl, about, "Normal", "Seen", "seen");
    assert_int_equal(ctl->model.objects[KIND_EVENT].count, 0);
    ctl_abort(ctl);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    char text[2 * ERR_TEXT_SIZE + 1];
    struct object *about;
    size_t length;

    (void)state;
    for (size_t i = 0; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "ä", 2);
    }
    text[sizeof(text) - 1] = '\0';
    ctl_begin(ctl, false);
    about = ctl_put(ctl, policy("p"), &ledger);
    ctl_event_record(ctl, about, "Normal", "Long", "%s", text);
    ctl_commit(ctl);
    length = strlen(only_event()->message);
    assert_true(length >= ERR_TEXT_SIZE - 2);
    assert_int_equal(length % 2, 0);
}

static void the_oldest_events_go_first(void **state)
{
    struct object *about;

    (void)state;
    ctl_begin(ctl, false);
    about = ctl_put(ctl, policy("p"), &ledger);
    for (int i = 0; i < EVENTS_MAX + 3; i++) {
        ctl_event_record(ctl, about, "Normal", "Seen", "number %d", i);
    }
    ctl_commit(ctl);
    assert_int_equal(ctl->model.objects[KIND_EVENT].count, EVENTS_MAX);
    assert_string_equal(
        event_of(((struct entry *)map_next(&ctl->model.objects[KIND_EVENT], NULL)->value)->object)
            ->message,
        "number 3");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_put_numbers_and_rows),
        CASE(the_same_again_is_the_old_version),
        CASE(a_status_is_a_row_of_its_own_log_and_no_generation),
        CASE(an_abort_leaves_nothing_behind),
        CASE(history_time_never_goes_back),
        CASE(what_is_removed_is_told_with_the_revision_of_its_end),
        CASE(a_template_is_stored_once_and_never_by_a_trial),
        CASE(a_condition_keeps_its_moment_while_its_status_stays),
        CASE(the_same_event_again_is_counted),
        CASE(a_trial_records_no_event),
        CASE(a_long_message_is_cut_between_characters),
        CASE(the_oldest_events_go_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
