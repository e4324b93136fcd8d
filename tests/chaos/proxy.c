/* A connection is a tunnel: two sockets and a stream for each way between them.  A pump moves what
 * is due; a timer calls it again when something will be. */
#include "tests/chaos/proxy.h"

#include "schema/base/parse.h"

#include <assert.h>

enum {
    WAITING_BYTES_MAX = 1 << 20, /* of one stream; beyond, its sender is not read */
    WRITE_BYTES_MAX = 64 << 10,
    BACKLOG = 512,
    HANDLES = 4, /* of a tunnel: two sockets, two timers */
    MS_PER_S = 1000,
};

struct tunnel;

struct pipe {              /* one way through a tunnel */
    struct tunnel *tunnel; /* borrowed */
    uv_tcp_t *from, *to;   /* borrowed */
    struct stream stream;
    uv_timer_t timer;
    uv_shutdown_t shutdown;
    int64_t sent_ms; /* when the throttle last let something through */
    bool is_reading, is_writing, is_shut, was_shut, saw_end;
};

struct tunnel {
    struct dlist link;
    struct proxy_link *owner; /* borrowed */
    uv_tcp_t sides[WAYS];     /* who dialled, and whom we dialled */
    struct pipe pipes[WAYS];
    uv_connect_t dialing;
    char buffer[WRITE_BYTES_MAX];
    int handles; /* not yet closed */
    bool is_open, is_closing;
};

struct write {
    uv_write_t request;
    struct pipe *pipe; /* borrowed */
};

static void pump(struct pipe *pipe);

/* --- a tunnel's end -----------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
    struct tunnel *tunnel = handle->data;

    if (--tunnel->handles > 0) {
        return;
    }
    for (size_t i = 0; i < WAYS; i++) {
        stream_fini(&tunnel->pipes[i].stream);
    }
    dlist_remove(&tunnel->link);
    free(tunnel);
}

static void tunnel_close(struct tunnel *tunnel, bool by_reset)
{
    if (tunnel->is_closing) {
        return;
    }
    tunnel->is_closing = true;
    for (size_t i = 0; i < WAYS; i++) {
        uv_close((uv_handle_t *)&tunnel->pipes[i].timer, on_closed);
        if (!by_reset || uv_tcp_close_reset(&tunnel->sides[i], on_closed) != 0) {
            uv_close((uv_handle_t *)&tunnel->sides[i], on_closed);
        }
    }
}

static bool is_frozen(const struct pipe *pipe)
{
    return pipe->stream.way->rules[FAULT_FREEZE].is_on;
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static void on_shut(uv_shutdown_t *shutdown, int status)
{
    struct pipe *pipe = shutdown->data;

    (void)status;
    pipe->was_shut = true;
    if (pipe->tunnel->pipes[WAY_UP].was_shut && pipe->tunnel->pipes[WAY_DOWN].was_shut) {
        tunnel_close(pipe->tunnel, false);
    }
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    struct tunnel *tunnel = handle->data;

    (void)wanted;
    *ret_buffer = uv_buf_init(tunnel->buffer, sizeof(tunnel->buffer));
}

static void on_read(uv_stream_t *from, ssize_t size, const uv_buf_t *buffer)
{
    struct tunnel *tunnel = from->data;
    struct pipe *pipe =
        &tunnel->pipes[from == (uv_stream_t *)&tunnel->sides[0] ? WAY_UP : WAY_DOWN];

    if (size == UV_EOF) {
        (void)uv_read_stop(from);
        pipe->is_reading = false;
        pipe->saw_end = true;
        stream_end(&pipe->stream);
    } else if (size < 0) {
        tunnel_close(tunnel, true);
        return;
    } else {
        stream_feed(&pipe->stream, buffer->base, (size_t)size, (int64_t)uv_now(from->loop));
    }
    if (pipe->stream.is_reset) {
        tunnel_close(tunnel, true);
        return;
    }
    pump(pipe);
}

static void read_or_not(struct pipe *pipe)
{
    bool should =
        !is_frozen(pipe) && !pipe->saw_end && pipe->stream.waiting_bytes < WAITING_BYTES_MAX;

    if (should && !pipe->is_reading) {
        pipe->is_reading = uv_read_start((uv_stream_t *)pipe->from, on_alloc, on_read) == 0;
    } else if (!should && pipe->is_reading) {
        (void)uv_read_stop((uv_stream_t *)pipe->from);
        pipe->is_reading = false;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct tunnel *tunnel = timer->data;

    pump(&tunnel->pipes[timer == &tunnel->pipes[WAY_UP].timer ? WAY_UP : WAY_DOWN]);
}

static void on_written(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct pipe *pipe = write->pipe;

    free(write);
    pipe->is_writing = false;
    if (status < 0) {
        tunnel_close(pipe->tunnel, true);
    } else if (!pipe->tunnel->is_closing) {
        pump(pipe);
    }
}

static void write_some(struct pipe *pipe, const struct piece *piece, size_t size)
{
    struct write *write = mem_alloc(sizeof(*write) + size);
    uv_buf_t buffer = uv_buf_init((char *)(write + 1), (unsigned)size);

    memcpy(buffer.base, piece->bytes + piece->sent, size);
    write->pipe = pipe;
    pipe->is_writing = true;
    stream_sent(&pipe->stream, size);
    if (uv_write(&write->request, (uv_stream_t *)pipe->to, &buffer, 1, on_written) != 0) {
        free(write);
        pipe->is_writing = false;
        tunnel_close(pipe->tunnel, true);
    }
}

/* How many of `size` bytes may go now; when none may, `ret_wait_ms` says for how long. */
static size_t throttled(struct pipe *pipe, size_t size, int64_t now_ms, int64_t *ret_wait_ms)
{
    const struct rule *rule = &pipe->stream.way->rules[FAULT_THROTTLE];
    int64_t rate = rule->size > 0 ? rule->size : 1;
    int64_t most = (now_ms - pipe->sent_ms) * rate / MS_PER_S;

    if (!rule->is_on) {
        pipe->sent_ms = now_ms;
        return size;
    }
    most = most > rate ? rate : most; /* a rest is no credit */
    if (most < 1) {
        *ret_wait_ms = MS_PER_S / rate - (now_ms - pipe->sent_ms) + 1;
        return 0;
    }
    pipe->sent_ms = now_ms;
    pipe->stream.way->fired[FAULT_THROTTLE]++;
    return (int64_t)size < most ? size : (size_t)most;
}

