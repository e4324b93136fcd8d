/* The whole shell in a process of its own, without a controller: its life, and the owner's word. */
#include "agent/io/loop.h"

#include "agent/io/owner.h"
#include "agent/shim/file.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EXIT_REFUSED = 3 };

enum { FILE_PATH_SIZE = FOLDER_PATH_SIZE + 16 };

struct bench {
    char path[FOLDER_PATH_SIZE], root[FILE_PATH_SIZE], file[FILE_PATH_SIZE];
    struct cache cache; /* ours, beside the agent's */
    pid_t agent;        /* 0: none */
    struct str answer;
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static void write_file(const struct bench *bench, const char *text)
{
    FILE *file = fopen(bench->file, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    (void)snprintf(bench->root, sizeof(bench->root), "%s/root", bench->path);
    (void)snprintf(bench->file, sizeof(bench->file), "%s/conf", bench->path);
    assert_int_equal(mkdir(bench->root, 0700), 0);
    write_file(bench, "# nothing\n");
    assert_int_equal(cache_open(&bench->cache, bench->path, NULL), 0);
    str_init(&bench->answer);
    *state = bench;
    return 0;
}

static int be_agent(const struct bench *bench)
{
    /* Port 9 discards; nobody listens there. */
    char *words[] = {(char *)(uintptr_t) "fog-agent",
                     (char *)(uintptr_t) "--controller=ws://127.0.0.1:9",
                     (char *)(uintptr_t) "--name=edge-1",
                     (char *)(uintptr_t) "--log-level=error",
                     (char *)(uintptr_t) "--stop-workloads-on-exit",
                     (char *)(uintptr_t) "--state",
                     (char *)(uintptr_t)bench->path,
                     (char *)(uintptr_t) "--config",
                     (char *)(uintptr_t)bench->file,
                     (char *)(uintptr_t) "--sensor-root",
                     (char *)(uintptr_t)bench->root};
    struct config config;
    struct cache cache;
    struct loop *loop;

    if (config_parse(&config, COUNT_OF(words), words, NULL) < 0 ||
        cache_open(&cache, config.state, NULL) < 0 || cache_lock(&cache, NULL) < 0 ||
        loop_new(&config, &cache, &loop, NULL) < 0) {
        return EXIT_REFUSED;
    }
    loop_run(loop);
    loop_free(loop);
    cache_fini(&cache);
    config_fini(&config);
    return 0;
}

static void start_agent(struct bench *bench)
{
    (void)fflush(NULL);
    bench->agent = fork();
    assert_true(bench->agent >= 0);
    if (bench->agent == 0) {
        if (dup2(
                openat(bench->cache.dir_fd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
                STDERR_FILENO) < 0) {
            _exit(EXIT_REFUSED);
        }
        _exit(be_agent(bench));
    }
}

static bool answers(struct bench *bench, const char *word)
{
    str_clear(&bench->answer);
    return owner_ask(&bench->cache, word, OWNER_PATIENCE_MS, &bench->answer, NULL) == 0;
}

#define ASK(word) AWAIT(answers(bench, word))

static int await_end(struct bench *bench)
{
    int status = 0;

    assert_int_equal(waitpid(bench->agent, &status, 0), bench->agent);
    bench->agent = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    if (bench->agent > 0) {
        (void)kill(bench->agent, SIGKILL);
        (void)await_end(bench);
    }
    cache_fini(&bench->cache);
    str_fini(&bench->answer);
    folder_remove(bench->path);
    mem_free(state);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 */

static void it_tells_what_it_is_doing(void **state)
{
    struct bench *bench = *state;

    start_agent(bench);
    ASK("status");
    assert_non_null(strstr(bench->answer.data, "\"name\": \"edge-1\""));
    assert_non_null(strstr(bench->answer.data, "\"paused\": false"));
    ASK("dance");
    assert_string_equal(bench->answer.data, "unknown word \"dance\"\n");
}

static void it_ends_when_told_to(void **state)
{
    struct bench *bench = *state;

    start_agent(bench);
    ASK("status");
    (void)kill(bench->agent, SIGTERM);
    assert_int_equal(await_end(bench), 0);
    assert_false(answers(bench, "status"));
    assert_int_equal(faccessat(bench->cache.dir_fd, "control", F_OK, 0), -1);
}

static void a_second_agent_is_refused(void **state)
{
    struct bench *bench = *state;
    pid_t first;

    start_agent(bench);
    ASK("status");
    first = bench->agent;
    start_agent(bench);
    assert_int_equal(await_end(bench), EXIT_REFUSED);
    bench->agent = first;
    ASK("status");
}

static void after_a_kill_the_next_agent_starts(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 3; i++) {
        start_agent(bench);
        ASK("status");
        (void)kill(bench->agent, SIGKILL);
        assert_int_equal(await_end(bench), 128 + SIGKILL);
    }
}

static void the_owners_word_is_heard_and_kept(void **state)
{
    struct bench *bench = *state;

    start_agent(bench);
    ASK("pause");
    assert_string_equal(bench->answer.data, "paused\n");
    ASK("status");
    assert_non_null(strstr(bench->answer.data, "\"paused\": true"));
    (void)kill(bench->agent, SIGKILL);
    (void)await_end(bench);
    start_agent(bench);
    ASK("status");
    assert_non_null(strstr(bench->answer.data, "\"paused\": true"));
    ASK("resume");
    assert_string_equal(bench->answer.data, "resumed\n");
    ASK("status");
    assert_non_null(strstr(bench->answer.data, "\"paused\": false"));
    assert_false(cache_is_paused(&bench->cache));
}

static void a_word_said_while_no_agent_runs_counts_at_its_start(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(cache_set_paused(&bench->cache, true, NULL), 0);
    start_agent(bench);
    ASK("status");
    assert_non_null(strstr(bench->answer.data, "\"paused\": true"));
}

/* One that hangs cannot be asked again and again; it hears the word when it goes on. */
static void a_pause_that_an_agent_does_not_hear_is_written_down(void **state)
{
    struct bench *bench = *state;
    struct err err = ERR_NONE;

    start_agent(bench);
    ASK("status");
    (void)kill(bench->agent, SIGSTOP);
    str_clear(&bench->answer);
    assert_int_equal(owner_say(&bench->cache, "pause", 20, &bench->answer, &err), ERR_TIMEOUT);
    assert_non_null(strstr(err.text, "does not answer; it is written down that it is paused"));
    assert_true(cache_is_paused(&bench->cache));
    assert_int_equal(owner_say(&bench->cache, "resume", 20, &bench->answer, &err), ERR_TIMEOUT);
    assert_non_null(strstr(err.text, "may still hear this"));
    assert_true(cache_is_paused(&bench->cache));
    for (int i = 0; i < 8; i++) { /* more than may wait at its door */
        assert_int_equal(owner_say(&bench->cache, "status", 20, &bench->answer, &err), ERR_TIMEOUT);
    }
    assert_int_equal(bench->answer.length, 0);
    (void)kill(bench->agent, SIGCONT);
    AWAIT(!cache_is_paused(&bench->cache)); /* it heard both, in this order */
}

/* Tells half of its answer, then all of it, then nothing. */
static void be_torn(int listener)
{
    static const char *const answers[] = {"pau", "", "paused\n"};
    char word[16];

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 || read(fd, word, sizeof(word)) <= 0 ||
            write(fd, answers[i], strlen(answers[i])) < 0 || close(fd) < 0) {
            _exit(EXIT_REFUSED);
        }
    }
    _exit(0);
}

static void an_answer_that_is_cut_off_is_none(void **state)
{
    struct bench *bench = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control",
                   bench->cache.dir_fd);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    (void)fflush(NULL);
    bench->agent = fork();
    assert_true(bench->agent >= 0);
    if (bench->agent == 0) {
        be_torn(listener);
    }
    assert_int_equal(close(listener), 0);
    assert_int_equal(owner_say(&bench->cache, "pause", OWNER_PATIENCE_MS, &bench->answer, NULL), 0);
    assert_string_equal(bench->answer.data, "paused\n");
    assert_int_equal(await_end(bench), 0);
}

