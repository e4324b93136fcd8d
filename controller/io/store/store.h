/* The store: SQLite, synchronous, without threads.
 *
 * One file in a state directory that one controller at a time may hold (flock).  WAL,
 * synchronous=FULL.  What store_commit() returned 0 for survives a power cut.  The writer and the
 * reader (beside this file) give it threads; the simulator calls it directly over a disk of its own
 * (a VFS by name).
 *
 * Tables: ledger (every change of desired state, gapless sequence, hash chain), status (the sampled
 * log), current (which row of each log is in force for an object), body (contents by digest),
 * answer (idempotency), meta.
 *
 * Chain: link(n) = keyed digest of (link(n-1) ‖ seq ‖ revision ‖ at ‖ verb ‖ kind ‖ name ‖ uid ‖
 * generation ‖ who ‖ manager ‖ why ‖ keyed digest of the body), each field preceded by its length;
 * the key lies in `meta`.  A body can thus be erased and the chain still verifies.
 *
 * Of an event the status log keeps the newest row only; a deleted one leaves a row without body.
 *
 * History begins after a revision that store_compact() moves on.  Rows of before are there only as
 * far as something needs them. */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/stored.h"
#include "schema/base/err.h"

struct store;

struct store_options {
    const char *path;             /* of the database file; its folder exists */
    const char *vfs;              /* NULL: SQLite's own */
    bool create;                  /* make it when absent */
    bool is_reader;               /* read-only connection, for the reader thread */
    uint8_t seed[RAND_SEED_SIZE]; /* for the store id and the chain key of a new store */
};

/* Opens, migrates step by step to the current schema, checks quickly (fully, with the whole chain,
 * after an unclean end, which it learns from `meta`).  ERR_NOT_FOUND: no such file; ERR_REFUSED:
 * newer schema than ours, or not ours at all; ERR_CORRUPT: the check failed. */
int store_open(const struct store_options *options, struct store **ret_store, struct err *err);
void store_close(struct store *store); /* marks a clean end when it can */

int store_state(struct store *store, struct stored_state *ret_state, struct err *err);

struct store_loader { /* called for everything current; a non-zero return ends the load with it */
    /* `change->log` is ROW_STATUS for events, which have no ledger row; `revision` is the newest.
     */
    int (*object)(void *context, const struct stored_change *change, struct err *err);
    int (*content)(void *context, const struct content *content, struct err *err);
    int (*answer)(void *context, const struct answer_row *answer, struct err *err);
    void *context;
};

int store_load(struct store *store, const struct store_loader *loader, struct err *err);

/* All batches in one transaction.  0; ERR_FULL: no space, nothing was written; ERR_SYNC: fsync
 * failed, end the process; ERR_IO, ERR_CORRUPT: outcome unknown; ERR_INVALID: the model is astray
 * (a revision or time that does not rise, a change of what is not there), nothing was written.
 * After a failure store_state() and store_load() tell what the disk holds. */
int store_commit(struct store *store, struct batch *const *batches, size_t count, struct err *err);

/* Never NULL; what went wrong is in its `code`: ERR_NOT_FOUND when it asks about a revision that
 * was compacted, or lost with a restore.  Sees what is committed, and says so in `covered`:
 * asked for more than there is, a result ends at the newest revision and is not complete. */
struct read_result *store_read(struct store *store, const struct read_query *query);

struct store_keeping {
    struct wall before;            /* what was written before goes; zero: nothing does */
    struct wall before_when_large; /* the same, while more than this is in use: */
    uint64_t bytes_max;            /* 0: no bound */
    uint64_t upto_when_large; /* then also what has this revision or an earlier one, whatever its
                                 time says; 0: nothing */
};

/* Moves the point where history begins past one slice of old rows (compact.c), or makes the file a
 * little smaller when that is done and much of it is unused, in a transaction of its own.  1: there
 * may be more to do; 0: there is not.  Errors as those of store_commit(), but after all except
 * ERR_SYNC commits go on. */
int store_compact(struct store *store, const struct store_keeping *keeping, struct err *err);

struct store_size {
    uint64_t ledger_rows, status_rows;
    uint64_t used_bytes; /* of the file; what is not in use is written to before it grows */
    uint64_t compacted;  /* history begins after this revision */
    struct wall compacted_at;
    struct wall newest; /* when history was written last, which never goes back */
    uint64_t newest_revision;
};

int store_measure(struct store *store, struct store_size *ret_size, struct err *err);

/* Moves the WAL into the database; when idle, or when it has grown past STORE_WAL_PAGES_MAX.
 * ERR_SYNC as in store_commit(); after other failures the WAL still holds everything. */
int store_checkpoint(struct store *store, struct err *err);
size_t store_wal_pages(const struct store *store); /* waiting for that */

/* Walks both logs: gapless sequence, rising revisions, chain, body digests, references.  Returns
 * the number of ledger rows verified through `ret_rows`. */
int store_verify(struct store *store, uint64_t *ret_rows, struct err *err);

struct store_copying {
    const char *from, *to;          /* paths; nothing is at `to` */
    bool (*goes_on)(void *context); /* asked between steps; false: it is given up */
    void *context;
};

/* The store as of one moment into another file, by a connection of its own, while others write; it
 * may be called on any thread.  `ret_state` is of that moment.  On failure a part may be left at
 * `to`. */
int store_copy(const struct store_copying *copying, struct stored_state *ret_state,
               struct err *err);

struct store_examiner {
    void (*found)(void *context, const char *text);                   /* something that is wrong */
    void (*counted)(void *context, const char *what, uint64_t count); /* in the order of reading */
    void *context;
    size_t findings; /* told so far */
};

/* Tells all that is wrong, in SQLite's pages and in what they hold, and how much there is of each
 * thing.  0: it came to the end, whatever it found; an ERR_: it cannot be read further. */
int store_examine(struct store *store, struct store_examiner *examiner, struct err *err);

/* After a restore from a copy, before a reader is opened: the era rises above its own and above
 * the highest that is known from elsewhere (one copy may be put back twice), revisions go on above
 * all that the lost part can have given out, and the state says that leases of before may be held
 * until a batch settles the era.  What the copy ended with, and that it was put back `now`, is
 * written down.  ERR_LIMIT after ERAS_MAX eras. */
int store_raise_era(struct store *store, uint64_t above, struct wall now, struct err *err);
