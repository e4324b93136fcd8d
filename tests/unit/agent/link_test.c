/* The life of the link, told by traces on a virtual clock. */
#include "schema/limits.h"
#include "tests/support/agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void given_open(struct agent_world *world)
{
    world_start(world);
    world_dial(world);
    world_up(world);
    world_clear(world);
}

static void given_welcomed(struct agent_world *world)
{
    world_start(world);
    world_connect(world);
}

static void a_link_goes_from_dialling_to_welcome(void **state)
{
    struct agent_world *world = *state;

    world_start(world);
    expect(world, "");
    world_pass(world, RECONNECT_MIN_MS);
    expect(world, "connect\n");
    world_up(world);
    expect(world, "");
    world_challenge(world, "store-1");
    expect(world, "send hello rev=0\n");
    world_welcome(world);
    expect(world, "save\n");
}

static void hello_is_signed_over_the_challenge(void **state)
{
    struct agent_world *world = *state;
    struct wire_challenge challenge = {
        .store_id = "store-1", .era = 1, .nonce = world->nonce, .controller = "fog"};
    uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    given_open(world);
    world_challenge(world, "store-1");
    assert_true(base64_from_str(world->hello.public_key, sizeof(key), key));
    assert_true(base64_from_str(world->hello.signature, sizeof(signature), signature));
    wire_hello_signed_text(&challenge, &world->hello, &text);
    assert_true(key_verify(key, text.data, text.length, signature));
    text.data[0] ^= 1;
    assert_false(key_verify(key, text.data, text.length, signature));
}

static void hello_tells_what_the_disk_has(void **state)
{
    struct agent_world *world = *state;
    struct digest digest;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    assert_int_equal(world->hello.revision, 1);
    assert_int_equal(world->hello.epoch, 1);
    assert_string_equal(world->hello.store_id, "store-1");
    assert_true(digest_from_str(world->hello.digest, &digest));
    assert_true(digest_eq(&digest, &world->digest));
}

static void hello_says_when_the_owner_paused(void **state)
{
    struct agent_world *world = *state;

    world_owner(world, true);
    given_open(world);
    world_challenge(world, "store-1");
    expect(world, "send hello rev=0 paused\n");
    world_welcome(world);
    expect(world, "save\n");
}

static void a_pause_that_ends_before_the_welcome_is_told_to_have_ended(void **state)
{
    struct agent_world *world = *state;

    world_owner(world, true);
    given_open(world);
    world_challenge(world, "store-1");
    expect(world, "send hello rev=0 paused\n");
    world_owner(world, false);
    world_welcome(world);
    expect_has(world, "send report");
}

static void a_foreign_store_is_not_obeyed_even_after_a_restart(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_reboot(world);
    given_open(world);
    world_challenge(world, "store-2");
    expect(world, "hangup: the controller's store is store-2, and this agent obeys store store-1: "
                  "give the agent another state directory to make it change sides\n");
}

static void why_the_link_ended_is_described(void **state)
{
    struct agent_world *world = *state;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    given_welcomed(world);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-2");
    world_down(world);
    agt_describe(world->agt, &text);
    assert_non_null(strstr(text.data, "this agent obeys store store-1"));
}

static void an_older_era_is_not_obeyed(void **state)
{
    struct agent_world *world = *state;

    world->era = 3;
    given_welcomed(world);
    world_reboot(world);
    given_open(world);
    world->era = 2;
    world_challenge(world, "store-1");
    expect_has(world, "hangup: the controller's store is of era 2, and this agent saw era 3");
}

static void a_newer_era_begins_its_epochs_anew(void **state)
{
    struct agent_world *world = *state;

    world->epoch = 40;
    given_welcomed(world);
    world_down(world);
    world->era = 2;
    world->epoch = 6;
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    expect_has(world, "send accepted rev=1\n");
}

