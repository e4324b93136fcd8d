/* Planning as a pure function: order, waves, what counts, and how much is looked at.  What plans
 * look like is told by the stories in tests/golden/plan. */
#include "controller/core/plan.h"

#include "controller/core/reconcile.h"
#include "tests/support/fleet.h"

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

static void load_agents(size_t count)
{
    for (size_t i = fleet.ctl->model.objects[KIND_AGENT].count; i < count; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%05zu}\n"
                 "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n",
                 i);
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
}

static void apply(const char *name, const char *spec, const char *command)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n  %s\n"
             "  workload: {command: [%s], resources: {cores: 100m}}\n",
             name, spec, command);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

static struct plan plan_of(const char *name)
{
    struct session_entry *session = model_session(&fleet.ctl->model, name);
    struct plan plan;

    (void)reconcile_plan_session(fleet.ctl, session, reconcile_template(fleet.ctl, session), &plan);
    return plan;
}

static void what_is_as_declared_has_an_empty_plan(void **state)
{
    struct plan plan;

    (void)state;
    load_agents(3);
    fleet_start(&fleet);
    apply("work", "replicas: 3", "/bin/run");
    fleet_obey(&fleet);
    plan = plan_of("work");
    assert_int_equal(plan.step_count, 0);
    assert_int_equal(plan.gap_count, 0);
    assert_int_equal(plan.waves, 0);
    assert_int_equal(plan.desired, 3);
    assert_int_equal(plan.ready, 3);
    assert_int_equal(plan.updated, 3);
    assert_int_equal(plan.unchanged, 3);
    assert_true(mono_is_never(plan.look_at));
}

static void planning_changes_nothing(void **state)
{
    uint64_t revision;
    struct plan first, second;

    (void)state;
    load_agents(2);
    fleet_start(&fleet);
    apply("work", "replicas: 2", "/bin/run");
    fleet_disconnect(&fleet, "edge-00000");
    revision = fleet.ctl->revision;
    first = plan_of("work");
    second = plan_of("work");
    assert_int_equal(fleet.ctl->revision, revision);
    assert_int_equal(first.step_count, second.step_count);
    assert_int_equal(first.gap_count, second.gap_count);
    for (size_t i = 0; i < first.gap_count; i++) {
        assert_string_equal(first.gaps[i].message, second.gaps[i].message);
    }
    arena_reset(&fleet.ctl->arena);
}

static void replicas_come_in_the_order_of_their_numbers(void **state)
{
    struct plan plan;

    (void)state;
    load_agents(1);
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                       "spec: {replicas: 12, workload: {command: [/bin/run], "
                       "resources: {cores: 0}}}\n");
    fleet_start(&fleet);
    fleet_disconnect(&fleet, "edge-00000");
    plan = plan_of("work");
    assert_int_equal(plan.gap_count, 12);
    assert_string_equal(plan.gaps[2].slot, "2");
    assert_string_equal(plan.gaps[10].slot, "10");
    arena_reset(&fleet.ctl->arena);
}

static void a_session_may_turn_from_replicas_to_every_agent_and_back(void **state)
{
    (void)state;
    load_agents(3);
    fleet_start(&fleet);
    apply("work", "replicas: 2", "/bin/run");
    fleet_obey(&fleet);
    apply("work", "everyAgent: true", "/bin/run");
    fleet_obey(&fleet);
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
    assert_int_equal(fleet_copies(&fleet, "work"), 3);
    assert_string_equal(fleet_agent_of(&fleet, "work", "edge-00002"), "edge-00002");
    apply("work", "replicas: 1", "/bin/run");
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void what_wants_to_grow_grows_when_its_neighbour_goes(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge}\n"
                       "status: {version: 0.1.0, capacity: {cores: 2, memory: 8Gi, disk: 8Gi}}\n");
    fleet_start(&fleet);
    apply("neighbour", "replicas: 10", "/bin/run");
    apply("work", "replicas: 10", "/bin/run");
    fleet_obey(&fleet);
    fleet_apply(&fleet,
                "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
                "  replicas: 1\n  workload: {command: [/bin/run], resources: {cores: 1100m}}\n");
    fleet_obey(&fleet);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    apply("neighbour", "replicas: 9", "/bin/run");
    fleet_obey(&fleet);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void agents_that_come_together_are_all_seen(void **state)
{
    (void)state;
    load_agents(1);
    fleet_start(&fleet);
    apply("work", "everyAgent: true", "/bin/run");
    fleet_obey(&fleet);
    load_agents(4); /* they connect within one step, and a report comes with them */
    for (size_t i = 1; i < 4; i++) {
        char name[] = "edge-00000";

        name[sizeof(name) - 2] = (char)('0' + i);
        model_mark_session(&fleet.ctl->model, model_session(&fleet.ctl->model, "work"));
        fleet_connect(&fleet, name);
    }
    fleet_obey(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 4);
}

