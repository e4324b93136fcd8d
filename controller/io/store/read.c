/* History, read in one snapshot: changes of both logs in the order of their revisions, the versions
 * of one object, the desired state of a moment, or all of it.
 *
 * The queries give the same columns, with these numbers. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/limits.h"

enum column_of_change {
    COLUMN_LOG,
    COLUMN_REVISION,
    COLUMN_VERB,
    COLUMN_KIND,
    COLUMN_NAME,
    COLUMN_UID,
    COLUMN_SEQ,
    COLUMN_GENERATION,
    COLUMN_AT,
    COLUMN_WHO,
    COLUMN_MANAGER,
    COLUMN_WHY,
    COLUMN_BODY,
    COLUMN_STATUS,
    COLUMN_BEFORE,
    COLUMN_LEDGER_REVISION,
    COLUMN_STATUS_REVISION,
    COLUMN_STATUS_BEFORE,
    COLUMN_FOLLOWS, /* the status that this one follows, READ_PAST: the next one; 0: none */
};

static enum stmt_id statement_of(const struct read_query *query)
{
    switch (query->type) {
    case READ_CHANGES:
        return STMT_READ_CHANGES;
    case READ_HISTORY:
        return query->name == NULL ? STMT_READ_FLEET_HISTORY : STMT_READ_HISTORY;
    case READ_STATE_AT:
        return STMT_READ_STATE_AT;
    case READ_PAST:
        return query->kind->is_event ? STMT_READ_PAST_EVENTS : STMT_READ_PAST;
    }
    return STMT_READ_CHANGES;
}

static char *text_of(struct read_result *result, sqlite3_stmt *stmt, int column)
{
    return arena_strdup(&result->arena, column_text(stmt, column));
}

static size_t size_of(const struct blob *blob)
{
    return blob == NULL ? 0 : blob->size_bytes;
}

static struct stored_change take_change(struct read_result *result, sqlite3_stmt *stmt)
{
    return (struct stored_change){
        .log = (enum row_log)sqlite3_column_int(stmt, COLUMN_LOG),
        .verb = (enum row_verb)sqlite3_column_int(stmt, COLUMN_VERB),
        .kind = column_kind(stmt, COLUMN_KIND),
        .name = text_of(result, stmt, COLUMN_NAME),
        .uid = text_of(result, stmt, COLUMN_UID),
        .revision = column_u64(stmt, COLUMN_REVISION),
        .ledger_seq = column_u64(stmt, COLUMN_SEQ),
        .generation = sqlite3_column_int64(stmt, COLUMN_GENERATION),
        .at = {sqlite3_column_int64(stmt, COLUMN_AT)},
        .who = text_of(result, stmt, COLUMN_WHO),
        .manager = text_of(result, stmt, COLUMN_MANAGER),
        .why = text_of(result, stmt, COLUMN_WHY),
        .body = column_blob(stmt, COLUMN_BODY),
        .status = column_blob(stmt, COLUMN_STATUS),
        .body_before = column_blob(stmt, COLUMN_BEFORE),
        .ledger_revision = column_u64(stmt, COLUMN_LEDGER_REVISION),
        .status_revision = column_u64(stmt, COLUMN_STATUS_REVISION),
        .status_before = column_blob(stmt, COLUMN_STATUS_BEFORE),
        .is_status_gone =
            column_u64(stmt, COLUMN_FOLLOWS) != 0 && column_is_null(stmt, COLUMN_STATUS_BEFORE),
    };
}

/* What upto means here and now: nothing is promised beyond the newest committed revision. */
static uint64_t last_of(const struct read_query *query, const struct heads *heads)
{
    bool is_open_ended = query->type == READ_HISTORY && query->upto == 0 && !query->by_time;

    return is_open_ended || query->upto > heads->revision ? heads->revision : query->upto;
}

/* Of one object all is told that is there; of many, from where it is whole. */
static uint64_t first_of(const struct store *store, const struct read_query *query)
{
    switch (query->type) {
    case READ_CHANGES:
        return query->after;
    case READ_HISTORY:
        return query->name != NULL || query->after > store->origin.revision
                   ? query->after
                   : store->origin.revision;
    case READ_STATE_AT:
    case READ_PAST:
        return 0;
    }
    return 0;
}

