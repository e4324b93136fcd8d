/* JSON patches of objects: what they make goes the way of a replace. */
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct api api;

static int set_up(void **state)
{
    (void)state;
    api_init(&api);
    (void)api_expect(&api, 201, "POST", POLICIES,
                     "{'metadata': {'name': 'p', 'labels': {'a': '1'}}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- a small language ------------------------------------------------------------------------- */

static struct node *patch_as(const char *type, int code, const char *target, const char *body)
{
    struct node *answer;

    api.content_type = type;
    answer = api_expect(&api, code, "PATCH", target, body);
    api.content_type = NULL;
    return answer;
}

static struct node *patch(int code, const char *target, const char *body)
{
    return patch_as("application/json-patch+json", code, target, body);
}

/* Refused, and nothing is changed by it. */
static struct node *refused(int code, const char *reason, const char *target, const char *body)
{
    const char *before = api_fingerprint(&api);
    struct node *status = patch(code, target, body);

    assert_string_equal(api_text(status, "reason"), reason);
    assert_string_equal(api_fingerprint(&api), before);
    return status;
}

static const char *manager(const struct node *object, size_t index)
{
    return api_text(object, api_target(&api, "metadata.managedFields[%zu].manager", index));
}

/* ---------------------------------------------------------------------------------------------- */

static void a_json_patch_changes_what_it_names(void **state)
{
    const struct node *policy =
        patch(200, POLICIES "/p",
              "[{'op': 'test', 'path': '/metadata/labels/a', 'value': '1'},"
              "{'op': 'replace', 'path': '/spec/battery/minPercent', 'value': 60},"
              "{'op': 'move', 'from': '/metadata/labels/a', 'path': '/metadata/labels/b'}]");

    (void)state;
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 60);
    assert_int_equal(api_int(policy, "metadata.generation"), 2);
    assert_string_equal(api_text(policy, "metadata.labels.b"), "1");
    assert_null(api_at(policy, "metadata.labels.a"));
}

static void a_json_patch_that_changes_nothing_is_no_write(void **state)
{
    uint64_t before = api_revision(&api);

    (void)state;
    (void)patch(200, POLICIES "/p",
                "[{'op': 'replace', 'path': '/metadata/labels/a', 'value': '1'}]");
    assert_int_equal(api_revision(&api), before);
}

static void a_json_patch_makes_an_owner(void **state)
{
    const struct node *policy;

    (void)state;
    policy = patch(200, POLICIES "/p?fieldManager=me",
                   "[{'op': 'replace', 'path': '/spec/battery/minPercent', 'value': 60}]");
    assert_string_equal(manager(policy, 1), "me");
    assert_string_equal(api_text(policy, "metadata.managedFields[1].operation"), "Update");
}

static void a_failed_test_is_invalid(void **state)
{
    const struct node *status =
        refused(422, "Invalid", POLICIES "/p",
                "[{'op': 'replace', 'path': '/spec/battery/minPercent', 'value': 60},"
                "{'op': 'test', 'path': '/metadata/labels/a', 'value': '2'}]");

    (void)state;
    assert_non_null(strstr(api_text(status, "message"), "test /metadata/labels/a"));
    assert_string_equal(api_text(status, "details.kind"), "HarvestPolicy");
    assert_string_equal(api_text(status, "details.name"), "p");
    assert_non_null(api_at(status, "details.causes[0].message"));
}

static void what_leads_nowhere_is_invalid(void **state)
{
    (void)state;
    (void)refused(422, "Invalid", POLICIES "/p", "[{'op': 'remove', 'path': '/spec/none'}]");
}

static void what_is_no_list_of_operations_is_a_bad_request(void **state)
{
    (void)state;
    (void)refused(400, "BadRequest", POLICIES "/p", "{'spec': {}}");
    (void)refused(400, "BadRequest", POLICIES "/p", "[{'op': 'replace'}]");
    (void)refused(400, "BadRequest", POLICIES "/p", NULL);
}

static void too_much_of_a_patch_is_too_large(void **state)
{
    struct str body = STR_EMPTY;

    (void)state;
    str_add(&body, "[");
    for (size_t i = 0; i < 10001; i++) {
        str_addf(&body, "%s{'op':'test','path':'','value':1}", i == 0 ? "" : ",");
    }
    str_add(&body, "]");
    (void)refused(413, "RequestEntityTooLarge", POLICIES "/p", body.data);
    str_fini(&body);
}

static void what_is_made_is_judged_as_a_replace_is(void **state)
{
    (void)state;
    (void)refused(422, "Invalid", POLICIES "/p",
                  "[{'op': 'replace', 'path': '/spec/battery/minPercent', 'value': 101}]");
    (void)refused(400, "BadRequest", POLICIES "/p",
                  "[{'op': 'replace', 'path': '/metadata/name', 'value': 'q'}]");
    (void)refused(400, "BadRequest", POLICIES "/p",
                  "[{'op': 'replace', 'path': '/kind', 'value': 'Agent'}]");
    (void)refused(400, "BadRequest", POLICIES "/p", "[{'op': 'add', 'path': '', 'value': 7}]");
    (void)refused(409, "Conflict", POLICIES "/p",
                  "[{'op': 'replace', 'path': '/metadata/resourceVersion', 'value': '99'}]");
    (void)refused(409, "Conflict", POLICIES "/p",
                  "[{'op': 'replace', 'path': '/metadata/uid', 'value': 'other'}]");
    (void)refused(404, "NotFound", POLICIES "/q", "[]");
}

static void a_patch_without_preconditions_has_none(void **state)
{
    (void)state;
    (void)patch(200, POLICIES "/p",
                "[{'op': 'remove', 'path': '/metadata/resourceVersion'},"
                "{'op': 'remove', 'path': '/metadata/uid'},"
                "{'op': 'replace', 'path': '/metadata/labels/a', 'value': '2'}]");
}

static void an_unknown_field_is_dropped_or_refused(void **state)
{
    static const char body[] = "[{'op': 'add', 'path': '/spec/speed', 'value': 1}]";

    (void)state;
    (void)refused(400, "BadRequest", POLICIES "/p?fieldValidation=Strict", body);
    assert_null(api_at(patch(200, POLICIES "/p", body), "spec.speed"));
    assert_non_null(api.replies.items[api.replies.count - 1]->warning);
}

static void a_dry_run_of_a_json_patch_keeps_nothing(void **state)
{
    const char *before = api_fingerprint(&api);

    (void)state;
    assert_string_equal(
        api_text(patch(200, POLICIES "/p?dryRun=All",
                       "[{'op': 'replace', 'path': '/metadata/labels/a', 'value': '2'}]"),
                 "metadata.labels.a"),
        "2");
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_json_patch_of_the_status_changes_only_that(void **state)
{
    const struct node *session;

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {" WORK "}}");
    api_tick(&api);
    session = patch(200, SESSIONS "/s/status",
                    "[{'op': 'add', 'path': '/status/failed', 'value': 1},"
                    "{'op': 'add', 'path': '/spec/replicas', 'value': 9}]");
    assert_null(api_at(session, "spec.replicas"));
}

/* --- managedFields ---------------------------------------------------------------------------- */

/* What kubectl sends when it comes from client-side apply. */
static void owners_are_written_by_a_json_patch(void **state)
{
    const struct node *policy = api_get(&api, POLICIES "/p");

    (void)state;
    policy =
        patch(200, POLICIES "/p",
              api_target(&api,
                         "[{'op': 'replace', 'path': '/metadata/managedFields', 'value':"
                         "[{'manager': 'kubectl', 'operation': 'Apply', 'apiVersion': 'fog/v1',"
                         "'fieldsType': 'FieldsV1', 'fieldsV1':"
                         "{'f:metadata': {'f:labels': {'f:a': {}}}}}]},"
                         "{'op': 'replace', 'path': '/metadata/resourceVersion',"
                         "'value': '%s'}]",
                         api_text(policy, "metadata.resourceVersion")));
    assert_string_equal(manager(policy, 0), "kubectl");
    assert_string_equal(api_text(policy, "metadata.managedFields[0].operation"), "Apply");
    assert_null(api_at(policy, "metadata.managedFields[1]"));
}

static void one_empty_entry_forgets_all_owners(void **state)
{
    (void)state;
    assert_null(api_at(patch(200, POLICIES "/p",
                             "[{'op': 'replace', 'path': '/metadata/managedFields',"
                             "'value': [{}]}]"),
                       "metadata.managedFields[0]"));
}

static void owners_that_are_removed_stay(void **state)
{
    (void)state;
    assert_non_null(api_at(patch(200, POLICIES "/p",
                                 "[{'op': 'remove', 'path': '/metadata/managedFields'},"
                                 "{'op': 'replace', 'path': '/metadata/labels/a', 'value': '2'}]"),
                           "metadata.managedFields[0]"));
}

/* --- types ------------------------------------------------------------------------------------ */

static void other_types_of_patches_are_refused_with_those_that_are_known(void **state)
{
    static const char *const types[] = {"application/strategic-merge-patch+json",
                                        "application/json", "text/plain", NULL};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        const struct node *status = patch_as(types[i], 415, POLICIES "/p", "{'spec': {}}");
        const char *message = api_text(status, "message");

        assert_string_equal(api_text(status, "reason"), "UnsupportedMediaType");
        assert_non_null(strstr(message, "application/json-patch+json"));
        assert_non_null(strstr(message, "application/merge-patch+json"));
        assert_non_null(strstr(message, "application/apply-patch+yaml"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_json_patch_changes_what_it_names),
        TEST(a_json_patch_that_changes_nothing_is_no_write),
        TEST(a_json_patch_makes_an_owner),
        TEST(a_failed_test_is_invalid),
        TEST(what_leads_nowhere_is_invalid),
        TEST(what_is_no_list_of_operations_is_a_bad_request),
        TEST(too_much_of_a_patch_is_too_large),
        TEST(what_is_made_is_judged_as_a_replace_is),
        TEST(a_patch_without_preconditions_has_none),
        TEST(an_unknown_field_is_dropped_or_refused),
        TEST(a_dry_run_of_a_json_patch_keeps_nothing),
        TEST(a_json_patch_of_the_status_changes_only_that),
        TEST(owners_are_written_by_a_json_patch),
        TEST(one_empty_entry_forgets_all_owners),
        TEST(owners_that_are_removed_stay),
        TEST(other_types_of_patches_are_refused_with_those_that_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
