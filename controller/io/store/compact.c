/* Compaction: the point where history begins moves on, past one bounded slice of rows at a time.
 *
 *     gone ──────────────┬── C ───────────────────── newest
 *     of before C stays  │   all of after C stays
 *     what is in force at C
 *
 * So that every moment from C on can be told, each object that is there at C keeps its ledger row
 * of then, and its status row of then as long as something refers to it.  Both are found from the
 * row that took their place, when that is passed: each row says which one it follows (`before`),
 * and a ledger row with which status it was written.  A session also keeps, however old, the rows
 * that gave it another form, HISTORY_FORMS_MAX of them, for an undo goes back to these; a row that
 * follows one that goes is made to follow what was before that.
 *
 * The chain is verified from C on, where `meta` has the link of the last row that was passed. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/json.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/session_form.h"
#include "schema/limits.h"

#include <assert.h>

struct passed { /* a row that the slice goes past */
    enum row_log log;
    uint64_t revision, before, status, seq, bytes;
    enum row_verb verb;
    const char *kind, *name; /* in the slice's arena */
    struct wall at;
    struct digest link;
};

struct slice {
    struct store *store;
    struct arena arena;
    struct passed *rows; /* in `arena` */
    size_t count;
    struct origin origin;              /* where history will begin */
    uint64_t ledger_gone, status_gone; /* rows */
};

struct kept_row { /* a ledger row of before, still there */
    uint64_t revision, before;
    bool begins_form;
};

/* --- what the slice goes past ----------------------------------------------------------------- */

enum column_of_passed {
    COLUMN_LOG,
    COLUMN_REVISION,
    COLUMN_VERB,
    COLUMN_KIND,
    COLUMN_NAME,
    COLUMN_AT,
    COLUMN_BEFORE,
    COLUMN_STATUS,
    COLUMN_SEQ,
    COLUMN_LINK,
    COLUMN_BYTES,
};

static int take_row(struct slice *slice, sqlite3_stmt *stmt, struct err *err)
{
    struct passed *row = &slice->rows[slice->count];

    *row = (struct passed){
        .log = (enum row_log)sqlite3_column_int(stmt, COLUMN_LOG),
        .revision = column_u64(stmt, COLUMN_REVISION),
        .before = column_u64(stmt, COLUMN_BEFORE),
        .status = column_u64(stmt, COLUMN_STATUS),
        .seq = column_u64(stmt, COLUMN_SEQ),
        .bytes = column_u64(stmt, COLUMN_BYTES),
        .verb = (enum row_verb)sqlite3_column_int(stmt, COLUMN_VERB),
        .kind = arena_strdup(&slice->arena, column_text(stmt, COLUMN_KIND)),
        .name = arena_strdup(&slice->arena, column_text(stmt, COLUMN_NAME)),
        .at = {sqlite3_column_int64(stmt, COLUMN_AT)},
    };
    if (row->log == ROW_LEDGER && !column_bytes(stmt, COLUMN_LINK, row->link.bytes, DIGEST_SIZE)) {
        return err_set(err, ERR_CORRUPT, "store: ledger revision %llu has no link",
                       (unsigned long long)row->revision);
    }
    slice->count++;
    return 0;
}

/* What may go: written before a moment, or up to a revision. */
struct bound {
    struct wall before;
    uint64_t upto;
};

/* The next rows that may go; history will begin after the last of them. */
static int take_rows(struct slice *slice, const struct bound *bound, struct err *err)
{
    uint64_t bytes = 0;
    STMT_USE(stmt);
    int r;

    slice->rows = arena_array(&slice->arena, COMPACT_ROWS_MAX, sizeof(slice->rows[0]));
    slice->origin = slice->store->origin;
    r = stmt_get(slice->store, STMT_COMPACT_NEXT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, slice->store->origin.revision);
    bind_u64(stmt, 2, BUGGIFY("compact-row-by-row") ? 1 : COMPACT_ROWS_MAX);
    while (bytes < COMPACT_BYTES_MAX &&
           (r = stmt_step(slice->store, stmt, "looking for old history", err)) == 1) {
        const struct passed *row = &slice->rows[slice->count];

        r = take_row(slice, stmt, err);
        if (r < 0) {
            return r;
        }
        if (row->at.ms >= bound->before.ms && row->revision > bound->upto) {
            slice->count--;
            return 0;
        }
        bytes += row->bytes;
        slice->origin.revision = row->revision;
        slice->origin.at = row->at;
        if (row->log == ROW_LEDGER) {
            slice->origin.ledger_seq = row->seq;
            slice->origin.change = row->revision;
            slice->origin.link = row->link;
        }
    }
    return r < 0 ? r : 0;
}

