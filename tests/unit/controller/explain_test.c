/* What is not as declared says why, in words that a person can act on. */
#include "controller/core/explain.h"

#include "schema/remedy.h"
#include "schema/yaml.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

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

static void an_agent(const char *name, const char *memory)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n"
             "status: {version: 0.1.0, capacity: {cores: 8, memory: %s, disk: 8Gi}}\n",
             name, memory);
    fleet_load(&fleet, yaml.data);
    str_fini(&yaml);
}

#define WORK(memory)                                                                               \
    "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"                    \
    "  workload: {command: [/bin/run], resources: {memory: " memory "}}\n"

static void expect_chain(const struct object *object, const char *expected)
{
    struct node *root = explain_object(fleet.ctl, object);
    struct str text = STR_EMPTY;

    yaml_emit(root, &text);
    assert_string_equal(text.data, expected);
    str_fini(&text);
    arena_reset(&fleet.ctl->arena);
}

static struct object *object(enum kind_id kind, const char *name)
{
    return model_find(&fleet.ctl->model, kind, name);
}

static void one_who_has_it_all_is_not_counted_as_lacking(void **state)
{
    (void)state;
    an_agent("edge-1", "200Mi");
    an_agent("edge-2", "310Mi");
    an_agent("edge-3", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-3}\n"
                        "spec: {unschedulable: true}\n");
    fleet_apply(&fleet, WORK("512Mi"));
    assert_string_equal(fleet_message(&fleet, "work"),
                        "replica 0: 3 agents match; 1 is cordoned (edge-3), 2 lack 512Mi "
                        "free memory (edge-1 200Mi, edge-2 310Mi)");
}

static void the_reason_follows_agents_that_come(void **state)
{
    (void)state;
    an_agent("edge-1", "200Mi");
    fleet_start(&fleet);
    fleet_apply(&fleet, WORK("512Mi"));
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-2}\n"
                        "status: {capacity: {cores: 8, memory: 310Mi, disk: 8Gi}}\n");
    fleet_connect(&fleet, "edge-2");
    fleet_advance(&fleet, 10 * 1000);
    assert_non_null(strstr(fleet_message(&fleet, "work"), "edge-2 310Mi"));
}

static void a_session_that_is_well_needs_no_remedy(void **state)
{
    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, WORK("512Mi"));
    fleet_obey(&fleet);
    expect_chain(object(KIND_HARVEST_SESSION, "work"), "converged: true\n"
                                                       "chain:\n"
                                                       "  - object: harvestsession/work\n"
                                                       "    is: 1 of 1 ready\n"
                                                       "    condition: Converged\n"
                                                       "    status: \"True\"\n"
                                                       "    reason: AsDeclared\n"
                                                       "    message: 1 replica is as declared\n"
                                                       "    since: \"2026-01-01T00:00:00Z\"\n");
}

static void the_chain_leads_from_a_session_to_its_agent(void **state)
{
    const char *name;
    struct str expected = STR_EMPTY;

    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, WORK("512Mi"));
    fleet_obey(&fleet);
    fleet_disconnect(&fleet, "edge-1");
    name = fleet_copy(&fleet, "work", "0")->object->meta.name;
    str_addf(&expected,
             "converged: false\n"
             "chain:\n"
             "  - object: harvestsession/work\n"
             "    is: 0 of 1 ready\n"
             "    condition: Converged\n"
             "    status: \"False\"\n"
             "    reason: AgentAway\n"
             "    message: \"replica 0: edge-1 is not connected; replaced when it is away for "
             "30s\"\n"
             "    since: \"2026-01-01T00:00:00Z\"\n"
             "    class: Network\n"
             "    remedy: bring the agent back, or wait until the work is placed elsewhere\n"
             "    actions:\n"
             "      - \"on edge-1: fog-agent --name edge-1\"\n"
             "  - object: assignment/%s\n"
             "    is: Running on edge-1 when last heard of\n"
             "    condition: Converged\n"
             "    status: \"True\"\n"
             "    reason: Running\n"
             "    message: its agent reports no more than that\n"
             "    since: \"2026-01-01T00:00:00Z\"\n"
             "  - object: agent/edge-1\n"
             "    is: not connected\n"
             "    condition: Ready\n"
             "    status: \"False\"\n"
             "    reason: Silent\n"
             "    message: its connection was lost and nothing was heard of it since\n"
             "    since: \"2026-01-01T00:00:00Z\"\n"
             "    class: Network\n"
             "    remedy: look after the machine and its network\n"
             "    actions:\n"
             "      - \"on edge-1: fog-agent --name edge-1\"\n"
             "inTheWay:\n"
             "  object: harvestsession/work\n"
             "  since: \"2026-01-01T00:00:00Z\"\n"
             "  reason: AgentAway\n"
             "  class: Network\n"
             "  message: \"replica 0: edge-1 is not connected; replaced when it is away for "
             "30s\"\n"
             "  remedy: bring the agent back, or wait until the work is placed elsewhere\n"
             "  actions:\n"
             "    - \"on edge-1: fog-agent --name edge-1\"\n"
             "remedy: bring the agent back, or wait until the work is placed elsewhere\n",
             name);
    expect_chain(object(KIND_HARVEST_SESSION, "work"), expected.data);
    str_fini(&expected);
}

