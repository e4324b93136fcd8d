/* Shims with real workloads: started, stopped, left alone, killed.  This program is its own shim:
 * shim_spawn() executes it again, with "shim" as its first argument. */
#include "agent/shim/shim.h"

#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/spec.h"
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"
#include "tests/support/processor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRIES_MAX = 6 };

struct bench {
    char path[FOLDER_PATH_SIZE];
    int assignment_fd, run_fd, socket;
    struct shim_spec spec;
    const char *command[3];
    struct str heard;
    struct agt_exit exit;
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    bench->assignment_fd = open(bench->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench->run_fd = file_open_dir(bench->assignment_fd, "1", true);
    bench->socket = -1;
    bench->spec = (struct shim_spec){
        .uid = "11111111-2222-4333-8444-000000000003",
        .name = "render-0-abcde",
        .session = "render",
        .slot = "0",
        .run = 1,
        .lease_epoch = 7,
        .command = bench->command,
        .grace_ms = 60 * 1000,
    };
    bench->spec.lease_end = MONO_NEVER;
    str_init(&bench->heard);
    *state = bench;
    return 0;
}

static bool is_over(const struct bench *bench)
{
    int fd = openat(bench->run_fd, RUN_LOCK, O_RDWR | O_CLOEXEC);
    bool over = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;

    file_close(&fd);
    return over;
}

static pid_t shim_pid(const struct bench *bench)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_holder holder;

    assert_int_equal(file_read(bench->run_fd, RUN_HOLDER, 4096, &text, NULL), 0);
    assert_true(shim_holder_from_str(text.data, &holder));
    return holder.pid;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    if (!is_over(bench)) {
        (void)kill(shim_pid(bench), SIGKILL);
        AWAIT(is_over(bench));
    }
    file_close(&bench->socket);
    file_close(&bench->run_fd);
    file_close(&bench->assignment_fd);
    folder_remove(bench->path);
    str_fini(&bench->heard);
    mem_free(state);
    return 0;
}

static void spawn(struct bench *bench)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;

    shim_spec_to_str(&bench->spec, &text);
    assert_int_equal(file_replace(bench->run_fd, RUN_SPEC, text.data, text.length, false, &err), 0);
    assert_int_equal(shim_spawn(bench->run_fd, "test", &bench->socket, &err), 0);
}

static void run_shell(struct bench *bench, const char *script)
{
    bench->command[0] = "/bin/sh";
    bench->command[1] = "-c";
    bench->command[2] = script;
    bench->spec.command_count = 3;
    spawn(bench);
}

static bool has_heard(struct bench *bench, const char *words)
{
    char buffer[1024];
    ssize_t got;

    while ((got = recv(bench->socket, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
        str_add_bytes(&bench->heard, buffer, (size_t)got);
    }
    return strstr(bench->heard.data, words) != NULL;
}

/* The folder of the next run, beside the last. */
static void next_run(struct bench *bench)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%lld", (long long)++bench->spec.run);
    file_close(&bench->socket);
    file_close(&bench->run_fd);
    bench->run_fd = file_open_dir(bench->assignment_fd, name, true);
    assert_true(bench->run_fd >= 0);
    str_clear(&bench->heard);
}

#define HEARS(words) AWAIT(has_heard(bench, words))

static void say(const struct bench *bench, const char *line)
{
    assert_int_equal(send(bench->socket, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static bool has_record(struct bench *bench)
{
    return shim_record_read(bench->run_fd, &bench->exit) == 0;
}

static void ended(struct bench *bench, enum exit_cause cause, int code)
{
    AWAIT(has_record(bench));
    AWAIT(is_over(bench));
    if (bench->exit.cause != cause || bench->exit.code != code) {
        fail_msg("ended %s with %d (%s)", exit_cause_to_str(bench->exit.cause), bench->exit.code,
                 bench->exit.message);
    }
}

static void read_file(const struct bench *bench, const char *name, struct str *to)
{
    str_clear(to);
    (void)file_read(bench->assignment_fd, name, 4 << 20, to, NULL);
}

/* The process ids which a workload wrote into its working directory, once it did. */
static pid_t pid_in(const struct bench *bench, const char *file)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char path[64];
    int64_t pid = 0;

    (void)snprintf(path, sizeof(path), "1/files/%s", file);
    read_file(bench, path, &text);
    if (text.length > 0 && text.data[text.length - 1] == '\n') {
        text.data[text.length - 1] = '\0';
        (void)int_from_str(text.data, &pid);
    }
    return (pid_t)pid;
}

static bool lives(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) && proc.state != 'Z';
}

static char state_of(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) ? proc.state : '-';
}

/* Stopped, and then it ran for a while: who is seldom let look would not see it running. */
static void stops_and_goes_on(pid_t pid)
{
    int64_t before_us;

    AWAIT(state_of(pid) == 'T');
    before_us = ran_us(pid);
    AWAIT(ran_us(pid) > before_us);
}

static bool runs_on(pid_t pid, int64_t until_us)
{
    assert_int_not_equal(state_of(pid), 'T');
    return ran_us(pid) >= until_us;
}

static bool log_holds(const struct bench *bench, const char *text)
{
    _cleanup_(str_fini)
    struct str log = STR_EMPTY;

    read_file(bench, "log", &log);
    return strstr(log.data, text) != NULL;
}

/* --- start and end ------------------------------------------------------------------------------
 */

static void the_end_of_a_workload_is_recorded(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "exit 3");
    ended(bench, EXIT_BY_ITSELF, 3);
    assert_true(bench->exit.started.ms > 0);
    assert_true(bench->exit.ended.ms >= bench->exit.started.ms);
    assert_true(bench->exit.usage.memory_peak > 0);
    HEARS("exited");
}

