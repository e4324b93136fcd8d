/* OpenAPI behind the API: which document, in which form, and when the client has it already. */
#include "tests/support/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define V2       "/openapi/v2"
#define V3       "/openapi/v3"
#define PROTOBUF "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

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

static void version_2_is_json_unless_protobuf_is_asked_for(void **state)
{
    static const struct {
        const char *accept;
        bool is_protobuf;
    } cases[] = {
        {NULL, false},
        {"application/json", false},
        {"*/*", false},
        {"text/html", false},
        {PROTOBUF, true},
        {"application/com.github.proto-openapi.spec.v2.v1.0+protobuf", true},
        {"text/html, " PROTOBUF ";q=0.9, application/json", true},
        {"application/json, " PROTOBUF, false},
        {"application/com.github.proto-openapi.spec.v3@v1.0+protobuf", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct api_reply *reply;

        api.accept = cases[i].accept;
        reply = api_call(&api, "GET", V2 "?timeout=32s", NULL);
        assert_int_equal(reply->code, 200);
        assert_int_equal(str_ends(reply->content_type, "protobuf"), cases[i].is_protobuf);
        assert_null(strchr(reply->content_type, '@')); /* which clients cannot read */
        if (!cases[i].is_protobuf) {
            assert_string_equal(api_text(reply->json, "swagger"), "2.0");
        }
    }
}

static void version_3_lists_a_document_for_each_group(void **state)
{
    const struct node *paths = api_at(api_get(&api, V3), "paths");

    (void)state;
    assert_int_equal(paths->map.count, 2);
    for (size_t i = 0; i < paths->map.count; i++) {
        const char *url = api_text(paths->map.members[i].value, "serverRelativeURL");
        const struct api_reply *reply = api_call(&api, "GET", url, NULL);
        const char *hash = strstr(url, "?hash=");

        assert_int_equal(reply->code, 200);
        assert_string_equal(api_text(reply->json, "openapi"), "3.0.0");
        assert_non_null(hash);
        assert_non_null(strstr(reply->etag, hash + strlen("?hash=")));
    }
    (void)api_expect(&api, 404, "GET", V3 "/apis/fog/v2", NULL);
    (void)api_expect(&api, 404, "GET", V3 "/apis", NULL);
    (void)api_expect(&api, 405, "POST", V3, "{}");
}

static void what_the_client_has_is_not_sent_again(void **state)
{
    static const char *const targets[] = {V2, V3, V3 "/apis/fog/v1", V3 "/api/v1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        const struct api_reply *reply;
        const char *etag;

        api.if_none_match = NULL;
        etag = api_call(&api, "GET", targets[i], NULL)->etag;
        assert_int_equal(etag[0], '"');
        api.if_none_match = etag;
        reply = api_call(&api, "GET", targets[i], NULL);
        assert_int_equal(reply->code, 304);
        assert_string_equal(reply->etag, etag);
        assert_int_equal(reply->body.length, 0);
        api.if_none_match = "\"another\"";
        assert_int_equal(api_call(&api, "GET", targets[i], NULL)->code, 200);
    }
    api.if_none_match = api_call(&api, "GET", V2, NULL)->etag;
    api.accept = PROTOBUF; /* another form is another document */
    assert_int_equal(api_call(&api, "GET", V2, NULL)->code, 200);
}

static void documents_wait_for_no_commit(void **state)
{
    (void)state;
    api.holds_commits = true;
    (void)api_call(&api, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    assert_int_equal(api_call(&api, "GET", V2, NULL)->code, 200);
    api.holds_commits = false;
    api_settle(&api);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(version_2_is_json_unless_protobuf_is_asked_for),
        CASE(version_3_lists_a_document_for_each_group),
        CASE(what_the_client_has_is_not_sent_again),
        CASE(documents_wait_for_no_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