static void an_agent_says_whether_it_is_there(void **state)
{
    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    expect_chain(object(KIND_AGENT, "edge-1"), "converged: true\n"
                                               "chain:\n"
                                               "  - object: agent/edge-1\n"
                                               "    is: connected\n"
                                               "    condition: Ready\n"
                                               "    status: \"True\"\n"
                                               "    reason: Connected\n"
                                               "    message: it is connected and reports\n"
                                               "    since: \"2026-01-01T00:00:00Z\"\n"
                                               "  - object: agent/edge-1\n"
                                               "    is: healthy\n"
                                               "    condition: Healthy\n"
                                               "    status: \"True\"\n"
                                               "    reason: Starts\n"
                                               "    message: what is started here does start\n"
                                               "    since: \"2026-01-01T00:00:00Z\"\n");
}

/* What stands in the way: "object reason", and nothing when nothing does. */
static void expect_in_the_way(const struct object *object, bool converged, const char *expected)
{
    struct node *root = explain_object(fleet.ctl, object);
    const struct node *found = node_find(root, "inTheWay");
    const char *reason = node_find_text(found, "reason");
    struct str text = STR_EMPTY;

    if (found != NULL) {
        str_addf(&text, "%s %s", node_find_text(found, "object"), reason);
        assert_string_equal(node_find_text(root, "remedy"), remedy_words(reason));
    }
    assert_string_equal(text.data, expected);
    assert_int_equal(node_find(root, "converged")->boolean, converged);
    assert_true(found != NULL || node_find(root, "remedy") == NULL);
    str_fini(&text);
    arena_reset(&fleet.ctl->arena);
}

static void expect_is(const struct object *object, size_t link, const char *expected)
{
    const struct node *chain = node_find(explain_object(fleet.ctl, object), "chain");

    assert_true(link < chain->list.count);
    assert_string_equal(node_find_text(chain->list.items[link], "is"), expected);
    arena_reset(&fleet.ctl->arena);
}

static const char *with_copy(const char *before, const char *after)
{
    static char text[128];

    (void)snprintf(text, sizeof(text), "%s%s%s", before,
                   fleet_copy(&fleet, "work", "0")->object->meta.name, after);
    return text;
}

static void given_work_on_an_agent(void)
{
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, WORK("512Mi"));
    fleet_obey(&fleet);
}

static void what_is_held_is_as_declared_and_stands_in_the_way(void **state)
{
    const char *expected;

    (void)state;
    given_work_on_an_agent();
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, "");
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, "");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_SUSPENDED, "BatteryLow", 0);
    expected = with_copy("assignment/", " BatteryLow");
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, expected);
    expect_in_the_way(fleet_copy(&fleet, "work", "0")->object, true, expected);
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, expected);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_RUNNING, "Overheated", 0);
    expected = with_copy("assignment/", " Overheated");
    expect_is(object(KIND_HARVEST_SESSION, "work"), 1, "Running slowly on edge-1");
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, expected);
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, expected);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_RUNNING, NULL, 0);
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, "");
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, "");
}

/* What has ended well waits for its outputs to be stored; it is neither slow nor held. */
static void outputs_are_in_the_way_when_they_cannot_be_stored(void **state)
{
    const char *expected;

    (void)state;
    given_work_on_an_agent();
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_RUNNING, "Uploading", 0);
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, "");
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, "");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_RUNNING, "UploadFailed", 0);
    expected = with_copy("assignment/", " UploadFailed");
    expect_is(object(KIND_HARVEST_SESSION, "work"), 1, "Running on edge-1");
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true, expected);
    expect_in_the_way(object(KIND_AGENT, "edge-1"), true, expected);
}

