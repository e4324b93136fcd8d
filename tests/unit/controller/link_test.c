/* The agent link, from the controller's end: who is let in, what is dropped, who is hung up. */
#include "controller/core/link.h"

#include "schema/limits.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct api api;
static struct api_agent edge;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    edge = (struct api_agent){.name = "edge-1", .key = {1}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- a small language ------------------------------------------------------------------------- */

static struct wire_hello dial(void)
{
    edge.link = api_link_up(&api);
    return api_hello(&api, &edge);
}

/* Says the hello: it is refused for this reason, and the link is hung up. */
static void refused(struct wire_hello hello, const char *reason)
{
    struct wire_message message;

    api_say_hello(&api, &edge, &hello);
    if (!api_hear(&api, edge.link, WIRE_REFUSE, &message)) {
        fail_msg("not refused");
    }
    assert_string_equal(message.refuse.reason, reason);
    assert_true(strlen(message.refuse.message) > 10); /* what a person can do */
    assert_true(message.refuse.retry_after_ms > 0);
    assert_true(str_starts(api_hangup(&api, edge.link), reason));
}

static bool has_agent(const char *name)
{
    return model_agent(&api.ctl->model, name) != NULL;
}

static bool is_connected(const char *name)
{
    return model_agent(&api.ctl->model, name)->link != NULL;
}

static struct wire_message heard(enum wire_type type)
{
    struct wire_message message;

