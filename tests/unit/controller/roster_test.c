/* The columns of the fleet: kept through everything that changes an agent, and of the same opinion
 * as a plain loop over the objects. */
#include "controller/core/roster.h"

#include "controller/core/agent_view.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct fleet fleet;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    fleet_fini(&fleet);
    return 0;
}

static void an_agent(struct rand *rand, unsigned number, struct str *to)
{
    static const char *const regions[] = {"north", "south", "east", ""};
    static const char *const platforms[] = {"linux/amd64", "linux/arm64", "plan9/mips"};

    str_addf(to, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: m-%u", number);
    if (rand_chance(rand, 700)) {
        str_addf(to, ", labels: {region: '%s', size: s%d}", regions[rand_below(rand, 4)],
                 (int)rand_below(rand, 5));
    }
    str_addf(to, "}\nspec: {unschedulable: %s}\n", rand_chance(rand, 300) ? "true" : "false");
    str_addf(to, "status: {platform: %s, version: 0.%d.0", platforms[rand_below(rand, 3)],
             (int)rand_below(rand, 12));
    if (rand_chance(rand, 800)) {
        str_addf(to, ", capacity: {cores: %d, memory: %dGi}", (int)rand_between(rand, 1, 8),
                 (int)rand_between(rand, 1, 16));
    }
    if (rand_chance(rand, 700)) {
        str_addf(to, ", sensors: {battery: %d, charging: %s, load: %d, unknown: [%s]}",
                 (int)rand_between(rand, 0, 100), rand_chance(rand, 500) ? "true" : "false",
                 (int)rand_below(rand, 4), rand_chance(rand, 300) ? "battery" : "idle");
    }
    str_add(to, "}\n---\n");
}

static void given_agents(unsigned count)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct rand rand;

    rand_init_u64(&rand, 7);
    for (unsigned i = 0; i < count; i++) {
        an_agent(&rand, i, &text);
    }
    text.length -= strlen("---\n");
    text.data[text.length] = '\0';
    fleet_load(&fleet, text.data);
    fleet_start(&fleet);
}

static const char *const questions[] = {
    "sensors.battery >= 40 && region in (north, east)",
    "sensors.battery >= 40 || region in (north, east)",
    "!(sensors.battery >= 40)",
    "sensors.battery != 40",
    "sensors.battery notin (40, 41, 42)",
    "sensors.battery < 0",
    "sensors.charging",
    "!sensors.charging",
    "exists sensors.battery",
    "!exists sensors.battery",
    "exists sensors.idle",
    "capacity.memory > 8Gi || !exists capacity.memory",
    "capacity.cores <= 4",
    "region == ''",
    "region != north",
    "!(region == north)",
    "exists region && !exists nothing",
    "nothing != x && size in (s1, s2)",
    "version >= 0.9 && version < 0.11",
    "platform in (linux/amd64, linux/arm64)",
    "name in (m-3, m-70)",
    "name != m-3 && assignments == 0",
    "unschedulable && !paused",
    "conditions.Ready",
    "!conditions.Ready",
    "exists conditions.Strange",
    "sensors.load >= 9223372036854775.807",
    "sensors.load > 9223372036854775.807",
    "sensors.load < -9223372036854775.807",
};

static size_t count_of(const char *question)
{
    struct roster *roster = &fleet.ctl->model.roster;
    struct problems problems;
    const uint64_t *selected;
    struct where where;
    size_t count = 0;

    problems_init(&problems, &arena, NULL);
    if (where_parse(&arena, &agent_where_names, question, &problems, &where) < 0) {
        fail_msg("%s: %s", question, where_problems_text(&arena, &problems));
    }
    selected = roster_select(roster, &arena, &where);
    vec_each (&roster->agents, it) {
        const struct agent_view view = agent_view_of(*it);
        bool holds = where_holds(&where, agent_view_get, &view);

        assert_int_equal((*it)->row, it - roster->agents.items);
        if (roster_has(selected, (*it)->row) != holds) {
            fail_msg("%s: of %s the columns say otherwise", question, (*it)->object->meta.name);
        }
        count += holds;
    }
    for (size_t row = roster->agents.count; row % 64 != 0; row++) {
        assert_false(roster_has(selected, row));
    }
    return count;
}

