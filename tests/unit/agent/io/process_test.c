/* Runs on a real loop with real shims: told, stopped, found again by the next agent, swept after a
 * killed shim, forgotten.  This program is its own shim. */
#include "agent/io/process.h"

#include "agent/io/work.h"
#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/shim.h"
#include "schema/base/log.h"
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UID "11111111-2222-4333-8444-555555555555"

static const struct checkpoint at_once;

struct told { /* an event, copied */
    enum agt_event_type type;
    int64_t run;
    bool running, has_exit;
    struct mono frozen_since;
    int64_t cpu_limit, memory;
    struct agt_exit exit;
    struct contribution usage;
};

struct bench {
    char path[FOLDER_PATH_SIZE];
    int work_fd;
    uv_loop_t loop;
    struct process *process;
    VEC_OF(struct told);
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static void on_event(void *data, struct agt_event *event)
{
    struct bench *bench = data;
    struct told told = {.type = event->type,
                        .run = event->run,
                        .frozen_since = event->frozen_since,
                        .cpu_limit = event->cpu_limit,
                        .memory = event->memory};
    const struct agt_exit *exit = event->type == AGT_EXITED  ? event->exit
                                  : event->type == AGT_FOUND ? event->found.exit
                                                             : NULL;

    told.running = event->type == AGT_FOUND && event->found.running;
    told.has_exit = exit != NULL;
    if (exit != NULL) {
        told.exit = *exit;
    }
    if (event->type == AGT_USAGE) {
        told.usage = event->usage;
    }
    vec_add(bench, told);
}

static void open_process(struct bench *bench)
{
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    bench->process = process_new(&bench->loop, bench->work_fd, on_event, bench);
}

static void close_process(struct bench *bench)
{
    process_close(bench->process);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    process_free(bench->process);
    vec_clear(bench);
}

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    bench->work_fd = open(bench->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open_process(bench);
    *state = bench;
    return 0;
}

static const struct told *find(const struct bench *bench, enum agt_event_type type)
{
    for (size_t i = 0; i < bench->count; i++) {
        if (bench->items[i].type == type) {
            return &bench->items[i];
        }
    }
    return NULL;
}

static bool turn(struct bench *bench)
{
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
    return true;
}

#define UNTIL(condition) AWAIT(turn(bench) && (condition))

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    process_stop(bench->process, UID, 1, 0);
    UNTIL(process_count_live(bench->process) == 0);
    close_process(bench);
    file_close(&bench->work_fd);
    folder_remove(bench->path);
    vec_fini(bench);
    mem_free(state);
    return 0;
}

static void spawn_as(struct bench *bench, const char *uid, const char *script)
{
    const char *command[] = {"/bin/sh", "-c", script};
    struct shim_spec spec = {
        .uid = uid,
        .name = "render-0-abcde",
        .session = "render",
        .slot = "0",
        .run = 1,
        .command = command,
        .command_count = 3,
        .grace_ms = 60 * 1000,
    };

    spec.lease_end = MONO_NEVER;
    process_spawn(bench->process, &spec);
}

static void spawn(struct bench *bench, const char *script)
{
    spawn_as(bench, UID, script);
}

static void read_file(const struct bench *bench, const char *name, struct str *to)
{
    char path[256];

    (void)snprintf(path, sizeof(path), UID "/%s", name);
    str_clear(to);
    (void)file_read(bench->work_fd, path, 1 << 20, to, NULL);
}

static pid_t pid_in(const struct bench *bench, const char *name)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int64_t pid = 0;

    read_file(bench, name, &text);
    if (str_ends(text.data, "\n")) {
        text.data[text.length - 1] = '\0';
        (void)int_from_str(text.data, &pid);
    }
    return (pid_t)pid;
}

static pid_t shim_pid(const struct bench *bench)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_holder holder;

    read_file(bench, "1/holder", &text);
    assert_true(shim_holder_from_str(text.data, &holder));
    return holder.pid;
}

static bool lives(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) && proc.state != 'Z';
}

static void expect_exit(struct bench *bench, enum agt_event_type type, enum exit_cause cause,
                        int code)
{
    const struct told *told;

    UNTIL(find(bench, type) != NULL);
    told = find(bench, type);
    assert_int_equal(told->run, 1);
    assert_true(told->has_exit);
    if (told->exit.cause != cause || told->exit.code != code) {
        fail_msg("ended %s with %d (%s)", exit_cause_to_str(told->exit.cause), told->exit.code,
                 told->exit.message);
    }
}

