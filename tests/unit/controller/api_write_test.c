/* Create, replace and merge patch: what is stored, what is refused, and in which words. */
#include "tests/support/api.h"

#include "schema/limits.h"
#include "tests/support/quick_json.h"

#include <inttypes.h>
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
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- a small language ------------------------------------------------------------------------- */

static struct node *create_policy(const char *name)
{
    return api_expect(&api, 201, "POST", POLICIES,
                      api_target(&api, "{'metadata': {'name': '%s'}}", name));
}

static struct node *create_session(const char *name)
{
    return api_expect(&api, 201, "POST", SESSIONS,
                      api_target(&api, "{'metadata': {'name': '%s'}, 'spec': {" WORK "}}", name));
}

static struct node *merge(int code, const char *target, const char *patch)
{
    struct node *answer;

    api.content_type = "application/merge-patch+json";
    answer = api_expect(&api, code, "PATCH", target, patch);
    api.content_type = NULL;
    return answer;
}

static void expect_status(const struct node *status, int code, const char *reason,
                          const char *message)
{
    assert_string_equal(api_text(status, "kind"), "Status");
    assert_string_equal(api_text(status, "apiVersion"), "v1");
    assert_string_equal(api_text(status, "status"), "Failure");
    assert_int_equal(api_int(status, "code"), code);
    assert_string_equal(api_text(status, "reason"), reason);
    if (message != NULL && strstr(api_text(status, "message"), message) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", message, api_text(status, "message"));
    }
}

static void refused(const char *method, const char *target, const char *body, int code,
                    const char *reason, const char *message)
{
    const char *before = api_fingerprint(&api);

    expect_status(api_expect(&api, code, method, target, body), code, reason, message);
    assert_string_equal(api_fingerprint(&api), before);
}

static uint64_t revision_of(const struct node *object)
{
    return strtoull(api_text(object, "metadata.resourceVersion"), NULL, 10);
}

/* --- create ----------------------------------------------------------------------------------- */

static void a_created_object_has_an_identity_and_defaults(void **state)
{
    const struct node *policy = create_policy("p");

    (void)state;
    assert_string_equal(api_text(policy, "kind"), "HarvestPolicy");
    assert_string_equal(api_text(policy, "apiVersion"), "fog/v1");
    assert_int_equal(strlen(api_text(policy, "metadata.uid")), 36);
    assert_string_equal(api_text(policy, "metadata.creationTimestamp"), "2026-01-01T00:00:00Z");
    assert_int_equal(api_int(policy, "metadata.generation"), 1);
    assert_int_equal(revision_of(policy), 1);
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 50);
    assert_null(node_find(policy, "status"));
}

static void what_is_the_servers_is_ignored_when_a_client_sends_it(void **state)
{
    const struct node *policy = api_expect(
        &api, 201, "POST", POLICIES,
        "{'metadata': {'name': 'p', 'uid': 'mine', 'generation': 7, 'namespace': 'lab',"
        "'creationTimestamp': '2001-01-01T00:00:00Z', 'deletionTimestamp': '2001-01-01T00:00:00Z',"
        "'deletionGracePeriodSeconds': 3, 'selfLink': '/x'}}");

    (void)state;
    assert_int_equal(strlen(api_text(policy, "metadata.uid")), 36);
    assert_int_equal(api_int(policy, "metadata.generation"), 1);
    assert_string_equal(api_text(policy, "metadata.creationTimestamp"), "2026-01-01T00:00:00Z");
    assert_null(api_at(policy, "metadata.deletionTimestamp"));
    assert_null(api_at(policy, "metadata.namespace"));
    assert_null(api_at(policy, "metadata.selfLink"));
}

static void a_status_sent_with_a_create_is_dropped(void **state)
{
    const struct node *session =
        api_expect(&api, 201, "POST", SESSIONS,
                   "{'metadata': {'name': 's'}, 'spec': {" WORK "}, 'status': {'ready': 9}}");

    (void)state;
    assert_null(api_at(session, "status.ready"));
}

static void generate_name_makes_names(void **state)
{
    const struct node *one =
        api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'generateName': 'p-'}}");
    const struct node *two =
        api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'generateName': 'p-'}}");

    (void)state;
    assert_int_equal(strlen(api_text(one, "metadata.name")), 7);
    assert_int_equal(strncmp(api_text(one, "metadata.name"), "p-", 2), 0);
    assert_string_not_equal(api_text(one, "metadata.name"), api_text(two, "metadata.name"));
}

