/* Tasks that are held back where they are not even in memory: when they go elsewhere, and that
 * nothing else does. */
#include "controller/core/copy.h"
#include "controller/core/reconcile.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { REPLACE_AFTER_MS = 30 * 1000 };

#define DIGEST "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"

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

static void put_agent(size_t number, bool is_cordoned, struct str *yaml)
{
    str_addf(yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%zu}\n"
             "spec: {unschedulable: %s}\n",
             number, is_cordoned ? "true" : "false");
}

static void begin(size_t agents, size_t schedulable)
{
    for (size_t i = 0; i < agents; i++) {
        struct str yaml = STR_EMPTY;

        put_agent(i, i >= schedulable, &yaml);
        str_add(&yaml, "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n");
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void uncordon(size_t number)
{
    struct str yaml = STR_EMPTY;

    put_agent(number, false, &yaml);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

static void apply(const char *spec)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n  %s\n"
             "  workload: {command: [/bin/run], resources: {cores: 1}, outputs: [{path: out}]}\n",
             spec);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

static struct assignment_entry *copy_of(const char *slot)
{
    return fleet_copy(&fleet, "work", slot);
}

static const char *place_of(const char *slot)
{
    return fleet_agent_of(&fleet, "work", slot);
}

static void report(struct assignment_entry *copy, enum assignment_phase phase, int64_t started,
                   int64_t ended)
{
    struct wire_report_item item = {.generation = copy->object->meta.generation};
    struct output_status made = {0};

    if (phase == PHASE_SUCCEEDED) {
        shape_put(&output_status_shape, &made, path, "out");
        shape_put(&output_status_shape, &made, digest, DIGEST);
        shape_put(&assignment_status_shape, &item.status, outputs, ((outputs_t){&made, 1}));
    }
    shape_put(&assignment_status_shape, &item.status, phase, (int)phase);
    if (started > 0) {
        shape_put(&assignment_status_shape, &item.status, started, ((struct wall){started}));
    }
    if (ended > 0) {
        shape_put(&assignment_status_shape, &item.status, ended, ((struct wall){ended}));
    }
    if (phase == PHASE_SUSPENDED) {
        shape_put(&assignment_status_shape, &item.status, reason, "UserActive");
    }
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(fleet.ctl, copy->agent, copy, &item);
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
}

static void never_begins(const char *slot)
{
    report(copy_of(slot), PHASE_SUSPENDED, 0, 0);
}

static void is_evicted(const char *slot)
{
    report(copy_of(slot), PHASE_SUSPENDED, 1000, 9000);
}

static void is_frozen(const char *slot)
{
    report(copy_of(slot), PHASE_SUSPENDED, 1000, 0);
}

static const char *note_of(const char *slot, const char *annotation)
{
    return strmap_find(&copy_of(slot)->object->meta.annotations, annotation);
}

/* --- it goes ---------------------------------------------------------------------------------- */

static void what_was_evicted_goes_after_a_while(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    assert_string_equal(place_of("0"), "edge-0");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    assert_string_equal(place_of("0"), "edge-0");
    assert_true(fleet_is_converged(&fleet, "work"));
    fleet_advance(&fleet, 1);
    assert_string_equal(place_of("0"), "edge-1");
    assert_null(note_of("0", MOVES_ANNOTATION));
    assert_null(note_of("0", ATTEMPT_ANNOTATION));
    assert_true(fleet_has_event(&fleet, "Moved"));
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void another_reason_to_be_held_counts_on(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    never_begins("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    is_evicted("0");
    fleet_advance(&fleet, 1);
    assert_string_equal(place_of("0"), "edge-1");
}

static void they_go_one_after_the_other(void **state)
{
    size_t moved = 0;

    (void)state;
    begin(2, 1);
    apply("tasks: {count: 2}");
    never_begins("0");
    never_begins("1");
    fleet_advance(&fleet, REPLACE_AFTER_MS);
    uncordon(1);
    moved += !str_eq(place_of("0"), "edge-0");
    moved += !str_eq(place_of("1"), "edge-0");
    assert_int_equal(moved, 1);
    fleet_advance(&fleet, HELD_LOOK_MS);
    assert_string_not_equal(place_of("0"), "edge-0");
    assert_string_not_equal(place_of("1"), "edge-0");
}

static void a_move_costs_no_try(void **state)
{
    (void)state;
    begin(3, 2);
    apply("tasks: {count: 1, retries: 1}");
    fleet_report(&fleet, copy_of("0"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, RESTART_MAX_MS);
    assert_string_equal(place_of("0"), "edge-1");
    assert_string_equal(note_of("0", ATTEMPT_ANNOTATION), "1");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
    assert_string_equal(note_of("0", ATTEMPT_ANNOTATION), "1");
}

static void it_counts_once_whoever_ends_it(void **state)
{
    struct assignment_entry *before;
    const struct harvest_session_status *status;

    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    before = copy_of("0");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS);
    assert_ptr_not_equal(copy_of("0"), before);
    report(before, PHASE_SUCCEEDED, 1000, 99000); /* it went on before it heard of its move */
    status = &harvest_session_of(model_session(&fleet.ctl->model, "work")->object)->status;
    assert_string_equal(status->tasks.completed_indexes, "0");
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
}

static void a_second_opinion_goes_to_a_third(void **state)
{
    (void)state;
    begin(3, 2);
    apply("tasks: {count: 1, quorum: 2}");
    report(copy_of("0"), PHASE_SUCCEEDED, 1000, 2000);
    assert_string_equal(place_of("0"), "edge-1");
    is_evicted("0");
    fleet_advance(&fleet, 2 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-1");
    uncordon(2); /* who can take it now is asked at once */
    assert_string_equal(place_of("0"), "edge-2");
}

/* --- it stays --------------------------------------------------------------------------------- */

static void what_is_in_memory_stays(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    is_frozen("0");
    fleet_advance(&fleet, 100 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
    report(copy_of("0"), PHASE_SUSPENDED, 9000, 5000); /* a second run, the first was evicted */
    fleet_advance(&fleet, 100 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
}

static void what_nobody_else_would_run_stays(void **state)
{
    (void)state;
    begin(2, 1);
    apply("tasks: {count: 1}");
    is_evicted("0");
    fleet_advance(&fleet, 10 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(model_agent(&fleet.ctl->model, "edge-0")->used.cores, 1000);
    report(copy_of("0"), PHASE_RUNNING, 10000, 9000);
    uncordon(1);
    fleet_advance(&fleet, HELD_LOOK_MS);
    assert_string_equal(place_of("0"), "edge-0");
}

static void what_ran_meanwhile_counts_anew(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    report(copy_of("0"), PHASE_RUNNING, 10000, 9000);
    report(copy_of("0"), PHASE_SUSPENDED, 10000, 11000);
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    assert_string_equal(place_of("0"), "edge-0");
}

static void who_was_away_counts_anew(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    fleet_disconnect(&fleet, "edge-0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    fleet_connect(&fleet, "edge-0");
    assert_string_equal(place_of("0"), "edge-0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    assert_string_equal(place_of("0"), "edge-0");
    fleet_advance(&fleet, 1);
    assert_string_equal(place_of("0"), "edge-1");
}

static void a_start_of_the_controller_counts_anew(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    is_evicted("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    fleet_restart(&fleet);
    fleet_connect(&fleet, "edge-0");
    fleet_connect(&fleet, "edge-1");
    fleet_advance(&fleet, REPLACE_AFTER_MS - 1);
    assert_string_equal(place_of("0"), "edge-0");
    fleet_advance(&fleet, 1);
    assert_string_equal(place_of("0"), "edge-1");
}

static void what_helped_nothing_is_done_ever_later(void **state)
{
    (void)state;
    begin(2, 2);
    apply("tasks: {count: 1}");
    never_begins("0");
    fleet_advance(&fleet, REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-1");
    assert_string_equal(note_of("0", MOVES_ANNOTATION), "1");
    fleet_obey(&fleet);
    never_begins("0");
    fleet_advance(&fleet, 2 * REPLACE_AFTER_MS - 1);
    assert_string_equal(place_of("0"), "edge-1");
    fleet_advance(&fleet, 1);
    assert_string_equal(place_of("0"), "edge-0");
    assert_string_equal(note_of("0", MOVES_ANNOTATION), "2");
    is_evicted("0"); /* it did begin */
    fleet_advance(&fleet, 4 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-1");
    assert_null(note_of("0", MOVES_ANNOTATION));
}

static void only_tasks_go(void **state)
{
    (void)state;
    begin(2, 2);
    apply("replicas: 1");
    never_begins("0");
    fleet_advance(&fleet, 10 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
}

static void what_is_exclusive_stays(void **state)
{
    (void)state;
    begin(2, 2);
    apply("exclusive: true\n  tasks: {count: 1}");
    never_begins("0");
    fleet_advance(&fleet, 10 * REPLACE_AFTER_MS);
    assert_string_equal(place_of("0"), "edge-0");
}

#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FLEET(what_was_evicted_goes_after_a_while),
        IN_FLEET(another_reason_to_be_held_counts_on),
        IN_FLEET(they_go_one_after_the_other),
        IN_FLEET(a_move_costs_no_try),
        IN_FLEET(it_counts_once_whoever_ends_it),
        IN_FLEET(a_second_opinion_goes_to_a_third),
        IN_FLEET(what_is_in_memory_stays),
        IN_FLEET(what_nobody_else_would_run_stays),
        IN_FLEET(what_ran_meanwhile_counts_anew),
        IN_FLEET(who_was_away_counts_anew),
        IN_FLEET(a_start_of_the_controller_counts_anew),
        IN_FLEET(what_helped_nothing_is_done_ever_later),
        IN_FLEET(only_tasks_go),
        IN_FLEET(what_is_exclusive_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
