/* Eras: what a restore leaves behind.
 *
 * `era` in meta rises when a copy is put back.  `settled_era` is the newest era in which leases may
 * be granted.  Of each restore meta has, with the number of the era that it began in four digits:
 *
 *     lost_after_0002   the newest revision that the copy had
 *     lost_from_0002    when that was written
 *     lost_until_0002   when the copy was put back
 *
 * What was written between these two was lost.  Programs of before wrote nothing of the kind: what
 * they lost lies between the last row of one era and the first one of the next. */
#include "controller/io/store/inner.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { NAME_SIZE = 40 };

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

/* --- what was lost ---------------------------------------------------------------------------- */

static const char *name_of(char name[static NAME_SIZE], const char *what, uint64_t era)
{
    (void)snprintf(name, NAME_SIZE, "lost_%s_%04" PRIu64, what, era);
    return name;
}

/* The first restore after an era, as it was written down.  1: there was one. */
static int read_restore(struct store *store, uint64_t era, struct lost_part *ret_lost,
                        struct err *err)
{
    struct lost_part lost = {0};
    uint64_t from_ms = 0, until_ms = 0;
    char name[NAME_SIZE];
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_ERA_NEXT, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_text(stmt, 1, name_of(name, "after", era));
    r = stmt_step(store, stmt, "looking for the end of an era", err);
    if (r != 1) {
        return r;
    }
    lost.era = column_u64(stmt, 0);
    lost.last = column_u64(stmt, 1);
    stmt_reset_p(&stmt);
    r = store_meta_number(store, name_of(name, "from", lost.era), &from_ms, err);
    if (r == 0) {
        r = store_meta_number(store, name_of(name, "until", lost.era), &until_ms, err);
    }
    lost.from.ms = (int64_t)from_ms;
    lost.to.ms = (int64_t)until_ms;
    *ret_lost = lost;
    return r < 0 ? r : 1;
}

int store_written_at(struct store *store, uint64_t revision, struct wall *ret_at, struct err *err)
{
    struct wall at = revision >= store->origin.revision ? store->origin.at : (struct wall){0};
    uint64_t row;
    int r = store_row_at(store, STMT_ROW_AT, revision, &row, &at, err);

    *ret_at = at;
    return r < 0 ? r : 0;
}

/* The same as the rows have it: between what is there up to this revision, and what follows. */
static int guess_restore(struct store *store, uint64_t revision, struct lost_part *ret_lost,
                         struct err *err)
{
    struct lost_part lost = {.last = store->origin.revision, .from = store->origin.at};
    uint64_t last = 0, next = 0;
    struct wall at = {0};
    int r = store_row_at(store, STMT_ROW_AT, revision, &last, &at, err);

    if (r < 0) {
        return r;
    }
    if (r == 1 && last > lost.last) {
        lost.last = last;
        lost.from = at;
    }
    r = store_row_at(store, STMT_ROW_AFTER, revision, &next, &lost.to, err);
    if (r < 0) {
        return r;
    }
    lost.era = r == 1 ? era_of_revision(next) : store->era;
    *ret_lost = lost;
    return 0;
}

/* Its era has a row of then or later, so what follows it was not lost. */
static int has_later(struct store *store, uint64_t revision, uint64_t era, bool *ret_has,
                     struct err *err)
{
    STMT_USE(stmt);
    int r;

    r = stmt_get(store, STMT_ERA_HAS, &stmt, err);
    if (r < 0) {
        return r;
    }
    bind_u64(stmt, 1, revision);
    bind_u64(stmt, 2, era_floor(era + 1));
    r = stmt_step(store, stmt, "looking for the end of an era", err);
    *ret_has = r == 1 && column_u64(stmt, 0) != 0;
    return r < 0 ? r : 0;
}

int store_is_lost(struct store *store, uint64_t revision, struct lost_part *ret_lost,
                  struct err *err)
{
    uint64_t era = era_of_revision(revision);
    struct lost_part lost;
    bool has = false;
    int r;

    if (era >= store->era || revision == 0 || revision == store->origin.revision) {
        return 0; /* where history begins its row may be gone, and was there */
    }
    r = read_restore(store, era, &lost, err);
    if (r < 0) {
        return r;
    }
    if (r == 1 && (revision > lost.last || era_of_revision(lost.last) == era)) {
        if (revision > lost.last) {
            *ret_lost = lost;
        }
        return revision > lost.last;
    }
    if (revision == era_floor(era)) {
        return 0;
    }
    r = has_later(store, revision, era, &has, err);
    if (r < 0 || has) {
        return r;
    }
    r = guess_restore(store, revision, ret_lost, err);
    return r < 0 ? r : 1;
}

int store_is_moment_lost(struct store *store, struct wall moment, uint64_t revision,
                         struct lost_part *ret_lost, struct err *err)
{
    uint64_t era = era_of_revision(revision);
    struct lost_part lost;
    bool has = false, is_lost;
    int r;

    if (era >= store->era) {
        return 0;
    }
    r = read_restore(store, era, &lost, err);
    if (r < 0) {
        return r;
    }
    if (r == 1 && era_of_revision(lost.last) == era) {
        is_lost = moment.ms > lost.from.ms && moment.ms < lost.to.ms;
    } else {
        r = has_later(store, revision + 1, era, &has, err);
        if (r < 0 || has) {
            return r;
        }
        r = guess_restore(store, revision, &lost, err);
        if (r < 0) {
            return r;
        }
        is_lost = moment.ms > lost.from.ms;
    }
    if (is_lost) {
        *ret_lost = lost;
    }
    return is_lost;
}

/* --- a new one -------------------------------------------------------------------------------- */

static int put_number(struct store *store, const char *what, uint64_t era, uint64_t value,
                      struct err *err)
{
    char name[NAME_SIZE];

    return store_meta_put(store, name_of(name, what, era), value, err);
}

static int write_era(struct store *store, uint64_t era, struct wall now, struct err *err)
{
    const struct heads heads = store->heads;
    int64_t until_ms = now.ms > heads.newest.ms ? now.ms : heads.newest.ms;
    int r = put_number(store, "after", era, heads.revision, err);

    if (r == 0) {
        r = put_number(store, "from", era, (uint64_t)heads.newest.ms, err);
    }
    if (r == 0) {
        r = put_number(store, "until", era, (uint64_t)until_ms, err);
    }
    return r < 0 ? r : store_meta_put(store, "era", era, err);
}

int store_raise_era(struct store *store, uint64_t above, struct wall now, struct err *err)
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
    r = store_refresh_heads(store, err);
    if (r == 0) {
        r = stmt_run(store, STMT_BEGIN, "beginning an era", err);
    }
    if (r == 0) {
        r = write_era(store, era, now, err);
    }
    if (r == 0) {
        r = stmt_run(store, STMT_COMMIT, "beginning an era", err);
    }
    store_rollback(store);
    if (r < 0) {
        return r;
    }
    MARK("a store begins a new era");
    store->era = era;
    store->heads_known = false;
    return 0;
}
