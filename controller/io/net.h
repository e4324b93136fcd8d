/* The network's ground: one libwebsockets context on our libuv loop, and listeners on it.
 *
 * libwebsockets 4.1.6 wants care, all of it kept here: no ping and validity timers (a sorted list,
 * O(n)), a table of descriptors below the process's limit (at the limit it spins), one thread,
 * HTTP/1.1 alone, and a close in two phases around a run of the loop. */
#pragma once

#include "controller/io/address.h"
#include "schema/base/err.h"

#include <libwebsockets.h>
#include <uv.h>

struct net {
    uv_loop_t *loop;             /* borrowed */
    struct lws_context *context; /* owned */
    size_t sockets_max;          /* that listeners may hold together */
};

int net_open(struct net *net, uv_loop_t *loop, struct err *err);

struct net_listener {
    const char *name;
    const struct address *address;
    const struct lws_protocols *protocols; /* static */
    bool is_raw; /* connections are bytes for protocols[0]; otherwise HTTP and WebSocket */
    void *owner; /* lws_get_vhost_user() of the vhost */
};

/* ERR_UNAVAILABLE when the address is taken or not ours. */
int net_listen(struct net *net, const struct net_listener *listener, int *ret_port,
               struct err *err);

/* Closes every connection (their callbacks run) and every handle that was uv_close()d before; the
 * loop has nothing left afterwards and is closed too. */
void net_close(struct net *net);
