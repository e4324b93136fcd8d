/* The rules of placing, one by one and in their order. */
#include "controller/core/place.h"

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

static void an_agent(const char *name, const char *meta, const char *spec, const char *capacity)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s%s}\nspec: {%s}\n"
             "status: {version: 0.2.0, platform: linux/amd64, capacity: {%s}}\n",
             name, meta, spec, capacity);
    fleet_load(&fleet, yaml.data);
    str_fini(&yaml);
}

static void a_session(const char *spec)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n  %s\n"
             "  workload: {command: [/bin/true], resources: {cores: 1, memory: 1Gi, disk: 1Gi}}\n",
             spec);
    fleet_load(&fleet, yaml.data);
    str_fini(&yaml);
}

#define ROOMY "cores: 4, memory: 4Gi, disk: 4Gi"

/* How the agent is judged for the session, by the number of the rule; 0: none refuses. */
static unsigned rule_for(const char *agent)
{
    struct session_entry *session = model_session(&fleet.ctl->model, "work");
    size_t requirement = 0;

    return place_rule(place_judge(session, model_agent(&fleet.ctl->model, agent),
                                  &session_spec(session)->workload.resources, &requirement));
}

static void rule_1_labels_match_the_selector(void **state)
{
    (void)state;
    an_agent("fits", ", labels: {site: north, tier: edge}", "", ROOMY);
    an_agent("other-value", ", labels: {site: south, tier: edge}", "", ROOMY);
    an_agent("no-label", "", "", ROOMY);
    an_agent("old", ", labels: {site: north, tier: edge, old: 'yes'}", "", ROOMY);
    a_session("selector: {matchLabels: {site: north}, matchExpressions: ["
              "{key: tier, operator: In, values: [edge, core]}, {key: tier, operator: Exists}, "
              "{key: old, operator: DoesNotExist}, {key: zone, operator: NotIn, values: [x]}]}");
    fleet_start(&fleet);
    assert_int_equal(rule_for("fits"), 0);
    assert_int_equal(rule_for("other-value"), 1);
    assert_int_equal(rule_for("no-label"), 1);
    assert_int_equal(rule_for("old"), 1);
}

static void expect_requirement(const char *requirement, bool is_met)
{
    struct fleet fresh;

    fleet_init(&fresh);
    fleet_load(&fresh, "apiVersion: fog/v1\nkind: Agent\n"
                       "metadata: {name: edge, labels: {site: north}}\n"
                       "status: {version: 0.10.0, platform: linux/amd64, "
                       "capacity: {cores: 1.5, memory: 2Gi, disk: 4Gi}, "
                       "sensors: {charging: true, temperature: 41.5, idle: 4m, foreignCpu: 12.5, "
                       "memoryAvailable: 1Gi, load: 0.5, unknown: [metered]}}\n");
    {
        struct str yaml = STR_EMPTY;
        size_t index;
        struct session_entry *session;
        enum place_refusal refusal;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
                 "  requirements: [%s]\n  workload: {command: [/bin/true]}\n",
                 requirement);
        fleet_load(&fresh, yaml.data);
        fleet_start(&fresh);
        session = model_session(&fresh.ctl->model, "work");
        refusal = place_judge(session, model_agent(&fresh.ctl->model, "edge"),
                              &session_spec(session)->workload.resources, &index);
        if ((refusal == REFUSED_REQUIREMENT) == is_met) {
            print_error("%s\n", requirement);
        }
        assert_int_equal(refusal != REFUSED_REQUIREMENT, is_met);
        str_fini(&yaml);
    }
    fleet_fini(&fresh);
}

static void rule_2_every_requirement_is_met(void **state)
{
    (void)state;
    expect_requirement("{field: capacity.memory, op: '>=', value: 2Gi}", true);
    expect_requirement("{field: capacity.memory, op: '>', value: 2Gi}", false);
    expect_requirement("{field: capacity.cores, op: '>', value: 1}", true);
    expect_requirement("{field: capacity.cores, op: '<=', value: 1500m}", true);
    expect_requirement("{field: capacity.cores, op: '<', value: 1.5}", false);
    expect_requirement("{field: capacity.disk, op: '==', value: 4Gi}", true);
    expect_requirement("{field: labels.site, op: in, value: [south, north]}", true);
    expect_requirement("{field: labels.site, op: notIn, value: [north]}", false);
    expect_requirement("{field: labels.zone, op: '!=', value: x}", true);
    expect_requirement("{field: labels.zone, op: exists}", false);
    expect_requirement("{field: platform, op: '==', value: linux/amd64}", true);
    expect_requirement("{field: platform, op: '!=', value: linux/amd64}", false);
}

static void versions_are_compared_by_their_numbers(void **state)
{
    (void)state;
    expect_requirement("{field: version, op: '>=', value: 0.9.1}", true);
    expect_requirement("{field: version, op: '<', value: 0.9.1}", false);
    expect_requirement("{field: version, op: '==', value: 0.10.0}", true);
    expect_requirement("{field: version, op: '>', value: '0.10'}", true);
}

