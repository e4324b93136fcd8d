/* What becomes of sessions over time: waves, losses, failures, and how much work that is. */
#include "tests/support/fleet.h"

#include "controller/core/copy.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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

static void some_agents(size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%zu}\n"
                 "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n",
                 i);
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void apply(const char *name, const char *spec, const char *workload)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n  %s\n"
             "  workload: {%s}\n",
             name, spec, workload);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

#define RUN "command: [/bin/run]"

static void report(const char *slot, enum assignment_phase phase, const char *reason,
                   int64_t failures)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", slot), phase, reason, failures);
}

static size_t updated_of(size_t count)
{
    size_t updated = 0;

    for (size_t i = 0; i < count; i++) {
        char slot[2] = {(char)('0' + i), '\0'};

        updated += fleet_copy(&fleet, "work", slot)->object->meta.generation == 2;
    }
    return updated;
}

/* --- waves ------------------------------------------------------------------------------------ */

static void waves_follow_reports(void **state)
{
    (void)state;
    some_agents(3);
    apply("work", "replicas: 3", RUN);
    fleet_obey(&fleet);
    apply("work", "replicas: 3", "command: [/bin/run, again]");
    assert_int_equal(updated_of(3), 1);
    assert_string_equal(fleet_why(&fleet, "work"), "Starting");
    fleet_advance(&fleet, 60 * 1000);
    assert_int_equal(updated_of(3), 1); /* time alone is no answer */
    report("0", PHASE_RUNNING, NULL, 0);
    assert_int_equal(updated_of(3), 2);
    report("1", PHASE_RUNNING, NULL, 0);
    report("2", PHASE_RUNNING, NULL, 0);
    assert_int_equal(updated_of(3), 3);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void a_bad_change_stops_at_its_first_wave(void **state)
{
    (void)state;
    some_agents(3);
    apply("work", "replicas: 3", RUN);
    fleet_obey(&fleet);
    apply("work", "replicas: 3", "command: [/bin/missing]");
    report("0", PHASE_FAILED, "StartFailed", 1);
    fleet_advance(&fleet, 10 * 60 * 1000);
    for (size_t i = 0; i < 2; i++) {
        char slot[2] = {(char)('1' + i), '\0'};

        assert_int_equal(assignment_status(fleet_copy(&fleet, "work", slot))->phase, PHASE_RUNNING);
        assert_int_equal(fleet_copy(&fleet, "work", slot)->object->meta.generation, 1);
    }
}

static void an_update_keeps_the_assignment(void **state)
{
    struct str uid = STR_EMPTY;

    (void)state;
    some_agents(1);
    apply("work", "replicas: 1", RUN);
    fleet_obey(&fleet);
    str_add(&uid, fleet_copy(&fleet, "work", "0")->object->meta.uid);
    apply("work", "replicas: 1", "command: [/bin/other]");
    assert_string_equal(fleet_copy(&fleet, "work", "0")->object->meta.uid, uid.data);
    str_fini(&uid);
}

/* --- losses ----------------------------------------------------------------------------------- */

static void two_agents_run_one(const char *spec)
{
    some_agents(2);
    apply("work", spec, RUN);
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-1");
}

static void a_lost_agent_keeps_its_work_for_a_while(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    fleet_disconnect(&fleet, "edge-1");
    assert_string_equal(fleet_why(&fleet, "work"), "AgentAway");
    fleet_advance(&fleet, 19 * 1000);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    fleet_connect(&fleet, "edge-1");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-1");
}

static void work_of_a_lost_agent_is_replaced(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, 21 * 1000);
    assert_int_equal(fleet_copies(&fleet, "work"), 2); /* the old one stays till then */
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_true(fleet_has_event(&fleet, "Replaced"));
}

static void a_replacement_that_runs_stays_when_the_lost_returns(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, 21 * 1000);
    fleet_obey(&fleet);
    fleet_connect(&fleet, "edge-1");
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
}