static void bind_query(const struct store *store, sqlite3_stmt *stmt,
                       const struct read_query *query, uint64_t last)
{
    bind_u64(stmt, 1, first_of(store, query));
    bind_u64(stmt, 2, last);
    if (query->kind != NULL) { /* what is not bound is NULL: all */
        bind_text(stmt, 3, query->kind->name);
    }
    if (query->name != NULL) {
        bind_text(stmt, 4, query->name);
    }
    if (query->type != READ_STATE_AT) {
        bind_u64(stmt, 5, query->with_before);
    }
}

static bool is_full(const struct read_query *query, const struct read_result *result,
                    size_t size_bytes)
{
    bool is_bounded = query->type != READ_STATE_AT; /* bounded by the objects themselves */

    return is_bounded && ((query->limit > 0 && result->changes.count >= query->limit) ||
                          size_bytes >= READ_CHUNK_BYTES_MAX ||
                          (result->changes.count > 0 && BUGGIFY("read-short")));
}

/* 1: there was more than one result may hold. */
static int take_changes(struct store *store, const struct read_query *query, sqlite3_stmt *stmt,
                        struct read_result *result)
{
    size_t size_bytes = 0;
    int r;

    while ((r = stmt_step(store, stmt, "reading history", NULL)) == 1) {
        struct stored_change change;

        if (is_full(query, result, size_bytes)) {
            return 1;
        }
        change = take_change(result, stmt);
        size_bytes += size_of(change.body) + size_of(change.status) + size_of(change.body_before) +
                      size_of(change.status_before);
        vec_add(&result->changes, change);
        if (change.kind == NULL) {
            return ERR_REFUSED; /* written by a newer program */
        }
    }
    return r;
}

/* Never below `after`: who reads on from what is covered does not go back, even when it has seen
 * more than this connection has. */
static uint64_t covered_by(const struct read_query *query, const struct read_result *result,
                           bool is_cut, uint64_t last)
{
    uint64_t covered = is_cut ? result->changes.items[result->changes.count - 1].revision : last;

    return query->type == READ_CHANGES && covered < query->after ? query->after : covered;
}

static int read_rows(struct store *store, const struct read_query *query, uint64_t last,
                     struct read_result *result)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, statement_of(query), &stmt, NULL);
    if (r < 0) {
        return r;
    }
    bind_query(store, stmt, query, last);
    r = take_changes(store, query, stmt, result);
    if (r < 0) {
        return r;
    }
    result->covered = covered_by(query, result, r == 1, last);
    result->complete = r == 0 && (last == query->upto || query->type == READ_HISTORY);
    return 0;
}

/* What was in force of one object at a moment that is gone is known when its row of then is there,
 * and of a session's form when any row of before then is: those that gave it another form stay, and
 * go the oldest first.  1: it is known. */
static int is_known_still(struct store *store, const struct read_query *query)
{
    bool is_one = query->type == READ_STATE_AT && query->kind != NULL && query->name != NULL;
    STMT_USE(stmt);
    int r;

    if (!is_one) {
        return 0;
    }
    r = stmt_get(store, STMT_READ_HAS, &stmt, NULL);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, query->kind->name);
    bind_text(stmt, 2, query->name);
    bind_u64(stmt, 3, query->form_only ? 0 : query->upto);
    bind_u64(stmt, 4, query->upto);
    r = stmt_step(store, stmt, "looking for a version", NULL);
    return r == 1 ? column_u64(stmt, 0) != 0 : r;
}

/* 1: it asks for what is gone. */
static int is_compacted(struct store *store, const struct read_query *query)
{
    uint64_t origin = store->origin.revision;
    bool is_gone = false;
    int r;

    switch (query->type) {
    case READ_CHANGES:
        is_gone = query->after < origin;
        break;
    case READ_HISTORY:
        is_gone = query->upto != 0 && query->upto < origin;
        break;
    case READ_STATE_AT:
        is_gone = query->upto < store->origin.change;
        break;
    case READ_PAST:
        is_gone = query->upto < origin;
        break;
    }
    r = is_gone ? is_known_still(store, query) : 1;
    return r < 0 ? r : r == 0;
}