static void finish(struct pipe *pipe)
{
    if (pipe->stream.is_ending && !pipe->is_shut) {
        pipe->is_shut = true;
        pipe->shutdown.data = pipe;
        if (uv_shutdown(&pipe->shutdown, (uv_stream_t *)pipe->to, on_shut) != 0) {
            tunnel_close(pipe->tunnel, true);
        }
    }
}

static void pump(struct pipe *pipe)
{
    int64_t now_ms = (int64_t)uv_now(pipe->timer.loop), wait_ms = 0;
    struct piece *piece = stream_first(&pipe->stream);
    size_t size;

    if (pipe->tunnel->is_closing || !pipe->tunnel->is_open) {
        return;
    }
    read_or_not(pipe);
    if (pipe->is_writing || is_frozen(pipe)) {
        return;
    }
    if (piece == NULL) {
        finish(pipe);
        return;
    }
    if (piece->due_ms > now_ms) {
        (void)uv_timer_start(&pipe->timer, on_timer, (uint64_t)(piece->due_ms - now_ms), 0);
        return;
    }
    size = throttled(pipe, piece->size - piece->sent, now_ms, &wait_ms);
    if (size == 0) {
        (void)uv_timer_start(&pipe->timer, on_timer, (uint64_t)wait_ms, 0);
        return;
    }
    write_some(pipe, piece, size);
}

/* --- connections --------------------------------------------------------------------------------
 */

static void on_dialed(uv_connect_t *dialing, int status)
{
    struct tunnel *tunnel = dialing->data;

    if (status < 0) {
        tunnel_close(tunnel, true);
        return;
    }
    (void)uv_tcp_nodelay(&tunnel->sides[1], 1);
    tunnel->is_open = true;
    for (size_t i = 0; i < WAYS; i++) {
        pump(&tunnel->pipes[i]);
    }
}

static struct tunnel *tunnel_new(struct proxy_link *owner)
{
    struct tunnel *tunnel = mem_alloc(sizeof(*tunnel));
    struct proxy *proxy = owner->proxy;

    tunnel->owner = owner;
    tunnel->handles = HANDLES;
    for (size_t i = 0; i < WAYS; i++) {
        struct pipe *pipe = &tunnel->pipes[i];

        (void)uv_tcp_init(proxy->loop, &tunnel->sides[i]);
        (void)uv_timer_init(proxy->loop, &pipe->timer);
        tunnel->sides[i].data = pipe->timer.data = tunnel;
        pipe->tunnel = tunnel;
        pipe->from = &tunnel->sides[i];
        pipe->to = &tunnel->sides[1 - i];
        pipe->sent_ms = (int64_t)uv_now(proxy->loop);
        stream_init(&pipe->stream, &owner->ways[i], proxy->seed, owner->name, owner->connections,
                    (int)i);
    }
    dlist_init(&tunnel->link);
    dlist_add(&owner->tunnels, &tunnel->link);
    owner->connections++;
    return tunnel;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct proxy_link *owner = listener->data;
    struct rule *refuse = &owner->ways[WAY_UP].rules[FAULT_REFUSE];
    struct tunnel *tunnel;

    if (status < 0) {
        return;
    }
    tunnel = tunnel_new(owner);
    if (uv_accept(listener, (uv_stream_t *)&tunnel->sides[0]) != 0 || refuse->is_on) {
        owner->ways[WAY_UP].fired[FAULT_REFUSE] += refuse->is_on;
        tunnel_close(tunnel, true);
        return;
    }
    (void)uv_tcp_nodelay(&tunnel->sides[0], 1);
    tunnel->dialing.data = tunnel;
    if (uv_tcp_connect(&tunnel->dialing, &tunnel->sides[1], (const struct sockaddr *)&owner->to,
                       on_dialed) != 0) {
        tunnel_close(tunnel, true);
    }
}