static void the_returned_copy_stays_when_the_replacement_does_not_run_yet(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, 21 * 1000);
    fleet_connect(&fleet, "edge-1");
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-1");
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void what_is_done_needs_no_replacement(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    report("0", PHASE_SUCCEEDED, NULL, 0);
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, 60 * 1000);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_true(fleet_is_converged(&fleet, "work"));
}

/* It counted as well, so its replacement was ended, made again and ended again, for ever. */
static void what_was_done_in_an_old_form_does_not_end_its_replacement(void **state)
{
    const struct assignment_entry *replacement;

    (void)state;
    two_agents_run_one("replicas: 1\n  replaceAfter: 20s");
    report("0", PHASE_SUCCEEDED, NULL, 0);
    fleet_disconnect(&fleet, "edge-1");
    apply("work", "replicas: 1\n  replaceAfter: 20s", "command: [/bin/other]");
    fleet_advance(&fleet, 21 * 1000);
    replacement = dlist_owner(model_agent(&fleet.ctl->model, "edge-2")->assignments.next,
                              struct assignment_entry, on_agent);
    fleet_report(&fleet, replacement, PHASE_STARTING, NULL, 0);
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_true(fleet_is_converged(&fleet, "work"));
}

/* Its agent never heard of it, and so will not say that it ended. */
static void what_moves_unheard_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    fleet_load(&fleet,
               "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1, labels: {site: a}}\n"
               "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n");
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-2}\n"
                       "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n");
    fleet_start(&fleet);
    apply("work", "replicas: 1\n  selector: {matchLabels: {site: a}}", RUN);
    apply("work",
          "replicas: 1\n  exclusive: true\n  leaseDuration: 5s\n"
          "  selector: {matchExpressions: [{key: site, operator: DoesNotExist}]}",
          RUN);
    assert_int_equal(fleet_copies(&fleet, "work"), 0);
    fleet_advance(&fleet, 120 * 1000);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
}

