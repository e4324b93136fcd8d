/* Real workloads that are told to save their state before they are suspended.  This program is its
 * own shim. */
#include "agent/shim/checkpoint.h"

#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "agent/shim/shim.h"
#include "agent/shim/spec.h"
#include "schema/base/parse.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

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

/* A line in its checkpoint for each signal; its child knows none.  Nobody is born later. */
static const char *const knowing = "trap 'echo saved >>$FOG_CHECKPOINT_DIR/state' USR1\n"
                                   "sleep 1000 &\n"
                                   "echo $! >child\n"
                                   "echo $$ >main\n"
                                   "while :; do wait; done";

/* --- the language of these tests ---------------------------------------------------------------*/

static pid_t pid_in(const struct bench *bench, const char *path)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int64_t pid = 0;

    (void)file_read(bench->assignment_fd, path, 4096, &text, NULL);
    if (text.length > 0 && text.data[text.length - 1] == '\n') {
        text.data[text.length - 1] = '\0';
        (void)int_from_str(text.data, &pid);
    }
    return (pid_t)pid;
}

static bool has_record(struct bench *bench)
{
    return shim_record_read(bench->run_fd, &bench->exit) == 0;
}

static void say(const struct bench *bench, const char *line)
{
    assert_int_equal(send(bench->socket, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static int begin_with(void **state, const char *script)
{
    static const char *command[3] = {"/bin/sh", "-c"};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct bench *bench = MEM_NEW(struct bench);
    struct shim_spec spec = {.uid = "11111111-2222-4333-8444-000000000001",
                             .name = "sweep-0-abcde",
                             .session = "sweep",
                             .slot = "0",
                             .run = 1,
                             .command = command,
                             .command_count = 3,
                             .grace_ms = 60 * 1000};

    command[2] = script;
    spec.lease_end = MONO_NEVER;
    folder_make(bench->path);
    bench->assignment_fd = open(bench->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench->run_fd = file_open_dir(bench->assignment_fd, "1", true);
    shim_spec_to_str(&spec, &text);
    if (file_replace(bench->run_fd, RUN_SPEC, text.data, text.length, false, NULL) < 0 ||
        shim_spawn(bench->run_fd, "test", &bench->socket, NULL) < 0) {
        return -1;
    }
    AWAIT(pid_in(bench, "1/files/main") > 0);
    *state = bench;
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, knowing);
}

static int begin_unknowing(void **state)
{
    return begin_with(state, "sleep 1000 &\necho $! >child\necho $$ >main\nwait");
}

static int end(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct bench *bench = *state;
    struct shim_holder holder;

    if (!has_record(bench) && file_read(bench->run_fd, RUN_HOLDER, 4096, &text, NULL) == 0 &&
        shim_holder_from_str(text.data, &holder)) {
        (void)kill(holder.pid, SIGTERM);
        (void)kill(pid_in(bench, "1/files/main"), SIGKILL);
        AWAIT(has_record(bench));
    }
    file_close(&bench->socket);
    file_close(&bench->run_fd);
    file_close(&bench->assignment_fd);
    folder_remove(bench->path);
    mem_free(state);
    return 0;
}

static char state_of(const struct bench *bench, const char *path)
{
    struct proc proc;

    return proc_read(pid_in(bench, path), &proc) ? proc.state : '-';
}

static bool is_frozen(const struct bench *bench)
{
    return state_of(bench, "1/files/main") == 'T' && state_of(bench, "1/files/child") == 'T';
}

/* How often it saved its state. */
static size_t saved(const struct bench *bench)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)file_read(bench->assignment_fd, "checkpoint/state", 4096, &text, NULL);
    return text.length / strlen("saved\n");
}

/* --- the tests ---------------------------------------------------------------------------------*/

static void its_state_is_saved_and_then_it_is_frozen(void **state)
{
    struct bench *bench = *state;
    struct mono begun = clock_mono();

    say(bench, "suspend signal=USR1 grace_ms=150\n");
    AWAIT(saved(bench) == 1);
    AWAIT(is_frozen(bench)); /* its child, too, which the signal would have ended */
    assert_true(mono_since(begun, clock_mono()) >= 150);
    say(bench, "resume lapse=0\n");
    AWAIT(!is_frozen(bench));
    say(bench, "suspend signal=USR1 grace_ms=100\n");
    AWAIT(is_frozen(bench));
    assert_int_equal(saved(bench), 2);
}

static void a_word_that_is_repeated_is_one(void **state)
{
    struct bench *bench = *state;

    say(bench, "suspend signal=USR1 grace_ms=9000\n");
    AWAIT(saved(bench) == 1);
    say(bench, "suspend signal=USR1 grace_ms=9000\n");
    say(bench, "suspend\n"); /* and without a grace it is urgent */
    AWAIT(is_frozen(bench));
    say(bench, "suspend signal=USR1 grace_ms=100\nresume lapse=0\n");
    AWAIT(!is_frozen(bench));
    say(bench, "stop grace_ms=0\n");
    AWAIT(has_record(bench));
    assert_int_equal(saved(bench), 1);
}

static void without_its_agent_it_is_frozen_all_the_same(void **state)
{
    struct bench *bench = *state;

    say(bench, "suspend signal=USR1 grace_ms=150\n");
    AWAIT(saved(bench) == 1);
    file_close(&bench->socket);
    AWAIT(is_frozen(bench));
}

static void what_may_go_on_after_all_is_not_frozen(void **state)
{
    struct bench *bench = *state;
    struct mono begun = clock_mono();

    say(bench, "suspend signal=USR1 grace_ms=100\n");
    say(bench, "resume lapse=0\n");
    AWAIT(mono_since(begun, clock_mono()) > 200);
    assert_false(is_frozen(bench));
}

static void what_is_stopped_meanwhile_ends(void **state)
{
    struct bench *bench = *state;

    say(bench, "suspend signal=USR1 grace_ms=9000\n");
    say(bench, "stop grace_ms=60000\n");
    AWAIT(has_record(bench));
    assert_int_equal(bench->exit.code, 128 + SIGTERM);
}

/* As is everybody at first: the signal would end it. */
static void who_does_not_wait_for_the_signal_is_frozen_at_once(void **state)
{
    struct bench *bench = *state;

    say(bench, "suspend signal=USR1 grace_ms=9000\n");
    AWAIT(is_frozen(bench));
    say(bench, "suspend\n"); /* as agents do when the grace is over */
    say(bench, "resume lapse=0\n");
    AWAIT(!is_frozen(bench));
    assert_false(has_record(bench));
}

static void a_signal_that_is_not_known_is_none(void **state)
{
    struct bench *bench = *state;

    say(bench, "suspend signal=KILL grace_ms=9000\n");
    AWAIT(is_frozen(bench));
    say(bench, "resume lapse=0\nsuspend signal=USR1\n"); /* nor a signal without a grace */
    AWAIT(is_frozen(bench));
    assert_int_equal(saved(bench), 0);
}

#define HEARD(words, the_signal, the_grace)                                                        \
    do {                                                                                           \
        char text[SHIM_LINE_BYTES_MAX] = words;                                                    \
        struct checkpoint heard;                                                                   \
        checkpoint_hear(text, &heard);                                                             \
        assert_int_equal(heard.grace_ms, (the_grace));                                             \
        if (heard.grace_ms > 0) {                                                                  \
            assert_int_equal(heard.signal, (the_signal));                                          \
        }                                                                                          \
    } while (0)

static void both_ends_mean_the_same(void **state)
{
    const struct checkpoint said = {.signal = CHECKPOINT_USR2, .grace_ms = 5000};
    char line[SHIM_LINE_BYTES_MAX];

    (void)state;
    checkpoint_say(&said, line);
    assert_string_equal(line, "suspend signal=USR2 grace_ms=5000\n");
    checkpoint_say(&(struct checkpoint){.grace_ms = 0}, line);
    assert_string_equal(line, "suspend\n");
    HEARD("signal=USR2 grace_ms=5000", CHECKPOINT_USR2, 5000);
    HEARD("grace_ms=5000 signal=USR1 more=1", CHECKPOINT_USR1, 5000);
    HEARD("signal=USR1 grace_ms=999999999999", CHECKPOINT_USR1, CHECKPOINT_GRACE_MAX_MS);
    HEARD("signal=USR1 grace_ms=-1", 0, 0);
    HEARD("signal=USR1 grace_ms=soon", 0, 0);
    HEARD("grace_ms=5000", 0, 0);
    HEARD("", 0, 0);
    assert_int_equal(checkpoint_signal_number(&said), SIGUSR2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(its_state_is_saved_and_then_it_is_frozen),
        CASE(a_word_that_is_repeated_is_one),
        CASE(without_its_agent_it_is_frozen_all_the_same),
        CASE(what_may_go_on_after_all_is_not_frozen),
        CASE(what_is_stopped_meanwhile_ends),
        cmocka_unit_test_setup_teardown(who_does_not_wait_for_the_signal_is_frozen_at_once,
                                        begin_unknowing, end),
        CASE(a_signal_that_is_not_known_is_none),
        cmocka_unit_test(both_ends_mean_the_same),
    };

    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
