/* Packets that are late wait in an array that is a heap by the time when they are due. */
#include "tests/chaos/chaos_cable.h"

#include "schema/base/mem.h"
#include "schema/base/rand.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PACKET_BYTES_MAX = 2048, LATE_MAX = 8192, BURST = 64, IP_HEADER = 20 };

struct packet {
    int64_t due_ms;
    uint64_t order; /* of those due at the same time the earlier goes first */
    int to;
    uint16_t size;
    char bytes[];
};

struct carrier {
    struct cable *cable; /* borrowed */
    const int *tuns;     /* borrowed */
    int count;
    struct rand rand;
    struct packet *late[LATE_MAX]; /* owned */
    int late_count;
    uint64_t order;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- packets that wait --------------------------------------------------------------------------
 */

static bool is_before(const struct packet *a, const struct packet *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void swap(struct packet **a, struct packet **b)
{
    struct packet *kept = *a;

    *a = *b;
    *b = kept;
}

static void late_add(struct carrier *carrier, struct packet *packet)
{
    int at = carrier->late_count;

    if (at == LATE_MAX) {
        carrier->cable->overflown++;
        free(packet);
        return;
    }
    carrier->late[carrier->late_count++] = packet;
    while (at > 0 && is_before(carrier->late[at], carrier->late[(at - 1) / 2])) {
        swap(&carrier->late[at], &carrier->late[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct packet *late_take(struct carrier *carrier)
{
    struct packet *first = carrier->late[0];
    int at = 0, least;

    carrier->late[0] = carrier->late[--carrier->late_count];
    for (;;) {
        least = at;
        for (int child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < carrier->late_count &&
                is_before(carrier->late[child], carrier->late[least])) {
                least = child;
            }
        }
        if (least == at) {
            return first;
        }
        swap(&carrier->late[at], &carrier->late[least]);
        at = least;
    }
}

/* --- carrying -----------------------------------------------------------------------------------
 */

static void deliver(struct carrier *carrier, int to, const char *bytes, size_t size)
{
    carrier->cable->packets++;
    carrier->cable->bytes += size;
    (void)!write(carrier->tuns[to], bytes, size); /* a full device loses, as a network does */
}

static void send_one(struct carrier *carrier, const struct cable_rule *rule, int to,
                     const char *bytes, size_t size)
{
    int jitter_ms = rule->jitter_ms;
    int64_t ms = rule->delay_ms;
    struct packet *packet;

    ms += jitter_ms > 0 ? rand_between(&carrier->rand, -jitter_ms, jitter_ms) : 0;
    if (ms <= 0) {
        deliver(carrier, to, bytes, size);
        return;
    }
    packet = mem_alloc(sizeof(*packet) + size);
    packet->due_ms = now_ms() + ms;
    packet->order = carrier->order++;
    packet->to = to;
    packet->size = (uint16_t)size;
    memcpy(packet->bytes, bytes, size);
    carrier->cable->delayed++;
    late_add(carrier, packet);
}

static int node_of(const struct carrier *carrier, const char *address)
{
    uint32_t ip = (uint32_t)(uint8_t)address[0] << 24 | (uint32_t)(uint8_t)address[1] << 16 |
                  (uint32_t)(uint8_t)address[2] << 8 | (uint32_t)(uint8_t)address[3];
    uint32_t node = ip - CABLE_NET - 1;

    return node < (uint32_t)carrier->count ? (int)node : -1;
}

static void route(struct carrier *carrier, int from, const char *bytes, size_t size)
{
    const struct cable_rule *rule;
    int to;

    if (size < IP_HEADER || bytes[0] >> 4 != 4) {
        return;
    }
    to = node_of(carrier, bytes + 16);
    if (to < 0 || node_of(carrier, bytes + 12) != from) {
        return;
    }
    rule = &carrier->cable->rules[from][to];
    if (rule->is_cut) {
        carrier->cable->cut++;
        return;
    }
    if (rand_chance(&carrier->rand, (unsigned)rule->loss_per_mille)) {
        carrier->cable->lost++;
        return;
    }
    send_one(carrier, rule, to, bytes, size);
    if (rand_chance(&carrier->rand, (unsigned)rule->double_per_mille)) {
        carrier->cable->doubled++;
        send_one(carrier, rule, to, bytes, size);
    }
}

static void take_in(struct carrier *carrier, int from)
{
    char bytes[PACKET_BYTES_MAX];

    for (int i = 0; i < BURST; i++) {
        ssize_t size = read(carrier->tuns[from], bytes, sizeof(bytes));

        if (size <= 0) {
            return;
        }
        route(carrier, from, bytes, (size_t)size);
    }
}

static int deliver_late(struct carrier *carrier) /* returns how long until the next one */
{
    while (carrier->late_count > 0) {
        int64_t wait_ms = carrier->late[0]->due_ms - now_ms();
        struct packet *packet;

        if (wait_ms > 0) {
            return (int)wait_ms;
        }
        packet = late_take(carrier);
        deliver(carrier, packet->to, packet->bytes, packet->size);
        free(packet);
    }
    return -1;
}

static _Noreturn void carry(struct carrier *carrier)
{
    struct pollfd polls[CABLE_NODES_MAX];

    for (int i = 0; i < carrier->count; i++) {
        polls[i] = (struct pollfd){.fd = carrier->tuns[i], .events = POLLIN};
    }
    for (;;) {
        int ready = poll(polls, (nfds_t)carrier->count, deliver_late(carrier));

        for (int i = 0; ready > 0 && i < carrier->count; i++) {
            if (polls[i].revents != 0) {
                take_in(carrier, i);
            }
        }
    }
}

struct cable *cable_new(void)
{
    struct cable *cable =
        mmap(NULL, sizeof(*cable), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (cable == MAP_FAILED) {
        abort();
    }
    return cable;
}

pid_t cable_start(struct cable *cable, const int *tuns, int count, uint64_t seed)
{
    static struct carrier carrier; /* large */
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_NAME, "cable");
        if (getppid() != parent) {
            _exit(0);
        }
        carrier = (struct carrier){.cable = cable, .tuns = tuns, .count = count};
        rand_init_u64(&carrier.rand, seed);
        carry(&carrier);
    }
    return pid;
}

void cable_heal(struct cable *cable)
{
    for (int from = 0; from < CABLE_NODES_MAX; from++) {
        for (int to = 0; to < CABLE_NODES_MAX; to++) {
            struct cable_rule *rule = &cable->rules[from][to];

            rule->is_cut = rule->loss_per_mille = rule->double_per_mille = 0;
            rule->delay_ms = rule->jitter_ms = 0;
        }
    }
}