static void creating_what_exists_is_a_conflict(void **state)
{
    struct node *status;

    (void)state;
    (void)create_policy("p");
    status = api_expect(&api, 409, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    expect_status(status, 409, "AlreadyExists", "harvestpolicies.fog \"p\" already exists");
    assert_string_equal(api_text(status, "details.kind"), "harvestpolicies");
    assert_string_equal(api_text(status, "details.group"), "fog");
    assert_string_equal(api_text(status, "details.name"), "p");
}

static void bodies_that_are_no_objects_are_refused(void **state)
{
    (void)state;
    refused("POST", POLICIES, "", 400, "BadRequest", "not an object");
    refused("POST", POLICIES, "[]", 400, "BadRequest", "not an object");
    refused("POST", POLICIES, "5", 400, "BadRequest", "not an object");
    refused("POST", POLICIES, "{", 400, "BadRequest", "cannot be read: line 1, column 2: not JSON");
    refused("POST", POLICIES, "{'metadata':\n {'name': 'a',}}", 400, "BadRequest",
            "cannot be read: line 2, column 15: not JSON");
    refused("POST", POLICIES, "{} {}", 400, "BadRequest", "cannot be read");
    refused("POST", POLICIES, "{'metadata': {'name': 'a\x01'}}", 400, "BadRequest",
            "cannot be read");
    refused("POST", POLICIES, "{'metadata': {'name': '\xff'}}", 400, "BadRequest",
            "cannot be read");
}

static void only_bodies_of_known_types_are_read(void **state)
{
    static const char *const known[] = {NULL, "", "application/json",
                                        "application/json; charset=utf-8", "application/yaml"};
    static const char *const unknown[] = {"text/plain", "application/x-www-form-urlencoded",
                                          "multipart/form-data", "application/xml"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        api.content_type = known[i];
        (void)api_expect(&api, 201, "POST", POLICIES "?dryRun=All", "{'metadata': {'name': 'p'}}");
    }
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        api.content_type = unknown[i];
        refused("POST", POLICIES, "{'metadata': {'name': 'p'}}", 415, "UnsupportedMediaType",
                "application/json");
    }
}

static void a_body_is_nested_up_to_the_bound(void **state)
{
    struct str text = STR_EMPTY;
    size_t depths[] = {TREE_DEPTH_MAX - 1, TREE_DEPTH_MAX, TREE_DEPTH_MAX + 1};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        str_clear(&text);
        str_add(&text, "{'metadata':{'name':'p'},'x':");
        for (size_t depth = 1; depth < depths[i]; depth++) {
            str_add(&text, "[");
        }
        for (size_t depth = 1; depth < depths[i]; depth++) {
            str_add(&text, "]");
        }
        str_add(&text, "}");
        (void)api_expect(&api, depths[i] > TREE_DEPTH_MAX ? 400 : 201, "POST",
                         POLICIES "?dryRun=All", text.data);
    }
    str_fini(&text);
}

static void body_and_path_must_name_the_same(void **state)
{
    (void)state;
    (void)create_policy("p");
    refused("POST", POLICIES, "{'kind': 'HarvestSession', 'metadata': {'name': 'q'}}", 400,
            "BadRequest", "HarvestSession");
    refused("POST", POLICIES, "{'apiVersion': 'fog/v2', 'metadata': {'name': 'q'}}", 400,
            "BadRequest", "fog/v2");
    refused("PUT", POLICIES "/p", "{'metadata': {'name': 'q'}}", 400, "BadRequest",
            "the name of the object (q) does not match the name on the URL (p)");
    refused("POST", POLICIES, "{'kind': 5, 'metadata': {'name': 'q'}}", 400, "BadRequest",
            "kind: a string is expected");
    refused("POST", POLICIES, "{'metadata': {'name': 5}}", 400, "BadRequest", "name: a string");
}

