/* The other verbs of tools/fogctl: wait, logs, delete, describe, why, events, history, rollback. */
#include "tests/unit/fogctl/run.h"

#define S "/apis/fog/v1/harvestsessions"
#define A "/apis/fog/v1/assignments"

#define SESSION(generation, status)                                                                \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","         \
    "\"uid\":\"u1\",\"generation\":" generation "},\"status\":" status "}"
#define CONVERGED(value, observed)                                                                 \
    "{\"ready\":3,\"phase\":\"up\",\"conditions\":[{\"type\":\"Converged\",\"status\":\"" value    \
    "\",\"observedGeneration\":" observed "}]}"
#define NOT_FOUND "{\"message\":\"\\\"s\\\" not found\",\"reason\":\"NotFound\"}"
#define NONE      "{\"metadata\":{},\"items\":[]}"

/* --- wait ------------------------------------------------------------------------------------- */

static void a_condition_is_met_when_it_speaks_of_the_newest_spec(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("2", CONVERGED("True", "1")), 1},
            {"GET " S "/s ", 200, SESSION("2", CONVERGED("False", "2")), 1},
            {"GET " S "/s ", 200, SESSION("2", CONVERGED("True", "2")), 1});
    run("wait hs/s --for=condition=converged");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s condition met\n");
    assert_string_equal(
        world.did.err.data,
        "harvestsession.fog/s: nothing is said yet of Converged of what was declared last\n"
        "harvestsession.fog/s: Converged is False\n");
    assert_int_equal(text_count(requests(), "GET "), 3);
}

static void any_of_several_conditions_will_do(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", CONVERGED("False", "1")), 0});
    run("wait hs/s --for=condition=Converged --for=condition=Converged=False");
    EXITS(0);
    run("wait hs s --for=delete --for=jsonpath={.status.ready}=3");
    EXITS(0);
    run("wait hs/s --for=jsonpath={.status.phase}=up");
    EXITS(0);
    run("wait hs/s --for=jsonpath=.status.phase");
    EXITS(0);
    run("wait hs/s --for=jsonpath={.status.phase}=down --timeout 200ms");
    EXITS(1);
    assert_string_equal(world.did.err.data,
                        "harvestsession.fog/s: {.status.phase} is up\n"
                        "error: timed out waiting for the condition on harvestsession.fog/s\n"
                        "  fogctl why hs/s tells what it waits for\n");
}

static void all_of_several_conditions_can_be_asked_for(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", CONVERGED("False", "1")), 2},
            {"GET " S "/s ", 200, SESSION("1", CONVERGED("True", "1")), 0});
    run("wait hs/s --all-of --for=condition=Converged --for=jsonpath={.status.ready}=3");
    EXITS(0);
    assert_string_equal(world.did.err.data, "harvestsession.fog/s: Converged is False\n");
    assert_int_equal(text_count(requests(), "GET "), 3);
}

static void waiting_goes_on_while_the_controller_restarts(void **state)
{
    (void)state;
    ANSWERS({"GET ", 0, NULL, 2}, {"GET ", 503, "{}", 1},
            {"GET ", 200, SESSION("1", CONVERGED("True", "1")), 0});
    run("wait hs/s --for=condition=Converged");
    EXITS(0);
    ERR("trying again");
}

static void what_is_not_there_is_waited_for_only_when_asked_to(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 404, NOT_FOUND, 2},
            {"GET " S "/s ", 200, SESSION("1", CONVERGED("True", "1")), 1},
            {"GET " S "/s ", 404, NOT_FOUND, 0});
    run("wait hs/s --for=condition=Converged");
    EXITS(1);
    ERR("\"s\" not found");
    run("wait hs/s --for=create");
    EXITS(0);
    run("wait hs/s --for=delete");
    EXITS(0);
}

static void every_object_has_its_line_also_behind_one_in_vain(void **state)
{
    (void)state;
    ANSWERS({"GET " S "?", 200,
             "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"s\"}},{\"metadata\":{"
             "\"name\":\"t\"}}]}",
             0},
            {"GET " S "/s ", 200, SESSION("1", CONVERGED("False", "1")), 0},
            {"GET " S "/t ", 200, SESSION("1", CONVERGED("True", "1")), 0});
    run("wait hs --all --for=condition=Converged --timeout 150ms");
    EXITS(1);
    ERR("condition on harvestsession.fog/s\n");
    assert_string_equal(world.did.out.data, "harvestsession.fog/t condition met\n");
}

/* --- logs ------------------------------------------------------------------------------------- */

