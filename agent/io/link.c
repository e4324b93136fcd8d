/* Where libwebsockets sets a trap (docs/ARCHITECTURE.md, library facts), the line that steps around
 * it says so.
 *
 * What it calls back may be in the middle of its own work, therefore connecting and telling of a
 * lost link wait for a turn of the loop (`kick`). */
#include "agent/io/link.h"

#include "schema/base/log.h"
#include "schema/base/parse.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"

#include <libwebsockets.h>

#include <arpa/inet.h>
#include <assert.h>

enum {
    PRIORITIES = 3,
    RECEIVE_SIZE = 16 << 10,
    PORT_DEFAULT = 7412,
    DRAIN_TURNS_MAX = 100000,
    PATIENCE_S = 3 * HANDSHAKE_MS / 1000, /* of libwebsockets; the core loses its own before */
};

enum state { STATE_IDLE, STATE_DIALLING, STATE_UP };

struct waiting {
    VEC_OF(struct blob *); /* owned references */
};

struct link {
    uv_loop_t *loop;
    struct lws_context *context;
    struct link_address address;
    link_event_fn *on_event;
    void *data;
    uv_timer_t kick;
    enum state state;
    bool is_dial_wanted, is_down_untold, is_closing;
    struct lws *wsi; /* NULL while idle */
    struct str incoming;
    size_t frame_bytes; /* of the frame being received */
    struct waiting waiting[PRIORITIES];
    size_t waiting_bytes[PRIORITIES];
    struct blob *sending; /* partly sent */
    size_t sent_bytes;    /* of it */
    uint64_t dropped;     /* log messages */
    unsigned failures;    /* to connect, since it was last up */
    unsigned char frame[LWS_PRE + FRAME_BYTES_MAX];
};

/* The validity timers of libwebsockets are on unless this is given, and then off because it is
 * zero: the core has heartbeats of its own. */
static const lws_retry_bo_t no_pings;

