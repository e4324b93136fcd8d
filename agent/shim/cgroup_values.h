/* What the files of a workload's control groups say of its limits: noted when they were set, so
 * that it is seen when somebody else writes to them.  Compared as the kernel tells them, for it
 * rounds. */
#pragma once

#include "agent/shim/cgroup.h"

enum { CGROUP_VALUES = 4, CGROUP_VALUE_SIZE = 64 };

struct cgroup_values {
    char texts[CGROUP_VALUES][CGROUP_VALUE_SIZE]; /* "": not kept by a group, or not readable */
};

void cgroup_values_read(const struct cgroup *cgroup, struct cgroup_values *ret_values);
/* Does a group say something else?  What could not be read then, or cannot now, is no difference.
 */
bool cgroup_values_differ(const struct cgroup *cgroup, const struct cgroup_values *values);
/* Writes back what is different, as far as the kernel takes it. */
void cgroup_values_write(const struct cgroup *cgroup, const struct cgroup_values *values);
