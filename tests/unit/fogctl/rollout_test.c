/* rollout of tools/fogctl: status, history, pause, resume, undo. */
#include "tests/unit/fogctl/run.h"

#define S "/apis/fog/v1/harvestsessions/s"

#define SESSION(generation, spec, status)                                                          \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s\","         \
    "\"uid\":\"u1\",\"generation\":" generation "},\"spec\":{" spec "},\"status\":{" status "}}"
#define COUNTS(observed, updated, ready)                                                           \
    "\"observedGeneration\":" observed ",\"desired\":3,\"updated\":" updated ",\"ready\":" ready
#define REASON(reason)                                                                             \
    ",\"conditions\":[{\"type\":\"Converged\",\"status\":\"False\",\"reason\":\"" reason           \
    "\",\"message\":\"it failed\"}]"
#define CHANGE(revision, uid, form)                                                                \
    "{\"revision\":\"" revision "\",\"uid\":\"" uid "\",\"who\":\"ann\",\"time\":\"t" revision     \
    "\",\"why\":\"w" revision "\",\"newForm\":" form "}"
#define HISTORY                                                                                    \
    "{\"items\":[" CHANGE("9", "u1", "true") "," CHANGE("8", "u1", "false") "," CHANGE(            \
        "7", "u1", "true") "," CHANGE("5", "u1", "true") "," CHANGE("3", "u0", "true") "]}"
#define RESULT(what)                                                                               \
    "{\"status\":{\"revision\":\"9\",\"results\":[{\"kind\":\"HarvestSession\",\"name\":\"s\","    \
    "\"result\":\"" what "\",\"object\":{\"spec\":{\"replicas\":3,\"grace\":\"1s\","               \
    "\"workload\":{\"command\":[\"/bin/old\"]}}}}],\"plan\":{\"changes\":[]}}}"

static void status_tells_each_step_and_ends_when_all_is_rolled_out(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200, SESSION("2", "", COUNTS("1", "3", "3")), 1},
            {"GET " S " ", 200, SESSION("2", "", COUNTS("2", "1", "3")), 2},
            {"GET " S " ", 200, SESSION("2", "", COUNTS("2", "3", "2")), 1},
            {"GET " S " ", 200, SESSION("2", "", COUNTS("2", "3", "3")), 1});
    run("rollout status hs/s");
    EXITS(0);
    assert_string_equal(
        world.did.out.data,
        "Waiting for harvestsession.fog/s spec update to be observed...\n"
        "Waiting for harvestsession.fog/s rollout to finish: 1 out of 3 new replicas have been "
        "updated...\n"
        "Waiting for harvestsession.fog/s rollout to finish: 2 of 3 updated replicas are ready...\n"
        "harvestsession.fog/s successfully rolled out\n");
}

static void status_looks_once_and_gives_up_in_time(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S " ", 200, SESSION("2", "", COUNTS("2", "1", "3") REASON("RolloutPaused")), 0});
    run("rollout status hs/s --watch=false");
    EXITS(0);
    OUT("it is paused, 1 out of 3 are updated");
    run("rollout status hs s --timeout 1ms");
    EXITS(1);
    ERR("error: timed out waiting for the condition");
}

static void status_fails_when_it_cannot_go_on(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S " ", 200, SESSION("2", "", COUNTS("2", "3", "2") REASON("GivenUp")), 1},
        {"GET " S " ", 200, SESSION("2", "\"tasks\":{\"count\":3}", COUNTS("2", "3", "2")), 1},
        {"GET " S " ", 200,
         SESSION(
             "2", "",
             COUNTS(
                 "2", "3",
                 "2") ",\"conditions\":[{\"type\":\"Progressing\",\"status\":"
                      "\"False\",\"reason\":\"ProgressDeadlineExceeded\",\"message\":\"no progress for 10s\"}]"),
         1});
    run("rollout status hs/s");
    EXITS(1);
    ERR("harvestsession.fog/s does not roll out: GivenUp: it failed");
    run("rollout status hs/s");
    EXITS(1);
    ERR("is a session of tasks");
    run("rollout status hs/s");
    EXITS(1);
    ERR("harvestsession.fog/s does not roll out: no progress for 10s");
}

#define GATE(failure)                                                                              \
    "\"rollout\":{\"progressDeadline\":\"10s\",\"healthyAfter\":\"5s\",\"onFailure\":\"" failure   \
    "\"}"
#define ROLLOUT(generation, good, revert)                                                          \
    ",\"rollout\":{\"generation\":" generation ",\"progressTime\":\"2026-01-02T03:04:05Z\","       \
    "\"goodGeneration\":" good ",\"revertGeneration\":" revert "}"
