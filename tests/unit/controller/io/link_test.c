/* The agents' listener on real sockets; the client writes its frames by hand, because most of them
 * are wrong.  Client and server share the thread: pump_until() turns the loop. */
#include "controller/io/link.h"

#include "schema/base/log.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

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

enum { TURNS_MAX = 30000, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

struct server {
    uv_loop_t loop;
    struct net net;
    struct links *links;
    int port;
    uint64_t newest; /* id of the newest link */
    size_t up_count, down_count, drained_count, message_count;
    struct str message; /* the last one */
    int receive_bytes;  /* of the client's socket; 0: the system's choice */
};

static struct server server;

static void on_up(void *context, uint64_t id)
{
    (void)context;
    server.up_count++;
    server.newest = id;
}

static void on_frame(void *context, uint64_t id, const char *bytes, size_t size_bytes)
{
    (void)context;
    assert_int_equal(id, server.newest);
    server.message_count++;
    str_clear(&server.message);
    str_add_bytes(&server.message, bytes, size_bytes);
}

static void on_drained(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    server.drained_count++;
}

static void on_down(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    server.down_count++;
}

static int start(void **state)
{
    static const struct address any = {.host = "127.0.0.1"};
    struct link_options options = {.address = &any, .links_max = 2};
    struct link_handlers handlers = {
        .up = on_up, .frame = on_frame, .drained = on_drained, .down = on_down};
    struct err err;

    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    server = (struct server){0};
    str_init(&server.message);
    assert_int_equal(uv_loop_init(&server.loop), 0);
    assert_int_equal(net_open(&server.net, &server.loop, &err), 0);
    assert_int_equal(
        links_open(&server.net, &options, &handlers, &server.links, &server.port, &err), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    links_close(server.links);
    net_close(&server.net);
    links_free(server.links);
    str_fini(&server.message);
    return 0;
}

/* --- the client ----------------------------------------------------------------------------------
 */

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

static void put_bytes(int fd, const void *bytes, size_t size)
{
    size_t done = 0;

    for (int turns = 0; done < size && turns < 1000; turns++) {
        ssize_t sent =
            send(fd, (const char *)bytes + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
        } else {
            turn();
        }
    }
}

static bool take(int fd, struct str *to)
{
    char bytes[65536];
    ssize_t got;

    while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        str_add_bytes(to, bytes, (size_t)got);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    if (server.receive_bytes > 0) {
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &server.receive_bytes,
                                    sizeof(server.receive_bytes)),
                         0);
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

#define UPGRADE                                                                                    \
    "GET / HTTP/1.1\r\nHost: fog\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"          \
    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
#define AS_AGENT "Upgrade: websocket\r\nSec-WebSocket-Protocol: fog.agent.v1\r\n"

/* A link that is open on both sides. */
static int connected(void)
{
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = dial();
    size_t before = server.up_count;

    put_bytes(fd, UPGRADE AS_AGENT "\r\n", sizeof(UPGRADE AS_AGENT "\r\n") - 1);
    pump_until(take(fd, &got) && strstr(got.data, "\r\n\r\n") != NULL);
    assert_true(str_starts(got.data, "HTTP/1.1 101 "));
    assert_null(strcasestr(got.data, "extensions"));
    pump_until(server.up_count == before + 1);
    return fd;
}

/* A frame with a mask of zeros, which leaves the payload as it is. */
static void put_frame(int fd, int opcode, bool is_last, const void *payload, size_t size)
{
    unsigned char head[14] = {0};
    size_t length = 2;

    head[0] = (unsigned char)(opcode | (is_last ? 0x80 : 0));
    if (size < 126) {
        head[1] = (unsigned char)(0x80 | size);
    } else {
        bool is_long = size > 65535;
        head[1] = is_long ? 0xff : 0xfe;
        length = is_long ? 10 : 4;
        for (size_t i = 0; i < length - 2; i++) {
            head[length - 1 - i] = (unsigned char)(size >> (8 * i));
        }
    }
    put_bytes(fd, head, length + 4);
    put_bytes(fd, payload, size);
}

static void put_text(int fd, const char *text)
{
    put_frame(fd, TEXT, true, text, strlen(text));
}

struct frame {
    int opcode;
    bool is_last;
    struct str payload;
};

static void frame_fini(struct frame *frame)
{
    str_fini(&frame->payload);
}

/* Cuts the first whole frame off; false when there is none yet. */
static bool cut_frame(struct str *got, struct frame *ret_frame)
{
    const unsigned char *bytes = (const unsigned char *)got->data;
    size_t size, head = 2;
    struct str rest = STR_EMPTY;

    if (got->length < 10 &&
        (got->length < 2 || (bytes[1] & 0x7f) > 125 || got->length < 2U + (bytes[1] & 0x7f))) {
        return false;
    }
    size = bytes[1] & 0x7f;
    if (size >= 126) {
        head = size == 126 ? 4 : 10;
        size = 0;
        for (size_t i = 2; i < head; i++) {
            size = size << 8 | bytes[i];
        }
    }
    if (got->length < head + size) {
        return false;
    }
    *ret_frame = (struct frame){.opcode = bytes[0] & 15, .is_last = bytes[0] & 0x80};
    str_init(&ret_frame->payload);
    str_add_bytes(&ret_frame->payload, got->data + head, size);
    str_add_bytes(&rest, got->data + head + size, got->length - head - size);
    str_fini(got);
    *got = rest;
    return true;
}

static struct frame next_frame(int fd, struct str *got)
{
    struct frame frame = {0};

    for (int turns = 0; !cut_frame(got, &frame); turns++) {
        bool is_open = take(fd, got);
        if (cut_frame(got, &frame)) {
            break;
        }
        assert_true(is_open && turns < TURNS_MAX);
        turn();
    }
    return frame;
}

/* The link is closed with this status, and everybody hears of it. */
static void closed_with(int fd, int status)
{
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    _cleanup_(frame_fini)
    struct frame frame = next_frame(fd, &got);

    assert_int_equal(frame.opcode, CLOSE);
    assert_int_equal(
        (unsigned char)frame.payload.data[0] << 8 | (unsigned char)frame.payload.data[1], status);
    close(fd);
    pump_until(server.down_count == 1);
    assert_int_equal(links_count(server.links), 0);
}

static void send_text(enum send_priority priority, const char *text)
{
    struct blob *bytes = blob_new(text, strlen(text));

    links_send(server.links, server.newest, priority, bytes);
    blob_unref(bytes);
}

/* A text of this many bytes. */
static char *filled(char c, size_t size)
{
    char *text = mem_alloc(size + 1);

    memset(text, c, size);
    return text;
}

/* --- tests ---------------------------------------------------------------------------------------
 */

static void messages_go_both_ways(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = connected();

    put_text(fd, "hello");
    pump_until(server.message_count == 1);
    assert_string_equal(server.message.data, "hello");
    send_text(SEND_CONTROL, "welcome");
    assert_int_equal(server.drained_count, 0); /* told later, not from within */
    _cleanup_(frame_fini)
    struct frame frame = next_frame(fd, &got);
    assert_int_equal(frame.opcode, TEXT);
    assert_true(frame.is_last);
    assert_string_equal(frame.payload.data, "welcome");
    pump_until(server.drained_count == 1);
    close(fd);
    pump_until(server.down_count == 1);
}

static void only_agents_may_connect(void **state)
{
    (void)state;
    static const char *const refused[] = {
        UPGRADE "Upgrade: websocket\r\n\r\n",
        UPGRADE "Upgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        UPGRADE AS_AGENT "Origin: http://evil.example\r\n\r\n",
        UPGRADE "Upgrade: \r\nSec-WebSocket-Protocol: fog.agent.v1\r\n\r\n",
        UPGRADE "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: fog\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01 nonsense\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        _cleanup_(str_fini)
        struct str got = STR_EMPTY;
        int fd = dial();

        put_bytes(fd, refused[i], strlen(refused[i]));
        pump_until(!take(fd, &got));
        assert_false(str_starts(got.data, "HTTP/1.1 101"));
        close(fd);
    }
    assert_int_equal(server.up_count, 0);
    close(connected());
}

static void one_link_too_many_is_turned_away(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int first = connected(), second = connected(), third = dial();

    pump_until(!take(third, &got));
    assert_int_equal(got.length, 0);
    close(first);
    pump_until(server.down_count == 1);
    close(third);
    third = connected();
    close(second);
    close(third);
}

static void a_message_may_come_in_many_frames(void **state)
{
    (void)state;
    _cleanup_free_ char *text = filled('x', FRAME_BYTES_MAX);
    int fd = connected();

    for (int i = 0; i < 15; i++) {
        put_frame(fd, i == 0 ? TEXT : 0, false, text, FRAME_BYTES_MAX);
        put_frame(fd, PING, true, "?", 1); /* may come in between */
    }
    put_frame(fd, 0, true, text, FRAME_BYTES_MAX);
    pump_until(server.message_count == 1);
    assert_int_equal(server.message.length, MESSAGE_BYTES_MAX);
    put_text(fd, "next");
    pump_until(server.message_count == 2);
    assert_string_equal(server.message.data, "next");
    close(fd);
}

static void a_message_has_at_most_1_mib(void **state)
{
    (void)state;
    _cleanup_free_ char *text = filled('x', FRAME_BYTES_MAX);
    int fd = connected();

    for (int i = 0; i < 16; i++) {
        put_frame(fd, i == 0 ? TEXT : 0, false, text, FRAME_BYTES_MAX);
    }
    put_frame(fd, 0, true, "x", 1);
    closed_with(fd, 1009);
    assert_int_equal(server.message_count, 0);
}

static void a_frame_has_at_most_64_kib(void **state)
{
    (void)state;
    _cleanup_free_ char *text = filled('x', FRAME_BYTES_MAX + 1);
    int fd = connected();

    put_frame(fd, TEXT, true, text, FRAME_BYTES_MAX - 1);
    put_frame(fd, TEXT, true, text, FRAME_BYTES_MAX);
    pump_until(server.message_count == 2);
    put_frame(fd, TEXT, true, text, FRAME_BYTES_MAX + 1);
    closed_with(fd, 1009);
}

static void binary_and_broken_text_end_the_link(void **state)
{
    (void)state;
    int fd = connected();

    put_frame(fd, BINARY, true, "x", 1);
    closed_with(fd, 1003);
    server.down_count = 0;
    fd = connected();
    put_text(fd, "\xc3\x28");
    closed_with(fd, 1007);
    assert_int_equal(server.message_count, 0);
}

static void a_hang_up_says_why_after_what_was_sent_before(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = connected();

    send_text(SEND_CONTROL, "refuse");
    links_hangup(server.links, server.newest, "the name is taken");
    links_hangup(server.links, server.newest, "again");
    send_text(SEND_CONTROL, "too late");
    _cleanup_(frame_fini)
    struct frame last = next_frame(fd, &got);
    _cleanup_(frame_fini)
    struct frame end = next_frame(fd, &got);
    assert_string_equal(last.payload.data, "refuse");
    assert_int_equal(end.opcode, CLOSE);
    assert_string_equal(end.payload.data + 2, "the name is taken");
    close(fd);
    pump_until(server.down_count == 1);
}

static void what_waits_goes_by_priority_and_messages_stay_whole(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    _cleanup_free_ char *big = filled('b', MESSAGE_BYTES_MAX);
    int fd = (server.receive_bytes = 4096, connected());

    size_t logs = 0;
    do { /* until the socket is full, and one more */
        send_text(SEND_LOG, big);
        logs++;
        for (int i = 0; i < 20; i++) {
            turn();
        }
    } while (server.drained_count == logs && logs < 20);
    send_text(SEND_LOG, big);
    logs++;
    send_text(SEND_REPORT, "report");
    send_text(SEND_CONTROL, "control");

    /* Frames of up to 64 KiB, each message whole, control before report before the last log. */
    _cleanup_(str_fini)
    struct str order = STR_EMPTY;
    size_t message_bytes = 0;
    while (order.length < logs + 2) {
        _cleanup_(frame_fini)
        struct frame frame = next_frame(fd, &got);
        assert_true(frame.payload.length <= FRAME_BYTES_MAX);
        assert_int_equal(frame.opcode, message_bytes == 0 ? TEXT : 0);
        message_bytes += frame.payload.length;
        if (frame.is_last) {
            assert_true(frame.payload.data[0] != 'b' || message_bytes == MESSAGE_BYTES_MAX);
            str_add_char(&order, frame.payload.data[0]);
            message_bytes = 0;
        }
    }
    assert_true(strchr(order.data, 'c') < strchr(order.data, 'r'));
    assert_int_equal(order.data[order.length - 1], 'b');
    pump_until(server.drained_count == logs - 1);
    close(fd);
}

static void an_agent_that_takes_nothing_is_hung_up(void **state)
{
    (void)state;
    _cleanup_free_ char *big = filled('b', MESSAGE_BYTES_MAX);
    int fd = connected();

    for (int i = 0; server.down_count == 0; i++) {
        assert_true(i < 100);
        send_text(SEND_ASSIGNMENT, big);
        turn();
    }
    close(fd);
}

static void on_nothing(uv_timer_t *timer)
{
    (void)timer;
}

static void a_blocked_agent_does_not_keep_the_loop_busy(void **state)
{
    (void)state;
    _cleanup_free_ char *big = filled('b', MESSAGE_BYTES_MAX);
    struct rusage before, after;
    static uv_timer_t timer; /* outlives the test: the loop closes it */
    uint64_t begun = uv_hrtime();
    int64_t busy_ms;
    int fd = connected();

    for (int i = 0; i < 6; i++) {
        send_text(SEND_ASSIGNMENT, big);
    }
    put_text(fd, "I have something to say");
    (void)uv_timer_init(&server.loop, &timer);
    (void)uv_timer_start(&timer, on_nothing, 20, 20);
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    while (uv_hrtime() - begun < 200 * 1000000ULL) {
        (void)uv_run(&server.loop, UV_RUN_ONCE);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    busy_ms = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
              (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000;
    assert_true(busy_ms < 100);
    uv_close((uv_handle_t *)&timer, NULL);
    close(fd);
}

static void forgotten_links_are_closed_in_silence(void **state)
{
    (void)state;
    _cleanup_(str_fini)
    struct str got = STR_EMPTY;
    int fd = connected();

    links_drop_all(server.links, "starting over");
    put_text(fd, "late");
    _cleanup_(frame_fini)
    struct frame end = next_frame(fd, &got);
    assert_int_equal(end.opcode, CLOSE);
    close(fd);
    fd = connected();
    assert_int_equal(server.down_count, 0);
    assert_int_equal(server.message_count, 0);
    assert_int_equal(links_count(server.links), 1);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_go_both_ways),
        TEST(only_agents_may_connect),
        TEST(one_link_too_many_is_turned_away),
        TEST(a_message_may_come_in_many_frames),
        TEST(a_message_has_at_most_1_mib),
        TEST(a_frame_has_at_most_64_kib),
        TEST(binary_and_broken_text_end_the_link),
        TEST(a_hang_up_says_why_after_what_was_sent_before),
        TEST(what_waits_goes_by_priority_and_messages_stay_whole),
        TEST(an_agent_that_takes_nothing_is_hung_up),
        TEST(a_blocked_agent_does_not_keep_the_loop_busy),
        TEST(forgotten_links_are_closed_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
