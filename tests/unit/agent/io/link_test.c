/* The link against a small server of our own, which can also do what no server should. */
#include "agent/io/link.h"

#include "schema/base/log.h"
#include "schema/limits.h"
#include "tests/support/await.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WEBSOCKET_MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

enum { OPCODE_CONTINUATION = 0, OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, FIN = 0x80 };

struct bench {
    uv_loop_t loop;
    struct link *link;
    int listen_fd, fd;   /* the server's */
    struct str received; /* by the server, not yet looked at */
    unsigned ups, downs, drained;
    struct str frames; /* whole messages the agent got, one after the other, each with a '|' */
    size_t largest;
    bool hangs_up_at_once;
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static void on_event(void *data, struct agt_event *event)
{
    struct bench *bench = data;

    switch ((int)event->type) {
    case AGT_LINK_UP:
        bench->ups++;
        break;
    case AGT_LINK_DOWN:
        bench->downs++;
        break;
    case AGT_LINK_DRAINED:
        bench->drained++;
        break;
    case AGT_LINK_FRAME:
        if (event->frame.size_bytes > bench->largest) {
            bench->largest = event->frame.size_bytes;
        }
        if (event->frame.size_bytes < 100) {
            str_add_bytes(&bench->frames, event->frame.bytes, event->frame.size_bytes);
            str_add_char(&bench->frames, '|');
        }
        if (bench->hangs_up_at_once) {
            link_hang_up(bench->link, "test");
        }
        break;
    default:
        fail();
    }
}

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    struct link_address where;
    char url[64];

    bench->fd = -1;
    bench->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(bench->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bench->listen_fd, 1), 0);
    assert_int_equal(getsockname(bench->listen_fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(link_address_from_str(url, &where, NULL), 0);
    str_init(&bench->received);
    str_init(&bench->frames);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(link_new(&bench->loop, &where, on_event, bench, &bench->link, NULL), 0);
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    link_close(bench->link);
    (void)close(bench->listen_fd);
    if (bench->fd >= 0) {
        (void)close(bench->fd);
    }
    str_fini(&bench->received);
    str_fini(&bench->frames);
    mem_free(state);
    return 0;
}

static bool turn(struct bench *bench)
{
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    return true;
}

#define UNTIL(condition) AWAIT(turn(bench) && (condition))

static bool accepts(struct bench *bench)
{
    bench->fd = accept4(bench->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return bench->fd >= 0;
}

static bool receives(struct bench *bench)
{
    char buffer[65536];
    ssize_t got = recv(bench->fd, buffer, sizeof(buffer), 0);

    if (got > 0) {
        str_add_bytes(&bench->received, buffer, (size_t)got);
    }
    return got > 0;
}

static bool has_received(struct bench *bench, const char *text)
{
    (void)receives(bench);
    return strstr(bench->received.data, text) != NULL;
}

static void serve_bytes(struct bench *bench, const void *bytes, size_t size_bytes)
{
    const char *at = bytes;

    while (size_bytes > 0) {
        ssize_t done = send(bench->fd, at, size_bytes, MSG_NOSIGNAL);

        if (done > 0) {
            at += done;
            size_bytes -= (size_t)done;
        } else if (!link_is_up(bench->link) && bench->downs > 0) {
            return; /* it hung up on us, as it should */
        }
        (void)turn(bench);
    }
}

static void answer_handshake(struct bench *bench, const char *subprotocol)
{
    static const char key_header[] = "Sec-WebSocket-Key: ";
    const char *key = strstr(bench->received.data, key_header) + strlen(key_header);
    unsigned char digest[EVP_MAX_MD_SIZE], accept[64];
    char text[256], answer[512];
    unsigned size = 0;

    (void)snprintf(text, sizeof(text), "%.24s" WEBSOCKET_MAGIC, key);
    assert_int_equal(EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL), 1);
    (void)EVP_EncodeBlock(accept, digest, (int)size);
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                   "Sec-WebSocket-Protocol: %s\r\n\r\n",
                   accept, subprotocol);
    serve_bytes(bench, answer, strlen(answer));
    str_clear(&bench->received);
}

