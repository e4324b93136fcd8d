/* What one step wants stored: one batch, all or nothing, in the order of steps.
 *
 * Plain data, made by the core, carried out by the store.  A batch belongs to one thread at a time;
 * whoever holds it only reads it, and it is freed where it was made. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/mono.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "schema/kind.h"

#include <stdint.h>

/* The ledger holds every change of desired state, decisions included: gapless, hash-chained.  The
 * status log holds what agents report and what follows from it: sampled, unchained. */
enum row_log { ROW_LEDGER, ROW_STATUS };

enum row_verb { ROW_CREATE, ROW_UPDATE, ROW_DELETE };

struct row {
    enum row_log log;
    enum row_verb verb;
    const struct kind *kind;
    char *name, *uid;  /* owned */
    uint64_t revision; /* unique, rising over all rows of all batches */
    int64_t generation;
    struct wall at;    /* max(previous, wall): never goes back */
    char *who;         /* owned: "alice", "reconciler", "agent/edge-1" */
    char *manager;     /* owned: field manager, "fogctl"; may be "" */
    char *why;         /* owned: change cause, in words; may be "" */
    struct blob *body; /* owned reference: ROW_LEDGER canonical JSON of EMIT_LEDGER, ROW_STATUS of
                          the status alone (for events: of the whole object); NULL for a delete */
};

struct content { /* a body that rows name by its digest: a resolved template */
    struct digest digest;
    struct blob *body; /* owned reference */
};

struct answer_row {        /* the first answer to an idempotency key */
    char *key;             /* owned */
    struct digest request; /* of the request: the same key with another request is refused */
    int code;
    struct wall at;
    struct blob *body; /* owned reference */
};

struct batch {
    uint64_t seq;      /* 1, 2, …: of this start of the controller */
    int64_t handed_us; /* the shell's: when it was given to the writer */
    struct {
        VEC_OF(struct row);
    } rows;
    struct {
        VEC_OF(struct content);
    } contents;
    struct {
        VEC_OF(struct answer_row);
    } answers;
    struct {
        VEC_OF(char *);
    } forgotten_answers; /* keys whose answers may go */
    struct {
        VEC_OF(struct digest);
    } released_contents; /* that nothing names any more; stored again when something does */
    bool settles_era;    /* leases of before the restore have all ended */
};

struct batch *batch_new(uint64_t seq);
void batch_free(struct batch *batch);
bool batch_is_empty(const struct batch *batch);
