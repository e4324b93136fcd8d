/* What is asked of a world at rest:
 *
 *     identical   the same apply again is unchanged: no revision, no batch, no message
 *     rollback    after changes, a rollback brings every object back as it was
 *     fresh       apply(B) after apply(A) leaves the same objects as apply(B) on an empty fleet */
#pragma once

#include "tests/sim/sim.h"

void epilogue(struct sim *sim);