#define PROGRESSING(reason, message)                                                               \
    ",\"conditions\":[{\"type\":\"Progressing\",\"status\":\"True\",\"reason\":\"" reason          \
    "\",\"message\":\"" message "\"}]"

static void status_tells_the_gate_and_the_deadline(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200,
             SESSION("2", GATE("pause"), COUNTS("2", "3", "3") ROLLOUT("1", "1", "0")), 1},
            {"GET " S " ", 200,
             SESSION("2", GATE("pause"), COUNTS("2", "1", "3") ROLLOUT("2", "1", "0")), 1},
            {"GET " S " ", 200,
             SESSION("2", GATE("revert"), COUNTS("2", "3", "1") ROLLOUT("2", "1", "0")), 1},
            {"GET " S " ", 200,
             SESSION("2", GATE("revert"), COUNTS("2", "3", "3") ROLLOUT("2", "1", "0")), 1},
            {"GET " S " ", 200,
             SESSION("2", GATE("revert"), COUNTS("2", "3", "3") ROLLOUT("2", "2", "0")), 1});
    run("rollout status hs/s");
    EXITS(0);
    assert_string_equal(
        world.did.out.data,
        "Waiting for harvestsession.fog/s spec update to be observed...\n"
        "Waiting for harvestsession.fog/s rollout to finish: 1 out of 3 new replicas have been "
        "updated (more by 03:04:15Z, or it fails)...\n"
        "Waiting for harvestsession.fog/s rollout to finish: 1 of 3 updated replicas are ready "
        "(more by 03:04:15Z, or it is reverted)...\n"
        "Waiting for harvestsession.fog/s rollout to finish: 3 of 3 are ready, and have to stay so "
        "for 5s...\n"
        "harvestsession.fog/s successfully rolled out\n");
}

static void status_waits_for_a_revert_and_fails(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200,
             SESSION("2", GATE("revert"),
                     COUNTS("2", "3", "2") ROLLOUT("2", "1", "0") REASON("GivenUp")),
             1},
            {"GET " S " ", 200,
             SESSION("2", GATE("revert"),
                     COUNTS("2", "3", "2") ROLLOUT("2", "1", "0")
                         PROGRESSING("ProgressDeadlineExceeded", "m")),
             1},
            {"GET " S " ", 200,
             SESSION("3", GATE("revert"),
                     COUNTS("3", "1", "1") ROLLOUT("3", "1", "3") PROGRESSING("Reverting", "m")),
             1},
            {"GET " S " ", 200,
             SESSION("3", GATE("revert"),
                     COUNTS("3", "3", "3") ROLLOUT("3", "3", "3")
                         PROGRESSING("Reverted", "back to revision 5")),
             1});
    run("rollout status hs/s");
    EXITS(1);
    OUT("2 of 3 updated replicas are ready (more by 03:04:15Z, or it is reverted)");
    OUT("Waiting for harvestsession.fog/s revert to begin...");
    OUT("revert to finish: 1 out of 3 new replicas have been updated (more by 03:04:15Z, or it "
        "fails)");
    ERR("error: harvestsession.fog/s was reverted: back to revision 5");
    ERR("fogctl rollout history hs/s shows both forms");
}

static void status_of_a_revision_ends_when_another_one_comes(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200, SESSION("2", "", COUNTS("2", "3", "3")), 0},
            {"GET " S "/history", 200, HISTORY, 0});
    run("rollout status hs/s --revision 9");
    EXITS(0);
    run("rollout status hs/s --revision 7");
    EXITS(1);
    ERR("desired revision (7) is different from the running revision (9)");
    run("rollout status hs/s --revision 8");
    EXITS(1);
    ERR("unable to find revision 8");
}

static void history_lists_forms_of_this_session_and_shows_one(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200, SESSION("2", "", ""), 0}, {"GET " S "/history", 200, HISTORY, 0},
            {"POST /apis/fog/v1/rollbacks?fieldManager=fogctl&dryRun=All", 200, RESULT("unchanged"),
             0});
    run("rollout history hs/s");
    EXITS(0);
    OUT("REVISION   TIME   WHO   CHANGE-CAUSE\n5          t5     ann   w5\n7 ");
    assert_null(strstr(world.did.out.data, "w8"));
    assert_null(strstr(world.did.out.data, "w3"));
    run("rollout history hs/s --revision 5");
    EXITS(0);
    OUT("harvestsession.fog/s with revision #5\n");
    OUT("/bin/old");
    assert_null(strstr(world.did.out.data, "replicas"));
}

