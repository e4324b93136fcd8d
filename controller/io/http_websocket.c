/* Streams as WebSockets: what a browser can read while it goes on.
 *
 * The core knows nothing of it.  A GET that asks for an upgrade is a request like any other; when a
 * stream of events answers it, that is told in frames instead of chunks, and whatever else answers
 * it, a refusal for one, is an ordinary answer of HTTP.
 *
 * A browser sends a page's requests for a WebSocket anywhere, and shows it what comes back: what
 * keeps other sites from reading is that we look at Origin of every request (conn_refuse_foreign).
 */
#include "controller/io/http_inner.h"

#include "schema/base/log.h"

#include <strings.h>

enum { ACCEPT_SIZE = 29, KEY_BYTES = 16, SHA1_BYTES = 20, PROTOCOL_SIZE = 64 };

struct websocket {
    struct websocket_parser parser;
    char accept[ACCEPT_SIZE];
    char protocol[PROTOCOL_SIZE]; /* that was offered and is agreed on; "": none */
    int64_t ping_at_ms;           /* of the loop's clock */
    bool is_pinged;               /* and nothing came since */
};

void websocket_free(struct websocket *websocket)
{
    free(websocket);
}

/* --- the request ------------------------------------------------------------------------------ */

/* RFC 6455, 4.2.2: from the key comes what a mere HTTP server would not say. */
static bool accept_from_key(const char *key, char accept[static ACCEPT_SIZE])
{
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA1_BYTES];
    uint8_t bytes[KEY_BYTES];
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (key == NULL || strlen(key) != 24 || !base64_from_str(key, sizeof(bytes), bytes)) {
        return false;
    }
    str_add(&text, key);
    str_add(&text, suffix);
    (void)lws_SHA1((const unsigned char *)text.data, text.length, digest);
    base64_to_str(digest, sizeof(digest), accept);
    return true;
}

/* The first that is offered and holds no token; it goes back as it came. */
static void choose_protocol(const char *offered, char protocol[static PROTOCOL_SIZE])
{
    size_t length;

    protocol[0] = '\0';
    for (; offered != NULL && *offered != '\0'; offered += length) {
        offered += strspn(offered, " \t,");
        length = strcspn(offered, " \t,");
        if (length > 0 && length < PROTOCOL_SIZE && !str_starts(offered, HTTP_BEARER_PROTOCOL)) {
            memcpy(protocol, offered, length);
            protocol[length] = '\0';
            return;
        }
    }
}

static bool asks_for_websocket(const struct http_parser *parser)
{
    return str_eq(parser->method, "GET") && !parser->is_http_1_0 &&
           http_list_has(http_parser_header(parser, "upgrade"), "websocket") &&
           http_list_has(http_parser_header(parser, "connection"), "upgrade");
}

struct http_refusal conn_expect_websocket(struct conn *conn)
{
    const struct http_parser *parser = &conn->parser;
    struct websocket *websocket;
    char accept[ACCEPT_SIZE];

    if (!asks_for_websocket(parser)) {
        return (struct http_refusal){0};
    }
    if (!str_eq(http_parser_header(parser, "sec-websocket-version"), "13")) {
        return (struct http_refusal){426, "the only version of WebSocket spoken here is 13"};
    }
    if (!accept_from_key(http_parser_header(parser, "sec-websocket-key"), accept)) {
        return (struct http_refusal){400, "Sec-WebSocket-Key is not the base64 of 16 bytes"};
    }
    websocket = MEM_NEW(struct websocket);
    websocket_init(&websocket->parser);
    memcpy(websocket->accept, accept, sizeof(accept));
    choose_protocol(http_parser_header(parser, "sec-websocket-protocol"), websocket->protocol);
    conn->websocket = websocket;
    return (struct http_refusal){0};
}

struct blob *websocket_head(const struct websocket *websocket)
{
    _cleanup_(str_fini)
    struct str head = STR_EMPTY;

    str_addf(&head,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n",
             websocket->accept);
    if (websocket->protocol[0] != '\0') {
        str_addf(&head, "Sec-WebSocket-Protocol: %s\r\n", websocket->protocol);
    }
    str_add(&head, "\r\n");
    return blob_from_str(&head);
}

/* --- the end ---------------------------------------------------------------------------------- */

void conn_end_websocket(struct conn *conn, enum websocket_code code, const char *reason)
{
    conn_put(conn, websocket_close(code, reason));
    conn_move(conn, CONN_FLUSHING);
    conn_flush(conn);
}

void conn_close_websocket(struct conn *conn, enum websocket_code code, const char *reason)
{
    conn->http->queued_bytes -= outbox_keep_begun(&conn->out);
    conn->is_gone = conn->id != 0;
    conn_end_websocket(conn, code, reason);
    conn_be_ready(conn);
}

/* --- what a client sends ---------------------------------------------------------------------- */

static void on_frame(struct conn *conn)
{
    const struct websocket_parser *parser = &conn->websocket->parser;

    conn->websocket->is_pinged = false;
    if (parser->opcode == WEBSOCKET_CLOSE) {
        conn_close_websocket(conn, parser->close_code, "");
    } else if (parser->opcode == WEBSOCKET_PING &&
               conn->out.size_bytes <= conn->burst_bytes + WATCH_BACKLOG_BYTES_MAX) {
        conn_put(conn, websocket_frame(WEBSOCKET_PONG, parser->payload, parser->size_bytes));
        conn_flush(conn);
    }
}

size_t conn_take_frames(struct conn *conn, const char *bytes, size_t size_bytes)
{
    struct websocket_parser *parser = &conn->websocket->parser;
    size_t used = websocket_feed(parser, bytes, size_bytes);

    if (parser->state == WEBSOCKET_WHOLE) {
        on_frame(conn);
        websocket_next(parser);
    } else if (parser->state == WEBSOCKET_REFUSED) {
        conn->http->closed[METRIC_CLOSED_REFUSED]++;
        log_warning("a WebSocket is closed: %s code=%d", parser->refused,
                    (int)parser->refused_code);
        conn_close_websocket(conn, parser->refused_code, parser->refused);
    }
    return used;
}

/* Who is asked and says nothing until he would be asked again is not there any more. */
void conn_tend_websocket(struct conn *conn, int64_t now_ms, int64_t late_ms)
{
    struct websocket *websocket = conn->websocket;
    int64_t hurry = conn->http->options.hurry > 0 ? conn->http->options.hurry : 1;

    if (websocket == NULL || conn->state != CONN_STREAMING) {
        return;
    }
    websocket->ping_at_ms += websocket->ping_at_ms == 0 ? 0 : late_ms;
    if (websocket->ping_at_ms > now_ms) {
        return;
    }
    if (websocket->is_pinged) {
        conn_cut_stream(conn, METRIC_CLOSED_SILENT);
        return;
    }
    if (websocket->ping_at_ms != 0 && !conn->is_blocked) {
        websocket->is_pinged = true;
        conn_put(conn, websocket_frame(WEBSOCKET_PING, NULL, 0));
        conn_flush(conn);
    }
    websocket->ping_at_ms = now_ms + WEBSOCKET_PING_MS / hurry;
}
