/* The shape of the database, as a row of numbered steps.  A file has the number of the last step
 * that it took in its header; each step is one transaction.
 *
 * When a row is added: it goes to the end, and no row is ever changed, for files out there have
 * taken it. */
#include "controller/io/store/inner.h"
#include "schema/base/site.h"

#include <assert.h>
#include <string.h>

enum { APPLICATION_ID = 0x466f6731 }; /* "Fog1": tells our files from others' */

/* 1.  `body` keeps contents by digest; a ledger body may be erased (data NULL) and is found by a
 * number, for numbers are short and rise.  `ledger` and `status` are keyed by revision, so rows are
 * always added at the end; each row says which row of the other log was in force with it (`status`,
 * `ledger`), and a ledger row which ledger row it follows (`before`; 0: none), so that nothing has
 * to be searched for.  An index on (kind, name) ends in the revision by itself.  Status is kept in
 * the row: it is hardly ever the same twice. */
static const char step_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE body (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,"
    "  is_content INTEGER NOT NULL, data BLOB) STRICT;"
    "CREATE INDEX body_content ON body (id) WHERE is_content = 1;"
    "CREATE TABLE ledger (revision INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
    "  verb INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,"
    "  generation INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,"
    "  manager TEXT NOT NULL, why TEXT NOT NULL, body INTEGER REFERENCES body (id),"
    "  body_mac BLOB, before INTEGER NOT NULL, status INTEGER NOT NULL, link BLOB NOT NULL) STRICT;"
    "CREATE INDEX ledger_object ON ledger (kind, name);"
    "CREATE TABLE status (revision INTEGER PRIMARY KEY, verb INTEGER NOT NULL,"
    "  kind TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, generation INTEGER NOT NULL,"
    "  at INTEGER NOT NULL, who TEXT NOT NULL, manager TEXT NOT NULL, why TEXT NOT NULL,"
    "  data BLOB, ledger INTEGER NOT NULL) STRICT;"
    "CREATE TABLE current (kind TEXT NOT NULL, name TEXT NOT NULL, ledger INTEGER NOT NULL,"
    "  status INTEGER NOT NULL, PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE answer (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    "  request BLOB NOT NULL, code INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB) STRICT;"
    "PRAGMA application_id = 0x466f6731;";

/* 2.  Leases may be granted in no era that is not settled.  Files of before did not say so while
 * they were of one era; from here on a file that does not say it is damaged. */
static const char step_2[] = "INSERT INTO meta (name, value)"
                             "  SELECT 'settled_era', value FROM meta WHERE name = 'era'"
                             "  ON CONFLICT (name) DO NOTHING;";

/* 3.  For compaction: which ledger rows have a body, which status row another one follows
 * (`before`; 0: none, or it was written before this step), whether a ledger row that stays of
 * before history begins gave a session another form; when the last row of before was written, and
 * which revision the last one of the ledger had. */
static const char step_3[] =
    "CREATE INDEX ledger_body ON ledger (body);"
    "ALTER TABLE ledger ADD COLUMN begins_form INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE status ADD COLUMN before INTEGER NOT NULL DEFAULT 0;"
    "INSERT INTO meta (name, value) VALUES ('compacted_at', 0), ('compacted_change', 0)"
    "  ON CONFLICT (name) DO NOTHING;";

/* 4.  The status of an object at a moment of the past is found by its name. */
static const char step_4[] = "CREATE INDEX status_object ON status (kind, name);";

static const char *const steps[] = {step_1, step_2, step_3, step_4};

enum { VERSION = COUNT_OF(steps) };

int store_meta_put_bytes(struct store *store, const char *name, const void *bytes,
                         size_t size_bytes, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_META_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, name);
    bind_bytes(stmt, 2, bytes, size_bytes);
    return stmt_finish(store, stmt, "writing its own data", err);
}

/* What tells this store from every other. */
static int put_identity(struct store *store, const uint8_t seed[static RAND_SEED_SIZE],
                        struct err *err)
{
    static const struct digest no_link;
    char store_id[UID_TEXT_SIZE];
    uint8_t key[KEY_SIZE];
    struct rand rand;
    int r;

    rand_init(&rand, seed);
    rand_uid(&rand, store_id);
    rand_secret(&rand, key, sizeof(key));
    r = store_meta_put_bytes(store, "store_id", store_id, UID_TEXT_SIZE - 1, err);
    if (r < 0) {
        return r;
    }
    r = store_meta_put_bytes(store, "chain_key", key, sizeof(key), err);
    if (r < 0) {
        return r;
    }
    r = store_meta_put_bytes(store, "compacted_link", no_link.bytes, DIGEST_SIZE, err);
    if (r < 0) {
        return r;
    }
    return store_exec(store,
                      "INSERT INTO meta (name, value) VALUES ('era', 1), ('clean', 0),"
                      "('compacted_revision', 0), ('compacted_seq', 0)",
                      err);
}

static int take_step(struct store *store, size_t index, const uint8_t seed[static RAND_SEED_SIZE],
                     struct err *err)
{
    char version[64];
    int r;

    r = store_exec(store, steps[index], err);
    if (r < 0) {
        return r;
    }
    r = index == 0 ? put_identity(store, seed, err) : 0;
    if (r < 0) {
        return r;
    }
    (void)snprintf(version, sizeof(version), "PRAGMA user_version = %zu", index + 1);
    return store_exec(store, version, err);
}

int store_check_version(struct store *store, bool must_exist, struct err *err)
{
    int64_t version = 0, application = 0, tables = 0;
    int r;

    r = store_query_i64(store, "PRAGMA user_version", &version, err);
    if (r < 0) {
        return r;
    }
    r = store_query_i64(store, "PRAGMA application_id", &application, err);
    if (r < 0) {
        return r;
    }
    r = store_query_i64(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (r < 0) {
        return r;
    }
    if (application != APPLICATION_ID && (version != 0 || tables != 0)) {
        return err_set(err, ERR_REFUSED, "store: the file is another program's database");
    }
    if (version > VERSION) {
        return err_set(err, ERR_REFUSED,
                       "store: the file has version %lld, this program knows up to %d; "
                       "run the newer program",
                       (long long)version, VERSION);
    }
    if (must_exist && version == 0) {
        return err_set(err, ERR_NOT_FOUND, "store: the file is empty");
    }
    if (store->is_reader && version != VERSION) {
        return err_set(err, ERR_UNAVAILABLE, "store: the file is not yet of version %d", VERSION);
    }
    return 0;
}

int store_migrate(struct store *store, const uint8_t seed[static RAND_SEED_SIZE], struct err *err)
{
    int64_t version = 0;
    int r;

    r = store_query_i64(store, "PRAGMA user_version", &version, err);
    if (r == 0 && version > 0 && version < VERSION) {
        MARK("store-of-before");
    }
    for (size_t i = (size_t)version; r == 0 && i < VERSION; i++) {
        r = stmt_run(store, STMT_BEGIN, "beginning", err);
        if (r == 0) {
            r = take_step(store, i, seed, err);
        }
        if (r == 0) {
            r = stmt_run(store, STMT_COMMIT, "committing", err);
        }
        if (r < 0) {
            store_rollback(store);
            return err_prefix(err, r, "migrating to version %zu", i + 1);
        }
    }
    return r;
}