static void connects(struct bench *bench)
{
    unsigned before = bench->ups;

    link_connect(bench->link);
    UNTIL(accepts(bench));
    UNTIL(has_received(bench, "\r\n\r\n"));
    answer_handshake(bench, WIRE_SUBPROTOCOL);
    UNTIL(bench->ups == before + 1);
    assert_true(link_is_up(bench->link));
}

static void serve_frame(struct bench *bench, int first, const char *bytes, size_t size_bytes)
{
    unsigned char head[10] = {(unsigned char)first};
    size_t head_size = 2;

    if (size_bytes < 126) {
        head[1] = (unsigned char)size_bytes;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++) {
            head[2 + i] = (unsigned char)(size_bytes >> (56 - 8 * i));
        }
        head_size = 10;
    }
    serve_bytes(bench, head, head_size);
    serve_bytes(bench, bytes, size_bytes);
}

#define SERVES(first, text) serve_frame(bench, first, text, strlen(text))

static void sends(struct bench *bench, const char *text, int priority)
{
    struct blob *message = blob_new(text, strlen(text));

    link_send(bench->link, message, priority);
    blob_unref(message);
}

/* The next frame the agent sent, unmasked, if it is whole; its first byte, else -1. */
static int take_frame(struct bench *bench, struct str *payload)
{
    const unsigned char *bytes;
    size_t size, head = 2;
    int first;

    (void)turn(bench);
    (void)receives(bench);
    bytes = (const unsigned char *)bench->received.data;
    if (bench->received.length < 14) {
        return -1;
    }
    first = bytes[0];
    assert_true((bytes[1] & 0x80) != 0); /* clients mask */
    size = bytes[1] & 0x7f;
    if (size == 126) {
        size = (size_t)bytes[2] << 8 | bytes[3];
        head = 4;
    } else if (size == 127) {
        size = (size_t)bytes[6] << 24 | (size_t)bytes[7] << 16 | (size_t)bytes[8] << 8 | bytes[9];
        head = 10;
    }
    if (bench->received.length < head + 4 + size) {
        return -1;
    }
    assert_true(size <= FRAME_BYTES_MAX);
    for (size_t i = 0; i < size; i++) {
        str_add_char(payload, (char)(bytes[head + 4 + i] ^ bytes[head + i % 4]));
    }
    memmove(bench->received.data, bytes + head + 4 + size,
            bench->received.length - head - 4 - size);
    bench->received.length -= head + 4 + size;
    return first;
}

/* --- connecting ---------------------------------------------------------------------------------
 */

static void it_asks_for_our_subprotocol_and_no_extension(void **state)
{
    struct bench *bench = *state;

    link_connect(bench->link);
    UNTIL(accepts(bench));
    UNTIL(has_received(bench, "\r\n\r\n"));
    assert_non_null(strstr(bench->received.data, "GET / HTTP/1.1\r\n"));
    assert_non_null(strstr(bench->received.data, "Sec-WebSocket-Protocol: fog.agent.v1\r\n"));
    assert_null(strstr(bench->received.data, "Sec-WebSocket-Extensions"));
}

static void a_refused_connection_is_told_once(void **state)
{
    struct bench *bench = *state;

    (void)shutdown(bench->listen_fd, SHUT_RDWR);
    link_connect(bench->link);
    assert_int_equal(bench->downs, 0); /* not from within the call */
    UNTIL(bench->downs == 1);
    for (int i = 0; i < 50; i++) {
        (void)turn(bench);
    }
    assert_int_equal(bench->downs, 1);
    assert_int_equal(bench->ups, 0);
}

static void another_subprotocol_is_not_accepted(void **state)
{
    struct bench *bench = *state;

    link_connect(bench->link);
    UNTIL(accepts(bench));
    UNTIL(has_received(bench, "\r\n\r\n"));
    answer_handshake(bench, "chat");
    UNTIL(bench->downs == 1);
    assert_int_equal(bench->ups, 0);
}

