/* Writing: all batches that wait, in one transaction.
 *
 * Every row is held against the heads of the logs and against what is in force for its object, for
 * a model that has gone astray must not be made durable.  The heads in memory move only after
 * COMMIT has returned. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"

#include <assert.h>

struct in_force { /* of one object; zero: none */
    bool exists;
    uint64_t ledger, status;
};

static int refuse(const struct row *row, const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID, "store: revision %llu of %s \"%s\": %s",
                   (unsigned long long)row->revision, row->kind->name, row->name, why);
}

static int check_order(const struct heads *heads, const struct row *row, struct err *err)
{
    if (row->revision <= heads->revision) {
        return refuse(row, "the revision does not rise", err);
    }
    if (row->at.ms < heads->newest.ms) {
        return refuse(row, "time goes back", err);
    }
    return 0;
}

static int check_ledger_row(const struct row *row, const struct in_force *now, struct err *err)
{
    if (row->kind->is_event) {
        return refuse(row, "events are kept in the status log alone", err);
    }
    if (row->verb == ROW_CREATE && now->exists) {
        return refuse(row, "it exists already", err);
    }
    if (row->verb != ROW_CREATE && !now->exists) {
        return refuse(row, "it does not exist", err);
    }
    if ((row->body == NULL) != (row->verb == ROW_DELETE)) {
        return refuse(row, "a body belongs to everything but a delete", err);
    }
    return 0;
}

static int check_status_row(const struct row *row, const struct in_force *now, struct err *err)
{
    if (row->kind->is_event && (row->verb == ROW_CREATE) == now->exists) {
        return refuse(row, now->exists ? "it exists already" : "it does not exist", err);
    }
    if (!row->kind->is_event && !now->exists) {
        return refuse(row, "it does not exist", err);
    }
    if (!row->kind->is_event && row->verb == ROW_DELETE) {
        return refuse(row, "status goes with its object, not alone", err);
    }
    if ((row->body == NULL) != (row->verb == ROW_DELETE)) {
        return refuse(row, "a body belongs to everything but a delete", err);
    }
    return 0;
}

static int find_in_force(struct store *store, const struct row *row, struct in_force *ret_now,
                         struct err *err)
{
    STMT_USE(stmt);
    int r;

    *ret_now = (struct in_force){0};
    r = stmt_get(store, STMT_CURRENT_FIND, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, row->kind->name);
    bind_text(stmt, 2, row->name);
    r = stmt_step(store, stmt, "looking for an object", err);
    if (r == 1) {
        *ret_now = (struct in_force){true, column_u64(stmt, 0), column_u64(stmt, 1)};
    }
    return r < 0 ? r : 0;
}

static int put_in_force(struct store *store, const struct row *row, const struct in_force *now,
                        struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, now->exists ? STMT_CURRENT_PUT : STMT_CURRENT_DELETE, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, row->kind->name);
    bind_text(stmt, 2, row->name);
    if (now->exists) {
        bind_u64(stmt, 3, now->ledger);
        bind_u64(stmt, 4, now->status);
    }
    return stmt_finish(store, stmt, "writing what is in force", err);
}

static int keep_content(struct store *store, int64_t id, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_BODY_KEEP, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, (uint64_t)id);
    return stmt_finish(store, stmt, "writing a body", err);
}

