/* The statements of the store, in one table, and the few words in which the other files speak to
 * SQLite: bind, step, column; and what its errors mean to us. */
#include "controller/io/store/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a change as read.c takes them; see there. */
#define LEDGER_COLUMNS                                                                             \
    "0 AS log, l.revision AS revision, l.verb, l.kind, l.name, l.uid, l.seq, l.generation, l.at, " \
    "l.who, l.manager, l.why, coalesce(b.data, CASE WHEN l.verb = 2 THEN p.data END), s.data, "    \
    "CASE WHEN ?5 THEN p.data END, l.revision, l.status, NULL, 0"
#define LEDGER_JOINS                                                                               \
    "FROM ledger l LEFT JOIN body b ON b.id = l.body "                                             \
    "LEFT JOIN ledger q ON q.revision = l.before AND (?5 OR l.verb = 2) "                          \
    "LEFT JOIN body p ON p.id = q.body "                                                           \
    "LEFT JOIN status s ON s.revision = l.status "
#define STATUS_COLUMNS                                                                             \
    "1, t.revision, t.verb, t.kind, t.name, t.uid, 0, t.generation, t.at, t.who, t.manager, "      \
    "t.why, b.data, t.data, CASE WHEN ?5 THEN b.data END, t.ledger, t.revision, u.data, "          \
    "t.before"
#define STATUS_JOINS                                                                               \
    "FROM status t LEFT JOIN ledger l ON l.revision = t.ledger "                                   \
    "LEFT JOIN body b ON b.id = l.body "                                                           \
    "LEFT JOIN status u ON u.revision = t.before AND ?5 "
#define WANTED(t)                                                                                  \
    t ".revision > ?1 AND " t ".revision <= ?2 AND (?3 IS NULL OR " t ".kind = ?3) "               \
      "AND (?4 IS NULL OR " t ".name = ?4) "

#define NAMES_OF(log)                                                                              \
    "WITH RECURSIVE names (name) AS (SELECT min(name) FROM " log                                   \
    " WHERE kind = ?3 AND name >= ?4 UNION ALL SELECT (SELECT min(name) FROM " log                 \
    " WHERE kind = ?3 AND name > names.name) FROM names WHERE names.name IS NOT NULL LIMIT ?5) "
#define NEWEST(log)                                                                                \
    "(SELECT max(revision) FROM " log " WHERE kind = ?3 AND name = names.name AND revision <= ?2)"
#define NEXT_STATUS                                                                                \
    "(SELECT before FROM status WHERE kind = ?3 AND name = names.name AND revision > ?2 "          \
    "ORDER BY revision LIMIT 1)"

_Static_assert(ROW_DELETE == 2 && ROW_STATUS == 1, "the texts above and files on disks say so");

