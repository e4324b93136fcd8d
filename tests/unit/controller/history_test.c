/* History, and going back. */
#include "controller/core/history.h"

#include "schema/limits.h"
#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <inttypes.h>
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

static struct node *apply_as(int code, const char *manager, const char *name, const char *meta,
                             int percent)
{
    struct node *answer;

    api.content_type = "application/apply-patch+yaml";
    answer = api_expect(
        &api, code, "PATCH", api_target(&api, POLICIES "/%s?fieldManager=%s", name, manager),
        api_target(&api, "{'metadata': {%s}, 'spec': {'battery': {'minPercent': %d}}}", meta,
                   percent));
    api.content_type = NULL;
    return answer;
}

static void drop(const char *name)
{
    (void)api_expect(&api, 200, "DELETE", api_target(&api, POLICIES "/%s", name), NULL);
}

static struct node *roll_back(int code, const char *query, const char *spec)
{
    return api_expect(&api, code, "POST", api_target(&api, ROLLBACKS "%s", query),
                      api_target(&api, "{'spec': {%s}}", spec));
}

static int64_t percent_of(const char *name)
{
    return api_int(api_get(&api, api_target(&api, POLICIES "/%s", name)),
                   "spec.battery.minPercent");
}

static bool is_there(const char *name)
{
    return model_find(&api.ctl->model, KIND_HARVEST_POLICY, name) != NULL;
}

/* --- history ---------------------------------------------------------------------------------- */

static void the_history_of_an_object_is_newest_first(void **state)
{
    const struct node *history;

    (void)state;
    api.cause = "first try";
    (void)apply_as(201, "alice", "a", "", 10);
    api.cause = NULL;
    api.user = "bob";
    (void)apply_as(201, "alice", "b", "", 10);
    api_advance(&api, 2000);
    (void)apply_as(200, "alice", "a", "'labels': {'x': 'y'}", 20);
    drop("a");
    history = api_get(&api, POLICIES "/a/history");
    assert_string_equal(api_text(history, "kind"), "History");
    assert_int_equal(api_at(history, "items")->list.count, 3);
    assert_string_equal(api_text(history, "items[0].verb"), "delete");
    assert_string_equal(api_text(history, "items[0].revision"), "4");
    assert_string_equal(api_text(history, "items[1].verb"), "update");
    assert_string_equal(api_text(history, "items[1].who"), "bob");
    assert_string_equal(api_text(history, "items[1].manager"), "alice");
    assert_string_equal(api_text(history, "items[1].time"), "2026-01-01T00:00:02Z");
    assert_int_equal(api_int(history, "items[1].generation"), 2);
    quick_json_expect(api_at(history, "items[1].changes"),
                      "[{'path': 'metadata.labels.x', 'after': 'y'},"
                      "{'path': 'spec.battery.minPercent', 'before': 10, 'after': 20}]");
    assert_string_equal(api_text(history, "items[2].verb"), "create");
    assert_string_equal(api_text(history, "items[2].why"), "first try");
    assert_string_equal(api_text(history, "items[2].name"), "a");
    assert_string_equal(api_text(history, "items[2].kind"), "HarvestPolicy");
}

static void the_history_of_the_fleet_has_a_limit(void **state)
{
    const struct node *history;

    (void)state;
    for (int i = 0; i < 120; i++) {
        (void)apply_as(i == 0 ? 201 : 200, "alice", "a", "", i % 50);
    }
    history = api_get(&api, "/apis/fog/v1/history");
    assert_int_equal(api_at(history, "items")->list.count, 100);
    assert_string_equal(api_text(history, "items[0].revision"), "120");
    history = api_get(&api, "/apis/fog/v1/history?limit=3");
    assert_int_equal(api_at(history, "items")->list.count, 3);
    history = api_get(&api, POLICIES "/a/history?limit=500");
    assert_int_equal(api_at(history, "items")->list.count, 120);
    (void)api_expect(&api, 400, "GET", "/apis/fog/v1/history?limit=x", NULL);
    (void)api_expect(&api, 400, "GET", POLICIES "/a/history?limit=x", NULL);
}

static void what_never_was_has_no_history(void **state)
{
    (void)state;
    assert_int_equal(api_at(api_get(&api, POLICIES "/none/history"), "items")->list.count, 0);
}

static void a_status_is_not_in_history(void **state)
{
    const struct node *history;

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    history = api_get(&api, SESSIONS "/s/history");
    assert_int_equal(api_at(history, "items")->list.count, 1);
}