/* Beside one that runs and one that is held is one on a machine that is gone. */
static void what_an_agent_that_is_gone_held_is_not_held(void **state)
{
    (void)state;
    an_agent("edge-1", "1Gi");
    an_agent("edge-2", "1Gi");
    an_agent("edge-3", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
                        "  everyAgent: true\n  workload: {command: [/bin/run]}\n");
    fleet_obey(&fleet);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "edge-1"), PHASE_SUSPENDED, "BatteryLow", 0);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "edge-3"), PHASE_SUSPENDED, "Metered", 0);
    assert_string_equal(fleet_message(&fleet, "work"), "1 replica is as declared, 2 are held back: "
                                                       "BatteryLow on edge-1, Metered on edge-3");
    fleet_disconnect(&fleet, "edge-1");
    assert_string_equal(fleet_message(&fleet, "work"),
                        "1 replica is as declared, 1 is held back: Metered on edge-3");
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), true,
                      arena_printf(&fleet.ctl->arena, "assignment/%s Metered",
                                   fleet_copy(&fleet, "work", "edge-3")->object->meta.name));
}

#define HELD_SINCE(ms)                                                                             \
    WORK("512Mi")                                                                                  \
    "---\napiVersion: fog/v1\nkind: Assignment\nmetadata: {name: work-0-aaaaa}\n"                  \
    "spec: {agent: edge-1, session: work, slot: '0', template: now}\n"                             \
    "status: {phase: Suspended, reason: BatteryLow, policyChange: " ms "}\n"

static void expect_since(const char *yaml, const char *expected)
{
    struct node *root;

    an_agent("edge-1", "1Gi");
    fleet_load(&fleet, yaml);
    fleet_start(&fleet);
    fleet_advance(&fleet, 120 * 1000);
    root = explain_object(fleet.ctl, object(KIND_HARVEST_SESSION, "work"));
    assert_string_equal(node_find_text(node_find(root, "inTheWay"), "since"), expected);
    arena_reset(&fleet.ctl->arena);
}

/* A condition that stays true keeps its moment, which is when it began to run. */
static void what_is_held_is_so_since_its_agent_said(void **state)
{
    (void)state;
    expect_since(HELD_SINCE("1767225660000"), "2026-01-01T00:01:00Z");
}

static void nothing_is_held_since_the_future(void **state)
{
    (void)state;
    expect_since(HELD_SINCE("1999999999999"), "2026-01-01T00:02:00Z");
}

/* Of a link that is the agent's; NULL: none. */
static void expect_readings(const struct object *object, size_t link, const char *expected)
{
    struct node *root = explain_object(fleet.ctl, object);
    const struct node *chain = node_find(root, "chain");
    const char *readings;

    assert_true(link < chain->list.count);
    assert_string_equal(node_find_text(chain->list.items[link], "object"), "agent/edge-1");
    readings = node_find_text(chain->list.items[link], "readings");
    if (expected == NULL) {
        assert_null(readings);
    } else {
        assert_string_equal(readings, expected);
    }
    arena_reset(&fleet.ctl->arena);
}

static void readings_from_before_it_was_held_are_not_told(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1}\nstatus:\n"
                       "  version: 0.1.0\n  capacity: {cores: 8, memory: 1Gi, disk: 8Gi}\n"
                       "  sensors: {battery: 12, charging: false, temperature: 41.5, load: 1,\n"
                       "            unknown: [idle]}\n");
    fleet_load(&fleet, HELD_SINCE("1767225660000"));
    fleet_start(&fleet);
    expect_readings(object(KIND_AGENT, "edge-1"), 0,
                    "battery 12 %, on battery, temperature 41.5 °C, idle tells nothing");
    expect_readings(object(KIND_HARVEST_SESSION, "work"), 2,
                    "battery 12 %, on battery, temperature 41.5 °C, idle tells nothing");
    fleet_advance(&fleet, 120 * 1000);
    expect_readings(object(KIND_HARVEST_SESSION, "work"), 2, NULL);
}

static void what_passes_by_itself_stands_behind_what_does_not(void **state)
{
    (void)state;
    given_work_on_an_agent();
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "CannotSave", 0);
    assert_string_equal(fleet_why(&fleet, "work"), "Starting");
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), false,
                      with_copy("assignment/", " CannotSave"));
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "AwaitingLease", 0);
    expect_in_the_way(object(KIND_HARVEST_SESSION, "work"), false, "harvestsession/work Starting");
}

