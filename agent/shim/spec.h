/* What a shim is told, what it writes down, and where.
 *
 * A run has a folder of its own, work/UID/RUN in the agent's state directory:
 *
 *     spec      what to run; written by the agent before the shim is born
 *     lock      held by the shim (flock) for life.  Whoever else gets it knows that no shim lives;
 *               a shim that is born later finds `record` and goes away
 *     holder    who the shim is and whom it started, for cleaning up after one that was killed
 *     control   the socket on which it listens (agent/shim/control.h)
 *     record    how it ended; durable, written once, last.  Nothing of the run lives any more
 *     files/    the workload's working directory
 *
 * What it may leave for the next run of the same assignment is in ../checkpoint, which stays until
 * the agent forgets the assignment.  Its output goes to ../log and, one rotation older, ../log.1,
 * shared by an assignment's runs. */
#pragma once

#include "agent/core/agt.h"
#include "agent/shim/cgroup.h"
#include "schema/base/arena.h"

#define RUN_SPEC       "spec"
#define RUN_LOCK       "lock"
#define RUN_HOLDER     "holder"
#define RUN_CONTROL    "control"
#define RUN_RECORD     "record"
#define RUN_FILES      "files"
#define RUN_LOG        "log"
#define RUN_LOG_OLD    "log.1"
/* ../checkpoint: what runs of an assignment keep for those after them. */
#define RUN_CHECKPOINT "checkpoint"

struct shim_spec { /* all borrowed */
    const char *uid, *name, *session, *slot;
    int64_t run, generation, lease_epoch;
    bool has_artifacts;   /* they are put ready, and go into files/ before the shim is born */
    const char **command; /* no NULL at its end */
    size_t command_count;
    struct strpair *environment;
    size_t environment_count;
    int64_t grace_ms;        /* between TERM and KILL when nobody says otherwise */
    int64_t orphan_after_ms; /* 0: never */
    int64_t unwatched_ms;    /* for so long it may run without an agent that watches; then it is
                                suspended until one says otherwise; 0: it runs on */
    struct mono lease_end;   /* boot time; MONO_NEVER without lease */
    int64_t cpu_limit;       /* thousandths of a core, of all its processes together; 0: none */
    int64_t cpu_told;        /* in force until the agent tells another; 0: none */
    int64_t memory_limit;    /* bytes; 0: none */
    int64_t pids_limit;      /* processes; 0: none */
    int64_t cpu_whole, memory_whole; /* of all runs of its agent together; 0: none */
    int64_t oom_adjust; /* how soon the kernel takes its processes for want of memory, to 1000 */
    const char *cgroups[CGROUP_LIMIT_COUNT]; /* agent/shim/cgroup.h; NULL or "": none */
    int64_t task_count;                      /* it is one of so many tasks; 0: none */
};

struct shim_holder {
    pid_t pid;
    uint64_t started; /* as in struct proc */
    char boot_id[37];
};

void shim_spec_to_str(const struct shim_spec *spec, struct str *to);
/* Texts and arrays live in the arena. False when a word of it cannot be. */
bool shim_spec_from_str(struct arena *arena, const char *text, struct shim_spec *ret_spec);

void shim_record_to_str(const struct agt_exit *exit, struct str *to);
bool shim_record_from_str(const char *text, struct agt_exit *ret_exit);
const char *exit_cause_to_str(enum exit_cause cause);

void shim_holder_to_str(const struct shim_holder *holder, struct str *to);
bool shim_holder_from_str(const char *text, struct shim_holder *ret_holder);

/* The record of a run's folder, ERR_NOT_FOUND when it has none (yet), ERR_CORRUPT. */
int shim_record_read(int run_fd, struct agt_exit *ret_exit);
int shim_record_write(int run_fd, const struct agt_exit *exit, struct err *err);