/* --- links --------------------------------------------------------------------------------------
 */

void proxy_init(struct proxy *proxy, uv_loop_t *loop, uint64_t seed)
{
    *proxy = (struct proxy){.loop = loop, .seed = seed};
    dlist_init(&proxy->links);
}

static void on_listener_closed(uv_handle_t *handle)
{
    (void)handle; /* freed with its proxy: tunnels may still name it */
}

void proxy_close(struct proxy *proxy)
{
    dlist_each (&proxy->links, struct proxy_link, link, it) {
        dlist_each (&it->tunnels, struct tunnel, link, tunnel) {
            tunnel_close(tunnel, true);
        }
        uv_close((uv_handle_t *)&it->listener, on_listener_closed);
    }
}

void proxy_fini(struct proxy *proxy)
{
    dlist_each (&proxy->links, struct proxy_link, link, it) {
        assert(dlist_is_empty(&it->tunnels));
        dlist_remove(&it->link);
        free(it);
    }
}

static bool take_address(const char *text, struct sockaddr_in *ret_address)
{
    const char *colon = text == NULL ? NULL : strrchr(text, ':');
    char host[INET_ADDRSTRLEN] = "";
    uint64_t port;

    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) ||
        !u64_from_str(colon + 1, &port) || port > UINT16_MAX) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    return uv_ip4_addr(host, (int)port, ret_address) == 0;
}

static int listen_on(struct proxy_link *link, const struct sockaddr_in *address, int *ret_port)
{
    struct sockaddr_in bound;
    int size = sizeof(bound);
    int failed = uv_tcp_bind(&link->listener, (const struct sockaddr *)address, 0);

    failed = failed ? failed : uv_listen((uv_stream_t *)&link->listener, BACKLOG, on_connection);
    failed =
        failed ? failed : uv_tcp_getsockname(&link->listener, (struct sockaddr *)&bound, &size);
    if (failed == 0) {
        *ret_port = ntohs(bound.sin_port);
    }
    return failed;
}

int proxy_add(struct proxy *proxy, const char *name, const char *listen, const char *to,
              int *ret_port, struct err *err)
{
    struct sockaddr_in address, target;
    struct proxy_link *link;
    int failed;

    if (str_is_empty(name) || strlen(name) >= PROXY_NAME_SIZE || proxy_find(proxy, name) != NULL) {
        return err_set(err, ERR_INVALID, "a link needs a name of its own");
    }
    if (!take_address(listen, &address) || !take_address(to, &target)) {
        return err_set(err, ERR_INVALID, "link \"%s\": listen and to are IP:PORT", name);
    }
    link = MEM_NEW(struct proxy_link);
    link->proxy = proxy;
    link->to = target;
    (void)snprintf(link->name, sizeof(link->name), "%s", name);
    dlist_init(&link->tunnels);
    dlist_init(&link->link);
    dlist_add(&proxy->links, &link->link);
    (void)uv_tcp_init(proxy->loop, &link->listener);
    link->listener.data = link;
    failed = listen_on(link, &address, ret_port);
    return failed ? err_set(err, ERR_SYSTEM, "link \"%s\": cannot listen on %s: %s", name, listen,
                            uv_strerror(failed))
                  : 0;
}

struct proxy_link *proxy_find(const struct proxy *proxy, const char *name)
{
    dlist_each (&proxy->links, struct proxy_link, link, it) {
        if (str_eq(it->name, name)) {
            return it;
        }
    }
    return NULL;
}

/* --- faults -------------------------------------------------------------------------------------
 */

static void pump_all(struct proxy_link *link)
{
    dlist_each (&link->tunnels, struct tunnel, link, it) {
        for (size_t i = 0; i < WAYS; i++) {
            pump(&it->pipes[i]);
        }
    }
}

static void strike_now(struct proxy_link *link, enum way_index way, enum fault fault)
{
    dlist_each (&link->tunnels, struct tunnel, link, it) {
        struct pipe *pipe = &it->pipes[way];

        if (it->is_closing) {
            continue;
        }
        link->ways[way].fired[fault]++;
        if (fault == FAULT_RESET) {
            tunnel_close(it, true);
        } else {
            pipe->stream.is_lost = pipe->stream.is_ending = true;
        }
    }
}

void proxy_fault(struct proxy_link *link, enum way_index way, enum fault fault, struct rule rule)
{
    bool is_once = (fault == FAULT_RESET || fault == FAULT_HALF_CLOSE) && rule.every == 0;

    if (is_once) {
        strike_now(link, way, fault);
    } else {
        rule.is_on = true;
        rule.order = ++link->proxy->order;
        link->ways[way].rules[fault] = rule;
    }
    if (fault == FAULT_FREEZE) {
        link->ways[way].fired[fault]++;
    }
    pump_all(link);
}

void proxy_heal(struct proxy_link *link, enum way_index way, enum fault fault)
{
    link->ways[way].rules[fault].is_on = false;
    pump_all(link);
}
