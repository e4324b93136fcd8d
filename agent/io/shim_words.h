/* What a shim says on its control socket, read: see agent/shim/control.h for who says what when. */
#pragma once

#include "agent/core/agt.h"

struct shim_status {
    bool runs; /* its workload was executed and is not over */
    struct wall started;
    struct mono frozen_since;
    int64_t cpu_limit, lapse;
    int64_t drift; /* bits, as in an AGT_DRIFTED */
};

/* The words behind "status" and "usage"; they are taken apart. */
void shim_status_hear(char *words, struct shim_status *ret_status);
void shim_usage_hear(char *words, struct agt_event *event);
