/* An operator's backups and restores: a copy of the store is made while the controller runs, kept
 * elsewhere, and put in the store's place while it does not; it then starts with its era raised. */
#pragma once

#include "tests/sim/sim.h"

struct restores;

struct restores *restores_new(void);
void restores_free(struct restores *restores);
/* Makes a copy, or puts the last one back.  With `rots` it does not, but garbles a page of the
 * store once there is a copy. */
void restore_strike(struct sim *sim, struct die *die, bool rots);
bool restore_explains(const struct sim *sim); /* that the store does not open */
void restore_opened(struct sim *sim);         /* it does */
/* The controller does not open the store: when that is garbled, the copy is put back. */
void restore_mend(struct sim *sim);
/* Until when leases of before the last one were waited for, at most; 0: there was none. */
int64_t restore_wait_ms(const struct sim *sim);