static void a_signal_counts_as_128_and_its_number(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "kill -SEGV $$");
    ended(bench, EXIT_BY_ITSELF, 128 + SIGSEGV);
}

static void what_cannot_be_executed_says_why(void **state)
{
    struct bench *bench = *state;

    bench->command[0] = "/no/such/program";
    bench->spec.command_count = 1;
    spawn(bench);
    ended(bench, EXIT_NOT_STARTED, 127);
    assert_non_null(strstr(bench->exit.message, "/no/such/program"));
    assert_non_null(strstr(bench->exit.message, "No such file"));
}

static void a_program_is_found_by_its_path(void **state)
{
    struct bench *bench = *state;

    bench->command[0] = "true";
    bench->spec.command_count = 1;
    spawn(bench);
    ended(bench, EXIT_BY_ITSELF, 0);
}

static void what_a_run_keeps_the_next_one_finds(void **state)
{
    struct bench *bench = *state;

    run_shell(bench,
              "echo half >$FOG_CHECKPOINT_DIR/state; trap 'echo all >$FOG_CHECKPOINT_DIR/state;"
              " exit 0' TERM; echo begun; while :; do sleep 0.01; done");
    AWAIT(log_holds(bench, "begun\n"));
    say(bench, "stop grace_ms=5000\n");
    ended(bench, EXIT_STOPPED, 0);
    next_run(bench);
    run_shell(bench, "echo found $(cat $FOG_CHECKPOINT_DIR/state)");
    ended(bench, EXIT_BY_ITSELF, 0);
    assert_true(log_holds(bench, "found all\n"));
}

static void a_task_sees_which_of_how_many_it_is(void **state)
{
    struct bench *bench = *state;

    bench->spec.slot = "3";
    bench->spec.task_count = 200;
    run_shell(bench, "env");
    ended(bench, EXIT_BY_ITSELF, 0);
    assert_true(log_holds(bench, "FOG_TASK_INDEX=3\n"));
    assert_true(log_holds(bench, "FOG_TASK_COUNT=200\n"));
}

static void it_sees_the_given_environment_and_no_other(void **state)
{
    struct bench *bench = *state;
    struct strpair variables[] = {{"SEED", "7 %\n8"}, {"FOG_RUN", "99"}};

    (void)setenv("FOG_TEST_CANARY", "leaked", 1);
    bench->spec.environment = variables;
    bench->spec.environment_count = 2;
    run_shell(bench, "env; echo in $(pwd); echo mode $(umask)");
    ended(bench, EXIT_BY_ITSELF, 0);
    assert_true(log_holds(bench, "SEED=7 %\n8\n"));
    assert_true(log_holds(bench, "FOG_SESSION=render\n"));
    assert_true(log_holds(bench, "FOG_SLOT=0\n"));
    assert_true(log_holds(bench, "FOG_ASSIGNMENT=11111111-2222-4333-8444-000000000003\n"));
    assert_true(log_holds(bench, "FOG_RUN=1\n"));
    assert_true(log_holds(bench, "FOG_LEASE_EPOCH=7\n"));
    assert_false(log_holds(bench, "FOG_TASK_"));
    assert_true(log_holds(bench, "/1/files\n"));
    assert_true(log_holds(bench, "PATH="));
    assert_false(log_holds(bench, "leaked"));
    assert_false(log_holds(bench, "FOG_RUN=99"));
}

