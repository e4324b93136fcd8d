/* What is written into a group's files and read from them, on folders that look like groups: both
 * versions, whatever this machine has. */
#include "agent/shim/cgroup.h"

#include "agent/shim/cgroup_file.h"
#include "agent/shim/cgroup_values.h"
#include "agent/shim/file.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUP "job-7"

static const char *const v2_files[] = {
    "cgroup.procs", "cgroup.freeze",   "cpu.max",  "cpu.weight.nice",
    "memory.max",   "memory.swap.max", "pids.max", "pids.events",
    "memory.peak",  "memory.events",   "cpu.stat", "memory.oom.group",
};
static const char *const v1_files[] = {
    "cgroup.procs",       "freezer.state",
    "cpu.cfs_quota_us",   "cpu.cfs_period_us",
    "cpu.shares",         "memory.limit_in_bytes",
    "pids.max",           "memory.memsw.limit_in_bytes",
    "memory.oom_control", "memory.max_usage_in_bytes",
    "cpuacct.usage",      "pids.events",
};

static char bench_path[FOLDER_PATH_SIZE];
static char way[FOLDER_PATH_SIZE + 64];
static const char *ways[CGROUP_LIMIT_COUNT];
static int group_fd;
static struct cgroup cgroup;

/* --- the language of these tests ----------------------------------------------------------------
 */

static void put(const char *name, const char *text)
{
    int fd = openat(group_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    file_close(&fd);
}

static void make_like(const char *version, const char *const *files, size_t count)
{
    char path[FOLDER_PATH_SIZE + 32];

    folder_make(bench_path);
    (void)snprintf(path, sizeof(path), "%s/ours", bench_path);
    assert_int_equal(mkdir(path, 0700), 0);
    group_fd = cgroup_open(path, GROUP, true);
    assert_true(group_fd >= 0);
    for (size_t i = 0; i < count; i++) {
        put(files[i], "");
    }
    (void)snprintf(way, sizeof(way), "%s:%s", version, path);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        ways[i] = way;
    }
    cgroup_init(&cgroup);
    cgroup_make(&cgroup, ways, "job", 7);
}

static int make_v2(void **state)
{
    (void)state;
    make_like("v2", v2_files, COUNT_OF(v2_files));
    return 0;
}

static int make_v1(void **state)
{
    (void)state;
    make_like("v1", v1_files, COUNT_OF(v1_files));
    return 0;
}

static int drop(void **state)
{
    (void)state;
    cgroup_fini(&cgroup);
    file_close(&group_fd);
    folder_remove(bench_path);
    return 0;
}

static void holds(const char *name, const char *text)
{
    _cleanup_(str_fini)
    struct str found = STR_EMPTY;

    assert_true(cgroup_read(group_fd, name, &found));
    assert_string_equal(found.data, text);
}

/* --- version 2 ----------------------------------------------------------------------------------
 */

static void a_quota_is_written_with_its_period(void **state)
{
    (void)state;
    assert_true(cgroup_set_cpu(&cgroup, 500));
    holds("cpu.max", "50000 100000");
    assert_true(cgroup_set_cpu(&cgroup, 2500));
    holds("cpu.max", "250000 100000");
    assert_true(cgroup_set_cpu(&cgroup, 10));
    holds("cpu.max", "1000 100000");
    assert_true(cgroup_set_cpu(&cgroup, 1)); /* 100 us of 100 ms would be refused */
    holds("cpu.max", "1000 1000000");
    assert_true(cgroup_set_cpu(&cgroup, 0));
    holds("cpu.max", "max");
    holds("cpu.weight.nice", "10");
}

static void version_2_takes_its_limits(void **state)
{
    int64_t used_us = 0;

    (void)state;
    assert_true(cgroup_enter(&cgroup));
    holds("cgroup.procs", "0");
    assert_true(cgroup_set_memory(&cgroup, 64 << 20));
    holds("memory.max", "67108864");
    holds("memory.swap.max", "0");
    holds("memory.oom.group", "1");
    assert_true(cgroup_set_pids(&cgroup, 5));
    holds("pids.max", "5");
    assert_true(cgroup_freeze(&cgroup, true));
    holds("cgroup.freeze", "1");
    assert_true(cgroup_freeze(&cgroup, false));
    holds("cgroup.freeze", "0");
    assert_int_equal(cgroup_count_oom(&cgroup), 0);
    put("memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n");
    assert_int_equal(cgroup_count_oom(&cgroup), 2);
    put("pids.events", "max 4\n");
    assert_int_equal(cgroup_count_refused(&cgroup), 4);
    put("memory.peak", "67108800\n");
    assert_int_equal(cgroup_memory_peak(&cgroup), 67108800);
    put("cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n");
    assert_true(cgroup_usage_us(&cgroup, &used_us));
    assert_int_equal(used_us, 1234567);
}

static void what_somebody_else_writes_is_seen_and_written_back(void **state)
{
    struct cgroup_values values;

    (void)state;
    assert_true(cgroup_set_cpu(&cgroup, 500));
    assert_true(cgroup_set_memory(&cgroup, 1 << 20));
    cgroup_values_read(&cgroup, &values);
    assert_false(cgroup_values_differ(&cgroup, &values));
    put("memory.max", "2097152\n");
    assert_true(cgroup_values_differ(&cgroup, &values));
    cgroup_values_write(&cgroup, &values);
    assert_false(cgroup_values_differ(&cgroup, &values));
    holds("memory.max", "1048576");
    holds("cpu.max", "50000 100000");
}

