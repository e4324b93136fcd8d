/* The fault proxy of live chaos: that what it does to bytes follows from the seed alone, and that
 * each class of faults does what it is named for, with real sockets. */
#include "tests/chaos/proxy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BYTES = 20000, DEADLINE_MS = 20000 };

/* --- streams ------------------------------------------------------------------------------------
 */

static struct rule rule(int64_t ms, int64_t jitter_ms, int64_t every, int64_t size)
{
    static uint64_t order;

    return (struct rule){true, ms, jitter_ms, every, size, ++order};
}

static char byte_at(size_t index)
{
    return (char)(index * 7 + index / 251);
}

/* What comes out, with the lateness and the length of each piece, as text. */
static void flow(struct way *way, uint64_t seed, size_t chunk, struct str *ret_bytes,
                 struct str *ret_times)
{
    struct stream stream;
    struct piece *piece;
    char bytes[BYTES];

    for (size_t i = 0; i < BYTES; i++) {
        bytes[i] = byte_at(i);
    }
    stream_init(&stream, way, seed, "edge-1", 3, 0);
    for (size_t i = 0; i < BYTES; i += chunk) {
        stream_feed(&stream, bytes + i, BYTES - i < chunk ? BYTES - i : chunk, 1000);
    }
    while ((piece = stream_first(&stream)) != NULL) {
        str_add_bytes(ret_bytes, piece->bytes, piece->size);
        for (size_t i = 0; i < piece->size; i++) {
            str_addf(ret_times, "%d ", (int)piece->due_ms);
        }
        stream_sent(&stream, piece->size);
    }
    stream_fini(&stream);
}

static bool flows_alike(struct way *way, uint64_t seed_a, size_t chunk_a, uint64_t seed_b,
                        size_t chunk_b)
{
    _cleanup_(str_fini)
    struct str a = STR_EMPTY, b = STR_EMPTY, when_a = STR_EMPTY, when_b = STR_EMPTY;

    flow(way, seed_a, chunk_a, &a, &when_a);
    flow(way, seed_b, chunk_b, &b, &when_b);
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0 &&
           str_eq(when_a.data, when_b.data);
}

static void a_stream_fares_the_same_however_it_is_cut(void **state)
{
    static const enum fault classes[] = {FAULT_DELAY,   FAULT_STALL,      FAULT_GARBAGE,
                                         FAULT_CORRUPT, FAULT_HALF_CLOSE, FAULT_CHOP};
    struct way way = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        way.rules[classes[i]] = rule(200, 100, 3000, 40);
        assert_true(flows_alike(&way, 7, BYTES, 7, 1));
        assert_true(flows_alike(&way, 7, 1000, 7, 333));
        assert_false(flows_alike(&way, 7, 1000, 8, 1000));
        way.rules[classes[i]].is_on = classes[i] != FAULT_HALF_CLOSE;
        assert_true(way.fired[classes[i]] > 0);
    }
}

static void without_a_fault_nothing_changes(void **state)
{
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY, times = STR_EMPTY;
    struct way way = {0};

    (void)state;
    flow(&way, 7, 777, &bytes, &times);
    assert_int_equal(bytes.length, BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        assert_true(bytes.data[i] == byte_at(i));
    }
    assert_int_equal(way.bytes, BYTES);
}

static void a_corrupted_stream_differs_in_single_bits(void **state)
{
    _cleanup_(str_fini)
    struct str bytes = STR_EMPTY, times = STR_EMPTY;
    struct way way = {0};
    size_t flipped = 0;

    (void)state;
    way.rules[FAULT_CORRUPT] = rule(0, 0, 500, 0);
    flow(&way, 7, 777, &bytes, &times);
    assert_int_equal(bytes.length, BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        flipped += (size_t)__builtin_popcount((unsigned char)(bytes.data[i] ^ byte_at(i)));
    }
    assert_in_range(flipped, 20, 80);
    assert_int_equal(flipped, way.fired[FAULT_CORRUPT]);
}

/* --- a world: an echo behind a proxy, and one who dials ------------------------------------------
 */

struct peer {
    uv_tcp_t socket;
    uv_connect_t dialing;
    size_t got, wrong, reads;
    bool is_connected, saw_end, is_broken, is_closed;
};

static struct {
    uv_loop_t loop;
    uv_tcp_t echo;
    uv_timer_t timer;
    struct proxy proxy;
    struct peer client, server;
    char buffer[65536];
    int64_t began_ms;
    bool is_late;
} world;

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)wanted;
    *ret_buffer = uv_buf_init(world.buffer, sizeof(world.buffer));
}

