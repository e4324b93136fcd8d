/* Streams: answers that go on, chunk by chunk or frame by frame, to readers who may be slow.
 *
 * What waits for a reader is bounded twice: each may be behind by WATCH_BACKLOG_BYTES_MAX, beside
 * what its stream began with, and all together by HTTP_QUEUED_BYTES_MAX, of whom the one that is
 * most behind then goes.  Who is too slow is cut and told why where there are words for it; nothing
 * is lost by that, for a watch goes on from the revision that its reader got to. */
#include "controller/io/http_inner.h"

#include "schema/base/log.h"

static void add_chunk(struct conn *conn, struct blob *bytes)
{
    char size_line[24];
    int length;

    if (bytes == NULL || bytes->size_bytes == 0) {
        return;
    }
    if (conn->websocket != NULL) { /* an event is a line, and so a frame */
        size_t size_bytes = bytes->size_bytes - (bytes->data[bytes->size_bytes - 1] == '\n');

        conn_put(conn, websocket_frame(WEBSOCKET_TEXT, bytes->data, size_bytes));
        return;
    }
    if (conn->is_old) {
        conn_put(conn, blob_ref(bytes));
        return;
    }
    length = snprintf(size_line, sizeof(size_line), "%zx\r\n", bytes->size_bytes);
    conn_put(conn, blob_new(size_line, (size_t)length));
    conn_put(conn, blob_ref(bytes));
    conn_put(conn, blob_ref(conn->http->crlf));
}

/* --- readers that are too slow ---------------------------------------------------------------- */

void conn_tell_gone(struct conn *conn)
{
    struct http *http = conn->http;
    uint64_t id = conn->id;

    conn->is_gone = false;
    if (id != 0) {
        conn_end_exchange(conn);
        http->handlers.gone(http->handlers.context, id);
    }
}

void conn_tell_drained(struct conn *conn)
{
    struct http *http = conn->http;

    if (conn->is_transfer) {
        conn->transfers->drained(conn->transfers->context, conn->id);
    } else if (conn->is_awaited) {
        conn->is_awaited = false;
        http->handlers.drained(http->handlers.context, conn->id);
    }
}

void conn_cut_stream(struct conn *conn, enum metric_closed why)
{
    static const char *const words[METRIC_CLOSED_COUNT] = {
        [METRIC_CLOSED_SLOW] = "too slow: more waited than may; go on from the last revision",
        [METRIC_CLOSED_STALLED] = "nothing was taken for too long",
        [METRIC_CLOSED_CROWDED] = "too much waits for all readers; go on from the last revision",
        [METRIC_CLOSED_SILENT] = "no answer to a ping",
        [METRIC_CLOSED_REFUSED] = "what came from the client is refused",
    };

    if (conn->state == CONN_STREAMING || conn->websocket == NULL) { /* not when told goodbye */
        conn->http->closed[why]++;
        log_warning("a stream is closed: %s backlog=%zu", words[why], conn->out.size_bytes);
    }
    if (conn->websocket != NULL && conn->state == CONN_STREAMING &&
        (why == METRIC_CLOSED_SLOW || why == METRIC_CLOSED_CROWDED)) {
        conn_close_websocket(conn, WEBSOCKET_LATER, words[why]);
    } else {
        conn_die(conn);
    }
}

static bool may_be_cut(const struct conn *conn)
{
    return !conn->is_transfer && (conn->state == CONN_STREAMING || conn->state == CONN_FLUSHING);
}

static void bound_queue(struct http *http)
{
    while (http->queued_bytes > http->options.queued_bytes_max) {
        struct conn *most = NULL;

        dlist_each (&http->conns, struct conn, all, conn) {
            if (may_be_cut(conn) && (most == NULL || conn->out.size_bytes > most->out.size_bytes)) {
                most = conn;
            }
        }
        if (most == NULL) {
            return; /* transfers, which have a bound of their own */
        }
        conn_cut_stream(most, METRIC_CLOSED_CROWDED);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void begin_stream(struct conn *conn, struct http_reply *reply, struct blob *first)
{
    if (conn->websocket != NULL) {
        conn->is_last = true;
        conn_put(conn, websocket_head(conn->websocket));
    } else {
        conn_send_whole(conn, reply, NULL);
    }
    conn_move(conn, CONN_STREAMING);
    add_chunk(conn, first);
    conn->is_bursting = true;
    conn->burst_bytes = conn->out.size_bytes;
    conn_arm(conn, 0);
    (void)lws_callback_on_writable(conn->wsi); /* ends the burst */
    if (conn->websocket != NULL) {
        conn_be_ready(conn); /* frames may have come with the request */
    }
    conn_flush(conn);
    if (conn->is_head) {
        conn_die(conn); /* a stream without a body has no end to wait for */
    }
}

void http_answer(struct http *http, const struct effect *effect)
{
    struct conn *conn = slots_find(&http->exchanges, effect->id);
    struct http_reply reply = {
        .code = effect->answer.code,
        .is_stream = effect->answer.is_stream,
        .is_text = effect->answer.is_text,
        .retry_after_seconds = effect->answer.retry_after_seconds,
        .warning = effect->answer.warning,
        .etag = effect->answer.etag,
        .extra = {.content_type = effect->answer.content_type},
    };

    if (conn == NULL || conn->state != CONN_WAITING) {
        return;
    }
    conn->is_last = !conn->parser.is_keep_alive || http->is_closing;
    reply.is_chunked = !conn->is_old;
    if (!reply.is_stream || reply.is_text || reply.code != 200) {
        websocket_free(TAKE(conn->websocket)); /* what is refused, or no events: as it always is */
    }
    if (reply.is_stream) {
        begin_stream(conn, &reply, effect->bytes);
    } else {
        conn_send_whole(conn, &reply, effect->bytes);
        conn_move(conn, CONN_FLUSHING);
        conn_end_exchange(conn);
        conn_flush(conn);
    }
    bound_queue(http);
}

void http_chunk(struct http *http, const struct effect *effect)
{
    struct conn *conn = slots_find(&http->exchanges, effect->id);
    size_t before;

    if (conn == NULL || conn->state != CONN_STREAMING) {
        return;
    }
    before = conn->out.size_bytes;
    add_chunk(conn, effect->bytes);
    if (conn->is_bursting) {
        conn->burst_bytes += conn->out.size_bytes - before;
    }
    conn_flush(conn);
    if (conn->state == CONN_STREAMING &&
        conn->out.size_bytes > conn->burst_bytes + WATCH_BACKLOG_BYTES_MAX) {
        conn_cut_stream(conn, METRIC_CLOSED_SLOW);
    }
    bound_queue(http);
}

void http_end(struct http *http, uint64_t id)
{
    struct conn *conn = slots_find(&http->exchanges, id);

    if (conn == NULL || conn->state != CONN_STREAMING || conn->is_transfer) {
        return;
    }
    if (conn->websocket != NULL) {
        conn_end_exchange(conn);
        conn_end_websocket(conn, WEBSOCKET_DONE, "all was said");
        return;
    }
    if (conn->is_old) {
        conn->is_last = true;
    } else {
        conn_put(conn, blob_new("0\r\n\r\n", 5));
    }
    conn_move(conn, CONN_FLUSHING);
    conn_end_exchange(conn);
    conn_flush(conn);
}

bool http_await(struct http *http, uint64_t id)
{
    struct conn *conn = slots_find(&http->exchanges, id);

    if (conn == NULL || conn->state != CONN_STREAMING || conn->is_transfer ||
        (conn->out.size_bytes == 0 && !conn->is_blocked)) {
        return false;
    }
    conn->is_awaited = true;
    return true;
}
