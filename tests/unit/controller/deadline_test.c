/* Rollouts with a deadline: progress, what is good, and going back by itself. */
#include "controller/core/deadline.h"

#include "controller/core/metrics.h"
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- small language ---------------------------------------------------------------------------
 */

static const struct node *session(void)
{
    return api_get(&api, SESSIONS "/s");
}

static int64_t generation(void)
{
    return api_int(session(), "metadata.generation");
}

static const char *program(void)
{
    return api_text(session(), "spec.workload.command[0]");
}

/* Of the condition Progressing; "" when there is none. */
static const char *progressing(void)
{
    const struct node *conditions = api_at(session(), "status.conditions");

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        if (str_eq(node_find_text(conditions->list.items[i], "type"), "Progressing")) {
            return node_find_text(conditions->list.items[i], "reason");
        }
    }
    return "";
}

static size_t events(const char *reason)
{
    const struct node *items = api_at(api_get(&api, EVENTS), "items");
    size_t count = 0;

    for (size_t i = 0; i < items->list.count; i++) {
        count += str_eq(node_find_text(items->list.items[i], "reason"), reason);
    }
    return count;
}

static int64_t rollouts(enum metric_rollout state)
{
    struct metrics metrics;

    metrics_gather(api.ctl, &metrics);
    return metrics.values[METRIC_ROLLOUTS][state];
}

static int64_t ended(enum metric_ended result)
{
    return api.ctl->metrics.values[METRIC_ROLLOUTS_ENDED][result];
}

static void patch(const char *text)
{
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", SESSIONS "/s", text);
    api.content_type = NULL;
}

/* Nobody is there to run anything: a form for no replicas is good, one for some makes no progress.
 */
static void given_a_good_form(const char *rollout)
{
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     api_target(&api,
                                "{'metadata': {'name': 's'}, 'spec': {'replicas': 0,"
                                " 'workload': {'command': ['/bin/good']}, 'rollout': {%s}}}",
                                rollout));
}

#define BAD     "{'spec': {'replicas': 1, 'workload': {'command': ['/bin/bad']}}}"
#define AT_ONCE "'progressDeadline': '10s', 'healthyAfter': '0s'"
#define REVERTS AT_ONCE ", 'onFailure': 'revert'"

/* --- tests ------------------------------------------------------------------------------------
 */

static void without_a_deadline_nothing_is_said(void **state)
{
    (void)state;
    given_a_good_form("'onFailure': 'revert'");
    patch(BAD);
    api_advance(&api, 3600 * 1000);
    assert_string_equal(progressing(), "");
    assert_string_equal(program(), "/bin/bad");
}

static void a_rollout_that_is_late_stays_where_it_is(void **state)
{
    (void)state;
    given_a_good_form(AT_ONCE);
    assert_string_equal(progressing(), "RolledOut");
    patch(BAD);
    assert_string_equal(progressing(), "Progressing");
    api_advance(&api, 9000);
    assert_string_equal(progressing(), "Progressing");
    api_advance(&api, 2000);
    assert_string_equal(progressing(), "ProgressDeadlineExceeded");
    assert_int_equal(events("ProgressDeadlineExceeded"), 1);
    api_advance(&api, 3600 * 1000);
    assert_int_equal(generation(), 2);
    assert_int_equal(events("ProgressDeadlineExceeded"), 1);
    patch("{'spec': {'rollout': {'progressDeadline': null}}}");
    assert_string_equal(progressing(), "");
    assert_null(api_at(session(), "status.rollout"));
}

static void a_rollout_that_is_late_is_taken_back_once(void **state)
{
    const struct node *history;

    (void)state;
    given_a_good_form(REVERTS);
    patch(BAD);
    api_advance(&api, 11000);
    assert_string_equal(program(), "/bin/good");
    assert_int_equal(api_int(session(), "spec.replicas"), 1); /* that is not its form */
    assert_int_equal(generation(), 3);
    assert_int_equal(events("Reverted"), 1);
    history = api_get(&api, SESSIONS "/s/history");
    assert_string_equal(api_text(history, "items[0].who"), "fog-controller");
    assert_non_null(strstr(api_text(history, "items[0].why"),
                           "no progress for 10s (NoAgent): back to the form of"));
    assert_string_equal(progressing(), "Reverting");
    assert_int_equal(rollouts(METRIC_ROLLOUT_REVERTED), 1);
    api_advance(&api, 3600 * 1000); /* that does not run either: there is nothing to go back to */
    assert_int_equal(generation(), 3);
    assert_string_equal(progressing(), "ProgressDeadlineExceeded");
    assert_int_equal(events("Reverted"), 1);
    assert_int_equal(events("RevertFailed"), 1);
    assert_int_equal(rollouts(METRIC_ROLLOUT_LATE), 1);
    assert_int_equal(rollouts(METRIC_ROLLOUT_REVERTED), 0);
    assert_int_equal(ended(METRIC_ENDED_GOOD), 1);
    assert_int_equal(ended(METRIC_ENDED_LATE), 2);
    assert_int_equal(ended(METRIC_ENDED_REVERTED), 1);
}

