/* Whatever happened, in whatever order: when faults end the fleet converges, and then it is silent.
 *
 * Each seed is a story of operators, losses, failures and waiting; the same seed tells the same
 * story. */
#include "controller/core/lease.h"
#include "schema/base/rand.h"
#include "tests/support/fleet.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 100, ACTS = 80, AGENTS = 5, SESSIONS = 4, HEAL_ROUNDS_MAX = 60 };

struct story {
    struct fleet fleet;
    struct rand rand;
};

static const char *agent_name(uint64_t index)
{
    static const char *const names[] = {"edge-0", "edge-1", "edge-2", "edge-3", "edge-4"};

    return names[index];
}

static const char *session_name(uint64_t index)
{
    static const char *const names[] = {"everywhere", "exclusive", "plain", "wide"};

    return names[index];
}

static void load_agents(struct story *story)
{
    for (uint64_t i = 0; i < AGENTS; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s, labels: {site: %s}}\n"
                 "status: {version: 0.1.0, capacity: {cores: 8, memory: 8Gi, disk: 8Gi}}\n",
                 agent_name(i), i % 2 == 0 ? "north" : "south");
        fleet_load(&story->fleet, yaml.data);
        str_fini(&yaml);
    }
}

static void session_yaml(struct story *story, uint64_t index, struct str *to)
{
    struct rand *rand = &story->rand;
    int64_t replicas = rand_between(rand, 0, 4);

    str_addf(to, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: %s}\nspec:\n",
             session_name(index));
    if (index == 0) {
        str_add(to, "  everyAgent: true\n");
    } else {
        str_addf(to, "  replicas: %" PRId64 "\n", replicas);
    }
    if (index == 1) {
        str_add(to, "  exclusive: true\n  leaseDuration: 10s\n");
    }
    if (rand_chance(rand, 200)) {
        str_add(to, "  selector: {matchLabels: {site: north}}\n");
    }
    str_addf(
        to,
        "  retries: 0\n  replaceAfter: %" PRIu64 "s\n  rollout: {maxUnavailable: %" PRIu64 "}\n"
        "  workload: {command: [/bin/run, '%" PRIu64 "'], resources: {cores: %" PRIu64 "00m}}\n",
        1 + rand_below(rand, 20), 1 + rand_below(rand, 3), rand_below(rand, 3),
        1 + rand_below(rand, 5));
}

/* The one thing that may never be: two copies of an exclusive replica that may both run. */
static void check_leases(struct story *story)
{
    struct session_entry *session = model_session(&story->fleet.ctl->model, "exclusive");

    if (session == NULL) {
        return;
    }
    dlist_each (&session->assignments, struct assignment_entry, in_session, a) {
        dlist_each (&session->assignments, struct assignment_entry, in_session, b) {
            bool is_same = str_eq(assignment_spec(a)->slot, assignment_spec(b)->slot);

            assert_true(a == b || !is_same || lease_is_over(a, story->fleet.now) ||
                        lease_is_over(b, story->fleet.now));
        }
    }
}

static struct assignment_entry *any_assignment(struct story *story)
{
    const struct map *map = &story->fleet.ctl->model.objects[KIND_ASSIGNMENT];
    uint64_t skip;

    if (map->count == 0) {
        return NULL;
    }
    skip = rand_below(&story->rand, map->count);
    map_each (map, it) {
        if (skip-- == 0) {
            return it->value;
        }
    }
    return NULL;
}

static void some_report(struct story *story)
{
    static const enum assignment_phase phases[] = {PHASE_STARTING,  PHASE_RUNNING, PHASE_RUNNING,
                                                   PHASE_SUSPENDED, PHASE_FAILED,  PHASE_SUCCEEDED};
    struct assignment_entry *copy = any_assignment(story);
    enum assignment_phase phase = phases[rand_below(&story->rand, COUNT_OF(phases))];

    if (copy == NULL || copy->agent == NULL || copy->agent->link == NULL) {
        return;
    }
    if (!copy->is_in_set) {
        fleet_report(&story->fleet, copy, PHASE_STOPPED, "Removed", 0);
        return;
    }
    if (assignment_spec(copy)->lease_epoch > 0 && phase == PHASE_RUNNING) {
        assert_true(reconcile_lease(story->fleet.ctl, copy->agent, copy->object->meta.uid,
                                    assignment_spec(copy)->lease_epoch));
    }
    fleet_report(&story->fleet, copy, phase, phase == PHASE_FAILED ? "StartFailed" : NULL,
                 phase == PHASE_FAILED ? 1 : 0);
}