    if (!api_hear(&api, edge.link, type, &message)) {
        fail_msg("no %s was sent", wire_table[type].name);
    }
    return message;
}

static bool hears(enum wire_type type)
{
    struct wire_message message;

    return api_hear(&api, edge.link, type, &message);
}

static void beat(int64_t epoch)
{
    struct wire_message message = {.type = WIRE_HEARTBEAT};

    message.heartbeat.epoch = epoch;
    message.heartbeat.seq = 1;
    api_say(&api, edge.link, &message);
}

static void report(uint64_t seq, int64_t epoch, const char *uid, int phase)
{
    struct wire_report_item item = {.uid = uid, .generation = 1};
    struct wire_message message = {.type = WIRE_REPORT};

    item.status.phase = phase;
    item.status.observed_generation = 1;
    message.report.epoch = epoch;
    message.report.seq = seq;
    message.report.items.items = &item;
    message.report.items.count = uid == NULL ? 0 : 1;
    api_say(&api, edge.link, &message);
}

/* --- the handshake ---------------------------------------------------------------------------- */

static void the_challenge_names_store_and_controller(void **state)
{
    struct wire_message challenge;

    (void)state;
    edge.link = api_link_up(&api);
    challenge = heard(WIRE_CHALLENGE);
    assert_int_equal(challenge.challenge.version_max, WIRE_VERSION);
    assert_string_equal(challenge.challenge.controller, "fog");
    assert_string_equal(challenge.challenge.store_id, api.ctl->store_id);
    assert_int_equal(challenge.challenge.era, 1);
}

static void no_two_challenges_are_the_same(void **state)
{
    struct wire_message one, two;

    (void)state;
    edge.link = api_link_up(&api);
    one = heard(WIRE_CHALLENGE);
    edge.link = api_link_up(&api);
    two = heard(WIRE_CHALLENGE);
    assert_string_not_equal(one.challenge.nonce, two.challenge.nonce);
}

static void a_hello_makes_the_agent_and_pins_its_key(void **state)
{
    struct wire_hello hello = dial();
    struct strpair labels[] = {{"bad key", "x"}, {"site", "north"}, {"zone", "not a value"}};
    struct wire_message welcome;
    const struct node *agent;

    (void)state;
    hello.labels.items = &labels[1];
    hello.labels.count = 1;
    api_say_hello(&api, &edge, &hello);
    welcome = heard(WIRE_WELCOME);
    assert_int_equal(welcome.welcome.epoch, 1);
    assert_int_equal(welcome.welcome.era, 1);
    assert_int_equal(welcome.welcome.heartbeat_ms, HEARTBEAT_MIN_MS);
    agent = api_get(&api, AGENTS "/edge-1");
    assert_string_equal(welcome.welcome.agent_uid, api_text(agent, "metadata.uid"));
    assert_string_equal(api_text(agent, "spec.publicKey"), hello.public_key);
    assert_string_equal(api_text(api_at(agent, "metadata.labels"), "reported/site"), "north");
    assert_string_equal(api_text(agent, "status.platform"), "linux/amd64");
    assert_string_equal(api_text(agent, "status.capacity.cores"), "4");
    assert_string_equal(api_text(agent, "status.lastSeen"), "2026-01-01T00:00:00Z");
    assert_string_equal(api_text(agent, "metadata.managedFields[0].manager"), "fog-agent");
}

static void a_welcome_waits_until_the_agent_is_durable(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    api.holds_commits = true;
    api_say_hello(&api, &edge, &hello);
    assert_false(hears(WIRE_WELCOME));
    api.holds_commits = false;
    api_settle(&api);
    assert_true(hears(WIRE_WELCOME));
}

static void the_same_agent_again_changes_nothing(void **state)
{
    size_t rows;

    (void)state;
    api_connect(&api, &edge);
    api_link_down(&api, edge.link);
    api_connect(&api, &edge);
    rows = api.ctl->counters.rows_ledger;
    assert_int_equal(edge.epoch, 2);
    api_connect(&api, &edge);
    assert_int_equal(api.ctl->counters.rows_ledger, rows);
}

static void what_operators_declared_stays_theirs(void **state)
{
    struct wire_hello hello;
    struct strpair labels[] = {{"site", "south"}};
    const struct node *agent;

    (void)state;
    (void)api_expect(&api, 201, "POST", AGENTS,
                     "{'metadata': {'name': 'edge-1', 'labels': {'site': 'north',"
                     "'reported/site': 'told'}}, 'spec': {'unschedulable': true}}");
    hello = dial();
    hello.labels.items = labels;
    hello.labels.count = 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(hears(WIRE_WELCOME));
    agent = api_get(&api, AGENTS "/edge-1");
    assert_true(api_at(agent, "spec.unschedulable")->boolean);
    assert_string_equal(api_text(agent, "metadata.labels.site"), "north");
    assert_string_equal(api_text(api_at(agent, "metadata.labels"), "reported/site"), "told");
    assert_string_equal(api_text(agent, "spec.publicKey"), hello.public_key);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void another_version_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.version = WIRE_VERSION + 1;
    refused(hello, "VersionMismatch");
    assert_false(has_agent("edge-1"));
}

static void any_version_of_those_it_offers_is_welcome(void **state)
{
    struct wire_message challenge;
    struct wire_hello hello;

    (void)state;
    api.ctl->options.speaks = (struct wire_versions){2, 3};
    edge.link = api_link_up(&api);
    challenge = heard(WIRE_CHALLENGE);
    assert_int_equal(challenge.challenge.version_min, 2);
    assert_int_equal(challenge.challenge.version_max, 3);
    hello = dial();
    hello.version = 1;
    refused(hello, "VersionMismatch");
    for (hello.version = 2; hello.version <= 3; hello.version++) {
        edge.link = api_link_up(&api);
        api_say_hello(&api, &edge, &hello);
        assert_true(hears(WIRE_WELCOME));
    }
}

static void a_signature_by_another_key_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    edge.key[0] = 9; /* signs with another than it shows */
    refused(hello, "BadSignature");
    assert_false(has_agent("edge-1"));
}

static void a_signature_for_an_earlier_challenge_is_refused(void **state)
{
    struct wire_message old = {.type = WIRE_HELLO}, challenge;
    struct wire_hello hello = dial();
    struct str text = STR_EMPTY;
    uint8_t signature[SIGNATURE_SIZE];
    char signature_text[SIGNATURE_TEXT_SIZE];
    struct wire_message refusal;

    (void)state;
    challenge = heard(WIRE_CHALLENGE);
    wire_hello_signed_text(&challenge.challenge, &hello, &text);
    key_sign(edge.key, text.data, text.length, signature);
    base64_to_str(signature, sizeof(signature), signature_text);
    old.hello = hello;
    old.hello.signature = signature_text;
    edge.link = api_link_up(&api); /* replayed on another connection */
    api_say(&api, edge.link, &old);
    refusal = heard(WIRE_REFUSE);
    assert_string_equal(refusal.refuse.reason, "BadSignature");
    str_fini(&text);
}