static void names_are_checked(void **state)
{
    const struct node *status;

    (void)state;
    refused("POST", POLICIES, "{'metadata': {}}", 422, "Invalid", "metadata.name");
    refused("POST", POLICIES, "{}", 422, "Invalid", "metadata.name: Required value");
    refused("POST", POLICIES, "{'metadata': {'name': 'UPPER'}}", 422, "Invalid", "UPPER");
    refused("POST", POLICIES, "{'metadata': {'name': 'a/b'}}", 422, "Invalid", "a/b");
    status = api_expect(&api, 422, "POST", POLICIES, "{'metadata': {'name': '-x'}}");
    assert_string_equal(api_text(status, "details.kind"), "HarvestPolicy");
    assert_string_equal(api_text(status, "details.causes[0].field"), "metadata.name");
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldValueInvalid");
}

static void all_that_is_wrong_is_said_at_once(void **state)
{
    const struct node *status = api_expect(
        &api, 422, "POST", POLICIES,
        "{'metadata': {'name': 'p', 'labels': {'-': 'x'}}, 'spec': {'battery': "
        "{'minPercent': 120}, 'unknown': 'panic', 'thermal': {'dwell': 5}, 'windows': [{}]}}");
    const struct node *causes = api_at(status, "details.causes");

    (void)state;
    expect_status(status, 422, "Invalid", "HarvestPolicy.fog \"p\" is invalid: ");
    assert_true(causes->list.count >= 5);
    assert_string_equal(api_text(causes, "[1].field"), "spec.battery.minPercent");
    assert_string_equal(api_text(causes, "[1].reason"), "FieldValueInvalid");
}

static void a_session_needs_its_workload_and_its_policy(void **state)
{
    const struct node *status;

    (void)state;
    status = api_expect(&api, 422, "POST", SESSIONS, "{'metadata': {'name': 's'}}");
    assert_string_equal(api_text(status, "details.causes[0].reason"), "FieldValueRequired");
    status = api_expect(&api, 422, "POST", SESSIONS,
                        "{'metadata': {'name': 's'}, 'spec': {'policy': 'none', " WORK "}}");
    assert_string_equal(api_text(status, "details.causes[0].field"), "spec.policy");
    assert_string_equal(api_text(status, "details.causes[0].message"),
                        "there is no HarvestPolicy \"none\"");
    (void)create_policy("quiet");
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 's'}, 'spec': {'policy': 'quiet', " WORK "}}");
}

/* --- unknown fields --------------------------------------------------------------------------- */

#define TYPO "{'metadata': {'name': 'p'}, 'spec': {'batery': {'minPercent': 5}}}"

static void an_unknown_field_is_dropped_with_a_warning(void **state)
{
    const struct api_reply *reply = api_call(&api, "POST", POLICIES, TYPO);

    (void)state;
    assert_int_equal(reply->code, 201);
    assert_string_equal(reply->warning, "299 - \"unknown field \\\"spec.batery\\\"; did you mean "
                                        "\\\"battery\\\"?\"");
    assert_null(api_at(reply->json, "spec.batery"));
    reply = api_call(&api, "PUT", POLICIES "/p?fieldValidation=Warn", TYPO);
    assert_int_equal(reply->code, 200);
    assert_non_null(reply->warning);
}

static void strict_clients_are_refused_an_unknown_field(void **state)
{
    const struct node *status;

    (void)state;
    refused("POST", POLICIES "?fieldValidation=Strict", TYPO, 400, "BadRequest",
            "strict decoding error: unknown field \"spec.batery\"");
    status = api_expect(&api, 400, "POST", POLICIES "?fieldValidation=Strict", TYPO);
    assert_string_equal(api_text(status, "details.causes[0].field"), "spec.batery");
}

static void a_client_may_ask_for_silence_about_unknown_fields(void **state)
{
    const struct api_reply *reply =
        api_call(&api, "POST", POLICIES "?fieldValidation=Ignore", TYPO);

    (void)state;
    assert_int_equal(reply->code, 201);
    assert_null(reply->warning);
    assert_null(api_at(reply->json, "spec.batery"));
}

static void another_strictness_is_refused(void **state)
{
    (void)state;
    refused("POST", POLICIES "?fieldValidation=Lax", TYPO, 422, "Invalid", "Lax");
}

/* --- replace ---------------------------------------------------------------------------------- */

