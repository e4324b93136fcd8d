/* Opening, closing, and the state of the store as a whole.
 *
 * What a file must pass before anybody reads objects from it: its version is ours or older, SQLite
 * finds it sound, and the ledger's chain holds: its end after a clean stop, all of it otherwise. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What holds for every connection; the checkpoint is ours to time (store_checkpoint). */
static const char settings_all[] = "PRAGMA foreign_keys = ON;"
                                   "PRAGMA trusted_schema = OFF;"
                                   "PRAGMA cell_size_check = ON;"
                                   "PRAGMA temp_store = MEMORY;";
static const char settings_writer[] = "PRAGMA synchronous = FULL;"
                                      "PRAGMA journal_size_limit = 16777216;";
static const char settings_reader[] = "PRAGMA query_only = ON;";

static void finalize_all(struct store *store)
{
    for (size_t i = 0; i < STMT_COUNT; i++) {
        (void)sqlite3_finalize(store->stmts[i]);
        store->stmts[i] = NULL;
    }
}

/* Closes without a word about how it ended. */
static void abandon(struct store *store)
{
    int rc;

    finalize_all(store);
    rc = sqlite3_close(store->db); /* NULL when it never came to a connection */
    assert(rc == SQLITE_OK);       /* nothing of ours is left open in it */
    free(store);
}

static void abandon_p(struct store **store)
{
    if (*store != NULL) {
        abandon(*store);
    }
}

/* Without moving the journal of another program, or of a newer one, into its database. */
static int refuse(struct store *store, int code)
{
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return code;
}

static int on_wal_grown(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct store *store = context;

    (void)db, (void)schema;
    store->wal_pages = (size_t)pages;
    return SQLITE_OK;
}

static int connect_to(struct store *store, const struct store_options *options, struct err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc;

    flags |= options->is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= options->create ? SQLITE_OPEN_CREATE : 0;
    rc = sqlite3_open_v2(options->path, &store->db, flags, options->vfs);
    if ((rc & 0xff) == SQLITE_CANTOPEN && !options->create) {
        return err_set(err, ERR_NOT_FOUND, "store: there is no \"%s\"", options->path);
    }
    if (rc != SQLITE_OK) {
        return store_failed(store, "opening", err);
    }
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_wal_hook(store->db, on_wal_grown, store); /* and no checkpoint of its own */
    return 0;
}

static int meta_get(struct store *store, const char *name, sqlite3_stmt *stmt, struct err *err)
{
    int r;

    (void)sqlite3_reset(stmt);
    bind_text(stmt, 1, name);
    r = stmt_step(store, stmt, "reading its own data", err);
    return r == 0 ? err_set(err, ERR_CORRUPT, "store: its \"%s\" is missing", name) : r;
}

int store_meta_number(struct store *store, const char *name, uint64_t *ret_value, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_META_GET, &stmt, err);
    if (r < 0) {
        return r;
    }
    r = meta_get(store, name, stmt, err);
    if (r < 0) {
        return r;
    }
    *ret_value = column_u64(stmt, 0);
    return 0;
}

static int meta_bytes(struct store *store, const char *name, void *ret_bytes, size_t size_bytes,
                      struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_META_GET, &stmt, err);
    if (r < 0) {
        return r;
    }
    r = meta_get(store, name, stmt, err);
    if (r < 0) {
        return r;
    }
    if (!column_bytes(stmt, 0, ret_bytes, size_bytes)) {
        return err_set(err, ERR_CORRUPT, "store: its \"%s\" has the wrong length", name);
    }
    return 0;
}

int store_meta_put(struct store *store, const char *name, uint64_t value, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_META_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, name);
    bind_u64(stmt, 2, value);
    return stmt_finish(store, stmt, "writing its own data", err);
}

int store_read_origin(struct store *store, struct err *err)
{
    struct origin origin = {0};
    uint64_t at_ms = 0;
    int r = store_meta_number(store, "compacted_revision", &origin.revision, err);

    if (r == 0) {
        r = store_meta_number(store, "compacted_seq", &origin.ledger_seq, err);
    }
    if (r == 0) {
        r = store_meta_number(store, "compacted_change", &origin.change, err);
    }
    if (r == 0) {
        r = store_meta_number(store, "compacted_at", &at_ms, err);
    }
    if (r == 0) {
        r = meta_bytes(store, "compacted_link", origin.link.bytes, DIGEST_SIZE, err);
    }
    if (r == 0) {
        origin.at.ms = (int64_t)at_ms;
        store->origin = origin;
    }
    return r;
}

