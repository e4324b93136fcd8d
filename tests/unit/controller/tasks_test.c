/* Sessions of tasks: which are under way, how each ends once, and what is left of them. */
#include "controller/core/tasks.h"

#include "controller/core/blobs.h"
#include "controller/core/reconcile.h"
#include "schema/check.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/kinds/session_room.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fleet fleet;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

static void begin(size_t agents, int cores)
{
    for (size_t i = 0; i < agents; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%zu}\n"
                 "status: {version: 0.1.0, capacity: {cores: %d, memory: 8Gi, disk: 8Gi}}\n",
                 i, cores);
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void apply(const char *spec, const char *command)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n  %s\n"
             "  workload: {command: [%s], resources: {cores: 1}}\n",
             spec, command);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

#define TASKS(text) apply("tasks: " text, "/bin/run")

static const struct harvest_session_status *status(void)
{
    return &harvest_session_of(model_session(&fleet.ctl->model, "work")->object)->status;
}

static const struct condition *complete(void)
{
    return condition_find(&status()->conditions, "Complete");
}

static struct assignment_entry *copy_of(const char *slot)
{
    return fleet_copy(&fleet, "work", slot);
}

static bool has_task(const char *slot)
{
    dlist_each (&model_session(&fleet.ctl->model, "work")->assignments, struct assignment_entry,
                in_session, it) {
        if (str_eq(assignment_spec(it)->slot, slot) && it->is_in_set) {
            return true;
        }
    }
    return false;
}

static void runs(const char *slot)
{
    fleet_report(&fleet, copy_of(slot), PHASE_RUNNING, NULL, 0);
}

static void succeeds(const char *slot)
{
    fleet_report(&fleet, copy_of(slot), PHASE_SUCCEEDED, NULL, 0);
}

static void fails(const char *slot)
{
    fleet_report(&fleet, copy_of(slot), PHASE_FAILED, "ExitedNonZero", 1);
}

/* Past the pause before the next try. */
static void retry(void)
{
    fleet_advance(&fleet, RESTART_MAX_MS);
}

static void has_record(const char *completed, const char *failed, const char *done)
{
    assert_string_equal(status()->tasks.completed_indexes, completed);
    assert_string_equal(status()->tasks.failed_indexes, failed);
    assert_string_equal(status()->tasks.done, done);
}

/* --- parallelism ------------------------------------------------------------------------------ */

static void at_most_so_many_are_under_way(void **state)
{
    (void)state;
    begin(3, 4);
    TASKS("{count: 7, parallelism: 3}");
    assert_int_equal(fleet_copies(&fleet, "work"), 3);
    assert_true(has_task("0") && has_task("1") && has_task("2"));
    runs("0");
    runs("1");
    runs("2");
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(status()->desired, 7);
    assert_int_equal(status()->ready, 3);
    assert_int_equal(status()->tasks.active, 3);
    has_record("", "", "0/7");
    assert_int_equal(complete()->status, CONDITION_FALSE);
}

static void a_task_that_ends_makes_way_for_the_next(void **state)
{
    (void)state;
    begin(3, 4);
    TASKS("{count: 5, parallelism: 2}");
    succeeds("1");
    has_record("1", "", "1/5");
    assert_true(has_task("0") && has_task("2"));
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    succeeds("0");
    has_record("0,1", "", "2/5");
    assert_true(has_task("2") && has_task("3"));
}

static void a_task_that_ended_keeps_no_room(void **state)
{
    (void)state;
    begin(1, 1);
    TASKS("{count: 3, parallelism: 3}");
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_int_equal(status()->tasks.active, 3);
    runs("0");
    assert_true(fleet_is_converged(&fleet, "work")); /* the others wait for room, as they may */
    succeeds("0");
    assert_true(has_task("1"));
    succeeds("1");
    succeeds("2");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
    assert_int_equal(model_agent(&fleet.ctl->model, "edge-0")->used.cores, 0);
}