static void a_replace_sets_all_and_raises_the_generation(void **state)
{
    const struct node *first = create_policy("p"), *second;

    (void)state;
    second = api_expect(&api, 200, "PUT", POLICIES "/p",
                        "{'metadata': {'name': 'p', 'labels': {'a': 'b'}},"
                        "'spec': {'battery': {'minPercent': 20}}}");
    assert_int_equal(api_int(second, "spec.battery.minPercent"), 20);
    assert_int_equal(api_int(second, "metadata.generation"), 2);
    assert_int_equal(revision_of(second), revision_of(first) + 1);
    assert_string_equal(api_text(second, "metadata.uid"), api_text(first, "metadata.uid"));
    assert_string_equal(api_text(second, "metadata.creationTimestamp"),
                        api_text(first, "metadata.creationTimestamp"));
    second = api_expect(&api, 200, "PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}");
    assert_int_equal(api_int(second, "spec.battery.minPercent"), 50);
    assert_null(api_at(second, "metadata.labels"));
}

static void labels_do_not_raise_the_generation(void **state)
{
    const struct node *policy;

    (void)state;
    (void)create_policy("p");
    policy = merge(200, POLICIES "/p", "{'metadata': {'labels': {'a': 'b'}}}");
    assert_int_equal(api_int(policy, "metadata.generation"), 1);
    assert_int_equal(revision_of(policy), 2);
}

static void a_write_that_changes_nothing_is_no_write(void **state)
{
    const char *before;

    (void)state;
    (void)create_policy("p");
    before = api_fingerprint(&api);
    (void)api_expect(&api, 200, "PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}");
    (void)api_expect(&api, 200, "PUT", POLICIES "/p",
                     "{'metadata': {'name': 'p'}, 'spec': {'thermal': {'dwell': '300s'}}}");
    (void)merge(200, POLICIES "/p", "{}");
    (void)merge(200, POLICIES "/p", "{'spec': {'battery': {'minPercent': null}}}");
    (void)merge(200, POLICIES "/p", "{'metadata': {'generation': 9, 'uid': null}}");
    assert_string_equal(api_fingerprint(&api), before);
    assert_int_equal(api.commits, 1);
}

static void replacing_what_is_not_there_is_not_found(void **state)
{
    (void)state;
    refused("PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}", 404, "NotFound",
            "harvestpolicies.fog \"p\" not found");
    refused("PUT", SESSIONS "/s/status", "{'metadata': {'name': 's'}}", 404, "NotFound", "s");
}

static void a_write_of_the_main_resource_keeps_the_status(void **state)
{
    struct node *session = create_session("s");
    const char *message;

    (void)state;
    session = api_get(&api, SESSIONS "/s");
    message = api_text(session, "status.conditions[0].message");
    assert_string_not_equal(message, "");
    session = api_expect(&api, 200, "PUT", SESSIONS "/s",
                         "{'metadata': {'name': 's', 'labels': {'x': 'y'}}, 'spec': {" WORK "},"
                         "'status': {'ready': 7, 'conditions': []}}");
    assert_string_equal(api_text(session, "status.conditions[0].message"), message);
}

/* --- preconditions ---------------------------------------------------------------------------- */

static void a_stale_revision_or_uid_is_a_conflict(void **state)
{
    static const char *const bodies[] = {
        "{'metadata': {'name': 'p', 'resourceVersion': '77'}}",
        "{'metadata': {'name': 'p', 'resourceVersion': 'x'}}",
        "{'metadata': {'name': 'p', 'resourceVersion': '01'}}",
        "{'metadata': {'name': 'p', 'uid': '6ba7b810-9dad-11d1-80b4-00c04fd430c8'}}",
    };

    (void)state;
    (void)create_policy("p");
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        refused("PUT", POLICIES "/p", bodies[i], 409, "Conflict",
                "Operation cannot be fulfilled on harvestpolicies.fog \"p\": the object has been "
                "modified; please apply your changes to the latest version and try again");
        expect_status(merge(409, POLICIES "/p", bodies[i]), 409, "Conflict", "modified");
    }
}

