/* A copy of the whole store as of one moment, while others write to it: SQLite's online backup,
 * within one read transaction, so that nothing that is written meanwhile makes it begin anew.
 *
 * The copy says that it did not end cleanly, for its source has not; who opens it verifies it. */
#include "controller/io/store/store.h"

#include "controller/io/store/inner.h"

enum { PAGES_PER_STEP = 1024 };

static int copy_pages(struct store *store, sqlite3 *to, const struct store_copying *copying,
                      struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", store->db, "main");
    int rc = SQLITE_OK;

    if (backup == NULL) {
        return err_set(err, ERR_IO, "store: copying: %s", sqlite3_errmsg(to));
    }
    while (rc == SQLITE_OK && copying->goes_on(copying->context)) {
        rc = sqlite3_backup_step(backup, PAGES_PER_STEP);
    }
    (void)sqlite3_backup_finish(backup);
    if (rc == SQLITE_OK) {
        return err_set(err, ERR_UNAVAILABLE, "store: copying was given up");
    }
    return rc == SQLITE_DONE
               ? 0
               : err_set(err, store_code_of(rc), "store: copying: %s", sqlite3_errstr(rc));
}

static int copy_to(struct store *store, const struct store_copying *copying, struct err *err)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(copying->to, &to, flags, NULL);
    int r;

    if (rc == SQLITE_OK) { /* nobody reads it unless it is whole */
        rc = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", NULL, NULL,
                          NULL);
    }
    r = rc == SQLITE_OK
            ? copy_pages(store, to, copying, err)
            : err_set(err, store_code_of(rc), "store: \"%s\": %s", copying->to, sqlite3_errstr(rc));
    (void)sqlite3_close(to);
    return r;
}

static int copy_snapshot(struct store *store, const struct store_copying *copying,
                         struct stored_state *ret_state, struct err *err)
{
    int r = stmt_run(store, STMT_BEGIN_READ, "beginning to copy", err);

    if (r == 0) {
        r = store_state(store, ret_state, err); /* from here on the snapshot stands */
    }
    if (r == 0) {
        r = copy_to(store, copying, err);
    }
    store_rollback(store);
    return r;
}

int store_copy(const struct store_copying *copying, struct stored_state *ret_state, struct err *err)
{
    struct store_options options = {.path = copying->from, .is_reader = true};
    struct store *store = NULL;
    int r = store_open(&options, &store, err);

    if (r < 0) {
        return r;
    }
    r = copy_snapshot(store, copying, ret_state, err);
    store_close(store);
    return r;
}
