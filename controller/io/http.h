/* The HTTP listener: whole requests in, answers and streams out.
 *
 * It decides nothing but what no core can: whether bytes are a request, and when a connection has
 * waited long enough.  A request is known by its exchange's id from `request` until its answer is
 * given, its stream has ended, or `gone` was called.
 *
 *     READING ──request──▶ WAITING ──answer──▶ FLUSHING ──all written──▶ READING
 *        │                    │                    ▲  └──── or ─────────▶ LINGERING
 *        │                    └──head──▶ STREAMING ┘ end
 *        ├──refused by us────────────────────▶ FLUSHING        any ──▶ DEAD
 *        └──▶ TAKING (a transfer's body) ──all taken──▶ WAITING
 *
 * An answer that is a stream goes out in chunks, or in frames of a WebSocket to who asked for one;
 * the core does not know which.
 *
 * A *transfer* is a request whose body, or whose answer's, does not belong into memory: what is
 * below one of two prefixes.  The core never hears of it; its handlers get the body in pieces, as
 * many bytes as they allowed, and give the answer's piece by piece, when the last has left. */
#pragma once

#include "controller/core/effect.h"
#include "controller/core/event.h"
#include "controller/io/net.h"

struct http;

struct http_handlers { /* called from the loop, never from within the functions below */
    void (*request)(void *context, uint64_t id, const struct http_request *request);
    void (*gone)(void *context, uint64_t id);
    void (*drained)(void *context, uint64_t id); /* after http_await() */
    void *context;
};

struct transfer_request {
    const char *method, *target; /* borrowed for the call, as all here; NULL when absent */
    const char *range, *if_range, *if_none_match, *content_range;
    int64_t body_bytes; /* to come; nothing comes before http_allow() */
};

struct http_transfers {
    const char *prefix; /* "/blobs/" */
    int64_t body_bytes_max;
    void (*begin)(void *context, uint64_t id, const struct transfer_request *request);
    void (*piece)(void *context, uint64_t id, const char *bytes, size_t size_bytes);
    void (*drained)(void *context, uint64_t id); /* there is room for the next piece */
    void (*gone)(void *context, uint64_t id);    /* before its answer was whole */
    void *context;
};

struct http_options {
    const struct address *address;
    bool any_host;                   /* not only what a local client would name in Host */
    size_t connections_max;          /* 0: HTTP_CONNECTIONS_MAX */
    size_t queued_bytes_max;         /* 0: HTTP_QUEUED_BYTES_MAX */
    int64_t hurry;                   /* every time is divided by it; 0: not */
    struct http_transfers transfers; /* without a prefix there are none */
    struct http_transfers backups;   /* likewise, below another prefix */
};

/* Listens at once; `ret_port` is the port in use.  The net is borrowed.  `ret_http` is given even
 * when listening failed: close and free it. */
int http_open(struct net *net, const struct http_options *options,
              const struct http_handlers *handlers, struct http **ret_http, int *ret_port,
              struct err *err);

/* Ids that are gone are passed over in silence.  `effect` stays the caller's. */
void http_answer(struct http *http, const struct effect *effect);
void http_chunk(struct http *http, const struct effect *effect);
void http_end(struct http *http, uint64_t id);
/* False: the reader of this stream has everything, or is gone.  True: `drained` tells when, or
 * `gone`, unless http_end() comes first. */
bool http_await(struct http *http, uint64_t id);

/* Of transfers.  More of the body may come: after `begin`, and after pieces were dealt with. */
void http_allow(struct http *http, uint64_t id, size_t size_bytes);

struct transfer_answer {
    int code;
    const char *content_type, *headers; /* as in struct http_reply_extra */
    int retry_after_seconds;
    struct blob *body;  /* borrowed: whole; NULL: it comes in pieces */
    int64_t size_bytes; /* of all pieces together, or of what HEAD is not shown */
};

/* The answer is whole at once, with `body`, with no bytes, or to HEAD.  Before the body was taken
 * it is the last on its connection. */
void http_transfer_answer(struct http *http, uint64_t id, const struct transfer_answer *answer);
/* True: the next may follow at once; false: after `drained`, or never again when that was the last.
 */
bool http_transfer_piece(struct http *http, uint64_t id, struct blob *bytes /* taken */);
void http_transfer_cut(struct http *http, uint64_t id); /* `gone` follows */

/* The core forgot everything: what waits for an answer gets 503, streams are cut, and nothing more
 * is said about them.  Transfers go on. */
void http_drop_all(struct http *http, const char *message);

struct http_load {
    size_t connections, queued_bytes;     /* as of now */
    uint64_t closed[METRIC_CLOSED_COUNT]; /* streams that were cut since it was opened */
};

struct http_load http_load(const struct http *http);

/* Before net_close(): no more calls of the handlers.  After it: the memory. */
void http_close(struct http *http);
void http_free(struct http *http);
