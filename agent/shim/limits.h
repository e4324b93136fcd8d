/* What a workload may use, kept by the best means there is for each limit: a control group, or what
 * a process above it can do by itself, which is to stop and continue it, to look, and to count.
 *
 *               control group                    the shim
 *     cpu       the kernel's quota               a duty cycle (agent/shim/duty.h), by the freezer
 *                                                where there is one, else by SIGSTOP
 *     suspend   the freezer                      SIGSTOP, again each second for who was born since
 *     memory    the kernel kills; all the rest   a look each second; RLIMIT_DATA for each process
 *               of it is ended too
 *     pids      fork() fails                     a count each second; too many end it
 *
 * A processor limit may be told while it runs; the stricter of that and the one in the spec
 * counts. */
#pragma once

#include "agent/shim/cgroup_values.h"
#include "agent/shim/duty.h"
#include "agent/shim/group.h"

struct limits {
    const struct shim_spec *spec; /* borrowed */
    struct group *group;          /* borrowed */
    struct cgroup cgroup;
    int64_t cpu_limit; /* thousandths of a core, now; 0: none */
    bool is_suspended;
    bool is_paused; /* by the duty cycle */
    struct duty duty;
    struct mono duty_at, duty_since; /* the next step, the one before */
    int64_t duty_cpu_us;             /* used until then */
    struct mono look_at;
    struct cgroup_values set; /* what the groups said when they were set last */
};

/* `group` is to use limits->cgroup, which keeps nothing yet. */
void limits_init(struct limits *limits, const struct shim_spec *spec, struct group *group);
void limits_fini(struct limits *limits);
/* Before the workload is executed: makes its control groups and sets them up. */
void limits_prepare(struct limits *limits, struct mono now);
/* It could not enter them: they are removed, and all is left to the shim. */
void limits_give_up(struct limits *limits);
void limits_begin(struct limits *limits, struct mono now); /* it was executed */

void limits_set_cpu(struct limits *limits, int64_t told, struct mono now); /* 0: none */
void limits_suspend(struct limits *limits, bool suspended, struct mono now);
/* It shall end: nothing is frozen any more, and nothing stopped for what it used before.  Its
 * limits go on. */
void limits_release(struct limits *limits, struct mono now);

/* Were limits changed by somebody else?  Sets them again. */
bool limits_differ(const struct limits *limits);
void limits_mend(struct limits *limits);
/* Is it stopped by us, in whatever way? */
bool limits_hold(const struct limits *limits);

/* Bytes that all its processes hold now, as of the group's last look. */
int64_t limits_memory(const struct limits *limits);

/* When limits_step() is to be called again at the latest. */
struct mono limits_deadline(const struct limits *limits);
/* Keeps what the shim has to keep.  False when a limit was broken and the workload must end; then
 * `message` says which. */
enum { LIMITS_MESSAGE_SIZE = 256 };
bool limits_step(struct limits *limits, struct mono now, char message[static LIMITS_MESSAGE_SIZE]);
/* It has failed: was it because of a limit?  True with a message. */
bool limits_explain(const struct limits *limits, char message[static LIMITS_MESSAGE_SIZE]);

/* Nobody is left: removes the control groups. */
void limits_clear(struct limits *limits);
