/* Faults that come from outside: wrong clocks, garbage, readers who hardly read. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HOUR_MS = 3600 * 1000,
    STEP_MS_MIN = 200,
    STEP_MS_MAX = 1500,
    GARBAGE_MS = 20,
    GARBAGE_BYTES_MAX = 8192,
    READ_MS = 1000,
    WINDOW_BYTES = 2048,
    FRAME_BYTES_MAX = 120,
    FRAMES = 8,
    STAND_MS = 50, /* for a connection to stand */
};
#define DECADE_MS ((int64_t)10 * 365 * 24 * HOUR_MS)

/* --- clocks -------------------------------------------------------------------------------------
 */

static void set_clock(const struct machine *machine, int64_t offset_ms)
{
    int fd = open(machine->clock, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!pwrite(fd, &offset_ms, sizeof(offset_ms), 0);
        (void)close(fd);
    }
}

static bool has_mapped(const struct machine *machine)
{
    char path[64], line[1024];
    bool found = false;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)program_pid(&machine->program));
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        found = found || strstr(line, machine->clock) != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

/* All of them, each another way, or one. */
void begin_clock(struct world *world, struct blow *blow)
{
    blow->target = (int)rand_between(&world->rand, -1, world->agents);
    tick_clock(world, blow);
}

void tick_clock(struct world *world, struct blow *blow)
{
    int64_t most = str_eq(blow->class->word, "hour") ? HOUR_MS : DECADE_MS;

    if (chaos_now_ms() < blow->next_ms) {
        return;
    }
    blow->next_ms = chaos_now_ms() + rand_between(&world->rand, STEP_MS_MIN, STEP_MS_MAX);
    for (int i = 0; i <= world->agents; i++) {
        if (blow->target < 0 || blow->target == i) {
            set_clock(world_machine(world, i), rand_chance(&world->rand, 500) ? most : -most);
            blow->fired += has_mapped(world_machine(world, i));
        }
    }
}

void end_clock(struct world *world, struct blow *blow)
{
    (void)blow;
    for (int i = 0; i <= world->agents; i++) {
        set_clock(world_machine(world, i), 0);
    }
}

/* --- garbage ------------------------------------------------------------------------------------
 */

static int dial(const struct world *world, int port, int window_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || inet_pton(AF_INET, world->host, &to.sin_addr) != 1) {
        return -1;
    }
    if (window_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window_bytes, sizeof(window_bytes));
    }
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Masked with zeroes, and so in plain text. */
static size_t add_frame(struct world *world, char *bytes, const char *text)
{
    static const unsigned char opcodes[] = {0x81, 0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x89, 0x88};
    char payload[FRAME_BYTES_MAX];
    size_t size = strlen(text);

    memcpy(payload, text, size);
    if (size == 0) {
        size = rand_below(&world->rand, sizeof(payload));
        for (size_t i = 0; i < size; i++) {
            payload[i] = (char)rand_below(&world->rand, 128);
        }
    }
    bytes[0] = (char)opcodes[rand_below(&world->rand, sizeof(opcodes))];
    bytes[1] = (char)(0x80 | size);
    memset(bytes + 2, 0, 4);
    memcpy(bytes + 6, payload, size);
    return 6 + size;
}

/* Whole frames that say nothing sensible. */
static size_t add_frames(struct world *world, char *bytes)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[[[[[[[[",
        "{\"type\":\"hello\"}",
        "{\"type\":\"hello\",\"name\":\"edge-1\",\"version\":1e999}",
        "{\"type\":\"report\",\"seq\":\"-1\",\"era\":1,\"epoch\":1}",
        "{\"type\":\"heartbeat\",\"seq\":\"18446744073709551616\"}",
    };
    size_t size = 0;

    for (int i = 0; i < FRAMES; i++) {
        size += add_frame(world, bytes + size,
                          texts[rand_below(&world->rand, sizeof(texts) / sizeof(texts[0]))]);
    }
    return size;
}

/* Some of it begins like something sensible. */
static size_t make_garbage(struct world *world, char *bytes)
{
    static const char *const begins[] = {
        "",
        "GET /apis/fog/v1/harvestsessions HTTP/1.1\r\n",
        "POST /apis/fog/v1/changesets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{",
        "PUT /apis/fog/v1/harvestsessions/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\n\r\nffffffff\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: fog.v1\r\n\r\n",
    };
    const char *begin = begins[rand_below(&world->rand, sizeof(begins) / sizeof(begins[0]))];
    size_t size = strlen(begin) + rand_below(&world->rand, GARBAGE_BYTES_MAX - 1024);

    memcpy(bytes, begin, strlen(begin));
    if (strstr(begin, "websocket") != NULL && rand_chance(&world->rand, 700)) {
        return strlen(begin) + add_frames(world, bytes + strlen(begin));
    }
    for (size_t i = strlen(begin); i < size; i++) {
        bytes[i] = (char)rand_below(&world->rand, 256);
    }
    return size;
}

void tick_garbage(struct world *world, struct blow *blow)
{
    bool is_api = str_eq(blow->class->word, "api");
    char bytes[GARBAGE_BYTES_MAX];
    int fd;

    if (chaos_now_ms() < blow->next_ms) {
        return;
    }
    blow->next_ms = chaos_now_ms() + GARBAGE_MS;
    fd = dial(world, is_api ? world->api_port : world->link_port, 0);
    if (fd < 0) {
        return;
    }
    (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, STAND_MS);
    blow->fired += send(fd, bytes, make_garbage(world, bytes), MSG_NOSIGNAL) > 0;
    (void)close(fd);
}

/* --- readers ------------------------------------------------------------------------------------
 */

static int readers[READERS];

void begin_readers(struct world *world, struct blow *blow)
{
    for (int i = 0; i < READERS; i++) {
        readers[i] = dial(world, world->api_port, WINDOW_BYTES);
    }
    blow->next_ms = chaos_now_ms() + READ_MS;
}

/* Each asks once it is connected, and then takes a byte a second.  Others are answered meanwhile:
 * `number` counts that. */
void tick_readers(struct world *world, struct blow *blow)
{
    static const char request[] =
        "GET /apis/fog/v1/assignments HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char watch[] =
        "GET /apis/fog/v1/harvestsessions?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n";
    uint64_t read = 0;
    char byte;

    if (chaos_now_ms() < blow->next_ms) {
        return;
    }
    blow->next_ms += READ_MS;
    blow->number += blow->flag && world_answers(world, world->api);
    for (int i = 0; i < READERS; i++) {
        if (readers[i] >= 0 && !blow->flag) {
            (void)(i % 2 == 0 ? send(readers[i], request, sizeof(request) - 1, MSG_NOSIGNAL)
                              : send(readers[i], watch, sizeof(watch) - 1, MSG_NOSIGNAL));
        } else if (readers[i] >= 0) {
            read += recv(readers[i], &byte, 1, 0) == 1;
        }
    }
    blow->flag = true;
    blow->fired += read >= READERS / 2 ? read : 0;
}

void end_readers(struct world *world, struct blow *blow)
{
    if (blow->flag && blow->number == 0) {
        world_complain(world, "the API answers nobody while %d read slowly", READERS);
    }
    for (int i = 0; i < READERS; i++) {
        if (readers[i] >= 0) {
            (void)close(readers[i]);
        }
        readers[i] = -1;
    }
}
