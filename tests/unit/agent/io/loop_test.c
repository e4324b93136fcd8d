/* The whole shell in a process of its own, without a controller: its life, and the owner's word. */
#include "agent/io/loop.h"

#include "agent/io/owner.h"
#include "agent/shim/file.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EXIT_REFUSED = 3 };

struct bench {
    char path[FOLDER_PATH_SIZE];
    struct cache cache; /* ours, beside the agent's */
    pid_t agent;        /* 0: none */
    struct str answer;
};

/* --- the language of these tests ----------------------------------------------------------------
 */

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->path);
    assert_int_equal(cache_open(&bench->cache, bench->path, NULL), 0);
    str_init(&bench->answer);
    *state = bench;
    return 0;
}

static int be_agent(const char *path)
{
    /* Port 9 discards; nobody listens there. */
    char *words[] = {(char *)(uintptr_t) "fog-agent",
                     (char *)(uintptr_t) "--controller=ws://127.0.0.1:9",
                     (char *)(uintptr_t) "--name=edge-1",
                     (char *)(uintptr_t) "--log-level=error",
                     (char *)(uintptr_t) "--stop-workloads-on-exit",
                     (char *)(uintptr_t) "--state",
                     (char *)(uintptr_t)path};
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
        _exit(be_agent(bench->path));
    }
}

static bool answers(struct bench *bench, const char *word)
{
    str_clear(&bench->answer);
    return owner_ask(&bench->cache, word, &bench->answer, NULL) == 0;
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
        CASE(a_key_that_others_may_read_stops_the_start),
        CASE(a_state_that_is_none_is_set_aside),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
