/* The controller's core behind its API, with the real store and gate, in one thread.
 *
 *     api_init(&api);
 *     api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
 *
 * Each call is one request: the batch of its step is committed to a real store on a disk in memory,
 * the effects go through the gate, answers and chunks are kept by exchange, messages by link.
 * Bodies are written with ' for " and ` for \". */
#pragma once

#include "controller/core/core.h"
#include "controller/core/gate.h"
#include "controller/io/store/store.h"
#include "schema/base/str.h"
#include "schema/wire/wire.h"
#include "tests/sim/disk.h"

#define POLICIES    "/apis/fog/v1/harvestpolicies"
#define SESSIONS    "/apis/fog/v1/harvestsessions"
#define AGENTS      "/apis/fog/v1/agents"
#define ASSIGNMENTS "/apis/fog/v1/assignments"
#define EVENTS      "/api/v1/events"
#define CHANGESETS  "/apis/fog/v1/changesets"
#define ROLLBACKS   "/apis/fog/v1/rollbacks"
/* The spec of a session that nothing is wrong with. */
#define WORK        "'workload': {'command': ['/bin/work']}"

struct api_reply {
    uint64_t id;
    int code; /* 0: not answered yet */
    bool is_stream, is_text, has_ended;
    int retry_after_seconds;
    char *warning;            /* owned */
    const char *content_type; /* NULL: JSON or text */
    char *etag;               /* owned */
    struct str body;          /* chunks one after the other */
    struct node *json;        /* of a whole answer; NULL for text and streams */
    struct {
        VEC_OF(struct node *);
    } events; /* of a watch: one for each chunk */
};

struct api_sent { /* to an agent */
    uint64_t link;
    struct blob *bytes; /* owned reference */
    char *hangup;       /* owned: the reason; then there are no bytes */
    bool is_taken;
};

struct api_notice {       /* to a receiver of an alert */
    char *rule, *id, *to; /* owned */
    struct node *json;    /* in the arena */
    bool is_answered;
};

struct api {
    struct ctl *ctl;     /* owned */
    struct gate *gate;   /* owned */
    struct disk *disk;   /* owned */
    struct store *store; /* owned */
    struct arena arena;  /* of everything that calls return */
    struct mono now;
    struct wall wall;
    uint64_t next_id;
    bool holds_commits, holds_reads; /* then they pile up until api_settle() without */
    bool fails_reads;                /* history cannot be read: ERR_IO */
    bool holds_drains;               /* what is sent to agents stays in its buffers */
    struct {
        VEC_OF(struct batch *);
    } batches;
    struct {
        VEC_OF(struct read_query);
    } reads;
    struct {
        VEC_OF(struct api_reply *);
    } replies;
    struct {
        VEC_OF(struct api_sent);
    } sent;
    struct {
        VEC_OF(struct api_notice);
    } notices;
    size_t commits, commit_rows;
    /* Of the requests to come. */
    const char *content_type, *accept, *user_agent, *user, *cause, *key, *if_none_match;
};

void api_init(struct api *api);
void api_fini(struct api *api);
/* The process dies and comes back: what was committed is there. */
void api_restart(struct api *api);
void api_settle(struct api *api); /* everything that is not held comes to its end */
void api_step(struct api *api, struct ctl_event *event); /* moment filled in; then settles */
void api_tick(struct api *api);
void api_advance(struct api *api, int64_t ms); /* keeps every deadline on the way */

/* One request; the reply is there, unless something is held. */
struct api_reply *api_call(struct api *api, const char *method, const char *target,
                           const char *body);
/* The same with a body taken as it is; `size_bytes` of it. */
struct api_reply *api_call_raw(struct api *api, const char *method, const char *target,
                               const char *body, size_t size_bytes);
/* Fails, showing the answer, when the code is another one; returns the answer. */
struct node *api_expect_at(struct api *api, int code, const char *method, const char *target,
                           const char *body, const char *file, int line);
#define api_expect(api, code, method, target, body)                                                \
    api_expect_at(api, code, method, target, body, __FILE__, __LINE__)
void api_gone(struct api *api, const struct api_reply *reply);

/* "items[0].metadata.name"; NULL when absent. */
const struct node *api_at(const struct node *root, const char *path);
const char *api_text(const struct node *root, const char *path); /* "" unless a text */
int64_t api_int(const struct node *root, const char *path);      /* fails unless a number */
uint64_t api_revision(struct api *api);
char *api_target(struct api *api, const char *format, ...) _printf_(2, 3);
/* An object as it is now, as an answer shows it. */
struct node *api_get(struct api *api, const char *target);

/* Everything that must be the same when nothing changed: objects, revisions, randomness, answers
 * remembered.  In the arena. */
const char *api_fingerprint(struct api *api);

/* Agents. */
uint64_t api_link_up(struct api *api);
void api_link_down(struct api *api, uint64_t link);
void api_say(struct api *api, uint64_t link, const struct wire_message *message);
void api_say_text(struct api *api, uint64_t link, const char *text);
/* The oldest message of this type that was not taken yet; false when there is none. */
bool api_hear(struct api *api, uint64_t link, enum wire_type type, struct wire_message *ret);
const char *api_hangup(struct api *api, uint64_t link); /* the reason; NULL: not hung up */
void api_clear_sent(struct api *api);

struct api_agent {
    const char *name;
    uint8_t key[KEY_SIZE]; /* Ed25519 seed */
    uint64_t link;
    int64_t epoch, heartbeat_ms;
    uint64_t seq; /* of reports */
};

/* A hello that is fine, for the challenge that the link got; unsigned. */
struct wire_hello api_hello(struct api *api, struct api_agent *agent);
/* Signs, and says it. */
void api_say_hello(struct api *api, struct api_agent *agent, struct wire_hello *hello);
/* Up to the welcome; fails when there is none. */
void api_connect(struct api *api, struct api_agent *agent);
