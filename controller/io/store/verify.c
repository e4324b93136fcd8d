/* Does the store hold what was written?  The ledger is walked from where history begins: sequence
 * without gaps, revisions and time that rise, links that follow from the rows, bodies that match
 * their digests; then the status log; then every reference from row to row.
 *
 * What opens a store stops at the first that is wrong; what examines it tells all, and goes on
 * after a bad row as if that had been as it says. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/limits.h"

enum column_of_ledger {
    COLUMN_SEQ,
    COLUMN_REVISION,
    COLUMN_AT,
    COLUMN_VERB,
    COLUMN_KIND,
    COLUMN_NAME,
    COLUMN_UID,
    COLUMN_GENERATION,
    COLUMN_WHO,
    COLUMN_MANAGER,
    COLUMN_WHY,
    COLUMN_BODY_MAC,
    COLUMN_LINK,
    COLUMN_DIGEST,
    COLUMN_DATA,
    COLUMN_BODY,
};

#define COMPACTED "(SELECT value FROM meta WHERE name = 'compacted_revision')"

/* What must count zero, and the words for when it does not. */
static const struct {
    const char *sql, *complaint;
} references[] = {
    {"SELECT count(*) FROM ledger JOIN status USING (revision)", "revisions occur in both logs"},
    {"SELECT count(*) FROM current c LEFT JOIN ledger l ON l.revision = c.ledger "
     "WHERE c.ledger <> 0 AND (l.kind IS NOT c.kind OR l.name IS NOT c.name OR l.verb = 2)",
     "objects in force have no ledger row"},
    {"SELECT count(*) FROM current c LEFT JOIN status s ON s.revision = c.status "
     "WHERE c.status <> 0 AND (s.kind IS NOT c.kind OR s.name IS NOT c.name OR s.data IS NULL)",
     "objects in force have no status row"},
    {"SELECT count(*) FROM (SELECT l.kind, l.name, l.verb, max(l.revision) AS newest FROM ledger l "
     "GROUP BY l.kind, l.name) n LEFT JOIN current c ON c.kind = n.kind AND c.name = n.name "
     "WHERE (n.verb = 2) <> (c.kind IS NULL) OR (n.verb <> 2 AND c.ledger <> n.newest)",
     "newest ledger rows are not in force"},
    {"SELECT count(*) FROM ledger l WHERE l.verb <> 2 AND l.body IS NULL",
     "ledger rows have no body"},
    {"SELECT count(*) FROM ledger l LEFT JOIN ledger b ON b.revision = l.before WHERE "
     "CASE WHEN l.verb = 0 THEN l.before <> 0 "
     "WHEN l.before = 0 THEN l.revision > " COMPACTED
     " ELSE b.kind IS NOT l.kind OR b.name IS NOT l.name OR b.revision >= l.revision END",
     "ledger rows follow a row that is not theirs"},
    {"SELECT count(*) FROM ledger l LEFT JOIN status s ON s.revision = l.status WHERE "
     "l.status <> 0 AND l.revision > " COMPACTED " AND (s.kind IS NOT l.kind OR s.name IS NOT "
     "l.name)",
     "ledger rows were written with a status that is not there"},
    {"SELECT count(*) FROM ledger WHERE verb = 2 AND revision <= " COMPACTED,
     "ledger rows of before history begins delete something"},
    {"SELECT count(*) FROM pragma_foreign_key_check", "bodies are missing"},
};

static struct chain_row chain_row_of(sqlite3_stmt *stmt, const struct digest *body_mac)
{
    return (struct chain_row){
        .seq = column_u64(stmt, COLUMN_SEQ),
        .revision = column_u64(stmt, COLUMN_REVISION),
        .at = {sqlite3_column_int64(stmt, COLUMN_AT)},
        .verb = sqlite3_column_int(stmt, COLUMN_VERB),
        .kind = column_text(stmt, COLUMN_KIND),
        .name = column_text(stmt, COLUMN_NAME),
        .uid = column_text(stmt, COLUMN_UID),
        .generation = sqlite3_column_int64(stmt, COLUMN_GENERATION),
        .who = column_text(stmt, COLUMN_WHO),
        .manager = column_text(stmt, COLUMN_MANAGER),
        .why = column_text(stmt, COLUMN_WHY),
        .body_mac = body_mac,
    };
}

static int wrong(uint64_t revision, const char *what, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "store: ledger revision %llu: %s",
                   (unsigned long long)revision, what);
}

static int verify_body(struct store *store, sqlite3_stmt *stmt, const struct digest *mac,
                       struct err *err)
{
    uint64_t revision = column_u64(stmt, COLUMN_REVISION);
    const void *data = sqlite3_column_blob(stmt, COLUMN_DATA);
    size_t size_bytes = (size_t)sqlite3_column_bytes(stmt, COLUMN_DATA);
    struct digest want, is;

