/* The HTTP listener on real sockets, with a core made of a few paths:
 *
 *     /echo  answers method, user and body      /big    answers 8 MiB
 *     /hold  waits until the test answers       /watch  begins a stream
 *     /blobs/ is for transfers, whose taker allows what the test says
 *
 * Client and server share the thread: pump() turns the loop until something is true. */
#include "controller/io/http.h"

#include "schema/base/log.h"
#include "schema/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BIG_BYTES = 8 << 20, TURNS_MAX = 30000, TRIES_MAX = 5 };

struct server {
    uv_loop_t loop;
    struct net net;
    struct http *http;
    int port;
    uint64_t held; /* exchange of the last /hold or /watch */
    size_t request_count, gone_count;
    size_t body_bytes; /* of the last request */
    struct blob *big;
    struct { /* the last transfer */
        uint64_t id;
        size_t taken_bytes, piece_max, drained_count, gone_count;
    } transfer;
};

static struct server server;

static void answer(uint64_t id, int code, bool is_stream, struct blob *bytes)
{
    struct effect effect = {
        .type = EFFECT_ANSWER, .id = id, .bytes = bytes, .answer = {.code = code}};

    effect.answer.is_stream = is_stream;
    http_answer(server.http, &effect);
}

static void chunk(const char *text, size_t size_bytes)
{
    struct effect effect = {.type = EFFECT_CHUNK, .id = server.held};

    effect.bytes = blob_new(text, size_bytes);
    http_chunk(server.http, &effect);
    blob_unref(effect.bytes);
}

static void on_request(void *context, uint64_t id, const struct http_request *request)
{
    struct blob *body;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)context;
    assert_string_not_equal(request->method, "HEAD"); /* nobody behind here has to know it */
    server.request_count++;
    server.body_bytes = request->body_size_bytes;
    if (str_eq(request->target, "/hold") || str_eq(request->target, "/watch")) {
        server.held = id;
        if (str_eq(request->target, "/watch")) {
            answer(id, 200, true, NULL);
        }
        return;
    }
    if (str_eq(request->target, "/big")) {
        answer(id, 200, false, server.big);
        return;
    }
    str_addf(&text, "%s %s ", request->method, request->user == NULL ? "-" : request->user);
    str_add_bytes(&text, request->body,
                  request->body_size_bytes < 100 ? request->body_size_bytes : 0);
    body = blob_from_str(&text);
    answer(id, 200, false, body);
    blob_unref(body);
}

static void on_gone(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    server.gone_count++;
}

static void on_begin(void *context, uint64_t id, const struct transfer_request *request)
{
    (void)context;
    (void)request;
    server.transfer.id = id;
}

static void on_piece(void *context, uint64_t id, const char *bytes, size_t size_bytes)
{
    (void)context;
    assert_int_equal(id, server.transfer.id);
    for (size_t i = 0; i < size_bytes; i++) {
        assert_int_equal(bytes[i], 'a' + (server.transfer.taken_bytes + i) % 26);
    }
    server.transfer.taken_bytes += size_bytes;
    if (size_bytes > server.transfer.piece_max) {
        server.transfer.piece_max = size_bytes;
    }
}

static void on_drained(void *context, uint64_t id)
{
    (void)context;
    server.transfer.drained_count += id == server.transfer.id;
}

static void on_transfer_gone(void *context, uint64_t id)
{
    (void)context;
    server.transfer.gone_count += id == server.transfer.id;
}

static int start_with(size_t connections_max, int64_t hurry)
{
    static const struct address any = {.host = "127.0.0.1"};
    struct http_options options = {
        .address = &any,
        .connections_max = connections_max,
        .hurry = hurry,
        .transfers = {.prefix = "/blobs/",
                      .body_bytes_max = BIG_BYTES,
                      .begin = on_begin,
                      .piece = on_piece,
                      .drained = on_drained,
                      .gone = on_transfer_gone},
    };
    struct http_handlers handlers = {.request = on_request, .gone = on_gone};
    char *big = mem_alloc(BIG_BYTES);
    struct err err;

    log_set_level(LOG_LEVEL_ERROR);
    server = (struct server){0};
    memset(big, 'b', BIG_BYTES);
    server.big = blob_new(big, BIG_BYTES);
    free(big);
    assert_int_equal(uv_loop_init(&server.loop), 0);
    assert_int_equal(net_open(&server.net, &server.loop, &err), 0);
    assert_int_equal(http_open(&server.net, &options, &handlers, &server.http, &server.port, &err),
                     0);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(0, 0);
}

