/* Programs of other versions, as the simulator has them: what they say and save more than ours is
 * passed over, and only that. */
#include "tests/sim/release.h"

#include "agent/core/agt.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct blob *blob_of(const char *text)
{
    return blob_new(text, strlen(text));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* What our program hears of it is what ours would have said. */
static void assert_heard_as(const char *said, bool by_agent)
{
    struct blob *ours = blob_of(said), *newer = release_frame(RELEASE_NEWER, ours), *heard;
    struct wire_message message;
    struct arena arena;
    struct err err = ERR_NONE;

    arena_init(&arena);
    assert_true(strstr(newer->data, "newWord") != NULL);
    assert_int_equal(wire_decode(&arena, newer->data, newer->size_bytes, by_agent, &message, &err),
                     0);
    heard = wire_encode(&message);
    assert_string_equal(heard->data, said);
    blob_unref(heard);
    blob_unref(newer);
    blob_unref(ours);
    arena_fini(&arena);
}

static void what_a_newer_program_says_more_is_passed_over(void **state)
{
    (void)state;
    assert_heard_as("{\"type\":\"reported\",\"epoch\":3,\"seq\":\"9\"}", false);
    assert_heard_as(
        "{\"type\":\"report\",\"epoch\":1,\"seq\":\"4\",\"items\":[{\"uid\":\"u1\","
        "\"generation\":1,\"status\":{\"observedGeneration\":1,\"phase\":\"Running\"}}]}",
        true);
}

static void it_says_more_at_every_level(void **state)
{
    struct blob *ours =
        blob_of("{\"type\":\"report\",\"epoch\":1,\"seq\":\"4\",\"items\":["
                "{\"uid\":\"u1\",\"status\":{\"phase\":\"Running\"}},{\"uid\":\"u2\"}]}");
    struct blob *newer = release_frame(RELEASE_NEWER, ours);

    (void)state;
    assert_int_equal(count_of(newer->data, "\"newWord\""), 4);
    blob_unref(newer);
    newer = release_frame(RELEASE_OURS, ours);
    assert_string_equal(newer->data, ours->data);
    blob_unref(newer);
    blob_unref(ours);
}

static void assert_becomes(const char *said, const char *want)
{
    struct blob *ours = blob_new(said, strlen(said)), *older = release_frame(RELEASE_OLDER, ours);
    struct blob *heard = release_heard(RELEASE_OLDER, ours);

    assert_string_equal(older->data, want);
    assert_string_equal(heard->data, want);
    blob_unref(heard);
    heard = release_heard(RELEASE_NEWER, ours); /* it knows all that we say */
    assert_string_equal(heard->data, said);
    blob_unref(heard);
    blob_unref(older);
    blob_unref(ours);
}

static void an_older_program_does_without(void **state)
{
    (void)state;
    assert_becomes("{\"type\":\"accepted\",\"epoch\":3,\"revision\":\"9\",\"digest\":\"x\"}",
                   "{\"type\":\"accepted\",\"epoch\":3,\"revision\":\"9\"}");
    assert_becomes("{\"type\":\"report\",\"epoch\":1,\"items\":[{\"uid\":\"u1\",\"status\":"
                   "{\"phase\":\"Running\",\"startTime\":\"2026-11-21T08:00:00Z\"}}]}",
                   "{\"type\":\"report\",\"epoch\":1,\"items\":[{\"uid\":\"u1\",\"status\":"
                   "{\"phase\":\"Running\"}}]}");
    assert_becomes("{\"type\":\"hello\",\"digest\":\"x\"}",
                   "{\"type\":\"hello\",\"digest\":\"x\"}");
}

/* To a newer agent, and back: work goes on, and nothing is told again. */
static void a_state_that_a_newer_agent_saved_is_ours(void **state)
{
    struct agent_world *world = *state;
    struct blob *ours, *newer;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 3));
    world_started(world, "u1", 1);
    ours = blob_of(world->disk.data);
    newer = release_state(RELEASE_NEWER, ours);
    assert_int_equal(count_of(newer->data, "\"newWord\""), 2);
    str_clear(&world->disk);
    str_add_bytes(&world->disk, newer->data, newer->size_bytes);
    blob_unref(newer);
    blob_unref(ours);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_clear(world);
    world_connect(world);
    assert_int_equal(world->hello.revision, 1);
    world_assign(world, ONE("u1", 3));
    expect_has(world, "send accepted");
    world_assign(world, ONE("u1", 2));
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_newer_program_says_more_is_passed_over),
        TEST(it_says_more_at_every_level),
        TEST(an_older_program_does_without),
        TEST(a_state_that_a_newer_agent_saved_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
