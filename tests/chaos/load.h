/* fog-chaos-load: operators who work on one fleet at the same time, over the HTTP API alone, and a
 * log of what they asked for and what they were told.
 *
 * Each operation has an id, which is its idempotency key, its change cause and (for those that
 * write an object) the value of the annotation "chaos/value": whoever reads the ledger sees whose
 * each row is.  The log has one line for each of
 *
 *     {"t": ns, "op": id, "who": …, "type": "invoke", "verb": …, "kind": …, "name": …, …}
 *         before the first byte goes out.  Verbs: create, apply, patch, replace, delete, changeset
 *         ("objects": [{kind, name}]), rollback ("toRevision"), dry-run, reuse (another request
 *         under a key that was used), get, list.  "ifRevision": the version it was made from
 *     {"t", "op", "who", "type": "ok", "code", "attempts", "body": hash of the answer, …}
 *         get and writes of one object: "rv", "uid", "value", "spec" (a hash); list: "rv" and
 *         "items", each {name, rv, …}; changeset and rollback: "items", each {kind, name, rv, …,
 *         result}.  A get of what is not there is "ok" with code 404
 *     {"t", "op", "who", "type": "fail", "code", "reason"}    refused, and so not carried out
 *     {"t", "op", "who", "type": "unknown", …}   no answer, or refused after one was lost
 *     {"t", "op", "who", "type": "repeat", "code", "body"}    sent once more, at once or later
 *
 * each written with one write to a file opened with O_APPEND; `t` is CLOCK_MONOTONIC.
 *
 * A request whose answer was lost (a broken connection, a 5xx) is sent again under the same key
 * until `patience_ms` is over; so is one that was told to come later (429). */
#pragma once

#include <curl/curl.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOAD_ID_SIZE = 64,
    LOAD_NAMES_MAX = 64,
    LOAD_OPERATORS_MAX = 64,
    LOAD_URL_SIZE = 512,
    LOAD_KEPT_MAX = 16
};

struct load_options {
    const char *url, *token, *log, *work, *runs, *password;
    int64_t seed, operators, sessions, policies, agents, pause_ms, timeout_ms, patience_ms;
    int64_t seconds, operations; /* of each operator; 0: until SIGTERM */
    int log_fd;
    int incarnation; /* tells the operations of a restarted program apart */
};

struct load_counts {
    uint64_t ok, fail, unknown, reads, repeats, attempts;
};

struct kept { /* a write that was answered, to be sent once more; texts owned */
    char id[LOAD_ID_SIZE], path[LOAD_URL_SIZE];
    const char *verb, *method, *type;
    char *body;
};

struct operator
{
    const struct load_options *options;
    int index;
    char who[16];
    uint64_t random;
    uint64_t next; /* number of its next operation */
    CURL *curl;
    struct load_counts counts;
    char seen[2 * LOAD_NAMES_MAX][24]; /* a revision each object was seen at; "": none */
    struct kept kept[LOAD_KEPT_MAX];
    size_t kept_count; /* ever: the oldest make room */
};

struct operation {
    char id[LOAD_ID_SIZE];
    const char *verb, *kind; /* "HarvestSession"; of the first object */
    char name[64];
    const char *method;
    char path[LOAD_URL_SIZE];
    const char *type; /* of the body */
    json_t *body;     /* owned; NULL: none */
    json_t *facts;    /* owned; into the line of its invocation */
    const char *key;  /* NULL: none */
    bool is_read;
};

struct answer {
    long code; /* 0: none came */
    char *text;
    size_t length;
    json_t *json; /* owned; NULL when it is none */
};

extern volatile sig_atomic_t load_ends; /* told to */

int64_t load_now_ns(void);
void load_doze_ms(int64_t ms); /* less when told to end */
uint64_t load_draw(struct operator* self, uint64_t below);

/* load_send.c: logs, sends until it is known what became of it or patience ends, logs.  Leaves the
 * answer to a read in `ret_object` (owned; NULL when there was none). */
void load_perform(struct operator* self, struct operation *operation, json_t **ret_object);

/* One of the writes that were answered, once more: it must be answered as it was. */
void load_repeat_kept(struct operator* self);

/* load_verbs.c: one operation drawn by chance, performed. */
void load_do_something(struct operator* self);
