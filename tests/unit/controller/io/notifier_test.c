/* What becomes of notifications: lines in the log, and calls of a server that a test makes up. */
#include "controller/io/notifier.h"

#include "schema/base/mem.h"
#include "schema/kinds/alert_rule.h"
#include "tests/support/fake_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30 * 1000 };

static uv_loop_t loop;
static uv_timer_t patience;
static struct notifier *notifier;
static struct fake_http http;
static bool has_http;
static size_t told, taken;
static char last[64], why[256];

static void on_done(void *context, const struct notified *notified)
{
    assert_ptr_equal(context, &told);
    assert_string_equal(notified->rule, "hot");
    told++;
    taken += notified->is_taken;
    (void)snprintf(last, sizeof(last), "%s", notified->id);
    (void)snprintf(why, sizeof(why), "%s", notified->why == NULL ? "" : notified->why);
}

static int set_up(void **state)
{
    (void)state;
    told = taken = 0;
    has_http = false;
    (void)uv_loop_init(&loop);
    (void)uv_timer_init(&loop, &patience);
    notifier = notifier_new(&loop, on_done, &told);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (notifier != NULL) {
        notifier_close(notifier);
    }
    uv_close((uv_handle_t *)&patience, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    if (has_http) {
        fake_http_stop(&http);
        fake_http_fini(&http);
    }
    return uv_loop_close(&loop);
}

static void given_server(const struct fake_answer *answers, size_t count)
{
    fake_http_start(&http, answers, count);
    has_http = true;
}

/* `path` NULL: to the log. */
static void notify(const char *id, const char *path)
{
    static const char body[] = "{\"rule\":\"hot\"}";
    struct effect effect = {.type = EFFECT_NOTIFY, .bytes = blob_new(body, strlen(body))};
    char url[64];

    effect.notify.rule = mem_strdup("hot");
    effect.notify.id = mem_strdup(id);
    effect.notify.to = mem_strdup(path == NULL ? "log" : "hook");
    effect.notify.level = ALERT_LEVEL_INFO;
    if (path != NULL) {
        (void)snprintf(url, sizeof(url), "http://%s%s", http.address, path);
        effect.notify.url = mem_strdup(url);
        effect.notify.timeout_ms = PATIENCE_MS;
    }
    notifier_put(notifier, &effect);
    assert_null(effect.bytes); /* it is the notifier's now */
}

static void on_impatient(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nobody was told");
}

static void await_told(size_t count)
{
    (void)uv_timer_start(&patience, on_impatient, PATIENCE_MS, 0);
    while (told < count) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&patience);
}

/* A step puts it, so no step may be begun by that. */
static void a_line_is_taken_a_moment_later(void **state)
{
    (void)state;
    notify("u.1", NULL);
    notify("u.2", NULL);
    assert_int_equal(told, 0);
    await_told(2);
    assert_int_equal(taken, 2);
    assert_string_equal(last, "u.2");
}

static void a_call_is_taken_when_its_server_says_so(void **state)
{
    static const struct fake_answer answers[] = {{"POST /good ", 200, "{}", 0},
                                                 {"POST /bad ", 503, "{}", 0}};

    (void)state;
    given_server(answers, 2);
    notify("u.1", "/good");
    await_told(1);
    assert_int_equal(taken, 1);
    notify("u.2", "/bad");
    await_told(2);
    assert_int_equal(taken, 1);
    assert_string_equal(last, "u.2");
    assert_non_null(strstr(why, "503"));
    fake_http_stop(&http);
    assert_int_equal(text_count(http.requests.data, "{\"rule\":\"hot\"}"), 2);
    fake_http_fini(&http);
    has_http = false;
}

/* Its memory, that of the line and that of the call are given back (asan looks). */
static void what_is_under_way_at_the_end_is_nobodys(void **state)
{
    static const struct fake_answer answers[] = {{"POST ", 200, "{}", 0}};

    (void)state;
    given_server(answers, 1);
    notify("u.1", NULL);
    notify("u.2", "/good");
    notifier_close(notifier);
    notifier = NULL;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(told, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_taken_a_moment_later),
        TEST(a_call_is_taken_when_its_server_says_so),
        TEST(what_is_under_way_at_the_end_is_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
