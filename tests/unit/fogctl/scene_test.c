/* tools/fogctl/scene_state.c: the states that the dashboard says, case by case of
 * tests/fixtures/states.json; the page's own test is tests/browser/model/states.mjs. */
#include "tools/fogctl/scene.h"

#include "schema/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CASES_BYTES_MAX = 64 << 10 };

static struct arena arena;
static struct scene scene;
static const struct node *cases;

static int begin(void **state)
{
    static char text[CASES_BYTES_MAX];
    struct problems problems;
    struct node *root;
    char path[256];
    size_t length;
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/fixtures/states.json", getenv("FOG_TESTS"));
    file = fopen(path, "r");
    assert_non_null(file);
    length = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    arena_init(&arena);
    scene_init(&scene);
    problems_init(&problems, &arena, NULL);
    assert_int_equal(json_parse(&arena, text, length, JSON_PLAIN, &problems, &root), 0);
    cases = root;
    return 0;
}

static int end(void **state)
{
    (void)state;
    scene_fini(&scene);
    arena_fini(&arena);
    return 0;
}

static struct node *inner(struct node *map, const char *key)
{
    struct node *node = node_find(map, key);

    if (node == NULL) {
        node = node_map(&arena);
        node_set(&arena, map, key, node);
    }
    return node;
}

static void set(struct node *map, const char *key, const char *text)
{
    node_set(&arena, map, key, node_str(&arena, text));
}

static void put_work(size_t number, const struct node *status)
{
    struct node *work = node_map(&arena), *spec = inner(work, "spec");

    set(inner(work, "metadata"), "name", arena_printf(&arena, "w-%zu", number));
    set(spec, "agent", "a");
    set(spec, "session", "w");
    set(spec, "slot", arena_printf(&arena, "%zu", number));
    if (status != NULL) {
        node_set(&arena, work, "status", (struct node *)(uintptr_t)status);
    }
    scene_put(&scene, KIND_ASSIGNMENT, work);
}

static void expect(const struct node *one, enum scene_state state, const char *reason)
{
    const char *wanted = node_find_text(one, "reason"), *what = node_find_text(one, "case");

    print_message("# %s\n", what);
    assert_string_equal(scene_state_words[state], node_find_text(one, "state"));
    if (wanted != NULL) {
        assert_string_equal(reason, wanted);
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

static void the_states_and_what_they_mean_are_those_of_the_dashboard(void **state)
{
    const struct node *states = node_find(cases, "states");

    (void)state;
    assert_int_equal(states->list.count, SCENE_STATE_COUNT);
    for (size_t i = 0; i < SCENE_STATE_COUNT; i++) { /* there the least come first */
        const struct node *one = states->list.items[SCENE_STATE_COUNT - 1 - i];

        assert_string_equal(scene_state_words[i], node_text(one->list.items[0]));
        assert_string_equal(scene_state_meanings[i], node_text(one->list.items[1]));
    }
}

static void assignments_are_in_the_states_that_the_dashboard_says(void **state)
{
    const struct node *all = node_find(cases, "assignments");
    const struct scene_work *work;

    (void)state;
    for (size_t i = 0; i < all->list.count; i++) {
        const struct node *one = all->list.items[i];

        put_work(i, node_find(node_find(one, "assignment"), "status"));
        work = map_find(&scene.work, arena_printf(&arena, "w-%zu", i));
        expect(one, scene_work_state(work), work->reason);
    }
    assert_true(all->list.count > 5);
}

static void sessions_are_in_the_states_that_the_dashboard_says(void **state)
{
    const struct node *all = node_find(cases, "sessions");

    (void)state;
    for (size_t i = 0; i < all->list.count; i++) {
        struct node *session = node_find(all->list.items[i], "session");

        set(inner(session, "metadata"), "name", "s");
        scene_put(&scene, KIND_HARVEST_SESSION, session);
        expect(all->list.items[i], scene_session_state(map_find(&scene.sessions, "s")), "");
    }
    assert_true(all->list.count > 3);
}

static void agents_are_in_the_states_that_the_dashboard_says(void **state)
{
    const struct node *all = node_find(cases, "agents"), *work;
    const struct scene_agent *agent;
    struct node *object;

    (void)state;
    for (size_t i = 0; i < all->list.count; i++) {
        scene_fini(&scene);
        scene_init(&scene);
        object = node_find(all->list.items[i], "agent");
        set(inner(object, "metadata"), "name", "a");
        scene_put(&scene, KIND_AGENT, object);
        work = node_find(all->list.items[i], "work");
        for (size_t k = 0; k < work->list.count; k++) {
            put_work(k, work->list.items[k]);
        }
        agent = map_find(&scene.agents, "a");
        expect(all->list.items[i], agent->state, agent->reason);
        assert_int_equal(scene.agents_by_state[agent->state], 1);
    }
    assert_true(all->list.count > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_states_and_what_they_mean_are_those_of_the_dashboard),
        TEST(assignments_are_in_the_states_that_the_dashboard_says),
        TEST(sessions_are_in_the_states_that_the_dashboard_says),
        TEST(agents_are_in_the_states_that_the_dashboard_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