static void it_is_nice_and_bounded(void **state)
{
    struct bench *bench = *state;

    bench->spec.memory_limit = 512 << 20;
    run_shell(bench, "echo core $(ulimit -c), data $(ulimit -d), nice $(nice);"
                     "grep NoNewPrivs /proc/self/status; read line || echo stdin is empty");
    ended(bench, EXIT_BY_ITSELF, 0);
    assert_true(log_holds(bench, "core 0, data 524288, nice 10\n"));
    assert_true(log_holds(bench, "NoNewPrivs:\t1\n"));
    assert_true(log_holds(bench, "stdin is empty\n"));
}

static void a_stop_is_asked_for_first(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    AWAIT(log_holds(bench, "ready"));
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 7);
    assert_true(log_holds(bench, "bye"));
}

static void who_does_not_heed_is_killed_after_the_grace(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "trap '' TERM; echo ready; sleep 1000");
    AWAIT(log_holds(bench, "ready"));
    say(bench, "stop grace_ms=30\n");
    ended(bench, EXIT_STOPPED, 128 + SIGKILL);
}

static void nobody_gets_away(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "setsid sh -c 'trap \"\" TERM; echo $$ >daemon; sleep 1000' & sleep 1000");
    AWAIT(pid_in(bench, "daemon") > 0);
    say(bench, "stop grace_ms=20\n");
    AWAIT(has_record(bench));
    assert_false(lives(pid_in(bench, "daemon"))); /* at once: the record comes last */
}

static void what_a_program_leaves_behind_is_ended_with_it(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "setsid sh -c 'echo $$ >daemon; exec sleep 1000' & "
                     "while ! test -s daemon; do sleep 0.01; done; exit 4");
    ended(bench, EXIT_BY_ITSELF, 4);
    assert_false(lives(pid_in(bench, "daemon")));
}

/* --- leases and orphans -------------------------------------------------------------------------
 */

/* What a machine is too busy to begin within its lease is tried again with twice as long a one. */
static void at_the_end_of_its_lease_it_is_killed_at_once(void **state)
{
    struct bench *bench = *state;
    bool began = false;

    for (int i = 0; i < TRIES_MAX && !began; i++) {
        bench->spec.lease_end = mono_after(clock_mono(), 200 << i);
        run_shell(bench, "trap '' TERM; sleep 1000");
        AWAIT(has_record(bench));
        AWAIT(is_over(bench));
        assert_true(clock_mono().ms >= bench->spec.lease_end.ms);
        began = bench->exit.cause != EXIT_LEASE_ENDED || bench->exit.code != 0;
        if (!began) {
            next_run(bench);
        }
    }
    assert_true(began);
    ended(bench, EXIT_LEASE_ENDED, 128 + SIGKILL);
}

static void after_the_end_of_its_lease_it_is_not_started(void **state)
{
    struct bench *bench = *state;

    bench->spec.lease_end = clock_mono();
    run_shell(bench, "echo ran");
    ended(bench, EXIT_LEASE_ENDED, 0);
    assert_false(log_holds(bench, "ran"));
}

/* False when it was over before anything could be said. */
static bool lease_is_extended(struct bench *bench, int64_t lease_ms)
{
    char line[64];

    bench->spec.lease_end = mono_after(clock_mono(), lease_ms);
    run_shell(bench, "while ! test -e go; do sleep 0.01; done; exit 5");
    AWAIT(has_heard(bench, "status state=running") || is_over(bench));
    (void)snprintf(line, sizeof(line), "lease end=%lld\n", (long long)clock_mono().ms + 3600000);
    (void)send(bench->socket, line, strlen(line), MSG_NOSIGNAL);
    AWAIT(clock_mono().ms > bench->spec.lease_end.ms + 50);
    (void)mknodat(bench->run_fd, "files/go", S_IFREG | 0600,
                  0); /* what never began has no folder */
    AWAIT(has_record(bench));
    AWAIT(is_over(bench));
    return bench->exit.cause != EXIT_LEASE_ENDED;
}

static void a_lease_can_be_extended(void **state)
{
    struct bench *bench = *state;
    bool was_extended = false;

    for (int i = 0; i < TRIES_MAX && !was_extended; i++) {
        was_extended = lease_is_extended(bench, 400 << i);
        if (!was_extended) {
            next_run(bench);
        }
    }
    assert_true(was_extended);
    ended(bench, EXIT_BY_ITSELF, 5);
}

