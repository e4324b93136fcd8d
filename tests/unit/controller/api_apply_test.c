/* Server-side apply over the API: who owns what, conflicts, force, and what replaces and patches do
 * to owners.  The algorithm itself is tested beside schema/apply.c. */
#include "tests/support/api.h"

#include "schema/limits.h"
#include "tests/support/quick_json.h"

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

static struct node *patch(int code, const char *type, const char *target, const char *body)
{
    struct node *answer;

    api.content_type = type;
    answer = api_expect(&api, code, "PATCH", target, body);
    api.content_type = NULL;
    return answer;
}

/* Applies a policy "p" whose spec is this. */
static struct node *apply_as(int code, const char *manager, const char *query, const char *spec)
{
    return patch(code, "application/apply-patch+yaml",
                 api_target(&api, POLICIES "/p?fieldManager=%s%s", manager, query),
                 api_target(&api,
                            "{'apiVersion': 'fog/v1', 'kind': 'HarvestPolicy',"
                            "'metadata': {'name': 'p'}, 'spec': {%s}}",
                            spec));
}

/* The fields that a manager owns; NULL: none. */
static const struct node *owned_by(const struct node *object, const char *manager,
                                   const char *operation)
{
    const struct node *entries = api_at(object, "metadata.managedFields");

    for (size_t i = 0; entries != NULL && i < entries->list.count; i++) {
        const struct node *entry = entries->list.items[i];

        if (str_eq(api_text(entry, "manager"), manager) &&
            str_eq(api_text(entry, "operation"), operation)) {
            return api_at(entry, "fieldsV1");
        }
    }
    return NULL;
}

#define MIN(n) "'battery': {'minPercent': " #n "}"

static void an_apply_creates_what_is_not_there(void **state)
{
    const struct node *policy = apply_as(201, "alice", "", MIN(20));

    (void)state;
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 20);
    assert_int_equal(api_int(policy, "metadata.generation"), 1);
    quick_json_expect(owned_by(policy, "alice", "Apply"),
                      "{'f:spec': {'f:battery': {'f:minPercent': {}}}}");
    assert_string_equal(api_text(policy, "metadata.managedFields[0].fieldsType"), "FieldsV1");
    assert_string_equal(api_text(policy, "metadata.managedFields[0].apiVersion"), "fog/v1");
    assert_string_equal(api_text(policy, "metadata.managedFields[0].time"), "2026-01-01T00:00:00Z");
}

static void the_same_apply_again_is_no_write(void **state)
{
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    before = api_fingerprint(&api);
    api_advance(&api, 5000);
    (void)apply_as(200, "alice", "", MIN(20));
    (void)apply_as(200, "alice", "&force=true", MIN(20));
    assert_string_equal(api_fingerprint(&api), before);
    assert_int_equal(api.commits, 1);
}

static void an_apply_without_a_manager_is_refused(void **state)
{
    const struct node *status;

    (void)state;
    api.user_agent = "kubectl/1.30";
    status = patch(422, "application/apply-patch+yaml", POLICIES "/p", "{'metadata': {}}");
    assert_string_equal(api_text(status, "reason"), "Invalid");
    assert_string_equal(api_text(status, "details.causes[0].message"),
                        "fieldManager is required for apply patch");
}

static void an_apply_may_be_yaml(void **state)
{
    const struct node *policy;

    (void)state;
    policy = patch(201, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m",
                   "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\n"
                   "spec:\n  battery: {minPercent: 33}\n");
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 33);
    (void)patch(400, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m",
                "kind: HarvestPolicy\n---\nkind: HarvestPolicy\n");
    (void)patch(400, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m", "a: [1\n");
}

/* Clients send JSON under this type.  Our YAML wants these characters escaped, JSON does not. */
static void an_apply_may_be_any_json(void **state)
{
    const struct node *policy;

    (void)state;
    policy = patch(201, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m",
                   " {'metadata': {'name': 'p', 'annotations': {'a': '\x7f', 'b': '\u2028'}}}");
    assert_string_equal(api_text(policy, "metadata.annotations.a"), "\x7f");
    assert_string_equal(api_text(policy, "metadata.annotations.b"), "\u2028");
}

static void a_configuration_has_no_owners_of_its_own(void **state)
{
    const struct node *status;

    (void)state;
    status = patch(400, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m",
                   "{'metadata': {'name': 'p', 'managedFields': [{'manager': 'x'}]}}");
    assert_string_equal(api_text(status, "message"), "metadata.managedFields must be nil");
    (void)patch(201, "application/apply-patch+yaml", POLICIES "/p?fieldManager=m",
                "{'metadata': {'name': 'p', 'managedFields': []}}");
}

static void two_managers_own_different_fields(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    policy = apply_as(200, "bob", "", "'limits': {'cpuPercent': 10}");
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 20);
    assert_int_equal(api_int(policy, "spec.limits.cpuPercent"), 10);
    assert_int_equal(api_int(policy, "metadata.generation"), 2);
    policy = apply_as(200, "alice", "", ""); /* what alice no longer names goes back to default */
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 50);
    assert_int_equal(api_int(policy, "spec.limits.cpuPercent"), 10);
}