static void without_any_room_it_says_so(void **state)
{
    (void)state;
    begin(2, 0);
    TASKS("{count: 3}");
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    assert_non_null(strstr(fleet_message(&fleet, "work"), "no task is under way: "));
    assert_true(fleet_has_event(&fleet, "FailedPlacement"));
}

static void lower_parallelism_ends_the_last_ones(void **state)
{
    (void)state;
    begin(3, 4);
    TASKS("{count: 9, parallelism: 4}");
    fleet_obey(&fleet);
    TASKS("{count: 9, parallelism: 2}");
    assert_true(has_task("0") && has_task("1"));
    assert_false(has_task("2") || has_task("3"));
    assert_int_equal(status()->tasks.active, 2);
    succeeds("0"); /* the two that end yet count */
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    fleet_obey(&fleet);
    assert_true(has_task("1"));
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
}

/* --- completion ------------------------------------------------------------------------------- */

static void it_is_complete_when_all_have_ended(void **state)
{
    (void)state;
    begin(2, 4);
    TASKS("{count: 3, parallelism: 2}");
    succeeds("0");
    succeeds("2");
    assert_false(fleet_has_event(&fleet, "Complete"));
    succeeds("1");
    has_record("0-2", "", "3/3");
    assert_int_equal(status()->succeeded, 3);
    assert_int_equal(status()->ready, 3);
    assert_int_equal(status()->tasks.active, 0);
    assert_int_equal(complete()->status, CONDITION_TRUE);
    assert_string_equal(complete()->reason, "AllSucceeded");
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_true(fleet_has_event(&fleet, "Complete"));
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
}

static void a_start_of_the_controller_runs_nothing_again(void **state)
{
    (void)state;
    begin(2, 4);
    TASKS("{count: 4, parallelism: 1}");
    succeeds("0");
    succeeds("1");
    fleet_restart(&fleet);
    has_record("0,1", "", "2/4");
    assert_true(has_task("2"));
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
}

/* The record is in the same batch as, or an earlier one than, the removal. */
static void the_record_is_stored_before_the_assignment_goes(void **state)
{
    const struct row *record = NULL;
    struct assignment_entry *copy;
    struct assignment_status done = {0};
    bool is_removed = false;

    (void)state;
    begin(1, 4);
    TASKS("{count: 2, parallelism: 1}");
    copy = copy_of("0");
    shape_put(&assignment_status_shape, &done, phase, (int)PHASE_SUCCEEDED);
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(
        fleet.ctl, copy->agent, copy,
        &(struct wire_report_item){.status = done, .generation = copy->object->meta.generation});
    reconcile(fleet.ctl);
    vec_each (&fleet.ctl->batch->rows, it) {
        if (it->kind == &harvest_session_kind &&
            strstr(it->body->data, "completedIndexes\":\"0\"")) {
            record = it;
        }
        if (it->kind == &assignment_kind && it->verb == ROW_DELETE) {
            is_removed = true;
            assert_non_null(record);
        }
    }
    assert_true(is_removed);
    batch_free(TAKE(fleet.ctl->batch));
}

static void a_task_that_two_copies_finish_counts_once(void **state)
{
    struct assignment_entry *first, *second = NULL;

    (void)state;
    begin(2, 4);
    TASKS("{count: 2, parallelism: 1}");
    runs("0");
    first = copy_of("0");
    fleet_disconnect(&fleet, assignment_spec(first)->agent);
    fleet_advance(&fleet, 31000); /* replaceAfter */
    dlist_each (&first->session->assignments, struct assignment_entry, in_session, it) {
        second = it != first ? it : second;
    }
    assert_non_null(second);
    fleet_connect(&fleet, assignment_spec(first)->agent);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);      /* the first, which goes on */
    fleet_report(&fleet, second, PHASE_SUCCEEDED, NULL, 0); /* while it was being told to end */
    has_record("0", "", "1/2");
    fleet_report(&fleet, first, PHASE_SUCCEEDED, NULL, 0); /* and so was this one then */
    has_record("0", "", "1/2");
    assert_true(has_task("1"));
    assert_false(has_task("0"));
    assert_int_equal(status()->succeeded, 1);
}