static void without_an_agent_it_is_ended_after_a_while(void **state)
{
    struct bench *bench = *state;

    bench->spec.orphan_after_ms = 50;
    run_shell(bench, "trap 'exit 6' TERM; while :; do sleep 0.01; done");
    HEARS("status state=running");
    file_close(&bench->socket);
    AWAIT(has_record(bench));
    assert_int_equal(bench->exit.cause, EXIT_ORPHANED);
}

static int connect_again(const struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control",
                   bench->run_fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        file_close(&fd);
    }
    return fd;
}

static void without_an_agent_what_has_a_policy_is_suspended(void **state)
{
    struct bench *bench = *state;

    bench->spec.unwatched_ms = 50;
    run_shell(bench, "echo $$ >main; exec sleep 1000");
    AWAIT(pid_in(bench, "main") > 0);
    HEARS("status state=running");
    file_close(&bench->socket);
    AWAIT(state_of(pid_in(bench, "main")) == 'T');
    bench->socket = connect_again(bench);
    HEARS("frozen=1"); /* the agent that comes back decides */
    say(bench, "resume\n");
    AWAIT(state_of(pid_in(bench, "main")) == 'S');
    say(bench, "stop grace_ms=0\n");
    AWAIT(has_record(bench));
}

/* It is connected, and says that it read nothing. */
static void with_an_agent_that_watches_nothing_it_is_suspended(void **state)
{
    struct bench *bench = *state;

    bench->spec.unwatched_ms = 50;
    run_shell(bench, "echo $$ >main; exec sleep 1000");
    AWAIT(pid_in(bench, "main") > 0);
    HEARS("status state=running");
    say(bench, "usage watched=0\n");
    HEARS("lapse=1 frozen=1");
    str_clear(&bench->heard);
    say(bench, "usage watched=1\nresume lapse=0\nlimit cpu=0\n"); /* of before it lapsed */
    bench->socket = (file_close(&bench->socket), connect_again(bench));
    HEARS("lapse=1 frozen=1");
    say(bench, "watch unwatched_ms=3600000\nusage watched=1\nresume lapse=1\n");
    AWAIT(state_of(pid_in(bench, "main")) == 'S');
    say(bench, "watch unwatched_ms=1\n");
    HEARS("lapse=2 frozen=1");
}

static void an_agent_of_before_watches_while_it_is_there(void **state)
{
    struct bench *bench = *state;
    struct mono begun = clock_mono();

    bench->spec.unwatched_ms = 20;
    run_shell(bench, "echo $$ >main; exec sleep 1000");
    HEARS("status state=running");
    AWAIT(mono_since(begun, clock_mono()) > 100);
    str_clear(&bench->heard);
    say(bench, "usage\n");
    HEARS("usage cpu_ms=");
    assert_null(strstr(bench->heard.data, "lapse"));
    say(bench, "usage watched=0\n"); /* it was upgraded */
    HEARS("lapse=1 frozen=1");
}

static void an_agent_that_comes_back_finds_it(void **state)
{
    struct bench *bench = *state;

    bench->spec.orphan_after_ms = 3600 * 1000;
    run_shell(bench, "exec sleep 1000");
    HEARS("status state=running");
    file_close(&bench->socket);
    str_clear(&bench->heard);
    bench->socket = connect_again(bench);
    HEARS("status state=running started=");
    say(bench, "usage\n");
    HEARS("usage cpu_ms=");
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
}

static void a_second_shim_of_the_same_run_goes_away(void **state)
{
    struct bench *bench = *state;
    char byte;
    int second = -1;

    run_shell(bench, "echo one; exec sleep 1000");
    HEARS("status state=running");
    assert_int_equal(shim_spawn(bench->run_fd, "test", &second, NULL), 0);
    assert_int_equal(recv(second, &byte, 1, 0), 0); /* it hangs up without a word */
    file_close(&second);
    say(bench, "stop grace_ms=0\n");
    ended(bench, EXIT_STOPPED, 128 + SIGKILL);
}

static void a_shim_that_finds_a_record_starts_nothing(void **state)
{
    struct bench *bench = *state;
    struct agt_exit lost = {.cause = EXIT_LOST};
    char byte;

    assert_int_equal(shim_record_write(bench->run_fd, &lost, NULL), 0);
    run_shell(bench, "echo ran");
    assert_int_equal(recv(bench->socket, &byte, 1, 0), 0); /* it hangs up without a word */
    ended(bench, EXIT_LOST, 0);
    assert_false(log_holds(bench, "ran"));
}

