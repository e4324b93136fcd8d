/* Which revision was the newest at a moment.  Time never goes back from row to row of both logs
 * taken together, so the rows are halved until it is found, by their revisions: no index on time.
 */
#include "controller/io/store/inner.h"

int store_row_at(struct store *store, enum stmt_id id, uint64_t revision, uint64_t *ret_revision,
                 struct wall *ret_at, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, id, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    r = stmt_step(store, stmt, "looking for when it was", err);
    if (r == 1) {
        *ret_revision = column_u64(stmt, 0);
        ret_at->ms = sqlite3_column_int64(stmt, 1);
    }
    return r;
}

/* Of one log, above `*revision`, which is the newest known not to be later. */
static int search(struct store *store, enum stmt_id id, struct wall moment, uint64_t *revision,
                  struct err *err)
{
    uint64_t low = *revision, high = store->heads.revision + 1; /* low is not later, high is none */

    while (low + 1 < high) {
        uint64_t middle = low + (high - low) / 2, found = 0;
        struct wall at = {0};
        int r = store_row_at(store, id, middle, &found, &at, err);

        if (r < 0) {
            return r;
        }
        if (r == 1 && found < high && at.ms <= moment.ms) {
            low = found;
        } else {
            high = middle;
        }
    }
    *revision = low;
    return 0;
}

int store_revision_at(struct store *store, struct wall moment, uint64_t *ret_revision,
                      struct err *err)
{
    uint64_t revision = store->origin.revision;
    int r;

    if (store->origin.revision > 0 && moment.ms < store->origin.at.ms) {
        return 1;
    }
    r = search(store, STMT_MOMENT_LEDGER, moment, &revision, err);
    if (r == 0) {
        r = search(store, STMT_MOMENT_STATUS, moment, &revision, err);
    }
    *ret_revision = revision;
    return r;
}
