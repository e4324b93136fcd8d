/* A workload's chance to save its state before its policy suspends it: its shim sends it a signal
 * and freezes it when the grace that it declares is over.  Until then it runs, and is said to run.
 *
 * Only what is done for the sake of order waits: whatever heats, whatever nobody knows and the
 * owner's own word do not, nor what becomes so meanwhile.  A verdict that lets it run again before
 * the end takes the suspension back.  An agent that is started again grants no second grace: what
 * it finds was suspended, as its state says. */
#pragma once

#include "agent/core/agt.h"

struct work;

/* It is held, and runs: false when it is to be frozen now. */
bool checkpoint_is_waited_for(struct agt *agt, struct work *work);
/* Nothing is to be frozen any more; the caller says so to its shim. */
void checkpoint_drop(struct agt *agt, struct work *work);
/* As it is saved: enum work_state. */
int checkpoint_state(const struct work *work);
struct mono checkpoint_deadline(const struct work *work);