static void when_the_shim_is_killed_so_is_the_workload(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, "echo $$ >main; exec sleep 1000");
    AWAIT(pid_in(bench, "main") > 0);
    assert_true(lives(pid_in(bench, "main")));
    (void)kill(shim_pid(bench), SIGKILL);
    AWAIT(!lives(pid_in(bench, "main")));
    AWAIT(is_over(bench));
    assert_false(has_record(bench));
}

static void it_has_a_session_of_its_own(void **state)
{
    struct bench *bench = *state;
    struct proc shim, workload;

    run_shell(bench, "echo $$ >main; exec sleep 1000");
    AWAIT(pid_in(bench, "main") > 0);
    assert_true(proc_read(shim_pid(bench), &shim));
    assert_true(proc_read(pid_in(bench, "main"), &workload));
    assert_int_not_equal(shim.session, getsid(0));
    assert_int_not_equal(shim.parent, getpid());
    assert_int_equal(workload.session, shim.pid);
    assert_int_equal(workload.group, workload.pid);
}

/* --- suspending and limits ----------------------------------------------------------------------
 */

static void it_can_be_suspended_and_resumed(void **state)
{
    struct bench *bench = *state;
    pid_t pid;

    run_shell(bench, "echo $$ >main; exec sleep 1000");
    AWAIT(pid_in(bench, "main") > 0);
    pid = pid_in(bench, "main");
    say(bench, "suspend\n");
    AWAIT(state_of(pid) == 'T');
    say(bench, "resume\n");
    AWAIT(state_of(pid) == 'S');
    say(bench, "suspend\nstop grace_ms=60000\n"); /* frozen, it must still hear TERM */
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
}

static void all_its_processes_together_keep_the_memory_limit(void **state)
{
    struct bench *bench = *state;

    bench->spec.memory_limit = 24 << 20; /* each of the two may have 16 MiB */
    run_shell(bench, "hold() { { head -c 16000000 /dev/zero; sleep 1000; } | tail -c 16000000; };"
                     "hold & hold & wait");
    ended(bench, EXIT_BY_ITSELF, 128 + SIGKILL);
    assert_true(str_starts(bench->exit.message, "MemoryLimit: "));
}

static void too_many_processes_are_ended(void **state)
{
    struct bench *bench = *state;

    bench->spec.pids_limit = 5;
    run_shell(bench, "for i in 1 2 3 4 5 6 7; do sleep 1000 & done; wait");
    ended(bench, EXIT_BY_ITSELF, 128 + SIGKILL);
    assert_true(str_starts(bench->exit.message, "PidsLimit: "));
}

static void a_processor_limit_stops_and_goes_on(void **state)
{
    struct bench *bench = *state;
    pid_t pid;

    bench->spec.cpu_limit = 200; /* a fifth of a core */
    run_shell(bench, "echo $$ >main; while :; do :; done");
    AWAIT(pid_in(bench, "main") > 0);
    pid = pid_in(bench, "main");
    come_first(pid);
    for (int i = 0; i < 3; i++) {
        stops_and_goes_on(pid);
    }
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
    assert_true(bench->exit.usage.cpu_ms > 0);
    assert_true(bench->exit.usage.cpu_ms < bench->exit.usage.wall_ms);
}

/* Says it on a connection and, when it was understood, hears how things stand on another. */
static void tell(struct bench *bench, const char *line)
{
    say(bench, line);
    str_clear(&bench->heard);
    say(bench, "usage\n");
    HEARS("usage cpu_ms=");
    file_close(&bench->socket);
    str_clear(&bench->heard);
    bench->socket = connect_again(bench);
    HEARS("status ");
}

static void a_processor_limit_may_come_and_go(void **state)
{
    struct bench *bench = *state;
    int64_t before_us;
    pid_t pid;

    run_shell(bench, "echo $$ >main; while :; do :; done");
    AWAIT(pid_in(bench, "main") > 0);
    HEARS("status state=running");
    assert_true(has_heard(bench, " frozen=0 limit=0\n"));
    pid = pid_in(bench, "main");
    come_first(pid);
    tell(bench, "limit cpu=100\n");
    assert_true(has_heard(bench, " frozen=0 limit=100\n"));
    stops_and_goes_on(pid);
    AWAIT(state_of(pid) == 'T');
    tell(bench, "limit cpu=0\n");
    assert_true(has_heard(bench, " frozen=0 limit=0\n"));
    before_us = ran_us(pid);
    AWAIT(runs_on(pid, before_us + 200 * 1000));
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
}

