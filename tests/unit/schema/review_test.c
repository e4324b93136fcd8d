/* Access reviews in both forms, as clients send them. */
#include "schema/review.h"

#include "schema/base/proto.h"
#include "schema/limits.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct review review;
static const char *why;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static bool from_json(enum review_type type, const char *text)
{
    return review_from_node(&arena, type, quick_json(&arena, text), &review, &why);
}

static void a_review_in_json_is_read(void **state)
{
    (void)state;
    assert_true(from_json(REVIEW_ACCESS,
                          "{'kind': 'SelfSubjectAccessReview',"
                          "'apiVersion': 'authorization.k8s.io/v1', 'metadata': {'x': null},"
                          "'spec': {'resourceAttributes': {'namespace': 'default', 'verb': 'get',"
                          "'group': 'fog', 'resource': 'agents', 'name': null}}}"));
    assert_string_equal(review.verb, "get");
    assert_string_equal(review.group, "fog");
    assert_string_equal(review.resource, "agents");
    assert_string_equal(review.name, "");
    assert_null(review.path);
    assert_true(from_json(REVIEW_ACCESS, "{'spec': {'nonResourceAttributes': {'path': '/x'}}}"));
    assert_string_equal(review.path, "/x");
    assert_null(review.verb);
    assert_true(from_json(REVIEW_RULES, "{'spec': {'namespace': 'default'}}"));
    assert_string_equal(review.namespace, "default");
    assert_true(from_json(REVIEW_SELF, "{'kind': 'SelfSubjectReview'}"));
}

static void what_is_no_review_is_refused(void **state)
{
    (void)state;
    assert_false(from_json(REVIEW_ACCESS, "[]"));
    assert_false(from_json(REVIEW_ACCESS, "{'spec': {}}"));
    assert_false(from_json(REVIEW_ACCESS, "{'kind': 'SelfSubjectReview', 'spec':"
                                          "{'resourceAttributes': {'verb': 'get'}}}"));
    assert_false(from_json(REVIEW_ACCESS, "{'spec': {'resourceAttributes': {'verb': 1}}}"));
    assert_false(from_json(REVIEW_ACCESS, "{'spec': {'resourceAttributes': []}}"));
    assert_false(from_json(REVIEW_ACCESS, "{'spec': {'resourceAttributes': {'verb': 'get'},"
                                          "'nonResourceAttributes': {'path': '/'}}}"));
    assert_non_null(strstr(why, "exactly one"));
}

/* As the writer of Kubernetes makes it: empty texts, metadata and a status are there, too. */
static void a_review_in_protocol_buffers_is_read(void **state)
{
    static const char bytes[] = "\153\070\163\000\012\062\012\027\141\165\164\150\157\162\151\172"
                                "\141\164\151\157\156\056\153\070\163\056\151\157\057\166\061\022"
                                "\027\123\145\154\146\123\165\142\152\145\143\164\101\143\143\145"
                                "\163\163\122\145\166\151\145\167\022\101\012\020\012\000\022\000"
                                "\032\000\042\000\052\000\062\000\070\000\102\000\022\043\012\041"
                                "\012\007\144\145\146\141\165\154\164\022\003\147\145\164\032\003"
                                "\146\157\147\042\000\052\006\141\147\145\156\164\163\062\000\072"
                                "\000\032\010\010\000\022\000\032\000\040\000\032\000\042\000";

    (void)state;
    assert_true(review_from_proto(&arena, REVIEW_ACCESS, bytes, sizeof(bytes) - 1, &review, &why));
    assert_string_equal(review.namespace, "default");
    assert_string_equal(review.verb, "get");
    assert_string_equal(review.group, "fog");
    assert_string_equal(review.resource, "agents");
    assert_string_equal(review.subresource, "");
    assert_false(review_from_proto(&arena, REVIEW_SELF, bytes, sizeof(bytes) - 1, &review, &why));
    assert_false(review_from_proto(&arena, REVIEW_ACCESS, bytes, 60, &review, &why));
    assert_non_null(strstr(why, "cut off"));
    assert_false(review_from_proto(&arena, REVIEW_ACCESS, bytes + 1, 20, &review, &why));
    assert_non_null(strstr(why, "k8s"));
}

static void both_forms_say_the_same(void **state)
{
    static const char *const reviews[] = {
        "{'kind': 'SelfSubjectAccessReview', 'apiVersion': 'authorization.k8s.io/v1',"
        "'metadata': {}, 'spec': {'resourceAttributes': {'namespace': 'a', 'verb': 'b',"
        "'group': 'c', 'version': 'd', 'resource': 'e', 'subresource': 'f', 'name': 'g'}}}",
        "{'kind': 'SelfSubjectAccessReview', 'apiVersion': 'authorization.k8s.io/v1',"
        "'metadata': {}, 'spec': {'nonResourceAttributes': {'path': '/a', 'verb': 'b'}}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(reviews); i++) {
        _cleanup_(str_fini)
        struct str bytes = STR_EMPTY;

        assert_true(from_json(REVIEW_ACCESS, reviews[i]));
        review_to_proto(&review, &bytes);
        assert_true(
            review_from_proto(&arena, REVIEW_ACCESS, bytes.data, bytes.length, &review, &why));
        quick_json_expect(review_to_node(&arena, &review), reviews[i]);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    _cleanup_(str_fini)
    struct str long_text = STR_EMPTY;
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY;
    struct review asked = {.type = REVIEW_ACCESS, .verb = "get"};

    (void)state;
    while (long_text.length < REVIEW_TEXT_BYTES_MAX) {
        str_add(&long_text, "x");
    }
    asked.name = long_text.data;
    review_to_proto(&asked, &bytes);
    assert_true(review_from_proto(&arena, REVIEW_ACCESS, bytes.data, bytes.length, &review, &why));
    str_add(&long_text, "x");
    asked.name = long_text.data;
    str_clear(&bytes);
    review_to_proto(&asked, &bytes);
    assert_false(review_from_proto(&arena, REVIEW_ACCESS, bytes.data, bytes.length, &review, &why));
    assert_non_null(strstr(why, "longer than 1024"));
    while (bytes.length <= REVIEW_BYTES_MAX) {
        proto_add_uint(&bytes, 9, 1);
    }
    assert_false(review_from_proto(&arena, REVIEW_ACCESS, bytes.data, bytes.length, &review, &why));
    assert_non_null(strstr(why, "64 KiB"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_review_in_json_is_read),
        CASE(what_is_no_review_is_refused),
        CASE(a_review_in_protocol_buffers_is_read),
        CASE(both_forms_say_the_same),
        CASE(what_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
