/* Somebody changes work on a machine by hand: ends it, stops it, writes to its control groups,
 * takes its directory away.  The check "drift":
 *
 *  - what was ended so, under a template that says it is reported alone, is not started again in
 * the same generation on that machine;
 *  - in the end nothing runs that is not as it was set;
 *  - the controller is told of no more than was done.
 *
 * A person looks after what is left: once faults are over, assignments that are left are deleted,
 * which places them anew. */
#pragma once

#include "tests/sim/faults.h"
#include "tests/sim/machine.h"

struct shim;

void drift_strike(struct machine *machine, enum fault fault);
void shim_mend(struct machine *machine, const char *uid, int64_t run);
void shim_tell_drift(struct shim *shim); /* to an agent that has come */
void drift_check_spawn(struct machine *machine, const struct agt_spawn *spawn);
bool drift_tend(struct sim *sim); /* true when something was left */
void drift_check_rest(struct sim *sim);
