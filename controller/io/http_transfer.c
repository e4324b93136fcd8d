/* Transfers: requests of the HTTP listener whose bodies, in either direction, come and go in
 * pieces.
 *
 * What holds up the slow side is the other: a body is read from the socket only as far as its taker
 * allowed, and the next piece of an answer is asked for when the one before has left. */
#include "controller/io/http_inner.h"

#include "schema/base/vec.h"

static struct conn *find_transfer(const struct http *http, uint64_t id)
{
    struct conn *conn = slots_find(&http->exchanges, id);

    return conn != NULL && conn->is_transfer ? conn : NULL;
}

void http_allow(struct http *http, uint64_t id, size_t size_bytes)
{
    struct conn *conn = find_transfer(http, id);

    if (conn == NULL || conn->state != CONN_TAKING) {
        return;
    }
    conn->allowed_bytes += size_bytes;
    conn_arm(conn, HTTP_STALL_MS); /* it is the client's turn */
    conn_be_ready(conn);
    conn_update_reading(conn);
}

void http_transfer_answer(struct http *http, uint64_t id, const struct transfer_answer *answer)
{
    struct conn *conn = find_transfer(http, id);
    struct http_reply reply = {
        .code = answer->code,
        .extra = {.content_type = answer->content_type, .headers = answer->headers},
        .retry_after_seconds = answer->retry_after_seconds,
    };

    if (conn == NULL || (conn->state != CONN_WAITING && conn->state != CONN_TAKING)) {
        return;
    }
    conn->is_last = conn->state == CONN_TAKING || !conn->parser.is_keep_alive || http->is_closing;
    conn->owed_bytes = answer->body != NULL || conn->is_head ? 0 : answer->size_bytes;
    conn_arm(conn, 0);
    if (answer->body == NULL) {
        reply.is_measured = true;
        reply.size_bytes = (size_t)answer->size_bytes;
    }
    conn_send_whole(conn, &reply, answer->body);
    if (conn->owed_bytes > 0) {
        conn_move(conn, CONN_STREAMING);
    } else {
        conn_move(conn, CONN_FLUSHING);
        conn_end_exchange(conn);
    }
    conn_flush(conn);
}

bool http_transfer_piece(struct http *http, uint64_t id, struct blob *bytes)
{
    struct conn *conn = find_transfer(http, id);

    if (conn == NULL || conn->state != CONN_STREAMING) {
        blob_unref(bytes);
        return false;
    }
    assert((int64_t)bytes->size_bytes <= conn->owed_bytes);
    conn->owed_bytes -= (int64_t)bytes->size_bytes;
    conn_put(conn, bytes);
    if (conn->owed_bytes == 0) {
        conn_move(conn, CONN_FLUSHING);
        conn_end_exchange(conn);
    }
    conn_flush(conn);
    return conn->state == CONN_STREAMING && !conn->is_blocked;
}

void http_transfer_cut(struct http *http, uint64_t id)
{
    struct conn *conn = find_transfer(http, id);

    if (conn != NULL) {
        conn_die(conn);
    }
}

static const struct http_transfers *transfers_of(const struct http *http, const char *target)
{
    const struct http_options *options = &http->options;

    return options->backups.prefix != NULL && str_starts(target, options->backups.prefix)
               ? &options->backups
               : &options->transfers;
}

void conn_begin_transfer(struct conn *conn)
{
    const struct http_parser *parser = &conn->parser;
    const struct http_transfers *transfers = transfers_of(conn->http, parser->target);
    struct transfer_request request = {
        .method = parser->method,
        .target = parser->target,
        .range = http_parser_header(parser, "range"),
        .if_range = http_parser_header(parser, "if-range"),
        .if_none_match = http_parser_header(parser, "if-none-match"),
        .content_range = http_parser_header(parser, "content-range"),
        .body_bytes = (int64_t)parser->remaining,
    };

    if (conn_refuse_foreign(conn)) {
        return;
    }
    conn->is_transfer = true;
    conn->transfers = transfers;
    conn->is_head = str_eq(request.method, "HEAD");
    conn->is_old = parser->is_http_1_0;
    conn->allowed_bytes = 0;
    conn->id = slots_add(&conn->http->exchanges, conn);
    conn_move(conn, parser->state == HTTP_PARSE_DONE ? CONN_WAITING : CONN_TAKING);
    conn_arm(conn, 0);
    transfers->begin(transfers->context, conn->id, &request);
    if (conn->state == CONN_TAKING) {
        conn_go_on(conn);
    }
}

/* The piece that was just parsed.  What it leads to may be the answer. */
void conn_hand_on(struct conn *conn)
{
    const struct http_transfers *transfers = conn->transfers;
    struct str piece = conn->parser.body;

    str_init(&conn->parser.body);
    assert(piece.length <= conn->allowed_bytes);
    conn->allowed_bytes -= piece.length;
    if (conn->parser.state == HTTP_PARSE_DONE) {
        conn_move(conn, CONN_WAITING);
    }
    conn_arm(conn, conn->state == CONN_TAKING && conn->allowed_bytes > 0 ? HTTP_STALL_MS : 0);
    transfers->piece(transfers->context, conn->id, piece.data, piece.length);
    str_fini(&piece);
}
