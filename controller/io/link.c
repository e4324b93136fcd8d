/* The agents' WebSockets, on libwebsockets' own server.
 *
 * A message goes out at once when nothing is buffered, which for many receivers costs a third less
 * than to wait for the socket to be writable; otherwise it is queued by priority, and a message
 * under way, which may be many frames, comes to its end first.  What libwebsockets could not write
 * it keeps; the next frame waits for that. */
#include "controller/io/link.h"

#include "controller/io/outbox.h"
#include "controller/io/slots.h"
#include "schema/base/dlist.h"
#include "schema/base/log.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

#include <strings.h>
#include <sys/socket.h>

enum {
    PRIORITY_COUNT = SEND_LOG + 1,
    RECEIVE_BYTES =
        1024, /* per connection, always: an idle one costs 3 KB with this, 6 with 4096 */
    REASON_BYTES_MAX = 123, /* RFC 6455, 5.5.1 */
    CLOSE_SECONDS = HTTP_LINGER_MS / 1000,
};

enum peer_state { PEER_OPEN, PEER_CLOSING, PEER_DEAD, PEER_STATE_COUNT };

static const bool may_move[PEER_STATE_COUNT][PEER_STATE_COUNT] = {
    [PEER_OPEN] = {[PEER_CLOSING] = true, [PEER_DEAD] = true},
    [PEER_CLOSING] = {[PEER_DEAD] = true},
};

struct peer { /* the agent at the other end */
    struct links *links;
    struct lws *wsi;
    uint64_t id; /* 0: the core forgot it */
    enum peer_state state;
    struct str message; /* received so far */
    size_t frame_bytes; /* of the frame being received */
    struct outbox waiting[PRIORITY_COUNT];
    size_t waiting_bytes;
    struct blob *sending; /* owned: the message under way */
    size_t sent_bytes;    /* of it */
    char *reason;         /* owned: of the hang-up */
    bool owes_drained;    /* something was sent since the core was last told */
    struct dlist all, drained;
};

struct links {
    struct link_handlers handlers;
    struct net *net;
    struct slots ids;
    struct dlist peers;   /* struct peer.all */
    struct dlist drained; /* struct peer.drained: to be told */
    size_t links_max;
    size_t socket_count; /* handshakes included */
    uv_idle_t idle;      /* runs while `drained` has members */
    bool is_closing;
    unsigned char scratch[LWS_PRE + FRAME_BYTES_MAX];
};

static void on_idle(uv_idle_t *idle);

static void move(struct peer *peer, enum peer_state to)
{
    assert(may_move[peer->state][to]);
    peer->state = to;
}

