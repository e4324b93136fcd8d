/* What must always be so.  Each check has a name, which a failure is reported under:
 *
 *     acknowledged   what a client was told is done, or was shown, is in the ledger after every
 *                    restart
 *     committed      what a commit returned 0 for is on the disk after every restart
 *     ledger         gapless, hash-chained, every revision above the one before
 *     exactly-once   one idempotency key is carried out at most once
 *     same-answer    and is always answered alike
 *     never-back     store, era, revision, history time, connection epochs
 *     exclusive      no replica of exclusive work has two processes at once
 *     once-per-run   no assignment has two processes at once
 *     fencing        of exclusive work no run has a lower lease epoch than one that began before it
 *     spawned-once   no run is spawned twice
 *     fetched-first  no run is spawned before its artifacts are ready
 *
 * The rest is asked once the faults are over: judge.h and epilogue.h. */
#pragma once

#include "controller/core/batch.h"
#include "controller/core/stored.h"
#include "schema/base/err.h"
#include "tests/sim/sim.h"

struct machine;
struct shim;

struct checks *checks_new(void);
void checks_free(struct checks *checks);

struct checks_mark { /* what the store held at a moment */
    size_t rows;
    uint64_t revision, ordinal;
    struct wall newest;
};

/* What is on the disk now, and then that it is all there is: what came later was lost with a
 * restore, and nothing else. */
struct checks_mark checks_mark(const struct sim *sim);
void checks_restored(struct sim *sim, const struct checks_mark *mark);
/* Of all leases that a session ever asked for. */
int64_t checks_longest_lease_ms(const struct sim *sim);

/* At every event. */
void check_saved(struct machine *machine); /* the agent's state was written */
void check_overlap(struct sim *sim, const struct shim *shim);
/* Is about to be committed.  What digests mean is learned now: a commit that fails may stay all the
 * same, and the rows that are read back after the next start do not say it. */
void check_attempt(struct sim *sim, const struct batch *batch);
void check_batch(struct sim *sim, const struct batch *batch); /* was committed */
void check_commit_error(struct sim *sim, int code, const struct err *err);
/* A client was answered 2xx to a write that it gave this key, which is also its change cause. */
void check_acknowledged(struct sim *sim, const char *key, int code, const struct blob *body);
/* A client was shown this object: what is read is durable. */
void check_read(struct sim *sim, const struct node *object);

/* After every start. */
void check_state(struct sim *sim, const struct stored_state *state);
void check_store(struct sim *sim);
/* At the end: everything once more, from the beginning. */
void check_store_fully(struct sim *sim);

/* The newest revision of the ledger that is known to be durable. */
uint64_t checks_revision(const struct sim *sim);
/* How many rows of the ledger there are. */
size_t checks_rows(const struct sim *sim);
struct checks_row { /* texts are borrowed */
    uint64_t revision;
    enum row_verb verb;
    const struct kind *kind;
    const char *why, *name;
    struct wall at;
    struct digest form; /* of a session */
};
bool checks_row(const struct sim *sim, size_t index, struct checks_row *ret_row);
/* Was anything ever done under this key? */
bool checks_has_key(const struct sim *sim, const char *key);
/* The name of some object of a kind that there was; NULL when there was none. */
const char *checks_some_name(const struct sim *sim, const struct kind *kind, struct die *die);
