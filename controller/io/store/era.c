/* Eras: what a restore leaves behind.
 *
 * `era` in meta rises when a copy is put back.  `settled_era` is the newest era in which leases may
 * be granted.  Nothing says where an earlier era ended: what follows its last row was lost. */
#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>

int store_settle_era(struct store *store, struct err *err)
{
    return store_meta_put(store, "settled_era", store->era, err);
}

int store_is_unsettled(struct store *store, bool *ret_is_unsettled, struct err *err)
{
    uint64_t era = 0;
    int r = store_meta_number(store, "settled_era", &era, err);

    *ret_is_unsettled = r == 0 && era < store->era;
    return r;
}

int store_is_lost(struct store *store, uint64_t revision, struct err *err)
{
    uint64_t era = era_of_revision(revision);
    bool has;
    STMT_USE(stmt);
    int r;

    if (era >= store->era || revision <= era_floor(era) || revision == store->origin.revision) {
        return 0; /* where history begins its row may be gone, and was there */
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

int store_raise_era(struct store *store, uint64_t above, struct err *err)
{
    uint64_t era = (store->era > above ? store->era : above) + 1;
    int r;

    assert(!store->is_reader);
    if (MUTANT(ERA_NOT_RAISED)) {
        return 0;
    }
    if (era > ERAS_MAX) {
        return err_set(err, ERR_LIMIT, "store: there cannot be more than %d eras", ERAS_MAX);
    }
    r = store_meta_put(store, "era", era, err);
    if (r < 0) {
        return r;
    }
    MARK("a store begins a new era");
    store->era = era;
    store->heads_known = false;
    return 0;
}
