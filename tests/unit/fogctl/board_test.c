/* tools/fogctl/scene.c, board.c: what a fleet of ten thousand costs, and rows that come and go.
 * What it looks like are the stories of tests/golden/top. */
#include "tools/fogctl/board.h"

#include "schema/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 10000 };

static struct arena arena;
static struct scene scene;
static struct board board;

static int begin(void **state)
{
    static const struct look look = {120, 40, true, false};

    (void)state;
    arena_init(&arena);
    scene_init(&scene);
    board_init(&board, &scene, &look);
    return 0;
}

static int end(void **state)
{
    (void)state;
    board_fini(&board);
    scene_fini(&scene);
    arena_fini(&arena);
    return 0;
}

static void put(enum kind_id kind, const char *json)
{
    struct problems problems;
    struct node *node;

    problems_init(&problems, &arena, NULL);
    assert_int_equal(json_parse(&arena, json, strlen(json), JSON_PLAIN, &problems, &node), 0);
    scene_put(&scene, kind, node);
}

static const char *agent_text(size_t i, int battery)
{
    return arena_printf(&arena,
                        "{\"metadata\":{\"name\":\"edge-%05zu\",\"resourceVersion\":\"7\"},"
                        "\"status\":{\"sensors\":{\"battery\":%d},"
                        "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
                        i, battery);
}

static const char *work_text(const char *name, const char *agent, const char *phase)
{
    return arena_printf(
        &arena,
        "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"session\":\"w\",\"slot\":\"0\","
        "\"agent\":\"%s\"},\"status\":{\"phase\":\"%s\",\"reason\":\"R\","
        "\"conditions\":[{\"type\":\"Converged\",\"status\":\"True\"}]}}",
        name, agent, phase);
}

static void draw(struct str *to)
{
    str_clear(to);
    board_draw(&board, (struct wall){0}, (struct mono){0}, to);
}

static void press(const char *text, enum key_name name)
{
    struct key key = {name, ""};

    (void)snprintf(key.text, sizeof(key.text), "%s", text);
    (void)board_key(&board, &key);
}

static size_t sum_of_states(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < SCENE_STATE_COUNT; i++) {
        sum += scene.agents_by_state[i];
    }
    return sum;
}

/* --- what it costs ---------------------------------------------------------------------------- */

static void a_change_among_ten_thousand_costs_what_is_seen(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    uint64_t judged, drawn, compared;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        put(KIND_AGENT, agent_text(i, 50));
    }
    draw(&text);
    judged = scene.judged;
    drawn = board.drawn;
    compared = board.compared;
    put(KIND_AGENT, agent_text(5000, 49));
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-05000", "Suspended"));
    draw(&text);
    assert_int_equal(scene.judged - judged, 2);
    assert_true(board.drawn - drawn <= board.look.rows);
    assert_int_equal(board.compared - compared, 0);
    assert_int_equal(scene.agents_by_state[SCENE_SUSPENDED], 1);
    press("", KEY_END);
    press("", KEY_PAGE_UP);
    draw(&text);
    assert_non_null(strstr(text.data, "edge-09950"));
    assert_int_equal(board.compared - compared, 0); /* moving sorts nothing */
    assert_true(board.drawn - drawn <= 2 * board.look.rows);
}

static void readings_sort_anew_only_what_hangs_on_them(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    uint64_t compared;

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        put(KIND_AGENT, agent_text(i, 50));
    }
    assert_true(board_sort(&board, BOARD_FLEET, "battery"));
    draw(&text);
    compared = board.compared;
    draw(&text);
    assert_int_equal(board.compared, compared);
    put(KIND_AGENT, agent_text(77, 3));
    draw(&text);
    assert_true(board.compared > compared);
    assert_non_null(strstr(text.data, "> edge-00077")); /* nobody has moved: the first one */
}

/* --- rows that come and go -------------------------------------------------------------------- */

static void work_may_be_heard_of_before_its_agent_and_after(void **state)
{
    (void)state;
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-00001", "Running"));
    assert_int_equal(scene.agents_count, 0);
    put(KIND_AGENT, agent_text(1, 50));
    assert_int_equal(scene.agents_count, 1);
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-00001", "Suspended"));
    assert_int_equal(scene.agents_by_state[SCENE_SUSPENDED], 1);
    scene_remove(&scene, KIND_AGENT, "edge-00001");
    assert_int_equal(scene.agents_count, 0);
    assert_int_equal(sum_of_states(), 0);
    assert_int_equal(scene.agents.count, 1); /* its work is there */
    scene_remove(&scene, KIND_ASSIGNMENT, "w-0");
    assert_int_equal(scene.agents.count, 0);
    assert_int_equal(scene.sessions.count, 0);
    assert_int_equal(scene.work_by_phase[PHASE_SUSPENDED], 0);
}