/* 1: there, under this number. */
static int find_body(struct store *store, const struct digest *digest, bool is_content,
                     int64_t *ret_id, struct err *err)
{
    STMT_USE(stmt);
    bool was_content;
    int r;

    r = stmt_get(store, STMT_BODY_FIND, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_digest(stmt, 1, digest);
    r = stmt_step(store, stmt, "looking for a body", err);
    if (r <= 0) {
        return r;
    }
    *ret_id = sqlite3_column_int64(stmt, 0);
    was_content = sqlite3_column_int(stmt, 1) != 0;
    if (is_content && !was_content) {
        r = keep_content(store, *ret_id, err);
        return r < 0 ? r : 1;
    }
    return 1;
}

static int put_body(struct store *store, const struct blob *body, const struct digest *digest,
                    bool is_content, int64_t *ret_id, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = find_body(store, digest, is_content, ret_id, err);
    if (r != 0) {
        return r < 0 ? r : 0;
    }
    r = stmt_get(store, STMT_BODY_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_digest(stmt, 1, digest);
    bind_u64(stmt, 2, is_content);
    bind_blob(stmt, 3, body);
    r = stmt_step(store, stmt, "writing a body", err);
    if (r < 0) {
        return r;
    }
    assert(r == 1);
    *ret_id = sqlite3_column_int64(stmt, 0);
    return stmt_finish(store, stmt, "writing a body", err);
}

/* The columns that both logs have, in one order: revision, verb, kind, name, uid, generation, at,
 * who, manager, why. */
static void bind_row(sqlite3_stmt *stmt, const struct row *row)
{
    bind_u64(stmt, 1, row->revision);
    bind_u64(stmt, 2, row->verb);
    bind_text(stmt, 3, row->kind->name);
    bind_text(stmt, 4, row->name);
    bind_text(stmt, 5, row->uid);
    bind_u64(stmt, 6, (uint64_t)row->generation);
    bind_u64(stmt, 7, (uint64_t)row->at.ms);
    bind_text(stmt, 8, row->who);
    bind_text(stmt, 9, row->manager);
    bind_text(stmt, 10, row->why);
}

static void make_link(struct store *store, const struct heads *heads, const struct row *row,
                      const struct digest *body_mac, struct digest *ret_link)
{
    struct chain_row chain = {.seq = heads->ledger_seq + 1,
                              .revision = row->revision,
                              .at = row->at,
                              .verb = row->verb,
                              .kind = row->kind->name,
                              .name = row->name,
                              .uid = row->uid == NULL ? "" : row->uid,
                              .generation = row->generation,
                              .who = row->who == NULL ? "" : row->who,
                              .manager = row->manager == NULL ? "" : row->manager,
                              .why = row->why == NULL ? "" : row->why,
                              .body_mac = row->body == NULL ? NULL : body_mac};

    chain_link(store->chain_key, &heads->link, &chain, ret_link);
}

static int put_ledger_row(struct store *store, struct heads *heads, const struct row *row,
                          const struct in_force *now, struct err *err)
{
    STMT_USE(stmt);
    struct digest digest, mac, link;
    int64_t body = 0;
    int r;

    if (row->body != NULL) {
        digest_of(row->body->data, row->body->size_bytes, &digest);
        digest_keyed(store->chain_key, row->body->data, row->body->size_bytes, &mac);
        r = put_body(store, row->body, &digest, false, &body, err);
        if (r < 0) {
            return r;
        }
    }
    make_link(store, heads, row, &mac, &link);
    r = stmt_get(store, STMT_LEDGER_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_row(stmt, row);
    bind_u64(stmt, 11, heads->ledger_seq + 1);
    if (row->body != NULL) {
        bind_u64(stmt, 12, (uint64_t)body);
        bind_digest(stmt, 13, &mac);
    }
    bind_u64(stmt, 14, now->ledger);
    bind_u64(stmt, 15, now->status);
    bind_digest(stmt, 16, &link);
    r = stmt_finish(store, stmt, "writing to the ledger", err);
    if (r < 0) {
        return r;
    }
    heads->ledger_seq++;
    heads->ledger_rows++;
    if (!MUTANT(ROW_NOT_CHAINED) || heads->ledger_seq % 8 != 0) {
        heads->link = link;
    }
    return 0;
}

static int put_status_row(struct store *store, const struct row *row, const struct in_force *now,
                          struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_STATUS_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_row(stmt, row);
    bind_blob(stmt, 11, row->body);
    bind_u64(stmt, 12, now->ledger);
    bind_u64(stmt, 13, row->kind->is_event ? 0 : now->status); /* of an event it is gone */
    return stmt_finish(store, stmt, "writing to the status log", err);
}

/* Of an event the log keeps the newest row: older counts of it are worth nothing. */
static int forget_status_row(struct store *store, uint64_t revision, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_STATUS_DELETE, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    return stmt_finish(store, stmt, "forgetting an event", err);
}

static int put_status(struct store *store, struct heads *heads, const struct row *row,
                      struct in_force *now, struct err *err)
{
    int r;

    r = check_status_row(row, now, err);
    if (r < 0) {
        return r;
    }
    if (row->kind->is_event && now->status != 0) {
        r = forget_status_row(store, now->status, err);
        if (r < 0) {
            return r;
        }
        heads->status_rows--;
    }
    r = put_status_row(store, row, now, err);
    if (r < 0) {
        return r;
    }
    now->status = row->revision;
    heads->status_rows++;
    return 0;
}

static int put_ledger(struct store *store, struct heads *heads, const struct row *row,
                      struct in_force *now, struct err *err)
{
    int r;

    r = check_ledger_row(row, now, err);
    if (r < 0) {
        return r;
    }
    r = put_ledger_row(store, heads, row, now, err);
    if (r < 0) {
        return r;
    }
    now->ledger = row->revision;
    return 0;
}

static int put_row(struct store *store, struct heads *heads, const struct row *row, struct err *err)
{
    struct in_force now;
    int r;

    r = check_order(heads, row, err);
    if (r < 0) {
        return r;
    }
    r = find_in_force(store, row, &now, err);
    if (r < 0) {
        return r;
    }
    r = row->log == ROW_LEDGER ? put_ledger(store, heads, row, &now, err)
                               : put_status(store, heads, row, &now, err);
    if (r < 0) {
        return r;
    }
    now.exists = row->verb != ROW_DELETE || MUTANT(DELETED_STAYS_CURRENT);
    heads->revision = row->revision;
    heads->newest = row->at;
    return put_in_force(store, row, &now, err);
}

static int put_content(struct store *store, const struct content *content, struct err *err)
{
    struct digest digest;
    int64_t id;

    digest_of(content->body->data, content->body->size_bytes, &digest);
    if (!digest_eq(&digest, &content->digest)) {
        return err_set(err, ERR_INVALID, "store: a content does not match its digest");
    }
    return put_body(store, content->body, &digest, true, &id, err);
}

int store_drop_body(struct store *store, int64_t id, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_BODY_DROP, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, (uint64_t)id);
    return stmt_finish(store, stmt, "removing a body", err);
}

static int release_content(struct store *store, const struct digest *digest, struct err *err)
{
    int64_t id = 0;
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_BODY_RELEASE, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_digest(stmt, 1, digest);
    r = stmt_step(store, stmt, "releasing a content", err);
    if (r == 1) {
        id = sqlite3_column_int64(stmt, 0);
        r = stmt_finish(store, stmt, "releasing a content", err);
    }
    return r == 0 && id != 0 ? store_drop_body(store, id, err) : r;
}

static int put_answer(struct store *store, const struct answer_row *answer, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_ANSWER_PUT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, answer->key);
    bind_digest(stmt, 2, &answer->request);
    bind_u64(stmt, 3, (uint64_t)answer->code);
    bind_u64(stmt, 4, (uint64_t)answer->at.ms);
    bind_blob(stmt, 5, answer->body);
    return stmt_finish(store, stmt, "writing an answer", err);
}

static int forget_answer(struct store *store, const char *key, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_ANSWER_DELETE, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, key);
    return stmt_finish(store, stmt, "forgetting an answer", err);
}