static void what_was_not_signed_is_refused(void **state)
{
    struct wire_message message = {.type = WIRE_HELLO}, challenge;
    struct wire_hello hello = dial();
    struct str text = STR_EMPTY;
    uint8_t signature[SIGNATURE_SIZE];
    char signature_text[SIGNATURE_TEXT_SIZE];

    (void)state;
    challenge = heard(WIRE_CHALLENGE);
    wire_hello_signed_text(&challenge.challenge, &hello, &text);
    key_sign(edge.key, text.data, text.length, signature);
    base64_to_str(signature, sizeof(signature), signature_text);
    message.hello = hello;
    message.hello.name = "another-name";
    message.hello.signature = signature_text;
    api_say(&api, edge.link, &message);
    assert_string_equal(heard(WIRE_REFUSE).refuse.reason, "BadSignature");
    str_fini(&text);
}

static void an_agent_of_another_store_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.store_id = "another-store";
    refused(hello, "ForeignStore");
    hello = dial();
    hello.store_id = api.ctl->store_id;
    api_say_hello(&api, &edge, &hello);
    assert_true(hears(WIRE_WELCOME));
}

/* Revisions and lease epochs would be given out a second time. */
static void an_agent_that_obeyed_what_this_store_never_said_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.store_id = api.ctl->store_id;
    hello.era = (int64_t)api.ctl->era;
    hello.revision = api.ctl->revision + 1;
    refused(hello, "OldCopy");
    hello = dial();
    hello.store_id = api.ctl->store_id;
    hello.era = (int64_t)api.ctl->era - 1; /* the store was restored since, and says so */
    hello.revision = api.ctl->revision + 1;
    api_say_hello(&api, &edge, &hello);
    (void)heard(WIRE_WELCOME);
}

static struct wire_hello hello_from(uint64_t revision)
{
    struct wire_hello hello = dial();

    hello.store_id = api.ctl->store_id;
    hello.era = (int64_t)api.ctl->era;
    hello.revision = revision;
    return hello;
}

/* An older copy soon has as many revisions as the true store, but they are others. */
static void an_older_copy_that_was_written_to_is_no_newer(void **state)
{
    uint64_t obeyed = api.ctl->revision + 3;
    struct wire_hello hello;

    (void)state;
    refused(hello_from(obeyed), "OldCopy");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(
            api_call(&api, "POST", POLICIES, "{'metadata': {'generateName': 'p-'}}")->code, 201);
    }
    api_settle(&api);
    assert_true(api.ctl->revision > obeyed);
    refused(hello_from(obeyed), "OldCopy");
    hello = hello_from(0);
    api_say_hello(&api, &edge, &hello);
    (void)heard(WIRE_WELCOME);
}

/* What it was told before it was deleted was no other store's word. */
static void an_agent_that_was_deleted_comes_back_with_what_it_obeyed(void **state)
{
    struct wire_hello hello = hello_from(0);
    uint64_t obeyed;

    (void)state;
    api_say_hello(&api, &edge, &hello);
    (void)heard(WIRE_WELCOME);
    obeyed = api.ctl->revision;
    assert_int_equal(api_call(&api, "DELETE", "/apis/fog/v1/agents/edge-1", NULL)->code, 200);
    api_settle(&api);
    hello = hello_from(obeyed);
    api_say_hello(&api, &edge, &hello);
    (void)heard(WIRE_WELCOME);
}

static void an_agent_that_saw_a_newer_era_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.store_id = api.ctl->store_id;
    hello.era = 2;
    refused(hello, "OldEra");
    hello = dial();
    hello.era = 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(hears(WIRE_WELCOME));
}

static void a_name_belongs_to_its_first_key(void **state)
{
    struct wire_hello hello;

    (void)state;
    api_connect(&api, &edge);
    edge.key[0] = 2;
    hello = dial();
    refused(hello, "NameTaken");
    assert_true(is_connected("edge-1")); /* the first is not disturbed */
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    edge.epoch = 0;
    api_connect(&api, &edge); /* free again */
}

