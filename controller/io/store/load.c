/* Start-up: everything that is in force, found through `current`, so that its cost follows the
 * number of objects and not the length of their history. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"

static void blob_unref_p(struct blob **blob)
{
    blob_unref(*blob);
}

static int missing(sqlite3_stmt *stmt, const char *what, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "store: %s of %s \"%s\" is missing", what,
                   column_text(stmt, 0), column_text(stmt, 1));
}

static int load_object(const struct store_loader *loader, sqlite3_stmt *stmt, struct err *err)
{
    _cleanup_(blob_unref_p)
    struct blob *body = column_blob(stmt, 12);
    _cleanup_(blob_unref_p)
    struct blob *status = column_blob(stmt, 13);
    uint64_t ledger = column_u64(stmt, 2), newest = column_u64(stmt, 3);
    struct stored_change change = {
        .log = ledger != 0 ? ROW_LEDGER : ROW_STATUS,
        .verb = (enum row_verb)sqlite3_column_int(stmt, 4),
        .kind = column_kind(stmt, 0),
        .name = column_text(stmt, 1),
        .uid = column_text(stmt, 5),
        .revision = ledger > newest ? ledger : newest,
        .ledger_seq = column_u64(stmt, 6),
        .generation = sqlite3_column_int64(stmt, 7),
        .at = {sqlite3_column_int64(stmt, 8)},
        .who = column_text(stmt, 9),
        .manager = column_text(stmt, 10),
        .why = column_text(stmt, 11),
        .body = body,
        .status = status,
        .ledger_revision = ledger,
        .status_revision = newest,
    };

    if (change.kind == NULL) {
        return err_set(err, ERR_REFUSED, "store: \"%s\" is no kind that this program knows",
                       column_text(stmt, 0));
    }
    if (ledger != 0 && body == NULL) {
        return missing(stmt, "the body", err);
    }
    if (newest != 0 && status == NULL) {
        return missing(stmt, "the status", err);
    }
    return loader->object(loader->context, &change, err);
}

static int load_content(const struct store_loader *loader, sqlite3_stmt *stmt, struct err *err)
{
    _cleanup_(blob_unref_p)
    struct blob *body = column_blob(stmt, 1);
    struct content content = {.body = body};

    if (body == NULL || !column_bytes(stmt, 0, content.digest.bytes, DIGEST_SIZE)) {
        return err_set(err, ERR_CORRUPT, "store: a content is missing");
    }
    return loader->content(loader->context, &content, err);
}

static int load_answer(const struct store_loader *loader, sqlite3_stmt *stmt, struct err *err)
{
    _cleanup_(blob_unref_p)
    struct blob *body = column_blob(stmt, 4);
    _cleanup_free_ char *key = mem_strdup(column_text(stmt, 0));
    struct answer_row answer = {.key = key,
                                .code = sqlite3_column_int(stmt, 2),
                                .at = {sqlite3_column_int64(stmt, 3)},
                                .body = body};

    if (!column_bytes(stmt, 1, answer.request.bytes, DIGEST_SIZE)) {
        return err_set(err, ERR_CORRUPT, "store: an answer's digest is damaged");
    }
    return loader->answer(loader->context, &answer, err);
}

typedef int load_one(const struct store_loader *loader, sqlite3_stmt *stmt, struct err *err);

static int load_each(struct store *store, enum stmt_id id, load_one *one,
                     const struct store_loader *loader, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, id, &stmt, err);
    if (r < 0) {
        return r;
    }
    for (size_t rows = 0;; rows++) {
        r = stmt_step(store, stmt, "loading", err);
        if (r <= 0 || (MUTANT(LOAD_STOPS_EARLY) && id == STMT_LOAD_OBJECTS && rows == 12)) {
            return r < 0 ? r : 0;
        }
        r = one(loader, stmt, err);
        if (r != 0) {
            return r;
        }
    }
}

int store_load(struct store *store, const struct store_loader *loader, struct err *err)
{
    int r;

    r = load_each(store, STMT_LOAD_CONTENTS, load_content, loader, err);
    if (r != 0) {
        return r;
    }
    r = load_each(store, STMT_LOAD_ANSWERS, load_answer, loader, err);
    if (r != 0) {
        return r;
    }
    return load_each(store, STMT_LOAD_OBJECTS, load_object, loader, err);
}