/* --- failure ---------------------------------------------------------------------------------- */

static void a_task_that_failed_is_tried_again_elsewhere(void **state)
{
    const char *first;

    (void)state;
    begin(3, 4);
    TASKS("{count: 1, retries: 2}");
    first = arena_strdup(&fleet.ctl->arena, fleet_agent_of(&fleet, "work", "0"));
    first = str_eq(first, "edge-0") ? "edge-0" : str_eq(first, "edge-1") ? "edge-1" : "edge-2";
    fails("0");
    assert_string_equal(fleet_why(&fleet, "work"), "InProgress");
    retry();
    assert_string_not_equal(fleet_agent_of(&fleet, "work", "0"), first);
    assert_int_equal(tasks_failures(copy_of("0")), 1);
    fails("0");
    retry();
    fails("0");
    has_record("", "0", "0/1");
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
    assert_int_equal(status()->failed, 1);
    assert_int_equal(status()->tasks.failures.count, 1);
    assert_int_equal(status()->tasks.failures.items[0].attempts, 3);
    assert_string_equal(status()->tasks.failures.items[0].reason, "ExitedNonZero");
    assert_int_equal(complete()->status, CONDITION_TRUE);
    assert_string_equal(complete()->reason, "SomeFailed");
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    assert_string_equal(fleet_message(&fleet, "work"),
                        arena_printf(&fleet.ctl->arena,
                                     "0 of 1 task has succeeded, 1 failed for good (the last: task "
                                     "0 on %s, ExitedNonZero)",
                                     status()->tasks.failures.items[0].agent));
    assert_true(fleet_has_event(&fleet, "TaskFailed"));
}

static void a_task_that_failed_has_its_own_room_for_the_next_try(void **state)
{
    const struct assignment_entry *first;

    (void)state;
    begin(1, 1);
    TASKS("{count: 2, parallelism: 2, retries: 2}");
    runs("0");
    first = copy_of("0");
    fails("0");
    retry();
    assert_ptr_not_equal(copy_of("0"), first);
    assert_string_equal(assignment_spec(copy_of("0"))->agent, "edge-0");
    succeeds("0");
    assert_true(has_task("1"));
    fails("1");
    retry();
    succeeds("1");
    assert_int_equal(model_agent(&fleet.ctl->model, "edge-0")->used.cores, 0);
}

static void without_retries_the_first_failure_counts(void **state)
{
    (void)state;
    begin(1, 4);
    TASKS("{count: 3, parallelism: 1, retries: 0}");
    fails("0");
    has_record("", "0", "0/3");
    succeeds("1");
    fails("2");
    has_record("1", "0,2", "1/3");
    assert_int_equal(status()->tasks.failures.items[0].index, 2);
    assert_int_equal(status()->tasks.failures.items[1].index, 0);
}

static void a_long_run_forgets_no_failure(void **state)
{
    struct assignment_status late = {0};
    struct assignment_entry *copy;

    (void)state;
    begin(1, 4);
    TASKS("{count: 1, retries: 1}");
    fails("0");
    retry();
    copy = copy_of("0");
    shape_put(&assignment_status_shape, &late, phase, (int)PHASE_FAILED);
    shape_put(&assignment_status_shape, &late, failures, 1);
    shape_put(&assignment_status_shape, &late, started, ((struct wall){1000}));
    shape_put(&assignment_status_shape, &late, ended, ((struct wall){1000 + 2 * RESTART_RESET_MS}));
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(
        fleet.ctl, copy->agent, copy,
        &(struct wire_report_item){.status = late, .generation = copy->object->meta.generation});
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
    has_record("", "0", "0/1");
}