/* Asynchronous; the shutdown keeps libwebsockets from waiting for a peer that does not read. */
static void die(struct peer *peer)
{
    if (peer->state == PEER_DEAD) {
        return;
    }
    move(peer, PEER_DEAD);
    dlist_remove(&peer->drained);
    (void)shutdown(lws_get_socket_fd(peer->wsi), SHUT_RDWR);
    lws_set_timeout(peer->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
}

/* --- sending -------------------------------------------------------------------------------------
 */

static bool begin_message(struct peer *peer)
{
    for (size_t i = 0; i < PRIORITY_COUNT && peer->sending == NULL; i++) {
        peer->sending = outbox_next(&peer->waiting[i]);
        peer->sent_bytes = 0;
    }
    if (peer->sending != NULL) {
        peer->waiting_bytes -= peer->sending->size_bytes;
    }
    return peer->sending != NULL;
}

/* One frame of the message under way; false when the socket broke. */
static bool send_frame(struct peer *peer)
{
    unsigned char *payload = peer->links->scratch + LWS_PRE;
    size_t left = peer->sending->size_bytes - peer->sent_bytes;
    size_t size = left < FRAME_BYTES_MAX ? left : FRAME_BYTES_MAX;
    int flags = lws_write_ws_flags(LWS_WRITE_TEXT, peer->sent_bytes == 0, size == left);

    memcpy(payload, peer->sending->data + peer->sent_bytes, size);
    if (lws_write(peer->wsi, payload, size, (enum lws_write_protocol)flags) < (int)size) {
        return false;
    }
    peer->sent_bytes += size;
    if (peer->sent_bytes == peer->sending->size_bytes) {
        blob_unref(TAKE(peer->sending));
    }
    return true;
}

static bool is_flushed(const struct peer *peer)
{
    return peer->sending == NULL && peer->waiting_bytes == 0 && !lws_partial_buffered(peer->wsi);
}

static void flush(struct peer *peer)
{
    struct links *links = peer->links;

    while (!lws_partial_buffered(peer->wsi) && (peer->sending != NULL || begin_message(peer))) {
        if (!send_frame(peer)) {
            die(peer);
            return;
        }
    }
    if (!is_flushed(peer)) {
        (void)lws_callback_on_writable(peer->wsi);
        return;
    }
    if (peer->owes_drained && peer->state == PEER_OPEN) {
        peer->owes_drained = false;
        dlist_remove(&peer->drained);
        dlist_add(&links->drained, &peer->drained);
        (void)uv_idle_start(&links->idle, on_idle);
    }
}

void links_send(struct links *links, uint64_t id, enum send_priority priority, struct blob *bytes)
{
    struct peer *peer = slots_find(&links->ids, id);

    if (peer == NULL || peer->state != PEER_OPEN || bytes->size_bytes == 0) {
        return;
    }
    outbox_add(&peer->waiting[priority], blob_ref(bytes));
    peer->waiting_bytes += bytes->size_bytes;
    peer->owes_drained = true;
    if (peer->waiting_bytes > LINK_BACKLOG_BYTES_MAX) {
        log_warning("an agent takes too little, hanging up; it can come back link=%llu backlog=%zu",
                    (unsigned long long)id, peer->waiting_bytes);
        die(peer);
        return;
    }
    flush(peer);
}

static void hangup(struct peer *peer, const char *reason)
{
    if (peer->state != PEER_OPEN) {
        return;
    }
    move(peer, PEER_CLOSING);
    dlist_remove(&peer->drained);
    peer->reason = mem_strdup(reason);
    lws_set_timeout(peer->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_SECONDS);
    (void)lws_callback_on_writable(peer->wsi);
}

void links_hangup(struct links *links, uint64_t id, const char *reason)
{
    struct peer *peer = slots_find(&links->ids, id);

    if (peer != NULL) {
        log_info("hanging up on an agent: %s link=%llu", reason == NULL ? "" : reason,
                 (unsigned long long)id);
        hangup(peer, reason);
    }
}

static void forget(struct peer *peer)
{
    if (peer->id != 0) {
        slots_remove(&peer->links->ids, peer->id);
        peer->id = 0;
    }
}

void links_drop_all(struct links *links, const char *reason)
{
    dlist_each (&links->peers, struct peer, all, peer) {
        forget(peer);
        hangup(peer, reason);
    }
}

/* The reason for lws to close with, of at most what a close frame holds; cut between characters. */
static int close_with(struct lws *wsi, enum lws_close_status status, const char *reason)
{
    unsigned char text[REASON_BYTES_MAX + 1];
    size_t size = reason == NULL ? 0 : strlen(reason);

    size = size < REASON_BYTES_MAX ? size : REASON_BYTES_MAX;
    while (size > 0 && size == REASON_BYTES_MAX && ((unsigned char)reason[size] & 0xc0) == 0x80) {
        size--;
    }
    if (size > 0) {
        memcpy(text, reason, size);
    }
    lws_close_reason(wsi, status, text, size);
    return -1;
}

static int on_writeable(struct peer *peer)
{
    if (peer->state == PEER_DEAD) {
        return -1;
    }
    flush(peer);
    if (peer->state == PEER_CLOSING && is_flushed(peer)) {
        /* A close from here would be done twice and so without its frame; from a timer it is not.
         */
        lws_set_timer_usecs(peer->wsi, 1);
    }
    return peer->state == PEER_DEAD ? -1 : 0;
}

/* --- receiving -----------------------------------------------------------------------------------
 */

/* Called with parts of frames; a message is delivered when its last frame is whole. */
static int on_receive(struct peer *peer, const char *bytes, size_t size_bytes)
{
    struct links *links = peer->links;
    size_t left = lws_remaining_packet_payload(peer->wsi);

    if (peer->state != PEER_OPEN) {
        return peer->state == PEER_DEAD ? -1 : 0;
    }
    if (lws_frame_is_binary(peer->wsi)) {
        return close_with(peer->wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "messages are text");
    }
    if (peer->frame_bytes + size_bytes + left > FRAME_BYTES_MAX) {
        return close_with(peer->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                          "a frame has at most 64 KiB");
    }
    if (peer->message.length + size_bytes > MESSAGE_BYTES_MAX) {
        return close_with(peer->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                          "a message has at most 1 MiB");
    }
    peer->frame_bytes = left == 0 ? 0 : peer->frame_bytes + size_bytes;
    if (!lws_is_final_fragment(peer->wsi)) {
        str_add_bytes(&peer->message, bytes, size_bytes);
        return 0;
    }
    if (peer->message.length == 0) {
        links->handlers.frame(links->handlers.context, peer->id, bytes, size_bytes);
    } else {
        str_add_bytes(&peer->message, bytes, size_bytes);
        links->handlers.frame(links->handlers.context, peer->id, peer->message.data,
                              peer->message.length);
        str_fini(&peer->message); /* an idle link holds no memory of its last message */
    }
    return peer->state == PEER_DEAD ? -1 : 0;
}

/* --- the life of links ---------------------------------------------------------------------------
 */

static void on_idle(uv_idle_t *idle)
{
    struct links *links = idle->data;
    struct dlist turn;

    dlist_init(&turn);
    dlist_each (&links->drained, struct peer, drained, peer) {
        dlist_remove(&peer->drained);
        dlist_add(&turn, &peer->drained);
    }
    while (!dlist_is_empty(&turn)) {
        struct peer *peer = dlist_owner(turn.next, struct peer, drained);

        dlist_remove(&peer->drained);
        links->handlers.drained(links->handlers.context, peer->id);
    }
    if (dlist_is_empty(&links->drained)) {
        (void)uv_idle_stop(idle);
    }
}

static void on_open(struct links *links, struct lws *wsi, struct peer **ret_peer)
{
    struct peer *peer = MEM_NEW(struct peer);

    peer->links = links;
    peer->wsi = wsi;
    str_init(&peer->message);
    dlist_init(&peer->all);
    dlist_init(&peer->drained);
    dlist_add(&links->peers, &peer->all);
    peer->id = slots_add(&links->ids, peer);
    *ret_peer = peer;
    links->handlers.up(links->handlers.context, peer->id);
}

static void on_close(struct peer *peer)
{
    struct links *links = peer->links;
    uint64_t id = peer->id;

    forget(peer);
    dlist_remove(&peer->all);
    dlist_remove(&peer->drained);
    str_fini(&peer->message);
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        outbox_fini(&peer->waiting[i]);
    }
    blob_unref(peer->sending);
    free(peer->reason);
    free(peer);
    if (id != 0 && !links->is_closing) {
        links->handlers.down(links->handlers.context, id);
    }
}