static void a_precondition_that_is_no_text_is_not_overlooked(void **state)
{
    (void)state;
    (void)create_policy("p");
    refused("PUT", POLICIES "/p", "{'metadata': {'name': 'p', 'resourceVersion': 1}}", 400,
            "BadRequest", "resourceVersion: a string is expected, not integer");
    refused("PUT", POLICIES "/p", "{'metadata': {'name': 'p', 'uid': ['x']}}", 400, "BadRequest",
            "uid: a string is expected, not array");
}

static void the_right_revision_and_uid_are_let_through(void **state)
{
    const struct node *policy = create_policy("p");

    (void)state;
    policy = api_expect(
        &api, 200, "PUT", POLICIES "/p",
        api_target(&api,
                   "{'metadata': {'name': 'p', 'resourceVersion': '%s', 'uid': '%s'},"
                   "'spec': {'battery': {'minPercent': 1}}}",
                   api_text(policy, "metadata.resourceVersion"), api_text(policy, "metadata.uid")));
    assert_int_equal(revision_of(policy), 2);
    (void)merge(200, POLICIES "/p",
                "{'metadata': {'resourceVersion': '2'}, 'spec': {'battery': {'minPercent': 2}}}");
    (void)api_expect(&api, 200, "PUT", POLICIES "/p",
                     "{'metadata': {'name': 'p', 'resourceVersion': '', 'uid': ''}}");
}

/* --- patches ---------------------------------------------------------------------------------- */

static void a_merge_patch_merges_and_null_removes(void **state)
{
    const struct node *policy;

    (void)state;
    (void)api_expect(&api, 201, "POST", POLICIES,
                     "{'metadata': {'name': 'p', 'labels': {'a': '1', 'b': '2'}},"
                     "'spec': {'battery': {'minPercent': 20, 'resumePercent': 70}}}");
    policy = merge(200, POLICIES "/p",
                   "{'metadata': {'labels': {'a': null, 'c': '3'}},"
                   "'spec': {'battery': {'minPercent': null}}}");
    quick_json_expect(api_at(policy, "metadata.labels"), "{'b': '2', 'c': '3'}");
    assert_int_equal(api_int(policy, "spec.battery.minPercent"), 50); /* the default is back */
    assert_int_equal(api_int(policy, "spec.battery.resumePercent"), 70);
    assert_int_equal(api_int(policy, "metadata.generation"), 2);
}

static void a_patch_of_what_is_not_there_is_not_found(void **state)
{
    (void)state;
    expect_status(merge(404, POLICIES "/p", "{}"), 404, "NotFound", "p");
}

static void a_patch_that_makes_it_invalid_is_refused(void **state)
{
    const char *before;

    (void)state;
    (void)create_session("s");
    before = api_fingerprint(&api);
    expect_status(merge(422, SESSIONS "/s", "{'spec': {'replicas': -1}}"), 422, "Invalid",
                  "spec.replicas");
    expect_status(merge(422, SESSIONS "/s", "{'spec': null}"), 422, "Invalid", "spec");
    expect_status(merge(422, SESSIONS "/s", "{'spec': {'replicas': 1, 'everyAgent': true}}"), 422,
                  "Invalid", "replicas");
    expect_status(merge(400, SESSIONS "/s", "[]"), 400, "BadRequest", "not an object");
    expect_status(merge(400, SESSIONS "/s", "{'metadata': {'name': 't'}}"), 400, "BadRequest", "t");
    assert_string_equal(api_fingerprint(&api), before);
}

static void of_a_field_that_stands_twice_the_last_one_holds(void **state)
{
    static const char body[] =
        "{'metadata': {'name': 'p', 'labels': {'a': '1', 'a': '2'}, 'labels': {'a': '2'}}}";
    const struct api_reply *reply;

    (void)state;
    refused("POST", POLICIES "?fieldValidation=Strict", body, 400, "BadRequest",
            "strict decoding error: duplicate field \"metadata.labels.a\"; duplicate field "
            "\"metadata.labels\"");
    refused("POST", POLICIES "?fieldValidation=Strict",
            "{'metadata': {'name': 'q', 'name': 'p'}, 'spec': {'batery': 1}}", 400, "BadRequest",
            "strict decoding error: duplicate field \"metadata.name\"; unknown field "
            "\"spec.batery\"");
    reply = api_call(&api, "POST", POLICIES "?dryRun=All&fieldValidation=Ignore", body);
    assert_int_equal(reply->code, 201);
    assert_null(reply->warning);
    reply = api_call(&api, "POST", POLICIES, body);
    assert_int_equal(reply->code, 201);
    assert_string_equal(reply->warning,
                        "299 - \"duplicate field \\\"metadata.labels.a\\\"\", 299 - "
                        "\"duplicate field \\\"metadata.labels\\\"\"");
    assert_string_equal(api_text(reply->json, "metadata.labels.a"), "2");
    api.content_type = "application/apply-patch+yaml";
    refused("PATCH", POLICIES "/p?fieldManager=m&fieldValidation=Strict", body, 400, "BadRequest",
            "duplicate field \"metadata.labels\"");
    reply = api_call(&api, "PATCH", POLICIES "/p?fieldManager=m&force=true", body);
    assert_int_equal(reply->code, 200);
    assert_non_null(reply->warning);
}

