/* What this machine's groups can do, as it says: by who may do all and by who may not, and sweeping
 * what nobody owns. */
#include "agent/shim/cgroup.h"

#include "agent/shim/cgroup_file.h"
#include "agent/shim/file.h"
#include "tests/support/await.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static char bench_path[FOLDER_PATH_SIZE];
static char parent_name[CGROUP_NAME_SIZE];
static struct cgroup_site site;

static int make_bench(void **state)
{
    struct cgroup_options options = {.base = "", .name = parent_name};
    int fd;

    (void)state;
    folder_make(bench_path);
    fd = open(bench_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_name_parent(fd, parent_name);
    file_close(&fd);
    cgroup_probe(&options, &site);
    return 0;
}

static int drop_bench(void **state)
{
    (void)state;
    folder_remove(bench_path);
    return 0;
}

/* What was tried leaves no trace. */
static void each_limit_has_a_keeper_or_a_reason(void **state)
{
    (void)state;
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        _cleanup_(str_fini)
        struct str words = STR_EMPTY;
        const struct cgroup_way *way = &site.ways[i];

        cgroup_way_to_str(&site, (enum cgroup_limit)i, &words);
        print_message("# %s: %s\n", cgroup_limit_words[i], words.data);
        if (way->keeper == KEEPER_SHIM) {
            assert_true(way->reason[0] != '\0');
        } else {
            assert_true(str_ends(way->parent, parent_name));
            assert_int_equal(access(way->parent, F_OK), -1);
        }
    }
}

static void groups_that_are_not_wanted_are_not_looked_for(void **state)
{
    struct cgroup_options options = {.base = "none", .name = parent_name, .may_arrange = true};
    static struct cgroup_site none;

    (void)state;
    cgroup_probe(&options, &none);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        assert_int_equal(none.ways[i].keeper, KEEPER_SHIM);
        assert_string_equal(none.ways[i].reason, "it is told to use no cgroups");
    }
}

static void a_group_that_is_not_there_is_said(void **state)
{
    struct cgroup_options options = {.base = "/no/such/group", .name = parent_name};
    static struct cgroup_site none;

    (void)state;
    cgroup_probe(&options, &none);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        assert_int_equal(none.ways[i].keeper, KEEPER_SHIM);
        assert_true(none.ways[i].reason[0] != '\0');
    }
}

/* Whoever made it: groups inside, and somebody in one of them. */
static void unknown_groups_are_swept(void **state)
{
    const char *ways[CGROUP_LIMIT_COUNT] = {NULL};
    _cleanup_(str_fini)
    struct str way = STR_EMPTY;
    char path[CGROUP_PATH_SIZE + CGROUP_NAME_SIZE];
    pid_t pid;
    int fd;

    (void)state;
    if (site.ways[CGROUP_SUSPEND].keeper == KEEPER_SHIM) {
        print_message("# not measured here: sweeping: this machine offers no groups\n");
        return;
    }
    cgroup_way_to_spec(&site.ways[CGROUP_SUSPEND], &way);
    ways[CGROUP_SUSPEND] = way.data;
    (void)mkdir(site.ways[CGROUP_SUSPEND].parent, 0755);
    (void)snprintf(path, sizeof(path), "%s/gone-7", site.ways[CGROUP_SUSPEND].parent);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/gone-7/inner", site.ways[CGROUP_SUSPEND].parent);
    assert_int_equal(mkdir(path, 0755), 0);
    fd = cgroup_open(site.ways[CGROUP_SUSPEND].parent, "gone-7", false);
    pid = fork();
    if (pid == 0) {
        (void)cgroup_write(fd, "cgroup.procs", "0");
        (void)pause();
        _exit(0);
    }
    AWAIT(cgroup_read_int(fd, "cgroup.procs", "") == pid);
    file_close(&fd);
    (void)cgroup_sweep_unknown(ways, NULL, NULL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)cgroup_sweep_unknown(ways, NULL, NULL);
    assert_int_equal(access(site.ways[CGROUP_SUSPEND].parent, F_OK), -1);
}

static void without_privileges_all_is_left_to_the_shim(void **state)
{
    struct cgroup_options options = {.base = "", .name = parent_name, .may_arrange = true};
    int status = -1;
    pid_t pid;

    (void)state;
    if (geteuid() != 0) {
        print_message("# not measured here: who may do less: this is not run by root\n");
        return;
    }
    pid = fork();
    if (pid == 0) {
        int kept = 0;

        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0) {
            _exit(100);
        }
        cgroup_probe(&options, &site);
        for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
            kept += site.ways[i].keeper != KEEPER_SHIM || site.ways[i].reason[0] == '\0';
        }
        _exit(kept);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_has_a_keeper_or_a_reason),
        cmocka_unit_test(groups_that_are_not_wanted_are_not_looked_for),
        cmocka_unit_test(a_group_that_is_not_there_is_said),
        cmocka_unit_test(unknown_groups_are_swept),
        cmocka_unit_test(without_privileges_all_is_left_to_the_shim),
    };

    return cmocka_run_group_tests(tests, make_bench, drop_bench);
}