/* In the order of enum stmt_id. */
static const char *const sql_of[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_BEGIN_READ] = "BEGIN DEFERRED",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [STMT_META_PUT] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [STMT_ERA_HAS] = "SELECT EXISTS (SELECT 1 FROM ledger WHERE revision >= ?1 AND revision <= ?2)"
                     " OR EXISTS (SELECT 1 FROM status WHERE revision >= ?1 AND revision <= ?2)",
    [STMT_ERA_NEXT] = "SELECT CAST(substr(name, 12) AS INTEGER), value FROM meta "
                      "WHERE name > ?1 AND name < 'lost_after_:' ORDER BY name LIMIT 1",
    [STMT_ROW_AT] = "SELECT revision, at FROM (SELECT * FROM (SELECT revision, at FROM ledger "
                    "WHERE revision <= ?1 ORDER BY revision DESC LIMIT 1) UNION ALL "
                    "SELECT * FROM (SELECT revision, at FROM status "
                    "WHERE revision <= ?1 ORDER BY revision DESC LIMIT 1)) "
                    "ORDER BY revision DESC LIMIT 1",
    [STMT_ROW_AFTER] = "SELECT revision, at FROM (SELECT * FROM (SELECT revision, at FROM ledger "
                       "WHERE revision > ?1 ORDER BY revision LIMIT 1) UNION ALL "
                       "SELECT * FROM (SELECT revision, at FROM status "
                       "WHERE revision > ?1 ORDER BY revision LIMIT 1)) "
                       "ORDER BY revision LIMIT 1",
    [STMT_LEDGER_BELOW] = "SELECT revision, seq, at, link FROM ledger WHERE revision > ?1 "
                          "AND revision < ?2 ORDER BY revision DESC LIMIT 1",
    [STMT_STATUS_HEAD] = "SELECT revision, at FROM status ORDER BY revision DESC LIMIT 1",
    [STMT_CURRENT_FIND] = "SELECT ledger, status FROM current WHERE kind = ?1 AND name = ?2",
    [STMT_CURRENT_PUT] = "INSERT INTO current (kind, name, ledger, status) VALUES (?1, ?2, ?3, ?4) "
                         "ON CONFLICT (kind, name) DO UPDATE SET ledger = excluded.ledger, "
                         "status = excluded.status",
    [STMT_CURRENT_DELETE] = "DELETE FROM current WHERE kind = ?1 AND name = ?2",
    [STMT_BODY_FIND] = "SELECT id, is_content FROM body WHERE digest = ?1 AND data IS NOT NULL",
    [STMT_BODY_PUT] = "INSERT INTO body (digest, is_content, data) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (digest) DO UPDATE SET data = excluded.data, "
                      "is_content = max(is_content, excluded.is_content) RETURNING id",
    [STMT_BODY_KEEP] = "UPDATE body SET is_content = 1 WHERE id = ?1",
    [STMT_BODY_RELEASE] = "UPDATE body SET is_content = 0 WHERE digest = ?1 RETURNING id",
    [STMT_BODY_DROP] = "DELETE FROM body WHERE id = ?1 AND is_content = 0 "
                       "AND NOT EXISTS (SELECT 1 FROM ledger WHERE body = ?1)",
    [STMT_LEDGER_PUT] = "INSERT INTO ledger (revision, verb, kind, name, uid, generation, at, who, "
                        "manager, why, seq, body, body_mac, before, status, link) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
                        "?16)",
    [STMT_STATUS_PUT] = "INSERT INTO status (revision, verb, kind, name, uid, generation, at, who, "
                        "manager, why, data, ledger, before) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [STMT_STATUS_DELETE] = "DELETE FROM status WHERE revision = ?1",
    [STMT_ANSWER_PUT] = "INSERT OR REPLACE INTO answer (key, request, code, at, body) "
                        "VALUES (?1, ?2, ?3, ?4, ?5)",
    [STMT_ANSWER_DELETE] = "DELETE FROM answer WHERE key = ?1",
    [STMT_LOAD_OBJECTS] =
        "SELECT c.kind, c.name, c.ledger, c.status, coalesce(l.verb, s.verb), "
        "coalesce(l.uid, s.uid), coalesce(l.seq, 0), coalesce(l.generation, s.generation), "
        "coalesce(l.at, s.at), coalesce(l.who, s.who), coalesce(l.manager, s.manager), "
        "coalesce(l.why, s.why), b.data, s.data "
        "FROM current c LEFT JOIN ledger l ON l.revision = c.ledger "
        "LEFT JOIN body b ON b.id = l.body LEFT JOIN status s ON s.revision = c.status",
    [STMT_LOAD_CONTENTS] = "SELECT digest, data FROM body WHERE is_content = 1 ORDER BY id",
    [STMT_LOAD_ANSWERS] = "SELECT key, request, code, at, body FROM answer ORDER BY id",
    [STMT_READ_CHANGES] = "SELECT " LEDGER_COLUMNS " " LEDGER_JOINS
                          "WHERE " WANTED("l") "UNION ALL "
                                               "SELECT " STATUS_COLUMNS " " STATUS_JOINS
                                               "WHERE " WANTED("t") "ORDER BY revision",
    [STMT_READ_HISTORY] = "SELECT " LEDGER_COLUMNS " " LEDGER_JOINS
                          "WHERE l.kind = ?3 AND l.name = ?4 AND l.revision > ?1 "
                          "AND l.revision <= ?2 ORDER BY l.revision DESC",
    /* What was declared; the decisions that followed are read by their kind. */
    [STMT_READ_FLEET_HISTORY] =
        "SELECT " LEDGER_COLUMNS " " LEDGER_JOINS
        "WHERE (l.kind = ?3 OR (?3 IS NULL AND l.kind NOT IN ('Assignment', 'Conflict', 'Source'))) "
        "AND l.revision > ?1 "
        "AND l.revision <= ?2 ORDER BY l.revision DESC",
    [STMT_READ_STATE_AT] =
        "SELECT 0, l.revision, l.verb, l.kind, l.name, l.uid, l.seq, l.generation, l.at, l.who, "
        "l.manager, l.why, b.data, NULL, NULL, l.revision, 0, NULL "
        "FROM (SELECT max(m.revision) AS newest FROM ledger m WHERE " WANTED(
            "m") "GROUP BY m.kind, m.name) JOIN ledger l ON l.revision = newest "
                 "LEFT JOIN body b ON b.id = l.body WHERE l.verb <> 2",
    [STMT_READ_HAS] = "SELECT EXISTS (SELECT 1 FROM ledger WHERE kind = ?1 AND name = ?2 "
                      "AND revision >= ?3 AND revision <= ?4)",
    /* From name to name along the index, at most ?5 of them; of each what was in force at ?2, and
     * which status the next one followed. */
    [STMT_READ_PAST] = NAMES_OF(
        "ledger") "SELECT 0, l.revision, l.verb, ?3, names.name, l.uid, l.seq, "
                  "l.generation, l.at, l.who, l.manager, l.why, b.data, s.data, NULL, l.revision, "
                  "s.revision, NULL, " NEXT_STATUS " FROM names "
                  "LEFT JOIN ledger l ON l.revision = " NEWEST(
                      "ledger") " AND l.verb <> 2 "
                                "LEFT JOIN body b ON b.id = l.body "
                                "LEFT JOIN status s ON s.revision = " NEWEST(
                                    "status") " AND s.uid = l.uid "
                                              "WHERE names.name IS NOT NULL",
    /* Of each of them the newest row alone is there. */
    [STMT_READ_PAST_EVENTS] = NAMES_OF(
        "status") "SELECT 1, s.revision, s.verb, ?3, names.name, s.uid, 0, s.generation, "
                  "s.at, s.who, s.manager, s.why, NULL, s.data, NULL, 0, s.revision, NULL, 0 "
                  "FROM names LEFT JOIN status s ON s.revision = " NEWEST(
                      "status") " AND s.verb <> 2 "
                                "WHERE names.name IS NOT NULL",
    [STMT_MOMENT_LEDGER] = "SELECT revision, at FROM ledger WHERE revision >= ?1 "
                           "ORDER BY revision LIMIT 1",
    [STMT_MOMENT_STATUS] = "SELECT revision, at FROM status WHERE revision >= ?1 "
                           "ORDER BY revision LIMIT 1",
    [STMT_VERIFY_LEDGER] =
        "SELECT l.seq, l.revision, l.at, l.verb, l.kind, l.name, l.uid, l.generation, l.who, "
        "l.manager, l.why, l.body_mac, l.link, b.digest, b.data, l.body "
        "FROM ledger l LEFT JOIN body b ON b.id = l.body WHERE l.revision > ?1 "
        "AND l.revision <= ?2 ORDER BY l.revision",
    [STMT_VERIFY_STATUS] = "SELECT revision, at FROM status ORDER BY revision",
    [STMT_COMPACT_NEXT] =
        "SELECT 0, l.revision AS revision, l.verb, l.kind, l.name, l.at, l.before, l.status, "
        "l.seq, l.link, coalesce(length(b.data), 0) FROM ledger l LEFT JOIN body b ON b.id = "
        "l.body WHERE l.revision > ?1 UNION ALL "
        "SELECT 1, revision, verb, kind, name, at, before, 0, 0, NULL, coalesce(length(data), 0) "
        "FROM status WHERE revision > ?1 ORDER BY revision LIMIT ?2",
    [STMT_COMPACT_LEDGER] = "DELETE FROM ledger WHERE revision = ?1 RETURNING coalesce(body, 0)",
    [STMT_COMPACT_KEPT] = "SELECT before, begins_form FROM ledger WHERE revision = ?1",
    [STMT_COMPACT_KEEP] = "UPDATE ledger SET before = ?2, begins_form = ?3 WHERE revision = ?1",
    [STMT_COMPACT_BODY] = "SELECT b.data FROM ledger l JOIN body b ON b.id = l.body "
                          "WHERE l.revision = ?1",
    [STMT_COMPACT_FOLLOWER] = "SELECT status FROM ledger WHERE kind = ?1 AND name = ?2 "
                              "AND revision > ?3 ORDER BY revision LIMIT 1",
};

