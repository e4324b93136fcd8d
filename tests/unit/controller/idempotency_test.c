/* Idempotency keys: the same request again is answered again and carried out once. */
#include "schema/limits.h"
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
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

#define BODY "{'metadata': {'generateName': 'p-'}}"

static const char *create_with(const char *key, int code, const char *body)
{
    const struct node *answer;

    api.key = key;
    answer = api_expect(&api, code, "POST", POLICIES, body);
    api.key = NULL;
    return code < 300 ? api_text(answer, "metadata.name") : api_text(answer, "message");
}

static size_t policies(void)
{
    return api.ctl->model.objects[KIND_HARVEST_POLICY].count;
}

static void the_first_answer_is_given_again(void **state)
{
    const char *first = create_with("k1", 201, BODY);

    (void)state;
    (void)api_expect(&api, 200, "DELETE", api_target(&api, POLICIES "/%s", first), NULL);
    assert_string_equal(create_with("k1", 201, BODY), first); /* as it was answered then */
    assert_int_equal(policies(), 0);
    assert_string_not_equal(create_with("k2", 201, BODY), first);
    assert_int_equal(policies(), 1);
}

static void without_a_key_each_request_is_its_own(void **state)
{
    (void)state;
    (void)create_with(NULL, 201, BODY);
    (void)create_with(NULL, 201, BODY);
    assert_int_equal(policies(), 2);
}

static void answers_survive_a_restart(void **state)
{
    const char *first = create_with("k1", 201, BODY);

    (void)state;
    api_restart(&api);
    assert_string_equal(create_with("k1", 201, BODY), first);
    assert_int_equal(policies(), 1);
}

static void another_request_with_the_key_is_refused(void **state)
{
    (void)state;
    (void)create_with("k1", 201, BODY);
    assert_string_equal(create_with("k1", 422, "{'metadata': {'name': 'other'}}"),
                        "this Idempotency-Key was used for another request");
    api.key = "k1";
    (void)api_expect(&api, 422, "POST", SESSIONS, BODY);
    (void)api_expect(&api, 422, "PUT", POLICIES "/x", BODY);
    assert_int_equal(policies(), 1);
}

static void what_failed_may_be_tried_again(void **state)
{
    (void)state;
    (void)create_with("k1", 422, "{'metadata': {'name': 'UPPER'}}");
    (void)create_with("k1", 201, BODY);
    assert_int_equal(policies(), 1);
}

static void a_dry_run_uses_up_no_key(void **state)
{
    (void)state;
    api.key = "k1";
    (void)api_expect(&api, 201, "POST", POLICIES "?dryRun=All", BODY);
    (void)api_expect(&api, 201, "POST", POLICIES, BODY);
    assert_int_equal(policies(), 1);
}

