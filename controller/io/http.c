/* Connections of the HTTP listener: see the drawing in the header.
 *
 * libwebsockets gives us bytes (its raw role): its own HTTP server in 4.1.6 does not decode chunked
 * request bodies.  Bytes are parsed by http_parse; what comes while a request is being answered is
 * kept `ahead`, up to a bound, and then not read.  What is written goes out at once as far as the
 * socket takes it.  While libwebsockets holds a part that the socket did not take, we stop reading:
 * it would be told about readable bytes again and again without taking them.
 *
 * Handlers are called from the loop only.  What an answer makes possible on the same connection,
 * the next request that came ahead, is therefore put off to an idle handle. */
#include "controller/io/http.h"

#include "controller/io/http_inner.h"

#include "controller/io/dashboard.h"
#include "schema/base/log.h"
#include "schema/limits.h"

#include <sys/socket.h>

static const bool may_move[CONN_STATE_COUNT][CONN_STATE_COUNT] = {
    [CONN_READING] =
        {[CONN_TAKING] = true, [CONN_WAITING] = true, [CONN_FLUSHING] = true, [CONN_DEAD] = true},
    [CONN_TAKING] = {[CONN_WAITING] = true, [CONN_FLUSHING] = true, [CONN_DEAD] = true},
    [CONN_WAITING] = {[CONN_STREAMING] = true, [CONN_FLUSHING] = true, [CONN_DEAD] = true},
    [CONN_STREAMING] = {[CONN_FLUSHING] = true, [CONN_DEAD] = true},
    [CONN_FLUSHING] = {[CONN_READING] = true, [CONN_LINGERING] = true, [CONN_DEAD] = true},
    [CONN_LINGERING] = {[CONN_DEAD] = true},
};

void conn_move(struct conn *conn, enum conn_state to)
{
    assert(may_move[conn->state][to]);
    conn->state = to;
}

void conn_arm(struct conn *conn, int64_t ms)
{
    int64_t hurry = conn->http->options.hurry > 0 ? conn->http->options.hurry : 1;

    conn->deadline_ms = ms == 0 ? 0 : (int64_t)uv_now(conn->http->net->loop) + ms / hurry;
}

/* Asynchronous: the close callback comes from the loop, whoever calls this.  The shutdown keeps
 * libwebsockets from spending seconds on what it holds for a reader that does not read. */
void conn_die(struct conn *conn)
{
    if (conn->state == CONN_DEAD) {
        return;
    }
    conn_move(conn, CONN_DEAD);
    dlist_remove(&conn->ready);
    conn->http->queued_bytes -= conn->out.size_bytes;
    outbox_fini(&conn->out);
    (void)shutdown(lws_get_socket_fd(conn->wsi), SHUT_RDWR);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
}

void conn_end_exchange(struct conn *conn)
{
    if (conn->id != 0) {
        slots_remove(&conn->http->exchanges, conn->id);
        conn->id = 0;
    }
}

/* The core has read the body, or never will. */
static void release_body(struct conn *conn)
{
    conn->http->body_bytes -= conn->held_bytes;
    conn->held_bytes = 0;
    str_fini(&conn->parser.body);
}

/* Bytes of requests, or of a WebSocket's frames, are taken only then; what comes otherwise is kept
 * ahead. */
static bool takes_bytes(const struct conn *conn)
{
    return conn->state == CONN_READING || (conn->state == CONN_TAKING && conn->allowed_bytes > 0) ||
           (conn->state == CONN_STREAMING && conn->websocket != NULL);
}

void conn_update_reading(struct conn *conn)
{
    bool wanted =
        !lws_partial_buffered(conn->wsi) &&
        (conn->ahead.length == 0 ? conn->state != CONN_TAKING || takes_bytes(conn)
                                 : conn->state == CONN_READING || conn->state == CONN_STREAMING ||
                                       conn->state == CONN_LINGERING);

    if (wanted != conn->is_read) {
        conn->is_read = wanted;
        (void)lws_rx_flow_control(conn->wsi, wanted);
    }
}

static void on_idle(uv_idle_t *idle);