/* --- going back ------------------------------------------------------------------------------- */

static void one_object_goes_back(void **state)
{
    const struct node *answer, *policy;

    (void)state;
    (void)apply_as(201, "alice", "a", "'labels': {'x': '1'}, 'annotations': {'n': '1'}", 10);
    (void)apply_as(201, "alice", "b", "", 10);
    (void)apply_as(200, "alice", "a", "'labels': {'x': '2'}", 20);
    (void)apply_as(200, "alice", "b", "", 20);
    answer = roll_back(200, "", "'toRevision': '2', 'kind': 'HarvestPolicy', 'name': 'a'");
    assert_string_equal(api_text(answer, "kind"), "ChangeSet");
    assert_string_equal(api_text(answer, "status.results[0].result"), "configured");
    policy = api_get(&api, POLICIES "/a");
    assert_int_equal(percent_of("a"), 10);
    assert_string_equal(api_text(policy, "metadata.labels.x"), "1");
    assert_string_equal(api_text(policy, "metadata.annotations.n"), "1");
    assert_int_equal(api_int(policy, "metadata.generation"), 3);
    assert_int_equal(percent_of("b"), 20);
}

static void owners_of_fields_go_back_too(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)api_expect(&api, 200, "PUT", POLICIES "/a?fieldManager=editor",
                     "{'metadata': {'name': 'a'}, 'spec': {'battery': {'minPercent': 20}}}");
    (void)apply_as(409, "alice", "a", "", 30);
    (void)roll_back(200, "", "'toRevision': '1'");
    assert_int_equal(percent_of("a"), 10);
    (void)apply_as(200, "alice", "a", "", 30); /* it is alice's again */
}

static void everything_goes_back_in_one_commit(void **state)
{
    const struct node *answer;
    size_t commits;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(201, "alice", "b", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    drop("b");
    (void)apply_as(201, "alice", "c", "", 10);
    commits = api.commits;
    answer = roll_back(200, "", "'toRevision': '2'");
    assert_int_equal(api.commits, commits + 1);
    assert_int_equal(api_at(answer, "status.results")->list.count, 2);
    assert_int_equal(percent_of("a"), 10);
    assert_int_equal(percent_of("b"), 10);
    assert_true(is_there("c")); /* newer, and nobody said prune */
}

static void prune_takes_what_is_newer(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(201, "alice", "b", "", 10);
    (void)apply_as(201, "alice", "c", "", 10);
    (void)roll_back(200, "",
                    "'toRevision': '1', 'kind': 'HarvestPolicy', 'name': 'b',"
                    "'prune': true");
    assert_false(is_there("b"));
    assert_true(is_there("c"));
    (void)roll_back(200, "", "'toRevision': '1', 'kind': 'HarvestSession', 'prune': true");
    assert_true(is_there("c"));
    (void)roll_back(200, "", "'toRevision': '1', 'prune': true");
    assert_false(is_there("c"));
    assert_true(is_there("a"));
}

static void what_was_deleted_comes_back_as_another(void **state)
{
    const char *uid = api_text(apply_as(201, "alice", "a", "", 10), "metadata.uid");
    const struct node *policy;

    (void)state;
    drop("a");
    (void)roll_back(200, "", "'toRevision': '1'");
    policy = api_get(&api, POLICIES "/a");
    assert_string_not_equal(api_text(policy, "metadata.uid"), uid);
    assert_int_equal(api_int(policy, "metadata.generation"), 1);
    assert_int_equal(percent_of("a"), 10);
}

static void references_come_back_together(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "quiet", "", 10);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'policy': 'quiet', " WORK "}}");
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/s", NULL);
    drop("quiet");
    (void)roll_back(200, "", "'toRevision': '2'");
    assert_true(is_there("quiet"));
    (void)api_get(&api, SESSIONS "/s");
}

static const struct node *put_session(const char *spec)
{
    api.content_type = "application/apply-patch+yaml";
    (void)api_call(&api, "PATCH", SESSIONS "/s?fieldManager=alice&force=true",
                   api_target(&api, "{'spec': {%s}}", spec));
    api.content_type = NULL;
    return api_get(&api, SESSIONS "/s");
}

