/* The inside of the HTTP listener, shared by its files: connections (http.c), the streams
 * (http_stream.c), those that are WebSockets (http_websocket.c), and the transfers
 * (http_transfer.c) among their requests. */
#pragma once

#include "controller/io/http.h"
#include "controller/io/http_parse.h"
#include "controller/io/http_text.h"
#include "controller/io/outbox.h"
#include "controller/io/slots.h"
#include "controller/io/websocket.h"
#include "schema/base/dlist.h"
#include "schema/limits.h"

enum conn_state {
    CONN_READING,
    CONN_TAKING,
    CONN_WAITING,
    CONN_STREAMING,
    CONN_FLUSHING,
    CONN_LINGERING,
    CONN_DEAD,
    CONN_STATE_COUNT,
};

struct websocket; /* http_websocket.c */

struct conn {
    struct http *http;
    struct lws *wsi;
    uint64_t id; /* of the exchange the core knows of; 0: none */
    enum conn_state state;
    struct http_parser parser;
    struct str ahead; /* received of later requests */
    struct outbox out;
    size_t held_bytes;                      /* of the body, counted in http.body_bytes */
    size_t allowed_bytes;                   /* of a transfer's body, that may be handed on */
    int64_t owed_bytes;                     /* of a transfer's answer, whose head is written */
    size_t burst_bytes;                     /* of a stream: what it began with, beside the bound */
    int64_t deadline_ms;                    /* of the loop's clock; 0: none */
    bool is_last;                           /* the connection closes after this answer */
    bool was_continued;                     /* "100 Continue" was sent */
    bool is_head, is_old;                   /* HEAD; HTTP/1.0 */
    bool is_transfer;                       /* the exchange is one, */
    const struct http_transfers *transfers; /* of these; borrowed */
    struct websocket *websocket;            /* owned: asked for, and what the stream is then */
    bool is_gone;                           /* a stream is over, and its handler not yet told */
    bool is_awaited;                        /* somebody waits until a stream's reader has all */
    bool is_bursting;                       /* a stream's beginning has not yet met the loop */
    bool is_blocked; /* the socket took not everything; its reader must go on in time */
    bool is_read;    /* bytes are taken from the socket */
    struct dlist all, ready;
};

struct http {
    struct http_handlers handlers;
    struct http_options options;
    struct net *net;
    struct slots exchanges;
    struct dlist conns; /* struct conn.all */
    struct dlist ready; /* struct conn.ready: has bytes ahead and may go on */
    size_t conn_count;
    size_t body_bytes;                    /* received of all unfinished requests */
    size_t queued_bytes;                  /* that wait for all readers */
    uint64_t closed[METRIC_CLOSED_COUNT]; /* streams that we cut, by why */
    struct blob *crlf;                    /* owned */
    uv_timer_t timer;                     /* looks at deadlines, */
    int64_t looked_ms;                    /* the last time then, of the loop's clock */
    uv_idle_t idle;                       /* runs while `ready` has members */
    bool is_closing;
    char scratch[HTTP_WRITE_BYTES];
};

void conn_move(struct conn *conn, enum conn_state to);
/* The time until something has to happen; 0: forever. */
void conn_arm(struct conn *conn, int64_t ms);
/* Asynchronous: the close callback comes from the loop, whoever calls this. */
void conn_die(struct conn *conn);
void conn_end_exchange(struct conn *conn);
void conn_update_reading(struct conn *conn);
/* It may take bytes again: those that came ahead are looked at from the loop. */
void conn_be_ready(struct conn *conn);
void conn_put(struct conn *conn, struct blob *blob /* taken */);
void conn_flush(struct conn *conn);
void conn_send_whole(struct conn *conn, struct http_reply *reply, struct blob *body);
/* The shell's own answer, after which the connection closes: where the next request would begin is
 * not known, or not worth knowing. */
void conn_refuse(struct conn *conn, struct http_refusal refusal);
bool conn_refuse_foreign(struct conn *conn);
void conn_go_on(struct conn *conn); /* "100 Continue", to those who wait for it */

/* Of transfers: its head is whole; a piece of its body was parsed. */
void conn_begin_transfer(struct conn *conn);
void conn_hand_on(struct conn *conn);

/* Of streams: cut for a reason that is counted, whole chunks or not; over for its handler, who
 * hears of it from the loop, and then. */
void conn_cut_stream(struct conn *conn, enum metric_closed why);
void conn_tell_gone(struct conn *conn);
void conn_tell_drained(struct conn *conn);

/* Of WebSockets.  A request may ask for one: the stream that answers it then is one, in frames. */
struct http_refusal conn_expect_websocket(struct conn *conn);
struct blob *websocket_head(const struct websocket *websocket);
void websocket_free(struct websocket *websocket); /* NULL does nothing */
/* What a client sends; how many bytes of it were taken. */
size_t conn_take_frames(struct conn *conn, const char *bytes, size_t size_bytes);
/* Says goodbye behind what was said before, and lets the client go. */
void conn_end_websocket(struct conn *conn, enum websocket_code code, const char *reason);
/* The same at once: what is not under way is never said.  The exchange is over for its handler. */
void conn_close_websocket(struct conn *conn, enum websocket_code code, const char *reason);
/* Is anybody there?  `late_ms`: for so long nobody could be heard. */
void conn_tend_websocket(struct conn *conn, int64_t now_ms, int64_t late_ms);
