/* The driver of harvest sessions: what a resolved template means on this machine. */
#pragma once

#include "agent/core/agt.h"
#include "agent/shim/spec.h"

struct machine { /* as it is, whatever its owner lets us have of it */
    int64_t cores_milli;
    int64_t memory_bytes;
};

/* Thousandths of the machine's processor time as thousandths of a core, at least one; 0 stays 0. */
int64_t harvest_cpu_limit(int64_t thousandths, const struct machine *machine);

/* What the owner's caps leave for all work together: thousandths of a core, bytes; 0: all. */
int64_t harvest_cpu_whole(const struct limits_policy *caps, const struct machine *machine);
int64_t harvest_memory_whole(const struct limits_policy *caps, const struct machine *machine);

/* What the shim is to do.  Texts are borrowed from `spawn`; arrays live in the arena.  The stricter
 * of the template's limits and the owner's caps counts for it alone; what all have together is
 * shared out by agent/core/share.h. */
void harvest_prepare(struct arena *arena, const struct agt_spawn *spawn,
                     const struct limits_policy *caps, const struct machine *machine,
                     struct shim_spec *ret_spec);