/* --- the first wave --------------------------------------------------------------------------- */

static size_t first_wave(const struct plan *plan, enum plan_action action)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        count += plan->steps[i].action == action && plan->steps[i].wave == 1;
    }
    return count;
}

#define ONE_EVERYWHERE(retries)                                                                    \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"                    \
    "  everyAgent: true\n  retries: " retries "\n  workload: {command: [/bin/run], "               \
    "resources: {cores: 8}}\n"

static void what_failed_has_its_own_room_for_the_next_try(void **state)
{
    const struct assignment_entry *copy;

    (void)state;
    load_agents(1);
    fleet_start(&fleet);
    fleet_apply(&fleet, ONE_EVERYWHERE("1"));
    copy = fleet_copy(&fleet, "work", "edge-00000");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "edge-00000"), PHASE_FAILED, "ExitedNonZero",
                 1);
    assert_ptr_equal(fleet_copy(&fleet, "work", "edge-00000"), copy);
    fleet_apply(&fleet, ONE_EVERYWHERE("2"));
    assert_ptr_not_equal(fleet_copy(&fleet, "work", "edge-00000"), copy);
    fleet_obey(&fleet);
    assert_int_equal(model_agent(&fleet.ctl->model, "edge-00000")->used.cores, 8000);
}

static void an_agent_that_shrank_is_given_nothing_new(void **state)
{
    const struct assignment_entry *copy;
    struct agent_entry *agent;

    (void)state;
    load_agents(1);
    fleet_start(&fleet);
    fleet_apply(&fleet, ONE_EVERYWHERE("1"));
    copy = fleet_copy(&fleet, "work", "edge-00000");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "edge-00000"), PHASE_FAILED, "ExitedNonZero",
                 1);
    agent = model_agent(&fleet.ctl->model, "edge-00000");
    ((struct agent *)agent->object->body)->status.capacity.cores = 4000;
    fleet_apply(&fleet, ONE_EVERYWHERE("2"));
    assert_ptr_equal(fleet_copy(&fleet, "work", "edge-00000"), copy);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
}

static void waves_hold_what_may_be_down(void **state)
{
    struct harvest_session_spec *spec;
    struct plan plan;

    (void)state;
    load_agents(4);
    fleet_start(&fleet);
    apply("work", "replicas: 4\n  replaceAfter: 1h\n  rollout: {maxUnavailable: 2, pause: true}",
          "/bin/run");
    fleet_obey(&fleet);
    apply("work", "replicas: 4\n  replaceAfter: 1h\n  rollout: {maxUnavailable: 2, pause: true}",
          "/bin/other");
    assert_string_equal(fleet_why(&fleet, "work"), "RolloutPaused");
    fleet_disconnect(&fleet, "edge-00003");
    spec =
        &((struct harvest_session *)model_session(&fleet.ctl->model, "work")->object->body)->spec;
    spec->rollout.pause = false;
    plan = plan_of("work"); /* one is down: one more may be */
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 1);
    assert_int_equal(plan.step_count, 3);
    assert_int_equal(plan.waves, 2);
    spec->rollout.max_unavailable = 1;
    plan = plan_of("work");
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 0);
    assert_int_equal(plan.waves, 4);
    spec->rollout.max_unavailable = 100;
    plan = plan_of("work");
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 3);
    spec->rollout.max_unavailable = -74; /* of 4 that is 2.96 */
    plan = plan_of("work");
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 1);
    spec->rollout.max_unavailable = -75;
    plan = plan_of("work");
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 2);
    spec->rollout.max_unavailable = -1; /* at least one, and one is down */
    plan = plan_of("work");
    assert_int_equal(first_wave(&plan, PLAN_RESTART), 0);
    assert_int_equal(plan.waves, 4);
    arena_reset(&fleet.ctl->arena);
}

/* --- how much is looked at -------------------------------------------------------------------- */

enum { MANY = 10000 };

