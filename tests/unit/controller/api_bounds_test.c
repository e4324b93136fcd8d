/* Writes at the door: sizes, a full disk, too many at once; and when their answers go out. */
#include "tests/support/api.h"

#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

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

static size_t stored_size(const char *name)
{
    struct object *object = model_find(&api.ctl->model, KIND_HARVEST_POLICY, name);
    struct str text = STR_EMPTY;
    size_t size;

    emit_object_json(object, EMIT_ALL, JSON_SORTED, &text);
    size = text.length;
    str_fini(&text);
    return size;
}

static int code_of_size(size_t padding)
{
    struct str body = STR_EMPTY;
    int code;

    /* Several annotations, each of which may be large. */
    str_add(&body, "{'metadata':{'name':'big','annotations':{'a':'");
    for (size_t i = 0; i < padding; i++) {
        str_add_char(&body, 'x');
    }
    str_add(&body, "'}}}");
    code = api_call(&api, "PUT", POLICIES "/big?fieldManager=m", body.data)->code;
    str_fini(&body);
    return code;
}

static void an_object_has_a_size_up_to_the_bound(void **state)
{
    size_t padding = 1000;

    (void)state;
    (void)create_policy("big");
    assert_int_equal(code_of_size(padding), 200);
    padding += OBJECT_BYTES_MAX - stored_size("big");
    assert_int_equal(code_of_size(padding - 1), 200);
    assert_int_equal(stored_size("big"), OBJECT_BYTES_MAX - 1);
    assert_int_equal(code_of_size(padding), 200);
    assert_int_equal(stored_size("big"), OBJECT_BYTES_MAX);
    assert_int_equal(code_of_size(padding + 1), 422);
}

static void a_full_disk_refuses_all_but_deletes(void **state)
{
    struct ctl_event full = {.type = CTL_STORE_SPACE, .store_is_full = true};
    struct ctl_event room = {.type = CTL_STORE_SPACE, .store_is_full = false};
    const struct api_reply *reply;

    (void)state;
    (void)create_policy("p");
    (void)create_policy("q");
    api_step(&api, &full);
    reply = api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'r'}}");
    assert_int_equal(reply->code, 503);
    assert_int_equal(reply->retry_after_seconds, 1);
    expect_status(reply->json, 503, "ServiceUnavailable", "full");
    assert_int_equal(api_int(reply->json, "details.retryAfterSeconds"), 1);
    refused("PUT", POLICIES "/p", "{'metadata': {'name': 'p'}}", 503, "ServiceUnavailable", "full");
    refused("POST", ROLLBACKS, "{'spec': {'toRevision': '1'}}", 503, "ServiceUnavailable", "full");
    refused("POST", CHANGESETS,
            "{'spec': {'changes': [{'verb': 'create', 'object': {'apiVersion': 'fog/v1',"
            "'kind': 'HarvestPolicy', 'metadata': {'name': 'x'}}}]}}",
            503, "ServiceUnavailable", "full");
    (void)api_expect(&api, 201, "POST", POLICIES "?dryRun=All", "{'metadata': {'name': 'r'}}");
    (void)api_get(&api, POLICIES);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    (void)api_expect(&api, 200, "POST", CHANGESETS,
                     "{'spec': {'changes': [{'verb': 'delete', 'kind': 'HarvestPolicy',"
                     "'name': 'q'}]}}");
    api_step(&api, &room);
    (void)create_policy("p");
}

static void too_many_waiting_writes_are_told_to_come_again(void **state)
{
    const struct api_reply *reply;
    char name[16];

    (void)state;
    api.holds_commits = true;
    for (size_t i = 0; i <= BATCHES_WAITING_MAX; i++) {
        (void)snprintf(name, sizeof(name), "p%zu", i);
        reply = api_call(&api, "POST", POLICIES,
                         api_target(&api, "{'metadata': {'name': '%s'}}", name));
        assert_int_equal(reply->code, 0); /* it waits */
    }
    reply = api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'one-more'}}");
    assert_int_equal(reply->code, 0); /* so does its refusal */
    api.holds_commits = false;
    api_settle(&api);
    assert_int_equal(reply->code, 429);
    assert_int_equal(reply->retry_after_seconds, 1);
    expect_status(reply->json, 429, "TooManyRequests", "wait to be stored");
    (void)create_policy("one-more");
}

static void an_answer_waits_until_the_write_is_durable(void **state)
{
    const struct api_reply *write, *read;

    (void)state;
    api.holds_commits = true;
    write = api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    read = api_call(&api, "GET", POLICIES "/p", NULL);
    assert_int_equal(write->code, 0);
    assert_int_equal(read->code, 0); /* nobody is told of what may yet be lost */
    api.holds_commits = false;
    api_settle(&api);
    assert_int_equal(write->code, 201);
    assert_int_equal(read->code, 200);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_object_has_a_size_up_to_the_bound),
        CASE(a_full_disk_refuses_all_but_deletes),
        CASE(too_many_waiting_writes_are_told_to_come_again),
        CASE(an_answer_waits_until_the_write_is_durable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