static void a_reading_that_is_not_there_is_unmet(void **state)
{
    (void)state;
    expect_requirement("{field: sensors.battery, op: '>=', value: 1}", false);
    expect_requirement("{field: sensors.battery, op: exists}", false);
    expect_requirement("{field: sensors.battery, op: '!=', value: 1}", false);
}

static void readings_are_compared_as_they_are_written(void **state)
{
    (void)state;
    expect_requirement("{field: sensors.charging, op: '==', value: true}", true);
    expect_requirement("{field: sensors.charging, op: '!=', value: true}", false);
    expect_requirement("{field: sensors.temperature, op: '<', value: 41.6}", true);
    expect_requirement("{field: sensors.temperature, op: '<', value: 41.5}", false);
    expect_requirement("{field: sensors.idle, op: '>=', value: 4m}", true);
    expect_requirement("{field: sensors.idle, op: '>', value: 240}", false);
    expect_requirement("{field: sensors.foreignCpu, op: '<=', value: 12.5}", true);
    expect_requirement("{field: sensors.memoryAvailable, op: '>=', value: 1Gi}", true);
    expect_requirement("{field: sensors.load, op: '>', value: 0.5}", false);
    expect_requirement("{field: sensors.load, op: exists}", true);
}

/* A session may be asked for in an expression, too. */
static void expect_where(const char *where, bool is_met, bool may_stay)
{
    struct str yaml = STR_EMPTY;
    struct fleet fresh;
    struct session_entry *session;
    struct agent_entry *agent;
    size_t demand = 0;

    fleet_init(&fresh);
    fleet_load(&fresh, "apiVersion: fog/v1\nkind: Agent\n"
                       "metadata: {name: edge, labels: {site: north}}\n"
                       "status: {version: 0.10.0, platform: linux/amd64, capacity: {cores: 2}, "
                       "sensors: {battery: 60, charging: true}}\n");
    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
             "  where: %s\n  workload: {command: [/bin/true]}\n",
             where);
    fleet_load(&fresh, yaml.data);
    fleet_start(&fresh);
    session = model_session(&fresh.ctl->model, "work");
    agent = model_agent(&fresh.ctl->model, "edge");
    if ((place_judge(session, agent, &session_spec(session)->workload.resources, &demand) !=
         REFUSED_REQUIREMENT) != is_met ||
        place_may_stay(session, agent) != may_stay) {
        fail_msg("%s", where);
    }
    assert_true(is_met || demand == DEMAND_WHERE);
    str_fini(&yaml);
    fleet_fini(&fresh);
}

static void rule_2_where_holds_too(void **state)
{
    (void)state;
    expect_where("sensors.battery >= 40 && site == north", true, true);
    expect_where("capacity.cores < 2", false, false);
    expect_where("capacity.memory > 1Gi", false, false);
    expect_where("name == edge", true, true);
}

/* What comes and goes never moves what runs; what stays does, beside it. */
static void readings_in_where_count_when_work_is_placed(void **state)
{
    (void)state;
    expect_where("sensors.battery >= 70", false, true);
    expect_where("'!sensors.charging'", false, true);
    expect_where("sensors.battery >= 70 && site == north", false, true);
    expect_where("sensors.battery >= 70 && site == south", false, false);
    expect_where("sensors.battery >= 70 || site == south", false, true);
    expect_where("exists sensors.temperature", false, true);
}

static void a_sensor_that_tells_nothing_is_unmet(void **state)
{
    (void)state;
    expect_requirement("{field: sensors.metered, op: '==', value: false}", false);
    expect_requirement("{field: sensors.metered, op: '!=', value: true}", false);
    expect_requirement("{field: sensors.metered, op: exists}", false);
}

static void rule_3_it_is_there_and_takes_work(void **state)
{
    (void)state;
    an_agent("fits", "", "", ROOMY);
    an_agent("away", ", annotations: {test/away: 'true'}", "", ROOMY);
    an_agent("cordoned", "", "unschedulable: true", ROOMY);
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: paused}\n"
                       "status: {paused: true, capacity: {cores: 4, memory: 4Gi, disk: 4Gi}}\n");
    a_session("replicas: 0");
    fleet_start(&fleet);
    assert_int_equal(rule_for("fits"), 0);
    assert_int_equal(rule_for("away"), 3);
    assert_int_equal(rule_for("cordoned"), 3);
    assert_int_equal(rule_for("paused"), 3);
}

static void rule_4_its_breaker_lets_it_through(void **state)
{
    (void)state;
    an_agent("open", ", annotations: {test/breaker: open}", "", ROOMY);
    an_agent("half", ", annotations: {test/breaker: half-open}", "", ROOMY);
    a_session("replicas: 0");
    fleet_start(&fleet);
    assert_int_equal(rule_for("open"), 4);
    assert_int_equal(rule_for("half"), 0);
}