/* --- removing --------------------------------------------------------------------------------- */

/* How many rows it changed, or an ERR_. */
static int run_on(struct slice *slice, enum stmt_id id, uint64_t revision, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, id, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    r = stmt_finish(slice->store, stmt, "removing old history", err);
    return r < 0 ? r : sqlite3_changes(slice->store->db);
}

/* A body goes with the last row that has it, unless it is a content. */
static int remove_ledger_row(struct slice *slice, uint64_t revision, struct err *err)
{
    uint64_t body = 0;
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, STMT_COMPACT_LEDGER, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    r = stmt_step(slice->store, stmt, "removing old history", err);
    if (r == 1) {
        body = column_u64(stmt, 0);
        slice->ledger_gone++;
        r = stmt_finish(slice->store, stmt, "removing old history", err);
    }
    return r == 0 && body != 0 ? store_drop_body(slice->store, (int64_t)body, err) : r;
}

/* 1: there is one. */
static int find_first(struct slice *slice, enum stmt_id id, const struct passed *row,
                      uint64_t above, uint64_t *ret_status, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, id, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, row->kind);
    bind_text(stmt, 2, row->name);
    if (id == STMT_COMPACT_FOLLOWER) {
        bind_u64(stmt, 3, above);
    }
    r = stmt_step(slice->store, stmt, "looking for what needs a status", err);
    if (r == 1) {
        *ret_status = column_u64(stmt, id == STMT_COMPACT_FOLLOWER ? 0 : 1);
    }
    return r;
}

/* Statuses of an object rise from row to row.  So an old one is needed as long as it is in force,
 * or the first ledger row that stays was written with it. */
static int release_status(struct slice *slice, const struct passed *row, uint64_t status,
                          struct err *err)
{
    uint64_t in_force = 0, named = 0;
    int r;

    if (status == 0) {
        return 0;
    }
    r = find_first(slice, STMT_CURRENT_FIND, row, 0, &in_force, err);
    if (r < 0 || in_force == status) {
        return r < 0 ? r : 0;
    }
    r = find_first(slice, STMT_COMPACT_FOLLOWER, row, slice->origin.revision, &named, err);
    if (r < 0 || (named == status && !MUTANT(STATUS_OF_ROW_GOES))) {
        return r < 0 ? r : 0;
    }
    r = run_on(slice, STMT_STATUS_DELETE, status, err);
    slice->status_gone += r > 0 ? (uint64_t)r : 0;
    return r < 0 ? r : 0;
}

/* --- the rows that a session's undo needs ------------------------------------------------------
 */

static int find_kept(struct slice *slice, uint64_t revision, struct kept_row *ret_kept,
                     struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, STMT_COMPACT_KEPT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    r = stmt_step(slice->store, stmt, "looking for what stays", err);
    if (r == 0) {
        return err_set(err, ERR_CORRUPT, "store: ledger revision %llu is missing",
                       (unsigned long long)revision);
    }
    if (r == 1) {
        *ret_kept = (struct kept_row){.revision = revision,
                                      .before = column_u64(stmt, 0),
                                      .begins_form = sqlite3_column_int(stmt, 1) != 0};
    }
    return r < 0 ? r : 0;
}

static int put_kept(struct slice *slice, const struct kept_row *kept, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, STMT_COMPACT_KEEP, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, kept->revision);
    bind_u64(stmt, 2, kept->before);
    bind_u64(stmt, 3, kept->begins_form);
    return stmt_finish(slice->store, stmt, "writing what stays", err);
}

static int read_spec(struct slice *slice, uint64_t revision, const struct node **ret_spec,
                     struct err *err)
{
    struct problems problems;
    struct node *root = NULL;
    STMT_USE(stmt);
    int r;