static void another_of_the_same_name_is_elsewhere(void **state)
{
    (void)state;
    put(KIND_AGENT, agent_text(1, 50));
    put(KIND_AGENT, agent_text(2, 50));
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-00001", "Suspended"));
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-00002", "Suspended"));
    assert_int_equal(scene.agents_by_state[SCENE_SUSPENDED], 1);
    assert_int_equal(scene.agents_by_state[SCENE_IDLE], 1);
    assert_int_equal(scene.work_by_phase[PHASE_SUSPENDED], 1);
    assert_int_equal(((struct scene_agent *)map_find(&scene.agents, "edge-00002"))->state,
                     SCENE_SUSPENDED);
}

static void what_is_not_told_again_is_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        put(KIND_AGENT, agent_text(i, 50));
    }
    put(KIND_ASSIGNMENT, work_text("w-0", "edge-00002", "Running"));
    scene_anew(&scene, KIND_AGENT);
    put(KIND_AGENT, agent_text(1, 51));
    assert_int_equal(scene.agents_count, 3); /* until all has been told */
    scene_anew_end(&scene, KIND_AGENT);
    assert_int_equal(scene.agents_count, 1);
    assert_int_equal(sum_of_states(), 1);
    assert_int_equal(scene.work.count, 1); /* is of another kind */
}

static void a_sweep_chooses_agents_and_the_next_one_others(void **state)
{
    struct problems problems;
    struct node *list;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        put(KIND_AGENT, agent_text(i, 50));
    }
    scene_choose(&scene, true);
    assert_int_equal(scene.agents_count, 0);
    for (size_t i = 0; i < 2; i++) {
        const char *text = arena_printf(&arena, "[%s]", agent_text(i, 9));

        problems_init(&problems, &arena, NULL);
        assert_int_equal(json_parse(&arena, text, strlen(text), JSON_PLAIN, &problems, &list), 0);
        scene_sweep_begin(&scene);
        scene_read(&scene, list);
        scene_sweep_end(&scene);
        assert_int_equal(scene.agents_count, 1);
        assert_int_equal(
            ((struct scene_agent *)map_find(&scene.agents, i == 0 ? "edge-00000" : "edge-00001"))
                ->is_chosen,
            true);
    }
    scene_choose(&scene, false);
    assert_int_equal(scene.agents_count, 3);
}

static void only_the_newest_that_happened_are_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * (size_t)SCENE_HAPPENED_MAX; i++) {
        put(KIND_EVENT,
            arena_printf(&arena,
                         "{\"metadata\":{\"name\":\"e-%zu\",\"resourceVersion\":\"%zu\"},"
                         "\"lastTimestamp\":\"2026-11-22T%02zu:%02zu:%02zuZ\"}",
                         i, i, i / 3600, i / 60 % 60, i % 60));
    }
    assert_true(scene.happened.count <= 2 * (size_t)SCENE_HAPPENED_MAX);
    assert_non_null(map_find(&scene.happened, "event e-2999"));
    assert_null(map_find(&scene.happened, "event e-0"));
}

static void what_happened_is_forgotten_when_it_is_told_anew(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    put(KIND_EVENT, "{\"metadata\":{\"name\":\"e\"},\"message\":\"of a past that was undone\"}");
    press("4", KEY_TEXT);
    draw(&text);
    assert_non_null(strstr(text.data, "of a past"));
    scene_anew(&scene, KIND_EVENT);
    draw(&text);
    assert_null(strstr(text.data, "of a past"));
    press("", KEY_ENTER); /* there is no row */
}

/* --- the controller --------------------------------------------------------------------------- */

static void its_share_of_a_core_is_between_two_looks(void **state)
{
    (void)state;
    scene_measured(&scene,
                   "fog_revision 41\nprocess_cpu_seconds_total 1.5\n"
                   "fog_build_info{version=\"1.2\"} 1\nprocess_resident_memory_bytes 1048576\n",
                   (struct mono){1000});
    assert_int_equal(scene.revision, 41);
    assert_string_equal(scene.controller.version, "1.2");
    assert_true(scene.controller.cpu_percent !=
                scene.controller.cpu_percent); /* one look is none */
    scene_measured(&scene, "process_cpu_seconds_total 2\n", (struct mono){3000});
    assert_int_equal((int)(scene.controller.cpu_percent + 0.5), 25);
    scene_measured(&scene, "process_cpu_seconds_total 9\n", (struct mono){3001}); /* it was late */
    assert_int_equal((int)(scene.controller.cpu_percent + 0.5), 25);
    scene_measured(&scene, "process_cpu_seconds_total 0.1\n",
                   (struct mono){5000}); /* another one */
    assert_true(scene.controller.cpu_percent != scene.controller.cpu_percent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_among_ten_thousand_costs_what_is_seen),
        TEST(readings_sort_anew_only_what_hangs_on_them),
        TEST(work_may_be_heard_of_before_its_agent_and_after),
        TEST(another_of_the_same_name_is_elsewhere),
        TEST(what_is_not_told_again_is_gone),
        TEST(a_sweep_chooses_agents_and_the_next_one_others),
        TEST(only_the_newest_that_happened_are_kept),
        TEST(what_happened_is_forgotten_when_it_is_told_anew),
        TEST(its_share_of_a_core_is_between_two_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