void conn_be_ready(struct conn *conn)
{
    if ((conn->ahead.length > 0 || conn->is_gone) && dlist_is_empty(&conn->ready)) {
        dlist_add(&conn->http->ready, &conn->ready);
        (void)uv_idle_start(&conn->http->idle, on_idle);
    }
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void finish(struct conn *conn)
{
    if (conn->is_last) {
        /* Closing with bytes unread would reset the connection under the answer. */
        conn_move(conn, CONN_LINGERING);
        (void)shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
        conn_arm(conn, HTTP_LINGER_MS);
        return;
    }
    conn_move(conn, CONN_READING);
    http_parser_reset(&conn->parser);
    conn->was_continued = conn->is_bursting = conn->is_transfer = false;
    conn_arm(conn, HTTP_IDLE_MS);
    conn_be_ready(conn);
}

void conn_put(struct conn *conn, struct blob *blob)
{
    conn->http->queued_bytes += blob->size_bytes;
    outbox_add(&conn->out, blob);
}

void conn_flush(struct conn *conn)
{
    struct http *http = conn->http;
    size_t size;

    while (conn->out.size_bytes > 0 && !lws_partial_buffered(conn->wsi)) {
        size = outbox_peek(&conn->out, http->scratch, sizeof(http->scratch));
        if (lws_write(conn->wsi, (unsigned char *)http->scratch, size, LWS_WRITE_RAW) < (int)size) {
            conn_die(conn);
            return;
        }
        outbox_advance(&conn->out, size);
        http->queued_bytes -= size;
    }
    if (conn->out.size_bytes > 0 || lws_partial_buffered(conn->wsi)) {
        if (!conn->is_blocked && conn->state != CONN_READING) {
            conn->is_blocked = true;
            conn_arm(conn, HTTP_STALL_MS);
        }
        (void)lws_callback_on_writable(conn->wsi);
    } else {
        if (conn->is_blocked) {
            conn->is_blocked = false;
            conn_arm(conn, 0);
        }
        if (!conn->is_bursting) {
            conn->burst_bytes = 0;
        }
        if (conn->state == CONN_FLUSHING) {
            finish(conn);
        }
    }
    conn_update_reading(conn);
}

void conn_send_whole(struct conn *conn, struct http_reply *reply, struct blob *body)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    reply->now.ms = (int64_t)now.tv_sec * 1000;
    if (!reply->is_measured) {
        reply->size_bytes = body == NULL ? 0 : body->size_bytes;
    }
    reply->is_last = conn->is_last;
    conn_put(conn, http_reply_head(reply));
    if (body != NULL && !conn->is_head && reply->code != 204 && reply->code != 304) {
        conn_put(conn, blob_ref(body));
    }
}

/* The shell's own answer, after which the connection closes: where the next request would begin is
 * not known, or not worth knowing. */
void conn_refuse(struct conn *conn, struct http_refusal refusal)
{
    struct http_reply reply = {
        .code = refusal.code,
        .extra = {.headers = refusal.code == 426 ? "Sec-WebSocket-Version: 13\r\n" : NULL},
        .retry_after_seconds = refusal.code == 503 ? 1 : 0,
    };
    struct blob *body = http_refusal_body(&refusal);

    log_debug("request refused: %s code=%d", refusal.message, refusal.code);
    release_body(conn);
    conn->is_last = true;
    conn_send_whole(conn, &reply, body);
    blob_unref(body);
    conn_move(conn, CONN_FLUSHING);
    conn_flush(conn);
}

void http_drop_all(struct http *http, const char *message)
{
    dlist_each (&http->conns, struct conn, all, conn) {
        if (conn->is_transfer) {
            continue;
        }
        if (conn->id == 0 || conn->state == CONN_DEAD) {
            conn_end_exchange(conn);
            continue;
        }
        conn_end_exchange(conn);
        if (conn->state == CONN_WAITING) {
            conn_refuse(conn, (struct http_refusal){503, message});
        } else if (conn->state == CONN_STREAMING && conn->websocket != NULL) {
            conn_close_websocket(conn, WEBSOCKET_RESTART, message);
        } else {
            conn_die(conn);
        }
    }
}

/* --- reading -------------------------------------------------------------------------------------
 */

bool conn_refuse_foreign(struct conn *conn)
{
    const struct http_parser *parser = &conn->parser;
    const char *message = NULL;

    if (!conn->http->options.any_host && http_has_foreign_host(parser)) {
        message = "Host names another site than this: ask by an address, or as localhost";
    } else if (http_is_of_another_site(parser)) {
        message = "Origin names another site than this";
    }
    if (message != NULL) {
        conn_refuse(conn, (struct http_refusal){403, message});
    }
    return message != NULL;
}

void conn_go_on(struct conn *conn)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

    conn->was_continued = true;
    if (conn->parser.expects_continue && conn->parser.body.length == 0) {
        conn_put(conn, blob_new(line, sizeof(line) - 1));
        conn_flush(conn);
    }
}