static void without_an_agent_the_word_is_written_down(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(owner_say(&bench->cache, "pause", OWNER_PATIENCE_MS, &bench->answer, NULL), 0);
    assert_string_equal(bench->answer.data, "paused; no agent runs here now\n");
    assert_true(cache_is_paused(&bench->cache));
}

/* --- another configuration ----------------------------------------------------------------------
 */

static bool goes_by(struct bench *bench, const char *option)
{
    return answers(bench, "options") && strstr(bench->answer.data, option) != NULL;
}

/* How often it says so in its log. */
static int count_said(const struct bench *bench, const char *words)
{
    _cleanup_(str_fini)
    struct str log = STR_EMPTY;
    int count = 0;

    assert_int_equal(file_read(bench->cache.dir_fd, "log", 1 << 20, &log, NULL), 0);
    for (const char *at = log.data; (at = strstr(at, words)) != NULL; at++) {
        count++;
    }
    return count;
}

static void hang_up(struct bench *bench)
{
    assert_int_equal(kill(bench->agent, SIGHUP), 0);
}

static void another_configuration_takes_effect_while_it_runs(void **state)
{
    struct bench *bench = *state;

    start_agent(bench);
    ASK("status");
    write_file(bench, "battery-min = 40\nexclusive-programs = steam\nlabel = site=north\n");
    hang_up(bench);
    AWAIT(goes_by(bench, "{\"name\":\"battery-min\",\"value\":\"40\"}"));
    assert_non_null(strstr(bench->answer.data, "steam"));
    for (int i = 41; i < 45; i++) { /* each takes the place of the one before */
        char text[64];

        (void)snprintf(text, sizeof(text), "battery-min = %d\ncap-cpu-percent = %d\n", i, i);
        write_file(bench, text);
        hang_up(bench);
        (void)snprintf(text, sizeof(text), "{\"name\":\"battery-min\",\"value\":\"%d\"}", i);
        AWAIT(goes_by(bench, text));
    }
    assert_null(strstr(bench->answer.data, "steam"));
    write_file(bench, "");
    hang_up(bench);
    AWAIT(answers(bench, "options") && strstr(bench->answer.data, "battery-min") == NULL);
    (void)kill(bench->agent, SIGTERM);
    assert_int_equal(await_end(bench), 0);
}

