/* The config directory, watched: what is said of a folder that people write to. */
#include "controller/io/configdir.h"

#include "schema/limits.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30 * 1000 };

static char top[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE + 16];
static uv_loop_t loop;
static uv_timer_t patience;
static struct configdir *configdir;
static size_t said, documents;
static int is;

static void on_say(void *context, const struct directory *directory)
{
    (void)context;
    said++;
    is = (int)directory->state;
    documents = directory->count;
}

static void on_impatient(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing was said");
}

static void await_said(size_t count)
{
    (void)uv_timer_start(&patience, on_impatient, PATIENCE_MS, 0);
    while (said < count) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&patience);
    assert_int_equal(said, count);
}

static const char *in_top(const char *name)
{
    static char names[4][2 * FOLDER_PATH_SIZE];
    static size_t next;
    char *to = names[next++ % 4];

    (void)snprintf(to, sizeof(names[0]), "%s/%s", top, name);
    return to;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_top(name), "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void watch(void)
{
    static const struct configdir_handlers handlers = {.say = on_say};

    configdir = configdir_open(&loop, path, &handlers);
}

static int set_up(void **state)
{
    (void)state;
    folder_make(top);
    (void)snprintf(path, sizeof(path), "%s/fleet", top);
    said = documents = 0;
    (void)uv_loop_init(&loop);
    (void)uv_timer_init(&loop, &patience);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    configdir_close(configdir);
    uv_close((uv_handle_t *)&patience, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* until no handle is left, and no look is under way */
    configdir_free(configdir);
    configdir = NULL;
    folder_remove(top);
    return uv_loop_close(&loop);
}

#define POLICY(name) "apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: " name "}\n"

static void what_is_there_is_said_when_it_has_settled(void **state)
{
    uint64_t begun_ms;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    put("fleet/a.yaml", POLICY("a") "---\n" POLICY("b"));
    begun_ms = uv_now(&loop);
    watch();
    await_said(1);
    assert_int_equal(is, DIRECTORY_READ);
    assert_int_equal(documents, 2);
    uv_update_time(&loop);
    assert_true(uv_now(&loop) - begun_ms >= CONFIGDIR_SETTLE_MS); /* found twice */
}

/* Given a file that is written anew as it was, and then one that is new: one of both is news. */
static void only_what_is_new_is_said(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    put("fleet/a.yaml", POLICY("a"));
    watch();
    await_said(1);
    put("fleet/a.yaml", POLICY("a"));
    (void)uv_run(&loop, UV_RUN_ONCE);
    put("fleet/b.yaml", POLICY("b"));
    await_said(2);
    assert_int_equal(documents, 2);
    configdir_repeat(configdir);
    assert_int_equal(said, 3);
}

static void folders_below_are_watched_too(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mkdir(in_top("fleet/sites"), 0700), 0);
    put("fleet/a.yaml", POLICY("a"));
    watch();
    await_said(1);
    put("fleet/sites/b.yaml", POLICY("b"));
    await_said(2);
    assert_int_equal(documents, 2);
}

static void a_folder_that_is_exchanged_behind_a_link_is_seen(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_top("v1"), 0700), 0);
    assert_int_equal(mkdir(in_top("v2"), 0700), 0);
    put("v1/a.yaml", POLICY("a"));
    put("v2/a.yaml", POLICY("a"));
    put("v2/b.yaml", POLICY("b"));
    assert_int_equal(symlink("v1", path), 0);
    watch();
    await_said(1);
    assert_int_equal(documents, 1);
    assert_int_equal(symlink("v2", in_top("new")), 0);
    assert_int_equal(rename(in_top("new"), path), 0);
    await_said(2);
    assert_int_equal(documents, 2);
}

static void one_that_is_missing_is_said_to_be_and_comes(void **state)
{
    (void)state;
    watch();
    await_said(1);
    assert_int_equal(is, DIRECTORY_MISSING);
    assert_int_equal(mkdir(path, 0700), 0);
    put("fleet/a.yaml", POLICY("a"));
    while (is != DIRECTORY_READ || documents != 1) { /* it may be seen while it is empty */
        await_said(said + 1);
    }
    assert_int_equal(unlink(in_top("fleet/a.yaml")), 0);
    assert_int_equal(rmdir(path), 0);
    while (is != DIRECTORY_MISSING) {
        await_said(said + 1);
    }
}

/* The thread of the pool is at it; what it finds is nobody's. */
static void it_may_be_closed_while_it_looks(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    watch();
    configdir_repeat(configdir); /* nothing was said, and nothing is */
    assert_int_equal(said, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_is_said_when_it_has_settled),
        TEST(only_what_is_new_is_said),
        TEST(folders_below_are_watched_too),
        TEST(a_folder_that_is_exchanged_behind_a_link_is_seen),
        TEST(one_that_is_missing_is_said_to_be_and_comes),
        TEST(it_may_be_closed_while_it_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
