/* A controller that was built without the page.  What is defined here is what the build writes then
 * (controller/dashboard/build); the page of this build is not linked in. */
#include "controller/io/dashboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const struct dashboard_file dashboard_files[] = {{0}};
const size_t dashboard_file_count = 0;

static void the_page_and_its_files_are_words_that_say_how_to_get_it(void **state)
{
    static const char *const targets[] = {"/ui/", "/ui/?a=b", "/ui/app.js", "/ui/licences.txt"};

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct dashboard_answer answer = dashboard_find("GET", targets[i], "text/html", NULL);

        assert_int_equal(answer.code, 404);
        assert_string_equal(answer.content_type, "text/plain; charset=utf-8");
        assert_null(answer.etag);
        assert_null(strstr(answer.headers, "Content-Encoding"));
        assert_non_null(strstr(answer.headers, "Content-Security-Policy: default-src 'none';"));
        assert_int_equal(answer.size_bytes, strlen(answer.bytes));
        assert_non_null(strstr(answer.bytes, "without its dashboard"));
        assert_non_null(strstr(answer.bytes, "make deps"));
    }
}

static void a_browser_is_led_there_all_the_same_and_the_api_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(dashboard_find("GET", "/", "text/html", NULL).code, 307);
    assert_int_equal(dashboard_find("GET", "/", "application/json", NULL).code, 0);
    assert_int_equal(dashboard_find("GET", "/apis/fog/v1", "text/html", NULL).code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_and_its_files_are_words_that_say_how_to_get_it),
        cmocka_unit_test(a_browser_is_led_there_all_the_same_and_the_api_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
