/* Old history goes while everything goes on, as the writer's thread of the real controller makes it
 * go: slice by slice between commits.  How long it is kept is drawn, and short.
 *
 * "kept": what is asked for afterwards is there or is told to be gone, and no more is there than
 * must be.  Where history begins never moves back, nor past what is young enough.  The state as of
 * that moment is what the rows made it, each session has the rows that gave it its last forms, and
 * the ledger has as many rows as all that comes to.  Held against the rows that were committed
 * (checks.h). */
#pragma once

#include "controller/core/stored.h"
#include "tests/sim/sim.h"

struct keeping *keeping_new(struct sim *sim);
void keeping_free(struct keeping *keeping);

/* The faults begin, and with them this; it ends with them. */
void keeping_begin(struct sim *sim);
/* A start found the store so. */
void keeping_started(struct sim *sim, const struct stored_state *state);
/* An older copy takes the place of the store: what is gone may be back. */
void keeping_restored(struct sim *sim);
/* At the end, everything once more. */
void keeping_check(struct sim *sim);

/* History begins after this revision, as far as is known. */
uint64_t keeping_horizon(const struct sim *sim);
