/* The agent as a whole: restarts, adoption, logs, a broken disk, and that the same event twice
 * makes no second effect. */
#include "schema/limits.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void given_running(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
}

/* --- restarts and adoption ----------------------------------------------------------------------
 */

static void what_is_found_running_is_adopted_and_not_started_again(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_pass(world, 200);
    /* Whether it was frozen is not known, so it is thawed. */
    expect_has(world, "resume u1 run=1\n");
    assert_int_equal(agt_counters(world->agt)->spawns, 0);
}

static void an_adopted_run_stays_frozen_under_a_paused_owner(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    world_reboot(world);
    world_owner(world, true);
    world_found_running(world, "u1", 1);
    world_start(world);
    expect(world, "suspend u1 run=1\n"
                  "limit u1 run=1 cpu=0\n"
                  "save\n");
}

static void what_is_found_ended_counts_as_an_exit(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    world_reboot(world);
    world_found_ended(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_start(world);
    expect_has(world, "forget u1 run=1\n");
    world_connect(world);
    world_reported(world);
    assert_int_equal(agt_counters(world->agt)->spawns, 0);
}

static void what_is_not_found_is_lost_and_started_under_a_new_number(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    world_reboot(world);
    world_start(world);
    expect(world, "save\n"
                  "forget u1 run=1\n"
                  "spawn u1 run=2 gen=1 work\n");
}

static void a_crash_between_save_and_spawn_does_not_use_a_number_twice(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1, .restart = RESTART_ON_FAILURE));
    expect_has(world, "save\nspawn u1 run=1"); /* of these, only the save was performed */
    world_reboot(world);
    world_start(world);
    expect_has(world, "spawn u1 run=2");
}

