/* What real workloads may do while they end.  This program is its own shim. */
#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/shim.h"
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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char path[FOLDER_PATH_SIZE];
    int assignment_fd, run_fd, socket;
    struct agt_exit exit;
};

/* --- the language of these tests ---------------------------------------------------------------*/

static pid_t main_pid(const struct bench *bench)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int64_t pid = 0;

    (void)file_read(bench->assignment_fd, "1/files/main", 4096, &text, NULL);
    if (text.length > 0 && text.data[text.length - 1] == '\n') {
        text.data[text.length - 1] = '\0';
        (void)int_from_str(text.data, &pid);
    }
    return (pid_t)pid;
}

/* It was told to end, and does not. */
static bool is_ending(const struct bench *bench)
{
    return faccessat(bench->assignment_fd, "1/files/ending", F_OK, 0) == 0;
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

static bool has_record(struct bench *bench)
{
    return shim_record_read(bench->run_fd, &bench->exit) == 0;
}

static void say(const struct bench *bench, const char *line)
{
    assert_int_equal(send(bench->socket, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    bench->assignment_fd = open(bench->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench->run_fd = file_open_dir(bench->assignment_fd, "1", true);
    bench->socket = -1;
    *state = bench;
    return 0;
}

/* Scripts that start nothing: a shell that is stopped while its child has not yet begun waits for
 * that, and is not seen to be stopped. */
static void run_shell(struct bench *bench, int64_t cpu_limit, const char *script)
{
    const char *command[] = {"/bin/sh", "-c", script};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct shim_spec spec = {.uid = "11111111-2222-4333-8444-000000000002",
                             .name = "render-0-abcde",
                             .session = "render",
                             .slot = "0",
                             .run = 1,
                             .command = command,
                             .command_count = COUNT_OF(command),
                             .cpu_limit = cpu_limit,
                             .grace_ms = GRACE_MAX_MS};

    spec.lease_end = MONO_NEVER;
    shim_spec_to_str(&spec, &text);
    assert_int_equal(file_replace(bench->run_fd, RUN_SPEC, text.data, text.length, false, NULL), 0);
    assert_int_equal(shim_spawn(bench->run_fd, "test", &bench->socket, NULL), 0);
    AWAIT(main_pid(bench) > 0);
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    if (bench->socket >= 0 && !has_record(bench)) {
        say(bench, "stop grace_ms=0\n");
        AWAIT(has_record(bench));
    }
    file_close(&bench->socket);
    file_close(&bench->run_fd);
    file_close(&bench->assignment_fd);
    folder_remove(bench->path);
    mem_free(state);
    return 0;
}

static char state_of(pid_t pid)
{
    struct proc proc;

    return proc_read(pid, &proc) ? proc.state : '-';
}

/* Seconds until the shim's one timer is due (proc(5), fdinfo); 0: it has none. */
static int64_t timer_seconds(const struct bench *bench)
{
    static const char key[] = "it_value: (";
    int64_t found = 0;

    for (int fd = 0; fd < 64; fd++) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;
        char path[64];
        const char *value;

        (void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)shim_pid(bench), fd);
        (void)file_read(AT_FDCWD, path, 4096, &text, NULL);
        value = text.data == NULL ? NULL : strstr(text.data, key);
        found = value == NULL ? found : strtoll(value + strlen(key), NULL, 10);
    }
    return found;
}

/* --- the tests ---------------------------------------------------------------------------------*/

static void its_processor_limit_holds(void **state)
{
    struct bench *bench = *state;
    pid_t pid;

    run_shell(bench, 200, "trap 'echo >ending' TERM; echo $$ >main; while :; do :; done");
    pid = main_pid(bench);
    come_first(pid);
    say(bench, "stop grace_ms=60000\n");
    AWAIT(is_ending(bench));
    for (int i = 0; i < 3; i++) {
        int64_t before_us;

        AWAIT(state_of(pid) == 'T');
        before_us = ran_us(pid);
        AWAIT(ran_us(pid) > before_us);
    }
    say(bench, "stop grace_ms=1\n"); /* whether it is stopped then or not */
    AWAIT(has_record(bench));
    assert_int_equal(bench->exit.cause, EXIT_STOPPED);
    assert_int_equal(bench->exit.code, 128 + SIGKILL);
}

static void what_was_held_back_has_no_long_grace_when_nobody_says_so(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, 0, "trap 'echo >ending' TERM; echo $$ >main; while :; do :; done");
    say(bench, "suspend\n");
    AWAIT(state_of(main_pid(bench)) == 'T');
    (void)kill(shim_pid(bench), SIGTERM); /* the machine shuts down */
    AWAIT(is_ending(bench));
    AWAIT(timer_seconds(bench) > 0);
    assert_in_range(timer_seconds(bench), 1, HELD_GRACE_MAX_MS / 1000);
}

static void unwatched_it_has_no_long_grace(void **state)
{
    struct bench *bench = *state;

    run_shell(bench, 0, "trap 'echo >ending' TERM; echo $$ >main; while :; do :; done");
    say(bench, "stop grace_ms=600000\n");
    AWAIT(is_ending(bench));
    AWAIT(timer_seconds(bench) > 500);
    say(bench, "watch unwatched_ms=20000\nusage watched=1\n"); /* and never again */
    AWAIT(timer_seconds(bench) < 500);
    assert_in_range(timer_seconds(bench), 40, 20 + HELD_GRACE_MAX_MS / 1000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(its_processor_limit_holds),
        CASE(unwatched_it_has_no_long_grace),
        CASE(what_was_held_back_has_no_long_grace_when_nobody_says_so),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