static void some_connection(struct story *story)
{
    const char *name = agent_name(rand_below(&story->rand, AGENTS));
    struct agent_entry *agent = model_agent(&story->fleet.ctl->model, name);

    if (agent->link == NULL) {
        fleet_connect(&story->fleet, name);
    } else {
        fleet_disconnect(&story->fleet, name);
    }
}

/* A trial must leave no trace. */
static void some_plan(struct story *story, const char *yaml)
{
    struct str before = STR_EMPTY, after = STR_EMPTY, plan = STR_EMPTY;

    fleet_print(&story->fleet, &before);
    fleet_plan(&story->fleet, yaml, &plan);
    fleet_print(&story->fleet, &after);
    assert_string_equal(before.data, after.data);
    str_fini(&before);
    str_fini(&after);
    str_fini(&plan);
}

static void some_write(struct story *story)
{
    uint64_t index = rand_below(&story->rand, SESSIONS);
    struct str yaml = STR_EMPTY;

    session_yaml(story, index, &yaml);
    some_plan(story, yaml.data);
    if (rand_chance(&story->rand, 150) &&
        model_session(&story->fleet.ctl->model, session_name(index)) != NULL) {
        fleet_delete(&story->fleet, &harvest_session_kind, session_name(index));
    } else {
        fleet_apply(&story->fleet, yaml.data);
    }
    str_fini(&yaml);
}

static void some_removal(struct story *story)
{
    struct assignment_entry *copy = any_assignment(story);

    if (copy != NULL && !object_is_deleting(copy->object)) {
        fleet_delete(&story->fleet, &assignment_kind, copy->object->meta.name);
    }
}

static void act(struct story *story)
{
    uint64_t choice = rand_below(&story->rand, 100);

    if (choice < 15) {
        some_write(story);
    } else if (choice < 25) {
        some_connection(story);
    } else if (choice < 30) {
        some_removal(story);
    } else if (choice < 32) {
        fleet_restart(&story->fleet);
    } else if (choice < 75) {
        some_report(story);
    } else {
        fleet_advance(&story->fleet, rand_between(&story->rand, 1, 15 * 1000));
    }
    check_leases(story);
}

static bool are_all_converged(struct story *story)
{
    map_each (&story->fleet.ctl->model.objects[KIND_HARVEST_SESSION], it) {
        if (!fleet_is_converged(&story->fleet, it->key)) {
            return false;
        }
    }
    return true;
}

static void heal(struct story *story)
{
    for (uint64_t i = 0; i < AGENTS; i++) {
        if (model_agent(&story->fleet.ctl->model, agent_name(i))->link == NULL) {
            fleet_connect(&story->fleet, agent_name(i));
        }
    }
    for (size_t i = 0; i < HEAL_ROUNDS_MAX && !(i > 0 && are_all_converged(story)); i++) {
        fleet_obey(&story->fleet);
        check_leases(story);
        fleet_advance(&story->fleet, 20 * 1000);
    }
}

static void check_end(struct story *story, uint64_t seed)
{
    const struct model *model = &story->fleet.ctl->model;
    uint64_t revision = story->fleet.ctl->revision;
    struct str text = STR_EMPTY;
    size_t wanted = 0;

    if (!are_all_converged(story)) {
        fleet_print(&story->fleet, &text);
        print_error("seed %" PRIu64 "\n%s", seed, text.data);
        fail_msg("does not converge");
    }
    map_each (&model->objects[KIND_HARVEST_SESSION], it) {
        wanted +=
            (size_t)harvest_session_of(((struct session_entry *)it->value)->object)->status.desired;
    }
    assert_int_equal(model->objects[KIND_ASSIGNMENT].count, wanted);
    fleet_advance(&story->fleet, 10 * 60 * 1000);
    assert_int_equal(story->fleet.ctl->revision, revision);
    str_fini(&text);
}

static void when_faults_end_it_converges_and_is_silent(void **state)
{
    const char *only = getenv("SEED"), *many = getenv("SEEDS");
    uint64_t first = only == NULL ? 1 : strtoull(only, NULL, 10);
    uint64_t count = only != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : SEEDS;

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct story story = {0};

        rand_init_u64(&story.rand, seed);
        fleet_init(&story.fleet);
        load_agents(&story);
        fleet_start(&story.fleet);
        for (size_t i = 0; i < ACTS; i++) {
            act(&story);
        }
        heal(&story);
        check_end(&story, seed);
        fleet_fini(&story.fleet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_faults_end_it_converges_and_is_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