static void a_change_set_says_nothing_twice(void **state)
{
    (void)state;
    refused("POST", CHANGESETS, "{'spec': {'changes': [], 'changes': []}}", 400, "BadRequest",
            "line 1, column 26: spec.changes: duplicate key");
}

static void what_is_empty_in_the_metadata_is_not_there(void **state)
{
    const struct node *policy =
        api_expect(&api, 201, "POST", POLICIES,
                   "{'metadata': {'name': 'p', 'labels': {}, 'annotations': {}, 'finalizers': [],"
                   "'ownerReferences': []}}");

    (void)state;
    assert_null(api_at(policy, "metadata.labels"));
    assert_null(api_at(policy, "metadata.annotations"));
    assert_null(api_at(policy, "metadata.finalizers"));
    assert_null(api_at(policy, "metadata.ownerReferences"));
    assert_string_equal(api_text(merge(200, POLICIES "/p", "{'metadata': {'annotations': {}}}"),
                                 "metadata.resourceVersion"),
                        api_text(policy, "metadata.resourceVersion"));
    api_expect(&api, 422, "POST", POLICIES, "{'metadata': {'name': 'q', 'labels': []}}");
    api_expect(&api, 422, "POST", POLICIES, "{'metadata': {'name': 'q', 'finalizers': {}}}");
}

static void a_dry_run_has_the_number_of_what_is_there(void **state)
{
    const struct node *policy;

    (void)state;
    policy = api_expect(&api, 201, "POST", POLICIES "?dryRun=All", "{'metadata': {'name': 'p'}}");
    assert_null(api_at(policy, "metadata.resourceVersion"));
    policy = create_policy("p");
    assert_string_equal(
        api_text(merge(200, POLICIES "/p?dryRun=All", "{'metadata': {'labels': {'a': '1'}}}"),
                 "metadata.resourceVersion"),
        api_text(policy, "metadata.resourceVersion"));
}

static void bodies_of_other_types_are_unsupported(void **state)
{
    (void)state;
    api.content_type = "text/plain"; /* any web page may send this */
    refused("POST", POLICIES, "{}", 415, "UnsupportedMediaType", "application/json");
}

/* --- status ----------------------------------------------------------------------------------- */

static void the_status_is_written_through_its_subresource_alone(void **state)
{
    const struct node *session;
    int64_t generation;

    (void)state;
    (void)create_session("s");
    generation = api_int(api_get(&api, SESSIONS "/s"), "metadata.generation");
    session = merge(200, SESSIONS "/s/status",
                    "{'metadata': {'labels': {'x': 'y'}}, 'spec': {'replicas': 5},"
                    "'status': {'conditions': [{'type': 'Seen', 'status': 'True'}]}}");
    assert_string_equal(api_text(session, "status.conditions[0].type"), "Seen");
    assert_null(api_at(session, "metadata.labels"));
    assert_null(api_at(session, "spec.replicas"));
    assert_int_equal(api_int(session, "metadata.generation"), generation);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/s/status"), "metadata.generation"),
                     generation);
}

static void a_stale_write_of_the_status_is_a_conflict(void **state)
{
    (void)state;
    (void)create_session("s");
    expect_status(merge(409, SESSIONS "/s/status",
                        "{'metadata': {'resourceVersion': '999'}, 'status': {'ready': 1}}"),
                  409, "Conflict", "modified");
}

