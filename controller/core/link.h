/* The controller's end of an agent's connection.
 *
 *     CHALLENGED --hello ok--> WELCOMED --hangup or silence--> CLOSING --link down--> (gone)
 *          \--bad hello, too late--> CLOSING
 */
#pragma once

#include "controller/core/core.h"
#include "schema/apply.h"
#include "schema/wire/wire.h"

enum link_state { LINK_CHALLENGED, LINK_WELCOMED, LINK_CLOSING };

/* A log that an HTTP exchange reads. */
struct log_stream {
    uint64_t id;
    uint64_t http_id;
    bool is_mid_line; /* what was passed on so far does not end with a newline */
    struct dlist of_link;
};

struct link {
    uint64_t id;
    enum link_state state;
    uint64_t epoch;            /* of this connection; rises for an agent with each */
    struct agent_entry *agent; /* borrowed; NULL unless WELCOMED */
    char nonce[KEY_TEXT_SIZE]; /* base64 */
    struct mono opened_at, heard_at;
    int64_t heartbeat_ms; /* as told in the welcome */
    bool has_backlog;     /* an assign is on its way out: nothing is composed for it */
    bool needs_full;      /* its set is unknown or differs */
    struct digest told;   /* of the set as of the last assign composed, or of the hello */
    uint64_t report_seq;  /* highest seen on this connection */
    unsigned bad_messages;
    struct dlist logs;     /* log_stream.of_link */
    struct arena said;     /* owned: of the next */
    struct node *declared; /* what its hello says of itself, as a configuration; NULL before it */
};

struct link *link_find(const struct ctl *ctl, uint64_t id);
/* The first and last words with an agent (hello.c). */
#define AGENT_MANAGER "fog-agent" /* who owns what agents say of themselves */
struct manager link_manager(const struct ctl *ctl);
/* The Agent object in force after what an agent says of itself was laid over it, with the rank of
 * discovery: what operators and the directory wrote stays theirs.  Inside a transaction.  NULL,
 * with words, when the result would not be valid. */
struct object *link_declare(struct ctl *ctl, const struct node *declared,
                            char why[static ERR_TEXT_SIZE]);
void link_hello(struct ctl *ctl, struct link *link, const struct wire_hello *hello);
void link_refuse(struct ctl *ctl, struct link *link, const char *reason, const char *message,
                 int64_t retry_after_ms);
int64_t link_heartbeat_ms(const struct ctl *ctl); /* the interval that fits the fleet now */
void link_set_state(struct link *link, enum link_state state);
void link_challenge(const struct ctl *ctl, const struct link *link,
                    struct wire_challenge *ret_challenge);