static void work_to_end_on_a_lost_agent_goes_at_once(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    fleet_disconnect(&fleet, "edge-1");
    apply("work", "replicas: 0", RUN);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void an_agent_that_never_says_it_ended_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    fleet_delete(&fleet, &harvest_session_kind, "work");
    fleet_advance(&fleet, 20 * 1000);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
    fleet_advance(&fleet, 30 * 1000);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

static void what_was_never_told_goes_at_once(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    fleet.holds_back = true; /* the agents are slow to read: nothing more is sent */
    apply("other", "replicas: 2", RUN);
    assert_int_equal(fleet_copies(&fleet, "other"), 2);
    fleet_delete(&fleet, &harvest_session_kind, "other");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
}

static void an_agent_away_is_not_wanted_by_what_runs_everywhere(void **state)
{
    (void)state;
    some_agents(2);
    apply("work", "everyAgent: true", RUN);
    fleet_obey(&fleet);
    fleet_disconnect(&fleet, "edge-2");
    fleet_advance(&fleet, 10 * 60 * 1000);
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    assert_string_equal(fleet_message(&fleet, "work"), "1 replica is as declared");
}

/* --- after a restart of the controller -------------------------------------------------------- */

static void a_loaded_fleet(void)
{
    fleet_load(&fleet,
               "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1, "
               "annotations: {test/away: 'true'}}\nstatus: {version: 0.1.0, "
               "capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n---\n"
               "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
               "  replaceAfter: 10m\n  workload: {command: [/bin/run]}\n"
               "status: {observedGeneration: 1, desired: 1, ready: 1, updated: 1, succeeded: 0,\n"
               "  failed: 0, conditions: [{type: Converged, status: 'True', reason: AsDeclared,\n"
               "  message: 1 replica is as declared}]}\n---\n"
               "apiVersion: fog/v1\nkind: Assignment\nmetadata: {name: work-0-aaaaa}\n"
               "spec: {agent: edge-1, session: work, slot: '0', template: now}\n"
               "status: {phase: Running}\n");
    fleet_start(&fleet);
}

static void after_a_start_the_last_word_of_an_agent_counts(void **state)
{
    (void)state;
    a_loaded_fleet();
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(fleet.ctl->counters.rows_status, 0);
    fleet_connect(&fleet, "edge-1");
    assert_int_equal(fleet.ctl->counters.sessions_reconciled, 1); /* at the start */
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void who_does_not_come_back_after_a_start_is_away(void **state)
{
    (void)state;
    a_loaded_fleet();
    fleet_advance(&fleet, RECONNECT_MAX_MS + 1);
    assert_string_equal(fleet_why(&fleet, "work"), "AgentAway");
    assert_string_equal(
        condition_find(&agent_status(model_agent(&fleet.ctl->model, "edge-1"))->conditions, "Ready")
            ->reason,
        "Silent");
}

static void after_a_start_nothing_is_wanted_on_who_is_not_back(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1, "
                       "annotations: {test/away: 'true'}}\nstatus: {version: 0.1.0, "
                       "capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n---\n"
                       "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
                       "  everyAgent: true\n  exclusive: true\n  workload: {command: [/bin/run]}\n"
                       "---\napiVersion: fog/v1\nkind: Assignment\n"
                       "metadata: {name: work-edge-1-aaaaa, "
                       "deletionTimestamp: '2026-01-01T00:00:00Z'}\n"
                       "spec: {agent: edge-1, session: work, slot: edge-1, template: now, "
                       "leaseEpoch: 3}\nstatus: {phase: Running}\n");
    fleet_start(&fleet);
    assert_string_equal(fleet_why(&fleet, "work"), "Leased"); /* not: no agent for it */
    fleet_advance(&fleet, 60 * 1000);
    assert_true(fleet_is_converged(&fleet, "work"));
}

/* --- failures --------------------------------------------------------------------------------- */

static void a_failed_replica_is_tried_elsewhere_after_a_pause(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    report("0", PHASE_FAILED, "StartFailed", 1);
    assert_string_equal(fleet_why(&fleet, "work"), "BackOff");
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-1");
    fleet_advance(&fleet, RESTART_MIN_MS);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
    assert_true(fleet_has_event(&fleet, "BackOff"));
}

static void failures_are_counted_over_all_agents(void **state)
{
    (void)state;
    some_agents(3);
    apply("work", "retries: 3", RUN);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_not_equal(fleet_why(&fleet, "work"), "GivenUp");
        report("0", PHASE_FAILED, "StartFailed", 1);
        fleet_advance(&fleet, RESTART_MAX_MS);
    }
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    fleet_advance(&fleet, 60 * 60 * 1000);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_true(fleet_has_event(&fleet, "GivenUp"));
}

/* An agent can claim anything. */
static void any_number_of_failures_is_one_to_reckon_with(void **state)
{
    static const int64_t claims[] = {(int64_t)1 << 32, INT64_MAX, 1};

    (void)state;
    some_agents(3);
    apply("work", "retries: 0", RUN);
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        report("0", PHASE_FAILED, "StartFailed", claims[i]);
        assert_string_equal(fleet_why(&fleet, "work"), "BackOff");
        assert_true(copy_failures(fleet_copy(&fleet, "work", "0")) > i);
        fleet_advance(&fleet, RESTART_MAX_MS);
    }
}

