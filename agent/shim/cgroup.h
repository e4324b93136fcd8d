/* Control groups: found, made, written to, removed.  Which of them keep which limit is chosen in
 * agent/shim/cgroup_choose.h.
 *
 *     FOLDER/fog-agent.PLACE/UID-RUN      in each hierarchy that keeps a limit
 *
 * FOLDER is the agent's own group, or the one it was given.  PLACE stands for the agent's state
 * directory: what is in that parent is this agent's, and nothing outside of it is written to, but
 * for FOLDER's cgroup.subtree_control (version 2), which hands controllers down to us.
 *
 * The agent probes once and tells its shims what came of it; a shim makes its workload's groups
 * before it is executed, the workload enters them before it is executed, and the shim removes them
 * when nobody is left.  What a killed shim leaves is the agent's to sweep. */
#pragma once

#include "agent/shim/cgroup_choose.h"

/* --- what this machine can do ----------------------------------------------------------------- */

struct cgroup_options {
    const char *base; /* the group to make ours in; "" the one we are in; "none" for none at all */
    const char *name; /* of our parent in it; see cgroup_name_parent() */
    bool may_arrange; /* v2: hand controllers down, and leave the group for one beside our parent;
                         an agent does, who only wants to know does not */
};

enum { CGROUP_NAME_SIZE = 96 };

/* "fog-agent.0123456789abcdef", for a state directory. */
void cgroup_name_parent(int state_fd, char name[static CGROUP_NAME_SIZE]);
/* Makes a group for trial, enters it with a child and removes it again.  Each limit that no group
 * can keep has a reason. */
void cgroup_probe(const struct cgroup_options *options, struct cgroup_site *ret_site);
/* The facts from which it chooses. */
void cgroup_find_facts(const struct cgroup_options *options, struct cgroup_facts *ret_facts);

/* What a shim is told of a way: "v2:/sys/fs/cgroup/…", "" when it shall keep the limit itself. */
void cgroup_way_to_spec(const struct cgroup_way *way, struct str *to);

/* --- one workload's groups -------------------------------------------------------------------- */

struct cgroup {
    char name[CGROUP_NAME_SIZE];
    struct {
        enum cgroup_keeper keeper;
        int fd; /* of its group's folder; -1: kept by the shim */
    } ways[CGROUP_LIMIT_COUNT];
};

void cgroup_init(struct cgroup *cgroup); /* keeps nothing */
void cgroup_fini(struct cgroup *cgroup); /* leaves the groups alone */
/* Makes the groups of a run, as far as they can be made. */
void cgroup_make(struct cgroup *cgroup, const char *const ways[static CGROUP_LIMIT_COUNT],
                 const char *uid, int64_t run);
static inline bool cgroup_keeps(const struct cgroup *cgroup, enum cgroup_limit limit)
{
    return cgroup->ways[limit].fd >= 0;
}
/* Between fork and exec: the calling process enters them all.  False with errno. */
bool cgroup_enter(const struct cgroup *cgroup);

/* What all runs in our parent may have together: thousandths of a core, bytes; 0: all there is.
 * Each keeps its own limit besides.  Whether the kernel takes it or not, the agent shares it out
 * and watches it (agent/core/share.h); a parent that does not exist is left alone. */
void cgroup_set_whole(const char *const ways[static CGROUP_LIMIT_COUNT], int64_t cpu,
                      int64_t memory);

/* False when the kernel did not take it; then it is the shim's to keep. */
bool cgroup_set_cpu(struct cgroup *cgroup, int64_t thousandths); /* of a core; 0: none */
bool cgroup_set_memory(struct cgroup *cgroup, int64_t bytes);
bool cgroup_set_pids(struct cgroup *cgroup, int64_t count);
bool cgroup_freeze(struct cgroup *cgroup, bool frozen);
/* How often the kernel killed one of its processes for want of memory, and refused it one more. */
int64_t cgroup_count_oom(const struct cgroup *cgroup);
int64_t cgroup_count_refused(const struct cgroup *cgroup);
int64_t cgroup_memory_peak(const struct cgroup *cgroup); /* bytes, files it has read included */
/* Bytes that cannot be taken back from it: what it read of files is left out. */
bool cgroup_memory(const struct cgroup *cgroup, int64_t *ret_bytes);
bool cgroup_usage_us(const struct cgroup *cgroup, int64_t *ret_cpu_us);

/* Kills all that is in them, frozen or not, and thaws them; tells how many there were.  Also a fork
 * bomb, where groups can be frozen. */
size_t cgroup_kill(const struct cgroup *cgroup);

/* --- afterwards ------------------------------------------------------------------------------- */

/* Removes a run's groups, with those that were made inside them, and our parent when nothing else
 * is in it.  False when one is left, because somebody is in it. */
bool cgroup_remove(const char *const ways[static CGROUP_LIMIT_COUNT], const char *uid, int64_t run);
/* Kills whatever a run left, and removes its groups when there was nobody; tells how many processes
 * there still were. */
size_t cgroup_sweep(const char *const ways[static CGROUP_LIMIT_COUNT], const char *uid,
                    int64_t run);
/* Does a run of this name live?  NULL: none does. */
typedef bool cgroup_is_known_fn(void *data, const char *uid, int64_t run);
/* The same for all groups in our parent that are not known, such as those of runs whose folders are
 * gone; tells how many groups were found. */
size_t cgroup_sweep_unknown(const char *const ways[static CGROUP_LIMIT_COUNT],
                            cgroup_is_known_fn *is_known, void *data);
