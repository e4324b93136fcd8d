/* Who looks at a run, in programs of their own, and what becomes of the evidence. */
#pragma once

#include "tests/chaos/chaos_world.h"

/* Between two steps; `after` names the step in what is told.  A baseline notes what is held now. */
void judges_audit(struct world *world, uint64_t after, bool is_baseline);
/* The whole of the evidence so far.  Operators rest, or have ended; of those who rest an answer may
 * still be on its way, so that what is seen once only is nobody's fault. */
void judges_check(struct world *world, bool is_over);

/* Nothing runs any more: state directories on disks of their own become folders, or all goes. */
void evidence_keep(struct world *world);
void evidence_remove(struct world *world);
