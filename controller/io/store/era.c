/* Eras: what a restore leaves behind.
 *
 * `era` in meta rises when a copy is put back.  `settled_era` is the newest era in which leases may
 * be granted; a file without it is settled.  Nothing says where an earlier era ended: what follows
 * its last row was lost. */
#include "controller/io/store/inner.h"
#include "schema/limits.h"

#include <assert.h>

int store_settle_era(struct store *store, struct err *err)
{
    return store_meta_put(store, "settled_era", store->era, err);
}

/* The era itself when there is none. */
static int settled_era(struct store *store, uint64_t *ret_era, struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_META_GET, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, "settled_era");
    r = stmt_step(store, stmt, "reading which era is settled", err);
    *ret_era = r == 1 ? column_u64(stmt, 0) : store->era;
    return r < 0 ? r : 0;
}

int store_is_unsettled(struct store *store, bool *ret_is_unsettled, struct err *err)
{
    uint64_t era;
    int r;

    r = settled_era(store, &era, err);
    *ret_is_unsettled = r == 0 && era < store->era;
    return r;
}

int store_is_lost(struct store *store, uint64_t revision, struct err *err)
{
    uint64_t era = era_of_revision(revision);
    bool has;
    STMT_USE(stmt);
    int r;

    if (era >= store->era || revision <= era_floor(era)) {
        return 0;
    }
    r = stmt_get(store, STMT_ERA_HAS, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    bind_u64(stmt, 2, era_floor(era + 1));
    r = stmt_step(store, stmt, "looking for the end of an era", err);
    has = r == 1 && column_u64(stmt, 0) != 0;
    return r < 0 ? r : !has;
}

static int raise_era(struct store *store, uint64_t era, struct err *err)
{
    uint64_t settled;
    int r;

    r = settled_era(store, &settled, err);
    if (r < 0) {
        return r;
    }
    r = store_meta_put(store, "settled_era", settled, err);
    if (r < 0) {
        return r;
    }
    return store_meta_put(store, "era", era, err);
}

int store_raise_era(struct store *store, uint64_t above, struct err *err)
{
    uint64_t era = (store->era > above ? store->era : above) + 1;
    int r;

    assert(!store->is_reader);
    if (era > ERAS_MAX) {
        return err_set(err, ERR_LIMIT, "store: there cannot be more than %d eras", ERAS_MAX);
    }
    r = stmt_run(store, STMT_BEGIN, "beginning", err);
    if (r == 0) {
        r = raise_era(store, era, err);
    }
    if (r == 0) {
        r = stmt_run(store, STMT_COMMIT, "committing", err);
    }
    if (r < 0) {
        store_rollback(store);
        return r;
    }
    store->era = era;
    store->heads_known = false;
    return 0;
}