/* --- the past ---------------------------------------------------------------------------------
 */

/* An object as it was then, if it was.  1: read on. */
static int take_past(struct read_result *result, sqlite3_stmt *stmt, size_t *size_bytes)
{
    uint64_t follows = column_u64(stmt, COLUMN_FOLLOWS);
    struct stored_change change;

    if (column_is_null(stmt, COLUMN_REVISION)) {
        return 1;
    }
    change = take_change(result, stmt);
    change.is_status_gone = follows != 0 && follows != change.status_revision;
    *size_bytes += size_of(change.body) + size_of(change.status);
    vec_add(&result->changes, change);
    return change.kind == NULL ? ERR_REFUSED : 1; /* written by a newer program */
}

static int take_names(struct store *store, const struct read_query *query, sqlite3_stmt *stmt,
                      struct read_result *result)
{
    size_t size_bytes = 0, names = 0;
    bool is_cut = false;
    int r = 1;

    while (r == 1 && !is_cut) {
        r = stmt_step(store, stmt, "reading the past", NULL);
        if (r != 1) {
            break;
        }
        names++;
        result->after = text_of(result, stmt, COLUMN_NAME);
        if (query->name == NULL || str_eq(result->after, query->name)) {
            r = take_past(result, stmt, &size_bytes);
        }
        is_cut = query->name == NULL &&
                 (names == READ_PAST_NAMES_MAX || size_bytes >= READ_CHUNK_BYTES_MAX ||
                  BUGGIFY("read-past-short"));
    }
    result->complete = !is_cut;
    return r < 0 ? r : 0;
}

static int read_past(struct store *store, const struct read_query *query,
                     struct read_result *result)
{
    const char *from = query->name != NULL ? query->name : query->from;
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, statement_of(query), &stmt, NULL);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 2, query->upto);
    bind_text(stmt, 3, query->kind->name);
    bind_text(stmt, 4, from == NULL ? "" : from);
    bind_u64(stmt, 5, query->name != NULL ? 1 : READ_PAST_NAMES_MAX);
    return take_names(store, query, stmt, result);
}

/* --- all of them ------------------------------------------------------------------------------
 */

/* 1: what it asks for was lost.  A moment at which something was is answered with what was there
 * before, and `result` says so. */
static int look_for_loss(struct store *store, const struct read_query *query,
                         struct read_result *result)
{
    int r = store_is_lost(store, query->type == READ_CHANGES ? query->after : query->upto,
                          &result->lost, NULL);

    if (r != 0 || !query->by_time) {
        return r;
    }
    r = store_is_moment_lost(store, query->at, query->upto, &result->lost, NULL);
    return r < 0 ? r : 0;
}

static int read_snapshot(struct store *store, struct read_query query, struct read_result *result)
{
    int r;

    r = store_refresh_heads(store, NULL);
    if (r < 0) {
        return r;
    }
    result->compacted = store->origin.revision;
    result->compacted_at = store->origin.at;
    r = query.by_time ? store_revision_at(store, query.at, &query.upto, NULL) : 0;
    if (r == 0) {
        r = is_compacted(store, &query);
    }
    if (r != 0) {
        return r < 0 ? r : ERR_NOT_FOUND;
    }
    r = look_for_loss(store, &query, result);
    if (r != 0) {
        return r < 0 ? r : ERR_NOT_FOUND;
    }
    result->upto = query.upto;
    r = query.type == READ_PAST ? store_written_at(store, query.upto, &result->at, NULL) : 0;
    if (r < 0) {
        return r;
    }
    return query.type == READ_PAST
               ? read_past(store, &query, result)
               : read_rows(store, &query, last_of(&query, &store->heads), result);
}

struct read_result *store_read(struct store *store, const struct read_query *query)
{
    struct read_result *result = read_result_new(query->ticket);

    result->code = stmt_run(store, STMT_BEGIN_READ, "beginning to read", NULL);
    if (result->code == 0) {
        result->code = read_snapshot(store, *query, result);
    }
    if (result->code == 0) {
        result->code = stmt_run(store, STMT_COMMIT, "ending to read", NULL);
    }
    store_rollback(store);
    return result;
}