static void an_epoch_that_was_used_before_is_not_obeyed(void **state)
{
    struct agent_world *world = *state;

    world->epoch = 4;
    given_welcomed(world);
    world_reboot(world);
    given_open(world);
    world_challenge(world, "store-1");
    world->epoch = 4;
    world_clear(world);
    world_welcome(world);
    expect_has(world, "hangup: the controller gave this connection a number that was used before");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void another_controllers_name_is_not_obeyed(void **state)
{
    struct agent_world *world = *state;

    world->options.controller = "other";
    world_reboot(world);
    given_open(world);
    world_challenge(world, "store-1");
    expect(world, "hangup: the controller is \"fog\", and this agent serves \"other\"\n");
}

static void a_version_that_is_not_shared_ends_the_link(void **state)
{
    struct agent_world *world = *state;
    struct wire_message message = {.type = WIRE_CHALLENGE,
                                   .challenge = {.version_min = 2,
                                                 .version_max = 3,
                                                 .store_id = "store-1",
                                                 .controller = "fog",
                                                 .nonce = world->nonce}};

    given_open(world);
    world_message(world, &message);
    expect_has(world, "hangup: the controller speaks versions 2 to 3 of the protocol");
}

static void challenge_with(struct agent_world *world, int64_t min, int64_t max)
{
    struct wire_message message = {.type = WIRE_CHALLENGE,
                                   .challenge = {.version_min = min,
                                                 .version_max = max,
                                                 .store_id = "store-1",
                                                 .era = 1,
                                                 .controller = "fog",
                                                 .nonce = world->nonce}};

    world_reboot(world);
    given_open(world);
    world_message(world, &message);
}

static void the_newest_version_that_both_speak_is_spoken(void **state)
{
    struct agent_world *world = *state;

    world->options.speaks = (struct wire_versions){1, 2};
    challenge_with(world, 1, 1);
    assert_int_equal(world->hello.version, 1);
    challenge_with(world, 1, 2);
    assert_int_equal(world->hello.version, 2);
    challenge_with(world, 2, 3);
    assert_int_equal(world->hello.version, 2);
    world_clear(world);
    world->options.speaks = (struct wire_versions){2, 2};
    challenge_with(world, 1, 1);
    expect_has(world, "hangup: the controller speaks versions 1 to 1 of the protocol, this agent "
                      "2 to 2: update the older of them");
}

static void a_refusal_is_told_and_its_wish_is_kept(void **state)
{
    struct agent_world *world = *state;
    const struct wire_message message = {.type = WIRE_REFUSE,
                                         .refuse = {.reason = "NameTaken",
                                                    .message = "another machine is edge-1",
                                                    .retry_after_ms = 60 * 1000}};

    given_open(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_message(world, &message);
    expect(world, "hangup: refused: NameTaken: another machine is edge-1\n");
    world_down(world);
    world_pass(world, 59 * 1000);
    expect(world, "");
    world_pass(world, 1000);
    expect(world, "connect\n");
}

static void no_answer_in_time_ends_each_step_of_the_handshake(void **state)
{
    struct agent_world *world = *state;
    static const char line[] = "hangup: the controller did not answer in time\n";

    world_start(world);
    world_dial(world);
    world_pass(world, HANDSHAKE_MS);
    expect(world, line);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_pass(world, HANDSHAKE_MS);
    expect(world, line);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_pass(world, HANDSHAKE_MS);
    expect(world, line);
}

/* Dials and fails; returns how long it waited before. */
static int64_t wait_for_dial(struct agent_world *world)
{
    int64_t before = world->now_ms;

    while (world->page.length == 0) {
        world_pass(world, 10);
    }
    expect(world, "connect\n");
    world_down(world);
    return world->now_ms - before;
}

static void dialling_waits_longer_each_time_up_to_a_bound(void **state)
{
    struct agent_world *world = *state;
    int64_t most_ms = RECONNECT_MIN_MS;

    world_start(world);
    (void)wait_for_dial(world);
    for (int i = 0; i < 12; i++) {
        assert_in_range(wait_for_dial(world), most_ms / 2, most_ms + 10);
        most_ms = 2 * most_ms < RECONNECT_MAX_MS ? 2 * most_ms : RECONNECT_MAX_MS;
    }
}

static void agents_do_not_dial_at_the_same_moment(void **state)
{
    struct agent_world *world = *state;
    int64_t first, second;

    world_start(world);
    (void)wait_for_dial(world);
    first = wait_for_dial(world) + wait_for_dial(world) + wait_for_dial(world);
    world->options.seed[0] = 77;
    world_reboot(world);
    world_start(world);
    (void)wait_for_dial(world);
    second = wait_for_dial(world) + wait_for_dial(world) + wait_for_dial(world);
    assert_int_not_equal(first, second);
}

static void a_heartbeat_from_the_controller_forgets_failed_attempts(void **state)
{
    struct agent_world *world = *state;
    const struct wire_message beat = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = 1}};

    world_start(world);
    for (int i = 0; i < 10; i++) {
        (void)wait_for_dial(world);
    }
    world_connect(world);
    world_message(world, &beat);
    world_down(world);
    world_clear(world);
    assert_in_range(wait_for_dial(world), 0, RECONNECT_MIN_MS + 10);
}