/* --- one life of an agent -----------------------------------------------------------------------
 */

static void a_workload_is_told_started_and_ended(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "exit 3");
    expect_exit(bench, AGT_EXITED, EXIT_BY_ITSELF, 3);
    assert_int_equal(process_count_live(bench->process), 0);
}

/* The first look may come while the workload is between two programs and has no memory at all. */
static bool uses_memory_and_time(const struct bench *bench)
{
    for (size_t i = 0; i < bench->count; i++) {
        const struct told *told = &bench->items[i];

        if (told->type == AGT_USAGE && told->usage.memory_peak > 0 && told->usage.wall_ms > 0) {
            return true;
        }
    }
    return false;
}

static void a_workload_that_runs_is_told_once(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "exec sleep 1000");
    UNTIL(find(bench, AGT_STARTED) != NULL);
    UNTIL(uses_memory_and_time(bench));
    process_stop(bench->process, UID, 1, 60 * 1000);
    expect_exit(bench, AGT_EXITED, EXIT_STOPPED, 128 + SIGTERM);
    for (size_t i = 1; i < bench->count; i++) {
        assert_int_not_equal(bench->items[i].type, AGT_STARTED);
    }
}

static void a_stop_asked_for_at_birth_is_not_forgotten(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "exec sleep 1000");
    process_stop(bench->process, UID, 1, 0);
    expect_exit(bench, AGT_EXITED, EXIT_STOPPED, 128 + SIGKILL);
}

static void a_folder_that_cannot_be_made_is_told_as_a_loss(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(mknodat(bench->work_fd, UID, S_IFREG | 0600, 0), 0);
    spawn(bench, "true");
    assert_int_equal(bench->count, 0); /* not from within the call */
    expect_exit(bench, AGT_EXITED, EXIT_LOST, 0);
}

static void a_uid_that_leads_elsewhere_is_ignored(void **state)
{
    struct bench *bench = *state;

    spawn_as(bench, "../evil", "true");
    spawn_as(bench, "", "true");
    spawn_as(bench, "A", "true");
    assert_int_equal(process_count_live(bench->process), 0);
}

static void stopping_all_uses_the_grace_each_was_given(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "trap 'exit 9' TERM; echo $$ >main; while :; do sleep 0.01; done");
    UNTIL(pid_in(bench, "1/files/main") > 0);
    process_stop_all(bench->process);
    expect_exit(bench, AGT_EXITED, EXIT_STOPPED, 9);
}

static void what_a_killed_shim_leaves_is_killed_too(void **state)
{
    struct bench *bench = *state;
    pid_t daemon, child;

    spawn(bench, "setsid sh -c 'echo $$ >daemon; exec sleep 1000' & "
                 "sh -c 'echo $$ >child; trap \"\" TERM; sleep 1000' & sleep 1000");
    UNTIL(pid_in(bench, "1/files/daemon") > 0 && pid_in(bench, "1/files/child") > 0);
    daemon = pid_in(bench, "1/files/daemon");
    child = pid_in(bench, "1/files/child");
    assert_true(lives(daemon));
    (void)kill(shim_pid(bench), SIGKILL);
    expect_exit(bench, AGT_EXITED, EXIT_LOST, 0);
    assert_true(find(bench, AGT_EXITED)->exit.is_from_outside);
    assert_false(lives(daemon));
    assert_false(lives(child));
}

/* In control groups nobody hides: not by a session of its own and an empty environment, and not by
 * being frozen. */
static void whoever_wiped_its_traces_is_found_in_its_group(void **state)
{
    struct bench *bench = *state;
    struct enforcement enforcement;
    pid_t hidden;

    enforcement_init(&enforcement, bench->work_fd, "");
    process_enforce(bench->process, &enforcement);
    if (enforcement.site.ways[CGROUP_SUSPEND].keeper == KEEPER_SHIM) {
        print_message("# not tried here: this machine offers no groups\n");
    } else {
        spawn(bench, "env -i setsid sh -c 'echo $$ >hidden; sleep 1000 & wait'");
        UNTIL((hidden = pid_in(bench, "1/files/hidden")) > 0);
        process_suspend(bench->process, UID, 1, true, &at_once);
        (void)kill(shim_pid(bench), SIGKILL);
        expect_exit(bench, AGT_EXITED, EXIT_LOST, 0);
        assert_false(lives(hidden));
        assert_int_equal(access(enforcement.site.ways[CGROUP_SUSPEND].parent, F_OK), -1);
    }
    process_enforce(bench->process, NULL);
    enforcement_fini(&enforcement);
}