static void on_written(uv_write_t *request, int status)
{
    (void)status;
    free(request);
}

static void say(struct peer *peer, const char *bytes, size_t size)
{
    uv_write_t *request = mem_alloc(sizeof(*request) + size);
    uv_buf_t buffer = uv_buf_init((char *)(request + 1), (unsigned)size);

    memcpy(buffer.base, bytes, size);
    (void)uv_write(request, (uv_stream_t *)&peer->socket, &buffer, 1, on_written);
}

static void on_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;

    if (peer != NULL) {
        peer->is_closed = true;
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct peer *peer = stream->data;

    if (size <= 0) {
        peer->saw_end = peer->saw_end || size == UV_EOF;
        peer->is_broken = peer->is_broken || (size < 0 && size != UV_EOF);
        (void)uv_read_stop(stream);
        return;
    }
    peer->reads++;
    for (ssize_t i = 0; i < size; i++) {
        peer->wrong += buffer->base[i] != byte_at(peer->got);
        peer->got++;
    }
    if (peer == &world.server) {
        say(peer, buffer->base, (size_t)size);
    }
}

static void peer_start(struct peer *peer)
{
    peer->is_connected = true;
    (void)uv_tcp_nodelay(&peer->socket, 1);
    (void)uv_read_start((uv_stream_t *)&peer->socket, on_alloc, on_read);
}

static void peer_init(struct peer *peer)
{
    *peer = (struct peer){0};
    (void)uv_tcp_init(&world.loop, &peer->socket);
    peer->socket.data = peer;
}

static void on_connection(uv_stream_t *listener, int status)
{
    (void)status;
    peer_init(&world.server);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&world.server.socket), 0);
    peer_start(&world.server);
}

static void on_dialed(uv_connect_t *dialing, int status)
{
    struct peer *peer = dialing->handle->data;

    peer->is_broken = status != 0;
    if (status == 0) {
        peer_start(peer);
    }
}