static void what_was_given_up_is_tried_again_when_the_session_changes(void **state)
{
    (void)state;
    two_agents_run_one("retries: 1");
    report("0", PHASE_FAILED, "StartFailed", 1);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    apply("work", "retries: 2", RUN);
    assert_string_equal(fleet_why(&fleet, "work"), "Starting");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void what_was_given_up_is_tried_again_when_it_is_deleted(void **state)
{
    (void)state;
    two_agents_run_one("retries: 1");
    report("0", PHASE_FAILED, "StartFailed", 1);
    fleet_delete(&fleet, &assignment_kind, fleet_copy(&fleet, "work", "0")->object->meta.name);
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void a_replica_that_its_agent_tries_for_ever_is_given_up(void **state)
{
    const struct assignment_entry *copy;

    (void)state;
    two_agents_run_one("retries: 5");
    report("0", PHASE_STARTING, "ExitedNonZero", 4);
    assert_string_equal(fleet_why(&fleet, "work"), "Failing");
    report("0", PHASE_STARTING, "ExitedNonZero", 5);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    copy = fleet_copy(&fleet, "work", "0");
    assert_false(copy->is_in_set); /* its agent is told to end it */
    report("0", PHASE_STOPPED, NULL, 0);
    fleet_advance(&fleet, 60 * 60 * 1000);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    apply("work", "retries: 6", RUN);
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

/* Its agent was away, so there is a second one: of two that were given up the younger stays. */
static void of_two_copies_given_up_one_is_kept(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1}\n"
                       "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n"
                       "---\napiVersion: fog/v1\nkind: HarvestSession\n"
                       "metadata: {name: work, generation: 1}\nspec:\n"
                       "  replicas: 1\n  workload: {command: [/bin/run]}\n"
                       "status: {observedGeneration: 1}\n"
                       "---\napiVersion: fog/v1\nkind: Assignment\n"
                       "metadata: {name: work-0-aaaaa, annotations: {fog/given-up: 1 no}}\n"
                       "spec: {agent: edge-1, session: work, slot: '0', template: now}\n"
                       "status: {phase: Stopped, reason: Removed}\n"
                       "---\napiVersion: fog/v1\nkind: Assignment\n"
                       "metadata: {name: work-0-bbbbb, annotations: {fog/given-up: 1 no}}\n"
                       "spec: {agent: edge-1, session: work, slot: '0', template: now}\n"
                       "status: {phase: Stopped, reason: Removed}\n");
    fleet_start(&fleet);
    fleet_advance(&fleet, 60 * 1000);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
}

#define PAUSED "retries: 5\n  rollout: {pause: true}"

static void a_paused_rollout_gives_up_what_fails_for_ever(void **state)
{
    (void)state;
    two_agents_run_one(PAUSED);
    apply("work", PAUSED, "command: [/bin/other]");
    assert_string_equal(fleet_why(&fleet, "work"), "RolloutPaused");
    report("0", PHASE_STARTING, "BackOff", 5);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
}

static void a_paused_rollout_gives_up_what_was_no_task_yet(void **state)
{
    (void)state;
    two_agents_run_one(PAUSED);
    apply("work", "tasks: {count: 1}\n  " PAUSED, "command: [/bin/run]");
    assert_string_equal(fleet_why(&fleet, "work"), "RolloutPaused");
    report("0", PHASE_STARTING, "BackOff", 5);
    assert_string_equal(fleet_why(&fleet, "work"), "GivenUp");
}

static void a_paused_rollout_replaces_what_failed(void **state)
{
    (void)state;
    two_agents_run_one(PAUSED);
    apply("work", PAUSED, "command: [/bin/other]");
    report("0", PHASE_FAILED, "StartFailed", 1);
    fleet_advance(&fleet, RESTART_MIN_MS);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "edge-2");
}

static void without_a_limit_it_is_never_given_up(void **state)
{
    (void)state;
    two_agents_run_one("retries: 0");
    report("0", PHASE_STARTING, "ExitedNonZero", 1000);
    assert_string_equal(fleet_why(&fleet, "work"), "Failing");
}

