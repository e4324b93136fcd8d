/* How much history is kept: when the writer is to look for what may go, and what that is.
 *
 * What is older than `history-keep` goes, and while the store has more than `history-max` in use,
 * the oldest of what is older than `history-keep-min`.  A clock that was set forward must not make
 * all of it old at once: after such a jump nothing goes for its age until a day later, or until as
 * long as it is kept.  One that was set back says of nothing that it is old: then what was there
 * `history-keep-min` ago by the monotonic clock, in which the controller ran, may go for its size.
 */
#pragma once

#include "controller/io/config.h"
#include "controller/io/store/store.h"

struct keeper {
    bool is_busy;           /* the writer is at it */
    struct mono look_at;    /* the next time */
    struct mono held_until; /* nothing goes for its age before this */
    struct mono seen;       /* the two clocks at the last look */
    struct wall seen_wall;
    uint64_t compacted; /* history begins after this revision */
    bool has_told;      /* of something that went since the start */
    bool is_behind;     /* the wall clock, of what was written: nothing is old until it is there */
    uint64_t newest;    /* revision, at the last look */
    uint64_t marked;    /* the newest at `marked_at` */
    struct mono marked_at;
    uint64_t aged; /* this and what is before it was there history-keep-min ago; 0: not known */
};

/* `state`: as it was loaded; its newest row is of moment zero when there is none. */
void keeper_init(struct keeper *keeper, struct mono now, const struct stored_state *state);
/* Is it time?  Then the writer is to be told, and keeper_done() is to follow. */
bool keeper_is_due(struct keeper *keeper, const struct config *config, struct mono now,
                   struct wall wall, struct store_keeping *ret_keeping);
/* What came of it: `size`, or an ERR_.  The log is told of errors, of the first that goes, and
 * of a clock that was ahead once, after which nothing goes for long. */
void keeper_done(struct keeper *keeper, int code, const struct store_size *size,
                 const struct err *err, struct mono now);
