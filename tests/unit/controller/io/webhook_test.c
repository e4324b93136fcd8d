/* Webhooks against a server that answers as a test says. */
#include "controller/io/webhook.h"

#include "schema/base/str.h"
#include "schema/limits.h"
#include "tests/support/await.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30 * 1000, SHORT_MS = 150, STILL_MS = 50 };

static struct webhooks *webhooks;
static int listener, port;
static int notified;
static char heard[4096];

static void on_notify(void *context)
{
    (void)context;
    __atomic_fetch_add(&notified, 1, __ATOMIC_SEQ_CST);
}

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    (void)state;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        return -1;
    }
    port = ntohs(address.sin_port);
    webhooks = webhooks_new(on_notify, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    webhooks_close(webhooks);
    (void)close(listener);
    return 0;
}

static bool call_host(const char *scheme, const char *host, int64_t timeout_ms, void *tag)
{
    char url[64];
    struct webhook_call call = {.url = url,
                                .id = "u-1.2.3",
                                .body = "{\"rule\":\"x\"}",
                                .body_size_bytes = 12,
                                .timeout_ms = timeout_ms,
                                .tag = tag};

    (void)snprintf(url, sizeof(url), "%s://%s:%d/hook?a=b", scheme, host, port);
    return webhooks_put(webhooks, &call);
}

static bool call(const char *scheme, int64_t timeout_ms, void *tag)
{
    return call_host(scheme, "127.0.0.1", timeout_ms, tag);
}

static bool is_called(int ms)
{
    struct pollfd polls = {.fd = listener, .events = POLLIN};

    return poll(&polls, 1, ms) == 1;
}

/* Hears one request to its end, and answers it. */
static void serve(const char *answer)
{
    size_t length = 0;
    int fd;

    assert_true(is_called(PATIENCE_MS));
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    do {
        ssize_t got = recv(fd, heard + length, sizeof(heard) - 1 - length, 0);

        assert_true(got > 0);
        length += (size_t)got;
        heard[length] = '\0';
    } while (strstr(heard, "\r\n\r\n{\"rule\":\"x\"}") == NULL);
    assert_int_equal(send(fd, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
    (void)close(fd);
}

static struct webhook_answer answered(void)
{
    struct webhook_answer answer;

    AWAIT(webhooks_take(webhooks, &answer));
    return answer;
}

static void what_is_answered_with_success_is_taken(void **state)
{
    int tag;
    struct webhook_answer answer;

    (void)state;
    assert_true(call("http", PATIENCE_MS, &tag));
    serve("HTTP/1.1 204 No Content\r\n\r\n");
    answer = answered();
    assert_true(answer.is_taken);
    assert_ptr_equal(answer.tag, &tag);
    assert_true(notified > 0);
    assert_memory_equal(heard, "POST /hook?a=b HTTP/1.1\r\n", 25);
    assert_non_null(strstr(heard, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(heard, "\r\nIdempotency-Key: u-1.2.3\r\n"));
}

static void what_is_refused_is_not(void **state)
{
    struct webhook_answer answer;

    (void)state;
    assert_true(call("http", PATIENCE_MS, NULL));
    serve("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    answer = answered();
    assert_false(answer.is_taken);
    assert_string_equal(answer.why, "HTTP 503");
}

static void a_redirect_is_not_followed(void **state)
{
    struct webhook_answer answer;
    char words[160];

    (void)state;
    assert_true(call("http", PATIENCE_MS, NULL));
    (void)snprintf(words, sizeof(words),
                   "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: "
                   "0\r\n\r\n",
                   port);
    serve(words);
    answer = answered();
    assert_false(answer.is_taken);
    assert_non_null(strstr(answer.why, "redirects are not followed"));
    assert_false(is_called(STILL_MS));
}

static void who_says_nothing_in_time_has_not_taken_it(void **state)
{
    struct webhook_answer answer;

    (void)state;
    assert_true(call("http", SHORT_MS, NULL));
    answer = answered();
    assert_false(answer.is_taken);
    assert_string_not_equal(answer.why, "");
}

static void who_is_not_there_has_not_taken_it(void **state)
{
    (void)state;
    (void)shutdown(listener, SHUT_RDWR);
    assert_true(call("http", PATIENCE_MS, NULL));
    assert_false(answered().is_taken);
}

static void who_cannot_prove_who_it_is_hears_nothing(void **state)
{
    char hello[512];
    ssize_t got;
    int fd;

    (void)state;
    assert_true(call("https", PATIENCE_MS, NULL));
    assert_true(is_called(PATIENCE_MS));
    fd = accept(listener, NULL, NULL);
    got = recv(fd, hello, sizeof(hello), 0);
    assert_true(got > 0);
    assert_int_equal(hello[0], 0x16); /* a handshake, and no request */
    (void)send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
    (void)close(fd);
    assert_false(answered().is_taken);
}

static void no_more_are_on_their_way_than_may_be(void **state)
{
    (void)state;
    for (int i = 0; i < WEBHOOKS_MAX; i++) {
        assert_true(call("http", PATIENCE_MS, NULL));
    }
    assert_false(call("http", PATIENCE_MS, NULL));
} /* and closing waits for none of them */

static void a_proxy_is_asked_for_whom_the_environment_says(void **state)
{
    char proxy[64];

    (void)state;
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", port);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    assert_int_equal(setenv("no_proxy", "127.0.0.2", 1), 0);
    assert_true(call_host("http", "127.0.0.2", PATIENCE_MS, NULL));
    assert_false(answered().is_taken); /* nobody listens there */
    assert_false(is_called(0));
    assert_true(call_host("http", "127.0.0.3", PATIENCE_MS, NULL));
    serve("HTTP/1.1 204 No Content\r\n\r\n");
    assert_true(answered().is_taken);
    assert_int_equal(unsetenv("http_proxy") + unsetenv("no_proxy"), 0);
}

int main(void)
{
#define HOOK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HOOK(what_is_answered_with_success_is_taken),
        HOOK(what_is_refused_is_not),
        HOOK(a_redirect_is_not_followed),
        HOOK(who_says_nothing_in_time_has_not_taken_it),
        HOOK(who_is_not_there_has_not_taken_it),
        HOOK(who_cannot_prove_who_it_is_hears_nothing),
        HOOK(no_more_are_on_their_way_than_may_be),
        cmocka_unit_test_setup_teardown(a_proxy_is_asked_for_whom_the_environment_says, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
