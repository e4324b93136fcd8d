/* The HTTP listener on real sockets: requests, answers, streams and transfers. */
#include "tests/unit/controller/io/http_bench.h"

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

    put(fd,
        "PUT /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    expect(fd, &got, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    put(fd, "body");
    expect(fd, &got, "PUT - body", 1);
    close(fd);
    refused_with("PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
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
    refused_with("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33554433\r\n\r\n",
                 "HTTP/1.1 413 ");
    refused_with(
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2000001\r\n",
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
    put(fd, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33554432\r\n\r\n");
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
    refused_with("PUT /echo HTTP/1.1\r\nHost: evil.example\r\nExpect: 100-continue\r\n"
                 "Content-Length: 33554432\r\n\r\nno more than that",
                 "HTTP/1.1 403 "); /* before the rest has come */

    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    ask("GET / HTTP/1.1\r\nHost: controller:7411\r\n\r\n", &got); /* who means well */
    assert_non_null(strstr(got.data, "Host names another site than this: ask by an address"));
    assert_int_equal(server.request_count, 0);
    str_clear(&got);
    ask("GET /echo HTTP/1.1\r\nHost: 127.0.0.1:7\r\nOrigin: http://127.0.0.1:7\r\n"
        "Connection: close\r\n\r\n",
        &got);
    assert_true(str_starts(got.data, "HTTP/1.1 200 OK"));
}

/* What a browser sends for a page without asking first, and what it asks. */
static void other_sites_cannot_write_where_every_host_may_be_named(void **state)
{
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\nContent-Type: text/plain\r\n",
        "POST /echo HTTP/1.1\r\n",
        "OPTIONS /echo HTTP/1.1\r\nAccess-Control-Request-Method: PUT\r\n",
        "PUT /blobs/v1 HTTP/1.1\r\n",
        "DELETE /echo HTTP/1.1\r\n",
    };
    static const char *const origins[] = {"http://evil.example", "null", "http://fog.example:80"};

    (void)state;
    server.http->options.any_host = true;
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        for (size_t j = 0; j < COUNT_OF(origins); j++) {
            _cleanup_(str_fini)
            struct str request = STR_EMPTY;

            str_addf(&request, "%sHost: fog.example\r\nOrigin: %s\r\nContent-Length: 2\r\n\r\n{}",
                     heads[i], origins[j]);
            refused_with(request.data, "HTTP/1.1 403 ");
        }
    }
    assert_int_equal(server.request_count, 0);

    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    ask("POST /echo HTTP/1.1\r\nHost: fog.example\r\nOrigin: http://fog.example\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
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

    ask("HEAD /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &head);
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
    pump_until(http_load(server.http).connections == 0);
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
    refused_with("GET / HTTP/1.1\r\nHost: localhost\r\n", "HTTP/1.1 408 ");
    refused_with("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabc",
                 "HTTP/1.1 408 ");

    _cleanup_(str_fini)
    struct str nothing = STR_EMPTY;
    ask("", &nothing);
    assert_int_equal(nothing.length, 0);
    pump_until(http_load(server.http).connections == 0);
}

static void a_reader_that_takes_nothing_is_closed(void **state)
{
    (void)state;
    int fd = ask_in_a_hurry(GET("/big") "\r\n");

    put(fd, GET("/echo") "\r\n"); /* bytes to read must not keep the loop busy meanwhile */
    pump_until(http_load(server.http).connections == 0);
    close(fd);
}

/* Longer than a reader may take nothing. */
static void a_step_that_takes_long_is_not_its_readers_fault(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;

    ask(GET("/late") "Connection: close\r\n\r\n", &got);
    assert_true(got.length > BIG_BYTES);
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
        TEST(other_sites_cannot_write_where_every_host_may_be_named),
        TEST(a_large_answer_arrives_whole),
        TEST(head_and_http_1_0_get_what_they_know),
        TEST(a_stream_is_flushed_chunk_by_chunk),
        TEST(a_client_that_leaves_is_reported_once),
        TEST(a_slow_reader_of_a_stream_is_closed),
        TEST(what_a_stream_begins_with_may_be_larger_than_its_backlog),
        TEST(forgetting_answers_what_waits_and_cuts_streams),
        HURRIED(half_a_request_does_not_stay_for_ever),
        HURRIED(a_reader_that_takes_nothing_is_closed),
        HURRIED(a_step_that_takes_long_is_not_its_readers_fault),
        TEST(a_blocked_reader_does_not_keep_the_loop_busy),
        cmocka_unit_test_setup_teardown(one_connection_too_many_is_turned_away, start_for_two,
                                        stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