static void what_is_never_restarted_fails_once(void **state)
{
    (void)state;
    some_agents(2);
    apply("work", "replicas: 1", "command: [/bin/run], restart: never");
    report("0", PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, 60 * 60 * 1000);
    assert_string_equal(fleet_why(&fleet, "work"), "Failed");
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    apply("work", "replicas: 1", "command: [/bin/mended], restart: never");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void a_stale_report_is_dropped(void **state)
{
    struct wire_report_item late = {.status = {.phase = PHASE_FAILED}, .generation = 1};
    struct assignment_entry *copy;

    (void)state;
    two_agents_run_one("replicas: 1");
    apply("work", "replicas: 1", "command: [/bin/other]");
    fleet_obey(&fleet);
    copy = fleet_copy(&fleet, "work", "0");
    reconcile_report(fleet.ctl, copy->agent, copy, &late); /* of the first generation */
    assert_int_equal(fleet.ctl->counters.stale_messages, 1);
    assert_int_equal(assignment_status(copy)->phase, PHASE_RUNNING);
}

/* Its agent is a copy of the one that told the success, or was put back. */
static void a_success_outlives_its_agents_folder(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    report("0", PHASE_FAILED, "OutputMissing", 1);
    assert_int_equal(assignment_status(fleet_copy(&fleet, "work", "0"))->phase, PHASE_FAILED);
    report("0", PHASE_SUCCEEDED, "Completed", 0);
    report("0", PHASE_FAILED, "OutputMissing", 1);
    assert_int_equal(assignment_status(fleet_copy(&fleet, "work", "0"))->phase, PHASE_SUCCEEDED);
    report("0", PHASE_FAILED, "ExitedNonZero", 1); /* of a run that was begun again */
    assert_int_equal(assignment_status(fleet_copy(&fleet, "work", "0"))->phase, PHASE_FAILED);
}

static void makes(const char *slot, enum assignment_phase phase, const char *reason)
{
    static struct output_status out = {.path = "out", .digest = "blake2b:00", .size = 1};
    struct assignment_entry *copy = fleet_copy(&fleet, "work", slot);
    struct wire_report_item item = {.generation = copy->object->meta.generation};

    shape_put(&assignment_status_shape, &item.status, phase, (int)phase);
    shape_put(&assignment_status_shape, &item.status, reason, reason);
    shape_put(&assignment_status_shape, &item.status, outputs, ((outputs_t){&out, 1}));
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(fleet.ctl, copy->agent, copy, &item);
    batch_free(TAKE(fleet.ctl->batch));
}

/* It told the success, the answer was lost, and its policy would not let it ask whether the outputs
 * are still there.  Of a success that was not taken in, nothing is kept but that it waits. */
static void a_success_outlives_its_agents_doubt(void **state)
{
    const struct assignment_entry *copy;

    (void)state;
    two_agents_run_one("replicas: 1");
    copy = fleet_copy(&fleet, "work", "0");
    makes("0", PHASE_SUSPENDED, "BatteryLow");
    assert_int_equal(assignment_status(copy)->phase, PHASE_SUSPENDED);
    assert_int_equal(assignment_status(copy)->outputs.count, 0);
    makes("0", PHASE_SUCCEEDED, "Completed");
    makes("0", PHASE_SUSPENDED, "BatteryLow");
    assert_int_equal(assignment_status(copy)->phase, PHASE_SUCCEEDED);
    assert_int_equal(assignment_status(copy)->outputs.count, 1);
}

/* --- work done -------------------------------------------------------------------------------- */

static void an_identical_report_writes_nothing(void **state)
{
    uint64_t revision;
    size_t sessions;

    (void)state;
    two_agents_run_one("replicas: 1");
    revision = fleet.ctl->revision;
    sessions = fleet.ctl->counters.sessions_reconciled;
    report("0", PHASE_RUNNING, NULL, 0);
    assert_int_equal(fleet.ctl->revision, revision);
    assert_int_equal(fleet.ctl->counters.sessions_reconciled, sessions);
}

static void an_identical_apply_makes_no_revision_and_no_message(void **state)
{
    uint64_t revision;
    size_t messages;

    (void)state;
    two_agents_run_one("replicas: 1");
    revision = fleet.ctl->revision;
    messages = fleet.assign_messages;
    apply("work", "replicas: 1", RUN);
    assert_int_equal(fleet.ctl->revision, revision);
    assert_int_equal(fleet.assign_messages, messages);
}

static void set_space(bool is_full)
{
    const struct ctl_event event = {
        .type = CTL_STORE_SPACE, .now = fleet.now, .wall = fleet.wall, .store_is_full = is_full};
    struct effects effects;

    effects_init(&effects);
    ctl_step(fleet.ctl, &event, &effects);
    assert_true(is_full || effects.batch != NULL);
    effects_fini(&effects);
}

static void on_a_full_disk_work_ends_but_none_starts(void **state)
{
    (void)state;
    two_agents_run_one("replicas: 1");
    set_space(true);
    fleet_disconnect(&fleet, "edge-2"); /* so that what is to end goes at once */
    fleet_disconnect(&fleet, "edge-1");
    apply("other", "replicas: 1", RUN);
    apply("work", "replicas: 0", RUN);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
    fleet_connect(&fleet, "edge-1");
    assert_int_equal(fleet_copies(&fleet, "other"), 0);
    set_space(false);
    fleet_tick(&fleet);
    assert_int_equal(fleet_copies(&fleet, "other"), 1);
}

static void an_agent_that_comes_after_an_undone_removal_is_not_missed(void **state)
{
    struct str plan = STR_EMPTY;

    (void)state;
    some_agents(2);
    fleet_disconnect(&fleet, "edge-2");
    apply("work", "everyAgent: true", RUN);
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    set_space(true); /* so that the session is not settled anew meanwhile */
    fleet_plan(&fleet,
               "apiVersion: fog/v1\nkind: HarvestSession\n"
               "metadata: {name: work, annotations: {test/delete: \"true\"}}\n"
               "spec: {everyAgent: true, workload: {" RUN "}}\n",
               &plan);
    fleet_tick(&fleet);
    fleet_connect(&fleet, "edge-2");
    set_space(false);
    fleet_tick(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 2);
    str_fini(&plan);
}

static void a_large_start_is_spread_over_steps(void **state)
{
    size_t commits;

    (void)state;
    some_agents(4);
    commits = fleet.commits;
    apply("work", "replicas: 1500", "command: [/bin/run], resources: {cores: 0}");
    assert_int_equal(fleet_copies(&fleet, "work"), 1500);
    assert_true(fleet.commits - commits >= 1500 / STEP_STORES_MAX);
}

/* The most work that one step did until nothing is due any more. */
static size_t most_in_a_step(size_t *ret_steps)
{
    size_t most = 0, steps = 0;

    do {
        struct ctl_event tick = {.type = CTL_TICK};

        fleet_event(&fleet, &tick);
        most = fleet.ctl->reconciler.examined > most ? fleet.ctl->reconciler.examined : most;
        steps++;
        assert_true(steps < 100);
    } while (mono_is_due(ctl_deadline(fleet.ctl), fleet.now));
    *ret_steps = steps;
    return most;
}

static void very_much_that_finds_no_room_is_planned_in_several_steps(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    uint64_t planned;
    size_t steps;

    (void)state;
    some_agents(1);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        apply(names[i], "replicas: 10000", "command: [/bin/run], resources: {cores: 100}");
    }
    fleet_advance(&fleet, WHY_REFRESH_MS); /* what led to this is looked at for the last time */
    planned = fleet.ctl->counters.sessions_reconciled;
    map_each (&fleet.ctl->model.objects[KIND_HARVEST_SESSION], it) {
        model_mark_session(&fleet.ctl->model, it->value);
    }
    assert_in_range(most_in_a_step(&steps), STEP_EXAMINE_MAX, STEP_EXAMINE_MAX + REPLICAS_MAX);
    assert_in_range(steps, 3, 4);
    assert_int_equal(fleet.ctl->counters.sessions_reconciled - planned, COUNT_OF(names));
    assert_string_equal(fleet_why(&fleet, "j"), "NoAgent");
}

