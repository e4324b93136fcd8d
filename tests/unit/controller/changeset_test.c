/* Change sets: all or nothing, in one commit, at a demanded revision. */
#include "controller/core/changeset.h"

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

#define POLICY(name, spec)                                                                         \
    "{'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy', 'metadata': {'name': '" name "'},"          \
    "'spec': {" spec "}}"
#define SESSION(name, spec)                                                                        \
    "{'apiVersion': 'fog/v1', 'kind': 'HarvestSession', 'metadata': {'name': '" name "'},"         \
    "'spec': {" spec WORK "}}"
#define DO(verb, object) "{'verb': '" verb "', 'object': " object "}"
#define MIN(n)           "'battery': {'minPercent': " #n "}"

static struct node *send(int code, const char *query, const char *spec, const char *changes)
{
    struct str body = STR_EMPTY;
    struct node *answer;

    str_addf(&body, "{'kind': 'ChangeSet', 'apiVersion': 'fog/v1', 'spec': {%s'changes': [%s]}}",
             spec, changes);
    answer = api_expect(&api, code, "POST", api_target(&api, CHANGESETS "?fieldManager=m%s", query),
                        body.data);
    str_fini(&body);
    return answer;
}

static void refused(int code, const char *reason, const char *message, const char *spec,
                    const char *changes)
{
    const char *before = api_fingerprint(&api);
    const struct node *status = send(code, "", spec, changes);

    assert_string_equal(api_text(status, "reason"), reason);
    if (strstr(api_text(status, "message"), message) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", message, api_text(status, "message"));
    }
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_set_is_one_commit_and_says_what_became_of_each(void **state)
{
    const struct node *answer;

    (void)state;
    (void)send(200, "", "",
               DO("apply", POLICY("a", MIN(1))) "," DO("apply", POLICY("b", "")) "," DO(
                   "create", POLICY("gone", "")));
    assert_int_equal(api.commits, 1);
    answer = send(
        200, "", "",
        DO("apply", POLICY("a", MIN(1))) "," DO("apply", POLICY("b", MIN(2))) "," DO(
            "create",
            POLICY(
                "c",
                "")) "," DO("replace",
                            POLICY(
                                "b",
                                MIN(3))) ","
                                         "{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'gone'}");
    assert_string_equal(api_text(answer, "kind"), "ChangeSet");
    assert_string_equal(api_text(answer, "apiVersion"), "fog/v1");
    assert_string_equal(api_text(answer, "status.results[0].result"), "unchanged");
    assert_string_equal(api_text(answer, "status.results[1].result"), "configured");
    assert_string_equal(api_text(answer, "status.results[2].result"), "created");
    assert_string_equal(api_text(answer, "status.results[3].result"), "configured");
    assert_string_equal(api_text(answer, "status.results[4].result"), "deleted");
    assert_string_equal(api_text(answer, "status.results[4].name"), "gone");
    assert_string_equal(api_text(answer, "status.results[1].kind"), "HarvestPolicy");
    assert_int_equal(api_int(answer, "status.results[3].object.spec.battery.minPercent"), 3);
    assert_null(api_at(answer, "status.results[1].before"));
    assert_null(api_at(answer, "status.plan"));
    assert_false(api_at(answer, "status.dryRun")->boolean);
    assert_int_equal(api.commits, 2);
    assert_int_equal(strtoull(api_text(answer, "status.revision"), NULL, 10),
                     api.ctl->desired_revision);
}

static void a_patch_changes_what_it_names_in_what_is_there(void **state)
{
    const struct node *answer;

    (void)state;
    (void)send(200, "", "", DO("apply", POLICY("a", MIN(1) ", 'limits': {'cpuPercent': 40}")));
    answer =
        send(200, "", "", DO("patch", POLICY("a", MIN(2))) "," DO("patch", POLICY("a", MIN(2))));
    assert_string_equal(api_text(answer, "status.results[0].result"), "configured");
    assert_string_equal(api_text(answer, "status.results[1].result"), "unchanged");
    assert_int_equal(api_int(answer, "status.results[0].object.spec.battery.minPercent"), 2);
    assert_int_equal(api_int(answer, "status.results[0].object.spec.limits.cpuPercent"), 40);
    refused(404, "NotFound", "\"b\" not found", "", DO("patch", POLICY("b", MIN(2))));
    refused(409, "Conflict", "", "",
            "{'verb': 'patch', 'object': {'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy',"
            "'metadata': {'name': 'a', 'resourceVersion': '1'}, 'spec': {}}}");
}

static void a_set_that_changes_nothing_is_no_commit(void **state)
{
    const char *set = DO("apply", POLICY("a", MIN(1))) "," DO("apply", POLICY("b", ""));
    const char *before;

    (void)state;
    (void)send(200, "", "", set);
    before = api_fingerprint(&api);
    (void)send(200, "", "", set);
    (void)send(200, "", "", "");
    assert_string_equal(api_fingerprint(&api), before);
    assert_int_equal(api.commits, 1);
}

static void one_that_cannot_be_made_stops_all(void **state)
{
    const struct node *status;

    (void)state;
    refused(422, "Invalid", "spec.battery.minPercent", "",
            DO("apply", POLICY("a", "")) "," DO("apply", POLICY("b", MIN(900))));
    status = send(
        422, "", "",
        DO("apply", POLICY("a", "")) "," DO("apply", POLICY("b", MIN(900))) "," DO(
            "apply",
            SESSION("s", "'policy': 'none', ")) ","
                                                "{'verb': 'delete', 'kind': 'Agent', 'name': 'x'}");
    assert_non_null(strstr(api_text(status, "message"), "3 of 4 changes cannot be made"));
    assert_int_equal(api_int(status, "details.causes[0].change"), 1);
    assert_string_equal(api_text(status, "details.causes[0].field"), "spec.battery.minPercent");
    assert_int_equal(api_int(status, "details.causes[1].change"), 2);
    assert_string_equal(api_text(status, "details.causes[1].field"), "spec.policy");
    assert_int_equal(api_int(status, "details.causes[2].change"), 3);
    assert_string_equal(api_text(status, "details.causes[2].reason"), "NotFound");
    assert_int_equal(api_at(api_get(&api, POLICIES), "items")->list.count, 0);
}

static void objects_may_refer_to_later_ones(void **state)
{
    (void)state;
    (void)send(
        200, "", "",
        DO("apply", SESSION("s", "'policy': 'quiet', ")) "," DO("apply", POLICY("quiet", "")));
    (void)api_get(&api, SESSIONS "/s");
}

static void a_demanded_revision_is_kept(void **state)
{
    const struct node *dry, *status;

    (void)state;
    (void)send(200, "", "'revision': '0', ", DO("apply", POLICY("a", "")));
    dry = send(200, "&dryRun=All", "", DO("apply", POLICY("b", "")));
    assert_string_equal(api_text(dry, "status.revision"), "1");
    (void)send(200, "", "'revision': '1', ", DO("apply", POLICY("b", "")));
    status = send(409, "", "'revision': '1', ", DO("apply", POLICY("c", "")));
    assert_string_equal(api_text(status, "reason"), "Conflict");
    refused(409, "Conflict", "the plan was made at revision 0, and the fleet is at 2 now",
            "'revision': '0', ", DO("apply", POLICY("c", "")));
    refused(409, "Conflict", "look at the plan again", "'revision': '99', ",
            DO("apply", POLICY("c", "")));
}

static void bad_sets_are_refused(void **state)
{
    static const struct {
        const char *spec, *changes, *message;
    } cases[] = {
        {"'revision': 1, ", "", "spec.revision"},
        {"'revision': '-1', ", "", "spec.revision"},
        {"'revision': '', ", "", "spec.revision"},
        {"'force': 'yes', ", "", "spec.force"},
        {"", "{}", "changes[0].verb"},
        {"", "5", "changes[0].verb"},
        {"", "{'verb': 'mend'}", "\"mend\" is none of apply, create, replace, patch, delete"},
        {"", "{'verb': 'apply'}", "changes[0].object"},
        {"", "{'verb': 'apply', 'object': []}", "changes[0].object"},
        {"", "{'verb': 'apply', 'object': {'kind': 'Agent'}}", "changes[0].object.apiVersion"},
        {"", "{'verb': 'apply', 'object': {'apiVersion': 'fog/v1', 'kind': 'Toaster'}}",
         "changes[0].object.kind"},
        {"", "{'verb': 'delete'}", "a delete needs kind and name"},
        {"", "{'verb': 'delete', 'kind': 'Agent'}", "a delete needs kind and name"},
        {"", "{'verb': 'delete', 'kind': 'Toaster', 'name': 'x'}", "a delete needs kind and name"},
        {"", "{'verb': 'delete', 'kind': 'Agent', 'name': 'x', 'uid': 5}", "changes[0].uid"},
        {"", "{'verb': 'delete', 'object': {'apiVersion': 'fog/v1', 'kind': 'Agent'}}",
         "changes[0].object.metadata.name"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        refused(400, "BadRequest", cases[i].message, cases[i].spec, cases[i].changes);
    }
    (void)api_expect(&api, 400, "POST", CHANGESETS, "");
    (void)api_expect(&api, 400, "POST", CHANGESETS, "{'spec': {}}");
    (void)api_expect(&api, 400, "POST", CHANGESETS, "{'spec': {'changes': {}}}");
    (void)api_expect(&api, 400, "POST", CHANGESETS, "{'kind': 'Set', 'spec': {'changes': []}}");
    (void)api_expect(&api, 400, "POST", CHANGESETS, "[");
}

static void a_set_holds_changes_up_to_the_bound(void **state)
{
    struct str changes = STR_EMPTY;

    (void)state;
    for (size_t i = 1; i < CHANGES_MAX; i++) {
        str_addf(&changes, "%s" DO("create", POLICY("p%zu", "")), i == 1 ? "" : ",", i);
    }
    (void)send(200, "&dryRun=All", "", changes.data);
    str_add(&changes, "," DO("create", POLICY("last", "")));
    (void)send(200, "&dryRun=All", "", changes.data);
    str_add(&changes, "," DO("create", POLICY("more", "")));
    refused(413, "RequestEntityTooLarge", "4097 changes, at most 4096", "", changes.data);
    str_fini(&changes);
}

static void a_delete_may_name_the_uid_it_means(void **state)
{
    const char *uid;

    (void)state;
    (void)send(200, "", "", DO("apply", POLICY("a", "")));
    uid = api_text(api_get(&api, POLICIES "/a"), "metadata.uid");
    refused(409, "Conflict", "modified", "",
            "{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'a', 'uid': 'other'}");
    (void)send(200, "", "",
               api_target(&api,
                          "{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'a', 'uid': '%s'}",
                          uid));
    refused(404, "NotFound", "a", "", DO("delete", POLICY("a", "")));
}

static void conflicts_of_an_apply_name_their_change(void **state)
{
    const struct node *status;

    (void)state;
    (void)api_expect(&api, 201, "POST", POLICIES "?fieldManager=editor", POLICY("a", MIN(1)));
    status = send(409, "", "", DO("apply", POLICY("b", "")) "," DO("apply", POLICY("a", MIN(2))));
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldManagerConflict");
    assert_string_equal(api_text(status, "details.causes[0].field"), ".spec.battery.minPercent");
    assert_int_equal(api_int(status, "details.causes[0].change"), 1);
    (void)send(200, "", "'force': true, ", DO("apply", POLICY("a", MIN(2))));
}

static void a_dry_run_shows_before_and_plan_and_changes_nothing(void **state)
{
    const char *before;
    const struct node *answer;

    (void)state;
    (void)send(200, "", "", DO("apply", POLICY("a", MIN(1))) "," DO("apply", POLICY("b", "")));
    before = api_fingerprint(&api);
    answer = send(200, "&dryRun=All", "",
                  DO("apply", POLICY("a", MIN(2))) "," DO("delete", POLICY("b", "")) "," DO(
                      "create", SESSION("s", "")));
    assert_true(api_at(answer, "status.dryRun")->boolean);
    assert_int_equal(api_int(answer, "status.results[0].before.spec.battery.minPercent"), 1);
    assert_int_equal(api_int(answer, "status.results[0].object.spec.battery.minPercent"), 2);
    assert_string_equal(api_text(answer, "status.results[1].before.metadata.name"), "b");
    assert_null(api_at(answer, "status.results[2].before"));
    assert_non_null(api_at(answer, "status.plan"));
    assert_string_equal(api_fingerprint(&api), before);
    assert_int_equal(api.commits, 1);
}

static void warnings_name_their_change(void **state)
{
    const struct node *answer;

    (void)state;
    answer = send(200, "", "",
                  DO("apply", POLICY("a", "")) "," DO("apply", POLICY("b", "'batery': {}")));
    assert_int_equal(api_int(answer, "status.warnings[0].change"), 1);
    assert_string_equal(api_text(answer, "status.warnings[0].field"), "spec.batery");
    (void)send(400, "&fieldValidation=Strict", "", DO("apply", POLICY("b", "'batery': {}")));
}

static void who_and_why_are_kept(void **state)
{
    const struct node *history;

    (void)state;
    api.user = "bob";
    api.cause = "spring cleaning";
    (void)send(200, "", "", DO("apply", POLICY("a", "")));
    history = api_get(&api, "/apis/fog/v1/history");
    assert_string_equal(api_text(history, "items[0].who"), "bob");
    assert_string_equal(api_text(history, "items[0].why"), "spring cleaning");
    assert_string_equal(api_text(history, "items[0].manager"), "m");
}

static void an_agent_may_go_and_come_in_one_set(void **state)
{
    const char *uid;

    (void)state;
    (void)api_expect(&api, 201, "POST", AGENTS, "{'metadata': {'name': 'a'}}");
    uid = api_text(api_get(&api, AGENTS "/a"), "metadata.uid");
    (void)send(
        200, "", "",
        "{'verb': 'delete', 'kind': 'Agent', 'name': 'a'}," DO(
            "create", "{'apiVersion': 'fog/v1', 'kind': 'Agent', 'metadata': {'name': 'a'}}"));
    assert_string_not_equal(api_text(api_get(&api, AGENTS "/a"), "metadata.uid"), uid);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* --- apply sets --------------------------------------------------------------------------------
 */

static bool is_there(const char *name)
{
    return api_call(&api, "GET", api_target(&api, POLICIES "/%s", name), NULL)->code == 200;
}

#define WEB       "'applySet': 'web', "
#define WEB_PRUNE "'applySet': 'web', 'prune': true, "

static void a_set_marks_what_is_applied_and_prunes_what_is_not(void **state)
{
    struct node *answer;
    const char *before;

    (void)state;
    (void)send(200, "", WEB,
               DO("apply", POLICY("p", MIN(20))) "," DO("apply", POLICY("q", MIN(20))));
    (void)send(200, "", "", DO("apply", POLICY("mine", MIN(20))));
    (void)send(200, "", "'applySet': 'shop', ", DO("apply", POLICY("other", MIN(20))));
    assert_string_equal(
        api_text(api_at(api_get(&api, POLICIES "/p"), "metadata.labels"), "fog/applyset"), "web");

    before = api_fingerprint(&api);
    answer = send(200, "&dryRun=All", WEB_PRUNE, DO("apply", POLICY("p", MIN(30))));
    assert_int_equal(api_at(answer, "status.results")->list.count, 2);
    assert_string_equal(api_text(answer, "status.results[1].name"), "q");
    assert_string_equal(api_text(answer, "status.results[1].result"), "deleted");
    assert_string_equal(api_fingerprint(&api), before);

    (void)send(200, "", WEB_PRUNE, DO("apply", POLICY("p", MIN(30))));
    assert_true(is_there("p"));
    assert_false(is_there("q"));
    assert_true(is_there("mine"));
    assert_true(is_there("other"));
}

static void a_set_that_prunes_is_all_or_nothing(void **state)
{
    (void)state;
    (void)send(200, "", WEB,
               DO("apply", POLICY("p", MIN(20))) "," DO("apply", POLICY("q", MIN(20))));
    (void)send(200, "", "", DO("apply", SESSION("work", "'policy': 'q',")));
    refused(409, "Conflict", "is used by harvestsession \"work\"", WEB_PRUNE,
            DO("apply", POLICY("p", MIN(30))));
    (void)send(
        200, "", WEB_PRUNE,
        DO("apply", SESSION("work", "'policy': 'p',")) "," DO("apply", POLICY("p", MIN(30))));
    assert_false(is_there("q"));
}

static void an_object_is_in_one_set(void **state)
{
    (void)state;
    (void)send(200, "", WEB, DO("apply", POLICY("p", MIN(20))));
    refused(409, "Conflict", "is in the apply set \"web\"", "'applySet': 'shop', ",
            DO("apply", POLICY("p", MIN(20))));
    (void)send(200, "", "'applySet': 'shop', 'force': true, ", DO("apply", POLICY("p", MIN(20))));
    (void)send(200, "", WEB_PRUNE, DO("apply", POLICY("q", MIN(20))));
    assert_true(is_there("p"));
}

/* Of the set "web", with as many change sets as are needed. */
static void fill_the_set(size_t count)
{
    struct str changes = STR_EMPTY;

    for (size_t i = 0; i < count; i++) {
        str_addf(&changes,
                 "%s{'verb': 'apply', 'object': {'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy', "
                 "'metadata': {'name': 'p-%zu'}, 'spec': {}}}",
                 i % (CHANGES_MAX / 2) == 0 ? "" : ", ", i);
        if (i + 1 == count || (i + 1) % (CHANGES_MAX / 2) == 0) {
            (void)send(200, "", WEB, changes.data);
            str_clear(&changes);
        }
    }
    str_fini(&changes);
}

static void what_is_pruned_counts_as_a_change(void **state)
{
    (void)state;
    fill_the_set(CHANGES_MAX);
    refused(413, "RequestEntityTooLarge", "4097 changes with what is pruned", WEB_PRUNE,
            DO("apply", POLICY("q", MIN(20))));
    (void)send(200, "", WEB_PRUNE, DO("apply", POLICY("p-7", MIN(20))));
    assert_int_equal(node_find(api_get(&api, POLICIES), "items")->list.count, 1);
}

static void what_another_source_owns_is_not_pruned(void **state)
{
    struct api_agent edge = {.name = "edge-1", .key = {1}};
    struct node *answer;

    (void)state;
    api_connect(&api, &edge);
    (void)send(200, "", WEB,
               "{'verb': 'apply', 'object': {'apiVersion': 'fog/v1', 'kind': 'Agent', 'metadata': "
               "{'name': 'edge-1', 'labels': {'a': 'b'}}}}");
    answer = send(200, "", WEB_PRUNE, DO("apply", POLICY("q", MIN(20))));
    assert_string_equal(api_text(answer, "status.results[1].result"), "unchanged");
    assert_string_equal(api_text(answer, "status.warnings[0].message"),
                        "agent \"edge-1\" stays: another source owns something of it");
    assert_null(api_hangup(&api, edge.link));
}

static void a_set_has_a_name(void **state)
{
    (void)state;
    refused(400, "BadRequest", "spec.applySet is missing", "'prune': true, ",
            DO("apply", POLICY("p", MIN(20))));
    refused(422, "Invalid", "spec.applySet: \"no good\"", "'applySet': 'no good', ",
            DO("apply", POLICY("p", MIN(20))));
    refused(422, "Invalid", "spec.applySet: \"\" is empty", "'applySet': '', ",
            DO("apply", POLICY("p", MIN(20))));
}

static void a_plan_is_told_and_nothing_is_changed(void **state)
{
    static const char manifest[] = "{'apiVersion': 'fog/v1', 'kind': 'HarvestSession', 'metadata': "
                                   "{'name': 'render'}, 'spec': {" WORK "}}";
    const struct node *answer;
    const char *before = api_fingerprint(&api);

    (void)state;
    answer = api_expect(&api, 200, "POST", "/apis/fog/v1/plan", manifest);
    assert_string_equal(api_text(answer, "kind"), "Plan");
    assert_string_equal(api_text(answer, "status.results[0].result"), "created");
    assert_string_equal(api_text(answer, "status.plan.pending[0].why"), "NoAgent");
    answer = api_expect(&api, 200, "POST", SESSIONS "/render/plan", manifest);
    assert_string_equal(api_text(answer, "status.plan.pending[0].session"), "render");
    answer = api_expect(&api, 200, "POST", "/apis/fog/v1/plan",
                        api_target(&api,
                                   "{'kind': 'ChangeSet', 'spec': {'changes': [{'verb': 'apply', "
                                   "'object': %s}]}}",
                                   manifest));
    assert_int_equal(api_at(answer, "status.results")->list.count, 1);
    answer = api_expect(&api, 200, "POST", SESSIONS "/lone/plan",
                        "{'apiVersion': 'fog/v1', 'kind': 'HarvestSession', 'spec': {" WORK "}}");
    assert_string_equal(api_text(answer, "status.plan.pending[0].session"), "lone");
    (void)api_expect(&api, 400, "POST", SESSIONS "/other/plan", manifest);
    (void)api_expect(&api, 400, "POST", SESSIONS "/other/plan",
                     "{'kind': 'ChangeSet', 'spec': {'changes': [{'verb': 'delete', 'kind': "
                     "'HarvestSession', 'name': 'render'}]}}");
    (void)api_expect(&api, 400, "POST", POLICIES "/render/plan", manifest);
    (void)api_expect(&api, 400, "POST", "/apis/fog/v1/plan", "{'kind': 'ChangeSet'}");
    (void)api_expect(&api, 405, "GET", "/apis/fog/v1/plan", NULL);
    assert_string_equal(api_fingerprint(&api), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_is_told_and_nothing_is_changed, set_up, tear_down),
        CASE(a_set_is_one_commit_and_says_what_became_of_each),
        CASE(a_patch_changes_what_it_names_in_what_is_there),
        CASE(a_set_that_changes_nothing_is_no_commit),
        CASE(one_that_cannot_be_made_stops_all),
        CASE(objects_may_refer_to_later_ones),
        CASE(a_demanded_revision_is_kept),
        CASE(bad_sets_are_refused),
        CASE(a_set_holds_changes_up_to_the_bound),
        CASE(a_delete_may_name_the_uid_it_means),
        CASE(conflicts_of_an_apply_name_their_change),
        CASE(a_dry_run_shows_before_and_plan_and_changes_nothing),
        CASE(warnings_name_their_change),
        CASE(who_and_why_are_kept),
        CASE(a_set_marks_what_is_applied_and_prunes_what_is_not),
        CASE(a_set_that_prunes_is_all_or_nothing),
        CASE(an_object_is_in_one_set),
        CASE(what_is_pruned_counts_as_a_change),
        CASE(what_another_source_owns_is_not_pruned),
        CASE(a_set_has_a_name),
        CASE(an_agent_may_go_and_come_in_one_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
