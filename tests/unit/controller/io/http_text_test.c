/* What a request says about its sender, and the heads of answers. */
#include "controller/io/http_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A parsed GET with these header lines. */
static struct http_parser request(const char *lines)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct http_parser parser;

    http_parser_init(&parser);
    str_addf(&text, "GET / HTTP/1.1\r\n%s\r\n", lines);
    assert_int_equal(http_parser_feed(&parser, text.data, text.length), text.length);
    assert_int_equal(parser.state, HTTP_PARSE_DONE);
    return parser;
}

/* Would it be taken on loopback? */
static bool is_foreign(const char *lines)
{
    struct http_parser parser = request(lines);
    bool answer = http_has_foreign_host(&parser) || http_is_of_another_site(&parser);

    http_parser_fini(&parser);
    return answer;
}

/* The user that these lines name; "!" when they are refused, "-" for none. */
static const char *user_of(const char *lines)
{
    static char user[HTTP_USER_SIZE];
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct http_request got;

    str_addf(&text, "Host: x\r\n%s", lines);
    struct http_parser parser = request(text.data);
    struct http_refusal refusal = http_request_from(&parser, user, &got);
    const char *answer = refusal.code == 400 ? "!" : got.user == NULL ? "-" : user;

    http_parser_fini(&parser);
    return answer;
}

static void addresses_and_local_names_are_not_foreign(void **state)
{
    (void)state;
    assert_false(is_foreign("Host: 127.0.0.1:7411\r\n"));
    assert_false(is_foreign("Host: [::1]:7411\r\n"));
    assert_false(is_foreign("Host: localhost\r\n"));
    assert_false(is_foreign("Host: fog.localhost:80\r\n"));
    assert_false(is_foreign("Host: LocalHost:7411\r\nOrigin: http://localhost:7411\r\n"));
    assert_false(is_foreign("Host: 10.1.2.3\r\nOrigin: http://10.1.2.3\r\n"));
}

static void names_of_other_sites_are_foreign(void **state)
{
    (void)state;
    assert_true(is_foreign("Host: evil.example\r\n"));
    assert_true(is_foreign("Host: 127.0.0.1.evil.example:7411\r\n"));
    assert_true(is_foreign("Host: evil.example.:7411\r\n"));
    assert_true(is_foreign("Host: localhost.evil.example\r\n"));
    assert_true(is_foreign("Host: wpad:7411\r\nOrigin: http://wpad:7411\r\n"));
    assert_true(is_foreign("Host: \r\n"));
    assert_true(is_foreign("Host: localhost\r\nOrigin: http://y\r\n"));
    assert_true(is_foreign("Host: localhost\r\nOrigin: https://localhost\r\n"));
    assert_true(is_foreign("Host: localhost:7411\r\nOrigin: http://localhost:3000\r\n"));
    assert_true(is_foreign("Host: localhost\r\nOrigin: null\r\n"));
    assert_true(is_foreign("Host: localhost\r\nOrigin:\r\n"));
}

static void users_come_from_a_password_a_token_or_a_name(void **state)
{
    (void)state;
    assert_string_equal(user_of(""), "-");
    assert_string_equal(user_of("Fog-User: bob\r\n"), "bob");
    assert_string_equal(user_of("Authorization: Basic YWxpY2U6c2VjcmV0\r\n"), "alice");
    assert_string_equal(user_of("Authorization: basic YTpi\r\nFog-User: bob\r\n"), "a");
    assert_string_equal(user_of("Authorization: Basic Og==\r\n"), "-");
    assert_string_equal(user_of("Authorization: Bearer token\r\n"), "token");
    assert_string_equal(user_of("Authorization: Basic !!!!\r\n"), "!");
    assert_string_equal(user_of("Authorization: Basic abc\r\n"), "!");
    for (size_t length = 4; length <= 2048; length += 4) { /* zero bytes, up to beyond the bound */
        _cleanup_(str_fini)
        struct str header = STR_EMPTY;

        str_add(&header, "Authorization: Basic ");
        for (size_t i = 0; i < length; i++) {
            str_add_char(&header, 'A');
        }
        str_add(&header, "\r\n");
        assert_string_equal(user_of(header.data), length <= 1024 ? "-" : "!");
    }
    assert_string_equal(user_of("Authorization: Basic AAoA\r\n"), "-"); /* "\0\n\0": empty */
    assert_string_equal(user_of("Authorization: Basic CmE6\r\n"), "!"); /* a line feed */
    assert_string_equal(user_of("Fog-User: \xff\r\n"), "!");
}

static void heads_say_what_follows(void **state)
{
    (void)state;
    struct http_reply whole = {.code = 201, .size_bytes = 12, .retry_after_seconds = 1};
    struct http_reply stream = {.code = 200, .is_stream = true, .is_chunked = true};
    struct http_reply nothing = {
        .code = 204, .is_last = true, .warning = "299 - \"a\r\nSet-Cookie: b\""};
    struct blob *head = http_reply_head(&whole);

    assert_true(str_starts(head->data, "HTTP/1.1 201 Created\r\nDate: Thu, 01 Jan 1970 "));
    assert_non_null(strstr(head->data, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(head->data, "\r\nContent-Length: 12\r\nRetry-After: 1\r\n"));
    assert_true(str_ends(head->data, "\r\n\r\n"));
    blob_unref(head);
    head = http_reply_head(&stream);
    assert_non_null(strstr(head->data, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_null(strstr(head->data, "Content-Length"));
    blob_unref(head);
    head = http_reply_head(&nothing);
    assert_null(strstr(head->data, "\r\nContent-"));
    assert_null(strstr(head->data, "\r\nSet-Cookie"));
    assert_non_null(strstr(head->data, "\r\nConnection: close\r\n"));
    blob_unref(head);
}

static void only_what_has_a_tag_may_be_kept(void **state)
{
    struct http_reply tagged = {.code = 304, .etag = "\"abc\""}, other = {.code = 200};
    struct blob *head = http_reply_head(&tagged);

    (void)state;
    assert_non_null(strstr(head->data, "\r\nCache-Control: no-cache\r\nETag: \"abc\"\r\n"));
    assert_null(strstr(head->data, "\r\nContent-"));
    blob_unref(head);
    head = http_reply_head(&other);
    assert_non_null(strstr(head->data, "\r\nCache-Control: no-store\r\n"));
    assert_null(strstr(head->data, "ETag"));
    blob_unref(head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_local_names_are_not_foreign),
        cmocka_unit_test(names_of_other_sites_are_foreign),
        cmocka_unit_test(users_come_from_a_password_a_token_or_a_name),
        cmocka_unit_test(heads_say_what_follows),
        cmocka_unit_test(only_what_has_a_tag_may_be_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