static void rule_5_it_has_room(void **state)
{
    (void)state;
    an_agent("exact", "", "", "cores: 1, memory: 1Gi, disk: 1Gi");
    an_agent("cores", "", "", "cores: 900m, memory: 1Gi, disk: 1Gi");
    an_agent("memory", "", "", "cores: 1, memory: 1023Mi, disk: 1Gi");
    an_agent("disk", "", "", "cores: 1, memory: 1Gi, disk: 1023Mi");
    an_agent("unknown", "", "", "cores: 1, memory: 1Gi");
    a_session("replicas: 0");
    fleet_start(&fleet);
    assert_int_equal(rule_for("exact"), 0);
    assert_int_equal(rule_for("cores"), 5);
    assert_int_equal(rule_for("memory"), 5);
    assert_int_equal(rule_for("disk"), 5);
    assert_int_equal(rule_for("unknown"), 5);
}

static void rule_6_every_agent_runs_it_once(void **state)
{
    (void)state;
    an_agent("edge", "", "", ROOMY);
    a_session("everyAgent: true");
    fleet_start(&fleet);
    assert_int_equal(fleet_copies(&fleet, "work"), 1);
    assert_int_equal(rule_for("edge"), 6);
}

/* --- preference ------------------------------------------------------------------------------- */

static struct candidate candidate(const char *agent, bool is_avoided, unsigned failures,
                                  size_t of_session, int64_t free_cores)
{
    struct agent_entry *entry = model_agent(&fleet.ctl->model, agent);

    entry->breaker.failures = failures;
    return (struct candidate){.agent = entry,
                              .free = {.cores = free_cores},
                              .places = 1,
                              .of_session = of_session,
                              .is_avoided = is_avoided};
}

static void the_better_agent_wins_whichever_comes_first(void **state)
{
    const struct resources needs = {.cores = 1000};
    struct candidate best_to_worst[6];

    (void)state;
    an_agent("a", "", "", "cores: 4");
    an_agent("b", "", "", "cores: 4");
    an_agent("c", "", "", "cores: 2");
    an_agent("d", "", "", "cores: 4");
    an_agent("e", "", "", "cores: 4");
    an_agent("f", "", "", "cores: 4");
    best_to_worst[0] = candidate("a", false, 0, 1, 3000);
    best_to_worst[1] = candidate("b", false, 0, 1, 3000); /* f: the name */
    best_to_worst[2] = candidate("c", false, 0, 1, 1900); /* e: a smaller share stays free */
    best_to_worst[3] = candidate("d", false, 0, 2, 4000); /* d: more of the session */
    best_to_worst[4] = candidate("e", false, 1, 0, 4000); /* c: a start failed */
    best_to_worst[5] = candidate("f", true, 0, 0, 4000);  /* b: it just failed there */
    for (size_t i = 0; i < COUNT_OF(best_to_worst); i++) {
        for (size_t j = 0; j < COUNT_OF(best_to_worst); j++) {
            int order = place_compare(&best_to_worst[i], &best_to_worst[j], &needs);

            assert_int_equal(order < 0, i < j);
            assert_int_equal(order > 0, i > j);
        }
    }
}

static void a_replica_stays_where_it_is(void **state)
{
    (void)state; /* a */
    an_agent("small", "", "", "cores: 1, memory: 1Gi, disk: 1Gi");
    a_session("replicas: 1");
    fleet_start(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "small");
    fleet_obey(&fleet);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: large}\n"
                        "status: {capacity: {cores: 64, memory: 64Gi, disk: 64Gi}}\n");
    fleet_connect(&fleet, "large");
    fleet_obey(&fleet);
    assert_string_equal(fleet_agent_of(&fleet, "work", "0"), "small");
    assert_true(fleet_is_converged(&fleet, "work"));
}

int main(void)
{
#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FLEET(rule_1_labels_match_the_selector),
        IN_FLEET(rule_2_every_requirement_is_met),
        IN_FLEET(rule_2_where_holds_too),
        IN_FLEET(readings_in_where_count_when_work_is_placed),
        IN_FLEET(versions_are_compared_by_their_numbers),
        IN_FLEET(a_reading_that_is_not_there_is_unmet),
        IN_FLEET(readings_are_compared_as_they_are_written),
        IN_FLEET(a_sensor_that_tells_nothing_is_unmet),
        IN_FLEET(rule_3_it_is_there_and_takes_work),
        IN_FLEET(rule_4_its_breaker_lets_it_through),
        IN_FLEET(rule_5_it_has_room),
        IN_FLEET(rule_6_every_agent_runs_it_once),
        IN_FLEET(the_better_agent_wins_whichever_comes_first),
        IN_FLEET(a_replica_stays_where_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
