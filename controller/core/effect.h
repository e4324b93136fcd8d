/* What the core wants done.  The shell performs effects in order; it decides nothing.
 *
 * An effect with `after` > 0 tells somebody about state and waits until that batch, and so all
 * before it, is durable; one with 0 is immediate: heartbeats, hang-ups, health.  The order of the
 * waiting ones is the order of release; controller/core/gate.h keeps it. */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/stored.h"

enum effect_type {
    EFFECT_ANSWER, /* a whole HTTP answer, or the head of a stream */
    EFFECT_CHUNK,  /* more of a stream */
    EFFECT_END,    /* the end of a stream */
    EFFECT_SEND,   /* a message to an agent */
    EFFECT_HANGUP, /* close a link */
    EFFECT_READ,   /* read history; answered by CTL_READ_DONE */
    EFFECT_NOTIFY, /* tell a receiver of an alert; answered by CTL_NOTIFIED */
};

/* What is sent first when a link has a backlog. */
enum send_priority { SEND_CONTROL, SEND_ASSIGNMENT, SEND_REPORT, SEND_LOG };

struct effect {
    enum effect_type type;
    uint64_t after;
    uint64_t id;        /* HTTP exchange or link */
    struct blob *bytes; /* owned reference: body, chunk or message; NULL: none */
    union {
        struct {
            int code;
            bool is_stream;           /* chunks follow until EFFECT_END */
            bool is_text;             /* text/plain instead of application/json */
            const char *content_type; /* static: another one than these two; NULL: none */
            char *etag; /* owned: with its quotes; the client may keep it; NULL: none */
            int retry_after_seconds; /* 0: no such header */
            char *warning;           /* owned: "299 - …" for a Warning header; NULL: none */
        } answer;
        enum send_priority priority;
        char *reason;           /* owned: EFFECT_HANGUP, for the close frame and the log */
        struct read_query read; /* owned */
        struct {
            char *rule, *id, *to; /* owned; the bytes are JSON */
            int level;            /* enum alert_level, of a line in the log */
            char *url;            /* owned; NULL: the log */
            int64_t timeout_ms;
        } notify;
    };
};

struct effects {
    VEC_OF(struct effect);
    struct batch *batch; /* owned: what to store; NULL when nothing */
};

void effects_init(struct effects *effects);
void effects_fini(struct effects *effects);
void effect_fini(struct effect *effect); /* frees what it owns */