static void heartbeats_go_out_and_keep_the_link(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world->shows_heartbeats = true;
    world_pass(world, 3 * HEARTBEAT_MAX_MS);
    expect(world, "send heartbeat\nsend heartbeat\nsend heartbeat\n");
}

static void heartbeats_tell_readings_when_they_moved_and_now_and_then(void **state)
{
    struct agent_world *world = *state;

    world->heartbeat_ms = 10000;
    world_start(world);
    world_connect(world);
    world->shows_heartbeats = true;
    world_pass(world, 10000);
    expect(world, "send heartbeat\n");
    world_reading(world, SENSOR_BATTERY, 80);
    world_reading(world, SENSOR_TEMPERATURE, 40000);
    world_unknown(world, SENSOR_METERED);
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 % temperature=40 °C metered=unknown\n");
    world_reading(world, SENSOR_TEMPERATURE, 40900);
    world_pass(world, 10000);
    expect(world, "send heartbeat\n");
    world_reading(world, SENSOR_TEMPERATURE, 41100);
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 % temperature=41.1 °C metered=unknown\n");
    world_pass(world, 20000);
    world_read(world);
    expect(world, "send heartbeat\nsend heartbeat\n");
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 % temperature=41.1 °C metered=unknown\n");
    world_reading(world, SENSOR_IDLE, 60000);
    world_pass(world, 10000);
    expect_has(world, "idle=1m");
    world_reading(world, SENSOR_IDLE, 70000);
    world_pass(world, 10000);
    expect(world, "send heartbeat\n");
    world_reading(world, SENSOR_IDLE, 100);
    world_pass(world, 10000);
    expect_has(world, "idle=100ms");
    world_pass(world, 40000);
    world_clear(world);
    world_pass(world, 30000); /* nobody read them any more */
    expect_has(world, "battery=unknown temperature=unknown idle=unknown metered=unknown\n");
}

/* Who hears nothing counts on. */
static void heartbeats_tell_of_somebody_who_stays(void **state)
{
    struct agent_world *world = *state;

    world->heartbeat_ms = 10000;
    world_start(world);
    world_connect(world);
    world->shows_heartbeats = true;
    world_reading(world, SENSOR_IDLE, 0);
    world_pass(world, 10000);
    expect_has(world, "idle=0s");
    for (int i = 0; i < 2; i++) {
        world_reading(world, SENSOR_IDLE, 0);
        world_clear(world);
        world_pass(world, 10000);
        expect_has(world, "idle=0s");
    }
    world_reading(world, SENSOR_IDLE, 9500);
    world_clear(world);
    world_pass(world, 10000);
    expect(world, "send heartbeat\n");
}

static void expect_clock(struct agent_world *world, const char *clock, int offset_minutes)
{
    char told[WALL_TEXT_SIZE];

    wall_to_str(world->told_clock, told);
    assert_string_equal(told, clock);
    assert_int_equal(world->told_offset_minutes, offset_minutes);
}

static void heartbeats_tell_the_time_with_the_readings_and_when_it_jumped(void **state)
{
    struct agent_world *world = *state;

    world->heartbeat_ms = 10000;
    world->utc_offset_ms = 60 * 60 * 1000;
    world_start(world);
    world_connect(world);
    world_reading(world, SENSOR_BATTERY, 80);
    world->shows_heartbeats = true;
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 %\n");
    expect_clock(world, "2023-11-14T22:13:26Z", 60);
    world->clock_ahead_ms += LOCAL_TIME_TELL_MS;
    world_pass(world, 10000);
    expect(world, "send heartbeat\n");
    world->clock_ahead_ms -= 8 * 60 * 60 * 1000;
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 %\n");
    expect_clock(world, "2023-11-14T14:13:48Z", 60);
    world->utc_offset_ms = 0;
    world_read(world);
    world_pass(world, 10000);
    expect(world, "send heartbeat battery=80 %\n");
    expect_clock(world, "2023-11-14T14:13:58Z", 0);
}