static void a_declared_key_is_the_only_one_let_in(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    (void)api_expect(&api, 201, "POST", AGENTS,
                     api_target(&api,
                                "{'metadata': {'name': 'edge-1'}, 'spec': {'publicKey': '%s'}}",
                                hello.public_key));
    edge.key[0] = 3;
    refused(dial(), "NameTaken");
    edge.key[0] = 1;
    api_connect(&api, &edge);
}

static void a_name_too_long_to_work_with_is_refused(void **state)
{
    char name[WORK_NAME_BYTES_MAX + 2];
    struct wire_hello hello;

    (void)state;
    for (size_t length = WORK_NAME_BYTES_MAX - 1; length <= WORK_NAME_BYTES_MAX; length++) {
        memset(name, 'a', length);
        name[length] = '\0';
        edge.name = name;
        edge.epoch = 0;
        api_connect(&api, &edge);
    }
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    hello = dial();
    refused(hello, "BadHello");
    assert_false(has_agent(name));
}

static void an_epoch_beyond_all_others_is_refused(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.epoch = INT64_MAX;
    refused(hello, "BadHello");
    hello = dial();
    hello.epoch = INT64_MAX - 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(heard(WIRE_WELCOME).welcome.epoch == INT64_MAX);
}

static void more_agents_than_the_bound_are_refused(void **state)
{
    struct wire_hello hello;

    (void)state;
    for (size_t i = 0; i < AGENTS_MAX - 1; i++) {
        struct object *object = object_new(&agent_kind);
        char name[16];

        (void)snprintf(name, sizeof(name), "a%zu", i);
        shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
        (void)model_set(&api.ctl->model, &agent_kind, name, object);
    }
    api_connect(&api, &edge); /* the last */
    edge = (struct api_agent){.name = "edge-2", .key = {2}};
    hello = dial();
    refused(hello, "TooManyAgents");
    edge = (struct api_agent){.name = "edge-1", .key = {1}, .epoch = 1};
    api_connect(&api, &edge); /* who is known is let in */
}

static void a_hello_that_breaks_its_table_is_answered(void **state)
{
    struct wire_message message;

    (void)state;
    edge.link = api_link_up(&api);
    api_say_text(&api, edge.link, "{\"type\":\"hello\",\"version\":1,\"name\":\"NOT a name\"}");
    message = heard(WIRE_ERROR);
    assert_string_equal(message.error.about, "hello");
    assert_null(api_hangup(&api, edge.link));
    assert_int_equal(api.ctl->counters.bad_messages, 1);
}

static void nothing_is_heard_before_hello(void **state)
{
    struct wire_message message;

    (void)state;
    edge.link = api_link_up(&api);
    beat(1);
    message = heard(WIRE_ERROR);
    assert_string_equal(message.error.about, "heartbeat");
    assert_string_equal(message.error.message, "say hello first");
    assert_false(hears(WIRE_HEARTBEAT));
}

static void hello_is_said_once(void **state)
{
    struct wire_message message = {.type = WIRE_HELLO};
    char signature[SIGNATURE_TEXT_SIZE];
    uint8_t zeros[SIGNATURE_SIZE] = {0};

    (void)state;
    api_connect(&api, &edge);
    message.hello = api_hello(&api, &edge);
    base64_to_str(zeros, sizeof(zeros), signature);
    message.hello.signature = signature;
    api_say(&api, edge.link, &message);
    assert_string_equal(heard(WIRE_ERROR).error.about, "hello");
    assert_true(is_connected("edge-1"));
}

/* --- bad messages ----------------------------------------------------------------------------- */

