/* What can happen to the controller.  Everything the core ever learns arrives as one of these. */
#pragma once

#include "controller/core/directory.h"
#include "controller/core/stored.h"
#include "schema/base/mono.h"
#include "schema/metric.h"

#include <stddef.h>
#include <stdint.h>

enum ctl_event_type {
    CTL_START,        /* loading is over; listeners are open */
    CTL_TICK,         /* ctl_deadline() has come, or nothing happened for a while */
    CTL_HTTP,         /* a whole request */
    CTL_HTTP_GONE,    /* the client closed, or read too slowly and was closed */
    CTL_LINK_UP,      /* an agent's WebSocket is open; nothing is known of it yet */
    CTL_LINK_FRAME,   /* a whole message */
    CTL_LINK_DRAINED, /* everything sent to it so far has left our buffers */
    CTL_LINK_DOWN,
    CTL_COMMITTED,   /* this batch and all before it are durable */
    CTL_READ_DONE,   /* the result of an EFFECT_READ */
    CTL_DIRECTORY,   /* the config directory was read, or cannot be */
    CTL_STORE_SPACE, /* the disk filled up, or has room again */
    CTL_OPTIONS,     /* another configuration takes effect */
    CTL_NOTIFIED,    /* what became of an EFFECT_NOTIFY */
    CTL_COMPACTED,   /* history begins after this revision now */
};

struct http_request {
    const char *method; /* "GET" */
    const char *target; /* as received: path and query, percent-encoded */
    const char *content_type, *accept, *user_agent; /* NULL when absent */
    const char *if_none_match;                      /* NULL when absent */
    const char *user;            /* who says who they are (no authentication yet); NULL: unknown */
    const char *cause;           /* Fog-Change-Cause: why, in words; NULL when absent */
    const char *idempotency_key; /* Idempotency-Key; NULL when absent */
    const char *body;            /* not NUL-terminated */
    size_t body_size_bytes;
};

struct notified {               /* all borrowed */
    const char *rule, *id, *to; /* as in the effect */
    bool is_taken;              /* its receiver has it */
    const char *why;            /* why not; NULL: nothing is known */
};

struct ctl_event {
    enum ctl_event_type type;
    struct mono now;
    struct wall wall;
    uint64_t id; /* of the HTTP exchange or the link: chosen by the shell, never used again; batch
                    for COMMITTED; revision for COMPACTED */
    union {
        const struct http_request *http; /* borrowed */
        struct {
            const char *bytes; /* borrowed */
            size_t size_bytes;
        } frame;
        const struct read_result *read;    /* borrowed */
        const struct directory *directory; /* borrowed */
        const struct notified *notified;   /* borrowed */
        bool store_is_full;
        size_t bursts_max; /* OPTIONS: as in struct ctl_options; 0: BURSTS_MAX */
        int api_port;      /* START: that is listened on; 0: none */
    };
    const struct metrics *told; /* borrowed: what the shell counted and measured up to now; NULL:
                                   it tells nothing */
};
