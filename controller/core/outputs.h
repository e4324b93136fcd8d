/* What workloads made: lists of paths and digests.  Pure. */
#pragma once

#include "schema/kinds/workload.h"
#include "schema/object.h"

/* Into an object that is being made. */
void outputs_copy(struct object *object, outputs_t *to, const outputs_t *from);
/* Those of them that the workload declares, each once, in its order. */
void outputs_declared(struct arena *arena, const outputs_t *outputs,
                      const struct workload *workload, outputs_t *ret_declared);