static void a_link_closed_by_the_controller_is_told_and_can_come_back(void **state)
{
    struct bench *bench = *state;

    for (unsigned i = 1; i <= 3; i++) {
        connects(bench);
        (void)close(bench->fd);
        UNTIL(bench->downs == i);
        assert_false(link_is_up(bench->link));
    }
}

static void after_hanging_up_it_is_told_once_and_can_come_back(void **state)
{
    struct bench *bench = *state;

    for (unsigned i = 1; i <= 3; i++) {
        connects(bench);
        link_hang_up(bench->link, "test");
        assert_int_equal(bench->downs, i - 1); /* not from within the call */
        UNTIL(bench->downs == i);
        (void)close(bench->fd);
    }
    for (int i = 0; i < 50; i++) {
        (void)turn(bench);
    }
    assert_int_equal(bench->downs, 3);
}

static void hanging_up_while_dialling_is_told_too(void **state)
{
    struct bench *bench = *state;

    link_connect(bench->link);
    link_hang_up(bench->link, "test");
    UNTIL(bench->downs == 1);
    link_connect(bench->link);
    UNTIL(accepts(bench));
    link_hang_up(bench->link, "test");
    UNTIL(bench->downs == 2);
    assert_int_equal(bench->ups, 0);
}

/* --- receiving ----------------------------------------------------------------------------------
 */

static void messages_arrive_whole_and_in_order(void **state)
{
    struct bench *bench = *state;

    connects(bench);
    SERVES(FIN | OPCODE_TEXT, "one");
    SERVES(OPCODE_TEXT, "tw");
    SERVES(OPCODE_CONTINUATION, "o a");
    SERVES(FIN | OPCODE_CONTINUATION, "nd");
    SERVES(FIN | OPCODE_TEXT, "three");
    UNTIL(str_eq(bench->frames.data, "one|two and|three|"));
}

static void a_message_of_the_largest_size_arrives(void **state)
{
    struct bench *bench = *state;
    char *text = mem_alloc(FRAME_BYTES_MAX);

    memset(text, 'x', FRAME_BYTES_MAX);
    connects(bench);
    for (int i = 0; i < MESSAGE_BYTES_MAX / FRAME_BYTES_MAX; i++) {
        int last = MESSAGE_BYTES_MAX / FRAME_BYTES_MAX - 1;

        serve_frame(bench, (i == 0 ? OPCODE_TEXT : OPCODE_CONTINUATION) | (i == last ? FIN : 0),
                    text, FRAME_BYTES_MAX);
    }
    UNTIL(bench->largest == MESSAGE_BYTES_MAX);
    assert_int_equal(bench->downs, 0);
    free(text);
}

static void a_message_beyond_the_largest_size_is_hung_up_on(void **state)
{
    struct bench *bench = *state;
    char *text = mem_alloc(FRAME_BYTES_MAX);

    memset(text, 'x', FRAME_BYTES_MAX);
    connects(bench);
    for (int i = 0; i <= MESSAGE_BYTES_MAX / FRAME_BYTES_MAX; i++) {
        serve_frame(bench, i == 0 ? OPCODE_TEXT : OPCODE_CONTINUATION, text, FRAME_BYTES_MAX);
    }
    UNTIL(bench->downs == 1);
    assert_int_equal(bench->largest, 0);
    free(text);
}

static void a_frame_that_is_too_large_is_hung_up_on(void **state)
{
    struct bench *bench = *state;
    char *text = mem_alloc(FRAME_BYTES_MAX + 1);

    memset(text, 'x', FRAME_BYTES_MAX + 1);
    connects(bench);
    serve_frame(bench, FIN | OPCODE_TEXT, text, FRAME_BYTES_MAX + 1);
    UNTIL(bench->downs == 1);
    assert_int_equal(bench->largest, 0);
    free(text);
}