    r = stmt_get(slice->store, STMT_COMPACT_BODY, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    r = stmt_step(slice->store, stmt, "reading a form", err);
    problems_init(&problems, &slice->arena, NULL);
    if (r == 1 &&
        json_parse(&slice->arena, sqlite3_column_blob(stmt, 0),
                   (size_t)sqlite3_column_bytes(stmt, 0), JSON_PLAIN, &problems, &root) == 0) {
        *ret_spec = node_find(root, "spec");
    }
    return r < 0 ? r : 0;
}

/* When in doubt it does: then it stays. */
static int begins_form(struct slice *slice, const struct passed *row, bool *ret_begins,
                       struct err *err)
{
    const struct node *before = NULL, *after = NULL;
    int r;

    *ret_begins = str_eq(row->kind, harvest_session_kind.name);
    if (!*ret_begins || row->before == 0) {
        return 0;
    }
    r = read_spec(slice, row->before, &before, err);
    if (r == 0) {
        r = read_spec(slice, row->revision, &after, err);
    }
    *ret_begins = before == NULL || after == NULL || !session_form_eq_spec(before, after);
    return r;
}

/* From a row that stays back along those it follows: the forms that are too many go.  There is at
 * most one row that begins no form among them, and at most one form too many. */
static int trim_forms(struct slice *slice, struct kept_row row, struct err *err)
{
    size_t forms = row.begins_form;

    while (row.before != 0) {
        struct kept_row older;
        int r = find_kept(slice, row.before, &older, err);

        if (r < 0) {
            return r;
        }
        forms += older.begins_form;
        if (forms > HISTORY_FORMS_MAX) {
            row.before = 0;
            r = remove_ledger_row(slice, older.revision, err);
            return r < 0 ? r : put_kept(slice, &row, err);
        }
        row = older;
    }
    return 0;
}

/* --- passing rows ----------------------------------------------------------------------------- */

static int remove_all(struct slice *slice, uint64_t revision, struct err *err)
{
    while (revision != 0) {
        struct kept_row row;
        int r = find_kept(slice, revision, &row, err);

        if (r == 0) {
            r = remove_ledger_row(slice, revision, err);
        }
        if (r < 0) {
            return r;
        }
        revision = row.before;
    }
    return 0;
}

static int pass_version(struct slice *slice, const struct passed *row, struct err *err)
{
    struct kept_row kept = {.revision = row->revision, .before = row->before}, older = {0};
    int r = begins_form(slice, row, &kept.begins_form, err);

    if (r == 0 && row->before != 0) {
        r = find_kept(slice, row->before, &older, err);
    }
    if (r < 0) {
        return r;
    }
    if (row->before != 0 && (!older.begins_form || MUTANT(FORMS_NOT_KEPT))) {
        kept.before = older.before;
        r = remove_ledger_row(slice, older.revision, err);
    }
    if (r == 0 && (kept.before != row->before || kept.begins_form)) {
        r = put_kept(slice, &kept, err);
    }
    return r < 0 ? r : trim_forms(slice, kept, err);
}

static int pass(struct slice *slice, const struct passed *row, struct err *err)
{
    int r;

    if (row->log == ROW_STATUS) {
        r = release_status(slice, row, row->before, err);
        return r < 0 ? r : release_status(slice, row, row->revision, err);
    }
    r = row->verb == ROW_DELETE ? remove_all(slice, row->revision, err)
                                : pass_version(slice, row, err);
    return r < 0 ? r : release_status(slice, row, row->status, err);
}

/* --- a slice ---------------------------------------------------------------------------------- */

static int put_origin(struct slice *slice, struct err *err)
{
    const struct origin *origin = &slice->origin;
    struct store *store = slice->store;
    int r = store_meta_put(store, "compacted_revision", origin->revision, err);

    if (r == 0) {
        r = store_meta_put(store, "compacted_seq", origin->ledger_seq, err);
    }
    if (r == 0) {
        r = store_meta_put(store, "compacted_change", origin->change, err);
    }
    if (r == 0) {
        r = store_meta_put(store, "compacted_at", (uint64_t)origin->at.ms, err);
    }
    if (r == 0) {
        r = store_meta_put_bytes(store, "compacted_link", origin->link.bytes, DIGEST_SIZE, err);
    }
    return r;
}

static int compact(struct slice *slice, const struct bound *bound, struct err *err)
{
    int r = take_rows(slice, bound, err);

    for (size_t i = 0; r == 0 && i < slice->count; i++) {
        r = pass(slice, &slice->rows[i], err);
    }
    return r == 0 && slice->count > 0 ? put_origin(slice, err) : r;
}

static int compact_slice(struct slice *slice, const struct bound *bound, struct err *err)
{
    struct store *store = slice->store;
    int r = stmt_run(store, STMT_BEGIN, "beginning", err);

    if (r == 0) {
        r = compact(slice, bound, err);
    }
    if (r == 0) {
        r = stmt_run(store, STMT_COMMIT, "committing", err);
    }
    if (r < 0) {
        store->heads_known = false;
        store_rollback(store);
        return r;
    }
    store->origin = slice->origin;
    store->heads.ledger_rows -= slice->ledger_gone;
    store->heads.status_rows -= slice->status_gone;
    return slice->count > 0;
}

struct pages {
    int64_t count, unused, bytes;
};

static int count_pages(struct store *store, struct pages *ret_pages, struct err *err)
{
    int r = store_query_i64(store, "PRAGMA page_count", &ret_pages->count, err);

    if (r == 0) {
        r = store_query_i64(store, "PRAGMA freelist_count", &ret_pages->unused, err);
    }
    if (r == 0) {
        r = store_query_i64(store, "PRAGMA page_size", &ret_pages->bytes, err);
    }
    return r;
}

static int used_bytes(struct store *store, uint64_t *ret_bytes, struct err *err)
{
    struct pages pages = {0};
    int r = count_pages(store, &pages, err);

    *ret_bytes = (uint64_t)((pages.count - pages.unused) * pages.bytes);
    return r;
}

/* What a steady load leaves unused it uses again.  When more than half of the file is unused, some
 * of it goes, from its end, if the file was made so that it can.  1: some did. */
static int give_back(struct store *store, struct err *err)
{
    enum { INCREMENTAL = 2 };
    struct pages pages = {0};
    int64_t mode = 0;
    bool is_much;
    int r = store_query_i64(store, "PRAGMA auto_vacuum", &mode, err);

    if (r == 0) {
        r = count_pages(store, &pages, err);
    }
    is_much = pages.unused > STORE_SPARE_PAGES && pages.unused > pages.count / 2;
    if (r < 0 || mode != INCREMENTAL || pages.unused == 0 ||
        (!is_much && !BUGGIFY("room-given-back"))) {
        return r;
    }
    r = store_exec(store, "PRAGMA incremental_vacuum(256);", err);
    if (r < 0) {
        store->heads_known = false;
        return r;
    }
    MARK("a store becomes smaller");
    return 1;
}

static int compact_within(struct store *store, const struct bound *bound, struct err *err)
{
    struct slice slice = {.store = store};
    int r;

    arena_init(&slice.arena);
    r = compact_slice(&slice, bound, err);
    arena_fini(&slice.arena);
    if (r == 1) {
        MARK("history is compacted");
    }
    return r;
}

int store_compact(struct store *store, const struct store_keeping *keeping, struct err *err)
{
    struct bound bound = {.before = keeping->before};
    uint64_t bytes = 0;
    int r;

    assert(!store->is_reader);
    if (store->is_broken) {
        return err_set(err, ERR_SYNC, "store: an earlier write may be lost; start again");
    }
    r = store_refresh_heads(store, err);
    if (r == 0 && keeping->bytes_max > 0) {
        r = used_bytes(store, &bytes, err);
    }
    if (r < 0) {
        return r;
    }
    if (bytes > keeping->bytes_max) {
        bound.upto = keeping->upto_when_large;
        if (keeping->before_when_large.ms > bound.before.ms) {
            bound.before = keeping->before_when_large;
        }
    }
    r = bound.before.ms > 0 || bound.upto > 0 ? compact_within(store, &bound, err) : 0;
    return r == 0 ? give_back(store, err) : r;
}

int store_measure(struct store *store, struct store_size *ret_size, struct err *err)
{
    int r = store_refresh_heads(store, err);

    if (r == 0) {
        r = used_bytes(store, &ret_size->used_bytes, err);
    }
    ret_size->ledger_rows = store->heads.ledger_rows;
    ret_size->status_rows = store->heads.status_rows;
    ret_size->compacted = store->origin.revision;
    ret_size->compacted_at = store->origin.at;
    ret_size->newest = store->heads.newest;
    ret_size->newest_revision = store->heads.revision;
    return r;
}