static void sets_deletes_and_rollbacks_have_keys_too(void **state)
{
    uint64_t revision;

    (void)state;
    (void)create_with(NULL, 201, "{'metadata': {'name': 'a'}}");
    api.key = "set";
    for (size_t i = 0; i < 2; i++) {
        (void)api_expect(&api, 200, "POST", CHANGESETS,
                         "{'spec': {'changes': [{'verb': 'create', 'object': {'apiVersion':"
                         "'fog/v1', 'kind': 'HarvestPolicy', 'metadata': {'name': 'b'}}}]}}");
    }
    api.key = "delete";
    for (size_t i = 0; i < 2; i++) {
        (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    }
    api.key = "collection";
    for (size_t i = 0; i < 2; i++) {
        const struct node *list = api_expect(&api, 200, "DELETE", POLICIES, NULL);

        assert_int_equal(api_at(list, "items")->list.count, 1);
    }
    api.key = "back";
    (void)api_expect(&api, 200, "POST", ROLLBACKS, "{'spec': {'toRevision': '1'}}");
    revision = api_revision(&api);
    (void)api_expect(&api, 200, "POST", ROLLBACKS, "{'spec': {'toRevision': '1'}}");
    assert_int_equal(api_revision(&api), revision);
}

static void a_rollback_asked_for_twice_at_once_happens_once(void **state)
{
    const struct api_reply *first, *second;

    (void)state;
    (void)create_with(NULL, 201, "{'metadata': {'name': 'a'}}");
    (void)api_expect(&api, 200, "DELETE", POLICIES "/a", NULL);
    api.key = "back";
    api.holds_reads = true;
    first = api_call(&api, "POST", ROLLBACKS, "{'spec': {'toRevision': '1'}}");
    second = api_call(&api, "POST", ROLLBACKS, "{'spec': {'toRevision': '1'}}");
    api.holds_reads = false;
    api_settle(&api);
    assert_int_equal(first->code, 200);
    assert_int_equal(second->code, 200);
    assert_string_equal(first->body.data, second->body.data);
    assert_int_equal(api_revision(&api), 3);
}

static void the_answer_given_again_waits_for_the_first_commit(void **state)
{
    const struct api_reply *first, *again;

    (void)state;
    api.key = "k1";
    api.holds_commits = true;
    first = api_call(&api, "POST", POLICIES, BODY);
    again = api_call(&api, "POST", POLICIES, BODY);
    assert_int_equal(first->code, 0);
    assert_int_equal(again->code, 0);
    api.holds_commits = false;
    api_settle(&api);
    assert_string_equal(first->body.data, again->body.data);
    assert_int_equal(policies(), 1);
}

static void a_key_has_a_length_up_to_the_bound(void **state)
{
    char key[IDEMPOTENCY_KEY_BYTES_MAX + 2] = "";

    (void)state;
    for (size_t length = IDEMPOTENCY_KEY_BYTES_MAX - 1; length <= IDEMPOTENCY_KEY_BYTES_MAX + 1;
         length++) {
        memset(key, 'k', length);
        (void)create_with(key, length <= IDEMPOTENCY_KEY_BYTES_MAX ? 201 : 400, BODY);
    }
    assert_int_equal(policies(), 2);
}

static void only_so_many_answers_are_remembered(void **state)
{
    char key[32];

    (void)state;
    (void)create_with("first", 201, "{'metadata': {'name': 'p'}}");
    for (size_t i = 1; i < IDEMPOTENCY_KEYS_MAX; i++) {
        (void)snprintf(key, sizeof(key), "key-%zu", i);
        api.key = key;
        (void)api_expect(&api, 200, "PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}");
    }
    (void)create_with("first", 201, "{'metadata': {'name': 'p'}}"); /* still known */
    api.key = "one-more";
    (void)api_expect(&api, 200, "PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}");
    (void)create_with("first", 409, "{'metadata': {'name': 'p'}}"); /* forgotten: tried anew */
    api_restart(&api);
    assert_int_equal(api.ctl->answers.count, IDEMPOTENCY_KEYS_MAX);
}

static void the_oldest_answers_make_room_for_large_ones(void **state)
{
    const char *first, *second;

    (void)state;
    first = create_with("k1", 201, BODY);
    second = create_with("k2", 201, BODY);
    api.ctl->answers_bytes += IDEMPOTENCY_BYTES_MAX - api.ctl->answers_bytes; /* they were large */
    (void)create_with("k3", 201, BODY);
    assert_string_equal(create_with("k2", 201, BODY), second);
    assert_string_not_equal(create_with("k1", 201, BODY), first);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_answer_is_given_again),
        CASE(without_a_key_each_request_is_its_own),
        CASE(answers_survive_a_restart),
        CASE(another_request_with_the_key_is_refused),
        CASE(what_failed_may_be_tried_again),
        CASE(a_dry_run_uses_up_no_key),
        CASE(sets_deletes_and_rollbacks_have_keys_too),
        CASE(a_rollback_asked_for_twice_at_once_happens_once),
        CASE(the_answer_given_again_waits_for_the_first_commit),
        CASE(a_key_has_a_length_up_to_the_bound),
        CASE(only_so_many_answers_are_remembered),
        CASE(the_oldest_answers_make_room_for_large_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