static void a_conflict_names_owner_and_field(void **state)
{
    const struct node *status;
    const char *before;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    before = api_fingerprint(&api);
    status = apply_as(409, "bob", "", MIN(30));
    assert_string_equal(api_text(status, "reason"), "Conflict");
    assert_string_equal(api_text(status, "message"),
                        "Apply failed with 1 conflict: conflict with \"alice\": "
                        ".spec.battery.minPercent");
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldManagerConflict");
    assert_string_equal(api_text(status, "details.causes[0].message"), "conflict with \"alice\"");
    assert_string_equal(api_text(status, "details.causes[0].field"), ".spec.battery.minPercent");
    assert_string_equal(api_text(status, "details.kind"), "harvestpolicies");
    assert_null(api_at(status, "details.causes[0].change"));
    (void)apply_as(409, "bob", "&dryRun=All", MIN(30));
    assert_string_equal(api_fingerprint(&api), before);
}

static void an_owner_by_update_is_named_with_its_time(void **state)
{
    const struct node *status;

    (void)state;
    (void)api_expect(&api, 201, "POST", POLICIES "?fieldManager=editor",
                     "{'metadata': {'name': 'p'}, 'spec': {" MIN(20) ", 'limits': "
                                                                     "{'cpuPercent': 10}}}");
    status = apply_as(409, "bob", "", MIN(30) ", 'limits': {'cpuPercent': 11}");
    assert_string_equal(api_text(status, "message"),
                        "Apply failed with 2 conflicts: conflicts with \"editor\" using fog/v1 at "
                        "2026-01-01T00:00:00Z:\n- .spec.battery.minPercent\n"
                        "- .spec.limits.cpuPercent");
    assert_int_equal(api_at(status, "details.causes")->list.count, 2);
}

static void force_takes_the_field(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20) ", 'limits': {'cpuPercent': 10}");
    policy = apply_as(200, "bob", "&force=true", MIN(30));
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 30);
    quick_json_expect(owned_by(policy, "bob", "Apply"),
                      "{'f:spec': {'f:battery': {'f:minPercent': {}}}}");
    quick_json_expect(owned_by(policy, "alice", "Apply"),
                      "{'f:spec': {'f:limits': {'f:cpuPercent': {}}}}");
    (void)apply_as(409, "alice", "", MIN(20));
}

static void equal_values_are_owned_together(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    policy = apply_as(200, "bob", "", MIN(20));
    assert_non_null(owned_by(policy, "alice", "Apply"));
    assert_non_null(owned_by(policy, "bob", "Apply"));
    policy = apply_as(200, "bob", "", ""); /* alice still wants it */
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 20);
    quick_json_expect(owned_by(policy, "bob", "Apply"), "{'f:spec': {}}");
}

static void who_replaces_owns_what_changed(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20) ", 'limits': {'cpuPercent': 10}");
    policy = api_expect(
        &api, 200, "PUT", POLICIES "/p?fieldManager=editor",
        "{'metadata': {'name': 'p'}, 'spec': {" MIN(25) ", 'limits': {'cpuPercent': 10}}}");
    quick_json_expect(owned_by(policy, "editor", "Update"),
                      "{'f:spec': {'f:battery': {'f:minPercent': {}}}}");
    quick_json_expect(owned_by(policy, "alice", "Apply"),
                      "{'f:spec': {'f:limits': {'f:cpuPercent': {}}}}");
    (void)apply_as(409, "alice", "", MIN(20));
}

static void who_patches_owns_what_changed(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    policy = patch(200, "application/merge-patch+json", POLICIES "/p?fieldManager=fixer",
                   "{'metadata': {'labels': {'a': 'b'}}, 'spec': {" MIN(20) "}}");
    quick_json_expect(owned_by(policy, "fixer", "Update"), "{'f:metadata': {'f:labels': "
                                                           "{'f:a': {}}}}");
    assert_non_null(owned_by(policy, "alice", "Apply"));
}