static void a_lost_agent_takes_no_failure_along(void **state)
{
    (void)state;
    begin(2, 4);
    TASKS("{count: 1, retries: 3}");
    fails("0");
    retry();
    runs("0");
    fleet_disconnect(&fleet, fleet_agent_of(&fleet, "work", "0"));
    fleet_advance(&fleet, 31000);
    dlist_each (&model_session(&fleet.ctl->model, "work")->assignments, struct assignment_entry,
                in_session, it) {
        assert_int_equal(tasks_failures(it), 1);
    }
}

static void what_failed_first_ends_the_rest_if_so_declared(void **state)
{
    (void)state;
    begin(3, 4);
    TASKS("{count: 9, parallelism: 3, retries: 0, failFast: true}");
    fleet_obey(&fleet);
    fails("1");
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
    assert_int_equal(complete()->status, CONDITION_FALSE); /* two end yet */
    fleet_obey(&fleet);
    assert_int_equal(complete()->status, CONDITION_TRUE);
    assert_string_equal(complete()->reason, "FailedFast");
    has_record("", "1", "0/9");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

static void only_the_newest_failures_are_told(void **state)
{
    char slot[12];

    (void)state;
    begin(1, 4);
    TASKS("{count: 20, parallelism: 1, retries: 0}");
    for (int i = 0; i < 20; i++) {
        (void)snprintf(slot, sizeof(slot), "%d", i);
        fails(slot);
        fleet_advance(&fleet, 2 * BREAKER_OPEN_MS);
    }
    has_record("", "0-19", "0/20");
    assert_int_equal(status()->tasks.failures.count, TASK_FAILURES_MAX);
    assert_int_equal(status()->tasks.failures.items[0].index, 19);
    assert_int_equal(status()->tasks.failures.items[TASK_FAILURES_MAX - 1].index,
                     20 - TASK_FAILURES_MAX);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void a_change_reaches_those_that_have_not_ended(void **state)
{
    struct digest before;

    (void)state;
    begin(3, 4);
    TASKS("{count: 4, parallelism: 2}");
    fleet_obey(&fleet);
    succeeds("0");
    fleet_obey(&fleet);
    before = copy_of("1")->digest;
    apply("tasks: {count: 4, parallelism: 2}", "/bin/other");
    assert_false(digest_eq(&before, &copy_of("1")->digest));
    assert_int_equal(copy_of("1")->object->meta.generation, 2); /* in place, and at once */
    assert_int_equal(copy_of("2")->object->meta.generation, 2);
    assert_false(has_task("0"));
    has_record("0", "", "1/4");
}

static void another_form_forgets_failures_also_elsewhere(void **state)
{
    (void)state;
    begin(1, 2);
    TASKS("{count: 1, retries: 1}");
    fails("0");
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: larger}\n"
                        "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n");
    fleet_connect_new(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                        "spec: {tasks: {count: 1, retries: 1}, workload: {command: [/bin/run], "
                        "resources: {cores: 4}}}\n");
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "larger");
    assert_int_equal(tasks_failures(copy_of("0")), 0);
}

static void success_in_an_older_form_counts_if_it_was_said_in_time(void **state)
{
    (void)state;
    begin(1, 4);
    TASKS("{count: 2, parallelism: 1}");
    fleet_obey(&fleet);
    fleet_disconnect(&fleet, "edge-0");
    apply("tasks: {count: 2, parallelism: 1}", "/bin/other");
    succeeds("0");
    has_record("0", "", "1/2");
}

static void more_tasks_go_on_from_the_record(void **state)
{
    (void)state;
    begin(1, 4);
    TASKS("{count: 2, parallelism: 2}");
    succeeds("0");
    succeeds("1");
    TASKS("{count: 4, parallelism: 2}");
    assert_int_equal(complete()->status, CONDITION_FALSE);
    assert_true(has_task("2") && has_task("3"));
    TASKS("{count: 1, parallelism: 2}");
    assert_int_equal(complete()->status, CONDITION_TRUE);
    has_record("0,1", "", "1/1");
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
}