static size_t count(const struct bench *bench, enum agt_event_type type)
{
    size_t result = 0;

    for (size_t i = 0; i < bench->count; i++) {
        result += bench->items[i].type == type;
    }
    return result;
}

static char state_of(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) ? proc.state : '?';
}

/* What was said before does not let it run on: not by being said again with something else. */
static void what_its_shim_suspended_waits_for_a_new_word(void **state)
{
    struct bench *bench = *state;
    size_t heard;
    pid_t pid;

    spawn(bench, "echo $$ >main; exec sleep 1000");
    UNTIL((pid = pid_in(bench, "1/files/main")) > 0 && find(bench, AGT_STARTED) != NULL);
    process_suspend(bench->process, UID, 1, false, &at_once);
    process_watch(bench->process, UID, 1, 1);
    UNTIL(find(bench, AGT_LAPSED) != NULL);
    assert_true(find(bench, AGT_LAPSED)->frozen_since.ms > 0);
    process_watch(bench->process, UID, 1, 3600 * 1000);
    heard = count(bench, AGT_USAGE);
    UNTIL(count(bench, AGT_USAGE) > heard);
    assert_int_equal(state_of(pid), 'T');
    process_suspend(bench->process, UID, 1, false, &at_once);
    UNTIL(state_of(pid) == 'S');
    assert_int_equal(count(bench, AGT_LAPSED), 1);
}

/* --- the next agent -----------------------------------------------------------------------------
 */

/* The agent that starts the workload is another process; it is killed with all its group. */
static void spawn_by_another_agent(struct bench *bench, const char *script, const char *proof)
{
    pid_t agent = fork();

    assert_true(agent >= 0);
    if (agent == 0) {
        (void)setpgid(0, 0);
        vec_clear(bench);
        if (uv_loop_fork(&bench->loop) < 0) {
            _exit(1);
        }
        spawn(bench, script);
        for (;;) {
            (void)uv_run(&bench->loop, UV_RUN_ONCE);
        }
    }
    (void)setpgid(agent, agent);
    AWAIT(pid_in(bench, proof) > 0);
    (void)kill(-agent, SIGKILL);
    assert_int_equal(waitpid(agent, NULL, 0), agent);
}

static void the_next_agent_finds_what_runs(void **state)
{
    struct bench *bench = *state;
    pid_t main;

    spawn_by_another_agent(bench, "echo $$ >main; exec sleep 1000", "1/files/main");
    main = pid_in(bench, "1/files/main");
    assert_true(lives(main));
    process_find(bench->process);
    assert_true(find(bench, AGT_FOUND)->running);
    UNTIL(find(bench, AGT_STARTED) != NULL);
    assert_int_equal(pid_in(bench, "1/files/main"), main);
    assert_true(lives(main));
    process_stop(bench->process, UID, 1, 60 * 1000);
    expect_exit(bench, AGT_EXITED, EXIT_STOPPED, 128 + SIGTERM);
}

static bool holds_memory(const struct bench *bench)
{
    for (size_t i = 0; i < bench->count; i++) {
        if (bench->items[i].type == AGT_USAGE && bench->items[i].memory > 0) {
            return true;
        }
    }
    return false;
}

static void what_all_together_have_too_much_ends_one_which_says_so(void **state)
{
    static const char message[] = "MemoryLimit: 50 % of it, and this is above its share";
    struct bench *bench = *state;

    spawn(bench, "exec sleep 1000");
    UNTIL(holds_memory(bench));
    process_suspend(bench->process, UID, 1, true, &at_once);
    close_process(bench);
    open_process(bench);
    process_find(bench->process);
    process_overrun(bench->process, UID, 1, message); /* before it is connected to */
    expect_exit(bench, AGT_EXITED, EXIT_BY_ITSELF, 128 + SIGKILL);
    assert_string_equal(find(bench, AGT_EXITED)->exit.message, message);
}

