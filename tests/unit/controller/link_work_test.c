/* What goes over an agent's link once it is welcome: assignments, reports, leases, logs. */
#include "controller/core/link.h"

#include "schema/base/parse.h"
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

static void run(const char *name, int replicas)
{
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     api_target(&api,
                                "{'metadata': {'name': '%s'}, 'spec': {'replicas': %d, " WORK "}}",
                                name, replicas));
}

static struct assignment_entry *only_assignment(void)
{
    const struct map *copies = &api.ctl->model.objects[KIND_ASSIGNMENT];

    assert_int_equal(copies->count, 1);
    return map_next(copies, NULL)->value;
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

/* A report with changes of what its policy asks for: low, or, with an even number, well again. */
static void report_changes(uint64_t seq, const char *uid, int64_t first, size_t count)
{
    char messages[8][24];
    struct wire_change changes[8];
    struct wire_report_item item = {.uid = uid, .generation = 1};
    struct wire_message message = {.type = WIRE_REPORT};

    for (size_t i = 0; i < count; i++) {
        bool is_low = (first + (int64_t)i) % 2 != 0;

        (void)snprintf(messages[i], sizeof(messages[i]), "battery %d %%", 40 - (int)first - (int)i);
        changes[i] = (struct wire_change){.number = first + (int64_t)i,
                                          .at = api.wall,
                                          .outcome = is_low ? "Suspend" : "Run",
                                          .reason = is_low ? "BatteryLow" : "None",
                                          .message = is_low ? messages[i] : ""};
    }
    item.changes.items = changes;
    item.changes.count = count;
    item.status.phase = PHASE_SUSPENDED;
    item.status.reason = "BatteryLow";
    item.status.observed_generation = 1;
    message.report.epoch = edge.epoch;
    message.report.seq = seq;
    message.report.items.items = &item;
    message.report.items.count = 1;
    api_say(&api, edge.link, &message);
}

static const struct node *event_of_reason(const char *reason)
{
    const struct node *events = api_at(api_get(&api, "/api/v1/events"), "items");

    for (size_t i = 0; i < events->list.count; i++) {
        if (str_eq(api_text(events->list.items[i], "reason"), reason)) {
            return events->list.items[i];
        }
    }
    return NULL;
}

static int64_t count_of_events(const char *reason)
{
    const struct node *event = event_of_reason(reason);

    return event == NULL ? 0 : api_int(event, "count");
}

/* --- assignments ------------------------------------------------------------------------------ */

static void a_new_assignment_is_told_as_a_change(void **state)
{
    struct wire_message message;
    char digest[DIGEST_TEXT_SIZE];

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    message = heard(WIRE_ASSIGN);
    assert_false(message.assign.full);
    assert_false(message.assign.more);
    assert_int_equal(message.assign.epoch, edge.epoch);
    assert_int_equal(message.assign.assignments.count, 1);
    assert_string_equal(message.assign.assignments.items[0].uid,
                        only_assignment()->object->meta.uid);
    assert_string_equal(message.assign.assignments.items[0].session, "s");
    digest_to_str(&model_agent(&api.ctl->model, "edge-1")->set, digest);
    assert_string_equal(message.assign.digest, digest);
    assert_false(hears(WIRE_ASSIGN));
}

static int64_t tell_period(uint64_t seq, int64_t number, int64_t cpu_ms)
{
    struct period_share shares[] = {{.session_uid = "s-uid", .cpu_ms = cpu_ms, .wall_ms = 5},
                                    {.session_uid = "t-uid", .cpu_ms = 1}};
    struct wire_message message = {.type = WIRE_REPORT};

    message.report.epoch = edge.epoch;
    message.report.seq = seq;
    message.report.period.number = number;
    message.report.period.shares.items = shares;
    message.report.period.shares.count = COUNT_OF(shares);
    api_say(&api, edge.link, &message);
    return heard(WIRE_REPORTED).reported.period;
}

static void an_accounting_period_counts_once(void **state)
{
    const struct agent_status *status;
    struct wire_message message;
    struct wire_hello hello;

    (void)state;
    api_connect(&api, &edge);
    assert_int_equal(tell_period(1, 4, 100), 4);
    assert_int_equal(tell_period(2, 4, 100), 4);
    assert_int_equal(tell_period(3, 3, 100), 4);
    api_link_down(&api, edge.link);
    api_clear_sent(&api);
    hello = dial();
    hello.epoch = edge.epoch;
    api_say_hello(&api, &edge, &hello);
    message = heard(WIRE_WELCOME);
    edge.epoch = message.welcome.epoch;
    assert_int_equal(message.welcome.period, 4);
    assert_int_equal(tell_period(4, 5, 1000), 5);
    status = agent_status(model_agent(&api.ctl->model, "edge-1"));
    assert_int_equal(status->contribution.cpu_ms, 1102);
    assert_int_equal(status->contribution.wall_ms, 10);
    assert_int_equal(status->period.shares.count, 2);
    assert_string_equal(status->period.shares.items[0].session_uid, "s-uid");
    assert_int_equal(status->period.shares.items[0].cpu_ms, 1000);
}

static void a_full_disk_takes_in_no_accounts(void **state)
{
    struct ctl_event full = {.type = CTL_STORE_SPACE, .store_is_full = true};
    struct ctl_event room = {.type = CTL_STORE_SPACE, .store_is_full = false};
    uint64_t rows;

    (void)state;
    api_connect(&api, &edge);
    assert_int_equal(tell_period(1, 1, 100), 1);
    api_step(&api, &full);
    rows = api.ctl->counters.rows_status;
    assert_int_equal(tell_period(2, 2, 1000), 1);
    assert_int_equal(api.ctl->counters.rows_status, rows);
    api_step(&api, &room);
    assert_int_equal(tell_period(3, 2, 1000), 2);
    assert_int_equal(agent_status(model_agent(&api.ctl->model, "edge-1"))->contribution.cpu_ms,
                     1102);
}

/* Nothing that an agent claims makes a sum overflow. */
static void no_claim_is_too_large_to_be_added(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    (void)tell_period(1, 1, DURATION_MAX_MS);
    (void)tell_period(2, 2, DURATION_MAX_MS);
    assert_int_equal(agent_status(model_agent(&api.ctl->model, "edge-1"))->contribution.cpu_ms,
                     DURATION_MAX_MS);
}

static void an_assignment_waits_until_it_is_durable(void **state)
{
    (void)state;
    api_connect(&api, &edge);
    api.holds_commits = true;
    (void)api_call(&api, "POST", SESSIONS, "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    assert_false(hears(WIRE_ASSIGN));
    api.holds_commits = false;
    api_settle(&api);
    assert_true(hears(WIRE_ASSIGN));
}

static void who_comes_back_with_the_same_set_is_told_nothing(void **state)
{
    struct wire_message message;
    struct wire_hello hello;
    const char *digest;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    digest = heard(WIRE_ASSIGN).assign.digest;
    api_link_down(&api, edge.link);
    hello = dial();
    hello.digest = digest;
    hello.epoch = edge.epoch;
    api_say_hello(&api, &edge, &hello);
    assert_true(hears(WIRE_WELCOME));
    assert_false(hears(WIRE_ASSIGN));
    beat(2);
    message = heard(WIRE_HEARTBEAT);
    assert_string_equal(message.heartbeat.digest, digest);
}

static void who_comes_back_with_another_set_is_told_all(void **state)
{
    struct wire_message message;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    api_link_down(&api, edge.link);
    api_clear_sent(&api);
    api_connect(&api, &edge); /* it has nothing */
    message = heard(WIRE_ASSIGN);
    assert_true(message.assign.full);
    assert_int_equal(message.assign.assignments.count, 1);
}

static void who_asks_again_is_told_all(void **state)
{
    struct wire_message message = {.type = WIRE_RESYNC};

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    (void)heard(WIRE_ASSIGN);
    message.resync.epoch = edge.epoch;
    api_say(&api, edge.link, &message);
    message = heard(WIRE_ASSIGN);
    assert_true(message.assign.full);
    assert_int_equal(message.assign.assignments.count, 1);
}

static void nothing_is_composed_while_the_last_is_on_its_way(void **state)
{
    struct ctl_event drained = {.type = CTL_LINK_DRAINED};
    struct wire_message message;

    (void)state;
    api_connect(&api, &edge);
    api.holds_drains = true;
    run("s", 1);
    message = heard(WIRE_ASSIGN);
    run("t", 1);
    run("u", 1);
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/s", NULL);
    assert_false(hears(WIRE_ASSIGN));
    beat(edge.epoch);
    assert_true(str_is_empty(heard(WIRE_HEARTBEAT).heartbeat.digest)); /* one is under way */
    drained.id = edge.link;
    api_step(&api, &drained);
    message = heard(WIRE_ASSIGN); /* all that changed meanwhile, in one */
    assert_int_equal(message.assign.assignments.count, 2);
    assert_int_equal(message.assign.removed.count, 1);
    assert_false(hears(WIRE_ASSIGN));
}

static void a_large_set_comes_in_parts(void **state)
{
    size_t parts = 0, count = 0;
    struct wire_message message;
    struct str changes = STR_EMPTY;

    (void)state;
    str_add(&changes, "{'spec': {'changes': [");
    for (size_t i = 0; i < MESSAGE_ASSIGNMENTS_MAX + 10; i++) {
        str_addf(&changes,
                 "%s{'verb': 'create', 'object': {'apiVersion': 'fog/v1', 'kind': 'HarvestSession',"
                 "'metadata': {'name': 's%zu'}, 'spec': {'workload': {'command': ['x'],"
                 "'resources': {'cores': '1m'}}}}}",
                 i == 0 ? "" : ",", i);
    }
    str_add(&changes, "]}}");
    (void)api_expect(&api, 200, "POST", CHANGESETS, changes.data);
    str_fini(&changes);
    api_connect(&api, &edge);
    api_tick(&api);
    api_clear_sent(&api);
    api_link_down(&api, edge.link);
    api_connect(&api, &edge);
    do {
        message = heard(WIRE_ASSIGN);
        assert_true(message.assign.full);
        count += message.assign.assignments.count;
        parts++;
    } while (message.assign.more);
    assert_int_equal(parts, 2);
    assert_int_equal(count, MESSAGE_ASSIGNMENTS_MAX + 10);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void a_report_is_acknowledged_when_it_is_durable(void **state)
{
    struct wire_message message;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    api.holds_commits = true;
    report(1, edge.epoch, only_assignment()->object->meta.uid, PHASE_RUNNING);
    assert_false(hears(WIRE_REPORTED));
    api.holds_commits = false;
    api_settle(&api);
    message = heard(WIRE_REPORTED);
    assert_int_equal(message.reported.seq, 1);
    assert_int_equal(assignment_status(only_assignment())->phase, PHASE_RUNNING);
    api_restart(&api);
    assert_int_equal(assignment_status(only_assignment())->phase, PHASE_RUNNING);
}

static void an_older_report_is_acknowledged_and_changes_nothing(void **state)
{
    const char *uid;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    uid = only_assignment()->object->meta.uid;
    report(5, edge.epoch, uid, PHASE_RUNNING);
    report(4, edge.epoch, uid, PHASE_STARTING); /* overtaken */
    report(5, edge.epoch, uid, PHASE_STARTING);
    assert_int_equal(assignment_status(only_assignment())->phase, PHASE_RUNNING);
    assert_int_equal(heard(WIRE_REPORTED).reported.seq, 5);
    assert_int_equal(heard(WIRE_REPORTED).reported.seq, 4);
    assert_int_equal(api.ctl->counters.stale_messages, 2);
}

static void reports_of_others_work_are_dropped(void **state)
{
    struct api_agent other = {.name = "edge-2", .key = {2}};
    const char *uid;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    uid = only_assignment()->object->meta.uid;
    api_connect(&api, &other);
    edge.link = other.link; /* the wrong agent speaks */
    report(1, other.epoch, uid, PHASE_FAILED);
    assert_true(hears(WIRE_REPORTED));
    assert_int_equal(assignment_status(only_assignment())->phase, PHASE_PENDING);
    report(2, other.epoch, "no-such-uid", PHASE_FAILED);
    assert_true(hears(WIRE_REPORTED)); /* so that it stops saying so */
    assert_int_equal(api.ctl->counters.stale_messages, 2);
}

static const struct node *find_condition(const struct node *object, const char *type)
{
    const struct node *conditions = api_at(object, "status.conditions");

    for (size_t i = 0; i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

static void an_owner_who_pauses_is_written_down(void **state)
{
    struct wire_message message = {.type = WIRE_REPORT};
    const struct node *agent, *found;
    const char *since;

    (void)state;
    api_connect(&api, &edge);
    message.report.epoch = edge.epoch;
    message.report.seq = 1;
    message.report.paused = true;
    api_say(&api, edge.link, &message);
    agent = api_get(&api, AGENTS "/edge-1");
    assert_true(api_at(agent, "status.paused")->boolean);
    assert_string_equal(api_text(find_condition(agent, "Paused"), "reason"), "OwnerPaused");
    since = api_text(find_condition(agent, "Paused"), "lastTransitionTime");
    api_advance(&api, 5000);
    found = api_get(&api, AGENTS "/edge-1/why");
    assert_string_equal(api_text(found, "inTheWay.reason"), "OwnerPaused");
    assert_string_equal(api_text(found, "inTheWay.since"), since);
    message.report.seq = 2;
    message.report.paused = false;
    api_say(&api, edge.link, &message);
    assert_null(find_condition(api_get(&api, AGENTS "/edge-1"), "Paused"));
}

/* --- leases ----------------------------------------------------------------------------------- */

static void leases_are_granted_to_whom_the_work_is_assigned(void **state)
{
    struct wire_lease leases[2] = {{.lease_epoch = 1}, {.uid = "no-such-uid", .lease_epoch = 1}};
    struct wire_message message = {.type = WIRE_RENEW};

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'exclusive': true,"
                     "'leaseDuration': '30s', " WORK "}}");
    api_connect(&api, &edge);
    api_advance(&api, 60 * 1000 + 1000); /* after a start one whole lease is waited for */
    api_connect(&api, &edge);
    leases[0].uid = only_assignment()->object->meta.uid;
    leases[0].lease_epoch = assignment_spec(only_assignment())->lease_epoch;
    message.renew.epoch = edge.epoch;
    message.renew.seq = 7;
    message.renew.leases.items = leases;
    message.renew.leases.count = 2;
    api_say(&api, edge.link, &message);
    message = heard(WIRE_RENEWED);
    assert_int_equal(message.renewed.seq, 7);
    assert_int_equal(message.renewed.leases.count, 1);
    assert_string_equal(message.renewed.leases.items[0].uid, leases[0].uid);
}

/* --- logs ------------------------------------------------------------------------------------- */

static struct api_reply *read_log(const char *query)
{
    return api_call(
        &api, "GET",
        api_target(&api, ASSIGNMENTS "/%s/log%s", only_assignment()->object->meta.name, query),
        NULL);
}

static void say_log(uint64_t id, const char *data, int64_t dropped, bool end, const char *error)
{
    struct wire_message message = {.type = WIRE_LOG_DATA};

    message.log_data.id = id;
    message.log_data.data = data;
    message.log_data.dropped = dropped;
    message.log_data.end = end;
    message.log_data.error = error;
    api_say(&api, edge.link, &message);
}

static void a_log_is_passed_on(void **state)
{
    struct wire_message request;
    struct api_reply *reply;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    reply = read_log("?tailLines=10&follow=true");
    assert_int_equal(reply->code, 200);
    assert_true(reply->is_text);
    request = heard(WIRE_LOG_REQUEST);
    assert_int_equal(request.log_request.tail, 10);
    assert_true(request.log_request.follow);
    assert_string_equal(request.log_request.uid, only_assignment()->object->meta.uid);
    say_log(request.log_request.id, "one\ntw", 0, false, NULL);
    say_log(request.log_request.id, "o\n", 3, false, NULL);
    say_log(77, "of another stream", 0, false, NULL);
    assert_false(reply->has_ended);
    say_log(request.log_request.id, NULL, 0, true, NULL);
    assert_true(reply->has_ended);
    assert_string_equal(reply->body.data, "one\ntw\n(3 lines are missing here)\no\n");
}

static void why_a_log_ends_stands_on_a_line_of_its_own(void **state)
{
    struct wire_message request;
    struct api_reply *reply;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    reply = read_log("");
    request = heard(WIRE_LOG_REQUEST);
    assert_int_equal(request.log_request.tail, -1);
    say_log(request.log_request.id, "half a line", 0, false, NULL);
    say_log(request.log_request.id, NULL, 0, false, "the log is gone");
    assert_true(reply->has_ended);
    assert_string_equal(reply->body.data, "half a line\nerror: the log is gone\n");
}

static void a_log_ends_when_its_agent_does_not_know_of_logs(void **state)
{
    struct wire_message error = {.type = WIRE_ERROR};
    struct api_reply *reply;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    reply = read_log("");
    error.error.about = "renewed";
    api_say(&api, edge.link, &error);
    assert_false(reply->has_ended);
    error.error.about = "logRequest";
    error.error.message = "there is no such type";
    api_say(&api, edge.link, &error);
    assert_true(reply->has_ended);
    assert_string_equal(reply->body.data,
                        "error: the agent does not understand that logs are asked for\n");
    assert_null(api_hangup(&api, edge.link));
}

static void a_log_of_an_agent_that_is_away_is_unavailable(void **state)
{
    struct api_reply *reply, *following;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    following = read_log("?follow=1");
    api_link_down(&api, edge.link);
    assert_true(following->has_ended);
    reply = read_log("");
    assert_int_equal(reply->code, 503);
    assert_int_equal(reply->retry_after_seconds, 1);
    assert_non_null(strstr(reply->body.data, "agent \\\"edge-1\\\" is not connected"));
}

static void a_reader_that_leaves_is_cancelled_at_the_agent(void **state)
{
    struct wire_message request, cancel;
    struct api_reply *reply;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    reply = read_log("?follow=1");
    request = heard(WIRE_LOG_REQUEST);
    api_gone(&api, reply);
    cancel = heard(WIRE_LOG_CANCEL);
    assert_int_equal(cancel.log_cancel.id, request.log_request.id);
    say_log(request.log_request.id, "late\n", 0, false, NULL);
    assert_string_equal(reply->body.data, "");
}

static void only_so_many_logs_are_read_at_once(void **state)
{
    struct api_reply *reply;

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    for (size_t i = 0; i < LOG_STREAMS_MAX; i++) {
        assert_int_equal(read_log("?follow=1")->code, 200);
    }
    reply = read_log("?follow=1");
    assert_int_equal(reply->code, 429);
    assert_int_equal(reply->retry_after_seconds, 1);
    assert_int_equal(read_log("?tailLines=x")->code, 400);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void changes_of_policy_become_events_each_once(void **state)
{
    char uid[UID_TEXT_SIZE];

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    (void)snprintf(uid, sizeof(uid), "%s", only_assignment()->object->meta.uid);
    report_changes(1, uid, 1, 3);
    assert_int_equal(count_of_events("BatteryLow"), 2);
    assert_int_equal(count_of_events("Resumed"), 1);
    report_changes(2, uid, 1, 4); /* the answer was lost, and one came since */
    assert_int_equal(count_of_events("BatteryLow"), 2);
    assert_int_equal(count_of_events("Resumed"), 2);
    api_restart(&api);
    api_connect(&api, &edge);
    report_changes(3, uid, 4, 2); /* what was told is known after a restart */
    assert_int_equal(count_of_events("BatteryLow"), 3);
    assert_int_equal(count_of_events("Resumed"), 2);
    assert_string_equal(api_text(api_get(&api, SESSIONS "/s"), "status.conditions[0].message"),
                        "1 replica is held back: BatteryLow on edge-1");
}

static void an_event_keeps_the_first_reading_and_the_last(void **state)
{
    const struct node *event;
    char uid[UID_TEXT_SIZE];

    (void)state;
    api_connect(&api, &edge);
    run("s", 1);
    (void)snprintf(uid, sizeof(uid), "%s", only_assignment()->object->meta.uid);
    report_changes(1, uid, 1, 1);
    event = event_of_reason("BatteryLow");
    assert_non_null(strstr(api_text(event, "message"), "battery 39 %"));
    assert_null(node_find(event, "firstMessage"));
    report_changes(2, uid, 2, 2);
    report_changes(3, uid, 4, 2);
    event = event_of_reason("BatteryLow");
    assert_int_equal(api_int(event, "count"), 3);
    assert_non_null(strstr(api_text(event, "firstMessage"), "battery 39 %"));
    assert_non_null(strstr(api_text(event, "message"), "battery 35 %"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_assignment_is_told_as_a_change),
        CASE(changes_of_policy_become_events_each_once),
        CASE(an_event_keeps_the_first_reading_and_the_last),
        CASE(an_accounting_period_counts_once),
        CASE(a_full_disk_takes_in_no_accounts),
        CASE(no_claim_is_too_large_to_be_added),
        CASE(an_assignment_waits_until_it_is_durable),
        CASE(who_comes_back_with_the_same_set_is_told_nothing),
        CASE(who_comes_back_with_another_set_is_told_all),
        CASE(who_asks_again_is_told_all),
        CASE(nothing_is_composed_while_the_last_is_on_its_way),
        CASE(a_large_set_comes_in_parts),
        CASE(a_report_is_acknowledged_when_it_is_durable),
        CASE(an_older_report_is_acknowledged_and_changes_nothing),
        CASE(reports_of_others_work_are_dropped),
        CASE(an_owner_who_pauses_is_written_down),
        CASE(leases_are_granted_to_whom_the_work_is_assigned),
        CASE(a_log_is_passed_on),
        CASE(why_a_log_ends_stands_on_a_line_of_its_own),
        CASE(a_log_ends_when_its_agent_does_not_know_of_logs),
        CASE(a_log_of_an_agent_that_is_away_is_unavailable),
        CASE(a_reader_that_leaves_is_cancelled_at_the_agent),
        CASE(only_so_many_logs_are_read_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
