/* The link to the controller: one WebSocket at a time, over libwebsockets on our own loop.
 *
 * The core decides when to connect and when to hang up; this room carries messages.  Outgoing ones
 * wait in three queues, control before report before log.  When too much waits, log lines go first,
 * counted; then the link is hung up, because the controller does not read. */
#pragma once

#include "agent/core/agt.h"

#include <uv.h>

struct link_address {
    char host[256];
    int port;
    bool is_loopback;
};

/* Reads "ws://HOST[:PORT]"; ERR_INVALID with words. */
int link_address_from_str(const char *text, struct link_address *ret_address, struct err *err);

struct link;

/* LINK_UP, LINK_FRAME, LINK_DRAINED, LINK_DOWN.  Never called from within a function of this header
 * but the loop. */
typedef void link_event_fn(void *data, struct agt_event *event);

int link_new(uv_loop_t *loop, const struct link_address *address, link_event_fn *on_event,
             void *data, struct link **ret_link, struct err *err);
/* Hangs up, drains the loop, closes it and frees the link.  All other handles of the loop must be
 * closing.  Nothing is told any more. */
void link_close(struct link *link);

void link_connect(struct link *link);                     /* LINK_UP or LINK_DOWN will follow */
void link_hang_up(struct link *link, const char *reason); /* LINK_DOWN will follow, if it was up */
/* Takes a reference of its own.  While the link is not up, messages are dropped. */
void link_send(struct link *link, struct blob *message, int priority);
bool link_is_up(const struct link *link);
bool link_is_drained(const struct link *link);
