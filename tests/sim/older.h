/* The store's file as programs of other versions leave it.  Ours differs from version 1 in what its
 * last step adds, so that is taken away; a newer one has a number that ours does not know. */
#pragma once

#include "tests/sim/sim.h"

/* While no controller runs and the last one closed it well: it becomes a file of version 1. */
void store_becomes_older(struct sim *sim);
/* Our program is tried on a file of a newer version; it must refuse it and leave it as it is. */
void store_tries_newer(struct sim *sim);