static void replicas_become_tasks_and_tasks_replicas(void **state)
{
    (void)state;
    begin(2, 4);
    apply("replicas: 3", "/bin/run");
    fleet_report(&fleet, copy_of("1"), PHASE_SUCCEEDED, NULL, 0); /* as a replica */
    TASKS("{count: 2, parallelism: 2}");
    has_record("", "", "0/2");
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    succeeds("0");
    apply("replicas: 2", "/bin/run");
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    assert_null(complete());
    assert_null(status()->tasks.done);
}

static void a_deleted_session_ends_its_tasks(void **state)
{
    (void)state;
    begin(2, 4);
    TASKS("{count: 5, parallelism: 2}");
    fleet_obey(&fleet);
    fleet_delete(&fleet, &harvest_session_kind, "work");
    fleet_obey(&fleet);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

static void tasks_share_one_template_with_their_number(void **state)
{
    const struct template_entry *template;

    (void)state;
    begin(2, 4);
    TASKS("{count: 5, parallelism: 2}");
    assert_string_equal(assignment_spec(copy_of("0"))->template_digest,
                        assignment_spec(copy_of("1"))->template_digest);
    template =
        model_template_find(&fleet.ctl->model, assignment_spec(copy_of("0"))->template_digest);
    assert_int_equal(template->template->task_count, 5);
    assert_int_equal(template->template->workload.restart, RESTART_NEVER);
}

/* --- outputs ---------------------------------------------------------------------------------- */

#define DIGEST "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"

static void ends_with(const char *slot, struct output_status *outputs, size_t count)
{
    struct assignment_entry *copy = copy_of(slot);
    struct assignment_status done = {0};

    for (size_t i = 0; i < count; i++) {
        shape_mark(&output_status_shape, &outputs[i], &outputs[i].path);
        shape_mark(&output_status_shape, &outputs[i], &outputs[i].digest);
    }
    shape_put(&assignment_status_shape, &done, phase, (int)PHASE_SUCCEEDED);
    shape_put(&assignment_status_shape, &done, outputs, ((outputs_t){outputs, count}));
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(
        fleet.ctl, copy->agent, copy,
        &(struct wire_report_item){.status = done, .generation = copy->object->meta.generation});
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
}

static void apply_with_outputs(int count, const char *outputs)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
             "spec: {tasks: {count: %d, parallelism: 1}, workload: {command: [/bin/run], "
             "outputs: [%s]}}\n",
             count, outputs);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

static void what_a_task_made_is_told_of_when_it_is_gone(void **state)
{
    struct output_status made[] = {
        {.path = "other.bin", .digest = DIGEST}, /* which nobody asked for */
        {.path = "result.bin", .digest = DIGEST},
    };

    (void)state;
    begin(1, 4);
    apply_with_outputs(2, "{path: result.bin}");
    ends_with("0", made, 2);
    assert_int_equal(status()->tasks.results.count, 1);
    assert_int_equal(status()->tasks.results.items[0].index, 0);
    assert_int_equal(status()->tasks.results.items[0].outputs.count, 1);
    assert_string_equal(status()->tasks.results.items[0].outputs.items[0].path, "result.bin");
    assert_string_equal(status()->tasks.results.items[0].outputs.items[0].digest, DIGEST);
    fleet_restart(&fleet);
    fleet_connect(&fleet, "edge-0");
    ends_with("1", made, 2);
    assert_int_equal(status()->tasks.results.count, 2);
    assert_int_equal(status()->tasks.results.items[1].index, 1);
    has_record("0,1", "", "2/2");
}

static void count_references(void *context, const struct blob_reference *reference)
{
    size_t *counts = context;

    assert_string_equal(reference->digest, DIGEST);
    counts[0] += str_eq(reference->kind, "HarvestSession");
    counts[1] += str_eq(reference->kind, "Assignment");
}