/* The files of the dashboard; false: it is for the core. */
static bool answer_with_page(struct conn *conn)
{
    const struct http_parser *parser = &conn->parser;
    struct dashboard_answer answer =
        dashboard_find(parser->method, parser->target, http_parser_header(parser, "accept"),
                       http_parser_header(parser, "if-none-match"));
    struct http_reply reply = {
        .code = answer.code,
        .extra = {.content_type = answer.content_type, .headers = answer.headers},
        .etag = answer.etag,
    };
    struct blob *body;

    if (answer.code == 0) {
        return false;
    }
    conn->is_head = str_eq(parser->method, "HEAD");
    conn->is_last = !parser->is_keep_alive || conn->http->is_closing;
    release_body(conn);
    body = blob_new(answer.bytes, answer.size_bytes);
    conn_send_whole(conn, &reply, body);
    blob_unref(body);
    conn_move(conn, CONN_FLUSHING);
    conn_flush(conn);
    return true;
}

static void on_request(struct conn *conn)
{
    struct http *http = conn->http;
    struct http_request request;
    char user[HTTP_USER_SIZE];
    struct http_refusal refusal;

    if (conn_refuse_foreign(conn) || answer_with_page(conn)) {
        return;
    }
    refusal = http_request_from(&conn->parser, user, &request);
    if (refusal.code == 0) {
        refusal = conn_expect_websocket(conn);
    }
    if (refusal.code != 0) {
        conn_refuse(conn, refusal);
        return;
    }
    conn->is_head = str_eq(request.method, "HEAD");
    if (conn->is_head) {
        request.method = "GET"; /* the same answer; its body stays here */
    }
    conn->is_old = conn->parser.is_http_1_0;
    conn_move(conn, CONN_WAITING);
    conn_arm(conn, 0);
    conn->id = slots_add(&http->exchanges, conn);
    http->handlers.request(http->handlers.context, conn->id, &request);
    release_body(conn);
}

/* Nobody waits for the body of what is refused for its head. */
static void on_head(struct conn *conn)
{
    if (conn->was_continued || !http_parser_is_in_body(&conn->parser) ||
        conn_refuse_foreign(conn)) {
        return;
    }
    conn_arm(conn, HTTP_BODY_MS);
    conn_go_on(conn);
}

static void on_parsed(struct conn *conn)
{
    struct http *http = conn->http;
    size_t grown = conn->parser.body.length - conn->held_bytes;

    conn->held_bytes += grown;
    http->body_bytes += grown;
    if (conn->parser.state == HTTP_PARSE_REFUSED) {
        conn_refuse(conn, (struct http_refusal){conn->parser.refused_code, conn->parser.refused});
    } else if (conn->parser.is_large && conn->parser.state != HTTP_PARSE_HEAD) {
        conn_begin_transfer(conn);
    } else if (http->body_bytes > HTTP_BODIES_BYTES_MAX) {
        conn_refuse(conn, (struct http_refusal){503, "too many large requests at once"});
    } else if (conn->parser.state == HTTP_PARSE_DONE) {
        on_request(conn);
    } else {
        on_head(conn);
    }
}

/* Takes bytes as long as the connection does; returns how many. */
static size_t consume(struct conn *conn, const char *bytes, size_t size_bytes)
{
    size_t used = 0;

    while (used < size_bytes && takes_bytes(conn)) {
        size_t offered = size_bytes - used;

        if (conn->state == CONN_STREAMING) {
            used += conn_take_frames(conn, bytes + used, offered);
            continue;
        }
        if (conn->state == CONN_TAKING) {
            offered = offered < conn->allowed_bytes ? offered : conn->allowed_bytes;
            used += http_parser_feed(&conn->parser, bytes + used, offered);
            conn_hand_on(conn);
            continue;
        }
        if (http_parser_is_idle(&conn->parser)) {
            conn_arm(conn, HANDSHAKE_MS);
        }
        used += http_parser_feed(&conn->parser, bytes + used, offered);
        on_parsed(conn);
    }
    return used;
}

static int on_bytes(struct conn *conn, const char *bytes, size_t size_bytes)
{
    size_t used = 0;

    if (conn->state == CONN_LINGERING) {
        return 0;
    }
    if (takes_bytes(conn) && conn->ahead.length == 0) {
        used = consume(conn, bytes, size_bytes);
    }
    str_add_bytes(&conn->ahead, bytes + used, size_bytes - used);
    if (conn->state == CONN_STREAMING && conn->ahead.length > HTTP_AHEAD_BYTES_MAX) {
        conn_die(conn);
    }
    if (conn->state == CONN_DEAD) {
        return -1;
    }
    conn_update_reading(conn);
    return 0;
}

