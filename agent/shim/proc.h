/* Processes as /proc shows them.
 *
 * A process is told from a later one of the same id by its start time (in clock ticks since boot).
 * An id that still serves as somebody's session or group is not given out again by the kernel,
 * which is what makes killing by session safe. */
#pragma once

#include "schema/base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
    pid_t pid, parent, group, session;
    char state;       /* 'R', 'S', 'T' stopped, 'Z' zombie, … */
    uint64_t started; /* ticks since boot */
    int64_t cpu_ms;   /* its own and that of the children it waited for */
    int64_t memory;   /* resident bytes */
};

struct procs {
    VEC_OF(struct proc);
};

bool proc_read(pid_t pid, struct proc *ret_proc); /* false when it is gone */
void proc_list(struct procs *procs);              /* all of the machine, at most PROCESSES_MAX */
/* Keeps those that descend from `root`; the root itself is left out. */
void proc_keep_descendants(struct procs *procs, pid_t root);
/* Resident bytes with shared pages divided among those who share them; slow. */
int64_t proc_memory(const struct proc *proc);
/* Does it catch the signal, or block it to wait for it?  Also false when we may not look. */
bool proc_heeds(pid_t pid, int signal_number);
/* Was it started with this variable?  Also false when we may not look. */
bool proc_has_environment(pid_t pid, const char *const *assignments, size_t count);

/* The kernel's id of this boot, as text; "" when there is none. */
enum { BOOT_ID_SIZE = 37 };
void proc_boot_id(char text[static BOOT_ID_SIZE]);