static void pause_and_resume_say_when_there_is_nothing_to_do(void **state)
{
    (void)state;
    ANSWERS({"POST /apis/fog/v1/changesets", 200, RESULT("configured"), 2},
            {"POST /apis/fog/v1/changesets", 200, RESULT("unchanged"), 0});
    run("rollout pause hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s paused\n");
    run("rollout resume hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s resumed\n");
    run("rollout pause hs/s");
    EXITS(1);
    ERR("error: harvestsession.fog/s is already paused");
    run("rollout resume hs/s");
    EXITS(1);
    ERR("error: harvestsession.fog/s is not paused");
    assert_non_null(strstr(requests(), "{\"rollout\":{\"pause\":true}}"));
}

static void undo_goes_back_to_the_form_before(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200, SESSION("2", "", ""), 0}, {"GET " S "/history", 200, HISTORY, 0},
            {"POST /apis/fog/v1/rollbacks?fieldManager=fogctl&dryRun=All", 200,
             RESULT("configured"), 0},
            {"POST /apis/fog/v1/rollbacks", 200, RESULT("configured"), 1},
            {"POST /apis/fog/v1/rollbacks", 200, RESULT("unchanged"), 0});
    run("rollout undo hs/s --dry-run");
    EXITS(0);
    OUT("harvestsession.fog/s rolled back to revision 7 (server dry run)");
    OUT("Plan: ");
    run("rollout undo hs/s");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s rolled back to revision 7\n");
    run("rollout undo hs/s --to-revision 5");
    EXITS(0);
    OUT("skipped rollback (it has the form of revision 5 already)");
    run("rollout undo hs/s --to-revision 3"); /* of a namesake */
    EXITS(1);
    ERR("unable to find revision 3");
    assert_int_equal(text_count(requests(), "\"formOnly\":true"), 3);
}

static void undo_does_not_bring_back_what_was_reverted(void **state)
{
    (void)state;
    ANSWERS(
        {"GET " S " ", 200, SESSION("3", "", ""), 0},
        {"GET " S "/history", 200,
         "{\"items\":[{\"revision\":\"9\",\"uid\":\"u1\",\"who\":\"fog-controller\",\"newForm\":true,"
         "\"why\":\"no progress for 3s: back to the form of revision 5\"}," CHANGE(
             "7", "u1", "true") "," CHANGE("5", "u1", "true") "]}",
         0},
        {"POST /apis/fog/v1/rollbacks", 200, RESULT("configured"), 1});
    run("rollout undo hs/s");
    EXITS(1);
    ERR("the form before, of revision 7, is the one that was taken back (no progress for 3s: back "
        "to the form of revision 5)");
    ERR("--to-revision 7 brings it back all the same");
    run("rollout undo hs/s --to-revision 0");
    EXITS(1);
    run("rollout undo hs/s --to-revision 7");
    EXITS(0);
    assert_string_equal(world.did.out.data, "harvestsession.fog/s rolled back to revision 7\n");
}

static void undo_needs_a_form_before_and_no_pause(void **state)
{
    (void)state;
    ANSWERS({"GET " S " ", 200, SESSION("2", "", ""), 2},
            {"GET " S "/history", 200, "{\"items\":[" CHANGE("9", "u1", "true") "]}", 0},
            {"GET " S " ", 200, SESSION("2", "\"rollout\":{\"pause\":true}", ""), 0});
    run("rollout undo hs/s");
    EXITS(1);
    ERR("error: no rollout history found for harvestsession.fog/s");
    run("rollout undo hs/s");
    EXITS(1);
    ERR("as its rollout is paused");
}

static void what_is_meant_has_to_be_said(void **state)
{
    (void)state;
    run("rollout");
    EXITS(2);
    run("rollout status");
    EXITS(2);
    run("rollout status agent/a");
    EXITS(2);
    run("rollout undo hs/s --to-revision x");
    EXITS(2);
    run("rollout status hs/s --watch=perhaps");
    EXITS(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_tells_each_step_and_ends_when_all_is_rolled_out),
        TEST(status_looks_once_and_gives_up_in_time),
        TEST(status_fails_when_it_cannot_go_on),
        TEST(status_tells_the_gate_and_the_deadline),
        TEST(status_waits_for_a_revert_and_fails),
        TEST(status_of_a_revision_ends_when_another_one_comes),
        TEST(history_lists_forms_of_this_session_and_shows_one),
        TEST(pause_and_resume_say_when_there_is_nothing_to_do),
        TEST(undo_goes_back_to_the_form_before),
        TEST(undo_does_not_bring_back_what_was_reverted),
        TEST(undo_needs_a_form_before_and_no_pause),
        TEST(what_is_meant_has_to_be_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
