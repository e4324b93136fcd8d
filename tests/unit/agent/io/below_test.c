/* No path leads out of its folder. */
#include "agent/io/below.h"

#include "tests/support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[FOLDER_PATH_SIZE];
static int folder_fd;

static int set_up(void **state)
{
    (void)state;
    folder_make(folder);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder_fd >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(folder_fd);
    folder_remove(folder);
    return 0;
}

static void opens(const char *path, int flags, bool makes, int expected_errno)
{
    int fd = below_open(folder_fd, path, flags, makes);

    if ((fd >= 0) != (expected_errno == 0) || (fd < 0 && errno != expected_errno)) {
        fail_msg("\"%s\": %s", path, fd < 0 ? strerror(errno) : "opened");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

#define MAKE (O_WRONLY | O_CREAT | O_EXCL)

static void folders_on_the_way_are_made_when_wanted(void **state)
{
    struct stat about;

    (void)state;
    opens("a/b/c", MAKE, false, ENOENT);
    opens("a/b/c", MAKE, true, 0);
    opens("a/b/c", MAKE, true, EEXIST);
    opens("a/b/c", O_RDONLY, false, 0);
    opens("a/b/c/d", O_RDONLY, false, ENOTDIR);
    assert_int_equal(fstatat(folder_fd, "a/b", &about, 0), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
}

static void no_step_leads_out(void **state)
{
    char name[NAME_MAX + 2];

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    opens("a", MAKE, true, 0);
    opens("../a", O_RDONLY, false, EINVAL);
    opens("b/../a", MAKE, true, EINVAL);
    opens("b/..", O_RDONLY, false, EINVAL);
    opens("..", O_RDONLY, false, EINVAL);
    opens("/a", O_RDONLY, false, EINVAL);
    opens("", O_RDONLY, false, EINVAL);
    opens("b/", MAKE, true, EINVAL);
    opens(name, MAKE, true, EINVAL);
}

static void no_link_is_followed(void **state)
{
    (void)state;
    opens("dir/file", MAKE, true, 0);
    assert_int_equal(symlinkat("dir", folder_fd, "link"), 0);
    assert_int_equal(symlinkat("dir/file", folder_fd, "other"), 0);
    opens("link/file", O_RDONLY, false, ENOTDIR);
    opens("link/new", MAKE, true, ENOTDIR);
    opens("other", O_RDONLY, false, ELOOP);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(folders_on_the_way_are_made_when_wanted),
        TEST(no_step_leads_out),
        TEST(no_link_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