static void what_is_told_of_is_needed(void **state)
{
    struct output_status made[] = {{.path = "result.bin", .digest = DIGEST}};
    size_t counts[2] = {0};

    (void)state;
    begin(1, 4);
    apply_with_outputs(3, "{path: result.bin}");
    ends_with("0", made, 1);
    ctl_each_blob(fleet.ctl, count_references, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 0);
    apply("replicas: 1", "/bin/run");
    ends_with("0", made, 1);
    counts[0] = 0;
    ctl_each_blob(fleet.ctl, count_references, counts);
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], 1);
}

/* Sixty tasks, each of which tells of six kilobytes. */
static void much_is_made(void)
{
    char path[WORK_PATH_BYTES_MAX + 1];
    struct output_status made[] = {{.path = path, .digest = DIGEST}};
    struct str outputs = STR_EMPTY;
    char slot[12];

    memset(path, '"', sizeof(path) - 1); /* each is six bytes where it is told */
    path[sizeof(path) - 1] = '\0';
    str_addf(&outputs, "{path: '%s'}", path);
    apply_with_outputs(60, outputs.data);
    for (int i = 0; i < 60; i++) {
        (void)snprintf(slot, sizeof(slot), "%d", i);
        ends_with(slot, made, 1);
    }
    str_fini(&outputs);
}

static void is_at_most(size_t bytes)
{
    struct str text = STR_EMPTY;

    emit_object_json(model_session(&fleet.ctl->model, "work")->object, EMIT_ALL, JSON_SORTED,
                     &text);
    assert_in_range(text.length, 1, bytes);
    str_fini(&text);
}

/* Of what was told nothing was known when it was written. */
static void was_foreseen(void)
{
    const struct object *object = model_session(&fleet.ctl->model, "work")->object;
    struct object *fresh = object_edit(object);
    struct str text = STR_EMPTY;

    ((struct harvest_session *)fresh->body)->status = (struct harvest_session_status){.set = 0};
    emit_object_json(object, EMIT_STATUS, JSON_SORTED, &text);
    assert_in_range(text.length, TASK_RESULTS_BYTES_MAX / 4, session_status_max(fresh));
    str_fini(&text);
    object_unref(fresh);
}

static void a_session_stays_as_large_as_an_object_may_be(void **state)
{
    (void)state;
    begin(1, 4);
    much_is_made();
    has_record("0-59", "", "60/60");
    assert_in_range(status()->tasks.results.count, 20, 30);
    is_at_most(OBJECT_BYTES_MAX);
    was_foreseen();
}

/* "" or what is wrong. */
static void has_problem_with(int64_t count, const char *message)
{
    struct object *copy = object_edit(model_session(&fleet.ctl->model, "work")->object);
    struct harvest_session *body = copy->body;
    struct arena arena;
    struct problems problems;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    body->spec.tasks.count = count;
    shape_remove(&workload_shape, &body->spec.workload, &body->spec.workload.outputs);
    check_semantic(copy, NULL, NULL, NULL, &problems);
    assert_string_equal(problems.count == 0 ? "" : problems.items[0].message, message);
    arena_fini(&arena);
    object_unref(copy);
}

static void what_was_told_before_outputs_were_dropped_leaves_no_room_for_ten_thousand(void **state)
{
    (void)state;
    begin(1, 4);
    much_is_made();
    has_problem_with(1600, "");
    has_problem_with(TASKS_MAX, "is too large beside what is told of tasks that have ended: at "
                                "most 2187 can be told of");
}