/* --- addresses ----------------------------------------------------------------------------------
 */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    return str_eq(host, "localhost") ||
           (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

int link_address_from_str(const char *text, struct link_address *ret_address, struct err *err)
{
    struct link_address address = {.port = PORT_DEFAULT};
    const char *host = text + strlen("ws://");
    const char *end, *port;
    int64_t number = PORT_DEFAULT;

    if (str_starts(text, "wss://")) {
        return err_set(err, ERR_INVALID, "\"%s\": TLS is not supported yet, use ws://", text);
    }
    if (!str_starts(text, "ws://")) {
        return err_set(err, ERR_INVALID, "\"%s\" does not begin with ws://", text);
    }
    if (host[0] == '[') {
        host++;
        end = strchr(host, ']');
        port = end == NULL ? NULL : end + 1;
    } else {
        end = host + strcspn(host, ":/");
        port = end;
    }
    if (end == NULL || end == host || (size_t)(end - host) >= sizeof(address.host)) {
        return err_set(err, ERR_INVALID, "\"%s\" names no host", text);
    }
    memcpy(address.host, host, (size_t)(end - host));
    if (*port == ':') {
        _cleanup_free_ char *digits = mem_strndup(port + 1, strcspn(port + 1, "/"));

        port += 1 + strlen(digits);
        if (!int_from_str(digits, &number) || number < 1 || number > 65535) {
            return err_set(err, ERR_INVALID, "\"%s\": \"%s\" is no port", text, digits);
        }
    }
    if (*port != '\0' && !str_eq(port, "/")) {
        return err_set(err, ERR_INVALID, "\"%s\": nothing may follow host and port", text);
    }
    address.port = (int)number;
    address.is_loopback = is_loopback(address.host);
    *ret_address = address;
    return 0;
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void tell(struct link *link, enum agt_event_type type)
{
    struct agt_event event = {.type = type};

    if (!link->is_closing) {
        link->on_event(link->data, &event);
    }
}

static void kick(struct link *link);

static void forget_messages(struct link *link)
{
    for (int i = 0; i < PRIORITIES; i++) {
        vec_each (&link->waiting[i], it) {
            blob_unref(*it);
        }
        vec_clear(&link->waiting[i]);
        link->waiting_bytes[i] = 0;
    }
    blob_unref(link->sending);
    link->sending = NULL;
    str_clear(&link->incoming);
    link->frame_bytes = 0;
}

static void went_down(struct link *link)
{
    if (link->state != STATE_IDLE) {
        link->state = STATE_IDLE;
        link->wsi = NULL;
        link->is_down_untold = true;
        forget_messages(link);
        kick(link);
    }
}

/* --- sending ------------------------------------------------------------------------------------
 */

bool link_is_up(const struct link *link)
{
    return link->state == STATE_UP;
}

bool link_is_drained(const struct link *link)
{
    for (int i = 0; i < PRIORITIES; i++) {
        if (link->waiting[i].count > 0) {
            return false;
        }
    }
    return link->sending == NULL;
}

static void take_next(struct link *link)
{
    for (int i = 0; i < PRIORITIES && link->sending == NULL; i++) {
        if (link->waiting[i].count > 0) {
            link->sending = link->waiting[i].items[0];
            link->sent_bytes = 0;
            link->waiting_bytes[i] -= link->sending->size_bytes;
            vec_remove(&link->waiting[i], 0);
        }
    }
}

/* One frame of the message being sent.  Negative: the connection is to be closed. */
static int send_frame(struct link *link)
{
    const struct blob *message = link->sending;
    size_t rest = message->size_bytes - link->sent_bytes;
    size_t size = rest < FRAME_BYTES_MAX ? rest : FRAME_BYTES_MAX;
    int flags = link->sent_bytes == 0 ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION;

    if (size < rest) {
        flags |= LWS_WRITE_NO_FIN;
    }
    memcpy(link->frame + LWS_PRE, message->data + link->sent_bytes, size);
    /* What the socket does not take libwebsockets keeps and sends before it says writable again. */
    if (lws_write(link->wsi, link->frame + LWS_PRE, size, (enum lws_write_protocol)flags) < 0) {
        return -1;
    }
    link->sent_bytes += size;
    if (link->sent_bytes == message->size_bytes) {
        blob_unref(link->sending);
        link->sending = NULL;
    }
    return 0;
}

static int on_writable(struct link *link)
{
    take_next(link);
    if (link->sending == NULL) {
        return 0;
    }
    if (send_frame(link) < 0) {
        return -1;
    }
    if (!link_is_drained(link)) {
        (void)lws_callback_on_writable(link->wsi);
    } else {
        tell(link, AGT_LINK_DRAINED);
    }
    return 0;
}

void link_send(struct link *link, struct blob *message, int priority)
{
    size_t bytes = message->size_bytes;

    assert(priority >= 0);
    assert(priority < PRIORITIES);
    if (link->state != STATE_UP) {
        return;
    }
    if (priority == AGT_SEND_LOG && link->waiting_bytes[priority] + bytes > LOG_BACKLOG_BYTES_MAX) {
        link->dropped++;
        log_warning("the link is slow, dropped a log message dropped=%llu",
                    (unsigned long long)link->dropped);
        return;
    }
    vec_add(&link->waiting[priority], blob_ref(message));
    link->waiting_bytes[priority] += bytes;
    if (link->waiting_bytes[0] + link->waiting_bytes[1] > LINK_BACKLOG_BYTES_MAX) {
        link_hang_up(link, "the controller does not read");
        return;
    }
    (void)lws_callback_on_writable(link->wsi);
}

/* --- receiving ----------------------------------------------------------------------------------
 */

/* Without a closing handshake: while one is under way libwebsockets 4.1 goes on reading into a
 * buffer that it no longer empties, and beyond its end. */
static void refuse(struct link *link, const char *why)
{
    link_hang_up(link, why);
}

static void hand_over(struct link *link)
{
    struct agt_event event = {.type = AGT_LINK_FRAME};
    struct str message = link->incoming;

    str_init(&link->incoming); /* hanging up empties it while the core reads */
    if (utf8_valid_bytes(message.data, message.length) < message.length) {
        refuse(link, "a message is not UTF-8");
    } else if (!link->is_closing) {
        event.frame.bytes = message.data;
        event.frame.size_bytes = message.length;
        link->on_event(link->data, &event);
    }
    str_fini(&message);
}

/* A part of a frame of a message. */
static void on_receive(struct link *link, const char *bytes, size_t size_bytes)
{
    struct lws *wsi = link->wsi;
    size_t rest = lws_remaining_packet_payload(wsi);

    if (lws_frame_is_binary(wsi)) {
        refuse(link, "a binary message");
        return;
    }
    link->frame_bytes += size_bytes;
    if (link->frame_bytes + rest > FRAME_BYTES_MAX) {
        refuse(link, "a frame is too large");
        return;
    }
    if (link->incoming.length + size_bytes > MESSAGE_BYTES_MAX) {
        refuse(link, "a message is too large");
        return;
    }
    str_add_bytes(&link->incoming, bytes, size_bytes);
    if (rest == 0) {
        link->frame_bytes = 0;
    }
    if (rest == 0 && lws_is_final_fragment(wsi)) {
        hand_over(link);
    }
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t size_bytes)
{
    struct lws_context *context = lws_get_context(wsi);
    struct link *link = context == NULL ? NULL : lws_context_user(context);

    (void)user;
    if (link == NULL || wsi == NULL || wsi != link->wsi) {
        return 0; /* of a connection that was given up */
    }
    if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
        link->state = STATE_UP;
        link->failures = 0;
        log_info("connected to %s:%d", link->address.host, link->address.port);
        tell(link, AGT_LINK_UP);
    } else if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        on_receive(link, in, size_bytes);
    } else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
        return on_writable(link);
    } else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        log_line(link->failures++ == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, __FILE__,
                 "cannot connect to %s:%d, trying until it answers: %.*s", link->address.host,
                 link->address.port, in == NULL ? 0 : (int)size_bytes,
                 in == NULL ? "" : (const char *)in);
        went_down(link);
    } else if (reason == LWS_CALLBACK_CLIENT_CLOSED || reason == LWS_CALLBACK_WSI_DESTROY) {
        log_info("the link was closed");
        went_down(link);
    }
    return 0;
}

