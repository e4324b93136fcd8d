/* The session's id is the dead shim's process id.  The kernel does not give out an id that still
 * serves as a session; so as long as somebody is in the session, no process can have that id, and
 * if a process has it, the session is another, later one. */
#include "agent/io/sweep.h"

#include "agent/shim/cgroup.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/spec.h"
#include "schema/limits.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { HOLDER_BYTES_MAX = 4 << 10, ASSIGNMENT_SIZE = 128 };

/* Who held the run since the machine was booted; of before that nobody is left. */
static bool read_holder(int run_fd, struct shim_holder *ret_holder)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char boot_id[BOOT_ID_SIZE];

    proc_boot_id(boot_id);
    return file_read(run_fd, RUN_HOLDER, HOLDER_BYTES_MAX, &text, NULL) == 0 &&
           shim_holder_from_str(text.data, ret_holder) && str_eq(boot_id, ret_holder->boot_id);
}

bool sweep_is_of_this_boot(int run_fd)
{
    struct shim_holder holder;

    return read_holder(run_fd, &holder);
}

/* The session to look for; 0 for none. */
static pid_t find_session(int run_fd)
{
    struct shim_holder holder;
    struct proc proc;

    if (!read_holder(run_fd, &holder)) {
        return 0;
    }
    if (proc_read(holder.pid, &proc) && proc.started != holder.started) {
        return 0;
    }
    return holder.pid;
}

/* As the spec has them: the agent of today may have others. */
static size_t sweep_groups(int run_fd, const char *uid, int64_t run)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    _cleanup_(arena_fini)
    struct arena arena;
    struct shim_spec spec;

    arena_init(&arena);
    return file_read(run_fd, RUN_SPEC, SHIM_SPEC_BYTES_MAX, &text, NULL) == 0 &&
                   shim_spec_from_str(&arena, text.data, &spec)
               ? cgroup_sweep(spec.cgroups, uid, run)
               : 0;
}

size_t sweep_run(int run_fd, const char *uid, int64_t run)
{
    char assignment[ASSIGNMENT_SIZE], number[ASSIGNMENT_SIZE];
    const char *const wanted[] = {assignment, number};
    pid_t session = find_session(run_fd);
    struct procs procs = {.count = 0};
    size_t count = 0, in_groups;

    (void)snprintf(assignment, sizeof(assignment), "FOG_ASSIGNMENT=%s", uid);
    (void)snprintf(number, sizeof(number), "FOG_RUN=%lld", (long long)run);
    proc_list(&procs);
    vec_each (&procs, it) {
        if (it->pid <= 1 || it->pid == getpid() || it->state == 'Z') {
            continue;
        }
        if ((session > 0 && it->session == session) ||
            proc_has_environment(it->pid, wanted, COUNT_OF(wanted))) {
            (void)kill(it->pid, SIGKILL);
            count++;
        }
    }
    vec_fini(&procs);
    in_groups = sweep_groups(run_fd, uid, run); /* after the others: it thaws them all to die */
    return count > in_groups ? count : in_groups;
}
