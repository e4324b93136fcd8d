/* Streams as WebSockets on real sockets: the upgrade, frames, and every way in which one ends. */
#include "tests/unit/controller/io/http_bench.h"

#define UPGRADE                                                                                    \
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"       \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define CLOSE_SIZE 4 /* of a close frame with a code, before its reason */

/* A client's control frame, with a mask that changes nothing. */
static void say(int fd, uint8_t first, const char *payload, size_t size_bytes)
{
    char bytes[6 + 125] = {(char)first, (char)(0x80 | size_bytes)};

    memcpy(bytes + 6, payload, size_bytes);
    assert_int_equal(send(fd, bytes, 6 + size_bytes, MSG_NOSIGNAL), 6 + size_bytes);
}

static int open_watch(struct str *got)
{
    int fd = dial();

    put(fd, GET("/watch") UPGRADE "\r\n");
    expect(fd, got, "\r\n\r\n", 1);
    assert_true(str_starts(got->data, "HTTP/1.1 101 Switching Protocols\r\n"));
    str_clear(got);
    return fd;
}

/* The last that came is a close frame with this code; returns its reason. */
static const char *closed_with(const struct str *got, unsigned code, size_t reason_bytes)
{
    const char *frame = got->data + got->length - CLOSE_SIZE - reason_bytes;

    assert_true(got->length >= CLOSE_SIZE + reason_bytes);
    assert_int_equal((uint8_t)frame[0], 0x88);
    assert_int_equal(frame[1], 2 + reason_bytes);
    assert_int_equal((unsigned)(uint8_t)frame[2] << 8 | (uint8_t)frame[3], code);
    return frame + CLOSE_SIZE;
}

/* --- the upgrade ------------------------------------------------------------------------------ */

