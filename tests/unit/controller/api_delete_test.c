/* Deletes: options, finalizers, owners, collections. */
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

static struct node *create(const char *name, const char *meta)
{
    return api_expect(&api, 201, "POST", POLICIES,
                      api_target(&api, "{'metadata': {'name': '%s'%s}}", name, meta));
}

static struct node *merge(int code, const char *target, const char *patch)
{
    struct node *answer;

    api.content_type = "application/merge-patch+json";
    answer = api_expect(&api, code, "PATCH", target, patch);
    api.content_type = NULL;
    return answer;
}

static bool is_there(const char *target)
{
    return api_call(&api, "GET", target, NULL)->code == 200;
}

/* --- one -------------------------------------------------------------------------------------- */

static void a_delete_answers_with_the_uid(void **state)
{
    const char *uid = api_text(create("p", ""), "metadata.uid");
    const struct node *status = api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);

    (void)state;
    assert_string_equal(api_text(status, "kind"), "Status");
    assert_string_equal(api_text(status, "status"), "Success");
    assert_string_equal(api_text(status, "details.name"), "p");
    assert_string_equal(api_text(status, "details.kind"), "harvestpolicies");
    assert_string_equal(api_text(status, "details.group"), "fog");
    assert_string_equal(api_text(status, "details.uid"), uid);
    assert_false(is_there(POLICIES "/p"));
    (void)api_expect(&api, 404, "DELETE", POLICIES "/p", NULL);
}

static void the_options_of_kubectl_are_understood(void **state)
{
    (void)state;
    (void)create("a", "");
    (void)create("b", "");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", "{'propagationPolicy': 'Background'}");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/b",
                     "{'kind': 'DeleteOptions', 'apiVersion': 'v1', 'gracePeriodSeconds': 0,"
                     "'propagationPolicy': 'Foreground'}");
}

static void preconditions_of_a_delete(void **state)
{
    const char *uid = api_text(create("p", ""), "metadata.uid");

    (void)state;
    (void)api_expect(&api, 409, "DELETE", POLICIES "/p", "{'preconditions': {'uid': 'other'}}");
    (void)api_expect(&api, 409, "DELETE", POLICIES "/p",
                     "{'preconditions': {'resourceVersion': '9'}}");
    (void)api_expect(&api, 400, "DELETE", POLICIES "/p",
                     "{'preconditions': {'resourceVersion': 1}}");
    (void)api_expect(&api, 400, "DELETE", POLICIES "/p", "{'preconditions': 'all'}");
    (void)api_expect(&api, 400, "DELETE", POLICIES "/p", "[]");
    (void)api_expect(&api, 400, "DELETE", POLICIES "/p", "{");
    assert_true(is_there(POLICIES "/p"));
    (void)api_expect(
        &api, 200, "DELETE", POLICIES "/p",
        api_target(&api, "{'preconditions': {'uid': '%s', 'resourceVersion': '1'}}", uid));
}

static void another_propagation_is_refused(void **state)
{
    (void)state;
    (void)create("p", "");
    (void)api_expect(&api, 422, "DELETE", POLICIES "/p", "{'propagationPolicy': 'Sideways'}");
    (void)api_expect(&api, 422, "DELETE", POLICIES "/p?propagationPolicy=Sideways", NULL);
    (void)api_expect(&api, 400, "DELETE", POLICIES "/p", "{'propagationPolicy': 7}");
    assert_true(is_there(POLICIES "/p"));
}

static void a_policy_in_use_stays(void **state)
{
    const struct node *status;
    const char *before;

    (void)state;
    (void)create("quiet", "");
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'policy': 'quiet', " WORK "}}");
    before = api_fingerprint(&api);
    status = api_expect(&api, 409, "DELETE", POLICIES "/quiet", NULL);
    assert_string_equal(api_text(status, "reason"), "Conflict");
    assert_string_equal(api_text(status, "message"),
                        "harvestpolicies.fog \"quiet\" is used by harvestsession \"s\"; change or "
                        "delete that first");
    (void)api_expect(&api, 409, "DELETE", POLICIES, NULL);
    assert_string_equal(api_fingerprint(&api), before);
    (void)api_expect(&api, 200, "POST", CHANGESETS, /* both at once is fine */
                     "{'spec': {'changes': ["
                     "{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'quiet'},"
                     "{'verb': 'delete', 'kind': 'HarvestSession', 'name': 's'}]}}");
}

/* --- finalizers ------------------------------------------------------------------------------- */