static void only_the_form_goes_back_when_that_is_asked_for(void **state)
{
    const struct node *history, *session;

    (void)state;
    (void)put_session("'replicas': 1, " WORK);
    (void)put_session("'replicas': 2, " WORK);
    session = put_session("'replicas': 3, 'workload': {'command': ['/bin/bad']}, 'grace': '1s'");
    assert_int_equal(api_int(session, "metadata.generation"), 3);
    history = api_get(&api, SESSIONS "/s/history");
    quick_json_expect(api_at(history, "items[0].newForm"), "true");
    quick_json_expect(api_at(history, "items[1].newForm"), "false");
    quick_json_expect(api_at(history, "items[2].newForm"), "true");
    (void)roll_back(200, "",
                    "'toRevision': '1', 'kind': 'HarvestSession', 'name': 's', 'formOnly': true");
    session = api_get(&api, SESSIONS "/s");
    assert_int_equal(api_int(session, "spec.replicas"), 3);
    assert_string_equal(api_text(session, "spec.workload.command[0]"), "/bin/work");
    assert_string_equal(api_text(session, "spec.grace"), "10s");
    assert_int_equal(api_int(session, "metadata.generation"), 4);
    (void)roll_back(400, "", "'toRevision': '1', 'formOnly': true");
    (void)roll_back(400, "", "'toRevision': '1', 'kind': 'HarvestSession', 'formOnly': true");
    (void)roll_back(400, "",
                    "'toRevision': '1', 'kind': 'HarvestSession', 'name': 's', 'formOnly': 'x'");
}

