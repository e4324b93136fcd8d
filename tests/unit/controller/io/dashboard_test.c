/* Which requests the dashboard answers, and how.  The page is what the build put into the program;
 * a program without it: dashboard_left_out_test.c. */
#include "controller/io/dashboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct dashboard_answer get(const char *target)
{
    return dashboard_find("GET", target, NULL, NULL);
}

static void what_is_not_below_ui_is_for_the_api(void **state)
{
    (void)state;
    assert_int_equal(get("/").code, 0);
    assert_int_equal(get("/uix").code, 0);
    assert_int_equal(get("/apis/fog/v1").code, 0);
    assert_int_equal(dashboard_find("POST", "/apis/ui/", "text/html", NULL).code, 0);
}

static void a_browser_is_led_to_the_page_and_others_are_not(void **state)
{
    struct dashboard_answer answer = dashboard_find("GET", "/", "text/html,*/*;q=0.8", NULL);

    (void)state;
    assert_int_equal(answer.code, 307);
    assert_string_equal(answer.headers, "Location: /ui/\r\n");
    assert_int_equal(dashboard_find("GET", "/", "application/json", NULL).code, 0);
    assert_int_equal(get("/ui").code, 307);
    assert_int_equal(get("/ui?x").code, 307);
}

static void it_is_only_read(void **state)
{
    (void)state;
    assert_int_equal(dashboard_find("POST", "/ui/", NULL, NULL).code, 405);
    assert_int_equal(dashboard_find("DELETE", "/ui/app.js", NULL, NULL).code, 405);
}

static void nothing_of_others_may_be_loaded_into_it(void **state)
{
    struct dashboard_answer answer = get("/ui/");

    (void)state;
    assert_non_null(strstr(answer.headers, "Content-Security-Policy: default-src 'none';"));
    assert_null(strstr(answer.headers, "unsafe"));
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(get("/ui/nothing.js").code, 404);
    assert_int_equal(get("/ui/app").code, 404);
    assert_int_equal(get("/ui/../controller.conf").code, 404);
}

static void each_file_is_compressed_and_known_by_its_etag(void **state)
{
    struct dashboard_answer answer = get("/ui/");

    (void)state;
    assert_int_equal(answer.code, 200);
    assert_non_null(strstr(answer.headers, "Content-Encoding: gzip\r\n"));
    assert_memory_equal(answer.bytes, "\x1f\x8b", 2);
    assert_int_equal(get("/ui/?a=b").code, 200);
    answer = dashboard_find("GET", "/ui/", NULL, answer.etag);
    assert_int_equal(answer.code, 304);
    assert_int_equal(answer.size_bytes, 0);
}

static void licences_of_libraries_come_along(void **state)
{
    struct dashboard_answer answer = get("/ui/licences.txt");

    (void)state;
    assert_int_equal(answer.code, 200);
    assert_string_equal(answer.content_type, "text/plain; charset=utf-8");
    assert_true(answer.size_bytes > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_below_ui_is_for_the_api),
        cmocka_unit_test(a_browser_is_led_to_the_page_and_others_are_not),
        cmocka_unit_test(it_is_only_read),
        cmocka_unit_test(nothing_of_others_may_be_loaded_into_it),
        cmocka_unit_test(a_file_that_is_not_there_is_not_found),
        cmocka_unit_test(each_file_is_compressed_and_known_by_its_etag),
        cmocka_unit_test(licences_of_libraries_come_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
