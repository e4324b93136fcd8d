/* The HTTP listener: whole requests in, answers and streams out.
 *
 * It decides nothing but what no core can: whether bytes are a request, and when a connection has
 * waited long enough.  A request is known by its exchange's id from `request` until its answer is
 * given, its stream has ended, or `gone` was called.
 *
 *     READING ──request──▶ WAITING ──answer──▶ FLUSHING ──all written──▶ READING
 *        │                    │                    ▲  └──── or ─────────▶ LINGERING
 *        │                    └──head──▶ STREAMING ┘ end
 *        └──refused by us────────────────────▶ FLUSHING        any ──▶ DEAD
 */
#pragma once

#include "controller/core/effect.h"
#include "controller/core/event.h"
#include "controller/io/net.h"

struct http;

struct http_handlers { /* called from the loop, never from within the functions below */
    void (*request)(void *context, uint64_t id, const struct http_request *request);
    void (*gone)(void *context, uint64_t id);
    void *context;
};

struct http_options {
    const struct address *address;
    bool any_host;          /* not only what a local client would name in Host and Origin */
    size_t connections_max; /* 0: HTTP_CONNECTIONS_MAX */
    int64_t hurry;          /* every time is divided by it; 0: not */
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

/* The core forgot everything: what waits for an answer gets 503, streams are cut, and nothing more
 * is said about them. */
void http_drop_all(struct http *http, const char *message);

size_t http_connection_count(const struct http *http);

/* Before net_close(): no more calls of the handlers.  After it: the memory. */
void http_close(struct http *http);
void http_free(struct http *http);