static void is_refused(struct bench *bench, const char *text, const char *why)
{
    int before = count_said(bench, "the configuration stays as it was");

    if (text != NULL) {
        write_file(bench, text);
    }
    hang_up(bench);
    AWAIT(count_said(bench, "the configuration stays as it was") > before);
    assert_true(count_said(bench, why) > 0);
    assert_true(goes_by(bench, "\"battery-min\",\"value\":\"40\""));
    ASK("status");
}

static void what_is_wrong_in_part_changes_nothing(void **state)
{
    struct bench *bench = *state;

    write_file(bench, "battery-min = 40\n");
    start_agent(bench);
    ASK("status");
    is_refused(bench, "battery-min = 55\ncores = many\n", "conf:2:9: cores: \"many\" is not");
    is_refused(bench, "battery-min = 55\nblob-cache = 1Gi\n", "that needs a restart");
    is_refused(bench, "battery-min = 55\nnonsense\n", "conf:2:1: \"nonsense\" is not NAME");
    assert_int_equal(chmod(bench->file, 0646), 0);
    is_refused(bench, NULL, "may be written by anybody");
}

static void what_cannot_take_effect_changes_nothing(void **state)
{
    struct bench *bench = *state;

    write_file(bench, "battery-min = 40\n");
    start_agent(bench);
    ASK("status");
    assert_int_equal(rmdir(bench->root), 0); /* where it would look for programs */
    is_refused(bench, "battery-min = 55\nexclusive-programs = blender\n",
               "the configuration cannot take effect: cannot look for programs");
    assert_int_equal(mkdir(bench->root, 0700), 0);
    hang_up(bench);
    AWAIT(goes_by(bench, "blender"));
}

static void a_state_that_is_none_is_set_aside(void **state)
{
    struct bench *bench = *state;
    _cleanup_(str_fini)
    struct str kept = STR_EMPTY;

    assert_int_equal(file_replace(bench->cache.dir_fd, "state.json", "{]", 2, false, NULL), 0);
    start_agent(bench);
    ASK("status");
    assert_int_equal(file_read(bench->cache.dir_fd, "state.json.broken", 10, &kept, NULL), 0);
    assert_string_equal(kept.data, "{]");
}

static void a_key_that_others_may_read_stops_the_start(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(file_replace(bench->cache.dir_fd, "identity.key", "x", 1, false, NULL), 0);
    assert_int_equal(fchmodat(bench->cache.dir_fd, "identity.key", 0644, 0), 0);
    start_agent(bench);
    assert_int_equal(await_end(bench), EXIT_REFUSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_tells_what_it_is_doing),
        CASE(it_ends_when_told_to),
        CASE(a_second_agent_is_refused),
        CASE(after_a_kill_the_next_agent_starts),
        CASE(the_owners_word_is_heard_and_kept),
        CASE(a_word_said_while_no_agent_runs_counts_at_its_start),
        CASE(a_pause_that_an_agent_does_not_hear_is_written_down),
        CASE(an_answer_that_is_cut_off_is_none),
        CASE(without_an_agent_the_word_is_written_down),
        CASE(a_key_that_others_may_read_stops_the_start),
        CASE(another_configuration_takes_effect_while_it_runs),
        CASE(what_is_wrong_in_part_changes_nothing),
        CASE(what_cannot_take_effect_changes_nothing),
        CASE(a_state_that_is_none_is_set_aside),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
