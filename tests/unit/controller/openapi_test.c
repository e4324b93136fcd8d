/* OpenAPI behind the API: which document, in which form, and when the client has it already. */
#include "schema/openapi.h"
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
        {"application/json;q=0, " PROTOBUF, true},
        {PROTOBUF ";q=0, */*", false},
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
    assert_int_equal(paths->map.count, 5);
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

/* A path as it is asked for: what is in braces has a value. */
static const char *asked(const char *path)
{
    static const char *const values[][2] = {
        {"{name}", "there"}, {"{namespace}", "default"}, {"{group}", "fog"}, {"{version}", "v1"}};
    struct str text = STR_EMPTY;
    const char *whole;

    while (*path != '\0') {
        size_t length = *path == '{' ? strcspn(path, "}") + 1 : 1;

        for (size_t i = 0; i < COUNT_OF(values) && length > 1; i++) {
            str_add(&text, str_starts(path, values[i][0]) ? values[i][1] : "");
        }
        if (length == 1) {
            str_add_bytes(&text, path, 1);
        }
        path += length;
    }
    whole = arena_strdup(&api.arena, text.data);
    str_fini(&text);
    return whole;
}

/* Is it done, or refused for a reason of its own? */
static bool is_answered(const char *method, const char *path)
{
    const struct api_reply *reply;

    api.content_type = str_eq(method, "PATCH") ? "application/merge-patch+json" : NULL;
    reply = api_call(&api, method, path, "{}");
    assert_int_not_equal(reply->code, 500);
    return reply->code != 405 && reply->code != 403 &&
           (reply->code != 404 || !str_eq(api_text(reply->json, "message"),
                                          "the server could not find the requested resource"));
}

static const char *const methods[][2] = {
    {"get", "GET"}, {"put", "PUT"}, {"post", "POST"}, {"patch", "PATCH"}, {"delete", "DELETE"}};

/* The patch of what the controller alone writes is in there for the clients' sake. */
static bool is_refused_patch(const char *method, const char *path)
{
    return str_eq(method, "patch") &&
           (strstr(path, "/assignments/") != NULL || strstr(path, "/events/") != NULL ||
            strstr(path, "/sources/") != NULL || strstr(path, "/conflicts/") != NULL);
}

static void what_is_described_is_answered_and_nothing_else_of_these_paths_is(void **state)
{
    const struct node *paths = node_find(openapi_v2(&api.arena), "paths");

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 'there'}, 'spec': {" WORK "}}");
    assert_true(paths->map.count > 60);
    for (size_t i = 0; i < paths->map.count; i++) {
        const struct node_member *item = &paths->map.members[i];

        if (str_starts(item->key, "/blobs/") || str_starts(item->key, "/backup/")) {
            continue; /* the shell answers these: see tests/suites/openapi.sh */
        }
        for (size_t j = 0; j < COUNT_OF(methods); j++) {
            bool is_described = node_find(item->value, methods[j][0]) != NULL &&
                                !is_refused_patch(methods[j][0], item->key);

            if (is_answered(methods[j][1], asked(item->key)) != is_described) {
                fail_msg("%s %s: described %d", methods[j][1], item->key, is_described);
            }
        }
    }
}

static void what_is_answered_is_described(void **state)
{
    static const char *const parts[] = {"history", "why",    "log",  "logs",   "plan",
                                        "scale",   "status", "exec", "events", "rollback"};
    const struct node *paths = node_find(openapi_v2(&api.arena), "paths");

    (void)state;
    for (size_t i = 0; i < KIND_COUNT * COUNT_OF(parts); i++) {
        const struct kind *kind = kinds[i / COUNT_OF(parts)];
        const char *path =
            arena_printf(&api.arena, "%s/%s/{name}/%s", kind->is_event ? "/api/v1" : "/apis/fog/v1",
                         kind->plural, parts[i % COUNT_OF(parts)]);
        bool is_there = is_answered("GET", asked(path)) || is_answered("POST", asked(path));

        if (is_there != (node_find(paths, path) != NULL)) {
            fail_msg("%s: answered %d", path, is_there);
        }
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        assert_int_equal(routes[i].id, i);
        assert_non_null(node_find(paths, routes[i].path));
        assert_non_null(node_find(node_find(openapi_v3(&api.arena, routes[i].document), "paths"),
                                  routes[i].path));
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(version_2_is_json_unless_protobuf_is_asked_for),
        CASE(version_3_lists_a_document_for_each_group),
        CASE(what_the_client_has_is_not_sent_again),
        CASE(documents_wait_for_no_commit),
        CASE(what_is_described_is_answered_and_nothing_else_of_these_paths_is),
        CASE(what_is_answered_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