static void the_next_agent_hears_what_the_last_one_wanted_and_may_want_else(void **state)
{
    struct bench *bench = *state;
    struct mono before = clock_mono(), after, since;
    pid_t main;

    spawn(bench, "echo $$ >main; exec sleep 1000");
    UNTIL(pid_in(bench, "1/files/main") > 0);
    main = pid_in(bench, "1/files/main");
    process_limit(bench->process, UID, 1, 250);
    process_suspend(bench->process, UID, 1, true, &at_once);
    UNTIL(state_of(main) == 'T');
    after = clock_mono();
    close_process(bench);
    open_process(bench);
    process_find(bench->process);
    process_suspend(bench->process, UID, 1, false, &at_once); /* before it is connected to */
    UNTIL(find(bench, AGT_STARTED) != NULL);
    since = find(bench, AGT_STARTED)->frozen_since;
    assert_true(since.ms >= before.ms && since.ms <= after.ms);
    assert_int_equal(find(bench, AGT_STARTED)->cpu_limit, 250);
    UNTIL(state_of(main) == 'S');
    process_stop(bench->process, UID, 1, 60 * 1000);
    expect_exit(bench, AGT_EXITED, EXIT_STOPPED, 128 + SIGTERM);
}

static void the_next_agent_finds_how_it_ended(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str record = STR_EMPTY;

    spawn_by_another_agent(bench, "echo $$ >main; exit 5", "1/files/main");
    do {
        read_file(bench, "1/" RUN_RECORD, &record);
    } while (record.length == 0);
    process_find(bench->process);
    expect_exit(bench, AGT_FOUND, EXIT_BY_ITSELF, 5);
    assert_int_equal(process_count_live(bench->process), 0);
}

static void the_next_agent_clears_up_after_a_shim_killed_meanwhile(void **state)
{
    struct bench *bench = *state;
    pid_t daemon;

    spawn_by_another_agent(bench, "setsid sh -c 'echo $$ >daemon; exec sleep 1000' & sleep 1000",
                           "1/files/daemon");
    daemon = pid_in(bench, "1/files/daemon");
    (void)kill(shim_pid(bench), SIGKILL);
    AWAIT(!lives(shim_pid(bench)));
    process_find(bench->process);
    expect_exit(bench, AGT_FOUND, EXIT_LOST, 0);
    assert_false(lives(daemon));
}

/* Killed between making the folder and the birth of the shim. */
static void a_folder_without_a_shim_is_a_loss_and_stays_one(void **state)
{
    struct bench *bench = *state;
    _cleanup_(file_close)
    int run_fd = work_open_run(bench->work_fd, UID, 1, true);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int socket = -1;
    char byte;

    str_add(&text, "uid=" UID "\nrun=1\ncommand=/bin/touch\ncommand=ran\n");
    assert_int_equal(file_replace(run_fd, RUN_SPEC, text.data, text.length, false, NULL), 0);
    process_find(bench->process);
    expect_exit(bench, AGT_FOUND, EXIT_LOST, 0);
    /* Then the shim is born after all. */
    assert_int_equal(shim_spawn(run_fd, "late", &socket, NULL), 0);
    assert_int_equal(read(socket, &byte, 1), 0);
    file_close(&socket);
    assert_int_equal(faccessat(run_fd, RUN_FILES, F_OK, 0), -1);
}

/* --- forgetting ---------------------------------------------------------------------------------
 */

static void forgetting_removes_the_run_and_keeps_the_log(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str log = STR_EMPTY;

    spawn(bench, "mkdir -p a/b; ln -s / a/root; echo x >a/b/c; chmod 0 a/b; echo hello");
    expect_exit(bench, AGT_EXITED, EXIT_BY_ITSELF, 0);
    process_forget(bench->process, UID, 1);
    assert_int_equal(faccessat(bench->work_fd, UID "/1", F_OK, 0), -1);
    read_file(bench, RUN_LOG, &log);
    assert_string_equal(log.data, "hello\n");
    assert_int_equal(access("/bin", F_OK), 0); /* links are not followed */
}

static void what_runs_is_not_forgotten(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "exec sleep 1000");
    UNTIL(find(bench, AGT_STARTED) != NULL);
    process_forget(bench->process, UID, 1);
    assert_int_equal(faccessat(bench->work_fd, UID "/1/lock", F_OK, 0), 0);
    assert_int_equal(process_count_live(bench->process), 1);
}