    if (column_is_null(stmt, COLUMN_DATA)) {
        return 0; /* erased; the row still proves what it was */
    }
    digest_of(data, size_bytes, &is);
    if (!column_bytes(stmt, COLUMN_DIGEST, want.bytes, DIGEST_SIZE) || !digest_eq(&want, &is)) {
        return wrong(revision, "the body does not match its digest", err);
    }
    digest_keyed(store->chain_key, data, size_bytes, &is);
    if (!digest_eq(mac, &is)) {
        return wrong(revision, "the body is not the one that was written", err);
    }
    return 0;
}

/* Holds one row against the heads before it, and moves them on. */
static int verify_row(struct store *store, sqlite3_stmt *stmt, struct heads *heads, struct err *err)
{
    bool has_body = !column_is_null(stmt, COLUMN_BODY);
    struct digest mac = {0}, want, is;
    struct chain_row row = chain_row_of(stmt, has_body ? &mac : NULL);
    int r;

    if (has_body && !column_bytes(stmt, COLUMN_BODY_MAC, mac.bytes, DIGEST_SIZE)) {
        return wrong(row.revision, "the body's keyed digest is damaged", err);
    }
    if (row.seq != heads->ledger_seq + 1) {
        return wrong(row.revision, "the sequence has a gap", err);
    }
    if (row.at.ms < heads->newest.ms) {
        return wrong(row.revision, "time goes back", err);
    }
    chain_link(store->chain_key, &heads->link, &row, &is);
    if (!column_bytes(stmt, COLUMN_LINK, want.bytes, DIGEST_SIZE) || !digest_eq(&want, &is)) {
        return wrong(row.revision, "the chain is broken", err);
    }
    r = has_body ? verify_body(store, stmt, &mac, err) : 0;
    if (r < 0) {
        return r;
    }
    *heads = (struct heads){
        .revision = row.revision, .ledger_seq = row.seq, .newest = row.at, .link = is};
    return 0;
}

/* 0: it was told, and the walk goes on.  Without anybody to tell, it ends. */
static int tell(struct store_examiner *examiner, const struct err *err)
{
    if (examiner == NULL) {
        return err->code;
    }
    examiner->findings++;
    examiner->found(examiner->context, err->text);
    return 0;
}

/* Taken as it stands: what follows is held against what it says of itself. */
static void pass_row(sqlite3_stmt *stmt, struct heads *heads)
{
    *heads = (struct heads){.revision = column_u64(stmt, COLUMN_REVISION),
                            .ledger_seq = column_u64(stmt, COLUMN_SEQ),
                            .newest = {sqlite3_column_int64(stmt, COLUMN_AT)}};
    (void)column_bytes(stmt, COLUMN_LINK, heads->link.bytes, DIGEST_SIZE);
}

static int verify_ledger(struct store *store, struct heads *heads, struct store_examiner *examiner,
                         uint64_t *ret_rows, struct err *err)
{
    struct err bad = ERR_NONE;
    STMT_USE(stmt);
    int r;

    *ret_rows = 0;
    r = stmt_get(store, STMT_VERIFY_LEDGER, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, heads->revision);
    bind_u64(stmt, 2, INT64_MAX);
    while ((r = stmt_step(store, stmt, "verifying the ledger", err)) == 1) {
        if (verify_row(store, stmt, heads, &bad) < 0) {
            r = tell(examiner, &bad);
            if (r < 0) {
                return err_set(err, r, "%s", bad.text);
            }
            pass_row(stmt, heads);
        }
        *ret_rows += 1;
    }
    return r;
}

/* What is kept of before history begins is in no chain that could be followed; its bodies must
 * be those that were written. */
static int verify_kept(struct store *store, struct store_examiner *examiner, struct err *err)
{
    struct err bad = ERR_NONE;
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_VERIFY_LEDGER, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, 0);
    bind_u64(stmt, 2, store->origin.revision);
    while ((r = stmt_step(store, stmt, "verifying what is kept", err)) == 1) {
        struct digest mac = {0};

        if (column_is_null(stmt, COLUMN_BODY)) {
            continue;
        }
        r = column_bytes(stmt, COLUMN_BODY_MAC, mac.bytes, DIGEST_SIZE)
                ? verify_body(store, stmt, &mac, &bad)
                : wrong(column_u64(stmt, COLUMN_REVISION), "the body's keyed digest is damaged",
                        &bad);
        r = r < 0 ? tell(examiner, &bad) : 0;
        if (r < 0) {
            return err_set(err, r, "%s", bad.text);
        }
    }
    return r;
}

static int verify_status(struct store *store, struct store_examiner *examiner, struct err *err)
{
    struct err bad = ERR_NONE;
    STMT_USE(stmt);
    int64_t newest_ms = 0;
    int r;

    r = stmt_get(store, STMT_VERIFY_STATUS, &stmt, err);
    if (r < 0) {
        return r;
    }
    while ((r = stmt_step(store, stmt, "verifying the status log", err)) == 1) {
        if (sqlite3_column_int64(stmt, 1) < newest_ms) {
            (void)err_set(&bad, ERR_CORRUPT, "store: status revision %llu: time goes back",
                          (unsigned long long)column_u64(stmt, 0));
            r = tell(examiner, &bad);
            if (r < 0) {
                return err_set(err, r, "%s", bad.text);
            }
        }
        newest_ms = sqlite3_column_int64(stmt, 1);
    }
    return r;
}