/* Which ended while more were wanted, and without outputs. */
static void indexes_of_ten_thousand_leave_less_room_for_what_sixty_made(void **state)
{
    (void)state;
    fleet_load(&fleet,
               "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
               "spec: {tasks: {count: 60, parallelism: 1}, workload: {command: [/bin/run]}}\n"
               "status: {tasks: {completedIndexes: 60-9999}}\n");
    begin(1, 4);
    much_is_made();
    has_record("0-9999", "", "60/60");
    assert_in_range(status()->tasks.results.count, 10, 15);
    is_at_most(TASK_RECORD_BYTES_MAX - (size_t)TASKS_MAX * TASK_INDEX_BYTES + 8192);
}

/* --- costs ------------------------------------------------------------------------------------ */

static void thousands_of_tasks_cost_no_square(void **state)
{
    const struct ctl_counters *counters = &fleet.ctl->counters;
    uint64_t examined, status_rows, ledger_rows;

    (void)state;
    begin(10, 100);
    TASKS("{count: 3000, parallelism: 50}");
    examined = counters->assignments_examined;
    status_rows = counters->rows_status;
    ledger_rows = counters->rows_ledger;
    for (size_t i = 0; i < 3000; i++) {
        struct session_entry *session = model_session(&fleet.ctl->model, "work");
        struct assignment_entry *copy =
            dlist_owner(session->assignments.next, struct assignment_entry, in_session);

        fleet_report(&fleet, copy, PHASE_SUCCEEDED, NULL, 0);
    }
    has_record("0-2999", "", "3000/3000");
    assert_in_range(counters->assignments_examined - examined, 3000, 3000 * 52);
    assert_in_range(counters->rows_ledger - ledger_rows, 0, 2 * 3000); /* begins, goes */
    /* Report, record; the reputation of an agent moves a few times. */
    assert_in_range(counters->rows_status - status_rows, 0, 2 * 3000 + 1 + 10 * 7);
    assert_in_range(fleet.ctl->model.objects[KIND_EVENT].count, 0, 10);
}

#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FLEET(at_most_so_many_are_under_way),
        IN_FLEET(a_task_that_ends_makes_way_for_the_next),
        IN_FLEET(a_task_that_ended_keeps_no_room),
        IN_FLEET(without_any_room_it_says_so),
        IN_FLEET(lower_parallelism_ends_the_last_ones),
        IN_FLEET(it_is_complete_when_all_have_ended),
        IN_FLEET(a_start_of_the_controller_runs_nothing_again),
        IN_FLEET(the_record_is_stored_before_the_assignment_goes),
        IN_FLEET(a_task_that_two_copies_finish_counts_once),
        IN_FLEET(a_task_that_failed_is_tried_again_elsewhere),
        IN_FLEET(a_task_that_failed_has_its_own_room_for_the_next_try),
        IN_FLEET(without_retries_the_first_failure_counts),
        IN_FLEET(a_long_run_forgets_no_failure),
        IN_FLEET(a_lost_agent_takes_no_failure_along),
        IN_FLEET(what_failed_first_ends_the_rest_if_so_declared),
        IN_FLEET(only_the_newest_failures_are_told),
        IN_FLEET(a_change_reaches_those_that_have_not_ended),
        IN_FLEET(another_form_forgets_failures_also_elsewhere),
        IN_FLEET(success_in_an_older_form_counts_if_it_was_said_in_time),
        IN_FLEET(more_tasks_go_on_from_the_record),
        IN_FLEET(replicas_become_tasks_and_tasks_replicas),
        IN_FLEET(a_deleted_session_ends_its_tasks),
        IN_FLEET(tasks_share_one_template_with_their_number),
        IN_FLEET(what_a_task_made_is_told_of_when_it_is_gone),
        IN_FLEET(what_is_told_of_is_needed),
        IN_FLEET(a_session_stays_as_large_as_an_object_may_be),
        IN_FLEET(what_was_told_before_outputs_were_dropped_leaves_no_room_for_ten_thousand),
        IN_FLEET(indexes_of_ten_thousand_leave_less_room_for_what_sixty_made),
        IN_FLEET(thousands_of_tasks_cost_no_square),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