static void only_the_newest_logs_are_kept(void **state)
{
    struct bench *bench = *state;
    struct stat about;
    char path[64];

    for (int i = 0; i < LOGS_KEPT_MAX + 3; i++) {
        struct timespec times[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};

        (void)snprintf(path, sizeof(path), "log-%d", i);
        assert_int_equal(mkdirat(bench->work_fd, path, 0700), 0);
        (void)snprintf(path, sizeof(path), "log-%d/" RUN_LOG, i);
        assert_int_equal(mknodat(bench->work_fd, path, S_IFREG | 0600, 0), 0);
        assert_int_equal(utimensat(bench->work_fd, path, times, 0), 0);
    }
    assert_int_equal(work_prune_logs(bench->work_fd, LOGS_KEPT_MAX), LOGS_KEPT_MAX);
    for (int i = 0; i < LOGS_KEPT_MAX + 3; i++) {
        (void)snprintf(path, sizeof(path), "log-%d", i);
        assert_int_equal(fstatat(bench->work_fd, path, &about, 0), i < 3 ? -1 : 0);
    }
}

static bool has_checkpoint(const struct bench *bench)
{
    return faccessat(bench->work_fd, UID "/" RUN_CHECKPOINT, F_OK, 0) == 0;
}

static void a_checkpoint_stays_until_its_assignment_is_forgotten(void **state)
{
    struct bench *bench = *state;

    spawn(bench, "echo far >\"$FOG_CHECKPOINT_DIR/state\"");
    UNTIL(find(bench, AGT_EXITED) != NULL);
    expect_exit(bench, AGT_EXITED, EXIT_BY_ITSELF, 0);
    process_forget(bench->process, UID, 1);
    assert_true(has_checkpoint(bench));
    assert_int_equal(work_prune_logs(bench->work_fd, 0), 0); /* between two runs it is not over */
    assert_true(has_checkpoint(bench));
    process_forget(bench->process, UID, 0);
    assert_false(has_checkpoint(bench));
    assert_int_equal(work_prune_logs(bench->work_fd, 0), 0);
    assert_int_equal(faccessat(bench->work_fd, UID, F_OK, 0), -1);
}

static void what_waits_for_its_next_run_is_no_old_log(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(mkdirat(bench->work_fd, UID, 0700), 0);
    assert_int_equal(mkdirat(bench->work_fd, UID "/inputs", 0700), 0);
    assert_int_equal(work_prune_logs(bench->work_fd, 0), 0);
    assert_int_equal(faccessat(bench->work_fd, UID "/inputs", F_OK, 0), 0);
}

static bool is_first(void *data, const char *uid)
{
    (void)data;
    return str_eq(uid, "first");
}

static void a_start_removes_the_checkpoints_of_nobody(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(mkdirat(bench->work_fd, "first", 0700), 0);
    assert_int_equal(mkdirat(bench->work_fd, "first/" RUN_CHECKPOINT, 0700), 0);
    assert_int_equal(mkdirat(bench->work_fd, "second", 0700), 0);
    assert_int_equal(mkdirat(bench->work_fd, "second/" RUN_CHECKPOINT, 0700), 0);
    process_sweep_checkpoints(bench->process, is_first, NULL);
    assert_int_equal(faccessat(bench->work_fd, "first/" RUN_CHECKPOINT, F_OK, 0), 0);
    assert_int_equal(faccessat(bench->work_fd, "second/" RUN_CHECKPOINT, F_OK, 0), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(a_workload_is_told_started_and_ended),
        CASE(a_workload_that_runs_is_told_once),
        CASE(a_stop_asked_for_at_birth_is_not_forgotten),
        CASE(a_folder_that_cannot_be_made_is_told_as_a_loss),
        CASE(a_uid_that_leads_elsewhere_is_ignored),
        CASE(stopping_all_uses_the_grace_each_was_given),
        CASE(what_a_killed_shim_leaves_is_killed_too),
        CASE(what_its_shim_suspended_waits_for_a_new_word),
        CASE(whoever_wiped_its_traces_is_found_in_its_group),
        CASE(the_next_agent_finds_what_runs),
        CASE(what_all_together_have_too_much_ends_one_which_says_so),
        CASE(the_next_agent_hears_what_the_last_one_wanted_and_may_want_else),
        CASE(the_next_agent_finds_how_it_ended),
        CASE(the_next_agent_clears_up_after_a_shim_killed_meanwhile),
        CASE(a_folder_without_a_shim_is_a_loss_and_stays_one),
        CASE(forgetting_removes_the_run_and_keeps_the_log),
        CASE(what_runs_is_not_forgotten),
        CASE(only_the_newest_logs_are_kept),
        CASE(a_checkpoint_stays_until_its_assignment_is_forgotten),
        CASE(what_waits_for_its_next_run_is_no_old_log),
        CASE(a_start_removes_the_checkpoints_of_nobody),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