static void a_rollback_to_now_changes_nothing(void **state)
{
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    before = api_fingerprint(&api);
    (void)roll_back(200, "", api_target(&api, "'toRevision': '%" PRIu64 "'", api_revision(&api)));
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_rollback_to_what_was_made_again_changes_nothing(void **state)
{
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    drop("a");
    api_advance(&api, 30000); /* so its owner has another time, and nothing else differs */
    (void)apply_as(201, "alice", "a", "", 10);
    before = api_fingerprint(&api);
    (void)roll_back(200, "", "'toRevision': '1'");
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_rollback_is_history_itself(void **state)
{
    const struct node *history;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    api.cause = "back to what worked";
    (void)roll_back(200, "", "'toRevision': '1'");
    (void)roll_back(200, "", "'toRevision': '2'"); /* and back again */
    assert_int_equal(percent_of("a"), 20);
    history = api_get(&api, POLICIES "/a/history");
    assert_int_equal(api_at(history, "items")->list.count, 4);
    assert_string_equal(api_text(history, "items[0].why"), "back to what worked");
}

static void a_dry_run_of_a_rollback_changes_nothing(void **state)
{
    const struct node *answer;
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    drop("a");
    (void)apply_as(201, "alice", "b", "", 20);
    before = api_fingerprint(&api);
    answer = roll_back(200, "?dryRun=All", "'toRevision': '1', 'prune': true");
    assert_true(api_at(answer, "status.dryRun")->boolean);
    assert_string_equal(api_text(answer, "status.results[0].result"), "created");
    assert_string_equal(api_text(answer, "status.results[1].result"), "deleted");
    assert_string_equal(api_text(answer, "status.results[1].before.metadata.name"), "b");
    assert_non_null(api_at(answer, "status.plan"));
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_rollback_is_carried_out_as_planned_or_not_at_all(void **state)
{
    const char *planned;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    planned = api_text(roll_back(200, "?dryRun=All", "'toRevision': '1'"), "status.revision");
    (void)apply_as(201, "bob", "b", "", 30);
    (void)roll_back(409, "", api_target(&api, "'toRevision': '1', 'revision': '%s'", planned));
    assert_int_equal(percent_of("a"), 20);
    planned = api_text(roll_back(200, "?dryRun=All", "'toRevision': '1'"), "status.revision");
    (void)roll_back(200, "", api_target(&api, "'toRevision': '1', 'revision': '%s'", planned));
    assert_int_equal(percent_of("a"), 10);
}

static void a_rollback_works_after_a_restart(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    api_restart(&api);
    (void)roll_back(200, "", "'toRevision': '1'");
    assert_int_equal(percent_of("a"), 10);
}

static void the_key_of_an_agent_stays(void **state)
{
    struct api_agent agent = {.name = "edge-1", .key = {1}};
    const struct node *now;
    uint64_t before;

    (void)state;
    (void)api_expect(&api, 201, "POST", AGENTS,
                     "{'metadata': {'name': 'edge-1'}, 'spec': {'unschedulable': true}}");
    before = api_revision(&api);
    api_connect(&api, &agent);
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", AGENTS "/edge-1", "{'spec': {'unschedulable': false}}");
    api.content_type = NULL;
    (void)roll_back(
        200, "",
        api_target(&api, "'toRevision': '%" PRIu64 "', 'kind': 'Agent', 'name': 'edge-1'", before));
    now = api_get(&api, AGENTS "/edge-1");
    assert_true(api_at(now, "spec.unschedulable")->boolean);
    assert_string_not_equal(api_text(now, "spec.publicKey"), "");
    assert_string_not_equal(api_text(now, "status.platform"), "");
}

static void patch_agent(const char *text)
{
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", AGENTS "/edge-1", text);
    api.content_type = NULL;
}

/* Given an agent that was cordoned since and one label changed, when the fleet goes back, then the
 * label does and the cordon stays; its own rollback takes that, too. */
static void the_fleet_goes_back_and_cordons_stay(void **state)
{
    struct api_agent agent = {.name = "edge-1", .key = {1}};
    const char *to;

    (void)state;
    api_connect(&api, &agent);
    patch_agent("{'metadata': {'labels': {'site': 'north'}}}");
    (void)apply_as(201, "alice", "a", "", 10);
    to = api_target(&api, "'toRevision': '%" PRIu64 "'", api_revision(&api));
    patch_agent("{'metadata': {'labels': {'site': 'south'}}, 'spec': {'unschedulable': true,"
                " 'drain': 'gently'}}");
    (void)apply_as(200, "alice", "a", "", 20);
    (void)roll_back(200, "", to);
    assert_int_equal(percent_of("a"), 10);
    assert_string_equal(api_text(api_get(&api, AGENTS "/edge-1"), "metadata.labels.site"), "north");
    assert_true(api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable")->boolean);
    assert_string_equal(api_text(api_get(&api, AGENTS "/edge-1"), "spec.drain"), "gently");
    (void)roll_back(200, "", api_target(&api, "%s, 'kind': 'Agent', 'name': 'edge-1'", to));
    assert_false(api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable") != NULL &&
                 api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable")->boolean);
}

/* --- going back with some of it --------------------------------------------------------------- */

static void several_objects_go_back_in_one_commit(void **state)
{
    const struct node *answer;
    size_t commits;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(201, "alice", "b", "", 10);
    (void)apply_as(201, "alice", "c", "", 10);
    (void)put_session("'replicas': 1, " WORK);
    (void)apply_as(200, "alice", "a", "", 20);
    drop("b");
    (void)apply_as(200, "alice", "c", "", 20);
    (void)put_session("'replicas': 2, " WORK);
    commits = api.commits;
    answer = roll_back(200, "",
                       "'toRevision': '4', 'objects': [{'kind': 'HarvestPolicy', 'name': 'a'},"
                       "{'kind': 'HarvestSession', 'name': 's'},"
                       "{'kind': 'HarvestPolicy', 'name': 'b'},"
                       "{'kind': 'HarvestPolicy', 'name': 'a'}]");
    assert_int_equal(api.commits, commits + 1);
    assert_int_equal(api_at(answer, "status.results")->list.count, 3);
    assert_int_equal(percent_of("a"), 10);
    assert_int_equal(percent_of("b"), 10);
    assert_int_equal(percent_of("c"), 20); /* nobody named it */
    assert_int_equal(api_int(api_get(&api, SESSIONS "/s"), "spec.replicas"), 1);
}

static void of_several_objects_all_go_back_or_none(void **state)
{
    const struct node *status;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    (void)apply_as(200, "alice", "a", "", 20);
    status = roll_back(404, "",
                       "'toRevision': '1', 'objects': [{'kind': 'HarvestPolicy', 'name': 'a'},"
                       "{'kind': 'HarvestPolicy', 'name': 'none'}]");
    assert_string_equal(api_text(status, "message"),
                        "harvestpolicy \"none\" was not there at revision 1");
    assert_int_equal(percent_of("a"), 20);
}

/* Given one with the label all along, one that lost it, one that got it, one that was deleted with
 * it, one that never had it and one that is newer, when those with the label go back, then it is
 * all but the last two. */
static void what_has_the_label_now_or_had_it_then_goes_back(void **state)
{
    const struct node *answer;

    (void)state;
    (void)apply_as(201, "alice", "always", "'labels': {'tier': 'gold'}", 10);
    (void)apply_as(201, "alice", "lost", "'labels': {'tier': 'gold'}", 10);
    (void)apply_as(201, "alice", "got", "", 10);
    (void)apply_as(201, "alice", "gone", "'labels': {'tier': 'gold'}", 10);
    (void)apply_as(201, "alice", "never", "", 10);
    (void)apply_as(200, "alice", "always", "'labels': {'tier': 'gold'}", 20);
    (void)apply_as(200, "alice", "lost", "", 20);
    (void)apply_as(200, "alice", "got", "'labels': {'tier': 'gold'}", 20);
    drop("gone");
    (void)apply_as(200, "alice", "never", "", 20);
    (void)apply_as(201, "alice", "newer", "'labels': {'tier': 'gold'}", 20);
    answer = roll_back(200, "", "'toRevision': '5', 'labelSelector': 'tier=gold'");
    assert_int_equal(api_at(answer, "status.results")->list.count, 4);
    assert_int_equal(percent_of("always"), 10);
    assert_string_equal(api_text(api_get(&api, POLICIES "/lost"), "metadata.labels.tier"), "gold");
    assert_null(api_at(api_get(&api, POLICIES "/got"), "metadata.labels"));
    assert_int_equal(percent_of("gone"), 10);
    assert_int_equal(percent_of("never"), 20);
    assert_true(is_there("newer"));
    (void)apply_as(201, "alice", "newest", "", 20);
    (void)roll_back(200, "", "'toRevision': '5', 'labelSelector': 'tier=gold', 'prune': true");
    assert_false(is_there("newer"));
    assert_true(is_there("newest"));
}

static void labels_select_among_the_kinds_that_are_said(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "a", "'labels': {'tier': 'gold'}", 10);
    (void)apply_as(200, "alice", "a", "'labels': {'tier': 'gold'}", 20);
    (void)roll_back(200, "",
                    "'toRevision': '1', 'kind': 'HarvestSession', 'labelSelector': 'tier=gold'");
    assert_int_equal(percent_of("a"), 20);
    (void)roll_back(200, "",
                    "'toRevision': '1', 'labelSelector': 'tier in (gold, silver)',"
                    "'objects': [{'kind': 'HarvestSession'}, {'kind': 'HarvestPolicy'}]");
    assert_int_equal(percent_of("a"), 10);
}

/* Who asks for agents of a site wants back what was said of them, cordons and all; to whom labels
 * of all kinds are the same, wants what the fleet runs. */
static void agents_that_were_selected_are_no_longer_cordoned(void **state)
{
    struct api_agent agent = {.name = "edge-1", .key = {1}};
    const char *to;

    (void)state;
    api_connect(&api, &agent);
    patch_agent("{'metadata': {'labels': {'site': 'north'}}}");
    to = api_target(&api, "'toRevision': '%" PRIu64 "', 'labelSelector': 'site=north'",
                    api_revision(&api));
    patch_agent("{'metadata': {'labels': {'site': 'south'}}, 'spec': {'unschedulable': true}}");
    (void)roll_back(200, "", to);
    assert_string_equal(api_text(api_get(&api, AGENTS "/edge-1"), "metadata.labels.site"), "north");
    assert_true(api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable")->boolean);
    (void)roll_back(200, "", api_target(&api, "%s, 'kind': 'Agent'", to));
    assert_false(api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable") != NULL &&
                 api_at(api_get(&api, AGENTS "/edge-1"), "spec.unschedulable")->boolean);
}

static void make_many(size_t from, size_t to)
{
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;

    str_add(&body, "{'spec': {'changes': [");
    for (size_t i = from; i < to; i++) {
        str_addf(&body,
                 "%s{'verb': 'apply', 'object': {'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy', "
                 "'metadata': {'name': 'p-%zu'}, 'spec': {'battery': {'minPercent': 1}}}}",
                 i == from ? "" : ", ", i);
    }
    str_add(&body, "]}}");
    (void)api_expect(&api, 200, "POST", "/apis/fog/v1/changesets", body.data);
}

static void a_rollback_of_too_much_is_refused(void **state)
{
    const struct node *answer;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    make_many(0, CHANGES_MAX / 2);
    make_many(CHANGES_MAX / 2, CHANGES_MAX);
    (void)roll_back(200, "?dryRun=All", "'toRevision': '1', 'prune': true");
    make_many(CHANGES_MAX, CHANGES_MAX + 1);
    answer = roll_back(413, "", "'toRevision': '1', 'prune': true");
    assert_non_null(strstr(api_text(answer, "message"), "more than 4096 objects"));
    (void)roll_back(200, "", "'toRevision': '1'"); /* what is the same does not count */
    (void)roll_back(200, "",
                    "'toRevision': '1', 'prune': true, 'kind': 'HarvestPolicy', 'name': 'p-0'");
}

static void bad_rollbacks_are_refused(void **state)
{
    static const char *const specs[] = {
        "",
        "'toRevision': 1",
        "'toRevision': 'yesterday'",
        "'toRevision': '99'",
        "'toRevision': '1', 'kind': 'Toaster'",
        "'toRevision': '1', 'kind': 'Assignment'",
        "'toRevision': '1', 'kind': 'Event'",
        "'toRevision': '1', 'kind': 5",
        "'toRevision': '1', 'name': 'a'",
        "'toRevision': '1', 'kind': 'HarvestPolicy', 'name': 5",
        "'toRevision': '1', 'prune': 'yes'",
        "'toRevision': '1', 'revision': 1",
        "'toRevision': '1', 'revision': 'now'",
        "'toRevision': '1', 'objects': {'kind': 'HarvestPolicy', 'name': 'a'}",
        "'toRevision': '1', 'objects': []",
        "'toRevision': '1', 'objects': ['a']",
        "'toRevision': '1', 'objects': [{'name': 'a'}]",
        "'toRevision': '1', 'objects': [{'kind': 'Assignment', 'name': 'a'}]",
        "'toRevision': '1', 'objects': [{'kind': 'HarvestPolicy', 'name': 5}]",
        "'toRevision': '1', 'objects': [{'kind': 'HarvestPolicy'}], 'kind': 'HarvestPolicy'",
        "'toRevision': '1', 'objects': [{'kind': 'HarvestSession'}], 'formOnly': true",
        "'toRevision': '1', 'labelSelector': ''",
        "'toRevision': '1', 'labelSelector': 5",
        "'toRevision': '1', 'labelSelector': 'a in'",
        "'toRevision': '1', 'kind': 'HarvestPolicy', 'name': 'a', 'labelSelector': 'x=y'",
    };
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    before = api_fingerprint(&api);
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        (void)roll_back(400, "", specs[i]);
    }
    (void)api_expect(&api, 400, "POST", ROLLBACKS, "");
    (void)api_expect(&api, 400, "POST", ROLLBACKS, "[]");
    (void)roll_back(400, "?dryRun=Some", "'toRevision': '1'");
    assert_string_equal(api_fingerprint(&api), before);
}

static void what_was_not_there_then_cannot_come_back(void **state)
{
    const struct node *status;

    (void)state;
    (void)apply_as(201, "alice", "a", "", 10);
    status = roll_back(404, "", "'toRevision': '1', 'kind': 'HarvestPolicy', 'name': 'none'");
    assert_string_equal(api_text(status, "message"),
                        "harvestpolicy \"none\" was not there at revision 1");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_history_of_an_object_is_newest_first),
        CASE(the_history_of_the_fleet_has_a_limit),
        CASE(what_never_was_has_no_history),
        CASE(a_status_is_not_in_history),
        CASE(one_object_goes_back),
        CASE(owners_of_fields_go_back_too),
        CASE(everything_goes_back_in_one_commit),
        CASE(prune_takes_what_is_newer),
        CASE(what_was_deleted_comes_back_as_another),
        CASE(references_come_back_together),
        CASE(only_the_form_goes_back_when_that_is_asked_for),
        CASE(a_rollback_to_now_changes_nothing),
        CASE(a_rollback_to_what_was_made_again_changes_nothing),
        CASE(a_rollback_is_history_itself),
        CASE(a_dry_run_of_a_rollback_changes_nothing),
        CASE(a_rollback_is_carried_out_as_planned_or_not_at_all),
        CASE(a_rollback_works_after_a_restart),
        CASE(the_key_of_an_agent_stays),
        CASE(the_fleet_goes_back_and_cordons_stay),
        CASE(several_objects_go_back_in_one_commit),
        CASE(of_several_objects_all_go_back_or_none),
        CASE(what_has_the_label_now_or_had_it_then_goes_back),
        CASE(labels_select_among_the_kinds_that_are_said),
        CASE(agents_that_were_selected_are_no_longer_cordoned),
        CASE(a_rollback_of_too_much_is_refused),
        CASE(bad_rollbacks_are_refused),
        CASE(what_was_not_there_then_cannot_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
