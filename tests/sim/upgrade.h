/* Upgrades while the fleet runs, and the way back: the controller or one agent is stopped, replaced
 * by a program of another version (release.h), and started. */
#pragma once

#include "tests/sim/sim.h"

void upgrade_strike(struct sim *sim, struct die *die);
/* When the faults end: whom the controller cannot talk to is its reason to be upgraded. */
void upgrade_settle(struct sim *sim);