int stmt_get(struct store *store, enum stmt_id id, sqlite3_stmt **ret_stmt, struct err *err)
{
    if (store->stmts[id] == NULL &&
        sqlite3_prepare_v3(store->db, sql_of[id], -1, SQLITE_PREPARE_PERSISTENT, &store->stmts[id],
                           NULL) != SQLITE_OK) {
        return store_failed(store, "preparing a statement", err);
    }
    *ret_stmt = store->stmts[id];
    return 0;
}

void stmt_reset_p(sqlite3_stmt **stmt)
{
    if (*stmt != NULL) {
        (void)sqlite3_reset(*stmt); /* its error was seen at the step */
        (void)sqlite3_clear_bindings(*stmt);
    }
}

int stmt_step(struct store *store, sqlite3_stmt *stmt, const char *what, struct err *err)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        return 1;
    }
    return rc == SQLITE_DONE ? 0 : store_failed(store, what, err);
}

int stmt_finish(struct store *store, sqlite3_stmt *stmt, const char *what, struct err *err)
{
    int r = stmt_step(store, stmt, what, err);

    assert(r <= 0);
    return r;
}

int stmt_run(struct store *store, enum stmt_id id, const char *what, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, id, &stmt, err);
    if (r < 0) {
        return r;
    }
    return stmt_finish(store, stmt, what, err);
}