static void a_log_comes_byte_by_byte(void **state)
{
    (void)state;
    ANSWERS({"GET " A "/x/log?follow=false&tailLines=2 ", 200, "\033[1mbold\001\nno end", 0});
    run("logs x --tail 2");
    EXITS(0);
    assert_string_equal(world.did.out.data, "\033[1mbold\001\nno end");
}

static void what_refuses_a_log_is_an_error_and_no_output(void **state)
{
    (void)state;
    ANSWERS({"GET ", 404, NOT_FOUND, 0});
    run("logs x");
    EXITS(1);
    assert_string_equal(world.did.out.data, "");
    assert_string_equal(world.did.err.data, "error: \"s\" not found (NotFound)\n"
                                            "  those of a session: fogctl logs hs/x\n");
}

static void logs_of_replicas_say_whose_they_are(void **state)
{
    (void)state;
    ANSWERS({"GET " A "?limit=500&labelSelector=&fieldSelector=spec.session%3Ds&", 200,
             "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"s-0\"}},{\"metadata\":{"
             "\"name\":\"s-1\"}}]}",
             0},
            {"GET " A "/s-0/log?", 200, "one\ntwo", 0}, {"GET " A "/s-1/log?", 200, "three\n", 0});
    run("logs hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "[s-0] one\n[s-0] two\n[s-1] three\n");
    run("logs -f hs/s");
    EXITS(0);
    assert_int_equal(text_count(world.did.out.data, "["), 3);
}

static void a_session_without_assignments_says_where_to_look(void **state)
{
    (void)state;
    ANSWERS({"GET " A, 200, NONE, 0}, {"GET " S "/s ", 200, SESSION("1", "{}"), 0},
            {"GET " S "/t ", 404, NOT_FOUND, 0});
    run("logs hs/s");
    EXITS(1);
    ERR("error: session \"s\" has no assignments\n  fogctl why hs/s tells");
    run("logs hs/t");
    EXITS(1);
    ERR("not found");
}

/* --- delete ----------------------------------------------------------------------------------- */

#define DELETED(results) "{\"status\":{\"results\":[" results "]}}"

static void who_uses_is_deleted_before_what_is_used(void **state)
{
    const char *session, *policy;

    (void)state;
    ANSWERS({"GET ", 200, "{\"metadata\":{\"uid\":\"u1\"}}", 0}, {"POST ", 200, DELETED(""), 0});
    given_file("a.yaml", "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: s}\n"
                         "spec: {policy: p, workload: {command: [/bin/true]}}\n---\n"
                         "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\n");
    run("delete -f a.yaml --no-wait");
    EXITS(0);
    session = strstr(requests(), "\"kind\":\"HarvestSession\"");
    policy = strstr(world.http.requests.data, "\"kind\":\"HarvestPolicy\"");
    assert_non_null(session);
    assert_non_null(policy);
    assert_true(session < policy);
    assert_non_null(strstr(session, "\"uid\":\"u1\""));
}

static void one_missing_and_nothing_is_deleted(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", "{}"), 0}, {"GET ", 404, NOT_FOUND, 0},
            {"POST ", 200, DELETED(""), 0});
    run("delete hs s t");
    EXITS(1);
    ERR("nothing was deleted");
    run("delete hs s s t --ignore-not-found --no-wait");
    EXITS(0);
    assert_int_equal(text_count(requests(), "POST "), 1);
    assert_int_equal(text_count(strstr(world.http.requests.data, "POST "), "\"verb\""), 1);
}

static void a_deletion_is_over_when_the_work_has_ended(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", "{}"), 2}, {"GET " S "/s ", 404, NOT_FOUND, 0},
            {"GET " A, 200,
             "{\"metadata\":{},\"items\":[{\"spec\":{\"sessionUid\":\"u1\"}},"
             "{\"spec\":{\"sessionUid\":\"u0\"}}]}",
             1},
            {"GET " A, 200, "{\"metadata\":{},\"items\":[{\"spec\":{\"sessionUid\":\"u0\"}}]}", 0},
            {"POST ", 200,
             DELETED("{\"kind\":\"HarvestSession\",\"name\":\"s\",\"result\":\"deleted\"}"), 0});
    run("delete hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s deleted\n");
    assert_int_equal(text_count(requests(), "GET " A), 2);
}

static void a_deletion_that_does_not_end_is_told(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", "{}"), 0}, {"POST ", 200, DELETED(""), 0});
    run("delete hs/s --timeout 300ms");
    EXITS(1);
    ERR("error: timed out waiting for the condition on harvestsession.fog/s\n");
}

/* --- describe, why, events -------------------------------------------------------------------- */