static int verify_references(struct store *store, struct store_examiner *examiner, struct err *err)
{
    struct err bad = ERR_NONE;

    for (size_t i = 0; i < COUNT_OF(references); i++) {
        int64_t count = 0;
        int r;

        r = store_query_i64(store, references[i].sql, &count, err);
        if (r < 0) {
            return r;
        }
        if (count != 0) {
            (void)err_set(&bad, ERR_CORRUPT, "store: %lld %s", (long long)count,
                          references[i].complaint);
            r = tell(examiner, &bad);
            if (r < 0) {
                return err_set(err, r, "%s", bad.text);
            }
        }
    }
    return 0;
}

static int verify_all(struct store *store, struct store_examiner *examiner, uint64_t *ret_rows,
                      struct err *err)
{
    struct heads heads = {0};
    int r;

    r = store_read_origin(store, err);
    if (r < 0) {
        return r;
    }
    heads.revision = store->origin.revision;
    heads.ledger_seq = store->origin.ledger_seq;
    heads.newest = store->origin.at;
    heads.link = store->origin.link;
    r = verify_ledger(store, &heads, examiner, ret_rows, err);
    if (r < 0) {
        return r;
    }
    r = verify_kept(store, examiner, err);
    if (r < 0) {
        return r;
    }
    r = verify_status(store, examiner, err);
    if (r < 0) {
        return r;
    }
    return verify_references(store, examiner, err);
}

int store_verify(struct store *store, uint64_t *ret_rows, struct err *err)
{
    uint64_t rows = 0;
    int r;

    r = stmt_run(store, STMT_BEGIN_READ, "beginning to verify", err);
    if (r == 0) {
        r = verify_all(store, NULL, &rows, err);
    }
    if (r == 0) {
        r = stmt_run(store, STMT_COMMIT, "ending to verify", err);
    }
    store_rollback(store);
    if (r == 0) {
        *ret_rows = rows;
    }
    return r;
}

int store_verify_end(struct store *store, struct err *err)
{
    struct heads heads, before;
    uint64_t rows;
    int r;

    r = store_ledger_head(store, INT64_MAX, &heads, err);
    if (r < 0) {
        return r;
    }
    r = store_ledger_head(store, heads.revision, &before, err);
    if (r < 0) {
        return r;
    }
    return verify_ledger(store, &before, NULL, &rows, err);
}

/* --- examining -----------------------------------------------------------------------------------
 */

/* What SQLite itself finds: a line each, or "ok". */
static int examine_pages(struct store *store, struct store_examiner *examiner, struct err *err)
{
    struct err bad = ERR_NONE;
    char sql[64];
    sqlite3_stmt *stmt = NULL;
    int r;

    (void)snprintf(sql, sizeof(sql), "PRAGMA integrity_check(%d)", STORE_FINDINGS_MAX);
    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return store_failed(store, "examining the database", err);
    }
    while ((r = stmt_step(store, stmt, "examining the database", err)) == 1) {
        if (!str_eq(column_text(stmt, 0), "ok")) {
            (void)err_set(&bad, ERR_CORRUPT, "store: %s", column_text(stmt, 0));
            (void)tell(examiner, &bad);
        }
    }
    (void)sqlite3_finalize(stmt);
    return r;
}

static int count_rows(struct store *store, struct store_examiner *examiner, struct err *err)
{
    static const char counts[] =
        "SELECT 'ledger rows', count(*) FROM ledger UNION ALL "
        "SELECT 'status rows', count(*) FROM status UNION ALL "
        "SELECT 'bodies', count(*) FROM body UNION ALL "
        "SELECT 'answers', count(*) FROM answer UNION ALL "
        "SELECT * FROM (SELECT kind, count(*) FROM current GROUP BY kind ORDER BY kind)";
    sqlite3_stmt *stmt = NULL;
    int r;

    if (sqlite3_prepare_v2(store->db, counts, -1, &stmt, NULL) != SQLITE_OK) {
        return store_failed(store, "counting", err);
    }
    while ((r = stmt_step(store, stmt, "counting", err)) == 1) {
        examiner->counted(examiner->context, column_text(stmt, 0), column_u64(stmt, 1));
    }
    (void)sqlite3_finalize(stmt);
    return r;
}

static int examine_all(struct store *store, struct store_examiner *examiner, struct err *err)
{
    uint64_t rows;
    int r = examine_pages(store, examiner, err);

    if (r == 0) {
        r = verify_all(store, examiner, &rows, err);
    }
    return r == 0 ? count_rows(store, examiner, err) : r;
}

int store_examine(struct store *store, struct store_examiner *examiner, struct err *err)
{
    int r = stmt_run(store, STMT_BEGIN_READ, "beginning to examine", err);

    if (r == 0) {
        r = examine_all(store, examiner, err);
    }
    store_rollback(store);
    return r;
}
