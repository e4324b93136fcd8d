/* Storing the outputs of a run that is over, on a worker thread.
 *
 * Workloads are not trusted with paths: no step on the way to an output may be a link, and it has
 * to be a file. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/err.h"
#include "schema/kinds/workload.h"

#include <stdatomic.h>

struct collecting { /* borrowed, all of it */
    int work_fd;
    const char *uid;
    int64_t run;
    const struct workload *workload;
    const char *host;
    int port;
    const atomic_bool *is_cancelled;
};

/* What was stored, in the arena.  ERR_NOT_FOUND, ERR_LIMIT: there is no such file, or it is too
 * large for a blob: it never will be; anything else may pass. */
int collect_run(const struct collecting *collecting, struct arena *arena, outputs_t *ret_outputs,
                struct err *err);
