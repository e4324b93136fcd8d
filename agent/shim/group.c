/* Starting, signalling and measuring a workload's processes.
 *
 * Between fork and exec the child calls only what is safe after fork; what fails there is written
 * to a pipe that closes by itself when the execution succeeds. */
#include "agent/shim/group.h"

#include "agent/shim/file.h"
#include "schema/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NICE = 10, FILES_MAX = 1024, OOM_ADJUST_MIN = 500 };

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Where in the child it failed; an index into stage_words. */
enum stage { STAGE_ENTER, STAGE_GROUP, STAGE_FOLDER, STAGE_OUTPUT, STAGE_LIMITS, STAGE_EXEC };

static const char *const stage_words[] = {
    "enter its control group", "make a process group", "enter its working directory",
    "redirect its output",     "set its limits",       "execute it"};

struct failure {
    enum stage stage;
    int number; /* errno */
};

void group_init(struct group *group, const struct shim_spec *spec, struct cgroup *cgroup)
{
    *group = (struct group){.spec = spec, .cgroup = cgroup, .output_fd = -1};
}

void group_fini(struct group *group)
{
    file_close(&group->output_fd);
    vec_fini(&group->members);
}

/* --- the child ----------------------------------------------------------------------------------
 */

static bool limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)resource, &now) < 0) {
        return false;
    }
    if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) {
        value = now.rlim_max; /* already stricter */
    }
    return setrlimit((__rlimit_resource_t)resource, &(struct rlimit){value, value}) == 0;
}

/* RLIMIT_DATA and not RLIMIT_AS: programs reserve far more addresses than they ever use.  It counts
 * for each process alone; the sum is the control group's or the shim's to watch, and so is the
 * number of processes, as RLIMIT_NPROC would count all that the user runs. */
static bool set_limits(const struct shim_spec *spec, const struct cgroup *cgroup)
{
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, FILES_MAX)) {
        return false;
    }
    if (spec->memory_limit > 0 && !cgroup_keeps(cgroup, CGROUP_MEMORY) &&
        !limit(RLIMIT_DATA, (rlim_t)spec->memory_limit)) {
        return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool redirect(int output_fd)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    return null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
           dup2(output_fd, STDOUT_FILENO) >= 0 && dup2(output_fd, STDERR_FILENO) >= 0;
}

static void prefer_as_victim(int64_t adjust)
{
    _cleanup_(file_close)
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    char word[16];
    int length = snprintf(word, sizeof(word), "%d",
                          adjust > OOM_ADJUST_MIN && adjust <= 1000 ? (int)adjust : OOM_ADJUST_MIN);

    if (fd >= 0 && write(fd, word, (size_t)length) < 0) {
        return; /* a wish only: the machine's owner goes first */
    }
}

struct child {
    char **arguments, **environment;
    pid_t shim;
    int files_fd, output_fd, failure_fd;
    const struct shim_spec *spec;
    const struct cgroup *cgroup;
};

static void fail(const struct child *child, enum stage stage)
{
    struct failure failure = {stage, errno};

    if (write(child->failure_fd, &failure, sizeof(failure)) < 0) {
        _exit(126);
    }
    _exit(127);
}

static void become_workload(const struct child *child)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->shim) {
        _exit(126); /* the shim died before the line above */
    }
    if (!cgroup_enter(child->cgroup)) { /* first: what it uses from here on is counted */
        fail(child, STAGE_ENTER);
    }
    reset_signals();
    if (setpgid(0, 0) < 0) {
        fail(child, STAGE_GROUP);
    }
    if (fchdir(child->files_fd) < 0) {
        fail(child, STAGE_FOLDER);
    }
    if (!redirect(child->output_fd)) {
        fail(child, STAGE_OUTPUT);
    }
    prefer_as_victim(child->spec->oom_adjust);
    (void)umask(077);
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    if (!set_limits(child->spec, child->cgroup)) {
        fail(child, STAGE_LIMITS);
    }
    environ = child->environment; /* execvp searches its PATH */
    (void)execvp(child->arguments[0], child->arguments);
    fail(child, STAGE_EXEC);
}