/* The links of `why` that speak of the change: "late ProgressDeadlineExceeded". */
static const char *why(void)
{
    const struct node *chain = api_at(api_get(&api, SESSIONS "/s/why"), "chain");
    const char *said = "";

    for (size_t i = 0; i < chain->list.count; i++) {
        if (str_eq(node_find_text(chain->list.items[i], "condition"), "Progressing")) {
            said = api_target(&api, "%s%s %s: %s", said, node_find_text(chain->list.items[i], "is"),
                              node_find_text(chain->list.items[i], "reason"),
                              node_find_text(chain->list.items[i], "message"));
        }
    }
    return said;
}

static void why_tells_of_a_change_that_came_to_nothing(void **state)
{
    (void)state;
    given_a_good_form(AT_ONCE);
    assert_string_equal(why(), "");
    patch(BAD);
    assert_string_equal(why(), "");
    api_advance(&api, 11000);
    assert_string_equal(
        why(), "late ProgressDeadlineExceeded: no progress for 10s (NoAgent): it stays as it "
               "is, as spec.rollout.onFailure says");
    patch("{'spec': {'rollout': {'onFailure': 'revert'}}}");
    api_advance(&api, 11000);
    assert_non_null(strstr(why(), "back Reverting: generation 3 failed: back to the "));
    patch("{'spec': {'replicas': 0}}");
    assert_string_equal(why(), "");
}

/* And not that of a change beside it, which no history of forms shows. */
static void the_revision_that_began_the_form_is_named(void **state)
{
    unsigned long long revision;

    (void)state;
    given_a_good_form(REVERTS);
    revision =
        strtoull(api_text(api_get(&api, SESSIONS "/s/history"), "items[0].revision"), NULL, 10);
    patch("{'metadata': {'labels': {'a': 'b'}}}");
    patch("{'spec': {'retries': 3}}");
    assert_string_equal(progressing(), "RolledOut");
    patch(BAD);
    api_advance(&api, 11000);
    assert_int_equal(api_int(session(), "status.rollout.goodGeneration"), 2);
    assert_string_equal(api_text(session(), "status.rollout.revertRevision"),
                        api_target(&api, "%llu", revision));
}

static void what_was_reverted_is_said_to_be(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch("{'spec': {'replicas': 1, 'everyAgent': false, 'workload': {'command': ['/bin/bad']}}}");
    api_advance(&api, 11000);
    assert_string_equal(progressing(), "Reverting");
    api_restart(&api);
    assert_string_equal(progressing(), "Reverting");
    assert_int_equal(api_int(session(), "status.rollout.revertGeneration"), 3);
    assert_int_equal(api_int(session(), "status.rollout.settledGeneration"), 2);
}

static void a_disk_that_cannot_be_read_is_asked_again(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch(BAD);
    api.fails_reads = true;
    api_advance(&api, 15000);
    assert_string_equal(program(), "/bin/bad");
    assert_int_equal(events("RevertFailed"), 0);
    api.fails_reads = false;
    api_advance(&api, 2000);
    assert_string_equal(program(), "/bin/good");
}

/* Of before history begins the changes of form are kept, not those beside them. */
static void a_good_form_outlives_the_history_of_its_time(void **state)
{
    const struct store_keeping keeping = {.before = {api.wall.ms + 100000}};
    unsigned long long revision;
    struct store_size size;
    struct err err;

    (void)state;
    given_a_good_form(REVERTS);
    revision =
        strtoull(api_text(api_get(&api, SESSIONS "/s/history"), "items[0].revision"), NULL, 10);
    patch("{'spec': {'retries': 3}}");
    assert_string_equal(progressing(), "RolledOut");
    api_advance(&api, 50000);
    patch(BAD);
    while (store_compact(api.store, &keeping, &err) == 1) {} /* the core has not heard of it */
    assert_int_equal(store_measure(api.store, &size, &err), 0);
    assert_true(size.compacted > revision);
    api_advance(&api, 11000);
    assert_string_equal(program(), "/bin/good");
    assert_string_equal(api_text(session(), "status.rollout.revertRevision"),
                        api_target(&api, "%llu", revision));
}