static int read_meta(struct store *store, bool *ret_was_clean, struct err *err)
{
    uint64_t clean;
    int r;

    r = meta_bytes(store, "store_id", store->store_id, UID_TEXT_SIZE - 1, err);
    if (r < 0) {
        return r;
    }
    r = meta_bytes(store, "chain_key", store->chain_key, KEY_SIZE, err);
    if (r < 0) {
        return r;
    }
    r = store_meta_number(store, "era", &store->era, err);
    if (r < 0) {
        return r;
    }
    r = store_read_origin(store, err);
    if (r < 0) {
        return r;
    }
    r = store_meta_number(store, "clean", &clean, err);
    if (r < 0) {
        return r;
    }
    *ret_was_clean = clean == 1;
    return 0;
}

int store_ledger_head(struct store *store, uint64_t below, struct heads *ret_heads, struct err *err)
{
    struct heads heads = {.revision = store->origin.revision,
                          .ledger_seq = store->origin.ledger_seq,
                          .newest = store->origin.at,
                          .link = store->origin.link};
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_LEDGER_BELOW, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, store->origin.revision);
    bind_u64(stmt, 2, below);
    r = stmt_step(store, stmt, "reading the end of the ledger", err);
    if (r == 1) {
        heads.revision = column_u64(stmt, 0);
        heads.ledger_seq = column_u64(stmt, 1);
        heads.newest.ms = sqlite3_column_int64(stmt, 2);
        if (!column_bytes(stmt, 3, heads.link.bytes, DIGEST_SIZE)) {
            return err_set(err, ERR_CORRUPT, "store: the ledger's end has no link");
        }
    }
    *ret_heads = heads;
    return r < 0 ? r : 0;
}

static int read_status_head(struct store *store, struct heads *heads, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_STATUS_HEAD, &stmt, err);
    if (r < 0) {
        return r;
    }
    r = stmt_step(store, stmt, "reading the end of the status log", err);
    if (r == 1 && column_u64(stmt, 0) > heads->revision) {
        heads->revision = column_u64(stmt, 0);
    }
    if (r == 1 && sqlite3_column_int64(stmt, 1) > heads->newest.ms) {
        heads->newest.ms = sqlite3_column_int64(stmt, 1);
    }
    return r < 0 ? r : 0;
}

static int count_rows(struct store *store, struct heads *heads, struct err *err)
{
    int64_t ledger = 0, status = 0;
    int r = store_query_i64(store, "SELECT count(*) FROM ledger", &ledger, err);

    if (r == 0) {
        r = store_query_i64(store, "SELECT count(*) FROM status", &status, err);
    }
    heads->ledger_rows = (uint64_t)ledger;
    heads->status_rows = (uint64_t)status;
    return r;
}

/* A reader's heads, and where its history begins, are another's to change: it looks in each of its
 * snapshots. */
int store_refresh_heads(struct store *store, struct err *err)
{
    struct heads heads = {0};
    int r;

    if (store->heads_known) {
        return 0;
    }
    r = store_read_origin(store, err);
    if (r < 0) {
        return r;
    }
    r = store_ledger_head(store, INT64_MAX, &heads, err);
    if (r < 0) {
        return r;
    }
    r = read_status_head(store, &heads, err);
    if (r < 0) {
        return r;
    }
    if (heads.revision < era_floor(store->era)) {
        heads.revision = era_floor(store->era); /* nothing was written in this era yet */
    }
    r = store->is_reader ? 0 : count_rows(store, &heads, err);
    if (r < 0) {
        return r;
    }
    store->heads = heads;
    store->heads_known = !store->is_reader;
    return 0;
}

/* One line of text, and it must be this one.  What the statement changes is only there when its end
 * was reached: the error of a sync comes after the line. */