static void bad_messages_are_answered_counted_and_end_the_link(void **state)
{
    static const char *const bad[] = {"",
                                      "not json",
                                      "[]",
                                      "{}",
                                      "{\"type\":\"dance\"}",
                                      "{\"type\":\"welcome\",\"epoch\":1}",
                                      "{\"type\":\"heartbeat\"}",
                                      "{\"type\":\"report\",\"epoch\":0}"};

    (void)state;
    api_connect(&api, &edge);
    for (size_t i = 0; i < BAD_MESSAGES_MAX; i++) {
        assert_null(api_hangup(&api, edge.link));
        api_say_text(&api, edge.link, bad[i % COUNT_OF(bad)]);
        assert_true(hears(WIRE_ERROR));
        assert_int_equal(api.ctl->counters.bad_messages, i + 1);
    }
    assert_string_equal(api_hangup(&api, edge.link), "too many bad messages");
    assert_false(is_connected("edge-1"));
    api_say_text(&api, edge.link, "more"); /* what still comes is not heard */
    beat(edge.epoch);
    assert_false(hears(WIRE_ERROR));
    assert_int_equal(api.ctl->counters.bad_messages, BAD_MESSAGES_MAX);
    api_link_down(&api, edge.link);
}

static void an_error_is_counted_and_never_answered(void **state)
{
    struct wire_message message = {.type = WIRE_ERROR};

    (void)state;
    api_connect(&api, &edge);
    message.error.about = "assign";
    message.error.message = "what?";
    for (size_t i = 0; i < 2 * BAD_MESSAGES_MAX; i++) {
        api_say(&api, edge.link, &message);
    }
    assert_int_equal(api.ctl->counters.bad_messages, 2 * BAD_MESSAGES_MAX);
    assert_false(hears(WIRE_ERROR));
    assert_null(api_hangup(&api, edge.link));
}