static void a_stream_can_be_asked_for_as_a_websocket(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/watch") UPGRADE "\r\n");
    expect(fd, &got, "\r\n\r\n", 1);
    assert_true(str_starts(got.data, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_non_null(strstr(got.data, "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
    assert_non_null(/* RFC 6455, 1.3 */
                    strstr(got.data, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_null(strstr(got.data, "Sec-WebSocket-Protocol"));
    assert_null(strstr(got.data, "Transfer-Encoding"));
    chunk("{\"type\":\"ADDED\"}\n", 17);
    chunk("second\n", 7);
    expect(fd, &got, "\r\n\r\n\x81\x10{\"type\":\"ADDED\"}\x81\x06second", 1);
    str_clear(&got);
    http_end(server.http, server.held);
    expect_end(fd, &got);
    (void)closed_with(&got, 1000, got.length - CLOSE_SIZE);
    pump_until(http_load(server.http).connections == 0);
    assert_int_equal(server.gone_count, 0);
    close(fd);
}

static void what_is_no_stream_of_events_is_answered_as_ever(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/echo") UPGRADE "\r\n");
    expect(fd, &got, "GET - ", 1);
    assert_true(str_starts(got.data, "HTTP/1.1 200 OK\r\n"));
    put(fd, GET("/hold") UPGRADE "\r\n");
    pump_until(server.held != 0);
    answer(server.held, 410, false, NULL);
    expect(fd, &got, "HTTP/1.1 410 ", 1);
    put(fd, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" UPGRADE "\r\n");
    expect(fd, &got, "POST - ", 1);
    put(fd, GET("/echo") "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    expect(fd, &got, "GET - ", 2);
    close(fd);
}

static void a_handshake_that_is_none_gets_a_status(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;

    refused_with(GET("/watch") "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\n\r\n",
                 "HTTP/1.1 400 ");
    refused_with(GET("/watch") "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
                 "HTTP/1.1 400 ");
    ask(GET("/watch") "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\r\n",
        &got);
    assert_true(str_starts(got.data, "HTTP/1.1 426 Upgrade Required\r\n"));
    assert_non_null(strstr(got.data, "Sec-WebSocket-Version: 13\r\n"));
    assert_int_equal(server.request_count, 0);
}

static void pages_of_other_sites_cannot_watch(void **state)
{
    static const char *const origins[] = {"http://evil.example", "http://localhost:1", "null",
                                          "https://localhost"};

    (void)state;
    server.http->options.any_host = true; /* also where every host may be named */
    for (size_t i = 0; i < COUNT_OF(origins); i++) {
        _cleanup_(str_fini)
        struct str request = STR_EMPTY;

        str_addf(&request, GET("/watch") UPGRADE "Origin: %s\r\n\r\n", origins[i]);
        refused_with(request.data, "HTTP/1.1 403 ");
    }
    assert_int_equal(server.request_count, 0);

    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/watch") UPGRADE "Origin: http://localhost\r\n\r\n");
    expect(fd, &got, "HTTP/1.1 101 ", 1);
    close(fd);
}

static void a_token_comes_as_a_protocol_and_does_not_go_back(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/watch") UPGRADE "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io."
                                  "YWxpY2U, v1.fog\r\n\r\n");
    expect(fd, &got, "\r\n\r\n", 1);
    assert_non_null(strstr(got.data, "Sec-WebSocket-Protocol: v1.fog\r\n"));
    assert_null(strstr(got.data, "bearer"));
    close(fd);
    fd = dial();
    str_clear(&got);
    put(fd, GET("/echo") "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io."
                         "YWxpY2U\r\n\r\n");
    expect(fd, &got, "GET alice ", 1);
    close(fd);
    refused_with(GET("/echo") "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.a"
                              "\r\n\r\n",
                 "HTTP/1.1 400 ");
}

/* --- what a client sends ---------------------------------------------------------------------- */

static void pings_are_answered_also_those_that_come_early(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/hold") UPGRADE "\r\n");
    pump_until(server.held != 0);
    say(fd, 0x89, "early", 5);
    for (int i = 0; i < 20; i++) {
        turn();
    }
    answer(server.held, 200, true, NULL);
    expect(fd, &got,
           "\x8a\x05"
           "early",
           1);
    say(fd, 0x8a, "", 0);
    say(fd, 0x89, "late", 4);
    expect(fd, &got, "\x8a\x04late", 1);
    close(fd);
    pump_until(server.gone_count == 1);
}

static void a_close_of_the_client_is_answered_in_kind(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = open_watch(&got);

    say(fd, 0x88,
        "\x0f\xa0"
        "bye",
        5); /* 4000 */
    expect_end(fd, &got);
    assert_int_equal(got.length, CLOSE_SIZE);
    (void)closed_with(&got, 4000, 0);
    pump_until(server.gone_count == 1);
    chunk("to nobody\n", 10);
    close(fd);
    pump_until(http_load(server.http).connections == 0);
    assert_int_equal(server.gone_count, 1);
}

static void what_a_watcher_has_to_say_is_refused(void **state)
{
    static const struct {
        uint8_t first;
        unsigned code;
    } cases[] = {{0x81, 1003}, {0x82, 1003}, {0x80, 1002}, {0xc9, 1002}, {0x8f, 1002}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        _cleanup_(str_fini)
        struct str got = STR_EMPTY;
        int fd = open_watch(&got);

        say(fd, cases[i].first, "hello", 5);
        expect_end(fd, &got);
        (void)closed_with(&got, cases[i].code, got.length - CLOSE_SIZE);
        close(fd);
        pump_until(server.gone_count == i + 1);
    }
    assert_int_equal(http_load(server.http).closed[METRIC_CLOSED_REFUSED], COUNT_OF(cases));
}

/* --- how it ends ------------------------------------------------------------------------------ */

static void a_slow_reader_is_told_why_and_gets_only_whole_frames(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    char *event = mem_alloc(1 << 20);
    int fd = open_watch(&got);
    size_t sent = 0, at = 0, frames = 0;

    memset(event, 'e', 1 << 20);
    while (server.gone_count == 0) {
        assert_true(sent++ < 64);
        chunk(event, 1 << 20);
        turn();
    }
    assert_int_equal(http_load(server.http).closed[METRIC_CLOSED_SLOW], 1);
    assert_true(http_load(server.http).queued_bytes < 2 << 20); /* what is under way, and goodbye */
    expect_end(fd, &got);
    while ((uint8_t)got.data[at] == 0x81) {
        assert_int_equal(got.data[at + 1], 127);
        at += 10 + (1 << 20);
        frames++;
        assert_true(at < got.length);
    }
    assert_true(frames >= 1 && frames < sent);
    assert_non_null(strstr(closed_with(&got, 1013, got.length - at - CLOSE_SIZE), "too slow"));
    free(event);
    close(fd);
}

static void who_has_most_goes_when_all_have_too_much(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    _cleanup_(str_fini)
    struct str plain = STR_EMPTY;
    char *event = mem_alloc(1 << 20);
    int slow = open_watch(&got), fast;
    uint64_t slow_id = server.held;

    memset(event, 'e', 1 << 20);
    while (http_load(server.http).queued_bytes < 1 << 20) {
        chunk(event, 1 << 20);
    }
    fast = dial();
    put(fast, GET("/watch") "\r\n");
    expect(fast, &plain, "\r\n\r\n", 1);
    assert_true(server.held != slow_id);
    server.http->options.queued_bytes_max = 64 << 10;
    chunk("a line\n", 7);
    pump_until(server.gone_count == 1);
    assert_int_equal(http_load(server.http).closed[METRIC_CLOSED_CROWDED], 1);
    expect(fast, &plain, "a line\n", 1);
    free(event);
    close(slow);
    close(fast);
}

static void what_waits_is_counted_and_its_end_is_told(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    char *event = mem_alloc(8 << 20);
    int fd = open_watch(&got);

    memset(event, 'e', 8 << 20);
    assert_false(http_await(server.http, server.held));
    server.http->options.queued_bytes_max = SIZE_MAX;
    chunk("x\n", 2);
    assert_false(http_await(server.http, server.held)); /* the socket took it */
    while (http_load(server.http).queued_bytes == 0) {
        chunk(event, 1 << 20);
    }
    assert_true(http_await(server.http, server.held));
    assert_int_equal(server.drained_count, 0);
    while (server.drained_count == 0) {
        (void)take(fd, &got);
        turn();
    }
    assert_int_equal(http_load(server.http).queued_bytes, 0);
    assert_int_equal(server.drained_count, 1);
    assert_false(http_await(server.http, 12345));
    free(event);
    close(fd);
}

static void a_failed_store_and_an_end_are_said(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = open_watch(&got);

    http_drop_all(server.http, "the store failed");
    expect_end(fd, &got);
    assert_string_equal(closed_with(&got, 1012, 16), "the store failed");
    assert_int_equal(server.gone_count, 0);
    close(fd);
    pump_until(http_load(server.http).connections == 0);
}

static void the_end_of_the_controller_is_said(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = open_watch(&got);

    http_close(server.http);
    expect_end(fd, &got);
    assert_string_equal(closed_with(&got, 1001, 19), "the controller ends");
    close(fd);
    net_close(&server.net);
    http_free(server.http);
    blob_unref(server.big);
}

/* With times divided by 100: asked after 300 ms, given up after 600. */
static void who_answers_no_ping_is_gone(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = open_watch(&got);

    for (int i = 0; i < 3; i++) {
        expect(fd, &got, "\x89", 1);
        str_clear(&got);
        say(fd, 0x8a, "", 0);
        assert_int_equal(server.gone_count, 0);
    }
    expect_end(fd, &got);
    pump_until(server.gone_count == 1);
    assert_int_equal(http_load(server.http).closed[METRIC_CLOSED_SILENT], 1);
    close(fd);
}

static int stop_nothing(void **state)
{
    (void)state;
    return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_stream_can_be_asked_for_as_a_websocket),
        CASE(what_is_no_stream_of_events_is_answered_as_ever),
        CASE(a_handshake_that_is_none_gets_a_status),
        CASE(pages_of_other_sites_cannot_watch),
        CASE(a_token_comes_as_a_protocol_and_does_not_go_back),
        CASE(pings_are_answered_also_those_that_come_early),
        CASE(a_close_of_the_client_is_answered_in_kind),
        CASE(what_a_watcher_has_to_say_is_refused),
        CASE(a_slow_reader_is_told_why_and_gets_only_whole_frames),
        CASE(who_has_most_goes_when_all_have_too_much),
        CASE(what_waits_is_counted_and_its_end_is_told),
        CASE(a_failed_store_and_an_end_are_said),
        cmocka_unit_test_setup_teardown(the_end_of_the_controller_is_said, start, stop_nothing),
        cmocka_unit_test_setup_teardown(who_answers_no_ping_is_gone, start_hurried, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