static void all_is_right(void)
{
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;

    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        (void)count_of(questions[i]);
    }
    if (!roster_is_right(&fleet.ctl->model.roster, &words)) {
        fail_msg("%s", words.data);
    }
    arena_reset(&arena);
}

static void columns_and_objects_are_of_one_opinion(void **state)
{
    (void)state;
    given_agents(150);
    all_is_right();
    assert_true(count_of("sensors.battery >= 40 && region in (north, east)") > 10);
    assert_true(count_of("!(sensors.battery >= 40)") > 10);
    assert_int_equal(count_of("sensors.load > 9223372036854775.807"), 0);
}

static void more_rows_than_one_block(void **state)
{
    (void)state;
    given_agents(ROSTER_BLOCK + 70);
    all_is_right();
}

static void an_empty_fleet_has_nobody(void **state)
{
    (void)state;
    fleet_start(&fleet);
    assert_int_equal(count_of("name != x"), 0);
}

/* Given a column of a label, when agents change, go, come and fall silent, it follows. */
static void columns_follow_what_happens(void **state)
{
    (void)state;
    given_agents(70);
    all_is_right();
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\n"
                        "metadata: {name: m-3, labels: {region: west}}\n");
    assert_int_equal(count_of("region == west"), 1);
    fleet_disconnect(&fleet, "m-5");
    all_is_right();
    assert_int_equal(count_of("name == m-5 && (exists sensors.load || !exists sensors.load)"), 0);
    fleet_connect(&fleet, "m-5");
    all_is_right();
    fleet_disconnect(&fleet, "m-0");
    fleet_disconnect(&fleet, "m-69");
    fleet_delete(&fleet, &agent_kind, "m-0");
    fleet_delete(&fleet, &agent_kind, "m-69");
    all_is_right();
    assert_int_equal(count_of("name in (m-0, m-1, m-69)"), 1);
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\n"
                        "metadata: {name: new, labels: {region: west}}\n");
    fleet_connect_new(&fleet);
    all_is_right();
    assert_int_equal(count_of("region == west"), 2);
}

/* What is only looked at leaves the columns as they were. */
static void a_plan_leaves_no_trace(void **state)
{
    _cleanup_(str_fini)
    struct str plan = STR_EMPTY;

    (void)state;
    given_agents(10);
    all_is_right();
    fleet_plan(&fleet,
               "apiVersion: fog/v1\nkind: Agent\n"
               "metadata: {name: m-3, labels: {region: west}}\n---\n"
               "apiVersion: fog/v1\nkind: Agent\n"
               "metadata: {name: m-4, annotations: {test/delete: 'true'}}\n---\n"
               "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: other}\n",
               &plan);
    all_is_right();
    assert_int_equal(count_of("region == west || name == other"), 0);
    assert_int_equal(count_of("name == m-4"), 1);
}

static void texts_that_nobody_has_any_more_are_forgotten(void **state)
{
    char yaml[200];

    (void)state;
    given_agents(2);
    assert_int_equal(count_of("churn == x"), 0);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(
            yaml, sizeof(yaml),
            "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: m-1, labels: {churn: c%d}}\n", i);
        fleet_apply(&fleet, yaml);
    }
    vec_each (&fleet.ctl->model.roster.keyed, it) {
        assert_true((*it)->texts.count < 100);
    }
    assert_int_equal(count_of("churn == c299"), 1);
    all_is_right();
}

static void columns_of_labels_have_a_bound(void **state)
{
    char question[64];

    (void)state;
    given_agents(3);
    for (int i = 0; i < ROSTER_KEYED_MAX + 50; i++) {
        (void)snprintf(question, sizeof(question), "label-%d == x || region == north", i);
        (void)count_of(question);
    }
    assert_int_equal(fleet.ctl->model.roster.keyed.count, ROSTER_KEYED_MAX);
    all_is_right();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_and_objects_are_of_one_opinion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_rows_than_one_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_fleet_has_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_follow_what_happens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_leaves_no_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_that_nobody_has_any_more_are_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(columns_of_labels_have_a_bound, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