static void what_is_no_text_is_hung_up_on(void **state)
{
    struct bench *bench = *state;

    connects(bench);
    SERVES(FIN | OPCODE_BINARY, "binary");
    UNTIL(bench->downs == 1);
    (void)close(bench->fd);
    connects(bench);
    SERVES(FIN | OPCODE_TEXT, "\xff\xfe");
    UNTIL(bench->downs == 2);
    assert_string_equal(bench->frames.data, "");
}

/* libwebsockets would write beyond its buffer if it went on reading while it closes. */
static void a_flood_after_a_refusal_is_not_read(void **state)
{
    struct bench *bench = *state;
    char *text = mem_alloc(FRAME_BYTES_MAX);

    memset(text, 'x', FRAME_BYTES_MAX);
    for (unsigned i = 1; i <= 3; i++) {
        connects(bench);
        SERVES(i == 1 ? FIN | OPCODE_BINARY : FIN | OPCODE_TEXT, "\xff\xfe");
        if (i == 3) {
            serve_bytes(bench, "\xff\xff\xff", 3); /* no frame at all */
        }
        for (int j = 0; j < 32 && bench->downs < i; j++) {
            serve_frame(bench, FIN | OPCODE_TEXT, text, FRAME_BYTES_MAX);
        }
        UNTIL(bench->downs == i);
        (void)close(bench->fd);
    }
    free(text);
}

static void hanging_up_over_a_message_is_safe(void **state)
{
    struct bench *bench = *state;

    bench->hangs_up_at_once = true;
    connects(bench);
    SERVES(FIN | OPCODE_TEXT, "one");
    UNTIL(bench->downs == 1);
    assert_string_equal(bench->frames.data, "one|");
}

/* --- sending ------------------------------------------------------------------------------------
 */

static void what_is_sent_first_is_what_matters_most(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str payload = STR_EMPTY;
    int frames = 0;

    connects(bench);
    sends(bench, "log one.....|", AGT_SEND_LOG);
    sends(bench, "report one..|", AGT_SEND_REPORT);
    sends(bench, "control one.|", AGT_SEND_CONTROL);
    sends(bench, "control two.|", AGT_SEND_CONTROL);
    assert_false(link_is_drained(bench->link));
    AWAIT((frames += take_frame(bench, &payload) == (FIN | OPCODE_TEXT)) == 4);
    assert_string_equal(payload.data, "control one.|control two.|report one..|log one.....|");
    UNTIL(bench->drained == 1);
    assert_true(link_is_drained(bench->link));
}

static void a_long_message_goes_out_in_frames(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str payload = STR_EMPTY;
    char *text = mem_alloc(3 * FRAME_BYTES_MAX);
    int first[3];

    memset(text, 'y', 3 * FRAME_BYTES_MAX - 1);
    connects(bench);
    sends(bench, text, AGT_SEND_REPORT);
    for (int i = 0; i < 3; i++) {
        AWAIT((first[i] = take_frame(bench, &payload)) >= 0);
    }
    assert_int_equal(first[0], OPCODE_TEXT);
    assert_int_equal(first[1], OPCODE_CONTINUATION);
    assert_int_equal(first[2], FIN | OPCODE_CONTINUATION);
    assert_string_equal(payload.data, text);
    free(text);
}

static void log_lines_are_dropped_first(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str payload = STR_EMPTY;
    char *text = mem_alloc(LOG_CHUNK_BYTES_MAX);
    size_t logs = 0;

    memset(text, 'l', LOG_CHUNK_BYTES_MAX - 1);
    connects(bench);
    for (int i = 0; i < 2 * LOG_BACKLOG_BYTES_MAX / LOG_CHUNK_BYTES_MAX; i++) {
        sends(bench, text, AGT_SEND_LOG);
    }
    sends(bench, "control", AGT_SEND_CONTROL);
    while (!link_is_drained(bench->link) || bench->received.length > 0) {
        logs += take_frame(bench, &payload) >= 0;
    }
    assert_true(str_starts(payload.data, "control"));
    assert_in_range(logs, 2, 1 + LOG_BACKLOG_BYTES_MAX / LOG_CHUNK_BYTES_MAX);
    assert_int_equal(bench->downs, 0);
    free(text);
}

