/* controller/core/trial.c: what a plan looks at, and how much it tells. */
#include "schema/limits.h"
#include "schema/tree.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 40 };

static struct fleet fleet;

/* What was seen of an answer. */
static struct {
    int64_t changes, pending, starts;
    const char *at; /* "" when it is whole */
    int64_t bound, more_starts, more_stops, more_pending, sessions, replicas;
    char first[64], last[64]; /* of the pending: "s00/0" */
    int64_t examined;
} told;

static int64_t number_at(const struct node *plan, const char *path)
{
    const struct node *node = node_find_path(plan, path);

    return node == NULL ? 0 : node->integer;
}

static void name_line(const struct node *line, char text[static 64])
{
    (void)snprintf(text, 64, "%s/%s", node_find_text(line, "session"),
                   node_find_text(line, "slot"));
}

static void look(void *context, const struct node *plan)
{
    const struct node *changes = node_find(plan, "changes"), *pending = node_find(plan, "pending");
    const struct node *at = node_find_path(plan, "cut.at");

    (void)context;
    told.changes = (int64_t)changes->list.count;
    told.pending = (int64_t)pending->list.count;
    told.starts = number_at(plan, "summary.start");
    told.at = at == NULL ? "" : str_eq(node_text(at), "copies") ? "copies" : "lines";
    told.bound = number_at(plan, "cut.bound");
    told.more_starts = number_at(plan, "cut.more.start");
    told.more_stops = number_at(plan, "cut.more.stop");
    told.more_pending = number_at(plan, "cut.more.pending");
    told.sessions = number_at(plan, "cut.notExamined.sessions");
    told.replicas = number_at(plan, "cut.notExamined.replicas");
    if (told.pending > 0) {
        name_line(pending->list.items[0], told.first);
        name_line(pending->list.items[told.pending - 1], told.last);
    }
}

static void plan(const char *yaml)
{
    uint64_t before = fleet.ctl->counters.plans_examined;

    fleet_foresee(&fleet, yaml, look, NULL);
    told.examined = (int64_t)(fleet.ctl->counters.plans_examined - before);
}

static void add_agents(size_t count)
{
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < count; i++) {
        str_addf(&text,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: a%02zu}\nstatus: {platform: "
                 "linux/amd64, capacity: {cores: 1024, memory: 1Ti, disk: 1Ti}}\n---\n",
                 i);
    }
    fleet_load(&fleet, text.data);
    str_fini(&text);
}

static void plan_sessions(size_t count, int replicas)
{
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < count; i++) {
        str_addf(&text,
                 "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s%02zu}\nspec: "
                 "{replicas: %d, workload: {command: [x], resources: {cores: 1m}}}\n---\n",
                 i, replicas);
    }
    plan(text.data);
    str_fini(&text);
}

static void what_no_plan_looks_at_is_counted(void **state)
{
    (void)state;
    fleet_start(&fleet);
    plan_sessions(MANY, REPLICAS_MAX);
    assert_string_equal(told.at, "copies");
    assert_int_equal(told.bound, PLAN_EXAMINE_MAX);
    assert_true(told.examined >= PLAN_EXAMINE_MAX);
    assert_true(told.examined <= PLAN_EXAMINE_MAX + 2 * REPLICAS_MAX);
    assert_int_equal(told.pending, PLAN_LINES_MAX);
    assert_int_equal(told.replicas, told.sessions * REPLICAS_MAX);
    assert_int_equal(told.pending + told.more_pending + told.replicas,
                     (int64_t)MANY * REPLICAS_MAX);
}

static void of_many_lines_the_first_are_told(void **state)
{
    (void)state;
    fleet_start(&fleet);
    plan_sessions(2, 6000);
    assert_string_equal(told.at, "lines");
    assert_int_equal(told.bound, PLAN_LINES_MAX);
    assert_int_equal(told.pending, PLAN_LINES_MAX);
    assert_int_equal(told.more_pending, 12000 - PLAN_LINES_MAX);
    assert_int_equal(told.sessions, 0);
    assert_string_equal(told.first, "s00/0");
    assert_string_equal(told.last, "s01/3999");
}

static void what_is_started_costs_more_than_what_waits(void **state)
{
    (void)state;
    add_agents(70);
    fleet_start(&fleet);
    plan_sessions(7, REPLICAS_MAX);
    assert_string_equal(told.at, "copies");
    assert_int_equal(told.starts, told.changes + told.more_starts);
    assert_in_range(told.starts, REPLICAS_MAX, 2 * REPLICAS_MAX);
    assert_int_equal(told.starts + told.replicas, 7 * REPLICAS_MAX);
}

static void a_plan_within_its_bounds_is_whole(void **state)
{
    (void)state;
    add_agents(2);
    fleet_start(&fleet);
    plan_sessions(2, ASSIGNMENTS_PER_AGENT_MAX);
    assert_string_equal(told.at, "");
    assert_int_equal(told.changes, 2 * ASSIGNMENTS_PER_AGENT_MAX);
    assert_int_equal(told.starts, 2 * ASSIGNMENTS_PER_AGENT_MAX);
}

/* The room that each leaves is offered to everybody who waits, and that is work, too. */
static void many_that_end_offer_their_room_within_bounds(void **state)
{
    struct str text = STR_EMPTY;

    (void)state;
    add_agents(1);
    fleet_start(&fleet);
    for (size_t i = 0; i < 20; i++) {
        str_addf(&text,
                 "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: w%02zu}\nspec: "
                 "{replicas: 100, workload: {command: [x], resources: {cores: 1}}}\n---\n",
                 i);
    }
    fleet_apply(&fleet, text.data);
    fleet_obey(&fleet);
    str_clear(&text);
    for (size_t i = 0; i < 9; i++) {
        str_addf(&text,
                 "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: w%02zu, annotations: "
                 "{test/delete: 'true'}}\nspec: {workload: {command: [x]}}\n---\n",
                 i);
    }
    plan(text.data);
    str_fini(&text);
    assert_string_equal(told.at, "");
    assert_int_equal(told.starts, 9 * 100);
    assert_int_equal(told.more_stops, 0);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_no_plan_looks_at_is_counted),
        TEST(of_many_lines_the_first_are_told),
        TEST(what_is_started_costs_more_than_what_waits),
        TEST(a_plan_within_its_bounds_is_whole),
        TEST(many_that_end_offer_their_room_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
