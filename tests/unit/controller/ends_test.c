/* Of every task that has ended it is known how and where, within bounds. */
#include "controller/core/ends.h"

#include "schema/indexes.h"
#include "schema/limits.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct ends ends;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    ends = (struct ends){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* `status`: "phase: Succeeded" */
static void task_ends(size_t index, const char *agent, const char *status)
{
    bool has_failed = strstr(status, "Failed") != NULL;
    _cleanup_(object_unref_p)
    struct object *object = fleet_object(
        arena_printf(&arena,
                     "apiVersion: fog/v1\nkind: Assignment\nmetadata: {name: s-%zu-aaaaa}\n"
                     "spec: {agent: %s, session: s, sessionUid: u, slot: \"%zu\"}\nstatus: {%s}\n",
                     index, agent, index, status));
    struct assignment_entry copy = {.object = object};

    ends_add(&ends, &arena, index, &copy, has_failed);
    for (size_t i = 0; i < ends.count; i++) { /* as the plan's arena outlives no object */
        ends.items[i].agent = arena_strdup(&arena, ends.items[i].agent);
        ends.items[i].reason = arena_strdup(&arena, ends.items[i].reason);
    }
}

#define SUCCEEDED    "phase: Succeeded, exitCode: 0"
#define FAILED(code) "phase: Failed, exitCode: " #code ", reason: ExitedNonZero"

static void is_entry(size_t at, const char *agent, const char *reason, const char *indexes)
{
    const struct task_ends *entry = &ends.items[at];

    assert_true(at < ends.count);
    assert_string_equal(entry->agent == NULL ? "" : entry->agent, agent);
    assert_string_equal(entry->reason == NULL ? "" : entry->reason, reason);
    assert_string_equal(entry->indexes, indexes);
}

static void those_that_ended_alike_are_one_entry(void **state)
{
    (void)state;
    task_ends(0, "lark", SUCCEEDED);
    task_ends(7, "wren", FAILED(3));
    task_ends(2, "lark", SUCCEEDED);
    task_ends(1, "lark", SUCCEEDED);
    task_ends(4, "wren", SUCCEEDED);
    task_ends(8, "wren", FAILED(4));
    task_ends(9, "wren", FAILED(3));
    assert_int_equal(ends.count, 4);
    is_entry(0, "lark", "", "0-2");
    is_entry(1, "wren", "ExitedNonZero", "7,9");
    is_entry(2, "wren", "", "4");
    is_entry(3, "wren", "ExitedNonZero", "8");
    assert_int_equal(ends.items[1].exit_code, 3);
    assert_false(shape_has(&task_ends_shape, &ends.items[0], &ends.items[0].exit_code));
}

static void results_that_too_few_agree_with_are_a_failure(void **state)
{
    (void)state;
    task_ends(3, "lark", "phase: Succeeded, exitCode: 0, message: Failed to agree");
    assert_int_equal(ends.count, 1);
    is_entry(0, "lark", "NoQuorum", "3");
}

/* Every one of the tasks up to `count` is in one entry, and in one only. */
static void has_each_once(size_t count)
{
    struct indexes all;
    size_t told = 0;

    indexes_init(&all, &arena, TASKS_MAX);
    for (size_t i = 0; i < ends.count; i++) {
        struct indexes some;

        indexes_init(&some, &arena, TASKS_MAX);
        assert_true(indexes_from_str(ends.items[i].indexes, &some));
        told += some.count;
        indexes_join(&all, &some);
    }
    assert_int_equal(told, count);
    assert_int_equal(indexes_below(&all, count), count);
}

static void more_ends_than_there_is_room_for_are_told_of_without_their_agent(void **state)
{
    enum { COUNT = 600 };
    char agent[WORK_NAME_BYTES_MAX + 1] = "";

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        memset(agent, 'a', sizeof(agent) - 1);
        agent[0] = (char)('a' + i % 26);
        agent[1] = (char)('a' + i / 26);
        task_ends(i, agent, i % 2 == 0 ? SUCCEEDED : FAILED(1));
    }
    has_each_once(COUNT);
    assert_in_range(ends.bytes, TASK_ENDS_BYTES_MAX / 2, TASK_ENDS_BYTES_MAX);
    assert_in_range(ends.count, 50, TASK_ENDS_MAX);
    is_entry(ends.count - 1, "", "ExitedNonZero", ends.items[ends.count - 1].indexes);
}

static void and_in_the_end_without_its_reason(void **state)
{
    enum { COUNT = 600 };

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        task_ends(i, "lark",
                  arena_printf(&arena,
                               "phase: Failed, exitCode: %zu, reason: "
                               "Reason%zuThatIsAsLongAsAReasonMayBeOrAlmostSo",
                               i % 256, i));
    }
    has_each_once(COUNT);
    assert_in_range(ends.bytes, TASK_ENDS_BYTES_MAX / 2, TASK_ENDS_BYTES_MAX);
    is_entry(ends.count - 1, "", "", ends.items[ends.count - 1].indexes);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(those_that_ended_alike_are_one_entry),
        TEST(results_that_too_few_agree_with_are_a_failure),
        TEST(more_ends_than_there_is_room_for_are_told_of_without_their_agent),
        TEST(and_in_the_end_without_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
