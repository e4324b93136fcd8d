/* Where this agent's workloads get control groups: probed once, told to every shim. */
#pragma once

#include "agent/shim/cgroup.h"

struct enforcement {
    struct cgroup_site site;
    struct str ways[CGROUP_LIMIT_COUNT]; /* as in a spec */
};

/* `base` as in struct cgroup_options.  Logs what came of it. */
void enforcement_init(struct enforcement *enforcement, int state_fd, const char *base);
void enforcement_fini(struct enforcement *enforcement);
/* The ways as shims take them; borrowed. */
void enforcement_fill(const struct enforcement *enforcement,
                      const char *ret_ways[static CGROUP_LIMIT_COUNT]);
