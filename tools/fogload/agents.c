/* Many agents in one epoll loop.  A socket or a deadline becomes an event, events wait in one
 * queue, effects are performed at once and may add events to it: no step is within another. */
#include "tools/fogload/fogload.h"

#include "schema/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AGENTS_PER_ADDRESS = 10000, /* source ports of one 127.0.0.x */
    DIALLING_MAX = 512,         /* connections being opened at the same time */
    READ_BYTES = 256 << 10,
    EVENTS_AT_ONCE = 1024,
};

struct mono now_mono(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct mono){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

/* --- deadlines: a heap of agents -----------------------------------------------------------------
 */

static void heap_put(struct load *load, size_t index, struct load_agent *agent)
{
    load->heap[index] = agent;
    agent->heap_index = index;
}

static void heap_fix(struct load *load, struct load_agent *agent)
{
    size_t at = agent->heap_index;

    while (at > 0 && agent->deadline.ms < load->heap[(at - 1) / 2]->deadline.ms) {
        heap_put(load, at, load->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (size_t child = 2 * at + 1; child < load->agent_count; child = 2 * at + 1) {
        if (child + 1 < load->agent_count &&
            load->heap[child + 1]->deadline.ms < load->heap[child]->deadline.ms) {
            child++;
        }
        if (load->heap[child]->deadline.ms >= agent->deadline.ms) {
            break;
        }
        heap_put(load, at, load->heap[child]);
        at = child;
    }
    heap_put(load, at, agent);
}

/* --- the link ------------------------------------------------------------------------------------
 */

static void later(struct load_agent *agent, enum agt_event_type type, const char *uid, int64_t run)
{
    vec_add(&agent->load->happenings,
            ((struct happening){.agent = agent, .type = type, .uid = mem_strdup(uid), .run = run}));
}

static void watch(struct load_agent *agent, int operation, bool wants_write)
{
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0U),
                                .data.ptr = agent};

    agent->wants_write = wants_write;
    (void)epoll_ctl(agent->load->epoll_fd, operation, agent->fd, &event);
}

static void hang_up(struct load_agent *agent)
{
    if (agent->state == LINK_NONE) {
        return;
    }
    if (agent->state == LINK_DIALLING || agent->state == LINK_SHAKING) {
        agent->load->dialling--;
    }
    if (agent->fd >= 0) {
        (void)close(agent->fd);
        agent->fd = -1;
    }
    agent->state = LINK_NONE; /* one that still waits to dial is passed over there */
    agent->load->welcomed -= agent->is_welcomed;
    agent->is_welcomed = false;
    str_fini(&agent->in);
    str_fini(&agent->message);
    str_fini(&agent->out);
    agent->load->reconnects++;
    later(agent, AGT_LINK_DOWN, NULL, 0);
}

static void flush(struct load_agent *agent)
{
    size_t done = 0;
    ssize_t sent = 0;

    while (done < agent->out.length && sent >= 0) {
        sent = send(agent->fd, agent->out.data + done, agent->out.length - done,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
        done += sent > 0 ? (size_t)sent : 0;
    }
    if (sent < 0 && errno != EAGAIN) {
        hang_up(agent);
        return;
    }
    if (done == agent->out.length) {
        bool was_waiting = agent->wants_write;
        str_fini(&agent->out);
        if (was_waiting) {
            watch(agent, EPOLL_CTL_MOD, false);
        }
        if (agent->state == LINK_OPEN) {
            later(agent, AGT_LINK_DRAINED, NULL, 0);
        }
        return;
    }
    memmove(agent->out.data, agent->out.data + done, agent->out.length - done + 1);
    agent->out.length -= done;
    if (!agent->wants_write) {
        watch(agent, EPOLL_CTL_MOD, true);
    }
}

/* A client must mask; a mask of zeros leaves the bytes as they are. */
static void add_frame(struct str *to, int opcode, const void *bytes, size_t size, bool is_last)
{
    unsigned char head[8] = {(unsigned char)(opcode | (is_last ? 0x80 : 0))};
    size_t length = size < 126 ? 2 : 4;

    head[1] = (unsigned char)(0x80 | (size < 126 ? size : 126));
    if (length == 4) {
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
    }
    str_add_bytes(to, head, length + 4);
    str_add_bytes(to, bytes, size);
}

static void send_message(struct load_agent *agent, const struct blob *bytes)
{
    const size_t part_max = FRAME_BYTES_MAX - 1; /* whose length fits 16 bits */
    bool was_empty = agent->out.length == 0;

    if (agent->state != LINK_OPEN) {
        return;
    }
    for (size_t done = 0, part; done < bytes->size_bytes; done += part) {
        part = bytes->size_bytes - done < part_max ? bytes->size_bytes - done : part_max;
        add_frame(&agent->out, done == 0 ? 1 : 0, bytes->data + done, part,
                  done + part == bytes->size_bytes);
    }
    agent->load->counts.out_all++;
    agent->load->counts.out_bytes += bytes->size_bytes;
    if (was_empty) {
        flush(agent);
    }
}

static void dial(struct load_agent *agent)
{
    struct load *load = agent->load;
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;

    agent->state = LINK_DIALLING;
    load->dialling++;
    agent->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (agent->fd < 0) {
        hang_up(agent);
        return;
    }
    from.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + 1 + (uint32_t)(agent->index / AGENTS_PER_ADDRESS));
    (void)setsockopt(agent->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(agent->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (bind(agent->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        (connect(agent->fd, (struct sockaddr *)&load->link_address, sizeof(load->link_address)) <
             0 &&
         errno != EINPROGRESS)) {
        hang_up(agent);
        return;
    }
    watch(agent, EPOLL_CTL_ADD, true);
}

static void dial_some(struct load *load)
{
    while (load->dialling < DIALLING_MAX && load->first_to_dial < load->to_dial.count) {
        struct load_agent *agent = load->to_dial.items[load->first_to_dial++];
        if (agent->state == LINK_WAITING) {
            dial(agent);
        }
    }
    if (load->first_to_dial == load->to_dial.count) {
        load->first_to_dial = 0;
        vec_clear(&load->to_dial);
    }
}

static void on_connected(struct load_agent *agent)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Zm9nbG9hZCBmb2dsb2FkIQ==\r\n"
        "Sec-WebSocket-Protocol: " WIRE_SUBPROTOCOL "\r\n\r\n";
    int failed = 0;
    socklen_t size = sizeof(failed);

    if (getsockopt(agent->fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0 || failed != 0) {
        hang_up(agent);
        return;
    }
    agent->state = LINK_SHAKING;
    str_add(&agent->out, request);
    flush(agent);
}

/* --- the core ------------------------------------------------------------------------------------
 */

static void step(struct load_agent *agent, struct agt_event *event);

static void perform(struct load_agent *agent, const struct agt_effect *effect)
{
    struct load *load = agent->load;

    switch (effect->type) {
    case AGT_CONNECT:
        agent->state = LINK_WAITING;
        vec_add(&load->to_dial, agent);
        return;
    case AGT_SEND:
        send_message(agent, effect->bytes);
        return;
    case AGT_HANGUP:
        hang_up(agent);
        return;
    case AGT_SAVE:
        load->saves++;
        return;
    case AGT_SPAWN:
        load->running++;
        later(agent, AGT_STARTED, effect->spawn.uid, effect->spawn.run);
        return;
    case AGT_SIGNAL:
    case AGT_OVERRUN:
        load->running--;
        later(agent, AGT_EXITED, effect->uid, effect->run);
        return;
    case AGT_COLLECT:
        later(agent, AGT_COLLECTED, effect->uid, effect->run);
        return;
    case AGT_FETCH:
        later(agent, AGT_FETCHED, effect->uid, effect->run);
        return;
    case AGT_READ_LOG:
        later(agent, AGT_LOG_LINES, NULL, 0);
        load->happenings.items[load->happenings.count - 1].log_id = effect->log.id;
        return;
    case AGT_UNFETCH:
    case AGT_UNCOLLECT:
    case AGT_EXTEND:
    case AGT_SUSPEND:
    case AGT_RESUME:
    case AGT_LIMIT:
    case AGT_WATCH:
    case AGT_MEND:
    case AGT_FORGET:
    case AGT_STOP_LOG:
        return;
    }
}

static struct wall now_wall(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (struct wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

static void step(struct load_agent *agent, struct agt_event *event)
{
    struct load *load = agent->load;

    event->now = now_mono();
    event->wall = now_wall();
    agt_step(agent->core, event, &load->effects);
    vec_each (&load->effects, effect) {
        perform(agent, effect);
    }
    agt_effects_clear(&load->effects);
    agent->deadline = agt_deadline(agent->core);
    heap_fix(load, agent);
}

static void happen(const struct happening *happening)
{
    struct agt_exit ended = {.cause = EXIT_STOPPED, .code = 128 + 15};
    const outputs_t none = {.count = 0};
    struct agt_event event = {
        .type = happening->type, .uid = happening->uid, .run = happening->run};

    if (happening->type == AGT_COLLECTED) {
        event.collected.outputs = &none;
    } else if (happening->type == AGT_STARTED) {
        event.started = now_wall();
    } else if (happening->type == AGT_EXITED) {
        ended.started = ended.ended = now_wall();
        event.exit = &ended;
    } else if (happening->type == AGT_LOG_LINES) {
        event.log.id = happening->log_id;
        event.log.end = true;
        event.log.error = "this agent is simulated and has no logs";
    }
    step(happening->agent, &event);
}

static void happen_all(struct load *load)
{
    while (load->first_happening < load->happenings.count) {
        struct happening happening = load->happenings.items[load->first_happening++];
        happen(&happening);
        free(happening.uid);
    }
    load->first_happening = 0;
    vec_clear(&load->happenings);
    dial_some(load);
}

void load_happen(struct load_agent *agent, struct agt_event *event)
{
    step(agent, event);
    happen_all(agent->load);
}

/* --- receiving -----------------------------------------------------------------------------------
 */

/* Which message this is, by its first member; WIRE_TYPE_COUNT when unknown. */
static size_t type_of(const char *bytes, size_t size)
{
    static const char begin[] = "{\"type\":\"";
    const size_t skip = sizeof(begin) - 1;

    for (size_t i = 0; i < WIRE_TYPE_COUNT && size > skip && memcmp(bytes, begin, skip) == 0; i++) {
        size_t length = strlen(wire_table[i].name);
        if (size > skip + length && memcmp(bytes + skip, wire_table[i].name, length) == 0 &&
            bytes[skip + length] == '"') {
            return i;
        }
    }
    return WIRE_TYPE_COUNT;
}

static void on_message(struct load_agent *agent, const char *bytes, size_t size)
{
    struct load *load = agent->load;
    struct agt_event event = {.type = AGT_LINK_FRAME};
    size_t type = type_of(bytes, size);

    load->counts.in[type]++;
    load->counts.in_all++;
    load->counts.in_bytes += size;
    if (type == WIRE_WELCOME && !agent->is_welcomed) {
        agent->is_welcomed = true;
        load->welcomed++;
    }
    if ((type == WIRE_REFUSE || type == WIRE_ERROR) && load->refused++ == 0) {
        (void)fprintf(stderr, "fogload: %s got %.*s\n", agent->name, (int)(size < 300 ? size : 300),
                      bytes);
    }
    if (type != WIRE_HEARTBEAT) {
        load->news_at = now_mono();
    }
    event.frame.bytes = bytes;
    event.frame.size_bytes = size;
    step(agent, &event);
}

/* Takes one whole frame off the bytes; 0 when there is none yet. */
static size_t on_frame(struct load_agent *agent, const unsigned char *bytes, size_t size)
{
    size_t head = 2, length = size < 2 ? 0 : bytes[1] & 0x7f;
    int opcode = bytes[0] & 15;

    if (size < 2 || (length == 126 && size < 4) || (length == 127 && size < 10)) {
        return 0;
    }
    if (length >= 126) {
        head = length == 126 ? 4 : 10;
        length = 0;
        for (size_t i = 2; i < head; i++) {
            length = length << 8 | bytes[i];
        }
    }
    if (length > MESSAGE_BYTES_MAX || opcode == 8) {
        hang_up(agent);
        return size;
    }
    if (size - head < length) {
        return 0;
    }
    if (opcode == 9) {
        add_frame(&agent->out, 10, bytes + head, length, true);
        flush(agent);
    } else if (opcode == 1 && (bytes[0] & 0x80) != 0) {
        on_message(agent, (const char *)bytes + head, length);
    } else if (opcode <= 1) {
        str_add_bytes(&agent->message, bytes + head, length);
        if ((bytes[0] & 0x80) != 0) {
            struct str message = agent->message;
            str_init(&agent->message);
            on_message(agent, message.data, message.length);
            str_fini(&message);
        }
    }
    return head + length;
}

static size_t on_handshake(struct load_agent *agent, const char *bytes, size_t size)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }
    if (memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
        hang_up(agent);
        return size;
    }
    agent->state = LINK_OPEN;
    agent->load->dialling--;
    later(agent, AGT_LINK_UP, NULL, 0);
    return (size_t)(end - bytes) + 4;
}

/* Takes what is whole; what is not waits in `in`. */
static void on_bytes(struct load_agent *agent, const char *bytes, size_t size)
{
    size_t done = 0, taken = 1;

    while (done < size && taken > 0 && agent->state >= LINK_SHAKING) {
        if (agent->load->happenings.count > 0) {
            happen_all(agent->load); /* in the order of what came: up before the first message */
        }
        taken = agent->state == LINK_SHAKING
                    ? on_handshake(agent, bytes + done, size - done)
                    : on_frame(agent, (const unsigned char *)bytes + done, size - done);
        done += taken;
    }
    if (agent->state >= LINK_SHAKING && done < size) {
        str_add_bytes(&agent->in, bytes + done, size - done);
    }
}

static void on_readable(struct load_agent *agent)
{
    ssize_t got = recv(agent->fd, agent->load->buffer, READ_BYTES, MSG_DONTWAIT);

    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            hang_up(agent);
        }
        return;
    }
    if (agent->in.length == 0) {
        on_bytes(agent, agent->load->buffer, (size_t)got);
        return;
    }
    struct str whole = agent->in;
    str_init(&agent->in);
    str_add_bytes(&whole, agent->load->buffer, (size_t)got);
    on_bytes(agent, whole.data, whole.length);
    str_fini(&whole);
}

void load_turn(struct load *load)
{
    static struct epoll_event events[EVENTS_AT_ONCE];
    struct mono now = now_mono(), soonest = load->heap[0]->deadline;
    int64_t wait_ms = mono_is_never(soonest) ? 100 : mono_since(now, soonest);
    int count;

    wait_ms = wait_ms < 0 ? 0 : wait_ms > 100 ? 100 : wait_ms;
    count = epoll_wait(load->epoll_fd, events, EVENTS_AT_ONCE, (int)wait_ms);
    for (int i = 0; i < count; i++) {
        struct load_agent *agent = events[i].data.ptr;

        if (agent->fd >= 0 && agent->state == LINK_DIALLING) {
            on_connected(agent);
        } else if (agent->fd >= 0 && (events[i].events & EPOLLOUT) != 0) {
            flush(agent);
        }
        if (agent->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            on_readable(agent);
        }
        happen_all(load);
    }
    now = now_mono();
    for (size_t i = 0; i < load->agent_count && mono_is_due(load->heap[0]->deadline, now); i++) {
        step(load->heap[0], &(struct agt_event){.type = AGT_TICK});
        happen_all(load);
    }
}

/* --- beginning and end ---------------------------------------------------------------------------
 */

void load_begin(struct load *load)
{
    load->buffer = mem_alloc(READ_BYTES);
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->news_at = now_mono();
    agt_effects_init(&load->effects);
    load->agents = mem_array(load->agent_count, sizeof(load->agents[0]));
    load->heap = mem_array(load->agent_count, sizeof(struct load_agent *));
    for (size_t i = 0; i < load->agent_count; i++) {
        struct load_agent *agent = &load->agents[i];
        struct digest key;

        *agent = (struct load_agent){
            .load = load, .index = i, .fd = -1, .deadline = MONO_NEVER, .heap_index = i};
        str_init(&agent->in);
        str_init(&agent->message);
        str_init(&agent->out);
        (void)snprintf(agent->name, sizeof(agent->name), "%.40s-%zu", load->prefix, i);
        digest_of(agent->name, strlen(agent->name), &key); /* the same again in the next run */
        agent->options = (struct agt_options){
            .name = agent->name,
            .version = "fogload",
            .platform = "linux/simulated",
            .boot_id = "fogload",
            .controller = "",
            .settings = {.capacity = {.cores = 64000, .memory = 256LL << 30, .disk = 1LL << 40}},
        };
        memcpy(agent->options.key, key.bytes, sizeof(agent->options.key));
        memcpy(agent->options.seed, key.bytes, sizeof(agent->options.seed));
        agent->core = agt_new(&agent->options);
        load->heap[i] = agent;
    }
    for (size_t i = 0; i < load->agent_count; i++) {
        step(&load->agents[i], &(struct agt_event){.type = AGT_START});
    }
}

void load_end(struct load *load)
{
    for (size_t i = 0; i < load->agent_count; i++) {
        struct load_agent *agent = &load->agents[i];
        hang_up(agent);
        agt_free(agent->core);
    }
    for (size_t i = load->first_happening; i < load->happenings.count; i++) {
        free(load->happenings.items[i].uid);
    }
    vec_fini(&load->happenings);
    vec_fini(&load->to_dial);
    agt_effects_fini(&load->effects);
    free(load->agents);
    free(load->heap);
    free(load->buffer);
    (void)close(load->epoll_fd);
}
