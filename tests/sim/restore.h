/* An operator's backups and restores: a copy of the store is made while the controller runs, kept
 * elsewhere, and put in the store's place while it does not; it then starts with its era raised. */
#pragma once

#include "tests/sim/sim.h"

struct restores;

struct restores *restores_new(void);
void restores_free(struct restores *restores);
/* Makes a copy, or puts the last one back. */
void restore_strike(struct sim *sim, struct die *die);
/* Until when leases of before the last one were waited for, at most; 0: there was none. */
int64_t restore_wait_ms(const struct sim *sim);