static void who_is_marked_again_and_again_keeps_nobody_from_a_turn(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

    (void)state;
    some_agents(1);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        apply(names[i], "replicas: 10000", "command: [/bin/run], resources: {cores: 100}");
    }
    map_each (&fleet.ctl->model.objects[KIND_HARVEST_SESSION], it) {
        model_mark_session(&fleet.ctl->model, it->value);
    }
    for (size_t i = 0; i < 4; i++) {
        struct ctl_event tick = {.type = CTL_TICK};

        for (size_t j = 0; j < 5; j++) { /* more than one step comes to */
            model_mark_session(&fleet.ctl->model, model_session(&fleet.ctl->model, names[j]));
        }
        fleet_event(&fleet, &tick);
    }
    assert_true(dlist_is_empty(&model_session(&fleet.ctl->model, "j")->dirty));
    assert_false(dlist_is_empty(&fleet.ctl->model.dirty));
}

static void the_next_wave_follows_what_ends_without_a_word(void **state)
{
    (void)state;
    some_agents(3);
    apply("work", "replicas: 3\n  replaceAfter: 1s", RUN);
    fleet_obey(&fleet);
    report("0", PHASE_SUCCEEDED, "Completed", 0);
    fleet_disconnect(&fleet, "edge-1");
    apply("work", "replicas: 3\n  replaceAfter: 1s", "command: [/bin/run, again]");
    fleet_advance(&fleet, 2000);
    report("1", PHASE_RUNNING, NULL, 0);
    assert_int_equal(fleet_copy(&fleet, "work", "2")->object->meta.generation, 1);
    fleet_obey(&fleet); /* the new copy of 0 runs: the old one, done in its old form, goes */
    assert_int_equal(fleet_copy(&fleet, "work", "2")->object->meta.generation, 2);
    assert_true(fleet_is_converged(&fleet, "work"));
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(waves_follow_reports),
        IN_FLEET(a_bad_change_stops_at_its_first_wave),
        IN_FLEET(an_update_keeps_the_assignment),
        IN_FLEET(a_lost_agent_keeps_its_work_for_a_while),
        IN_FLEET(work_of_a_lost_agent_is_replaced),
        IN_FLEET(a_replacement_that_runs_stays_when_the_lost_returns),
        IN_FLEET(the_returned_copy_stays_when_the_replacement_does_not_run_yet),
        IN_FLEET(what_is_done_needs_no_replacement),
        IN_FLEET(what_was_done_in_an_old_form_does_not_end_its_replacement),
        IN_FLEET(what_moves_unheard_is_not_waited_for_for_ever),
        IN_FLEET(work_to_end_on_a_lost_agent_goes_at_once),
        IN_FLEET(an_agent_that_never_says_it_ended_is_not_waited_for_for_ever),
        IN_FLEET(what_was_never_told_goes_at_once),
        IN_FLEET(an_agent_away_is_not_wanted_by_what_runs_everywhere),
        IN_FLEET(after_a_start_the_last_word_of_an_agent_counts),
        IN_FLEET(who_does_not_come_back_after_a_start_is_away),
        IN_FLEET(after_a_start_nothing_is_wanted_on_who_is_not_back),
        IN_FLEET(a_failed_replica_is_tried_elsewhere_after_a_pause),
        IN_FLEET(failures_are_counted_over_all_agents),
        IN_FLEET(any_number_of_failures_is_one_to_reckon_with),
        IN_FLEET(what_was_given_up_is_tried_again_when_the_session_changes),
        IN_FLEET(what_was_given_up_is_tried_again_when_it_is_deleted),
        IN_FLEET(a_replica_that_its_agent_tries_for_ever_is_given_up),
        IN_FLEET(a_paused_rollout_gives_up_what_fails_for_ever),
        IN_FLEET(a_paused_rollout_gives_up_what_was_no_task_yet),
        IN_FLEET(a_paused_rollout_replaces_what_failed),
        IN_FLEET(of_two_copies_given_up_one_is_kept),
        IN_FLEET(without_a_limit_it_is_never_given_up),
        IN_FLEET(what_is_never_restarted_fails_once),
        IN_FLEET(a_stale_report_is_dropped),
        IN_FLEET(a_success_outlives_its_agents_folder),
        IN_FLEET(a_success_outlives_its_agents_doubt),
        IN_FLEET(an_identical_report_writes_nothing),
        IN_FLEET(an_identical_apply_makes_no_revision_and_no_message),
        IN_FLEET(on_a_full_disk_work_ends_but_none_starts),
        IN_FLEET(an_agent_that_comes_after_an_undone_removal_is_not_missed),
        IN_FLEET(a_large_start_is_spread_over_steps),
        IN_FLEET(very_much_that_finds_no_room_is_planned_in_several_steps),
        IN_FLEET(who_is_marked_again_and_again_keeps_nobody_from_a_turn),
        IN_FLEET(the_next_wave_follows_what_ends_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
