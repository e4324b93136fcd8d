/* What doctor finds on a laptop's tree, and status as a table. */
#include "agent/io/doctor.h"

#include "agent/io/status.h"
#include "schema/json.h"
#include "tests/support/folder.h"
#include "tests/support/tree.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 24 };

struct bench {
    char root[FOLDER_PATH_SIZE];
    char state[FOLDER_PATH_SIZE + 8];
    char url[32];
    int listener;
    struct config config;
    struct arena arena;
    struct str text;
    struct node *root_node;
    bool is_ok;
};

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    folder_make(bench->root);
    tree_copy("tests/fixtures/sensors/laptop", bench->root);
    (void)snprintf(bench->state, sizeof(bench->state), "%s/state", bench->root);
    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bench->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bench->listener, 4), 0);
    assert_int_equal(getsockname(bench->listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(bench->url, sizeof(bench->url), "ws://127.0.0.1:%d", ntohs(address.sin_port));
    arena_init(&bench->arena);
    arena_init(&bench->config.arena);
    str_init(&bench->text);
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    (void)close(bench->listener);
    config_fini(&bench->config);
    arena_fini(&bench->arena);
    str_fini(&bench->text);
    folder_remove(bench->root);
    mem_free(state);
    return 0;
}

/* Runs it with the bench's tree, state and controller, and these words more. */
static void examine(struct bench *bench, ...)
{
    const char *words[WORDS_MAX] = {"fog-agent",     "doctor",    "--name",   "edge-1",
                                    "--sensor-root", bench->root, "--state",  bench->state,
                                    "--controller",  bench->url,  "--cgroup", "none"};
    int count = 12;
    va_list rest;

    va_start(rest, bench);
    for (char *word = va_arg(rest, char *); word != NULL; word = va_arg(rest, char *)) {
        words[count++] = word;
    }
    va_end(rest);
    config_fini(&bench->config);
    assert_int_equal(config_parse(&bench->config, count, (char **)words, NULL), 0);
    str_clear(&bench->text);
    bench->is_ok = doctor_examine(&bench->config, &bench->text);
}

static void examine_json(struct bench *bench)
{
    struct problems problems;

    problems_init(&problems, &bench->arena, NULL);
    examine(bench, "-o", "json", NULL);
    assert_int_equal(json_parse(&bench->arena, bench->text.data, bench->text.length, JSON_PLAIN,
                                &problems, &bench->root_node),
                     0);
}

static void expect(struct bench *bench, const char *name, const char *state, const char *value)
{
    const struct node *findings = node_find(bench->root_node, "findings");

    assert_non_null(findings);
    for (size_t i = 0; i < findings->list.count; i++) {
        const struct node *it = findings->list.items[i];

        if (str_eq(node_find_text(it, "name"), name)) {
            assert_string_equal(node_find_text(it, "state"), state);
            assert_string_equal(node_find_text(it, "value"), value);
            return;
        }
    }
    fail_msg("nothing was found about %s", name);
}

static void a_laptop_is_examined(void **state)
{
    struct bench *bench = *state;

    examine_json(bench);
    assert_true(bench->is_ok);
    expect(bench, "battery", "ok", "82 %");
    expect(bench, "temperature", "ok", "41.5 °C");
    expect(bench, "memoryPressure", "ok", "1.5 %");
    expect(bench, "metered", "ok", "not metered");
    expect(bench, "foreignCpu", "ok", "none");
    expect(bench, "state", "ok", "not there");
    expect(bench, "controller", "ok", "reachable");
    expect(bench, "cpu", "limited", "shim");
    expect(bench, "rules", "ok", "none");
}

static void it_makes_nothing_and_leaves_nothing(void **state)
{
    struct bench *bench = *state;

    examine_json(bench);
    assert_int_equal(access(bench->state, F_OK), -1);
    assert_int_equal(mkdir(bench->state, 0700), 0);
    examine_json(bench);
    expect(bench, "state", "ok", "there");
    tree_remove(bench->state, "work");
    tree_remove(bench->state, "lock");
    assert_int_equal(rmdir(bench->state), 0);
}

static void what_is_needed_and_missing_fails(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(mkdir(bench->state, 0700), 0);
    assert_int_equal(chmod(bench->state, 0755), 0);
    examine_json(bench);
    assert_false(bench->is_ok);
    expect(bench, "state", "missing", "refused");
    assert_int_equal(chmod(bench->state, 0700), 0);
    (void)close(bench->listener);
    examine_json(bench);
    assert_false(bench->is_ok);
    expect(bench, "controller", "missing", "unreachable");
}

static void the_owners_rules_are_told(void **state)
{
    struct bench *bench = *state;

    tree_put(bench->root, "proc/77/comm", "blender\n", 8);
    examine(bench, "--battery-min", "40", "--hours", "22:00-07:00", "--exclusive-programs",
            "steam,blender", "--cap-cpu-percent", "50", "--cap-memory-percent", "25", NULL);
    assert_true(bench->is_ok);
    assert_non_null(strstr(bench->text.data, "50 % of the processors and 25 % of the memory, "
                                             "for all work together\n"));
    assert_non_null(strstr(bench->text.data, "battery-min 40, hours 22:00-07:00\n"));
    assert_non_null(strstr(bench->text.data, "programs         blender"));
}

static void a_broken_file_is_told_line_by_line(void **state)
{
    struct bench *bench = *state;
    char path[FOLDER_PATH_SIZE + 8];

    (void)snprintf(path, sizeof(path), "%s/conf", bench->root);
    tree_put(bench->root, "conf", "hours = 7\nbatery-min = 40\n", 26);
    examine(bench, "--config", path, NULL);
    assert_false(bench->is_ok);
    assert_non_null(strstr(bench->text.data, "conf:1: hours: \"7\" is not hours of the day"));
    assert_non_null(
        strstr(bench->text.data, "conf:2: unknown option \"batery-min\", did you mean"));
}

static void status_is_a_table(void **state)
{
    static const char json[] =
        "{\"name\":\"edge-1\",\"paused\":true,\"canSave\":true,\"revision\":7,"
        "\"link\":{\"state\":\"Welcomed\",\"lastEnd\":\"was silent\"},"
        "\"sensors\":{\"battery\":\"82 %\",\"idle\":\"unknown\"},"
        "\"together\":{\"cpuPercent\":50,\"memoryHeld\":2097153},\"assignments\":["
        "{\"name\":\"render-0\",\"session\":\"render\",\"phase\":\"Running\",\"run\":2,"
        "\"restarts\":1,\"cpuMs\":61500},"
        "{\"name\":\"x\",\"session\":\"a-longer-name\",\"phase\":\"Suspended\","
        "\"reason\":\"OwnerPaused\",\"message\":\"the owner said so\",\"run\":1,\"restarts\":0,\"cpuMs\":20}]}";
    struct bench *bench = *state;

    assert_int_equal(status_tell(json, strlen(json), &bench->text, NULL), 0);
    assert_string_equal(
        bench->text.data,
        "agent       edge-1\n"
        "link        Welcomed\n"
        "paused      yes, by the owner\n"
        "revision    7\n"
        "sensors     battery 82 %, idle unknown\n"
        "all work    holds 2Mi of memory, at most 50 % of the processors together\n"
        "\n"
        "ASSIGNMENT   SESSION         PHASE       REASON        RUN   RESTARTS   CPU\n"
        "render-0     render          Running                   2     1          1m1s\n"
        "x            a-longer-name   Suspended   OwnerPaused   1     0          20ms\n"
        "\n"
        "x: the owner said so\n");
    str_clear(&bench->text);
    assert_int_equal(status_tell("{\"assignments\":[]}", 18, &bench->text, NULL), 0);
    assert_non_null(strstr(bench->text.data, "\nno work\n"));
    assert_int_equal(status_tell("[1", 2, &bench->text, NULL), ERR_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_laptop_is_examined),
        CASE(it_makes_nothing_and_leaves_nothing),
        CASE(what_is_needed_and_missing_fails),
        CASE(the_owners_rules_are_told),
        CASE(a_broken_file_is_told_line_by_line),
        CASE(status_is_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