static void nobody_comes_to_own_fields_through_the_status(void **state)
{
    const struct node *before, *after;

    (void)state;
    (void)create_session("s");
    before = api_at(api_get(&api, SESSIONS "/s"), "metadata.managedFields");
    api.content_type = "application/apply-patch+yaml";
    after = api_expect(&api, 200, "PATCH", SESSIONS "/s/status?fieldManager=m",
                       "{'apiVersion': 'fog/v1', 'kind': 'HarvestSession',"
                       "'metadata': {'name': 's'}, 'status': {'succeeded': 3}}");
    assert_int_equal(api_int(after, "status.succeeded"), 3);
    assert_true(node_eq(before, api_at(after, "metadata.managedFields")));
    api_restart(&api);
    after = api_get(&api, SESSIONS "/s");
    assert_true(node_eq(before, api_at(after, "metadata.managedFields")));
}

/* --- who, and dry runs ------------------------------------------------------------------------ */

static const char *manager_of(const struct node *object)
{
    return api_text(object, "metadata.managedFields[0].manager");
}

static void the_manager_comes_from_the_query_or_the_user_agent(void **state)
{
    (void)state;
    api.user_agent = "kubectl/v1.30 (linux/amd64)";
    assert_string_equal(manager_of(create_policy("a")), "kubectl");
    api.user_agent = "plain";
    assert_string_equal(manager_of(create_policy("b")), "plain");
    api.user_agent = NULL;
    assert_string_equal(manager_of(create_policy("c")), "unknown");
    api.user_agent = "/odd";
    assert_string_equal(manager_of(create_policy("d")), "unknown");
    assert_string_equal(manager_of(api_expect(&api, 201, "POST", POLICIES "?fieldManager=m%20m",
                                              "{'metadata': {'name': 'e'}}")),
                        "m m");
}

static void the_name_of_a_manager_has_bounds(void **state)
{
    char name[MANAGER_BYTES_MAX + 8] = "";

    (void)state;
    for (size_t length = MANAGER_BYTES_MAX - 1; length <= MANAGER_BYTES_MAX + 1; length++) {
        char *target;

        memset(name, 'm', length);
        target = api_target(&api, POLICIES "?dryRun=All&fieldManager=%s", name);
        (void)api_expect(&api, length <= MANAGER_BYTES_MAX ? 201 : 422, "POST", target,
                         "{'metadata': {'name': 'p'}}");
    }
    refused("POST", POLICIES "?fieldManager=a%01b", "{'metadata': {'name': 'p'}}", 422, "Invalid",
            "printable");
    api.user_agent = "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
                     "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm\xc3\xa4";
    assert_int_equal(strlen(manager_of(create_policy("p"))), MANAGER_BYTES_MAX - 1);
}

static void a_dry_run_answers_and_changes_nothing(void **state)
{
    const char *before;
    const struct node *dry, *real;

    (void)state;
    (void)create_policy("p");
    before = api_fingerprint(&api);
    dry = api_expect(&api, 201, "POST", POLICIES "?dryRun=All", "{'metadata': {'name': 'q'}}");
    (void)api_expect(&api, 200, "PUT", POLICIES "/p?dryRun=All",
                     "{'metadata': {'name': 'p'}, 'spec': {'battery': {'minPercent': 1}}}");
    (void)merge(200, POLICIES "/p?dryRun=All", "{'spec': {'battery': {'minPercent': 1}}}");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p?dryRun=All", NULL);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", "{'dryRun': ['All']}");
    (void)api_expect(&api, 200, "DELETE", POLICIES "?dryRun=All", NULL);
    (void)api_expect(&api, 201, "POST", POLICIES "?dryRun=All",
                     "{'metadata': {'generateName': 'x-'}}");
    assert_string_equal(api_fingerprint(&api), before);
    assert_int_equal(api.commits, 1);
    real = create_policy("q"); /* randomness is where it was */
    assert_string_equal(api_text(dry, "metadata.uid"), api_text(real, "metadata.uid"));
}

static void a_dry_run_refuses_what_a_real_one_would(void **state)
{
    (void)state;
    (void)create_policy("p");
    refused("POST", POLICIES "?dryRun=All", "{'metadata': {'name': 'p'}}", 409, "AlreadyExists",
            "p");
    refused("PUT", POLICIES "/p?dryRun=All", "{'metadata': {'name': 'p', 'resourceVersion': '9'}}",
            409, "Conflict", "modified");
    refused("DELETE", POLICIES "/q?dryRun=All", NULL, 404, "NotFound", "q");
}