static void an_object_with_finalizers_waits_for_them(void **state)
{
    const struct node *policy;
    uint64_t revision;

    (void)state;
    (void)create("p", ", 'finalizers': ['fog/a', 'fog/b']");
    policy = api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    assert_string_equal(api_text(policy, "kind"), "HarvestPolicy");
    assert_string_equal(api_text(policy, "metadata.deletionTimestamp"), "2026-01-01T00:00:00Z");
    assert_int_equal(api_int(policy, "metadata.deletionGracePeriodSeconds"), 0);
    assert_int_equal(api_int(policy, "metadata.generation"), 2);
    revision = api_revision(&api);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL); /* again: nothing new */
    assert_int_equal(api_revision(&api), revision);

    policy = merge(200, POLICIES "/p", "{'metadata': {'finalizers': ['fog/b']}}");
    assert_string_not_equal(api_text(policy, "metadata.deletionTimestamp"), "");
    policy = merge(200, POLICIES "/p", "{'metadata': {'finalizers': []}}");
    assert_string_equal(api_text(policy, "kind"), "HarvestPolicy");
    assert_string_equal(api_text(policy, "metadata.name"), "p");
    assert_null(api_at(policy, "metadata.finalizers[0]"));
    assert_int_equal(strtoull(api_text(policy, "metadata.resourceVersion"), NULL, 10),
                     api_revision(&api));
    assert_false(is_there(POLICIES "/p"));
}

static void no_finalizer_is_added_to_what_is_going(void **state)
{
    const struct node *status;

    (void)state;
    (void)create("p", ", 'finalizers': ['fog/a', 'fog/b']");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    status = merge(422, POLICIES "/p", "{'metadata': {'finalizers': ['fog/a', 'fog/b', 'fog/c']}}");
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldValueForbidden");
    assert_string_equal(api_text(status, "details.causes[0].field"), "metadata.finalizers");
    (void)merge(422, POLICIES "/p", "{'metadata': {'finalizers': ['fog/c']}}"); /* nor exchanged */
    (void)merge(200, POLICIES "/p", "{'metadata': {'finalizers': ['fog/a']}}");
}

static void clients_cannot_undo_a_deletion(void **state)
{
    const struct node *policy;

    (void)state;
    (void)create("p", ", 'finalizers': ['fog/a']");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    policy = merge(200, POLICIES "/p", "{'metadata': {'deletionTimestamp': null}}");
    assert_string_not_equal(api_text(policy, "metadata.deletionTimestamp"), "");
}

static void a_dry_run_of_the_last_finalizer_leaves_it(void **state)
{
    const char *before;

    (void)state;
    (void)create("p", ", 'finalizers': ['fog/a']");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p?dryRun=All", NULL);
    assert_null(api_at(api_get(&api, POLICIES "/p"), "metadata.deletionTimestamp"));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    before = api_fingerprint(&api);
    (void)merge(200, POLICIES "/p?dryRun=All", "{'metadata': {'finalizers': null}}");
    assert_string_equal(api_fingerprint(&api), before);
}

/* --- owners ----------------------------------------------------------------------------------- */

static const char *owned_by(const struct node *owner)
{
    return api_target(&api,
                      ", 'ownerReferences': [{'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy',"
                      "'name': '%s', 'uid': '%s'}]",
                      api_text(owner, "metadata.name"), api_text(owner, "metadata.uid"));
}

static void dependents_go_with_their_owner(void **state)
{
    const struct node *a = create("a", ""), *b = create("b", owned_by(a));

    (void)state;
    (void)create("c", owned_by(b));
    (void)create("d", "");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a?dryRun=All", NULL);
    assert_true(is_there(POLICIES "/c"));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    assert_false(is_there(POLICIES "/b"));
    assert_false(is_there(POLICIES "/c"));
    assert_true(is_there(POLICIES "/d"));
    assert_int_equal(api.ctl->model.owned_count, 0);
}

static void a_dependent_stays_while_an_owner_is_left(void **state)
{
    const struct node *a = create("a", ""), *b = create("b", "");

    (void)state;
    (void)create("c", api_target(&api,
                                 ", 'ownerReferences': [{'apiVersion': 'fog/v1',"
                                 "'kind': 'HarvestPolicy', 'name': 'a', 'uid': '%s'},"
                                 "{'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy',"
                                 "'name': 'b', 'uid': '%s'}]",
                                 api_text(a, "metadata.uid"), api_text(b, "metadata.uid")));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    assert_true(is_there(POLICIES "/c"));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/b", NULL);
    assert_false(is_there(POLICIES "/c"));
}

static void a_namesake_of_the_owner_is_not_the_owner(void **state)
{
    const struct node *a = create("a", "");

    (void)state;
    (void)create("b", owned_by(a));
    (void)api_expect(&api, 200, "POST", CHANGESETS,
                     "{'spec': {'changes': ["
                     "{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'a'},"
                     "{'verb': 'create', 'object': {'apiVersion': 'fog/v1',"
                     "'kind': 'HarvestPolicy', 'metadata': {'name': 'a'}}}]}}");
    assert_true(is_there(POLICIES "/a"));
    assert_false(is_there(POLICIES "/b"));
}

static void a_dependent_with_a_finalizer_waits_for_it(void **state)
{
    const struct node *a = create("a", "");

    (void)state;
    (void)create("b", api_target(&api, "%s, 'finalizers': ['fog/x']", owned_by(a)));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    assert_string_not_equal(api_text(api_get(&api, POLICIES "/b"), "metadata.deletionTimestamp"),
                            "");
}