/* Three assignments on each agent, of as many sessions as there are agents. */
static void load_many(void)
{
    load_agents(MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s-%zu}\n"
                 "spec: {replicas: 3, workload: {command: [/bin/run, '%zu']}}\n"
                 "status: {observedGeneration: 1, desired: 3, ready: 3, updated: 3, succeeded: 0, "
                 "failed: 0, conditions: [{type: Converged, status: 'True', reason: AsDeclared, "
                 "message: 3 replicas are as declared}]}\n",
                 i, i);
        for (size_t slot = 0; slot < 3; slot++) {
            str_addf(&yaml,
                     "---\napiVersion: fog/v1\nkind: Assignment\n"
                     "metadata: {name: s-%zu-%zu-aaaaa}\n"
                     "spec: {agent: edge-%05zu, session: s-%zu, slot: '%zu', template: now}\n"
                     "status: {phase: Running}\n",
                     i, slot, (i + slot * 7) % MANY, i, slot);
        }
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void one_change_among_ten_thousand_agents_looks_at_ten_assignments(void **state)
{
    struct ctl_counters before;
    const struct ctl_counters *after;
    size_t commits;

    (void)state;
    load_many();
    after = ctl_counters(fleet.ctl);
    before = *after;
    commits = fleet.commits;
    apply("s-5000", "replicas: 3\n  rollout: {maxUnavailable: 3}", "/bin/other");
    assert_in_range(after->assignments_examined - before.assignments_examined, 1, 10);
    assert_int_equal(after->agents_examined, before.agents_examined);
    assert_int_equal(after->sessions_reconciled - before.sessions_reconciled, 1);
    assert_int_equal(after->assign_messages_sent - before.assign_messages_sent, 3);
    assert_int_equal(fleet.commits - commits, 1); /* with the operator's own write, in real steps */
    before = *after;
    fleet_report(&fleet, fleet_copy(&fleet, "s-5000", "0"), PHASE_RUNNING, NULL, 0);
    assert_in_range(after->assignments_examined - before.assignments_examined, 1, 10);
    assert_int_equal(after->agents_examined, before.agents_examined);
    before = *after;
    fleet_disconnect(&fleet, "edge-05000"); /* three sessions have a copy there */
    assert_int_equal(after->sessions_reconciled - before.sessions_reconciled, 3);
    assert_int_equal(after->agents_examined, before.agents_examined);
}

static void ten_thousand_replicas_are_not_examined_with_every_report(void **state)
{
    const struct ctl_counters *counters;
    uint64_t sessions;

    (void)state;
    load_agents(2000);
    fleet_start(&fleet);
    apply("work", "everyAgent: true", "/bin/run");
    counters = ctl_counters(fleet.ctl);
    sessions = counters->sessions_reconciled;
    fleet_obey(&fleet); /* two thousand reports at one moment */
    assert_in_range(counters->sessions_reconciled - sessions, 0, 2);
    fleet_advance(&fleet, 1000);
    assert_true(fleet_is_converged(&fleet, "work"));
}

static void what_was_given_up_is_not_said_to_be_started_again(void **state)
{
    struct assignment body = {
        .spec = {.agent = "edge-1"},
        .status = {.reason = "ExitedNonZero",
                   .message = "exited with code 1; started again in 10408 ms"}};
    struct object object = {.kind = &assignment_kind, .body = &body};
    const struct assignment_entry copy = {.object = &object};

    (void)state;
    assert_string_equal(plan_give_up_words(&fleet.ctl->arena, &copy, 3),
                        "given up after 3 failures in a row, the last: ExitedNonZero on edge-1 "
                        "(exited with code 1)");
    body.status.message = "";
    assert_string_equal(plan_give_up_words(&fleet.ctl->arena, &copy, 1),
                        "given up after 1 failure in a row, the last: ExitedNonZero on edge-1");
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(what_is_as_declared_has_an_empty_plan),
        IN_FLEET(planning_changes_nothing),
        IN_FLEET(replicas_come_in_the_order_of_their_numbers),
        IN_FLEET(a_session_may_turn_from_replicas_to_every_agent_and_back),
        IN_FLEET(what_wants_to_grow_grows_when_its_neighbour_goes),
        IN_FLEET(agents_that_come_together_are_all_seen),
        IN_FLEET(what_failed_has_its_own_room_for_the_next_try),
        IN_FLEET(an_agent_that_shrank_is_given_nothing_new),
        IN_FLEET(waves_hold_what_may_be_down),
        IN_FLEET(one_change_among_ten_thousand_agents_looks_at_ten_assignments),
        IN_FLEET(ten_thousand_replicas_are_not_examined_with_every_report),
        IN_FLEET(what_was_given_up_is_not_said_to_be_started_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