static void clients_may_write_the_owners(void **state)
{
    const struct node *policy;

    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    policy = patch(200, "application/merge-patch+json", POLICIES "/p?fieldManager=x",
                   "{'metadata': {'managedFields': [{'manager': 'carol', 'operation': 'Apply',"
                   "'apiVersion': 'fog/v1', 'fieldsType': 'FieldsV1',"
                   "'time': '2026-01-01T00:00:00Z',"
                   "'fieldsV1': {'f:spec': {'f:battery': {'f:minPercent': {}}}}}]}}");
    assert_null(owned_by(policy, "alice", "Apply"));
    assert_non_null(owned_by(policy, "carol", "Apply"));
    policy = patch(200, "application/merge-patch+json", POLICIES "/p?fieldManager=x",
                   "{'metadata': {'managedFields': [{}]}}"); /* all are forgotten */
    assert_null(owned_by(policy, "carol", "Apply"));
    (void)apply_as(200, "bob", "", MIN(30)); /* so nobody minds */
    (void)patch(422, "application/merge-patch+json", POLICIES "/p?fieldManager=x",
                "{'metadata': {'managedFields': [{'operation': 'Seize'}]}}");
}

static void owners_survive_a_restart(void **state)
{
    (void)state;
    (void)apply_as(201, "alice", "", MIN(20));
    api_restart(&api);
    (void)apply_as(409, "bob", "", MIN(30));
    (void)apply_as(200, "alice", "", MIN(30));
}

static void a_configuration_may_demand_a_revision(void **state)
{
    const char *apply = "application/apply-patch+yaml", *target = POLICIES "/p?fieldManager=m";
    const char *first = "{'metadata': {'name': 'p', 'resourceVersion': '1'}}";
    const char *other = "{'metadata': {'name': 'p', 'resourceVersion': '77'}}";

    (void)state;
    (void)patch(409, apply, target, first); /* nothing is there */
    (void)apply_as(201, "m", "", "");
    (void)patch(409, apply, target, other);
    (void)patch(200, apply, target, first);
}

static void what_is_wrong_with_a_configuration_is_said_of_it(void **state)
{
    const struct node *status = apply_as(422, "m", "", "'battery': {'minPercent': 'much'}");

    (void)state;
    assert_string_equal(api_text(status, "details.causes[0].field"), "spec.battery.minPercent");
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldValueTypeInvalid");
    status = apply_as(400, "m", "&fieldValidation=Strict", "'batery': {}");
    assert_non_null(strstr(api_text(status, "message"), "unknown field \"spec.batery\""));
    (void)apply_as(201, "m", "", "'batery': {}");
}

static void a_dry_run_of_an_apply_changes_nothing(void **state)
{
    const char *before;

    (void)state;
    before = api_fingerprint(&api);
    (void)apply_as(201, "m", "&dryRun=All", MIN(20));
    assert_string_equal(api_fingerprint(&api), before);
    (void)apply_as(201, "m", "", MIN(20));
    before = api_fingerprint(&api);
    (void)apply_as(200, "m", "&dryRun=All", MIN(21));
    (void)apply_as(200, "n", "&dryRun=All&force=true", MIN(21));
    assert_string_equal(api_fingerprint(&api), before);
}

static void entries_of_many_managers_are_bounded(void **state)
{
    const struct node *entries;

    (void)state;
    (void)apply_as(201, "first", "", MIN(20));
    for (size_t i = 0; i < MANAGERS_MAX + 5; i++) {
        (void)patch(200, "application/merge-patch+json",
                    api_target(&api, POLICIES "/p?fieldManager=m%zu", i),
                    api_target(&api, "{'metadata': {'annotations': {'a%zu': 'x'}}}", i));
    }
    entries = api_at(api_get(&api, POLICIES "/p"), "metadata.managedFields");
    assert_int_equal(entries->list.count, MANAGERS_MAX);
    (void)apply_as(409, "second", "", MIN(30)); /* who applied is not forgotten */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_apply_creates_what_is_not_there),
        CASE(the_same_apply_again_is_no_write),
        CASE(an_apply_without_a_manager_is_refused),
        CASE(an_apply_may_be_yaml),
        CASE(an_apply_may_be_any_json),
        CASE(a_configuration_has_no_owners_of_its_own),
        CASE(two_managers_own_different_fields),
        CASE(a_conflict_names_owner_and_field),
        CASE(an_owner_by_update_is_named_with_its_time),
        CASE(force_takes_the_field),
        CASE(equal_values_are_owned_together),
        CASE(who_replaces_owns_what_changed),
        CASE(who_patches_owns_what_changed),
        CASE(clients_may_write_the_owners),
        CASE(owners_survive_a_restart),
        CASE(a_configuration_may_demand_a_revision),
        CASE(what_is_wrong_with_a_configuration_is_said_of_it),
        CASE(a_dry_run_of_an_apply_changes_nothing),
        CASE(entries_of_many_managers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