static void the_end_of_a_deletion_takes_dependents_along(void **state)
{
    const struct node *a = create("a", ", 'finalizers': ['fog/x']");

    (void)state;
    (void)create("b", owned_by(a));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    assert_true(is_there(POLICIES "/b"));
    (void)merge(200, POLICIES "/a", "{'metadata': {'finalizers': null}}");
    assert_false(is_there(POLICIES "/b"));
}

static void orphans_stay_and_forget_their_owner(void **state)
{
    static const char *const ways[] = {POLICIES "/a?propagationPolicy=Orphan",
                                       POLICIES "/a?orphanDependents=true", POLICIES "/a"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        const struct node *a = create("a", "");

        (void)create("b", owned_by(a));
        (void)api_expect(&api, 200, "DELETE", ways[i],
                         i == 2 ? "{'propagationPolicy': 'Orphan'}" : NULL);
        assert_null(api_at(api_get(&api, POLICIES "/b"), "metadata.ownerReferences"));
        (void)api_expect(&api, 200, "DELETE", POLICIES "/b", NULL);
    }
}

/* --- collections ------------------------------------------------------------------------------ */

static void a_collection_is_deleted_as_selected(void **state)
{
    const struct node *list;

    (void)state;
    (void)create("a", ", 'labels': {'tier': 'gold'}");
    (void)create("b", ", 'labels': {'tier': 'gold'}");
    (void)create("c", "");
    (void)api_expect(&api, 400, "DELETE", POLICIES "?labelSelector=%2C", NULL);
    list = api_expect(&api, 200, "DELETE", POLICIES "?labelSelector=tier%3Dgold", NULL);
    assert_string_equal(api_text(list, "kind"), "HarvestPolicyList");
    assert_int_equal(api_at(list, "items")->list.count, 2);
    assert_string_equal(api_text(list, "items[1].metadata.name"), "b");
    assert_true(is_there(POLICIES "/c"));
    list = api_expect(&api, 200, "DELETE", POLICIES "?fieldSelector=metadata.name%3Dnone", NULL);
    assert_int_equal(api_at(list, "items")->list.count, 0);
    (void)api_expect(&api, 200, "DELETE", POLICIES, NULL);
    assert_int_equal(api_at(api_get(&api, POLICIES), "items")->list.count, 0);
}

static void a_collection_is_deleted_in_one_commit(void **state)
{
    size_t commits;

    (void)state;
    for (char name[2] = "a"; name[0] <= 'z'; name[0]++) {
        (void)create(name, "");
    }
    commits = api.commits;
    (void)api_expect(&api, 200, "DELETE", POLICIES, NULL);
    assert_int_equal(api.commits, commits + 1);
}

static void members_of_a_collection_that_belong_together_go_together(void **state)
{
    const struct node *a = create("a", "");

    (void)state;
    (void)create("b", owned_by(a));
    (void)api_expect(&api, 200, "DELETE", POLICIES, NULL);
    assert_false(is_there(POLICIES "/b"));
}

static void events_may_be_deleted(void **state)
{
    (void)state;
    (void)api_expect(&api, 404, "DELETE", EVENTS "/none", NULL);
    (void)api_expect(&api, 200, "DELETE", "/api/v1/namespaces/default/events", NULL);
}

static void what_was_deleted_stays_deleted_after_a_restart(void **state)
{
    (void)state;
    (void)create("a", "");
    (void)create("b", ", 'finalizers': ['fog/x']");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/b", NULL);
    api_restart(&api);
    assert_false(is_there(POLICIES "/a"));
    (void)merge(200, POLICIES "/b", "{'metadata': {'finalizers': null}}");
    assert_false(is_there(POLICIES "/b"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_delete_answers_with_the_uid),
        CASE(the_options_of_kubectl_are_understood),
        CASE(preconditions_of_a_delete),
        CASE(another_propagation_is_refused),
        CASE(a_policy_in_use_stays),
        CASE(an_object_with_finalizers_waits_for_them),
        CASE(no_finalizer_is_added_to_what_is_going),
        CASE(clients_cannot_undo_a_deletion),
        CASE(a_dry_run_of_the_last_finalizer_leaves_it),
        CASE(dependents_go_with_their_owner),
        CASE(a_dependent_stays_while_an_owner_is_left),
        CASE(a_namesake_of_the_owner_is_not_the_owner),
        CASE(a_dependent_with_a_finalizer_waits_for_it),
        CASE(the_end_of_a_deletion_takes_dependents_along),
        CASE(orphans_stay_and_forget_their_owner),
        CASE(a_collection_is_deleted_as_selected),
        CASE(a_collection_is_deleted_in_one_commit),
        CASE(members_of_a_collection_that_belong_together_go_together),
        CASE(events_may_be_deleted),
        CASE(what_was_deleted_stays_deleted_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
