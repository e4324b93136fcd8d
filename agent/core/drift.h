/* Drift: somebody on the machine changed what runs, and nobody changed what shall run.
 *
 * What an agent can see: a process that was ended by a signal for which nobody of ours, and no
 * limit, is to blame (or whose shim was killed in this boot of the machine); and, as its shim looks
 * every few seconds, a process that was stopped, control groups with other values than were set, a
 * working directory that is gone.  A program that ends by itself, well or badly, is no drift: what
 * follows is its restart policy's.
 *
 * `heal` (of the template): what was ended is tried again as its restart policy says of one that
 * failed; what was stopped goes on, limits are set again, what lost its directory is started anew.
 * `report`: it is left as it is, and not started again, until what is wanted changes (a new
 * generation), whatever its restart policy says.  Suspension and leases are not drift: they are
 * kept whatever it says here. */
#pragma once

#include "agent/core/agt.h"

struct work;

enum { DRIFT_DETAIL_SIZE = 160 };

struct drift {
    struct {
        bool is_open;
        int64_t found, healed;
        struct wall since;
        char detail[DRIFT_DETAIL_SIZE];
    } sorts[DRIFT_COUNT];
    bool is_left;                       /* it was ended from outside, and is not started again */
    bool is_mend_due;                   /* its shim told again of something that it can mend */
    uint64_t version;                   /* of all that is told */
    struct drift_row rows[DRIFT_COUNT]; /* as drift_list() gave them */
};

void drift_on_seen(struct agt *agt, const struct agt_event *event);
/* Its run runs: what ended the one before is mended. */
void drift_on_started(struct agt *agt, struct work *work);
/* Something else is wanted: what drifted before is not so any more. */
void drift_drop(struct work *work);
/* Its run has ended so, and `outcome` is set.  True when it is to be left like that. */
bool drift_take_end(struct agt *agt, struct work *work, const struct agt_exit *exit);
void drift_describe(struct work *work); /* adds to its message that it is left */

bool drift_is_left(const struct work *work);
/* Its run is to end, so that the next one has all that it needs. */
bool drift_ends(const struct work *work);
/* Lets its shim mend what it told of; of a run that goes on. */
void drift_mend(struct agt *agt, struct work *work);

/* Those that were ever found; valid until the next call. */
void drift_list(struct work *work, drift_t *ret_drift);
void drift_load(struct work *work, const drift_t *drift, bool is_left);
