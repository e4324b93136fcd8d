/* What a shim sees of what somebody else does to its workload, and what it mends. */
#include "agent/shim/cgroup_file.h"
#include "agent/shim/control.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/shim.h"
#include "schema/kinds/drift.h"
#include "schema/limits.h"
#include "tests/support/await.h"
#include "tests/support/jobs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char state_of(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) ? proc.state : '-';
}

static struct job *given_running(void)
{
    struct job *job = job_make("echo $$ >main; exec sleep 1000");

    job_start(job);
    AWAIT(job_pid(job, "main") > 0 && state_of(job_pid(job, "main")) == 'S');
    return job;
}

/* Its shim looks when it is asked, if it has not looked just before. */
static bool tells(const struct job *job, unsigned drift)
{
    char heard[4 * SHIM_LINE_BYTES_MAX], words[32];
    ssize_t got;

    (void)snprintf(words, sizeof(words), " drift=%u ", drift);
    job_say(job, "usage\n");
    got = recv(job->socket, heard, sizeof(heard) - 1, MSG_DONTWAIT);
    heard[got > 0 ? got : 0] = '\0';
    return strstr(heard, words) != NULL;
}

static void what_was_stopped_is_told_and_goes_on_when_it_is_mended(void **state)
{
    struct job *job = given_running();
    pid_t pid = job_pid(job, "main");

    (void)state;
    (void)kill(pid, SIGSTOP);
    AWAIT(state_of(pid) == 'T');
    AWAIT(tells(job, 1U << DRIFT_STOPPED));
    job_say(job, "mend\n");
    AWAIT(state_of(pid) == 'S');
    AWAIT(tells(job, 0));
}

static void what_is_suspended_is_not_stopped_by_others(void **state)
{
    struct job *job = given_running();
    pid_t pid = job_pid(job, "main");

    (void)state;
    job_say(job, "suspend\n");
    AWAIT(state_of(pid) == 'T');
    job_say(job, "mend\n");
    AWAIT(tells(job, 0) || state_of(pid) == 'T');
    assert_int_equal(state_of(pid), 'T');
}

static void a_directory_that_is_gone_is_told(void **state)
{
    struct job *job = given_running();

    (void)state;
    assert_int_equal(renameat(job->run_fd, RUN_FILES, job->run_fd, "taken"), 0);
    AWAIT(tells(job, 1U << DRIFT_FILES));
    assert_int_equal(mkdirat(job->run_fd, RUN_FILES, 0700), 0); /* it works in the one of before */
    job_say(job, "mend\n");
    AWAIT(tells(job, 1U << DRIFT_FILES));
}

/* In the way of version 1 or 2 that this machine has; where it has none it is not measured. */
static void limits_that_others_change_are_told_and_set_again(void **state)
{
    static const enum cgroup_keeper keepers[] = {KEEPER_V1, KEEPER_V2};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keepers); i++) {
        char name[CGROUP_NAME_SIZE];
        struct job *job;
        int fd;

        if (!jobs_offer(CGROUP_PIDS, keepers[i])) {
            continue;
        }
        job = job_make("echo $$ >main; exec sleep 1000");
        job_keep_by(job, CGROUP_PIDS, keepers[i]);
        job->spec.pids_limit = 50;
        job_start(job);
        AWAIT(job_pid(job, "main") > 0 && state_of(job_pid(job, "main")) == 'S');
        (void)snprintf(name, sizeof(name), "%s-1", job->uid);
        fd = cgroup_open(job->spec.cgroups[CGROUP_PIDS] + 3, name, false);
        assert_int_equal(cgroup_read_int(fd, "pids.max", ""), 50);
        assert_int_equal(cgroup_write_int(fd, "pids.max", 77), 0);
        AWAIT(tells(job, 1U << DRIFT_LIMITS));
        job_say(job, "mend\n");
        AWAIT(cgroup_read_int(fd, "pids.max", "") == 50);
        AWAIT(tells(job, 0));
        file_close(&fd);
    }
}

static void whoever_is_killed_by_others_is_told_from_who_ends_by_itself(void **state)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGSEGV};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct job *job = given_running();

        (void)kill(job_pid(job, "main"), signals[i]);
        job_ended(job, EXIT_BY_ITSELF, 128 + signals[i]);
        assert_int_equal(job->exit.is_from_outside, signals[i] != SIGSEGV);
    }
}

static void whoever_is_told_to_end_is_not_ended_by_others(void **state)
{
    struct job *job = given_running();

    (void)state;
    job_say(job, "stop grace_ms=60000\n");
    job_ended(job, EXIT_STOPPED, 128 + SIGTERM);
    assert_false(job->exit.is_from_outside);
    job = job_make("exit 143");
    job_start(job);
    job_ended(job, EXIT_BY_ITSELF, 143);
    assert_false(job->exit.is_from_outside);
}

int main(int argc, char **argv)
{
#define JOBS(test) cmocka_unit_test_teardown(test, jobs_drop)
    const struct CMUnitTest tests[] = {
        JOBS(what_was_stopped_is_told_and_goes_on_when_it_is_mended),
        JOBS(what_is_suspended_is_not_stopped_by_others),
        JOBS(a_directory_that_is_gone_is_told),
        JOBS(limits_that_others_change_are_told_and_set_again),
        JOBS(whoever_is_killed_by_others_is_told_from_who_ends_by_itself),
        JOBS(whoever_is_told_to_end_is_not_ended_by_others),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    return cmocka_run_group_tests(tests, jobs_open, jobs_close);
}
