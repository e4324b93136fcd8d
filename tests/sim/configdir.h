/* The config directory beside the people: a folder that somebody edits, breaks, copies in part,
 * empties, unmounts and mends while everything else goes on, and what the shell tells of it.
 *
 * Its objects have names that operators use, too.  What must hold is in check_sources.h. */
#pragma once

#include "tests/sim/sim.h"

struct config_folder;

struct config_folder *config_folder_new(void);
void config_folder_free(struct config_folder *folder);

/* Something happens to it; it is told a little later, when it has settled. */
void config_folder_strike(struct sim *sim, struct die *die);
/* The controller has started, or loaded its state again: it looks at the folder. */
void config_folder_started(struct sim *sim);
/* The faults are over: it is whole again. */
void config_folder_mend(struct sim *sim);
/* The world is at rest: what it says is in force as a whole.  Then it is configured no more. */
void config_folder_end(struct sim *sim);