static void three_heartbeats_of_silence_end_the_link(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world->controller_is_silent = true;
    world_pass(world, HEARTBEATS_MISSED_MAX * HEARTBEAT_MAX_MS);
    expect(world, "hangup: the controller was silent for three heartbeats\n");
}

static void a_machine_that_slept_dials_anew(void **state)
{
    struct agent_world *world = *state;
    struct agt_event tick = {.type = AGT_TICK};

    given_welcomed(world);
    world->now_ms += 8 * 3600 * 1000;
    world_event(world, &tick);
    expect(world, "hangup: the controller was silent for three heartbeats\n");
}

static void a_bad_message_is_answered(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_text(world, "{\"type\":\"reboot\"}");
    expect(world, "send error about \"reboot\": \"reboot\" is no type of message that a "
                  "controller sends\n");
    world_text(world, "{\"type\":\"reported\"}");
    expect_has(world, "send error about \"reported\": reported: epoch");
    world_text(world, "nonsense");
    expect_has(world, "send error about \"\": ");
    assert_int_equal(agt_counters(world->agt)->bad_messages, 3);
}

static void too_many_bad_messages_end_the_link(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    for (int i = 0; i < BAD_MESSAGES_MAX - 1; i++) {
        world_text(world, "{}");
    }
    assert_null(strstr(world->page.data, "hangup"));
    world_text(world, "{}");
    expect_has(world, "hangup: the controller sent too many messages that make no sense\n");
    world_text(world, "{}");
    expect(world, "");
    world_down(world);
    world_connect(world);
    world_text(world, "{}");
    expect_has(world, "send error");
}

static void an_error_is_counted_and_never_answered(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_text(world, "{\"type\":\"error\",\"message\":\"what?\"}");
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->errors_heard, 1);
}

static void what_comes_at_the_wrong_time_is_bad(void **state)
{
    struct agent_world *world = *state;

    given_open(world);
    world_welcome(world);
    expect(world, "send error about \"welcome\": welcome: is not expected now\n");
    world_assign(world, ONE("u1", 1));
    expect(world, "send error about \"assign\": assign: is not expected now\n");
    world_challenge(world, "store-1");
    world_clear(world);
    world_challenge(world, "store-1");
    expect(world, "send error about \"challenge\": challenge: is not expected now\n");
    world_welcome(world);
    world_clear(world);
    world_welcome(world);
    expect(world, "send error about \"welcome\": welcome: is not expected now\n");
}

static void messages_of_another_epoch_are_dropped_and_counted(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world->epoch = 7;
    world_assign(world, ONE("u1", 1));
    world->epoch = 0 + 1;
    expect(world, "");
    assert_int_equal(agt_counters(world->agt)->stale_messages, 1);
}

static void frames_without_a_link_are_ignored(void **state)
{
    struct agent_world *world = *state;

    world_text(world, "nonsense");
    world_start(world);
    world_text(world, "nonsense");
    world_down(world);
    world_up(world);
    expect(world, "");
}

