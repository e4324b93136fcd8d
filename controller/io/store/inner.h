/* What the files of this folder share, and nobody else sees: the connection, its statements, and
 * the heads of the logs.
 *
 * Statements are prepared at first use and kept; each is used by one function, which resets it
 * before it returns (STMT_USE does).  All functions that return int give 0 or an ERR_,
 * unless they say otherwise. */
#pragma once

#include "controller/io/store/store.h"

#include <sqlite3.h>

enum stmt_id {
    STMT_BEGIN,
    STMT_BEGIN_READ,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_META_GET,
    STMT_META_PUT,
    STMT_ERA_HAS,
    STMT_ERA_NEXT,
    STMT_ROW_AT,
    STMT_ROW_AFTER,
    STMT_LEDGER_BELOW,
    STMT_STATUS_HEAD,
    STMT_CURRENT_FIND,
    STMT_CURRENT_PUT,
    STMT_CURRENT_DELETE,
    STMT_BODY_FIND,
    STMT_BODY_PUT,
    STMT_BODY_KEEP,
    STMT_BODY_RELEASE,
    STMT_BODY_DROP,
    STMT_LEDGER_PUT,
    STMT_STATUS_PUT,
    STMT_STATUS_DELETE,
    STMT_ANSWER_PUT,
    STMT_ANSWER_DELETE,
    STMT_LOAD_OBJECTS,
    STMT_LOAD_CONTENTS,
    STMT_LOAD_ANSWERS,
    STMT_READ_CHANGES,
    STMT_READ_HISTORY,
    STMT_READ_FLEET_HISTORY,
    STMT_READ_STATE_AT,
    STMT_READ_HAS,
    STMT_READ_PAST,
    STMT_READ_PAST_EVENTS,
    STMT_MOMENT_LEDGER,
    STMT_MOMENT_STATUS,
    STMT_VERIFY_LEDGER,
    STMT_VERIFY_STATUS,
    STMT_COMPACT_NEXT,
    STMT_COMPACT_LEDGER,
    STMT_COMPACT_KEPT,
    STMT_COMPACT_KEEP,
    STMT_COMPACT_BODY,
    STMT_COMPACT_FOLLOWER,
    STMT_COUNT
};

/* The newest of everything: what the next row is checked against and chained to. */
struct heads {
    uint64_t revision;
    uint64_t ledger_seq;
    struct wall newest;
    struct digest link;                /* of the newest ledger row */
    uint64_t ledger_rows, status_rows; /* that are there; a reader does not count them */
};

/* Where history begins: up to here it was compacted, and the chain is verified from here. */
struct origin {
    uint64_t revision;
    uint64_t ledger_seq; /* of the newest ledger row up to there */
    uint64_t change;     /* its revision: from then on desired state was as it is there */
    struct wall at;
    struct digest link;
};

struct store {
    char store_id[UID_TEXT_SIZE];
    uint64_t era;
    uint8_t chain_key[KEY_SIZE];
    struct origin origin;

    struct heads heads; /* valid while heads_known */
    bool heads_known;   /* false after a failed commit: read them again from the disk */
    bool is_broken;     /* an fsync failed: no further commit */
    bool is_reader;
    bool may_end_clean; /* open to the end, and nothing failed since */
    size_t wal_pages;   /* in the WAL and not yet in the database */

    sqlite3 *db;                     /* owned */
    sqlite3_stmt *stmts[STMT_COUNT]; /* owned; NULL until used */
};

/* statement.c */

/* The statement, ready to be bound. */
int stmt_get(struct store *store, enum stmt_id id, sqlite3_stmt **ret_stmt, struct err *err);
void stmt_reset_p(sqlite3_stmt **stmt); /* fits _cleanup_ */
#define STMT_USE(name)                                                                             \
    _cleanup_(stmt_reset_p)                                                                        \
    sqlite3_stmt *name = NULL

/* Runs one that gives no rows. */
int stmt_run(struct store *store, enum stmt_id id, const char *what, struct err *err);
int stmt_finish(struct store *store, sqlite3_stmt *stmt, const char *what, struct err *err);
/* 1: a row; 0: no more; or an ERR_. */
int stmt_step(struct store *store, sqlite3_stmt *stmt, const char *what, struct err *err);

