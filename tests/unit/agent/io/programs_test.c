/* The owner's programs, in a /proc of our own making and in the real one. */
#include "agent/io/programs.h"

#include "agent/shim/clock.h"
#include "schema/base/mem.h"
#include "tests/support/folder.h"
#include "tests/support/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cmocka.h>

static const char *const names[] = {"blender", "a-program-with-a-long-name", "steam"};

struct bench {
    char root[FOLDER_PATH_SIZE];
    struct programs *programs;
    struct mono now;
};

static int make_bench(void **state)
{
    struct bench *bench = MEM_NEW(struct bench);

    folder_make(bench->root);
    tree_put_folder(bench->root, "proc");
    assert_int_equal(programs_open(bench->root, names, COUNT_OF(names), &bench->programs, NULL), 0);
    *state = bench;
    return 0;
}

static int drop_bench(void **state)
{
    struct bench *bench = *state;

    programs_close(bench->programs);
    folder_remove(bench->root);
    mem_free(state);
    return 0;
}

static void put(struct bench *bench, const char *path, const char *text)
{
    tree_put(bench->root, path, text, strlen(text));
}

static void expect_after(struct bench *bench, int64_t ms, const char *name)
{
    const char *found;

    bench->now.ms += ms;
    found = programs_find(bench->programs, bench->now);
    if (name == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, name);
    }
}

static void a_program_is_known_by_either_of_its_names(void **state)
{
    struct bench *bench = *state;

    put(bench, "proc/loadavg", "0 0 0\n");
    put(bench, "proc/20/comm", "bash\n");
    expect_after(bench, 5000, NULL);
    put(bench, "proc/21/comm", "blender\n");
    expect_after(bench, 5000, "blender");
    tree_remove(bench->root, "proc/21");
    expect_after(bench, 0, NULL); /* that one is looked at every time */
    put(bench, "proc/22/comm", "Main Thread\n");
    tree_put_link(bench->root, "proc/22/exe", "/usr/games/steam (deleted)");
    expect_after(bench, 5000, "steam");
    tree_put_link(bench->root, "proc/22/exe", "/home/steam/bin/sh");
    expect_after(bench, 5000, NULL);
    put(bench, "proc/22/comm", "a-program-with-\n"); /* as much as the kernel keeps */
    expect_after(bench, 5000, "a-program-with-a-long-name");
}

static void all_are_looked_at_every_few_seconds(void **state)
{
    struct bench *bench = *state;

    expect_after(bench, 5000, NULL);
    put(bench, "proc/21/comm", "blender\n");
    expect_after(bench, 1000, NULL);
    expect_after(bench, 1000, "blender");
}

static void the_dead_and_our_own_do_not_count(void **state)
{
    static const char ours[] = "PATH=/bin\0FOG_ASSIGNMENT=u-1\0";
    struct bench *bench = *state;

    put(bench, "proc/21/comm", "blender\n");
    put(bench, "proc/21/stat", "21 (blen) der) Z 1 21");
    expect_after(bench, 5000, NULL);
    put(bench, "proc/21/stat", "21 (blen) der) S 1 21");
    expect_after(bench, 5000, "blender");
    tree_put(bench->root, "proc/21/environ", ours, sizeof(ours));
    expect_after(bench, 5000, NULL);
}

static void what_is_odd_is_passed_by(void **state)
{
    struct bench *bench = *state;

    tree_put_folder(bench->root, "proc/30/comm");
    put(bench, "proc/0/comm", "steam\n");
    put(bench, "proc/99999999999/comm", "steam\n");
    put(bench, "proc/12x/comm", "steam\n");
    put(bench, "proc/31/comm", "");
    tree_put_pipe(bench->root, "proc/32/comm");
    expect_after(bench, 5000, NULL);
}

/* In doubt one runs. */
static void without_proc_nobody_knows(void **state)
{
    struct bench *bench = *state;

    tree_remove(bench->root, "proc");
    expect_after(bench, 5000, PROGRAM_UNKNOWN_TEXT);
    expect_after(bench, 1000, PROGRAM_UNKNOWN_TEXT);
    tree_put_folder(bench->root, "proc");
    expect_after(bench, 5000, NULL);
}

static void without_descriptors_nobody_knows(void **state)
{
    struct bench *bench = *state;
    struct rlimit before, none;

    put(bench, "proc/21/comm", "bash\n");
    expect_after(bench, 5000, NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bench->now.ms += 5000;
    assert_ptr_equal(programs_find(bench->programs, bench->now), PROGRAM_UNKNOWN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_after(bench, 5000, NULL);
}

static void this_very_program_is_found(void **state)
{
    static const char *const own[] = {"fog-test-prog"};
    struct programs *programs;

    (void)state;
    assert_int_equal(programs_open("/", own, COUNT_OF(own), &programs, NULL), 0);
    assert_null(programs_find(programs, clock_mono()));
    assert_int_equal(prctl(PR_SET_NAME, own[0]), 0);
    assert_ptr_equal(programs_find(programs, mono_after(clock_mono(), 60 * 1000)), own[0]);
    programs_close(programs);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_bench, drop_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_program_is_known_by_either_of_its_names),
        CASE(all_are_looked_at_every_few_seconds),
        CASE(the_dead_and_our_own_do_not_count),
        CASE(what_is_odd_is_passed_by),
        CASE(without_proc_nobody_knows),
        CASE(without_descriptors_nobody_knows),
        CASE(this_very_program_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
