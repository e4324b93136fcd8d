/* Which of the kernel's control groups keep a workload's limits on this machine, and which limits
 * the shim has to keep itself: chosen for each limit by itself, from facts that agent/shim/cgroup.c
 * found out.  Pure.
 *
 * Control groups form hierarchies of folders.  A machine has one hierarchy of version 2, one or
 * more of version 1, or both ("hybrid": the controllers are with version 1, version 2 can freeze
 * and count).  A controller is in one hierarchy at a time. */
#pragma once

#include "schema/base/str.h"

enum cgroup_limit {
    CGROUP_CPU,
    CGROUP_SUSPEND,
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_USAGE, /* no limit, but measured the same way: processor time */
    CGROUP_LIMIT_COUNT,
};

enum cgroup_keeper { KEEPER_V2, KEEPER_V1, KEEPER_SHIM };

enum { CGROUP_PATH_SIZE = 1024, CGROUP_REASON_SIZE = 320 };

struct cgroup_way {
    enum cgroup_keeper keeper;
    char parent[CGROUP_PATH_SIZE]; /* the folder in which workloads' groups are; "" for the shim */
    char reason[CGROUP_REASON_SIZE]; /* why it is left to the shim; else "" */
};

struct cgroup_site {
    struct cgroup_way ways[CGROUP_LIMIT_COUNT];
};

extern const char *const cgroup_limit_words[]; /* "cpu", "suspend", …; NULL-terminated */
/* How a limit is kept, for people: "cgroup v1, in /sys/fs/cgroup/cpu/…" or "by stopping and
 * continuing its processes (SIGSTOP): no cgroup has the controller \"freezer\"". */
void cgroup_way_to_str(const struct cgroup_site *site, enum cgroup_limit limit, struct str *to);
void cgroup_say(char reason[static CGROUP_REASON_SIZE], const char *format, ...) _printf_(2, 3);
/* All is left to the shim, for this reason. */
void cgroup_site_init(struct cgroup_site *site, const char *reason);

/* --- facts ------------------------------------------------------------------------------------ */

/* The files with which groups keep limits, in order of preference for each limit. */
struct cgroup_file {
    enum cgroup_limit limit;
    enum cgroup_keeper keeper;
    const char *controller; /* that brings it; "" with every group */
    const char *name;
};

enum { CGROUP_FILE_COUNT = 10 };
extern const struct cgroup_file cgroup_files[CGROUP_FILE_COUNT];

struct cgroup_hierarchy {
    bool is_v2;
    unsigned controllers; /* bit n: the controller of cgroup_files[n] is here */
    /* The folder of the group below which we make ours; "" when it cannot be seen. */
    char folder[CGROUP_PATH_SIZE];
    char parent[CGROUP_PATH_SIZE];    /* ours, in it */
    char trouble[CGROUP_REASON_SIZE]; /* why no group can be made here; "" when one can */
    char held[CGROUP_REASON_SIZE];    /* v2: why its controllers are not to be had in our groups */
    unsigned files; /* bit n: a group that was made for trial has cgroup_files[n] */
};

enum { CGROUP_HIERARCHIES_MAX = 16 };

/* "NAME.self" is the group that an agent moves into to make room: groups of version 2 give their
 * controllers to others only while no process is in them. */
#define CGROUP_SELF_SUFFIX ".self"

struct cgroup_facts {
    struct cgroup_hierarchy items[CGROUP_HIERARCHIES_MAX];
    size_t count;
};

/* From the texts of /proc/self/mountinfo and /proc/self/cgroup: which hierarchies there are and
 * where our groups belong.  `base` is the group to make them in, as /proc/self/cgroup writes it or
 * as a path; "" for the one we are in.  `name` is that of our parent there.  Of the trial nothing
 * is filled in, and of a v2 hierarchy not which controllers it has. */
void cgroup_facts_parse(const char *mounts, const char *own, const char *base, const char *name,
                        struct cgroup_facts *ret_facts);
/* The bits of a list of controllers, parted by `separator`. */
unsigned cgroup_controllers_from_str(const char *words, char separator, bool is_v2);

void cgroup_choose(const struct cgroup_facts *facts, struct cgroup_site *ret_site);