void bind_text(sqlite3_stmt *stmt, int index, const char *text); /* NULL is "" */
void bind_u64(sqlite3_stmt *stmt, int index, uint64_t value);
void bind_bytes(sqlite3_stmt *stmt, int index, const void *bytes, size_t size_bytes);
void bind_blob(sqlite3_stmt *stmt, int index, const struct blob *blob); /* NULL is SQL's NULL */
void bind_digest(sqlite3_stmt *stmt, int index, const struct digest *digest);

const char *column_text(sqlite3_stmt *stmt, int index); /* borrowed until the next step; not NULL */
uint64_t column_u64(sqlite3_stmt *stmt, int index);
struct blob *column_blob(sqlite3_stmt *stmt, int index); /* given; NULL for SQL's NULL */
bool column_is_null(sqlite3_stmt *stmt, int index);
bool column_bytes(sqlite3_stmt *stmt, int index, void *ret_bytes, size_t size_bytes); /* exactly */
const struct kind *column_kind(sqlite3_stmt *stmt, int index); /* NULL: not a kind of ours */

/* Plain SQL without rows, and one whole number. */
int store_exec(struct store *store, const char *sql, struct err *err);
int store_query_i64(struct store *store, const char *sql, int64_t *ret_value, struct err *err);

/* What SQLite's last error means to us; sets `err` and returns its code. */
int store_failed(struct store *store, const char *what, struct err *err);
int store_code_of(int extended); /* an error of SQLite's as ours */
/* After any error: if the transaction is still open, it ends here. */
void store_rollback(struct store *store);

/* migrate.c: from whatever version the file has to ours.  `seed` serves a new store. */
int store_migrate(struct store *store, const uint8_t seed[static RAND_SEED_SIZE], struct err *err);
/* The file's version may be opened at all. */
int store_check_version(struct store *store, bool must_exist, struct err *err);

/* settle.c: what an unclean end left in the journal is made safe, before it is read. */
int store_settle(const struct store_options *options, struct err *err);

/* store.c: reads them unless they are known. */
int store_refresh_heads(struct store *store, struct err *err);
int store_read_origin(struct store *store, struct err *err); /* where history begins, as of now */
/* The newest ledger row below a revision; where history begins when there is none. */
int store_ledger_head(struct store *store, uint64_t below, struct heads *ret_heads,
                      struct err *err);

int store_meta_number(struct store *store, const char *name, uint64_t *ret_value, struct err *err);
int store_meta_put(struct store *store, const char *name, uint64_t value, struct err *err);
int store_meta_put_bytes(struct store *store, const char *name, const void *bytes,
                         size_t size_bytes, struct err *err);

/* commit.c: a body goes, unless it is a content or a ledger row has it. */
int store_drop_body(struct store *store, int64_t id, struct err *err);

/* era.c: within the transaction of a commit; may leases of before a restore be held. */
int store_settle_era(struct store *store, struct err *err);
int store_is_unsettled(struct store *store, bool *ret_is_unsettled, struct err *err);
/* era.c: was this revision given out by what was lost with a restore (1), or not (0); is this
 * moment, of which `revision` is the newest known one, of such a time.  `ret_lost` is written when
 * it was. */
int store_is_lost(struct store *store, uint64_t revision, struct lost_part *ret_lost,
                  struct err *err);
int store_is_moment_lost(struct store *store, struct wall moment, uint64_t revision,
                         struct lost_part *ret_lost, struct err *err);
/* era.c: when a revision was written, or the newest row before it; zero: none was. */
int store_written_at(struct store *store, uint64_t revision, struct wall *ret_at, struct err *err);

/* moment.c: the newest revision that was written then or before; 1: it was compacted. */
int store_revision_at(struct store *store, struct wall moment, uint64_t *ret_revision,
                      struct err *err);

/* verify.c: the last link alone; a number of rows that does not grow. */
int store_verify_end(struct store *store, struct err *err);

/* chain.c: what a ledger row puts into the chain. */
struct chain_row {
    uint64_t seq, revision;
    struct wall at;
    int verb;
    const char *kind, *name, *uid;
    int64_t generation;
    const char *who, *manager, *why;
    const struct digest *body_mac; /* NULL: no body */
};

void chain_link(const uint8_t key[static KEY_SIZE], const struct digest *previous,
                const struct chain_row *row, struct digest *ret_link);

/* The row that a statement finds by a revision, and when it was written.  1: there is one. */
int store_row_at(struct store *store, enum stmt_id id, uint64_t revision, uint64_t *ret_revision,
                 struct wall *ret_at, struct err *err);