/* --- version 1 ----------------------------------------------------------------------------------
 */

static void version_1_takes_its_limits(void **state)
{
    int64_t used_us = 0;

    (void)state;
    assert_true(cgroup_set_cpu(&cgroup, 500));
    holds("cpu.cfs_quota_us", "50000");
    holds("cpu.cfs_period_us", "100000");
    holds("cpu.shares", "110");
    assert_true(cgroup_set_cpu(&cgroup, 0));
    holds("cpu.cfs_quota_us", "-1");
    assert_true(cgroup_set_memory(&cgroup, 64 << 20));
    holds("memory.limit_in_bytes", "67108864");
    holds("memory.memsw.limit_in_bytes", "67108864");
    assert_true(cgroup_freeze(&cgroup, true));
    holds("freezer.state", "FROZEN");
    assert_true(cgroup_freeze(&cgroup, false));
    holds("freezer.state", "THAWED");
    put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    assert_int_equal(cgroup_count_oom(&cgroup), 1);
    put("memory.max_usage_in_bytes", "99\n");
    assert_int_equal(cgroup_memory_peak(&cgroup), 99);
    put("cpuacct.usage", "1234567890\n");
    assert_true(cgroup_usage_us(&cgroup, &used_us));
    assert_int_equal(used_us, 1234567);
}

/* --- all together --------------------------------------------------------------------------------
 */

/* Writes into the parent, which has these files, and reads one. */
static void whole_is(int64_t cpu, int64_t memory, const char *file, const char *text)
{
    int fd = group_fd;

    group_fd = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (faccessat(group_fd, file, F_OK, 0) < 0) {
        put(file, "");
    }
    cgroup_set_whole(ways, cpu, memory);
    holds(file, text);
    file_close(&group_fd);
    group_fd = fd;
}

static void all_runs_together_have_a_limit_of_version_2(void **state)
{
    (void)state;
    whole_is(1500, 0, "cpu.max", "150000 100000");
    whole_is(0, 0, "cpu.max", "max");
    whole_is(0, 64 << 20, "memory.max", "67108864");
    whole_is(0, 0, "memory.max", "max");
    assert_true(cgroup_set_cpu(&cgroup, 500)); /* its own is another */
    whole_is(1500, 0, "cpu.max", "150000 100000");
    holds("cpu.max", "50000 100000");
}

static void all_runs_together_have_a_limit_of_version_1(void **state)
{
    (void)state;
    whole_is(500, 0, "cpu.cfs_quota_us", "-1"); /* the period was not taken: there is no file */
    whole_is(500, 0, "cpu.cfs_period_us", "100000");
    whole_is(500, 0, "cpu.cfs_quota_us", "50000");
    whole_is(0, 0, "cpu.cfs_quota_us", "-1");
    whole_is(0, 64 << 20, "memory.limit_in_bytes", "67108864");
    whole_is(0, 0, "memory.limit_in_bytes", "-1");
}

/* --- what cannot be -----------------------------------------------------------------------------
 */

static void what_the_kernel_does_not_take_is_the_shims(void **state)
{
    (void)state;
    assert_int_equal(unlinkat(group_fd, "memory.max", 0), 0);
    assert_int_equal(unlinkat(group_fd, "cpu.max", 0), 0);
    assert_false(cgroup_set_memory(&cgroup, 1 << 20));
    assert_false(cgroup_keeps(&cgroup, CGROUP_MEMORY));
    assert_false(cgroup_set_cpu(&cgroup, 100));
    assert_false(cgroup_keeps(&cgroup, CGROUP_CPU));
    assert_true(cgroup_keeps(&cgroup, CGROUP_SUSPEND)); /* each for itself */
    assert_true(cgroup_set_pids(&cgroup, 9));
}

static void names_that_lead_elsewhere_make_no_group(void **state)
{
    static const char *const bad[] = {"../other", "", "A", "a/b", "a.b"};
    struct cgroup other;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        cgroup_init(&other);
        cgroup_make(&other, ways, bad[i], 1);
        for (int j = 0; j < CGROUP_LIMIT_COUNT; j++) {
            assert_false(cgroup_keeps(&other, (enum cgroup_limit)j));
        }
        assert_int_equal(cgroup_sweep(ways, bad[i], 1), 0);
        cgroup_fini(&other);
    }
}

static void ways_that_are_none_make_no_group(void **state)
{
    static const char *const none[CGROUP_LIMIT_COUNT] = {NULL, "", "v3:/x", "v1:relative", "/x"};
    struct cgroup other;

    (void)state;
    cgroup_init(&other);
    cgroup_make(&other, none, "job", 8);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        assert_false(cgroup_keeps(&other, (enum cgroup_limit)i));
    }
    assert_true(cgroup_enter(&other));
    assert_true(cgroup_remove(none, "job", 8));
    cgroup_fini(&other);
}

#define V2(name) cmocka_unit_test_setup_teardown(name, make_v2, drop)
#define V1(name) cmocka_unit_test_setup_teardown(name, make_v1, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        V2(what_somebody_else_writes_is_seen_and_written_back),
        V2(a_quota_is_written_with_its_period),
        V2(version_2_takes_its_limits),
        V1(version_1_takes_its_limits),
        V2(all_runs_together_have_a_limit_of_version_2),
        V1(all_runs_together_have_a_limit_of_version_1),
        V2(what_the_kernel_does_not_take_is_the_shims),
        V2(names_that_lead_elsewhere_make_no_group),
        V2(ways_that_are_none_make_no_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