#define EVENTS                                                                                     \
    "{\"metadata\":{},\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{"         \
    "\"name\":\"e\"},\"involvedObject\":{\"kind\":\"HarvestSession\",\"name\":\"s\"},"             \
    "\"type\":\"Normal\",\"reason\":\"Why\\u001b\",\"message\":\"in\\nwords\"}]}"

static void a_description_holds_all_and_steers_no_terminal(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S "/s ", 200,
         "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","
         "\"uid\":\"u1\",\"labels\":{\"a\":\"b\"},\"annotations\":{\"n\":\"\\u009bx\"},"
         "\"finalizers\":[\"f\"],\"managedFields\":[{\"manager\":\"config-directory\","
         "\"operation\":\"Apply\",\"source\":\"directory\",\"fieldsV1\":{\"f:spec\":{"
         "\"f:outputs\":{\"k:{\\\"path\\\":\\\"x\\\"}\":{\".\":{},\"f:path\":{}}},"
         "\"f:replicas\":{}}}},{\"manager\":\"ann\",\"operation\":\"Update\",\"fieldsV1\":{"
         "\"f:spec\":{\"f:policy\":{}}}}],"
         "\"deletionTimestamp\":\"2026-11-20T23:24:54Z\"},"
         "\"spec\":{\"replicas\":1},\"status\":{\"ready\":0,\"conditions\":["
         "{\"type\":\"Converged\",\"status\":\"False\",\"reason\":\"R\",\"message\":\"m\\u0007\"}"
         "]}}",
         0},
        {"GET " A, 200, NONE, 0},
        {"GET /api/v1/events?limit=500&labelSelector=&fieldSelector=involvedObject.name%3Ds%2C"
         "involvedObject.kind%3DHarvestSession&",
         200, EVENTS, 0});
    run("describe hs/s");
    EXITS(0);
    OUT("Name:        s\nKind:        HarvestSession\n");
    OUT("not gone yet");
    OUT("Finalizers:\n  - f\n");
    OUT("Labels:\n  a: b\n");
    OUT("Fields:\n  config-directory (the config directory) applied:\n"
        "    .spec.outputs[path=\"x\"].path\n    .spec.replicas\n"
        "  ann (an operator) changed:\n    .spec.policy\n");
    OUT("  Converged   False    R              m?\n");
    OUT("Status:\n  ready: 0\n");
    OUT("Why?     HarvestSession/s   in?words\n");
    for (const char *c = world.did.out.data; *c != '\0'; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
    }
    assert_null(strstr(world.did.out.data, "\xc2\x9b"));
}

#define EVENT(reason, time)                                                                        \
    "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"" reason                   \
    "\"},\"reason\":\"" reason "\",\"lastTimestamp\":\"2026-11-20T23:24:" time "Z\"}"

static void the_newest_event_of_a_description_is_the_last(void **state)
{
    const char *first, *last;

    (void)state;
    ANSWERS({"GET " S "/s ", 200, SESSION("1", "{}"), 0}, {"GET " A, 200, NONE, 0},
            {"GET /api/v1/events?", 200,
             "{\"metadata\":{},\"items\":[" EVENT("Newest", "59") "," EVENT("Oldest", "10") "]}",
             0});
    run("describe hs/s");
    EXITS(0);
    first = strstr(world.did.out.data, "Oldest");
    last = strstr(world.did.out.data, "Newest");
    assert_true(first != NULL && last != NULL && first < last);
}

#define FAILURE(index) "{\"index\":" index ",\"agent\":\"wren\",\"attempts\":4,\"exitCode\":9}"

static void of_many_tasks_a_description_has_the_failures_and_counts(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s ", 200,
             "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"tasks\":{\"count\":200}},\"status\":{"
             "\"succeeded\":57,\"failed\":12,\"tasks\":{\"active\":4,\"failedIndexes\":\"1-12\","
             "\"failures\":[" FAILURE("12") "," FAILURE("11") "," FAILURE("10") "," FAILURE(
                 "9") "," FAILURE("8") "," FAILURE("7") "," FAILURE("6") "," FAILURE("5") //
             "," FAILURE("4") "," FAILURE("3") "," FAILURE("2") "],"
                                                                "\"results\":[{\"index\":0,"
                                                                "\"outputs\":[]}]}}}",
             0},
            {"GET " A, 200, NONE, 0}, {"GET /api/v1/events?", 200, NONE, 0});
    run("describe hs/s");
    EXITS(0);
    OUT("Tasks:\n  57 of 200 have succeeded, 12 failed, 4 are under way\n"
        "  FAILED   AGENT   ATTEMPTS   EXIT   REASON\n"
        "  12       wren    4          9\n");
    OUT("  3        wren    4          9\n"
        "  and 2 more that failed: fogctl results s --failed\n"
        "  outputs of 1 task: fogctl results s\n");
    OUT("failedIndexes: 1-12\n");
    assert_null(strstr(world.did.out.data, "index: "));
}