static void no_word_lifts_the_limit_it_was_started_with(void **state)
{
    struct bench *bench = *state;

    bench->spec.cpu_limit = 300;
    run_shell(bench, "exec sleep 1000");
    HEARS(" limit=300\n");
    tell(bench, "limit cpu=200\n");
    assert_true(has_heard(bench, " limit=200\n"));
    tell(bench, "limit cpu=900\n");
    assert_true(has_heard(bench, " limit=300\n"));
    tell(bench, "limit cpu=0\n");
    assert_true(has_heard(bench, " limit=300\n"));
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
}

/* A group that cannot be made, or that nobody can enter, leaves its limit to the shim. */
static void without_its_group_a_limit_is_the_shims(void **state)
{
    struct bench *bench = *state;
    char no_folder[2 * FOLDER_PATH_SIZE], no_group[2 * FOLDER_PATH_SIZE];
    pid_t pid;

    (void)snprintf(no_folder, sizeof(no_folder), "v2:%s/no/such/folder", bench->path);
    (void)snprintf(no_group, sizeof(no_group), "v2:%s/plain", bench->path);
    bench->spec.cgroups[CGROUP_SUSPEND] = no_folder;
    bench->spec.cgroups[CGROUP_CPU] = no_group; /* a folder can be made there, but it is no group */
    bench->spec.cpu_limit = 200;
    run_shell(bench, "echo $$ >main; while :; do :; done");
    AWAIT((pid = pid_in(bench, "main")) > 0);
    come_first(pid);
    stops_and_goes_on(pid);
    say(bench, "stop grace_ms=60000\n");
    ended(bench, EXIT_STOPPED, 128 + SIGTERM);
    assert_int_equal(faccessat(bench->assignment_fd, "plain", F_OK, 0), -1);
}

static void the_log_is_bounded(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str log = STR_EMPTY;

    run_shell(bench, "yes 0123456789 | head -c 3000000; echo the end");
    ended(bench, EXIT_BY_ITSELF, 0);
    read_file(bench, "log.1", &log);
    assert_int_equal(log.length, LOG_FILE_BYTES_MAX);
    read_file(bench, "log", &log);
    assert_true(log.length <= LOG_FILE_BYTES_MAX);
    assert_true(str_ends(log.data, "the end\n"));
    read_file(bench, "log.2", &log);
    assert_int_equal(log.length, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(the_end_of_a_workload_is_recorded),
        CASE(a_signal_counts_as_128_and_its_number),
        CASE(what_cannot_be_executed_says_why),
        CASE(a_program_is_found_by_its_path),
        CASE(a_task_sees_which_of_how_many_it_is),
        CASE(what_a_run_keeps_the_next_one_finds),
        CASE(it_sees_the_given_environment_and_no_other),
        CASE(it_is_nice_and_bounded),
        CASE(a_stop_is_asked_for_first),
        CASE(who_does_not_heed_is_killed_after_the_grace),
        CASE(nobody_gets_away),
        CASE(what_a_program_leaves_behind_is_ended_with_it),
        CASE(at_the_end_of_its_lease_it_is_killed_at_once),
        CASE(after_the_end_of_its_lease_it_is_not_started),
        CASE(a_lease_can_be_extended),
        CASE(without_an_agent_it_is_ended_after_a_while),
        CASE(without_an_agent_what_has_a_policy_is_suspended),
        CASE(with_an_agent_that_watches_nothing_it_is_suspended),
        CASE(an_agent_of_before_watches_while_it_is_there),
        CASE(an_agent_that_comes_back_finds_it),
        CASE(a_second_shim_of_the_same_run_goes_away),
        CASE(a_shim_that_finds_a_record_starts_nothing),
        CASE(when_the_shim_is_killed_so_is_the_workload),
        CASE(it_has_a_session_of_its_own),
        CASE(it_can_be_suspended_and_resumed),
        CASE(all_its_processes_together_keep_the_memory_limit),
        CASE(too_many_processes_are_ended),
        CASE(a_processor_limit_stops_and_goes_on),
        CASE(a_processor_limit_may_come_and_go),
        CASE(no_word_lifts_the_limit_it_was_started_with),
        CASE(without_its_group_a_limit_is_the_shims),
        CASE(the_log_is_bounded),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