static void of_what_runs_on_an_agent_that_is_away_the_agent_is_named(void **state)
{
    (void)state;
    given_work_on_an_agent();
    fleet_disconnect(&fleet, "edge-1");
    expect_in_the_way(fleet_copy(&fleet, "work", "0")->object, false, "agent/edge-1 Silent");
    expect_in_the_way(object(KIND_AGENT, "edge-1"), false, "agent/edge-1 Silent");
}

static void what_was_not_reported_yet_is_pending(void **state)
{
    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    fleet_apply(&fleet, WORK("512Mi"));
    expect_in_the_way(fleet_copy(&fleet, "work", "0")->object, false,
                      with_copy("assignment/", " Pending"));
}

/* --- the resource stage ----------------------------------------------------------------------- */

static void expect_warning(const char *yaml, const char *expected)
{
    struct object *session = fleet_object(yaml);
    struct arena arena = {0};
    struct problems problems;
    struct str text = STR_EMPTY;

    problems_init(&problems, &arena, "m.yaml");
    check_resource(fleet.ctl, session, &problems);
    problems_print(&problems, &text);
    assert_string_equal(text.data, expected);
    assert_int_equal(problems.errors, 0);
    str_fini(&text);
    arena_fini(&arena);
    object_unref(session);
}

static void work_that_no_agent_could_ever_hold_is_warned_about(void **state)
{
    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    expect_warning(WORK("512Mi"), "");
    expect_warning(WORK("2Gi"), "m.yaml: warning: spec.workload.resources: 1 agent matches, but "
                                "none is large enough, even when it is empty\n");
    expect_warning("apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
                   "  selector: {matchLabels: {site: west}}\n  workload: {command: [/bin/run]}\n",
                   "m.yaml: warning: spec.selector: none of 1 agent matches the selector "
                   "site=west\n");
}

static void a_fleet_without_agents_warns_of_nothing(void **state)
{
    (void)state;
    fleet_start(&fleet);
    expect_warning(WORK("2Gi"), "");
}

/* A machine that slept wakes up, and somebody asks before the clock rings. */
static void a_wait_that_is_over_is_told_as_none(void **state)
{
    const struct node *why;

    (void)state;
    an_agent("edge-1", "1Gi");
    fleet_start(&fleet);
    fleet_restore(&fleet);
    fleet_connect(&fleet, "edge-1");
    fleet_apply(&fleet, WORK("512Mi") "  exclusive: true\n");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_STARTING, "AwaitingLease", 0);
    assert_true(fleet.ctl->is_unsettled);
    fleet.ctl->now = mono_after(fleet.ctl->reconciler.settles_at, 60 * 1000);
    why = explain_object(fleet.ctl, object(KIND_HARVEST_SESSION, "work"));
    assert_string_equal(node_find_text(node_find(why, "inTheWay"), "reason"), "Leased");
    assert_string_equal(node_text(node_find(node_find(why, "inTheWay"), "actions")->list.items[0]),
                        "wait 0s");
    arena_reset(&fleet.ctl->arena);
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(one_who_has_it_all_is_not_counted_as_lacking),
        IN_FLEET(the_reason_follows_agents_that_come),
        IN_FLEET(a_session_that_is_well_needs_no_remedy),
        IN_FLEET(the_chain_leads_from_a_session_to_its_agent),
        IN_FLEET(an_agent_says_whether_it_is_there),
        IN_FLEET(what_is_held_is_as_declared_and_stands_in_the_way),
        IN_FLEET(outputs_are_in_the_way_when_they_cannot_be_stored),
        IN_FLEET(what_an_agent_that_is_gone_held_is_not_held),
        IN_FLEET(what_is_held_is_so_since_its_agent_said),
        IN_FLEET(nothing_is_held_since_the_future),
        IN_FLEET(readings_from_before_it_was_held_are_not_told),
        IN_FLEET(what_passes_by_itself_stands_behind_what_does_not),
        IN_FLEET(of_what_runs_on_an_agent_that_is_away_the_agent_is_named),
        IN_FLEET(what_was_not_reported_yet_is_pending),
        IN_FLEET(work_that_no_agent_could_ever_hold_is_warned_about),
        IN_FLEET(a_fleet_without_agents_warns_of_nothing),
        IN_FLEET(a_wait_that_is_over_is_told_as_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