static void a_reconnect_restarts_and_repeats_nothing(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_down(world);
    world_clear(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    expect(world, "send hello rev=1\n");
    world_welcome(world);
    expect(world, "save\n");
}

static void an_unanswered_report_is_sent_again_after_a_reconnect(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_down(world);
    world_started(world, "u1", 1);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    expect(world, "save\n"
                  "send report u1/1:Running\n");
}

static void an_unanswered_report_is_sent_again_on_a_lossy_link(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_clear(world);
    world_pass(world, 2 * HEARTBEAT_MAX_MS);
    expect(world, "send report u1/1:Starting\n");
    assert_int_equal(world->report_seq, 2);
}

static void report_numbers_rise_across_restarts(void **state)
{
    struct agent_world *world = *state;
    uint64_t before;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    before = world->report_seq;
    world_reboot(world);
    world_found_running(world, "u1", 1);
    world_start(world);
    world_connect(world);
    assert_true(world->report_seq > before);
}

static void an_acknowledgement_of_nothing_is_bad(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world->report_seq = 5;
    world_reported(world);
    expect(world, "send error about \"reported\": reported: seq: no report had this number\n");
}

static void a_restored_store_is_told_everything_again(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_down(world);
    world->era = 2;
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    expect(world, "save\n"
                  "send report u1/1:Running\n");
}

/* A number that is left out was somebody else's, who may have said something else. */
static void who_was_not_the_last_to_be_connected_reports_everything_again(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_assign(world, ONE("u1", 1));
    world_started(world, "u1", 1);
    world_reported(world);
    world_reported(world);
    world_down(world);
    world->epoch++;
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world_welcome(world);
    expect(world, "save\n"
                  "send report u1/1:Running\n");
}

/* One false number would shut out every true store after it. */
static void a_welcome_in_another_era_than_challenged_is_not_obeyed(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world->era = 9;
    world_welcome(world);
    expect_has(world, "hangup");
    world->era = 1;
    world_down(world);
    world_connect(world);
    world_assign(world, ONE("u1", 1));
    expect_has(world, "spawn u1");
}

/* One false number would use up those of all true connections after it. */
static void a_welcome_beyond_all_numbers_is_not_obeyed(void **state)
{
    struct agent_world *world = *state;

    given_welcomed(world);
    world_down(world);
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_clear(world);
    world->epoch = EPOCH_FOLLOWED_MAX + 2;
    world_welcome(world);
    expect_has(world, "hangup");
    world->epoch = EPOCH_FOLLOWED_MAX;
    for (unsigned i = 0; i < 4; i++) { /* up to there, there are always others */
        world_down(world);
        world_connect(world);
    }
    world_assign(world, ONE("u1", 1));
    expect_has(world, "spawn u1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(a_link_goes_from_dialling_to_welcome),
        TEST(hello_is_signed_over_the_challenge),
        TEST(hello_tells_what_the_disk_has),
        TEST(hello_says_when_the_owner_paused),
        TEST(a_pause_that_ends_before_the_welcome_is_told_to_have_ended),
        TEST(a_foreign_store_is_not_obeyed_even_after_a_restart),
        TEST(why_the_link_ended_is_described),
        TEST(an_older_era_is_not_obeyed),
        TEST(a_newer_era_begins_its_epochs_anew),
        TEST(an_epoch_that_was_used_before_is_not_obeyed),
        TEST(another_controllers_name_is_not_obeyed),
        TEST(a_version_that_is_not_shared_ends_the_link),
        TEST(the_newest_version_that_both_speak_is_spoken),
        TEST(a_refusal_is_told_and_its_wish_is_kept),
        TEST(no_answer_in_time_ends_each_step_of_the_handshake),
        TEST(dialling_waits_longer_each_time_up_to_a_bound),
        TEST(agents_do_not_dial_at_the_same_moment),
        TEST(a_heartbeat_from_the_controller_forgets_failed_attempts),
        TEST(heartbeats_go_out_and_keep_the_link),
        TEST(heartbeats_tell_readings_when_they_moved_and_now_and_then),
        TEST(heartbeats_tell_of_somebody_who_stays),
        TEST(heartbeats_tell_the_time_with_the_readings_and_when_it_jumped),
        TEST(three_heartbeats_of_silence_end_the_link),
        TEST(a_machine_that_slept_dials_anew),
        TEST(a_bad_message_is_answered),
        TEST(too_many_bad_messages_end_the_link),
        TEST(an_error_is_counted_and_never_answered),
        TEST(what_comes_at_the_wrong_time_is_bad),
        TEST(messages_of_another_epoch_are_dropped_and_counted),
        TEST(frames_without_a_link_are_ignored),
        TEST(a_reconnect_restarts_and_repeats_nothing),
        TEST(an_unanswered_report_is_sent_again_after_a_reconnect),
        TEST(an_unanswered_report_is_sent_again_on_a_lossy_link),
        TEST(report_numbers_rise_across_restarts),
        TEST(an_acknowledgement_of_nothing_is_bad),
        TEST(a_welcome_in_another_era_than_challenged_is_not_obeyed),
        TEST(a_welcome_beyond_all_numbers_is_not_obeyed),
        TEST(a_restored_store_is_told_everything_again),
        TEST(who_was_not_the_last_to_be_connected_reports_everything_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
