/* The listener for agents: one WebSocket each, whole messages in, messages by priority out.
 *
 *     OPEN ──hangup──▶ CLOSING (writes what waits, then the close frame) ──▶ DEAD
 *       └────────────────── too much, too slow, broken ────────────────────▶ DEAD
 *
 * Only the subprotocol fog.agent.v1 is spoken, without extensions, in text messages of valid UTF-8:
 * frames of at most FRAME_BYTES_MAX, messages of at most MESSAGE_BYTES_MAX. */
#pragma once

#include "controller/core/effect.h"
#include "controller/io/net.h"

struct links;

struct link_handlers { /* called from the loop, never from within the functions below */
    void (*up)(void *context, uint64_t id);
    void (*frame)(void *context, uint64_t id, const char *bytes, size_t size_bytes);
    void (*drained)(void *context, uint64_t id); /* everything sent so far has left our buffers */
    void (*down)(void *context, uint64_t id);
    void *context;
};

struct link_options {
    const struct address *address;
    size_t links_max; /* 0: AGENTS_MAX; connections that still shake hands included */
};

/* Listens at once; `ret_port` is the port in use.  The net is borrowed.  `ret_links` is given even
 * when listening failed: close and free it. */
int links_open(struct net *net, const struct link_options *options,
               const struct link_handlers *handlers, struct links **ret_links, int *ret_port,
               struct err *err);

/* Ids that are gone are passed over in silence.  The bytes stay the caller's. */
void links_send(struct links *links, uint64_t id, enum send_priority priority, struct blob *bytes);
void links_hangup(struct links *links, uint64_t id, const char *reason);

/* The core forgot everything: all are hung up and nothing more is said about them. */
void links_drop_all(struct links *links, const char *reason);

size_t links_count(const struct links *links);

/* Before net_close(): no more calls of the handlers.  After it: the memory. */
void links_close(struct links *links);
void links_free(struct links *links);
