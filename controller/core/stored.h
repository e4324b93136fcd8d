/* What comes back from the store: at start, and when history is read. */
#pragma once

#include "controller/core/batch.h"
#include "schema/base/arena.h"
#include "schema/base/rand.h"

/* One change as history keeps it, with the object as it was after the change. */
struct stored_change {
    enum row_log log;
    enum row_verb verb;
    const struct kind *kind;
    const char *name, *uid;
    uint64_t revision;
    uint64_t ledger_seq; /* 0 for status rows */
    int64_t generation;
    struct wall at;
    const char *who, *manager, *why;
    struct blob *body;          /* borrowed: the ledger body in force; the last one for a delete */
    struct blob *status;        /* borrowed: newest status up to this revision; may be NULL */
    struct blob *body_before;   /* borrowed: the ledger body before this change; NULL when created
                                   here or not asked for */
    struct blob *status_before; /* borrowed: of a status row, the status before; NULL when there was
                                   none, it was not asked for, or a store before version 3 wrote
                                   the row */
    uint64_t ledger_revision;   /* start-up: revision of the ledger row in force */
    uint64_t status_revision;   /* start-up, past: revision of the status row in force; 0 without */
    bool is_status_gone;        /* past: a newer status of then was compacted; changes of which the
                                 one before is asked for: that of a status row was */
};

/* Each era of a store has revisions of its own: what was written after a copy was taken, and lost
 * when the copy was put back, shares none with what is written instead. */
enum { ERA_REVISION_BITS = 40 };

static inline uint64_t era_floor(uint64_t era) /* its revisions lie above this, below the next's */
{
    return era == 0 ? 0 : (era - 1) << ERA_REVISION_BITS;
}

static inline uint64_t era_of_revision(uint64_t revision)
{
    return (revision >> ERA_REVISION_BITS) + 1;
}

/* What a restore from a copy lost. */
struct lost_part {
    uint64_t era;     /* that the restore began; 0: nothing was lost there */
    uint64_t last;    /* the newest revision that the copy had */
    struct wall from; /* when that was written */
    struct wall to;   /* when the copy was put back, as far as that is known; zero: it is not */
};

struct stored_state { /* of the store as a whole, at start */
    char store_id[UID_TEXT_SIZE];
    uint64_t era;
    bool is_unsettled; /* leases of before the restore may be held, by whom nobody knows */
    uint64_t revision; /* the highest given out; not below the era's floor */
    uint64_t ledger_seq;
    uint64_t compacted; /* history begins after this revision */
    struct wall newest; /* time of the newest row: history time never goes back */
};

enum read_type {
    READ_CHANGES, /* rows with revision in (after, upto], oldest first; a chunk of at most `limit`
                   */
    READ_HISTORY, /* ledger rows newest first: of one object (kind, name; also what is kept of it of
                     before history begins), of a kind, or of all that is declared (kind NULL:
                     without the decisions that followed) */
    READ_STATE_AT, /* the desired objects as of `upto`: newest ledger row of each, deleted ones left
                      out */
    READ_PAST, /* the objects of a kind as of `upto`, with the status of then as far as it is kept:
                  by name, from `from` on; a chunk, or with `name` that one */
};

struct read_query {
    uint64_t ticket; /* chosen by the core; comes back with the result */
    enum read_type type;
    const struct kind *kind; /* NULL: all kinds (READ_CHANGES, READ_STATE_AT) */
    char *name;              /* owned; NULL: all */
    char *from;              /* owned: READ_PAST of a kind: no name before this one; NULL: all */
    uint64_t after, upto;
    bool by_time; /* `upto` is the newest revision of this moment or before: */
    struct wall at;
    size_t limit;
    uint64_t reader; /* the HTTP exchange that is told what comes, in pieces, and wants the next
                        when it has taken what it was told; 0: at once */
    bool with_before;
    bool form_only; /* READ_STATE_AT of one session: what it ran is enough (session_form.h) */
};

struct read_result {
    uint64_t ticket;
    int code; /* 0; ERR_NOT_FOUND: `after` or `upto` lies before history begins, or was lost; ERR_IO
                 … */
    struct arena arena; /* owned: the texts */
    struct {
        VEC_OF(struct stored_change); /* blobs owned by the result here */
    } changes;
    uint64_t covered;         /* READ_CHANGES: everything up to this revision is in here */
    bool complete;            /* covered == upto; READ_PAST: no further name */
    uint64_t compacted;       /* history began after this revision when it was read */
    struct wall compacted_at; /* when that was written; zero: nothing was compacted */
    uint64_t upto;            /* as asked for, or found for a moment */
    struct wall at;           /* READ_PAST: when that was written; zero: not known */
    struct lost_part lost;    /* that the moment lies in, or with ERR_NOT_FOUND the revision */
    const char *after;        /* READ_PAST: the last name that was looked at; NULL: none */
};

void read_query_fini(struct read_query *query);
struct read_result *read_result_new(uint64_t ticket); /* empty, code 0 */
void read_result_free(struct read_result *result);    /* blobs and texts too */