/* --- starting -----------------------------------------------------------------------------------
 */

static bool is_given(const struct shim_spec *spec, const char *key)
{
    for (size_t i = 0; i < spec->environment_count; i++) {
        if (strcmp(spec->environment[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static char **make_environment(struct arena *arena, const struct group *group, int files_fd)
{
    const struct shim_spec *spec = group->spec;
    char **words = arena_array(arena, spec->environment_count + 12, sizeof(char *));
    char path[64], home[4096];
    size_t count = 0;
    ssize_t length;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", files_fd);
    length = readlink(path, home, sizeof(home) - 1);
    home[length < 0 ? 0 : length] = '\0';
    for (size_t i = 0; i < spec->environment_count; i++) {
        const struct strpair *pair = &spec->environment[i];

        if (!str_starts(pair->key, "FOG_")) { /* ours, and what the agent finds left-overs by */
            words[count++] = arena_printf(arena, "%s=%s", pair->key, pair->value);
        }
    }
    if (!is_given(spec, "PATH")) {
        words[count++] = arena_printf(arena, "PATH=%s", default_path);
    }
    if (!is_given(spec, "HOME")) {
        words[count++] = arena_printf(arena, "HOME=%s", home);
    }
    words[count++] = arena_printf(arena, "FOG_SESSION=%s", spec->session);
    words[count++] = arena_printf(arena, "FOG_SLOT=%s", spec->slot);
    words[count++] = arena_printf(arena, "FOG_ASSIGNMENT=%s", spec->uid);
    words[count++] = arena_printf(arena, "FOG_RUN=%lld", (long long)spec->run);
    words[count++] = arena_printf(arena, "FOG_LEASE_EPOCH=%lld", (long long)spec->lease_epoch);
    if (group->checkpoint != NULL) {
        words[count++] = arena_printf(arena, "FOG_CHECKPOINT_DIR=%s", group->checkpoint);
    }
    if (spec->task_count > 0) {
        words[count++] = arena_printf(arena, "FOG_TASK_INDEX=%s", spec->slot);
        words[count++] = arena_printf(arena, "FOG_TASK_COUNT=%lld", (long long)spec->task_count);
    }
    return words;
}

static char **make_arguments(struct arena *arena, const struct shim_spec *spec)
{
    char **words = arena_array(arena, spec->command_count + 1, sizeof(char *));

    for (size_t i = 0; i < spec->command_count; i++) {
        words[i] = arena_strdup(arena, spec->command[i]);
    }
    return words;
}

/* Waits until the child was executed (the pipe closes) or says why not. */
static int await_execution(struct group *group, int failure_fd, struct err *err, int *ret_errno)
{
    struct failure failure;
    ssize_t got;

    do {
        got = read(failure_fd, &failure, sizeof(failure));
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(failure)) {
        return 0;
    }
    (void)waitpid(group->leader, NULL, 0);
    group->leader = 0;
    group->cannot_enter = failure.stage == STAGE_ENTER;
    *ret_errno = failure.number;
    return err_set(err, ERR_SYSTEM, "\"%s\": cannot %s: %s", group->spec->command[0],
                   stage_words[failure.stage], strerror(failure.number));
}

int group_start(struct group *group, int files_fd, struct err *err, int *ret_errno)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct child child = {
        .shim = getpid(), .files_fd = files_fd, .spec = group->spec, .cgroup = group->cgroup};
    int output[2], failure[2], result;

    assert(group->leader == 0);
    file_close(&group->output_fd); /* of a try before */
    arena_init(&arena);
    child.arguments = make_arguments(&arena, group->spec);
    child.environment = make_environment(&arena, group, files_fd);
    if (pipe2(output, O_CLOEXEC) < 0) {
        *ret_errno = errno;
        return err_set(err, ERR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
    }
    group->output_fd = output[0];
    if (pipe2(failure, O_CLOEXEC) < 0) {
        *ret_errno = errno;
        (void)close(output[1]);
        return err_set(err, ERR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
    }
    child.output_fd = output[1];
    child.failure_fd = failure[1];
    group->leader = fork();
    if (group->leader == 0) {
        become_workload(&child);
    }
    *ret_errno = errno;
    (void)close(output[1]);
    (void)close(failure[1]);
    if (group->leader < 0) {
        group->leader = 0;
        result = err_set(err, ERR_SYSTEM, "cannot fork: %s", strerror(*ret_errno));
    } else {
        (void)setpgid(group->leader, group->leader); /* whoever comes first */
        result = await_execution(group, failure[0], err, ret_errno);
    }
    (void)close(failure[0]);
    (void)fcntl(group->output_fd, F_SETFL, O_NONBLOCK);
    return result;
}

/* --- afterwards ---------------------------------------------------------------------------------
 */

bool group_reap(struct group *group)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) != 0) {
        if (pid < 0 && errno == EINTR) {
            continue;
        }
        if (pid < 0) {
            return true; /* ECHILD */
        }
        if (pid == group->leader) {
            group->leader_ended = true;
            group->leader_status = status;
        }
    }
    return false;
}

/* What those who ended used is the kernel's to know, for all the shim waited for. */
static int64_t ended_cpu_us(int64_t *ret_memory)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_CHILDREN, &usage);
    *ret_memory = (int64_t)usage.ru_maxrss * 1024;
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void measure(struct group *group)
{
    int64_t memory_of_one = 0;
    int64_t cpu_us = ended_cpu_us(&memory_of_one), counted_us = 0;

    group->memory = 0;
    vec_each (&group->members, it) {
        cpu_us += it->cpu_ms * 1000;
        group->memory += it->memory;
    }
    if (cgroup_usage_us(group->cgroup, &counted_us) && counted_us > cpu_us) {
        cpu_us = counted_us; /* it misses nobody; a sum does who was not waited for */
    }
    if (cpu_us > group->cpu_us) {
        group->cpu_us = cpu_us;
    }
    if (group->memory > group->memory_peak) {
        group->memory_peak = group->memory;
    }
    if (memory_of_one > group->memory_peak) {
        group->memory_peak = memory_of_one;
    }
}

void group_look(struct group *group, struct mono now)
{
    proc_list(&group->members);
    proc_keep_descendants(&group->members, getpid());
    measure(group);
    group->looked = now;
}

void group_measure(struct group *group)
{
    for (size_t i = 0; i < group->members.count;) {
        struct proc proc;

        if (proc_read(group->members.items[i].pid, &proc) &&
            proc.started == group->members.items[i].started) {
            group->members.items[i++] = proc;
        } else {
            vec_remove(&group->members, i);
        }
    }
    measure(group);
}

int64_t group_memory(const struct group *group)
{
    int64_t sum = 0;

    for (size_t i = 0; i < group->members.count; i++) {
        sum += proc_memory(&group->members.items[i]);
    }
    return sum;
}

void group_signal_seen(struct group *group, int signal_number)
{
    bool has_group = group->leader > 0 && !group->leader_ended; /* else the id may be another's */

    vec_each (&group->members, it) {
        if (!has_group || it->group != group->leader) {
            (void)kill(it->pid, signal_number);
        }
    }
    if (has_group) {
        (void)kill(-group->leader, signal_number); /* all at once, also those born since */
    }
}

bool group_signal_leader(const struct group *group, int signal_number)
{
    return group->leader > 0 && !group->leader_ended && proc_heeds(group->leader, signal_number) &&
           kill(group->leader, signal_number) == 0;
}

void group_kill(struct group *group, struct mono now)
{
    (void)cgroup_kill(group->cgroup);
    group_look(group, now);
    group_signal_seen(group, SIGKILL);
}

void group_signal(struct group *group, int signal_number)
{
    proc_list(&group->members);
    proc_keep_descendants(&group->members, getpid());
    group_signal_seen(group, signal_number);
}