static int put_batch(struct store *store, struct heads *heads, const struct batch *batch,
                     struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < batch->contents.count; i++) {
        r = put_content(store, &batch->contents.items[i], err);
    }
    for (size_t i = 0; r == 0 && i < batch->rows.count; i++) {
        r = put_row(store, heads, &batch->rows.items[i], err);
    }
    for (size_t i = 0; r == 0 && i < batch->released_contents.count; i++) {
        r = release_content(store, &batch->released_contents.items[i], err);
    }
    for (size_t i = 0; r == 0 && i < batch->forgotten_answers.count; i++) {
        r = forget_answer(store, batch->forgotten_answers.items[i], err);
    }
    for (size_t i = 0; r == 0 && i < batch->answers.count && !MUTANT(ANSWERS_NOT_STORED); i++) {
        r = put_answer(store, &batch->answers.items[i], err);
    }
    if (r == 0 && batch->settles_era) {
        r = store_settle_era(store, err);
    }
    return r;
}

int store_commit(struct store *store, struct batch *const *batches, size_t count, struct err *err)
{
    struct heads heads;
    int r;

    assert(!store->is_reader);
    if (store->is_broken) {
        return err_set(err, ERR_SYNC, "store: an earlier write may be lost; start again");
    }
    if (BUGGIFY("heads-forgotten")) {
        store->heads_known = false;
    }
    r = store_refresh_heads(store, err);
    if (r < 0) {
        return r;
    }
    heads = store->heads;
    r = stmt_run(store, STMT_BEGIN, "beginning", err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = put_batch(store, &heads, batches[i], err);
    }
    if (r == 0) {
        r = stmt_run(store, STMT_COMMIT, "committing", err);
    }
    if (r < 0) {
        MARK("a commit fails and is undone");
        store->heads_known = false;
        store_rollback(store);
        return r;
    }
    store->heads = heads;
    return 0;
}