static int port_of(const uv_tcp_t *socket)
{
    struct sockaddr_in address;
    int size = sizeof(address);

    assert_int_equal(uv_tcp_getsockname(socket, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static bool tell(const char *line)
{
    _cleanup_(str_fini)
    struct str answer = STR_EMPTY;

    proxy_command(&world.proxy, line, strlen(line), &answer);
    return strstr(answer.data, "\"ok\":true") != NULL;
}

static int set_up(void **state)
{
    struct sockaddr_in any;
    char line[256];

    (void)state;
    memset(&world, 0, sizeof(world));
    (void)uv_loop_init(&world.loop);
    (void)uv_timer_init(&world.loop, &world.timer);
    (void)uv_ip4_addr("127.0.0.1", 0, &any);
    (void)uv_tcp_init(&world.loop, &world.echo);
    (void)uv_tcp_bind(&world.echo, (const struct sockaddr *)&any, 0);
    (void)uv_listen((uv_stream_t *)&world.echo, 16, on_connection);
    proxy_init(&world.proxy, &world.loop, 7);
    (void)snprintf(
        line, sizeof(line),
        "{\"do\":\"link\",\"name\":\"l\",\"listen\":\"127.0.0.1:0\",\"to\":\"127.0.0.1:%d\"}",
        port_of(&world.echo));
    return tell(line) ? 0 : -1;
}

static void close_any(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static int tear_down(void **state)
{
    (void)state;
    proxy_close(&world.proxy);
    uv_close((uv_handle_t *)&world.echo, NULL);
    uv_close((uv_handle_t *)&world.timer, NULL);
    if (world.client.socket.data != NULL && !uv_is_closing((uv_handle_t *)&world.client.socket)) {
        uv_close((uv_handle_t *)&world.client.socket, on_closed);
    }
    if (world.server.socket.data != NULL && !uv_is_closing((uv_handle_t *)&world.server.socket)) {
        uv_close((uv_handle_t *)&world.server.socket, on_closed);
    }
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    proxy_fini(&world.proxy);
    uv_walk(&world.loop, close_any, NULL);
    return uv_loop_close(&world.loop);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    world.is_late = true;
}

/* Runs the loop until the condition holds. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        world.is_late = false;                                                                     \
        (void)uv_timer_start(&world.timer, on_timer, DEADLINE_MS, 0);                              \
        while (!(condition) && !world.is_late) {                                                   \
            (void)uv_run(&world.loop, UV_RUN_ONCE);                                                \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* For so long nothing of it comes true. */
#define NEVER(condition, ms)                                                                       \
    do {                                                                                           \
        world.is_late = false;                                                                     \
        (void)uv_timer_start(&world.timer, on_timer, ms, 0);                                       \
        while (!world.is_late) {                                                                   \
            (void)uv_run(&world.loop, UV_RUN_ONCE);                                                \
            assert_false(condition);                                                               \
        }                                                                                          \
    } while (0)

static void dial(void)
{
    struct sockaddr_in to;

    (void)uv_ip4_addr("127.0.0.1", port_of(&proxy_find(&world.proxy, "l")->listener), &to);
    peer_init(&world.client);
    world.began_ms = (int64_t)uv_now(&world.loop);
    (void)uv_tcp_connect(&world.client.dialing, &world.client.socket, (const struct sockaddr *)&to,
                         on_dialed);
}

static void talk(size_t size) /* from where it stopped */
{
    static size_t said;
    char bytes[BYTES];

    said = world.client.got == 0 ? 0 : said;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = byte_at(said + i);
    }
    said += size;
    say(&world.client, bytes, size);
}

static void dial_and_talk(size_t size)
{
    dial();
    AWAIT(world.client.is_connected && world.server.is_connected);
    talk(size);
}

static uint64_t fired(enum fault fault)
{
    const struct proxy_link *link = proxy_find(&world.proxy, "l");

    return link->ways[WAY_UP].fired[fault] + link->ways[WAY_DOWN].fired[fault];
}

/* --- what each class does -----------------------------------------------------------------------
 */

static void bytes_come_and_go(void **state)
{
    (void)state;
    dial_and_talk(BYTES);
    AWAIT(world.client.got == BYTES);
    assert_int_equal(world.client.wrong, 0);
}

static void the_end_is_passed_on(void **state)
{
    uv_shutdown_t shutdown;

    (void)state;
    dial_and_talk(100);
    AWAIT(world.client.got == 100);
    (void)uv_shutdown(&shutdown, (uv_stream_t *)&world.client.socket, NULL);
    AWAIT(world.server.saw_end);
    assert_false(world.client.saw_end);
    uv_close((uv_handle_t *)&world.server.socket, on_closed);
    AWAIT(world.client.saw_end);
    AWAIT(dlist_is_empty(&proxy_find(&world.proxy, "l")->tunnels));
}

static void delay_is_late_but_whole(void **state)
{
    (void)state;
    assert_true(
        tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"delay\",\"way\":\"up\",\"ms\":300}"));
    dial_and_talk(BYTES);
    AWAIT(world.client.got == BYTES);
    assert_int_equal(world.client.wrong, 0);
    assert_in_range((int64_t)uv_now(&world.loop) - world.began_ms, 290, DEADLINE_MS);
    assert_true(fired(FAULT_DELAY) > 0);
}

static void stall_waits_and_goes_on(void **state)
{
    (void)state;
    assert_true(
        tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"stall\",\"way\":\"up\",\"every\":5000,"
             "\"ms\":150}"));
    dial_and_talk(BYTES);
    AWAIT(world.client.got == BYTES);
    assert_int_equal(world.client.wrong, 0);
    assert_in_range((int64_t)uv_now(&world.loop) - world.began_ms,
                    140 * (int64_t)fired(FAULT_STALL), DEADLINE_MS);
    assert_true(fired(FAULT_STALL) > 0);
}

static void chop_comes_in_small_pieces(void **state)
{
    (void)state;
    assert_true(tell("{\"do\":\"fault\",\"link\":\"*\",\"class\":\"chop\",\"size\":5}"));
    dial_and_talk(2000);
    AWAIT(world.client.got == 2000);
    assert_int_equal(world.client.wrong, 0);
    assert_in_range(fired(FAULT_CHOP), 600, 4000);
}

static void corrupt_changes_bits_and_garbage_adds_bytes(void **state)
{
    (void)state;
    assert_true(tell(
        "{\"do\":\"fault\",\"link\":\"l\",\"class\":\"corrupt\",\"way\":\"up\",\"every\":500}"));
    dial_and_talk(BYTES);
    AWAIT(world.client.got == BYTES);
    assert_int_equal(world.client.wrong, fired(FAULT_CORRUPT));
    assert_true(tell("{\"do\":\"heal\",\"link\":\"l\"}"));
    assert_true(
        tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"garbage\",\"way\":\"up\",\"every\":100,"
             "\"size\":9}"));
    talk(BYTES);
    AWAIT(world.client.got > 2 * BYTES + fired(FAULT_GARBAGE) && fired(FAULT_GARBAGE) > 50);
}