/* What came ahead, of those whose answer is out. */
static void on_idle(uv_idle_t *idle)
{
    struct http *http = idle->data;
    struct dlist turn;

    dlist_init(&turn); /* those that are ready again wait for the next turn */
    dlist_each (&http->ready, struct conn, ready, conn) {
        dlist_remove(&conn->ready);
        dlist_add(&turn, &conn->ready);
    }
    while (!dlist_is_empty(&turn)) {
        struct conn *conn = dlist_owner(turn.next, struct conn, ready);
        struct str ahead = conn->ahead;
        size_t used;

        dlist_remove(&conn->ready);
        if (conn->is_gone) {
            conn_tell_gone(conn);
        }
        str_init(&conn->ahead);
        used = consume(conn, ahead.data, ahead.length);
        str_add_bytes(&conn->ahead, ahead.data + used, ahead.length - used);
        str_fini(&ahead);
        if (conn->state != CONN_DEAD) {
            conn_update_reading(conn);
        }
    }
    if (dlist_is_empty(&http->ready)) {
        (void)uv_idle_stop(idle);
    }
}

/* --- the life of connections ---------------------------------------------------------------------
 */

static void on_deadline(struct conn *conn)
{
    conn_arm(conn, 0);
    switch (conn->state) {
    case CONN_READING:
        if (http_parser_is_idle(&conn->parser)) {
            conn_die(conn);
        } else {
            conn_refuse(conn,
                        (struct http_refusal){408, "the request did not come to its end in time"});
        }
        return;
    case CONN_TAKING:
        conn_refuse(conn, (struct http_refusal){408, "nothing came of the body for a while"});
        return;
    case CONN_STREAMING:
        conn_cut_stream(conn, METRIC_CLOSED_STALLED);
        return;
    case CONN_FLUSHING:
        log_warning("a reader took nothing for a while, closing it backlog=%zu",
                    conn->out.size_bytes);
        conn_die(conn);
        return;
    case CONN_LINGERING:
        conn_die(conn);
        return;
    case CONN_WAITING:
    case CONN_DEAD:
    case CONN_STATE_COUNT:
        return;
    }
}

/* Between two looks: while a step took longer nobody could be heard, so that is no client's fault.
 */
static int64_t look_every_ms(const struct http *http)
{
    return 1000 / (http->options.hurry > 0 ? http->options.hurry : 1) + 1;
}

static void on_timer(uv_timer_t *timer)
{
    struct http *http = timer->data;
    int64_t now_ms = (int64_t)uv_now(http->net->loop);
    int64_t late_ms = now_ms - http->looked_ms - look_every_ms(http);

    late_ms = late_ms > 0 ? late_ms : 0;
    http->looked_ms = now_ms;
    dlist_each (&http->conns, struct conn, all, conn) {
        conn->deadline_ms += conn->deadline_ms == 0 ? 0 : late_ms;
        if (conn->deadline_ms != 0 && conn->deadline_ms <= now_ms) {
            on_deadline(conn);
        }
        conn_tend_websocket(conn, now_ms, late_ms);
    }
}

static void begin_timer(struct http *http)
{
    uint64_t every_ms = (uint64_t)look_every_ms(http);

    http->looked_ms = (int64_t)uv_now(http->net->loop);
    (void)uv_timer_start(&http->timer, on_timer, every_ms, every_ms);
}

static void on_open(struct http *http, struct lws *wsi, struct conn **ret_conn)
{
    struct conn *conn = MEM_NEW(struct conn);

    conn->http = http;
    conn->wsi = wsi;
    conn->is_read = true;
    http_parser_init(&conn->parser);
    conn->parser.large =
        (struct http_large){http->options.transfers.prefix, http->options.transfers.body_bytes_max,
                            http->options.backups.prefix};
    str_init(&conn->ahead);
    dlist_init(&conn->all);
    dlist_init(&conn->ready);
    dlist_add(&http->conns, &conn->all);
    if (http->conn_count++ == 0) {
        begin_timer(http);
    }
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the deadlines are ours */
    conn_arm(conn, HANDSHAKE_MS);
    *ret_conn = conn;
}

