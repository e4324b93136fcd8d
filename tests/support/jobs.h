/* Real workloads under real shims, one folder for each, whose limits are kept in the way that a
 * test asks for.  The test's program is its own shim: main() calls shim_main() when it is told
 * "shim". */
#pragma once

#include "agent/shim/cgroup.h"
#include "agent/shim/spec.h"

enum { JOBS_MAX = 12 };

struct job {
    bool is_used;
    char uid[40];
    int assignment_fd, run_fd, socket;
    struct shim_spec spec;
    const char *command[3];
    struct agt_exit exit; /* once job_has_record() */
};

extern const char *const jobs_keeper_words[];
extern struct cgroup_site jobs_site; /* what an agent would choose here */

int jobs_open(void **state);  /* setup of a group of tests */
int jobs_close(void **state); /* its teardown: fails when control groups are left */
int jobs_drop(void **state);  /* teardown of each test: ends all and forgets them */

/* Can this machine keep the limit so?  Says so when it cannot. */
bool jobs_offer(enum cgroup_limit limit, enum cgroup_keeper keeper);

struct job *job_make(const char *script); /* of /bin/sh; `spec` may be changed before the start */
void job_keep_by(struct job *job, enum cgroup_limit limit, enum cgroup_keeper keeper);
/* In a parent of their own, so that what these have together touches no other job. */
void job_keep_together(struct job *job, enum cgroup_limit limit, enum cgroup_keeper keeper);
void job_start(struct job *job);
void job_say(const struct job *job, const char *line); /* to its shim */

pid_t job_shim(const struct job *job);
/* The process id that it wrote into its working directory; 0 until it did. */
pid_t job_pid(const struct job *job, const char *file);
bool job_is_over(const struct job *job);
bool job_has_record(struct job *job);
bool job_has_groups(const struct job *job);
/* Waits for its end, which must have been that. */
void job_ended(struct job *job, enum exit_cause cause, int code);