static void why_tells_the_chain_and_what_would_help(void **state)
{
    (void)state;
    ANSWERS({"GET " S "/s/why ", 200,
             "{\"converged\":false,\"chain\":[{\"object\":\"harvestsession/s\",\"reason\":"
             "\"NoAgent\",\"message\":\"none has room\"}],\"remedy\":\"make room\"}",
             0});
    run("why hs/s");
    EXITS(1);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s is not as declared\n"
                                            "  harvestsession/s    NoAgent\n"
                                            "      none has room\n"
                                            "  what would help: make room\n");
}

static void events_are_a_table_without_names(void **state)
{
    (void)state;
    ANSWERS({"GET /api/v1/events?limit=500&labelSelector=&fieldSelector=&", 200, EVENTS, 0},
            {"GET /api/v1/events", 200, NONE, 0});
    run("events");
    EXITS(0);
    assert_true(str_starts(world.did.out.data, "LAST SEEN   TYPE"));
    run("events --for hs/t");
    EXITS(0);
    ERR("No events found\n");
}

/* --- history and rollback --------------------------------------------------------------------- */

static void history_tells_the_newest_last(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " A "/x/history?limit=2 ", 200,
         "{\"items\":[{\"revision\":\"9\",\"time\":\"t2\",\"who\":\"ann\",\"kind\":\"Assignment\","
         "\"name\":\"x\",\"verb\":\"update\",\"why\":\"more\",\"changes\":[{\"path\":\"spec.a\","
         "\"before\":1,\"after\":\"b\\u001b\"}]},{\"revision\":\"7\",\"time\":\"t1\",\"who\":"
         "\"reconciler\",\"kind\":\"Assignment\",\"name\":\"x\",\"verb\":\"create\"}]}",
         0},
        {"GET ", 200, "{\"items\":[]}", 0});
    run("history assignment/x --limit 2");
    EXITS(0);
    assert_string_equal(
        world.did.out.data,
        "REVISION   TIME   WHO          OBJECT             CHANGE                   CHANGE-CAUSE\n"
        "7          t1     reconciler   assignment.fog/x   create\n"
        "9          t2     ann          assignment.fog/x   spec.a: 1 => \"b\\u001b\"   more\n");
    run("history hs/nobody");
    EXITS(1);
    ERR("error: no history of harvestsession.fog/nobody\n");
}

#define ROLLED(result)                                                                             \
    "{\"status\":{\"revision\":\"9\",\"results\":[{\"kind\":\"HarvestSession\",\"name\":\"s\","    \
    "\"result\":\"" result "\",\"before\":{\"spec\":1},\"object\":{\"spec\":2}}]}}"

static void a_rollback_shows_its_plan_and_asks(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/rollbacks?fieldManager=fogctl&dryRun=All ", 200,
             ROLLED("configured"), 0},
            {"POST /apis/fog/v1/rollbacks?fieldManager=fogctl ", 200, ROLLED("configured"), 0});
    run("rollback hs/s --to-revision 3 --dry-run");
    EXITS(0);
    OUT("-spec: 1\n+spec: 2\n");
    run("rollback hs/s --to-revision 3");
    EXITS(1);
    ERR("nobody is there to be asked\n  say --yes");
    run("rollback hs/s --to-revision 3 --yes");
    EXITS(0);
    OUT("\nharvestsession.fog/s configured\n");
    assert_int_equal(text_count(requests(), "POST "), 4);
    assert_int_equal(text_count(world.http.requests.data, "\"toRevision\":\"3\""), 4);
    assert_int_equal(text_count(world.http.requests.data, "Idempotency-Key"), 1);
}

static void a_rollback_with_nothing_to_do_says_why(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200, ROLLED("unchanged"), 1}, {"POST ", 200, DELETED(""), 0},
            {"GET " S "/s ", 200, SESSION("1", "{}"), 0}, {"GET ", 404, NOT_FOUND, 0});
    run("rollback hs/s --to-revision 3 --yes");
    EXITS(0);
    OUT("nothing differs from revision 3\n");
    run("rollback hs/s --to-revision 3 --yes");
    EXITS(1);
    ERR("did not exist at revision 3\n  it is newer than that; --prune deletes it");
    run("rollback hs/t --to-revision 3 --yes");
    EXITS(1);
    ERR("exists neither now nor at revision 3");
    run("rollback --to-revision 3 --yes");
    EXITS(0);
}