static bool header_is(struct lws *wsi, enum lws_token_indexes token, const char *value)
{
    char text[64];

    return lws_hdr_total_length(wsi, token) > 0 &&
           lws_hdr_copy(wsi, text, sizeof(text), token) > 0 && strcasecmp(text, value) == 0;
}

/* Browsers send an Origin, agents none: no page may speak as an agent. */
static bool may_upgrade(struct lws *wsi)
{
    return header_is(wsi, WSI_TOKEN_UPGRADE, "websocket") &&
           header_is(wsi, WSI_TOKEN_PROTOCOL, WIRE_SUBPROTOCOL) &&
           lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t size_bytes)
{
    struct lws_vhost *vhost = wsi == NULL ? NULL : lws_get_vhost(wsi);
    struct links *links = vhost == NULL ? NULL : lws_get_vhost_user(vhost);
    struct peer **peer = user;

    if (links == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_FILTER_NETWORK_CONNECTION) {
        return links->is_closing || links->socket_count >= links->links_max;
    }
    if (reason == LWS_CALLBACK_WSI_CREATE) {
        links->socket_count++;
        return 0;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        links->socket_count -= links->socket_count > 0; /* the listener's own was not counted */
        return 0;
    }
    /* `in` is not to be touched here: with an empty Upgrade header it points to freed memory. */
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE ||
        reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION) {
        return !may_upgrade(wsi);
    }
    if (reason == LWS_CALLBACK_HTTP) {
        (void)lws_return_http_status(wsi, 426, "agents speak WebSocket, " WIRE_SUBPROTOCOL);
        return -1;
    }
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        on_open(links, wsi, peer);
        return 0;
    }
    if (lws_get_protocol(wsi) != lws_vhost_name_to_protocol(vhost, WIRE_SUBPROTOCOL) ||
        peer == NULL || *peer == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RECEIVE) {
        return on_receive(*peer, in, size_bytes);
    }
    if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
        return on_writeable(*peer);
    }
    if (reason == LWS_CALLBACK_TIMER) {
        return close_with(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, (*peer)->reason);
    }
    if (reason == LWS_CALLBACK_CLOSED) {
        on_close(TAKE(*peer));
    }
    return 0;
}

/* The first one gets what asks for no subprotocol, and refuses it. */
static const struct lws_protocols protocols[] = {
    {.name = "none", .callback = on_lws},
    {
        .name = WIRE_SUBPROTOCOL,
        .callback = on_lws,
        .per_session_data_size = sizeof(struct peer *),
        .rx_buffer_size = RECEIVE_BYTES,
        .tx_packet_size = FRAME_BYTES_MAX + 16,
    },
    {0},
};

int links_open(struct net *net, const struct link_options *options,
               const struct link_handlers *handlers, struct links **ret_links, int *ret_port,
               struct err *err)
{
    struct links *links = MEM_NEW(struct links);
    struct net_listener listener = {
        .name = "agents",
        .address = options->address,
        .protocols = protocols,
        .owner = links,
    };

    links->handlers = *handlers;
    links->net = net;
    links->links_max = options->links_max > 0 ? options->links_max : AGENTS_MAX;
    links->ids.tag = 1;
    dlist_init(&links->peers);
    dlist_init(&links->drained);
    (void)uv_idle_init(net->loop, &links->idle);
    links->idle.data = links;
    *ret_links = links;
    return net_listen(net, &listener, ret_port, err);
}

size_t links_count(const struct links *links)
{
    return links->ids.count;
}

void links_close(struct links *links)
{
    if (links == NULL) {
        return;
    }
    links->is_closing = true;
    dlist_each (&links->peers, struct peer, all, peer) {
        die(peer);
    }
    uv_close((uv_handle_t *)&links->idle, NULL);
}

void links_free(struct links *links)
{
    if (links == NULL) {
        return;
    }
    assert(dlist_is_empty(&links->peers));
    slots_fini(&links->ids);
    free(links);
}