static void on_close(struct conn *conn)
{
    struct http *http = conn->http;
    const struct http_transfers *transfers = conn->transfers;
    uint64_t id = conn->id;
    bool is_transfer = conn->is_transfer;

    conn_end_exchange(conn);
    release_body(conn);
    dlist_remove(&conn->all);
    dlist_remove(&conn->ready);
    if (--http->conn_count == 0 && !http->is_closing) {
        (void)uv_timer_stop(&http->timer);
    }
    http_parser_fini(&conn->parser);
    str_fini(&conn->ahead);
    http->queued_bytes -= conn->out.size_bytes;
    outbox_fini(&conn->out);
    websocket_free(conn->websocket);
    free(conn);
    if (id == 0 || http->is_closing) {
        return;
    }
    if (is_transfer) {
        transfers->gone(transfers->context, id);
    } else {
        http->handlers.gone(http->handlers.context, id);
    }
}

/* One too many: a word instead of silence, as far as the socket takes it. */
static int turn_away(int fd)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";

    (void)send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return 1;
}

static int on_writeable(struct conn *conn)
{
    if (conn->state == CONN_DEAD) {
        return -1;
    }
    conn->is_bursting = false;
    if (conn->is_blocked) {
        conn->is_blocked = false; /* it went on: the time begins anew */
        conn_arm(conn, 0);
    }
    conn_flush(conn);
    if (conn->state == CONN_STREAMING && !conn->is_blocked) {
        conn_tell_drained(conn);
    }
    return conn->state == CONN_DEAD ? -1 : 0;
}

/* The reasons are libwebsockets' enum, of which an application sees these. */
static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t size_bytes)
{
    struct http *http = wsi == NULL ? NULL : lws_get_vhost_user(lws_get_vhost(wsi));
    struct conn **conn = user;

    if (reason == LWS_CALLBACK_FILTER_NETWORK_CONNECTION) {
        return http->is_closing || http->conn_count >= http->options.connections_max
                   ? turn_away((int)(intptr_t)in)
                   : 0;
    }
    if (reason == LWS_CALLBACK_RAW_ADOPT) {
        on_open(http, wsi, conn);
        return 0;
    }
    if (conn == NULL || *conn == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX) {
        return (*conn)->state == CONN_DEAD ? -1 : on_bytes(*conn, in, size_bytes);
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
        return on_writeable(*conn);
    }
    if (reason == LWS_CALLBACK_RAW_CLOSE) {
        on_close(TAKE(*conn));
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {
        .name = "http",
        .callback = on_lws,
        .per_session_data_size = sizeof(struct conn *),
        .rx_buffer_size = HTTP_WRITE_BYTES,
        .tx_packet_size = HTTP_WRITE_BYTES,
    },
    {0},
};

int http_open(struct net *net, const struct http_options *options,
              const struct http_handlers *handlers, struct http **ret_http, int *ret_port,
              struct err *err)
{
    struct http *http = MEM_NEW(struct http);
    struct net_listener listener = {
        .name = "api",
        .address = options->address,
        .protocols = protocols,
        .is_raw = true,
        .owner = http,
    };

    http->handlers = *handlers;
    http->options = *options;
    http->net = net;
    if (http->options.connections_max == 0) {
        http->options.connections_max = HTTP_CONNECTIONS_MAX;
    }
    if (http->options.queued_bytes_max == 0) {
        http->options.queued_bytes_max = HTTP_QUEUED_BYTES_MAX;
    }
    http->crlf = blob_new("\r\n", 2);
    dlist_init(&http->conns);
    dlist_init(&http->ready);
    (void)uv_timer_init(net->loop, &http->timer);
    (void)uv_idle_init(net->loop, &http->idle);
    http->timer.data = http->idle.data = http;
    *ret_http = http;
    return net_listen(net, &listener, ret_port, err);
}

struct http_load http_load(const struct http *http)
{
    struct http_load load = {.connections = http->conn_count, .queued_bytes = http->queued_bytes};

    memcpy(load.closed, http->closed, sizeof(load.closed));
    return load;
}

void http_close(struct http *http)
{
    if (http == NULL) {
        return;
    }
    http->is_closing = true;
    dlist_each (&http->conns, struct conn, all, conn) {
        if (conn->state == CONN_STREAMING && conn->websocket != NULL) {
            conn_close_websocket(conn, WEBSOCKET_LEAVING, "the controller ends");
        } else if (conn->state == CONN_STREAMING) {
            http_end(http, conn->id); /* a client that sees a whole stream comes back quietly */
        }
        conn_die(conn);
    }
    uv_close((uv_handle_t *)&http->timer, NULL);
    uv_close((uv_handle_t *)&http->idle, NULL);
}

void http_free(struct http *http)
{
    if (http == NULL) {
        return;
    }
    assert(http->conn_count == 0);
    slots_fini(&http->exchanges);
    blob_unref(http->crlf);
    free(http);
}