static void reset_breaks_at_once_or_at_a_byte(void **state)
{
    (void)state;
    dial_and_talk(10);
    AWAIT(world.client.got == 10);
    assert_true(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"reset\"}"));
    AWAIT(world.client.is_broken && world.server.is_broken);
    assert_true(fired(FAULT_RESET) > 0);
    uv_close((uv_handle_t *)&world.client.socket, on_closed);
    uv_close((uv_handle_t *)&world.server.socket, on_closed);
    AWAIT(world.client.is_closed && world.server.is_closed);
    assert_true(tell(
        "{\"do\":\"fault\",\"link\":\"l\",\"class\":\"reset\",\"way\":\"up\",\"every\":1000}"));
    dial_and_talk(10);
    AWAIT(world.client.got == 10);
    talk(2000);
    AWAIT(world.client.is_broken && world.server.is_broken);
}

static void freeze_holds_everything_until_it_heals(void **state)
{
    (void)state;
    dial_and_talk(10);
    AWAIT(world.client.got == 10);
    assert_true(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"freeze\"}"));
    talk(500);
    NEVER(world.client.got != 10 || world.client.is_broken, 100);
    assert_true(tell("{\"do\":\"heal\",\"link\":\"l\",\"class\":\"freeze\"}"));
    AWAIT(world.client.got == 510);
    assert_int_equal(world.client.wrong, 0);
}

static void half_close_ends_one_way_only(void **state)
{
    (void)state;
    dial_and_talk(10);
    AWAIT(world.client.got == 10);
    assert_true(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"half-close\",\"way\":\"up\"}"));
    AWAIT(world.server.saw_end);
    assert_false(world.client.saw_end);
    say(&world.server, "0123456789", 10);
    AWAIT(world.client.got == 20);
}

static void blackhole_swallows_one_way_for_good(void **state)
{
    (void)state;
    dial_and_talk(10);
    AWAIT(world.client.got == 10);
    assert_true(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"blackhole\",\"way\":\"up\"}"));
    talk(100);
    NEVER(world.server.got != 10, 100);
    say(&world.server, "0123456789", 10);
    AWAIT(world.client.got == 20);
    assert_true(tell("{\"do\":\"heal\",\"link\":\"l\"}"));
    talk(100);
    NEVER(world.server.got != 10, 50);
}

static void throttle_lets_little_through(void **state)
{
    int64_t took_ms;

    (void)state;
    assert_true(tell(
        "{\"do\":\"fault\",\"link\":\"l\",\"class\":\"throttle\",\"way\":\"up\",\"size\":100}"));
    dial_and_talk(60);
    AWAIT(world.client.got == 60);
    took_ms = (int64_t)uv_now(&world.loop) - world.began_ms;
    assert_in_range(took_ms, 450, DEADLINE_MS);
    assert_int_equal(world.client.wrong, 0);
}

static void refuse_resets_who_dials(void **state)
{
    (void)state;
    assert_true(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"refuse\"}"));
    dial();
    AWAIT(world.client.is_broken);
    assert_false(world.server.is_connected);
    assert_int_equal(fired(FAULT_REFUSE), 1);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    assert_false(tell("{"));
    assert_false(tell("{\"do\":\"dance\"}"));
    assert_false(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"rain\"}"));
    assert_false(tell("{\"do\":\"fault\",\"link\":\"m\",\"class\":\"reset\"}"));
    assert_false(tell("{\"do\":\"fault\",\"link\":\"l\",\"class\":\"delay\",\"way\":\"out\"}"));
    assert_false(
        tell("{\"do\":\"link\",\"name\":\"l\",\"listen\":\"127.0.0.1:0\",\"to\":\"127.0.0.1:1\"}"));
    assert_true(tell("{\"do\":\"stats\"}"));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_fares_the_same_however_it_is_cut),
        cmocka_unit_test(without_a_fault_nothing_changes),
        cmocka_unit_test(a_corrupted_stream_differs_in_single_bits),
        WITH_WORLD(bytes_come_and_go),
        WITH_WORLD(the_end_is_passed_on),
        WITH_WORLD(delay_is_late_but_whole),
        WITH_WORLD(stall_waits_and_goes_on),
        WITH_WORLD(chop_comes_in_small_pieces),
        WITH_WORLD(corrupt_changes_bits_and_garbage_adds_bytes),
        WITH_WORLD(reset_breaks_at_once_or_at_a_byte),
        WITH_WORLD(freeze_holds_everything_until_it_heals),
        WITH_WORLD(half_close_ends_one_way_only),
        WITH_WORLD(blackhole_swallows_one_way_for_good),
        WITH_WORLD(throttle_lets_little_through),
        WITH_WORLD(refuse_resets_who_dials),
        WITH_WORLD(what_cannot_be_meant_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