/* --- dialling and hanging up --------------------------------------------------------------------
 */

static void dial(struct link *link)
{
    struct lws_client_connect_info info = {
        .context = link->context,
        .address = link->address.host,
        .port = link->address.port,
        .path = "/",
        .host = link->address.host,
        .protocol = WIRE_SUBPROTOCOL,
        .local_protocol_name = WIRE_SUBPROTOCOL,
        .ietf_version_or_minus_one = -1,
        .pwsi = &link->wsi, /* an error may be told before the call returns */
        .retry_and_idle_policy = &no_pings,
    };

    link->state = STATE_DIALLING;
    if (lws_client_connect_via_info(&info) == NULL) {
        went_down(link);
    }
}

static void on_kick(uv_timer_t *timer)
{
    struct link *link = timer->data;

    if (link->is_down_untold) {
        link->is_down_untold = false;
        tell(link, AGT_LINK_DOWN);
    }
    if (link->is_dial_wanted && link->state == STATE_IDLE && !link->is_closing) {
        link->is_dial_wanted = false;
        dial(link);
    }
}

static void kick(struct link *link)
{
    if (!link->is_closing) {
        (void)uv_timer_start(&link->kick, on_kick, 0, 0);
    }
}

void link_connect(struct link *link)
{
    link->is_dial_wanted = true;
    kick(link);
}

void link_hang_up(struct link *link, const char *reason)
{
    if (link->wsi != NULL) {
        log_warning("hanging up on the controller: %s", reason);
        lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        lws_cancel_service(link->context); /* it looks at its timers only when something happens */
    }
    if (link->is_dial_wanted) { /* not even dialled yet */
        link->is_dial_wanted = false;
        link->is_down_untold = true;
        kick(link);
    }
    went_down(link);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void log_from_lws(int level, const char *line)
{
    (void)level;
    log_debug("libwebsockets: %s", line);
}

static const struct lws_protocols protocols[] = {
    {.name = WIRE_SUBPROTOCOL, .callback = on_lws, .rx_buffer_size = RECEIVE_SIZE},
    {.name = NULL},
};

static struct lws_context *make_context(struct link *link)
{
    void *loops[1] = {link->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = link,
        .foreign_loops = loops,
        .retry_and_idle_policy = &no_pings,
        .timeout_secs = PATIENCE_S,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        /* No LWS_SERVER_OPTION_VALIDATE_UTF8: it closes with a handshake, see refuse(). */
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
    };

    lws_set_log_level(LLL_ERR | LLL_WARN, log_from_lws);
    return lws_create_context(&info);
}

int link_new(uv_loop_t *loop, const struct link_address *address, link_event_fn *on_event,
             void *data, struct link **ret_link, struct err *err)
{
    struct link *link = MEM_NEW(struct link);

    link->loop = loop;
    link->address = *address;
    link->on_event = on_event;
    link->data = data;
    str_init(&link->incoming);
    link->context = make_context(link);
    if (link->context == NULL) {
        free(link);
        return err_set(err, ERR_SYSTEM,
                       "libwebsockets does not start; is libwebsockets-evlib-uv installed?");
    }
    link->kick.data = link;
    (void)uv_timer_init(loop, &link->kick);
    *ret_link = link;
    return 0;
}

/* Of a connection that could not be made libwebsockets 4.1 closes the socket, and forgets the
 * handle that watched it. */
static void let_go(uv_handle_t *handle)
{
    free(handle);
}

static void let_go_if_forgotten(uv_handle_t *handle, void *context)
{
    (void)context;
    if (handle->type == UV_POLL && !uv_is_closing(handle)) {
        uv_close(handle, let_go);
    }
}

static void drain(uv_loop_t *loop)
{
    for (int turn = 0; turn < DRAIN_TURNS_MAX && uv_run(loop, UV_RUN_NOWAIT) != 0; turn++) {}
}

void link_close(struct link *link)
{
    int failed;

    link->is_closing = true;
    uv_close((uv_handle_t *)&link->kick, NULL);
    /* Closing is two-phase: the first call closes sockets and handles, the loop lets go of them,
     * and only then may the second free the memory they lived in. */
    lws_context_destroy(link->context);
    drain(link->loop);
    lws_context_destroy(link->context);
    drain(link->loop);
    uv_walk(link->loop, let_go_if_forgotten, NULL);
    drain(link->loop);
    failed = uv_loop_close(link->loop);
    assert(failed == 0);
    forget_messages(link);
    for (int i = 0; i < PRIORITIES; i++) {
        vec_fini(&link->waiting[i]);
    }
    str_fini(&link->incoming);
    free(link);
}