static void messages_of_another_epoch_are_dropped(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    api_link_down(&api, edge.link);
    api_connect(&api, &edge);
    assert_int_equal(edge.epoch, 2);
    beat(1);
    assert_false(hears(WIRE_HEARTBEAT));
    beat(3);
    assert_false(hears(WIRE_HEARTBEAT));
    report(1, 1, NULL, 0);
    assert_false(hears(WIRE_REPORTED));
    assert_int_equal(api.ctl->counters.stale_messages, 3);
    beat(2);
    assert_true(hears(WIRE_HEARTBEAT));
    assert_int_equal(api.ctl->counters.bad_messages, 0);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void who_says_no_hello_in_time_is_hung_up(void **state)
{
    (void)state;
    edge.link = api_link_up(&api);
    api_advance(&api, HELLO_MS - 100);
    assert_null(api_hangup(&api, edge.link));
    api_advance(&api, 1000);
    assert_string_equal(api_hangup(&api, edge.link), "no hello in time");
    api_link_down(&api, edge.link);
}

static void a_silent_agent_is_hung_up(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    for (size_t i = 0; i < 10; i++) {
        api_advance(&api, edge.heartbeat_ms);
        beat(edge.epoch);
        assert_true(hears(WIRE_HEARTBEAT));
    }
    assert_null(api_hangup(&api, edge.link));
    api_advance(&api, edge.heartbeat_ms * HEARTBEATS_MISSED_MAX - 600);
    assert_null(api_hangup(&api, edge.link));
    assert_true(is_connected("edge-1"));
    api_advance(&api, 1200);
    assert_string_equal(api_hangup(&api, edge.link), "no heartbeat");
    assert_false(is_connected("edge-1"));
}

static void after_a_stall_of_our_own_nobody_is_called_silent(void **state)
{
    struct ctl_event tick = {.type = CTL_TICK};

    (void)state;
    api_connect(&api, &edge);
    api.now = mono_after(api.now, 3600 * 1000); /* this process stood still */
    api_step(&api, &tick);
    assert_null(api_hangup(&api, edge.link));
    beat(edge.epoch); /* what had been waiting in the socket */
    api_advance(&api, edge.heartbeat_ms);
    assert_null(api_hangup(&api, edge.link));
}

static void the_interval_grows_with_the_fleet(void **state)
{
    (void)state;
    for (size_t i = 0; i < 500; i++) {
        (void)api_link_up(&api);
    }
    api_connect(&api, &edge);
    assert_int_equal(edge.heartbeat_ms, 501 * HEARTBEAT_PER_AGENT_MS);
}

static void a_heartbeat_is_answered_at_once(void **state)
{
    struct wire_message answer;

    (void)state;
    api_connect(&api, &edge);
    api.holds_commits = true;
    (void)api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    api.wall.ms += 5000;
    beat(edge.epoch);
    answer = heard(WIRE_HEARTBEAT);
    assert_int_equal(answer.heartbeat.seq, 1);
    api.holds_commits = false;
    api_settle(&api);
    assert_string_equal(api_text(api_get(&api, AGENTS "/edge-1"), "status.lastSeen"),
                        "2026-01-01T00:00:05Z");
}

/* --- connections ------------------------------------------------------------------------------ */

static void the_newer_connection_wins(void **state)
{
    uint64_t older;

    (void)state;
    api_connect(&api, &edge);
    older = edge.link;
    edge.epoch = 0; /* it lost its memory */
    api_connect(&api, &edge);
    assert_int_equal(edge.epoch, 2); /* above the older one's all the same */
    assert_string_equal(api_hangup(&api, older), "superseded by a newer connection of \"edge-1\"");
    assert_int_equal(api.ctl->model.objects[KIND_EVENT].count, 1); /* the older one was alive */
    assert_ptr_equal(model_agent(&api.ctl->model, "edge-1")->link, link_find(api.ctl, edge.link));
    api_link_down(&api, older); /* the late close of the older one */
    assert_true(is_connected("edge-1"));
    beat(edge.epoch);
    assert_true(hears(WIRE_HEARTBEAT));
}

/* It would use up the numbers of all that come after it. */
static void a_false_epoch_is_not_followed(void **state)
{
    struct wire_hello hello = dial();

    (void)state;
    hello.epoch = INT64_MAX - 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(heard(WIRE_WELCOME).welcome.epoch == INT64_MAX);
    edge.epoch = 6;
    api_connect(&api, &edge);
    assert_int_equal(edge.epoch, 7);
}

static void an_agent_that_is_deleted_is_hung_up(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1?dryRun=All", NULL);
    assert_null(api_hangup(&api, edge.link));
    assert_true(is_connected("edge-1"));
    beat(edge.epoch);
    assert_true(hears(WIRE_HEARTBEAT));
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    assert_string_equal(api_hangup(&api, edge.link), "its Agent object was deleted");
    api_link_down(&api, edge.link);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_challenge_names_store_and_controller),
        CASE(no_two_challenges_are_the_same),
        CASE(a_hello_makes_the_agent_and_pins_its_key),
        CASE(a_welcome_waits_until_the_agent_is_durable),
        CASE(the_same_agent_again_changes_nothing),
        CASE(what_operators_declared_stays_theirs),
        CASE(another_version_is_refused),
        CASE(any_version_of_those_it_offers_is_welcome),
        CASE(a_signature_by_another_key_is_refused),
        CASE(a_signature_for_an_earlier_challenge_is_refused),
        CASE(what_was_not_signed_is_refused),
        CASE(an_agent_of_another_store_is_refused),
        CASE(an_agent_that_saw_a_newer_era_is_refused),
        CASE(an_agent_that_obeyed_what_this_store_never_said_is_refused),
        CASE(an_older_copy_that_was_written_to_is_no_newer),
        CASE(an_agent_that_was_deleted_comes_back_with_what_it_obeyed),
        CASE(a_name_belongs_to_its_first_key),
        CASE(a_declared_key_is_the_only_one_let_in),
        CASE(a_name_too_long_to_work_with_is_refused),
        CASE(an_epoch_beyond_all_others_is_refused),
        CASE(more_agents_than_the_bound_are_refused),
        CASE(a_hello_that_breaks_its_table_is_answered),
        CASE(nothing_is_heard_before_hello),
        CASE(hello_is_said_once),
        CASE(bad_messages_are_answered_counted_and_end_the_link),
        CASE(an_error_is_counted_and_never_answered),
        CASE(messages_of_another_epoch_are_dropped),
        CASE(who_says_no_hello_in_time_is_hung_up),
        CASE(a_silent_agent_is_hung_up),
        CASE(after_a_stall_of_our_own_nobody_is_called_silent),
        CASE(the_interval_grows_with_the_fleet),
        CASE(a_heartbeat_is_answered_at_once),
        CASE(the_newer_connection_wins),
        CASE(a_false_epoch_is_not_followed),
        CASE(an_agent_that_is_deleted_is_hung_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
