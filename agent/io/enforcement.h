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
/* For what an earlier agent left running: what all may have together, as in cgroup_set_whole(). */
void enforcement_keep_whole(const struct enforcement *enforcement, int64_t cpu, int64_t memory);
/* The ways as shims take them; borrowed. */
void enforcement_fill(const struct enforcement *enforcement,
                      const char *ret_ways[static CGROUP_LIMIT_COUNT]);