static void a_controller_that_does_not_read_is_hung_up_on(void **state)
{
    struct bench *bench = *state;
    char *text = mem_alloc(MESSAGE_BYTES_MAX);

    memset(text, 'r', MESSAGE_BYTES_MAX - 1);
    connects(bench);
    for (int i = 0; i <= LINK_BACKLOG_BYTES_MAX / MESSAGE_BYTES_MAX + 1; i++) {
        sends(bench, text, AGT_SEND_REPORT);
    }
    UNTIL(bench->downs == 1);
    assert_true(link_is_drained(bench->link)); /* nothing is kept for the next link */
    free(text);
}

static void what_is_sent_while_down_is_dropped(void **state)
{
    struct bench *bench = *state;

    sends(bench, "nobody hears this", AGT_SEND_CONTROL);
    assert_true(link_is_drained(bench->link));
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

/* A machine that is off, or behind a partition, does not even refuse.  Here the queue of who waits
 * to be accepted is full. */
static void a_dial_that_nobody_answers_is_closed_when_it_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    int crowd[8], before;
    uint64_t begin;

    assert_int_equal(getsockname(bench->listen_fd, (struct sockaddr *)&address, &size), 0);
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(crowd[i], (struct sockaddr *)&address, size);
    }
    before = open_descriptors();
    begin = uv_hrtime();
    for (unsigned i = 1; i <= 3; i++) {
        link_connect(bench->link);
        UNTIL(open_descriptors() == before + 1);
        link_hang_up(bench->link, "it does not answer");
        UNTIL(bench->downs == i && open_descriptors() == before);
        assert_in_range((uv_hrtime() - begin) / 1000000, 0, HANDSHAKE_MS / 2);
    }
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        (void)close(crowd[i]);
    }
}

static void no_poll_at_all(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void what_libwebsockets_forgets_in_the_loop_is_let_go(void **state)
{
    struct bench *bench = *state;
    uv_poll_t *forgotten = malloc(sizeof(*forgotten)); /* the link frees it */

    assert_int_equal(uv_poll_init(&bench->loop, forgotten, bench->listen_fd), 0);
    assert_int_equal(uv_poll_start(forgotten, UV_READABLE, no_poll_at_all), 0);
    assert_int_equal(uv_poll_stop(forgotten), 0);
    (void)turn(bench); /* and the teardown closes it */
}

static void closing_in_any_state_is_clean(void **state)
{
    struct bench *bench = *state;

    connects(bench);
    sends(bench, "half sent", AGT_SEND_CONTROL);
    SERVES(OPCODE_TEXT, "half received");
    (void)turn(bench); /* and the teardown closes it */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_asks_for_our_subprotocol_and_no_extension),
        CASE(a_refused_connection_is_told_once),
        CASE(another_subprotocol_is_not_accepted),
        CASE(a_link_closed_by_the_controller_is_told_and_can_come_back),
        CASE(after_hanging_up_it_is_told_once_and_can_come_back),
        CASE(hanging_up_while_dialling_is_told_too),
        CASE(messages_arrive_whole_and_in_order),
        CASE(a_message_of_the_largest_size_arrives),
        CASE(a_message_beyond_the_largest_size_is_hung_up_on),
        CASE(a_frame_that_is_too_large_is_hung_up_on),
        CASE(what_is_no_text_is_hung_up_on),
        CASE(a_flood_after_a_refusal_is_not_read),
        CASE(hanging_up_over_a_message_is_safe),
        CASE(what_is_sent_first_is_what_matters_most),
        CASE(a_long_message_goes_out_in_frames),
        CASE(log_lines_are_dropped_first),
        CASE(a_controller_that_does_not_read_is_hung_up_on),
        CASE(what_is_sent_while_down_is_dropped),
        CASE(a_dial_that_nobody_answers_is_closed_when_it_is_given_up),
        CASE(what_libwebsockets_forgets_in_the_loop_is_let_go),
        CASE(closing_in_any_state_is_clean),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