static int start_hurried(void **state)
{
    (void)state;
    return start_with(2, 100);
}

static int start_for_two(void **state)
{
    (void)state;
    return start_with(2, 0);
}

static int stop(void **state)
{
    (void)state;
    http_close(server.http);
    net_close(&server.net);
    http_free(server.http);
    blob_unref(server.big);
    return 0;
}

/* --- the client ----------------------------------------------------------------------------------
 */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void turn(void)
{
    (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    (void)poll(NULL, 0, 1);
}

#define pump_until(condition)                                                                      \
    do {                                                                                           \
        int turns_ = 0;                                                                            \
        while (!(condition)) {                                                                     \
            assert_true(turns_++ < TURNS_MAX);                                                     \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static void put(int fd, const char *text)
{
    size_t done = 0, size = strlen(text);

    while (done < size) {
        ssize_t sent = send(fd, text + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
        } else {
            turn();
        }
    }
}

/* Reads what has come; false at the end of the connection. */
static bool take(int fd, struct str *to)
{
    char bytes[65536];
    ssize_t got;

    while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        str_add_bytes(to, bytes, (size_t)got);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static size_t count_of(const struct str *text, const char *part)
{
    size_t count = 0;

    for (const char *at = text->data; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Reads until this text is there that often. */
static void expect(int fd, struct str *got, const char *part, size_t times)
{
    for (int turns = 0; count_of(got, part) < times; turns++) {
        if (turns > TURNS_MAX || (!take(fd, got) && count_of(got, part) < times)) {
            fail_msg("\"%s\" did not come, but: %.500s", part, got->data);
        }
        turn();
    }
}

static void expect_end(int fd, struct str *got)
{
    pump_until(!take(fd, got));
}

/* One request on a connection of its own, everything that comes back until the end. */
static void ask(const char *request, struct str *ret_answer)
{
    int fd = dial();

    put(fd, request);
    expect_end(fd, ret_answer);
    close(fd);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: localhost\r\n"

static void refused_with(const char *request, const char *status)
{
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;

    ask(request, &got);
    if (!str_starts(got.data, status)) {
        fail_msg("instead of %s: %s", status, got.data);
    }
    assert_non_null(strstr(got.data, "\"kind\":\"Status\""));
    assert_non_null(strstr(got.data, "Connection: close"));
}

/* --- tests ---------------------------------------------------------------------------------------
 */

static void a_connection_serves_one_request_after_another(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/echo") "\r\n");
    expect(fd, &got, "GET - ", 1);
    put(fd, GET("/echo") "Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n");
    expect(fd, &got, "GET alice ", 1);
    put(fd, GET("/echo") "Fog-User: bob\r\nConnection: close\r\n\r\n");
    expect(fd, &got, "GET bob ", 1);
    expect_end(fd, &got);
    assert_int_equal(count_of(&got, "HTTP/1.1 200 OK\r\n"), 3);
    assert_int_equal(count_of(&got, "Connection: close\r\n"), 1);
    close(fd);
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/hold") "\r\n" GET("/echo") "Fog-User: second\r\n\r\n" GET("/echo") "\r\n");
    pump_until(server.held != 0);
    for (int i = 0; i < 20; i++) {
        turn();
    }
    assert_int_equal(server.request_count, 1);
    answer(server.held, 404, false, NULL);
    expect(fd, &got, "HTTP/1.1", 3);
    assert_true(str_starts(got.data, "HTTP/1.1 404 Not Found\r\n"));
    assert_non_null(strstr(got.data, "GET second "));
    close(fd);
}

static void chunked_bodies_and_missing_content_types_are_taken(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, "POST /echo HTTP/1.1\r\nHost: [::1]:7411\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe");
    turn();
    put(fd, "\r\n3\r\nllo\r\n0\r\n\r\n");
    expect(fd, &got, "POST - hello", 1);
    close(fd);
}

static void a_client_may_ask_before_it_sends_a_body(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, "PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    expect(fd, &got, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    put(fd, "body");
    expect(fd, &got, "PUT - body", 1);
    close(fd);
    refused_with("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                 "Content-Length: 33554433\r\n\r\n",
                 "HTTP/1.1 413 ");
}

static void what_breaks_a_bound_gets_a_status(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str head = STR_EMPTY;

    str_add(&head, GET("/echo") "Filling: ");
    while (head.length < HTTP_HEADER_BYTES_MAX + 100) {
        str_add_char(&head, 'x');
    }
    str_add(&head, "\r\n\r\n");
    refused_with(head.data, "HTTP/1.1 431 ");
    refused_with("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 33554433\r\n\r\n", "HTTP/1.1 413 ");
    refused_with("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000001\r\n",
                 "HTTP/1.1 413 ");
    refused_with("nonsense\r\n\r\n", "HTTP/1.1 400 ");
    refused_with(GET("/") "Idempotency-Key: \xff\r\n\r\n", "HTTP/1.1 400 ");
    assert_int_equal(server.request_count, 0);
}

static void a_body_at_the_limit_is_taken_whole(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    char *body = mem_alloc(HTTP_BODY_BYTES_MAX + 1);
    int fd = dial();

    memset(body, 'x', HTTP_BODY_BYTES_MAX);
    put(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 33554432\r\n\r\n");
    put(fd, body);
    expect(fd, &got, "POST - ", 1);
    assert_int_equal(server.body_bytes, HTTP_BODY_BYTES_MAX);
    free(body);
    close(fd);
}

static void other_sites_cannot_use_a_browser_against_us(void **state)
{
    (void)state;
    refused_with("GET / HTTP/1.1\r\nHost: evil.example:7411\r\n\r\n", "HTTP/1.1 403 ");
    refused_with(GET("/") "Origin: http://evil.example\r\n\r\n", "HTTP/1.1 403 ");
    assert_int_equal(server.request_count, 0);

    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    ask("GET /echo HTTP/1.1\r\nHost: 127.0.0.1:7\r\nOrigin: http://127.0.0.1:7\r\n"
        "Connection: close\r\n\r\n",
        &got);
    assert_true(str_starts(got.data, "HTTP/1.1 200 OK"));
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;

    ask(GET("/big") "Connection: close\r\n\r\n", &got);
    assert_true(got.length > BIG_BYTES);
    assert_int_equal(got.data[got.length - BIG_BYTES - 1], '\n');
    assert_int_equal(strspn(got.data + got.length - BIG_BYTES, "b"), BIG_BYTES);
}

static void head_and_http_1_0_get_what_they_know(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str head = STR_EMPTY;
    _cleanup_(str_fini)
    struct str old = STR_EMPTY;
    int fd = dial();

    ask("HEAD /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &head);
    assert_non_null(strstr(head.data, "Content-Length: 8388608\r\n"));
    assert_true(str_ends(head.data, "\r\n\r\n"));
    put(fd, "GET /watch HTTP/1.0\r\n\r\n");
    pump_until(server.held != 0);
    chunk("event", 5);
    http_end(server.http, server.held);
    expect_end(fd, &old);
    assert_true(str_ends(old.data, "\r\n\r\nevent"));
    close(fd);
}

static void a_stream_is_flushed_chunk_by_chunk(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();

    put(fd, GET("/watch") "\r\n");
    expect(fd, &got, "Transfer-Encoding: chunked\r\n", 1);
    expect(fd, &got, "\r\n\r\n", 1);
    chunk("first\n", 6);
    expect(fd, &got, "6\r\nfirst\n\r\n", 1);
    chunk("second event\n", 13);
    expect(fd, &got, "d\r\nsecond event\n\r\n", 1);
    http_end(server.http, server.held);
    expect(fd, &got, "0\r\n\r\n", 1);
    put(fd, GET("/echo") "\r\n");
    expect(fd, &got, "GET - ", 1);
    assert_int_equal(server.gone_count, 0);
    close(fd);
}

static void a_client_that_leaves_is_reported_once(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int watching = dial(), waiting = dial();

    put(watching, GET("/watch") "\r\n");
    expect(watching, &got, "\r\n\r\n", 1);
    put(waiting, GET("/hold") "\r\n");
    pump_until(server.request_count == 2);
    close(watching);
    close(waiting);
    pump_until(server.gone_count == 2);
    answer(server.held, 200, false, NULL);
    pump_until(http_connection_count(server.http) == 0);
    assert_int_equal(server.gone_count, 2);
}

static void a_slow_reader_of_a_stream_is_closed(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    char *event = mem_alloc(1 << 20);
    int fd = dial();
    size_t sent = 0;

    memset(event, 'e', 1 << 20);
    put(fd, GET("/watch") "\r\n");
    expect(fd, &got, "\r\n\r\n", 1);
    while (server.gone_count == 0) {
        assert_true(sent < 64);
        chunk(event, 1 << 20);
        sent++;
        turn();
    }
    assert_true(sent >= WATCH_BACKLOG_BYTES_MAX >> 20);
    free(event);
    close(fd);
}

static void what_a_stream_begins_with_may_be_larger_than_its_backlog(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    char *event = mem_alloc(1 << 20);
    int fd = dial();

    memset(event, 'e', 1 << 20);
    put(fd, GET("/hold") "\r\n");
    pump_until(server.held != 0);
    answer(server.held, 200, true, NULL);
    for (int i = 0; i < 20; i++) {
        chunk(event, 1 << 20);
    }
    http_end(server.http, server.held);
    expect(fd, &got, "0\r\n\r\n", 1);
    assert_true(got.length > 20 << 20);
    free(event);
    close(fd);
}

static void forgetting_answers_what_waits_and_cuts_streams(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    _cleanup_(str_fini)
    struct str stream = STR_EMPTY;
    int watching = dial(), waiting = dial();

    put(watching, GET("/watch") "\r\n");
    expect(watching, &stream, "\r\n\r\n", 1);
    put(waiting, GET("/hold") "\r\n");
    pump_until(server.request_count == 2);
    http_drop_all(server.http, "the outcome is unknown");
    expect_end(waiting, &got);
    expect_end(watching, &stream);
    assert_true(str_starts(got.data, "HTTP/1.1 503 "));
    assert_non_null(strstr(got.data, "Retry-After: 1\r\n"));
    assert_int_equal(server.gone_count, 0);
    close(watching);
    close(waiting);
}

/* With times divided by 100. */

static bool has_begun(void)
{
    return server.request_count > 0 || server.transfer.id != 0;
}

/* What this machine is too busy to read in time is refused; then it is asked again. */
static int ask_in_a_hurry(const char *request)
{
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = -1;

    for (int i = 0; i < TRIES_MAX; i++) {
        fd = dial();
        put(fd, request);
        pump_until(has_begun() || !take(fd, &got));
        if (has_begun()) {
            return fd;
        }
        close(fd);
    }
    fail_msg("it did not begin: %.500s", got.data);
    return -1;
}

static void half_a_request_does_not_stay_for_ever(void **state)
{
    (void)state;
    refused_with("GET / HTTP/1.1\r\nHost: x\r\n", "HTTP/1.1 408 ");
    refused_with("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 408 ");

    _cleanup_(str_fini)
    struct str nothing = STR_EMPTY;
    ask("", &nothing);
    assert_int_equal(nothing.length, 0);
    pump_until(http_connection_count(server.http) == 0);
}

static void a_reader_that_takes_nothing_is_closed(void **state)
{
    (void)state;
    int fd = ask_in_a_hurry(GET("/big") "\r\n");

    put(fd, GET("/echo") "\r\n"); /* bytes to read must not keep the loop busy meanwhile */
    pump_until(http_connection_count(server.http) == 0);
    close(fd);
}

static void a_blocked_reader_does_not_keep_the_loop_busy(void **state)
{
    (void)state;
    int fd = dial();
    struct rusage before, after;
    uint64_t begun = uv_hrtime();
    int64_t busy_ms;

    put(fd, GET("/big") "\r\n");
    pump_until(server.request_count == 1);
    put(fd, GET("/echo") "\r\n");
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    while (uv_hrtime() - begun < 200 * 1000000ULL) {
        (void)uv_run(&server.loop, UV_RUN_ONCE);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    busy_ms = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
              (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000;
    assert_true(busy_ms < 100);
    close(fd);
}

static void one_connection_too_many_is_turned_away(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int first = dial(), second = dial(), third;

    put(first, GET("/hold") "\r\n");
    put(second, GET("/hold") "\r\n");
    pump_until(server.request_count == 2);
    third = dial();
    expect_end(third, &got);
    assert_true(str_starts(got.data, "HTTP/1.1 503 "));
    close(first);
    close(second);
    close(third);
}

static void a_body_comes_only_as_far_as_it_was_allowed(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY, body = STR_EMPTY;
    struct transfer_answer answer = {.code = 200};
    int fd = dial();

    for (size_t i = 0; i < 100000; i++) {
        str_add_char(&body, (char)('a' + i % 26));
    }
    put(fd, "PUT /blobs/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
    put(fd, body.data);
    pump_until(server.transfer.id != 0);
    assert_int_equal(server.transfer.taken_bytes, 0);
    for (size_t allowed = 1000; allowed <= 100000; allowed += 1000) {
        http_allow(server.http, server.transfer.id, 1000);
        pump_until(server.transfer.taken_bytes >= allowed);
        turn();
        assert_int_equal(server.transfer.taken_bytes, allowed);
    }
    assert_true(server.transfer.piece_max <= 1000);
    http_transfer_answer(server.http, server.transfer.id, &answer);
    put(fd, GET("/echo") "\r\n"); /* the connection goes on behind it */
    expect(fd, &got, "GET - ", 1);
    assert_int_equal(server.transfer.gone_count, 0);
    close(fd);
}

static void a_transfer_refused_early_is_the_last_on_its_connection(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    struct transfer_answer answer = {.code = 507};
    int fd = dial();

    put(fd, "PUT /blobs/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
    pump_until(server.transfer.id != 0);
    http_transfer_answer(server.http, server.transfer.id, &answer);
    expect_end(fd, &got);
    assert_true(str_starts(got.data, "HTTP/1.1 507 "));
    assert_int_equal(server.transfer.taken_bytes, 0);
    close(fd);
}

static void the_next_piece_waits_for_the_reader(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    struct transfer_answer answer = {.code = 200, .size_bytes = 3 * BIG_BYTES};
    int fd = dial();

    put(fd, GET("/blobs/x") "\r\n");
    pump_until(server.transfer.id != 0);
    http_transfer_answer(server.http, server.transfer.id, &answer);
    assert_false(http_transfer_piece(server.http, server.transfer.id, blob_ref(server.big)));
    for (int i = 0; i < 20; i++) {
        turn();
    }
    assert_int_equal(server.transfer.drained_count, 0); /* nobody reads */
    for (int pieces = 1; pieces < 3; pieces++) {
        size_t before = server.transfer.drained_count;

        while (server.transfer.drained_count == before) {
            assert_true(take(fd, &got));
            turn();
        }
        (void)http_transfer_piece(server.http, server.transfer.id, blob_ref(server.big));
    }
    while (got.length < 3 * (size_t)BIG_BYTES) {
        assert_true(take(fd, &got));
        turn();
    }
    assert_int_equal(server.transfer.gone_count, 0);
    close(fd);
}

static void a_client_that_goes_is_told_of(void **state)
{
    (void)state;
    int fd = dial();

    put(fd, "PUT /blobs/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
    pump_until(server.transfer.id != 0);
    http_allow(server.http, server.transfer.id, 1000);
    pump_until(server.transfer.taken_bytes == 3);
    close(fd);
    pump_until(server.transfer.gone_count == 1);
}

static void a_body_that_stalls_ends_its_transfer(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = ask_in_a_hurry("PUT /blobs/x HTTP/1.1\r\nHost: localhost\r\n"
                            "Content-Length: 100000\r\n\r\nabc");

    http_allow(server.http, server.transfer.id, 1000);
    expect_end(fd, &got);
    assert_true(str_starts(got.data, "HTTP/1.1 408 "));
    close(fd);
    pump_until(server.transfer.gone_count == 1);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, start, stop)
#define HURRIED(name) cmocka_unit_test_setup_teardown(name, start_hurried, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_comes_only_as_far_as_it_was_allowed),
        TEST(a_transfer_refused_early_is_the_last_on_its_connection),
        TEST(the_next_piece_waits_for_the_reader),
        TEST(a_client_that_goes_is_told_of),
        HURRIED(a_body_that_stalls_ends_its_transfer),
        TEST(a_connection_serves_one_request_after_another),
        TEST(requests_sent_ahead_are_answered_in_order),
        TEST(chunked_bodies_and_missing_content_types_are_taken),
        TEST(a_client_may_ask_before_it_sends_a_body),
        TEST(what_breaks_a_bound_gets_a_status),
        TEST(a_body_at_the_limit_is_taken_whole),
        TEST(other_sites_cannot_use_a_browser_against_us),
        TEST(a_large_answer_arrives_whole),
        TEST(head_and_http_1_0_get_what_they_know),
        TEST(a_stream_is_flushed_chunk_by_chunk),
        TEST(a_client_that_leaves_is_reported_once),
        TEST(a_slow_reader_of_a_stream_is_closed),
        TEST(what_a_stream_begins_with_may_be_larger_than_its_backlog),
        TEST(forgetting_answers_what_waits_and_cuts_streams),
        HURRIED(half_a_request_does_not_stay_for_ever),
        HURRIED(a_reader_that_takes_nothing_is_closed),
        TEST(a_blocked_reader_does_not_keep_the_loop_busy),
        cmocka_unit_test_setup_teardown(one_connection_too_many_is_turned_away, start_for_two,
                                        stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