static void what_no_agent_ran_is_neither_good_nor_late(void **state)
{
    struct api_agent edge = {.name = "edge-1", .key = {1}};

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK
                     ", 'everyAgent': true, 'rollout': {" REVERTS "}}}");
    api_advance(&api, 3600 * 1000);
    assert_string_equal(progressing(), "Progressing");
    api_connect(&api, &edge);
    assert_string_equal(progressing(), "Progressing");
    api_advance(&api, 3000);
    assert_string_equal(progressing(), "Progressing");
}

static void without_a_good_form_there_is_no_way_back(void **state)
{
    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK ", 'rollout': {" REVERTS "}}}");
    api_advance(&api, 3600 * 1000);
    assert_int_equal(generation(), 1);
    assert_string_equal(progressing(), "ProgressDeadlineExceeded");
    assert_int_equal(events("Reverted") + events("RevertFailed"), 0);
}

static void what_an_operator_writes_meanwhile_stands(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch(BAD);
    api.holds_reads = true;
    api_advance(&api, 11000);
    assert_string_equal(program(), "/bin/bad");
    patch("{'spec': {'workload': {'command': ['/bin/mine']}}}");
    api.holds_reads = false;
    api_settle(&api);
    assert_string_equal(program(), "/bin/mine");
    assert_int_equal(generation(), 3);
    api_advance(&api, 11000); /* and has its own deadline */
    assert_string_equal(program(), "/bin/good");
}

static void what_is_deleted_and_made_anew_has_no_past(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch(BAD);
    api.holds_reads = true;
    api_advance(&api, 11000);
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/s", NULL);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK ", 'rollout': {" REVERTS "}}}");
    api.holds_reads = false;
    api_settle(&api);
    api_advance(&api, 60000);
    assert_string_equal(program(), "/bin/work");
    assert_int_equal(generation(), 1);
}

static void a_deadline_and_what_was_good_outlive_the_controller(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch(BAD);
    api_advance(&api, 5000);
    api_restart(&api);
    assert_string_equal(program(), "/bin/bad");
    api_advance(&api, 60000); /* agents have their time to come back */
    assert_string_equal(program(), "/bin/good");
    api_restart(&api);
    api_advance(&api, 3600 * 1000);
    assert_int_equal(generation(), 3);
    assert_int_equal(events("Reverted"), 1);
}

static void while_it_is_paused_the_time_does_not_count(void **state)
{
    (void)state;
    given_a_good_form(REVERTS);
    patch("{'spec': {'replicas': 1, 'rollout': {'pause': true},"
          " 'workload': {'command': ['/bin/bad']}}}");
    api_advance(&api, 60000);
    assert_string_equal(progressing(), "RolloutPaused");
    patch("{'spec': {'rollout': {'pause': false}}}");
    api_advance(&api, 9000);
    assert_string_equal(program(), "/bin/bad");
    api_advance(&api, 2000);
    assert_string_equal(program(), "/bin/good");
}

static void a_form_is_good_only_after_a_while(void **state)
{
    (void)state;
    given_a_good_form("'progressDeadline': '10s', 'healthyAfter': '30s', 'onFailure': 'revert'");
    api_advance(&api, 29000);
    assert_string_equal(progressing(), "Progressing");
    api_advance(&api, 2000);
    assert_string_equal(progressing(), "RolledOut");
    patch("{'spec': {'workload': {'command': ['/bin/next']}}}");
    api_advance(&api, 20000);
    assert_string_equal(progressing(), "Progressing"); /* not late: it is well till now */
    patch(BAD);                                        /* /bin/next was never good */
    api_advance(&api, 11000);
    assert_string_equal(program(), "/bin/good");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_deadline_nothing_is_said),
        TEST(a_rollout_that_is_late_stays_where_it_is),
        TEST(a_rollout_that_is_late_is_taken_back_once),
        TEST(why_tells_of_a_change_that_came_to_nothing),
        TEST(the_revision_that_began_the_form_is_named),
        TEST(what_was_reverted_is_said_to_be),
        TEST(a_disk_that_cannot_be_read_is_asked_again),
        TEST(a_good_form_outlives_the_history_of_its_time),
        TEST(what_no_agent_ran_is_neither_good_nor_late),
        TEST(without_a_good_form_there_is_no_way_back),
        TEST(what_an_operator_writes_meanwhile_stands),
        TEST(what_is_deleted_and_made_anew_has_no_past),
        TEST(a_deadline_and_what_was_good_outlive_the_controller),
        TEST(while_it_is_paused_the_time_does_not_count),
        TEST(a_form_is_good_only_after_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