static void a_rollback_of_several_is_one(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/rollbacks", 200, ROLLED("configured"), 0});
    run("rollback hs/s hp/quiet --to-revision 3 --yes");
    EXITS(0);
    ERR("harvestpolicy.fog/quiet did not exist at revision 3, and stays as it is\n");
    OUT("\nharvestsession.fog/s configured\n");
    assert_int_equal(text_count(requests(),
                                "\"objects\":[{\"kind\":\"HarvestSession\",\"name\":\"s\"},"
                                "{\"kind\":\"HarvestPolicy\",\"name\":\"quiet\"}]"),
                     2);
}

static void a_rollback_selects_as_of_now_and_then(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/rollbacks", 200, ROLLED("configured"), 0});
    run("rollback hs,hp -l tier=gold --to-revision 3 --dry-run");
    EXITS(0);
    run("rollback -l tier=gold --to-revision 3 --dry-run");
    EXITS(0);
    run("rollback hs --all --to-revision 3 --dry-run");
    EXITS(0);
    assert_int_equal(text_count(requests(),
                                "\"objects\":[{\"kind\":\"HarvestSession\"},"
                                "{\"kind\":\"HarvestPolicy\"}],\"labelSelector\":\"tier=gold\""),
                     1);
    assert_int_equal(text_count(world.http.requests.data, "\"labelSelector\":\"tier=gold\""), 2);
    assert_int_equal(text_count(world.http.requests.data,
                                "\"toRevision\":\"3\",\"kind\":\"HarvestSession\",\"prune\""),
                     1);
}

static void a_condition_names_the_agents_that_go_back(void **state)
{
    (void)state;
    ANSWERS(
        {"GET /apis/fog/v1/agents?limit=500&labelSelector=site%3Dnorth&fieldSelector=&where=", 200,
         "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\"}},"
         "{\"metadata\":{\"name\":\"b\"}}]}",
         1},
        {"GET /apis/fog/v1/agents", 200, "{\"metadata\":{},\"items\":[]}", 0},
        {"POST /apis/fog/v1/rollbacks", 200, ROLLED("configured"), 0});
    run("rollback agents --where 'sensors.battery < 20' -l site=north --to-revision 3 --dry-run");
    EXITS(0);
    run("rollback --where 'sensors.battery < 10' --to-revision 3 --yes");
    EXITS(0); /* and not the whole fleet */
    ERR("No resources found\n");
    assert_int_equal(text_count(requests(), "\"objects\":[{\"kind\":\"Agent\",\"name\":\"a\"},"
                                            "{\"kind\":\"Agent\",\"name\":\"b\"}]"),
                     1);
    assert_int_equal(text_count(world.http.requests.data, "\"labelSelector\""), 0);
    assert_int_equal(text_count(world.http.requests.data, "POST "), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_condition_is_met_when_it_speaks_of_the_newest_spec),
        TEST(any_of_several_conditions_will_do),
        TEST(all_of_several_conditions_can_be_asked_for),
        TEST(waiting_goes_on_while_the_controller_restarts),
        TEST(what_is_not_there_is_waited_for_only_when_asked_to),
        TEST(every_object_has_its_line_also_behind_one_in_vain),
        TEST(a_log_comes_byte_by_byte),
        TEST(what_refuses_a_log_is_an_error_and_no_output),
        TEST(logs_of_replicas_say_whose_they_are),
        TEST(a_session_without_assignments_says_where_to_look),
        TEST(who_uses_is_deleted_before_what_is_used),
        TEST(one_missing_and_nothing_is_deleted),
        TEST(a_deletion_is_over_when_the_work_has_ended),
        TEST(a_deletion_that_does_not_end_is_told),
        TEST(a_description_holds_all_and_steers_no_terminal),
        TEST(the_newest_event_of_a_description_is_the_last),
        TEST(of_many_tasks_a_description_has_the_failures_and_counts),
        TEST(why_tells_the_chain_and_what_would_help),
        TEST(events_are_a_table_without_names),
        TEST(history_tells_the_newest_last),
        TEST(a_rollback_shows_its_plan_and_asks),
        TEST(a_rollback_with_nothing_to_do_says_why),
        TEST(a_rollback_of_several_is_one),
        TEST(a_rollback_selects_as_of_now_and_then),
        TEST(a_condition_names_the_agents_that_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