static int expect_text(struct store *store, const char *sql, const char *want, int code,
                       const char *complaint, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int r = 0;

    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return store_failed(store, complaint, err);
    }
    r = stmt_step(store, stmt, complaint, err);
    if (r == 1 && !str_eq(column_text(stmt, 0), want)) {
        r = err_set(err, code, "store: %s: %s", complaint, column_text(stmt, 0));
    } else if (r == 1) {
        r = stmt_step(store, stmt, complaint, err);
    }
    (void)sqlite3_finalize(stmt);
    return r < 0 ? r : 0;
}

static int check_all(struct store *store, bool was_clean, struct err *err)
{
    uint64_t rows;
    int r;

    r = expect_text(store, was_clean ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", "ok",
                    ERR_CORRUPT, "checking the database", err);
    if (r < 0) {
        return r;
    }
    return was_clean ? store_verify_end(store, err) : store_verify(store, &rows, err);
}

static int open_writer(struct store *store, const struct store_options *options, struct err *err)
{
    bool was_clean;
    int r;

    r = store_exec(store, "PRAGMA auto_vacuum = INCREMENTAL;", err); /* of a new file */
    if (r < 0) {
        return r;
    }
    r = expect_text(store, "PRAGMA journal_mode = WAL", "wal", ERR_IO, "choosing the journal", err);
    if (r < 0) {
        return r;
    }
    r = store_exec(store, settings_writer, err);
    if (r == 0 && MUTANT(SYNC_NORMAL)) {
        r = store_exec(store, "PRAGMA synchronous = NORMAL;", err);
    }
    if (r < 0) {
        return r;
    }
    r = store_migrate(store, options->seed, err);
    if (r < 0) {
        return r;
    }
    r = read_meta(store, &was_clean, err);
    if (r < 0) {
        return r;
    }
    r = check_all(store, was_clean && !BUGGIFY("check-fully"), err);
    if (r < 0) {
        return r;
    }
    return was_clean ? store_meta_put(store, "clean", 0, err) : 0;
}

static int open_reader(struct store *store, struct err *err)
{
    bool was_clean;
    int r;

    r = store_exec(store, settings_reader, err);
    if (r < 0) {
        return r;
    }
    return read_meta(store, &was_clean, err);
}

int store_open(const struct store_options *options, struct store **ret_store, struct err *err)
{
    _cleanup_(abandon_p)
    struct store *store = MEM_NEW(struct store);
    int r;

    store->is_reader = options->is_reader;
    r = options->is_reader || MUTANT(UNSYNCED_PAGES_TRUSTED) ? 0 : store_settle(options, err);
    if (r < 0) {
        return r;
    }
    r = connect_to(store, options, err);
    if (r < 0) {
        return r;
    }
    r = store_exec(store, settings_all, err);
    if (r < 0) {
        return r;
    }
    r = store_check_version(store, !options->create, err);
    if (r < 0) {
        return refuse(store, r);
    }
    r = options->is_reader ? open_reader(store, err) : open_writer(store, options, err);
    if (r < 0) {
        return r;
    }
    store->may_end_clean = !options->is_reader;
    *ret_store = TAKE(store);
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->may_end_clean) {
        (void)store_meta_put(store, "clean", 1, NULL);
    }
    abandon(store);
}

int store_state(struct store *store, struct stored_state *ret_state, struct err *err)
{
    struct stored_state state = {.era = store->era};
    int r;

    r = store_refresh_heads(store, err);
    if (r < 0) {
        return r;
    }
    state.compacted = store->origin.revision;
    r = store_is_unsettled(store, &state.is_unsettled, err);
    if (r < 0) {
        return r;
    }
    memcpy(state.store_id, store->store_id, sizeof(state.store_id));
    state.revision = store->heads.revision;
    state.ledger_seq = store->heads.ledger_seq;
    state.newest = store->heads.newest;
    *ret_state = state;
    return 0;
}

int store_checkpoint(struct store *store, struct err *err)
{
    int in_wal = 0, moved = 0;
    int rc;

    assert(!store->is_reader);
    rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &moved);
    if (rc == SQLITE_BUSY) {
        return 0; /* somebody else is at it */
    }
    if (rc != SQLITE_OK) {
        return store_failed(store, "moving the journal into the database", err);
    }
    store->wal_pages = in_wal > moved ? (size_t)(in_wal - moved) : 0;
    return 0;
}

size_t store_wal_pages(const struct store *store)
{
    return store->wal_pages;
}
