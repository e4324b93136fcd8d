/* The fault proxy: links, each a listener whose connections are passed on to one address, with
 * faults on either way (proxy_stream.h).
 *
 *     fog-proxy --seed 7
 *     {"do": "link", "name": "edge-1", "listen": "127.0.0.1:7001", "to": "127.0.0.1:7412"}
 *     {"do": "fault", "link": "edge-1", "class": "delay", "way": "both", "ms": 2000, "jitter_ms":
 * 1000}
 *     {"do": "fault", "link": "*", "class": "reset"}
 *     {"do": "heal", "link": "edge-1", "class": "delay"}         without a class: all of them
 *     {"do": "stats"}                                           connections, bytes, what fired
 *
 * Commands come as lines of JSON on standard input, each is answered by one on standard output:
 * {"ok": true, …} or {"ok": false, "error": "…"}.  The end of standard input is the end of it. */
#pragma once

#include "tests/chaos/proxy_stream.h"

#include "schema/base/err.h"
#include "schema/base/str.h"

#include <uv.h>

enum way_index { WAY_UP, WAY_DOWN }; /* from who dialled, and to */
enum { WAYS = 2, PROXY_NAME_SIZE = 64 };

struct proxy_link {
    struct dlist link;
    struct proxy *proxy; /* borrowed */
    char name[PROXY_NAME_SIZE];
    uv_tcp_t listener;
    struct sockaddr_in to;
    struct way ways[WAYS];
    struct dlist tunnels;
    uint64_t connections; /* ever */
};

struct proxy {
    uv_loop_t *loop; /* borrowed */
    uint64_t seed, order;
    struct dlist links;
};

void proxy_init(struct proxy *proxy, uv_loop_t *loop, uint64_t seed);
/* Closes all there is; run the loop until nothing is left, then proxy_fini(). */
void proxy_close(struct proxy *proxy);
void proxy_fini(struct proxy *proxy);

/* Port 0 takes a free one, written to `*ret_port`. */
int proxy_add(struct proxy *proxy, const char *name, const char *listen, const char *to,
              int *ret_port, struct err *err);
struct proxy_link *proxy_find(const struct proxy *proxy, const char *name); /* borrowed, or NULL */

void proxy_fault(struct proxy_link *link, enum way_index way, enum fault fault, struct rule rule);
void proxy_heal(struct proxy_link *link, enum way_index way, enum fault fault);

/* One line in, one line out. */
void proxy_command(struct proxy *proxy, const char *line, size_t length, struct str *answer);