static void a_dry_run_that_is_not_understood_is_refused(void **state)
{
    (void)state;
    (void)create_policy("p");
    refused("POST", POLICIES "?dryRun=all", "{'metadata': {'name': 'q'}}", 400, "BadRequest",
            "dryRun");
    refused("POST", POLICIES "?dryRun=All&dryRun=Some", "{'metadata': {'name': 'q'}}", 400,
            "BadRequest", "Some");
    refused("DELETE", POLICIES "/p", "{'dryRun': ['None']}", 400, "BadRequest", "None");
    refused("DELETE", POLICIES "/p", "{'dryRun': [5]}", 400, "BadRequest", "dryRun");
    refused("DELETE", POLICIES "/p", "{'dryRun': 'Some'}", 400, "BadRequest", "Some");
    refused("DELETE", POLICIES "/p", "{'dryRun': true}", 400, "BadRequest", "dryRun");
}

/* --- kinds that operators do not write -------------------------------------------------------- */

static void assignments_and_events_are_not_written(void **state)
{
    (void)state;
    refused("POST", ASSIGNMENTS, "{'metadata': {'name': 'a'}}", 403, "Forbidden", "reconciler");
    refused("PUT", ASSIGNMENTS "/a", "{'metadata': {'name': 'a'}}", 403, "Forbidden", "reconciler");
    refused("POST", EVENTS, "{'metadata': {'name': 'e'}}", 405, "MethodNotAllowed",
            "events are written by the controller alone");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_created_object_has_an_identity_and_defaults),
        CASE(what_is_the_servers_is_ignored_when_a_client_sends_it),
        CASE(a_status_sent_with_a_create_is_dropped),
        CASE(generate_name_makes_names),
        CASE(creating_what_exists_is_a_conflict),
        CASE(bodies_that_are_no_objects_are_refused),
        CASE(only_bodies_of_known_types_are_read),
        CASE(a_body_is_nested_up_to_the_bound),
        CASE(body_and_path_must_name_the_same),
        CASE(names_are_checked),
        CASE(all_that_is_wrong_is_said_at_once),
        CASE(a_session_needs_its_workload_and_its_policy),
        CASE(an_unknown_field_is_dropped_with_a_warning),
        CASE(strict_clients_are_refused_an_unknown_field),
        CASE(a_client_may_ask_for_silence_about_unknown_fields),
        CASE(another_strictness_is_refused),
        CASE(a_replace_sets_all_and_raises_the_generation),
        CASE(labels_do_not_raise_the_generation),
        CASE(a_write_that_changes_nothing_is_no_write),
        CASE(replacing_what_is_not_there_is_not_found),
        CASE(a_write_of_the_main_resource_keeps_the_status),
        CASE(a_stale_revision_or_uid_is_a_conflict),
        CASE(a_precondition_that_is_no_text_is_not_overlooked),
        CASE(the_right_revision_and_uid_are_let_through),
        CASE(a_merge_patch_merges_and_null_removes),
        CASE(a_patch_of_what_is_not_there_is_not_found),
        CASE(a_patch_that_makes_it_invalid_is_refused),
        CASE(of_a_field_that_stands_twice_the_last_one_holds),
        CASE(a_change_set_says_nothing_twice),
        CASE(what_is_empty_in_the_metadata_is_not_there),
        CASE(a_dry_run_has_the_number_of_what_is_there),
        CASE(bodies_of_other_types_are_unsupported),
        CASE(the_status_is_written_through_its_subresource_alone),
        CASE(a_stale_write_of_the_status_is_a_conflict),
        CASE(nobody_comes_to_own_fields_through_the_status),
        CASE(the_manager_comes_from_the_query_or_the_user_agent),
        CASE(the_name_of_a_manager_has_bounds),
        CASE(a_dry_run_answers_and_changes_nothing),
        CASE(a_dry_run_refuses_what_a_real_one_would),
        CASE(a_dry_run_that_is_not_understood_is_refused),
        CASE(assignments_and_events_are_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
