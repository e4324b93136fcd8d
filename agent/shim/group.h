/* A workload's processes: the one that was executed, its process group, and whatever descends from
 * it, also when it made itself a daemon: the shim is their subreaper, so nobody gets away from it
 * while it lives.
 *
 * When the shim is killed (SIGKILL), the kernel kills the executed process (PR_SET_PDEATHSIG). That
 * reaches neither its children nor a program with set-uid bits; the agent finds those by session
 * and environment (agent/io/sweep.h). */
#pragma once

#include "agent/shim/cgroup.h"
#include "agent/shim/proc.h"
#include "agent/shim/spec.h"

struct group {
    const struct shim_spec *spec; /* borrowed */
    struct cgroup *cgroup;        /* borrowed; the control groups that it enters */
    const char *checkpoint;       /* borrowed: the folder that outlives the run; NULL: none */
    bool cannot_enter;            /* why group_start() failed: a control group refused it */
    pid_t leader;                 /* 0 before and when it could not be started */
    bool leader_ended;
    int leader_status;    /* as from waitpid() */
    int output_fd;        /* read end of its standard output and error; -1 after its end */
    struct procs members; /* as of the last look */
    struct mono looked;
    int64_t cpu_us, memory_peak; /* of all of them so far */
    int64_t memory;              /* now */
};

void group_init(struct group *group, const struct shim_spec *spec, struct cgroup *cgroup);
void group_fini(struct group *group); /* leaves the processes alone */

/* Executes the workload in `files_fd`.  ERR_SYSTEM with words when it could not be; `ret_errno`
 * then is the reason. */
int group_start(struct group *group, int files_fd, struct err *err, int *ret_errno);
/* Takes in who ended.  True when nobody is left. */
bool group_reap(struct group *group);
/* Looks at all processes now and updates usage. */
void group_look(struct group *group, struct mono now);
/* The cheap way: only those seen by the last look. */
void group_measure(struct group *group);
/* Bytes held, shared pages counted once: slow, for when the sum in `memory` looks too large. */
int64_t group_memory(const struct group *group);
/* Kills all, those in its control groups and those who are found; frozen ones, too. */
void group_kill(struct group *group, struct mono now);
/* To all, newly looked for; to those of the last look. */
void group_signal(struct group *group, int signal_number);
void group_signal_seen(struct group *group, int signal_number);
/* To the one that was executed alone: what it started need not know a signal that ends who does not
 * know it. */
bool group_signal_leader(const struct group *group, int signal_number);
