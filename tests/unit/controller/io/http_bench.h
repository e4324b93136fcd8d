/* The HTTP listener on real sockets, with a core made of a few paths:
 *
 *     /echo  answers method, user and body      /big    answers 8 MiB
 *     /hold  waits until the test answers       /watch  begins a stream
 *     /late  answers as much when no time would be left
 *     /blobs/ is for transfers, whose taker allows what the test says
 *
 * Client and server share the thread: pump() turns the loop until something is true. */
#pragma once

#include "controller/io/http_inner.h"

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

enum { BIG_BYTES = 8 << 20, LATE_MS = 400, TURNS_MAX = 30000, TRIES_MAX = 5 };

struct server {
    uv_loop_t loop;
    struct net net;
    struct http *http;
    int port;
    uint64_t held; /* exchange of the last /hold or /watch */
    size_t request_count, gone_count, drained_count;
    size_t body_bytes; /* of the last request */
    struct blob *big;
    struct { /* the last transfer */
        uint64_t id;
        size_t taken_bytes, piece_max, drained_count, gone_count;
    } transfer;
};

static struct server server;

static inline void answer(uint64_t id, int code, bool is_stream, struct blob *bytes)
{
    struct effect effect = {
        .type = EFFECT_ANSWER, .id = id, .bytes = bytes, .answer = {.code = code}};

    effect.answer.is_stream = is_stream;
    http_answer(server.http, &effect);
}

static inline void chunk(const char *text, size_t size_bytes)
{
    struct effect effect = {.type = EFFECT_CHUNK, .id = server.held};

    effect.bytes = blob_new(text, size_bytes);
    http_chunk(server.http, &effect);
    blob_unref(effect.bytes);
}

static inline void on_request(void *context, uint64_t id, const struct http_request *request)
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
    if (str_eq(request->target, "/late")) {
        for (uint64_t begun = uv_hrtime(); uv_hrtime() - begun < LATE_MS * 1000000ULL;) {}
    }
    if (str_eq(request->target, "/big") || str_eq(request->target, "/late")) {
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

static inline void on_gone(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    server.gone_count++;
}

static inline void on_stream_drained(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    server.drained_count++;
}

static inline void on_begin(void *context, uint64_t id, const struct transfer_request *request)
{
    (void)context;
    (void)request;
    server.transfer.id = id;
}

static inline void on_piece(void *context, uint64_t id, const char *bytes, size_t size_bytes)
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

static inline void on_drained(void *context, uint64_t id)
{
    (void)context;
    server.transfer.drained_count += id == server.transfer.id;
}

static inline void on_transfer_gone(void *context, uint64_t id)
{
    (void)context;
    server.transfer.gone_count += id == server.transfer.id;
}

static inline int start_with(size_t connections_max, int64_t hurry)
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
    struct http_handlers handlers = {
        .request = on_request, .gone = on_gone, .drained = on_stream_drained};
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

static inline int start(void **state)
{
    (void)state;
    return start_with(0, 0);
}

static inline int start_hurried(void **state)
{
    (void)state;
    return start_with(2, 100);
}

static inline int start_for_two(void **state)
{
    (void)state;
    return start_with(2, 0);
}

static inline int stop(void **state)
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

static inline int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static inline void turn(void)
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

static inline void put(int fd, const char *text)
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
static inline bool take(int fd, struct str *to)
{
    char bytes[65536];
    ssize_t got;

    while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        str_add_bytes(to, bytes, (size_t)got);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static inline size_t count_of(const struct str *text, const char *part)
{
    size_t count = 0;

    for (const char *at = text->data; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Reads until this text is there that often. */
static inline void expect(int fd, struct str *got, const char *part, size_t times)
{
    for (int turns = 0; count_of(got, part) < times; turns++) {
        if (turns > TURNS_MAX || (!take(fd, got) && count_of(got, part) < times)) {
            fail_msg("\"%s\" did not come, but: %.500s", part, got->data);
        }
        turn();
    }
}

static inline void expect_end(int fd, struct str *got)
{
    pump_until(!take(fd, got));
}

/* One request on a connection of its own, everything that comes back until the end. */
static inline void ask(const char *request, struct str *ret_answer)
{
    int fd = dial();

    put(fd, request);
    expect_end(fd, ret_answer);
    close(fd);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: localhost\r\n"

static inline void refused_with(const char *request, const char *status)
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