static void a_record_that_was_taken_in_is_only_forgotten(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    world_usage(world, "u1", 1, 500);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_reboot(world); /* the crash came before the shell forgot it */
    world_found_ended(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_clear(world);
    world_start(world);
    expect(world, "forget u1 run=1\n");
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_welcome(world);
    expect_has(world, "u1/1:Succeeded(Completed)[500ms]\n");
}

static void a_stranger_that_runs_is_stopped_and_reported(void **state)
{
    struct agent_world *world = *state;

    world_found_running(world, "u9", 3);
    world_start(world);
    expect(world, "resume u9 run=3\n"
                  "signal u9 run=3 grace=10000\n");
    world_exited(world, "u9", 3, EXIT_STOPPED, 143);
    expect(world, "save\n"
                  "forget u9 run=3\n");
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    expect(world, "save\n"
                  "send report u9/0:Stopped(Removed)=143\n");
    world_reported(world);
    expect(world, "forget u9 run=0\n" /* the assignment itself */
                  "save\n");
}

static void a_record_of_a_stranger_is_forgotten(void **state)
{
    struct agent_world *world = *state;

    world_found_ended(world, "u9", 3, EXIT_BY_ITSELF, 0);
    world_start(world);
    expect(world, "forget u9 run=3\n");
}

static void work_does_not_start_beside_a_stray_of_its_own(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    str_clear(&world->disk); /* the state directory was lost, the processes were not */
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    assert_null(strstr(world->page.data, "spawn"));
    world_exited(world, "u1", 1, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=2 gen=1 work\n");
}

static void a_run_newer_than_the_disk_knows_is_stopped_before_another_starts(void **state)
{
    struct agent_world *world = *state;
    _cleanup_(str_fini)
    struct str old = STR_EMPTY;

    given_running(world);
    str_add_bytes(&old, world->disk.data, world->disk.length);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
    world_pass(world, 1000);
    expect_has(world, "spawn u1 run=2");
    str_clear(&world->disk);
    str_add_bytes(&world->disk, old.data, old.length);
    world_reboot(world);
    world_found_running(world, "u1", 2);
    world_found_ended(world, "u1", 1, EXIT_BY_ITSELF, 1);
    world_start(world);
    expect_has(world, "signal u1 run=2 grace=5000\n");
    assert_int_equal(agt_counters(world->agt)->spawns, 0);
    world_clear(world);
    world_exited(world, "u1", 2, EXIT_STOPPED, 143);
    expect_has(world, "spawn u1 run=3");
}

static void an_edited_state_is_told_and_the_agent_starts_empty(void **state)
{
    struct agent_world *world = *state;
    struct err err = ERR_NONE;

    given_running(world);
    agt_free(world->agt);
    world->agt = agt_new(&world->options);
    strstr(world->disk.data, "work")[0] = 'W';
    assert_int_equal(agt_load(world->agt, world->disk.data, world->disk.length, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.text, "starting empty"));
    world_start(world);
    expect(world, "");
}

static void a_torn_state_is_told_at_every_length(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    for (size_t length = 0; length < world->disk.length; length++) {
        struct agt *agt = agt_new(&world->options);

        assert_int_equal(agt_load(agt, world->disk.data, length, NULL), ERR_CORRUPT);
        agt_free(agt);
    }
}

static void a_failed_save_is_tried_again_ever_more_rarely(void **state)
{
    struct agent_world *world = *state;
    int failures = 0;

    world->disk_is_full = true;
    given_running(world);
    world_pass(world, 10 * 60 * 1000);
    for (const char *at = world->page.data; (at = strstr(at, "save fails")) != NULL; at++) {
        failures++;
    }
    assert_in_range(failures, 20, 60); /* at least every 30 s, not every second */
    assert_null(strstr(world->page.data, "spawn"));
    assert_null(strstr(world->page.data, "report"));
}

/* --- logs ---------------------------------------------------------------------------------------
 */

static void ask_for_log(struct agent_world *world, uint64_t id, const char *uid)
{
    const struct wire_message message = {.type = WIRE_LOG_REQUEST,
                                         .log_request = {.id = id, .uid = uid, .tail = 10}};

    world_message(world, &message);
}

static void log_lines(struct agent_world *world, uint64_t id, const char *data, bool end)
{
    struct agt_event event = {.type = AGT_LOG_LINES, .log = {.id = id, .data = data, .end = end}};

    world_event(world, &event);
}

static void lines_of_a_log_are_read_and_passed_on(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    ask_for_log(world, 5, "u1");
    expect(world, "readlog u1 run=1 id=5 tail=10\n");
    ask_for_log(world, 5, "u1");
    expect(world, "");
    log_lines(world, 5, "hello\n", false);
    expect(world, "send logData 5 \"hello\n\"\n");
    log_lines(world, 5, "", true);
    expect(world, "send logData 5 \"\" end\n");
    log_lines(world, 5, "late\n", false);
    expect(world, "");
}

static void a_log_of_what_is_forgotten_is_looked_for(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    ask_for_log(world, 5, "u9");
    expect(world, "readlog u9 run=0 id=5 tail=10\n");
}

static void more_logs_than_the_bound_are_refused(void **state)
{
    struct agent_world *world = *state;

    given_running(world);
    for (uint64_t id = 1; id <= LOG_STREAMS_MAX; id++) {
        ask_for_log(world, id, "u1");
    }
    world_clear(world);
    ask_for_log(world, 99, "u1");
    expect_has(world, "end error: too many logs of this agent are being read");
}

static void a_log_is_stopped_when_cancelled_and_when_the_link_ends(void **state)
{
    struct agent_world *world = *state;
    const struct wire_message cancel = {.type = WIRE_LOG_CANCEL, .log_cancel = {.id = 5}};

    given_running(world);
    ask_for_log(world, 5, "u1");
    ask_for_log(world, 6, "u1");
    world_clear(world);
    world_message(world, &cancel);
    world_message(world, &cancel);
    expect(world, "stoplog id=5\n");
    world_down(world);
    expect(world, "stoplog id=6\n");
}

static void a_slow_link_drops_lines_and_counts_them(void **state)
{
    struct agent_world *world = *state;
    struct agt_event drained = {.type = AGT_LINK_DRAINED};
    char *chunk = mem_alloc(LOG_CHUNK_BYTES_MAX + 1);

    given_running(world);
    ask_for_log(world, 5, "u1");
    memset(chunk, 'x', LOG_CHUNK_BYTES_MAX);
    chunk[9] = chunk[19] = '\n';
    for (int i = 0; i < LOG_BACKLOG_BYTES_MAX / LOG_CHUNK_BYTES_MAX; i++) {
        log_lines(world, 5, chunk, false);
    }
    world_clear(world);
    log_lines(world, 5, chunk, false);
    log_lines(world, 5, chunk, false);
    expect(world, "");
    world_event(world, &drained);
    log_lines(world, 5, "on\n", false);
    expect(world, "send logData 5 \"on\n\" dropped=4\n");
    free(chunk);
}

/* --- the same event twice ------------------------------------------------------------------------
 */

/* Whatever happened once and happens again is answered at most, never acted on. */
static void acts_on_nothing(struct agent_world *world)
{
    static const char *const acts[] = {"spawn", "signal", "suspend", "resume", "extend", "report"};

    for (size_t i = 0; i < COUNT_OF(acts); i++) {
        if (strstr(world->page.data, acts[i]) != NULL) {
            print_error("%s", world->page.data);
            fail();
        }
    }
    world_clear(world);
}

static void the_same_event_twice_makes_no_second_effect(void **state)
{
    struct agent_world *world = *state;
    const struct want *wants =
        ONE("u1", 1, .restart = RESTART_ALWAYS, .lease_epoch = 1, .lease_ms = 60000);
    struct agt_event tick = {.type = AGT_TICK};

    world_start(world);
    world_connect(world);
    world_assign(world, wants);
    world_clear(world);
    world->revision--;
    world_assign(world, wants);
    acts_on_nothing(world);
    world_renewed(world, wants);
    world_clear(world);
    world_renewed(world, wants);
    acts_on_nothing(world);
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_clear(world);
    world_started(world, "u1", 1);
    world_reported(world);
    world_event(world, &tick);
    world_event(world, &tick);
    acts_on_nothing(world);
    world_owner(world, true);
    world_reported(world);
    world_clear(world);
    world_owner(world, true);
    acts_on_nothing(world);
    world_owner(world, false);
    world_reported(world);
    world_clear(world);
    world_owner(world, false);
    world_usage(world, "u1", 1, 100);
    world_usage(world, "u1", 1, 100);
    acts_on_nothing(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    world_reported(world);
    world_clear(world);
    world_exited(world, "u1", 1, EXIT_BY_ITSELF, 0);
    acts_on_nothing(world);
    world_down(world);
    world_down(world);
    world_up(world);
    acts_on_nothing(world);
}

static void the_same_events_give_the_same_effects(void **state)
{
    struct agent_world *world = *state;
    _cleanup_(str_fini)
    struct str first = STR_EMPTY;

    for (int round = 0; round < 2; round++) {
        given_running(world);
        world_exited(world, "u1", 1, EXIT_BY_ITSELF, 1);
        world_down(world);
        world_pass(world, 60 * 1000);
        if (round == 0) {
            str_add(&first, world->page.data);
            world_clear(world);
            str_clear(&world->disk);
            world->epoch = world->revision = 0;
            world->now_ms = 1000;
            world_reboot(world);
        }
    }
    expect(world, first.data);
}

static void a_quiet_agent_has_nothing_to_do_but_beat(void **state)
{
    struct agent_world *world = *state;
    uint64_t steps;

    given_running(world);
    steps = agt_counters(world->agt)->steps;
    world_pass(world, 3600 * 1000);
    expect(world, "");
    /* Each heartbeat is a step, and its answer another. */
    assert_true(agt_counters(world->agt)->steps - steps <= 2 * 3600 / 30 + 2);
}

static void the_summary_is_json_and_says_why(void **state)
{
    struct agent_world *world = *state;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    given_running(world);
    world_owner(world, true);
    agt_describe(world->agt, &text);
    assert_non_null(strstr(text.data, "\"state\": \"Welcomed\""));
    assert_non_null(strstr(text.data, "\"reason\": \"OwnerPaused\""));
    assert_non_null(strstr(text.data, "work u1: Running -> Suspended (run 1)"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(what_is_found_running_is_adopted_and_not_started_again),
        TEST(an_adopted_run_stays_frozen_under_a_paused_owner),
        TEST(what_is_found_ended_counts_as_an_exit),
        TEST(what_is_not_found_is_lost_and_started_under_a_new_number),
        TEST(a_crash_between_save_and_spawn_does_not_use_a_number_twice),
        TEST(a_record_that_was_taken_in_is_only_forgotten),
        TEST(a_stranger_that_runs_is_stopped_and_reported),
        TEST(a_record_of_a_stranger_is_forgotten),
        TEST(work_does_not_start_beside_a_stray_of_its_own),
        TEST(a_run_newer_than_the_disk_knows_is_stopped_before_another_starts),
        TEST(an_edited_state_is_told_and_the_agent_starts_empty),
        TEST(a_torn_state_is_told_at_every_length),
        TEST(a_failed_save_is_tried_again_ever_more_rarely),
        TEST(lines_of_a_log_are_read_and_passed_on),
        TEST(a_log_of_what_is_forgotten_is_looked_for),
        TEST(more_logs_than_the_bound_are_refused),
        TEST(a_log_is_stopped_when_cancelled_and_when_the_link_ends),
        TEST(a_slow_link_drops_lines_and_counts_them),
        TEST(the_same_event_twice_makes_no_second_effect),
        TEST(the_same_events_give_the_same_effects),
        TEST(a_quiet_agent_has_nothing_to_do_but_beat),
        TEST(the_summary_is_json_and_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