void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    int rc = sqlite3_bind_text(stmt, index, text == NULL ? "" : text, -1, SQLITE_STATIC);

    assert(rc == SQLITE_OK);
}

void bind_u64(sqlite3_stmt *stmt, int index, uint64_t value)
{
    int rc = sqlite3_bind_int64(stmt, index, (sqlite3_int64)value);

    assert(rc == SQLITE_OK);
}

void bind_bytes(sqlite3_stmt *stmt, int index, const void *bytes, size_t size_bytes)
{
    int rc = sqlite3_bind_blob64(stmt, index, bytes, size_bytes, SQLITE_STATIC);

    assert(rc == SQLITE_OK);
}

void bind_blob(sqlite3_stmt *stmt, int index, const struct blob *blob)
{
    if (blob != NULL) { /* what is not bound is NULL */
        bind_bytes(stmt, index, blob->data, blob->size_bytes);
    }
}

void bind_digest(sqlite3_stmt *stmt, int index, const struct digest *digest)
{
    bind_bytes(stmt, index, digest->bytes, DIGEST_SIZE);
}

const char *column_text(sqlite3_stmt *stmt, int index)
{
    const unsigned char *text = sqlite3_column_text(stmt, index);

    return text == NULL ? "" : (const char *)text;
}

uint64_t column_u64(sqlite3_stmt *stmt, int index)
{
    return (uint64_t)sqlite3_column_int64(stmt, index);
}

bool column_is_null(sqlite3_stmt *stmt, int index)
{
    return sqlite3_column_type(stmt, index) == SQLITE_NULL;
}

struct blob *column_blob(sqlite3_stmt *stmt, int index)
{
    const void *bytes;

    if (column_is_null(stmt, index)) {
        return NULL;
    }
    bytes = sqlite3_column_blob(stmt, index);
    return blob_new(bytes, (size_t)sqlite3_column_bytes(stmt, index));
}

bool column_bytes(sqlite3_stmt *stmt, int index, void *ret_bytes, size_t size_bytes)
{
    const void *bytes = sqlite3_column_blob(stmt, index);

    if (bytes == NULL || (size_t)sqlite3_column_bytes(stmt, index) != size_bytes) {
        return false;
    }
    memcpy(ret_bytes, bytes, size_bytes);
    return true;
}

const struct kind *column_kind(sqlite3_stmt *stmt, int index)
{
    const char *name = column_text(stmt, index);

    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_eq(kinds[i]->name, name)) {
            return kinds[i];
        }
    }
    return NULL;
}

int store_exec(struct store *store, const char *sql, struct err *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : store_failed(store, "preparing the database", err);
}

int store_query_i64(struct store *store, const char *sql, int64_t *ret_value, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int r;

    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return store_failed(store, "reading", err);
    }
    r = stmt_step(store, stmt, "reading", err);
    if (r == 1) {
        *ret_value = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return r < 0 ? r : 0;
}

int store_code_of(int extended)
{
    switch (extended) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
        return ERR_SYNC;
    case SQLITE_IOERR_SHMSIZE: /* the only thing that can fail there is finding room */
        return ERR_FULL;
    }
    switch (extended & 0xff) {
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    }
    return ERR_IO;
}

int store_failed(struct store *store, const char *what, struct err *err)
{
    int code = store_code_of(sqlite3_extended_errcode(store->db));

    store->is_broken |= code == ERR_SYNC;
    store->may_end_clean = false;
    store->heads_known = false;
    return err_set(err, code, "store: %s: %s", what, sqlite3_errmsg(store->db));
}

void store_rollback(struct store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0) {
        (void)stmt_run(store, STMT_ROLLBACK, "rolling back", NULL);
    }
}
